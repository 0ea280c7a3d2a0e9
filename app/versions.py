"""Versions: importing, saving, opening, comparing and rolling back schedules, and the draft of what is not saved yet.

Whatever is heavy (encoding, hashing, comparing) happens before the database is asked for, so that other writers wait
for milliseconds only.
"""

from __future__ import annotations

import builtins
import logging
import threading
from collections import OrderedDict
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from app.drafts import DraftKeeper, RecoveredEdit, Recovery
from app.version_check import VersionFault, verify
from engine.diff import Delta, diff
from engine.errors import ErrorCode, TaktwerkError
from engine.metrics import kpis
from engine.model import Schedule
from engine.validate import parse_schedule
from storage import canonical
from storage.canonical import Encoded
from storage.database import Database
from storage.rows import Draft, HeadRow, ScheduleRow, Source, VersionInfo
from storage.tables import MAIN_HEAD
from storage.unit_of_work import UnitOfWork

__all__ = [
    "Draft",
    "HeadRow",
    "Opened",
    "RecoveredEdit",
    "Recovery",
    "ScheduleRow",
    "ScheduleSummary",
    "VersionFault",
    "VersionInfo",
    "VersionService",
]

_log = logging.getLogger("taktwerk.versions")
_REMEMBERED = 4
"""Schedules kept in memory to compare the next version with; those of a planner's last few versions."""


class Opened(NamedTuple):
    """A schedule as it is opened: the head, its data, and the unsaved edits if there are any."""

    head: VersionInfo
    schedule: Schedule
    draft: Draft | None


@dataclass(frozen=True, slots=True)
class ScheduleSummary:
    """One schedule in a list, with its live version."""

    schedule: ScheduleRow
    head: VersionInfo


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A version that is ready to be inserted."""

    schedule: Schedule
    encoded: Encoded
    delta: dict[str, Any] | None
    metrics: dict[str, Any]
    parent_id: str | None


class VersionService:
    """What can be done with versions. Safe to use from any thread.

    Parameters
    ----------
    database
        Where everything is stored.
    user
        Who saves, by name.
    """

    def __init__(self, database: Database, user: str = "") -> None:
        self._database = database
        self._user = user
        self._drafts = DraftKeeper(database)
        self._recent: OrderedDict[str, Schedule] = OrderedDict()
        self._recent_lock = threading.Lock()

    # into the database

    def import_schedule(
        self, schedule: Schedule | bytes | str | dict[str, Any], name: str | None = None, comment: str = ""
    ) -> VersionInfo:
        """Make a new schedule of imported data, with version 1.

        Parameters
        ----------
        schedule
            A schedule, or raw JSON, which is validated.
        name
            What planners see; the data's own name, or the plant, when absent.

        Raises
        ------
        TaktwerkError
            E001 naming every fault of raw data, E006 when they are too large, E008 when they cannot be stored.
        """
        parsed = schedule if isinstance(schedule, Schedule) else parse_schedule(schedule)
        prepared = self._prepare(parsed, None)
        title = name or parsed.metadata.name or f"Plant {parsed.metadata.plant_id}"
        with self._database.unit_of_work() as uow:
            row = uow.schedules.create(parsed.metadata.plant_id, title)
            info = self._add(uow, row.id, prepared, "import", comment)
            uow.heads.create(row.id, MAIN_HEAD, info.id)
            uow.commit()
        _log.info("imported schedule %s (%s)", row.id, title)
        return self._stored(info, parsed)

    def save(
        self,
        schedule_id: str,
        expected_head: str,
        data: Schedule,
        comment: str = "",
        source: Source = "manual",
        head: str = MAIN_HEAD,
        edits: int | None = None,
    ) -> VersionInfo:
        """Store a schedule as the next version and move the head to it; this window's draft is then done with.

        Parameters
        ----------
        expected_head
            The version that ``data`` were made from.
        edits
            How many edits of the draft are in ``data`` (``edit_count`` when they were taken); all by default. Later
            ones are kept as edits of the new version.

        Raises
        ------
        TaktwerkError
            E004 with ``details`` base, ours and theirs when the head has moved; E008 when it cannot be stored. Nothing
            is changed then, and the draft stays.
        """
        prepared = self._prepare(data, expected_head)
        settling = self._drafts.settling(schedule_id, head, expected_head, edits)
        with settling as settle, self._database.unit_of_work() as uow:
            info = self._advance(uow, schedule_id, head, prepared, source, comment)
            settle(uow, info.id)
            uow.commit()
        return self._advanced(info, data)

    def record_result(
        self,
        run_id: str,
        schedule_id: str,
        expected_head: str,
        data: Schedule,
        comment: str = "",
        head: str = MAIN_HEAD,
    ) -> VersionInfo:
        """Make the plan of a run the next version: version, the run's result, head and draft in one transaction.

        Raises
        ------
        TaktwerkError
            As ``save``, and E012 when there is no such run.
        """
        prepared = self._prepare(data, expected_head)
        settling = self._drafts.settling(schedule_id, head, expected_head, None)
        with settling as settle, self._database.unit_of_work() as uow:
            info = self._advance(uow, schedule_id, head, prepared, "optimization", comment)
            settle(uow, info.id)
            uow.runs.set_result(run_id, info.id)
            uow.commit()
        return self._advanced(info, data)

    def rollback(
        self, schedule_id: str, expected_head: str, version_id: str, comment: str = "", head: str = MAIN_HEAD
    ) -> VersionInfo:
        """Store a new version equal to an old one and return it; errors as ``save``."""
        old = self.show(version_id)
        text = comment or f"Back to version {old.number}"
        return self.save(schedule_id, expected_head, self.data(version_id), text, head=head)

    # out of it

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

    def open(self, schedule_id: str, head: str = MAIN_HEAD) -> Opened:
        """Return the head's version, its schedule and its draft (E012; E008 when the version is damaged)."""
        with self._database.read() as view:
            info = view.versions.get(view.heads.get(schedule_id, head).version_id)
            schedule = view.versions.data(info.id)
            draft = view.drafts.load(schedule_id, head)
        self._stored(info, schedule)
        return Opened(info, schedule, draft if draft and draft.edits else None)

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
        with self._database.read() as view:
            return view.versions.data(version_id)

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
        """Check the file, every version's hash, and that stored differences rebuild their versions (E008)."""
        return verify(self._database, schedule_id)

    # scenarios

    def heads(self, schedule_id: str) -> builtins.list[HeadRow]:
        """Return the live plan's head and the scenarios' of a schedule (E012)."""
        with self._database.read() as view:
            view.schedules.get(schedule_id)
            return view.heads.list(schedule_id)

    def create_scenario(self, schedule_id: str, name: str, version_id: str) -> HeadRow:
        """Begin a scenario at a version (E001 when the name is taken or empty, E012)."""
        with self._database.unit_of_work() as uow:
            if uow.versions.get(version_id).schedule_id != schedule_id:
                raise TaktwerkError(
                    ErrorCode.NOT_FOUND, "This version belongs to another schedule.", {"version": version_id}
                )
            row = uow.heads.create(schedule_id, name, version_id)
            uow.commit()
            return row

    def delete_scenario(self, schedule_id: str, name: str) -> None:
        """Delete a scenario with its unsaved edits; its versions stay (E005 for the live plan, E012)."""
        with self._database.unit_of_work() as uow:
            uow.drafts.discard(schedule_id, name)
            uow.heads.delete(schedule_id, name)
            uow.commit()

    # the draft

    def append_edit(
        self, schedule_id: str, base_version_id: str, label: str, delta: dict[str, Any] | bytes, head: str = MAIN_HEAD
    ) -> None:
        """Store one edit of what is open; it is on the disk when this returns (E004, E008: see ``DraftKeeper``)."""
        self._drafts.append(schedule_id, base_version_id, label, delta, head)

    def edit_count(self, schedule_id: str, head: str = MAIN_HEAD) -> int:
        """Return how many unsaved edits of this window are stored."""
        return self._drafts.count(schedule_id, head)

    def replace_draft(
        self, schedule_id: str, base_version_id: str, label: str, delta: dict[str, Any], head: str = MAIN_HEAD
    ) -> None:
        """Put one edit on another version in the draft's place, in one stroke (E004, E008)."""
        self._drafts.replace(schedule_id, base_version_id, label, delta, head)

    def discard_draft(self, schedule_id: str, head: str = MAIN_HEAD) -> bool:
        """Throw the unsaved edits away and return whether there were any."""
        return self._drafts.discard(schedule_id, head)

    def recover(self, schedule_id: str, head: str = MAIN_HEAD) -> Recovery | None:
        """Bring the unsaved edits back as far as they are intact; ``None`` when there are none (E008)."""
        return self._drafts.recover(schedule_id, head)

    # inside

    def _prepare(self, schedule: Schedule, parent_id: str | None) -> _Prepared:
        encoded = canonical.encode(schedule)
        delta = None
        if parent_id is not None:
            parent = self._recent.get(parent_id) or self.data(parent_id)
            delta = diff(parent, schedule).to_json()
        return _Prepared(schedule, encoded, delta, asdict(kpis(schedule)), parent_id)

    def _add(self, uow: UnitOfWork, schedule_id: str, prepared: _Prepared, source: Source, comment: str) -> VersionInfo:
        user = uow.users.ensure(self._user) if self._user else None
        return uow.versions.add(
            schedule_id, prepared.parent_id, prepared.encoded, prepared.delta, source, prepared.metrics, user, comment
        )

    def _advance(
        self, uow: UnitOfWork, schedule_id: str, head: str, prepared: _Prepared, source: Source, comment: str
    ) -> VersionInfo:
        """Add the version and move the head by compare-and-set."""
        expected = prepared.parent_id or ""
        current = uow.heads.get(schedule_id, head).version_id
        if current != expected:
            raise _conflict(uow.versions.get(expected), prepared, uow.versions.get(current))
        info = self._add(uow, schedule_id, prepared, source, comment)
        uow.heads.move(schedule_id, head, expected, info.id)
        return info

    def _advanced(self, info: VersionInfo, schedule: Schedule) -> VersionInfo:
        _log.info("saved version %d of schedule %s (%s)", info.number, info.schedule_id, info.source)
        return self._stored(info, schedule)

    def _stored(self, info: VersionInfo, schedule: Schedule) -> VersionInfo:
        """Remember the schedule of a version, so that comparing the next one with it need not read it."""
        with self._recent_lock:
            self._recent[info.id] = schedule
            self._recent.move_to_end(info.id)
            while len(self._recent) > _REMEMBERED:
                self._recent.popitem(last=False)
        return info


def _conflict(base: VersionInfo, ours: _Prepared, theirs: VersionInfo) -> TaktwerkError:
    by = f" by {theirs.created_by}" if theirs.created_by else ""
    return TaktwerkError(
        ErrorCode.VERSION_CONFLICT,
        f"Version {theirs.number} was saved{by} while you worked on version {base.number}. Compare the two and merge "
        "them; your edits are kept.",
        {
            "base": base.to_json(),
            "ours": {"contentHash": ours.encoded.content_hash, "metrics": ours.metrics},
            "theirs": theirs.to_json(),
        },
    )
