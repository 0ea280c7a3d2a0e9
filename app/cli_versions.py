"""``taktwerk versions …``: what the database holds, what differs, who changed what; and changing it."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any

from app.cli_late import Command, Declare, LateParser
from app.cli_output import print_json, print_table
from app.cli_versions_find import VERSION_HELP, find_schedule, find_version
from app.cli_versions_tables import PlaceWords, print_blame, print_comparison, print_graph, print_versions, when
from app.comparison import CAUSES, CHANGE_KINDS, UNKNOWN_CAUSE
from app.config import Settings
from app.versions import ScheduleSummary, VersionService
from storage.database import open_database

Action = Callable[[VersionService, argparse.Namespace], int]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="action", required=True, parser_class=LateParser)
    declares = {name: (help_text, declare) for name, (help_text, declare, _) in _ACTIONS.items()}
    declares |= {name: (entry.help, entry.add_arguments) for name, entry in {**_CHANGES, **_ON_FILES}.items()}
    for name, (help_text, declare) in declares.items():
        sub = actions.add_parser(name, help=help_text, description=help_text)
        sub.declare = partial(_declare, declare)
    for name, entry in _NESTED.items():
        actions.add_parser(name, help=entry.help).declare = partial(entry.add_arguments, common=_common)


def _declare(declare: Declare, parser: argparse.ArgumentParser) -> None:
    declare(parser)
    _common(parser)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Open the database and do what is asked."""
    if options.action in _ON_FILES:
        return _ON_FILES[options.action].run(options, settings)
    if options.action == "backups":
        return _NESTED["backups"].run(options, settings)
    database = open_database(settings.database)
    try:
        service = VersionService(database, settings.user)
        if options.action == "merge":
            from app.cli_versions_change import merge, merge_service

            return merge(service, merge_service(database, service, settings.user), options)
        if options.action in _ACTIONS:
            return _ACTIONS[options.action][2](service, options)
        return {**_CHANGES, **_NESTED}[options.action].run(service, options)
    finally:
        database.close()


def _common(parser: argparse.ArgumentParser) -> None:
    """Declare what every action has, unless it has it already."""
    with contextlib.suppress(argparse.ArgumentError):
        parser.add_argument("--database", metavar="PATH|URL", default=argparse.SUPPRESS, help="the versions' database")
    with contextlib.suppress(argparse.ArgumentError):
        parser.add_argument("--json", action="store_true", help="print one JSON document")


def _add_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("schedule", nargs="?", metavar="SCHEDULE", help="id or name of a schedule")


def _list(service: VersionService, options: argparse.Namespace) -> int:
    if options.schedule is not None:
        versions = service.list(find_schedule(service, options.schedule).schedule.id)
        if options.json:
            print_json({"versions": [version.to_json() for version in versions]})
        else:
            print_versions("Versions", versions)
        return 0
    summaries = service.schedules()
    if options.json:
        print_json({"schedules": [_summary_json(summary) for summary in summaries]})
        return 0
    rows = [
        [row.name, row.plant_id, str(head.number), when(head.created_at), row.id]
        for row, head in ((item.schedule, item.head) for item in summaries)
    ]
    if rows:
        print_table("Schedules", ("Name", "Plant", "Version", "Saved (UTC)", "Id"), rows)
    else:
        print("The database holds no schedule yet.")
    return 0


def _add_show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("version", metavar="VERSION", help=VERSION_HELP)
    parser.add_argument("--data", action="store_true", help="print the version's schedule, as JSON")


def _show(service: VersionService, options: argparse.Namespace) -> int:
    info = find_version(service, options.version)
    if options.data:
        print_json(service.data(info.id).to_json())
    elif options.json:
        print_json(info.to_json())
    else:
        fields = {name: value for name, value in info.to_json().items() if name != "metrics"} | (info.metrics or {})
        rows = [[name, _cell(value)] for name, value in fields.items()]
        rows += [[f"note {i}", f"{row.state}: {row.note}"] for i, row in enumerate(service.marks.story(info.id), 1)]
        print_table(f"Version {info.number}", ("Field", "Value"), rows)
    return 0


def _cell(value: Any) -> str:
    return "" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _add_diff(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", metavar="BEFORE", help=VERSION_HELP)
    parser.add_argument("after", metavar="AFTER", help="the same")
    parser.add_argument(
        "--kind", action="append", choices=CHANGE_KINDS, help="only this kind of change; repeat for more"
    )
    parser.add_argument(
        "--cause", action="append", choices=(*CAUSES, UNKNOWN_CAUSE), help="only of this cause; the same"
    )
    parser.add_argument("--delta", action="store_true", help="print the stored form of the difference, as JSON")


def _diff(service: VersionService, options: argparse.Namespace) -> int:
    before, after = find_version(service, options.before), find_version(service, options.after)
    if options.delta:
        print_json(service.diff(before.id, after.id).to_json())
        return 0
    found = service.compare(before.id, after.id, with_violations=True)
    changes = found.changes(options.kind, options.cause)
    if options.json:
        print_json({**found.to_json(), "operations": [one.to_json() for one in changes]})
    else:
        print_comparison(found, changes)
    return 0


def _add_blame(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("version", metavar="VERSION", help=VERSION_HELP)
    parser.add_argument("operation", metavar="OPERATION", help="id of an operation")


def _blame(service: VersionService, options: argparse.Namespace) -> int:
    info = find_version(service, options.version)
    entries = service.blame(info.id, options.operation)
    if options.json:
        print_json({"entries": [entry.to_json() for entry in entries]})
    elif entries:
        print_blame(entries, PlaceWords(service.data(info.id)))
    else:
        print(f"No version up to {info.number} has an operation {options.operation!r}.")
    return 0


def _graph(service: VersionService, options: argparse.Namespace) -> int:
    found = service.history(find_schedule(service, options.schedule).schedule.id)
    if options.json:
        print_json(found.to_json())
    else:
        print_graph(found)
    return 0


def _add_schedule(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("schedule", metavar="SCHEDULE", help="id or name of a schedule")


def _verify(service: VersionService, options: argparse.Namespace) -> int:
    schedule_id = None if options.schedule is None else find_schedule(service, options.schedule).schedule.id
    found = service.audit(schedule_id)
    if options.json:
        faults = [
            {"schedule": f.schedule_name, "version": f.version.id, "number": f.version.number, "message": f.message}
            for f in found.faults
        ]
        counts = {"schedules": found.schedules, "versions": found.versions, "references": found.references}
        print_json({**counts, "faults": faults})
    else:
        print(
            f"{found.versions} versions of {found.schedules} schedules and {found.references} references were checked."
        )
        if found.faults:
            rows = [[f.schedule_name, str(f.version.number), f.message] for f in found.faults]
            print_table("Faults", ("Schedule", "Version", "What is wrong"), rows)
        else:
            print("All is well.")
    return 1 if found.faults else 0


def _summary_json(item: ScheduleSummary) -> dict[str, Any]:
    return {
        "id": item.schedule.id,
        "plantId": item.schedule.plant_id,
        "name": item.schedule.name,
        "createdAt": item.schedule.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "head": item.head.to_json(),
    }


_ACTIONS: dict[str, tuple[str, Declare, Action]] = {
    "list": ("the schedules, or the versions of one", _add_list, _list),
    "show": ("one version, or its data", _add_show, _show),
    "diff": ("what differs between two versions: figures, orders, operations", _add_diff, _diff),
    "blame": ("every version that changed an operation, how and by whom", _add_blame, _blame),
    "graph": ("the history of a schedule", _add_schedule, _graph),
    "verify": ("check every version, difference and reference", _add_list, _verify),
}
_HERE = "app.cli_versions_"
_CHANGES = {
    "merge": Command(
        "merge a version or scenario into the live plan or another scenario", _HERE + "change", "add_merge", "merge"
    ),
    "rollback": Command("make a new version that equals an old one", _HERE + "change", "add_rollback", "rollback"),
    "cherry-pick": Command("take single operations or orders of a version over", _HERE + "change", "add_pick", "pick"),
    "tag": Command("name a version, or take the name away", _HERE + "change", "add_tag", "tag"),
    "state": Command("approve, publish or withdraw a version", _HERE + "change", "add_state", "set_state"),
}
_ON_FILES = {
    "export": Command("write a version to a file for others", _HERE + "share", "add_export_arguments", "run_export"),
    "import": Command("take in a file that others made", _HERE + "share", "add_import_arguments", "run_import"),
}
_NESTED = {
    "scenarios": Command("list, create, rename, archive, promote scenarios", _HERE + "scenarios"),
    "backups": Command("list, make, restore copies of the database", _HERE + "backups"),
}
