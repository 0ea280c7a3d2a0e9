"""Is there any plan at all? The question behind every explanation, asked of ever new variants of one request.

Rules first, which find most plans, then bounds and CP-SAT, which prove that there is none. An answer is 'unknown' where
the time given did not suffice; no answer is ever a guess.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from engine.apply import apply_result
from engine.check import check, untolerated
from engine.pinning import pins
from engine.plan import PlanFacts
from engine.solve.cpsat.frame import Frame, Index
from engine.solve.cpsat.running import Settings
from engine.solve.cpsat.search import CpSatResult, find_plan, solve_cpsat
from engine.solve.cpsat.sizes import far_end
from engine.solve.cpsat.windows import compute_windows
from engine.solve.dispatching.decoder import UNPLACEABLE
from engine.solve.dispatching.dispatch import Dispatcher, Limits
from engine.solve.problem.compile import compile_problem
from engine.solve.problem.conversion import to_events
from engine.solve.report import StopFlag
from engine.solve.warm_start import lock_conflicts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.model import OptimizationRequest, PlacedEvent
    from engine.solve.problem.problem import Problem, Solution

Verdict = Literal["feasible", "infeasible", "unknown"]

_RULES_S = 0.3
_PASSES = 8
_GROWTH = 2
_BUILDING_S_PER_OPERATION = 0.004
_READING_S_PER_OPERATION = 1.5e-4
_ONE_THREAD_UP_TO = 60
_QUICK_SHARE, _QUICK_AT_MOST_S = 0.3, 8.0


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a request has a plan, and one of its plans if it has."""

    verdict: Verdict
    events: list[PlacedEvent] | None = None


class Judge:
    """Answers whether requests have a plan.

    Parameters
    ----------
    stop
        Ends the answer under way: it becomes 'unknown'.
    workers
        Threads of CP-SAT.
    """

    def __init__(self, stop: StopFlag, workers: int = 1) -> None:
        self.solves = 0
        self._stop = stop
        self._workers = workers

    def find(self, request: OptimizationRequest, until: float) -> Finding:
        """Return whether there is a plan, by the moment ``until`` of ``time.monotonic``."""
        if not self._has_time_to_read(request, until):
            return Finding("unknown")
        self.solves += 1
        with _stopping(self._stop, until) as stop:
            problem = compile_problem(request)
            if lock_conflicts(problem):
                return Finding("infeasible")
            finding, lacks_room = self._look(problem, until, stop)
            if finding.verdict == "infeasible" and lacks_room and not stop.stopped:
                finding, _ = self._look(compile_problem(request, growth=_GROWTH), until, stop)
            return finding

    def has_no_room(self, request: OptimizationRequest) -> bool:
        """Whether dates, dependencies and calendars alone prove that there is no plan: much quicker to see."""
        self.solves += 1
        return _has_empty_window(compile_problem(request))

    def least(self, request: OptimizationRequest, until: float) -> Finding:
        """Return the best plan for the request's objective that is found in time; 'infeasible' is proven."""
        if not self._has_time_to_read(request, until):
            return Finding("unknown")
        self.solves += 1
        with _stopping(self._stop, until) as stop:
            problem = compile_problem(request)
            if lock_conflicts(problem):
                return Finding("infeasible")
            dispatcher = Dispatcher(problem, stop)
            found = dispatcher.run(Limits(time.monotonic() + min(_RULES_S, self._left(until) / 4), 4 * _PASSES))
            best = None if found is None else found.solution
            if self._affords_model(problem, until) and not (found is not None and not any(found.vector)):
                result = solve_cpsat(problem, best, self._settings(problem, until), stop)
                best = result.solution if result.solution is not None else best
                if best is None and result.status == "infeasible":
                    return Finding("infeasible")
            return Finding("unknown") if best is None else self._found(problem, best)

    def _look(self, problem: Problem, until: float, stop: StopFlag) -> tuple[Finding, bool]:
        """Return the finding for one problem, and whether its calendars may reach too short."""
        if _has_empty_window(problem):
            return Finding("infeasible"), False
        dispatcher = Dispatcher(problem, stop)
        found = dispatcher.run(Limits(time.monotonic() + min(_RULES_S, self._left(until) / 4), _PASSES))
        if found is not None:
            return self._found(problem, found.solution), False
        lacks_room = (dispatcher.least_excess or 0) >= UNPLACEABLE
        if not self._affords_model(problem, until):
            return Finding("unknown"), lacks_room
        result = find_plan(problem, self._settings(problem, until), stop)
        if result.solution is not None:
            return self._found(problem, result.solution), False
        return Finding("infeasible" if result.status == "infeasible" else "unknown"), lacks_room

    def _found(self, problem: Problem, solution: Solution) -> Finding:
        events = to_events(problem, solution)
        return Finding("feasible" if keeps_rules(problem.request, events) else "unknown", events)

    def _settings(self, problem: Problem, until: float) -> Settings:
        few = len(problem.movable) <= _ONE_THREAD_UP_TO
        return Settings(until, 1 if few else self._workers)

    def _has_time_to_read(self, request: OptimizationRequest, until: float) -> bool:
        size = len(request.schedule_data.snapshot.events)
        return self._left(until) > _READING_S_PER_OPERATION * size and not self._stop.stopped

    def _affords_model(self, problem: Problem, until: float) -> bool:
        return self._left(until) > _BUILDING_S_PER_OPERATION * len(problem.movable) and not self._stop.stopped

    def _left(self, until: float) -> float:
        return max(0.0, until - time.monotonic())


def _has_empty_window(problem: Problem) -> bool:
    """Whether dates, dependencies and calendars alone leave some operation no place: quick to see at any size.

    Beyond the window that is known, calendars are taken to always work.
    """
    frame = Frame(Index(problem), problem.movable, None, (0, far_end(problem)), problem.window_end)
    return any(window.is_empty for window in compute_windows(frame).values())


@contextmanager
def _stopping(stop: StopFlag, until: float) -> Iterator[StopFlag]:
    """Give a stop flag that is set with another one, or at a moment."""
    own = StopFlag()
    withdraw = stop.on_stop(own.stop)
    timer = threading.Timer(max(0.0, until - time.monotonic()), own.stop)
    timer.daemon = True
    timer.start()
    try:
        yield own
    finally:
        timer.cancel()
        withdraw()


def keeps_rules(request: OptimizationRequest, events: list[PlacedEvent]) -> bool:
    """Whether the independent checker passes a plan for a request."""
    schedule = apply_result(request.schedule_data, events, mark_manual=False)
    violations = check(schedule, request=request, facts=PlanFacts(schedule))
    return not untolerated(violations, pins(request.schedule_data, request))


def any_plan(problem: Problem, limit_s: float, settings: Settings, stop: StopFlag) -> CpSatResult:
    """Look for a while for any plan of a problem, or prove that there is none: for runs whose rules found none.

    Parameters
    ----------
    problem
        What has no plan so far.
    limit_s
        The run's time limit, of which a part is used at most.
    settings, stop
        Of CP-SAT; ends the trial.
    """
    if _has_empty_window(problem):
        return CpSatResult("infeasible")
    seconds = min(_QUICK_AT_MOST_S, _QUICK_SHARE * limit_s)
    if stop.stopped or seconds < _BUILDING_S_PER_OPERATION * len(problem.movable):
        return CpSatResult("unknown")
    until = settings.deadline
    if settings.effort is None:
        until = min(until, time.monotonic() + seconds)
    return find_plan(problem, replace(settings, deadline=until), stop)
