"""What the window remembers from sitting to sitting: its place, its docks, the colours of the board."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QPoint, QSettings, QSize

if TYPE_CHECKING:
    from ui.main_window import MainWindow

_GEOMETRY, _STATE, _COLOUR, _BY_HAND = "window/geometry", "window/state", "window/colourBy", "window/docksByHand"
_STATE_VERSION = 1
_FRAME = QSize(16, 40)
"""About what a window manager draws around it."""


def remember(window: MainWindow, settings: QSettings) -> None:
    """Store where the window and its parts are."""
    settings.setValue(_GEOMETRY, window.saveGeometry())
    settings.setValue(_STATE, window.saveState(_STATE_VERSION))
    settings.setValue(_BY_HAND, window.room.is_by_hand)
    settings.setValue(_COLOUR, window.tool_bar.colour_by.currentData())


def restore(window: MainWindow, settings: QSettings) -> None:
    """Put the window and its parts where they were."""
    geometry, state = settings.value(_GEOMETRY), settings.value(_STATE)
    if isinstance(geometry, QByteArray):
        window.restoreGeometry(geometry)
    if isinstance(state, QByteArray):
        window.restoreState(state, _STATE_VERSION)
        window.docks.sync()
        window.room.is_by_hand = settings.value(_BY_HAND, False, type=bool) is True
    index = window.tool_bar.colour_by.findData(settings.value(_COLOUR))
    window.tool_bar.colour_by.setCurrentIndex(max(0, index))
    window.actions_table["view.dependencies"].setChecked(False)


def fit_to_screen(window: MainWindow) -> None:
    """Make the window no larger than what the screen has free, its frame included; before it is shown."""
    free = window.screen().availableGeometry()
    size = window.size().boundedTo(free.size() - _FRAME)
    window.resize(size.expandedTo(window.minimumSize()))
    if not free.contains(window.geometry()):
        window.move(free.center() - QPoint(window.width() // 2, (window.height() + _FRAME.height()) // 2))
