"""From Optimize to a stored version with the real solver process; only the board is a stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.optimization import OptimizationService
from engine.check import check
from tests.support.plants import after, machine, op, order, plant
from tests.support.windows import Workplace, make_workplace

pytestmark = pytest.mark.e2e

JOBS = 8
PLAN = plant(
    [
        operation
        for job in range(JOBS)
        for operation in (
            op(f"cut-{job}", 45, modes=["M1", "M2"], on="M1", start=job * 120, order=f"O{job}"),
            op(f"weld-{job}", 60, modes=["M3", "M4"], on="M3", start=job * 120 + 45, order=f"O{job}"),
        )
    ],
    resources=[machine(f"M{i}") for i in (1, 2, 3, 4)],
    orders=[order(f"O{job}", due=120 + 40 * job) for job in range(JOBS)],
    dependencies=[after(f"cut-{job}", f"weld-{job}") for job in range(JOBS)],
)


@pytest.fixture
def place(qtbot: QtBot, tmp_path: Path) -> Iterator[Workplace]:
    made = make_workplace(qtbot, tmp_path, runs=lambda database: OptimizationService(database, 1, "anna"))
    yield made
    made.close()


def set_time_limit(place: Workplace, seconds: float) -> None:
    setup = place.window.studio.setup
    setup.show_settings(replace(setup.settings(), time_limit_s=seconds))


def test_optimise_preview_apply_undo(place: Workplace) -> None:
    schedule_id = place.open(PLAN)
    before = place.session.kpis
    set_time_limit(place, 12)
    place.do("run.optimize")
    place.wait(lambda: place.session.preview is not None, 20)
    run_id = place.session.preview.run_id  # type: ignore[union-attr]
    assert place.versions.head(schedule_id).number == 1
    place.do("preview.apply")
    place.wait(lambda: place.session.head.number == 2)
    second, first = place.versions.list(schedule_id)
    assert (second.number, second.source, second.parent_version_id) == (2, "optimization", first.id)
    assert place.runs.status(run_id).result_version_id in (second.id, None)
    assert place.runs.history(schedule_id)[0].result_version_id == second.id
    stored = place.versions.data(second.id)
    assert stored == place.session.working
    assert check(stored) == []
    assert all(o.manually_scheduled for o in stored.snapshot.events if o.start_date != start_of(o.id))
    assert place.versions.diff_from_parent(second.id) is not None
    assert second.metrics is not None
    assert place.session.kpis.total_tardiness_ms < before.total_tardiness_ms
    assert place.window.status.draft.text() == "Version 2, all edits saved"
    assert not place.window.area.preview_bar.isVisible()

    place.do("edit.undo")
    assert place.session.kpis.total_tardiness_ms == before.total_tardiness_ms
    assert place.session.is_dirty


def start_of(event_id: str) -> object:
    return next(o.start_date for o in PLAN.snapshot.events if o.id == event_id)


def test_a_result_of_an_earlier_sitting_can_be_previewed_again(place: Workplace, qtbot: QtBot, tmp_path: Path) -> None:
    schedule_id = place.open(PLAN)
    set_time_limit(place, 12)
    place.do("run.optimize")
    place.wait(lambda: place.session.preview is not None, 20)
    number = len(place.session.preview.changes)  # type: ignore[union-attr]
    place.close()

    again = make_workplace(qtbot, tmp_path, runs=lambda database: OptimizationService(database, 1, "anna"))
    again.window.open_schedule(schedule_id)
    again.wait(lambda: again.window.workbench.session and again.window.studio.history.table.rows_model.rows)
    table = again.window.studio.history.table
    table.row_activated.emit(table.rows_model.rows[0])
    again.wait(lambda: again.session.preview is not None)
    assert len(again.session.preview.changes) == number  # type: ignore[union-attr]
    again.close()


def test_a_run_can_be_cancelled(place: Workplace) -> None:
    place.open(PLAN)
    set_time_limit(place, 30)
    place.do("run.optimize")
    place.wait(lambda: place.window.actions_table["run.cancel"].isEnabled())
    place.do("run.cancel")
    place.wait(lambda: place.window.studio.run._chip.text() == "Cancelled")
    assert place.session.preview is None
    place.wait(lambda: not place.window.actions_table["run.cancel"].isEnabled())
