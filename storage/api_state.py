"""What the HTTP API remembers beside the plans: the tokens that it issued, and the answers to requests with a key.

It has a file of its own: tokens belong to one installation, plans may be on a server that several share.

A token that is issued or revoked is on the disk when the call returns. Answers are not waited for: they outlive the
program, whatever ends it, but a power cut may take those of the last moments, as it takes requests half done. Waiting
for the disk twice a request cost more than all the rest of it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage import sqlite_file
from storage.failures import file_error, plain_error

_TABLES = """
CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY, user TEXT NOT NULL, scopes TEXT NOT NULL, audience TEXT NOT NULL, note TEXT NOT NULL,
    issued_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, revoked_at INTEGER
);
CREATE TABLE IF NOT EXISTS answers (
    user TEXT NOT NULL, key TEXT NOT NULL, request_hash TEXT NOT NULL, at INTEGER NOT NULL,
    status INTEGER, body BLOB, location TEXT, PRIMARY KEY (user, key)
);
CREATE INDEX IF NOT EXISTS answers_at ON answers (at);
"""


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token that was issued; times in seconds since 1970."""

    id: str
    user: str
    scopes: tuple[str, ...]
    audience: str
    note: str
    issued_at: int
    expires_at: int
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """What was answered to a request with a key; ``status`` is ``None`` while it is being worked on."""

    request_hash: str
    status: int | None
    body: bytes
    location: str | None


class ApiState:
    """The file. Any thread may use it, and several programs at once.

    Raises
    ------
    TaktwerkError
        E008 from every method when the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        sqlite_file.require_sqlite()
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise file_error(path, error) from error
        try:
            self._tokens = sqlite_file.connect(path)
            self._answers = sqlite_file.connect(path)
            self._answers.execute("PRAGMA synchronous=NORMAL")
        except sqlite_file.driver.Error as error:
            raise plain_error(error) from error
        sqlite_file.turn_wal_on(path)
        with self._writing(self._tokens) as connection:
            for statement in _TABLES.split(";\n"):
                connection.execute(statement)

    # tokens

    def add_token(self, row: TokenRow) -> None:
        """Remember a token."""
        values = (row.id, row.user, " ".join(row.scopes), row.audience, row.note, row.issued_at, row.expires_at)
        with self._writing(self._tokens) as connection:
            connection.execute("INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", values)

    def token(self, token_id: str) -> TokenRow | None:
        """Return a token by its id."""
        with self._reading() as connection:
            found = connection.execute("SELECT * FROM tokens WHERE id = ?", (token_id,)).fetchone()
        return None if found is None else _token(found)

    def tokens(self) -> list[TokenRow]:
        """Return every token, newest first."""
        with self._reading() as connection:
            return [_token(row) for row in connection.execute("SELECT * FROM tokens ORDER BY issued_at DESC, id")]

    def revoke_token(self, token_id: str, at: int) -> bool:
        """Make a token worthless; ``False`` when there is none."""
        with self._writing(self._tokens) as connection:
            done = connection.execute(
                "UPDATE tokens SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?", (at, token_id)
            )
            return done.rowcount > 0

    # answers

    def claim(self, user: str, key: str, request_hash: str, at: int, kept_s: int) -> AnswerRow | None:
        """Begin to work on a request with a key: ``None`` when it is new, else what is known of it.

        Answers older than ``kept_s`` seconds are forgotten first.
        """
        with self._writing(self._answers) as connection:
            connection.execute("DELETE FROM answers WHERE at < ?", (at - kept_s,))
            done = connection.execute(
                "INSERT OR IGNORE INTO answers (user, key, request_hash, at) VALUES (?, ?, ?, ?)",
                (user, key, request_hash, at),
            )
            if done.rowcount:
                return None
            row = connection.execute(
                "SELECT request_hash, status, body, location FROM answers WHERE user = ? AND key = ?", (user, key)
            ).fetchone()
        return AnswerRow(row[0], row[1], bytes(row[2] or b""), row[3])

    def answer(self, user: str, key: str, status: int, body: bytes, location: str | None) -> None:
        """Remember the answer."""
        with self._writing(self._answers) as connection:
            connection.execute(
                "UPDATE answers SET status = ?, body = ?, location = ? WHERE user = ? AND key = ?",
                (status, body, location, user, key),
            )

    def release(self, user: str, key: str) -> None:
        """Forget a request that was refused, so that it can be made again."""
        with self._writing(self._answers) as connection:
            connection.execute("DELETE FROM answers WHERE user = ? AND key = ? AND status IS NULL", (user, key))

    def release_all(self) -> None:
        """Forget the requests that a server which is gone did not answer."""
        with self._writing(self._answers) as connection:
            connection.execute("DELETE FROM answers WHERE status IS NULL")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._tokens.close()
            self._answers.close()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Any]:
        """The tokens' connection, for one statement: with the write-ahead log it waits for no writer."""
        with self._lock:
            try:
                yield self._tokens
            except sqlite_file.driver.Error as error:
                raise plain_error(error) from error

    @contextlib.contextmanager
    def _writing(self, connection: Any) -> Iterator[Any]:
        """A connection, in one transaction that is rolled back when anything goes wrong."""
        with self._lock:
            try:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")
            except sqlite_file.driver.Error as error:
                raise plain_error(error) from error


def _token(row: Any) -> TokenRow:
    return TokenRow(row[0], row[1], tuple(row[2].split()), row[3], row[4], row[5], row[6], row[7])
