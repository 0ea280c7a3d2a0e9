"""Storage errors in plain words: what the database reports becomes E008 with what happened and what to do."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

from engine.errors import ErrorCode, TaktwerkError

_NOTHING_LOST = "The change was not saved; everything saved before it is safe."

_PLAIN: dict[str, str] = {
    "SQLITE_FULL": f"The disk is full. {_NOTHING_LOST} Free some space and try again.",
    "SQLITE_BUSY": f"Another program is writing to the database. {_NOTHING_LOST} Try again in a moment.",
    "SQLITE_LOCKED": f"Another program is writing to the database. {_NOTHING_LOST} Try again in a moment.",
    "SQLITE_CORRUPT": "The database file is damaged. Close the program and restore the file from a backup.",
    "SQLITE_NOTADB": "The file is damaged or not a database. Restore it from a backup.",
    "SQLITE_READONLY": f"The database cannot be written. {_NOTHING_LOST} Check the rights of the file and its folder.",
    "SQLITE_PERM": "The database may not be opened. Check the rights of the file and its folder.",
    "SQLITE_CANTOPEN": "The database cannot be opened. Check that its folder exists and may be written.",
    "SQLITE_IOERR": f"The disk reported a fault. {_NOTHING_LOST} Check the disk, then try again.",
    "SQLITE_TOOBIG": f"The schedule is too large to be stored. {_NOTHING_LOST}",
    "SQLITE_NOMEM": f"There is not enough memory. {_NOTHING_LOST} Close other programs and try again.",
}
_PRIMARY_CODES: dict[int, str] = {
    3: "SQLITE_PERM",
    5: "SQLITE_BUSY",
    6: "SQLITE_LOCKED",
    7: "SQLITE_NOMEM",
    8: "SQLITE_READONLY",
    10: "SQLITE_IOERR",
    11: "SQLITE_CORRUPT",
    13: "SQLITE_FULL",
    14: "SQLITE_CANTOPEN",
    18: "SQLITE_TOOBIG",
    26: "SQLITE_NOTADB",
}
"""SQLite's primary result codes, https://sqlite.org/rescode.html; extended ones carry them in the low byte."""

_BY_WORDS: dict[str, int] = {
    "disk is full": 13,
    "disk i/o error": 10,
    "is locked": 5,
    "malformed": 11,
    "not a database": 26,
    "readonly": 8,
    "unable to open": 14,
    "out of memory": 7,
}
"""SQLite's words for the codes: the driver's backup raises its errors without one."""

APPEND_ONLY = "versions are append-only"
"""What the triggers on ``schedule_versions`` answer."""


def storage_error(message: str, **details: Any) -> TaktwerkError:
    """Return E008 with the message."""
    return TaktwerkError(ErrorCode.STORAGE, message, details)


def not_found(what: str, key: str) -> TaktwerkError:
    """Return E012 for something that is not in the database."""
    return TaktwerkError(
        ErrorCode.NOT_FOUND, f"There is no {what} {key!r}. It may belong to another database.", {what: key}
    )


def plain_error(error: BaseException) -> TaktwerkError:
    """Return E008 for an error of a database driver.

    ``details.reason`` keeps the driver's own words, ``details.kind`` SQLite's result code.
    """
    if APPEND_ONLY in str(error):
        return storage_error("Saved versions cannot be changed or deleted.", reason=str(error))
    number = _sqlite_code(error)
    if number is not None:
        kind = _PRIMARY_CODES.get(number & 0xFF, f"SQLite code {number}")
        message = _PLAIN.get(kind, f"The database refused the change ({error}). {_NOTHING_LOST}")
        return storage_error(message, kind=kind, reason=str(error))
    return storage_error(
        f"The database server did not do what was asked. {_NOTHING_LOST} Check the connection and try again.",
        kind=type(error).__name__,
        reason=str(error).strip(),
    )


def _sqlite_code(error: BaseException) -> int | None:
    """The result code of an error of SQLite's, ``None`` for another driver's."""
    number = getattr(error, "sqlite_errorcode", None)
    if isinstance(number, int) or "sqlite3" not in type(error).__module__:
        return number if isinstance(number, int) else None
    words = str(error).casefold()
    return next((code for sign, code in _BY_WORDS.items() if sign in words), None)


def file_error(path: Path, error: OSError) -> TaktwerkError:
    """Return E008 for an operating system's refusal to read or make a file."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return storage_error(
            f"The disk is full: {path} could not be written. {_NOTHING_LOST} Free some space and try again.",
            path=str(path),
            kind="ENOSPC",
            reason=str(error),
        )
    return storage_error(
        f"{path} cannot be used as the database: {error.strerror or error}. Check the path and the rights.",
        path=str(path),
        reason=str(error),
    )
