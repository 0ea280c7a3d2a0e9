"""Draft edits: numbered without gaps, stored one by one, kept apart from other windows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import ErrorCode, TaktwerkError
from storage import canonical, sqlite_file
from storage.database import Database
from tests.support.databases import BACKENDS, first_version, fresh_database, line_schedule

_DELTA = {"events": {"a": {"changed": {"duration": [1, 2]}}}}


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh_database(tmp_path, request.param) as opened:
        yield opened


def _begun(database: Database, edits: int) -> tuple[str, str, str]:
    """Return schedule, version and draft ids of a draft with so many edits."""
    info = first_version(database, line_schedule())
    with database.unit_of_work() as uow:
        draft_id = uow.drafts.open(info.schedule_id, "main", info.id)
        for seq in range(1, edits + 1):
            uow.drafts.append(draft_id, seq, f"Edit {seq}", _DELTA)
        uow.commit()
    return info.schedule_id, info.id, draft_id


def test_edits_come_back_in_order(database: Database) -> None:
    schedule_id, version_id, draft_id = _begun(database, 12)
    with database.read() as view:
        draft = view.drafts.load(schedule_id)
        assert view.drafts.load(schedule_id, "other") is None
    assert draft is not None
    assert (draft.id, draft.base_version_id, draft.head_name, draft.last_seq) == (draft_id, version_id, "main", 12)
    assert [edit.label for edit in draft.edits] == [f"Edit {i}" for i in range(1, 13)]
    assert all(edit.is_intact and canonical.loads(edit.delta_json) == _DELTA for edit in draft.edits)


def test_a_number_out_of_turn_is_another_window(database: Database) -> None:
    _, _, draft_id = _begun(database, 2)
    for seq in (0, 1, 2, 4):
        with pytest.raises(TaktwerkError) as raised, database.unit_of_work() as uow:
            uow.drafts.append(draft_id, seq, "x", _DELTA)
        assert raised.value.code is ErrorCode.VERSION_CONFLICT


def test_edits_are_cut_off_and_drafts_discarded(database: Database) -> None:
    schedule_id, version_id, draft_id = _begun(database, 5)
    with database.unit_of_work() as uow:
        assert uow.drafts.open(schedule_id, "main", version_id) == draft_id
        assert uow.drafts.truncate(draft_id, 3) == 2
        uow.drafts.append(draft_id, 4, "Other", _DELTA)
        uow.commit()
    with database.unit_of_work() as uow:
        assert not uow.drafts.discard(schedule_id, "main", "another draft")
        assert uow.drafts.discard(schedule_id)
        assert not uow.drafts.discard(schedule_id)
        with pytest.raises(TaktwerkError, match="no draft"):
            uow.drafts.append(draft_id, 5, "x", _DELTA)
        uow.commit()
    with database.read() as view:
        assert view.drafts.load(schedule_id) is None


def test_a_draft_with_edits_on_another_version_is_not_taken_over(database: Database) -> None:
    schedule_id, version_id, draft_id = _begun(database, 1)
    with database.unit_of_work() as uow:
        newer = uow.versions.add(schedule_id, version_id, line_schedule(4), {}, "manual", None, None)
        uow.commit()
    with pytest.raises(TaktwerkError) as raised, database.unit_of_work() as uow:
        uow.drafts.open(schedule_id, "main", newer.id)
    assert raised.value.code is ErrorCode.VERSION_CONFLICT
    with database.unit_of_work() as uow:
        uow.drafts.truncate(draft_id, 0)
        assert uow.drafts.open(schedule_id, "main", newer.id) != draft_id, "an empty one is begun anew"
        uow.commit()


def test_a_changed_edit_is_known_as_such(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        schedule_id, _, _ = _begun(database, 3)
        plain = sqlite_file.connect(tmp_path / "taktwerk.db")
        plain.execute("""UPDATE draft_edits SET delta = replace(delta, '[1,2]', '[1,3]') WHERE seq = 2""")
        plain.close()
        with database.read() as view:
            draft = view.drafts.load(schedule_id)
    assert draft is not None
    assert [edit.is_intact for edit in draft.edits] == [True, False, True]
