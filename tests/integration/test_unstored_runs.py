"""A result that the database will not take is kept, told of, stored when there is room, and survives a restart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import run_archive
from app.optimization import OptimizationService
from app.run_archive import RunArchive
from app.run_progress import RunEvent
from app.run_spares import Spared, SpareFiles
from app.unstored_runs import UnstoredRuns
from engine.check import check_result
from engine.errors import ErrorCode, TaktwerkError
from engine.model import RunStatus
from storage.database import Database, open_database
from tests.support import fault_workers as workers
from tests.support.fault_workers import command
from tests.support.runs import a_request, wait_until

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.logs_errors


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "runs.db")
    yield opened
    opened.close()


class Disk:
    """Whether the database takes what is stored of runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_full = False
        for name in ("note", "finish", "cancel", "_fail_interrupted"):
            monkeypatch.setattr(RunArchive, name, self._guarded(getattr(RunArchive, name)))
        monkeypatch.setattr(UnstoredRuns.__init__, "__defaults__", (0.05,))

    def _guarded(self, method):  # type: ignore[no-untyped-def]
        def call(archive: RunArchive, *args: object, **more: object) -> object:
            if self.is_full:
                raise TaktwerkError(ErrorCode.STORAGE, "The disk is full. The change was not saved.")
            return method(archive, *args, **more)

        return call


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def run_on_a_full_disk(service: OptimizationService, disk: Disk) -> str:
    """Have a run begin with room and end without."""
    run_id = service.submit(a_request(time_limit=20))
    wait_until(lambda: service.status(run_id).has_incumbent)
    disk.is_full = True
    service.stop(run_id)
    wait_until(lambda: service.status(run_id).completed_at is not None)
    return run_id


def a_service(database: Database) -> OptimizationService:
    return OptimizationService(database, command=command(workers.answers_after_a_while))


def spare(database: Database, run_id: str) -> Path:
    return SpareFiles.of(database).path(run_id)


def all_are_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_archive, "_is_alive", lambda owner: False)


def test_it_is_kept_told_and_stored_by_itself_when_there_is_room(database: Database, disk: Disk) -> None:
    service, events = a_service(database), list[RunEvent]()
    service.subscribe(events.append)
    try:
        run_id = run_on_a_full_disk(service, disk)
        view, result = service.status(run_id), service.result(run_id).result
        assert view.status is RunStatus.COMPLETED and result is not None
        assert view.unstored and "the disk is full. It is kept in a file" in view.unstored
        assert view.unstored in view.warnings and view.unstored in result.warnings
        assert spare(database, run_id).is_file()
        with pytest.raises(TaktwerkError, match="disk is full"):
            service.store_again(run_id)
        disk.is_full = False
        wait_until(lambda: any(event.kind == "stored" for event in events))
        assert events[-1].view.unstored is None and service.status(run_id).unstored is None
        assert not spare(database, run_id).parent.exists()
    finally:
        service.close()
    later = a_service(database)
    assert later.status(run_id).status is RunStatus.COMPLETED
    stored = later.result(run_id).result
    assert stored is not None and stored.events == result.events and stored.metrics == result.metrics
    assert RunArchive(database).evidence(run_id).certificate is not None
    later.close()


def test_asking_again_stores_it_at_once(database: Database, disk: Disk) -> None:
    service = a_service(database)
    try:
        run_id = run_on_a_full_disk(service, disk)
        disk.is_full = False
        service.store_again(run_id)
        assert service.status(run_id).unstored is None
        service.store_again(run_id)  # nothing is left to do
        assert RunArchive(database).view(run_id).status is RunStatus.COMPLETED
    finally:
        service.close()


def test_it_survives_a_restart_and_one_while_the_disk_is_still_full(
    database: Database, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = a_service(database)
    run_id = run_on_a_full_disk(service, disk)
    result = service.result(run_id).result
    service.close()
    assert spare(database, run_id).is_file() and RunArchive(database).view(run_id).status is RunStatus.RUNNING
    all_are_dead(monkeypatch)
    second = a_service(database)
    try:
        view, again = second.status(run_id), second.result(run_id).result
        assert view.status is RunStatus.COMPLETED and view.unstored
        assert result is not None and again is not None and again.events == result.events
        assert again.metrics == result.metrics
    finally:
        second.close()
    disk.is_full = False
    third = a_service(database)
    try:
        view, stored = third.status(run_id), third.result(run_id).result
        assert view.status is RunStatus.COMPLETED and view.unstored is None and view.metrics == result.metrics
        assert stored is not None and stored.events == result.events and check_result(a_request(), stored.events) == []
        assert third.recovered == [] and not spare(database, run_id).parent.exists()
    finally:
        third.close()


def test_a_plan_that_could_not_be_noted_survives_a_crash(
    database: Database, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = a_service(database)
    monkeypatch.setattr(SpareFiles, "drop", lambda *_: None)
    run_id = service.submit(a_request(time_limit=20))
    disk.is_full = True
    wait_until(lambda: SpareFiles.of(database).read(run_id) is not None)
    service.close()  # as good as a crash: nothing can be stored
    monkeypatch.undo()
    all_are_dead(monkeypatch)
    second = a_service(database)
    try:
        view, result = second.status(run_id), second.result(run_id).result
        assert view.status is RunStatus.FAILED and view.error is not None and view.error.code is ErrorCode.INTERRUPTED
        assert view.has_incumbent and result is not None and check_result(a_request(), result.events) == []
    finally:
        second.close()


def test_what_is_left_of_a_run_that_is_over_goes_away(database: Database) -> None:
    spares = SpareFiles.of(database)
    service = OptimizationService(database, command=command(workers.answers_at_once))
    run_id = service.submit(a_request(time_limit=20))
    wait_until(lambda: service.status(run_id).completed_at is not None)
    service.close()
    spares.reserve(run_id, 10)
    spares.reserve("of-another-database", 10)
    OptimizationService(database).close()
    assert spares.runs() == ["of-another-database"]


def test_a_file_keeps_what_was_written_last_or_nothing(tmp_path: Path) -> None:
    spares, kept = SpareFiles(tmp_path / "runs"), Spared({"status": "completed"}, b"[1]" * 100)
    spares.reserve("a", 10)
    assert spares.read("a") is None and spares.path("a").stat().st_size > 60_000
    assert spares.write("a", Spared({}, b"older")) and spares.write("a", kept) and spares.read("a") == kept
    data = spares.path("a").read_bytes()
    spares.path("a").write_bytes(data[:40] + b"\xff" + data[41:])
    assert spares.read("a") is None
    spares.path("a").write_bytes(data[:30])
    assert spares.read("a") is None
    spares.path("a").write_bytes(data)
    spares.empty("a")
    assert spares.read("a") is None
    spares.drop("a")
    assert not (tmp_path / "runs").exists() and spares.runs() == []


_CHILD = """
import os, signal, sys
from pathlib import Path
from app.optimization import OptimizationService
from storage.database import open_database
from tests.support import fault_workers as workers
from tests.support.kill_server import _fill
from tests.support.runs import a_request, flat_plant, wait_until
disk = Path(sys.argv[1])
service = OptimizationService(open_database(disk / "runs.db"), command=workers.command(workers.answers_after_a_while))
run_id = service.submit(a_request(flat_plant(2_000), time_limit=60))
wait_until(lambda: service.status(run_id).has_incumbent, 30)
_fill(disk / "filler")
service.stop(run_id)
wait_until(lambda: service.status(run_id).completed_at is not None, 30)
view = service.status(run_id)
print(run_id, view.status.value, view.unstored, view.error, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
def test_a_result_on_a_disk_that_is_really_full_survives_kill_9(tmp_path: Path) -> None:
    """The room that a run takes when it begins is what its result is written to."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    if sys.platform == "win32" or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs the right to mount a file system")
    try:
        child = subprocess.run(
            [sys.executable, "-c", _CHILD, str(disk)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert child.returncode == -signal.SIGKILL, child.stderr
        run_id, status, words = child.stdout.split(maxsplit=2)
        print(words)
        assert status == "completed" and "kept in a file" in words
        os.unlink(disk / "filler")
        database = open_database(disk / "runs.db")
        service = OptimizationService(database)
        view, result = service.status(run_id), service.result(run_id).result
        assert view.status is RunStatus.COMPLETED and view.unstored is None and result is not None
        service.close()
        database.close()
        assert not (disk / "runs.db-runs").exists()
    finally:
        subprocess.run(["umount", str(disk)], check=True)
