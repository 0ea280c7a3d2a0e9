"""Killed at any moment of saving or merging: nothing that was acknowledged is lost, nothing half is there."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from app.merging import MergeService
from app.versions import VersionService
from storage.database import open_database
from tests.support.databases import line_schedule, moved
from tests.support.forked import NEEDS_FORK, killed
from tests.support.version_cases import put, shop

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    *NEEDS_FORK,
]

_KILLS = 120
_BIG = line_schedule(60, 4)


def test_killed_while_saving(tmp_path: Path) -> None:
    path, chance, acknowledged = tmp_path / "t.db", random.Random(1), 0
    database = open_database(path)
    first = VersionService(database).import_schedule(_BIG)
    database.close()

    def work(tell: int) -> None:
        service = VersionService(open_database(path))
        opened = service.open(first.schedule_id)
        info, plan = opened.head, opened.schedule
        while True:
            plan = moved(plan, f"j{info.number % 6}-o{info.number % 10}", 1)
            info = service.save(first.schedule_id, info.id, plan)
            os.write(tell, f"{info.number}\n".encode())

    for _ in range(_KILLS):
        told = killed(work, chance.uniform(0.0, 0.15))
        acknowledged = max([acknowledged, *map(int, told.split())])
        database = open_database(path)
        service = VersionService(database)
        versions = service.list(first.schedule_id)
        assert len(versions) >= acknowledged and [v.number for v in versions] == list(range(len(versions), 0, -1))
        assert service.head(first.schedule_id) == versions[0], "a version without its head would be half a save"
        service.data(versions[0].id)
        database.close()
    assert acknowledged > 20
    database = open_database(path)
    assert VersionService(database).verify() == []
    database.close()


def test_killed_while_merging(tmp_path: Path) -> None:
    path, chance, finished = tmp_path / "t.db", random.Random(2), 0
    database = open_database(path)
    service = VersionService(database)
    key = service.import_schedule(shop()).schedule_id
    database.close()

    def work(tell: int) -> None:
        opened = open_database(path)
        service = VersionService(opened)
        merges = MergeService(opened, service)
        for round_ in range(1_000_000):
            left = merges.list(key)
            if left:
                merge_id = merges.refresh(left[0].id).row.id
            else:
                head, base = service.open(key).head, service.data(service.head(key).id)
                service.save(key, head.id, put(base, "a0", 100 + round_ % 7))
                merge_id = merges.start_head(key, head.id, put(base, "a0", 50 + round_ % 9)).row.id
            os.write(tell, b"begun\n")
            merges.choose_all(merge_id, "ours")
            merges.finish(merge_id)
            os.write(tell, b"finished\n")

    for _ in range(_KILLS):
        told = killed(work, chance.uniform(0.0, 0.2))
        finished += told.count(b"finished")
        database = open_database(path)
        service = VersionService(database)
        left, versions = MergeService(database, service).list(key), service.list(key)
        merged = [version for version in versions if version.source == "merge"]
        assert len(merged) >= finished and len(left) <= 1
        if told.endswith(b"begun\n"):
            assert len(left) == 1 or len(merged) > finished, "either the merge or what it made"
        finished = len(merged)
        sides = [version for version in merged if version.merge_parent_version_id is None]
        assert sides == [], "both parents are there"
        database.close()
    assert finished > 20
    database = open_database(path)
    assert VersionService(database).verify() == []
    database.close()
