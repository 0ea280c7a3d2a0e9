"""The solver's front door: a request in, an outcome out, with progress on the way.

Algorithm 4 runs priority rules alone. 2 gives their plan to CP-SAT as hint and horizon. 1 and 3 improve it by local
search and by CP-SAT at the same time, which share their plans: CP-SAT on the whole problem where that is small enough
(it then also proves bounds), on parts of it where it is not.
"""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING

from engine.check import Violation
from engine.horizon import natural_tick_ms
from engine.solve.bounds import lower_bound
from engine.solve.clock import Clock
from engine.solve.compile import compile_problem
from engine.solve.decoder import UNPLACEABLE
from engine.solve.dispatch import Dispatcher, Found, Limits
from engine.solve.evaluate import evaluate
from engine.solve.incumbents import Incumbents
from engine.solve.report import Outcome
from engine.solve.search import DISPATCH, Search
from engine.solve.warm_start import input_plan, input_solution, lock_conflicts

if TYPE_CHECKING:
    from engine.model import OptimizationRequest
    from engine.solve.problem import Problem
    from engine.solve.report import Reporter, StopFlag

_log = logging.getLogger("taktwerk.engine")

_GROWTHS = (2, 4)
_RULES_AT_MOST_S = 2.0


def solve(request: OptimizationRequest, report: Reporter, stop: StopFlag) -> Outcome:
    """Return the best plan for a request that can be found within its time limit.

    Parameters
    ----------
    request
        A valid request. The time limit counts from this call.
    report
        Told of steps, of every better plan (passed by the independent checker), and of bounds.
    stop
        When set, the run ends within some 0.2 s with the best plan so far.

    Returns
    -------
    Outcome
        'optimal' or 'feasible' with a plan; 'infeasible' with the rules that cannot hold together; 'unknown' when no
        plan was found and none is known not to exist.
    """
    return _Run(request, report, stop).run()


class _Run:
    """One call of ``solve``."""

    def __init__(self, request: OptimizationRequest, report: Reporter, stop: StopFlag) -> None:
        self._request = request
        self._options = request.options
        self._report = report
        self._stop = stop
        begin, limit = time.monotonic(), request.options.time_limit
        size = len(request.schedule_data.snapshot.events)
        reserve = min(0.3 + 2e-4 * size, 0.4 * limit)
        self._clock = Clock(begin, begin + limit - reserve, limit)
        self._warnings: list[str] = []

    def run(self) -> Outcome:
        """Solve at the tick that was asked for; if nothing comes of a coarse one, at the natural tick."""
        self._report.phase("Reading the schedule", 0.0)
        problem = compile_problem(self._request)
        broken = lock_conflicts(problem)
        if broken:
            return self._infeasible(broken)
        outcome = self._attempt(problem)
        if problem.is_exact or outcome.events is not None or self._stop.stopped:
            return outcome
        _log.info("no plan on a tick of %d ms; trying the natural one", problem.tick_ms)
        self._warnings.append(f"There was no plan on a tick of {problem.tick_ms} ms, so a finer one was used.")
        natural = natural_tick_ms(self._request.schedule_data, self._request)
        return self._attempt(compile_problem(self._request, tick_ms=natural))

    def _attempt(self, problem: Problem) -> Outcome:
        incumbents = Incumbents(problem, self._report)
        warm = self._take_input_plan(problem, incumbents) if self._options.warm_start else None
        self._report.phase("Dispatching by priority rules", self._clock.percentage)
        dispatcher = self._first_plan(problem, incumbents)
        problem = incumbents.problem
        if problem.is_exact:
            incumbents.raise_bound(lower_bound(problem, dispatcher.decoder.units))
        self._more_rules(dispatcher)
        if warm is not None and (incumbents.best is None or warm.vector < incumbents.best.vector):
            incumbents.best = warm
        is_infeasible = False
        if self._request.algorithm_id != DISPATCH and not incumbents.is_proven and not self._stop.stopped:
            search = Search(problem, incumbents, dispatcher, self._clock, self._report, self._stop)
            search.run(self._request.algorithm_id, self._workers)
            is_infeasible = search.is_infeasible
        incumbents.finish(quick=self._stop.stopped)
        return self._outcome(problem, incumbents, is_infeasible)

    # plans to begin with

    def _take_input_plan(self, problem: Problem, incumbents: Incumbents) -> Found | None:
        """Make the input plan the first incumbent if it is complete and breaks no rule."""
        plan = input_plan(self._request)
        if plan is None:
            return None
        incumbents.adopt(*plan)
        solution = input_solution(problem) if problem.is_exact else None
        return None if solution is None else Found(solution, evaluate(problem, solution), "the present plan")

    def _first_plan(self, problem: Problem, incumbents: Incumbents) -> Dispatcher:
        """Run rules until there is a plan; look further ahead where the calendars known so far leave no room."""
        dispatcher = self._dispatched(problem, incumbents)
        for growth in _GROWTHS:
            found_places = dispatcher.best is not None or (dispatcher.least_excess or 0) < UNPLACEABLE
            if found_places or not _has_calendars(problem):
                break
            problem = compile_problem(self._request, tick_ms=problem.tick_ms, growth=growth)
            incumbents.problem = problem
            dispatcher = self._dispatched(problem, incumbents)
        return dispatcher

    def _dispatched(self, problem: Problem, incumbents: Incumbents) -> Dispatcher:
        def offer(found: Found) -> None:
            incumbents.offer(found)

        dispatcher = Dispatcher(problem, self._stop, offer, self._options.seed)
        dispatcher.run(self._limits(passes=1, until_s=None))
        return dispatcher

    def _more_rules(self, dispatcher: Dispatcher) -> None:
        """Run the rest of the portfolio: some of the time for a search that follows, more if nothing does."""
        n = max(1, len(dispatcher.problem.ops))
        rules_only = self._request.algorithm_id == DISPATCH
        share = _RULES_AT_MOST_S if rules_only else min(2.0, 0.08 * self._clock.limit_s)
        passes = max(24, min(400, 20_000 // n)) if rules_only else max(10, min(60, 6_000 // n))
        dispatcher.run(self._limits(passes, share))
        if dispatcher.best is None:
            share = self._clock.limit_s if rules_only else 0.3 * self._clock.limit_s
            dispatcher.run(self._limits(min(4_000, 400_000 // n), share))

    def _limits(self, passes: int, until_s: float | None) -> Limits:
        """Return limits of a number of passes, and of time unless the run is to be repeatable."""
        until = self._clock.deadline
        if until_s is not None and not self._options.deterministic:
            until = min(until, time.monotonic() + until_s)
        return Limits(until, passes)

    @property
    def _workers(self) -> int:
        return self._options.workers or os.cpu_count() or 1

    # the end

    def _outcome(self, problem: Problem, incumbents: Incumbents, is_infeasible: bool) -> Outcome:
        warnings = [*problem.warnings, *self._warnings]
        bound = None if incumbents.bound is None else float(incumbents.bound)
        if incumbents.vector is not None:
            status = "optimal" if incumbents.is_proven else "feasible"
            return Outcome(status, incumbents.events, incumbents.vector, bound, warnings)
        if is_infeasible:
            return Outcome("infeasible", warnings=warnings)
        return Outcome("unknown", bound=bound, warnings=warnings, reason="No plan was found within the time limit.")

    def _infeasible(self, violations: list[Violation]) -> Outcome:
        """Return the outcome for locks that break rules whatever the rest of the plan is."""
        conflict = [
            {"rule": v.rule, "message": v.message, "eventIds": list(v.event_ids), "constraintId": v.constraint_id}
            for v in violations[:20]
        ]
        return Outcome("infeasible", conflict=conflict)


def _has_calendars(problem: Problem) -> bool:
    return any(r.working is not None for r in problem.resources)
