"""Packages: whole, verifiable, signed; what arrives is a new schedule or a branch, and overwrites nothing."""

from __future__ import annotations

import argparse
import stat
from pathlib import Path

import orjson
import pytest

from app import cli_versions_share as share
from app.config import load_settings
from app.exchange import package, write
from app.exchange.package_keys import KeyRing, fingerprint
from app.versions import VersionService
from engine.errors import ErrorCode, TaktwerkError
from storage.database import open_database
from tests.support.databases import line_schedule, moved
from tests.support.hostile_files import entries_of, zipped
from tests.support.whole_contract import whole_request


@pytest.fixture(autouse=True)
def _own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.exchange.package_keys.default_folder", lambda: tmp_path / "keys")


def test_equal_schedules_make_equal_packages() -> None:
    schedule = whole_request(1).schedule_data
    now = schedule.metadata.timestamp
    assert package.write(schedule, now=now) == package.write(schedule, now=now)


def test_a_history_comes_back_version_by_version() -> None:
    versions = [line_schedule(12)]
    for minutes in (5, 10, 15):
        versions.append(moved(versions[-1], "j0-o3", minutes))
    steps = [package.Step(package.note_of(item, comment=f"step {n}"), item) for n, item in enumerate(versions)]
    found = package.read(package.write(versions[-1], history=steps), "x.takt")
    assert [step.schedule for step in found.history] == versions
    assert [step.note.comment for step in found.history] == ["step 0", "step 1", "step 2", "step 3"]


def test_a_signature_is_known_unknown_or_broken(tmp_path: Path) -> None:
    mine, theirs = KeyRing(tmp_path / "a"), KeyRing(tmp_path / "b")
    content = package.write(line_schedule(3), keys=mine, sender="Anna")
    unknown = package.read(content, "x.takt", theirs).signer
    assert unknown is not None and unknown.trusted_as is None and "not known here" in unknown.sentence()
    assert fingerprint(mine.public_key()) in unknown.sentence()
    theirs.trust(mine.public_key(), "Anna from planning")
    known = package.read(content, "x.takt", theirs).signer
    assert known is not None and known.trusted_as == "Anna from planning"
    assert theirs.distrust(mine.public_key()) and not theirs.distrust(mine.public_key())
    entries = entries_of(content)
    for change in (
        {"manifest.json": entries["manifest.json"].replace(b"Anna", b"Eve!")},
        {"signature.json": orjson.dumps(orjson.loads(entries["signature.json"]) | {"signature": "A" * 86 + "=="})},
        {"signature.json": orjson.dumps(orjson.loads(entries["signature.json"]) | {"algorithm": "none"})},
    ):
        with pytest.raises(TaktwerkError) as caught:
            package.read(zipped({**entries, **change}), "x.takt", theirs)
        assert caught.value.code is ErrorCode.PACKAGE
    del entries["signature.json"]
    with pytest.raises(TaktwerkError, match="taken out"):
        package.read(zipped(entries), "x.takt", theirs)


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys")
    assert ring.public_key() == KeyRing(tmp_path / "keys").public_key()
    path = tmp_path / "keys" / "sender.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    with pytest.raises(TaktwerkError, match="others can read it"):
        ring.sign(b"x")


# arriving


class Planner:
    """One person's database, and the two commands on it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.path = str(folder / f"{name}.db")

    def service(self) -> VersionService:
        return VersionService(open_database(self.path), self.name)

    def run(self, which: str, *arguments: str) -> int:
        parser = argparse.ArgumentParser()
        getattr(share, f"add_{which}_arguments")(parser)
        parser.add_argument("--json", action="store_true")
        settings = load_settings(database=self.path, log_level=None)
        settings = settings.model_copy(update={"user": self.name})
        return getattr(share, f"run_{which}")(parser.parse_args(arguments), settings)


def test_a_package_goes_there_and_comes_back_as_a_branch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    anna, ben = Planner(tmp_path, "anna"), Planner(tmp_path, "ben")
    base = line_schedule(12)
    first = anna.service().import_schedule(base)
    file = str(tmp_path / "plan.takt")
    assert anna.run("export", "Line A:1", file, "--history", "--sign") == 0
    assert ben.run("import", file, "--preview") == 0
    assert ben.service().schedules() == []
    assert ben.run("import", file, "--trust", "Anna") == 0
    theirs = ben.service().schedules()[0]
    assert ben.service().data(theirs.head.id) == base and theirs.schedule.name == "Line A"
    assert ben.run("import", file) == 0  # the same again: nothing is written twice
    assert len(ben.service().schedules()) == 1 and len(ben.service().list(theirs.schedule.id)) == 1

    changed = moved(base, "j0-o5", 30)
    ben.service().save(theirs.schedule.id, theirs.head.id, changed, "later")
    assert ben.run("export", "Line A:2", file) == 0
    live = anna.service().save(first.schedule_id, first.id, moved(base, "j0-o2", 15), "mine")
    capsys.readouterr()
    assert anna.run("import", file, "--json") == 0
    told = orjson.loads(capsys.readouterr().out)
    assert told["scenario"] == "From ben" and told["beginsAt"]["number"] == 1
    assert set(told["delta"]["events"]) == {"j0-o2", "j0-o5"}
    service = anna.service()
    heads = {head.name: head.version_id for head in service.heads(first.schedule_id)}
    assert heads["main"] == live.id and service.data(heads["From ben"]) == changed
    assert service.show(heads["From ben"]).parent_version_id == first.id


def test_a_history_becomes_versions(tmp_path: Path) -> None:
    anna, ben = Planner(tmp_path, "anna"), Planner(tmp_path, "ben")
    base = line_schedule(12)
    first = anna.service().import_schedule(base, comment="begin")
    anna.service().save(first.schedule_id, first.id, moved(base, "j0-o5", 30), "later")
    assert anna.run("export", "Line A:2", str(tmp_path / "a.takt"), "--history") == 0
    assert ben.run("import", str(tmp_path / "a.takt")) == 0
    service = ben.service()
    versions = service.list(service.schedules()[0].schedule.id)
    assert [info.number for info in versions] == [2, 1]
    assert "begin" in versions[1].comment and "anna" in versions[1].comment
    assert service.data(versions[1].id) == base and not service.verify()


def test_only_trusted_senders_if_wanted(tmp_path: Path) -> None:
    ben = Planner(tmp_path, "ben")
    write(line_schedule(3), tmp_path / "a.takt")
    for arguments in (["--trusted-only"], ["--trust", "Anna"]):
        with pytest.raises(TaktwerkError) as caught:
            ben.run("import", str(tmp_path / "a.takt"), *arguments)
        assert caught.value.code is ErrorCode.PACKAGE
    assert ben.service().schedules() == []


def test_a_workbook_comes_in_as_a_branch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    anna = Planner(tmp_path, "anna")
    base = line_schedule(12)
    first = anna.service().import_schedule(base)
    write(moved(base, "j0-o5", 45), tmp_path / "a.xlsx")
    assert anna.run("import", str(tmp_path / "a.xlsx"), "--into", "Line A", "--scenario", "Sheet") == 0
    heads = {head.name: head.version_id for head in anna.service().heads(first.schedule_id)}
    assert heads["main"] == first.id and set(heads) == {"main", "Sheet"}
    (tmp_path / "bad.csv").write_text("Id,Quantity\nj0,many\n")
    capsys.readouterr()
    assert anna.run("import", str(tmp_path / "bad.csv"), "--into", "Line A", "--format", "csv", "--json") == 1
    assert orjson.loads(capsys.readouterr().out)["details"]["faults"]
    assert len(anna.service().heads(first.schedule_id)) == 2
