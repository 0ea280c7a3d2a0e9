"""The drawing of a run's chart: two step lines, the gap between them, and axes with round numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import palette, text
from ui.theme import ui_font

Curve = Sequence[tuple[float, float]]
"""Corners of a step line: (seconds, value)."""

_TICKS_APART_PX: Final = 44
_CLOCK_APART_PX: Final = 76
_GAP_ALPHA: Final = 22
_CLOCK_STEPS: Final = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)


class Plot(QWidget):
    """Two step lines over time; the mouse shows an instant."""

    pointed_at = Signal(object)
    """The instant under the mouse in seconds, ``None`` when it is elsewhere."""

    def __init__(self, upper_colour: str, lower_colour: str) -> None:
        super().__init__()
        self._upper_pen = QPen(QColor(upper_colour), 2)
        self._lower_pen = QPen(QColor(lower_colour), 1.5, Qt.PenStyle.DashLine)
        self._gap = QColor(upper_colour)
        self._gap.setAlpha(_GAP_ALPHA)
        self.upper_curve: Curve = ()
        self.lower_curve: Curve = ()
        self._until_s = 1.0
        self._low, self._high = 0.0, 1.0
        self._cursor_s: float | None = None
        self._font = ui_font(11)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_curves(self, upper: Curve, lower: Curve, until_s: float) -> None:
        """Draw these lines from now on, the time axis from 0 to ``until_s``."""
        self.upper_curve, self.lower_curve, self._until_s = upper, lower, until_s
        self._low, self._high = value_range([v for _, v in (*upper, *lower)])
        self.update()

    def gap(self) -> list[tuple[float, float]]:
        """Return the outline of what lies between the lines where both are known; empty where they are not."""
        if not self.upper_curve or not self.lower_curve:
            return []
        since = max(self.upper_curve[0][0], self.lower_curve[0][0])
        return [*_from(self.upper_curve, since), *reversed(_from(self.lower_curve, since))]

    def sizeHint(self) -> QSize:
        return QSize(320, 190)

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        area, x = self._area(), event.position().x()
        share = (x - area.left()) / max(1.0, area.width())
        self._point_at(share * self._until_s if 0 <= share <= 1 else None)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            self._draw(painter)
        finally:
            painter.end()

    def _draw(self, painter: QPainter) -> None:
        painter.setFont(self._font)
        area = self._area()
        self._draw_axes(painter, area)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = self.gap()
        if outline:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._gap)
            painter.drawPolygon(self._placed(outline, area))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for curve, pen in ((self.lower_curve, self._lower_pen), (self.upper_curve, self._upper_pen)):
            if curve:
                painter.setPen(pen)
                painter.drawPolyline(self._placed(curve, area))
        if self._cursor_s is not None:
            x = area.left() + self._cursor_s / self._until_s * area.width()
            painter.setPen(QPen(QColor(palette.LINE_STRONG), 1))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))

    def _point_at(self, seconds: float | None) -> None:
        self._cursor_s = seconds
        self.pointed_at.emit(seconds)
        self.update()

    def _value_ticks(self, height: float) -> list[tuple[float, str]]:
        most = max(2, int(height / _TICKS_APART_PX))
        return value_ticks(self._low, self._high, most)

    def _area(self) -> QRectF:
        """Where the lines are: beside the values' numbers and above the clock's."""
        measure = QFontMetricsF(self._font)
        height = self.height() - measure.height() - 8
        widest = max((measure.horizontalAdvance(words) for _, words in self._value_ticks(height)), default=0.0)
        return QRectF(widest + 8, 6, max(10.0, self.width() - widest - 16), max(10.0, height - 6))

    def _draw_axes(self, painter: QPainter, area: QRectF) -> None:
        measure = QFontMetricsF(self._font)
        grid, ink = QPen(QColor(palette.LINE), 1), QPen(QColor(palette.INK_MUTED))
        for value, words in self._value_ticks(area.height()):
            y = self._y(value, area)
            painter.setPen(grid)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(ink)
            painter.drawText(
                QPointF(area.left() - 6 - measure.horizontalAdvance(words), y + measure.ascent() / 2 - 1), words
            )
        for seconds, words in clock_ticks(self._until_s, max(2, int(area.width() / _CLOCK_APART_PX))):
            x = area.left() + seconds / self._until_s * area.width()
            painter.setPen(QPen(QColor(palette.LINE_STRONG), 1))
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 3))
            painter.setPen(ink)
            wide = measure.horizontalAdvance(words)
            at_x = min(max(x - wide / 2, 0.0), self.width() - wide)
            painter.drawText(QPointF(at_x, area.bottom() + 4 + measure.ascent()), words)
        painter.setPen(QPen(QColor(palette.LINE_STRONG), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.drawLine(area.topLeft(), area.bottomLeft())

    def _placed(self, curve: Curve, area: QRectF) -> QPolygonF:
        scale = area.width() / self._until_s
        return QPolygonF([QPointF(area.left() + at * scale, self._y(value, area)) for at, value in curve])

    def _y(self, value: float, area: QRectF) -> float:
        return area.bottom() - (value - self._low) / (self._high - self._low) * area.height()


def value_range(values: Sequence[float]) -> tuple[float, float]:
    """Return the range of an axis: all values with a little air, never below 0 when none is, never empty."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    air = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    return (max(0.0, low - air) if low >= 0 else low - air), high + air


def value_ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Return round values within a range, at most so many, each with its number in words."""
    step = _round_step((high - low) / most)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    first = math.ceil(low / step - 1e-9)
    count = math.floor((high - first * step) / step + 1e-9) + 1
    return [((first + i) * step, text.number((first + i) * step, digits)) for i in range(count)]


def clock_ticks(until_s: float, most: int) -> list[tuple[float, str]]:
    """Return round instants from 0 to ``until_s``, about so many, each in words."""
    step = next((s for s in _CLOCK_STEPS if until_s / s <= most), _round_step(until_s / most))
    return [(i * step, text.clock_time(i * step)) for i in range(int(until_s / step + 1e-9) + 1)]


def _round_step(least: float) -> float:
    """The least of 1, 2, 5, 10, 20 ... (and their tenths) that is not below ``least``."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * (1 - 1e-9))


def _from(curve: Curve, since: float) -> list[tuple[float, float]]:
    """The step line from an instant on."""
    before = [value for at, value in curve if at <= since]
    return [(since, before[-1]), *((at, value) for at, value in curve if at > since)]
