"""``taktwerk versions scenarios …``: lines of versions beside the live plan."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from app.cli_output import print_json
from app.cli_versions_find import VERSION_HELP, find_scenario, find_schedule, find_version
from app.cli_versions_tables import print_heads, print_versions
from app.versions import HeadRow, VersionService

_SCENARIO_HELP = "SCHEDULE:SCENARIO"


def add_arguments(parser: argparse.ArgumentParser, common: Callable[[argparse.ArgumentParser], None]) -> None:
    """Declare the arguments; ``common`` adds those that every action has."""
    actions = parser.add_subparsers(dest="scenario_action", metavar="action", required=True)
    listing = actions.add_parser("list", help="the live plan and the scenarios of a schedule")
    listing.add_argument("schedule", metavar="SCHEDULE", help="id or name of a schedule")
    listing.add_argument("--archived", action="store_true", help="those put away too")
    create = actions.add_parser("create", help="begin a scenario at a version")
    create.add_argument("version", metavar="VERSION", help=VERSION_HELP)
    create.add_argument("name", metavar="NAME", help="its name")
    create.add_argument("--description", default="", help="what it is about")
    create.add_argument("--color", metavar="#RRGGBB", help="the colour of its window; chosen if absent")
    rename = actions.add_parser("rename", help="give a scenario another name")
    rename.add_argument("scenario", metavar="SCENARIO", help=_SCENARIO_HELP)
    rename.add_argument("name", metavar="NAME", help="its new name")
    archive = actions.add_parser("archive", help="put a scenario away, or take it out again")
    archive.add_argument("scenario", metavar="SCENARIO", help=_SCENARIO_HELP)
    archive.add_argument("--undo", action="store_true", help="take it out again")
    promote = actions.add_parser("promote", help="make a scenario the live plan")
    promote.add_argument("scenario", metavar="SCENARIO", help=_SCENARIO_HELP)
    for action in (listing, create, rename, archive, promote):
        common(action)


def run(service: VersionService, options: argparse.Namespace) -> int:
    """Do what is asked."""
    return _RUN[options.scenario_action](service, options)


def _list(service: VersionService, options: argparse.Namespace) -> int:
    schedule_id = find_schedule(service, options.schedule).schedule.id
    _print(service, service.scenarios.list(schedule_id, archived=options.archived), options)
    return 0


def _create(service: VersionService, options: argparse.Namespace) -> int:
    info = find_version(service, options.version)
    made = service.scenarios.create(
        info.schedule_id, options.name, info.id, description=options.description, color=options.color
    )
    _print(service, [made], options)
    return 0


def _rename(service: VersionService, options: argparse.Namespace) -> int:
    row = find_scenario(service, options.scenario)
    _print(service, [service.scenarios.rename(row.schedule_id, row.name, options.name)], options)
    return 0


def _archive(service: VersionService, options: argparse.Namespace) -> int:
    row = find_scenario(service, options.scenario)
    _print(service, [service.scenarios.archive(row.schedule_id, row.name, archived=not options.undo)], options)
    return 0


def _promote(service: VersionService, options: argparse.Namespace) -> int:
    row = find_scenario(service, options.scenario)
    done = service.scenarios.promote(row.schedule_id, row.name)
    if options.json:
        print_json({"kind": done.kind, "version": done.scenario.to_json()})
    elif done.kind == "none":
        print(f"The live plan is this scenario's version {done.scenario.number} already, or went on from it.")
    else:
        print_versions("The live plan is now", [done.scenario])
    return 0


def _print(service: VersionService, rows: list[HeadRow], options: argparse.Namespace) -> None:
    if options.json:
        print_json({"scenarios": [row.to_json() for row in rows]})
    else:
        numbers = {info.id: info.number for info in service.list(rows[0].schedule_id)}
        print_heads(rows, numbers)


_RUN: dict[str, Callable[[VersionService, argparse.Namespace], int]] = {
    "list": _list,
    "create": _create,
    "rename": _rename,
    "archive": _archive,
    "promote": _promote,
}
