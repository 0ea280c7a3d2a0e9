"""The Explain dock in the main window: worked out in the background, true after every change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.commands import Move
from engine.model import ErrorObject, RunStatus
from tests.support.plants import after, at, at_ms, machine, op, order, plant
from tests.support.windows import Workplace, make_workplace

pytestmark = pytest.mark.e2e

PLAN = plant(
    [
        op("B", 40, modes=["M1", "M2"], on="M1", start=0, order="O2"),
        op("A", 60, modes=["M1", "M2"], on="M1", start=40, order="O1"),
        op("C", 30, on="M2", start=100, order="O1"),
    ],
    resources=[machine("M1", name="Saw"), machine("M2", name="Mill")],
    orders=[order("O1", due=110, name="Order one"), order("O2", due=600)],
    dependencies=[after("A", "C")],
    now=0,
)


@pytest.fixture
def place(qtbot: QtBot, tmp_path: Path) -> Iterator[Workplace]:
    made = make_workplace(qtbot, tmp_path)
    yield made
    made.close()


def late(place: Workplace) -> list[str]:
    """The causes of the first late order."""
    rows = place.window.explain.late.tree.rows_model.rows
    return [row.title for row in rows[0].children] if rows else []


def test_the_pages_follow_the_plan_while_they_are_in_sight(place: Workplace) -> None:
    place.open(PLAN)
    panel = place.window.explain
    assert late(place) == []
    place.window.docks.show("explain")
    place.wait(lambda: late(place) == ["Resource busy at Saw by O2"])
    place.window.workbench.execute(Move(kind="move", event_id="A", start=at(0), resource_id="M2"))
    place.wait(lambda: late(place) == ["Could begin earlier at Mill"])
    panel.show_page("slack")
    place.wait(lambda: len(panel.slack.table.rows_model.rows) == 3)
    panel.show_page("load")
    place.wait(lambda: panel.load.heat.heat.rowCount() == 2)
    place.window.docks.show("problems")
    place.do("edit.undo")
    place.window.docks.show("explain")
    panel.show_page("late")
    place.wait(lambda: late(place) == ["Resource busy at Saw by O2"])


def test_why_not_here_for_the_selected_operation(place: Workplace) -> None:
    place.open(PLAN)
    window = place.window
    window.docks.show("explain")
    window.explain.show_page("slot")
    place.board.select(("A",))
    page = window.explain.slot
    page.set_slot("M1", at_ms(0))
    page.ask.click()
    place.wait(lambda: page.obstacles)
    assert "Saw is taken by B" in page.obstacles[0].words.text()
    page.obstacles[0].activated.emit()
    assert place.board.calls[-1] == ("go_to", "B")
    assert "1 other operation moves later" in page.consequence.sentence.text()


def test_a_conflict_shows_on_the_run_page_and_leads_to_its_operation(place: Workplace) -> None:
    place.open(PLAN)
    place.do("run.optimize")
    run_id = list(place.runs.views)[-1]
    place.runs.change(run_id, "started", status=RunStatus.RUNNING, started_at=dt.datetime.now(dt.UTC))
    member = {"kind": "lock", "id": "C", "text": "C is locked.", "eventId": "C", "proven": True}
    error = ErrorObject(code="E003", message="No plan.", details={"conflict": [member], "repairs": []})
    place.runs.change(run_id, "finished", status=RunStatus.FAILED, error=error)
    box = place.window.studio.run.conflict
    place.wait(lambda: box.members)
    box.members[0].activated.emit()
    assert place.board.calls[-1] == ("go_to", "C")
