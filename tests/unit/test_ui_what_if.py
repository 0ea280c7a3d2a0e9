"""The chart of the what-if desk."""

from __future__ import annotations

from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from app.what_if.figures import Figures
from ui.what_if.scatter import AXES, Dot, Scatter

HOUR = 3_600_000
FIELD = {spec.field: spec for spec in AXES}


def dots(tardiness_h: float) -> list[Dot]:
    figures = [Figures(n * 20 * HOUR, n, round(n * tardiness_h * HOUR), 0.4 + n / 10, HOUR, 7.0) for n in (1, 2)]
    return [Dot(str(n), f"Variant {n}", one) for n, one in enumerate(figures)]


def test_the_axes_are_in_the_units_of_the_table(qtbot: QtBot) -> None:
    chart = Scatter()
    qtbot.addWidget(chart)
    chart.set_axes(FIELD["makespan_ms"], FIELD["total_tardiness_ms"])
    chart.show_dots(dots(100))
    assert (chart.x_title, chart.y_title) == ("Makespan, hours", "Tardiness, days")
    chart.show_dots(dots(1))
    assert chart.y_title == "Tardiness, minutes"
    chart.set_axes(FIELD["utilization"], FIELD["late_orders"])
    assert (chart.x_title, chart.y_title) == ("Utilisation, %", "Late orders")
    chart.resize(400, 300)
    corner = chart.area().topRight()
    found = [chart.dot_at(QPointF(corner.x() - x, corner.y() + y)) for x in range(0, 40, 4) for y in range(0, 40, 4)]
    assert {dot.name for dot in found if dot} == {"Variant 1"}, "more used is right, more late orders are above"
