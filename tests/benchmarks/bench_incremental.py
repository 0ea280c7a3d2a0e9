"""Re-planning: how little changes after a breakdown, at what price; and is a warm start ever made worse?

    python -m tests.benchmarks.bench_incremental [--operations 1000] [--breakdowns 5] [--time-limit 30] [--json F]
    python -m tests.benchmarks.bench_incremental --edits 200 --breakdowns 0 [--edit-limit 3]

A plant (the sample grown) is planned freely, for ``--base-limit`` seconds. Then, one at a time, a busy machine goes
down for a shift, and the plan is mended twice in the same time: incrementally, and freely. ``changed`` is the
share of operations with another resource or another order: on each machine the fewest that one would have to take out
so that all others come in the order of before. ``successor`` counts stricter: operations with another one directly
before them. ``tardiness`` is the weighted tardiness of the incremental plan over that of the free one.

With ``--edits``, random edits are made to the plan, and each time it is optimised from there (warm start): ``worse``
counts results worse than a feasible start, ``failed`` runs without any, ``violations`` broken rules of all results.
"""

from __future__ import annotations

import argparse
import bisect
import datetime as dt
import random
from collections import defaultdict
from typing import Any
from zoneinfo import ZoneInfo

from app.bench.measured import measured_run
from app.sample.plant import ZONE
from engine.apply import apply_result
from engine.check import check
from engine.metrics import kpis, objective_vector
from engine.model import Operation, OptimizationRequest, Options, Schedule, Unavailable
from tests.benchmarks.edits import random_edit
from tests.benchmarks.output import print_table, write_figures
from tests.benchmarks.plants import grown_plant

_HOUR_MS = 3_600_000
_SHIFT = dt.timedelta(hours=8)
_BUSY_HOURS = 4


def planned(schedule: Schedule, options: Options) -> Schedule:
    """Return the schedule with the plan of a run; its operations are not marked as moved by hand."""
    run = measured_run(OptimizationRequest(schedule_data=schedule, options=options))
    if run.response.result is None:
        raise SystemExit(f"no plan: {run.response.error}")
    return apply_result(schedule, run.response.result.events, mark_manual=False)


def sequences(schedule: Schedule) -> dict[str, list[str]]:
    """Return the operations of each resource of limited capacity in their order."""
    limited = {item.id for item in schedule.snapshot.resources if not item.infinite}
    found: dict[str, list[Operation]] = defaultdict(list)
    for op in schedule.snapshot.events:
        if op.resource_id in limited and op.start_date is not None:
            found[op.resource_id or ""].append(op)
    return {key: [op.id for op in sorted(ops, key=_in_time)] for key, ops in found.items()}


def _in_time(op: Operation) -> tuple[object, ...]:
    return op.start_date, op.end_date, op.id


def changed_operations(before: Schedule, after: Schedule) -> int:
    """Return how many operations changed resource or order; of the latter the fewest that explain the new order."""
    there = {op.id: op.resource_id for op in before.snapshot.events}
    changed = sum(there[op.id] != op.resource_id for op in after.snapshot.events)
    was = {key: {op: place for place, op in enumerate(ops)} for key, ops in sequences(before).items()}
    for key, ops in sequences(after).items():
        places = [was[key][op] for op in ops if op in was.get(key, {})]
        changed += len(places) - longest_rising(places)
    return changed


def longest_rising(places: list[int]) -> int:
    """Return the length of the longest increasing subsequence (patience sorting)."""
    ends: list[int] = []
    for place in places:
        at = bisect.bisect_left(ends, place)
        ends[at : at + 1] = [place]
    return len(ends)


def other_predecessor(before: Schedule, after: Schedule) -> int:
    """Return how many operations have another one directly before them on their resource, or another resource."""

    def links(schedule: Schedule) -> dict[str, tuple[str, str | None]]:
        return {
            op: (key, ops[i - 1] if i else None) for key, ops in sequences(schedule).items() for i, op in enumerate(ops)
        }

    old = links(before)
    return sum(old.get(op) != link for op, link in links(after).items())


def breakdown(schedule: Schedule, draw: random.Random) -> Schedule:
    """Return the schedule with a busy machine out for a shift of its first week."""
    begin = (schedule.metadata.horizon_start or schedule.metadata.timestamp).astimezone(ZoneInfo(ZONE))
    machines = [item.id for item in schedule.snapshot.resources if item.type == "machine" and not item.infinite]
    shifts = [begin + dt.timedelta(days=day) + turn * _SHIFT for day in range(5) for turn in (0, 1)]
    busy = [
        (machine, start)
        for machine in machines
        for start in shifts
        if _busy_hours(schedule, machine, start, start + _SHIFT) >= _BUSY_HOURS
    ]
    machine, start = draw.choice(busy)
    end = start + _SHIFT
    out = Unavailable(id="breakdown", type="unavailable", resource_id=machine, start=start, end=end, reason="Breakdown")
    constraints = (*schedule.snapshot.constraints, out)
    return schedule.model_copy(update={"snapshot": schedule.snapshot.model_copy(update={"constraints": constraints})})


def _busy_hours(schedule: Schedule, machine: str, start: dt.datetime, end: dt.datetime) -> float:
    spans = [
        min(op.end_date, end) - max(op.start_date, start)
        for op in schedule.snapshot.events
        if op.resource_id == machine and op.start_date and op.end_date and op.start_date < end and op.end_date > start
    ]
    return sum(spans, dt.timedelta()) / dt.timedelta(hours=1)


def mend(base: Schedule, options: Options, draw: random.Random) -> dict[str, Any]:
    """Return the figures of one breakdown."""
    broken = breakdown(base, draw)
    count = len(base.snapshot.events)
    out = broken.snapshot.constraints[-1]
    assert isinstance(out, Unavailable)
    row: dict[str, Any] = {"machine": out.resource_id, "from": f"{out.start:%a %H:%M}"}
    row |= {"broken_rules": len(check(broken)), "before_h": _late_hours(broken)}
    late: dict[str, float] = {}
    for name, is_incremental in (("incremental", True), ("free", False)):
        after = planned(broken, options.model_copy(update={"incremental_mode": is_incremental}))
        late[name] = _late_hours(after)
        row |= {
            f"{name}_changed_%": round(100 * changed_operations(base, after) / count, 1),
            f"{name}_successor_%": round(100 * other_predecessor(base, after) / count, 1),
            f"{name}_h": late[name],
            f"{name}_violations": len(check(after, base=broken)),
        }
    row["tardiness"] = round(late["incremental"] / late["free"], 3) if late["free"] else None
    return row


def _late_hours(schedule: Schedule) -> float:
    return round(kpis(schedule).weighted_tardiness_ms / _HOUR_MS, 1)


def warm_starts(base: Schedule, edits: int, options: Options, seed: int) -> dict[str, Any]:
    """Optimise after each of so many edits that leave the plan feasible; others are counted beside."""
    draw = random.Random(seed)
    row = {"edits": 0, "better": 0, "equal": 0, "worse": 0, "infeasible_starts": 0, "violations": 0, "failed": 0}
    while row["edits"] < edits:
        edited, words = random_edit(base, draw)
        request = OptimizationRequest(schedule_data=edited, options=options)
        is_feasible = not check(edited)
        if not is_feasible and row["infeasible_starts"] >= edits // 4:
            continue
        result = measured_run(request).response.result
        if not is_feasible:
            row["infeasible_starts"] += 1
        else:
            row["edits"] += 1
        if result is None:
            row["failed"] += is_feasible  # what locks a broken rule has no plan
            continue
        after = apply_result(edited, result.events, mark_manual=False)
        row["violations"] += len(check(after, base=edited))
        if is_feasible:
            start, end = objective_vector(request, edited), objective_vector(request, after)
            row["better" if end < start else "worse" if end > start else "equal"] += 1
            if end > start:
                print(f"worse than its start after: {words}: {start} -> {end}", flush=True)
    return row


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, default=1_000)
    parser.add_argument("--plant-seed", type=int, default=1)
    parser.add_argument("--load", type=float, default=0.95)
    parser.add_argument("--breakdowns", type=int, default=5)
    parser.add_argument("--edits", type=int, default=0)
    parser.add_argument("--time-limit", type=float, default=30.0)
    parser.add_argument("--base-limit", type=float, default=120.0)
    parser.add_argument("--edit-limit", type=float, default=3.0)
    parser.add_argument("--change-weight", type=float, help="the default is the engine's")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", metavar="OUT.json", help="write the figures here")
    given = parser.parse_args()
    options = Options(objective="minimize_tardiness", time_limit=given.time_limit, workers=given.workers)
    thorough = options.model_copy(update={"time_limit": given.base_limit})
    base = planned(grown_plant(given.operations, given.plant_seed, load=given.load), thorough)
    if given.change_weight is not None:
        options = options.model_copy(update={"change_weight": given.change_weight})
    draw = random.Random(given.plant_seed)
    rows = [mend(base, options, draw) for _ in range(given.breakdowns)]
    print_table(rows)
    if given.edits:
        brief = options.model_copy(update={"time_limit": given.edit_limit})
        rows.append(warm_starts(base, given.edits, brief, given.plant_seed))
        print_table(rows[-1:])
    if given.json:
        write_figures(given.json, "re-planning", vars(given), rows)


if __name__ == "__main__":
    main()
