"""``taktwerk versions …`` on a real database, as people and programs use it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.versions import VersionInfo, VersionService
from storage import sqlite_file
from storage.database import open_database
from tests.support.version_cases import put, shop


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TAKTWERK_LOG_DIR", str(tmp_path / "logs"))
    monkeypatch.setenv("TAKTWERK_USER", "anna")
    return tmp_path / "t.db"


def _fill(path: Path) -> list[VersionInfo]:
    """Version 1, a scenario with version 2 (a0 and b0), version 3 of the live plan (a0 and c1)."""
    database = open_database(path)
    try:
        service = VersionService(database, "anna")
        first = service.import_schedule(shop(), name="Shop")
        service.scenarios.create(first.schedule_id, "Rush", first.id)
        rush = put(put(shop(), "a0", 45), "b0", 300)
        second = service.save(first.schedule_id, first.id, rush, "rush", head="Rush")
        third = service.save(first.schedule_id, first.id, put(put(shop(), "a0", 0, "m3"), "c1", 400), "live")
        return [first, second, third]
    finally:
        database.close()


def _run(path: Path, capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    """Run a command for people, then for programs; return what the latter printed."""
    changes = ("merge", "rollback", "cherry-pick", "create", "rename", "promote")
    if not any(word in arguments for word in changes):
        assert main(["versions", *arguments, "--database", str(path)]) == code
        assert capsys.readouterr().out or code
    assert main(["versions", *arguments, "--json", "--database", str(path)]) == code
    return json.loads(capsys.readouterr().out)


def test_looking(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, third = _fill(path)
    assert _run(path, capsys, "list")["schedules"][0]["head"]["id"] == third.id
    assert [v["number"] for v in _run(path, capsys, "list", "Shop")["versions"]] == [3, 2, 1]
    for wanted, info in (("Shop:1", first), ("Shop:Rush", second), ("Shop", third), (second.id, second)):
        assert _run(path, capsys, "show", wanted)["id"] == info.id
    assert _run(path, capsys, "show", "Shop:1", "--data")["metadata"]["plantId"]
    found = _run(path, capsys, "diff", "Shop:1", "Shop:Rush")
    assert [c["eventId"] for c in found["operations"]] == ["a0", "b0"]
    assert found["operations"][0]["cause"]["kind"] == "planner"
    assert _run(path, capsys, "diff", "Shop:1", "Shop:Rush", "--kind", "resource")["operations"] == []
    assert "events" in _run(path, capsys, "diff", "Shop:1", "Shop:Rush", "--delta")
    assert [e["version"]["number"] for e in _run(path, capsys, "blame", "Shop:Rush", "b0")["entries"]] == [2, 1]
    assert _run(path, capsys, "blame", "Shop", "nobody")["entries"] == []
    assert [v["lane"] for v in _run(path, capsys, "graph", "Shop")["versions"]] == [0, 1, 0]
    assert _run(path, capsys, "verify")["faults"] == [] and _run(path, capsys, "verify", "Shop")["versions"] == 3
    assert _run(path, capsys, "show", "Shop:9", code=1)["code"] == "E012"
    assert _run(path, capsys, "list", "Nobody", code=1)["code"] == "E012"


def test_rolling_back_picking_tagging_approving(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, third = _fill(path)
    picked = _run(path, capsys, "cherry-pick", "Shop:Rush", "--operation", "b0", "--order", "a")
    assert (picked["source"], picked["originVersionId"], picked["parentVersionId"]) == (
        "cherry_pick",
        second.id,
        third.id,
    )
    back = _run(path, capsys, "rollback", "Shop:1", "--comment", "oops")
    assert (back["contentHash"], back["comment"], back["number"]) == (first.content_hash, "oops", 5)
    assert _run(path, capsys, "tag", "Shop:1", "monday")["tags"] == [{"name": "monday", "versionId": first.id}]
    assert _run(path, capsys, "show", "Shop:monday")["tags"] == ["monday"]
    assert _run(path, capsys, "tag", "Shop:2", "monday", code=1)["code"] == "E001"
    assert _run(path, capsys, "tag", "Shop:2", "monday", "--move")["tags"][0]["versionId"] == second.id
    assert main(["versions", "tag", "Shop", "monday", "--delete", "--database", str(path)]) == 0
    assert main(["versions", "state", "Shop:1", "approved", "--note", "fine", "--database", str(path)]) == 0
    assert main(["versions", "state", "Shop:1", "--note", "really", "--database", str(path)]) == 0
    capsys.readouterr()
    story = _run(path, capsys, "state", "Shop:1")
    assert story["state"] == "approved" and [row["note"] for row in story["story"]] == ["fine", "really"]
    assert _run(path, capsys, "cherry-pick", "Shop:1", code=1)["code"] == "E012"


def test_scenarios_from_beginning_to_end(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, *_ = _fill(path)
    made = _run(path, capsys, "scenarios", "create", "Shop:1", "Nights", "--color", "#112233")
    assert made["scenarios"][0]["fromVersionId"] == first.id
    assert _run(path, capsys, "scenarios", "rename", "Shop:Nights", "Late")["scenarios"][0]["color"] == "#112233"
    assert _run(path, capsys, "scenarios", "archive", "Shop:Late")["scenarios"][0]["archivedAt"]
    assert len(_run(path, capsys, "scenarios", "list", "Shop")["scenarios"]) == 2
    assert len(_run(path, capsys, "scenarios", "list", "Shop", "--archived")["scenarios"]) == 3
    assert _run(path, capsys, "scenarios", "promote", "Shop:Rush", code=1)["code"] == "E004"
    assert _run(path, capsys, "scenarios", "promote", "Shop:Late")["kind"] == "none"


def test_merging_at_one_go_and_step_by_step(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, second, third = _fill(path)
    dry = _run(path, capsys, "merge", "Shop:Rush", "--dry-run")
    assert [c["key"] for c in dry["conflicts"]] == ["events/a0/placement"] and dry["unresolved"]
    assert _run(path, capsys, "merge")["merges"] == [], "a dry run leaves nothing"
    assert main(["versions", "merge", "Shop:Rush", "--database", str(path)]) == 1
    printed = capsys.readouterr()
    assert "Operation a0" in printed.out and "--resume" in printed.err
    (left,) = _run(path, capsys, "merge")["merges"]
    wrong = _run(path, capsys, "merge", "--resume", left["id"], "--choose", "events/a0/placement=nonsense", code=1)
    assert wrong["code"] == "E001"
    done = _run(
        path, capsys, "merge", "--resume", left["id"], "--choose", "events/a0/placement=ours", "--comment", "both"
    )
    assert (done["source"], done["parentVersionId"], done["mergeParentVersionId"]) == ("merge", third.id, second.id)
    assert _run(path, capsys, "scenarios", "promote", "Shop:Rush")["kind"] == "none"
    assert main(["versions", "merge", "Shop:1", "--into", "Rush", "--take", "ours", "--database", str(path)]) == 0
    assert main(["versions", "merge", "--database", str(path)]) == 0
    capsys.readouterr()


def test_a_merge_can_be_given_up_and_a_value_chosen(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _fill(path)
    left = _run(path, capsys, "merge", "Shop:Rush", code=1)
    assert _run(path, capsys, "merge", "--resume", left["id"], "--abandon")["abandoned"] == left["id"]
    left = _run(path, capsys, "merge", "Shop:Rush", code=1)
    value = (
        'events/a0/placement={"resourceId":"m2","startDate":"2026-01-05T10:00:00Z","endDate":"2026-01-05T10:40:00Z"}'
    )
    done = _run(path, capsys, "merge", "--resume", left["id"], "--choose", value)
    found = _run(path, capsys, "show", done["id"], "--data")["snapshot"]["events"][0]
    assert (found["resourceId"], found["startDate"]) == ("m2", "2026-01-05T10:00:00Z")


def test_verify_tells_what_is_wrong(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _fill(path)
    plain = sqlite_file.connect(path)
    plain.execute("DROP TRIGGER schedule_versions_no_update")
    plain.execute("UPDATE schedule_versions SET content_hash = 'x' WHERE number = 2")
    plain.close()
    found = _run(path, capsys, "verify", code=1)
    assert [fault["number"] for fault in found["faults"]] == [2]
