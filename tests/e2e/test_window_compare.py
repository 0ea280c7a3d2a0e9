"""Compare in the main window: three levels joined by clicks, both boards, and single changes taken over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app.commands import Edit, Lock, Move, Unschedule
from engine.errors import ErrorCode
from tests.support.plants import after, at, at_ms, machine, op, order, plant
from tests.support.windows import Workplace, make_workplace
from ui.compare.side import Side

pytestmark = pytest.mark.e2e

PLAN = plant(
    [
        op("A", 60, modes=["M1", "M2"], on="M1", start=0, order="O1"),
        op("B", 60, modes=["M1", "M2"], on="M1", start=60, order="O1"),
        op("C", 60, on="M2", start=0, order="O2"),
        op("D", 60, on="M2", start=120, order="O3"),
    ],
    resources=[machine("M1", name="Saw one"), machine("M2", name="Saw two")],
    orders=[order("O1", due=120, name="Order one"), order("O2", due=600), order("O3", due=600)],
    dependencies=[after("A", "B")],
    now=0,
)


@pytest.fixture
def place(qtbot: QtBot, tmp_path: Path) -> Iterator[Workplace]:
    made = make_workplace(qtbot, tmp_path)
    yield made
    made.close()


def save(place: Workplace, comment: str) -> Any:
    number = place.session.head.number
    place.window.file_flow.save(comment)
    place.wait(lambda: place.session.head.number == number + 1)
    return place.session.head


def compare(place: Workplace, before: Side, after: Side) -> Any:
    """Compare two plans and return what differs."""
    flow = place.window.compare_flow
    flow.compare(before, after)
    place.wait(lambda: flow.comparison is not None and flow.comparison.before_name == before.name)
    return flow.comparison


def rows(table: Any) -> list[Any]:
    return [table.model().index(i, 0).data() for i in range(table.model().rowCount())]


def choose(table: Any, *numbers: int) -> None:
    table.clearSelection()
    for number in numbers:
        index = table.model().index(number, 0)
        table.selectionModel().select(
            index, table.selectionModel().SelectionFlag.Select | table.selectionModel().SelectionFlag.Rows
        )
        table.clicked.emit(index)


def test_the_working_plan_is_compared_with_a_version_and_stays_compared(place: Workplace) -> None:
    place.open(PLAN)
    window, panel = place.window, place.window.compare
    place.window.workbench.execute(Move(kind="move", event_id="B", start=at(480), resource_id="M2"))
    first = place.versions.list(place.session.schedule_id)[-1]
    window.versions.compare_requested.emit(first)
    place.wait(lambda: rows(panel.operations.table) == ["B"])
    assert window.docks["compare"].isVisible() and panel.isVisible()
    change = panel.operations.table.rows_model.rows[0]
    assert change.kinds == ("resource",) and change.shift_ms == 420 * 60_000
    assert [(o.order_id, o.kind) for o in panel.orders.table.rows_model.rows] == [("O1", "newly_late")]
    late = next(r for r in panel.figures.table.rows_model.rows if r.field == "late_orders")
    assert (late.before, late.after, late.verdict) == (0, 1, "worse")

    overlay = place.board.overlay
    assert overlay.marks == {"B": "resource"} and not overlay.is_fixed
    assert overlay.compared.base == "Version 1" and overlay.base.starts["B"] == at_ms(60)

    window.workbench.execute(Edit(kind="edit", event_id="C", changes={"priority": 5}))
    place.wait(lambda: rows(panel.operations.table) == ["B", "C"])
    assert place.board.overlay.marks == {"B": "resource", "C": "fields"}
    panel._end.click()
    assert place.board.overlay is None and window.compare_flow.comparison is None


def test_two_saved_versions_are_compared_without_touching_the_plan(place: Workplace) -> None:
    place.open(PLAN)
    first = place.session.head
    place.window.workbench.execute(Move(kind="move", event_id="B", start=at(240)))
    second = save(place, "later")
    place.window.workbench.execute(Unschedule(kind="unschedule", event_ids=["D"]))
    found = compare(place, Side.of_version(first), Side.of_version(second))
    assert list(found.by_event) == ["B"]
    overlay = place.board.overlay
    assert overlay.is_fixed and overlay.shown.starts["B"] == at_ms(240) and "D" in overlay.shown.starts
    panel = place.window.compare
    panel.swap.click()
    place.wait(lambda: place.board.overlay.compared.base == "Version 2")
    assert place.window.compare_flow.comparison.by_event["B"].shift_ms == -180 * 60_000


def test_an_order_leads_to_its_operations_and_an_operation_to_the_board(place: Workplace) -> None:
    place.open(PLAN)
    first = place.session.head
    bench, panel = place.window.workbench, place.window.compare
    bench.execute(Move(kind="move", event_id="B", start=at(480)))
    bench.execute(Move(kind="move", event_id="D", start=at(240)))
    bench.execute(Lock(kind="lock", event_ids=["C"], locked=True))
    compare(place, Side.of_version(first), Side.working())
    place.wait(lambda: rows(panel.operations.table) == ["B", "C", "D"])

    assert rows(panel.orders.table) == ["Order one", "O3"]
    choose(panel.orders.table, 0)
    assert rows(panel.operations.table) == ["B"] and panel.operations.order.text() == "✕ Order one"
    assert place.board.overlay.marks == {"B": "moved"}
    assert ("span", (at_ms(60), at_ms(540))) in place.board.calls
    panel.operations.order.click()
    assert len(rows(panel.operations.table)) == 3

    choose(panel.operations.table, 2)
    assert place.board.calls[-1] == ("go_to", "D")
    panel.operations.kind.setCurrentIndex(panel.operations.kind.findData("lock"))
    assert rows(panel.operations.table) == ["C"] and place.board.overlay.marks == {"C": "fields"}
    panel.operations.kind.setCurrentIndex(0)
    panel.operations.filter.setText("saw TWO")
    assert rows(panel.operations.table) == ["C", "D"]
    panel.operations.filter.setText("nothing of the kind")
    assert rows(panel.operations.table) == [] and panel.operations._empty.isVisible()
    panel.orders.kind.setCurrentIndex(panel.orders.kind.findData("later"))
    assert rows(panel.orders.table) == ["O3"]


def test_single_changes_are_put_back_as_one_undo_step(place: Workplace) -> None:
    place.open(PLAN)
    first, bench, panel = place.session.head, place.window.workbench, place.window.compare
    bench.execute(Move(kind="move", event_id="B", start=at(480)))
    bench.execute(Move(kind="move", event_id="D", start=at(240)))
    edited = place.session.working
    compare(place, Side.of_version(first), Side.working())
    place.wait(lambda: rows(panel.operations.table) == ["B", "D"])
    assert panel.operations.take.text() == "Put back" and not panel.operations.take.isEnabled()
    choose(panel.operations.table, 0)
    panel.operations.take.click()
    place.wait(lambda: place.session.facts.starts["B"] == at_ms(60))
    assert place.session.facts.starts["D"] == at_ms(240)
    assert place.session.undo_label == "Take 1 change of version 1"
    place.wait(lambda: rows(panel.operations.table) == ["D"])
    place.do("edit.undo")
    assert place.session.working == edited


def test_an_order_of_another_version_is_taken_into_the_working_plan(place: Workplace) -> None:
    place.open(PLAN)
    first, bench, panel = place.session.head, place.window.workbench, place.window.compare
    bench.execute(Move(kind="move", event_id="A", start=at(480)))
    bench.execute(Move(kind="move", event_id="B", start=at(540)))
    bench.execute(Move(kind="move", event_id="D", start=at(240)))
    second = save(place, "all later")
    place.window.version_flow.open(first)
    place.wait(lambda: place.session.working == PLAN)
    bench.execute(Move(kind="move", event_id="C", start=at(300)))
    compare(place, Side.of_version(first), Side.of_version(second))
    place.wait(lambda: len(rows(panel.orders.table)) == 2)
    assert panel.orders.take.toolTip() == "Take the selected of version 2 into the working plan"
    choose(panel.orders.table, 0)
    panel.orders.take.click()
    place.wait(lambda: place.session.facts.starts["B"] == at_ms(540))
    starts = place.session.facts.starts
    assert (starts["A"], starts["C"], starts["D"]) == (at_ms(480), at_ms(300), at_ms(120))


def test_two_boards_stand_side_by_side_and_look_at_the_same(place: Workplace) -> None:
    place.open(PLAN)
    first = place.session.head
    place.window.workbench.execute(Move(kind="move", event_id="B", start=at(480)))
    compare(place, Side.of_version(first), Side.working())
    boards = place.window.boards
    place.wait(lambda: place.board.overlay is not None)
    assert boards.beside is None
    place.window.compare.boards._buttons["columns"].click()
    other = boards.beside
    assert other.isVisible() and other.session.facts.starts["B"] == at_ms(60)
    assert other.overlay.marks == {"B": "moved"} and not other.overlay.compared.has_ghosts
    refused = pytest.raises(Exception, match="only shows a plan")
    with refused as caught:
        other.session.execute(None)
    assert caught.value.code is ErrorCode.RESOURCE_LOCKED  # type: ignore[attr-defined]
    look = {"at": 5, "level": 2, "top": 0, "folded": []}
    place.board.looked.emit(look)
    assert other.calls[-1] == ("follow", look)
    other.looked.emit(look)
    assert place.board.calls[-1] == ("follow", look)
    place.window.compare.boards._buttons["overlay"].click()
    assert not other.isVisible() and place.board.calls[-1] == ("step", (False, False))


def test_equal_plans_and_an_unreadable_version_are_said(place: Workplace, qtbot: QtBot) -> None:
    schedule_id = place.open(PLAN)
    place.window.compare.start.click()
    place.wait(lambda: place.window.compare._summary.text() == "The two plans are the same")
    assert not place.window.compare.operations.take.isVisible()
    place.window.compare_flow.compare_with_parent(place.session.head)
    assert "first one" in place.window.status.message.text()
    assert schedule_id
