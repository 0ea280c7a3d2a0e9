"""Killed at any moment of an export or import, everything is whole: the file that was, or the one that should be."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.exchange import read
from app.versions import VersionService
from storage.database import open_database
from tests.support.databases import line_schedule

ROOT = Path(__file__).resolve().parents[2]


def killed_once(folder: Path, after_s: float) -> None:
    command = [sys.executable, "-m", "tests.support.share_worker", str(folder)]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(after_s)
    os.kill(child.pid, signal.SIGKILL)
    child.stdout.close()
    child.wait()


def check(folder: Path) -> None:
    """Every file reads whole; the database is sound, and each branch stands on a version."""
    for ending in ("takt", "xlsx", "zip"):
        path = folder / f"plan.{ending}"
        if path.exists():
            assert len(read(path).snapshot.events) == 60
    page = folder / "plan.html"
    assert not page.exists() or page.read_text().rstrip().endswith("</html>")
    database = open_database(str(folder / "plans.db"))
    try:
        service = VersionService(database)
        assert not service.verify()
        (only,) = service.schedules()
        versions = {info.id for info in service.list(only.schedule.id)}
        heads = service.heads(only.schedule.id)
        assert {head.version_id for head in heads} == versions  # a branch and its version come together
    finally:
        database.close()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nothing_is_half_there_after_a_kill(tmp_path: Path) -> None:
    database = open_database(str(tmp_path / "plans.db"))
    VersionService(database).import_schedule(line_schedule(60))
    database.close()
    draw = random.Random(9)
    for _ in range(100):
        killed_once(tmp_path, draw.uniform(0, 0.4))
        check(tmp_path)
