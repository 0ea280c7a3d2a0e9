"""The middle of the window: notices, the preview bar, the board, or what to do when nothing is open."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from ui.merge.strip import UnfinishedStrip
from ui.preview.bar import PreviewBar
from ui.widgets import ElidedLabel, EmptyState, Notice, button, surface


class TitledBoard(QWidget):
    """A board under the name of the plan that it shows."""

    def __init__(self, board: QWidget) -> None:
        super().__init__()
        self.title = ElidedLabel("", "strong")
        self.title.setContentsMargins(12, 5, 12, 5)
        self.title.hide()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.title)
        box.addWidget(board, 1)
        surface(self)

    def say(self, words: str) -> None:
        """Show a name; an empty one hides it."""
        self.title.setText(words)
        self.title.setVisible(bool(words))


class BoardArea(QWidget):
    """Hosts the board widget that it is given."""

    open_requested = Signal()
    import_requested = Signal()

    def __init__(self, board: Any) -> None:
        super().__init__()
        self.preview_bar = PreviewBar()
        self.standing = Notice("bad")
        """What is so for the whole sitting; hidden when there is nothing to say."""
        self.notice, self.merge_strip = Notice("warn"), UnfinishedStrip(can_hide=True)
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
        self._main, self._name, self._is_previewing = TitledBoard(board), "", False
        self._beside: TitledBoard | None = None
        self._split = QSplitter()
        self._split.setChildrenCollapsible(False)
        self._split.setHandleWidth(5)
        self._split.addWidget(self._main)
        self._stack.addWidget(nothing)
        self._stack.addWidget(self._split)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.standing)
        outer.addWidget(self.preview_bar)
        outer.addWidget(self.notice)
        outer.addWidget(self.merge_strip)
        outer.addWidget(middle, 1)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)

    def show_board(self, is_open: bool) -> None:
        """Show the board, or that nothing is open."""
        self._stack.setCurrentIndex(1 if is_open else 0)

    def name_board(self, words: str) -> None:
        """Say above the board which plan it shows; nothing when that is plain."""
        self._name = words
        self._main.say("" if self._is_previewing else words)

    def set_previewing(self, is_on: bool) -> None:
        """Say whether the board shows a preview: that is no plan with a name, and its own bar tells."""
        self._is_previewing = is_on
        self.name_board(self._name)

    def show_beside(self, board: QWidget, words: str, orientation: Qt.Orientation) -> None:
        """Show a second board before the first: at its left, or above it."""
        if self._beside is None:
            self._beside = TitledBoard(board)
            self._split.insertWidget(0, self._beside)
        self._beside.say(words)
        is_new = self._beside.isHidden() or self._split.orientation() != orientation
        self._split.setOrientation(orientation)
        self._beside.show()
        if is_new:
            self._split.setSizes([1000, 1000])

    def hide_beside(self) -> None:
        """Show one board."""
        if self._beside is not None:
            self._beside.hide()

    def set_covered(self, pixels: int) -> None:
        """Keep so much at the foot free, as something stands before it."""
        self.layout().setContentsMargins(0, 0, 0, pixels)  # type: ignore[union-attr]

    def say_empty(self, title: str, words: str = "") -> None:
        """Say something else where nothing is open (that a plan is being read, for example)."""
        self._empty.say(title, words)
