"""The replay from the command line, and in a process of its own as the window asks for it."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest

from app.cli import main
from app.robustness import ReplaySettings, RobustnessService, Stopped, assess
from app.sample import SAMPLE_FILE
from app.versions import VersionService
from engine.errors import ErrorCode, TaktwerkError
from engine.model import Status
from engine.robustness import RobustnessReport
from engine.validate import parse_schedule
from storage.database import open_database
from tests.support.plants import op, order, plant


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAKTWERK_LOG_DIR", str(tmp_path / "logs"))
    monkeypatch.setenv("TAKTWERK_DATABASE", str(tmp_path / "taktwerk.db"))


def run(*arguments: object) -> int:
    return main(["robustness", *map(str, arguments)])


def test_the_sample_plant_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(SAMPLE_FILE, "--replications", 50) == 0
    text = capsys.readouterr().out
    assert "461 operations, 50 replications. Learnt from 42 completed operations" in text
    assert "Fragile hand-offs (the worst 15 of" in text and "On time" in text


def test_one_json_document_and_the_same_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "report.json"
    assert run(SAMPLE_FILE, "--replications", 20, "--seed", 4, "--json", "-o", out, "--progress") == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out) == json.loads(out.read_bytes())
    report = RobustnessReport.model_validate_json(out.read_bytes())
    assert (report.replications, report.seed, report.source.samples) == (20, 4, 42)
    assert shown.err.splitlines()[0] == "0 %"


def test_given_distributions_and_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = tmp_path / "given.json"
    given.write_text('{"default": {"duration": {"type": "fixed", "value": 1}}}')
    assert run(SAMPLE_FILE, "--distributions", given, "--replications", 2, "--may-start-earlier", "--overtime", 30) == 0
    assert "Distributions as given." in capsys.readouterr().out
    given.write_text('{"resources": {"nowhere": {}}}')
    assert run(SAMPLE_FILE, "--distributions", given, "--json") == 1
    error = json.loads(capsys.readouterr().out)
    assert error["code"] == "E001" and error["details"] == {"unknown": ["nowhere"]}
    assert run(SAMPLE_FILE, "--replications", 0) == 2
    assert run(SAMPLE_FILE, "--overtime", -1) == 2


def test_nothing_scheduled_is_nothing_to_replay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "empty.json"
    path.write_text(json.dumps(plant([op("A", 60, on="M1")]).to_json()))
    assert run(path) == 1
    assert "Nothing is scheduled" in capsys.readouterr().err


def test_versions_are_learnt_from(tmp_path: Path) -> None:
    """Version 1 has A completed in twice its time; the plan knows nothing of it any more."""
    done = op("A", 60, on="M1", start=-120, end=0, status=Status.COMPLETED)
    rest = op("B", 60, on="M1", start=0, order="O1")
    database = open_database(str(tmp_path / "taktwerk.db"))
    try:
        versions = VersionService(database)
        first = versions.import_schedule(plant([done, rest], orders=[order(due=65)], now=0))
    finally:
        database.close()
    now = plant([rest], orders=[order(due=65)], now=0)
    service = RobustnessService(str(tmp_path / "taktwerk.db"))
    report = service.run(now, ReplaySettings(replications=40, seed=2), schedule_id=first.schedule_id)
    assert report.source.kind == "learnt" and report.source.samples == 1
    assert report.source.mean is not None and 1.0 < report.source.mean < 1.2
    assert report.items[0].on_time is not None and report.items[0].on_time < 0.9
    assert assess(now, ReplaySettings(replications=40, seed=2)).source.samples == 0


def test_the_service_tells_progress_and_says_the_same_as_here() -> None:
    schedule = parse_schedule(SAMPLE_FILE.read_bytes())
    shares: list[float] = []
    settings = ReplaySettings(replications=10, seed=3, overtime_minutes=15)
    report = RobustnessService().run(schedule, settings, progress=shares.append)
    assert report == assess(schedule, settings)
    assert shares == sorted(shares) and len(shares) > 5


def test_the_service_can_be_stopped() -> None:
    stop = threading.Event()
    settings = ReplaySettings(replications=100_000)
    with pytest.raises(Stopped):
        RobustnessService().run(
            parse_schedule(SAMPLE_FILE.read_bytes()), settings, progress=lambda _: stop.set(), stop=stop
        )


def test_errors_of_the_process_come_back() -> None:
    with pytest.raises(TaktwerkError) as caught:
        RobustnessService().run(plant([op("A", 60, on="M1")]), ReplaySettings())
    assert caught.value.code is ErrorCode.INVALID_SCHEDULE


@pytest.mark.logs_errors
def test_a_process_without_an_answer_is_an_interruption() -> None:
    service = RobustnessService(command=[sys.executable, "-c", "import sys; sys.exit('no such thing')"])
    with pytest.raises(TaktwerkError) as caught:
        service.run(plant([op("A", 60, on="M1", start=0)]), ReplaySettings())
    assert caught.value.code is ErrorCode.INTERRUPTED
    assert caught.value.details["said"] == ["no such thing"]
