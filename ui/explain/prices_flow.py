"""From the button to the prices of locks: a task of the solver's process, followed and stopped from the dock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.explain_tasks import lock_prices
from app.repairs import release
from engine.errors import ErrorCode, TaktwerkError
from engine.model import OptimizationRequest, Schedule
from ui.background import in_background
from ui.explain.prices_page import PricesPage
from ui.studio.panel import StudioPanel
from ui.studio.repair_flow import carry_out
from ui.workbench import Workbench

_CLOCK_MS = 250
PriceTask = Callable[..., dict[str, Any]]
"""``app.explain_tasks.lock_prices``, or what stands in for it."""


@dataclass(eq=False)
class _Job:
    """One pricing: of what, and the way to stop it."""

    request: OptimizationRequest
    limit_s: float
    step: str = ""
    begun_at: float = field(default_factory=time.monotonic)
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def share(self) -> float:
        """How much of its time is over."""
        return min(1.0, (time.monotonic() - self.begun_at) / self.limit_s)

    @property
    def plan(self) -> Schedule:
        return self.request.schedule_data


class PricesFlow(QObject):
    """Prices the working plan's locks, with the Studio's goal and blocked spans, one task at a time."""

    _progressed = Signal(object, str)

    def __init__(self, bench: Workbench, page: PricesPage, studio: StudioPanel, task: PriceTask = lock_prices) -> None:
        super().__init__(page)
        self._bench, self._page, self._studio, self._task = bench, page, studio, task
        self._job: _Job | None = None
        self._shown: _Job | None = None
        self._clock = QTimer(self)
        self._clock.setInterval(_CLOCK_MS)
        self._clock.timeout.connect(self._tick)
        page.start_requested.connect(self.start)
        page.stop_requested.connect(self.stop)
        page.release_requested.connect(self.release)
        bench.opened.connect(self._on_opened)
        bench.changed.connect(lambda _: self._refresh())
        self._progressed.connect(self._on_progress)

    def start(self, time_limit_s: float) -> None:
        """Price the locks of the working plan."""
        session = self._bench.session
        if session is None or self._job is not None:
            return
        settings = self._studio.setup.settings()
        faults = settings.faults()
        if faults:
            self._bench.say(next(iter(faults.values())), "warn")
            return
        job = self._job = _Job(settings.to_request(session.working), time_limit_s)
        self._clock.start()
        self._tick()

        def hear(step: str, _percentage: float) -> None:
            self._progressed.emit(job, step)

        in_background(
            lambda: self._task(job.request, time_limit_s, hear, job.stop),
            lambda answer: self._on_done(job, answer),
            lambda error: self._on_failed(job, error),
            is_awaited=True,
        )

    def stop(self) -> None:
        """End the task under way; what it knows is shown."""
        if self._job is not None:
            self._job.stop.set()
            self._page.show_progress(1.0, "Ending")

    def release(self, rule: dict[str, Any]) -> None:
        """Release a rule that was priced: as an undo step, or in the Studio."""
        shown = self._shown
        if self._bench.session is None or shown is None:
            return
        try:
            carry_out(self._bench, self._studio, release(rule, shown.request.locks.resource_intervals))
        except TaktwerkError as error:
            self._bench.say(error.message, "warn")
            return
        self._page.mark_released(rule)

    def _on_opened(self) -> None:
        if self._job is not None:
            self._job.stop.set()
        self._job = self._shown = None
        self._page.clear()

    def _on_progress(self, job: _Job, step: str) -> None:
        job.step = step
        self._tick()

    def _tick(self) -> None:
        job = self._job
        if job is None:
            self._clock.stop()
        elif not job.stop.is_set():
            self._page.show_progress(job.share, job.step)

    def _on_done(self, job: _Job, answer: dict[str, Any]) -> None:
        if job is not self._job:
            return
        self._job, self._shown = None, job
        self._page.show_progress(None)
        self._page.show_prices(answer)
        self._refresh()

    def _on_failed(self, job: _Job, error: Exception) -> None:
        if job is not self._job:
            return
        self._job = None
        self._page.show_progress(None)
        if not isinstance(error, TaktwerkError):
            raise error
        if error.code in (ErrorCode.INTERRUPTED, ErrorCode.SOLVER_TIMEOUT):
            self._page.say_empty("There are no prices yet", error.message)
        else:
            self._page.say_empty("There are no prices", error.message)
            self._bench.show_error(error, "The locks could not be priced")

    def _refresh(self) -> None:
        session = self._bench.session
        if session is not None and self._shown is not None:
            self._page.set_stale(session.working != self._shown.plan)
