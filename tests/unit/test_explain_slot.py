"""Why not here: one small plan a rule."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import TaktwerkError
from engine.explain import Rulebook, SlotAnswer, why_not_here
from engine.model import Schedule, Status
from engine.plan import PlanFacts
from tests.support.plants import (
    HOUR,
    after,
    at_ms,
    block,
    calendar,
    date_rule,
    machine,
    matrix,
    op,
    order,
    outage,
    plant,
    request,
    set_rule,
)


def ask(schedule: Schedule, start: float, on: str | None = "M1", event: str = "A", **fields: Any) -> SlotAnswer:
    return why_not_here(PlanFacts(schedule), event, on, at_ms(start), **fields)


def rules(answer: SlotAnswer) -> list[str]:
    return [one.rule for one in answer.obstacles]


A = op("A", 60, on="M1", start=300)
B = op("B", 60, on="M1", start=30)


CASES: list[tuple[str, Schedule, float, float | None]] = [
    # rule, plan, asked, first free place after it
    ("capacity", plant([A, B], now=0), 0, 90),
    ("horizon", plant([A], now=10), 0, 10),
    ("release", plant([op("A", 60, on="M1", start=300, release=45)], now=0), 0, 45),
    ("predecessor", plant([A, op("B", 60, on="M2", start=30)], dependencies=[after("B", "A", lag=5)]), 40, 95),
    ("successor", plant([A, op("B", 60, on="M2", start=400)], dependencies=[after("A", "B")]), 350, None),
    ("max_lag", plant([A, op("B", 60, on="M2", start=240)], dependencies=[after("B", "A", max_lag=10)]), 320, None),
    (
        "max_lag",
        plant([A, op("B", 60, on="M2", start=420)], dependencies=[after("A", "B", max_lag=90)], now=0),
        0,
        270,
    ),
    ("deadline", plant([op("A", 60, on="M1", start=300, deadline=400)]), 350, None),
    ("startnoearlierthan", plant([A], constraints=[date_rule("startnoearlierthan", "A", 100)]), 0, 100),
    ("finishnoearlierthan", plant([A], constraints=[date_rule("finishnoearlierthan", "A", 100)]), 0, 40),
    ("startnolaterthan", plant([A], constraints=[date_rule("startnolaterthan", "A", 310)]), 320, None),
    ("nooverlap", plant([A, op("B", 60, on="M2", start=30)], constraints=[set_rule("nooverlap", "A", "B")]), 30, 90),
    (
        "calendar",
        plant([A], [machine("M1", calendar="C")], calendars=[calendar("C", "06:00-14:00")]),
        0,
        6 * HOUR,
    ),
    ("calendar", plant([A], constraints=[outage("M1", 0, 50)]), 10, 50),
    (
        "demand",
        plant([op("A", 60, on="M1", start=300, demands=["P"]), op("B", 60, on="M2", start=0, demands=["P"])]),
        0,
        60,
    ),
    (
        "demand_calendar",
        plant(
            [op("A", 60, on="M1", start=7 * HOUR, demands=["P"])],
            [machine("P", calendar="C")],
            calendars=[calendar("C", "06:00-14:00")],
        ),
        0,
        6 * HOUR,
    ),
]


@pytest.mark.parametrize(("rule", "schedule", "asked", "free"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)])
def test_the_rule_and_the_first_free_place(rule: str, schedule: Schedule, asked: float, free: float | None) -> None:
    answer = ask(schedule, asked)
    assert rule in rules(answer)
    assert not answer.is_free
    assert answer.earliest_at_ms == (None if free is None else at_ms(free))
    assert all(one.text.endswith(".") for one in answer.obstacles)


def test_a_free_slot() -> None:
    answer = ask(plant([A, B], now=0), 90)
    assert answer.is_free and answer.earliest_at_ms == at_ms(90)
    assert answer.consequence is not None and answer.consequence.moved == ()
    assert "nothing stands in its way" in answer.text


def test_not_one_of_its_modes() -> None:
    schedule = plant([op("A", 60, on="M1", start=0, modes=["M1", "M2"])], [machine("M3")])
    answer = ask(schedule, 0, "M3")
    assert rules(answer) == ["mode"] and answer.consequence is None
    assert "It can run on M1 and M2" in answer.obstacles[0].text


def test_a_resource_that_another_must_share() -> None:
    events = [op("A", 60, on="M1", start=0, modes=["M1", "M2"]), op("B", 60, on="M1", start=90)]
    for rule, resource in (("sameresource", "M2"), ("differentresource", "M1")):
        answer = ask(plant(events, constraints=[set_rule(rule, "A", "B")]), 0, resource)
        assert rules(answer) == [rule]


@pytest.mark.parametrize(
    ("fields", "rule"), [({"locked": True}, "locked"), ({"status": Status.STARTED}, "started"), ({}, "frozen")]
)
def test_pinned_operations_say_so(fields: dict[str, Any], rule: str) -> None:
    schedule = plant([op("A", 60, on="M1", start=20, **fields)], freeze=30 if rule == "frozen" else None)
    answer = ask(schedule, 100)
    assert rules(answer) == [rule]
    assert (answer.consequence is None) == (rule == "started")


def test_setups_on_both_sides_and_forbidden_sequences() -> None:
    table = {("x", "y"): 20, ("y", "x"): 20, ("x", "x"): 0, ("x", "z"): None}
    events = [
        op("B", 60, on="M1", start=0, family="x"),
        op("C", 60, on="M1", start=150, family="x"),
        op("A", 50, on="M1", start=400, family="y"),
    ]
    schedule = plant(events, [machine("M1", setup_matrix="S1")], matrices=[matrix("S1", table)], now=0)
    assert ask(schedule, 80).is_free, "set up 60-80, worked until 130, and C is set up from 130"
    assert rules(ask(schedule, 79)) == ["capacity"]
    assert rules(ask(schedule, 81)) == ["capacity"]
    events.append(op("D", 30, on="M1", start=600, family="z"))
    schedule = plant(events, [machine("M1", setup_matrix="S1")], matrices=[matrix("S1", table)], now=0)
    assert rules(ask(schedule, 220, event="D")) == ["forbidden_sequence"]
    assert rules(ask(schedule, 700)) == ["forbidden_sequence"], "without A between them, D would follow C"


def test_blocked_spans_and_locks_of_a_request() -> None:
    schedule = plant([A, B], now=0)
    facts = PlanFacts(schedule)
    asked = request(schedule, locked=["A"], blocks=[block("M1", 100, 200)])
    answer = why_not_here(facts, "A", "M1", at_ms(120), Rulebook(facts, asked))
    assert set(rules(answer)) == {"locked", "blocked"}


def test_pinning_pushes_the_others_and_tells_who_is_hurt() -> None:
    schedule = plant(
        [op("A", 60, on="M1", start=300, order="O1"), op("B", 60, on="M1", start=30, order="O2"),
         op("C", 60, on="M2", start=90, order="O2"), op("L", 30, on="M2", start=155, locked=True)],
        orders=[order("O1", due=600), order("O2", due=150)],
        dependencies=[after("B", "C")],
        now=0,
    )  # fmt: skip
    answer = ask(schedule, 0)
    effect = answer.consequence
    assert effect is not None
    assert PlanFacts(effect.schedule).starts == {
        "A": at_ms(0), "B": at_ms(60), "C": at_ms(185), "L": at_ms(155),
    }  # fmt: skip
    assert effect.moved == ("B", "C") and effect.broken == ()
    hurt = {one.order_id: one for one in effect.orders}
    assert hurt["O2"].is_newly_late and hurt["O2"].later_ms == 95 * 60_000
    assert hurt["O1"].later_ms == -300 * 60_000
    assert (effect.before.late_orders, effect.after.late_orders) == (0, 1)
    document = answer.to_json()
    assert document["asked"] == "2026-01-05T00:00:00Z"
    assert document["consequence"]["after"]["lateOrders"] == 1 and "schedule" not in document["consequence"]


def test_an_unscheduled_operation_can_be_asked_about() -> None:
    answer = ask(plant([op("A", 60, modes=["M1"]), B], now=0), 0)
    assert rules(answer) == ["capacity"] and answer.earliest_at_ms == at_ms(90)


def test_a_choice_of_tools_takes_the_free_one() -> None:
    schedule = plant(
        [op("A", 60, on="M1", start=300, demands=[["T1", "T2"]]), op("B", 60, on="M2", start=0, demands=["T1"])], now=0
    )
    answer = ask(schedule, 0)
    assert answer.is_free and answer.consequence is not None
    placed = PlanFacts(answer.consequence.schedule).operations["A"]
    assert placed.demands is not None and placed.demands[0].resource_id == "T2"


def test_unknown_ids() -> None:
    for event, resource in (("?", "M1"), ("A", "?")):
        with pytest.raises(TaktwerkError) as caught:
            ask(plant([A]), 0, resource, event)
        assert caught.value.code.value == "E012"
