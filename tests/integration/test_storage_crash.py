"""What must not be lost: by writers at once, a killed process, a full disk, a reader in the way."""

from __future__ import annotations

import itertools
import random
import signal
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import event

from engine.errors import ErrorCode, TaktwerkError
from storage import sqlite_file
from storage.database import Database, open_database
from tests.support.databases import first_version, fresh_database, line_schedule, writer_process

_DELTA = {"events": {"a": {"changed": {"duration": [1, 2]}}}}


def test_four_processes_that_advance_one_head_lose_none(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        info = first_version(database, line_schedule())
        arguments = ("heads", str(tmp_path / "taktwerk.db"), info.schedule_id, "300")
        processes = [writer_process(*arguments) for _ in range(4)]
        answers = [process.communicate(timeout=110) for process in processes]
        assert [process.returncode for process in processes] == [0] * 4, answers
        with database.read() as view:
            versions = view.versions.list(info.schedule_id)
            head = view.heads.get(info.schedule_id).version_id
        database.quick_check()
    assert [version.number for version in versions] == list(range(1201, 0, -1))
    assert head == versions[0].id
    assert all(new.parent_version_id == old.id for new, old in itertools.pairwise(versions))
    assert sum(int(answer[0]) for answer in answers) > 0, "they never met, so that the test showed nothing"


def test_a_killed_process_never_loses_an_acknowledged_edit(tmp_path: Path) -> None:
    path = tmp_path / "taktwerk.db"
    with fresh_database(tmp_path) as database:
        info = first_version(database, line_schedule())
        with database.unit_of_work() as uow:
            draft_id = uow.drafts.open(info.schedule_id, "main", info.id)
            uow.commit()
    chance = random.Random(7)
    acknowledged = 0
    for _ in range(6):
        process = writer_process("edits", str(path), draft_id)
        assert process.stdout is not None and process.stderr is not None
        first = process.stdout.readline()
        assert first, process.stderr.read()
        time.sleep(chance.uniform(0.0, 0.4))
        process.send_signal(signal.SIGKILL)
        rest, _errors = process.communicate(timeout=30)
        told = [int(line) for line in (first + rest).split() if line]
        acknowledged = max(told)
        database = open_database(path)
        database.quick_check()
        with database.read() as view:
            draft = view.drafts.load(info.schedule_id)
        database.close()
        assert draft is not None
        assert [edit.seq for edit in draft.edits] == list(range(1, draft.last_seq + 1))
        assert acknowledged <= draft.last_seq <= acknowledged + 1, "at most the one it was about to tell is more"
        assert all(edit.is_intact for edit in draft.edits)
    assert acknowledged > 30


def _cap_pages(database: Database, pages: int) -> None:
    """Let the database grow no further than ``pages``: to SQLite that is a full disk."""

    def limit(connection: object, _record: object, _proxy: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")  # type: ignore[attr-defined]

    event.listen(database._writer, "checkout", limit)  # pyright: ignore[reportPrivateUsage]


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        info = first_version(database, line_schedule())
        with database.unit_of_work() as uow:
            draft_id = uow.drafts.open(info.schedule_id, "main", info.id)
            uow.commit()
        with database.unit_of_work() as uow:
            used = uow._connection.exec_driver_sql("PRAGMA page_count").scalar()  # pyright: ignore[reportPrivateUsage]
        _cap_pages(database, int(used or 0) + 4)
        stored, refused = 0, None
        while refused is None and stored < 2000:
            try:
                with database.unit_of_work() as uow:
                    uow.drafts.append(draft_id, stored + 1, "x" * 200, _DELTA)
                    uow.commit()
                stored += 1
            except TaktwerkError as error:
                refused = error
        assert refused is not None and refused.code is ErrorCode.STORAGE
        assert "disk is full" in refused.message and refused.details["kind"] == "SQLITE_FULL"
        assert stored > 5
        with pytest.raises(TaktwerkError, match="disk is full"), database.unit_of_work() as uow:
            uow.versions.add(info.schedule_id, info.id, line_schedule(3_000), {}, "manual", None, None)
        with database.read() as view:
            draft = view.drafts.load(info.schedule_id)
            assert draft is not None and draft.last_seq == stored
            assert view.versions.data(info.id) == line_schedule()
        database.quick_check()
        _cap_pages(database, 100_000)
        with database.unit_of_work() as uow:
            uow.drafts.append(draft_id, stored + 1, "There is room again", _DELTA)
            uow.commit()


def test_after_a_full_disk_the_rest_of_the_unit_is_not_stored_either(tmp_path: Path) -> None:
    """SQLite ends the transaction by itself; what came after would be stored statement by statement."""
    with fresh_database(tmp_path) as database:
        info = first_version(database, line_schedule())
        with database.unit_of_work() as uow:
            used = uow._connection.exec_driver_sql("PRAGMA page_count").scalar()  # pyright: ignore[reportPrivateUsage]
        _cap_pages(database, int(used or 0) + 4)
        with database.unit_of_work() as uow:
            uow.schedules.create("before", "before")
            with pytest.raises(TaktwerkError, match="disk is full"):
                uow.versions.add(info.schedule_id, info.id, line_schedule(3_000), {}, "manual", None, None)
            with pytest.raises(Exception, match="invalid"):
                uow.schedules.create("after", "after")
            with pytest.raises(TaktwerkError, match="earlier step of it failed"):
                uow.commit()
        with database.read() as view:
            assert [row.id for row in view.schedules.list()] == [info.schedule_id]


def test_a_reader_sees_one_state_while_others_write_and_nobody_waits(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        first = first_version(database, line_schedule())
        with database.read() as view, database.unit_of_work() as uow:
            before = [row.id for row in view.schedules.list()]
            uow.schedules.create("p", "new")
            began = time.perf_counter()
            with database.read() as other:
                assert [row.id for row in other.schedules.list()] == before
            uow.commit()
            assert [row.id for row in view.schedules.list()] == before, "what a view shows does not change"
            with database.read() as later:
                assert len(later.schedules.list()) == len(before) + 1
                assert later.versions.data(first.id) == line_schedule()
            assert time.perf_counter() - began < 3


def test_threads_that_write_at_once_take_turns(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        info = first_version(database, line_schedule())
        failures: list[BaseException] = []

        def write() -> None:
            try:
                for _ in range(20):
                    with database.unit_of_work() as uow:
                        head = uow.heads.get(info.schedule_id).version_id
                        new = uow.versions.add(info.schedule_id, head, line_schedule(), {}, "manual", None, None)
                        uow.heads.move(info.schedule_id, "main", head, new.id)
                        uow.commit()
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=write) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        with database.read() as view:
            assert [row.number for row in view.versions.list(info.schedule_id)] == list(range(121, 0, -1))


def test_a_database_that_another_program_keeps_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_TIMEOUT_S", 0.2)
    with fresh_database(tmp_path) as database:
        other = sqlite_file.connect(tmp_path / "taktwerk.db")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TaktwerkError) as raised, database.unit_of_work() as uow:
            uow.commit()
        assert "Another program is writing" in raised.value.message
        other.execute("ROLLBACK")
        other.close()
        with database.unit_of_work() as uow:
            uow.schedules.create("p", "n")
            uow.commit()
