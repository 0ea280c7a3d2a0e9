"""What a repair changes in a request, edit by edit, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import TaktwerkError
from engine.model import Demand, OptimizationRequest, Scope
from engine.solve.why.edits import apply_edits, apply_repair
from engine.validate import parse_request
from tests.support.plants import (
    after,
    at,
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
)

EVENTS = [
    op("A", 60, on="M1", start=0, locked=True, deadline=90, release=5, interruptible=False, order="O1"),
    op("B", 60, on="M1", start=60, demands=[Demand(resource_id="crew")], family="f"),
]
OVERTIME = {"kind": "calendarException", "from": "2026-01-05T12:00:00+00:00", "to": "2026-01-05T12:45:00+00:00"}


@pytest.fixture
def asked() -> OptimizationRequest:
    schedule = plant(
        EVENTS,
        [machine("M1", calendar="C1"), machine("M2", calendar="C1"), machine("M3", calendar="C2"), machine("crew")],
        dependencies=[after("A", "B", lag=5, max_lag=60)],
        constraints=[date_rule("startnolaterthan", "B", 100), outage("M1", 300, 400)],
        calendars=[calendar("C1", "00:00-12:00"), calendar("C2", "00:00-12:00"), calendar("C1-M1")],
        orders=[order("O1", deadline=200, release=10)],
        matrices=[matrix("S1", {("f", "g"): None, ("g", "f"): 5})],
        freeze=30,
    )
    return request(schedule, locked=["B"], blocks=[block("M1", 500, 600)], scope=Scope(event_ids=("A",)))


def edited(asked: OptimizationRequest, **edit: Any) -> OptimizationRequest:
    changed = apply_edits(asked, [edit])
    assert parse_request(changed.to_json()) == changed  # what comes out is valid, and survives the wire
    return changed


def first(items: Any, key: str) -> Any:
    return next(item for item in items if item.id == key)


def test_dates_of_operations_and_orders_move_and_go(asked: OptimizationRequest) -> None:
    to = "2026-01-05T03:00:00Z"
    shot = edited(asked, kind="deadline", eventId="A", to=to).schedule_data.snapshot
    assert first(shot.events, "A").deadline == at(180)
    shot = edited(asked, kind="deadline", orderId="O1", to=None).schedule_data.snapshot
    assert first(shot.orders, "O1").deadline is None and first(shot.events, "A").deadline == at(90)
    shot = edited(asked, kind="release", orderId="O1", to="2026-01-05T00:01:00Z").schedule_data.snapshot
    assert first(shot.orders, "O1").release_date == at(1)
    shot = edited(asked, kind="constraintDate", constraintId="startnolaterthan-B", to=to).schedule_data.snapshot
    assert first(shot.constraints, "startnolaterthan-B").date == at(180)
    assert edited(asked, kind="freeze").schedule_data.metadata.freeze_until is None


def test_locks_go_wherever_they_come_from(asked: OptimizationRequest) -> None:
    assert not first(edited(asked, kind="unlock", eventId="A").schedule_data.snapshot.events, "A").locked
    assert edited(asked, kind="unlock", eventId="B").locks.events == ()
    span = {"resourceId": "M1", "start": "2026-01-05T08:20:00Z", "end": "2026-01-05T10:00:00Z"}
    assert edited(asked, kind="unblock", **span).locks.resource_intervals == ()
    cut = {"newStart": "2026-01-05T09:00:00Z", "newEnd": "2026-01-05T10:00:00Z"}
    assert edited(asked, kind="unblock", **span, **cut).locks.resource_intervals == (block("M1", 540, 600),)
    assert edited(asked, kind="scope").options.scope is None


def test_overtime_on_a_shared_calendar_is_for_one_resource_only(asked: OptimizationRequest) -> None:
    shot = edited(asked, **OVERTIME, resourceId="M1", working=True).schedule_data.snapshot
    own = first(shot.calendars, str(first(shot.resources, "M1").calendar))
    assert own.id == "C1-M1-2"  # the plain name is taken
    assert [(e.from_, e.to, e.working) for e in own.exceptions] == [(OVERTIME["from"], OVERTIME["to"], True)]
    assert first(shot.resources, "M2").calendar == "C1" and not first(shot.calendars, "C1").exceptions
    shot = edited(asked, **OVERTIME, resourceId="M3").schedule_data.snapshot
    assert first(shot.resources, "M3").calendar == "C2" and first(shot.calendars, "C2").exceptions


def test_facts_of_the_plant_can_be_changed_too(asked: OptimizationRequest) -> None:
    def shot(**edit: Any) -> Any:
        return edited(asked, **edit).schedule_data.snapshot

    assert not first(shot(kind="disable", constraintId="out-M1-300").constraints, "out-M1-300").enabled
    span = {"start": "2026-01-05T05:00:00Z", "end": "2026-01-05T06:00:00Z"}
    assert first(shot(kind="outage", constraintId="out-M1-300", **span).constraints, "out-M1-300").end == at(360)
    assert first(shot(kind="noCalendar", resourceId="M1").resources, "M1").calendar is None
    assert first(shot(kind="capacity", resourceId="crew", to=3).resources, "crew").capacity == 3
    assert first(shot(kind="capacity", resourceId="crew").resources, "crew").infinite
    assert first(shot(kind="interruptible", eventId="A").events, "A").interruptible
    assert first(shot(kind="dropDemands", eventId="B").events, "B").demands is None
    assert [r.from_ for r in first(shot(kind="allowSequences", matrixId="S1").setup_matrices, "S1").rules] == ["g"]
    assert shot(kind="dropDependency", dependencyId="A>B/2").dependencies == ()
    lagged = shot(kind="lag", dependencyId="A>B/2", to=-60_000).dependencies[0]
    assert (lagged.lag_ms, lagged.max_lag_ms) == (-60_000, 3_600_000)
    assert shot(kind="maxLag", dependencyId="A>B/2", to=7_200_000).dependencies[0].max_lag_ms == 7_200_000


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        ({"kind": "deadline", "eventId": "gone", "to": None}, "E012"),
        ({"kind": "dropDependency", "dependencyId": "gone"}, "E012"),
        ({"kind": "unblock", "resourceId": "M1", "start": "2026-01-05T00:00Z", "end": "2026-01-05T01:00Z"}, "E012"),
        ({**OVERTIME, "resourceId": "gone"}, "E012"),
        ({**OVERTIME, "resourceId": "M1", "to": OVERTIME["from"]}, "E001"),
        ({"kind": "deadline", "eventId": "A", "to": "soon"}, "E001"),
        ({"kind": "deadline"}, "E001"),
        ({"kind": "magic"}, "E001"),
        ({}, "E001"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused(asked: OptimizationRequest, edit: dict[str, Any], code: str) -> None:
    with pytest.raises(TaktwerkError) as refused:
        apply_repair(asked, {"change": [edit]})
    assert refused.value.code == code
