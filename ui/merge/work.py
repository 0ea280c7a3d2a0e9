"""One conflict dialog at work: choices are stored in the background, the board follows, the optimiser is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from app.board.comparison import BoardPair
from app.collector import collector_paused, settle_collector
from app.merge_desk import DeskView, MergeDesk
from app.merge_rerun import Repaired
from app.merge_words import ConflictView
from engine.errors import TaktwerkError
from engine.model import Options, Schedule
from ui import text
from ui.background import in_background
from ui.merge.board import MergeOnBoard, pair_of
from ui.merge.dialog import ConflictDialog
from ui.merge.rerun import RerunRunner
from ui.runs import RunView

_FRAMED_MS = 300
"""By then the window system has put a frame around the dialog."""

RERUN_OPTIONS: Options | None = None
"""How a rerun optimises; ``None`` = as ``app.merge_repair`` says."""


@dataclass(frozen=True)
class Begun:
    """A merge that is ready to be shown, and what it was made of."""

    desk: MergeDesk
    pair: BoardPair | None
    working: Schedule | None = None
    """For unsaved edits: the working plan when it began."""
    edits: int | None = None
    """How many of the draft's edits are in it."""

    @staticmethod
    def of(desk: MergeDesk, working: Schedule | None = None, edits: int | None = None) -> Begun:
        """Return a merge with what boards draw of it; slow for large plans, for any thread."""
        return Begun(desk, pair_of(desk.view), working, edits)


class MergeWork(QObject):
    """Between a merge and its dialog.

    Parameters
    ----------
    desk
        The merge.
    pair
        What the board draws of it.
    board
        Where it is drawn.
    dialog
        What asks.
    runner
        Repairs it; ``None`` where that is not offered.
    """

    merge_requested = Signal(object, str)
    """(the ``DeskView`` to merge, the comment)"""
    given_up = Signal()
    failed = Signal(object)
    closed = Signal()

    def __init__(
        self,
        desk: MergeDesk,
        pair: BoardPair | None,
        board: MergeOnBoard,
        dialog: ConflictDialog,
        runner: RerunRunner | None,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self.desk, self.dialog, self._pair, self._board, self._runner = desk, dialog, pair, board, runner
        self._waiting: list[Callable[[], DeskView]] = []
        self._is_busy, self._is_over = False, False
        dialog.chosen.connect(lambda key, side: self._do(lambda: desk.choose({key: side})))
        dialog.all_chosen.connect(lambda side: self._do(lambda: desk.choose_all(side)))
        dialog.merge_requested.connect(lambda comment: self.merge_requested.emit(desk.view, comment))
        dialog.given_up.connect(self.given_up)
        dialog.looked_at.connect(self._look_at)
        dialog.go_to_event.connect(board.go_to)
        dialog.rerun_requested.connect(self._rerun)
        dialog.placed.connect(lambda: board.keep_clear(dialog))
        dialog.finished.connect(lambda _: self._on_closed())
        if runner is not None:
            dialog.stop_requested.connect(runner.stop)
            runner.progressed.connect(self._on_progress)
            runner.done.connect(self._on_repaired)
            runner.failed.connect(self._on_not_repaired)

    def begin(self) -> None:
        """Show the dialog, and the merge on the board."""
        self.dialog.show()
        self._draw()
        self._board.keep_clear(self.dialog)
        QTimer.singleShot(_FRAMED_MS, self.dialog, lambda: self._board.keep_clear(self.dialog))
        one = self.dialog.current
        if one is not None:
            self._look_at(one)

    def set_busy(self, words: str) -> None:
        """Let nothing be done while it is being stored."""
        if not self._is_over:
            self.dialog.set_busy(words)

    def end(self) -> None:
        """Close the dialog, if it is not closed already."""
        if not self._is_over:
            self.dialog.reject()

    # inside

    def _do(self, work: Callable[[], DeskView]) -> None:
        self._waiting.append(work)
        if not self._is_busy:
            self._next()

    def _next(self) -> None:
        works, self._waiting = self._waiting, []
        known = self._pair

        def job() -> tuple[DeskView, BoardPair | None]:
            with collector_paused():
                view = [work() for work in works][-1]
                pair = pair_of(view, known)
                settle_collector()
                return view, pair

        self._is_busy = True
        self.dialog.set_busy("Working it out…")
        in_background(job, self._on_worked_out, self._on_failed)

    def _on_worked_out(self, found: tuple[DeskView, BoardPair | None]) -> None:
        self._is_busy = False
        if self._is_over:
            return
        view, pair = found
        self._pair = pair or self._pair
        self.dialog.set_busy("")
        self.dialog.show_view(view)
        self._draw()
        moves = view.repaired.moves if view.repaired is not None else ()
        if moves:
            self._board.go_to(moves[0][0])
        if self._waiting:
            self._next()

    def _on_failed(self, error: Exception) -> None:
        self._is_busy, self._waiting = False, []
        if not self._is_over:
            self.dialog.set_busy("")
            self.dialog.show_view(self.desk.view)
            self.failed.emit(error)

    def _draw(self) -> None:
        names = self.desk.view.names
        self._board.show(self._pair, names.inline(names.other))

    def _look_at(self, one: ConflictView | None) -> None:
        if one is not None and one.event_id is not None:
            self._board.go_to(one.event_id)

    def _rerun(self) -> None:
        if self._runner is None or self._is_busy or self._runner.is_running:
            return
        self.dialog.set_busy("Preparing the rerun…", is_run=True)
        desk = self.desk
        self._runner.start(lambda: desk.rerun(RERUN_OPTIONS))

    def _on_progress(self, view: RunView, given: int) -> None:
        parts = [view.step or "Rerun with locks", f"{view.elapsed_s:.0f} s of {view.time_limit_s:.0f} s"]
        if given:
            parts.append(f"{text.count(given, 'lock')} gave way")
        self.dialog.set_busy(", ".join(parts), is_run=True)

    def _on_repaired(self, repaired: Repaired) -> None:
        self.dialog.set_busy("")
        self._do(lambda: self.desk.take_repair(repaired))

    def _on_not_repaired(self, error: Any) -> None:
        self.dialog.set_busy("")
        if isinstance(error, TaktwerkError):
            self.dialog.say("bad", f"The optimiser found no plan. {error.message}")
        elif error is not None:
            self.dialog.say("bad", f"The rerun failed: {error}")

    def _on_closed(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        if self._runner is not None:
            self._runner.close()
        self.closed.emit()


def dialog_for(desk: MergeDesk, parent: QWidget | None, *, makes_version: bool) -> ConflictDialog:
    """Return the dialog of a merge: one that is stored can be finished later and repaired by the optimiser."""
    is_kept = desk.row is not None
    return ConflictDialog(desk.view, parent, is_kept=is_kept, can_rerun=is_kept, has_comment=makes_version)
