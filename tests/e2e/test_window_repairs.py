"""In the main window: a repair of a run without a plan is applied, and what a lock costs is priced and released."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.errors import ErrorCode, TaktwerkError
from engine.model import ErrorObject, RunStatus
from tests.support.plants import at, block, machine, op, order, plant
from tests.support.windows import Workplace, make_workplace

pytestmark = pytest.mark.e2e

PLAN = plant(
    [op("A", 60, on="M1", start=0, locked=True, order="O1"), op("B", 40, on="M1", start=60)],
    resources=[machine("M1", name="Saw")],
    orders=[order("O1", deadline=30)],
    now=0,
)
SPAN = block("M1", 500, 600)
LATER = {"kind": "deadline", "orderId": "O1", "to": at(60).isoformat()}
MEMBER = {"kind": "lock", "id": "A", "text": "A is locked.", "eventId": "A", "proven": True}


def repair(text: str, *change: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "deadline", "text": text, "price": 1, "priceText": "1", "change": list(change)}


REPAIRS = [
    repair("End O1 30 min later.", LATER),
    repair("Unblock the saw.", {"kind": "unblock", **SPAN.to_json()}),
    repair("End O9 later.", {**LATER, "orderId": "O9"}),
]


@pytest.fixture
def place(qtbot: QtBot, tmp_path: Path) -> Iterator[Workplace]:
    made = make_workplace(qtbot, tmp_path)
    made.open(PLAN)
    yield made
    made.close()


def fail(place: Workplace) -> Any:
    """Let a run end without a plan; its conflict."""
    place.do("run.optimize")
    run_id = list(place.runs.views)[-1]
    place.runs.change(run_id, "started", status=RunStatus.RUNNING, started_at=dt.datetime.now(dt.UTC))
    error = ErrorObject(code="E003", message="No plan.", details={"conflict": [MEMBER], "repairs": REPAIRS})
    place.runs.change(run_id, "finished", status=RunStatus.FAILED, error=error)
    box = place.window.studio.run.conflict
    place.wait(lambda: box.repairs)
    return box


def test_a_repair_is_one_undo_step_and_the_next_run_has_it(place: Workplace) -> None:
    box = fail(place)
    box.repairs[0].apply.click()
    assert place.session.working.snapshot.orders[0].deadline == at(60)
    assert place.session.undo_label == "Repair: End O1 30 min later"
    assert not box.repairs[0].chip.isHidden() and box.repairs[0].rerun.isVisible()
    box.repairs[0].undo.click()
    assert place.session.working.snapshot.orders[0].deadline == at(30)
    assert box.repairs[0].chip.isHidden() and not box.repairs[0].rerun.isVisible()
    box.repairs[0].apply.click()
    box.repairs[0].rerun.click()
    assert place.runs.requests["run-2"].schedule_data.snapshot.orders[0].deadline == at(60)
    place.wait(box.isHidden)


def test_repairs_of_the_run_s_settings_and_refused_ones(place: Workplace) -> None:
    box = fail(place)
    setup = place.window.studio.setup
    box.repairs[1].apply.click()
    assert "does not block this span" in box.repairs[1].outcome.text() and box.repairs[1].chip.isHidden()
    setup.show_settings(replace(setup.settings(), blocked=(SPAN,)))
    box.repairs[1].apply.click()
    assert setup.settings().blocked == () and not place.session.is_dirty
    assert not box.repairs[1].chip.isHidden() and box.repairs[1].undo.isHidden()
    box.repairs[2].apply.click()
    assert box.repairs[2].outcome.text().startswith("Not applied. The schedule has no order 'O9'")
    assert box.repairs[1].chip.isHidden() and not place.session.is_dirty


ANSWER = {
    "objective": "minimize_makespan",
    "value": 7_200_000.0,
    "valueText": "2 h",
    "proven": True,
    "all": {"improvement": 3_600_000.0, "improvementText": "1 h shorter", "exact": True},
    "prices": [
        {
            "kind": "lock",
            "id": "A",
            "text": "A is locked at 08:00.",
            "eventId": "A",
            "improvement": 3_600_000.0,
            "improvementText": "1 h shorter",
            "exact": False,
            "atMost": 5_400_000.0,
        },
        {
            "kind": "freeze",
            "id": "freeze",
            "text": "Frozen.",
            "improvement": 0,
            "improvementText": "no gain",
            "exact": True,
        },
    ],
    "notExamined": [{"kind": "unavailable", "id": "C1", "text": "Saw is out of service."}],
    "seconds": 1.0,
}


def test_locks_are_priced_and_released(place: Workplace) -> None:
    page, flow = place.window.explain.prices, place.window.prices_flow
    asked: list[Any] = []

    def task(request: Any, limit_s: float, on_phase: Any, stop: threading.Event) -> dict[str, Any]:
        asked.append((request.schedule_data, limit_s))
        on_phase("Price 1 of 3", 40.0)
        return ANSWER

    flow._task = task
    place.window.docks.show("explain")
    place.window.explain.show_page("prices")
    assert page.empty.isVisible()
    page.start.click()
    place.wait(lambda: page.table.rows_model.rows)
    assert asked == [(place.session.working, 30.0)]
    cells = [(row.costs, row.certainty) for row in page.table.rows_model.rows]
    assert cells == [
        ("1 h shorter", "at least, at most 1 h 30 min"),
        ("nothing", "proven"),
        ("–", "not examined"),
    ]
    assert page.heading.text() == "Shortest makespan: 2 h as it stands (proven). Without any of these: 1 h shorter."
    place.qtbot.mouseClick(
        page.table.viewport(),
        Qt.MouseButton.LeftButton,
        pos=page.table.visualRect(page.table.model().index(0, 0)).center(),
    )
    assert place.board.calls[-1] == ("go_to", "A")
    page.release.click()
    assert place.session.undo_label == "Unlock A" and not place.session.facts.operations["A"].locked
    assert not page.stale.isHidden() and not page.release.isEnabled()
    place.do("edit.undo")
    assert page.stale.isHidden()


def test_pricing_can_be_stopped_and_says_what_went_wrong(place: Workplace) -> None:
    page, flow = place.window.explain.prices, place.window.prices_flow

    def task(request: Any, limit_s: float, on_phase: Any, stop: threading.Event) -> dict[str, Any]:
        assert stop.wait(10)
        raise TaktwerkError(ErrorCode.INTERRUPTED, "It was stopped before there was an answer.")

    flow._task = task
    place.window.docks.show("explain")
    place.window.explain.show_page("prices")
    page.start.click()
    assert not page.stop.isHidden() and page.start.isHidden()
    page.stop.click()
    place.wait(lambda: not page.start.isHidden())
    assert page.empty.text.text() == "It was stopped before there was an answer."


def test_the_board_asks_why_not_here(place: Workplace) -> None:
    place.board.why_not_requested.emit("B", "M1", 1_767_571_200_000)
    page = place.window.explain.slot
    place.wait(lambda: page.obstacles)
    assert page.event_id == "B" and page.isVisible()
    assert page.resource.currentData() == "M1"
