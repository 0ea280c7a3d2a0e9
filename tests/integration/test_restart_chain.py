"""Restores, restarts, two instances, a clock that jumps, a drive without safe locking: nothing is lost."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from app import backups as backups_module
from app import network_drive
from app.backups import BackupService, list_backups, put_back
from app.commands import parse_command
from app.session import PlanningSession
from app.versions import VersionService
from engine.errors import ErrorCode, TaktwerkError
from engine.model import Schedule
from storage import backups as storage_backups
from storage import column_types, sqlite_file
from storage.backups import backups_of
from storage.database import Database, open_database
from tests.support.databases import fresh_database, line_schedule, moved

_PLAN = line_schedule(20, 2)


def _open(path: Path) -> tuple[Database, VersionService]:
    database = open_database(path)
    return database, VersionService(database, "anna")


def _only(service: VersionService) -> str:
    (item,) = service.schedules()
    return item.schedule.id


def _save(service: VersionService, minutes: int) -> Schedule:
    opened = service.open(_only(service))
    plan = moved(opened.schedule, "j0-o0", minutes)
    service.save(opened.head.schedule_id, opened.head.id, plan)
    return plan


def _contents(path: Path) -> list[Schedule]:
    database, service = _open(path)
    try:
        assert service.verify() == []
        return [service.data(info.id) for info in reversed(service.list(_only(service)))]
    finally:
        database.close()


def test_backup_restore_and_restart_there_and_back_again(tmp_path: Path) -> None:
    path = tmp_path / "plans.db"
    database, service = _open(path)
    first = service.import_schedule(_PLAN)
    second = _save(service, 10)
    early = BackupService(database).make().path
    third = _save(service, 20)
    service.append_edit(first.schedule_id, service.head(first.schedule_id).id, "An edit", {})
    database.close()

    kept = put_back(path, early)
    assert kept is not None and _contents(path) == [_PLAN, second]
    database, service = _open(path)
    assert service.recover(first.schedule_id) is None
    other = _save(service, 30)
    database.close()
    assert _contents(path) == [_PLAN, second, other]

    put_back(path, kept)
    assert _contents(path) == [_PLAN, second, third]
    database, service = _open(path)
    recovered = service.recover(first.schedule_id)
    assert recovered is not None and [edit.label for edit in recovered.edits] == ["An edit"]
    database.close()
    held = sorted(one.contents.versions for one in list_backups(path) if one.backup.reason == "kept")
    assert held == [3, 3] and not [one for one in list_backups(path) if one.contents.problem]


def test_two_instances_on_one_file_lose_nothing_of_each_other(tmp_path: Path) -> None:
    path = tmp_path / "plans.db"
    (one_db, one), (two_db, two) = _open(path), _open(path)
    key = one.import_schedule(_PLAN).schedule_id
    sessions = [PlanningSession(service, key, *service.open(key)[:2]) for service in (one, two)]
    move = {"kind": "move", "eventId": "j0-o0", "start": "2026-11-25T06:00:00Z"}
    assert sessions[0].execute(parse_command(move)).error is None
    refused = sessions[1].execute(parse_command(move)).error
    assert refused is not None and refused.code is ErrorCode.VERSION_CONFLICT and "another window" in refused.message
    assert sessions[1].working == _PLAN
    saved = sessions[0].save("mine")
    with pytest.raises(TaktwerkError) as raised:
        two.save(key, sessions[1].head.id, moved(_PLAN, "j0-o1", 5))
    assert raised.value.code is ErrorCode.VERSION_CONFLICT
    assert two.head(key).id == saved.id and two.data(saved.id) == sessions[0].working
    with pytest.raises(TaktwerkError, match="open in another Taktwerk"):
        put_back(path, BackupService(one_db).make().path)
    one_db.close()
    two_db.close()
    assert len(_contents(path)) == 2


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[dt.datetime]:
    """The time that everything sees, to be set."""
    times = [dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)]

    class Clock(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
            return times[0].astimezone(tz) if tz else times[0].replace(tzinfo=None)

    shifted = SimpleNamespace(**{**vars(dt), "datetime": Clock})
    for module in (column_types, storage_backups):
        monkeypatch.setattr(module, "dt", shifted)
    monkeypatch.setattr(backups_module.time, "time", lambda: times[0].timestamp())
    return times


def test_a_clock_that_jumps_a_day_changes_no_history_and_costs_no_backup(
    tmp_path: Path, clock: list[dt.datetime]
) -> None:
    day = dt.timedelta(days=1)
    path = tmp_path / "plans.db"
    database, service = _open(path)
    first = service.import_schedule(_PLAN)
    plans, made = [_PLAN], []
    for step in (day, -day, -day, day, day, -2 * day):
        clock[0] += step
        plans.append(_save(service, 7 + len(plans)))
        made.append(BackupService(database).make().path)
    infos = service.list(first.schedule_id)
    assert [info.number for info in infos] == list(range(7, 0, -1)) and service.head(first.schedule_id) == infos[0]
    assert all(new.parent_version_id == old.id for new, old in itertools.pairwise(infos))
    assert len({info.created_at for info in infos}) > 2, "the clock was seen"
    database.close()
    assert _contents(path) == plans
    assert all(one.is_file() for one in made), "a jump of the clock thinned copies of today out"


def test_what_a_clock_set_back_hides_is_backed_up_all_the_same(tmp_path: Path, clock: list[dt.datetime]) -> None:
    path = tmp_path / "plans.db"
    clock[0] = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    database, service = _open(path)
    service.import_schedule(_PLAN)
    BackupService(database).make()
    clock[0] -= dt.timedelta(days=1)
    _save(service, 5)
    database.close()
    database, _ = _open(path)
    assert BackupService(database).make_if_changed() is not None, "the newest backup says that it is from tomorrow"
    assert len(backups_of(path)) == 2
    database.close()


def test_a_drive_without_shared_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's dot-file locking stands for such a drive: it offers no write-ahead log between processes."""
    with fresh_database(tmp_path) as database:
        VersionService(database).import_schedule(_PLAN)
    path = tmp_path / "taktwerk.db"
    plain = sqlite_file.connect(path)
    plain.execute("PRAGMA journal_mode=DELETE")
    plain.close()
    before = path.read_bytes()

    def locked_by_a_file(where: Path) -> object:
        address = f"{where.as_uri()}?vfs=unix-dotfile"
        return sqlite_file.driver.connect(address, uri=True, isolation_level=None)

    monkeypatch.setattr(sqlite_file, "connect", locked_by_a_file)
    with pytest.raises(TaktwerkError, match="cannot be shared safely"):
        open_database(path)
    monkeypatch.undo()
    assert path.read_bytes() == before and _contents(path) == [_PLAN]


@pytest.mark.parametrize(
    ("root", "kind", "options", "words"),
    [
        ("/", "ext4", "rw", ""),
        ("/plant", "nfs4", "rw", "network drive (nfs4)"),
        ("/plant", "cifs", "rw", "network drive (cifs)"),
        ("/plan", "nfs4", "rw", ""),
        ("/plant", "NTFS", "rw,remote", "network drive (smb)"),
    ],
)
def test_a_network_drive_is_told(
    monkeypatch: pytest.MonkeyPatch, root: str, kind: str, options: str, words: str
) -> None:
    drives = [SimpleNamespace(mountpoint="/", fstype="ext4", opts="rw")]
    drives.append(SimpleNamespace(mountpoint=root, fstype=kind, opts=options))
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: drives)
    said = network_drive.warning(Path("/plant/plans.db"))
    assert words in said and bool(said) == bool(words)
    assert network_drive.warning(None) == ""
