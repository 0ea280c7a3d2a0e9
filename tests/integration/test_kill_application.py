"""``kill -9`` of the whole application in every phase of a run: nothing that was acknowledged is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from app.optimization import OptimizationService
from app.session import PlanningSession
from app.versions import VersionService
from engine.check import check
from engine.model import RunStatus, Schedule
from storage import canonical
from storage.database import open_database
from tests.support.plants import after, op, order, plant

ROOT = Path(__file__).resolve().parents[2]


def _plant() -> Schedule:
    chains = range(12)
    events = [
        op(
            f"{c}-{k}",
            37 + 11 * ((c * 5 + k * 3) % 7),
            modes=[f"M{(c + k) % 4}", f"M{(c + k + 1) % 4}"],
            order_id=f"O{c}",
        )
        for c in chains
        for k in range(4)
    ]
    links = [after(f"{c}-{k}", f"{c}-{k + 1}") for c in chains for k in range(3)]
    mine = op("mine", 10, on="bench", start=9_000)
    return plant([*events, mine], dependencies=links, orders=[order(f"O{c}", due=200 + 10 * c) for c in chains])


@pytest.mark.parametrize("moment", ["edit", "run", "phase", "incumbent", "preview", "applied", "after"])
def test_killed_at_any_moment_nothing_acknowledged_is_lost(tmp_path: Path, moment: str) -> None:
    path = tmp_path / "plans.db"
    database = open_database(path)
    schedule_id = VersionService(database).import_schedule(_plant()).schedule_id
    database.close()
    lines = _run_until(path, schedule_id, moment)

    database = open_database(path)
    versions, runs = VersionService(database), OptimizationService(database)
    try:
        assert versions.verify() == []
        _assert_edits_are_there(versions, schedule_id, lines)
        _assert_run_is_there(versions, runs, schedule_id, lines)
    finally:
        runs.close()
        database.close()


def _run_until(path: Path, schedule_id: str, moment: str) -> list[list[str]]:
    """Start a planner, kill it at the moment, and return what it had said."""
    limit = "4" if moment in ("preview", "applied", "after") else "30"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.planner_process", str(path), schedule_id, limit],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout
    lines: list[list[str]] = []
    wanted = "applied" if moment == "after" else moment
    edits_left = 3 if moment == "after" else 0
    for line in process.stdout:
        lines.append(line.split(maxsplit=1))
        if any(seen[0] == wanted for seen in lines):
            if edits_left == 0:
                break
            edits_left -= 1
    else:
        pytest.fail(f"the planner ended by itself: {lines[-3:]}")
    children = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    lines += [line.split(maxsplit=1) for line in process.stdout if line.endswith("\n")]
    process.wait()
    process.stdout.close()
    end = time.monotonic() + 5
    while time.monotonic() < end and any(child.is_running() and child.status() != "zombie" for child in children):
        time.sleep(0.05)
    assert not [c for c in children if c.is_running() and c.status() != "zombie"], "the worker outlived its parent"
    return lines


def _assert_edits_are_there(versions: VersionService, schedule_id: str, lines: list[list[str]]) -> None:
    opened = versions.open(schedule_id)
    recovery = versions.recover(schedule_id)
    working = recovery.schedule if recovery else opened.schedule
    stored = canonical.encode(working).content_hash
    acknowledged = [line[1].split()[-1] for line in lines if line[0] in ("edit", "applied")]
    base = canonical.encode(opened.schedule).content_hash
    # one edit may have reached the disk and not yet its acknowledgement
    states = _states(versions, schedule_id) | {base}
    assert acknowledged[-1] == stored or acknowledged[-1] in states


def _states(versions: VersionService, schedule_id: str) -> set[str]:
    """The content of every state on the way from the head to the end of the draft."""
    from engine.diff import apply

    recovery = versions.recover(schedule_id)
    states: set[str] = set()
    if recovery:
        schedule = recovery.base_schedule
        for edit in recovery.edits:
            schedule = apply(edit.delta, schedule)
            states.add(canonical.encode(schedule).content_hash)
    return states


def _assert_run_is_there(
    versions: VersionService, runs: OptimizationService, schedule_id: str, lines: list[list[str]]
) -> None:
    applied = [line for line in lines if line[0] == "applied"]
    started = [line[1].strip() for line in lines if line[0] == "run"]
    history = versions.list(schedule_id)
    if applied:
        assert [v.number for v in history] == [2, 1]
        assert history[0].source == "optimization"
    had_plan = any(line[0] == "incumbent" for line in lines)
    if not started:
        return
    known = {view.run_id: view for view in runs.history(schedule_id)}
    if started[0] not in known:
        assert not any(line[0] == "phase" for line in lines), "a run that had begun is gone"
        return
    view = known[started[0]]
    assert view.status in (RunStatus.FAILED, RunStatus.COMPLETED)
    if view.status is RunStatus.FAILED:
        assert view.error is not None and view.error.code.value == "E007"
    if had_plan:
        result = runs.result(view.run_id).result
        assert result is not None, "the best plan is gone"
        opened = versions.open(schedule_id)
        recovery = versions.recover(schedule_id)
        working = recovery.schedule if recovery else None
        session = PlanningSession(versions, schedule_id, opened.head, opened.schedule, working)
        session.show_preview(view.run_id, runs.request(view.run_id).schedule_data, result)
        assert session.apply_preview().error is None
        assert check(session.working) == []
