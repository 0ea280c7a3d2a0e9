"""Local search in plain Python: better plans that keep every rule, for every objective, repeatably."""

from __future__ import annotations

import numpy as np
import pytest

from engine.check import check_result, untolerated
from engine.model import OptimizationRequest, Options, Weights
from engine.pinning import pins
from engine.solve.dispatching.dispatch import Dispatcher, Limits
from engine.solve.problem.compile import compile_problem
from engine.solve.problem.conversion import to_events
from engine.solve.problem.evaluate import evaluate
from engine.solve.report import StopFlag
from engine.solve.searches.local_search import LocalSearch
from tests.support.random_plants import small_plant, workshop
from tests.support.rule_cases import op, placed, plant

OBJECTIVES = [
    {"objective": "minimize_makespan"},
    {"objective": "minimize_tardiness"},
    {"objective": "maximize_throughput"},
    {"objective": "minimize_setup"},
    {"objective": "minimize_cost"},
    {"objective": "balance_resources"},
    {"weights": Weights(makespan=1.0, tardiness=1.0, setup=0.5)},
]


def searched(schedule, passes=150, seed=1, rules=4, locks=None, **options):
    fields = {} if locks is None else {"locks": locks}
    asked = OptimizationRequest(schedule_data=schedule, options=Options(**options), **fields)
    problem = compile_problem(asked)
    dispatcher = Dispatcher(problem, StopFlag())
    start = dispatcher.run(Limits(None, rules))
    if start is None:
        return asked, problem, None, None, []
    told = []
    search = LocalSearch(problem, dispatcher.decoder, start, seed)
    best = search.run(Limits(None, passes), StopFlag(), told.append)
    return asked, problem, start, best, told


@pytest.mark.parametrize("options", OBJECTIVES, ids=lambda o: str(next(iter(o.values())))[:20])
def test_every_objective_gets_better_and_every_plan_keeps_the_rules(options):
    schedule = workshop(60, machines=6, seed=3, tightness=0.2)
    asked, problem, start, best, told = searched(schedule, rules=1, **options)
    assert start is not None and best.vector < start.vector
    assert told[-1] is best and [f.vector for f in told] == sorted((f.vector for f in told), reverse=True)
    for found in told:
        assert evaluate(problem, found.solution) == found.vector
        events = to_events(problem, found.solution)
        assert untolerated(check_result(asked, events), pins(asked.schedule_data, asked)) == []


@pytest.mark.parametrize("seed", range(12))
def test_random_plants_stay_within_the_rules(seed):
    schedule, locks = small_plant(seed, 10)
    asked, problem, start, best, told = searched(schedule, 60, rules=20, locks=locks, objective="minimize_tardiness")
    for found in told:
        events = to_events(problem, found.solution)
        assert untolerated(check_result(asked, events), pins(schedule, asked)) == []
    assert start is None or best.vector <= start.vector


def test_equal_seeds_give_equal_plans():
    runs = [searched(workshop(36), 80, seed=5, objective="minimize_tardiness")[3] for _ in range(2)]
    assert np.array_equal(runs[0].solution.start, runs[1].solution.start)


def test_nothing_movable_is_left_alone():
    *_, best, told = searched(plant(placed("a", 0, 60, locked=True)))
    assert best.vector == (60 * 60_000,) and told == []


def test_staying_close_keeps_what_does_not_pay_to_move():
    items = [placed("a", 100, 160), placed("b", 160, 220, due_date=1_000), op("c", 30, due_date=60)]
    *_, best, _ = searched(plant(*items), objective="minimize_tardiness", incremental_mode=True, change_weight=1.0)
    assert best.solution.start.tolist() == [100, 160, 0]
    assert best.vector == (0,)


def test_a_stop_ends_the_search_at_once():
    problem = compile_problem(OptimizationRequest(schedule_data=workshop(42)))
    dispatcher = Dispatcher(problem, StopFlag())
    start = dispatcher.run(Limits(None, 1))
    assert start is not None
    stop = StopFlag()
    stop.stop()
    search = LocalSearch(problem, dispatcher.decoder, start)
    assert search.run(Limits(None, 10_000), stop, lambda _: None) is start and search.passes == 0
