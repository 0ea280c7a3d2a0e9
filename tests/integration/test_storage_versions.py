"""Versions are only added and always checked; heads move by compare-and-set."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.diff import diff
from engine.errors import ErrorCode, TaktwerkError
from storage import canonical, sqlite_file
from storage.database import Database
from storage.rows import VersionInfo
from tests.support.databases import BACKENDS, first_version, fresh_database, line_schedule, moved


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh_database(tmp_path, request.param) as opened:
        yield opened


def _second(database: Database, first: VersionInfo) -> VersionInfo:
    before, after = line_schedule(), moved(line_schedule(), "j0-o2", 30)
    with database.unit_of_work() as uow:
        info = uow.versions.add(
            first.schedule_id,
            first.id,
            after,
            diff(before, after).to_json(),
            "manual",
            {"makespan": 1.5},
            uow.users.ensure("ben"),
            "later",
        )
        uow.heads.move(first.schedule_id, "main", first.id, info.id)
        uow.commit()
    return info


def test_a_version_comes_back_as_it_was_saved(database: Database) -> None:
    first = first_version(database, line_schedule())
    second = _second(database, first)
    with database.read() as view:
        assert view.versions.list(first.schedule_id) == [second, first]
        assert view.versions.get(second.id.upper()) == second, "an id is the same in capitals"
        assert view.versions.by_number(first.schedule_id, 2) == second
        assert (second.number, second.parent_version_id, second.created_by) == (2, first.id, "ben")
        assert (second.metrics, second.comment, second.source) == ({"makespan": 1.5}, "later", "manual")
        assert second.created_at.tzinfo is not None and second.created_at >= first.created_at
        assert view.versions.data(first.id) == line_schedule()
        assert view.versions.data(second.id) == moved(line_schedule(), "j0-o2", 30)
        assert second.content_hash == canonical.encode(moved(line_schedule(), "j0-o2", 30)).content_hash
        assert view.versions.diff(first.id) is None
        changed = view.versions.diff(second.id)
        assert changed is not None and list(changed["events"]) == ["j0-o2"]
        assert view.heads.get(first.schedule_id).version_id == second.id


def test_numbers_count_per_schedule(database: Database) -> None:
    one, other = first_version(database, line_schedule()), first_version(database, line_schedule(4))
    assert (one.number, other.number, _second(database, one).number) == (1, 1, 2)


def test_a_parent_and_a_head_belong_to_their_own_schedule(database: Database) -> None:
    one, other = first_version(database, line_schedule()), first_version(database, line_schedule(4))
    with pytest.raises(TaktwerkError) as raised, database.unit_of_work() as uow:
        uow.versions.add(one.schedule_id, other.id, line_schedule(), None, "manual", None, None)
    assert raised.value.code is ErrorCode.NOT_FOUND
    with pytest.raises(TaktwerkError) as raised, database.unit_of_work() as uow:
        uow.heads.move(one.schedule_id, "main", one.id, other.id)
    assert raised.value.code is ErrorCode.STORAGE


def test_what_is_not_there_is_said_plainly(database: Database) -> None:
    nobody = str(uuid.uuid4())
    with database.read() as view:
        for look in (
            lambda: view.versions.get(nobody),
            lambda: view.versions.data("not-an-id"),
            lambda: view.versions.diff(nobody),
            lambda: view.schedules.get(nobody),
            lambda: view.heads.get(nobody),
            lambda: view.runs.get("x"),
            lambda: view.profiles.get(77),
        ):
            with pytest.raises(TaktwerkError) as raised:
                look()
            assert raised.value.code is ErrorCode.NOT_FOUND


def test_a_head_moves_only_from_where_it_is_expected(database: Database) -> None:
    first = first_version(database, line_schedule())
    second = _second(database, first)
    with database.unit_of_work() as uow:
        third = uow.versions.add(first.schedule_id, first.id, line_schedule(4), {}, "manual", None, None)
        with pytest.raises(TaktwerkError) as raised:
            uow.heads.move(first.schedule_id, "main", first.id, third.id)
    assert raised.value.code is ErrorCode.VERSION_CONFLICT
    assert raised.value.details == {"base": first.id, "ours": third.id, "theirs": second.id}
    with database.read() as view:
        assert [info.number for info in view.versions.list(first.schedule_id)] == [2, 1]
        assert view.heads.get(first.schedule_id).version_id == second.id


def test_scenarios_are_heads_of_their_own(database: Database) -> None:
    first = first_version(database, line_schedule())
    with database.unit_of_work() as uow:
        uow.heads.create(first.schedule_id, "What if", first.id)
        uow.commit()
    second = _second(database, first)
    with database.read() as view:
        assert [(head.name, head.version_id) for head in view.heads.list(first.schedule_id)] == [
            ("What if", first.id),
            ("main", second.id),
        ]
    for name in ("What if", " ", "x" * 201):
        with pytest.raises(TaktwerkError) as raised, database.unit_of_work() as uow:
            uow.heads.create(first.schedule_id, name, first.id)
        assert raised.value.code is ErrorCode.INVALID_SCHEDULE and "scenario" in raised.value.message
    with database.unit_of_work() as uow:
        with pytest.raises(TaktwerkError, match="live plan"):
            uow.heads.delete(first.schedule_id, "main")
        uow.heads.delete(first.schedule_id, "What if")
        uow.commit()
    with database.read() as view:
        assert len(view.heads.list(first.schedule_id)) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE schedule_versions SET comment = 'x'",
        "DELETE FROM schedule_versions",
        "INSERT OR REPLACE INTO schedule_versions SELECT * FROM schedule_versions",
        "INSERT OR REPLACE INTO schedule_versions "
        "(id, schedule_id, data, created_at, source, number, content_hash) "
        "SELECT id || 'x', schedule_id, data, created_at, source, number, content_hash FROM schedule_versions",
    ],
)
def test_no_program_can_change_a_saved_version(tmp_path: Path, statement: str) -> None:
    with fresh_database(tmp_path) as database:
        info = first_version(database, line_schedule())
        other_program = sqlite_file.connect(tmp_path / "taktwerk.db")
        with pytest.raises(sqlite_file.driver.Error, match="append-only"):
            other_program.execute(statement)
        other_program.close()
        with database.read() as view:
            assert view.versions.get(info.id) == info


@pytest.mark.parametrize(
    "change",
    [
        """replace(data, '"duration":3600000', '"duration":3600001')""",
        "replace(data, ',', ', ')",
        "substr(data, 1, length(data) - 1)",
        "'{}'",
        "x'ff'",
        "CAST(x'7bff7d' AS TEXT)",
        "42",
    ],
)
def test_tampered_data_are_noticed_at_every_read_and_the_version_is_named(tmp_path: Path, change: str) -> None:
    with fresh_database(tmp_path) as database:
        first = first_version(database, line_schedule())
        second = _second(database, first)
        other_program = sqlite_file.connect(tmp_path / "taktwerk.db")
        other_program.execute("DROP TRIGGER schedule_versions_no_update")
        other_program.execute(f"UPDATE schedule_versions SET data = {change} WHERE number = 2")
        other_program.close()
        with database.read() as view:
            for _ in range(2):
                with pytest.raises(TaktwerkError) as raised:
                    view.versions.data(second.id)
                assert raised.value.code is ErrorCode.STORAGE
                assert "Version 2 is damaged" in raised.value.message
            assert view.versions.data(first.id) == line_schedule(), "the others are not affected"


def test_damaged_figures_do_not_keep_a_version_from_being_read(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        second = _second(database, first_version(database, line_schedule()))
        other_program = sqlite_file.connect(tmp_path / "taktwerk.db")
        other_program.execute("DROP TRIGGER schedule_versions_no_update")
        other_program.execute("UPDATE schedule_versions SET metrics = '{half', diff_from_parent = '{half'")
        other_program.close()
        with database.read() as view:
            assert [info.metrics for info in view.versions.list(second.schedule_id)] == [None, None]
            assert view.versions.data(second.id) == moved(line_schedule(), "j0-o2", 30)
            with pytest.raises(TaktwerkError, match="version 2 cannot be read any more") as raised:
                view.versions.diff(second.id)
            assert raised.value.code is ErrorCode.STORAGE


def test_plain_sql_reads_into_a_version(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        first_version(database, line_schedule())
        plain = sqlite_file.connect(tmp_path / "taktwerk.db")
        row = plain.execute(
            "SELECT json_extract(data, '$.snapshot.events[1].id'), json_array_length(data, '$.snapshot.events'), "
            "datetime(created_at / 1000, 'unixepoch') FROM schedule_versions"
        ).fetchone()
        plain.close()
    assert row[:2] == ("j0-o1", 3) and row[2].startswith("20")


def test_stock_algorithms_and_profiles_are_there_and_valid(database: Database) -> None:
    with database.read() as view:
        assert [(row.id, row.name) for row in view.algorithms.list()] == [
            (1, "auto"),
            (2, "cp-sat"),
            (3, "cp-sat-lns"),
            (4, "dispatch"),
        ]
        profiles = {row.name: row for row in view.profiles.list()}
    assert {name: row.options for name, row in profiles.items()} == {
        "Quick look": {"timeLimit": 10},
        "Standard": {"timeLimit": 60},
        "Overnight": {"timeLimit": 28_800},
        "Least change": {"timeLimit": 30, "incrementalMode": True},
    }
    assert all(row.stock for row in profiles.values())


def test_a_planner_can_add_and_remove_own_profiles(database: Database) -> None:
    with database.unit_of_work() as uow:
        own = uow.profiles.add("Weekend", 3, {"timeLimit": 3600, "objective": "minimize_cost"})
        uow.commit()
    assert own.id > 4 and not own.stock
    for name, algorithm, options in (
        ("Weekend", 1, {}),
        ("New", 9, {}),
        ("New", 1, {"timeLimit": -1}),
        ("New", 1, {"x": 1}),
    ):
        with pytest.raises(TaktwerkError, match="The profile is not valid"), database.unit_of_work() as uow:
            uow.profiles.add(name, algorithm, options)
    with database.unit_of_work() as uow:
        with pytest.raises(TaktwerkError, match="come with Taktwerk"):
            uow.profiles.remove(1)
        uow.profiles.remove(own.id)
        uow.commit()
    with database.read() as view:
        assert len(view.profiles.list()) == 4


def test_users_are_added_once(database: Database) -> None:
    with database.unit_of_work() as uow:
        assert uow.users.ensure("anna") == uow.users.ensure("anna") != uow.users.ensure("ben")
        uow.commit()
    with database.read() as view:
        assert [user.name for user in view.users.list()] == ["anna", "ben"]
