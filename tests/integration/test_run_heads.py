"""A run remembers the head it is made for, whichever door it came through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from app.run_events import Listener
from app.run_heads import head_for
from app.run_progress import RunView
from app.versions import VersionService
from app.what_if.changes import Variant
from app.what_if.desk import WhatIfDesk
from app.what_if.waiting import AwaitedRuns
from engine.model import OptimizationRequest, RunStatus
from storage.database import open_database
from tests.support.databases import line_schedule, moved

PLAN = line_schedule(6)


@dataclass
class Noted:
    """Runs that end at once; what they were submitted with is kept."""

    views: list[RunView] = field(default_factory=list)

    def submit(self, request: OptimizationRequest, **about: Any) -> str:
        run_id = f"run-{len(self.views) + 1}"
        self.views.append(RunView(run_id, RunStatus.COMPLETED, **about))
        return run_id

    def status(self, run_id: str) -> RunView:
        return next(view for view in self.views if view.run_id == run_id)

    def subscribe(self, listener: Listener) -> Any:
        return lambda: None

    def request(self, run_id: str) -> OptimizationRequest:
        return OptimizationRequest(schedule_data=PLAN)

    def result(self, run_id: str) -> None:
        return None

    @property
    def heads(self) -> list[str | None]:
        return [view.head_name for view in self.views]


@pytest.fixture
def versions(tmp_path: Path) -> Iterator[VersionService]:
    database = open_database(tmp_path / "plans.db")
    yield VersionService(database, "anna")
    database.close()


def test_the_head_of_a_version_is_one_that_stands_there_or_whose_line_it_is_on(versions: VersionService) -> None:
    first = versions.import_schedule(PLAN)
    key = first.schedule_id
    assert head_for(versions, key, first.id) == "main"
    versions.scenarios.create(key, "Late", first.id)
    assert head_for(versions, key, first.id) == "main", "the live plan goes before scenarios"
    late = versions.save(key, first.id, moved(PLAN, "j0-o0", 5), head="Late")
    later = versions.save(key, late.id, moved(PLAN, "j0-o0", 9), head="Late")
    assert head_for(versions, key, later.id) == head_for(versions, key, late.id) == "Late"
    versions.scenarios.create(key, "Night", late.id)
    assert head_for(versions, key, late.id) == "Night", "it stands there, the other one went on"
    versions.save(key, late.id, moved(PLAN, "j0-o0", 7), head="Night")
    assert head_for(versions, key, late.id) is None, "both come from it"
    versions.scenarios.archive(key, "Night")
    assert head_for(versions, key, late.id) == "Late"


def test_variants_and_sweeps_are_for_the_head_of_their_base(versions: VersionService) -> None:
    first = versions.import_schedule(PLAN)
    versions.scenarios.create(first.schedule_id, "Late", first.id)
    late = versions.save(first.schedule_id, first.id, moved(PLAN, "j0-o0", 5), head="Late")
    runs = Noted()
    desk = WhatIfDesk(runs, versions)  # type: ignore[arg-type]
    variants = [Variant(name="One"), Variant(name="Two")]
    desk.start(desk.base(late), variants)
    assert runs.heads == ["Late", "Late"]
    desk.start(desk.base(first), variants[:1])
    desk.start(desk.base(first, "Late"), variants[:1])
    assert runs.heads[2:] == ["main", "Late"], "where the planner says which one, that one"
    desk.again("run-4")
    AwaitedRuns(runs, desk.base(late))(runs.request(""), "Change budget")  # type: ignore[arg-type]
    assert runs.heads[4:] == ["Late", "Late"]
    assert {view.base_version_id for view in runs.views} == {first.id, late.id}
