"""CP-SAT on instances of one rule, whose optimum is known: what once was lost, found by comparing with all plans."""

from __future__ import annotations

import logging
import time

import pytest

from engine.check import check_result, untolerated
from engine.model import Demand, Locks, ResourceInterval, Status
from engine.pinning import pins
from engine.solve.cpsat.running import Settings
from engine.solve.cpsat.search import CpSatResult, find_plan, solve_cpsat
from engine.solve.dispatching.dispatch import Dispatcher, Limits
from engine.solve.problem.compile import compile_problem
from engine.solve.problem.conversion import to_events
from engine.solve.problem.problem import Problem
from engine.solve.report import StopFlag
from tests.support.rule_cases import (
    MINUTE_MS,
    RuleCase,
    at,
    makespan,
    matrix,
    on,
    op,
    placed,
    plant,
    res,
    together,
    valued,
    week,
)

FROZEN = {"freeze": 20}
SETUPS = matrix(("A", "B", 50), ("B", "A", 50))
MANY = [op(f"y{i}", 10, setup_family="B") for i in range(8)]
"""So many that a circuit would have too many arcs."""

T1, T2 = (Demand(resource_id="t1"),), (Demand(resource_id="t2"),)
WITH_TOOLS = (
    placed("b", 0, 30, "m2", demands=T2),
    op("x", 30, "m2", demands=T2, deadline=60),
    op("w", 30, "m2", demands=T1),
)


def blocked_tool(*items: object) -> RuleCase:
    """Return a case in which the tool is blocked while the machine has a break."""
    calendar = week("c", ("00:00", "01:00"), ("02:00", "12:00"))
    interval = ResourceInterval(resource_id="tool", start=at(70), end=at(80))
    machine = res("m1", calendar="c", setup_matrix="s", initial_setup="A")
    tool = (Demand(resource_id="tool"),)
    setups = matrix(("A", "B", 30))
    # a setup from 00:30 to 01:00 and the work from 02:00 on would hold the tool in between
    x = op("x", 60, setup_family="B", demands=tool)
    return makespan(
        "blocked_in_a_break",
        210,
        machine,
        res("tool"),
        calendar,
        setups,
        x,
        *items,
        locks=Locks(resource_intervals=(interval,)),
    )


def overlapping(name: str, minutes: float, *items: object) -> RuleCase:
    """Return a case with two frozen operations at once: the one that began last tells the family."""
    machine = res("m1", setup_matrix="s")
    first, second = placed("a", 0, 100, setup_family="A"), placed("b", 10, 40, setup_family="B")
    return makespan(name, minutes, machine, SETUPS, first, second, op("x", 30, setup_family="B"), *items, **FROZEN)


def open_choice(name: str, cost: int, *items: object) -> RuleCase:
    """Return a case with a frozen operation that nobody serves yet, and two who could."""
    tools = res("t1", cost_per_hour=5.0), res("t2", cost_per_hour=1.0)
    frozen = placed("a", 0, 60, demands=(Demand(resource_ids=("t1", "t2")),))
    case = valued(name, cost, res("m1"), *tools, frozen, *items, objective="minimize_cost")
    metadata = case.schedule.metadata.model_copy(update={"freeze_until": at(20)})
    return RuleCase(name, case.schedule.model_copy(update={"metadata": metadata}), cost, case.options)


CASES = [
    blocked_tool(),
    overlapping("family_of_the_last_to_begin", 130),
    overlapping("the_same_with_pairs", 210, *MANY),
    makespan(
        "history_instead_of_the_initial_family",
        110,
        res("m1", setup_matrix="s", initial_setup="A"),
        SETUPS,
        placed("a", -30, 30, setup_family="B", status=Status.STARTED),
        *MANY,
    ),
    makespan(
        "no_room_for_a_setup_among_frozen_ones",
        170,
        res("m1", setup_matrix="s"),
        matrix(("A", "B", 50), ("C", "B", 20), ("C", "A", 10)),
        placed("a", 0, 30, setup_family="A"),
        placed("b", 10, 60, setup_family="B", minutes=50),
        *(op(f"y{i}", 10, setup_family="C") for i in range(8)),
        op("z", 30, setup_family="B"),
        **FROZEN,
    ),
    valued(
        "cost_of_what_began_in_a_break",
        40_000,
        week("c", ("00:00", "16:00")),
        res("m1", calendar="c", cost_per_hour=10.0),
        res("m2", cost_per_hour=10.0),
        placed("a", -60, 120, minutes=180, status=Status.STARTED),
        op("x", 60, "m2"),
        objective="minimize_cost",
    ),
    open_choice("the_cheaper_one_serves", 1_000),
    open_choice("the_one_that_is_free_serves", 8_500, res("m2"), *WITH_TOOLS),
    makespan(
        "same_resource_as_one_of_those_frozen_apart",
        90,
        res("m1"),
        res("m2"),
        placed("a", 0, 60, "m1"),
        placed("b", 0, 30, "m2"),
        op(
            "x",
            30,
            None,
            modes=on(
                ("m1",),
            ),
        ),
        together("sameresource", "b", "a", "x"),
        **FROZEN,
    ),
]


def solve(problem: Problem, hint: bool, seconds: float = 20) -> CpSatResult:
    found = Dispatcher(problem, StopFlag()).run(Limits(None, 10)) if hint else None
    solution = None if found is None else found.solution
    return solve_cpsat(problem, solution, Settings(time.monotonic() + seconds), StopFlag())


@pytest.mark.parametrize("hint", [False, True])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_known_optimum_is_found_and_proven(case: RuleCase, hint: bool) -> None:
    request = case.request(2)
    problem = compile_problem(request)
    result = solve(problem, hint)
    assert result.solution is not None and result.vector is not None
    assert (result.status, result.vector[0], result.bound) == ("optimal", case.expected, case.expected)
    events = to_events(problem, result.solution)
    assert untolerated(check_result(request, events), pins(request.schedule_data, request)) == []


def test_setups_of_what_stays_count() -> None:
    """On a machine that nothing movable can use, no circuit has them."""
    frozen = [placed("a", 0, 30, setup_family="A"), placed("b", 80, 100, setup_family="B")]
    items = [res("m1", setup_matrix="s"), res("m2"), SETUPS, *frozen, op("x", 30, "m2")]
    case = RuleCase("standing", plant(*items, freeze=90), 50 * MINUTE_MS, {"objective": "minimize_setup"})
    result = solve(compile_problem(case.request(2)), hint=True)
    assert (result.status, result.vector) == ("optimal", (50 * MINUTE_MS, 100 * MINUTE_MS))


@pytest.mark.parametrize("hint", [False, True])
def test_a_coarse_tick_leaves_no_contradiction(hint: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Lengths are rounded up on it, so that a plan is worth less than the model says."""
    items = [op(f"x{i}", 20, due_date=30 * i, priority=float(i)) for i in range(1, 5)]
    options = {"objectives": ("minimize_tardiness", "minimize_makespan"), "tick": 30 * MINUTE_MS}
    problem = compile_problem(RuleCase("coarse", plant(*items), None, options).request(2))
    assert not problem.is_exact
    with caplog.at_level(logging.WARNING):
        result = solve(problem, hint)
    assert result.solution is not None
    assert caplog.records == []
    assert result.bound is None and result.status == "feasible"


def test_any_plan_is_found_or_none_is_proven() -> None:
    def status(minutes: float) -> str:
        items = [op("a", 60, deadline=minutes), op("b", 60, deadline=minutes)]
        problem = compile_problem(RuleCase("any", plant(*items), None).request(2))
        return find_plan(problem, Settings(time.monotonic() + 20), StopFlag()).status

    assert [status(minutes) for minutes in (100, 120)] == ["infeasible", "feasible"]
