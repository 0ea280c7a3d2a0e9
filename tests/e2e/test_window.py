"""The main window with real versions on a real database; the board and the solver are stand-ins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.commands import Edit, Move
from app.versions import VersionService
from engine.errors import ErrorCode, TaktwerkError
from engine.model import Metrics, OptimizationResult, PlacedEvent, RunStatus
from tests.support.plants import after, at, machine, op, order, plant
from tests.support.windows import Workplace, dialog_of, make_workplace, press

pytestmark = pytest.mark.e2e

PLAN = plant(
    [
        op("A", 60, modes=["M1", "M2"], on="M1", start=0, order="O1"),
        op("B", 60, modes=["M1", "M2"], on="M1", start=60, order="O1"),
        op("C", 60, on="M2", start=0, order="O2"),
        op("U", 30, modes=["M1", "M2"]),
    ],
    resources=[machine("M1", name="Saw one"), machine("M2", name="Saw two")],
    orders=[order("O1", due=90, name="Order one"), order("O2", due=600)],
    dependencies=[after("A", "B")],
)
BETTER = [
    PlacedEvent(id="A", resource_id="M1", start_date=at(0), end_date=at(60)),
    PlacedEvent(id="B", resource_id="M2", start_date=at(60), end_date=at(120), changed=True),
    PlacedEvent(id="C", resource_id="M2", start_date=at(0), end_date=at(60)),
    PlacedEvent(id="U", resource_id="M1", start_date=at(60), end_date=at(90), changed=True),
]
METRICS = Metrics(
    makespan=7_200_000,
    resource_utilization=0.8,
    total_setup_time=0,
    constraint_violations=0,
    objective="minimize_tardiness",
)


@pytest.fixture
def place(qtbot: QtBot, tmp_path: Path) -> Iterator[Workplace]:
    made = make_workplace(qtbot, tmp_path)
    yield made
    made.close()


def run_to_preview(place: Workplace) -> str:
    place.do("run.optimize")
    run_id = list(place.runs.views)[-1]
    place.runs.change(run_id, "started", status=RunStatus.RUNNING, started_at=dt.datetime.now(dt.UTC))
    place.runs.finish(run_id, BETTER, METRICS)
    place.wait(lambda: place.session.preview is not None)
    return run_id


def test_an_empty_window_says_what_to_do(place: Workplace) -> None:
    table = place.window.actions_table
    assert not table["run.optimize"].isEnabled()
    assert not table["file.save"].isEnabled()
    assert table["file.open"].isEnabled()
    press(place.window.area, "Import file…")  # type: ignore[arg-type]
    assert dialog_of(place, "ImportDialog")


def test_opening_fills_every_part(place: Workplace) -> None:
    place.open(PLAN)
    window = place.window
    assert place.board.session is place.session
    assert window.kpi_bar.cards["late_orders"].value.text() == "1"
    assert window.kpi_bar.cards["total_tardiness_ms"].value.text() == "30 min"
    assert window.kpi_bar.problems.note.text() == "1 unscheduled"
    assert window.docks["problems"].windowTitle() == "Problems (1)"
    assert window.docks["unscheduled"].windowTitle() == "Unscheduled (1)"
    assert window.status.draft.text() == "Version 1, all edits saved"
    assert window.versions.table.rows_model.rows[0].number == 1


def test_one_edit_is_one_undo_step_and_shows_its_effect(place: Workplace) -> None:
    place.open(PLAN)
    window = place.window
    place.board.select(("B",))
    window.workbench.execute(Move(kind="move", event_id="B", start=at(240), resource_id="M2"))
    card = window.kpi_bar.cards["total_tardiness_ms"]
    assert (card.value.text(), card.change.text(), card.change.property("role")) == ("3 h 30 min", "+3 h", "chip-bad")
    assert window.status.draft.text() == "Edits kept as draft on version 1"
    assert window.windowTitle().split(" – ")[0].endswith("*")
    assert "Undo: Move B to Saw two" in window.actions_table["edit.undo"].toolTip()
    place.do("edit.undo")
    assert card.change.text() == "±0"
    assert not window.actions_table["edit.undo"].isEnabled()
    place.do("edit.redo")
    assert place.session.facts.operations["B"].resource_id == "M2"


def test_locking_from_the_tool_bar_and_a_refused_move(place: Workplace) -> None:
    place.open(PLAN)
    table = place.window.actions_table
    assert not table["edit.lock"].isEnabled()
    place.board.select(("B", "C"))
    place.do("edit.lock")
    assert [o.id for o in place.session.working.snapshot.events if o.locked] == ["B", "C"]
    assert not table["edit.lock"].isEnabled()
    answer = place.window.workbench.execute(Move(kind="move", event_id="B", start=at(300)))
    assert answer.error is not None
    assert "locked" in place.window.status.message.text()
    place.wait(lambda: place.window.studio.setup._locks._count.text() == "2 operations locked")
    place.do("edit.unlock")
    assert not any(o.locked for o in place.session.working.snapshot.events)


def test_push_successors_is_a_mode_the_planner_sees(place: Workplace) -> None:
    place.open(PLAN)
    action = place.window.actions_table["edit.push"]
    assert place.session.push == "off"
    action.trigger()
    assert place.session.push == "on"
    place.window.edit_flow.set_push_fixed(True)
    assert place.session.push == "all"
    action.trigger()
    assert place.session.push == "off"


def test_find_goes_to_an_order_with_enter(place: Workplace, qtbot: QtBot) -> None:
    place.open(PLAN)
    place.do("edit.find")
    qtbot.keyClicks(place.window.tool_bar.find_box, "order one")
    qtbot.keyClick(place.window.tool_bar.find_box, Qt.Key.Key_Return)
    assert place.board.calls[-1] == ("go_to", "A")


def test_an_unscheduled_operation_is_placed_by_dialog(place: Workplace) -> None:
    place.open(PLAN)
    place.window.docks.show("unscheduled")
    place.wait(lambda: place.window.unscheduled.table.rows_model.rows)
    place.window.unscheduled.table.row_activated.emit(place.session.facts.operations["U"])
    press(dialog_of(place, "MoveDialog"), "Schedule")
    assert place.session.facts.operations["U"].start_date == at(120)
    assert place.window.docks["unscheduled"].windowTitle() == "Unscheduled"


def test_saving_makes_version_2_with_its_comment(place: Workplace) -> None:
    schedule_id = place.open(PLAN)
    place.window.workbench.execute(Edit(kind="edit", event_id="A", changes={"name": "Cut"}))
    place.do("file.save")
    dialog = dialog_of(place, "SaveVersionDialog")
    dialog._comment.setPlainText("New name")
    press(dialog, "Save version")
    place.wait(lambda: place.session.head.number == 2)
    versions = place.versions.list(schedule_id)
    assert [(v.number, v.source, v.comment) for v in versions] == [(2, "manual", "New name"), (1, "import", "")]
    assert place.window.status.draft.text() == "Version 2, all edits saved"
    assert place.window.versions.table.rows_model.rows[0].number == 2
    assert not place.window.actions_table["file.save"].isEnabled()


def test_discarding_goes_back_to_the_saved_version(place: Workplace) -> None:
    place.open(PLAN)
    place.window.workbench.execute(Edit(kind="edit", event_id="A", changes={"name": "Cut"}))
    place.do("file.discard")
    press(dialog_of(place, "Dialog"), "Discard edits")
    place.wait(lambda: place.session.facts.operations["A"].name == "A")
    assert not place.session.is_dirty


def test_edits_survive_a_crash_and_are_offered(place: Workplace, qtbot: QtBot, tmp_path: Path) -> None:
    schedule_id = place.open(PLAN)
    place.window.workbench.execute(Edit(kind="edit", event_id="A", changes={"name": "Cut"}))
    place.window.workbench.execute(Move(kind="move", event_id="B", start=at(240)))
    again = make_workplace(qtbot, tmp_path)  # the first window neither saved nor closed
    again.window.open_schedule(schedule_id)
    dialog = dialog_of(again, "RecoveryDialog")
    restore = next(b for b in dialog.findChildren(QPushButton) if b.text().startswith("Restore 2 edits from"))
    restore.click()
    again.wait(lambda: again.window.workbench.session is not None)
    assert again.session.facts.operations["A"].name == "Cut"
    assert again.session.facts.operations["B"].start_date == at(240)
    assert again.session.is_dirty
    again.close()


def test_a_run_freezes_its_input_and_its_result_is_previewed(place: Workplace) -> None:
    place.open(PLAN)
    frozen = place.session.working
    run_id = run_to_preview(place)
    window = place.window
    assert place.runs.requests[run_id].schedule_data is frozen
    assert place.session.working is frozen
    assert place.board.preview is place.session.preview
    assert window.area.preview_bar.isVisible()
    assert window.area.preview_bar._note.text() == "2 operations would change, 1 to another resource, all rules hold"
    place.wait(lambda: len(window.changes.table.rows_model.rows) == 2)
    assert window.docks["changes"].windowTitle() == "Changes (2)"
    place.do("preview.discard")
    assert place.board.preview is None
    assert not window.area.preview_bar.isVisible()
    assert place.session.working is frozen


def test_edits_during_a_run_are_merged_into_the_preview(place: Workplace) -> None:
    place.open(PLAN)
    place.do("run.optimize")
    run_id = list(place.runs.views)[-1]
    place.window.workbench.execute(Edit(kind="edit", event_id="C", changes={"name": "Renamed"}))
    place.window.workbench.execute(Move(kind="move", event_id="B", start=at(480)))
    place.runs.finish(run_id, BETTER, METRICS)
    place.wait(lambda: place.session.preview is not None)
    preview = place.session.preview
    assert preview is not None
    merged = {o.id: o for o in preview.merged.snapshot.events}
    assert merged["C"].name == "Renamed"
    assert merged["B"].start_date == at(480)
    assert [c.item_id for c in preview.conflicts] == ["B"]
    assert place.window.area.preview_bar.conflicts.text() == "1 conflict with your edits"
    place.window.area.preview_bar.conflicts.click()
    dialog = dialog_of(place, "ConflictDialog")
    assert not dialog.merge.isEnabled() and dialog.progress.text() == "0 of 1 decided"
    press(dialog, "Accept theirs")
    place.wait(dialog.merge.isEnabled)
    press(dialog, "Merge")
    place.wait(lambda: "B" in {c.event_id for c in place.session.preview.changes})  # type: ignore[union-attr]
    place.window.workbench.execute(Edit(kind="edit", event_id="A", changes={"name": "Later"}))
    place.wait(lambda: place.session.preview.working is place.session.working)  # type: ignore[union-attr]


def test_a_failed_run_says_so_and_its_best_plan_can_be_previewed(place: Workplace) -> None:
    place.open(PLAN)
    place.do("run.optimize")
    run_id = list(place.runs.views)[-1]
    error = TaktwerkError(ErrorCode.INTERRUPTED, "The solver process was killed.")
    place.runs.results[run_id] = OptimizationResult(events=tuple(BETTER), metrics=METRICS)
    place.runs.change(run_id, "finished", status=RunStatus.FAILED, error=error, has_incumbent=True)
    place.wait(lambda: "killed" in place.window.status.message.text())
    place.window.studio.run._preview.click()
    place.wait(lambda: place.session.preview is not None)
    assert len(place.session.preview.changes) == 2  # type: ignore[union-attr]


def test_an_infeasible_run_shows_what_cannot_hold_together(place: Workplace) -> None:
    place.open(PLAN)
    place.do("run.optimize")
    run_id = list(place.runs.views)[-1]
    details = {"conflict": [{"message": "C is locked", "eventId": "C"}], "repairs": [{"message": "Unlock C"}]}
    error = TaktwerkError(ErrorCode.INFEASIBLE_PROBLEM, "No plan can keep these.", details)
    place.window.docks["studio"].hide()  # which lists them too
    place.runs.change(run_id, "finished", status=RunStatus.FAILED, error=error)
    dialog = dialog_of(place, "ErrorDialog")
    assert not dialog.isModal()
    press(dialog, "C is locked")
    assert place.board.calls[-1] == ("go_to", "C")


def test_stop_and_cancel_reach_the_run(place: Workplace) -> None:
    place.open(PLAN)
    table = place.window.actions_table
    assert not table["run.cancel"].isEnabled()
    place.do("run.optimize")
    place.do("run.optimize")
    first, second = place.runs.views
    place.runs.change(first, "started", status=RunStatus.RUNNING, has_incumbent=True)
    place.runs.change(second, "queued", queue_position=1)
    place.wait(lambda: table["run.stop"].isEnabled())
    place.do("run.stop")
    place.do("run.cancel")
    assert place.runs.asked == [("stop", first), ("cancel", first)]
    assert place.window.studio.run._queue.count() == 1


def test_a_newer_version_is_merged_before_saving(place: Workplace) -> None:
    schedule_id = place.open(PLAN)
    head = place.session.head
    events = tuple(o.altered({"order_id": None}) if o.order_id == "O2" else o for o in PLAN.snapshot.events)
    kept = {"orders": PLAN.snapshot.orders[:1], "events": events}
    theirs = place.session.working.model_copy(update={"snapshot": PLAN.snapshot.model_copy(update=kept)})
    VersionService(place.database, "ben").save(schedule_id, head.id, theirs, "Ben was faster")
    place.window.workbench.execute(Edit(kind="edit", event_id="A", changes={"name": "Cut"}))
    place.window.file_flow.save("mine")
    press(dialog_of(place, "ConflictDialog"), "Merge")
    assert place.session.head.number == 2
    assert place.session.facts.operations["A"].name == "Cut"
    assert len(place.session.working.snapshot.orders) == 1
    place.window.file_flow.save("merged")
    place.wait(lambda: place.session.head.number == 3)
    assert [v.number for v in place.versions.list(schedule_id)] == [3, 2, 1]


def test_an_old_version_is_opened_and_rolled_back_to(place: Workplace) -> None:
    schedule_id = place.open(PLAN)
    place.window.workbench.execute(Move(kind="move", event_id="B", start=at(480)))
    place.window.file_flow.save("later")
    place.wait(lambda: place.session.head.number == 2)
    place.window.workbench.execute(Move(kind="move", event_id="A", start=at(960)))
    window, working = place.window, place.session.working
    first = place.versions.list(schedule_id)[-1]

    window.versions.open_requested.emit(first)
    place.wait(lambda: place.session.working == PLAN)
    assert (place.session.head.number, place.session.is_dirty, place.session.undo_label) == (2, True, "Open version 1")
    place.do("edit.undo")
    assert place.session.working == working
    place.do("edit.redo")
    assert place.session.working == PLAN
    place.do("edit.undo")

    window.versions.rollback_requested.emit(first)
    press(dialog_of(place, "Dialog"), "Roll back")
    place.wait(lambda: place.session.head.number == 3)
    assert place.versions.data(place.session.head.id) == PLAN == place.session.working
    assert not place.session.is_dirty
    assert place.versions.list(schedule_id)[0].comment == "Back to version 1"
    place.do("edit.undo")
    assert place.session.working == working
    again = VersionService(place.database).recover(schedule_id)
    assert again is not None and (again.base.number, again.schedule) == (3, working)


def test_edits_wait_while_a_version_is_taken_over(place: Workplace) -> None:
    place.open(PLAN)
    job = place.session.begin_version(place.session.head)
    answer = place.session.execute(Edit(kind="edit", event_id="A", changes={"name": "Cut"}))
    assert answer.error is not None and answer.error.code is ErrorCode.RESOURCE_LOCKED
    with pytest.raises(TaktwerkError):
        place.session.begin_save()
    place.session.end_version(job, job.run())
    place.session.end_job()
    assert place.session.execute(Edit(kind="edit", event_id="A", changes={"name": "Cut"})).error is None


def test_a_planner_edits_on_while_a_version_is_saved(place: Workplace) -> None:
    schedule_id = place.open(PLAN)
    session = place.session
    session.execute(Edit(kind="edit", event_id="A", changes={"name": "Cut"}))
    job = session.begin_save("first")
    session.execute(Edit(kind="edit", event_id="B", changes={"name": "Bend"}))
    saved = job.run()
    session.execute(Edit(kind="edit", event_id="C", changes={"name": "Coat"}))
    session.end_save(job, saved)
    session.end_job()
    assert session.head.number == 2 and session.is_dirty
    assert place.versions.data(saved.id).snapshot.events[1].name == "B"
    recovery = VersionService(place.database).recover(schedule_id)
    assert recovery is not None and recovery.problem is None
    assert recovery.schedule == session.working
    assert [edit.label for edit in recovery.edits] == ["Edit B", "Edit C"]
    session.undo()
    assert session.save("second").number == 3
    assert place.versions.data(session.head.id).snapshot.events[2].name == "C"


def test_importing_a_benchmark_file_opens_it(place: Workplace, tmp_path: Path) -> None:
    path = tmp_path / "tiny.jsp"
    path.write_text("2 2\n0 3 1 2\n1 4 0 1\n")
    place.window.file_flow.import_file(path, "jsp", "Tiny")
    place.wait(lambda: place.window.workbench.session is not None)
    assert len(place.session.working.snapshot.events) == 4
    assert place.window.docks["unscheduled"].windowTitle() == "Unscheduled (4)"
    place.do("file.open")
    dialog = dialog_of(place, "OpenScheduleDialog")
    assert [s.schedule.name for s in dialog._table.rows_model.rows] == ["Tiny"]


def test_a_bad_file_is_refused_in_the_dialog(place: Workplace, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text("{}")
    place.do("file.import")
    dialog = dialog_of(place, "ImportDialog")
    dialog.set_path(path)
    place.wait(lambda: dialog.notice.text().startswith("E001"))
    assert dialog.isVisible() and not dialog.ok.isEnabled()


def test_docks_are_shown_and_hidden_by_their_actions_and_reset(place: Workplace) -> None:
    window = place.window
    for key in ("studio", "versions", "problems", "unscheduled", "changes", "compare"):
        action = window.actions_table[f"view.{key}"]
        assert action.isChecked(), key
        action.trigger()
        assert window.docks[key].isHidden(), key
        action.trigger()
        assert not window.docks[key].isHidden(), key
    window.docks["studio"].hide()
    place.do("view.reset")
    assert not window.docks["studio"].isHidden()


def test_the_window_remembers_its_place_and_colour(place: Workplace, qtbot: QtBot, tmp_path: Path) -> None:
    place.window.tool_bar.colour_by.setCurrentIndex(2)
    place.window.docks["versions"].hide()
    place.window.close()
    again = make_workplace(qtbot, tmp_path)
    assert not again.window._services.settings.value("window/geometry").isEmpty()
    assert again.window.docks["versions"].isHidden()
    assert not again.window.actions_table["view.versions"].isChecked()
    assert ("colour", "family") in again.board.calls
    again.close()
