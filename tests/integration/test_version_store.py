"""Versions as changes: what is stored, how it comes back, what damage is noticed, and files from before."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.versions import VersionService
from engine.diff import diff
from engine.errors import ErrorCode, TaktwerkError
from engine.model import Schedule
from storage import canonical, migrate, sqlite_file, version_form
from storage.canonical import encode
from storage.database import Database, open_database
from storage.document import Document
from storage.version_form import MOST_DEPTH, PLAIN_BYTES, Parent, form_of
from tests.support.databases import BACKENDS, fresh_database, line_schedule, moved
from tests.support.plan_edits import edited, small_plan

_BIG = line_schedule(200, 5)


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh_database(tmp_path, request.param) as opened:
        yield opened


def _rows(path: Path, columns: str) -> list[tuple[object, ...]]:
    plain = sqlite_file.connect(path)
    try:
        return [tuple(row) for row in plain.execute(f"SELECT {columns} FROM schedule_versions ORDER BY number")]
    finally:
        plain.close()


def _history(service: VersionService, steps: int) -> tuple[list[str], list[Schedule]]:
    info, plan = service.import_schedule(_BIG), _BIG
    ids, plans = [info.id], [_BIG]
    for step in range(steps):
        plan = moved(plan, f"j{step % 20}-o{step % 10}", step + 1)
        info = service.save(info.schedule_id, info.id, plan)
        ids.append(info.id)
        plans.append(plan)
    return ids, plans


def test_small_changes_are_stored_as_changes_and_every_version_comes_back(database: Database) -> None:
    service = VersionService(database)
    ids, plans = _history(service, MOST_DEPTH + 6)
    fresh = VersionService(database)
    assert [fresh.data(key) for key in ids] == plans
    assert fresh.verify() == []
    if database.path is not None:
        rows = _rows(database.path, "data IS NULL, snapshot IS NULL, depth")
        assert rows[0] == (1, 0, 0) and rows[1] == (1, 1, 1) and rows[MOST_DEPTH] == (1, 1, MOST_DEPTH)
        assert rows[MOST_DEPTH + 1] == (1, 0, 0) and rows[MOST_DEPTH + 2] == (1, 1, 1)


def test_a_large_change_is_stored_whole_and_its_difference_compressed(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        service = VersionService(database)
        first = service.import_schedule(_BIG)
        other = _BIG
        for op in _BIG.snapshot.events:
            other = moved(other, op.id, 7)
        second = service.save(first.schedule_id, first.id, other)
        (_, row) = _rows(tmp_path / "taktwerk.db", "snapshot IS NULL, diff_from_parent IS NULL, delta IS NULL, depth")
        assert row == (0, 1, 0, 0)
        assert service.diff_from_parent(second.id) == diff(_BIG, other)
        assert VersionService(database).data(second.id) == other and service.verify() == []


def test_a_difference_that_does_not_rebuild_is_never_relied_on() -> None:
    parent, child = encode(_BIG), encode(moved(_BIG, "j0-o0", 5))
    right, wrong = diff(_BIG, moved(_BIG, "j0-o0", 5)).to_json(), diff(_BIG, moved(_BIG, "j0-o1", 5)).to_json()
    before = Parent(parent.data, 0, 0)
    assert form_of(child, right, before).depth == 1
    gone = {"events": {"nobody": {"changed": {"name": ["a", "b"]}}}}
    for delta in (wrong, {}, gone, {"events": {"nobody": {"removed": {}}}}):
        form = form_of(child, delta, before)
        assert form.depth == 0 and form.snapshot is not None
    assert form_of(child, right, Parent(parent.data, MOST_DEPTH, 0)).depth == 0
    assert form_of(child, right, Parent(parent.data, 0, len(child.data))).depth == 0
    small = encode(line_schedule())
    assert len(small.data) < PLAIN_BYTES and form_of(small, None, None).data == small.data


def test_documents_are_patched_to_the_very_bytes_of_the_schedule() -> None:
    for seed in range(200):
        draw = random.Random(seed)
        before = small_plan(draw)
        after = edited(draw, before, most=8)
        document = Document(encode(before).data)
        document.patch(canonical.loads(canonical.dumps(diff(before, after).to_json())))
        assert document.to_bytes() == encode(after).data


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("snapshot = substr(snapshot, 1, 100) WHERE number = 1", [1, 2, 3, 4]),
        ("diff_from_parent = replace(diff_from_parent, 'j0-o0', 'j0-o1') WHERE number = 2", [2, 3, 4]),
        ("diff_from_parent = NULL WHERE number = 3", [3, 4]),
        ("delta_hash = 'x' WHERE number = 4", [4]),
        ("content_hash = 'x' WHERE number = 4", [4]),
        ("depth = 0 WHERE number = 3", [3, 4]),
        ("snapshot = 'text' WHERE number = 1", [1, 2, 3, 4]),
    ],
)
def test_damage_is_noticed_in_every_version_that_it_touches(tmp_path: Path, change: str, broken: list[int]) -> None:
    with fresh_database(tmp_path) as database:
        ids, plans = _history(VersionService(database), 3)
        other_program = sqlite_file.connect(tmp_path / "taktwerk.db")
        other_program.execute("DROP TRIGGER schedule_versions_no_update")
        other_program.execute(f"UPDATE schedule_versions SET {change}")
        other_program.close()
        service = VersionService(database)
        for number, (key, plan) in enumerate(zip(ids, plans, strict=True), start=1):
            if number in broken:
                with pytest.raises(TaktwerkError, match=f"Version {number} is damaged") as raised:
                    service.data(key)
                assert raised.value.code is ErrorCode.STORAGE
            else:
                assert service.data(key) == plan
        assert [fault.version.number for fault in service.verify()] == broken


def test_one_can_go_on_from_a_version_whose_parent_is_damaged(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        service = VersionService(database)
        ids, plans = _history(service, 2)
        other_program = sqlite_file.connect(tmp_path / "taktwerk.db")
        other_program.execute("DROP TRIGGER schedule_versions_no_update")
        other_program.execute("UPDATE schedule_versions SET delta_hash = 'x' WHERE number = 3")
        other_program.close()
        schedule_id = service.show(ids[-1]).schedule_id
        saved = service.save(schedule_id, ids[-1], moved(plans[-1], "j0-o0", 3))
        assert VersionService(database).data(saved.id) == moved(plans[-1], "j0-o0", 3), "it is stored whole"


def test_a_file_from_before_keeps_its_versions_and_takes_new_ones(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    migrate.create_file(path, revision=2)
    data, changed = encode(_BIG), encode(moved(_BIG, "j0-o0", 5))
    delta = canonical.dumps(diff(_BIG, moved(_BIG, "j0-o0", 5)).to_json()).decode()
    plain = sqlite_file.connect(path)
    schedule, first, second = ("00000000-0000-4000-8000-00000000000" + digit for digit in "123")
    plain.execute("INSERT INTO schedules VALUES (?, 'p', 'Old', 0)", (schedule,))
    row = "INSERT INTO schedule_versions VALUES (?, ?, ?, ?, ?, 0, NULL, ?, NULL, ?, ?, '')"
    plain.execute(row, (first, schedule, None, data.data.decode(), None, "import", 1, data.content_hash))
    plain.execute(row, (second, schedule, first, changed.data.decode(), delta, "manual", 2, changed.content_hash))
    plain.execute("INSERT INTO heads VALUES (?, 'main', ?, 0)", (schedule, second))
    plain.close()
    database = open_database(path)
    try:
        assert database.backup is not None and database.backup.is_file()
        service = VersionService(database)
        assert service.data(first) == _BIG and service.data(second) == moved(_BIG, "j0-o0", 5)
        third = service.save(schedule, second, moved(_BIG, "j0-o0", 9))
        assert service.verify() == [] and service.data(third.id) == moved(_BIG, "j0-o0", 9)
        assert [e.version.number for e in service.blame(third.id, "j0-o0")] == [3, 2, 1]
        assert service.heads(schedule)[0].color is None
    finally:
        database.close()


def test_a_chain_is_cut_when_it_grows_heavy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(version_form, "CHAIN_SHARE", 200)
    with fresh_database(tmp_path) as database:
        _history(VersionService(database), 4)
        depths = [row[0] for row in _rows(tmp_path / "taktwerk.db", "depth")]
        assert depths.count(0) > 1 and max(depths) >= 1  # type: ignore[type-var]
