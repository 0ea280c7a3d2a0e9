"""Iterated greedy search on flow shops: its plans keep every rule, are worth what it says, and get better."""

from __future__ import annotations

import itertools
import random

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
from engine.solve.searches import flow_kernels as kernels
from engine.solve.searches.flow import FAST, supports_flow
from engine.solve.searches.flow_search import FlowMap, FlowSearch
from tests.support.rule_cases import dep, matrix, op, order, plant, res

MAKESPAN = Options(objective="minimize_makespan")
TARDINESS = Options(objective="minimize_tardiness")


def flow_shop(seed, jobs=9, stages=3, machines=(1, 1, 1), setups=False, releases=False, lags=False):
    """Return a flow shop with due dates."""
    draw = random.Random(seed)
    items = [
        res(f"m{s}", capacity=machines[s], setup_matrix="s" if setups and machines[s] == 1 and s < 2 else None)
        for s in range(stages)
    ]
    items.append(matrix(("A", "B", 20), ("B", "A", 35), ("B", "C", 5), ("*", "C", 15)))
    for j in range(jobs):
        dates = {"release_date": draw.choice([0, 40, 200])} if releases else {}
        items.append(order(f"J{j}", due_date=draw.choice([60, 200, 400, 700]), **dates))
        for s in range(stages):
            items.append(
                op(f"j{j}-{s}", draw.randint(10, 90), f"m{s}", order_id=f"J{j}", setup_family=draw.choice("ABC"))
            )
            if s:
                items.append(dep(f"j{j}-{s - 1}", f"j{j}-{s}", lag=draw.choice([0, 25]) if lags else 0))
    return plant(*items)


def compiled(schedule, options=MAKESPAN):
    return compile_problem(OptimizationRequest(schedule_data=schedule, options=options))


def started(problem):
    found = Dispatcher(problem, StopFlag()).run(Limits(None, 4))
    assert found is not None
    return found


def broken(problem, solution):
    request = problem.request
    found = check_result(request, to_events(problem, solution))
    return [v.message for v in untolerated(found, pins(request.schedule_data, request))]


SHAPES = {
    "permutation": {},
    "parallel": {"machines": (2, 1, 3)},
    "setups": {"setups": True},
    "setups and parallel": {"setups": True, "machines": (1, 1, 2)},
    "releases": {"releases": True},
    "lags": {"lags": True, "machines": (1, 2, 1)},
    "all": {"setups": True, "releases": True, "lags": True, "machines": (1, 1, 2)},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "options", [MAKESPAN, TARDINESS, Options(weights=Weights(makespan=1, tardiness=3))], ids=["end", "late", "mix"]
)
def test_every_plan_keeps_the_rules_and_is_worth_what_it_says(shape, options):
    problem = compiled(flow_shop(3, **SHAPES[shape]), options)
    assert supports_flow(problem)
    start = started(problem)
    search = FlowSearch(problem, start.solution, 1)
    found = []
    for _ in range(4):
        search.turn(30, found.append)
    vectors = [evaluate(problem, solution) for solution in found]
    assert vectors == sorted(vectors, reverse=True)
    assert vectors[-1] < start.vector
    for solution in (found[0], found[-1]):
        assert broken(problem, solution) == []


@pytest.mark.parametrize("shape", ["permutation", "setups", "releases", "parallel"])
@pytest.mark.parametrize("options", [MAKESPAN, TARDINESS], ids=["end", "late"])
def test_it_finds_the_best_sequence_of_few_jobs(shape, options):
    problem = compiled(flow_shop(5, jobs=6, **SHAPES[shape]), options)
    flow = FlowMap(problem).flow
    times = np.zeros((2, 6, 3), np.int64)
    best = min(
        kernels.plan(flow, np.array(order_), 6, times[0], times[1]) for order_ in itertools.permutations(range(6))
    )
    search = FlowSearch(problem, started(problem).solution, 2)
    for _ in range(10):
        search.turn(60, lambda _: None)
    assert search._best == pytest.approx(best)


@pytest.mark.parametrize("seed", range(5))
def test_the_quick_way_to_the_best_place_agrees_with_making_every_plan(seed):
    problem = compiled(flow_shop(seed, setups=seed % 2 == 0, lags=seed % 3 == 0))
    flow = FlowMap(problem).flow
    assert flow.kind == FAST
    order_ = np.random.default_rng(seed).permutation(9).astype(np.int64)
    heads, tails, free = np.zeros((9, 3), np.int64), np.zeros((9, 3), np.int64), np.zeros(3, np.int64)
    times = np.zeros((2, 9, 3), np.int64)
    job, rest = order_[8], order_[:8]
    _, quick = kernels.best_place_fast(flow, order_, 8, job, heads, tails, free)
    _, stepwise = kernels.best_place(flow, order_, 8, job, free)
    slow = min(kernels.plan(flow, np.insert(rest, i, job), 9, times[0], times[1]) for i in range(9))
    assert quick == stepwise == slow


def test_it_leaves_what_is_no_flow_shop_to_others():
    assert not supports_flow(compiled(plant(*[op(f"a{i}", 10) for i in range(3)])))
    shop = flow_shop(1)
    crossed = [dep("j0-0", "j1-2")]
    snapshot = shop.snapshot
    joined = snapshot.model_copy(update={"dependencies": (*snapshot.dependencies, *crossed)})
    assert not supports_flow(compiled(shop.model_copy(update={"snapshot": joined})))
    assert not supports_flow(compiled(shop, Options(objective="minimize_cost")))
    assert not supports_flow(compiled(shop, Options(objective="minimize_makespan", incremental_mode=True)))
