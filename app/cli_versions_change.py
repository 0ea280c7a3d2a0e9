"""The commands of ``taktwerk versions`` that add versions or say something of them."""

from __future__ import annotations

import argparse

import orjson

from app.cli_output import note, print_json, print_table
from app.cli_versions_find import VERSION_HELP, find_scenario, find_version
from app.cli_versions_tables import print_conflicts, print_versions
from app.marks import STATES
from app.merge_words import choice_from_json
from app.merging import Choice, MergeService, MergeState
from app.versions import VersionInfo, VersionService
from engine.errors import ErrorCode, Fault, TaktwerkError, invalid_schedule
from storage.database import Database
from storage.tables import MAIN_HEAD


def merge_service(database: Database, versions: VersionService, user: str) -> MergeService:
    """Return the service that merges."""
    return MergeService(database, versions, user)


def add_rollback(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``rollback``."""
    parser.add_argument("version", metavar="VERSION", help=VERSION_HELP)
    parser.add_argument(
        "--scenario", default=MAIN_HEAD, metavar="NAME", help="which to take back, default the live plan"
    )
    parser.add_argument("--comment", default="", help="why")


def rollback(service: VersionService, options: argparse.Namespace) -> int:
    """Make a new version that equals an old one."""
    old = find_version(service, options.version)
    head = service.head(old.schedule_id, options.scenario)
    return _made(service.rollback(old.schedule_id, head.id, old.id, options.comment, options.scenario), options)


def add_pick(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``cherry-pick``."""
    parser.add_argument("version", metavar="VERSION", help=VERSION_HELP)
    parser.add_argument(
        "--operation", action="append", default=[], metavar="ID", help="take this operation; repeatable"
    )
    parser.add_argument(
        "--order", action="append", default=[], metavar="ID", help="take it with its operations; repeatable"
    )
    parser.add_argument("--into", default=MAIN_HEAD, metavar="NAME", help="which scenario, default the live plan")
    parser.add_argument("--only-its-own", action="store_true", help="only what that version changed against its parent")
    parser.add_argument("--comment", default="", help="why")


def pick(service: VersionService, options: argparse.Namespace) -> int:
    """Take single changes of a version over."""
    source = find_version(service, options.version)
    head = service.head(source.schedule_id, options.into)
    info, picked = service.cherry_pick(
        source.schedule_id,
        head.id,
        source.id,
        event_ids=options.operation,
        order_ids=options.order,
        head=options.into,
        comment=options.comment,
        only_its_own=options.only_its_own,
    )
    if picked.along and not options.json:
        note("Taken along: " + ", ".join(f"{collection} {key}" for collection, key in picked.along))
    return _made(info, options)


def add_tag(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``tag``."""
    parser.add_argument("version", metavar="VERSION", help=VERSION_HELP)
    parser.add_argument("name", nargs="?", metavar="NAME", help="the tag; without it, the schedule's tags are listed")
    parser.add_argument("--move", action="store_true", help="take it from the version that has it")
    parser.add_argument("--delete", action="store_true", help="take the tag away")


def tag(service: VersionService, options: argparse.Namespace) -> int:
    """Name a version."""
    info = find_version(service, options.version)
    if options.name is not None and options.delete:
        service.marks.untag(info.schedule_id, options.name)
    elif options.name is not None:
        service.marks.tag(info.id, options.name, move=options.move)
    tags = service.marks.tags(info.schedule_id)
    if options.json:
        print_json({"tags": [{"name": row.name, "versionId": row.version_id} for row in tags]})
    else:
        numbers = {one.id: str(one.number) for one in service.list(info.schedule_id)}
        print_table(
            "Tags", ("Name", "Version", "By"), [[t.name, numbers[t.version_id], t.created_by or ""] for t in tags]
        )
    return 0


def add_state(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``state``."""
    parser.add_argument("version", metavar="VERSION", help=VERSION_HELP)
    parser.add_argument("state", nargs="?", choices=STATES, help="the state to bring it into; without it, the story")
    parser.add_argument("--note", default="", help="a remark; alone, it is added without changing the state")


def set_state(service: VersionService, options: argparse.Namespace) -> int:
    """Bring a version into another state."""
    info = find_version(service, options.version)
    if options.state is not None:
        service.marks.set_state(info.id, options.state, options.note)
    elif options.note:
        service.marks.note(info.id, options.note)
    story = service.marks.story(info.id)
    if options.json:
        told = [{"state": row.state, "note": row.note, "by": row.created_by} for row in story]
        print_json({"version": info.id, "state": service.show(info.id).state, "story": told})
    else:
        rows = [[row.state, row.note, row.created_by or ""] for row in story] or [["draft", "", ""]]
        print_table(f"Version {info.number}", ("State", "Note", "By"), rows)
    return 0


def add_merge(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``merge``."""
    parser.add_argument("version", nargs="?", metavar="VERSION", help=f"what to merge: {VERSION_HELP}")
    parser.add_argument("--into", default=MAIN_HEAD, metavar="NAME", help="which scenario, default the live plan")
    parser.add_argument("--resume", metavar="ID", help="go on with a merge that was not finished")
    how = "decide what is open: ours (what is merged) or theirs (what it is merged into)"
    parser.add_argument("--take", choices=("ours", "theirs"), help=how)
    one = "decide one conflict: base, ours, theirs, or a value as JSON; repeatable"
    parser.add_argument("--choose", action="append", default=[], metavar="KEY=CHOICE", help=one)
    parser.add_argument("--abandon", action="store_true", help="with --resume: give the merge up")
    parser.add_argument("--dry-run", action="store_true", help="show conflicts and violations, write nothing")
    parser.add_argument("--comment", default="", help="why")


def merge(service: VersionService, merges: MergeService, options: argparse.Namespace) -> int:
    """Merge a version into a head: at one go, or conflict by conflict."""
    if options.resume is None and options.version is None:
        return _open_merges(service, merges, options)
    choices = dict(_choice(text) for text in options.choose)
    state = merges.refresh(options.resume) if options.resume else _begun(service, merges, options)
    if options.abandon:
        merges.abandon(state.row.id)
        print_json({"abandoned": state.row.id}) if options.json else print("The merge was given up.")
        return 0
    if options.dry_run:
        if not options.resume:
            merges.abandon(state.row.id)
        _show(state, options)
        return 0
    if choices or options.take:
        state = merges.choose(state.row.id, choices, options.take)
    if not state.is_resolved and not options.take:
        _show(state, options)
        if not options.json:
            note(f"Decide the conflicts: taktwerk versions merge --resume {state.row.id} --choose KEY=ours")
        return 1
    if state.violations and not options.json:
        note(f"The merged plan breaks {len(state.violations)} rules; `taktwerk check` tells which.")
    return _made(merges.finish(state.row.id, options.comment, allow_unresolved=True), options)


def _begun(service: VersionService, merges: MergeService, options: argparse.Namespace) -> MergeState:
    wanted: str = options.version
    if ":" in wanted:
        try:
            head = find_scenario(service, wanted)
        except TaktwerkError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
        else:
            return merges.start_scenario(head.schedule_id, head.name, options.into)
    return merges.start_version(find_version(service, wanted).id, options.into)


def _open_merges(service: VersionService, merges: MergeService, options: argparse.Namespace) -> int:
    rows = merges.list()
    if options.json:
        print_json({"merges": [merges.open(row.id).to_json() for row in rows]})
        return 0
    names = {item.schedule.id: item.schedule.name for item in service.schedules()}
    cells = [[names.get(r.schedule_id, ""), r.head_name, r.kind, r.label, r.created_by or "", r.id] for r in rows]
    print_table("Merges that are not finished", ("Schedule", "Into", "Kind", "What", "By", "Id"), cells)
    return 0


def _show(state: MergeState, options: argparse.Namespace) -> None:
    if options.json:
        print_json(state.to_json())
        return
    if state.conflicts:
        print_conflicts(state.conflicts)
    for line in state.settled:
        print(line)
    if state.violations:
        rows = [[violation.rule, violation.message] for violation in state.violations]
        print_table("Violations of the merged plan", ("Rule", "What"), rows)
    for fault in state.faults:
        print(f"Not valid: {fault.path}: {fault.reason}")


def _choice(text: str) -> tuple[str, Choice]:
    key, equals, wanted = text.rpartition("=")
    if equals and wanted in ("base", "ours", "theirs"):
        return key, choice_from_json(wanted)
    key, equals, wanted = text.partition("=")
    try:
        return key, choice_from_json({"value": orjson.loads(wanted)})
    except ValueError:
        reason = "write KEY=base, KEY=ours, KEY=theirs, or KEY= and a value as JSON"
        raise invalid_schedule([Fault("--choose", text[:80], reason)], "choice") from None


def _made(info: VersionInfo, options: argparse.Namespace) -> int:
    if options.json:
        print_json(info.to_json())
    else:
        print_versions("New version", [info])
    return 0
