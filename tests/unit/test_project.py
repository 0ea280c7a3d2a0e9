"""Genetic search on projects: its plans keep every rule, are as long as it says, and get better."""

from __future__ import annotations

import random

import numpy as np
import pytest

from engine.check import check_result, untolerated
from engine.model import Demand, OptimizationRequest, Options
from engine.pinning import pins
from engine.solve.dispatching.dispatch import Dispatcher, Limits
from engine.solve.problem.compile import compile_problem
from engine.solve.problem.conversion import to_events
from engine.solve.problem.evaluate import evaluate
from engine.solve.report import StopFlag
from engine.solve.searches import project_kernels as kernels
from engine.solve.searches.project import supports_project
from engine.solve.searches.project_search import ProjectSearch
from tests.support.rule_cases import dep, op, plant, res


def project(seed, activities=40, primaries=False):
    """Return activities that share crews; some wait for others, some for a date, some for a while."""
    draw = random.Random(seed)
    items = [res("crew", capacity=4), res("crane", capacity=2), res("bench", capacity=2)]
    for i in range(activities):
        demands = (Demand(resource_id="crew", quantity=draw.randint(1, 3)),)
        if draw.random() < 0.4:
            demands += (Demand(resource_id="crane", quantity=draw.randint(1, 2)),)
        dates = draw.choice([{}, {}, {"release_date": 60}])
        items.append(op(f"a{i}", draw.randint(0, 30), "bench" if primaries else None, demands=demands, **dates))
        for before in draw.sample(range(i), min(i, draw.choice([0, 1, 2]))):
            items.append(dep(f"a{before}", f"a{i}", lag=draw.choice([0, 0, 10])))
    return plant(*items)


def compiled(schedule, **options):
    asked = Options(**({"objective": "minimize_makespan"} | options))
    return compile_problem(OptimizationRequest(schedule_data=schedule, options=asked))


def started(problem):
    found = Dispatcher(problem, StopFlag()).run(Limits(None, 1))
    assert found is not None
    return found


def broken(problem, solution):
    request = problem.request
    found = check_result(request, to_events(problem, solution))
    return [v.message for v in untolerated(found, pins(request.schedule_data, request))]


@pytest.mark.parametrize("primaries", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_every_plan_keeps_the_rules_and_is_as_long_as_it_says(seed, primaries):
    problem = compiled(project(seed, primaries=primaries))
    assert supports_project(problem)
    start = started(problem)
    search = ProjectSearch(problem, start.solution, 1)
    found = []
    for _ in range(3):
        search.turn(100, found.append)
    lengths = [int(solution.end.max()) for solution in found]
    assert lengths == sorted(set(lengths), reverse=True) and lengths[-1] < start.solution.end.max()
    for solution in (found[0], found[-1]):
        assert broken(problem, solution) == []
        assert evaluate(problem, solution) == (int(solution.end.max()) * problem.tick_ms,)


@pytest.mark.parametrize("seed", range(4))
def test_justification_never_makes_a_plan_longer(seed):
    search = ProjectSearch(problem := compiled(project(seed)), started(problem).solution, 1)
    g = search._project
    used, start = np.zeros((g.horizon + 1, g.capacity.size), np.int32), np.zeros(g.n, np.int64)
    order = np.zeros(g.n, np.int64)
    for _ in range(20):
        kernels.sample(g, order, 0.5)
        plain = kernels.schedule_left(g, used, order, start)
        assert kernels.justified(g, used, order, start) <= plain
        assert sorted(order) == list(range(g.n))


def test_equal_seeds_and_turns_give_equal_plans():
    problem = compiled(project(7))
    start = started(problem).solution
    searches = [ProjectSearch(problem, start, 3) for _ in range(2)]
    for search in searches:
        search.turn(50, lambda _: None)
        search.turn(50, lambda _: None)
    assert np.array_equal(searches[0].solution().start, searches[1].solution().start)


def test_it_leaves_what_is_no_project_to_others():
    assert not supports_project(compiled(project(1), objective="minimize_tardiness"))
    assert not supports_project(compiled(plant(op("a", 10), op("b", 10))))
    assert not supports_project(compiled(project(1), incremental_mode=True))
