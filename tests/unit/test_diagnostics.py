"""Diagnostics: true figures, and a report that gives nothing away."""

from __future__ import annotations

import json
import logging
import zipfile
from pathlib import Path

import pytest

from app.diagnostics import Diagnostics, bones_of
from app.logs import configure_logs
from engine.errors import ErrorCode, TaktwerkError
from engine.model import Schedule
from tests.support.databases import first_version, fresh_database, line_schedule

SECRETS = ("Geheimplan", "kundig", "Machine", "Operation", "anna", "plant-1", "Ludwig")


def _secret_schedule() -> Schedule:
    schedule = line_schedule(name="Geheimplan")
    return schedule.model_copy(update={"metadata": schedule.metadata.model_copy(update={"user_id": "Ludwig"})})


@pytest.mark.logs_errors
def test_the_report_holds_no_plan_no_name_and_no_path(tmp_path: Path) -> None:
    home = tmp_path / "kundig"
    log = logging.getLogger("taktwerk.versions")
    configure_logs(home / "logs", "INFO", "workstation")
    with fresh_database(home) as database:
        info = first_version(database, _secret_schedule())
        with database.unit_of_work() as uow:
            run = uow.runs.add(
                algorithm_id=1,
                schedule_id=info.schedule_id,
                label="Geheimplan",
                created_by=uow.users.ensure("anna"),
                options={"note": "Ludwig"},
            )
            uow.commit()
        assert run.label == "Geheimplan"
        log.info("imported schedule %s (%s)", info.schedule_id, "Geheimplan")
        try:
            raise TaktwerkError(ErrorCode.STORAGE, "Geheimplan of Ludwig in /home/anna", {"Ludwig": 1})
        except TaktwerkError:
            log.exception("E008 for Ludwig", extra={"customer": "Ludwig"})
        bundle = Diagnostics(database, home / "logs").write_bundle(tmp_path / "report.zip")
    for handler in [h for h in logging.getLogger().handlers if getattr(h, "is_taktwerk", False)]:
        logging.getLogger().removeHandler(handler)
        handler.close()
    assert "Geheimplan" in (home / "logs" / "workstation.log").read_text()
    with zipfile.ZipFile(bundle) as opened:
        held = {name: opened.read(name).decode() for name in opened.namelist()}
    assert sorted(held) == ["logs/workstation.jsonl", "report.json"]
    for name, content in held.items():
        for secret in (*SECRETS, str(tmp_path), info.id, info.schedule_id, info.content_hash):
            assert secret not in content, f"{secret} in {name}"
    lines = [json.loads(line) for line in held["logs/workstation.jsonl"].splitlines()]
    assert lines[-1]["level"] == "error" and lines[-1]["codes"] == ["E008"] and "TaktwerkError" in lines[-1]["error"]
    assert json.loads(held["report.json"])["versions"] == 1
    assert json.loads(held["report.json"])["runs"]["total"] == 1


def test_the_bones_of_a_hostile_line_are_bare() -> None:
    line = {
        "at": "Ludwig",
        "level": "Ludwig",
        "logger": "Ludwig",
        "event": "LudwigE008 E999",
        "exception": "LudwigError: x",
    }
    assert bones_of(json.dumps(line)) == {"frames": [], "error": []}
    assert bones_of("Ludwig") is None and bones_of("[]") is None


def test_stalls_and_sizes_are_told(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        diagnostics = Diagnostics(database)
        diagnostics.note_stall(250)
        diagnostics.note_stall(900)
        report = diagnostics.report()
    assert (report.stalls, report.longest_stall_ms) == (2, 900)
    assert report.database_bytes and report.memory_bytes and report.peak_memory_bytes
    assert report.parts["SQLite"].startswith("3.") and report.trouble == ""


def test_a_report_that_cannot_be_written_is_a_coded_error(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database, pytest.raises(TaktwerkError, match="could not be written"):
        Diagnostics(database).write_bundle(tmp_path / "no folder" / "report.zip")
