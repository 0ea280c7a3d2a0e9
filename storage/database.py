"""The database: opening it safely, and the two ways in, a unit of work to write and a view to read.

On SQLite writers begin with ``BEGIN IMMEDIATE`` (they wait for each other instead of losing updates), readers with a
plain ``BEGIN`` on connections that cannot write; with the write-ahead log neither waits for the other. On PostgreSQL
the same rows are locked by the repositories' ``FOR UPDATE``.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from engine.errors import TaktwerkError
from storage import backups, canonical, migrate, sqlite_file
from storage.failures import file_error, plain_error, storage_error
from storage.tables import SCHEMA_VERSION
from storage.unit_of_work import ReadView, UnitOfWork, begin, mark_failed

_WRITES = "taktwerk_writes"
_TRIED = 50
"""How many versions of a damaged file are tried before it is said to hold no plan that can be read."""
_log = logging.getLogger("taktwerk.storage")


def open_database(path_or_url: str | Path) -> Database:
    """Open the database of a path or URL; make it if there is none, bring it to this program's revision if it is older.

    Parameters
    ----------
    path_or_url
        A file, ``sqlite:///file``, or ``postgresql://user@host/name``.

    Raises
    ------
    TaktwerkError
        E008 when it is not a Taktwerk database, is damaged, was written by a newer Taktwerk, or cannot be read or
        written. A file that is refused is left as it was.
    """
    text = str(path_or_url)
    if isinstance(path_or_url, Path) or "://" not in text:
        return Database.of_file(Path(path_or_url))
    try:
        url = make_url(text)
    except ArgumentError:
        raise storage_error(
            "The database address is not valid. Write a file path, or postgresql://user@host/name."
        ) from None
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            raise storage_error("A database in memory would be lost at the end. Write a file path.")
        return Database.of_file(Path(url.database))
    if url.get_backend_name() == "postgresql":
        return Database.of_server(url)
    raise storage_error(f"{url.get_backend_name()} databases are not supported. Use an SQLite file or PostgreSQL.")


class Database:
    """An open database. Any thread may use it; each unit of work and each view belongs to one thread.

    Attributes
    ----------
    path
        The file, ``None`` on a server.
    name
        What to show a person: the path, or the address without its password.
    backup
        The copy made before a migration when this opening needed one.
    is_read_only
        Whether it is a look at a copy of a damaged file; nothing can be written.
    before_import
        Called before anything is taken in from outside; makes a backup where one is wanted.
    """

    def __init__(
        self,
        writer: Engine,
        reader: Engine,
        name: str,
        path: Path | None,
        backup: Path | None = None,
        *,
        is_read_only: bool = False,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self.name = name
        self.path = path
        self.backup = backup
        self.is_read_only = is_read_only
        self.before_import: Callable[[], Any] = lambda: None
        self._write_turn = threading.Lock() if path else None
        self._inside = threading.local()

    @staticmethod
    def of_file(path: Path) -> Database:
        """Open an SQLite file; see ``open_database``."""
        sqlite_file.require_sqlite()
        path = path.expanduser().absolute()
        backup = None
        sqlite_file.take_back_unfinished(path)
        if sqlite_file.is_new(path):
            if path.exists() and backups.backups_of(path):
                raise storage_error(
                    f"{path} is empty, but there are backups of it. It was not changed; restore a backup, or delete "
                    "the empty file to begin anew.",
                    path=str(path),
                    damaged=True,
                    unreadable=True,
                )
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise file_error(path, error) from error
            migrate.create_file(path)
        else:
            found = sqlite_file.file_revision(path)
            if found < SCHEMA_VERSION:
                backup = migrate.upgrade_file(path, found)
        sqlite_file.turn_wal_on(path)
        return Database(_file_engine(path, writes=True), _file_engine(path, writes=False), str(path), path, backup)

    @staticmethod
    def look_at(path: Path, scratch: Path) -> Database:
        """Look at a damaged file: a copy of it in the folder ``scratch`` is opened, and nothing can be written.

        What can still be read is read, each version checked by its hash as always.

        Raises
        ------
        TaktwerkError
            E008 when too little is left, or a newer or older Taktwerk wrote it.
        """
        copy = sqlite_file.copy_as_it_is(path.expanduser().absolute(), scratch)
        engines = _file_engine(copy, writes=False), _file_engine(copy, writes=False)
        database = Database(*engines, f"{path} (read-only)", path, is_read_only=True)
        try:
            with database.read() as view:
                _ = view.algorithms.list(), view.profiles.list()
                heads = [head for row in view.schedules.list() for head in view.heads.list(row.id)]
                versions = [info for key in {head.schedule_id for head in heads} for info in view.versions.list(key)]
                _require_one_plan(view, [*(head.version_id for head in heads), *(info.id for info in versions)])
        except BaseException:
            database.close()
            raise
        return database

    @staticmethod
    def of_server(url: URL) -> Database:
        """Open a PostgreSQL database; see ``open_database``."""
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        try:
            engine = create_engine(
                url,
                pool_pre_ping=True,
                connect_args={"connect_timeout": 10},
                json_serializer=lambda value: canonical.dumps(value).decode(),
                json_deserializer=canonical.loads,  # reads the many digits JSONB makes of 1e300 as what they were
            )
        except (ImportError, NoSuchModuleError):
            raise storage_error(
                "The PostgreSQL driver is not installed. Install Taktwerk with its extra: taktwerk[postgresql]."
            ) from None
        event.listen(engine, "handle_error", _explain, retval=True)
        try:
            migrate.upgrade_server(engine)
        except BaseException:
            engine.dispose()
            raise
        reader = engine.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")
        return Database(engine, reader, url.render_as_string(hide_password=True), None)

    @contextlib.contextmanager
    def unit_of_work(self) -> Iterator[UnitOfWork]:
        """Write: everything inside happens at ``commit()``, or not at all. Leaving without it rolls back.

        Keep it short, other writers wait. Units do not nest.

        Raises
        ------
        TaktwerkError
            E008 when another program keeps the database for too long, and for whatever else the database refuses.
        """
        if self.is_read_only:
            raise storage_error(
                "The database is damaged and open for reading only. Nothing was changed; restore a backup to go on."
            )
        with self._turn(), _connected(self._writer) as connection:
            unit = UnitOfWork(connection)
            try:
                yield unit
            finally:
                unit.close()

    @contextlib.contextmanager
    def read(self) -> Iterator[ReadView]:
        """Read one consistent state, however long it takes and whoever writes meanwhile."""
        with _connected(self._reader) as connection:
            yield ReadView(connection)

    def quick_check(self) -> None:
        """Have SQLite check its file page by page (0.03 s for 35 MB); a server checks itself.

        Raises
        ------
        TaktwerkError
            E008 when the file is damaged.
        """
        if self.path:
            with _connected(self._reader) as connection:
                sqlite_file.refuse_damage(_Plain(connection), self.path)

    def back_up(self, target: Path) -> Path:
        """Copy an SQLite database to ``target`` while it is in use, whole or not at all.

        Raises
        ------
        TaktwerkError
            E008 when the copy cannot be made, or the database is on a server.
        """
        if not self.path:
            raise storage_error("A server's database is backed up on the server, for example with pg_dump.")
        return sqlite_file.back_up(self.path, target)

    def close(self) -> None:
        """Close every connection; the last one folds the write-ahead log into the file."""
        self._reader.dispose()
        self._writer.dispose()

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Let this process's writers go one after the other, and catch a unit of work inside another."""
        if getattr(self._inside, "active", False):
            raise RuntimeError("a unit of work inside another one would wait for itself")
        lock = self._write_turn
        if lock and not lock.acquire(timeout=sqlite_file.BUSY_TIMEOUT_S):
            raise storage_error("Taktwerk is still saving something else. The change was not saved; try again.")
        self._inside.active = True
        try:
            yield
        finally:
            self._inside.active = False
            if lock:
                lock.release()


def _require_one_plan(view: ReadView, version_ids: list[str]) -> None:
    """Raise E008 when there are versions and none of the first of these can be read."""
    refused: TaktwerkError | None = None
    for version_id in version_ids[:_TRIED]:
        try:
            view.versions.data(version_id)
            return
        except TaktwerkError as error:
            refused = error
    if refused is not None:
        raise refused


class _Plain:
    """The one method of a DB-API connection that the checks use, on a connection of SQLAlchemy's."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, statement: str) -> Any:
        return self._connection.exec_driver_sql(statement)


def _file_engine(path: Path, *, writes: bool) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        module=sqlite_file.driver,
        connect_args={"timeout": sqlite_file.BUSY_TIMEOUT_S, "check_same_thread": False},
        pool_size=4,
        max_overflow=16,
        execution_options={_WRITES: writes},
    )

    def connected(connection: Any, _record: object) -> None:
        try:
            sqlite_file.prepare_connection(connection, writes=writes)
        except sqlite_file.driver.Error as error:  # not seen by ``handle_error``: the file may be damaged already here
            raise plain_error(error) from error

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    event.listen(engine, "handle_error", _explain, retval=True)
    return engine


@contextlib.contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction; what was not committed at the end is rolled back."""
    try:
        with engine.connect() as connection:
            begin(connection)
            yield connection
    except UnicodeDecodeError as error:  # from the driver: its words for the fault hold damaged text
        raise storage_error(
            "The database file is damaged. Close the program and restore the file from a backup.", reason=str(error)
        ) from error
    except PoolTimeout as error:
        raise storage_error("Too much is being read or saved at once. Try again in a moment.") from error


def _explain(context: ExceptionContext) -> TaktwerkError | None:
    """Turn what a driver raised into plain words; faults of the program stay what they are."""
    original = context.original_exception
    if isinstance(original, TaktwerkError):
        return original
    if not isinstance(context.sqlalchemy_exception, DBAPIError):
        return None
    connection = context.connection
    if connection is not None and not connection.closed and not connection.invalidated:
        mark_failed(connection)
        if connection.get_execution_options().get(_WRITES):
            # SQLite may have ended the transaction by itself (disk full); what came after would be committed
            # statement by statement. Have SQLAlchemy give this connection up.
            context.is_disconnect = True
            context.invalidate_pool_on_disconnect = False
    return plain_error(original)
