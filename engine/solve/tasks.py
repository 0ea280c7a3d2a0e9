"""What the solver's process does besides optimising: why there is no plan, and what locks cost. Answers are JSON."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from engine.solve.why.feasibility import Judge
from engine.solve.why.infeasible import Explanation, explain_in_time
from engine.solve.why.lock_price import lock_prices
from engine.solve.why.rules_given import prepared

if TYPE_CHECKING:
    from engine.messages import Task
    from engine.model import OptimizationRequest
    from engine.solve.report import Outcome, Reporter, StopFlag

_SHARE_FOR_PROOF = 0.4
_RESERVE_S, _RESERVE_SHARE = 0.5, 0.1


def carry_out(task: Task, request: OptimizationRequest, report: Reporter, stop: StopFlag) -> dict[str, Any]:
    """Carry out a task within the request's time limit, and return its answer as JSON.

    Parameters
    ----------
    task
        ``explain_infeasible`` answers ``{status, conflict, repairs, isMinimal, seconds}``, where ``status`` is
        ``infeasible``, ``feasible`` (there is a plan, so nothing to explain) or ``unknown``. ``lock_prices`` answers as
        ``engine.solve.why.lock_price.lock_prices`` says.
    request
        A valid request; its time limit counts from this call.
    report
        Told of steps.
    stop
        Ends the task early, with what is known by then.
    """
    begin, limit = time.monotonic(), request.options.time_limit
    until = begin + limit - min(_RESERVE_S, _RESERVE_SHARE * limit)
    workers = request.options.workers or os.cpu_count() or 1
    if task == "lock_prices":
        return lock_prices(request, until, report, stop)
    report.phase("Looking for any plan", 0.0)
    judge = Judge(stop, workers)
    verdict = judge.find(prepared(request), begin + _SHARE_FOR_PROOF * limit).verdict
    found = Explanation()
    if verdict == "infeasible":
        report.phase("Finding out why there is no plan", 100 * (time.monotonic() - begin) / limit)
        found = explain_in_time(request, until, stop, workers)
    return {
        "status": verdict,
        "conflict": found.conflict,
        "repairs": found.repairs,
        "isMinimal": found.is_minimal,
        "seconds": round(time.monotonic() - begin, 2),
    }


def explain(request: OptimizationRequest, outcome: Outcome, until: float, stop: StopFlag, workers: int) -> None:
    """Put the reasons into the outcome of a run that was proven to have no plan.

    What the outcome names already as conflict stays where there is no better answer.
    """
    found = explain_in_time(request, until, stop, workers)
    if found.conflict:
        outcome.conflict, outcome.repairs = found.conflict, found.repairs
