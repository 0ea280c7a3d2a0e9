"""Explanations through the solver's process: E003 on the command line, and tasks of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.explain_tasks import explain_infeasible, lock_prices
from engine.errors import TaktwerkError
from engine.solve.engine import solve
from engine.solve.report import SilentReporter, StopFlag
from engine.solve.why.edits import apply_repair
from tests.support.plants import op, plant, request

ROOT = Path(__file__).resolve().parents[2]
TIGHT = plant([op("A", 60, on="M1", deadline=100), op("B", 60, on="M1", deadline=100)])


def optimize(path: Path, tmp_path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    own = {"TAKTWERK_LOG_DIR": str(tmp_path / "logs"), "TAKTWERK_DATABASE": str(tmp_path / "taktwerk.db")}
    command = [sys.executable, "-m", "app", "optimize", str(path), "--time-limit", "30", "--workers", "1", *more]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **own}, capture_output=True, text=True, timeout=90)


def test_a_file_without_a_plan_is_e003_with_conflict_and_repairs(tmp_path: Path) -> None:
    path = tmp_path / "tight.json"
    path.write_text(json.dumps(TIGHT.to_json()))
    done = optimize(path, tmp_path, "--json")
    assert done.returncode == 1
    error = json.loads(done.stdout)
    assert error["code"] == "E003" and "3 rules cannot hold together" in error["message"]
    conflict, repairs = error["details"]["conflict"], error["details"]["repairs"]
    assert {(m["kind"], m["id"], m["proven"]) for m in conflict} == {
        ("deadline", "A", True),
        ("deadline", "B", True),
        ("capacity", "M1", True),
    }
    assert [(r["kind"], r["price"]) for r in repairs] == [("deadline", 0.33), ("deadline", 0.33), ("capacity", 40.0)]
    repaired = apply_repair(request(TIGHT, time_limit=10), repairs[0])
    assert solve(repaired, SilentReporter(), StopFlag()).events is not None


def test_people_read_the_conflict_and_what_would_help(tmp_path: Path) -> None:
    path = tmp_path / "tight.json"
    path.write_text(json.dumps(TIGHT.to_json()))
    done = optimize(path, tmp_path)
    assert done.returncode == 1
    assert "  - A must end by Mon 5 Jan 2026 01:40." in done.stderr
    assert "  - Move the deadline of A to Mon 5 Jan 2026 02:00, 20 min later." in done.stderr


def test_a_task_explains_in_a_process_of_its_own() -> None:
    steps: list[str] = []
    answer = explain_infeasible(request(TIGHT, workers=1), 30, lambda name, _: steps.append(name))
    assert answer["status"] == "infeasible" and answer["isMinimal"]
    assert len(answer["conflict"]) == 3 and len(answer["repairs"]) == 3
    assert steps and answer["seconds"] < 30


def test_a_task_prices_locks_in_a_process_of_its_own() -> None:
    schedule = plant([op("A", 60, on="M1", start=120, locked=True, due=60)], now=0)
    answer = lock_prices(request(schedule, objective="minimize_tardiness", workers=1), 30)
    (row,) = answer["prices"]
    assert (row["kind"], row["id"], row["improvement"], row["exact"]) == ("lock", "A", 7_200_000.0, True)


def test_what_the_solver_says_of_a_task_is_raised_with_its_code() -> None:
    with pytest.raises(TaktwerkError) as refused:
        lock_prices(request(TIGHT, workers=1), 30)
    assert refused.value.code == "E003" and refused.value.details["conflict"]


def test_a_task_can_be_stopped() -> None:
    stop = threading.Event()

    def stop_once_it_looks(step: str, _percentage: float) -> None:
        if step.startswith("Looking"):
            stop.set()

    answer = explain_infeasible(request(TIGHT, workers=1), 60, stop_once_it_looks, stop)
    assert answer["status"] in ("unknown", "infeasible")
