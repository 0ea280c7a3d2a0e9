"""What makes a file ours: checks before it is opened, the connection settings, backups.

A file is looked at by its first bytes and through a read-only connection before anything may write to it, so that a
foreign, damaged or newer file is refused as it was found.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.errors import TaktwerkError
from storage.failures import file_error, plain_error, storage_error
from storage.tables import APPLICATION_ID, SCHEMA_VERSION

try:
    from pysqlite3 import dbapi2 as sqlite
except ImportError:  # a platform without the wheel: its own library is good if it is new enough
    import sqlite3 as sqlite  # type: ignore[no-redef]

LEAST_SQLITE = (3, 51, 3)
"""Older ones can corrupt a database in WAL mode that two connections write."""

BUSY_TIMEOUT_S = 10.0
_MAGIC = b"SQLite format 3\x00"
_CHECKED_UP_TO_BYTES = 1024 * 1024 * 1024
"""Larger files take over 0.3 s to check page by page, and are not at every start; ``quick_check`` can be asked for."""

driver: Any = sqlite
"""The DB-API module that every connection uses."""


def require_sqlite() -> None:
    """Refuse an SQLite library that can corrupt databases (E008)."""
    if driver.sqlite_version_info < LEAST_SQLITE:
        wanted = ".".join(str(part) for part in LEAST_SQLITE)
        raise storage_error(
            f"SQLite {driver.sqlite_version} can damage databases; {wanted} or newer is needed. "
            "Install the package pysqlite3."
        )


def is_new(path: Path) -> bool:
    """Return whether there is no database yet: no file, or an empty one.

    Raises
    ------
    TaktwerkError
        E008 when the path cannot be a database file.
    """
    try:
        return not path.exists() or (path.is_file() and path.stat().st_size == 0)
    except OSError as error:
        raise file_error(path, error) from error


def take_back_unfinished(path: Path) -> None:
    """Undo what a killed program had begun to write without a write-ahead log (making or restoring a database).

    SQLite does it from the journal that lies beside the file, but only where it may write; the look that follows may
    not. Files of other programs are left alone.
    """
    journal = path.with_name(f"{path.name}-journal")
    try:
        if not (path.is_file() and path.stat().st_size and journal.is_file() and journal.stat().st_size):
            return
    except OSError as error:
        raise file_error(path, error) from error
    _check_header(path)
    with contextlib.suppress(driver.Error), contextlib.closing(connect(path)) as connection:  # the look says what is so
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()


def file_revision(path: Path) -> int:
    """Return the revision of an existing database file, without writing to it.

    Raises
    ------
    TaktwerkError
        E008 when the file is not a Taktwerk database, is damaged, or was written by a newer Taktwerk.
    """
    _check_header(path)
    with _looking(path) as connection:
        revision = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if revision > SCHEMA_VERSION:
            raise storage_error(
                f"{path} was written by a newer Taktwerk (file revision {revision}, this program knows up to "
                f"{SCHEMA_VERSION}). Install the newer Taktwerk to open it; the file was not changed.",
                path=str(path),
                revision=revision,
                known=SCHEMA_VERSION,
            )
        if path.stat().st_size <= _CHECKED_UP_TO_BYTES:
            refuse_damage(connection, path)
    return revision


def refuse_damage(connection: Any, path: Path) -> None:
    """Run SQLite's ``quick_check`` and raise E008 when it finds a fault."""
    found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(5)")]
    if found != ["ok"]:
        raise _damaged(path, "; ".join(found))


def prepare_connection(connection: Any, *, writes: bool) -> None:
    """Set what every connection of ours needs.

    Transactions are begun by us, never by the driver; a commit is on the disk when it returns (``synchronous=FULL``).
    """
    connection.isolation_level = None
    connection.text_factory = _text  # a damaged cell must not keep the rest of the table from being read
    cursor = connection.cursor()
    for pragma in (
        "foreign_keys=ON",
        "synchronous=FULL",
        "trusted_schema=OFF",
        "cell_size_check=ON",
        "recursive_triggers=ON",
        f"query_only={'OFF' if writes else 'ON'}",
        f"journal_size_limit={64 * 1024 * 1024}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _text(raw: bytes) -> str:
    return raw.decode(errors="replace")


def connect(path: Path) -> Any:
    """Return a plain connection that may write; transactions are the caller's."""
    connection = driver.connect(str(path), timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    connection.text_factory = _text
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def turn_wal_on(path: Path) -> None:
    """Make the file use a write-ahead log, so that readers and the writer do not wait for each other."""
    try:
        with contextlib.closing(connect(path)) as connection:
            mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    except driver.Error as error:
        raise plain_error(error) from error
    if mode != "wal":
        raise storage_error(
            f"{path} lies on a drive that cannot be shared safely (no write-ahead log, probably a network drive). "
            "Put the database on a local disk, or use a PostgreSQL server.",
            path=str(path),
        )


def back_up(path: Path, target: Path) -> Path:
    """Copy the database, with what its log still holds, to ``target`` by SQLite's backup API.

    The copy is checked and on the disk when it gets its name, so that ``target`` is whole or absent.

    Raises
    ------
    TaktwerkError
        E008 when the copy cannot be made or is damaged.
    """
    partial = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _discard(partial)
        source, copy = connect(path), connect(partial)
        try:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            refuse_damage(copy, partial)
        finally:
            copy.close()
            source.close()
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        raise file_error(target, error) from error
    except driver.Error as error:
        raise plain_error(error) from error
    finally:
        with contextlib.suppress(OSError):
            _discard(partial)
    return target


def _discard(copy: Path) -> None:
    """Delete a copy that was begun, and the journal that a refused write leaves beside it."""
    for path in (copy, copy.with_name(f"{copy.name}-journal")):
        path.unlink(missing_ok=True)


def copy_as_it_is(path: Path, folder: Path) -> Path:
    """Copy a file of this program's revision with its log into a folder, byte by byte, damaged as it may be (E008)."""
    _check_header(path)
    copy = folder / path.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for suffix in ("", "-wal", "-journal"):
            source = path.with_name(path.name + suffix)
            if source.exists():
                shutil.copyfile(source, copy.with_name(copy.name + suffix))
    except OSError as error:
        raise file_error(path, error) from error
    try:
        with contextlib.closing(connect(copy)) as connection:
            revision = int(connection.execute("PRAGMA user_version").fetchone()[0])
    except (driver.Error, UnicodeDecodeError) as error:
        raise _damaged(path, str(error)) from error
    if revision != SCHEMA_VERSION:
        raise storage_error(
            f"{path} has revision {revision}; only revision {SCHEMA_VERSION} can be looked at while it is damaged. "
            "Restore a backup.",
            path=str(path),
        )
    return copy


@contextlib.contextmanager
def _looking(path: Path) -> Iterator[Any]:
    """A read-only connection; what the driver raises becomes E008 about this file."""
    connection = None
    try:
        connection = driver.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None
        )
        connection.text_factory = _text
        yield connection
    except driver.Error as error:
        plain = plain_error(error)
        if plain.details.get("kind") in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
            raise _damaged(path, str(error)) from error
        raise plain from error
    except UnicodeDecodeError as error:  # the driver's own words for the fault hold damaged text
        raise _damaged(path, str(error)) from error
    finally:
        if connection is not None:
            connection.close()


def _check_header(path: Path) -> None:
    """Refuse a file that is not a database of ours, by its first 100 bytes (https://sqlite.org/fileformat.html)."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError as error:
        raise file_error(path, error) from error
    if len(header) < 100 or not header.startswith(_MAGIC):
        raise storage_error(
            f"{path} is not a Taktwerk database, or its beginning is damaged. It was not changed; "
            "choose another file, or restore it from a backup.",
            path=str(path),
            damaged=True,
            unreadable=True,
        )
    found = int.from_bytes(header[68:72], "big")
    if found != APPLICATION_ID:
        raise storage_error(
            f"{path} is a database of another program. It was not changed; choose another file.",
            path=str(path),
            applicationId=found,
        )


def _damaged(path: Path, reason: str) -> TaktwerkError:
    return storage_error(
        f"{path} is damaged. It was not changed; restore it from a backup.",
        path=str(path),
        reason=reason,
        damaged=True,
    )
