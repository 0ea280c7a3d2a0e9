"""Variants by any two figures; those that no other one beats in both are marked and joined by a line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPen, QPolygonF

from app.what_if.figures import Figures, non_dominated
from ui import palette, text
from ui.kpis import KPIS, KpiSpec
from ui.studio.chart_plot import value_range, value_ticks
from ui.studio.labels import Unit, time_unit
from ui.what_if.canvas import Canvas, Tick

_REACH_PX: Final = 12
_COUNT: Final[Callable[[Any], str]] = text.number
MOVED: Final = KpiSpec(
    "moved", "Moved", "Operations placed differently than in the base", text.number, text.signed_number, False, 1
)
AXES: Final = (*KPIS, MOVED)
"""What can stand on an axis."""


@dataclass(frozen=True, slots=True)
class Dot:
    """One variant, or the base (``key`` empty)."""

    key: str
    name: str
    figures: Figures


class Scatter(Canvas):
    """The chart; a click on a dot tells its key."""

    clicked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._dots: tuple[Dot, ...] = ()
        self._best: frozenset[str] = frozenset()
        self._specs = (AXES[0], AXES[2])
        self._units = (Unit(1, ""), Unit(1, ""))
        self._hover: Dot | None = None
        self._selected = ""
        self.setAccessibleName("Variants by two figures")

    @property
    def best(self) -> frozenset[str]:
        """The keys of the dots that none beats in both figures; the base's is empty."""
        return self._best

    def set_axes(self, x: KpiSpec, y: KpiSpec) -> None:
        """Show two figures."""
        self._specs = (x, y)
        self.show_dots(self._dots)

    def show_dots(self, dots: Sequence[Dot]) -> None:
        """Show these variants."""
        self._dots, self._hover = tuple(dots), None
        x, y = self._specs
        points = [tuple(_less_is_better(spec, dot.figures) for spec in self._specs) for dot in self._dots]
        self._best = frozenset(d.key for d, stands in zip(self._dots, non_dominated(points), strict=True) if stands)
        self._units = (_unit(x, self._dots), _unit(y, self._dots))
        pairs = list(zip(self._specs, self._units, strict=True))
        ranges = [value_range([_drawn(spec, dot.figures, unit) for dot in self._dots]) for spec, unit in pairs]
        self.x_title, self.y_title = (f"{s.title}, {u.name}" if u.name else s.title for s, u in pairs)
        self.set_ranges(_airy(ranges[0]), _airy(ranges[1]))

    def select(self, key: str) -> None:
        """Mark a dot as the one chosen."""
        self._selected = key
        self.update()

    def dot_at(self, place: QPointF) -> Dot | None:
        """Return the dot under a place."""
        area = self.area()
        near = [(_distance(self._place(dot, area), place), dot) for dot in self._dots]
        found = min(near, key=lambda one: one[0], default=None)
        return found[1] if found is not None and found[0] <= _REACH_PX else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover = self.dot_at(event.position())
        self.setCursor(Qt.CursorShape.PointingHandCursor if self._hover else Qt.CursorShape.ArrowCursor)
        x, y = self._specs
        dot = self._hover
        self.setToolTip(
            f"{dot.name}\n{x.title}: {_written(x, dot.figures)}\n{y.title}: {_written(y, dot.figures)}" if dot else ""
        )
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        dot = self.dot_at(event.position())
        if dot is not None and dot.key and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(dot.key)

    def x_ticks(self, width: float) -> list[Tick]:
        return value_ticks(*self._x, max(2, int(width / 80)))

    def y_ticks(self, height: float) -> list[Tick]:
        return value_ticks(*self._y, self.most_ticks(height))

    def draw(self, painter: QPainter, area: QRectF) -> None:
        front = sorted((self._place(d, area) for d in self._dots if d.key in self._best), key=lambda p: (p.x(), p.y()))
        if len(front) > 1:
            painter.setPen(QPen(QColor(palette.ACCENT), 1, Qt.PenStyle.DashLine))
            painter.drawPolyline(QPolygonF(front))
        used = [QRectF(at.x() - 6, at.y() - 6, 12, 12) for at in (self._place(d, area) for d in self._dots)]
        for dot in sorted(self._dots, key=lambda d: d.key not in self._best):
            self._draw_dot(painter, dot, self._place(dot, area))
            self._draw_name(painter, dot, self._place(dot, area), area, used)

    def _draw_dot(self, painter: QPainter, dot: Dot, at: QPointF) -> None:
        is_best = dot.key in self._best
        size = 6.5 if is_best else 4.5
        painter.setPen(QPen(QColor(palette.INK if dot.key == self._selected and dot.key else palette.ACCENT), 1.5))
        painter.setBrush(QColor(palette.ACCENT if is_best else palette.SURFACE))
        if not dot.key:
            painter.setPen(QPen(QColor(palette.INK), 1.5))
            painter.setBrush(QColor(palette.INK if is_best else palette.SURFACE))
            painter.drawRect(QRectF(at.x() - 4.5, at.y() - 4.5, 9, 9))
        elif is_best:
            corners = ((0, -size), (size, 0), (0, size), (-size, 0))
            painter.drawPolygon(QPolygonF([QPointF(at.x() + x, at.y() + y) for x, y in corners]))
        else:
            painter.drawEllipse(at, size, size)
        if dot.key and (dot is self._hover or dot.key == self._selected):
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(at, 10, 10)

    def _draw_name(self, painter: QPainter, dot: Dot, at: QPointF, area: QRectF, used: list[QRectF]) -> None:
        """Write the name beside the dot where there is room; names never cover each other."""
        measure = QFontMetricsF(self.font_)
        words = measure.elidedText(dot.name, Qt.TextElideMode.ElideRight, 130)
        wide, high = measure.horizontalAdvance(words), measure.height()
        right = QRectF(at.x() + 11, at.y() - high / 2, wide, high)
        places = (
            right,
            right.translated(-wide - 22, 0),
            right.translated(-wide / 2 - 11, -high),
            right.translated(0, high),
            right.translated(-4, -high),
            right.translated(-4, -2 * high),
        )
        for place in places:
            is_wide_enough = area.left() <= place.left() and place.right() <= self.width()
            is_clear_of_axis = place.top() >= 0 and place.bottom() <= area.bottom() + high / 2
            if is_wide_enough and is_clear_of_axis and not any(place.intersects(other) for other in used):
                used.append(place)
                painter.setPen(QColor(palette.INK if dot.key in self._best else palette.INK_MUTED))
                painter.drawText(QPointF(place.left(), place.top() + measure.ascent()), words)
                return

    def _place(self, dot: Dot, area: QRectF) -> QPointF:
        (x, y), (wide, high) = self._specs, self._units
        return self.placed(_drawn(x, dot.figures, wide), _drawn(y, dot.figures, high), area)


def _unit(spec: KpiSpec, dots: Sequence[Dot]) -> Unit:
    """What an axis is written in."""
    if spec.field.endswith("_ms"):
        return time_unit(max((float(getattr(dot.figures, spec.field)) for dot in dots), default=0.0))
    return Unit(0.01, "%") if spec.field == "utilization" else Unit(1, "")


def _drawn(spec: KpiSpec, figures: Figures, unit: Unit) -> float:
    return float(getattr(figures, spec.field)) / unit.divisor


def _less_is_better(spec: KpiSpec, figures: Figures) -> float:
    value = float(getattr(figures, spec.field))
    return -value if spec.is_more_better else value


def _written(spec: KpiSpec, figures: Figures) -> str:
    return spec.written(getattr(figures, spec.field))


def _airy(found: tuple[float, float]) -> tuple[float, float]:
    """A range with room for a dot at either end."""
    low, high = found
    air = (high - low) * 0.06
    return (max(0.0, low - air) if low >= 0 else low - air), high + air


def _distance(one: QPointF, two: QPointF) -> float:
    return ((one.x() - two.x()) ** 2 + (one.y() - two.y()) ** 2) ** 0.5
