"""F1: which page fits what the planner works in."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QWidget

from ui.actions import Actions
from ui.board_area import BoardArea
from ui.dialogs.error import ErrorDialog
from ui.help.window import HelpWindow

PAGE_OF_DOCK: Final[dict[str, tuple[str, str]]] = {
    "studio": ("optimising", ""),
    "versions": ("versions", ""),
    "problems": ("board", "problems"),
    "unscheduled": ("editing", "operations-without-a-place"),
    "changes": ("compare", "what-has-changed-since-the-saved-version"),
    "compare": ("compare", ""),
    "what_if": ("what-if", ""),
    "robustness": ("robustness", ""),
    "explain": ("explain", ""),
}
"""The page, and the heading on it, of each dock."""

_BOARD: Final = ("board", "")


class HelpFlow(QObject):
    """Opens the one help window."""

    def __init__(self, window: QMainWindow, actions: Actions) -> None:
        super().__init__(window)
        self._window = window
        self.help: HelpWindow | None = None
        actions["help.manual"].triggered.connect(lambda _=False: self.open())

    def open(self) -> None:
        """Show the page that fits the part of the window that has the focus; without one, what was read last."""
        place = place_of(QApplication.focusWidget())
        try:
            if self.help is None:
                self.help = HelpWindow(self._window)
        except OSError as error:
            message = f"The pages of the manual are not there ({error.filename}). Install Taktwerk again."
            ErrorDialog({"message": message}, self._window, heading="The manual could not be opened").open()
            return
        if place is not None:
            self.help.go(*place)
        self.help.show()
        self.help.activateWindow()


def place_of(widget: QWidget | None) -> tuple[str, str] | None:
    """Return the page for the dock that a widget is in, that of the board for the board, else ``None``."""
    while widget is not None:
        if isinstance(widget, QDockWidget):
            return PAGE_OF_DOCK.get(widget.objectName().removeprefix("dock."))
        if isinstance(widget, BoardArea):
            return _BOARD
        widget = widget.parentWidget()
    return None
