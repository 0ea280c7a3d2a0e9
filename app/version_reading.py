"""Versions: everything that only reads them."""

from __future__ import annotations

import builtins
from dataclasses import dataclass

from app.blame import BlameEntry, blame, causes
from app.collector import collector_paused
from app.comparison import Comparison, compare
from app.history import History, history
from app.version_check import Audit, VersionFault, audit, verify
from engine.changes import Cause
from engine.diff import Delta, diff
from engine.model import Schedule
from storage import canonical
from storage.database import Database
from storage.rows import HeadRow, ScheduleRow, VersionInfo
from storage.tables import MAIN_HEAD


@dataclass(frozen=True, slots=True)
class ScheduleSummary:
    """One schedule in a list, with its live version."""

    schedule: ScheduleRow
    head: VersionInfo


class VersionReader:
    """What can be learnt of versions. Safe to use from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def database(self) -> Database:
        """Where the versions are; for services beside this one."""
        return self._database

    def schedules(self) -> builtins.list[ScheduleSummary]:
        """Return every schedule with its live version, oldest schedule first."""
        with self._database.read() as view:
            return [
                ScheduleSummary(row, view.versions.get(view.heads.get(row.id).version_id))
                for row in view.schedules.list()
            ]

    def find_import(self, schedule: Schedule) -> str | None:
        """Return the id of the newest schedule that began with just these data, or ``None``."""
        wanted = canonical.encode(schedule).content_hash
        with self._database.read() as view:
            for row in reversed(view.schedules.list()):
                if view.versions.by_number(row.id, 1).content_hash == wanted:
                    return row.id
        return None

    def head(self, schedule_id: str, head: str = MAIN_HEAD) -> VersionInfo:
        """Return the version that a head stands on (E012)."""
        with self._database.read() as view:
            return view.versions.get(view.heads.get(schedule_id, head).version_id)

    def list(self, schedule_id: str) -> builtins.list[VersionInfo]:
        """Return a schedule's versions, newest first (E012)."""
        with self._database.read() as view:
            view.schedules.get(schedule_id)
            return view.versions.list(schedule_id)

    def show(self, version_id: str) -> VersionInfo:
        """Return one version without its data (E012)."""
        with self._database.read() as view:
            return view.versions.get(version_id)

    def data(self, version_id: str) -> Schedule:
        """Return a version's schedule, checked against its hash (E008, E012)."""
        with self._database.read() as view, collector_paused():
            return view.versions.data(version_id)

    def compare(self, from_version_id: str, to_version_id: str, *, with_violations: bool = False) -> Comparison:
        """Compare two versions of one schedule, or of two; with causes where they are of one (E008, E012)."""
        one, two = self.show(from_version_id), self.show(to_version_id)
        known = self.causes(one.id, two.id) if one.schedule_id == two.schedule_id else None
        names = f"Version {one.number}", f"Version {two.number}"
        with collector_paused():
            before, after = self.data(one.id), self.data(two.id)
            return compare(before, after, *names, causes=known, with_violations=with_violations)

    def causes(self, from_version_id: str, to_version_id: str) -> dict[str, Cause]:
        """Return why operations differ between two versions of a schedule, by operation (E012)."""
        return causes(self._database, from_version_id, to_version_id)

    def blame(self, version_id: str, event_id: str) -> builtins.list[BlameEntry]:
        """Return every version that changed an operation on the way to a version, newest first (E008, E012)."""
        return blame(self._database, version_id, event_id)

    def history(self, schedule_id: str) -> History:
        """Return the graph of a schedule's versions (E012)."""
        return history(self._database, schedule_id)

    def diff(self, from_version_id: str, to_version_id: str) -> Delta:
        """Return what turns one version into another (E008, E012)."""
        with self._database.read() as view:
            return diff(view.versions.data(from_version_id), view.versions.data(to_version_id))

    def diff_from_parent(self, version_id: str) -> Delta | None:
        """Return the stored difference to the parent version, ``None`` for one without a parent (E012)."""
        with self._database.read() as view:
            stored = view.versions.diff(version_id)
        return None if stored is None else Delta.from_json(stored)

    def verify(self, schedule_id: str | None = None) -> builtins.list[VersionFault]:
        """Return what is wrong in the database, see ``audit`` (E008, E012)."""
        return verify(self._database, schedule_id)

    def audit(self, schedule_id: str | None = None) -> Audit:
        """Check every version, stored difference and reference of the database or of one schedule (E008, E012)."""
        return audit(self._database, schedule_id)

    def heads(self, schedule_id: str) -> builtins.list[HeadRow]:
        """Return the live plan's head and the scenarios' of a schedule (E012)."""
        with self._database.read() as view:
            view.schedules.get(schedule_id)
            return view.heads.list(schedule_id)
