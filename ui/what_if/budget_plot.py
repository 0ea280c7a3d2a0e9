"""The change budget as a curve: how good the plan gets for so many moved operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen, QPolygonF

from app.what_if.budget import BudgetPoint
from ui import palette, text
from ui.studio.chart_plot import value_range, value_ticks
from ui.studio.labels import Unit, axis_unit, goal_title, objective_text
from ui.what_if.canvas import Canvas, Tick

_REACH_PX: Final = 12
_ROOM_BELOW: Final = 0.18


class BudgetPlot(Canvas):
    """One step for each budget; a click on a point tells its place in the list."""

    clicked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._points: tuple[BudgetPoint, ...] = ()
        self._unit = Unit(1, "")
        self._hover: int | None = None
        self.x_title = "Operations that may move"
        self.setAccessibleName("Goal by change budget")

    def show_points(self, points: Sequence[BudgetPoint]) -> None:
        """Show these points."""
        self._points, self._hover = tuple(points), None
        largest = max((abs(point.value) for point in points), default=1.0)
        goal = points[0].objective if points else None
        self._unit = axis_unit(goal, largest)
        unit = f", {self._unit.name}" if self._unit.name and goal != "weighted_mix" else ""
        self.y_title = f"{goal_title(goal)}{unit}" if points else ""
        values = [point.value / self._unit.divisor for point in points]
        low, high = value_range(values)
        air = (high - low) * _ROOM_BELOW  # the values' words stand below their points
        self.set_ranges((-0.4, max(1.0, len(points) - 0.6)), (low - air, high))

    def x_ticks(self, width: float) -> list[Tick]:
        return [(i, "any" if p.budget is None else text.number(p.budget)) for i, p in enumerate(self._points)]

    def y_ticks(self, height: float) -> list[Tick]:
        return value_ticks(*self._y, self.most_ticks(height))

    def draw(self, painter: QPainter, area: QRectF) -> None:
        places = [self._place(i, area) for i in range(len(self._points))]
        painter.setPen(QPen(QColor(palette.ACCENT), 2))
        corners: list[QPointF] = []
        for place in places:
            corners += [QPointF(place.x(), corners[-1].y())] if corners else []
            corners.append(place)
        painter.drawPolyline(QPolygonF(corners))
        for number, place in enumerate(places):
            painter.setPen(QPen(QColor(palette.ACCENT), 1.5))
            painter.setBrush(QColor(palette.ACCENT if number == self._hover else palette.SURFACE))
            painter.drawEllipse(place, 5, 5)
            painter.setPen(QColor(palette.INK))
            words = objective_text(self._points[number].objective, self._points[number].value)
            wide = painter.fontMetrics().horizontalAdvance(words)
            at_x = min(max(place.x() - wide / 2, area.left()), area.right() - wide + 10)
            painter.drawText(QPointF(at_x, place.y() + 9 + painter.fontMetrics().ascent()), words)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover = self._at(event.position())
        self.setCursor(Qt.CursorShape.ArrowCursor if self._hover is None else Qt.CursorShape.PointingHandCursor)
        point = None if self._hover is None else self._points[self._hover]
        moved = "" if point is None else text.count(point.moved, "operation")
        self.setToolTip("" if point is None else f"{moved} moved: {objective_text(point.objective, point.value)}")
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        number = self._at(event.position())
        if number is not None and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(number)

    def _at(self, place: QPointF) -> int | None:
        area = self.area()
        for number in range(len(self._points)):
            there = self._place(number, area)
            if abs(there.x() - place.x()) <= _REACH_PX and abs(there.y() - place.y()) <= _REACH_PX:
                return number
        return None

    def _place(self, number: int, area: QRectF) -> QPointF:
        return self.placed(number, self._points[number].value / self._unit.divisor, area)
