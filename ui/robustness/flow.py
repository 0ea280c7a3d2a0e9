"""From the button to the report: a replay in the background, in a process of its own."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Signal

from app.robustness import ReplaySettings, RobustnessService, Stopped
from engine.model import Schedule
from engine.robustness import RobustnessReport
from ui.background import in_background
from ui.robustness.panel import RobustnessPanel
from ui.workbench import Workbench


@dataclass(eq=False)
class _Job:
    """One replay: of what, and the way to stop it."""

    schedule: Schedule
    stop: threading.Event = field(default_factory=threading.Event)


class RobustnessFlow(QObject):
    """Runs one replay at a time for the panel."""

    _progressed = Signal(object, float)

    def __init__(self, workbench: Workbench, panel: RobustnessPanel, service: RobustnessService) -> None:
        super().__init__(panel)
        self._bench, self._panel, self._service = workbench, panel, service
        self._job: _Job | None = None
        self._shown: Schedule | None = None
        panel.start_requested.connect(self.start)
        panel.stop_requested.connect(self.stop)
        workbench.opened.connect(self._on_opened)
        workbench.changed.connect(lambda _: self._refresh())
        self._progressed.connect(self._on_progress)

    def start(self, settings: ReplaySettings) -> None:
        """Replay the working plan."""
        session = self._bench.session
        if session is None or self._job is not None:
            return
        job = self._job = _Job(session.working)
        schedule_id = session.schedule_id
        self._panel.show_progress(0.0)
        in_background(
            lambda: self._service.run(
                job.schedule,
                settings,
                schedule_id=schedule_id,
                progress=lambda share: self._progressed.emit(job, share),
                stop=job.stop,
            ),
            lambda report: self._on_done(job, report),
            lambda error: self._on_failed(job, error),
            is_awaited=True,
        )

    def stop(self) -> None:
        """End the replay under way, if there is one."""
        if self._job is not None:
            self._job.stop.set()
            self._job = None
            self._panel.show_progress(None)

    def _on_opened(self) -> None:
        self.stop()
        self._shown = None
        self._panel.set_plan(self._bench.session is not None)

    def _on_progress(self, job: _Job, share: float) -> None:
        if job is self._job:
            self._panel.show_progress(share)

    def _on_done(self, job: _Job, report: RobustnessReport) -> None:
        if job is not self._job:
            return
        self._job = None
        self._shown = job.schedule
        self._panel.show_progress(None)
        self._panel.show_report(report, job.schedule, self._bench.zone)
        self._refresh()

    def _on_failed(self, job: _Job, error: Exception) -> None:
        if job is not self._job or isinstance(error, Stopped):
            return
        self._job = None
        self._panel.show_progress(None)
        self._bench.show_error(error, "The plan could not be replayed")

    def _refresh(self) -> None:
        session = self._bench.session
        if session is not None and self._shown is not None:
            self._panel.set_stale(session.working is not self._shown)
