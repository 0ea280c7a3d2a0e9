"""The preview in the window: the bar above the board, the board itself, and the list of changes that comes and goes."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QWidget

from app.preview import Preview
from ui.board_area import BoardArea
from ui.docks import Docks
from ui.plan_lists import PlanLists

_LIST = "changes"


class PreviewPlace(QObject):
    """Shows a preview, and when it is over puts back the list that stood in front before."""

    def __init__(self, window: QWidget, area: BoardArea, board: Any, docks: Docks, lists: PlanLists) -> None:
        super().__init__(window)
        self._window, self._area, self._board, self._docks, self._lists = window, area, board, docks, lists
        self._is_on = False
        self._before: str | None = None

    def show(self, preview: Preview | None, title: str) -> None:
        """Show a preview, or that there is none."""
        self._board.set_preview(preview)
        self._area.set_previewing(preview is not None)
        if preview is not None:
            self._area.preview_bar.show_preview(preview, title)
            self._come()
        else:
            self._go()
        self._lists.mark_stale(_LIST)

    def _come(self) -> None:
        if not self._is_on:
            self._is_on, self._before = True, self._docks.in_front_of(_LIST)
            self._docks.show(_LIST)

    def _go(self) -> None:
        focused = QApplication.focusWidget()
        if focused is not None and self._area.preview_bar.isAncestorOf(focused):
            self._window.setFocus()  # else it goes into the page, which marks its first header as focused
        self._area.preview_bar.hide()
        was_on, before = self._is_on, self._before
        self._is_on, self._before = False, None
        if was_on and before not in (None, _LIST) and self._docks.is_in_front(_LIST):
            self._docks.show(before)
        elif was_on and before is None and not self._docks[_LIST].isFloating():
            self._docks[_LIST].hide()
