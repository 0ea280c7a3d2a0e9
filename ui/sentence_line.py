"""A sentence in a list of sentences: an icon, wrapped words, a small note, and a click that goes somewhere."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from ui import palette
from ui.icons import pixmap
from ui.theme import set_role
from ui.widgets import label

_ICON = 16


class SentenceLine(QFrame):
    """One line. Where there is somewhere to go it can be clicked, or chosen by Enter."""

    activated = Signal()

    def __init__(
        self, words: str, icon_name: str, note: str = "", *, colour: str = palette.BAD, can_go: bool = False
    ) -> None:
        super().__init__()
        self.words, self.note = label(words, wrap=True), label(note, "small", wrap=True)
        self._can_go = can_go
        picture = QLabel()
        picture.setPixmap(pixmap(icon_name, _ICON, colour, self.devicePixelRatioF()))
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(self.words)
        if note:
            texts.addWidget(self.note)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 5, 8, 5)
        row.setSpacing(8)
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(texts, 1)
        set_role(self, "card")
        self.setAccessibleName(words)
        if can_go:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self.setToolTip("Show it on the board")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        is_inside = self.rect().contains(event.position().toPoint())
        if self._can_go and is_inside and event.button() is Qt.MouseButton.LeftButton:
            self.activated.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._can_go and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.activated.emit()
        else:
            super().keyPressEvent(event)
