"""A run of the optimisation service that somebody waits for."""

from __future__ import annotations

import threading

from app.run_progress import RunEvent
from app.what_if.desk import Base, Runs
from engine.model import OptimizationRequest, OptimizationResponse, RunStatus

_GLANCE_S = 0.5
_OVER = (RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED)


class AwaitedRuns:
    """Carries out requests one after the other as stored runs; for threads that have nothing else to do.

    Parameters
    ----------
    runs
        The service.
    base
        What the runs belong to.
    stop
        Cancels the run that is waited for, and every later one.
    """

    def __init__(self, runs: Runs, base: Base, stop: threading.Event | None = None) -> None:
        self._runs, self._base = runs, base
        self._stop = stop or threading.Event()

    def __call__(self, request: OptimizationRequest, label: str) -> OptimizationResponse:
        """Return what comes of a request."""
        base = self._base
        run_id = self._runs.submit(
            request,
            schedule_id=base.schedule_id,
            base_version_id=base.version_id,
            label=label,
            head_name=base.head_name,
        )
        self.wait(run_id)
        return self._runs.result(run_id)

    def wait(self, run_id: str) -> None:
        """Return when a run is over."""
        is_over = threading.Event()

        def hear(event: RunEvent) -> None:
            if event.run_id == run_id and event.kind == "finished":
                is_over.set()

        leave = self._runs.subscribe(hear)
        try:
            while self._runs.status(run_id).status not in _OVER and not is_over.wait(_GLANCE_S):
                if self._stop.is_set():
                    self._runs.cancel(run_id)
        finally:
            leave()
