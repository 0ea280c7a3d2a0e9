"""Opening a database: what is ours is opened safely, what is not is left as it was."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

from engine.errors import ErrorCode, TaktwerkError
from storage import sqlite_file
from storage.database import Database, open_database
from storage.tables import APPLICATION_ID, SCHEMA_VERSION
from tests.support.databases import first_version, fresh_database, line_schedule


def _refused(path: Path) -> str:
    """Open a file that must be refused, check that no byte of it changed, and return the message."""
    before = path.read_bytes()
    with pytest.raises(TaktwerkError) as raised:
        open_database(path)
    assert raised.value.code is ErrorCode.STORAGE
    assert path.read_bytes() == before
    return raised.value.message


def _a_file(folder: Path, operations: int = 3) -> Path:
    with fresh_database(folder) as database:
        first_version(database, line_schedule(operations))
        assert database.path is not None
        return database.path


def test_a_new_file_has_our_marks_and_settings(tmp_path: Path) -> None:
    with fresh_database(tmp_path / "new" / "folder") as database:
        assert database.path is not None and database.backup is None
        header = database.path.read_bytes()[:100]
        assert int.from_bytes(header[68:72], "big") == APPLICATION_ID
        assert int.from_bytes(header[60:64], "big") == SCHEMA_VERSION
        with database.unit_of_work() as uow:
            connection = uow._connection  # pyright: ignore[reportPrivateUsage]
            answers = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "query_only", "busy_timeout")
            }
            assert connection.exec_driver_sql("SELECT sqlite_version()").scalar() == sqlite_file.driver.sqlite_version
    assert answers == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "query_only": 0,
        "busy_timeout": 10000,
    }
    assert sqlite_file.driver.sqlite_version_info >= (3, 51, 3)


def test_an_old_sqlite_library_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "LEAST_SQLITE", (99, 0, 0))
    with pytest.raises(TaktwerkError, match=r"99\.0\.0 or newer is needed"):
        open_database(tmp_path / "x.db")
    assert not (tmp_path / "x.db").exists()


def test_an_empty_file_becomes_a_database_and_a_path_may_hold_any_character(tmp_path: Path) -> None:
    path = tmp_path / "Plan 100% für #1?.db"
    path.touch()
    for _ in range(2):
        database = open_database(str(path))
        assert database.path == path and _schedules(database) == []
        database.close()
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_url_names_a_file_too(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/a.db")
    assert database.path == tmp_path / "a.db"
    database.close()


def test_a_file_that_is_no_database_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear planner, " * 100)
    assert "is not a Taktwerk database" in _refused(path)
    path.write_bytes(b"SQLite")
    assert "is not a Taktwerk database" in _refused(path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["letter.txt"]


def test_the_database_of_another_program_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes(text)")
    connection.close()
    assert "another program" in _refused(path)


@pytest.mark.parametrize(
    "wrong", ["mysql://host/name", "sqlite://", "sqlite:///:memory:", "://", "postgresql://nobody:secret@127.0.0.1:1/x"]
)
def test_an_address_without_a_database_is_refused_and_its_password_not_shown(wrong: str) -> None:
    with pytest.raises(TaktwerkError) as raised:
        open_database(wrong)
    assert raised.value.code is ErrorCode.STORAGE
    assert "secret" not in str(raised.value.to_json())


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaktwerkError) as raised:
        open_database(tmp_path)
    assert raised.value.code is ErrorCode.STORAGE


def test_a_newer_file_is_refused_untouched_in_plain_words(tmp_path: Path) -> None:
    path = _a_file(tmp_path)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION + 6}")
    connection.close()
    message = _refused(path)
    assert "newer Taktwerk" in message and f"file revision {SCHEMA_VERSION + 6}" in message


def test_a_newer_revision_that_only_the_log_holds_is_noticed(tmp_path: Path) -> None:
    path = _a_file(tmp_path)
    writer = sqlite_file.connect(path)
    writer.execute("PRAGMA wal_autocheckpoint=0")
    writer.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    assert int.from_bytes(path.read_bytes()[60:64], "big") == SCHEMA_VERSION, "the file itself must not know yet"
    assert "newer Taktwerk" in _refused(path)
    left = tmp_path / "left by a crash"
    left.mkdir()
    for name in (path.name, f"{path.name}-wal"):
        shutil.copy(tmp_path / name, left / name)
    writer.close()
    assert "newer Taktwerk" in _refused(left / path.name), "nor may the log be folded into a file that is refused"


def test_a_damaged_file_is_refused_untouched(tmp_path: Path) -> None:
    path = _a_file(tmp_path, operations=300)
    data = bytearray(path.read_bytes())
    assert len(data) > 20 * 4096
    for page in range(2, len(data) // 4096 - 1, 3):
        data[page * 4096 : page * 4096 + 200] = b"\xa5" * 200
    path.write_bytes(data)
    assert "is damaged" in _refused(path)


def test_a_file_cut_short_is_refused_untouched(tmp_path: Path) -> None:
    path = _a_file(tmp_path, operations=300)
    data = path.read_bytes()
    for size in (50, 99, 100, 4096, len(data) // 2):
        path.write_bytes(data[:size])
        _refused(path)


def test_the_log_of_a_closed_database_is_folded_in_and_a_reader_cannot_write(tmp_path: Path) -> None:
    path = _a_file(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name]
    database = open_database(path)
    with pytest.raises(TaktwerkError) as raised, database.read() as view:
        view.schedules.create("p", "n")
    assert raised.value.details["kind"] == "SQLITE_READONLY"
    assert len(_schedules(database)) == 1
    database.close()


def _schedules(database: Database) -> list[str]:
    with database.read() as view:
        return [row.id for row in view.schedules.list()]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(TaktwerkError) as raised:
        open_database(tmp_path / "file" / "taktwerk.db")
    assert raised.value.code is ErrorCode.STORAGE


def test_a_backup_is_whole_and_opens(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        info = first_version(database, line_schedule(30))
        copy = database.back_up(tmp_path / "copies" / "copy.db")
    assert [p.name for p in copy.parent.iterdir()] == ["copy.db"]
    assert stat.S_ISREG(copy.stat().st_mode)
    restored = open_database(copy)
    with restored.read() as view:
        assert view.versions.data(info.id) == line_schedule(30)
    restored.close()


def test_a_unit_inside_a_unit_is_a_fault_of_the_program(tmp_path: Path) -> None:
    with (
        fresh_database(tmp_path) as database,
        database.unit_of_work(),
        pytest.raises(RuntimeError, match="inside another"),
        database.unit_of_work(),
    ):
        pass


def test_leaving_without_commit_rolls_back_and_a_finished_unit_cannot_go_on(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        with database.unit_of_work() as uow:
            uow.schedules.create("p", "forgotten")
        with pytest.raises(ZeroDivisionError), database.unit_of_work() as uow:
            uow.schedules.create(f"{1 / len(uow.schedules.create('p', 'broken off').name[:0])}", "never")
        with database.unit_of_work() as uow:
            kept = uow.schedules.create("p", "kept")
            uow.commit()
            with pytest.raises(Exception, match="closed"):
                uow.schedules.create("p", "too late")
        assert _schedules(database) == [kept.id]
