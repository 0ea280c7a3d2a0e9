"""Backups of the database: made before imports and every half hour when something changed, thinned, put back."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.errors import TaktwerkError
from storage import backups
from storage.backups import Backup, Contents
from storage.database import Database
from storage.failures import storage_error

__all__ = ["EVERY_S", "REASONS", "Backup", "BackupService", "Contents", "ListedBackup", "list_backups", "put_back"]

EVERY_S: Final = 1800
"""How often the workstation looks whether there is something to back up."""

REASONS: Final = {
    "import": "before an import",
    "timer": "every half hour",
    "manual": "asked for",
    "kept": "replaced by a restored one",
}
_CLOCK_S: Final = 60.0
_log = logging.getLogger("taktwerk.backups")


@dataclass(frozen=True, slots=True)
class ListedBackup:
    """A backup with what it holds."""

    backup: Backup
    contents: Contents

    @property
    def why(self) -> str:
        """Why it was made, in words."""
        return REASONS.get(self.backup.reason, "before Taktwerk was updated")

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data in wire names."""
        return {
            "name": self.backup.path.name,
            "path": str(self.backup.path),
            "takenAt": self.backup.taken_at.isoformat().replace("+00:00", "Z"),
            "reason": self.backup.reason,
            "sizeBytes": self.backup.size_bytes,
            "schedules": list(self.contents.schedules),
            "versions": self.contents.versions,
            "problem": self.contents.problem or None,
        }


def list_backups(database: Path) -> list[ListedBackup]:
    """Return the backups of a database file, which may itself be damaged; the newest first."""
    return [ListedBackup(one, backups.contents(one.path)) for one in backups.backups_of(database)]


def put_back(database: Path, backup: Path) -> Path | None:
    """Restore a backup while nobody has the database open; see ``storage.backups.restore`` (E008)."""
    return backups.restore(database, backup)


class BackupService:
    """Backs an open database up. Safe to use from any thread; for a server's database it does nothing.

    Attributes
    ----------
    restore_at_exit
        The backup that the planner chose; the composition root puts it back when everything is closed.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = threading.Lock()
        self._saved_state: object = None
        self.restore_at_exit: Path | None = None

    @property
    def path(self) -> Path | None:
        """The database file; ``None`` on a server and for a look at a damaged file."""
        return None if self._database.is_read_only else self._database.path

    @property
    def file(self) -> Path | None:
        """The file that a backup can be put in the place of, which may be damaged; ``None`` on a server."""
        return self._database.path

    def list(self) -> list[ListedBackup]:
        """Return the backups, the newest first."""
        return list_backups(self.file) if self.file else []

    def make(self, reason: str = "manual") -> Backup:
        """Make a backup now and thin the older ones out.

        Raises
        ------
        TaktwerkError
            E008 when it cannot be made, or the database is on a server.
        """
        if self.path is None:
            raise storage_error("Only a database file is backed up here. A server's is backed up on the server.")
        with self._turn:
            return self._made(self.path, reason)

    def make_if_changed(self, reason: str = "timer") -> Backup | None:
        """Make a backup when the database holds something that the newest backup does not (E008)."""
        if self.path is None:
            return None
        with self._turn:
            if not self._is_changed(self.path):
                return None
            return self._made(self.path, reason)

    def before_import(self) -> None:
        """Back up before an import, if there is anything new to lose (E008: then the import must not go on)."""
        self.make_if_changed("import")

    def try_make(self) -> str:
        """Make the half-hourly backup; return what to tell the planner, empty when all is well."""
        try:
            self.make_if_changed()
        except TaktwerkError as error:
            _log.warning("no backup could be made: %s", error)
            return f"No backup could be made. {error.message}"
        return ""

    def _made(self, path: Path, reason: str) -> Backup:
        state = _state(path)
        target = self._database.back_up(backups.backup_path(path, reason))
        self._saved_state = state
        backups.thin(path)
        _log.info("backed up the database to %s", target.name)
        return next(one for one in backups.backups_of(path) if one.path == target)

    def _is_changed(self, path: Path) -> bool:
        if self._saved_state is not None:
            return self._saved_state != _state(path)
        with self._database.read() as view:
            if not view.schedules.list():
                return False  # nothing to lose yet
        made = [one for one in backups.backups_of(path) if one.reason != backups.KEPT]
        if not made or made[0].taken_at.timestamp() > time.time() + _CLOCK_S:
            return True  # none, or the clock was set back since: what it says of before and after is worth nothing
        return made[0].taken_at.timestamp() <= max(stamp for stamp, size in _state(path) if size) / 1e9


def _state(path: Path) -> tuple[tuple[int, int], ...]:
    """When the file and its log were last written, and how long they are."""
    found = [path.stat()]
    with contextlib.suppress(FileNotFoundError):
        found.append(path.with_name(f"{path.name}-wal").stat())
    return tuple((one.st_mtime_ns, one.st_size) for one in found)
