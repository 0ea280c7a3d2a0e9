"""``taktwerk versions list`` and ``versions show``: what the database holds."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import Any

from app.cli_output import print_json, print_table
from app.config import Settings
from app.versions import ScheduleSummary, VersionInfo, VersionService
from engine.errors import ErrorCode, TaktwerkError
from engine.wording import length
from storage.database import open_database

_COLUMNS = ("Number", "Saved (UTC)", "By", "Source", "Late orders", "Makespan", "Comment", "Id")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="action", required=True)
    listing = actions.add_parser("list", help="the schedules, or the versions of one")
    listing.add_argument("schedule", nargs="?", metavar="SCHEDULE", help="id or name of a schedule")
    showing = actions.add_parser("show", help="one version, or its data")
    showing.add_argument("version", metavar="VERSION", help="id of a version, or SCHEDULE:NUMBER")
    showing.add_argument("--data", action="store_true", help="print the version's schedule, as JSON")
    for action in (listing, showing):
        action.add_argument("--database", metavar="PATH|URL", default=argparse.SUPPRESS, help="the versions' database")
        action.add_argument("--json", action="store_true", help="print one JSON document")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Open the database and do what is asked."""
    database = open_database(settings.database)
    try:
        service = VersionService(database, settings.user)
        return {"list": _list, "show": _show}[options.action](service, options)
    finally:
        database.close()


def _list(service: VersionService, options: argparse.Namespace) -> int:
    if options.schedule is not None:
        versions = service.list(_find(service, options.schedule).schedule.id)
        if options.json:
            print_json({"versions": [version.to_json() for version in versions]})
        else:
            print_table("Versions", _COLUMNS, map(_row, versions))
        return 0
    summaries = service.schedules()
    if options.json:
        print_json({"schedules": [_summary_json(summary) for summary in summaries]})
        return 0
    rows = [
        [row.name, row.plant_id, str(head.number), _when(head.created_at), row.id]
        for row, head in ((item.schedule, item.head) for item in summaries)
    ]
    if rows:
        print_table("Schedules", ("Name", "Plant", "Version", "Saved (UTC)", "Id"), rows)
    else:
        print("The database holds no schedule yet.")
    return 0


def _show(service: VersionService, options: argparse.Namespace) -> int:
    info = _version(service, options.version)
    if options.data:
        print_json(service.data(info.id).to_json())
    elif options.json:
        print_json(info.to_json())
    else:
        fields = {name: value for name, value in info.to_json().items() if name != "metrics"} | (info.metrics or {})
        rows = [[name, "" if value is None else str(value)] for name, value in fields.items()]
        print_table(f"Version {info.number}", ("Field", "Value"), rows)
    return 0


def _find(service: VersionService, wanted: str) -> ScheduleSummary:
    """Return the schedule with this id or name; E012 names those that there are."""
    summaries = service.schedules()
    found = [item for item in summaries if wanted in (item.schedule.id, item.schedule.name)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{item.schedule.name} ({item.schedule.id})" for item in summaries[:10]) or "none"
    what = "There is no schedule" if not found else f"There are {len(found)} schedules named"
    raise TaktwerkError(ErrorCode.NOT_FOUND, f"{what} {wanted!r}. Known: {known}.", {"schedule": wanted})


def _version(service: VersionService, wanted: str) -> VersionInfo:
    """Return the version with this id, or of this ``SCHEDULE:NUMBER``."""
    schedule, colon, number = wanted.rpartition(":")
    if not colon or not number.isdigit():
        return service.show(wanted)
    for info in service.list(_find(service, schedule).schedule.id):
        if info.number == int(number):
            return info
    raise TaktwerkError(ErrorCode.NOT_FOUND, f"The schedule {schedule!r} has no version {number}.", {"version": wanted})


def _row(info: VersionInfo) -> list[str]:
    figures: dict[str, Any] = info.metrics or {}
    return [
        str(info.number),
        _when(info.created_at),
        info.created_by or "",
        info.source,
        str(figures.get("late_orders", "")),
        length(figures["makespan_ms"]) if "makespan_ms" in figures else "",
        info.comment,
        info.id,
    ]


def _when(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S")


def _summary_json(item: ScheduleSummary) -> dict[str, Any]:
    return {
        "id": item.schedule.id,
        "plantId": item.schedule.plant_id,
        "name": item.schedule.name,
        "createdAt": item.schedule.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "head": item.head.to_json(),
    }
