"""The middle of the window: notices, the preview bar, the board, or what to do when nothing is open."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from ui.preview.bar import PreviewBar
from ui.widgets import EmptyState, Notice, button, surface


class BoardArea(QWidget):
    """Hosts the board widget that it is given."""

    open_requested = Signal()
    import_requested = Signal()

    def __init__(self, board: Any) -> None:
        super().__init__()
        self.preview_bar = PreviewBar()
        self.notice = Notice("warn")
        self._empty = EmptyState("schedule", "No schedule is open", "Open one of this database, or import a file.")
        nothing = surface(QWidget())
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        row.addWidget(button("Open schedule…", self.open_requested.emit, role="primary", icon_name="open"))
        row.addWidget(button("Import file…", self.import_requested.emit, icon_name="import"))
        row.addStretch(1)
        box = QVBoxLayout(nothing)
        box.addStretch(2)
        box.addWidget(self._empty)
        box.addLayout(row)
        box.addStretch(3)
        middle = QWidget()
        self._stack = QStackedLayout(middle)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._stack.addWidget(nothing)
        self._stack.addWidget(board)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.preview_bar)
        outer.addWidget(self.notice)
        outer.addWidget(middle, 1)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)

    def show_board(self, is_open: bool) -> None:
        """Show the board, or that nothing is open."""
        self._stack.setCurrentIndex(1 if is_open else 0)

    def say_empty(self, title: str, words: str = "") -> None:
        """Say something else where nothing is open (that a plan is being read, for example)."""
        self._empty.say(title, words)
