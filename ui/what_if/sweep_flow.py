"""A sweep of change budgets in the background: one at a time, its points shown as they come."""

from __future__ import annotations

import threading

from PySide6.QtCore import QObject, Signal

from app.what_if.budget import BudgetPoint, BudgetSweep
from app.what_if.changes import Variant
from app.what_if.desk import Base
from app.what_if.experiment import request_of
from app.what_if.waiting import AwaitedRuns
from engine.model import Options
from ui.background import in_background
from ui.runs import RunService
from ui.what_if.panel import WhatIfPanel
from ui.workbench import Workbench


class SweepFlow(QObject):
    """Sweeps for the panel's page of change budgets."""

    shown = Signal(str, object)
    """(name, plan) of the point that a planner wants to see."""
    _pointed = Signal(object, object)

    def __init__(self, parent: QObject, panel: WhatIfPanel, runs: RunService, bench: Workbench) -> None:
        super().__init__(parent)
        self._page, self._runs, self._bench = panel.budget, runs, bench
        self._under_way: threading.Event | None = None
        self._pointed.connect(self._on_point)
        self._page.stop_requested.connect(self.stop)
        self._page.preview_requested.connect(self._preview)

    def start(self, base: Base, budgets: tuple[int, ...], limit_s: int) -> None:
        """Sweep budgets over a base, if no sweep is under way."""
        if self._under_way is not None:
            return
        stop = self._under_way = threading.Event()
        self._page.show_points(())
        self._page.set_running(True)

        def tell(point: BudgetPoint) -> None:
            self._pointed.emit(stop, point)

        def work() -> list[BudgetPoint]:
            request = request_of(Variant(name="Change budget"), base.schedule, Options(time_limit=float(limit_s)))
            solve = AwaitedRuns(self._runs, base, stop)
            return BudgetSweep(request, solve, stop=stop, tell=tell).run(budgets)

        def over() -> None:
            if self._under_way is stop:
                self._under_way = None
                self._page.set_running(False)

        def failed(error: Exception) -> None:
            over()
            if not stop.is_set():
                self._bench.show_error(error, "The sweep ended early")

        in_background(work, lambda _: over(), failed, is_awaited=True)

    def stop(self) -> None:
        """End the sweep; what it has found stays in sight."""
        if self._under_way is not None:
            self._under_way.set()
            self._under_way = None
            self._page.set_running(False)

    def _on_point(self, stop: object, point: BudgetPoint) -> None:
        if stop is self._under_way:
            self._page.show_points((*self._page.points, point))

    def _preview(self, point: BudgetPoint) -> None:
        most = "Any number of moves" if point.budget is None else f"At most {point.budget} moves"
        self.shown.emit(most, point.schedule)
