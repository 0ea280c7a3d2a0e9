"""No rule of the contract is lost in any algorithm: random plants that use every feature at once.

Each outcome is judged by the independent checker and weighed anew, outcomes of one plant may not contradict each other,
and tiny plants are compared with the best of all plans (``tests.support.exhaustive``).
"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from engine.apply import apply_result
from engine.check import check, untolerated
from engine.metrics import objective_vector
from engine.model import Locks, OptimizationRequest, PlacedEvent
from engine.pinning import pins
from engine.validate import faults_of_request
from tests.support.contract_features import FEATURES
from tests.support.exhaustive import TooMany, best_plan
from tests.support.judging import contradictions, solved
from tests.support.whole_contract import grid_request, whole_request

SIZES = (4, 6, 9, 12)
ALGORITHMS = (4, 2, 1, 3)
PLANTS, A_TEST = 2_000, 20
TINY_PLANTS, TINY_A_TEST = 300, 5


def valid(draw: Callable[[int], OptimizationRequest], seed: int) -> OptimizationRequest:
    """Return the first request from a seed on that is no E001."""
    for attempt in range(20):
        request = draw(seed + 1_000_000 * attempt)
        if not faults_of_request(request):
            return request
    raise AssertionError(f"no valid request from seed {seed} on")


def whole(seed: int) -> OptimizationRequest:
    """Return a plant of a few operations with everything."""
    return valid(lambda s: whole_request(s, size=SIZES[seed % len(SIZES)], time_limit=1.0), seed)


def tiny(seed: int, time_limit: float) -> OptimizationRequest:
    """Return a plant in whole hours, small enough to try everything."""
    hours, rules = (20, 14, 16, 12)[seed % 4], (0.5, 0.8)[seed % 2]
    return valid(lambda s: grid_request(s, size=3 + seed % 2, hours=hours, rules=rules, time_limit=time_limit), seed)


def by(algorithm: int, request: OptimizationRequest) -> OptimizationRequest:
    return request.model_copy(update={"algorithm_id": algorithm})


def complaints(seed: int, algorithms: tuple[int, ...]) -> list[str]:
    """Return what is wrong with the outcomes of some algorithms for a plant, and of a second run from a plan of it."""
    request = whole(seed)
    found: list[str] = []
    outcomes = []
    for algorithm in algorithms:
        outcome, faults = solved(by(algorithm, request))
        outcomes.append(outcome)
        found += [f"seed {seed}, algorithm {algorithm}: {fault}" for fault in faults]
        if outcome.status == "infeasible" and len(outcomes) == 1 and seed % 8:
            break  # proven by CP-SAT, as it would be by the others
    found += [f"seed {seed}: {fault}" for fault in contradictions(outcomes)]
    plans = [outcome.events for outcome in outcomes if outcome.events is not None]
    if plans:
        found += [f"seed {seed}, again: {fault}" for fault in from_a_plan(seed, request, plans[0])]
    return found


def from_a_plan(seed: int, request: OptimizationRequest, plan: list[PlacedEvent]) -> list[str]:
    """Return what is wrong when the plan is the input, partly locked: the result must keep rules and be no worse."""
    draw = random.Random(seed)
    schedule = apply_result(request.schedule_data, plan)
    locks = Locks(
        events=tuple(event.id for event in plan if draw.random() < 0.2),
        resource_intervals=request.locks.resource_intervals,
    )
    options = request.options.model_copy(
        update={"warm_start": True, "incremental_mode": draw.random() < 0.5, "scope": None, "tick": None}
    )
    again = request.model_copy(update={"schedule_data": schedule, "locks": locks, "options": options})
    if untolerated(check(schedule, request=again), pins(schedule, again)):
        return []  # what was out of scope, or begins before the horizon, is in the way now
    known = objective_vector(again, schedule)
    outcome, faults = solved(by(1 + seed % 4, again))
    if outcome.vector is None or outcome.vector > known:
        faults.append(f"{outcome.status} {outcome.vector}, worse than the plan that was given: {known}")
    return faults


@pytest.mark.parametrize("seed", range(0, 600, 10))
def test_a_plant_with_everything_at_once(seed: int) -> None:
    assert complaints(seed + seed // 10 % 10, (4, 1 + seed // 10 % 3)) == []


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, PLANTS, A_TEST))
def test_plants_with_everything_at_once(first: int) -> None:
    assert [fault for seed in range(first, first + A_TEST) for fault in complaints(seed, ALGORITHMS)] == []


def against_all_plans(seed: int, time_limit: float, most: int) -> list[str]:
    """Return what is wrong with the outcomes for a tiny plant, knowing the best plan there is."""
    request = tiny(seed, time_limit)
    try:
        best = best_plan(request, most).vector
    except TooMany:
        return []
    found: list[str] = []
    for algorithm in (2, 1, 3):
        outcome, faults = solved(by(algorithm, request))
        found += faults
        if best is None:
            found += [] if outcome.vector is None else [f"{outcome.vector}, and there is no plan at all"]
            continue
        if outcome.status == "infeasible":
            found.append(f"called infeasible, but there is a plan: {best}")
        if outcome.vector is not None and outcome.vector < best:
            found.append(f"{outcome.vector} is better than the best: {best}")
        if outcome.status == "optimal" and outcome.vector != best:
            found.append(f"{outcome.vector} is called optimal, but the best is {best}")
        if outcome.bound is not None and outcome.bound > best[0]:
            found.append(f"the bound {outcome.bound} is above the best: {best}")
        if algorithm == 2 and outcome.status not in ("optimal", "infeasible"):
            found.append(f"{outcome.vector} is not proven to be the best: {best}")
    return [f"seed {seed}: {fault}" for fault in found]


@pytest.mark.parametrize("seed", range(8))
def test_the_best_of_all_plans_of_a_tiny_plant(seed: int) -> None:
    assert against_all_plans(seed, 20.0, 6_000) == []


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, TINY_PLANTS, TINY_A_TEST))
def test_the_best_of_all_plans_of_tiny_plants(first: int) -> None:
    seeds = range(first, first + TINY_A_TEST)
    assert [fault for seed in seeds for fault in against_all_plans(seed, 60.0, 60_000)] == []


def test_random_plants_have_every_feature() -> None:
    requests = [whole(seed) for seed in range(300)]
    assert [name for name, has in FEATURES.items() if not any(has(request) for request in requests)] == []
