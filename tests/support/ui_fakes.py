"""Stand-ins for the window's neighbours: a board without a browser, runs without a solver, versions in memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.run_progress import RunEvent, RunView
from engine.model import (
    OptimizationRequest,
    OptimizationResponse,
    OptimizationResult,
    PlacedEvent,
    RunStatus,
)


class FakeBoard(QWidget):
    """Remembers what the window asked of it."""

    selection_changed = Signal(tuple)
    edit_requested = Signal(str)
    order_requested = Signal(str)
    optimise_requested = Signal(tuple)
    why_not_requested = Signal(str, object, object)
    answered = Signal(object)
    message = Signal(str)
    failed = Signal(str)
    looked = Signal(object)
    ready = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.session: Any = None
        self.preview: Any = None
        self.overlay: Any = None
        self.calls: list[tuple[str, Any]] = []
        box = QVBoxLayout(self)
        box.addWidget(QLabel("board"))

    def set_session(self, session: Any) -> None:
        self.session = session

    def set_preview(self, preview: Any) -> None:
        self.preview = preview

    def set_overlay(self, overlay: Any) -> None:
        self.overlay = overlay

    def keep_in_step(self, is_on: bool, *, leads: bool = False) -> None:
        self.calls.append(("step", (is_on, leads)))

    def follow(self, look: dict[str, Any]) -> None:
        self.calls.append(("follow", look))

    def show_span(self, start_ms: int, end_ms: int) -> None:
        self.calls.append(("span", (start_ms, end_ms)))

    def go_to(self, event_id: str) -> bool:
        self.calls.append(("go_to", event_id))
        op = self.session.facts.operations.get(event_id) if self.session else None
        return op is not None and op.is_placed

    def go_to_time(self, at_ms: int) -> None:
        self.calls.append(("go_to_time", at_ms))

    def select(self, event_ids: tuple[str, ...]) -> None:
        self.selection_changed.emit(event_ids)

    def zoom_in(self) -> None:
        self.calls.append(("zoom", "in"))

    def zoom_out(self) -> None:
        self.calls.append(("zoom", "out"))

    def zoom_fit(self) -> None:
        self.calls.append(("zoom", "fit"))

    def set_colour_by(self, key: str) -> None:
        self.calls.append(("colour", key))

    def set_dependencies_visible(self, visible: bool) -> None:
        self.calls.append(("dependencies", visible))

    def legend(self) -> list[tuple[str, str, str]]:
        return []


@dataclass
class FakeRuns:
    """An optimisation service that does what the test tells it to."""

    views: dict[str, RunView] = field(default_factory=dict)
    requests: dict[str, OptimizationRequest] = field(default_factory=dict)
    results: dict[str, OptimizationResult] = field(default_factory=dict)
    listeners: list[Callable[[RunEvent], None]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def submit(
        self,
        request: OptimizationRequest,
        *,
        schedule_id: str,
        base_version_id: str,
        label: str = "",
        head_name: str | None = None,
    ) -> str:
        run_id = f"run-{len(self.requests) + 1}"
        self.requests[run_id] = request
        limit = request.options.time_limit
        view = RunView(run_id, RunStatus.QUEUED, label=label, time_limit_s=limit, schedule_id=schedule_id)
        view = replace(view, head_name=head_name)
        self.tell("queued", view)
        return run_id

    def tell(self, kind: Any, view: RunView) -> None:
        """Make a view the newest and tell the listeners."""
        self.views[view.run_id] = view
        for listener in list(self.listeners):
            listener(RunEvent(kind, view.run_id, view))

    def change(self, run_id: str, kind: Any, **fields: Any) -> None:
        """Change a run's view and tell the listeners."""
        self.tell(kind, replace(self.views[run_id], **fields))

    def finish(self, run_id: str, events: list[PlacedEvent], metrics: Any) -> None:
        """Let a run complete with a plan."""
        self.results[run_id] = OptimizationResult(events=tuple(events), metrics=metrics)
        self.change(
            run_id,
            "finished",
            status=RunStatus.COMPLETED,
            has_incumbent=True,
            metrics=metrics,
            completed_at=dt.datetime.now(dt.UTC),
        )

    def stop(self, run_id: str, keep: bool) -> None:
        self.asked.append(("stop", run_id))

    def cancel(self, run_id: str) -> None:
        self.asked.append(("cancel", run_id))

    def store_again(self, run_id: str) -> None:
        self.asked.append(("store", run_id))

    def status(self, run_id: str) -> RunView:
        return self.views[run_id]

    def history(self, schedule_id: str) -> list[RunView]:
        return list(self.views.values())[::-1]

    def subscribe(self, listener: Callable[[RunEvent], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def request(self, run_id: str) -> OptimizationRequest:
        return self.requests[run_id]

    def result(self, run_id: str) -> OptimizationResponse:
        view = self.views[run_id]
        error = None
        if view.error is not None:
            error = {"code": view.error.code.value, "message": view.error.message, "details": view.error.details}
        return OptimizationResponse.model_validate(
            {"run_id": run_id, "status": view.status, "result": self.results.get(run_id), "error": error}
        )
