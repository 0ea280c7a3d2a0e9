"""Killed at any moment of an export or import, everything is whole: the file that was, or the one that should be."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from app.exchange import read
from app.versions import VersionService
from storage.database import open_database
from tests.support.databases import line_schedule
from tests.support.forked import NEEDS_FORK, killed
from tests.support.share_worker import share_for_ever

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), *NEEDS_FORK]


def check(folder: Path, *, is_thorough: bool) -> None:
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
        assert not is_thorough or not service.verify()
        (only,) = service.schedules()
        versions = {info.id for info in service.list(only.schedule.id)}
        heads = service.heads(only.schedule.id)
        assert {head.version_id for head in heads} == versions  # a branch and its version come together
    finally:
        database.close()


def test_nothing_is_half_there_after_a_kill(tmp_path: Path) -> None:
    database = open_database(str(tmp_path / "plans.db"))
    VersionService(database).import_schedule(line_schedule(60))
    database.close()

    def rounds_in(seconds: float) -> int:
        return killed(lambda tell: share_for_ever(tmp_path, tell), seconds).count(b"round")

    span_s = 0.8
    while not rounds_in(span_s):  # a busy machine takes longer over one
        span_s *= 2
    draw = random.Random(9)
    for number in range(1, 101):
        rounds_in(draw.uniform(0, span_s))
        check(tmp_path, is_thorough=number % 10 == 0)
