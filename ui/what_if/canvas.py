"""What the charts of the desk share: an area, a grid, numbers beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import palette
from ui.theme import ui_font

Tick = tuple[float, str]
"""(value, its words)."""

_TICKS_APART_PX: Final = 40
_AIR: Final = 8


class Canvas(QWidget):
    """A chart with two axes; ``draw`` of the one that inherits fills it."""

    def __init__(self) -> None:
        super().__init__()
        self.font_ = ui_font(11)
        self._x: tuple[float, float] = (0.0, 1.0)
        self._y: tuple[float, float] = (0.0, 1.0)
        self.x_title, self.y_title = "", ""
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(220, 120)

    def sizeHint(self) -> QSize:
        return QSize(340, 190)

    def set_ranges(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        """Let the axes run from and to these values."""
        self._x, self._y = x, y
        self.update()

    def x_ticks(self, width: float) -> Sequence[Tick]:
        """Return the numbers below the chart."""
        raise NotImplementedError

    def y_ticks(self, height: float) -> Sequence[Tick]:
        """Return the numbers beside the chart."""
        raise NotImplementedError

    def draw(self, painter: QPainter, area: QRectF) -> None:
        """Draw what the chart shows."""
        raise NotImplementedError

    def area(self) -> QRectF:
        """Return where the chart is: beside the numbers and above them."""
        measure = QFontMetricsF(self.font_)
        below = 2 * measure.height() + 10
        top = measure.height() + 6
        height = max(20.0, self.height() - top - below)
        widest = max((measure.horizontalAdvance(words) for _, words in self.y_ticks(height)), default=0.0)
        left = widest + _AIR + 4
        return QRectF(left, top, max(20.0, self.width() - left - 14), height)

    def placed(self, x: float, y: float, area: QRectF) -> QPointF:
        """Return where a pair of values stands."""
        (x0, x1), (y0, y1) = self._x, self._y
        share_x = (x - x0) / ((x1 - x0) or 1.0)
        share_y = (y - y0) / ((y1 - y0) or 1.0)
        return QPointF(area.left() + share_x * area.width(), area.bottom() - share_y * area.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.setFont(self.font_)
            area = self.area()
            self._draw_axes(painter, area)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self.draw(painter, area)
        finally:
            painter.end()

    def most_ticks(self, height: float) -> int:
        """Return how many numbers have room beside so high a chart."""
        return max(2, int(height / _TICKS_APART_PX))

    def _draw_axes(self, painter: QPainter, area: QRectF) -> None:
        measure = QFontMetricsF(self.font_)
        grid, ink = QPen(QColor(palette.LINE), 1), QPen(QColor(palette.INK_MUTED))
        for value, words in self.y_ticks(area.height()):
            y = self.placed(self._x[0], value, area).y()
            painter.setPen(grid)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(ink)
            at_x = area.left() - _AIR - measure.horizontalAdvance(words)
            painter.drawText(QPointF(at_x, y + measure.ascent() / 2 - 1), words)
        for value, words in self.x_ticks(area.width()):
            x = self.placed(value, self._y[0], area).x()
            painter.setPen(QPen(QColor(palette.LINE_STRONG), 1))
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 3))
            painter.setPen(ink)
            wide = measure.horizontalAdvance(words)
            at = QPointF(min(max(x - wide / 2, 0.0), self.width() - wide), area.bottom() + 5 + measure.ascent())
            painter.drawText(at, words)
        painter.setPen(QPen(QColor(palette.LINE_STRONG), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.drawLine(area.topLeft(), area.bottomLeft())
        painter.setPen(ink)
        painter.drawText(QPointF(2, measure.ascent()), self.y_title)
        foot = QRectF(area.left(), self.height() - measure.height() - 2, area.width(), measure.height() + 2)
        painter.drawText(foot, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), self.x_title)
