"""What a solver says while it works, how it is asked to stop, and what it hands back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from engine.model import PlacedEvent

SolveStatus = Literal["optimal", "feasible", "infeasible", "unknown"]


class Reporter(Protocol):
    """Where a solver reports to. Calls may come from several threads, one at a time."""

    def phase(self, name: str, percentage: float) -> None:
        """Tell the current step in plain words and how far the run is (0-100)."""
        ...

    def incumbent(self, events: list[PlacedEvent], vector: tuple[int, ...], bound: float | None) -> None:
        """Hand over a better plan that the independent checker has passed, with its objective vector."""
        ...

    def bound(self, value: float) -> None:
        """Tell a better lower bound on the first component of the objective vector."""
        ...


class SilentReporter:
    """A reporter that keeps nothing."""

    def phase(self, name: str, percentage: float) -> None:
        """Ignore the step."""

    def incumbent(self, events: list[PlacedEvent], vector: tuple[int, ...], bound: float | None) -> None:
        """Ignore the plan."""

    def bound(self, value: float) -> None:
        """Ignore the bound."""


class StopFlag:
    """A request to stop, set once, from any thread.

    Loops poll ``stopped`` at least every 0.1 s; solvers that cannot poll register a callback.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []

    @property
    def stopped(self) -> bool:
        """Whether a stop was asked for."""
        return self._event.is_set()

    def stop(self) -> None:
        """Ask for a stop and call every registered callback once, in this thread."""
        with self._lock:
            if self._event.is_set():
                return
            self._event.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def on_stop(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback`` when a stop is asked for (now, if it was already); return a function that withdraws it."""
        with self._lock:
            if not self._event.is_set():
                self._callbacks.append(callback)
                return lambda: self._withdraw(callback)
        callback()
        return lambda: None

    def wait(self, seconds: float) -> bool:
        """Sleep for at most ``seconds``; return at once with True when a stop is asked for."""
        return self._event.wait(seconds)

    def _withdraw(self, callback: Callable[[], None]) -> None:
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)


@dataclass(slots=True)
class Outcome:
    """The end of a run.

    ``events`` and ``vector`` belong together and are None for 'infeasible' and 'unknown'. ``bound`` is a lower bound on
    the first component of the vector. ``conflict`` names, for 'infeasible', rules that cannot hold together;
    ``repairs`` what would make them hold. ``reason`` says in plain words why a run ended 'unknown'.
    """

    status: SolveStatus
    events: list[PlacedEvent] | None = None
    vector: tuple[int, ...] | None = None
    bound: float | None = None
    warnings: list[str] = field(default_factory=list)
    conflict: list[dict[str, Any]] = field(default_factory=list)
    repairs: list[dict[str, Any]] = field(default_factory=list)
    reason: str | None = None
