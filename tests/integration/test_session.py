"""The planning session on a real database: gestures, undo, drafts, versions, previews."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.commands import parse_command
from app.session import Answer, PlanningSession
from app.versions import VersionService
from engine.diff import diff
from engine.errors import ErrorCode
from engine.instants import format_instant, to_ms
from engine.metrics import kpis, metrics
from engine.model import OptimizationResult, PlacedEvent, Schedule
from tests.support.databases import fresh_database
from tests.support.plants import after, at, op, order, plant, request


def _schedule() -> Schedule:
    return plant(
        [
            op("A", 60, modes=["M1", "M2"], on="M1", start=0, order_id="O1"),
            op("B", 60, on="M1", start=60, order_id="O1"),
            op("C", 60, on="M2", start=0, locked=True),
        ],
        dependencies=[after("A", "B")],
        orders=[order("O1", due=120)],
    )


@pytest.fixture
def versions(tmp_path: Path) -> Iterator[VersionService]:
    with fresh_database(tmp_path) as database:
        yield VersionService(database, "tester")


def _open(versions: VersionService, schedule_id: str) -> PlanningSession:
    opened = versions.open(schedule_id)
    recovery = versions.recover(schedule_id) if opened.draft else None
    return PlanningSession(versions, schedule_id, opened.head, opened.schedule, recovery and recovery.schedule)


@pytest.fixture
def session(versions: VersionService) -> PlanningSession:
    return _open(versions, versions.import_schedule(_schedule()).schedule_id)


def _do(session: PlanningSession, kind: str, **fields: Any) -> Answer:
    return session.execute(parse_command({"kind": kind, **fields}))


def _move(session: PlanningSession, key: str, minute: float, resource: str | None = None) -> Answer:
    fields = {"eventId": key, "start": format_instant(at(minute))}
    return _do(session, "move", **fields, **({"resourceId": resource} if resource else {}))


def _start(session: PlanningSession, key: str) -> float:
    start = session.facts.operations[key].start_date
    assert start
    return (to_ms(start) - to_ms(at(0))) / 60_000


def test_a_move_answers_with_its_violations_and_kpis(session: PlanningSession) -> None:
    answer = _move(session, "A", 30)
    assert answer.error is None
    assert answer.changed == ("A",)
    assert {v.rule for v in answer.new_violations} == {"overlap", "dependency"}
    assert answer.kpis == kpis(session.working)
    assert answer.kpis_before == session.head_kpis
    assert answer.revision == 1


def test_push_moves_the_successor_in_the_same_step(session: PlanningSession) -> None:
    session.push = "on"
    answer = _move(session, "A", 30)
    assert set(answer.changed) == {"A", "B"}
    assert answer.violations == ()
    assert _start(session, "B") == 90
    session.undo()
    assert diff(session.working, session.head_schedule).is_empty


def test_undo_and_redo_without_limit(session: PlanningSession) -> None:
    states = [session.working]
    for minute in range(200, 260):
        assert _move(session, "A", minute).error is None
        states.append(session.working)
    assert session.undo_label == "Move A"
    for state in reversed(states[:-1]):
        session.undo()
        assert session.working == state
    assert session.undo_label is None
    for state in states[1:]:
        session.redo()
        assert session.working == state
    assert session.redo_label is None


def test_a_new_edit_ends_redo(session: PlanningSession) -> None:
    _move(session, "A", 200)
    session.undo()
    _move(session, "A", 300)
    assert session.redo_label is None


@pytest.mark.parametrize("kind", ["move", "unschedule", "edit"])
def test_a_lock_refuses_and_changes_nothing(session: PlanningSession, kind: str) -> None:
    before = session.working
    if kind == "move":
        answer = _move(session, "C", 500)
    elif kind == "unschedule":
        answer = _do(session, "unschedule", eventIds=["C"])
    else:
        answer = _do(session, "edit", eventId="C", changes={"duration": 120_000})
    assert answer.error is not None
    assert answer.error.code is ErrorCode.RESOURCE_LOCKED
    assert session.working is before
    assert session.undo_label is None


def test_unlocking_frees_it(session: PlanningSession) -> None:
    assert _do(session, "lock", eventIds=["C"], locked=False).changed == ("C",)
    assert _move(session, "C", 500).error is None


def test_an_edit_names_every_bad_field(session: PlanningSession) -> None:
    answer = _do(session, "edit", eventId="A", changes={"duration": -5, "percentDone": 300, "id": "X"})
    assert answer.error is not None and answer.error.code is ErrorCode.INVALID_SCHEDULE
    answer = _do(session, "edit", eventId="A", changes={"duration": -5, "percentDone": 300})
    assert answer.error is not None
    assert {f["path"] for f in answer.error.details["faults"]} == {"changes.duration", "changes.percentDone"}


def test_a_longer_operation_ends_later(session: PlanningSession) -> None:
    _do(
        session, "edit", eventId="A", changes={"duration": 90 * 60_000, "name": "Longer"}, start=format_instant(at(300))
    )
    edited = session.facts.operations["A"]
    assert (edited.name, edited.end_date) == ("Longer", at(390))
    assert session.undo_label == "Edit A"


def test_unscheduled_operations_keep_their_alternatives(session: PlanningSession) -> None:
    answer = _do(session, "unschedule", eventIds=["A", "B"])
    assert answer.kpis and answer.kpis.unscheduled == 2
    assert session.facts.operations["A"].resource_id is None
    assert session.facts.operations["B"].resource_id == "M1"
    assert _move(session, "A", 10, "M2").error is None
    assert session.facts.operations["A"].resource_id == "M2"


def test_acknowledged_edits_survive_a_crash(versions: VersionService, session: PlanningSession) -> None:
    _move(session, "A", 200)
    _move(session, "A", 240)
    session.undo()
    _do(session, "lock", eventIds=["A"], locked=True)
    again = _open(versions, session.schedule_id)
    assert again.working == session.working
    assert again.is_dirty


def test_saving_makes_a_version_whose_diff_rebuilds_it(versions: VersionService, session: PlanningSession) -> None:
    first = session.head
    _move(session, "A", 200)
    saved = session.save("moved A")
    assert (saved.number, saved.source, saved.parent_version_id) == (2, "manual", first.id)
    assert not session.is_dirty
    assert versions.data(saved.id) == session.working
    assert versions.diff_from_parent(saved.id) == diff(versions.data(first.id), session.working)
    assert versions.open(session.schedule_id).draft is None
    session.undo()
    assert session.is_dirty
    assert session.working == versions.data(first.id)


def test_another_writer_is_a_conflict_and_a_merge_takes_both(
    versions: VersionService, session: PlanningSession
) -> None:
    other = _open(versions, session.schedule_id)
    _move(session, "A", 200)
    theirs = versions.data(other.head.id).model_copy()
    edited = plant_with_due(theirs)
    versions.save(other.schedule_id, other.head.id, edited)
    with pytest.raises(Exception, match="E004"):
        session.save()
    assert session.is_dirty
    answer = session.take_in()
    assert answer.error is None
    assert _start(session, "A") == 200
    assert session.working.snapshot.orders[0].name == "renamed"
    assert session.save().number == 3


def plant_with_due(schedule: Schedule) -> Schedule:
    orders = (schedule.snapshot.orders[0].model_copy(update={"name": "renamed"}),)
    return schedule.model_copy(update={"snapshot": schedule.snapshot.model_copy(update={"orders": orders})})


def _result(schedule: Schedule, **starts: float) -> OptimizationResult:
    events = tuple(
        PlacedEvent(
            id=o.id,
            resource_id=o.resource_id,
            start_date=at(starts[o.id]) if o.id in starts else o.start_date,
            end_date=at(starts[o.id] + 60) if o.id in starts else o.end_date,
            changed=o.id in starts,
        )
        for o in schedule.snapshot.events
    )
    return OptimizationResult(events=events, metrics=metrics(request(schedule), schedule))


def test_a_preview_merges_with_what_was_edited_meanwhile(session: PlanningSession) -> None:
    start = session.working
    _do(session, "edit", eventId="A", changes={"priority": 7})
    preview = session.show_preview("run", start, _result(start, B=300))
    assert [(c.event_id, c.shift_ms) for c in preview.changes] == [("B", 240 * 60_000)]
    assert preview.conflicts == ()
    merged = {o.id: o for o in preview.merged.snapshot.events}
    assert merged["A"].priority == 7
    assert merged["B"].manually_scheduled
    assert preview.kpis_after.late_orders == 1


def test_both_moved_it_the_planner_wins_unless_resolved(session: PlanningSession) -> None:
    start = session.working
    _move(session, "B", 500)
    preview = session.show_preview("run", start, _result(start, B=300))
    assert [c.key for c in preview.conflicts] == ["events/B/placement"]
    assert preview.changes == ()
    resolved = preview.rebased(session.working, {"events/B/placement": "theirs"})
    assert [c.event_id for c in resolved.changes] == ["B"]
