"""Merging in the main window: two heads edited apart become one version, whichever way the conflict is decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from app.arrivals import Arrivals, Incoming
from app.commands import Edit, Move
from app.optimization import OptimizationService
from app.versions import VersionInfo, VersionService
from engine.check import check
from engine.errors import ErrorCode, TaktwerkError
from engine.model import Metrics, Options, PlacedEvent, RunStatus, Schedule
from tests.support.plants import after, at, at_ms, machine, moved, op, order, plant
from tests.support.qt import NO_GPU, js, pause, wait
from tests.support.windows import Workplace, dialog_of, make_workplace, press, save
from ui.history.model import ROW
from ui.merge import work as merge_work
from ui.merge.dialog import ConflictDialog
from ui.scheme import find_bryntum, register_scheme

register_scheme()
pytestmark = pytest.mark.e2e

PLAN = plant(
    [
        op("A", 60, modes=["M1", "M2"], on="M1", start=0, order="O1"),
        op("B", 60, modes=["M1", "M2"], on="M1", start=60, order="O1", name="Saw B"),
        op("C", 60, on="M2", start=0, order="O2"),
        op("D", 60, on="M2", start=600, order="O2", name="Drill D"),
    ],
    resources=[machine("M1", name="Saw one"), machine("M2", name="Saw two")],
    orders=[order("O1", due=900, name="Order one"), order("O2", due=900)],
    dependencies=[after("A", "B")],
    now=0,
)
PLACE, PRIORITY = "events/B/placement", "events/C/priority"


@pytest.fixture
def place(qtbot: QtBot, tmp_path: Path) -> Iterator[Workplace]:
    made = make_workplace(qtbot, tmp_path)
    yield made
    made.close()


@pytest.fixture
def solving(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workplace]:
    monkeypatch.setattr(merge_work, "RERUN_OPTIONS", Options(time_limit=30, warm_start=True, incremental_mode=True))
    made = make_workplace(qtbot, tmp_path, runs=lambda db: OptimizationService(db, 1, "anna"))
    yield made
    made.close()


def begin_scenario(place: Workplace, name: str) -> None:
    place.window.scenario_flow.ask_to_create()
    dialog = dialog_of(place, "ScenarioDialog")
    dialog.name.setText(name)
    dialog.ok.click()
    place.wait(lambda: place.session.head_name == name)


def live_by_ben(place: Workplace, schedule_id: str, plan: Schedule) -> VersionInfo:
    """Ben saves on the live plan."""
    head = place.versions.head(schedule_id)
    return VersionService(place.database, "ben").save(schedule_id, head.id, plan, "Ben's shift")


def apart(place: Workplace, theirs: Schedule) -> tuple[str, VersionInfo, VersionInfo]:
    """A scenario that anna saved and a live plan that ben saved, both begun at version 1."""
    schedule_id = place.open(PLAN)
    begin_scenario(place, "Overtime")
    bench = place.window.workbench
    bench.execute(Move(kind="move", event_id="B", start=at(300), resource_id="M2"))
    bench.execute(Edit(kind="edit", event_id="C", changes={"priority": 4}))
    mine = save(place, "On Saturday")
    return schedule_id, mine, live_by_ben(place, schedule_id, theirs)


def bens(**more: Any) -> Schedule:
    plan = moved(PLAN, "B", start_date=at(240), end_date=at(300))
    plan = moved(plan, "C", priority=2.0)
    return moved(plan, "D", **more) if more else plan


def choose_merge(place: Workplace, into: str = "Live plan…") -> ConflictDialog:
    """Merge the open scenario by the menu of the scenario button."""
    menu = place.window.tool_bar.scenario.menu()
    menu.aboutToShow.emit()
    sub = next(action.menu() for action in menu.actions() if action.text() == "Merge into")
    next(action for action in sub.actions() if action.text() == into).trigger()  # type: ignore[union-attr]
    return dialog_of(place, "ConflictDialog")


def look_at(dialog: ConflictDialog, key: str) -> None:
    dialog.look_at(key)
    assert dialog.current is not None and dialog.current.key == key


def choose(place: Workplace, dialog: ConflictDialog, key: str, side: str) -> None:
    look_at(dialog, key)
    dialog.cards.cards[side].picked.emit()
    place.wait(lambda: {v.key: v.choice for v in dialog.table.rows_model.rows}[key] == side)


def merged(place: Workplace, dialog: ConflictDialog, schedule_id: str) -> VersionInfo:
    before = place.versions.head(schedule_id).id
    place.wait(dialog.merge.isEnabled)
    press(dialog, "Merge")
    place.wait(lambda: place.versions.head(schedule_id).id != before)
    made = place.versions.head(schedule_id)
    place.wait(lambda: place.session.head_name == "main" and place.session.head.id == made.id)
    return made


def start_of(place: Workplace, event_id: str) -> tuple[str | None, int]:
    facts = place.session.facts
    return facts.operations[event_id].resource_id, facts.starts[event_id]


def decide_theirs(place: Workplace, dialog: ConflictDialog) -> None:
    press(dialog, "Accept theirs")


def decide_mine(place: Workplace, dialog: ConflictDialog) -> None:
    press(dialog, "Accept mine")


def decide_each(place: Workplace, dialog: ConflictDialog) -> None:
    choose(place, dialog, PLACE, "ours")
    assert dialog.progress.text() == "1 of 2 decided" and not dialog.merge.isEnabled()
    assert "Decide first: Operation C, priority" in dialog.merge.toolTip()
    choose(place, dialog, PRIORITY, "theirs")


OURS, THEIRS = ("M2", at_ms(300)), ("M1", at_ms(240))


@pytest.mark.parametrize(
    ("decide", "wanted", "priority"),
    [(decide_theirs, THEIRS, 2), (decide_mine, OURS, 4), (decide_each, OURS, 2)],
    ids=["theirs", "mine", "per item"],
)
def test_two_heads_edited_apart_become_one(
    place: Workplace,
    decide: Callable[[Workplace, ConflictDialog], None],
    wanted: tuple[str, int],
    priority: float,
) -> None:
    schedule_id, mine, theirs = apart(place, bens())
    dialog = choose_merge(place)
    assert [v.key for v in dialog.table.rows_model.rows] == [PLACE, PRIORITY]
    assert dialog.progress.text() == "0 of 2 decided" and not dialog.merge.isEnabled()
    assert place.board.overlay is not None and place.board.overlay.is_fixed
    decide(place, dialog)
    place.wait(lambda: dialog.progress.text() == "2 of 2 decided")
    made = merged(place, dialog, schedule_id)
    check_merged(place, schedule_id, made, (theirs, mine))
    assert start_of(place, "B") == wanted and place.session.facts.operations["C"].priority == priority
    check_history(place, made, mine)


def check_merged(
    place: Workplace, schedule_id: str, made: VersionInfo, parents: tuple[VersionInfo, VersionInfo]
) -> None:
    """The version has both parents, keeps every rule, and nothing is left over."""
    assert made.source == "merge" and made.parents == tuple(one.id for one in parents)
    assert check(place.versions.data(made.id)) == [] and place.session.working == place.versions.data(made.id)
    assert place.window.merge_flow.dialog is None and place.board.overlay is None
    assert place.window._services.merges.list(schedule_id) == []
    assert not place.window.area.merge_strip.isVisible()


def check_history(place: Workplace, made: VersionInfo, mine: VersionInfo) -> None:
    """The graph has two lines into the merge; blame tells of the sides; going back is one click."""
    window = place.window
    model = window.versions.table.rows_model
    place.wait(lambda: model.rows[0].id == made.id)
    rows = [model.index(i).data(ROW) for i in range(model.rowCount())]
    assert [row.version.number for row in rows] == [4, 3, 2, 1] and len(rows[0].graph.below) == 2
    window.versions.select_version(made.id)
    facts = window.versions._facts.text()
    assert facts.startswith("Merged") and "from versions 3 and 2" in facts
    place.board.select(("B",))
    window.versions.blame.click()
    blame = dialog_of(place, "BlameDialog")
    told = [(entry.version.number, entry.change.kind) for entry in blame.table.rows_model.rows]
    if start_of(place, "B") == OURS:
        assert told == [(mine.number, "resource"), (1, "added")], "the side that moved it, not the merge"
    else:
        assert (3, "moved") in told
    blame.close()
    first = rows[-1].version
    window.versions.rollback_requested.emit(first)
    press(dialog_of(place, "Dialog"), "Roll back")
    place.wait(lambda: place.session.head.number == 5)
    assert place.session.working == PLAN
    window.versions.select_version(place.session.head.id)
    assert "back to version 1" in window.versions._facts.text()


def test_a_rerun_with_locks_repairs_what_does_not_fit(solving: Workplace) -> None:
    place = solving
    schedule_id, mine, theirs = apart(place, bens(start_date=at(300), end_date=at(360)))
    dialog = choose_merge(place)
    assert dialog.side.verdict.text() == "The merged plan breaks 1 rule by merging."
    press(dialog, "Accept theirs")
    place.wait(lambda: dialog.side.verdict.text() == "The merged plan keeps all rules.")
    choose(place, dialog, PLACE, "ours")
    place.wait(lambda: "breaks 1 rule" in dialog.side.verdict.text())
    press(dialog, "Rerun with locks")
    place.wait(lambda: dialog.side.verdict.text() == "The repaired plan keeps all rules.", 60)
    told = dialog.notice.text()
    assert told == "Rerun with locks: 1 place of scenario Overtime held. 1 operation had to move."
    assert dialog.side.problems.item(0).text().startswith("Drill D: ")
    made = merged(place, dialog, schedule_id)
    check_merged(place, schedule_id, made, (theirs, mine))
    assert start_of(place, "B") == OURS and start_of(place, "D") != ("M2", at_ms(300))
    check_history(place, made, mine)


def test_a_lock_that_cannot_hold_gives_way_and_a_rerun_can_be_cancelled(place: Workplace) -> None:
    apart(place, bens(start_date=at(300), end_date=at(360)))
    dialog = choose_merge(place)
    runs = place.runs
    press(dialog, "Rerun with locks")
    place.wait(lambda: len(runs.requests) == 1)
    assert runs.requests["run-1"].locks.events == ("B",) and not dialog.merge.isEnabled()
    assert runs.views["run-1"].head_name == "main", "what is merged into"
    place.wait(lambda: dialog.stop.isVisible() and not dialog.mine.isEnabled())
    details = {"conflict": [{"kind": "lock", "id": "B", "eventId": "B"}]}
    error = TaktwerkError(ErrorCode.INFEASIBLE_PROBLEM, "No plan can keep these.", details)
    runs.change("run-1", "finished", status=RunStatus.FAILED, error=error)
    place.wait(lambda: len(runs.requests) == 2)
    assert runs.requests["run-2"].locks.events == ()
    place.wait(lambda: "1 lock gave way" in dialog.reason.text())
    press(dialog, "Cancel run")
    assert runs.asked == [("cancel", "run-2")]
    runs.change("run-2", "finished", status=RunStatus.CANCELLED)
    place.wait(lambda: not dialog.is_running)
    press(dialog, "Rerun with locks")
    place.wait(lambda: len(runs.requests) == 3)
    runs.change("run-3", "finished", status=RunStatus.FAILED, error=TaktwerkError(ErrorCode.INTERRUPTED, "It died."))
    place.wait(lambda: dialog.notice.text() == "The optimiser found no plan. It died.")
    press(dialog, "Rerun with locks")
    place.wait(lambda: len(runs.requests) == 4)
    dialog.close()
    assert runs.asked[-1] == ("cancel", "run-4") and dialog_names(place) == []


def dialog_names(place: Workplace) -> list[str]:
    return [type(d).__name__ for d in place.window.findChildren(QDialog) if d.isVisible()]


def test_a_merge_without_conflict_is_summed_up(place: Workplace) -> None:
    schedule_id, mine, theirs = apart(place, moved(PLAN, "D", start_date=at(660), end_date=at(720)))
    dialog = choose_merge(place)
    assert not dialog.table.isVisible() and dialog.merge.isEnabled()
    bodies = [one.text() for one in dialog.side._bodies]
    assert "1 operation moved to another resource: Saw B" in bodies[0]
    assert bodies[1] == "1 operation moved: Drill D"
    dialog.comment.setText("Both shifts")
    made = merged(place, dialog, schedule_id)
    check_merged(place, schedule_id, made, (theirs, mine))
    assert made.comment == "Both shifts" and start_of(place, "D") == ("M2", at_ms(660))
    place.window.merge_flow.merge_scenario("Overtime")
    place.wait(lambda: "nothing to merge" in place.window.status.message.text())


def test_the_keyboard_decides(place: Workplace, qtbot: QtBot) -> None:
    apart(place, bens())
    dialog = choose_merge(place)
    dialog.table.setFocus()
    assert dialog.current is not None and dialog.current.key == PLACE
    qtbot.keyClick(dialog.table, Qt.Key.Key_3)
    place.wait(lambda: dialog.progress.text() == "1 of 2 decided")
    assert dialog.current.key == PRIORITY, "the next one that is open"
    qtbot.keyClick(dialog.table, Qt.Key.Key_2)
    place.wait(lambda: dialog.progress.text() == "2 of 2 decided")
    assert {v.key: v.choice for v in dialog.table.rows_model.rows} == {PLACE: "theirs", PRIORITY: "ours"}
    qtbot.keyClick(dialog.table, Qt.Key.Key_Backspace)
    place.wait(lambda: dialog.progress.text() == "1 of 2 decided")
    assert ("go_to", "B") in place.board.calls
    dialog.close()
    assert place.board.overlay is None


def test_an_interrupted_merge_is_offered_at_the_next_start(place: Workplace, qtbot: QtBot, tmp_path: Path) -> None:
    schedule_id, mine, theirs = apart(place, bens())
    dialog = choose_merge(place)
    choose(place, dialog, PLACE, "theirs")
    press(dialog, "Finish later")
    strip = place.window.area.merge_strip
    assert (
        strip.isVisible() and "scenario Overtime into the live plan" in strip.text() and "1 choice made" in strip.text()
    )
    press(strip, "Not now")  # type: ignore[arg-type]
    assert not strip.isVisible() and "1 choice made" in place.window.versions.merge_strip.text()
    press(place.window.versions.merge_strip, "Go on")  # type: ignore[arg-type]
    dialog_of(place, "ConflictDialog")
    place.close()  # with the dialog open

    again = make_workplace(qtbot, tmp_path)
    again.window.open_schedule(schedule_id)
    again.wait(lambda: again.window.workbench.session is not None)
    assert "1 choice made" in again.window.versions.merge_strip.text()
    press(again.window.area.merge_strip, "Go on")  # type: ignore[arg-type]
    dialog = dialog_of(again, "ConflictDialog")
    assert dialog.progress.text() == "1 of 2 decided" and dialog.current.key == PRIORITY
    choose(again, dialog, PRIORITY, "ours")
    made = merged(again, dialog, schedule_id)
    check_merged(again, schedule_id, made, (theirs, mine))
    again.close()


def test_a_head_that_moves_while_a_merge_is_decided_is_taken_in(place: Workplace) -> None:
    schedule_id, mine, _ = apart(place, bens())
    dialog = choose_merge(place)
    press(dialog, "Accept mine")
    place.wait(dialog.merge.isEnabled)
    newer = live_by_ben(place, schedule_id, moved(bens(), "D", start_date=at(720), end_date=at(780)))
    press(dialog, "Merge")
    place.wait(lambda: place.window.merge_flow.dialog not in (None, dialog))
    fresh = place.window.merge_flow.dialog
    assert fresh.progress.text() == "2 of 2 decided"
    made = merged(place, fresh, schedule_id)
    check_merged(place, schedule_id, made, (newer, mine))
    assert start_of(place, "D") == ("M2", at_ms(720))


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_a_merge_can_be_given_up_and_unsaved_edits_must_be_saved_first(place: Workplace) -> None:
    schedule_id, mine, theirs = apart(place, bens())
    place.window.workbench.execute(Edit(kind="edit", event_id="A", changes={"name": "Cut"}))
    place.window.merge_flow.merge_scenario("Overtime")
    assert "Save the edits of scenario Overtime first" in place.window.status.message.text()
    place.do("edit.undo")
    place.window.merge_flow.merge_version(theirs)
    dialog = dialog_of(place, "ConflictDialog")
    theirs_card = dialog.cards.cards["theirs"]
    assert (theirs_card.radio.text(), theirs_card.detail.text()) == ("Theirs", "Scenario Overtime, version 2, by anna")
    place.window.merge_flow.merge_scenario("Overtime")
    assert "Finish or close" in place.window.status.message.text()
    dialog.close()
    press(place.window.area.merge_strip, "Give up")  # type: ignore[arg-type]
    press(dialog_of(place, "Dialog"), "Give up")
    assert place.window._services.merges.list(schedule_id) == [] and place.session.head == mine


def test_a_branch_that_arrived_is_merged_from_its_version(place: Workplace) -> None:
    schedule_id = place.open(PLAN)
    arrivals = Arrivals(place.database, place.versions, "anna")
    incoming = Incoming(bens(), "Plant", sender="ben")
    target = next(one for one in place.versions.schedules() if one.schedule.id == schedule_id)
    arrived = arrivals.bring_in(incoming, arrivals.look(incoming, target))
    place.window.scenario_flow.refresh()
    place.window.show_versions()
    panel = place.window.versions
    panel.select_version(arrived.version.id)
    next(a for a in panel._menu().actions() if a.text() == "Merge into the open plan…").trigger()
    dialog = dialog_of(place, "ConflictDialog")
    assert dialog._view.names.heading == "Merge version 2 into the live plan"
    made = merged(place, dialog, schedule_id)
    assert made.merge_parent_version_id == arrived.version.id and place.session.working == bens()
    panel.select_version(arrived.version.id)
    assert not next(a for a in panel._menu().actions() if a.text() == "Merge into the open plan…").isEnabled()
    menu = place.window.tool_bar.scenario.menu()
    menu.aboutToShow.emit()
    offered = {a.text(): [one.text() for one in a.menu().actions()] for a in menu.actions() if a.menu()}  # type: ignore[union-attr]
    assert offered == {"Merge into": ["From ben…"], "Merge into this plan": ["From ben…"]}


# unsaved edits, and runs


def test_edits_are_merged_with_a_newer_version_and_choices_outlive_the_dialog(place: Workplace) -> None:
    schedule_id = place.open(PLAN)
    place.window.workbench.execute(Move(kind="move", event_id="B", start=at(300), resource_id="M2"))
    place.window.workbench.execute(Edit(kind="edit", event_id="C", changes={"priority": 4}))
    live_by_ben(place, schedule_id, bens())
    place.window.file_flow.save("mine")
    dialog = dialog_of(place, "ConflictDialog")
    assert not dialog.comment.isVisible()
    choose(place, dialog, PLACE, "ours")
    dialog.close()
    place.window.workbench.execute(Edit(kind="edit", event_id="A", changes={"name": "Cut"}))
    press(place.window.area.merge_strip, "Go on")  # type: ignore[arg-type]
    dialog = dialog_of(place, "ConflictDialog")
    assert dialog.progress.text() == "1 of 2 decided"
    place.window.workbench.execute(Edit(kind="edit", event_id="A", changes={"name": "Cut it"}))
    choose(place, dialog, PRIORITY, "theirs")
    place.wait(dialog.merge.isEnabled)
    press(dialog, "Merge")  # of a plan that is out of date: it is asked again
    place.wait(lambda: place.window.merge_flow.dialog not in (None, dialog))
    dialog = place.window.merge_flow.dialog
    assert dialog.progress.text() == "2 of 2 decided"
    press(dialog, "Merge")
    assert place.session.head.number == 2 and place.session.is_dirty and start_of(place, "B") == OURS
    operations = place.session.facts.operations
    assert (operations["A"].name, operations["C"].priority) == ("Cut it", 2)
    assert place.window._services.merges.list() == []
    assert save(place, "merged").number == 3


def test_a_rollback_on_an_older_version_takes_the_newer_one_in_first(place: Workplace) -> None:
    schedule_id = place.open(PLAN)
    first = place.session.head
    place.window.workbench.execute(Move(kind="move", event_id="D", start=at(720)))
    save(place, "Later")
    live_by_ben(place, schedule_id, bens())
    place.window.versions.rollback_requested.emit(first)
    press(dialog_of(place, "Dialog"), "Roll back")
    dialog = dialog_of(place, "ConflictDialog")
    assert dialog._view.names.heading == "Version 3 is newer than yours" and not dialog.table.isVisible()
    press(dialog, "Merge")
    assert place.session.head.number == 3 and place.session.working == bens() and not place.session.is_dirty
    place.window.merge_flow.settle_head()
    place.wait(lambda: "has not changed after all" in place.window.status.message.text())


BETTER = (
    PlacedEvent(id="A", resource_id="M1", start_date=at(0), end_date=at(60)),
    PlacedEvent(id="B", resource_id="M2", start_date=at(120), end_date=at(180), changed=True),
    PlacedEvent(id="C", resource_id="M2", start_date=at(0), end_date=at(60)),
    PlacedEvent(id="D", resource_id="M2", start_date=at(600), end_date=at(660)),
)
METRICS = Metrics(
    makespan=0, resource_utilization=0.5, total_setup_time=0, constraint_violations=0, objective="minimize_makespan"
)


def test_a_run_that_ends_on_an_older_version_is_merged(place: Workplace) -> None:
    schedule_id = place.open(PLAN)
    place.do("run.optimize")
    run_id = list(place.runs.views)[-1]
    with place.database.unit_of_work() as uow:  # the run is stored, as the service would
        row = uow.runs.add(algorithm_id=1, schedule_id=schedule_id, base_version_id=place.session.head.id)
        uow.commit()
    place.runs.finish(run_id, list(BETTER), METRICS)
    place.wait(lambda: place.session.preview is not None)
    object.__setattr__(place.session.preview, "run_id", row.id)
    place.window.workbench.execute(Edit(kind="edit", event_id="A", changes={"name": "Cut"}))
    theirs = live_by_ben(place, schedule_id, bens())
    place.do("preview.apply")
    dialog = dialog_of(place, "ConflictDialog")
    card = dialog.cards.cards["theirs"]
    assert card.radio.text() == "Mine" and card.detail.text().startswith("The run's plan, ")
    assert [v.key for v in dialog.table.rows_model.rows] == [PLACE]
    press(dialog, "Accept mine")
    made = merged(place, dialog, schedule_id)
    assert (made.source, made.parent_version_id, made.run_id) == ("merge", theirs.id, row.id)
    assert place.versions.show(made.merge_parent_version_id or "").source == "optimization"
    assert start_of(place, "B") == ("M2", at_ms(120)) and place.session.facts.operations["A"].name == "Cut"
    assert not place.session.is_dirty and place.session.preview is None


def test_a_run_stays_with_the_plan_that_it_was_made_for(place: Workplace) -> None:
    place.open(PLAN)
    begin_scenario(place, "Overtime")
    place.do("run.optimize")
    run_id = list(place.runs.views)[-1]
    window = place.window
    window.scenario_flow.switch("main")
    place.wait(lambda: place.session.head_name == "main")
    place.runs.finish(run_id, list(BETTER), METRICS)
    place.wait(lambda: "made for scenario Overtime, has finished" in window.status.message.text())
    assert place.session.preview is None
    window.run_flow.show_result(run_id)
    dialog = dialog_of(place, "Dialog")
    assert place.session.preview is None
    press(dialog, "Open scenario Overtime")
    place.wait(lambda: place.session.head_name == "Overtime" and place.session.preview is not None)
    place.do("preview.discard")
    window.scenario_flow.switch("main")
    place.wait(lambda: place.session.head_name == "main")
    window.run_flow.show_result(run_id)
    press(dialog_of(place, "Dialog"), "Show it here")
    place.wait(lambda: place.session.preview is not None)


@NO_GPU
@pytest.mark.slow
@pytest.mark.skipif(find_bryntum() is None, reason="the Bryntum package is not installed")
def test_the_board_shows_the_merged_plan_and_the_other_sides_places(qtbot: QtBot, tmp_path: Path) -> None:
    place = make_workplace(qtbot, tmp_path, board=None)
    place.window.resize(1500, 940)
    apart(place, bens())
    wait(lambda: place.board.is_ready, 30)
    dialog = choose_merge(place)
    page = place.board.web_view.page()
    wait(lambda: "place in the live plan" in js(page, "document.getElementById('legend').textContent"), 30)
    wait(lambda: js(page, "document.querySelectorAll('.tk-ghost').length") > 0, 30)
    dialog.close()
    wait(lambda: "place in the live plan" not in js(page, "document.getElementById('legend').textContent"), 30)
    place.close()
    pause(50)
