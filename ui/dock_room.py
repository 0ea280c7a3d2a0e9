"""How much room the docks below the board have: little when they are empty, the whole width when they need it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QMainWindow
from shiboken6 import isValid

from ui.docks import Docks

EMPTY_PX: Final = 128
_FULL_PX: Final = 230
_OWN_PX: Final = {"what_if": 330, "compare": 300}
_SAME_PX: Final = 6
_TABS_PX: Final = 40
"""The room of tabs and titles, which what Qt is asked for includes and a dock's height does not."""
_CORNER: Final = Qt.Corner.BottomRightCorner
_BESIDE, _BELOW = Qt.DockWidgetArea.RightDockWidgetArea, Qt.DockWidgetArea.BottomDockWidgetArea


class DockRoom(QObject):
    """Sizes the docks at the bottom after the one that is in front.

    A height that the planner drags is kept, until what comes to the front does not fit into it.

    Parameters
    ----------
    window, docks
        The window and its docks.
    keys
        Those whose first place is below the board.
    """

    def __init__(self, window: QMainWindow, docks: Docks, keys: tuple[str, ...]) -> None:
        super().__init__(docks)
        self._window, self._docks = window, docks
        self._empty: set[str] = set()
        self._wide = {"what_if"}
        self._last_px: int | None = None
        self.is_by_hand = False
        """Whether the planner has chosen the height."""
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._fit)
        self._raised = keys[0]
        for key in keys:
            docks[key].visibilityChanged.connect(lambda is_seen, key=key: self._on_seen(key, is_seen))
        docks.were_reset.connect(self._on_reset)
        self._soon.start()

    def set_empty(self, key: str, is_empty: bool) -> None:
        """Say whether a dock has nothing to show at present."""
        self._put(self._empty, key, is_empty)

    def set_wide(self, key: str, is_wide: bool) -> None:
        """Say whether a dock wants the room below the Studio too."""
        self._put(self._wide, key, is_wide)

    def _put(self, keys: set[str], key: str, is_in: bool) -> None:
        if (key in keys) != is_in:
            keys.add(key) if is_in else keys.discard(key)
            self._soon.start()

    def _on_reset(self) -> None:
        self.is_by_hand, self._last_px = False, None
        self._soon.start()

    def _on_seen(self, key: str, is_seen: bool) -> None:
        if is_seen and isValid(self):  # docks tell of their end too
            self._raised = key
            self._soon.start()

    def _front(self) -> str | None:
        dock = self._docks[self._raised]
        is_below = self._window.dockWidgetArea(dock) == _BELOW and not dock.isFloating()
        return self._raised if is_below and not dock.isHidden() else None

    def _fit(self) -> None:
        key = self._front()
        if key is None:
            return
        wanted_corner = _BELOW if key in self._wide else _BESIDE
        if self._window.corner(_CORNER) != wanted_corner:
            self._window.setCorner(_CORNER, wanted_corner)
        dock = self._docks[key]
        height = dock.height()
        if self._last_px is not None and abs(height - self._last_px) > _SAME_PX:
            self.is_by_hand = True
        is_empty = key in self._empty
        wanted = EMPTY_PX if is_empty else _OWN_PX.get(key, _FULL_PX)
        is_too_small = not is_empty and height < wanted - _TABS_PX
        if is_too_small or (not self.is_by_hand and abs(height - wanted) > _SAME_PX):
            self._window.resizeDocks([dock], [wanted], Qt.Orientation.Vertical)
        QTimer.singleShot(0, self, self._note)

    def _note(self) -> None:
        """Remember the height that came of it: what differs from it later was dragged."""
        key = self._front()
        if key is not None:
            self._last_px = self._docks[key].height()
