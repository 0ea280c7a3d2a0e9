"""``taktwerk versions export`` and ``versions import``: handing versions on, and taking in what others hand on."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from app import exchange
from app.arrivals import Arrivals, Incoming, Landing
from app.backups import BackupService
from app.cli_output import note, print_json, print_table
from app.config import Settings
from app.exchange import package, preview_file, table_mapping
from app.exchange.formats import WRITABLE, format_by_ending
from app.exchange.package_keys import KeyRing, fingerprint
from app.exchange.preview_file import FilePreview
from app.exchange.share import Sharing
from app.exchange.tables import delta_rows
from app.exchange.text import STANDARD_STREAM
from app.handing_on import MOST_ANCESTORS, history_steps, lineage, version_note
from app.versions import ScheduleSummary, VersionInfo, VersionService
from engine.errors import ErrorCode, TaktwerkError, invalid_schedule
from storage.database import open_database

_SHOWN_CHANGES = 30
_SHOWN_FAULTS = 40


def add_export_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``versions export``."""
    parser.add_argument("version", metavar="VERSION", help="id of a version, or SCHEDULE:NUMBER")
    parser.add_argument("output", metavar="OUT", help="the file to write; its ending tells the format")
    parser.add_argument("--to", metavar="NAME", help=f"format: {', '.join(WRITABLE)}")
    parser.add_argument("--base", metavar="VERSION", help="show the differences to it (html, pdf, excel, csv)")
    parser.add_argument("--resource", metavar="ID", help="only this resource's work (ics)")
    parser.add_argument("--table", metavar="NAME", help="which table (csv)")
    parser.add_argument("--history", action="store_true", help="carry the earlier versions along (takt)")
    parser.add_argument("--sign", action="store_true", help="sign with your key, made at the first time (takt)")


def add_import_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``versions import``."""
    parser.add_argument("file", metavar="FILE", help="a package, workbook or any file that is read")
    parser.add_argument("--format", metavar="NAME", help="format of FILE, by default told from its content")
    parser.add_argument("--into", metavar="SCHEDULE", help="the schedule that it belongs to, by id or name")
    parser.add_argument("--as-new", action="store_true", help="make it a schedule of its own")
    parser.add_argument("--scenario", metavar="NAME", default="", help="what the branch is called")
    parser.add_argument("--preview", action="store_true", help="show what it would change, write nothing")
    parser.add_argument("--mapping", metavar="FILE", help="which columns of a foreign workbook hold what")
    parser.add_argument("--save-mapping", metavar="FILE", help="write how its columns are read, to be corrected")
    parser.add_argument("--trust", metavar="NAME", help="trust the sender's key from now on, under this name")
    parser.add_argument("--trusted-only", action="store_true", help="refuse what no trusted sender has signed")


def run_export(options: argparse.Namespace, settings: Settings) -> int:
    """Write one version to a file."""
    database = open_database(settings.database)
    try:
        service = VersionService(database, settings.user)
        info = find_version(service, options.version)
        schedule = service.data(info.id)
        sharing = _sharing(service, info, options, settings)
        notes = exchange.write(schedule, options.output, options.to, sharing)
    finally:
        database.close()
    if options.output == STANDARD_STREAM:
        for text in notes:
            note(text)
    elif options.json:
        print_json({"output": options.output, "version": info.to_json(), "notes": notes})
    else:
        for text in notes:
            print(text)
        print(f"{options.output}: version {info.number} of {sharing.title} written.")
        if sharing.keys:
            print(f"Signed with your key {fingerprint(sharing.keys.public_key())}.")
    return 0


def run_import(options: argparse.Namespace, settings: Settings) -> int:
    """Take a file in as a new schedule or as a branch, or show what that would do."""
    database = open_database(settings.database)
    try:
        service = VersionService(database, settings.user)
        database.before_import = BackupService(database).before_import
        target = find_schedule(service, options.into) if options.into else None
        preview = _preview(options, service, target)
        if preview.schedule is None:
            _print_faults(preview, options)
            return 1
        incoming = _incoming(preview, options)
        arrivals = Arrivals(database, service, settings.user)
        landing = arrivals.look(incoming, target, as_new=options.as_new, scenario=options.scenario)
        done = None
        if not options.preview and landing.same_as is None:
            done = arrivals.bring_in(incoming, landing)
        _print_landing(options, incoming, landing, preview.notes, done)
    finally:
        database.close()
    return 0


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
    """Return the version with this id, or of this ``SCHEDULE:NUMBER`` (E012)."""
    schedule, colon, number = wanted.rpartition(":")
    if not colon or not number.isdigit():
        return service.show(wanted)
    for info in service.list(find_schedule(service, schedule).schedule.id):
        if info.number == int(number):
            return info
    raise TaktwerkError(ErrorCode.NOT_FOUND, f"The schedule {schedule!r} has no version {number}.", {"version": wanted})


# export


def _sharing(service: VersionService, info: VersionInfo, options: argparse.Namespace, settings: Settings) -> Sharing:
    summary = next(item for item in service.schedules() if item.schedule.id == info.schedule_id)
    sharing = Sharing(title=summary.schedule.name, resource=options.resource, table=options.table)
    if options.base:
        base = find_version(service, options.base)
        sharing = dataclasses.replace(sharing, base=service.data(base.id), base_title=f"version {base.number}")
    if (options.to or format_by_ending(options.output)) != "takt":
        return sharing
    line = lineage(service, info)
    steps: tuple[package.Step, ...] = ()
    if options.history:
        steps = history_steps(service, line, package.parts.MAX_HISTORY)
    return dataclasses.replace(
        sharing,
        sender=settings.user,
        keys=KeyRing() if options.sign else None,
        note=version_note(info),
        ancestors=tuple(item.content_hash for item in line[1 : MOST_ANCESTORS + 1]),
        history=steps,
    )


# import


def _preview(options: argparse.Namespace, service: VersionService, target: ScheduleSummary | None) -> FilePreview:
    mapping = table_mapping.load(options.mapping) if options.mapping else None
    path = Path(options.file)
    content = preview_file.content_of(path)
    base = service.data(target.head.id) if target else None
    preview = preview_file.look(content, path.name, options.format, base=base, mapping=mapping, keys=KeyRing())
    if options.save_mapping:
        table_mapping.save(preview.plans, options.save_mapping)
    return preview


def _incoming(preview: FilePreview, options: argparse.Namespace) -> Incoming:
    assert preview.schedule is not None
    if preview.package is None:
        if options.trusted_only:
            raise _untrusted(options.file, "it is no package, so nobody can have signed it")
        title = preview.schedule.metadata.name or Path(options.file).stem
        return Incoming(preview.schedule, title, comment=f"from {Path(options.file).name}")
    signer = preview.package.signer
    if options.trust:
        if signer is None:
            raise _untrusted(options.file, "it is not signed, so there is no key to trust")
        KeyRing().trust(signer.public_key, options.trust)
        signer = dataclasses.replace(signer, trusted_as=options.trust)
    if options.trusted_only and (signer is None or signer.trusted_as is None):
        raise _untrusted(options.file, preview.package.signature_sentence().rstrip("."))
    return Incoming.of_package(dataclasses.replace(preview.package, signer=signer))


def _untrusted(file: str, why: str) -> TaktwerkError:
    return TaktwerkError(ErrorCode.PACKAGE, f"{file} is not taken in: {why}. Nothing was written.", {"file": file})


def _print_faults(preview: FilePreview, options: argparse.Namespace) -> None:
    if options.json:
        print_json(invalid_schedule([item.fault() for item in preview.faults], "workbook").to_json())
        return
    for text in preview.notes:
        print(text)
    rows = [[item.sheet, item.cell, item.value, item.reason] for item in preview.faults[:_SHOWN_FAULTS]]
    print_table("Faulty cells; nothing was written", ("Sheet", "Cell", "Value", "What is wrong"), rows)
    if len(preview.faults) > _SHOWN_FAULTS:
        print(f"and {len(preview.faults) - _SHOWN_FAULTS} more (--json lists them all)")


def _print_landing(
    options: argparse.Namespace, incoming: Incoming, landing: Landing, notes: list[str], done: Any
) -> None:
    if options.json:
        print_json(_landing_json(incoming, landing, notes, done))
        return
    for text in notes:
        print(text)
    if landing.delta is not None and landing.live is not None and landing.target is not None:
        _print_changes(incoming, landing)
    if landing.same_as is not None:
        print(f"This is version {landing.same_as.number}, which is there already; nothing was written.")
    elif done is None:
        print(f"Nothing was written; it would become {_where(incoming, landing)}.")
    else:
        print(f"Version {done.version.number} ({done.version.id}) written: {_where(incoming, landing)}.")


def _where(incoming: Incoming, landing: Landing) -> str:
    if landing.target is None or landing.begins_at is None:
        return f"the new schedule {incoming.title!r}"
    begin = f"begun at version {landing.begins_at.number}"
    return f"the scenario {landing.scenario!r} of {landing.target.schedule.name!r}, {begin}"


def _print_changes(incoming: Incoming, landing: Landing) -> None:
    assert landing.delta is not None and landing.live is not None and landing.target is not None
    rows = [
        [row["what"], row["name"] or row["id"], row["change"], *(row.get(k, "") for k in ("field", "before", "after"))]
        for row in delta_rows(landing.delta, landing.live, incoming.schedule)
    ]
    columns = ("What", "Name", "Change", "Field", "Before", "After")
    title = f"Against version {landing.target.head.number}, the live plan"
    if rows:
        print_table(title, columns, rows[:_SHOWN_CHANGES])
    if len(rows) > _SHOWN_CHANGES:
        print(f"and {len(rows) - _SHOWN_CHANGES} more (--json lists them all)")


def _landing_json(incoming: Incoming, landing: Landing, notes: list[str], done: Any) -> dict[str, Any]:
    return {
        "title": incoming.title,
        "schedule": landing.target.schedule.id if landing.target else None,
        "scenario": landing.scenario or None,
        "beginsAt": landing.begins_at.to_json() if landing.begins_at else None,
        "sameAs": landing.same_as.to_json() if landing.same_as else None,
        "delta": landing.delta.to_json() if landing.delta else None,
        "notes": notes,
        "version": done.version.to_json() if done else None,
        "versionsWritten": done.versions if done else 0,
    }
