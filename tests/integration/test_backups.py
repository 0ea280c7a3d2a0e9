"""Backups: made when something changed, thinned by age, put back without losing what was there."""

from __future__ import annotations

import datetime as dt
import errno
import os
from pathlib import Path

import pytest

from app import cli
from app.backups import BackupService, list_backups, put_back
from app.versions import VersionService
from engine.errors import ErrorCode, TaktwerkError
from storage import sqlite_file
from storage.backups import Backup, backup_path, backups_of, surplus
from storage.database import open_database
from tests.support.databases import first_version, fresh_database, line_schedule, moved

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


def _aged(hours: float, reason: str = "timer") -> Backup:
    return Backup(Path(f"{hours}"), NOW - dt.timedelta(hours=hours), reason, 1)


def _kept(ages: list[Backup]) -> list[float]:
    dropped = surplus(ages, NOW)
    return sorted(float(str(one.path)) for one in ages if one not in dropped)


def test_the_last_day_is_kept_whole_and_then_a_copy_a_day_and_a_week() -> None:
    half_hourly = [_aged(n / 2) for n in range(24 * 2 * 120)]
    kept = _kept(half_hourly)
    assert kept[:49] == [n / 2 for n in range(49)]
    daily = [age for age in kept if 24 < age <= 14 * 24]
    weekly = [age for age in kept if age > 14 * 24]
    assert 13 <= len(daily) <= 14 and 11 <= len(weekly) <= 13
    assert max(kept) <= 91 * 24
    assert _kept([one for one in half_hourly if float(str(one.path)) in kept]) == kept, "thinning again changes nothing"


def test_the_newest_copy_and_files_put_aside_stay_however_old() -> None:
    assert _kept([_aged(5000), _aged(6000), _aged(9000, "kept")]) == [5000, 9000]


def test_a_backup_is_made_only_when_something_changed(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        service = BackupService(database)
        assert service.make_if_changed() is None, "an empty database holds nothing to lose"
        first_version(database, line_schedule())
        made = service.make_if_changed()
        assert made is not None and made.reason == "timer"
        assert service.make_if_changed() is None
        with database.unit_of_work() as uow:
            uow.schedules.create("p", "second")
            uow.commit()
        assert service.make_if_changed() is not None
        assert service.try_make() == ""
        listed = service.list()
    assert [one.contents.schedules for one in listed] == [("Line A", "second"), ("Line A",)]
    assert [one.contents.versions for one in listed] == [1, 1]


def test_after_a_restart_what_is_backed_up_is_not_backed_up_again(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        first_version(database, line_schedule())
        assert database.path is not None
        path = database.path
    old = NOW.timestamp() - 3600
    os.utime(path, (old, old))
    sqlite_file.back_up(path, backup_path(path, "timer", NOW))
    os.utime(path, (old, old))
    database = open_database(path)
    for name in (path, path.with_name(f"{path.name}-wal")):
        if name.exists():
            os.utime(name, (old, old))
    assert BackupService(database).make_if_changed() is None
    database.close()


def test_every_import_is_preceded_by_a_backup(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        database.before_import = BackupService(database).before_import
        versions = VersionService(database, "anna")
        assert database.path is not None
        versions.import_schedule(line_schedule(3))
        assert backups_of(database.path) == []
        versions.import_schedule(line_schedule(5, name="Line B"))
        (made,) = list_backups(database.path)
    assert made.backup.reason == "import" and made.contents.schedules == ("Line A",)


def test_an_import_is_refused_when_the_backup_cannot_be_made(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        database.before_import = BackupService(database).before_import
        versions = VersionService(database, "anna")
        versions.import_schedule(line_schedule(3))
        (tmp_path / "backups").write_text("in the way")
        with pytest.raises(TaktwerkError) as raised:
            versions.import_schedule(line_schedule(5, name="Line B"))
        assert raised.value.code is ErrorCode.STORAGE
        assert len(versions.schedules()) == 1


def test_restoring_puts_the_present_file_aside_with_all_it_holds(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        info = first_version(database, line_schedule())
        backup = BackupService(database).make().path
        with database.unit_of_work() as uow:
            uow.schedules.create("p", "later")
            uow.commit()
        assert database.path is not None
        path = database.path
    kept = put_back(path, backup)
    assert kept is not None
    held = {one.backup.reason: one.contents.schedules for one in list_backups(path)}
    assert held == {"kept": ("Line A", "later"), "manual": ("Line A",)}
    restored = open_database(path)
    with restored.read() as view:
        assert [row.name for row in view.schedules.list()] == ["Line A"]
        assert view.versions.data(info.id) == line_schedule()
    restored.close()


def test_nothing_is_restored_while_the_database_is_open(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        first_version(database, line_schedule())
        backup = BackupService(database).make().path
        assert database.path is not None
        with database.read() as view:
            view.schedules.list()
            with pytest.raises(TaktwerkError, match="open in another Taktwerk"):
                put_back(database.path, backup)
        first_version(database, moved(line_schedule(), "j0-o0", 5))
        assert len(VersionService(database, "anna").schedules()) == 2


@pytest.mark.parametrize("wreck", ["middle", "header", "cut", "log"])
def test_a_damaged_file_is_replaced_and_kept_byte_by_byte(tmp_path: Path, wreck: str) -> None:
    with fresh_database(tmp_path) as database:
        first_version(database, line_schedule(300))
        assert database.path is not None
        path, backup = database.path, BackupService(database).make().path
    data = bytearray(path.read_bytes())
    if wreck == "cut":
        del data[len(data) // 2 :]
    elif wreck == "header":
        data[:16] = b"x" * 16
    else:
        data[8192:60_000] = b"\xa5" * (60_000 - 8192)
    path.write_bytes(data)
    if wreck == "log":
        path.with_name(f"{path.name}-wal").write_bytes(b"left over" * 1000)
    kept = put_back(path, backup)
    assert kept is not None and kept.read_bytes() == bytes(data)
    assert kept.with_name(f"{kept.name}-wal").exists() == (wreck == "log")
    database = open_database(path)
    with database.read() as view:
        assert len(view.schedules.list()) == 1
    database.close()


def test_a_damaged_backup_is_told_and_not_restored(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        first_version(database, line_schedule(300))
        assert database.path is not None
        path, backup = database.path, BackupService(database).make().path
    before = path.read_bytes()
    backup.write_bytes(backup.read_bytes()[:20_000])
    assert "damaged" in list_backups(path)[0].contents.problem
    with pytest.raises(TaktwerkError):
        put_back(path, backup)
    assert path.read_bytes() == before
    assert not list(path.parent.glob("*.restored*"))


def test_what_was_begun_gives_its_room_back_when_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fresh_database(tmp_path) as database:
        first_version(database, line_schedule(300))
        assert database.path is not None
        path, backup = database.path, BackupService(database).make().path
    path.write_bytes(b"SQLite format 3\x00" + bytes(5000))
    path.with_name(f"{path.name}-wal").write_bytes(b"left over" * 1000)
    before = {one: one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()}

    def full(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes()[:10])
        if not source.name.endswith("-wal"):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("storage.backups.shutil.copy2", full)
    with pytest.raises(TaktwerkError, match="disk is full"):
        put_back(path, backup)
    assert {one: one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()} == before


def test_the_command_line_lists_makes_and_restores(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with fresh_database(tmp_path) as database:
        first_version(database, line_schedule())
    where = ["--database", str(tmp_path / "taktwerk.db")]
    assert cli.main(["versions", "backups", "list", *where]) == 0
    assert "no backups" in capsys.readouterr().out
    assert cli.main(["versions", "backups", "make", *where]) == 0
    (made,) = backups_of(tmp_path / "taktwerk.db")
    capsys.readouterr()
    (tmp_path / "taktwerk.db").write_bytes(b"SQLite format 3\x00" + b"\x00" * 5000)
    assert cli.main(["versions", "list", *where]) == 1
    assert cli.main(["versions", "backups", "restore", made.path.name, *where]) == 0
    assert "was restored" in capsys.readouterr().out
    assert cli.main(["versions", "list", *where]) == 0
    assert "Line A" in capsys.readouterr().out
    assert cli.main(["versions", "backups", "restore", "nothing.db", "--json", *where]) == 1
    assert '"E012"' in capsys.readouterr().out
    assert cli.main(["versions", "backups", "list", "--database", "postgresql://x@y/z"]) == 1
