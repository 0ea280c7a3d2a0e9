"""Damage and full disks: detected or harmless, never a crash, nothing lost that was acknowledged."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import ErrorCode, TaktwerkError
from storage import database as database_module
from storage.database import Database, open_database
from storage.version_repository import VersionRepository
from tests.support.databases import first_version, fresh_database, line_schedule, moved

ROOT = Path(__file__).resolve().parents[2]


def _sample(folder: Path) -> tuple[bytes, str, str]:
    with fresh_database(folder) as database:
        info = first_version(database, line_schedule(120))
        with database.unit_of_work() as uow:
            later = uow.versions.add(
                info.schedule_id, info.id, moved(line_schedule(120), "j1-o1", 30), None, "manual", None, None
            )
            uow.heads.move(info.schedule_id, "main", info.id, later.id)
            uow.commit()
        assert database.path is not None
        path = database.path
    return path.read_bytes(), info.id, later.id


def _corrupt(data: bytes, chance: random.Random) -> bytes:
    """Flip bits, overwrite, cut, swap or zero pages."""
    broken, at = bytearray(data), chance.randrange(len(data))
    match chance.randrange(5):
        case 0:
            for _ in range(chance.randint(1, 8)):
                broken[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        case 1:
            length = chance.randint(1, 6000)
            broken[at : at + length] = chance.randbytes(min(length, len(data) - at))
        case 2:
            del broken[at:]
        case 3:
            one, two = (4096 * chance.randrange(len(data) // 4096) for _ in range(2))
            broken[one : one + 4096], broken[two : two + 4096] = broken[two : two + 4096], broken[one : one + 4096]
        case _:
            page = 4096 * chance.randrange(len(data) // 4096)
            broken[page : page + 4096] = bytes(4096)
    return bytes(broken)


def _read_all(database: Database, ids: tuple[str, str]) -> bool:
    """Read everything; true when both versions came out, and they are right then."""
    with database.read() as view:
        for row in view.schedules.list():
            view.versions.list(row.id)
            view.heads.list(row.id)
        view.runs.list()
        found = [view.versions.data(key) for key in ids]
    assert found == [line_schedule(120), moved(line_schedule(120), "j1-o1", 30)], "wrong data passed its hash"
    return True


def _try(path: Path, ids: tuple[str, str], scratch: Path) -> str:
    before = path.read_bytes()
    try:
        database = open_database(path)
    except TaktwerkError as error:
        assert error.code is ErrorCode.STORAGE and error.message
        assert path.read_bytes() == before, "a refused file was changed"
        try:
            database = Database.look_at(path, scratch)
        except TaktwerkError as second:
            assert second.code is ErrorCode.STORAGE
            return "refused"
        outcome = "looked at"
    else:
        outcome = "harmless"
    try:
        _read_all(database, ids)
    except TaktwerkError as error:
        assert error.code in (ErrorCode.STORAGE, ErrorCode.NOT_FOUND)
        outcome = "detected" if outcome == "harmless" else outcome
    finally:
        database.close()
    return outcome


def _many(folder: Path, count: int, seed: int) -> dict[str, int]:
    data, *ids = _sample(folder)
    chance, seen = random.Random(seed), {}
    for number in range(count):
        path = folder / f"case{number}" / "taktwerk.db"
        path.parent.mkdir()
        path.write_bytes(_corrupt(data, chance))
        outcome = _try(path, (ids[0], ids[1]), path.parent / "scratch")
        seen[outcome] = seen.get(outcome, 0) + 1
    return seen


def test_random_corruptions_are_detected_or_harmless(tmp_path: Path) -> None:
    seen = _many(tmp_path, 15, seed=1)
    assert sum(seen.values()) == 15 and seen.get("refused", 0) + seen.get("looked at", 0) + seen.get("detected", 0)


@pytest.mark.slow
def test_two_hundred_random_corruptions(tmp_path: Path) -> None:
    seen = _many(tmp_path, 200, seed=2)
    print(seen)
    assert sum(seen.values()) == 200


def test_a_look_at_a_damaged_file_reads_and_never_writes(tmp_path: Path) -> None:
    data, first, second = _sample(tmp_path)
    path = tmp_path / "taktwerk.db"
    database = Database.look_at(path, tmp_path / "scratch")
    assert database.is_read_only and _read_all(database, (first, second))
    with pytest.raises(TaktwerkError, match="open for reading only"), database.unit_of_work():
        pass
    database.close()
    assert path.read_bytes() == data


def test_a_look_at_a_file_whose_plans_are_all_unreadable_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _sample(tmp_path)

    def gone(*_: object) -> None:
        raise TaktwerkError(ErrorCode.STORAGE, "damaged")

    monkeypatch.setattr(VersionRepository, "data", gone)
    with pytest.raises(TaktwerkError, match="damaged"):
        Database.look_at(tmp_path / "taktwerk.db", tmp_path / "scratch")


def test_a_full_disk_at_every_write_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file may not grow by more than some pages, with real SQLITE_FULL at another place of the write each time."""
    plan = line_schedule(2000)
    refused = 0
    for spare in (0, 2, 5, 9, 14, 400):
        folder = tmp_path / str(spare)
        with fresh_database(folder) as database:
            kept = first_version(database, line_schedule(3))
        original = database_module.sqlite_file.prepare_connection

        def limited(connection, *, writes, original=original, spare=spare):  # type: ignore[no-untyped-def]
            original(connection, writes=writes)
            size = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count={size + spare}")

        monkeypatch.setattr(database_module.sqlite_file, "prepare_connection", limited)
        database = open_database(folder / "taktwerk.db")
        try:
            first_version(database, plan)
        except TaktwerkError as error:
            refused += 1
            assert error.code is ErrorCode.STORAGE and "disk is full" in error.message
            wanted = 1
        else:
            wanted = 2
        with database.read() as view:
            assert len(view.schedules.list()) == wanted
            assert view.versions.data(kept.id) == line_schedule(3)
        database.close()
        monkeypatch.setattr(database_module.sqlite_file, "prepare_connection", original)
        database = open_database(folder / "taktwerk.db")
        first_version(database, plan)
        database.quick_check()
        database.close()
    assert 3 <= refused <= 5


_CHILD = """
import resource, sys
from pathlib import Path
from engine.errors import TaktwerkError
from storage.database import open_database
from app.backups import BackupService
from tests.support.databases import first_version, line_schedule
database = open_database(Path(sys.argv[1]))
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
told = {"ok": 0, "E008": 0}
for step in range(30):
    resource.setrlimit(resource.RLIMIT_FSIZE, (step * 40_000, hard))
    for work in (lambda: first_version(database, line_schedule(60 + step)), lambda: BackupService(database).make()):
        try:
            work()
        except TaktwerkError as error:
            told[error.code.value] += 1
        else:
            told["ok"] += 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
with database.read() as view:
    stored = [view.versions.list(row.id) for row in view.schedules.list()]
    for (info,) in stored:
        view.versions.data(info.id)
print(told["ok"], told["E008"], len(stored))
database.quick_check()
database.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on file sizes")
def test_writes_the_system_refuses_are_coded_errors_and_backups_are_whole_or_absent(tmp_path: Path) -> None:
    path = tmp_path / "taktwerk.db"
    child = subprocess.run(
        [sys.executable, "-c", _CHILD, str(path)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert child.returncode == 0, child.stderr
    done, refused, stored = map(int, child.stdout.split())
    assert done + refused == 60 and refused >= 5 and done >= 5
    assert not list((tmp_path / "backups").glob("*.part"))
    from app.backups import list_backups

    made = list_backups(path)
    assert not [one for one in made if one.contents.problem] and len(made) + stored == done
