"""Incumbent and bound of a run over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedLayout, QVBoxLayout, QWidget

from ui import palette, text
from ui.studio.labels import Unit, axis_unit, objective_text
from ui.theme import ui_font
from ui.widgets import label

Point = tuple[int, float | None, float | None]
"""(elapsed ms, incumbent, bound) in native units of the objective."""
_Curve = tuple[np.ndarray, np.ndarray]


class _ClockAxis(pg.AxisItem):
    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        return [text.clock_time(v) if spacing >= 1 else f"{v:.1f} s" for v in values]


class _ValueAxis(pg.AxisItem):
    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        digits = 0 if spacing >= 1 else 1 if spacing >= 0.1 else 2 if spacing >= 0.01 else 3
        return [text.number(v, digits) for v in values]


class RunChart(QWidget):
    """A step line for the best plan found, a dashed one for the bound, the gap shaded between them."""

    def __init__(self) -> None:
        super().__init__()
        self._objective: str | None = None
        self._points: Sequence[Point] = ()
        self._unit = Unit(1, "")
        self._plot = self._made_plot()
        incumbent_pen = pg.mkPen(palette.ACCENT, width=2)
        bound_pen = pg.mkPen("#B97F16", width=1.5, style=Qt.PenStyle.DashLine)
        self._incumbent = self._plot.plot(pen=incumbent_pen)
        self._bound = self._plot.plot(pen=bound_pen)
        shade = QColor(palette.ACCENT)
        shade.setAlpha(22)
        self._edges = pg.PlotDataItem(), pg.PlotDataItem()
        self._fill = pg.FillBetweenItem(*self._edges, brush=shade)
        self._plot.addItem(self._fill)
        self._cursor = pg.InfiniteLine(angle=90, movable=False, pen=pg.mkPen(palette.LINE_STRONG))
        self._cursor.hide()
        item: Any = self._plot.getPlotItem()
        item.addItem(self._cursor, ignoreBounds=True)
        self._readout = label("", "small")
        self._axis_title = label("", "small")
        self._empty = label("The chart begins with the first plan found.", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedLayout()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._plot)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        box.addLayout(self._legend())
        box.addLayout(self._stack, 1)
        self.setMinimumHeight(190)
        scene: Any = self._plot.scene()
        scene.sigMouseMoved.connect(self._on_mouse)

    def show_series(self, points: Sequence[Point], objective: str | None, now_ms: int | None = None) -> None:
        """Draw the series; ``now_ms`` prolongs both lines to the present of a running run."""
        self._points, self._objective = points, objective
        values = [v for _, a, b in points for v in (a, b) if v is not None]
        self._stack.setCurrentWidget(self._plot if values else self._empty)
        self._axis_title.setText("")
        if not values:
            return
        self._unit = axis_unit(objective, max(abs(v) for v in values))
        self._axis_title.setText(self._unit.name)
        upper = _steps([(t, a) for t, a, _ in points], now_ms, self._unit.divisor)
        lower = _steps([(t, b) for t, _, b in points], now_ms, self._unit.divisor)
        self._incumbent.setData(*upper)
        self._bound.setData(*lower)
        self._shade_gap(upper, lower)
        box = self._plot.getViewBox()
        box.setLimits(yMin=0 if min(values) >= 0 else None)
        box.setXRange(0, max(1.0, (now_ms or points[-1][0]) / 1000), padding=0.02)

    def _shade_gap(self, upper: _Curve, lower: _Curve) -> None:
        """Shade where both curves are known, on the instants of both."""
        is_known = len(upper[0]) > 0 and len(lower[0]) > 0
        self._fill.setVisible(is_known)
        if not is_known:
            return
        since = max(upper[0][0], lower[0][0])
        for edge, (x, y) in zip(self._edges, (upper, lower), strict=True):
            inside = x > since
            start = y[np.searchsorted(x, since, side="right") - 1]
            edge.setData(np.concatenate(([since], x[inside])), np.concatenate(([start], y[inside])))

    def _made_plot(self) -> pg.PlotWidget:
        axes = {"bottom": _ClockAxis("bottom"), "left": _ValueAxis("left")}
        plot = pg.PlotWidget(background=palette.SURFACE, axisItems=axes)
        plot.setMenuEnabled(False)
        plot.setMouseEnabled(x=False, y=False)
        plot.hideButtons()
        plot.showGrid(x=False, y=True, alpha=0.12)
        for name in ("left", "bottom"):
            axis = plot.getAxis(name)
            axis.setPen(pg.mkPen(palette.LINE_STRONG))
            axis.setTextPen(pg.mkPen(palette.INK_MUTED))
            axis.setTickFont(ui_font(11))
            axis.setStyle(tickLength=-4, tickTextOffset=5)
        plot.getViewBox().setDefaultPadding(0.04)
        plot.getViewBox().enableAutoRange(x=False, y=True)
        plot.setAccessibleName("Best plan and bound over time")
        return plot

    def _legend(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self._axis_title)
        row.addStretch(1)
        row.addWidget(self._readout)
        row.addStretch(1)
        for colour, name, style in ((palette.ACCENT, "best plan", "solid"), ("#B97F16", "bound", "dashed")):
            mark = QLabel()
            mark.setFixedSize(18, 12)
            mark.setStyleSheet(f"border-top: 2px {style} {colour}; margin-top: 5px;")
            row.addWidget(mark)
            row.addWidget(label(name, "small"))
        return row

    def _on_mouse(self, position: QPointF) -> None:
        view = self._plot.getViewBox()
        is_inside = view.sceneBoundingRect().contains(position)
        self._cursor.setVisible(is_inside)
        if not is_inside:
            self._readout.setText("")
            return
        seconds = view.mapSceneToView(position).x()
        self._cursor.setPos(seconds)
        self._readout.setText(self._values_at(seconds * 1000))

    def _values_at(self, elapsed_ms: float) -> str:
        plan, bound = None, None
        for at, a, b in self._points:
            if at > elapsed_ms:
                break
            plan, bound = (a if a is not None else plan), (b if b is not None else bound)
        parts = [text.clock_time(elapsed_ms / 1000)]
        if plan is not None:
            parts.append(objective_text(self._objective, plan))
        if bound is not None:
            parts.append(f"≥ {objective_text(self._objective, bound)}")
        return "  ".join(parts)


def _steps(points: Sequence[tuple[int, float | None]], now_ms: int | None, divisor: float) -> _Curve:
    known = [(at / 1000, value / divisor) for at, value in points if value is not None]
    if known and now_ms is not None and now_ms / 1000 > known[-1][0]:
        known.append((now_ms / 1000, known[-1][1]))
    if not known:
        return np.empty(0), np.empty(0)
    x, y = (np.array(column) for column in zip(*known, strict=True))
    return np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]
