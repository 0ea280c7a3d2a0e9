"""The optimisation service as the interface sees it: run events, brought to its thread, at most 5 a second a run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from engine.model import OptimizationRequest, OptimizationResponse

UPDATE_INTERVAL_MS: Final = 200
ACTIVE: Final = frozenset({"queued", "running"})


class RunView(Protocol):
    """What is shown of a run (``app.optimization.RunView``)."""

    run_id: str
    status: Any
    percentage: float
    step: str | None
    objective: float | None
    bound: float | None
    gap: float | None
    elapsed_s: float
    time_limit_s: float
    queue_position: int | None
    series: Sequence[tuple[int, float | None, float | None]]
    error: Any
    has_incumbent: bool
    label: str
    started_at: Any
    algorithm_id: int
    profile_id: int | None
    metrics: Any


class RunEvent(Protocol):
    """What the service tells its listeners."""

    kind: str
    run_id: str
    view: RunView


class RunService(Protocol):
    """``app.optimization.OptimizationService``."""

    def submit(
        self, request: OptimizationRequest, *, schedule_id: str, base_version_id: str, label: str = ""
    ) -> str: ...
    def stop(self, run_id: str, keep: bool) -> None: ...
    def cancel(self, run_id: str) -> None: ...
    def status(self, run_id: str) -> RunView: ...
    def history(self, schedule_id: str) -> list[RunView]: ...
    def subscribe(self, listener: Callable[[RunEvent], None]) -> Any: ...
    def result(self, run_id: str) -> OptimizationResponse: ...


class RunFeed(QObject):
    """Collects events in the threads they come from and tells the newest view of each run in the interface's."""

    updated = Signal(object)
    """The newest view of a run, at most every ``UPDATE_INTERVAL_MS``."""
    finished = Signal(object)
    """The last view of a run, once."""
    _woken = Signal()

    def __init__(self, service: RunService, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._pending: dict[str, RunView] = {}
        self._done: list[RunView] = []
        self._is_woken = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(UPDATE_INTERVAL_MS)
        self._timer.timeout.connect(self._deliver)
        self._woken.connect(self._on_woken, Qt.ConnectionType.QueuedConnection)
        self._unsubscribe = service.subscribe(self._on_event)

    def close(self) -> None:
        """Stop listening."""
        if callable(self._unsubscribe):
            self._unsubscribe()
        self._timer.stop()

    def _on_event(self, event: RunEvent) -> None:
        with self._lock:
            self._pending[event.run_id] = event.view
            if event.kind == "finished":
                self._done.append(event.view)
            is_first, self._is_woken = not self._is_woken, True
        if is_first:
            self._woken.emit()

    @Slot()
    def _on_woken(self) -> None:
        if self._done:
            self._timer.stop()
            self._deliver()
        elif not self._timer.isActive():
            self._timer.start()

    @Slot()
    def _deliver(self) -> None:
        with self._lock:
            views, self._pending = list(self._pending.values()), {}
            done, self._done = self._done, []
            self._is_woken = False
        for view in views:
            self.updated.emit(view)
        for view in done:
            self.finished.emit(view)


def status_of(view: RunView) -> str:
    """Return the state of a run as its wire name."""
    return str(getattr(view.status, "value", view.status))


def objective_of(view: RunView) -> str | None:
    """Return the name of the objective that the run's values are of, if it is known."""
    name = getattr(view, "objective_name", None)
    if name is None and view.metrics is not None:
        metrics = view.metrics
        name = metrics.get("objective") if isinstance(metrics, dict) else getattr(metrics, "objective", None)
    return name


def error_parts(error: object) -> tuple[str, str]:
    """Return code and message of an error object, whether a model, an exception or JSON."""
    if isinstance(error, dict):
        return str(error.get("code", "")), str(error.get("message", ""))
    code = getattr(error, "code", "")
    return str(getattr(code, "value", code)), str(getattr(error, "message", error))
