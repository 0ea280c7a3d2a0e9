"""Needs of single modes (``onlyOn``) and stocks (``nonrenewable``): accepted, checked, and kept by every search."""

from __future__ import annotations

import random
from itertools import permutations, product
from typing import Any

import pytest

from engine.apply import apply_result
from engine.check import check
from engine.check.rolling import CheckedPlan
from engine.metrics import metrics
from engine.model import Demand, Mode, Operation, OptimizationRequest, Options, Resource, Schedule, Status, Unavailable
from engine.plan import PlanFacts
from engine.solve.cpsat.lns import NeighbourhoodSearch
from engine.solve.dispatching.dispatch import Dispatcher, Limits
from engine.solve.engine import solve
from engine.solve.problem.compile import compile_problem
from engine.solve.report import SilentReporter, StopFlag
from engine.validate import faults_of, parse_schedule
from tests.support.plants import at, calendar, plant

MINUTE_MS = 60_000


def stock(capacity: int, **changes: Any) -> Resource:
    return Resource(id="n", name="Steel", type="material", capacity=capacity, nonrenewable=True, **changes)


def machines() -> list[Resource]:
    return [Resource(id=key, name=key, infinite=True) for key in ("fast", "slow")]


def task(key: str, fast: tuple[int, int, int], slow: tuple[int, int, int]) -> Operation:
    """Return an operation of two modes, each (minutes, people, steel)."""
    demands = [
        Demand(resource_id=resource_id, quantity=quantity, only_on=(mode,))
        for mode, (_, people, steel) in (("fast", fast), ("slow", slow))
        for resource_id, quantity in (("crew", people), ("n", steel))
    ]
    modes = (
        Mode(resource_id="fast", duration=fast[0] * MINUTE_MS),
        Mode(resource_id="slow", duration=slow[0] * MINUTE_MS),
    )
    return Operation(id=key, name=key, duration=fast[0] * MINUTE_MS, modes=modes, demands=tuple(demands))


def shop(*operations: Operation, steel: int, crew: int = 3, **fields: Any) -> Schedule:
    resources = [*machines(), Resource(id="crew", name="Crew", capacity=crew), stock(steel)]
    return plant(operations, resources=resources, **fields)


def on(operation: Operation, resource_id: str, start: float) -> Operation:
    minutes = next(m.duration or 0 for m in operation.modes or () if m.resource_id == resource_id) / MINUTE_MS
    return operation.model_copy(
        update={"resource_id": resource_id, "start_date": at(start), "end_date": at(start + minutes)}
    )


A = task("A", (2, 3, 5), (6, 2, 1))
B = task("B", (3, 3, 4), (5, 2, 4))


# -- what is valid


def test_wire_names_and_round_trip() -> None:
    data = shop(A, B, steel=5)
    document = data.to_json()
    assert document["snapshot"]["events"][0]["demands"][0]["onlyOn"] == ["fast"]
    assert document["snapshot"]["resources"][-1]["nonrenewable"] is True
    assert parse_schedule(document) == data


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        ({"demands": (Demand(resource_id="crew", only_on=("M9",)),)}, "demands[0].onlyOn", "no resource that"),
        ({"demands": (Demand(resource_id="crew", only_on=()),)}, "demands[0].onlyOn", "leave it out"),
        ({"demands": (Demand(resource_ids=("crew", "n")),)}, "demands[0].resourceIds", "cannot be a choice"),
        ({"modes": (Mode(resource_id="n"),), "demands": None}, "modes[0].resourceId", "nothing can run on it"),
        ({"modes": None, "resource_id": "n", "demands": None}, "resourceId", "nothing can run on it"),
    ],
)
def test_faults_of_operations(change: dict[str, Any], path: str, reason: str) -> None:
    faults = faults_of(shop(A.model_copy(update=change), steel=5))
    assert any(fault.path == f"snapshot.events[0].{path}" and reason in fault.reason for fault in faults), faults


def test_a_stock_has_no_time() -> None:
    data = plant([], resources=[stock(5, calendar="C")], calendars=[calendar("C", "06:00-14:00")])
    assert any("no calendar" in fault.reason for fault in faults_of(data))
    down = Unavailable(id="x", type="unavailable", resource_id="n", start=at(0), end=at(5))
    assert any("cannot be out of order" in fault.reason for fault in faults_of(shop(A, steel=5, constraints=[down])))


def test_a_mode_that_needs_more_than_there_is_is_no_fault() -> None:
    assert not faults_of(shop(A, steel=5, crew=2))
    without_choice = A.model_copy(update={"demands": (Demand(resource_id="crew", quantity=3),)})
    assert faults_of(shop(without_choice, steel=5, crew=2))


# -- the checker


def test_only_the_needs_of_the_chosen_mode_count() -> None:
    assert check(shop(on(A, "slow", 0), on(B, "slow", 0), steel=5, crew=4)) == []
    rules = {v.rule for v in check(shop(on(A, "fast", 0), on(B, "slow", 0), steel=9, crew=4))}
    assert rules == {"capacity"}


def test_a_stock_is_drawn_from_once_and_for_all() -> None:
    found = check(shop(on(A, "fast", 0), on(B, "fast", 100), steel=8))
    assert [(v.rule, v.event_ids, v.resource_id) for v in found] == [("stock", ("A", "B"), "n")]
    assert found[0].message == "Steel has 8 in stock, but 9 are drawn by A and B."
    assert check(shop(on(A, "fast", 0), on(B, "fast", 100), steel=9)) == []
    assert {v.rule for v in check(shop(on(A, "fast", 0), B, steel=5))} == {"unscheduled"}


def test_what_takes_no_time_draws_nothing() -> None:
    nothing = Operation(id="N", name="N", duration=0, demands=(Demand(resource_id="n", quantity=9),))
    placed = nothing.model_copy(update={"start_date": at(0), "end_date": at(0)})
    assert check(shop(placed, steel=9)) == check(shop(placed, on(A, "fast", 0), steel=9)) == []


def test_an_unlimited_stock_never_runs_out() -> None:
    resources = [*machines(), Resource(id="crew", name="Crew", capacity=9), stock(0, infinite=True)]
    assert check(plant([on(A, "fast", 0)], resources=resources)) == []


def test_a_change_of_mode_is_checked_anew_step_by_step() -> None:
    before = shop(on(A, "slow", 0), on(B, "slow", 10), steel=5)
    checked = CheckedPlan.of(PlanFacts(before))
    assert checked.violations == ()
    now = shop(on(A, "fast", 0), on(B, "slow", 10), steel=5)
    assert [v.rule for v in CheckedPlan.of(PlanFacts(now)).violations] == ["stock"]


def test_cost_counts_the_needs_of_the_chosen_mode() -> None:
    resources = [*machines(), Resource(id="crew", name="Crew", capacity=9, cost_per_hour=60.0), stock(99)]
    costs = [
        metrics(OptimizationRequest(schedule_data=data), data).cost
        for key in ("fast", "slow")
        for data in [plant([on(A, key, 0)], resources=resources)]
    ]
    assert costs == pytest.approx([2 * 3, 6 * 2])


# -- the searches


def solved(data: Schedule, algorithm: int, **options: Any) -> tuple[str, int, Schedule]:
    request = OptimizationRequest(schedule_data=data, algorithm_id=algorithm, options=Options(**options))
    outcome = solve(request, SilentReporter(), StopFlag())
    assert outcome.events is not None, outcome
    plan = apply_result(data, outcome.events)
    assert check(plan) == []
    return outcome.status, metrics(request, plan).makespan // MINUTE_MS, plan


@pytest.mark.parametrize(("steel", "best"), [(4, None), (5, 6), (6, 6), (9, 5)])
def test_optimum_depends_on_the_stock(steel: int, best: int | None) -> None:
    data = shop(A, B, steel=steel, crew=4)
    if best is None:
        outcome = solve(
            OptimizationRequest(schedule_data=data, options=Options(time_limit=5)), SilentReporter(), StopFlag()
        )
        assert outcome.status == "infeasible"
        return
    assert solved(data, 2, time_limit=10, workers=1)[:2] == ("optimal", best)


def least_makespan(tasks: list[tuple[tuple[int, int, int], ...]], steel: int, crew: int) -> int | None:
    """Return the least makespan by trying all modes and all orders: some list schedule is optimal."""
    best: int | None = None
    for chosen in product(range(2), repeat=len(tasks)):
        picked = [tasks[i][k] for i, k in enumerate(chosen)]
        if sum(need for _, _, need in picked) > steel or any(people > crew for _, people, _ in picked):
            continue
        for order in permutations(picked):
            free = [crew] * 200
            last = 0
            for minutes, people, _ in order:
                start = next(s for s in range(200) if all(free[t] >= people for t in range(s, s + minutes)))
                for t in range(start, start + minutes):
                    free[t] -= people
                last = max(last, start + minutes)
            best = last if best is None else min(best, last)
    return best


@pytest.mark.parametrize("seed", range(12))
def test_optimum_equals_brute_force(seed: int) -> None:
    draw = random.Random(seed)
    tasks = [tuple((draw.randint(1, 9), draw.randint(1, 3), draw.randint(0, 5)) for _ in range(2)) for _ in range(4)]
    steel, crew = draw.randint(4, 14), draw.randint(2, 4)
    data = shop(*(task(f"T{i}", *modes) for i, modes in enumerate(tasks)), steel=steel, crew=crew)
    best = least_makespan(tasks, steel, crew)
    if best is None:
        outcome = solve(
            OptimizationRequest(schedule_data=data, options=Options(time_limit=5)), SilentReporter(), StopFlag()
        )
        assert outcome.status == "infeasible"
    else:
        assert solved(data, 2, time_limit=10, workers=1)[:2] == ("optimal", best)


def project(count: int, seed: int, tightness: float) -> Schedule:
    draw = random.Random(seed)
    tasks = [
        ((draw.randint(1, 4), 2, draw.randint(4, 9)), (draw.randint(5, 9), 1, draw.randint(0, 3))) for _ in range(count)
    ]
    least, most = sum(slow[2] for _, slow in tasks), sum(fast[2] for fast, _ in tasks)
    steel = round(least + tightness * (most - least))
    return shop(*(task(f"T{i}", *modes) for i, modes in enumerate(tasks)), steel=steel, crew=5)


@pytest.mark.parametrize("tightness", [0.0, 0.1, 0.6])
def test_rules_find_plans_within_the_stock(tightness: float) -> None:
    data = project(30, 1, tightness)
    assert solved(data, 4, time_limit=2, workers=1)[0] in ("feasible", "optimal")


def test_parts_of_a_plan_are_improved_within_the_stock() -> None:
    data = project(30, 2, 0.4)
    problem = compile_problem(OptimizationRequest(schedule_data=data))
    dispatcher = Dispatcher(problem, StopFlag())
    start = dispatcher.run(Limits(None, 1)) or dispatcher.run(Limits(None, 20))
    assert start is not None
    search = NeighbourhoodSearch(problem, start, 3, is_repeatable=True)
    better = search.run(Limits(None, 6), StopFlag(), lambda found: None)
    assert better.vector <= start.vector
    from engine.solve.problem.conversion import to_events

    assert check(apply_result(data, to_events(problem, better.solution))) == []


def test_present_plan_with_modes_is_a_warm_start() -> None:
    data = shop(on(A, "slow", 0), on(B, "slow", 0), steel=5, crew=4)
    status, makespan, plan = solved(data, 1, time_limit=5, workers=1)
    assert (status, makespan) == ("optimal", 6)
    assert [e.resource_id for e in plan.snapshot.events] == ["slow", "slow"]


def test_what_is_fixed_draws_from_the_stock_first() -> None:
    started = on(A, "fast", 0).model_copy(update={"locked": True})
    status, _, plan = solved(shop(started, B, steel=9, crew=9), 2, time_limit=5, workers=1)
    assert status == "optimal"
    assert check(plan) == []
    outcome = solve(
        OptimizationRequest(schedule_data=shop(started, B, steel=8, crew=9), options=Options(time_limit=5)),
        SilentReporter(),
        StopFlag(),
    )
    assert outcome.status == "infeasible"


def test_what_has_happened_may_have_overdrawn_a_stock() -> None:
    done = on(A, "fast", -10).model_copy(update={"status": Status.COMPLETED})
    draws_nothing = task("Z", (3, 1, 0), (4, 1, 0))
    data = shop(done, draws_nothing, steel=2, crew=9)
    request = OptimizationRequest(schedule_data=data, options=Options(time_limit=5, workers=1))
    outcome = solve(request, SilentReporter(), StopFlag())
    assert outcome.status == "optimal"
    assert outcome.events is not None
    assert [v.event_ids for v in check(apply_result(data, outcome.events))] == [("A",)]
