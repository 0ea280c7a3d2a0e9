"""A merge on the board: the plan that it would be, with the other side's places as ghosts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QWidget

from app.board.comparison import BoardPair, make_pair
from app.merge_desk import DeskView
from engine.changes import operation_changes
from engine.plan import PlanFacts
from ui.board_area import BoardArea
from ui.compare.boards import ComparedBoards

_LEAST_PX = 130
"""So high must be what is left of the board, else it stays as it is."""


def pair_of(view: DeskView, known: BoardPair | None = None) -> BoardPair | None:
    """Return what boards draw of a merge; what is in conflict or was moved by a rerun is marked, else all that comes.

    ``known`` is what was made of it before: the other side's facts are taken from there. ``None`` for a merge that
    would be no valid plan.
    """
    if view.candidate.faults and view.repaired is None:
        return None
    names = view.names
    other = getattr(view.candidate, names.other)
    kept = None if known is None else known.beside.shown
    before = kept if kept is not None and kept.schedule is other else PlanFacts(other)
    after = PlanFacts(view.schedule)
    marked = set(view.touched)
    if view.repaired is not None:
        marked.update(change.event_id for change in view.repaired.report.moved)
    changes = list(operation_changes(other, view.schedule))
    if view.conflicts or view.repaired is not None:
        changes = [one for one in changes if one.event_id in marked]
    return make_pair(before, after, changes, (names.inline(names.other), "the merged plan"), is_live=False)


class MergeOnBoard:
    """Shows a merge on the window's boards while its dialog is open.

    Parameters
    ----------
    area, board, boards
        The main board, where it stands, and what shows comparisons on it.
    end_comparison
        Ends a comparison that is shown.
    """

    def __init__(self, area: BoardArea, board: Any, boards: ComparedBoards, end_comparison: Callable[[], None]) -> None:
        self._area, self._board, self._boards, self._end_comparison = area, board, boards, end_comparison
        self._is_on = False

    def show(self, pair: BoardPair | None, other: str) -> None:
        """Draw it."""
        if not self._is_on:
            self._end_comparison()
            self._board.set_preview(None)  # which would go before
            self._is_on = True
        if pair is not None:
            self._boards.show_pair(pair, (other, "Merged plan"))

    def keep_clear(self, dialog: QWidget) -> None:
        """Draw above a dialog that stands before the foot of the board, as far as there is room."""
        area = QRect(self._area.mapToGlobal(QPoint(0, 0)), self._area.size())
        before = dialog.frameGeometry()
        covered = area.bottom() - before.top() + 1
        is_before = before.bottom() >= area.bottom() and before.intersected(area).width() > area.width() // 2
        self._area.set_covered(covered if self._is_on and is_before and 0 < covered < area.height() - _LEAST_PX else 0)

    def go_to(self, event_id: str) -> None:
        """Bring an operation into sight."""
        if not self._boards.go_to(event_id):
            self._boards.select((event_id,))

    def end(self, preview: Any) -> None:
        """Draw the working plan again, and the preview over it if there is one."""
        if self._is_on:
            self._is_on = False
            self._area.set_covered(0)
            self._boards.show_pair(None)
            self._board.set_preview(preview)
