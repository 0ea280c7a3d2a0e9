"""The main job on real parts: drag a bar, undo, optimise, preview, apply; then look into the database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from pytestqt.qtbot import QtBot

from app.exchange import formats
from app.optimization import OptimizationService
from app.sample import SAMPLE_FILE
from engine.check import check
from engine.diff import apply
from engine.instants import to_ms
from engine.model import Operation, RunStatus
from tests.support.board_page import BoardPage
from tests.support.qt import NO_GPU, pause, wait
from tests.support.windows import Workplace, make_workplace
from ui.board_view import BoardView
from ui.scheme import find_bryntum, register_scheme

register_scheme()
pytestmark = [
    pytest.mark.e2e,
    NO_GPU,
    pytest.mark.skipif(find_bryntum() is None, reason="the Bryntum package is not installed"),
]

LIMIT_S = 10


class WindowBoard(BoardPage):
    """The board of a window, driven by mouse."""

    def __init__(self, view: BoardView) -> None:
        self.view = view
        self.failures: list[str] = []
        view.failed.connect(self.failures.append)
        self.wait_ready()


@pytest.fixture
def place(qtbot: QtBot, tmp_path: Path) -> Iterator[Workplace]:
    made = make_workplace(qtbot, tmp_path, runs=lambda db: OptimizationService(db, 1, "anna"), board=None)
    made.window.resize(1500, 940)
    yield made
    made.close()
    pause(50)


def bar_to_drag(board: WindowBoard, place: Workplace) -> tuple[Operation, str]:
    """A movable operation in sight, and another of its machines whose row is in sight too."""
    rows = set(board.js("[...document.querySelectorAll('.b-grid-row[data-id]')].map(e => e.dataset.id)"))
    height = board.js("window.innerHeight")
    for op in place.session.working.snapshot.events:
        others = [m.resource_id for m in op.alternatives if m.resource_id != op.resource_id and m.resource_id in rows]
        box = board.box(op.id) if others and not op.locked and op.status == "planned" else None
        if box is not None and box[2] > 60 and board.row_y(others[0]) < height - 60:
            return op, others[0]
    raise AssertionError("no bar in sight can go to another machine in sight")


def test_drag_undo_optimise_preview_apply(place: Workplace) -> None:
    schedule_id = place.open(formats.read(SAMPLE_FILE))
    board = WindowBoard(place.board)
    before = place.session.working
    op, target = bar_to_drag(board, place)
    board.drag(op.id, QPoint(0, board.row_y(target) - board.row_y(str(op.resource_id))))
    wait(lambda: place.session.facts.operations[op.id].resource_id == target, 10)
    assert op.name in place.window.status.message.text()
    place.do("edit.undo")
    assert place.session.working == before

    setup = place.window.studio.setup
    setup.show_settings(replace(setup.settings(), time_limit_s=LIMIT_S))
    place.do("run.optimize")
    wait(lambda: place.window.studio.run._chip.text() == "Running", 15)
    wait(lambda: place.session.preview is not None, LIMIT_S + 15)
    preview = place.session.preview
    assert preview is not None
    assert place.session.working == before
    board.settle()
    assert board.js("document.getElementById('legend').textContent.includes('present place')")
    assert place.window.area.preview_bar.isVisible()

    place.do("preview.apply")
    wait(lambda: place.session.head.number == 2, 15)
    second, first = place.versions.list(schedule_id)
    assert (second.number, second.parent_version_id, second.source) == (2, first.id, "optimization")
    assert second.metrics is not None
    stored = place.versions.data(second.id)
    delta = place.versions.diff_from_parent(second.id)
    assert delta is not None
    assert apply(delta, place.versions.data(first.id)) == stored == place.session.working
    assert check(stored) == []
    run = place.runs.history(schedule_id)[0]
    assert (run.status, run.result_version_id) == (RunStatus.COMPLETED, second.id)
    assert run.base_version_id == first.id

    board.settle()
    moved = next(c for c in preview.changes if board.bar(c.event_id))
    shown = board.bar(moved.event_id)
    now = place.session.facts.operations[moved.event_id]
    assert shown is not None
    assert now.start_date is not None
    assert (shown["r"], shown["s"]) == (now.resource_id, to_ms(now.start_date))
    assert now.manually_scheduled
    assert board.failures == []
