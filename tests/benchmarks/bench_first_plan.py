"""Time to the first plan of a solver process, and the most memory until then.

    python -m tests.benchmarks.bench_first_plan [--operations 1000 10000 100000] [--repeat 3] [--json OUT.json]

The plant is the sample grown (``tests.benchmarks.plants``): alternatives, calendars, setups, operators, tools, due
dates. ``plan`` is when the solver had its first plan, checked by ``engine.check`` in its process, counted from its
hello; ``ready_plan`` the same with a process that waits, as the workstation keeps one, counted from the request;
``heard`` is when the application had it. ``violations`` come from a second check here, after the clock.
The steps are those that the solver tells, each with when it began.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass, field
from typing import Any

import psutil

from app.bench.memory import peak_bytes
from app.ready_worker import ReadyWorker
from app.request_json import canonical_request
from app.run_execution import limits_of
from app.solver_process import SolverProcess
from engine.apply import apply_result
from engine.check import check
from engine.messages import FromSolver, Hello, Incumbent, Phase, decode_plan
from engine.model import OptimizationRequest, Options, Schedule
from tests.benchmarks.output import print_table, write_figures
from tests.benchmarks.plants import grown_plant

_LOOK_S = 0.7


@dataclass
class FirstPlan:
    """What a start gave: seconds since hello, bytes, and the plan itself."""

    ready_s: float = 0.0
    plan_s: float | None = None
    heard_s: float | None = None
    peak_bytes: int = 0
    steps: list[tuple[str, float]] = field(default_factory=list)
    payload: bytes = b""


def loaded() -> ReadyWorker:
    """Return a process that waits and has done loading."""
    ready = ReadyWorker(quiet_s=0.0)
    while ready.pid is None:
        time.sleep(_LOOK_S)
    used = -1.0
    while (now := sum(psutil.Process(ready.pid).cpu_times()[:2])) > used:
        used = now
        time.sleep(_LOOK_S)
    return ready


def first_plan(request: OptimizationRequest, ready: ReadyWorker | None = None) -> FirstPlan:
    """Start a solver process, or take the one that waits, and end it at its first plan."""
    found = FirstPlan()
    begun = time.monotonic()
    pids: list[psutil.Process] = []
    hello: list[float] = []

    def hear(message: FromSolver, payload: bytes) -> None:
        now = time.monotonic()
        if isinstance(message, Hello):
            hello.append(now)
            found.ready_s = now - begun
            pids.append(psutil.Process(message.pid))
        elif isinstance(message, Phase) and found.plan_s is None:
            found.steps.append((message.name, round(now - hello[0], 2)))
        elif isinstance(message, Incumbent) and found.plan_s is None:
            found.heard_s = now - hello[0]
            found.plan_s = message.elapsed_ms / 1000 - found.ready_s
            found.peak_bytes = peak_bytes(pids[0])
            found.payload = payload
            process.stop(keep=False)

    process = SolverProcess(canonical_request(request), limits_of(request), hear, ready=ready)
    begun = time.monotonic()
    ending = process.run()
    if found.plan_s is None:
        print(f"no plan: {ending.error}")
    return found


def first_plan_of_ready(request: OptimizationRequest) -> FirstPlan:
    """Return what a process gives that waits already."""
    ready = loaded()
    try:
        return first_plan(request, ready)
    finally:
        ready.close()


def violations_of(schedule: Schedule, payload: bytes) -> int:
    """Return how many rules a plan breaks."""
    return len(check(apply_result(schedule, decode_plan(payload), mark_manual=False), base=schedule))


def measure(operations: int, seed: int, repeat: int, limit_s: float) -> dict[str, Any]:
    """Return the figures of one size: medians of several starts."""
    schedule = grown_plant(operations, seed)
    options = Options(objective="minimize_tardiness", time_limit=limit_s, workers=2)
    request = OptimizationRequest(schedule_data=schedule, options=options)
    starts = [first_plan(request) for _ in range(repeat)]
    taken = [first_plan_of_ready(request) for _ in range(repeat)]
    found = [start for start in starts if start.plan_s is not None and start.heard_s is not None]
    row: dict[str, Any] = {"operations": operations, "starts": repeat, "plans": len(found)}
    if not found:
        return row
    row |= {
        "hello_s": round(statistics.median(start.ready_s for start in found), 2),
        "plan_s": round(statistics.median(start.plan_s or 0.0 for start in found), 2),
        "heard_s": round(statistics.median(start.heard_s or 0.0 for start in found), 2),
        "ready_plan_s": round(statistics.median(start.plan_s or limit_s for start in taken), 2),
        "ready_heard_s": round(statistics.median(start.heard_s or limit_s for start in taken), 2),
        "worst_plan_s": round(max(start.plan_s or 0.0 for start in found), 2),
        "peak_mib": max(start.peak_bytes for start in [*found, *taken]) >> 20,
        "violations": max(violations_of(schedule, start.payload) for start in [*found, *taken]),
        "steps": found[-1].steps,
    }
    return row


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--time-limit", type=float, default=120.0)
    parser.add_argument("--json", metavar="OUT.json", help="write the figures here")
    given = parser.parse_args()
    rows = [measure(count, given.seed, given.repeat, given.time_limit) for count in given.operations]
    print_table(rows, skip=("steps",))
    for row in rows:
        print(f"{row['operations']:>8,}: " + ", ".join(f"{name} at {at:.2f} s" for name, at in row.get("steps", ())))
    if given.json:
        write_figures(given.json, "first plan", vars(given), rows)


if __name__ == "__main__":
    main()
