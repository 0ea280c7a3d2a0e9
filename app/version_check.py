"""The audit of a database: is every version what was saved, and does every stored difference rebuild it?"""

from __future__ import annotations

from dataclasses import dataclass

from engine.diff import Delta, apply
from engine.errors import ErrorCode, TaktwerkError
from storage import canonical
from storage.database import Database
from storage.rows import VersionInfo
from storage.unit_of_work import ReadView


@dataclass(frozen=True, slots=True)
class VersionFault:
    """Something that the audit found."""

    schedule_name: str
    version: VersionInfo
    message: str


def verify(database: Database, schedule_id: str | None = None) -> list[VersionFault]:
    """Check the file, every version's hash, and that every stored difference rebuilds its version.

    Parameters
    ----------
    schedule_id
        Only this schedule's versions; every schedule's when absent.

    Returns
    -------
    list of VersionFault
        What is wrong, empty when all is well.

    Raises
    ------
    TaktwerkError
        E008 when the file itself is damaged, E012 when there is no such schedule.
    """
    database.quick_check()
    faults: list[VersionFault] = []
    with database.read() as view:
        for row in [view.schedules.get(schedule_id)] if schedule_id else view.schedules.list():
            for info in reversed(view.versions.list(row.id)):
                try:
                    _verify_version(view, info)
                except TaktwerkError as error:
                    faults.append(VersionFault(row.name, info, error.message))
    return faults


def _verify_version(view: ReadView, info: VersionInfo) -> None:
    schedule = view.versions.data(info.id)
    stored = view.versions.diff(info.id)
    if info.parent_version_id is None:
        return
    try:
        delta = Delta.from_json(stored or {})
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise _not_rebuilt(info) from error
    rebuilt = apply(delta, view.versions.data(info.parent_version_id))
    if canonical.encode(rebuilt).content_hash != info.content_hash or rebuilt != schedule:
        raise _not_rebuilt(info)


def _not_rebuilt(info: VersionInfo) -> TaktwerkError:
    return TaktwerkError(ErrorCode.STORAGE, f"The stored changes of version {info.number} do not rebuild it.")
