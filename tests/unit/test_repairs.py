"""What a repair, or the release of a rule, comes to: edits of the plan, and of a run's settings."""

from __future__ import annotations

import pytest

from app.commands import Adjust, Lock, parse_command
from app.repairs import release, remedy
from engine.errors import TaktwerkError
from engine.plan import PlanFacts
from engine.solve.why.edits import _HANDLERS
from tests.support.board_session import make_session
from tests.support.plants import after, at, block, calendar, date_rule, machine, matrix, op, order, outage, plant

PLAN = plant(
    [op("A", 60, on="M1", start=0, locked=True, order="O1")],
    [machine("M1")],
    orders=[order("O1", deadline=30)],
    constraints=[date_rule("startnolaterthan", "A", 100)],
    freeze=30,
)
FACTS = PlanFacts(PLAN)
SPAN = block("M1", 500, 600)
SHORTER = {**SPAN.to_json(), "newStart": at(550).isoformat(), "newEnd": at(600).isoformat(), "kind": "unblock"}


def test_a_repair_of_the_plan_is_one_command() -> None:
    change = [{"kind": "deadline", "orderId": "O1", "to": at(60).isoformat()}, {"kind": "unlock", "eventId": "A"}]
    found = remedy({"kind": "deadline", "text": "End O1 30 min later.", "change": change})
    assert found.name == "Repair: End O1 30 min later" and found.of_the_run == ()
    assert found.command is not None and parse_command(found.command.to_json()) == found.command
    done = found.command.carry_out(PLAN, FACTS, "off")
    assert done.label == found.name
    assert done.schedule.snapshot.orders[0].deadline == at(60) and not done.schedule.snapshot.events[0].locked


def test_blocked_spans_and_the_scope_belong_to_the_run() -> None:
    found = remedy({"text": "Give 50 min back.", "change": [SHORTER, {"kind": "scope"}]})
    assert found.command is None and found.frees_scope
    (kept,) = found.blocked(PLAN, [SPAN])
    assert (kept.start, kept.end) == (at(550), at(600))
    with pytest.raises(TaktwerkError) as gone:
        found.blocked(PLAN, [])
    assert gone.value.code == "E012"
    assert remedy({"text": "x", "change": [{"kind": "freeze"}]}).blocked(PLAN, [SPAN]) == (SPAN,)


def test_what_cannot_be_applied_says_so() -> None:
    with pytest.raises(TaktwerkError, match="did not store"):
        remedy({"text": "Unlock A"})
    lost = remedy({"text": "Later.", "change": [{"kind": "deadline", "orderId": "O9", "to": at(60).isoformat()}]})
    assert lost.command is not None
    with pytest.raises(TaktwerkError, match="no order 'O9'"):
        lost.command.carry_out(PLAN, FACTS, "off")


def test_every_priced_rule_can_be_released() -> None:
    assert release({"kind": "lock", "id": "A"}).command == Lock(kind="lock", event_ids=("A",), locked=False)
    thaw = release({"kind": "freeze", "id": "freeze", "text": "What starts before 10:00 is frozen."}).command
    assert isinstance(thaw, Adjust) and thaw.carry_out(PLAN, FACTS, "off").schedule.metadata.freeze_until is None
    (rule,) = PLAN.snapshot.constraints
    off = release({"kind": rule.type, "id": rule.id, "text": "A must start by noon."}).command
    assert isinstance(off, Adjust) and off.name == "Switch off: A must start by noon"
    assert not off.carry_out(PLAN, FACTS, "off").schedule.snapshot.constraints[0].enabled
    free = release({"kind": "blocked", "id": "0", "text": "M1 is blocked."}, [SPAN])
    assert free.command is None and free.blocked(PLAN, [SPAN]) == ()


RICH = plant(
    [
        op("A", 60, on="M1", start=0, locked=True, deadline=90, release=0, due=60, interruptible=False, order="O1"),
        op("B", 60, on="M2", start=60, demands=["crew"], family="f"),
    ],
    [machine("M1", calendar="C1"), machine("M2", calendar="C1", setup_matrix="S1"), machine("crew")],
    dependencies=[after("A", "B", lag=5, max_lag=60)],
    constraints=[date_rule("startnolaterthan", "B", 100, id="late"), outage("M1", 300, 400, id="off")],
    calendars=[calendar("C1", "00:00-12:00")],
    orders=[order("O1", deadline=200, release=0)],
    matrices=[matrix("S1", {("f", "g"): None})],
    freeze=30,
)
SPAN_OF = {"start": at(300).isoformat(), "end": at(310).isoformat()}
LINK = RICH.snapshot.dependencies[0].id
CHANGES = {
    "deadline": {"orderId": "O1", "to": at(300).isoformat()},
    "release": {"eventId": "A"},
    "due": {"eventId": "A", "to": at(90).isoformat()},
    "constraintDate": {"constraintId": "late", "to": at(200).isoformat()},
    "outage": {"constraintId": "off", **SPAN_OF},
    "disable": {"constraintId": "late"},
    "unlock": {"eventId": "A"},
    "tolerate": {"eventId": "A"},
    "freeze": {"to": at(10).isoformat()},
    "calendarException": {"resourceId": "M1", "from": "2026-01-05T12:00:00Z", "to": "2026-01-05T13:00:00Z"},
    "noCalendar": {"resourceId": "M1"},
    "capacity": {"resourceId": "crew", "to": 2},
    "interruptible": {"eventId": "A"},
    "dropDemands": {"eventId": "B"},
    "allowSequences": {"matrixId": "S1"},
    "lag": {"dependencyId": LINK, "to": 0},
    "maxLag": {"dependencyId": LINK},
    "dropDependency": {"dependencyId": LINK},
}


def test_every_kind_of_repair_is_known_here() -> None:
    assert CHANGES.keys() | {"unblock", "scope"} == _HANDLERS.keys()


@pytest.mark.parametrize("kind", CHANGES)
def test_every_kind_of_repair_is_applied_and_undone_as_one_step(kind: str) -> None:
    session = make_session(RICH)
    found = remedy({"text": f"Mend by {kind}.", "change": [{"kind": kind, **CHANGES[kind]}]})
    assert found.command is not None
    answer = session.execute(found.command)
    assert answer.error is None and session.undo_label == f"Repair: Mend by {kind}"
    assert session.working != RICH
    assert session.undo().error is None and session.working == RICH
