"""Large plants: does a run end in time, keep every rule, and beat the best dispatching rule?

    python -m tests.benchmarks.bench_large [--operations 2000 10000] [--load 0.9 1.0] [--time-limit 30] [--json F]

The plant is the sample grown (``tests.benchmarks.plants``). One run of each algorithm, by default 4 (the best of all
dispatching rules) and 1 (auto), each in a process of its own. ``load`` is the share of its time that the busiest group
of machines works while orders come in, setups not counted: at 0.85 hardly an order need be late, above 1 the queue
grows. ``over_s`` is what a run took beyond its limit; ``ratio`` is its weighted tardiness over that of algorithm 4.
"""

from __future__ import annotations

import argparse
import itertools
from typing import Any

from app.bench.measured import measured_run
from engine.apply import apply_result
from engine.check import check
from engine.metrics import kpis
from engine.model import OptimizationRequest, Options, Schedule
from tests.benchmarks.output import print_table, write_figures
from tests.benchmarks.plants import grown_plant

_HOUR_MS = 3_600_000
_RULES = 4


def measure(schedule: Schedule, algorithm: int, options: Options) -> dict[str, Any]:
    """Return the figures of one run, its plan checked and weighed anew."""
    request = OptimizationRequest(schedule_data=schedule, algorithm_id=algorithm, options=options)
    run = measured_run(request)
    row: dict[str, Any] = {
        "operations": len(schedule.snapshot.events),
        "algorithm": algorithm,
        "status": run.response.status.value,
        "wall_s": round(run.wall_s, 2),
        "over_s": round(max(0.0, run.wall_s - options.time_limit), 2),
        "peak_mib": run.peak_bytes >> 20,
    }
    result = run.response.result
    if result is None:
        return row | {"error": run.response.error.message if run.response.error else None}
    plan = apply_result(schedule, result.events, mark_manual=False)
    worth = kpis(plan)
    return row | {
        "violations": len(check(plan, base=schedule)),
        "first_plan_s": round((result.metrics.first_solution_ms or 0) / 1000, 2),
        "weighted_tardiness_h": round(worth.weighted_tardiness_ms / _HOUR_MS, 1),
        "late_orders": worth.late_orders,
        "makespan_h": round(worth.makespan_ms / _HOUR_MS, 1),
        "setup_h": round(worth.setup_ms / _HOUR_MS, 1),
        "bound_h": None if result.metrics.best_bound is None else round(result.metrics.best_bound / _HOUR_MS, 1),
    }


def compare(schedule: Schedule, plant: dict[str, Any], algorithms: list[int], options: Options) -> list[dict[str, Any]]:
    """Return the rows of one plant, each with its ratio to algorithm 4 where that was run."""
    rows = [plant | measure(schedule, algorithm, options) for algorithm in algorithms]
    of_rules = next((row.get("weighted_tardiness_h") for row in rows if row["algorithm"] == _RULES), None)
    for row in rows:
        late = row.get("weighted_tardiness_h")
        row["ratio"] = round(late / of_rules, 3) if late is not None and of_rules else None
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, nargs="+", default=[2_000, 10_000])
    parser.add_argument("--plant-seed", type=int, nargs="+", default=[1])
    parser.add_argument("--load", type=float, nargs="+", default=[0.9, 1.0], help="of the busiest machines, 0 to 1")
    parser.add_argument("--halls", type=int)
    parser.add_argument("--algorithm", type=int, nargs="+", default=[4, 1])
    parser.add_argument("--objective", default="minimize_tardiness")
    parser.add_argument("--time-limit", type=float, default=30.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0, help="of the search")
    parser.add_argument("--json", metavar="OUT.json", help="write the figures here")
    given = parser.parse_args()
    options = Options(objective=given.objective, time_limit=given.time_limit, workers=given.workers, seed=given.seed)
    rows: list[dict[str, Any]] = []
    for count in given.operations:
        for load, seed in itertools.product(given.load, given.plant_seed):
            schedule = grown_plant(count, seed, given.halls, load)
            rows += compare(schedule, {"load": load, "plant": seed}, given.algorithm, options)
    print_table(rows)
    if given.json:
        write_figures(given.json, "large plants", vars(given), rows)


if __name__ == "__main__":
    main()
