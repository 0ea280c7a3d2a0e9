"""The solver process's way out: one thread writes every message, and progress does not flood the reader.

Whatever the search reports is kept in one slot a kind, newest first; the writer sends at most
``PROGRESS_PER_SECOND`` of them. A newer plan replaces one that was not sent yet, so the newest always goes out, and
the last message waits for nothing but what is already in the pipe.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from dataclasses import dataclass
from typing import BinaryIO, Final

from engine.messages import (
    Alive,
    Bound,
    Explained,
    Failed,
    FromSolver,
    Incumbent,
    Phase,
    Result,
    encode,
    encode_plan,
    relative_gap,
)
from engine.model import PlacedEvent

PROGRESS_PER_SECOND: Final = 5
ALIVE_EVERY_S: Final = 1.0
EXIT_NO_READER: Final = 4
EXIT_WRITER_FAILED: Final = 7

LastMessage = Result | Explained | Failed
"""What ends a run."""

_log = logging.getLogger("taktwerk.worker")


@dataclass(slots=True)
class _Plan:
    events: list[PlacedEvent]
    vector: tuple[int, ...]
    elapsed_ms: int


class Outbox:
    """What the solver says: the ``Reporter`` of ``engine.solve`` on top of a pipe. All methods are thread-safe.

    Parameters
    ----------
    stream
        The pipe to the application. Only the outbox's own thread writes to it.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._wake = threading.Condition()
        self._phase: Phase | None = None
        self._plan: _Plan | None = None
        self._best: tuple[int, ...] | None = None
        self._bound: float | None = None
        self._bound_is_news = False
        self._last: tuple[LastMessage, bytes] | None = None
        self._last_is_written = threading.Event()
        self._next_progress = 0.0
        self._plan_was_last = False
        self._seq = 0
        self._clock_zero = time.monotonic()
        self._scale = 1
        self.first_solution_ms: int | None = None
        threading.Thread(target=self._write_all, name="outbox", daemon=True).start()

    # what the search says

    def phase(self, name: str, percentage: float) -> None:
        """Tell the current step and how far the run is (0-100)."""
        phase = Phase(name=name[:2_000], percentage=min(100.0, max(0.0, float(percentage))))
        with self._wake:
            self._phase = phase
            self._wake.notify()

    def incumbent(self, events: list[PlacedEvent], vector: tuple[int, ...], bound: float | None) -> None:
        """Hand over a plan. One that is not better than the best so far is ignored."""
        with self._wake:
            if self._best is not None and vector >= self._best:
                return
            self._best = vector
            if self.first_solution_ms is None:
                self.first_solution_ms = self.elapsed_ms()
            self._plan = _Plan(events, vector, self.elapsed_ms())
            self._raise_bound(bound)
            self._wake.notify()

    def bound(self, value: float) -> None:
        """Tell a lower bound on the first part of the objective vector. A weaker one than known is ignored."""
        with self._wake:
            if self._raise_bound(value):
                self._wake.notify()

    # what the process says

    def start_clock(self, elapsed_ms: int, at: float) -> None:
        """Count time so that ``elapsed_ms`` of the run had passed at the moment ``at`` (of ``time.monotonic``)."""
        self._clock_zero = at - elapsed_ms / 1000

    def measure_in(self, scale: int) -> None:
        """Tell objectives in their native unit, of which ``scale`` vector units make one."""
        self._scale = scale

    def native(self, value: float | None) -> float | None:
        """Return a value of the vector's first part in the objective's native unit."""
        return None if value is None or not math.isfinite(value) else value / self._scale

    def elapsed_ms(self) -> int:
        """Return ms since the run began."""
        return max(0, round((time.monotonic() - self._clock_zero) * 1000))

    def finish(self, message: LastMessage, payload: bytes = b"", timeout_s: float = 30.0) -> None:
        """Send the last message and return once it is in the pipe, or after ``timeout_s``.

        A plan that still waits goes out before a failure, so that it is not lost. Of several calls (the search ends
        while the memory guard gives up) the first one wins.
        """
        with self._wake:
            if self._last is None:
                self._last = (message, payload)
            self._wake.notify()
        self._last_is_written.wait(timeout_s)

    # inside

    def _raise_bound(self, value: float | None) -> bool:
        if value is None or not math.isfinite(value) or (self._bound is not None and value <= self._bound):
            return False
        self._bound = float(value)
        self._bound_is_news = True
        return True

    def _write_all(self) -> None:
        try:
            while not self._last_is_written.is_set():
                message, payload = self._next_message()
                self._stream.write(encode(message, payload))
                self._stream.flush()
                if isinstance(message, Result | Explained | Failed):
                    self._last_is_written.set()
        except OSError:
            os._exit(EXIT_NO_READER)  # nobody reads any more: there is nothing left to solve for
        except BaseException:
            _log.exception("a message could not be written")
            os._exit(EXIT_WRITER_FAILED)

    def _next_message(self) -> tuple[FromSolver, bytes]:
        with self._wake:
            taken = self._wait_for_news()
        # A plan is put into JSON outside the lock: the search must not wait for that.
        return self._incumbent_message(taken) if isinstance(taken, _Plan) else taken

    def _wait_for_news(self) -> tuple[FromSolver, bytes] | _Plan:
        silent_until = time.monotonic() + ALIVE_EVERY_S
        while True:
            now = time.monotonic()
            taken = self._take(now)
            if taken is not None:
                return taken
            if now >= silent_until:
                return Alive(), b""
            has_news = self._plan is not None or self._phase is not None or self._bound_is_news
            until = min(self._next_progress, silent_until) if has_news else silent_until
            self._wake.wait(max(0.0, until - now))

    def _take(self, now: float) -> tuple[FromSolver, bytes] | _Plan | None:
        if self._last is not None:
            if self._plan is None or isinstance(self._last[0], Result):
                return self._last
        elif now < self._next_progress:
            return None
        taken = self._take_progress()
        if taken is not None:
            self._next_progress = now + 1 / PROGRESS_PER_SECOND
        return taken

    def _take_progress(self) -> tuple[FromSolver, bytes] | _Plan | None:
        plan_has_turn = self._phase is None or not self._plan_was_last or self._last is not None
        if self._plan is not None and plan_has_turn:
            plan, self._plan = self._plan, None
            self._bound_is_news = False
            self._plan_was_last = True
            return plan
        self._plan_was_last = False
        if self._phase is not None:
            phase, self._phase = self._phase, None
            return phase, b""
        if self._bound_is_news and self._bound is not None:
            self._bound_is_news = False
            bound = self._bound / self._scale
            gap = None if self._best is None else relative_gap(self._best[0] / self._scale, bound)
            return Bound(elapsed_ms=self.elapsed_ms(), bound=bound, gap=gap), b""
        return None

    def _incumbent_message(self, plan: _Plan) -> tuple[Incumbent, bytes]:
        payload = encode_plan(plan.events)
        self._seq += 1
        objective, bound = plan.vector[0] / self._scale, self.native(self._bound)
        message = Incumbent(
            seq=self._seq,
            elapsed_ms=plan.elapsed_ms,
            objective=objective,
            vector=plan.vector,
            bound=bound,
            gap=relative_gap(objective, bound),
            payload_bytes=len(payload),
        )
        return message, payload
