"""The optimisation service as the interface sees it: run events, brought to its thread, at most 5 a second a run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Protocol

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from app.run_progress import RunEvent, RunView
from engine.model import OptimizationRequest, OptimizationResponse, RunStatus

UPDATE_INTERVAL_MS: Final = 200
ACTIVE: Final = frozenset({"queued", "running"})
__all__ = [
    "ACTIVE",
    "RunEvent",
    "RunFeed",
    "RunService",
    "RunView",
    "can_preview",
    "error_parts",
    "status_of",
]


class RunService(Protocol):
    """``app.optimization.OptimizationService``."""

    def submit(
        self,
        request: OptimizationRequest,
        *,
        schedule_id: str | None = None,
        base_version_id: str | None = None,
        label: str = "",
        head_name: str | None = None,
    ) -> str: ...
    def stop(self, run_id: str, keep: bool = True) -> None: ...
    def cancel(self, run_id: str) -> None: ...
    def status(self, run_id: str) -> RunView: ...
    def history(self, schedule_id: str) -> list[RunView]: ...
    def subscribe(self, listener: Callable[[RunEvent], None]) -> Callable[[], None]: ...
    def result(self, run_id: str) -> OptimizationResponse: ...
    def request(self, run_id: str) -> OptimizationRequest: ...
    def store_again(self, run_id: str) -> None: ...


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
    return view.status.value


def can_preview(view: RunView) -> bool:
    """Whether a run that is over has a plan to show: its result, or for one that failed the best plan it had."""
    return view.status is RunStatus.COMPLETED or (view.status is RunStatus.FAILED and view.has_incumbent)


def error_parts(error: object) -> tuple[str, str]:
    """Return code and message of an error object, whether a model, an exception or JSON."""
    if isinstance(error, dict):
        return str(error.get("code", "")), str(error.get("message", ""))
    code = getattr(error, "code", "")
    return str(getattr(code, "value", code)), str(getattr(error, "message", error))
