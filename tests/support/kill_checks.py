"""What must hold after a kill or a full disk: everything acknowledged is there, and nothing is half there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from app.backups import list_backups
from app.exchange import read
from app.merging import MergeService
from app.optimization import OptimizationService
from app.run_spares import SpareFiles
from app.versions import VersionService
from engine.diff import apply
from engine.model import RunStatus
from storage import canonical
from storage.database import Database, open_database
from storage.rows import VersionInfo
from tests.support.databases import moved
from tests.support.kill_operations import COMING, EXPORTS, OLD_IDS, PLAN
from tests.support.kill_server import Outcome

_HALF = (".part", ".restored", ".part-journal", ".restored-journal")


@dataclass(frozen=True)
class Before:
    """The state that an operation begins with: versions by id, exported files and the damaged one by their hashes."""

    versions: dict[str, str]
    first: dict[str, str]
    files: dict[str, str]
    damaged: str


def state_of(folder: Path) -> Before:
    """Note the state of a template folder."""
    database = open_database(folder / "plans.db")
    infos = _versions(VersionService(database))
    database.close()
    files = {ending: _hash(folder / "out" / f"plan.{ending}") for ending in EXPORTS}
    first = {key: info.content_hash for key, info in infos.items() if info.number == 1}
    return Before({k: i.content_hash for k, i in infos.items()}, first, files, _hash(folder / "damaged.db"))


def check(operation: str, folder: Path, outcome: Outcome, before: Before) -> None:
    """Check everything in a folder after a fault."""
    name = operation.split()[0]
    _check_plans(name, folder, outcome, before)
    _check_backups(folder, outcome)
    _check_exports(folder, outcome, before)
    if name == "create":
        _check_new(folder, outcome)
    if name == "migrate":
        _check_old(folder, outcome)
    if operation == "restore damaged":
        _check_damaged(folder, outcome, before)


def leftovers(folder: Path) -> list[Path]:
    """Return files that something was written to before it was to get its name."""
    return [path for path in folder.rglob("*") if path.name.endswith(_HALF)]


def _versions(service: VersionService) -> dict[str, VersionInfo]:
    return {info.id: info for item in service.schedules() for info in service.list(item.schedule.id)}


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _check_plans(name: str, folder: Path, outcome: Outcome, before: Before) -> None:
    database = open_database(folder / "plans.db")
    try:
        service = VersionService(database)
        assert service.verify() == []
        infos = _versions(service)
        stored = {key: info.content_hash for key, info in infos.items()}
        if name == "restore" and stored != before.versions:
            assert stored == before.first, "neither the old file nor the restored one"
            kept = [one for one in list_backups(folder / "plans.db") if one.backup.reason == "kept"]
            assert any(one.contents.versions == len(before.versions) for one in kept), "what was replaced is gone"
        else:
            assert stored.items() >= before.versions.items(), "a version is gone"
        if name != "create":
            for key, content_hash in outcome.all("version"):
                assert stored.get(key) == content_hash, "an acknowledged version is not there, or is another"
        _check_nothing_loose(service, infos)
        _check_acknowledged(name, database, service, outcome)
    finally:
        database.close()


def _check_nothing_loose(service: VersionService, infos: dict[str, VersionInfo]) -> None:
    """Every version is on the way to some head, so that none was stored without what it was stored for."""
    reached: set[str | None] = {None}
    for item in service.schedules():
        numbers = sorted(v.number for v in infos.values() if v.schedule_id == item.schedule.id)
        assert numbers == list(range(1, len(numbers) + 1))
        todo = [head.version_id for head in service.heads(item.schedule.id)]
        while todo:
            key = todo.pop()
            if key is not None and key not in reached:
                reached.add(key)
                todo += [p for p in (infos[key].parent_version_id, infos[key].merge_parent_version_id) if p]
        recovered = service.recover(item.schedule.id)
        assert recovered is None or (recovered.problem is None and not recovered.lost)
    assert infos.keys() <= reached, "a version without its head"


def _check_acknowledged(name: str, database: Database, service: VersionService, outcome: Outcome) -> None:
    item = service.schedules()[0]
    key = item.schedule.id
    if name == "edit" and outcome.all("edit"):
        recovered = service.recover(key)
        assert recovered is not None
        states, plan = [], recovered.base_schedule
        for edit in recovered.edits:
            plan = apply(edit.delta, plan)
            states.append(canonical.encode(plan).content_hash)
        assert outcome.all("edit")[-1][0] in states[-2:], "an acknowledged edit is gone"
    if name == "merge":
        left = MergeService(database, service).list(key)
        merged = [info for info in service.list(key) if info.source == "merge"]
        assert len(left) <= 1 and all(info.merge_parent_version_id for info in merged)
        assert not outcome.all("merge") or left or merged, "a merge that had begun is gone"
    if outcome.all("imported"):
        hashes = {info.content_hash for info in service.list(key)}
        assert outcome.all("imported")[0][0] in hashes
    runs = OptimizationService(database)
    try:
        views = {view.run_id: view for view in runs.history(key)}
        assert all(view.completed_at is not None for view in views.values()), "a run that never ends"
        for (run_id,) in outcome.all("run"):
            assert views[run_id].status is RunStatus.COMPLETED and runs.result(run_id).result is not None
        for run_id, is_kept in outcome.all("unstored"):
            assert not is_kept or views[run_id].status is RunStatus.COMPLETED, "a result kept in a file is gone"
        assert SpareFiles.of(database).runs() == [], "room was not given back"
    finally:
        runs.close()


def _check_backups(folder: Path, outcome: Outcome) -> None:
    for name in ("plans.db", "old.db"):
        for one in list_backups(folder / name):
            assert not one.contents.problem, f"{one.backup.path.name}: {one.contents.problem}"
    for (path,) in outcome.all("backup"):
        assert Path(path).is_file()


def _check_exports(folder: Path, outcome: Outcome, before: Before) -> None:
    written = {Path(path).suffix[1:] for (path,) in outcome.all("written") if Path(path).stem == "plan"}
    new = {told[0] for told in outcome.all("content")}
    for ending, old in before.files.items():
        found = _hash(folder / "out" / f"plan.{ending}")
        assert found in new if ending in written else found == old or found in new, f"plan.{ending} is half there"
    tables = folder / "out" / "tables"
    if tables.is_dir():
        assert len(list(tables.glob("*.csv"))) == len(list(tables.iterdir())) > 5
        assert len((tables / "operations.csv").read_bytes().splitlines()) == len(COMING.snapshot.events) + 1
    for ending in ("takt", "xlsx", "json", "zip"):
        if ending in written:
            assert len(read(folder / "out" / f"plan.{ending}").snapshot.events) == len(COMING.snapshot.events)


def _check_new(folder: Path, outcome: Outcome) -> None:
    database = open_database(folder / "new.db")
    try:
        service = VersionService(database)
        infos = _versions(service)
        assert service.verify() == []
        assert set(infos) >= {key for key, _ in outcome.all("version")} and len(infos) <= 2
    finally:
        database.close()


def _check_old(folder: Path, outcome: Outcome) -> None:
    if outcome.all("migrated"):
        assert list_backups(folder / "old.db"), "it was changed without a backup"
    database = open_database(folder / "old.db")
    try:
        service = VersionService(database)
        assert service.verify() == []
        assert [service.data(key) for key in OLD_IDS[1:]] == [PLAN, moved(PLAN, "j0-o0", 5)]
    finally:
        database.close()


def _check_damaged(folder: Path, outcome: Outcome, before: Before) -> None:
    path = folder / "damaged.db"
    kept = [one.backup.path for one in list_backups(path) if one.backup.reason == "kept"]
    if _hash(path) == before.damaged:
        assert not outcome.all("restored")
        assert all(_hash(one) == before.damaged for one in kept), "a half copy is listed"
        return
    assert before.damaged in [_hash(one) for one in kept], "the damaged file was not kept"
    database = open_database(path)
    try:
        service = VersionService(database)
        assert service.verify() == [] and len(_versions(service)) == len(before.first)
    finally:
        database.close()
