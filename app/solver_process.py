"""One run of the solver in a process of its own, under supervision.

The process is asked, then terminated, then killed; whatever it does, :meth:`SolverProcess.run` returns in time. What it
says is taken by its form only: ``app.verification`` checks its plans.
"""

from __future__ import annotations

import logging
import queue
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from app.ready_worker import ReadyWorker
from app.worker_pipe import Arrival, Pipe, StartSolver, WorkerPipe, worker_command
from engine.errors import ErrorCode, TaktwerkError
from engine.messages import (
    BadMessage,
    Explained,
    Failed,
    FromSolver,
    Hello,
    Phase,
    Result,
    Solve,
    Stop,
    Task,
    encode,
)
from engine.protocol import PROTOCOL_VERSION

OVERTIME_S: Final = 1.0
"""A run ends within its time limit plus this, the checking of its plan included."""
ANSWER_S: Final = 0.4
"""Between asking for the best plan at the time limit and ending the process."""
END_S: Final = 0.15
"""What ending a process may take."""
STOP_GRACE_S: Final = 2.0
CANCEL_GRACE_S: Final = 0.2
_POLL_S: Final = 0.25
_NEARLY_FULL: Final = 0.8

Cause = Literal["result", "explained", "failed", "cancelled", "stopped", "time_limit", "fault"]
Listener = Callable[[FromSolver, bytes], None]

_log = logging.getLogger("taktwerk.solver")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a solver process may use.

    Parameters
    ----------
    time_limit_s
        The run's limit, counted from the start of the process.
    reserve_s
        How much of the overtime the caller needs to check the plan.
    memory_bytes
        The most resident memory.
    silence_s
        How long the process may say nothing at all. Generous: a compiler at work can hold the interpreter.
    start_s
        How long the process may take to say hello.
    """

    time_limit_s: float
    reserve_s: float = 0.1
    memory_bytes: int = 1 << 62
    silence_s: float = 90.0
    start_s: float = 30.0

    @property
    def end_at_s(self) -> float:
        """When a process that has not answered is ended, in seconds from its start."""
        return max(self.time_limit_s + OVERTIME_S - self.reserve_s - END_S, self.time_limit_s / 2)

    @property
    def ask_at_s(self) -> float:
        """When the process is asked for its best plan; by itself it should have ended by then."""
        return max(min(self.time_limit_s, self.end_at_s - ANSWER_S), self.end_at_s / 2)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a solver process ended.

    ``cause`` is ``result`` (with ``result`` and ``plan``), ``explained`` (with ``answer``, JSON), ``failed`` (it said
    why), ``cancelled`` or ``stopped`` (the planner's wish, without a last message), ``time_limit`` (it had to be ended
    there) or ``fault`` (it died, hung, took too much memory or sent garbage). ``error`` says why there is no result.
    """

    cause: Cause
    result: Result | None = None
    plan: bytes = b""
    answer: bytes = b""
    error: TaktwerkError | None = None
    hello_ms: int | None = None


class SolverProcess:
    """One run of the solver.

    Parameters
    ----------
    request
        The OptimizationRequestDTO as JSON.
    limits
        Time and memory.
    listener
        Called with every message but the last, and its payload, in the thread of :meth:`run`. Supervision waits for it.
    command
        How to start the process; ``worker_command()`` by default.
    name
        Names the run in the log.
    task
        What to do with the request.
    ready
        Where a process may be had that waits already.
    """

    def __init__(
        self,
        request: bytes,
        limits: Limits,
        listener: Listener,
        command: Sequence[str] | StartSolver | None = None,
        name: str = "run",
        task: Task = "optimize",
        ready: ReadyWorker | None = None,
    ) -> None:
        self._task: Task = task
        self._ready = ready
        self._was_ready = False
        self._request = request
        self._limits = limits
        self._listener = listener
        self._command = command or worker_command()
        self._name = name
        self._arrivals: queue.SimpleQueue[Arrival | Stop] = queue.SimpleQueue()
        self._wish: Stop | None = None
        self._is_asked = False
        self._end_by_s = limits.end_at_s
        self._step = "starting"
        self._peak_bytes = 0
        self._next_memory_look_s = 0.0
        self._hello_ms: int | None = None
        self._has_begun = False

    def stop(self, keep: bool) -> None:
        """Ask for an end, from any thread: with the best plan so far (``keep``) or without one. Returns at once."""
        self._arrivals.put(Stop(keep=keep))

    def run(self) -> Ending:
        """Start the process, see it through and return how it ended. Blocks; always within the limits."""
        self._started = self._heard = time.monotonic()
        try:
            self._pipe: Pipe = self._take_ready_one() or self._start()
        except OSError as error:
            return Ending("fault", error=_fault(f"The solver could not be started: {error}."))
        patience_s = 0.0
        try:
            ending = self._supervise()
            patience_s = END_S if ending.cause in ("result", "explained", "failed") else 0.0
        finally:
            self._pipe.end(patience_s)
            if self._ready is not None:
                self._ready.refill()
        if ending.cause in ("time_limit", "stopped"):
            ending = self._hear_out() or ending
        if ending.cause in ("fault", "time_limit"):
            words = self._pipe.last_words()
            _log.error("%s: %s%s", self._name, ending.error, f" Its last words:\n{words}" if words else "")
        return replace(ending, hello_ms=self._hello_ms)

    def _start(self) -> Pipe:
        if callable(self._command):
            return self._command(self._arrivals.put, self._name)
        return WorkerPipe(self._command, self._arrivals.put, self._name)

    def _take_ready_one(self) -> WorkerPipe | None:
        pipe = None if self._ready is None else self._ready.take(self._arrivals.put, self._name)
        self._was_ready = pipe is not None
        return pipe

    def _supervise(self) -> Ending:
        while True:
            ending = self._wait_for_one() or self._look_at_the_clock() or self._look_at_memory()
            if ending is not None:
                return ending

    # what arrives

    def _wait_for_one(self) -> Ending | None:
        deadline_s = self._end_by_s if self._is_asked else min(self._end_by_s, self._limits.ask_at_s)
        try:
            arrival = self._arrivals.get(timeout=max(0.0, min(_POLL_S, deadline_s - self._elapsed_s())))
        except queue.Empty:
            return None
        if isinstance(arrival, Stop):
            return self._pass_on(arrival)
        if arrival is None:
            return self._end_of_output()
        if isinstance(arrival, BadMessage):
            return self._at_wish() or self._failure(f"The solver sent something unreadable: {arrival}.")
        self._heard = time.monotonic()
        return self._take(*arrival)

    def _hear_out(self) -> Ending | None:
        """Take what the process had said before it was ended: on a busy machine, a plan may lie unread in the pipe."""
        self._pipe.read_to_end()
        while True:
            try:
                arrival = self._arrivals.get_nowait()
            except queue.Empty:
                return None
            if isinstance(arrival, tuple) and (ending := self._take(*arrival)) is not None:
                return None if ending.cause == "fault" else ending
            if isinstance(arrival, Stop) and not arrival.keep:
                return Ending("cancelled")

    def _take(self, message: FromSolver, payload: bytes) -> Ending | None:
        is_cancelled = self._wish is not None and not self._wish.keep
        if isinstance(message, Result):
            return Ending("cancelled") if is_cancelled else Ending("result", result=message, plan=payload)
        if isinstance(message, Explained):
            return Ending("cancelled") if is_cancelled else Ending("explained", answer=payload)
        if isinstance(message, Failed):
            error = TaktwerkError(message.code, message.message, message.details)
            return Ending("cancelled") if is_cancelled else Ending("failed", error=error)
        if isinstance(message, Hello):
            if message.versions.get("protocol") != PROTOCOL_VERSION:
                return self._failure("The solver is of another version than the program. Install the program again.")
            self._send_request()
        else:
            self._has_begun = True
            self._request = b""
        if isinstance(message, Phase):
            self._step = message.name
        self._listener(message, payload)
        return None

    def _send_request(self) -> None:
        if self._hello_ms is not None:
            return
        self._hello_ms = elapsed_ms = round(self._elapsed_s() * 1000)
        budget_ms = max(0, round(self._limits.ask_at_s * 1000) - elapsed_ms)
        self._pipe.send(
            encode(
                Solve(
                    task=self._task,
                    was_ready=self._was_ready,
                    elapsed_ms=elapsed_ms,
                    budget_ms=budget_ms,
                    payload_bytes=len(self._request),
                ),
                self._request,
            )
        )

    def _pass_on(self, wish: Stop) -> None:
        if self._wish is not None and (wish.keep or not self._wish.keep):
            return  # said already; only cancelling says more than stopping
        self._wish = wish
        self._pipe.send(encode(wish))
        grace_s = STOP_GRACE_S if wish.keep else CANCEL_GRACE_S
        self._end_by_s = min(self._end_by_s, self._elapsed_s() + grace_s)

    # what does not

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._started

    def _look_at_the_clock(self) -> Ending | None:
        now_s = self._elapsed_s()
        if now_s >= self._end_by_s:
            return self._at_wish() or Ending("time_limit", error=self._out_of_time())
        if not self._is_asked and now_s >= self._limits.ask_at_s:
            self._is_asked = True
            self._pipe.send(encode(Stop(keep=True)))
        silent_s = time.monotonic() - self._heard
        if self._hello_ms is None and now_s >= self._limits.start_s:
            return self._failure(f"The solver did not start within {self._limits.start_s:g} seconds.")
        if silent_s >= self._limits.silence_s:
            return self._failure(f"The solver gave no sign of life for {silent_s:.0f} seconds and was ended.")
        return None

    def _look_at_memory(self) -> Ending | None:
        if self._elapsed_s() < self._next_memory_look_s:
            return None
        self._next_memory_look_s = self._elapsed_s() + _POLL_S
        resident = self._pipe.resident_bytes()
        self._peak_bytes = max(self._peak_bytes, resident)
        return Ending("fault", error=self._out_of_memory()) if resident > self._limits.memory_bytes else None

    def _end_of_output(self) -> Ending | None:
        at_wish = self._at_wish()
        if at_wish is not None:
            return at_wish
        if self._was_ready and not self._has_begun:  # it died while it waited, which is no fault of this run
            self._pipe.end()
            self._was_ready, self._hello_ms = False, None
            self._pipe = self._start()
            return None
        code = self._pipe.exit_code(END_S)
        if self._pipe.lost:
            return self._failure(self._pipe.lost)
        if self._peak_bytes > self._limits.memory_bytes * _NEARLY_FULL:
            return Ending("fault", error=self._out_of_memory())
        details = {"exitCode": code}
        if code is None:
            return self._failure("The solver closed its output without an answer and was ended.")
        if code >= 0:
            return self._failure(f"The solver ended without an answer (exit code {code}).", details)
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        hint = " The machine may have run out of memory." if name == "SIGKILL" else ""
        return self._failure(f"The solver was ended from outside or crashed ({name}).{hint}", details)

    def _at_wish(self) -> Ending | None:
        if self._wish is None:
            return None
        return Ending("stopped", error=self._stopped_early()) if self._wish.keep else Ending("cancelled")

    def _failure(self, message: str, details: dict[str, Any] | None = None) -> Ending:
        return Ending("fault", error=_fault(message, {"step": self._step, **(details or {})}))

    def _stopped_early(self) -> TaktwerkError:
        return TaktwerkError(ErrorCode.SOLVER_TIMEOUT, "The run was stopped before it had found a plan.")

    def _out_of_time(self) -> TaktwerkError:
        limit_s = self._limits.time_limit_s
        last = f"its last step was “{self._step}”" if self._has_begun else "it was still starting"
        return TaktwerkError(
            ErrorCode.SOLVER_TIMEOUT,
            f"The solver found no plan within {limit_s:g} seconds; {last}. Your plan is as it was. Optimise again with "
            "more time, or with a smaller scope. Other programs may be keeping this PC busy.",
            {"timeLimit": limit_s, "step": self._step},
        )

    def _out_of_memory(self) -> TaktwerkError:
        limit_mib = self._limits.memory_bytes >> 20
        return TaktwerkError(
            ErrorCode.TOO_LARGE,
            f"The solver needed more memory than the {limit_mib} MiB it may use, and was ended. Raise the memory "
            "limit, use fewer solver threads, or optimise a smaller part of the schedule.",
            {"memoryLimit": limit_mib, "peak": self._peak_bytes >> 20},
        )


def _fault(message: str, details: dict[str, Any] | None = None) -> TaktwerkError:
    return TaktwerkError(ErrorCode.INTERRUPTED, message, dict(details or {}))
