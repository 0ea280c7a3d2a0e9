"""Stacked bars of causes in a column of a tree, and their legend."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from engine.explain import TITLES, Kind
from ui import palette
from ui.explain.kinds import LOOKS

SEGMENTS_ROLE = Qt.ItemDataRole.UserRole + 1
"""The row's ``[(kind, ms), ...]``."""
_HEIGHT, _MARGIN, _SWATCH, _GAP = 12.0, 6.0, 10, 16
_LEAST = 2.0


class CauseBar(QStyledItemDelegate):
    """Paints the lateness of a row as segments, all rows to one scale."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.most_ms = 1
        """What a bar of the full width stands for."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        view: QWidget = option.widget  # type: ignore[attr-defined]
        view.style().drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, view)
        area = QRectF(option.rect).adjusted(_MARGIN, 0, -_MARGIN, 0)  # type: ignore[attr-defined]
        paint_bar(painter, area, index.data(SEGMENTS_ROLE) or (), self.most_ms)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(160, super().sizeHint(option, index).height())


def paint_bar(painter: QPainter, area: QRectF, segments: Sequence[tuple[Kind, int]], most_ms: int) -> None:
    """Paint segments side by side, ``most_ms`` as wide as the area; tiny ones keep a visible width."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    x, top = area.left(), area.center().y() - _HEIGHT / 2
    for kind, ms in segments:
        width = max(_LEAST, area.width() * ms / max(1, most_ms))
        width = min(width, area.right() - x)
        if width < 1 or ms <= 0:
            continue
        tone = LOOKS[kind]
        box = QRectF(x, top, width, _HEIGHT)
        painter.fillRect(box, QColor(tone.fill))
        painter.fillRect(QRectF(x, top + _HEIGHT - 2, width, 2), QColor(tone.edge))
        x += width + (1 if width > 4 else 0)
    painter.restore()


class Legend(QWidget):
    """Names the colours of the kinds that occur."""

    def __init__(self) -> None:
        super().__init__()
        self._kinds: list[Kind] = []
        self.setFixedHeight(24)

    def show_kinds(self, kinds: Sequence[Kind]) -> None:
        """Explain these kinds, in this order."""
        self._kinds = list(kinds)
        self.setAccessibleName("Colours: " + ", ".join(TITLES[kind] for kind in kinds))
        self.setToolTip("\n".join(TITLES[kind] for kind in kinds))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        font = self.font()
        font.setPixelSize(12)
        painter.setFont(font)
        x, middle = 12, self.height() // 2
        for kind in self._kinds:
            name, tone = TITLES[kind], LOOKS[kind]
            width = painter.fontMetrics().horizontalAdvance(name)
            if x + _SWATCH + 5 + width > self.width() - 8:
                painter.setPen(QColor(palette.INK_MUTED))
                painter.drawText(x, middle + 4, "…")
                break
            painter.setPen(QPen(QColor(tone.edge), 1))
            painter.setBrush(QColor(tone.fill))
            painter.drawRect(x, middle - _SWATCH // 2, _SWATCH, _SWATCH)
            painter.setPen(QColor(palette.INK_MUTED))
            painter.drawText(x + _SWATCH + 5, middle + 4, name)
            x += _SWATCH + 5 + width + _GAP
        painter.end()
