"""Asking on the board why an operation is not somewhere: by its menu and a click, or on a free cell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from engine.model import Status
from tests.support.board_page import BoardPage
from tests.support.board_plant import HOUR_MS, make_plant
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
RIGHT = Qt.MouseButton.RightButton


@pytest.fixture
def board(qapp: Any) -> Iterator[BoardPage]:
    page = BoardPage(make_session(PLANT))
    yield page
    page.close()


def asked(board: BoardPage) -> list[tuple[str, str | None, int]]:
    """What the page asks, as it comes."""
    found: list[tuple[str, str | None, int]] = []
    board.view.why_not_requested.connect(lambda *slot: found.append(slot))
    return found


def menu(board: BoardPage, words: str) -> None:
    """Choose an entry of the menu that is open."""
    item = f"[...document.querySelectorAll('.b-menu-item')].find(e => e.innerText.trim().startsWith('{words}'))"
    wait(lambda: board.js(f"!!{item}"))
    board.run(f"{item}.click()")
    pause(120)


def test_a_bar_s_menu_asks_for_a_slot(board: BoardPage) -> None:
    questions = asked(board)
    ops = sorted((op for op in PLANT.snapshot.events if op.resource_id == "mill-1"), key=lambda op: str(op.start_date))
    op = next(op for op in ops[1:] if op.status is Status.PLANNED)
    place = board.middle(op.id)
    board.click(op.id, RIGHT)
    menu(board, "Why not here")
    assert board.js("document.body.classList.contains('tk-picking')")
    there = QPoint(place.x() + round(board.px(2 * HOUR_MS)), board.row_y("mill-2"))
    board.move(there)
    wait(lambda: "Why not" in board.js("document.querySelector('.tk-drag').textContent"))
    QTest.mouseClick(board.target, Qt.MouseButton.LeftButton, pos=there)
    wait(lambda: questions)
    ((key, row, at_ms),) = questions
    assert (key, row) == (op.id, "mill-2")
    at_pointer = board.run(
        f"return board.clock.fromBoard(board.scheduler.getDateFromCoordinate({there.x()}, null, false))"
    )
    assert abs(at_ms - at_pointer) <= HOUR_MS
    assert not board.js("document.body.classList.contains('tk-picking')")
    board.click(op.id, RIGHT)
    menu(board, "Why not here")
    board.key(Qt.Key.Key_Escape)
    board.click(op.id)
    assert len(questions) == 1 and board.view.selected_event_ids() == (op.id,)


def test_a_free_cell_asks_for_the_selected_operation(board: BoardPage) -> None:
    questions = asked(board)
    op = next(op for op in PLANT.snapshot.events if op.resource_id == "mill-1")
    free = board.run(
        f"const y = {board.row_y('mill-2')}; for (let x = 1380; x > 320; x -= 6) {{"
        " const e = document.elementFromPoint(x, y); if (e && !e.closest('.b-sch-event-wrap')) return [x, y]; }"
    )
    spot = QPoint(round(free[0]), round(free[1]))
    board.move(spot)
    QTest.mouseClick(board.target, RIGHT, pos=spot)
    wait(lambda: board.js("document.querySelectorAll('.b-menu-item').length > 0"))
    assert "Why not" not in board.js("document.querySelector('.b-menu').innerText")
    board.key(Qt.Key.Key_Escape)
    board.click(op.id)
    board.move(spot)
    QTest.mouseClick(board.target, RIGHT, pos=spot)
    menu(board, f"Why not {op.name}"[:20])
    wait(lambda: questions)
    assert questions[0][:2] == (op.id, "mill-2")
