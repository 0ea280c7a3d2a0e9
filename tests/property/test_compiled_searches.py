"""No compiled search loses a rule: random plants with everything that it takes, each better plan judged."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.apply import apply_result
from engine.check import check_result, untolerated
from engine.metrics import objective_vector
from engine.model import OptimizationRequest
from engine.pinning import pins
from engine.solve.dispatching.dispatch import Dispatcher, Limits
from engine.solve.problem.compile import compile_problem
from engine.solve.problem.conversion import to_events
from engine.solve.problem.evaluate import evaluate
from engine.solve.problem.problem import Problem, Solution
from engine.solve.report import StopFlag
from engine.solve.searches.flat import supports_flat
from engine.solve.searches.flow import supports_flow
from engine.solve.searches.graph import supports_graph
from engine.solve.searches.project import supports_project
from engine.solve.searches.shop import supports_tabu
from engine.solve.searches.warm import CannotStart, Kind, search_class
from engine.solve.warm_start import lock_conflicts
from engine.validate import faults_of_request
from tests.support.simpler import PLAIN

SIZES, RULES = (4, 6, 9, 12), (1.0, 0.5, 0.3, 0.15, 0.05)
FITTING: dict[Kind, Callable[[Problem], bool]] = {
    "list": supports_flat,
    "graph": supports_graph,
    "tabu": supports_tabu,
    "flow": supports_flow,
    "project": supports_project,
}
QUICK, MANY, A_TEST = 8, 200, 10


def judged(request: OptimizationRequest, problem: Problem, plan: Solution) -> list[str]:
    """Return what is wrong with a plan."""
    events = to_events(problem, plan)
    found = untolerated(check_result(request, events), pins(request.schedule_data, request))
    told = [violation.message for violation in found]
    worth, known = evaluate(problem, plan), objective_vector(request, apply_result(request.schedule_data, events))
    return told if worth == known else [*told, f"worth {known}, not {worth}"]


def complaints(kind: Kind, seed: int, seconds: float) -> list[str]:
    """Return what is wrong with the plans that one search finds for a random plant that it takes."""
    request = PLAIN[kind](seed, SIZES[seed % 4], RULES[seed // 4 % 5])
    if faults_of_request(request):
        return []
    problem = compile_problem(request)
    if lock_conflicts(problem) or not FITTING[kind](problem):
        return []
    first = Dispatcher(problem, StopFlag()).run(Limits(None, 15))
    if first is None:
        return []
    told = [f"rule: {fault}" for fault in judged(request, problem, first.solution)]

    def better(plan: Solution) -> None:
        told.extend(judged(request, problem, plan))

    try:
        search = search_class(kind)(problem, first.solution, seed)
    except CannotStart:
        return told
    search.run(seconds, lambda: bool(told), better)
    return [f"{kind}, seed {seed}: {fault}" for fault in told]


@pytest.mark.parametrize("kind", FITTING)
def test_a_compiled_search_keeps_every_rule(kind: Kind) -> None:
    assert [fault for seed in range(QUICK) for fault in complaints(kind, 7 * seed, 0.1)] == []


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, MANY, A_TEST))
@pytest.mark.parametrize("kind", FITTING)
def test_compiled_searches_keep_every_rule(kind: Kind, first: int) -> None:
    assert [fault for seed in range(first, first + A_TEST) for fault in complaints(kind, seed, 0.3)] == []


@pytest.mark.parametrize("kind", FITTING)
def test_random_plants_fit_their_search(kind: Kind) -> None:
    requests = [PLAIN[kind](seed, SIZES[seed % 4], RULES[seed // 4 % 5]) for seed in range(40)]
    fitting = [FITTING[kind](compile_problem(r)) for r in requests if not faults_of_request(r)]
    assert sum(fitting) >= 20
