"""History and scenarios in the main window: the graph, tags and states, blame, and plans beside the live one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.commands import Edit, Move
from tests.support.plants import after, at, at_ms, machine, op, order, plant
from tests.support.windows import Workplace, dialog_of, make_workplace, press, save
from ui.history.model import ROW

pytestmark = pytest.mark.e2e

PLAN = plant(
    [
        op("A", 60, modes=["M1", "M2"], on="M1", start=0, order="O1"),
        op("B", 60, modes=["M1", "M2"], on="M1", start=60, order="O1", name="Saw B"),
        op("C", 60, on="M2", start=0, order="O2"),
    ],
    resources=[machine("M1", name="Saw one"), machine("M2", name="Saw two")],
    orders=[order("O1", due=120, name="Order one"), order("O2", due=600)],
    dependencies=[after("A", "B")],
    now=0,
)


@pytest.fixture
def place(qtbot: QtBot, tmp_path: Path) -> Iterator[Workplace]:
    made = make_workplace(qtbot, tmp_path)
    yield made
    made.close()


def listed(place: Workplace) -> list[Any]:
    model = place.window.versions.table.rows_model
    return [model.index(i).data(ROW) for i in range(model.rowCount())]


def begin_scenario(place: Workplace, name: str, version: Any = None) -> None:
    place.window.scenario_flow.ask_to_create(version)
    dialog = dialog_of(place, "ScenarioDialog")
    dialog.name.setText(name)
    dialog.ok.click()
    place.wait(lambda: place.session.head_name == name)


def test_the_history_shows_how_good_each_version_was_and_can_be_searched(place: Workplace) -> None:
    place.open(PLAN)
    place.window.workbench.execute(Move(kind="move", event_id="B", start=at(480)))
    save(place, "Wait for steel")
    rows = listed(place)
    assert [(r.version.number, r.is_present, r.late, r.late_tone) for r in rows] == [
        (2, True, "1 late, +1", "bad"),
        (1, False, "0 late", "none"),
    ]
    assert [chip.text for chip in rows[0].chips] == ["Live plan"] and rows[0].graph.below == (0,)
    panel = place.window.versions
    panel.filter.setText("STEEL")
    assert [r.version.number for r in listed(place)] == [2] and listed(place)[0].graph is None
    panel.select_version(rows[1].version.id)
    assert panel.filter.text() == "" and panel.table.selected().number == 1
    assert panel._facts.text().startswith("Imported")


def test_versions_are_tagged_approved_and_published(place: Workplace) -> None:
    place.open(PLAN)
    head = place.session.head
    place.window.versions.tag_requested.emit(head)
    dialog = dialog_of(place, "TagDialog")
    assert not dialog.ok.isEnabled()
    dialog.name.setText("Week 2")
    dialog.ok.click()
    place.wait(lambda: [c.text for c in listed(place)[0].chips] == ["Live plan", "Week 2"])
    for state, verb in (("approved", "Approve"), ("published", "Publish")):
        place.window.versions.state_requested.emit(listed(place)[0].version, state)
        press(dialog_of(place, "StateDialog"), verb)
        place.wait(lambda wanted=state: listed(place)[0].version.state == wanted)
    words = {a.text(): a.isEnabled() for a in place.window.versions._menu().actions() if a.text()}
    assert not words["Approve…"] and not words["Publish…"] and words["Withdraw…"]
    place.window.versions.tag_requested.emit(listed(place)[0].version)
    press(dialog_of(place, "TagDialog"), "Remove")
    place.wait(lambda: listed(place)[0].version.tags == ())


def test_blame_tells_who_moved_an_operation_and_leads_to_the_version(place: Workplace) -> None:
    place.open(PLAN)
    window = place.window
    assert not window.versions.blame.isEnabled()
    window.workbench.execute(Move(kind="move", event_id="B", start=at(480)))
    second = save(place, "Wait for steel")
    window.workbench.execute(Edit(kind="edit", event_id="C", changes={"priority": 4}))
    save(place, "Something else")
    window.workbench.execute(Edit(kind="edit", event_id="B", changes={"priority": 2}))
    place.board.select(("B",))
    window.versions.blame.click()
    dialog = dialog_of(place, "BlameDialog")
    assert [(e.version.number, e.change.kind) for e in dialog.table.rows_model.rows] == [(2, "moved"), (1, "added")]
    assert dialog.table.model().index(0, 5).data() == "Saw one 5 Jan 01:00 → Saw one 5 Jan 08:00"
    press(dialog, "Show in the history")
    assert window.versions.table.selected().id == second.id
    press(dialog, "Compare with the version before it")
    place.wait(lambda: window.compare_flow.comparison is not None)
    assert window.compare_flow.comparison.by_event["B"].cause.version_number == 2
    dialog.close()


def test_a_scenario_colours_the_window_and_leaves_the_live_plan_alone(place: Workplace) -> None:
    schedule_id = place.open(PLAN)
    window = place.window
    assert not window.scenario_stripe.isVisible()
    window.workbench.execute(Edit(kind="edit", event_id="C", changes={"priority": 4}))
    begin_scenario(place, "Overtime")
    assert window.scenario_stripe.isVisible() and "Scenario Overtime" in window.scenario_stripe.words.text()
    assert window.windowTitle().startswith("[Overtime]")
    assert place.session.working == PLAN
    window.workbench.execute(Move(kind="move", event_id="B", start=at(480)))
    save(place, "In the scenario")
    assert place.versions.head(schedule_id).number == 1
    assert [c.text for r in listed(place) for c in r.chips] == ["Overtime", "Live plan"]
    window.workbench.execute(Move(kind="move", event_id="A", start=at(240)))

    window.scenario_stripe.leave_requested.emit()
    recovery = dialog_of(place, "RecoveryDialog")
    recovery.restore_chosen.emit()
    recovery.close()
    place.wait(lambda: place.session.head_name == "main")
    assert not window.scenario_stripe.isVisible()
    assert place.session.facts.operations["C"].priority == 4 and place.session.facts.starts["B"] == at_ms(60)


def test_a_scenario_is_renamed_while_it_is_edited(place: Workplace) -> None:
    schedule_id = place.open(PLAN)
    begin_scenario(place, "Overtime")
    place.window.workbench.execute(Move(kind="move", event_id="B", start=at(480)))
    place.window.scenario_flow.ask_to_rename()
    dialog = dialog_of(place, "ScenarioDialog")
    dialog.name.setText("Late shift")
    dialog.ok.click()
    place.wait(lambda: place.session.head_name == "Late shift")
    assert "Late shift" in place.window.scenario_stripe.words.text()
    answer = place.window.workbench.execute(Move(kind="move", event_id="A", start=at(240)))
    assert answer.error is None
    assert save(place, "Late").number == 2
    assert place.versions.head(schedule_id, "Late shift").number == 2


@pytest.mark.qt_log_ignore("This plugin does not support")
def test_a_scenario_is_archived_and_taken_out_again(place: Workplace) -> None:
    place.open(PLAN)
    begin_scenario(place, "Overtime")
    press(place.window.scenario_flow.ask_to_archive(), "Archive")  # type: ignore[arg-type]
    place.wait(lambda: place.session.head_name == "main")
    button = place.window.tool_bar.scenario
    button.menu().aboutToShow.emit()
    words = [action.text() for action in button.menu().actions()]
    assert "Overtime" not in words and "Archived scenarios (1)…" in words
    menu = place.window.scenario_flow.show_archived()
    assert menu is not None
    menu.actions()[0].trigger()
    menu.close()
    place.wait(lambda: place.session.head_name == "Overtime")


def test_promoting_shows_what_changes_and_moves_the_live_plan(place: Workplace) -> None:
    schedule_id = place.open(PLAN)
    begin_scenario(place, "Overtime")
    window = place.window
    window.workbench.execute(Move(kind="move", event_id="B", start=at(480)))
    window.scenario_flow.ask_to_promote()
    assert "Save the edits" in window.status.message.text()
    save(place, "Later")
    window.scenario_flow.ask_to_promote()
    dialog = dialog_of(place, "PromoteDialog")
    assert [o.kind for o in dialog.orders.table.rows_model.rows] == ["newly_late"]
    press(dialog, "Promote")
    place.wait(lambda: place.session.head_name == "main")
    assert place.versions.head(schedule_id).number == 2 and place.session.facts.starts["B"] == at_ms(480)


def test_a_scenario_behind_the_live_plan_asks_for_a_merge(place: Workplace) -> None:
    schedule_id = place.open(PLAN)
    first = place.session.head
    begin_scenario(place, "Overtime")
    place.window.workbench.execute(Move(kind="move", event_id="B", start=at(480)))
    save(place, "Later")
    place.versions.save(schedule_id, first.id, PLAN.model_copy(update={"metadata": PLAN.metadata}), "Live goes on")
    wanted: list[tuple[str, str]] = []
    place.window.scenario_flow.merge_requested.connect(lambda *both: wanted.append(both))
    place.window.scenario_flow.ask_to_promote()
    press(dialog_of(place, "PromoteDialog"), "Merge…")
    assert wanted == [("Overtime", "main")]
    place.wait(lambda: place.window.merge_flow.dialog is not None)
    press(place.window.merge_flow.dialog, "Give up merge")
    place.window.scenario_flow.compare_with_live()
    place.wait(lambda: place.window.compare_flow.comparison is not None)
    assert list(place.window.compare_flow.comparison.by_event) == ["B"]
