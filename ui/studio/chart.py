"""Incumbent and bound of a run over time. Drawn by hand: it is drawn five times a second while a run goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedLayout, QVBoxLayout, QWidget

from ui import palette, text
from ui.studio.chart_plot import Curve, Plot
from ui.studio.labels import Unit, axis_unit, objective_text
from ui.widgets import label

Point = tuple[int, float | None, float | None]
"""(elapsed ms, incumbent, bound) in native units of the objective."""

BOUND_COLOUR: Final = "#B97F16"


class RunChart(QWidget):
    """A step line for the best plan found, a dashed one for the bound, the gap shaded between them."""

    def __init__(self) -> None:
        super().__init__()
        self._objective: str | None = None
        self._points: Sequence[Point] = ()
        self._unit = Unit(1, "")
        self.plot = Plot(palette.ACCENT, BOUND_COLOUR)
        self.plot.setAccessibleName("Best plan and bound over time")
        self.plot.pointed_at.connect(self._on_pointed)
        self._readout = label("", "small")
        self._axis_title = label("", "small")
        self._empty = label("The chart begins with the first plan found.", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedLayout()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.plot)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        box.addLayout(self._legend())
        box.addLayout(self._stack, 1)
        self.setMinimumHeight(190)

    def show_series(self, points: Sequence[Point], objective: str | None, now_ms: int | None = None) -> None:
        """Draw the series; ``now_ms`` prolongs both lines to the present of a running run."""
        self._points, self._objective = points, objective
        values = [v for _, a, b in points for v in (a, b) if v is not None]
        self._stack.setCurrentWidget(self.plot if values else self._empty)
        self._axis_title.setText("")
        if not values:
            return
        self._unit = axis_unit(objective, max(abs(v) for v in values))
        self._axis_title.setText(self._unit.name)
        upper = steps([(t, a) for t, a, _ in points], now_ms, self._unit.divisor)
        lower = steps([(t, b) for t, _, b in points], now_ms, self._unit.divisor)
        self.plot.show_curves(upper, lower, max(1.0, (now_ms or points[-1][0]) / 1000))

    def _legend(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self._axis_title)
        row.addStretch(1)
        row.addWidget(self._readout)
        row.addStretch(1)
        for colour, name, style in ((palette.ACCENT, "best plan", "solid"), (BOUND_COLOUR, "bound", "dashed")):
            mark = QLabel()
            mark.setFixedSize(18, 12)
            mark.setStyleSheet(f"border-top: 2px {style} {colour}; margin-top: 5px;")
            row.addWidget(mark)
            row.addWidget(label(name, "small"))
        return row

    def _on_pointed(self, seconds: object) -> None:
        self._readout.setText(self._values_at(seconds * 1000) if isinstance(seconds, float) else "")

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


def steps(points: Sequence[tuple[int, float | None]], now_ms: int | None, divisor: float) -> Curve:
    """Return the corners of a step line, (seconds, value): each value holds until the next, the last until now."""
    known = [(at / 1000, value / divisor) for at, value in points if value is not None]
    if known and now_ms is not None and now_ms / 1000 > known[-1][0]:
        known.append((now_ms / 1000, known[-1][1]))
    corners: list[tuple[float, float]] = []
    for at, value in known:
        if corners:
            corners.append((at, corners[-1][1]))
        corners.append((at, value))
    return corners
