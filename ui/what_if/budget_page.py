"""The change budget: which budgets to sweep, the curve, and a row of figures for each."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QProgressBar, QSplitter, QVBoxLayout, QWidget

from app.what_if.budget import DEFAULT_BUDGETS, BudgetPoint
from ui import palette, text
from ui.kpis import KPIS
from ui.studio.labels import objective_text
from ui.tables import Column, RowTable
from ui.theme import set_role
from ui.what_if.budget_plot import BudgetPlot
from ui.widgets import button, label


class BudgetPage(QWidget):
    """Settings above, curve and table below."""

    start_requested = Signal(object)
    """The budgets, a tuple."""
    stop_requested = Signal()
    preview_requested = Signal(object)
    """The ``BudgetPoint``."""

    def __init__(self) -> None:
        super().__init__()
        self._points: tuple[BudgetPoint, ...] = ()
        self._is_running = False
        self.budgets = QLineEdit(", ".join(map(str, DEFAULT_BUDGETS)))
        self.budgets.setAccessibleName("Budgets")
        self.budgets.setMaximumWidth(220)
        self.budgets.setToolTip("How many operations may be placed differently, separated by commas")
        self.start = button("Sweep", self._on_start, role="primary")
        self.words = label(_QUESTION, "small")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.bar.setRange(0, 0)
        self.bar.setAccessibleName("A sweep is under way")
        self.plot = BudgetPlot()
        self.table: RowTable[BudgetPoint] = RowTable(_columns())
        self.table.setAccessibleName("Figures by change budget")
        self.table.row_activated.connect(self.preview_requested)
        self.plot.clicked.connect(lambda number: self.preview_requested.emit(self._points[number]))
        top = QHBoxLayout()
        top.setSpacing(8)
        caption = label("At most", "muted")
        caption.setBuddy(self.budgets)
        top.addWidget(caption)
        top.addWidget(self.budgets)
        top.addWidget(label("moved operations", "muted"))
        top.addWidget(self.start)
        top.addWidget(self.words, 1)
        split = QSplitter()
        split.setChildrenCollapsible(False)
        split.addWidget(self.plot)
        split.addWidget(self.table)
        split.setSizes([520, 520])
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addLayout(top)
        box.addWidget(self.bar)
        box.addWidget(split, 1)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.set_open(False)

    def set_open(self, is_open: bool) -> None:
        """Another schedule is open, or none."""
        self.start.setEnabled(is_open)
        self.show_points(())
        self.set_running(False)

    def set_running(self, is_running: bool) -> None:
        """Say whether a sweep is under way."""
        self._is_running = is_running
        self.bar.setVisible(is_running)
        self.start.setText("Stop" if is_running else "Sweep")
        set_role(self.start, "" if is_running else "primary")
        self.budgets.setEnabled(not is_running)

    def show_points(self, points: Sequence[BudgetPoint]) -> None:
        """Show what is known of the curve."""
        self._points = tuple(points)
        if points:
            self.words.setText(_summary(self._points))
        elif not self._is_running:
            self.words.setText(_QUESTION)
        self.plot.show_points(self._points)
        self.table.set_rows(self._points)

    @property
    def points(self) -> tuple[BudgetPoint, ...]:
        """What is shown."""
        return self._points

    def chosen(self) -> tuple[int, ...] | None:
        """Return the budgets typed; None when they cannot be read."""
        parts = [part.strip() for part in self.budgets.text().replace(";", ",").split(",") if part.strip()]
        if not parts or len(parts) > 12 or not all(part.isdigit() and len(part) < 6 for part in parts):
            return None
        return tuple(sorted({int(part) for part in parts}))

    def _on_start(self) -> None:
        if self._is_running:
            self.stop_requested.emit()
            return
        budgets = self.chosen()
        set_role(self.budgets, "" if budgets else "bad")
        if budgets is None:
            self.words.setText("Write up to 12 whole numbers, separated by commas.")
            return
        self.start_requested.emit(budgets)


_QUESTION = "How good does the saved plan get if at most so many operations move?"


def _summary(points: Sequence[BudgetPoint]) -> str:
    """Say how far budgets are kept, and for which none of the runs found anything better."""
    over = [p for p in points if not p.is_kept]
    if over:
        return f"{text.count(len(over), 'budget')} could not be kept: the plans in red move more."
    idle = [p.budget for was, p in itertools.pairwise(points) if p.budget and p.vector == was.vector]
    words = "Every plan keeps its budget. They are the best that were found, not proven."
    if idle:
        words += f" Nothing better was found for {', '.join(text.number(one) for one in idle)} than for fewer moves."
    return words


def _columns() -> list[Column[BudgetPoint]]:
    found: list[Column[BudgetPoint]] = [
        Column(
            "At most",
            lambda p: "any number" if p.budget is None else text.number(p.budget),
            lambda p: 10**9 if p.budget is None else p.budget,
            is_number=True,
        ),
        Column(
            "Moved",
            lambda p: text.number(p.moved) if p.is_kept else f"{text.number(p.moved)}, over budget",
            lambda p: p.moved,
            lambda p: None if p.is_kept else palette.BAD,
            is_number=True,
            tip="Operations that have another place in this plan, counted in the plan itself",
        ),
        Column("Goal", lambda p: objective_text(p.objective, p.value), lambda p: p.value, is_number=True),
    ]
    for spec in KPIS:
        if spec.field in ("late_orders", "total_tardiness_ms", "makespan_ms", "setup_ms", "cost"):
            found.append(
                Column(
                    spec.title,
                    lambda p, s=spec: s.written(getattr(p.figures, s.field)),
                    lambda p, s=spec: getattr(p.figures, s.field),
                    is_number=True,
                    tip=spec.meaning,
                )
            )
    return found
