"""The boards of a comparison: the main one, and a second that stands beside it and looks where the first looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt

from app.board.comparison import BoardPair, StillPlan
from ui.board_area import BoardArea


class ComparedBoards(QObject):
    """Shows a pair of plans on one board or on two.

    Parameters
    ----------
    area, board
        The window's board and where it stands.
    make_board
        Makes a second board, which is kept until the window closes: a browser page takes seconds to begin.
    """

    def __init__(self, area: BoardArea, board: Any, make_board: Callable[[], Any]) -> None:
        super().__init__(area)
        self._area, self._board, self._make_board = area, board, make_board
        self._beside: Any = None
        self._pair: BoardPair | None = None
        self._layout = "overlay"
        self._colour_by: str | None = None

    @property
    def beside(self) -> Any:
        """The second board, once there is one."""
        return self._beside

    @property
    def is_beside(self) -> bool:
        """Whether two boards are shown."""
        return self._pair is not None and self._layout != "overlay"

    def show_pair(self, pair: BoardPair | None, titles: tuple[str, str] = ("", "")) -> None:
        """Show a comparison, or with ``None`` the working plan alone."""
        is_same = self._pair is not None and pair is not None and self._pair.beside.shown is pair.beside.shown
        self._pair = pair
        self._board.set_overlay(None if pair is None else pair.main)
        self._arrange()
        if pair is None:
            self._area.name_board("")
            return
        self._area.name_board(titles[1] if self.is_beside else f"{titles[1]}, compared with {titles[0]}")
        if self.is_beside:
            self._show_beside(pair, titles[0], is_same)

    def set_layout(self, layout: str, titles: tuple[str, str]) -> None:
        """Show one board (``overlay``), or two in ``columns`` or ``rows``."""
        self._layout = layout
        if self._pair is not None:
            self.show_pair(self._pair, titles)

    def set_colour_by(self, key: str) -> None:
        """Colour the second board like the first."""
        self._colour_by = key
        if self._beside is not None:
            self._beside.set_colour_by(key)

    def go_to(self, event_id: str) -> bool:
        """Show an operation on the main board, or if it is not there on the one beside."""
        pair = self._pair
        if pair is not None and self.is_beside and self._beside is not None:
            self._beside.select((event_id,))
        shown = self._board.go_to(event_id)
        if shown is False and self.is_beside and self._beside is not None:
            return bool(self._beside.go_to(event_id))
        return shown is not False

    def select(self, event_ids: tuple[str, ...]) -> None:
        """Select operations on both boards."""
        self._board.select(event_ids)
        if self.is_beside and self._beside is not None:
            self._beside.select(event_ids)

    def show_span(self, start_ms: int, end_ms: int) -> None:
        """Show a span of time; the second board follows."""
        self._board.show_span(start_ms, end_ms)

    def close(self) -> None:
        """End the second board's page."""
        beside, self._beside = self._beside, None
        if hasattr(beside, "dispose"):
            beside.dispose()

    def _show_beside(self, pair: BoardPair, title: str, is_same: bool) -> None:
        if self._beside is None:
            self._beside = self._made()
        shown = pair.beside.shown
        assert shown is not None
        if not is_same or self._beside.property("shows") != id(shown):
            self._beside.setProperty("shows", id(shown))
            self._beside.set_session(StillPlan(shown))
        self._beside.set_overlay(pair.beside)
        self._area.show_beside(self._beside, title, _ORIENTATIONS[self._layout])
        self._board.keep_in_step(True, leads=True)
        self._beside.keep_in_step(True)

    def _made(self) -> Any:
        board = self._make_board()
        board.looked.connect(self._board.follow)
        self._board.looked.connect(board.follow)
        board.ready.connect(lambda: self._board.keep_in_step(self.is_beside, leads=True))
        if self._colour_by:
            board.set_colour_by(self._colour_by)
        return board

    def _arrange(self) -> None:
        if self.is_beside:
            return
        self._area.hide_beside()
        self._board.keep_in_step(False)
        if self._beside is not None:
            self._beside.keep_in_step(False)
            if self._pair is None:
                self._beside.setProperty("shows", None)
                self._beside.set_session(None)


_ORIENTATIONS = {"columns": Qt.Orientation.Horizontal, "rows": Qt.Orientation.Vertical}
