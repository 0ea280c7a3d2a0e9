"""Explanations from the solver's own doors: E003 of every algorithm, conflicts in large plants, prices of locks."""

from __future__ import annotations

import time
from typing import Any

import pytest

from engine.errors import TaktwerkError
from engine.model import OptimizationRequest, Options
from engine.solve.engine import solve
from engine.solve.report import Outcome, SilentReporter, StopFlag
from engine.solve.tasks import carry_out
from engine.solve.why.edits import apply_repair
from engine.solve.why.feasibility import Judge
from engine.solve.why.infeasible import Explanation, explain_in_time, explain_infeasible
from engine.solve.why.rules_given import RuleBook, prepared
from engine.solve.why.searching import least_amount, minimised
from tests.support.infeasible_cases import infeasible_case
from tests.support.plants import (
    DAY,
    after,
    at,
    calendar,
    date_rule,
    machine,
    op,
    order,
    outage,
    plant,
    request,
    set_rule,
)
from tests.support.random_plants import workshop

MINUTE = 60_000
TIGHT = [op("A", 60, on="M1", deadline=100), op("B", 60, on="M1", deadline=100)]
LOCKS = [op("A", 60, on="M1", start=0, locked=True), op("B", 60, on="M1", start=30, locked=True)]
EARLY = calendar("early", "06:00-14:00")


def explained(asked: OptimizationRequest, seconds: float = 20) -> Explanation:
    return explain_infeasible(asked, time.monotonic() + seconds, StopFlag())


def solved(asked: OptimizationRequest) -> Outcome:
    return solve(asked, SilentReporter(), StopFlag())


def keys(members: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(member["kind"], member["id"]) for member in members}


@pytest.mark.parametrize("algorithm", [1, 2, 3, 4])
@pytest.mark.parametrize("events", [TIGHT, LOCKS], ids=["deadlines", "locks"])
def test_every_algorithm_says_why_there_is_no_plan(algorithm: int, events: list[Any]) -> None:
    outcome = solved(request(plant(events), algorithm=algorithm, time_limit=20, workers=1))
    kind = "lock" if events is LOCKS else "deadline"
    assert outcome.status == "infeasible"
    assert keys(outcome.conflict) == {(kind, "A"), (kind, "B"), ("capacity", "M1")}
    assert all(member["proven"] for member in outcome.conflict)
    assert keys(outcome.repairs) >= {(kind, "A"), (kind, "B")}
    assert outcome.repairs[0]["price"] == (2.0 if events is LOCKS else 0.33)


def test_a_coarse_tick_is_no_reason() -> None:
    outcome = solved(request(plant(TIGHT), time_limit=20, workers=1, tick=7_200_000))
    assert keys(outcome.conflict) == {("deadline", "A"), ("deadline", "B"), ("capacity", "M1")}


def test_without_time_the_locks_that_clash_are_told_all_the_same() -> None:
    outcome = solved(request(plant(LOCKS), time_limit=0.01))
    assert outcome.status == "infeasible"
    assert outcome.conflict and all({"kind", "id", "text", "proven"} <= m.keys() for m in outcome.conflict)


def test_overtime_is_as_short_as_it_can_be_and_next_to_a_shift() -> None:
    schedule = plant(
        [op("A", 480, on="M1"), op("B", 165, on="M1", order="O1")],
        [machine("M1", name="Lathe 4", calendar="early")],
        dependencies=[after("A", "B")],
        calendars=[EARLY],
        orders=[order("O1", deadline=DAY + 8 * 60)],
    )
    found = explained(request(schedule))
    assert keys(found.conflict) >= {("calendar", "M1"), ("deadline", "O1")}
    assert "Lathe 4 works only Mon to Fri 06:00-14:00." in {member["text"] for member in found.conflict}
    overtime = next(repair for repair in found.repairs if repair["kind"] == "calendar")
    assert overtime["text"] == "Work 45 min of overtime on Lathe 4 from Mon 5 Jan 2026 05:15 to 06:00."
    assert (overtime["priceText"], overtime["price"]) == ("45 min of overtime", 1.38)
    later = next(repair for repair in found.repairs if repair["kind"] == "deadline")
    assert later["text"] == "Move the deadline of order O1 to Tue 6 Jan 2026 08:45, 45 min later."


def test_overtime_in_several_breaks_where_one_is_too_short() -> None:
    noons = calendar("noons", "00:00-06:00", "06:30-12:00", "12:30-20:00")
    schedule = plant(
        [op("A", 20 * 60, on="M1", deadline=20 * 60)], [machine("M1", calendar="noons")], calendars=[noons]
    )
    overtime = next(r for r in explained(request(schedule)).repairs if r["kind"] == "calendar")
    assert [edit["kind"] for edit in overtime["change"]] == ["calendarException"] * 2
    assert (overtime["priceText"], overtime["price"]) == ("1 h of overtime", 2.0)


def test_a_lock_that_pauses_over_a_break_is_not_to_blame() -> None:
    schedule = plant(
        [
            op("L", 120, on="M1", start=13 * 60, end=DAY + 7 * 60, locked=True),
            op("A", 60, on="M1", deadline=DAY + 7 * 60 + 30, release=DAY),
        ],
        [machine("M1", calendar="early")],
        calendars=[EARLY],
    )
    found = explained(request(schedule))
    assert keys(found.conflict) >= {("lock", "L"), ("deadline", "A")}
    assert found.is_minimal


def test_two_reasons_at_once_are_repaired_together() -> None:
    asked = request(plant([*LOCKS, op("Z", 30, on="M2", deadline=20)]))
    found = explained(asked)
    assert len(found.repairs) == 1
    repair = found.repairs[0]
    assert {edit["kind"] for edit in repair["change"]} == {"unlock", "deadline"}
    assert repair["price"] == 2.17
    outcome = solved(apply_repair(asked, repair).model_copy(update={"options": Options(time_limit=5, workers=1)}))
    assert outcome.events is not None


def test_in_a_large_plant_the_few_that_clash_are_found() -> None:
    base = workshop(120, machines=9)
    orders = list(base.snapshot.orders)
    orders[7] = orders[7].model_copy(update={"deadline": at(90)})
    schedule = base.model_copy(update={"snapshot": base.snapshot.model_copy(update={"orders": tuple(orders)})})
    found = explained(OptimizationRequest(schedule_data=schedule), 15)
    assert ("deadline", orders[7].id) in keys(found.conflict)
    assert len(found.conflict) < 10
    assert ("deadline", orders[7].id) in keys(found.repairs)


def test_an_explanation_that_is_out_of_time_ends() -> None:
    case = infeasible_case(1)
    assert explain_in_time(case.request, time.monotonic(), StopFlag()) == Explanation()
    stop = StopFlag()
    stop.stop()
    assert explained(case.request, 0.0) == Explanation()
    assert explain_in_time(case.request, time.monotonic() + 10, stop).repairs == []


def test_what_no_rule_decides_has_no_conflict() -> None:
    schedule = plant([op("A", 60, on="M1")], [machine("M1", calendar="never")], calendars=[calendar("never")])
    found = explained(request(schedule))
    assert keys(found.conflict) == {("calendar", "M1")}
    judge = Judge(StopFlag())
    book = RuleBook(prepared(request(schedule)))
    assert judge.find(book.request, time.monotonic() + 5).verdict == "infeasible"
    assert judge.find(book.without(book.decisions), time.monotonic() + 5).verdict == "feasible"


@pytest.mark.parametrize("needed", [{3}, {0, 9}, {2, 5, 6}, set(range(10))])
def test_minimised_leaves_what_is_needed(needed: set[int]) -> None:
    assert set(minimised(range(10), lambda some: needed <= set(some), lambda: False)) == needed


def test_minimised_stops_when_it_is_late() -> None:
    assert minimised([1, 2, 3], lambda _: True, lambda: True) == [1, 2, 3]


@pytest.mark.parametrize("least", [1, 59_999, 60_000, 60_001, 7 * 60_000, 599_000])
def test_the_least_amount_is_found_in_whole_minutes(least: int) -> None:
    asked: list[int] = []

    def ask(amount: int) -> int | None:
        asked.append(amount)
        return amount if amount >= least else None

    assert least_amount(ask, 600_000, lambda: False) == -(-least // MINUTE) * MINUTE
    assert all(amount % MINUTE == 0 for amount in asked)


# prices of locks


def prices(asked: OptimizationRequest) -> dict[str, Any]:
    return carry_out("lock_prices", asked, SilentReporter(), StopFlag())


def test_prices_of_locks_are_exact_where_optima_are_proven() -> None:
    schedule = plant(
        [
            op("A", 60, on="M1", start=120, locked=True, due=60),
            op("B", 60, on="M1", due=60),
            op("D", 30, on="M2", start=600, locked=True),
        ],
        constraints=[date_rule("startnoearlierthan", "B", 30), outage("M2", 0, 200), set_rule("nooverlap", "A", "B")],
        now=0,
    )
    found = prices(request(schedule, objective="minimize_tardiness", time_limit=15, workers=1))
    assert found["proven"] and found["value"] == (120 + 30) * MINUTE
    got = {(row["kind"], row["id"]): (row["improvement"] / MINUTE, row["exact"]) for row in found["prices"]}
    assert got == {
        ("lock", "A"): (90, True),  # A from 0, B from 60: an hour late instead of two and a half
        ("startnoearlierthan", "startnoearlierthan-B"): (30, True),
        ("lock", "D"): (0, True),
        ("unavailable", "out-M2-0"): (0, True),
        ("nooverlap", "nooverlap-A-B"): (0, True),
    }
    assert [row["id"] for row in found["prices"]][:2] == ["A", "startnoearlierthan-B"]
    assert (found["all"]["improvement"], found["all"]["exact"]) == (90 * MINUTE, True)
    assert found["notExamined"] == []


def test_the_frozen_period_has_a_price() -> None:
    schedule = plant([op("F", 100, on="M1", start=0), op("A", 30, on="M1", due=30)], now=0, freeze=10)
    found = prices(request(schedule, objective="minimize_tardiness", time_limit=10, workers=1))
    (row,) = found["prices"]
    assert (row["kind"], row["improvement"], row["exact"]) == ("freeze", 100 * MINUTE, True)
    assert row["improvementText"] == "1 h 40 min less weighted lateness"


def test_where_nothing_is_to_be_gained_one_solve_says_so() -> None:
    schedule = plant([op("A", 60, on="M1", start=0, locked=True), op("B", 60, on="M1", due=120)], now=0)
    found = prices(request(schedule, objective="minimize_tardiness", time_limit=10, workers=1))
    assert [(row["improvement"], row["improvementText"], row["exact"]) for row in found["prices"]] == [
        (0.0, "no gain", True)
    ]


def test_a_gain_behind_the_first_goal_is_told_in_words() -> None:
    schedule = plant([op("A", 60, on="M1", start=100, locked=True, due=500)], now=0)
    aims = ("minimize_tardiness", "minimize_makespan")
    found = prices(request(schedule, objectives=aims, time_limit=10, workers=1))
    (row,) = found["prices"]
    assert (row["improvement"], row["improvementText"]) == (0.0, "1 h 40 min shorter")


def test_prices_need_a_plan() -> None:
    with pytest.raises(TaktwerkError) as refused:
        prices(request(plant(LOCKS), time_limit=5))
    assert refused.value.code == "E003" and refused.value.details["repairs"]


def test_a_task_says_when_there_is_nothing_to_explain() -> None:
    answer = carry_out("explain_infeasible", request(plant([op("A", 60, on="M1")])), SilentReporter(), StopFlag())
    assert (answer["status"], answer["conflict"], answer["repairs"]) == ("feasible", [], [])
