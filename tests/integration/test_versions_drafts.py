"""Unsaved edits: nothing acknowledged is lost, what is broken is said, two windows do not mix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.versions import VersionInfo, VersionService
from engine.diff import diff
from engine.errors import ErrorCode, TaktwerkError
from engine.model import Schedule
from storage import sqlite_file
from storage.database import Database
from tests.support.databases import BACKENDS, fresh_database, line_schedule, moved


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh_database(tmp_path, request.param) as opened:
        yield opened


def _edited(service: VersionService, info: VersionInfo, count: int) -> Schedule:
    """Store so many edits on the version and return what they make of it."""
    schedule = service.data(info.id)
    for number in range(1, count + 1):
        after = moved(schedule, "j0-o0", number)
        service.append_edit(info.schedule_id, info.id, f"Edit {number}", diff(schedule, after).to_json())
        schedule = after
    return schedule


def test_edits_are_recovered_by_the_next_start_and_edited_on(database: Database) -> None:
    crashed = VersionService(database)
    info = crashed.import_schedule(line_schedule())
    working = _edited(crashed, info, 5)
    service = VersionService(database)
    draft = service.open(info.schedule_id).draft
    assert draft is not None and draft.last_seq == 5
    recovery = service.recover(info.schedule_id)
    assert recovery is not None
    assert (recovery.base, recovery.base_schedule, recovery.schedule) == (info, line_schedule(), working)
    assert (recovery.lost, recovery.problem) == ((), None)
    assert [edit.label for edit in recovery.edits] == [f"Edit {i}" for i in range(1, 6)]
    after = moved(working, "j0-o1", 7)
    service.append_edit(info.schedule_id, info.id, "Edit 6", diff(working, after).to_json())
    again = VersionService(database).recover(info.schedule_id)
    assert again is not None and again.schedule == after


def test_without_edits_there_is_nothing_to_recover(database: Database) -> None:
    service = VersionService(database)
    info = service.import_schedule(line_schedule())
    assert service.open(info.schedule_id).draft is None and service.recover(info.schedule_id) is None
    assert not service.discard_draft(info.schedule_id)


def test_saving_ends_the_draft_and_the_next_begins_on_the_new_version(database: Database) -> None:
    service = VersionService(database)
    info = service.import_schedule(line_schedule())
    saved = service.save(info.schedule_id, info.id, _edited(service, info, 3))
    assert service.open(info.schedule_id).draft is None
    working = _edited(service, saved, 2)
    recovery = VersionService(database).recover(info.schedule_id)
    assert recovery is not None and (recovery.base, recovery.schedule) == (saved, working)


def test_discarded_edits_are_gone_and_editing_goes_on(database: Database) -> None:
    service = VersionService(database)
    info = service.import_schedule(line_schedule())
    _edited(service, info, 3)
    assert service.discard_draft(info.schedule_id)
    assert service.recover(info.schedule_id) is None
    _edited(service, info, 1)
    assert len(_draft(database, info)) == 1


def _draft(database: Database, info: VersionInfo) -> list[str]:
    with database.read() as view:
        draft = view.drafts.load(info.schedule_id)
    return [edit.label for edit in draft.edits] if draft else []


def test_edits_from_before_are_neither_mixed_nor_overwritten(database: Database) -> None:
    crashed = VersionService(database)
    info = crashed.import_schedule(line_schedule())
    _edited(crashed, info, 2)
    service = VersionService(database)
    with pytest.raises(TaktwerkError) as raised:
        _edited(service, info, 1)
    assert raised.value.code is ErrorCode.VERSION_CONFLICT and "Recover or discard" in raised.value.message
    service.save(info.schedule_id, info.id, moved(line_schedule(), "j0-o2", 3))
    assert _draft(database, info) == ["Edit 1", "Edit 2"], "another's save leaves unsaved edits alone"
    recovery = VersionService(database).recover(info.schedule_id)
    assert recovery is not None and recovery.base == info


def test_two_windows_on_one_plan_do_not_mix(database: Database) -> None:
    one, two = VersionService(database), VersionService(database)
    info = one.import_schedule(line_schedule())
    working = _edited(one, info, 2)
    assert two.recover(info.schedule_id) is not None
    after = moved(working, "j0-o1", 7)
    two.append_edit(info.schedule_id, info.id, "Two", diff(working, after).to_json())
    for refused in (
        lambda: one.append_edit(info.schedule_id, info.id, "One", diff(working, after).to_json()),
        lambda: one.replace_draft(info.schedule_id, info.id, "One", diff(working, after).to_json()),
        lambda: one.save(info.schedule_id, info.id, working),
    ):
        with pytest.raises(TaktwerkError) as raised:
            refused()
        assert raised.value.code is ErrorCode.VERSION_CONFLICT and "another window" in raised.value.message
    assert _draft(database, info) == ["Edit 1", "Edit 2", "Two"]
    two.save(info.schedule_id, info.id, after)
    with pytest.raises(TaktwerkError, match="saved or discarded in another window"):
        one.append_edit(info.schedule_id, info.id, "One", diff(working, after).to_json())


def test_a_draft_moves_to_another_version_in_one_stroke(database: Database) -> None:
    mine, other = VersionService(database), VersionService(database)
    info = mine.import_schedule(line_schedule())
    working = _edited(mine, info, 2)
    theirs = moved(line_schedule(), "j0-o2", 30)
    head = other.save(info.schedule_id, info.id, theirs)
    mine.replace_draft(info.schedule_id, head.id, "Edits before the merge", diff(theirs, working).to_json())
    recovery = VersionService(database).recover(info.schedule_id)
    assert recovery is not None and (recovery.base, recovery.schedule) == (head, working)
    mine.append_edit(info.schedule_id, head.id, "On", diff(working, moved(working, "j0-o1", 1)).to_json())
    assert _draft(database, info) == ["Edits before the merge", "On"]
    with pytest.raises(TaktwerkError):
        mine.append_edit(info.schedule_id, info.id, "From an old state", {})


def test_what_is_edited_while_a_version_is_saved_stays_an_edit_of_it(database: Database) -> None:
    service = VersionService(database)
    info = service.import_schedule(line_schedule())
    taken = _edited(service, info, 2)
    count = service.edit_count(info.schedule_id)
    after = moved(taken, "j0-o1", 7)
    service.append_edit(info.schedule_id, info.id, "Meanwhile", diff(taken, after).to_json())
    second = service.save(info.schedule_id, info.id, taken, edits=count)
    assert service.data(second.id) == taken
    recovery = VersionService(database).recover(info.schedule_id)
    assert recovery is not None and recovery.problem is None
    assert (recovery.base, recovery.schedule, [e.label for e in recovery.edits]) == (second, after, ["Meanwhile"])

    later = moved(after, "j0-o2", 3)  # the session has not yet heard that it was saved
    service.append_edit(info.schedule_id, info.id, "Still from the old version", diff(after, later).to_json())
    again = VersionService(database).recover(info.schedule_id)
    assert again is not None and (again.base, again.schedule) == (second, later)
    third = service.save(info.schedule_id, second.id, later, edits=2)
    assert _draft(database, info) == []
    last = moved(later, "j0-o0", 1)
    service.append_edit(info.schedule_id, second.id, "After all", diff(later, last).to_json())
    recovered = VersionService(database).recover(info.schedule_id)
    assert recovered is not None and (recovered.base, recovered.schedule) == (third, last)


def test_a_save_that_fails_leaves_the_draft_as_it_is(database: Database) -> None:
    service = VersionService(database)
    info = service.import_schedule(line_schedule())
    taken = _edited(service, info, 2)
    VersionService(database).save(info.schedule_id, info.id, moved(line_schedule(), "j0-o2", 30))
    with pytest.raises(TaktwerkError) as raised:
        service.save(info.schedule_id, info.id, taken, edits=2)
    assert raised.value.code is ErrorCode.VERSION_CONFLICT
    service.append_edit(info.schedule_id, info.id, "On", diff(taken, moved(taken, "j0-o1", 1)).to_json())
    assert _draft(database, info) == ["Edit 1", "Edit 2", "On"]


@pytest.mark.parametrize(
    ("damage", "kept"),
    [
        ("UPDATE draft_edits SET delta = replace(delta, '06:', '07:') WHERE seq = 3", 2),
        ("UPDATE draft_edits SET delta = 'half a doc' WHERE seq = 4", 3),
        ("UPDATE draft_edits SET delta = CAST(x'7bff7d' AS TEXT), label = x'ff' WHERE seq = 4", 3),
        ("UPDATE draft_edits SET delta = '[]', delta_hash = 'x' WHERE seq = 1", 0),
        ("DELETE FROM draft_edits WHERE seq = 2", 1),
        # whole in itself, but not made on what is before it
        (
            "UPDATE draft_edits SET (delta, delta_hash) = (SELECT delta, delta_hash FROM draft_edits WHERE seq = 5) "
            "WHERE seq = 3",
            2,
        ),
    ],
)
def test_of_a_broken_draft_everything_before_the_break_is_recovered(tmp_path: Path, damage: str, kept: int) -> None:
    with fresh_database(tmp_path) as database:
        crashed = VersionService(database)
        info = crashed.import_schedule(line_schedule())
        _edited(crashed, info, 5)
        plain = sqlite_file.connect(tmp_path / "taktwerk.db")
        plain.execute(damage)
        plain.close()
        stored = len(_draft(database, info))
        service = VersionService(database)
        recovery = service.recover(info.schedule_id)
        assert recovery is not None and recovery.problem is not None
        assert recovery.problem.code is ErrorCode.STORAGE
        assert (len(recovery.edits), len(recovery.lost)) == (kept, stored - kept)
        assert recovery.schedule == moved(line_schedule(), "j0-o0", sum(range(1, kept + 1)))
        assert f'from "{recovery.lost[0]}" on' in recovery.problem.message
        assert len(_draft(database, info)) == stored, "looking deletes nothing"
        after = moved(recovery.schedule, "j0-o1", 9)
        service.append_edit(info.schedule_id, info.id, "On", diff(recovery.schedule, after).to_json())
        again = VersionService(database).recover(info.schedule_id)
        assert again is not None and (again.schedule, again.problem) == (after, None)


def test_an_edit_that_cannot_be_stored_changes_nothing(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        service = VersionService(database)
        info = service.import_schedule(line_schedule())
        working = _edited(service, info, 2)
        plain = sqlite_file.connect(tmp_path / "taktwerk.db")
        plain.execute("CREATE TRIGGER full BEFORE INSERT ON draft_edits BEGIN SELECT RAISE(ABORT, 'no'); END")
        with pytest.raises(TaktwerkError) as raised:
            service.append_edit(info.schedule_id, info.id, "Lost", {})
        assert raised.value.code is ErrorCode.STORAGE
        plain.execute("DROP TRIGGER full")
        plain.close()
        after = moved(working, "j0-o1", 9)
        service.append_edit(info.schedule_id, info.id, "Kept", diff(working, after).to_json())
        assert _draft(database, info) == ["Edit 1", "Edit 2", "Kept"]
