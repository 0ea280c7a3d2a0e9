"""Copies of a database file: named by when and why, listed, thinned by age, put back.

They lie in the folder ``backups`` beside the database, as whole databases that any Taktwerk opens:
``taktwerk-import-20261124T093000Z.db``.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import glob
import logging
import os
import re
import shutil
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.errors import TaktwerkError
from storage import sqlite_file
from storage.failures import file_error, plain_error, storage_error

FOLDER: Final = "backups"
KEPT: Final = "kept"
"""Why a file that a restored one took the place of was put aside. Such files are never thinned out."""

_NAME: Final = r"-(import|timer|manual|kept|revision-\d+)-(\d{8}T\d{6}Z)(-\d+)?\.db"
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_ALL: Final = dt.timedelta(hours=24)
_DAILY: Final = dt.timedelta(days=14)
_WEEKLY: Final = dt.timedelta(days=91)
_AT_WORK_S: Final = 3600
_SIDE_FILES: Final = ("-wal", "-shm", "-journal")
_log = logging.getLogger("taktwerk.storage")


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of the database. ``reason`` is ``import``, ``timer``, ``manual``, ``kept`` or ``revision-N``."""

    path: Path
    taken_at: dt.datetime
    reason: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Contents:
    """What a copy holds; ``problem`` says why it cannot be restored, else it is empty."""

    schedules: tuple[str, ...] = ()
    versions: int = 0
    problem: str = ""


def backup_path(database: Path, reason: str, at: dt.datetime | None = None) -> Path:
    """Return a free name for a copy."""
    stamp = (at or dt.datetime.now(dt.UTC)).strftime(_STAMP)
    first = path = database.parent / FOLDER / f"{database.stem}-{reason}-{stamp}.db"
    count = 1
    while path.exists():
        count += 1
        path = first.with_name(f"{first.stem}-{count}.db")
    return path


def backups_of(database: Path) -> list[Backup]:
    """Return the copies of a database, the newest first."""
    pattern = re.compile(
        re.escape(database.stem) + r"-(import|timer|manual|kept|revision-\d+)-(\d{8}T\d{6}Z)(-\d+)?\.db"
    )
    found: list[Backup] = []
    try:
        for path in (database.parent / FOLDER).glob("*.db"):
            match = pattern.fullmatch(path.name)
            if match:
                taken = dt.datetime.strptime(match[2], _STAMP).replace(tzinfo=dt.UTC)
                found.append(Backup(path, taken, match[1], path.stat().st_size))
    except (OSError, ValueError) as error:
        _log.warning("the backups of %s could not all be listed: %s", database, error)
    return sorted(found, key=lambda one: (one.taken_at, _count(one.path)), reverse=True)


def _count(path: Path) -> int:
    """The number behind the time, when several copies were made in one second."""
    last = path.stem.rpartition("-")[2]
    return int(last) if last.isdigit() else 1


def contents(path: Path) -> Contents:
    """Look into a copy without writing to it; whatever is wrong with it is told, not raised."""
    try:
        sqlite_file.file_revision(path)
        with closing(_reader(path)) as connection:
            names = connection.execute("SELECT name FROM schedules ORDER BY created_at").fetchall()
            count = connection.execute("SELECT count(*) FROM schedule_versions").fetchone()[0]
        return Contents(tuple(str(row[0]) for row in names), int(count))
    except TaktwerkError as error:
        return Contents(problem=error.message)
    except sqlite_file.driver.Error as error:
        return Contents(problem=plain_error(error).message)


def surplus(backups: Iterable[Backup], now: dt.datetime) -> list[Backup]:
    """Return the copies that age makes superfluous.

    All of the last 24 hours stay, then the last one of each day for two weeks, then of each week for three months. The
    newest copy stays however old it is, and so do the files put aside by a restore.
    """
    drop: list[Backup] = []
    taken: set[tuple[str, object]] = set()
    ordered = sorted((one for one in backups if one.reason != KEPT), key=lambda one: one.taken_at, reverse=True)
    for index, one in enumerate(ordered):
        age = now - one.taken_at
        if index == 0 or age <= _ALL:
            continue
        day = one.taken_at.date()
        slot = ("day", day) if age <= _DAILY else ("week", day.isocalendar()[:2])
        if age > _WEEKLY or slot in taken:
            drop.append(one)
        taken.add(slot)
    return drop


def thin(database: Path, now: dt.datetime | None = None) -> list[Path]:
    """Delete the copies that are superfluous and return them; one that cannot be deleted is left.

    What a killed program left of a copy that it had begun goes with them, an hour later: it may be another's at work.
    """
    gone: list[Path] = []
    _sweep(database, (now or dt.datetime.now(dt.UTC)).timestamp() - _AT_WORK_S)
    for one in surplus(backups_of(database), now or dt.datetime.now(dt.UTC)):
        try:
            one.path.unlink()
            gone.append(one.path)
        except OSError as error:
            _log.warning("the old backup %s could not be deleted: %s", one.path, error)
    return gone


def _sweep(database: Path, before: float) -> None:
    """Delete unfinished copies that nothing was written to since."""
    unfinished = [
        *database.parent.glob(f"{glob.escape(database.name)}.restored*"),
        *(database.parent / FOLDER).glob(f"{glob.escape(database.stem)}-*.db*.part*"),
    ]
    for path in unfinished:
        try:
            if path.stat().st_mtime < before:
                path.unlink()
        except OSError as error:
            _log.warning("the unfinished copy %s could not be deleted: %s", path, error)


def restore(database: Path, backup: Path) -> Path | None:
    """Put a copy in the database's place; the present file is put aside first.

    Nobody may have the database open. A crash at any point leaves the old file or the restored one, never a mixture.

    Returns
    -------
    Path or None
        Where the present file went, ``None`` when there was none.

    Raises
    ------
    TaktwerkError
        E008 when the copy is damaged or newer than this program, the database is in use, or the disk refuses. The
        present file is then as it was.
    """
    sqlite_file.file_revision(backup)
    fresh = database.with_name(f"{database.name}.restored")
    try:
        sqlite_file.back_up(backup, fresh)
        kept = _put_aside(database)
        for suffix in _SIDE_FILES:
            database.with_name(database.name + suffix).unlink(missing_ok=True)
        fresh.replace(database)
    except OSError as error:
        raise file_error(database, error) from error
    finally:
        fresh.unlink(missing_ok=True)
    _log.info("restored %s; the file before it is %s", backup.name, kept)
    return kept


def _put_aside(database: Path) -> Path | None:
    """Keep the present file: folded together with its log when it is sound, else byte by byte with its log beside."""
    if sqlite_file.is_new(database):
        return None
    target = backup_path(database, KEPT)
    target.parent.mkdir(parents=True, exist_ok=True)
    if _settled(database):
        return sqlite_file.back_up(database, target)
    begun: list[Path] = []
    try:
        for suffix in (*_SIDE_FILES, ""):  # the database last: what is listed is whole
            source = database.with_name(database.name + suffix)
            if suffix != "-shm" and source.exists() and source.stat().st_size:
                copy = target.with_name(target.name + suffix)
                partial = copy.with_name(f"{copy.name}.part")
                begun += [partial, copy]
                shutil.copy2(source, partial)
                with partial.open("rb+") as file:
                    os.fsync(file.fileno())
                partial.replace(copy)
    except OSError:
        for path in begun:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        raise
    return target


def _settled(database: Path) -> bool:
    """Fold the log into a sound file, and find out whether another program has it open (E008); false: it is damaged."""
    try:
        sqlite_file.take_back_unfinished(database)
        sqlite_file.file_revision(database)
    except TaktwerkError:
        return False
    try:
        with closing(sqlite_file.connect(database)) as connection:
            connection.execute("PRAGMA busy_timeout=2000")
            mode = connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
    except sqlite_file.driver.Error as error:
        kind = plain_error(error).details.get("kind")
        if kind in ("SQLITE_BUSY", "SQLITE_LOCKED"):
            raise _in_use(database) from error
        return False
    if mode != "delete":
        raise _in_use(database)
    return True


def _in_use(database: Path) -> TaktwerkError:
    return storage_error(
        f"{database} is open in another Taktwerk. Nothing was restored; close that one (a window, a server or a "
        "command) and try again.",
        path=str(database),
    )


def _reader(path: Path) -> Any:
    connection = sqlite_file.driver.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=2.0)
    connection.text_factory = lambda raw: raw.decode(errors="replace")
    return connection
