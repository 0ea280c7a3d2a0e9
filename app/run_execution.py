"""One run from its request to a checked plan or a coded error: a solver process, and the judgement on its answer."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import psutil

from app.ready_worker import ReadyWorker
from app.solver_process import Ending, Limits, SolverProcess
from app.verification import Checked, Claim, verify
from app.worker_pipe import StartSolver
from engine.apply import placed_events
from engine.errors import ErrorCode, TaktwerkError
from engine.messages import Bound, FromSolver, Incumbent, Result, encode_plan
from engine.model import OptimizationRequest, OptimizationResult, RunStatus

_MIB: Final = 1 << 20
_KEPT_PLANS: Final = 3
"""How many plans are kept in memory; more than one, should the best turn out to be wrong."""
_CHECK_BASE_S: Final = 0.1
_CHECK_S_PER_OPERATION: Final = 80e-6
"""Measured: 0.6 s for 10,000 operations with calendars and setups, on a machine whose other core is busy.

And 0.08 s to make the certificate of so many.
"""
_CHECK_PER_ENCODING: Final = 3.0
_BUSIEST: Final = 4.0
_SHARE_OF_MACHINE: Final = 0.8
_ABOUT_THE_INPUT: Final = frozenset({ErrorCode.INVALID_SCHEDULE, ErrorCode.INFEASIBLE_PROBLEM})

_KEPT: Final = (
    "The solver found no plan of its own in the time it had; other programs may be keeping this PC busy. "
    "The plan stays as it is. For a better one, optimise again with more time."
)

_log = logging.getLogger("taktwerk.optimization")


@dataclass(frozen=True, slots=True)
class Conclusion:
    """How a run ended. ``checked`` is the plan that it leaves: its result when completed, else the best that it had."""

    status: RunStatus
    checked: Checked | None = None
    error: TaktwerkError | None = None

    @property
    def result(self) -> OptimizationResult | None:
        """The plan that it leaves, with its metrics."""
        return self.checked.result if self.checked else None


class RunExecution:
    """Carries out one run in a process of its own.

    Parameters
    ----------
    request, request_json
        What to solve, and the same as JSON.
    listener
        Called with every message of the solver but the last, and its payload, in the thread of :meth:`run`.
    command
        How to start the process, the real solver by default, or what starts it elsewhere.
    name
        Names the run in the log.
    encoding_s
        How long making ``request_json`` took, which tells how busy the machine is.
    ready
        Where a process may be had that waits already.
    """

    def __init__(
        self,
        request: OptimizationRequest,
        request_json: bytes,
        listener: Callable[[FromSolver, bytes], None],
        command: Sequence[str] | StartSolver | None = None,
        name: str = "run",
        encoding_s: float = 0.0,
        ready: ReadyWorker | None = None,
    ) -> None:
        self._request = request
        self._listener = listener
        self._plans: list[Claim] = []
        self._first_solution_ms: int | None = None
        self._bound: float | None = None
        self._wish_to_keep: bool | None = None
        self._wish_lock = threading.Lock()
        limits = limits_of(request, encoding_s)
        self._process = SolverProcess(request_json, limits, self._hear, command, name, ready=ready)
        self._name = name

    def stop(self, keep: bool) -> None:
        """Ask for an end, from any thread: with the best plan so far, or (``keep`` false) without one."""
        with self._wish_lock:
            self._wish_to_keep = keep if self._wish_to_keep is None else self._wish_to_keep and keep
        self._process.stop(keep)

    @property
    def has_plans(self) -> bool:
        """Whether the solver has told a plan, checked or not."""
        return bool(self._plans)

    def run(self, on_solved: Callable[[], None] = lambda: None) -> Conclusion:
        """Solve, check and judge. Blocks for at most the time limit and a second.

        Parameters
        ----------
        on_solved
            Called when the solver is done and the checking begins.
        """
        self._begun = time.monotonic()
        ending = self._process.run()
        if ending.cause != "cancelled":
            on_solved()
        conclusion = self._judge(ending)
        if self._wish_to_keep is False:  # the planner's wish came while the plan was being checked
            return Conclusion(RunStatus.CANCELLED)
        return conclusion

    # inside

    def _hear(self, message: FromSolver, payload: bytes) -> None:
        if isinstance(message, Incumbent):
            if self._first_solution_ms is None:
                self._first_solution_ms = message.elapsed_ms
            self._bound = message.bound
            self._plans.append(Claim(payload, message.vector, message.elapsed_ms))
            self._plans.sort(key=lambda plan: plan.vector or ())
            del self._plans[_KEPT_PLANS:]
        elif isinstance(message, Bound):
            self._bound = message.bound
        self._listener(message, payload)

    def _judge(self, ending: Ending) -> Conclusion:
        match ending.cause:
            case "result" if ending.result is not None:
                return self._judge_result(ending.result, ending.plan)
            case "cancelled":
                return Conclusion(RunStatus.CANCELLED)
            case "stopped":
                return self._complete_with_best() or Conclusion(RunStatus.CANCELLED)
            case _:
                return self._judge_failure(ending)

    def _judge_result(self, result: Result, plan: bytes) -> Conclusion:
        claim = Claim(
            plan=plan,
            vector=result.vector,
            elapsed_ms=result.elapsed_ms,
            is_optimal=result.status == "optimal",
            bound=result.bound,
            first_solution_ms=result.first_solution_ms,
            warnings=result.warnings,
        )
        try:
            return Conclusion(RunStatus.COMPLETED, verify(self._request, claim))
        except TaktwerkError as error:
            _log.error("%s: the result was refused: %s", self._name, error)
            return self._failed(error, self._best())

    def _judge_failure(self, ending: Ending) -> Conclusion:
        error = ending.error or TaktwerkError(ErrorCode.INTERRUPTED, "The solver ended without an answer.")
        if ending.cause == "time_limit":
            warning = "The solver did not answer at the time limit and was ended; this is the best plan it had told."
            return self._complete_with_best(warning) or self._keep_present() or self._without_plan(error)
        if ending.cause == "failed" and error.code is ErrorCode.SOLVER_TIMEOUT:
            return self._complete_with_best() or self._keep_present() or self._without_plan(error)
        return self._failed(error, None if error.code in _ABOUT_THE_INPUT else self._best())

    def _complete_with_best(self, *warnings: str) -> Conclusion | None:
        best = self._best()
        if best is None:
            return None
        result = best.result.model_copy(update={"warnings": (*best.result.warnings, *warnings)})
        return Conclusion(RunStatus.COMPLETED, replace(best, result=result))

    def _keep_present(self) -> Conclusion | None:
        """Conclude with the plan that the run began with, where a warm start promises nothing worse than that."""
        if not self._request.options.warm_start or self._wish_to_keep is not None:
            return None
        present = list(placed_events(self._request.schedule_data))
        if not present or any(event.start_date is None for event in present):
            return None
        claim = Claim(encode_plan(present), None, round((time.monotonic() - self._begun) * 1000), warnings=(_KEPT,))
        try:
            return Conclusion(RunStatus.COMPLETED, verify(self._request, claim))
        except TaktwerkError as error:
            _log.debug("%s: the present plan is no result: %s", self._name, error)
            return None

    def _without_plan(self, error: TaktwerkError) -> Conclusion:
        """A run that the planner stopped before it had a plan did not fail."""
        return Conclusion(RunStatus.CANCELLED) if self._wish_to_keep else self._failed(error, None)

    def _failed(self, error: TaktwerkError, best: Checked | None) -> Conclusion:
        if not self._plans:
            return Conclusion(RunStatus.FAILED, None, error)
        kept = " The best plan found before is kept and can be applied." if best else ""
        told = TaktwerkError(error.code, error.message + kept, {**error.details, "hasIncumbent": best is not None})
        return Conclusion(RunStatus.FAILED, best, told)

    def _best(self) -> Checked | None:
        """Return the best plan told so far that passes the check."""
        elapsed_ms = round((time.monotonic() - self._begun) * 1000)
        for plan in self._plans:
            claim = replace(plan, elapsed_ms=elapsed_ms, bound=self._bound, first_solution_ms=self._first_solution_ms)
            try:
                return verify(self._request, claim)
            except TaktwerkError as error:
                _log.error("%s: a plan was refused: %s", self._name, error)
        return None


def limits_of(request: OptimizationRequest, encoding_s: float = 0.0) -> Limits:
    """Return what the solver may use for a request: its time, less what checking will take, and memory.

    Checking takes about three times as long as encoding the request took, more on a busy machine, and is Python like
    that: so a machine that others keep busy leaves the solver less, rather than let the run overrun.
    """
    operations = len(request.schedule_data.snapshot.events)
    limit_s, limit_mib = request.options.time_limit, request.options.memory_limit
    check_s = _CHECK_BASE_S + operations * _CHECK_S_PER_OPERATION
    if encoding_s > _CHECK_BASE_S:
        check_s = max(check_s, min(encoding_s * _CHECK_PER_ENCODING, check_s * _BUSIEST))
    memory = round(psutil.virtual_memory().total * _SHARE_OF_MACHINE)
    if limit_mib is not None:
        # The solver guards its own limit and tells; this is for when it cannot.
        memory = min(memory, (limit_mib + limit_mib // 8 + 32) * _MIB)
    return Limits(time_limit_s=limit_s, reserve_s=check_s, memory_bytes=memory)
