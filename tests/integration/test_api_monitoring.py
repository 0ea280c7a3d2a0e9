"""What a server tells about itself: figures for Prometheus, and a log in which each line of a run names it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.client import Client
from app.logs import configure_logs
from tests.support.api import Api, an_api, body_of, serving
from tests.support.databases import line_schedule


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    """The server's log, as `taktwerk serve` has it; afterwards the logging is as it was."""
    areas = (logging.getLogger(), logging.getLogger("taktwerk"))
    before = [logger.level for logger in areas]
    path = configure_logs(tmp_path / "logs", "DEBUG", "server")
    assert path is not None
    yield path
    for handler in [one for one in areas[0].handlers if getattr(one, "is_taktwerk", False)]:
        areas[0].removeHandler(handler)
        handler.close()
    for logger, level in zip(areas, before, strict=True):
        logger.setLevel(level)
    logging.captureWarnings(False)


def figures(api: Api, token: str) -> dict[str, float]:
    """Every sample, by its name and labels."""
    answer = api.client(None).get("/api/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    return {
        sample.name + "".join(f",{key}={value}" for key, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_figures_follow_what_happens(tmp_path: Path) -> None:
    with an_api(tmp_path) as api, serving(api) as address:
        token = api.token("prometheus", "read")
        plant = Client(address, api.token())
        before = figures(api, token)
        schedule = plant.import_schedule(line_schedule(6).to_json())["scheduleId"]
        for _ in range(2):
            assert plant.wait(plant.submit(json.loads(body_of(plant.data(schedule)))))["status"] == "completed"
        for path in ("/api/a", "/api/b", "/api/schedules/nothing"):
            api.client().get(path)
        after = figures(api, token)
        assert "taktwerk_runs_total,status=completed" not in before
        assert after["taktwerk_runs_total,status=completed"] == 2
        assert after["taktwerk_run_seconds_count"] == 2 and after["taktwerk_run_seconds_sum"] > 0
        assert after["taktwerk_runs_active,status=queued"] == after["taktwerk_runs_active,status=running"] == 0
        assert after["taktwerk_database_bytes"] > 10_000 and after["process_resident_memory_bytes"] > 1e6
        submitted = "taktwerk_http_requests_total,method=POST,route=/api/schedules/optimize,status=202"
        assert after[submitted] == 2
        assert after["taktwerk_http_requests_total,method=GET,route=none,status=404"] == 2
        assert not [name for name in after if "nothing" in name or schedule in name]  # patterns, not addresses
        assert after["taktwerk_progress_streams"] == 0
        assert api.client(None).get("/api/metrics").status_code == 401


def test_every_line_of_a_run_names_it_and_none_holds_a_token(tmp_path: Path, log_file: Path) -> None:
    with an_api(tmp_path) as api, serving(api) as address:
        token = api.token()
        plant = Client(address, token)
        runs = [plant.submit(json.loads(body_of(line_schedule(4).to_json()))) for _ in range(2)]
        for run_id in runs:
            assert plant.wait(run_id)["status"] == "completed"
    text = log_file.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    of_runs = [line for line in lines if line["logger"] in ("taktwerk.optimization", "taktwerk.solver")]
    assert {line.get("run_id") for line in of_runs} == set(runs)
    for line in of_runs:
        assert line["run_id"] in line["event"] or not any(run in line["event"] for run in runs)
    requests = [line for line in lines if line["logger"] == "taktwerk.api" and "request_id" in line]
    assert len({line["request_id"] for line in requests}) == len(requests) >= 4
    assert {line["user"] for line in requests} == {"anna"}
    assert token not in text and token.split(".")[2] not in text
