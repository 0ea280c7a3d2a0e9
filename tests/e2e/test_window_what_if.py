"""The What-if desk in the main window with real solver processes: only the board is a stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from app.optimization import OptimizationService
from app.what_if.changes import ExtraShift, MachineDown, RushOrder, Variant
from engine.check import check
from engine.model import RunStatus
from tests.support.plants import after, at, calendar, machine, op, order, plant
from tests.support.windows import Workplace, dialog_of, make_workplace
from ui.what_if.change_forms import DownForm

pytestmark = pytest.mark.e2e

JOBS = 4
LIMIT_S = 30
"""Far more than it takes to prove these plans optimal."""
PLAN = plant(
    [
        operation
        for job in range(JOBS)
        for operation in (
            op(f"cut-{job}", 45, modes=["M1", "M2"], on="M1", start=360 + job * 60, order=f"O{job}"),
            op(f"weld-{job}", 60, on="M3", start=405 + job * 60, order=f"O{job}"),
        )
    ],
    resources=[machine(f"M{i}", name=f"Machine {i}", calendar="day") for i in (1, 2, 3)],
    calendars=[calendar("day", "06:00-14:00")],
    orders=[order(f"O{job}", name=f"Order {job}", due=900 - 90 * job) for job in range(JOBS)],
    dependencies=[after(f"cut-{job}", f"weld-{job}") for job in range(JOBS)],
    now=360,
)


@pytest.fixture
def place(qtbot: QtBot, tmp_path: Path) -> Iterator[Workplace]:
    made = make_workplace(qtbot, tmp_path, runs=lambda database: OptimizationService(database, 1, "anna"))
    yield made
    made.close()


def opened(place: Workplace) -> str:
    schedule_id = place.open(PLAN)
    place.wait(lambda: place.window.what_if.add.isEnabled())
    return schedule_id


def test_variants_are_built_started_compared_and_kept(place: Workplace) -> None:
    schedule_id = opened(place)
    window, panel = place.window, place.window.what_if
    window.docks.show("what_if")

    panel.add.click()
    dialog = dialog_of(place, "VariantDialog")
    dialog.name.setText("Machine 3 down")
    dialog.kind.setCurrentIndex(dialog.kind.findText("A machine down"))
    form = dialog.forms.currentWidget()
    assert isinstance(form, DownForm)
    form.where.setCurrentIndex(form.where.findText("Machine 3"))
    form.start.set_value(at(480))
    form.end.set_value(at(420))
    dialog.add_change.click()
    assert dialog.notice.text() == "It must come after the start."
    form.end.set_value(at(540))
    dialog.add_change.click()
    dialog.ok.click()
    flow = window.what_if_flow
    assert flow.variants == [
        Variant(name="Machine 3 down", changes=(MachineDown(resource="M3", start=at(480), end=at(540)),))
    ]
    flow.add(Variant(name="As it is"))
    flow.add(Variant(name="Rush", changes=(RushOrder(order="O3", copy_as="Rush", due_date=at(600), priority=5.0),)))
    assert panel.list.count() == 3 and panel.start.text() == "Start 3"
    panel.limit.setValue(LIMIT_S)
    panel.start.click()
    place.wait(lambda: len(panel.rows) == 4)
    assert panel.list.count() == 0
    states = {row.entry.view.status for row in panel.rows if row.entry}
    assert RunStatus.QUEUED in states or RunStatus.RUNNING in states, "one at a time, the rest wait"
    place.wait(lambda: all(row.figures for row in panel.rows), 150)

    rows = {row.name: row for row in panel.rows}
    assert list(rows) == ["Version 1", "Machine 3 down", "As it is", "Rush"]
    assert rows["As it is"].figures.total_tardiness_ms < rows["Version 1"].figures.total_tardiness_ms
    assert rows["Machine 3 down"].figures.total_tardiness_ms >= rows["As it is"].figures.total_tardiness_ms
    marked = [row for row in panel.rows if row.is_best]
    assert marked and all(
        not (other.figures.makespan_ms <= row.figures.makespan_ms
             and other.figures.total_tardiness_ms < row.figures.total_tardiness_ms)
        for row in marked for other in panel.rows
    )  # fmt: skip
    assert window.studio.active_run() is None, "runs of the desk do not stand in the Studio"

    area = panel.scatter.area()
    key = rows["As it is"].key
    dots = [dot for dot in panel.scatter._dots if dot.key == key]
    found = panel.scatter.dot_at(QPointF(panel.scatter._place(dots[0], area)))
    assert found is not None
    panel.scatter.clicked.emit(key)
    place.wait(lambda: window.compare_flow.comparison is not None)
    comparison = window.compare_flow.comparison
    assert comparison is not None and comparison.after_name == "As it is"
    assert place.versions.list(schedule_id)[0].number == 1, "looking writes nothing"

    panel.table.select(rows["Rush"].key)
    panel.keep.click()
    scenario = dialog_of(place, "ScenarioDialog")
    scenario.name.setText("Rush order")
    scenario.ok.click()
    place.wait(lambda: any(head.name == "Rush order" for head in place.versions.heads(schedule_id)))
    place.wait(lambda: len(place.versions.list(schedule_id)) == 2)
    version = place.versions.list(schedule_id)[0]
    kept = place.versions.data(version.id)
    assert version.comment.startswith("What-if Rush: Rush order Rush, like Order 3")
    assert check(kept) == [] and sum(o.order_id == "Rush" for o in kept.snapshot.events) == 2
    assert place.versions.head(schedule_id).number == 1, "the live plan stays as it is"


def test_variants_and_sweeps_of_a_scenario_are_for_it(qtbot: QtBot, tmp_path: Path) -> None:
    place = make_workplace(qtbot, tmp_path)
    try:
        opened(place)
        place.window.scenario_flow.ask_to_create()
        dialog = dialog_of(place, "ScenarioDialog")
        dialog.name.setText("Overtime")
        dialog.ok.click()
        place.wait(lambda: place.session.head_name == "Overtime")
        place.wait(lambda: place.window.what_if.add.isEnabled())
        flow = place.window.what_if_flow
        flow.add(Variant(name="As it is"))
        flow.start(LIMIT_S)
        place.wait(lambda: len(place.runs.views) == 1)
        flow.sweep((1,))
        place.wait(lambda: len(place.runs.views) == 2)
        flow.sweeps.stop()
        assert [view.head_name for view in place.runs.views.values()] == ["Overtime", "Overtime"]
        place.wait(lambda: place.runs.asked == [("cancel", "run-2")])
        place.runs.change("run-2", "finished", status=RunStatus.CANCELLED)
    finally:
        place.close()


@pytest.mark.slow
def test_the_desk_is_found_again_and_runs_can_be_cancelled_and_started_again(
    place: Workplace, qtbot: QtBot, tmp_path: Path
) -> None:
    schedule_id = opened(place)
    flow, panel = place.window.what_if_flow, place.window.what_if
    flow.add(Variant(name="Done"))
    panel.limit.setValue(LIMIT_S)
    panel.start.click()
    place.wait(lambda: len(panel.rows) == 2 and panel.rows[1].figures, 60)
    for name in ("First", "Second", "Third"):
        flow.add(Variant(name=name))
    panel.limit.setValue(3_000)
    panel.start.click()
    place.wait(lambda: len(panel.rows) == 5)
    place.wait(lambda: panel.cancel_all.isEnabled())
    panel.cancel_all.click()
    place.wait(lambda: not any(row.entry and row.entry.is_active for row in panel.rows), 60)
    flow.add(Variant(name="Later", changes=(ExtraShift(calendar="day", day="2026-01-10", from_="06:00", to="12:00"),)))
    place.close()

    again = make_workplace(qtbot, tmp_path, runs=lambda database: OptimizationService(database, 1, "anna"))
    try:
        again.window.open_schedule(schedule_id)
        desk = again.window.what_if
        again.wait(lambda: len(desk.rows) == 5)
        assert [row.name for row in desk.rows] == ["Version 1", "Done", "First", "Second", "Third"]
        assert desk.rows[1].figures is not None and desk.rows[2].figures is None
        assert [v.name for v in again.window.what_if_flow.variants] == ["Later"]
        desk.table.select(desk.rows[1].key)
        before = desk.rows[1].key
        desk.again.click()
        again.wait(lambda: any(row.name == "Done" and row.key != before for row in desk.rows))
        again.wait(lambda: all(not row.entry.is_active for row in desk.rows if row.entry), 60)
    finally:
        again.close()


@pytest.mark.slow
def test_a_change_budget_is_swept_and_a_point_is_shown(place: Workplace) -> None:
    opened(place)
    panel, page = place.window.what_if, place.window.what_if.budget
    panel.view.set_value("budget")
    panel.view.changed.emit("budget")
    page.budgets.setText("many")
    page.start.click()
    assert page.words.text() == "Write up to 12 whole numbers, separated by commas."
    page.budgets.setText("0, 2, 6")
    panel.limit.setValue(LIMIT_S)
    page.start.click()
    place.wait(lambda: page.start.text() == "Sweep" and len(page.points) == 4, 150)
    assert [point.budget for point in page.points] == [0, 2, 6, None]
    values = [point.value for point in page.points]
    assert values == sorted(values, reverse=True) and values[-1] < values[0]
    assert all(point.moved <= (point.budget or 99) for point in page.points)
    page.preview_requested.emit(page.points[2])
    place.wait(lambda: place.window.compare_flow.comparison is not None)
    assert place.window.compare_flow.comparison.after_name == "At most 6 moves"  # type: ignore[union-attr]
