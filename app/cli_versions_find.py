"""What ``taktwerk versions …`` calls schedules and versions: ids, names, numbers, heads, tags."""

from __future__ import annotations

from app.versions import HeadRow, ScheduleSummary, VersionInfo, VersionService
from engine.errors import ErrorCode, TaktwerkError
from storage.tables import MAIN_HEAD

VERSION_HELP = "id of a version, or SCHEDULE:NUMBER, SCHEDULE:TAG, SCHEDULE:SCENARIO (its newest), SCHEDULE (live plan)"


def find_schedule(service: VersionService, wanted: str) -> ScheduleSummary:
    """Return the schedule with this id or name; E012 names those that there are."""
    summaries = service.schedules()
    found = [item for item in summaries if wanted in (item.schedule.id, item.schedule.name)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{item.schedule.name} ({item.schedule.id})" for item in summaries[:10]) or "none"
    what = "There is no schedule" if not found else f"There are {len(found)} schedules named"
    raise TaktwerkError(ErrorCode.NOT_FOUND, f"{what} {wanted!r}. Known: {known}.", {"schedule": wanted})


def find_version(service: VersionService, wanted: str) -> VersionInfo:
    """Return the version that a planner means; see ``VERSION_HELP`` (E012)."""
    schedule, colon, name = wanted.rpartition(":")
    if not colon:
        summary = next((s for s in service.schedules() if wanted in (s.schedule.id, s.schedule.name)), None)
        return service.show(wanted) if summary is None else find_schedule(service, wanted).head
    found = find_schedule(service, schedule).schedule.id
    infos = service.list(found)
    for info in infos:
        if name == str(info.number) or name in info.tags:
            return info
    head = next((row for row in service.heads(found) if row.name == name), None)
    if head is not None:
        return service.show(head.version_id)
    raise TaktwerkError(
        ErrorCode.NOT_FOUND, f"The schedule {schedule!r} has no version, tag or scenario {name!r}.", {"version": wanted}
    )


def find_scenario(service: VersionService, wanted: str) -> HeadRow:
    """Return the head of ``SCHEDULE:SCENARIO``, or the live plan's of ``SCHEDULE`` (E012)."""
    schedule, colon, name = wanted.rpartition(":")
    if not colon:
        return service.scenarios.get(find_schedule(service, wanted).schedule.id, MAIN_HEAD)
    return service.scenarios.get(find_schedule(service, schedule).schedule.id, name)
