"""Progress of runs for event streams: events are kept by number, so that a stream can go on where it broke off."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from app.api.monitoring import Monitor
from app.optimization import OptimizationService
from app.run_progress import RunEvent, RunView
from engine.model import RunStatus
from engine.run_states import is_terminal

_KEPT_EVENTS: Final = 500
_KEPT_RUNS: Final = 200
LAST_OF_ALL: Final = "end"
"""The id of a run's last event: there is nothing after it."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a stream."""

    id: str
    data: dict[str, Any]

    @property
    def is_last(self) -> bool:
        """Whether the run is over."""
        return self.id == LAST_OF_ALL


@dataclass
class _Log:
    view: RunView
    count: int = 0
    events: deque[tuple[int, dict[str, Any]]] = field(default_factory=lambda: deque(maxlen=_KEPT_EVENTS))
    last: dict[str, Any] | None = None
    wakers: set[Callable[[], None]] = field(default_factory=set)


def proposal_of(view: RunView) -> str | None:
    """Return what names a run's plan as a version: the version that it became, else the run's own id."""
    return view.result_version_id or (view.run_id if view.has_incumbent else None)


def told_of(view: RunView) -> dict[str, Any]:
    """Return the data of an event: the reference's ``progress``, ``step``, ``versionId``, and the figures so far."""
    is_complete = view.status is RunStatus.COMPLETED
    data: dict[str, Any] = {
        "progress": 100 if is_complete else round(view.percentage, 1),
        "step": view.step,
        "status": view.status.value,
        "objective": view.objective,
        "bound": view.bound,
        "gap": view.gap,
        "elapsed": round(view.elapsed_s, 3),
        "queuePosition": view.queue_position,
    }
    if is_terminal(view.status):
        data["versionId"] = proposal_of(view)
        data["error"] = None if view.error is None else view.error.to_json()
    return {key: value for key, value in data.items() if value is not None}


class ProgressBook:
    """Listens to the runs of a service and lets event streams read along.

    Run events come on threads of the service; streams live on the server's event loop.
    """

    def __init__(self, runs: OptimizationService, monitor: Monitor) -> None:
        self._runs = runs
        self._monitor = monitor
        self._lock = threading.Lock()
        self._logs: OrderedDict[str, _Log] = OrderedDict()
        self._is_closed = False
        self._leave = runs.subscribe(self._hear)

    @property
    def is_closed(self) -> bool:
        """Whether it has stopped listening."""
        return self._is_closed

    def close(self) -> None:
        """Stop listening; streams end."""
        self._leave()
        with self._lock:
            self._is_closed = True
            wakers = [waker for log in self._logs.values() for waker in log.wakers]
        for waker in wakers:
            waker()

    def active(self) -> list[RunView]:
        """Return the runs that are not over, as they stood when they last said something."""
        with self._lock:
            return [log.view for log in self._logs.values() if not is_terminal(log.view.status)]

    async def follow(self, run_id: str, after: int = 0) -> AsyncIterator[Told]:
        """Yield what happens to a run, from the event after number ``after`` on, and end with its last event.

        What is not known any more is made up for by how the run stands.
        """
        loop, woken = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(woken.set)

        try:
            while True:
                woken.clear()
                fresh, is_followed = self._since(run_id, after, wake)
                for told in fresh:
                    yield told
                    if told.is_last:
                        return
                    after = int(told.id)
                if self._is_closed:
                    return
                if not is_followed:  # a run of before, or of another program
                    view = await asyncio.to_thread(self._runs.status, run_id)
                    yield Told(LAST_OF_ALL if is_terminal(view.status) else str(after + 1), told_of(view))
                    if is_terminal(view.status):
                        return
                    after += 1
                    await asyncio.sleep(1)
                    continue
                await woken.wait()
        finally:
            with self._lock:
                if (log := self._logs.get(run_id)) is not None:
                    log.wakers.discard(wake)

    # inside

    def _since(self, run_id: str, after: int, wake: Callable[[], None]) -> tuple[list[Told], bool]:
        """Return the events after a number, and whether this book follows the run; ``wake`` is called with more."""
        with self._lock:
            log = self._logs.get(run_id)
            if log is None:
                return [], False
            log.wakers.add(wake)
            if after > log.count:  # a number of a server that is gone
                after = 0
            told = [Told(str(number), data) for number, data in log.events if number > after]
            if log.last is not None:
                told.append(Told(LAST_OF_ALL, log.last))
            return told, True

    def _hear(self, event: RunEvent) -> None:
        if event.kind == "stored":
            return  # streams have ended with the run
        view, data = event.view, told_of(event.view)
        is_over = event.kind == "finished"
        with self._lock:
            log = self._logs.setdefault(view.run_id, _Log(view))
            log.view = view
            if is_over:
                log.last = data
            elif not log.events or log.events[-1][1] != data:
                log.count += 1
                log.events.append((log.count, data))
            wakers = tuple(log.wakers)
            self._forget()
        for waker in wakers:
            waker()
        if is_over:
            self._monitor.run_ended(view)

    def _forget(self) -> None:
        over = [key for key, log in self._logs.items() if log.last is not None and not log.wakers]
        for key in over[: max(0, len(self._logs) - _KEPT_RUNS)]:
            del self._logs[key]
