"""The triggers that keep saved versions as they were saved.

They are dropped before and made again after every migration, so that no migration can lose them.
"""

from __future__ import annotations

from sqlalchemy import Connection

from storage.failures import APPEND_ONLY

_REFUSE = f"SELECT RAISE(ABORT, '{APPEND_ONLY}');"

_SQLITE_MAKE = (
    f"CREATE TRIGGER schedule_versions_no_update BEFORE UPDATE ON schedule_versions BEGIN {_REFUSE} END",
    f"CREATE TRIGGER schedule_versions_no_delete BEFORE DELETE ON schedule_versions BEGIN {_REFUSE} END",
    # INSERT OR REPLACE deletes without the trigger above unless the connection asked for recursive triggers
    "CREATE TRIGGER schedule_versions_no_replace BEFORE INSERT ON schedule_versions "
    "WHEN EXISTS (SELECT 1 FROM schedule_versions WHERE id = NEW.id "
    "OR (schedule_id = NEW.schedule_id AND number = NEW.number)) "
    f"BEGIN {_REFUSE} END",
)
_SQLITE_DROP = tuple(f"DROP TRIGGER IF EXISTS schedule_versions_no_{what}" for what in ("update", "delete", "replace"))
_POSTGRESQL_MAKE = (
    "CREATE OR REPLACE FUNCTION refuse_version_change() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{APPEND_ONLY}'; END $$",
    "CREATE TRIGGER schedule_versions_no_change BEFORE UPDATE OR DELETE ON schedule_versions "
    "FOR EACH ROW EXECUTE FUNCTION refuse_version_change()",
    "CREATE TRIGGER schedule_versions_no_truncate BEFORE TRUNCATE ON schedule_versions "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_version_change()",
)
_POSTGRESQL_DROP = tuple(
    f"DROP TRIGGER IF EXISTS schedule_versions_no_{what} ON schedule_versions" for what in ("change", "truncate")
)


def protect_versions(connection: Connection) -> None:
    """Make the triggers."""
    for statement in _POSTGRESQL_MAKE if connection.dialect.name == "postgresql" else _SQLITE_MAKE:
        connection.exec_driver_sql(statement)


def unprotect_versions(connection: Connection) -> None:
    """Drop the triggers for the length of a migration."""
    for statement in _POSTGRESQL_DROP if connection.dialect.name == "postgresql" else _SQLITE_DROP:
        connection.exec_driver_sql(statement)
