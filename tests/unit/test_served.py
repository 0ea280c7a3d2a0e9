"""Who serves what is fixed: without conflict if that can be, and as it comes if it cannot."""

from __future__ import annotations

from engine.model import Demand, Locks, Operation, OptimizationRequest, Status
from engine.solve.problem.compile import compile_problem
from engine.solve.problem.problem import Problem
from tests.support.rule_cases import op, placed, plant, res, week

EITHER, SECOND = (Demand(resource_ids=("t1", "t2")),), (Demand(resource_id="t2"),)


def problem(*items: object) -> Problem:
    tools = [res("t1", calendar="late"), res("t2")]
    machines = [res(f"m{i}") for i in range(4)]
    calendar = week("late", ("01:00", "24:00"))
    schedule = plant(*machines, *tools, calendar, *items, op("x", 10, "m0"), freeze=200)
    return compile_problem(OptimizationRequest(schedule_data=schedule, locks=Locks()))


def frozen(name: str, machine: int, begin: float, demands: tuple[Demand, ...], **fields: object) -> Operation:
    return placed(name, begin, begin + 60, f"m{machine}", demands=demands, **fields)


def served(found: Problem, name: str) -> str:
    return next(found.resources[o.served[0]].id for o in found.ops if o.id == name)


def test_the_first_that_is_free_serves() -> None:
    found = problem(frozen("a", 1, 100, EITHER), frozen("b", 2, 120, EITHER), frozen("c", 3, 160, EITHER))
    assert [served(found, name) for name in "abc"] == ["t1", "t2", "t1"]
    assert found.is_served


def test_a_choice_is_taken_back_for_one_that_comes_later() -> None:
    first = frozen("a", 1, 100, (Demand(resource_ids=("t2", "t1")),))
    found = problem(first, frozen("b", 2, 120, SECOND))
    assert served(found, "a") == "t1"
    found = problem(first, frozen("b", 2, 120, (Demand(resource_ids=("t2",)),)), frozen("c", 3, 120, EITHER))
    assert not found.is_served  # three, and two tools
    found = problem(frozen("a", 1, 100, EITHER), frozen("b", 2, 130, (Demand(resource_ids=("t1", "t2")),)))
    assert {served(found, "a"), served(found, "b")} == {"t1", "t2"}


def test_who_does_not_work_then_does_not_serve() -> None:
    found = problem(frozen("a", 1, 30, EITHER))
    assert served(found, "a") == "t2"


def test_what_cannot_be_served_stands_as_it_is() -> None:
    found = problem(frozen("a", 1, 30, SECOND), frozen("b", 2, 40, SECOND), frozen("c", 3, 50, EITHER))
    assert not found.is_served
    assert served(found, "c") in ("t1", "t2")


def test_what_is_over_keeps_one_candidate() -> None:
    found = problem(frozen("a", 1, -80, EITHER, status=Status.COMPLETED), frozen("b", 2, 100, EITHER))
    candidates = {o.id: len(o.demands[0].candidates) for o in found.ops if o.demands}
    assert candidates == {"a": 1, "b": 2}


def test_what_moves_is_left_open() -> None:
    found = problem(op("y", 10, "m1", demands=EITHER))
    assert all(not o.served for o in found.ops)
