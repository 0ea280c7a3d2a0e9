"""What differs on a server. Runs where PostgreSQL is installed or named; the other storage tests then run there too."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from engine.errors import ErrorCode, TaktwerkError
from engine.model import Schedule
from storage import canonical
from storage.database import Database, open_database
from tests.support.databases import first_version, fresh_database, line_schedule, needs_postgresql, writer_process
from tests.support.postgresql import server_url

pytestmark = [needs_postgresql, pytest.mark.xdist_group("postgresql")]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with fresh_database(tmp_path, "postgresql") as opened:
        yield opened


def _execute(database: Database, statement: str) -> None:
    with database._writer.begin() as connection:  # pyright: ignore[reportPrivateUsage]
        connection.execute(text(statement))


def test_a_second_opening_finds_everything(database: Database) -> None:
    info = first_version(database, line_schedule())
    again = open_database(server_url())
    with again.read() as view:
        assert view.versions.data(info.id) == line_schedule()
        assert len(view.profiles.list()) == 4
    again.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE schedule_versions SET comment = 'x'",
        "DELETE FROM schedule_versions",
        "TRUNCATE schedule_versions CASCADE",
    ],
)
def test_no_program_can_change_a_saved_version(database: Database, statement: str) -> None:
    info = first_version(database, line_schedule())
    with pytest.raises(TaktwerkError, match="cannot be changed or deleted"):
        _execute(database, statement)
    with database.read() as view:
        assert view.versions.get(info.id) == info


def test_tampered_data_are_noticed(database: Database) -> None:
    info = first_version(database, line_schedule())
    _execute(database, "ALTER TABLE schedule_versions DISABLE TRIGGER USER")
    _execute(database, "UPDATE schedule_versions SET data = jsonb_set(data, '{metadata,plantId}', '\"x\"')")
    with database.read() as view, pytest.raises(TaktwerkError, match="Version 1 is damaged"):
        view.versions.data(info.id)


def test_the_hash_survives_the_servers_own_json(database: Database) -> None:
    odd = {
        "a": 1e300,
        "b": -0.0,
        "c": 0.1,
        "d": 2**53 + 1,
        "e": 5e-324,
        "f": 'ü🦊\\"\n',
        "g": [],
        "": {"z": None, "A": True},
    }
    schedule = line_schedule(1)
    operation = schedule.snapshot.events[0].model_copy(update={"attributes": odd, "priority": 1 / 3})
    schedule = Schedule.model_validate(
        schedule.model_copy(update={"snapshot": schedule.snapshot.model_copy(update={"events": (operation,)})})
    )
    info = first_version(database, schedule)
    with database.read() as view:
        assert view.versions.encoded(info.id) == canonical.encode(schedule)
        assert view.versions.data(info.id) == schedule


def test_a_newer_database_is_refused_unchanged(database: Database) -> None:
    _execute(database, "UPDATE alembic_version SET version_num = '0099'")
    with pytest.raises(TaktwerkError, match="newer Taktwerk") as raised:
        open_database(server_url())
    assert raised.value.code is ErrorCode.STORAGE and raised.value.details["revision"] == 99


def test_a_view_cannot_write_and_shows_one_state(database: Database) -> None:
    with pytest.raises(TaktwerkError), database.read() as view:
        view.schedules.create("p", "n")
    with database.read() as view:
        before = view.schedules.list()
        first_version(database, line_schedule())
        assert view.schedules.list() == before


def test_a_unit_of_which_a_step_failed_is_not_committed(database: Database) -> None:
    with database.unit_of_work() as uow:
        uow.schedules.create("p", "before")
        with pytest.raises(TaktwerkError):
            uow.runs.add(algorithm_id=99)
        with pytest.raises(TaktwerkError, match="earlier step of it failed"):
            uow.commit()
    with database.read() as view:
        assert view.schedules.list() == []


def test_four_processes_that_advance_one_head_lose_none(database: Database) -> None:
    info = first_version(database, line_schedule())
    processes = [writer_process("heads", server_url(), info.schedule_id, "12") for _ in range(4)]
    answers = [process.communicate(timeout=110) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, answers
    with database.read() as view:
        versions = view.versions.list(info.schedule_id)
        assert view.heads.get(info.schedule_id).version_id == versions[0].id
    assert [version.number for version in versions] == list(range(49, 0, -1))
    assert all(new.parent_version_id == old.id for new, old in itertools.pairwise(versions))
