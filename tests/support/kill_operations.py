"""What is killed, or runs out of room, in the fault suites: each operation that writes, and the files it begins with.

An operation is prepared in a folder and then acts; what it acknowledges it tells as a line. ``template`` makes the
folder that each of them is tried in a copy of.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from app import cli_versions_share as share
from app.backups import BackupService
from app.commands import parse_command
from app.config import Settings, load_settings
from app.exchange import formats, table_mapping
from app.merging import MergeService
from app.optimization import OptimizationService
from app.session import PlanningSession
from app.versions import VersionService
from engine.diff import diff
from engine.instants import format_instant, from_ms, to_ms
from engine.model import RunStatus, Schedule
from storage import backups, canonical, migrate, sqlite_file
from storage.backups import backup_path
from storage.database import Database, open_database
from tests.support import fault_workers
from tests.support.databases import line_schedule, moved
from tests.support.runs import a_request, wait_until

Tell = Callable[..., None]
Act = Callable[[Tell], None]

PLAN = line_schedule(40, 4)
COMING = moved(PLAN, "j0-o5", 90)
EXPORTS = ("takt", "xlsx", "html", "pdf", "json", "zip", "ics")
OLD_IDS = [f"00000000-0000-4000-8000-00000000000{digit}" for digit in "123"]


def template(folder: Path) -> None:
    """Make everything that an operation begins with: databases old, new and damaged, backups, files to import."""
    folder.mkdir()
    database = open_database(folder / "plans.db")
    service = VersionService(database, "anna")
    info = service.import_schedule(PLAN)
    made = BackupService(database).make()
    info = service.save(info.schedule_id, info.id, moved(PLAN, "j1-o1", 30))
    runs = OptimizationService(database, command=fault_workers.command(fault_workers.answers_at_once))
    request = a_request(service.data(info.id), time_limit=20)
    run_id = runs.submit(request, schedule_id=info.schedule_id, base_version_id=info.id)
    wait_until(lambda: runs.status(run_id).completed_at is not None, 60)
    assert runs.status(run_id).status is RunStatus.COMPLETED, runs.status(run_id).error
    runs.close()
    database.close()
    _old_file(folder / "old.db")
    _damaged(folder, made.path)
    for name in ("coming.takt", "coming.xlsx"):
        formats.write(COMING, folder / name)
    (folder / "out").mkdir()
    for ending in EXPORTS:
        formats.write(PLAN, folder / "out" / f"plan.{ending}")


def _old_file(path: Path) -> None:
    """A database of the revision before the deltas, with two versions."""
    migrate.create_file(path, revision=2)
    changed = moved(PLAN, "j0-o0", 5)
    one, two = canonical.encode(PLAN), canonical.encode(changed)
    delta = canonical.dumps(diff(PLAN, changed).to_json()).decode()
    schedule, first, second = OLD_IDS
    plain = sqlite_file.connect(path)
    plain.execute("INSERT INTO schedules VALUES (?, 'p', 'Old', 0)", (schedule,))
    row = "INSERT INTO schedule_versions VALUES (?, ?, ?, ?, ?, 0, NULL, ?, NULL, ?, ?, '')"
    plain.execute(row, (first, schedule, None, one.data.decode(), None, "import", 1, one.content_hash))
    plain.execute(row, (second, schedule, first, two.data.decode(), delta, "manual", 2, two.content_hash))
    plain.execute("INSERT INTO heads VALUES (?, 'main', ?, 0)", (schedule, second))
    plain.close()


def _damaged(folder: Path, backup: Path) -> None:
    data = bytearray((folder / "plans.db").read_bytes())
    data[8192:40_000] = b"\xa5" * (40_000 - 8192)
    (folder / "damaged.db").write_bytes(data)
    shutil.copy(backup, backup_path(folder / "damaged.db", "manual"))


# the operations


def opening(folder: Path) -> Act:
    """Open a database that is there."""

    def act(tell: Tell) -> None:
        database, service = _opened(folder)
        service.schedules()
        database.close()

    return act


def creating(folder: Path) -> Act:
    """Make a new database."""

    def act(tell: Tell) -> None:
        database = open_database(folder / "new.db")
        info = VersionService(database, "anna").import_schedule(PLAN)
        tell("version", info.id, info.content_hash)
        database.close()

    return act


def editing(folder: Path) -> Act:
    """Move an operation three times; each is in the draft when it is acknowledged."""
    _, service = _opened(folder)
    session = _session(service)

    def act(tell: Tell) -> None:
        for _ in range(3):
            op = session.facts.operations["j2-o3"]
            assert op.start_date is not None
            later = format_instant(from_ms(to_ms(op.start_date) + 60_000))
            before = session.working
            answer = session.execute(parse_command({"kind": "move", "eventId": op.id, "start": later}))
            if answer.error is not None:
                assert session.working is before, "a refused edit changed the plan"
                raise answer.error
            tell("edit", canonical.encode(session.working).content_hash)

    return act


def saving(folder: Path) -> Act:
    """Save a version."""
    _, service = _opened(folder)

    def act(tell: Tell) -> None:
        opened = service.open(_only(service))
        plan = moved(opened.schedule, "j0-o0", 7)
        info = service.save(opened.head.schedule_id, opened.head.id, plan, edits=0)
        tell("version", info.id, canonical.encode(plan).content_hash)

    return act


def applying(folder: Path) -> Act:
    """Apply the plan of a run that ended."""
    database, service = _opened(folder)
    runs = OptimizationService(database)
    (view,) = runs.history(_only(service))[-1:]
    request, result = runs.request(view.run_id), runs.result(view.run_id).result
    assert result is not None

    def act(tell: Tell) -> None:
        session = _session(service)
        session.show_preview(view.run_id, request.schedule_data, result)
        answer = session.apply_preview()
        if answer.error is not None:
            raise answer.error
        tell("version", session.head.id, canonical.encode(session.working).content_hash)

    return act


def merging(folder: Path) -> Act:
    """Merge edits with what the head became meanwhile, begun, decided and finished."""
    database, service = _opened(folder)
    merges = MergeService(database, service, "anna")

    def act(tell: Tell) -> None:
        key = _only(service)
        left = merges.list(key)
        if left:
            state = merges.refresh(left[0].id)
        else:
            first, plan = next(v for v in service.list(key) if v.number == 1), PLAN
            state = merges.start_head(key, first.id, moved(plan, "j3-o3", 45))
        tell("merge", state.row.id)
        merges.choose_all(state.row.id, "ours")
        info = merges.finish(state.row.id)
        tell("version", info.id, info.content_hash)

    return act


def rolling_back(folder: Path) -> Act:
    """Go back to version 1."""
    _, service = _opened(folder)

    def act(tell: Tell) -> None:
        key = _only(service)
        first = next(v for v in service.list(key) if v.number == 1)
        info = service.rollback(key, service.head(key).id, first.id)
        tell("version", info.id, first.content_hash)

    return act


def _importing(name: str) -> Callable[[Path], Act]:
    def prepared(folder: Path) -> Act:
        parser = argparse.ArgumentParser()
        share.add_import_arguments(parser)
        parser.add_argument("--json", action="store_true")
        options = parser.parse_args([str(folder / name), "--into", "Line A"])

        def act(tell: Tell) -> None:
            with contextlib.redirect_stdout(io.StringIO()):
                assert share.run_import(options, _settings(folder)) == 0
            tell("imported", canonical.encode(COMING).content_hash)

        return act

    prepared.__doc__ = f"Take {name} in as a branch, with the backup before it."
    return prepared


def _exporting(ending: str) -> Callable[[Path], Act]:
    def prepared(folder: Path) -> Act:
        target, real = folder / "out" / f"plan.{ending}", formats.write_bytes

        def act(tell: Tell) -> None:
            def telling(content: bytes, path: Path | str) -> None:
                tell("content", hashlib.sha256(content).hexdigest())
                real(content, path)

            formats.write_bytes = telling  # type: ignore[assignment]
            try:
                formats.write(COMING, target)
            finally:
                formats.write_bytes = real
            tell("written", str(target))

        return act

    prepared.__doc__ = f"Write a plan over an older {ending} file."
    return prepared


def exporting_a_folder(folder: Path) -> Act:
    """Write all tables into a new folder."""

    def act(tell: Tell) -> None:
        target = folder / "out" / "tables"
        shutil.rmtree(target, ignore_errors=True)
        formats.write(COMING, f"{target}{os.sep}", "csv")
        tell("written", str(target))

    return act


def migrating(folder: Path) -> Act:
    """Open a database of an older revision, which changes it after a backup."""

    def act(tell: Tell) -> None:
        database = open_database(folder / "old.db")
        tell("migrated")
        database.close()

    return act


def backing_up(folder: Path) -> Act:
    """Make a backup."""
    database, _ = _opened(folder)

    def act(tell: Tell) -> None:
        tell("backup", str(BackupService(database).make().path))

    return act


def _restoring(name: str) -> Callable[[Path], Act]:
    def prepared(folder: Path) -> Act:
        def act(tell: Tell) -> None:
            database = folder / name
            oldest = [one for one in backups.backups_of(database) if one.reason == "manual"][-1]
            backups.restore(database, oldest.path)
            tell("restored")

        return act

    prepared.__doc__ = f"Put a backup in the place of {name}."
    return prepared


def running(folder: Path) -> Act:
    """Optimise with a solver that answers at once, everything of the run stored."""
    database, service = _opened(folder)

    def act(tell: Tell) -> None:
        runs = OptimizationService(database, command=fault_workers.command(fault_workers.answers_at_once))
        try:
            opened = service.open(_only(service))
            request = a_request(opened.schedule, time_limit=50)
            run_id = runs.submit(request, schedule_id=opened.head.schedule_id, base_version_id=opened.head.id)
            wait_until(lambda: runs.status(run_id).completed_at is not None, 55)
            view = runs.status(run_id)
            if view.error is not None:
                raise view.error
            if view.unstored is None:
                tell("run", run_id)
            else:  # and the planner is told
                tell("unstored", run_id, "in a file" if "kept in a file" in view.unstored else "")
        finally:
            runs.close()

    return act


def writing_a_mapping(folder: Path) -> Act:
    """Save how the columns of a foreign workbook are read."""
    from app.exchange import preview_file
    from app.exchange.package_keys import KeyRing

    content = preview_file.content_of(folder / "coming.xlsx")
    plans = preview_file.look(content, "coming.xlsx", None, keys=KeyRing()).plans

    def act(tell: Tell) -> None:
        table_mapping.save(plans, folder / "out" / "mapping.json")
        tell("written", str(folder / "out" / "mapping.json"))

    return act


OPERATIONS: dict[str, Callable[[Path], Act]] = {
    "open": opening,
    "create": creating,
    "edit": editing,
    "save": saving,
    "apply": applying,
    "merge": merging,
    "rollback": rolling_back,
    "import takt": _importing("coming.takt"),
    "import xlsx": _importing("coming.xlsx"),
    **{f"export {ending}": _exporting(ending) for ending in EXPORTS},
    "export csv folder": exporting_a_folder,
    "migrate": migrating,
    "backup": backing_up,
    "restore": _restoring("plans.db"),
    "restore damaged": _restoring("damaged.db"),
    "run": running,
    "mapping": writing_a_mapping,
}


# inside


def _settings(folder: Path) -> Settings:
    return load_settings(database=str(folder / "plans.db"), log_level=None, user="anna")


def _opened(folder: Path) -> tuple[Database, VersionService]:
    database = open_database(folder / "plans.db")
    return database, VersionService(database, "anna")


def _only(service: VersionService) -> str:
    return next(item.schedule.id for item in service.schedules() if item.schedule.name == "Line A")


def _session(service: VersionService) -> PlanningSession:
    key = _only(service)
    opened, recovery = service.open(key), service.recover(key)
    return PlanningSession(service, key, opened.head, opened.schedule, recovery.schedule if recovery else None)


def as_schedule(path: Path) -> Schedule:
    """Read an exported file back."""
    return formats.read(path)


__all__ = ["COMING", "EXPORTS", "OPERATIONS", "PLAN", "Act", "Tell", "as_schedule", "template"]
