"""The solver's front door: what is reported when, limits kept, stops heeded, plans never worse than the input."""

from __future__ import annotations

import threading
import time

import pytest

from engine.apply import apply_result
from engine.check import check, check_result, untolerated
from engine.metrics import objective_vector
from engine.model import Locks, OptimizationRequest, Options
from engine.pinning import pins
from engine.solve.engine import solve
from engine.solve.report import StopFlag
from tests.support.random_plants import small_plant, workshop
from tests.support.rule_cases import RULE_CASES, date, dep, op, placed, plant, res, week

PICKED = [c for c in RULE_CASES if c.name in ("locks_overlap", "lock_in_a_break", "lock_against_deadline")]


class Recorder:
    """A reporter that keeps everything, with the seconds since it was made."""

    def __init__(self, stop_after_first: StopFlag | None = None) -> None:
        self.begin = time.monotonic()
        self.phases: list[tuple[str, float]] = []
        self.incumbents: list[tuple] = []
        self.bounds: list[float] = []
        self.stop = stop_after_first

    def phase(self, name, percentage):
        self.phases.append((name, percentage))

    def incumbent(self, events, vector, bound):
        self.incumbents.append((time.monotonic() - self.begin, events, vector))
        if self.stop is not None:
            self.stop.stop()

    def bound(self, value):
        self.bounds.append(value)


def asked(schedule, algorithm=1, locks=None, **options):
    given = {"time_limit": 2.0, "workers": 1} | options
    return OptimizationRequest(
        schedule_data=schedule, algorithm_id=algorithm, options=Options(**given), locks=locks or Locks()
    )


def run(request, stop=None, recorder=None):
    recorder = recorder or Recorder()
    return solve(request, recorder, stop or StopFlag()), recorder


def assert_keeps_rules(request, events):
    assert untolerated(check_result(request, events), pins(request.schedule_data, request)) == []


@pytest.mark.parametrize("algorithm", [1, 2, 3, 4])
def test_every_algorithm_finds_a_checked_plan(algorithm):
    request = asked(workshop(30, machines=6), algorithm, objective="minimize_tardiness")
    outcome, recorder = run(request)
    assert outcome.status in ("optimal", "feasible")
    assert_keeps_rules(request, outcome.events)
    assert outcome.vector == objective_vector(request, apply_result(request.schedule_data, outcome.events))
    assert recorder.incumbents[-1][2] == outcome.vector
    vectors = [v for *_, v in recorder.incumbents]
    assert vectors == sorted(vectors, reverse=True) and len(set(vectors)) == len(vectors)
    assert all(a <= b for a, b in zip(recorder.bounds, recorder.bounds[1:], strict=False))
    assert outcome.bound is None or outcome.bound <= outcome.vector[0]


@pytest.mark.parametrize("algorithm", [1, 2])
def test_small_problems_are_proven_optimal(algorithm):
    items = [op("a", 60, due_date=60), op("b", 30, due_date=30), op("c", 45, due_date=200)]
    outcome, _ = run(asked(plant(*items), algorithm, objective="minimize_tardiness", time_limit=10.0))
    assert (outcome.status, outcome.vector, outcome.bound) == ("optimal", (30 * 60_000,), 30 * 60_000)


def test_a_plan_that_meets_its_bound_ends_the_run_at_once():
    begin = time.monotonic()
    outcome, _ = run(asked(plant(op("a", 60), op("b", 30)), time_limit=20.0))
    assert outcome.status == "optimal" and outcome.bound == outcome.vector[0] == 90 * 60_000
    assert time.monotonic() - begin < 3


@pytest.mark.parametrize("algorithm", [1, 3, 4])
def test_the_run_ends_within_its_limit(algorithm):
    request = asked(workshop(240, machines=12), algorithm, objective="minimize_tardiness", time_limit=1.0)
    begin = time.monotonic()
    outcome, _ = run(request)
    assert time.monotonic() - begin < 1.0 + 0.5  # a busy machine
    assert outcome.events is not None


def test_the_first_plan_comes_early():
    _, recorder = run(asked(workshop(300, machines=12), 4, time_limit=10.0))
    assert recorder.incumbents[0][0] < 1.0


@pytest.mark.parametrize("algorithm", [1, 2])
def test_a_stop_keeps_the_best_plan(algorithm):
    stop = StopFlag()
    request = asked(workshop(120, machines=9), algorithm, objective="minimize_tardiness", time_limit=30.0)
    threading.Timer(1.5, stop.stop).start()
    begin = time.monotonic()
    outcome, _ = run(request, stop)
    assert 1.0 < time.monotonic() - begin < 4.0
    assert outcome.status == "feasible"
    assert_keeps_rules(request, outcome.events)


def test_a_stop_before_the_start_still_answers():
    stop = StopFlag()
    stop.stop()
    outcome, _ = run(asked(workshop(30)), stop)
    assert outcome.status == "unknown" and outcome.events is None


@pytest.mark.parametrize("case", PICKED, ids=lambda c: c.name)
@pytest.mark.parametrize("algorithm", [1, 4])
def test_locks_that_conflict_are_named(case, algorithm):
    outcome, _ = run(case.request(algorithm))
    assert outcome.status == "infeasible" and outcome.events is None
    assert outcome.conflict and all(item["text"] and item["proven"] for item in outcome.conflict)
    assert "lock" in {item["kind"] for item in outcome.conflict}
    assert outcome.repairs and all(item["text"] and item["change"] for item in outcome.repairs)


@pytest.mark.parametrize("algorithm", [1, 2])
def test_impossible_problems_are_proven_so(algorithm):
    items = [op("a", 60, deadline=60), op("b", 60, deadline=60)]
    outcome, _ = run(asked(plant(*items), algorithm, time_limit=5.0))
    assert outcome.status == "infeasible"


@pytest.mark.parametrize(("algorithm", "operations"), [(1, 24), (2, 24), (3, 66)])
def test_equal_input_gives_equal_results_when_asked_for(algorithm, operations):
    options = {"objective": "minimize_tardiness", "deterministic": True, "seed": 7, "time_limit": 6.0}
    request = asked(workshop(operations, machines=6), algorithm, **options)
    (first, one), (second, other) = run(request), run(request)
    assert [e.to_json() for e in first.events] == [e.to_json() for e in second.events]
    assert [vector for *_, vector in one.incumbents] == [vector for *_, vector in other.incumbents]
    assert len(one.incumbents) > 1


def test_the_result_is_never_worse_than_a_feasible_input():
    schedule = workshop(48, machines=6)
    good, _ = run(asked(schedule, 1, objective="minimize_tardiness", time_limit=3.0))
    present = apply_result(schedule, good.events)
    assert check(present) == []
    outcome, recorder = run(asked(present, 4, objective="minimize_tardiness"))
    assert outcome.vector <= good.vector
    assert recorder.incumbents[0][2] == good.vector  # the input itself is the first incumbent
    cold, _ = run(asked(present, 4, objective="minimize_tardiness", warm_start=False, time_limit=0.5))
    assert cold.vector is not None


def test_a_present_plan_off_the_ticks_is_kept_too():
    items = [placed("a", 0.123, 60.123), placed("b", 60.5, 90.5, due_date=90.5)]
    outcome, _ = run(asked(plant(*items), 4, objective="minimize_tardiness"))
    assert outcome.vector == (0,)


def test_incremental_runs_move_little():
    late = placed("d", 600, 660, due_date=500)
    rest = [placed(f"x{i}", 60 * i, 60 * i + 60, "m2") for i in range(8)]
    schedule = plant(res("m1"), res("m2"), late, *rest)
    request = asked(schedule, 1, objective="minimize_tardiness", incremental_mode=True, change_weight=0.01)
    outcome, _ = run(request)
    changed = {e.id for e in outcome.events if e.changed}
    assert changed == {"d"}


def test_calendars_with_hardly_any_working_time_are_looked_at_further_ahead():
    rare = week("rare", ("08:00", "08:10"), days=(1,))
    schedule = plant(rare, res("m1", calendar="rare"), *(op(f"x{i}", 10) for i in range(40)))
    outcome, _ = run(asked(schedule, 4))
    assert outcome.status in ("optimal", "feasible") and len(outcome.events) == 40


def test_a_coarse_tick_that_leaves_no_plan_is_refined():
    schedule = plant(op("a", 60), date("muststarton", "a", 7))
    outcome, _ = run(asked(schedule, 1, tick=3_600_000))
    assert outcome.status == "optimal" and outcome.vector == (67 * 60_000,)
    assert any("finer" in w for w in outcome.warnings)


def test_results_on_a_coarse_tick_are_exact():
    schedule = plant(op("a", 61), op("b", 61), dep("a", "b"))
    outcome, _ = run(asked(schedule, 4, tick=600_000))
    assert outcome.events is not None
    assert all((e.end_date - e.start_date).total_seconds() == 61 * 60 for e in outcome.events)
    assert_keeps_rules(asked(schedule), outcome.events)


@pytest.mark.parametrize("seed", range(8))
def test_random_plants_end_with_a_plan_or_a_reason(seed):
    schedule, locks = small_plant(seed, 7)
    request = asked(schedule, 1 + seed % 4, locks, objective="minimize_cost", time_limit=1.5)
    outcome, recorder = run(request)
    for _, events, vector in recorder.incumbents:
        assert_keeps_rules(request, events)
        assert vector == objective_vector(request, apply_result(schedule, events))
    if outcome.status == "unknown":
        assert outcome.reason
    assert (outcome.events is None) == (outcome.status in ("infeasible", "unknown"))
    assert recorder.phases
