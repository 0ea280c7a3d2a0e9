"""The audit of a database: is every version what was saved, and does whatever refers to one find it?"""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import TaktwerkError
from storage.database import Database
from storage.rows import ScheduleRow, VersionInfo
from storage.unit_of_work import ReadView


@dataclass(frozen=True, slots=True)
class VersionFault:
    """Something that the audit found."""

    schedule_name: str
    version: VersionInfo
    message: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What the audit looked at and what it found, ``faults`` empty when all is well."""

    schedules: int
    versions: int
    references: int
    faults: tuple[VersionFault, ...]


def verify(database: Database, schedule_id: str | None = None) -> list[VersionFault]:
    """Return what ``audit`` finds."""
    return list(audit(database, schedule_id).faults)


def audit(database: Database, schedule_id: str | None = None) -> Audit:
    """Check the file, every version's hash, every stored difference, parents, heads, tags, runs, drafts and merges.

    Parameters
    ----------
    schedule_id
        Only this schedule's versions; every schedule's when absent.

    Raises
    ------
    TaktwerkError
        E008 when the file itself is damaged, E012 when there is no such schedule.
    """
    database.quick_check()
    faults: list[VersionFault] = []
    versions = references = 0
    with database.read() as view:
        rows = [view.schedules.get(schedule_id)] if schedule_id else view.schedules.list()
        for row in rows:
            known: dict[str, VersionInfo] = {}
            for info, error in view.versions.audit(row.id):
                known[info.id] = info
                fault = error or _unreadable(view, info)
                if fault is not None:
                    faults.append(VersionFault(row.name, info, fault.message))
            found = _named(view, row, known)
            versions, references = versions + len(known), references + len(found)
            newest = max(known.values(), key=lambda info: info.number, default=None)
            faults += [
                VersionFault(row.name, known.get(holder, newest), f"{what} names a version that is not there.")
                for holder, what, key in found
                if key not in known and newest is not None
            ]
    return Audit(len(rows), versions, references, tuple(faults))


def _unreadable(view: ReadView, info: VersionInfo) -> TaktwerkError | None:
    """What is wrong with a version that is stored whole, though its bytes are those that were saved."""
    if not view.versions.is_whole(info.id):
        return None
    try:
        view.versions.data(info.id)
    except TaktwerkError as error:
        return error
    return None


def _named(view: ReadView, row: ScheduleRow, known: dict[str, VersionInfo]) -> list[tuple[str, str, str]]:
    """Every reference to a version: (the version that it belongs to, if any; what refers; the id)."""
    found: list[tuple[str, str, str | None]] = []
    for info in known.values():
        where = f"Version {info.number}"
        found += [(info.id, f"{where} (parent)", key) for key in info.parents]
        found.append((info.id, f"{where} (origin)", info.origin_version_id))
    for head in view.heads.list(row.id):
        found += [("", f"The head {head.name!r}", key) for key in (head.version_id, head.from_version_id)]
        draft = view.drafts.load(row.id, head.name)
        if draft is not None:
            found.append(("", f"The draft on {head.name!r}", draft.base_version_id))
    found += [("", f"The tag {tag.name!r}", tag.version_id) for tag in view.marks.tags(row.id)]
    for run in view.runs.list(row.id):
        name = f"The run {run.label or run.id}"
        found += [("", name, key) for key in (run.base_version_id, run.result_version_id)]
    for one in view.merges.list(row.id):
        ids = (one.head_version_id, one.base_version_id, one.ours_version_id, one.theirs_version_id)
        found += [("", f"The merge begun by {one.created_by or 'somebody'}", key) for key in ids]
    return [(holder, what, key) for holder, what, key in found if key is not None]
