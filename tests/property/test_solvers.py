"""CP-SAT against everything: brute force on tiny plants, priority rules, and the independent checker."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

from engine.check import check_result, untolerated
from engine.model import Locks, OptimizationRequest, Options, Schedule, Weights
from engine.pinning import pins
from engine.solve.cpsat.builder import build
from engine.solve.cpsat.frame import Index
from engine.solve.cpsat.lns import NeighbourhoodSearch
from engine.solve.cpsat.neighbourhood import frame_around, improve_neighbourhood
from engine.solve.cpsat.running import Settings
from engine.solve.cpsat.search import CpSatResult, solve_cpsat
from engine.solve.dispatching.dispatch import Dispatcher, Found, Limits
from engine.solve.problem.compile import compile_problem
from engine.solve.problem.conversion import to_events
from engine.solve.problem.evaluate import evaluate
from engine.solve.problem.problem import Problem, Solution
from engine.solve.report import StopFlag
from engine.solve.warm_start import lock_conflicts
from tests.support.brute_force import SLOT, best_values, tiny_plant
from tests.support.cp_models import broken_by_hints
from tests.support.random_plants import small_plant, workshop

MIX = Weights(makespan=1, tardiness=2, throughput=3, cost=0.1, balance=0.2, setup=1, change=0.5)
OPTIONS = (
    Options(objective="minimize_makespan"),
    Options(objective="minimize_tardiness"),
    Options(objective="maximize_throughput"),
    Options(objective="minimize_setup"),
    Options(objective="minimize_cost"),
    Options(objective="balance_resources"),
    Options(objectives=("maximize_throughput", "minimize_cost", "minimize_makespan")),
    Options(objective="minimize_tardiness", incremental_mode=True),
    Options(weights=MIX),
)


def request_for(schedule: Schedule, options: Options, locks: Locks | None = None) -> OptimizationRequest:
    return OptimizationRequest(schedule_data=schedule, algorithm_id=2, options=options, locks=locks or Locks())


def solved(problem: Problem, hint: Solution | None = None, seconds: float = 10) -> CpSatResult:
    return solve_cpsat(problem, hint, Settings(time.monotonic() + seconds), StopFlag())


def dispatched(problem: Problem, seed: int = 0) -> Found | None:
    return Dispatcher(problem, StopFlag(), seed=seed).run(Limits(None, 15))


def broken(problem: Problem, solution: Solution) -> list[str]:
    request = problem.request
    found = check_result(request, to_events(problem, solution))
    return [v.message for v in untolerated(found, pins(request.schedule_data, request))]


@pytest.mark.parametrize("seed", range(24))
def test_the_optimum_of_tiny_plants_is_that_of_brute_force(seed: int) -> None:
    plant = tiny_plant(seed, 4 if seed % 3 else 5)
    best = best_values(plant)
    for number, objective in enumerate(("minimize_makespan", "minimize_tardiness")):
        problem = compile_problem(request_for(plant.schedule(), Options(objective=objective)))
        result = solved(problem)
        if best is None:
            assert result.vector is None
            continue
        assert result.status == "optimal"
        assert result.vector is not None and result.solution is not None
        assert result.vector[0] == best[number] * SLOT * 60_000 == result.bound
        assert broken(problem, result.solution) == []


@pytest.mark.parametrize("seed", range(36))
def test_random_plants_with_every_rule(seed: int) -> None:
    schedule, locks = small_plant(seed, 7)
    problem = compile_problem(request_for(schedule, OPTIONS[seed % len(OPTIONS)], locks))
    if lock_conflicts(problem):
        return
    rules = dispatched(problem, seed)
    results = [solved(problem, None, 3)] + ([solved(problem, rules.solution, 3)] if rules else [])
    for result in results:
        if rules is not None:
            assert result.status != "infeasible"
        if result.solution is not None and result.vector is not None:
            assert broken(problem, result.solution) == []
            assert result.vector == evaluate(problem, result.solution)
            assert result.bound is None or result.bound <= result.vector[0]
    if rules is not None:
        assert results[-1].vector is not None and results[-1].vector <= rules.vector
    proven = {result.vector for result in results if result.status == "optimal"}
    assert len(proven) <= 1


@pytest.mark.parametrize("seed", range(12))
def test_a_plan_satisfies_the_model_of_each_of_its_neighbourhoods(seed: int) -> None:
    """The hint of a model is complete and breaks nothing: so no neighbourhood can lack the plan that it starts from."""
    draw = random.Random(seed)
    schedule, locks = (workshop(60, 6, seed), None) if seed % 2 else small_plant(seed * 7, 12)
    problem = compile_problem(request_for(schedule, OPTIONS[seed % len(OPTIONS)], locks))
    found = None if lock_conflicts(problem) else dispatched(problem)
    if found is None:
        return
    row = [o for o in np.argsort(found.solution.start).tolist() if problem.ops[o].fixed is None]
    for kept in (0, 5, 200):
        size = draw.choice([3, 8])
        at = draw.randrange(max(1, len(row) - size))
        built = build(frame_around(Index(problem), found.solution, row[at : at + size], kept))
        assert built is not None
        assert broken_by_hints(built.model) == []


@pytest.mark.parametrize("objective", ["minimize_makespan", "minimize_tardiness", "minimize_cost", "minimize_setup"])
def test_neighbourhoods_improve_and_keep_every_rule(objective: str) -> None:
    problem = compile_problem(request_for(workshop(48, 6, 3), Options(objective=objective)))
    found = dispatched(problem)
    assert found is not None
    plans: list[Found] = []
    search = NeighbourhoodSearch(problem, found, 1)
    search.run(Limits(time.monotonic() + 6, 12), StopFlag(), plans.append)
    for plan in plans:
        assert broken(problem, plan.solution) == []
        assert plan.vector == evaluate(problem, plan.solution)
    assert [plan.vector for plan in plans] == sorted((plan.vector for plan in plans), reverse=True)
    assert search.best.vector < found.vector


def test_a_neighbourhood_of_everything_is_the_whole_problem() -> None:
    problem = compile_problem(request_for(tiny_plant(2).schedule(), Options(objective="minimize_tardiness")))
    found = dispatched(problem)
    assert found is not None
    step = improve_neighbourhood(problem, found.solution, problem.movable, 5.0)
    assert step.is_exhausted and step.vector is not None
    assert step.vector[0] <= found.vector[0]
    assert step.vector[0] >= (solved(problem).vector or (0,))[0]
