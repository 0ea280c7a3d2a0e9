"""The board in a real page: what is drawn, what gestures do, and what is refused. Needs the Bryntum package."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt

from app.session import PlanningSession
from engine.instants import from_ms
from engine.model import Operation, OptimizationResult, PlacedEvent, Schedule
from tests.support.board_page import BoardPage
from tests.support.board_plant import HOUR_MS, START_MS, make_plant
from tests.support.board_session import make_session
from tests.support.qt import NO_GPU, pause, wait
from ui.scheme import find_bryntum, register_scheme

register_scheme()
pytestmark = [
    pytest.mark.e2e,
    NO_GPU,
    pytest.mark.skipif(find_bryntum() is None, reason="the Bryntum package is not installed"),
]

PLANT = make_plant(24, 3)


@pytest.fixture(scope="module")
def shown(qapp: Any) -> Iterator[BoardPage]:
    """One page for the module; every test gets a new session on it."""
    page = BoardPage(make_session(PLANT))
    yield page
    page.close()


@pytest.fixture
def board(shown: BoardPage) -> Iterator[BoardPage]:
    shown.view.set_session(make_session(PLANT))
    shown.view.set_colour_by("order")
    shown.view.set_dependencies_visible(False)
    shown.edits.clear()
    shown.answers.clear()
    wait(lambda: shown.js("document.body.dataset.state") == "ready")
    pause(150)
    shown.settle()
    yield shown
    assert shown.failures == []


def session_of(board: BoardPage) -> PlanningSession:
    controller = board.view.controller
    assert controller is not None
    return controller.session


def movable(schedule: Schedule, resource_id: str, *, nth: int = 1, alternatives: int = 2) -> Operation:
    """An operation on a resource that may move, with other machines to go to."""
    found = [
        op
        for op in schedule.snapshot.events
        if op.resource_id == resource_id
        and not op.locked
        and op.status == "planned"
        and len(op.alternatives) >= alternatives
    ]
    return sorted(found, key=lambda op: str(op.start_date))[nth]


def test_rows_bars_and_marks_are_drawn(board: BoardPage) -> None:
    rows = board.run("return board.scheduler.store.records.map(r => [r.id, r.isGroup === true])")
    resources = [r.id for r in PLANT.snapshot.resources]
    assert [key for key, is_group in rows if not is_group] == resources
    assert sum(is_group for _, is_group in rows) == len({r.group for r in PLANT.snapshot.resources})
    assert board.js("document.querySelectorAll('.tk-bar').length") > 40
    assert board.js("document.querySelectorAll('.tk-setup').length") > 5
    assert board.js("document.querySelectorAll('.tk-pause').length") > 3
    assert board.js("document.querySelectorAll('.tk-off').length") > 10
    assert board.js("document.querySelectorAll('.b-sch-time-range.tk-now').length") >= 1
    assert board.js("document.querySelectorAll('.tk-bar .fa-lock').length") >= 1
    assert "Coloured by order" in board.js("document.getElementById('legend').textContent")


def test_bars_lie_where_the_plan_says(board: BoardPage) -> None:
    ops = [o for o in PLANT.snapshot.events if o.resource_id == "lathe-1"][:4]
    boxes = [board.box(o.id) for o in ops]
    assert all(boxes)
    for op, box in zip(ops, boxes, strict=True):
        assert op.start_date is not None and op.end_date is not None and box is not None
        assert box[2] == pytest.approx(board.px((op.end_date - op.start_date).total_seconds() * 1000), abs=1.5)
    now_x = board.run(
        "return [...document.querySelectorAll('.tk-now')].find(e => !e.closest('.b-grid-header'))"
        ".getBoundingClientRect().x"
    )
    first = session_of(board).facts.starts[ops[0].id]
    assert boxes[0] is not None
    assert boxes[0][0] - now_x == pytest.approx(board.px(first - START_MS), abs=4)


def test_a_drag_to_another_machine_moves_the_operation(board: BoardPage) -> None:
    session = session_of(board)
    op = movable(PLANT, "mill-1")
    target = next(m.resource_id for m in op.alternatives if m.resource_id != "mill-1")
    by = QPoint(round(board.px(6 * HOUR_MS)), board.row_y(target) - board.row_y("mill-1"))
    start = board.middle(op.id)
    board.drag(op.id, by, drop=False)
    assert board.faded_rows() == {r.id for r in PLANT.snapshot.resources} - {m.resource_id for m in op.alternatives}
    assert board.js("document.querySelector('.tk-drag').classList.contains('tk-shown')")
    board.drop(start + by)
    moved = session.facts.operations[op.id]
    assert moved.resource_id == target
    assert moved.start_date is not None and op.start_date is not None and moved.start_date > op.start_date
    assert session.undo_label == f"Move {op.name} to {session.facts.resources[target].name}"
    bar = board.bar(op.id)
    assert bar is not None and (bar["r"], bar["s"], bar["e"]) == (
        target,
        session.facts.starts[op.id],
        session.facts.ends[op.id],
    )
    drawn = board.run(f"const r = board.scheduler.eventStore.getById('{op.id}'); return [+r.startDate, +r.endDate]")
    assert drawn[1] - drawn[0] == session.facts.ends[op.id] - session.facts.starts[op.id]
    assert [a.label for a in board.answers] == [session.undo_label]
    assert board.faded_rows() == set()


def test_the_heat_strip_follows_moves(board: BoardPage) -> None:
    session = session_of(board)
    heat = (
        "board.scheduler.project.resourceTimeRangeStore.query(r => String(r.cls).includes('tk-heat'))"
        ".map(r => [r.id, r.name, String(r.cls)]).sort()"
    )
    before, op = board.js(heat), movable(PLANT, "mill-1")
    target = next(m.resource_id for m in op.alternatives if m.resource_id != "mill-1")
    board.drag(op.id, QPoint(round(board.px(8 * HOUR_MS)), board.row_y(target) - board.row_y("mill-1")))
    wait(lambda: board.js(heat) != before, 10)
    session.undo()
    wait(lambda: board.js(heat) == before, 10)


def test_undo_from_outside_brings_the_bar_back(board: BoardPage) -> None:
    session = session_of(board)
    op = movable(PLANT, "mill-1")
    before = board.box(op.id)
    board.drag(op.id, QPoint(round(board.px(4 * HOUR_MS)), 0))
    assert session.facts.starts[op.id] > session.head_schedule.snapshot.events[0].duration
    assert board.box(op.id) != before
    session.undo()
    board.settle()
    assert board.box(op.id) == before
    board.click(op.id)
    board.key(Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert board.box(op.id) != before
    board.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert board.box(op.id) == before and session.working == session.head_schedule


def test_a_row_that_cannot_run_it_refuses_and_says_why(board: BoardPage) -> None:
    session = session_of(board)
    op = movable(PLANT, "mill-1")
    before = board.box(op.id)
    board.drag(op.id, QPoint(60, board.row_y("lathe-2") - board.row_y("mill-1")), drop=False)
    wait(lambda: "cannot run on Lathe 2" in board.js("document.querySelector('.tk-drag').textContent"), 10)
    assert board.js("document.querySelector('.tk-drag').dataset.tone") == "bad"
    board.drop(QPoint(600, board.row_y("lathe-2")))
    wait(lambda: board.box(op.id) == before, 10)
    assert session.working is session.head_schedule
    assert "It can run on Mill" in board.toasts()


def test_a_locked_bar_does_not_drag(board: BoardPage) -> None:
    session = session_of(board)
    op = next(o for o in PLANT.snapshot.events if o.locked and board.box(o.id) is not None)
    board.drag_in_vain(op.id, QPoint(80, 0), "is locked")
    assert not board.js("board.gestures.dragging")
    assert session.working is session.head_schedule


def test_a_move_that_breaks_a_rule_is_carried_out_and_said(board: BoardPage) -> None:
    session = session_of(board)
    op = next(o for o in PLANT.snapshot.events if o.id.endswith("-30") and o.resource_id == "mill-2" and not o.locked)
    hours = -8
    board.drag(op.id, QPoint(round(board.px(hours * HOUR_MS)), 0))
    assert session.violations
    assert board.js("document.querySelectorAll('.tk-violates').length") >= 1
    assert board.toasts()


def test_the_tooltip_tells_everything(board: BoardPage) -> None:
    session = session_of(board)
    op = movable(PLANT, "mill-1")
    order = session.facts.orders[op.order_id or ""]
    board.move(board.middle(op.id))
    wait(lambda: board.js("document.querySelector('.tk-tip').classList.contains('tk-shown')"), 10)
    text = board.js("document.querySelector('.tk-tip').innerText")
    for part in (op.name, order.name, order.product, order.customer, "Mill 1", "Work", "Setup", "Order due", "Follows"):
        assert str(part) in text
    board.move(QPoint(700, 20))
    wait(lambda: not board.js("document.querySelector('.tk-tip').classList.contains('tk-shown')"), 10)


def test_keys_lock_edit_unschedule_and_walk(board: BoardPage) -> None:
    session = session_of(board)
    op = movable(PLANT, "mill-1")
    board.click(op.id)
    assert board.view.selected_event_ids() == (op.id,)
    board.key(Qt.Key.Key_L)
    assert session.facts.operations[op.id].locked
    assert (board.bar(op.id) or {})["lk"] == 1
    board.key(Qt.Key.Key_L)
    assert not session.facts.operations[op.id].locked
    board.key(Qt.Key.Key_F2)
    assert board.edits == [op.id]
    board.key(Qt.Key.Key_Right)
    sequence = session.facts.sequences["mill-1"]
    after = sequence[sequence.index(op.id) + 1]
    assert board.view.selected_event_ids() == (after,)
    board.key(Qt.Key.Key_Left)
    board.key(Qt.Key.Key_Delete)
    assert session.facts.unscheduled == (op.id,)
    assert board.bar(op.id) is None
    assert board.run(f"return board.scheduler.eventStore.getById('{op.id}') ?? null") is None


def test_a_double_click_asks_for_the_editor(board: BoardPage) -> None:
    op = movable(PLANT, "mill-1")
    board.run(
        f"const e = document.querySelector('[data-assignment-id=\"p:{op.id}\"] .b-sch-event');"
        "for (const type of ['mousedown', 'mouseup', 'click', 'mousedown', 'mouseup', 'click', 'dblclick'])"
        "e.dispatchEvent(new MouseEvent(type, {bubbles: true, cancelable: true, view: window, detail: 2}));"
    )
    wait(lambda: board.edits == [op.id])


def test_the_menu_locks_and_has_no_editor_of_its_own(board: BoardPage) -> None:
    session = session_of(board)
    op = movable(PLANT, "mill-1")
    board.click(op.id, Qt.MouseButton.RightButton)
    wait(lambda: board.js("document.querySelectorAll('.b-menu-item').length > 0"))
    items = board.js("[...document.querySelectorAll('.b-menu-item')].map(e => e.innerText.trim()).join('|')")
    for part in ("Edit", "Lock", "Unschedule", "Go to order", "Select predecessors", "Optimise around this"):
        assert part in items
    assert "Delete" not in items
    board.run("[...document.querySelectorAll('.b-menu-item')].find(e => e.innerText.trim() === 'Lock').click()")
    wait(lambda: session.facts.operations[op.id].locked)
    board.settle()


def test_selection_draws_the_order_s_dependencies_only(board: BoardPage) -> None:
    session = session_of(board)
    op = movable(PLANT, "mill-1")
    count = "board.scheduler.dependencyStore.count"
    assert board.js(count) == 0
    board.click(op.id)
    order = session.facts.order_operations[op.order_id or ""]
    wait(lambda: board.js(count) == len(order) - 1)
    board.view.set_dependencies_visible(True)
    wait(lambda: board.js(count) > 50)
    board.view.set_dependencies_visible(False)
    wait(lambda: board.js(count) == len(order) - 1)


def test_colours_and_legend_follow_the_key(board: BoardPage) -> None:
    op = movable(PLANT, "mill-1")
    fills = []
    for key in ("order", "lateness", "family", "status"):
        board.view.set_colour_by(key)
        pause(120)
        bar = f"document.querySelector('[data-assignment-id=\"p:{op.id}\"] .tk-bar')"
        fills.append(board.js(f"getComputedStyle({bar}).backgroundColor"))
    assert len(set(fills)) >= 3
    assert "planned" in board.js("document.getElementById('legend').textContent")
    with pytest.raises(ValueError, match="unknown colour key"):
        board.view.set_colour_by("weather")


def test_go_to_scrolls_selects_and_zoom_keeps_the_middle(board: BoardPage) -> None:
    session = session_of(board)
    last = max(session.facts.ends, key=lambda k: session.facts.ends[k])
    assert board.view.go_to(last)
    wait(lambda: board.view.selected_event_ids() == (last,))
    board.settle()
    box = board.box(last)
    assert box is not None and 200 < box[0] < 1400 and 0 < box[1] < 800
    centre = "(v => (v.from + v.to) / 2)(board.viewport.view())"
    middle = board.js(centre)
    for zoom in (board.view.zoom_in, board.view.zoom_in, board.view.zoom_out):
        zoom()
        pause(100)
        board.settle()
    assert board.js(centre) == pytest.approx(middle, abs=HOUR_MS)
    assert not board.view.go_to("no such operation")


def test_fit_shows_the_whole_plan(board: BoardPage) -> None:
    board.view.zoom_fit()
    pause(100)
    board.settle()
    view = board.run("return board.viewport.view()")
    plan = board.run("return board.frame.plan")
    assert view["from"] <= plan["from"] and plan["to"] <= view["to"]


def test_control_and_wheel_zoom_around_the_pointer(board: BoardPage) -> None:
    level = board.js("board.viewport.level")
    wheel = (
        "document.querySelector('.b-sch-event').dispatchEvent(new WheelEvent('wheel', {bubbles: true,"
        " cancelable: true, ctrlKey: true, deltaY: %d, clientX: 800, clientY: 300}))"
    )
    at_800 = "(board.viewport.axisTime(board.scheduler.timeAxisSubGrid.scrollable.x + 800 - left))"
    left = "const left = board.scheduler.timeAxisSubGrid.element.getBoundingClientRect().left; return "
    before = board.run(left + at_800)
    board.js(wheel % -100)
    wait(lambda: board.js("board.viewport.level") == level - 1)
    board.settle()
    assert board.run(left + at_800) == pytest.approx(before, abs=HOUR_MS / 4)
    board.js(wheel % 100)
    wait(lambda: board.js("board.viewport.level") == level)


def test_find_selects_what_matches(board: BoardPage) -> None:
    order = PLANT.snapshot.orders[5]
    count = board.view.find_text(order.name)
    assert count >= 4
    wait(lambda: len(board.view.selected_event_ids()) >= 1)


def test_a_preview_marks_changes_and_cannot_be_edited(board: BoardPage) -> None:
    session = session_of(board)
    op = movable(PLANT, "mill-1")
    later = 5 * HOUR_MS
    placed = PlacedEvent(
        id=op.id,
        resource_id=op.resource_id,
        start_date=from_ms(session.facts.starts[op.id] + later),
        end_date=from_ms(session.facts.ends[op.id] + later),
    )
    metrics = {"makespan": 0, "resourceUtilization": 0.0, "totalSetupTime": 0, "constraintViolations": 0}
    result = OptimizationResult.model_validate({"events": (placed,), "metrics": metrics})
    board.view.set_preview(session.show_preview("run", session.working, result))
    wait(lambda: board.js("document.querySelectorAll('.tk-ghost').length") == 1)
    board.settle()
    assert board.js("document.querySelectorAll('.tk-bar.tk-moved').length") == 1
    ghost = board.js("document.querySelector('.tk-ghost').getBoundingClientRect().x")
    box = board.box(op.id)
    assert box is not None and box[0] - ghost == pytest.approx(board.px(later), abs=2)
    board.drag_in_vain(op.id, QPoint(60, 0), "preview")
    assert session.working is session.head_schedule
    board.view.set_preview(None)
    wait(lambda: board.js("document.querySelectorAll('.tk-ghost').length") == 0)


def test_another_session_replaces_the_board(board: BoardPage) -> None:
    other = make_session(make_plant(3, 1, seed=2))
    board.view.set_session(other)
    wait(lambda: board.js("board.frame && board.frame.rows.length === 7 && board.bars.size > 0"))
    board.settle()
    assert set(board.run("return [...board.bars.keys()]")) <= set(other.facts.operations)
    assert board.run("return board.scheduler.eventStore.count") == len(other.facts.starts)
    board.view.set_session(None)
    wait(lambda: board.js("getComputedStyle(document.getElementById('board')).visibility") == "hidden")
