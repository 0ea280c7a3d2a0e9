"""Bringing a database to this program's revision: in one transaction, after a backup, or not at all.

A migration is one file in ``storage/migrations/versions``, numbered ``0001``, ``0002`` ... and never changed once
released. The number is SQLite's ``user_version`` (alembic's own table holds it too), so that the usual start, on a
current file, does not even import alembic. Migrations only go forwards; the way back is the backup.
"""

from __future__ import annotations

import logging
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, create_engine, inspect, text

from engine.errors import TaktwerkError
from storage.append_only import protect_versions, unprotect_versions
from storage.backups import backup_path
from storage.failures import plain_error, storage_error
from storage.sqlite_file import back_up, connect, driver
from storage.tables import APPLICATION_ID, SCHEMA_VERSION

SCRIPTS = Path(__file__).resolve().parent / "migrations"
_POSTGRESQL_LOCK = APPLICATION_ID

_log = logging.getLogger("taktwerk.storage")


def create_file(path: Path, scripts: Path = SCRIPTS, revision: int = SCHEMA_VERSION) -> None:
    """Make a new database of the given revision in an absent or empty file.

    The file holds either nothing or the whole of it. Two programs may try at once: the second finds it made.
    """
    _change_file(path, scripts, found=0, revision=revision)


def upgrade_file(path: Path, found: int, scripts: Path = SCRIPTS, revision: int = SCHEMA_VERSION) -> Path:
    """Back the database up, then bring it from revision ``found`` to ``revision``.

    Returns
    -------
    Path
        The backup, in the folder ``backups`` beside the database.

    Raises
    ------
    TaktwerkError
        E008 when the backup or the migration fails; the database is then as it was.
    """
    backup = back_up(path, backup_path(path, f"revision-{found}"))
    _log.info("backed up %s to %s before the change from revision %d to %d", path, backup, found, revision)
    _change_file(path, scripts, found, revision)
    return backup


def upgrade_server(engine: Engine, scripts: Path = SCRIPTS, revision: int = SCHEMA_VERSION) -> None:
    """Make or upgrade the tables on a PostgreSQL server, in one transaction, one program at a time.

    Raises
    ------
    TaktwerkError
        E008 when a newer Taktwerk made the tables, or the migration fails.
    """
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRESQL_LOCK})
        found = _server_revision(connection)
        if found > revision:
            raise storage_error(
                f"The database was made by a newer Taktwerk (revision {found}, this program knows up to {revision}). "
                "Install the newer Taktwerk to open it; nothing was changed.",
                revision=found,
                known=revision,
            )
        if found < revision:
            _run(connection, scripts, found, revision)


def _server_revision(connection: Connection) -> int:
    if not inspect(connection).has_table("alembic_version"):
        return 0
    return int(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or 0)


def _change_file(path: Path, scripts: Path, found: int, revision: int) -> None:
    engine = create_engine("sqlite://", module=driver, creator=lambda: connect(path), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
            if _user_version(connection) == revision:
                return  # another program was faster
            if found == 0 and _has_tables(connection):
                raise storage_error(f"{path} is a database of another program. Choose another file.", path=str(path))
            connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
            _run(connection, scripts, found, revision)
            connection.exec_driver_sql(f"PRAGMA user_version={revision}")
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise storage_error(
                    f"{path} could not be brought to the new revision: {len(broken)} rows would lose what they refer "
                    "to. The file is as it was; keep it and ask for help.",
                    rows=[list(row) for row in broken[:20]],
                )
            connection.commit()
    except TaktwerkError:
        raise
    except driver.Error as error:
        raise plain_error(error) from error
    except Exception as error:
        plain = plain_error(getattr(error, "orig", None) or error)
        if str(plain.details.get("kind")).startswith("SQLITE_"):  # the disk, not the migration
            raise plain from error
        raise storage_error(
            f"{path} could not be brought to revision {revision}. The file is as it was.", reason=str(error)
        ) from error
    finally:
        engine.dispose()


def _user_version(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar() or 0)


def _has_tables(connection: Connection) -> bool:
    return bool(connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema").scalar())


def _run(connection: Connection, scripts: Path, found: int, revision: int) -> None:
    """Run the migrations inside the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    if found:
        unprotect_versions(connection)
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, f"{revision:04d}")
    protect_versions(connection)
