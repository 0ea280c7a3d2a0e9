"""The solver's front door: a request in, an outcome out, with progress on the way.

Algorithm 4 runs priority rules alone. 2 gives their plan to CP-SAT as hint and horizon. 1 and 3 improve it by local
search and by CP-SAT at the same time, which share their plans: CP-SAT on the whole problem where that is small enough
(it then also proves bounds), on parts of it where it is not.
"""

from __future__ import annotations

import importlib
import logging
import os
import threading
import time
from typing import TYPE_CHECKING

from engine.check import Violation
from engine.horizon import natural_tick_ms
from engine.solve.clock import Clock
from engine.solve.dispatching.decoder import UNPLACEABLE
from engine.solve.dispatching.dispatch import Dispatcher, Found, Limits, stays_close
from engine.solve.incumbents import Incumbents
from engine.solve.problem.bounds import lower_bound
from engine.solve.problem.compile import compile_problem
from engine.solve.problem.evaluate import evaluate
from engine.solve.report import Outcome
from engine.solve.searches.flat import supports_flat
from engine.solve.searches.warm import wait_for_kernels, warm_in_background
from engine.solve.warm_start import input_plan, input_solution, lock_conflicts
from engine.validation.reading import uncollected

if TYPE_CHECKING:
    from engine.model import OptimizationRequest
    from engine.solve.dispatching.rules import CompiledRules
    from engine.solve.problem.problem import Problem
    from engine.solve.report import Reporter, StopFlag

_log = logging.getLogger("taktwerk.engine")

_DISPATCH = 4
_GROWTHS = (2, 4)
_POLL_S = 0.05
_RULES_AT_MOST_S = 2.0
_RULES_SHARE_OF_REST = 0.2
_LARGE, _MANY, _HUGE = 500, 3_000, 30_000
_END_S = 0.3
_CHECK_S_PER_OPERATION = 7e-5
_CHECK_IN_DOUBT = 1.2
_FIRST_PASSES = 3
_KERNELS_LOAD_WITHIN_S = 4.0
_COUNTED_PASSES = 1_600  # by second of the time limit and operation: about a twentieth of that time


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
    run = _Run(request, report, stop)
    return run.explained(run.run())


class _Run:
    """One call of ``solve``."""

    def __init__(self, request: OptimizationRequest, report: Reporter, stop: StopFlag) -> None:
        self._request = request
        self._options = request.options
        self._report = report
        self._stop = stop
        size = len(request.schedule_data.snapshot.events)
        kept_s = _END_S + _CHECK_S_PER_OPERATION * size
        self._clock = Clock(time.monotonic(), request.options.time_limit, kept_s)
        self._warnings: list[str] = []
        self._rules: CompiledRules | None = None
        if size > _HUGE:
            warm_in_background("rules")

    def run(self) -> Outcome:
        """Solve at the tick that was asked for; if nothing comes of a coarse one, at the natural tick."""
        self._report.phase("Reading the schedule", 0.0)
        with uncollected():
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
        with uncollected():
            dispatcher = self._first_plan(problem, incumbents)
        problem = incumbents.problem
        if problem.is_exact:
            incumbents.raise_bound(lower_bound(problem, dispatcher.decoder.units))
        searches = self._request.algorithm_id != _DISPATCH
        patience = min(_KERNELS_LOAD_WITHIN_S, 0.2 * self._clock.limit_s)
        is_near = self._options.incremental_mode and dispatcher.best is not None  # other plans would be far away
        rules = self._compiled_rules(dispatcher, patience) if len(problem.movable) > _LARGE and not is_near else None
        loading = _load_in_background("engine.solve.search") if searches else None  # nothing waits for this second
        if rules is None and not is_near:
            self._more_rules(dispatcher)
            rules = self._compiled_rules(dispatcher, 0.0) if len(problem.movable) > _LARGE else None
        if rules is not None:
            self._rules_by_kernels(rules, incumbents)
            if incumbents.best is None:
                self._more_rules(dispatcher)
        is_infeasible = dispatcher.best is None and incumbents.vector is None and self._lacks_plan(problem, incumbents)
        if dispatcher.best is None and incumbents.vector is None and not is_infeasible:
            self._yet_more_rules(dispatcher)
        if warm is not None and (incumbents.best is None or warm.vector < incumbents.best.vector):
            incumbents.best = warm
        is_over = is_infeasible or incumbents.is_proven or self._stop.stopped
        if loading is not None and not is_over and self._waits_for(loading):
            from engine.solve.search import Search

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
            if incumbents.check_s:
                self._clock.keep(_END_S + _CHECK_IN_DOUBT * incumbents.check_s)

        dispatcher = Dispatcher(problem, self._stop, offer, self._options.seed)
        n = len(problem.movable)
        if (n > _HUGE or (n > _MANY and wait_for_kernels("rules", 0.0))) and not stays_close(problem):
            rules = self._compiled_rules(dispatcher, _KERNELS_LOAD_WITHIN_S)
            if rules is not None:
                rules.turn(_FIRST_PASSES, offer, until_found=True)
                dispatcher.best = rules.best
        if dispatcher.best is None:
            dispatcher.run(self._limits(passes=1, until_s=None))
        return dispatcher

    def _more_rules(self, dispatcher: Dispatcher) -> None:
        """Run the rest of the portfolio: some of the time for a search that follows, more if nothing does."""
        n = max(1, len(dispatcher.problem.ops))
        rules_only = self._request.algorithm_id == _DISPATCH
        share = _RULES_AT_MOST_S if rules_only else min(2.0, 0.08 * self._clock.limit_s)
        passes = max(24, min(400, 20_000 // n)) if rules_only else max(10, min(60, 6_000 // n))
        dispatcher.run(self._limits(passes, share))

    def _rules_by_kernels(self, rules: CompiledRules, incumbents: Incumbents) -> None:
        """Run the compiled portfolio for a while, longer on what is very large."""
        rules.best = incumbents.best

        def offer(found: Found) -> None:
            incumbents.offer(found)

        def is_over() -> bool:
            return self._stop.stopped or incumbents.is_proven or self._clock.left_s <= 0

        share = min(_RULES_AT_MOST_S, 0.08 * self._clock.limit_s) * (1 + len(rules.problem.movable) / _HUGE)
        rules.run(min(share, _RULES_SHARE_OF_REST * self._clock.left_s), is_over, offer)

    def _compiled_rules(self, dispatcher: Dispatcher, patience_s: float) -> CompiledRules | None:
        """Return the compiled portfolio for a problem, or None where it is not to be had so soon."""
        problem = dispatcher.problem
        if self._rules is not None and self._rules.problem is problem:
            return self._rules
        if self._options.deterministic or not supports_flat(problem):
            return None
        warm_in_background("rules")
        until = time.monotonic() + patience_s
        while not wait_for_kernels("rules", min(_POLL_S, patience_s)):
            if self._stop.stopped or time.monotonic() >= until:
                return None
        from engine.solve.dispatching.rules import CompiledRules

        self._rules = CompiledRules(problem, self._options.seed, dispatcher.priorities)
        return self._rules

    def _waits_for(self, loading: threading.Thread) -> bool:
        """Wait for modules to be loaded; return whether they are before the time is up."""
        while loading.is_alive() and self._clock.left_s > 0 and not self._stop.stopped:
            loading.join(min(_POLL_S, self._clock.left_s))
        return not loading.is_alive()

    def _yet_more_rules(self, dispatcher: Dispatcher) -> None:
        """Go on with the portfolio where nothing has found a plan yet."""
        n = max(1, len(dispatcher.problem.ops))
        share = self._clock.limit_s if self._request.algorithm_id == _DISPATCH else 0.3 * self._clock.limit_s
        passes = min(4_000, 400_000 // n)
        if self._options.deterministic:
            passes = min(passes, 20 + int(_COUNTED_PASSES * self._clock.limit_s / n))
        dispatcher.run(self._limits(passes, share))

    def _lacks_plan(self, problem: Problem, incumbents: Incumbents) -> bool:
        """Where rules find no plan: have CP-SAT find one, or prove that there is none."""
        from engine.solve.cpsat.running import Settings, effort_of
        from engine.solve.why.feasibility import any_plan

        options, repeatable = self._options, self._options.deterministic and self._workers == 1
        effort = effort_of(0.2 * self._clock.limit_s, len(problem.movable)) if repeatable else None
        settings = Settings(self._clock.deadline, self._workers, options.seed, effort)
        found = any_plan(problem, self._clock.limit_s, settings, self._stop)
        if found.solution is not None and self._request.algorithm_id != _DISPATCH:
            incumbents.offer(Found(found.solution, evaluate(problem, found.solution), "CP-SAT"))
        return found.status == "infeasible"

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
            {"kind": v.rule, "id": (v.constraint_id or v.event_ids[0]), "text": v.message, "eventId": v.event_ids[0]}
            for v in violations[:20]
        ]
        return Outcome("infeasible", conflict=[member | {"proven": False} for member in conflict])

    def explained(self, outcome: Outcome) -> Outcome:
        """Spend what is left of the time of a run that has no plan on the reasons."""
        if outcome.status == "infeasible" and not self._stop.stopped:
            from engine.solve.tasks import explain

            self._report.phase("Finding out why there is no plan", self._clock.percentage)
            explain(self._request, outcome, self._clock.deadline, self._stop, self._workers)
        return outcome


def _load_in_background(module: str) -> threading.Thread:
    thread = threading.Thread(target=importlib.import_module, args=(module,), name=f"load {module}", daemon=True)
    thread.start()
    return thread


def _has_calendars(problem: Problem) -> bool:
    return any(r.working is not None for r in problem.resources)
