"""Explanations that need the solver, in a process of its own like every run: why there is no plan, what locks cost."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from typing import Any

from app.request_json import canonical_request
from app.run_execution import limits_of
from app.solver_process import Ending, SolverProcess
from engine.errors import ErrorCode, TaktwerkError
from engine.messages import FromSolver, Phase, Task
from engine.model import OptimizationRequest

OnPhase = Callable[[str, float], None]
"""Told the present step in plain words, and how far the task is (0-100)."""


def explain_infeasible(
    request: OptimizationRequest,
    time_limit_s: float,
    on_phase: OnPhase | None = None,
    stop_event: threading.Event | None = None,
    command: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Explain why a request has no plan, and what would help.

    Blocks for at most the time limit and a second.

    Parameters
    ----------
    request
        A valid request.
    time_limit_s
        Seconds for the task; it takes the place of the request's own.
    on_phase
        Told of steps, in this thread.
    stop_event
        Ends the task with what is known by then.
    command
        How to start the solver process; by default the one that comes with the program.

    Returns
    -------
    dict
        ``{status, conflict, repairs, isMinimal, seconds}``. ``status`` is ``infeasible``; ``feasible`` when there is a
        plan, so that there is nothing to explain; ``unknown`` when neither was settled in time. ``conflict`` has
        members ``{kind, id, text, proven, eventId?, orderId?, resourceId?, fact?}``, ``repairs``, cheapest first,
        ``{kind, id, text, price, priceText, change, eventId?, ...}``, which ``engine.solve.why.edits.apply_repair``
        carries out.

    Raises
    ------
    TaktwerkError
        What the solver's process says or how it failed: E001, E006; E002 when it did not answer in time; E007 when it
        was stopped before there was an answer.
    """
    return _run("explain_infeasible", request, time_limit_s, on_phase, stop_event, command)


def lock_prices(
    request: OptimizationRequest,
    time_limit_s: float,
    on_phase: OnPhase | None = None,
    stop_event: threading.Event | None = None,
    command: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Tell what each lock, the frozen period and each constraint costs the objective.

    Parameters and errors as in ``explain_infeasible``; E003 when the request has no plan as it stands, E002 when none
    was found.

    Returns
    -------
    dict
        As ``engine.solve.why.lock_price.lock_prices`` says.
    """
    return _run("lock_prices", request, time_limit_s, on_phase, stop_event, command)


def _run(
    task: Task,
    request: OptimizationRequest,
    time_limit_s: float,
    on_phase: OnPhase | None,
    stop_event: threading.Event | None,
    command: Sequence[str] | None,
) -> dict[str, Any]:
    options = request.options.model_copy(update={"time_limit": time_limit_s})
    request = request.model_copy(update={"options": options})

    def hear(message: FromSolver, _payload: bytes) -> None:
        if isinstance(message, Phase) and on_phase is not None:
            on_phase(message.name, message.percentage)

    process = SolverProcess(canonical_request(request), limits_of(request), hear, command, task, task)
    is_over = threading.Event()
    if stop_event is not None:
        threading.Thread(target=_watch, args=(stop_event, is_over, process), name="stop-watch", daemon=True).start()
    try:
        ending = process.run()
    finally:
        is_over.set()
    if ending.cause == "explained":
        return json.loads(ending.answer)
    raise _failure(ending, time_limit_s)


def _failure(ending: Ending, time_limit_s: float) -> TaktwerkError:
    """Say why there is no answer; what the process says of itself speaks of plans."""
    if ending.cause == "time_limit":
        message = f"There was no answer within {time_limit_s:g} seconds. Give it more time."
        return TaktwerkError(ErrorCode.SOLVER_TIMEOUT, message, {"timeLimit": time_limit_s})
    if ending.cause in ("stopped", "cancelled") or ending.error is None:
        return TaktwerkError(ErrorCode.INTERRUPTED, "It was stopped before there was an answer.")
    return ending.error


def _watch(stop_event: threading.Event, is_over: threading.Event, process: SolverProcess) -> None:
    while not is_over.is_set():
        if stop_event.wait(0.05):
            process.stop(keep=True)
            return
