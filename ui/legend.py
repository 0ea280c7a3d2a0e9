"""What the colours of the bars mean, in one line: as many as fit."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import palette
from ui.theme import ui_font

_SWATCH, _GAP, _PADDING = 12, 5, 14
Entry = tuple[str, str, str]
"""(text, fill, edge)."""


class Legend(QWidget):
    """Swatches with names; takes what room is left and ends in an ellipsis where it does not suffice."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: Sequence[Entry] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setFont(ui_font(12))
        self.setAccessibleName("Legend of the colours")

    def show_entries(self, entries: Sequence[Entry], note: str = "") -> None:
        """Show these entries; ``note`` is the tooltip when there are none."""
        self._entries = tuple(entries)
        self.setToolTip(", ".join(name for name, _, _ in entries) or note)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(40, 24)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = self.fontMetrics()
        x, middle = 6.0, self.height() / 2
        for number, (name, fill, edge) in enumerate(self._entries):
            width = _SWATCH + _GAP + metrics.horizontalAdvance(name)
            is_last = number == len(self._entries) - 1
            if x + width + (0 if is_last else _PADDING + 12) > self.width():
                painter.setPen(QColor(palette.INK_MUTED))
                painter.drawText(QRectF(x, 0, 20, self.height()), Qt.AlignmentFlag.AlignVCenter, "…")
                break
            painter.setPen(QPen(QColor(edge), 1))
            painter.setBrush(QColor(fill))
            painter.drawRoundedRect(QRectF(x + 0.5, middle - _SWATCH / 2 + 0.5, _SWATCH - 1, _SWATCH - 1), 3, 3)
            painter.setPen(QColor(palette.INK_MUTED))
            box = QRectF(x + _SWATCH + _GAP, 0, width, self.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, name)
            x += width + _PADDING
        painter.end()
