"""Improving a plan by several searches at once that share what they find."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from engine.solve.cpsat.lns import NeighbourhoodSearch
from engine.solve.cpsat.running import Settings, effort_of
from engine.solve.cpsat.search import solve_cpsat
from engine.solve.cpsat.sizes import is_too_large
from engine.solve.dispatching.dispatch import Dispatcher, Found, Limits
from engine.solve.problem.evaluate import evaluate
from engine.solve.problem.problem import NO_RESOURCE
from engine.solve.report import StopFlag
from engine.solve.searches.elite import Elite
from engine.solve.searches.flow import supports_flow
from engine.solve.searches.graph import supports_graph
from engine.solve.searches.local_search import LocalSearch
from engine.solve.searches.project import supports_project
from engine.solve.searches.shop import supports_tabu
from engine.solve.searches.warm import CannotStart, search_class, wait_for_kernels, warm_in_background

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.solve.clock import Clock
    from engine.solve.incumbents import Incumbents
    from engine.solve.problem.problem import Problem, Solution
    from engine.solve.report import Reporter
    from engine.solve.searches.warm import CompiledSearch, Kind

_log = logging.getLogger("taktwerk.engine")

CP_SAT, LNS = 2, 3
_PHASE_EVERY_S = 0.5
_SMALL = 60
_PROVABLE = 200
_WORTH_PARTS: dict[Kind, int] = {"flow": 2_000, "tabu": 3_000, "list": 500}
_LOCAL_SEARCH_FIRST = 0.12
_PASSES_PER_SECOND_AND_OPERATION = 8_000
_BUILDING_S_PER_OPERATION = 0.005
_TINY = 8
_SHARE_OF_COUNTS = 0.2
_S_PER_STEP = 0.5
_POLL_S = 0.05
_TURN_S = 1.0
_KERNELS_LOAD_WITHIN_S = 1.5
_PLAIN_TURN_S = 0.5
_CP_SAT_MARGIN_S = 0.1
_CP_SAT_HAS_TO_SHOW_WITHIN = 0.3
_PROVABLE_GAP = 0.02
_CP_SAT_STOPS_WITHIN_S = 0.25


class Search:
    """One run's searches.

    Attributes
    ----------
    is_infeasible
        Whether the problem was proven to have no plan at all.
    """

    def __init__(
        self,
        problem: Problem,
        incumbents: Incumbents,
        dispatcher: Dispatcher,
        clock: Clock,
        report: Reporter,
        stop: StopFlag,
    ) -> None:
        self.is_infeasible = False
        self._problem = problem
        self._incumbents = incumbents
        self._dispatcher = dispatcher
        self._clock = clock
        self._report = report
        self._options = problem.request.options
        self._next_phase_at = 0.0
        self._stop = StopFlag()
        self._withdraw = stop.on_stop(self._stop.stop)
        self._local: LocalSearch | None = None
        self._neighbourhoods: NeighbourhoodSearch | None = None
        self._rounds = 0
        self._kind: Kind | None = _kind_for(problem)
        self._elite = Elite(len(problem.movable), clock.limit_s)
        self._cp_sat_stop = StopFlag()
        self._cp_sat_has_to_show_by: float | None = None

    def run(self, algorithm: int, workers: int) -> None:
        """Search until the time is up, the plan is proven optimal, or a stop is asked for."""
        try:
            whole = self._is_worth_modelling()
            if self._options.deterministic and workers == 1:
                self._run_repeatably(algorithm, whole)
            elif self._incumbents.best is None:
                self._cp_sat_beside(workers, None)
            else:
                self._run_freely(algorithm, workers, whole)
        finally:
            self._withdraw()

    def _is_worth_modelling(self) -> bool:
        """Whether CP-SAT can be expected to have a model of the whole problem well before the time is up."""
        n = len(self._problem.movable)
        return not is_too_large(self._problem) and 0.4 * self._clock.limit_s > _BUILDING_S_PER_OPERATION * n

    def _run_repeatably(self, algorithm: int, whole: bool) -> None:
        """Search by counts alone, one thing after the other, each far below what the time would allow."""
        n, limit_s = max(1, len(self._problem.movable)), self._clock.limit_s
        if self._incumbents.best is not None and n > _TINY:
            passes = _SHARE_OF_COUNTS * limit_s * _PASSES_PER_SECOND_AND_OPERATION / n
            self._local_search(self._clock.deadline, max(1, int(passes)))
        if self._is_over:
            return
        whole = whole and (algorithm == CP_SAT or n <= (_SMALL if algorithm == LNS else _PROVABLE))
        if self._incumbents.best is None or whole:
            self._cp_sat_beside(1, None, effort_of(_SHARE_OF_COUNTS * limit_s, n))
        elif algorithm != CP_SAT:
            self._parts(self._clock.deadline, max(1, int(_SHARE_OF_COUNTS * limit_s / _S_PER_STEP)))

    def _run_freely(self, algorithm: int, workers: int, whole: bool) -> None:
        """Local search alone for a start, then beside CP-SAT: on the whole problem, or on parts of it."""
        n = len(self._problem.movable)
        whole = whole and algorithm != LNS
        only_cp_sat = whole and self._kind is None  # no local search knows all of its rules
        alone = _LOCAL_SEARCH_FIRST if n > _SMALL and not only_cp_sat else _LOCAL_SEARCH_FIRST / 6
        self._local_search(time.monotonic() + alone * self._clock.left_s)
        if self._is_over:
            return
        if only_cp_sat:
            self._cp_sat_beside(workers, None)
        elif whole and (algorithm == CP_SAT or not self._is_beyond_proof()):
            beside = None if workers == 1 or algorithm == CP_SAT else self._clock.deadline
            self._cp_sat_beside(workers if beside is None else workers - 1, beside)
        elif workers > 1:
            self._team(workers - 1)
        self._in_turns()

    def _is_beyond_proof(self) -> bool:
        """Whether CP-SAT on the whole would neither prove anything nor find what local search does not.

        Measured on plants with setups and calendars: from some 200 operations on its bound on lateness stays at 0.
        """
        first = self._problem.objective.names[:1]
        return len(self._problem.movable) > _PROVABLE and first != ("minimize_makespan",)

    def _team(self, helpers: int) -> None:
        """Search in several threads until the time is up: half of them CP-SAT on parts, the others like this one.

        Parts of a large shop are hardly ever worth their model: there, all do what this one does.
        """
        until = self._clock.deadline
        like_this = len(self._problem.movable) > _WORTH_PARTS.get(self._kind or "list", 1 << 60)
        works = [
            (lambda: self._local_search(until)) if i % 2 or like_this else (lambda: self._parts(until))
            for i in range(helpers)
        ]
        threads = [threading.Thread(target=self._guarded, args=(work,), daemon=True) for work in works]
        for thread in threads:
            thread.start()
        self._local_search(until)
        self._stop.stop()
        for thread in threads:
            thread.join(_CP_SAT_STOPS_WITHIN_S)

    def _in_turns(self) -> None:
        """Search by turns in this one thread until the time is up."""
        while not self._is_over:
            self._parts(time.monotonic() + _TURN_S)
            if not self._is_over:
                self._local_search(time.monotonic() + _TURN_S)

    def _parts(self, until: float, steps: int | None = None, *, anew: bool = False) -> None:
        """Improve the best plan by CP-SAT on parts of it; with ``steps``, repeatably.

        ``anew`` has a search of its own, for a thread beside others.
        """
        incumbents = self._incumbents
        if incumbents.best is None:
            return
        parts = self._neighbourhoods
        if parts is None or anew:
            seed, repeatable = self._options.seed + (self._rounds if anew else 0), steps is not None
            parts = NeighbourhoodSearch(self._problem, incumbents.best, seed, is_repeatable=repeatable)
            self._rounds += anew
            self._neighbourhoods = self._neighbourhoods if anew else parts

        seen = incumbents.rejections

        def watch() -> None:
            nonlocal seen
            best = incumbents.best
            if best is not None and (best.vector < parts.best.vector or seen != incumbents.rejections):
                seen = incumbents.rejections
                parts.rebase(best)
            self._housekeeping()

        until = min(until, self._clock.deadline - _CP_SAT_MARGIN_S)
        parts.run(Limits(until, steps or 1 << 60), self._stop, self._take, watch)

    def _cp_sat_beside(self, workers: int, local_search_until: float | None, effort: float | None = None) -> None:
        """Run CP-SAT on the whole problem in its own thread, with local search beside it if there is time.

        In a thread, because building and presolving a model cannot be interrupted: when the time is up, this returns.
        """
        cp_sat = threading.Thread(target=self._guarded, args=(lambda: self._cp_sat(workers, effort),), daemon=True)
        if local_search_until is not None and self._kind == "tabu" and len(self._problem.movable) > _PROVABLE:
            self._cp_sat_has_to_show_by = time.monotonic() + _CP_SAT_HAS_TO_SHOW_WITHIN * self._clock.left_s
        cp_sat.start()
        if local_search_until is not None:
            self._local_search(local_search_until)
        while cp_sat.is_alive() and not self._is_over:
            self._housekeeping()
            cp_sat.join(_POLL_S)
        if cp_sat.is_alive():
            self._stop.stop()
            cp_sat.join(_CP_SAT_STOPS_WITHIN_S)

    @property
    def _is_over(self) -> bool:
        return self._stop.stopped or self._incumbents.is_proven or self.is_infeasible or self._clock.left_s <= 0

    def _guarded(self, work: Callable[[], None]) -> None:
        """Run a search in a thread of its own: its failure must not lose the plan that others found."""
        try:
            work()
        except Exception:
            _log.exception("a search failed; the run goes on without it")

    # local search

    def _local_search(self, until: float, passes: int | None = None) -> None:
        """Improve the best plan by local search, taking over better ones that are found elsewhere."""
        if passes is not None:
            self._search_plainly(until, passes)
            return
        if self._kind is None:
            self._parts(until, anew=True)
            return
        warm_in_background(self._kind)
        while not self._is_over and time.monotonic() < until and self._incumbents.best is not None:
            if wait_for_kernels(self._kind, min(_KERNELS_LOAD_WITHIN_S, 0.1 * self._clock.limit_s)):
                self._search_compiled(until)
            else:
                self._search_plainly(min(until, time.monotonic() + _TURN_S))

    def _search_plainly(self, until: float, passes: int | None = None) -> None:
        """Search in plain Python."""
        incumbents = self._incumbents
        assert incumbents.best is not None
        if self._local is None:
            self._local = LocalSearch(self._problem, self._dispatcher.decoder, incumbents.best, self._options.seed)
        local, begin = self._local, time.monotonic()

        def watch() -> float:
            best = incumbents.best
            if best is not None and best.vector < local.best.vector:
                local.rebase(best)
            self._housekeeping()
            return (time.monotonic() - begin) / max(1e-3, until - begin)

        if passes is None:
            local.run(Limits(until, 1 << 60), self._stop, self._take, watch)
        else:
            local.run(Limits(until, local.passes + passes), self._stop, self._take)

    def _search_compiled(self, until: float) -> None:
        """Search by the compiled kernels that fit the problem."""
        known = self._incumbents.best
        assert known is not None
        search, seen = self._compiled_search(known), self._incumbents.rejections

        def better(solution: Solution) -> None:
            nonlocal known
            found = Found(solution, evaluate(self._problem, solution), "local search")
            if self._incumbents.offer(found):
                known = found

        def is_over() -> bool:
            nonlocal known, seen
            best, rejections = self._incumbents.best, self._incumbents.rejections
            if best is not None and known is not None and (best.vector < known.vector or seen != rejections):
                known, seen = best, rejections
                search.rebase(best.solution)
            self._housekeeping()
            return self._is_over

        search.run(until - time.monotonic(), is_over, better)

    def _compiled_search(self, start: Found) -> CompiledSearch:
        seed = self._options.seed + self._rounds
        self._rounds += 1
        assert self._kind is not None
        try:
            if self._kind == "tabu":
                return search_class("tabu")(self._problem, start.solution, seed, self._elite)
            return search_class(self._kind)(self._problem, start.solution, seed)
        except CannotStart as reason:
            _log.info("searching on lists of operations: %s", reason)
            self._kind = "list"
            return search_class(self._kind)(self._problem, start.solution, seed)

    def _take(self, found: Found) -> None:
        self._incumbents.offer(found)

    def _housekeeping(self) -> None:
        """Report what was held back, and how far the run is, now and then."""
        self._incumbents.flush_if_due()
        if self._incumbents.is_proven:
            self._stop.stop()
        self._stop_cp_sat_if_idle()
        if time.monotonic() >= self._next_phase_at:
            self._next_phase_at = time.monotonic() + _PHASE_EVERY_S
            self._report.phase("Improving the plan", self._clock.percentage)

    # CP-SAT

    def _cp_sat(self, workers: int, effort: float | None) -> None:
        """Solve the whole problem by CP-SAT, from the best plan so far; with an ``effort``, repeatably."""
        incumbents = self._incumbents
        hint = None if incumbents.best is None else incumbents.best.solution
        self._report.phase("Solving with CP-SAT", self._clock.percentage)
        until = self._clock.deadline - _CP_SAT_MARGIN_S
        settings = Settings(until, workers, self._options.seed, effort, is_alone=self._kind is None)
        stop = self._cp_sat_stop
        withdraw = self._stop.on_stop(stop.stop)
        result = solve_cpsat(self._problem, hint, settings, stop, self._take_exact, incumbents.raise_bound)
        withdraw()
        if result.status == "infeasible":
            self.is_infeasible = True
        if result.solution is not None and result.vector is not None:
            incumbents.offer(Found(result.solution, result.vector, "CP-SAT"))
            incumbents.is_optimal = result.status == "optimal"
        if stop.stopped and not self._is_over:
            self._local_search(self._clock.deadline)

    def _stop_cp_sat_if_idle(self) -> None:
        """Where CP-SAT is far from a proof when a good part of the time is over, let local search have its thread."""
        if self._cp_sat_has_to_show_by is None or time.monotonic() < self._cp_sat_has_to_show_by:
            return
        self._cp_sat_has_to_show_by = None
        best, bound = self._incumbents.best, self._incumbents.bound
        if best is not None and (bound is None or best.vector[0] > (1 + _PROVABLE_GAP) * bound):
            _log.info("CP-SAT is far from a proof: local search takes its thread")
            self._cp_sat_stop.stop()

    def _take_exact(self, solution: Solution, vector: tuple[int, ...]) -> None:
        self._incumbents.offer(Found(solution, vector, "CP-SAT"))


def _kind_for(problem: Problem) -> Kind | None:
    """Return the kind of compiled search that fits a problem best; none knows stocks and what only some modes need."""
    if problem.stocks or problem.idle != NO_RESOURCE:
        return None
    fitting: dict[Kind, Callable[[Problem], bool]] = {
        "flow": supports_flow,
        "project": supports_project,
        "tabu": supports_tabu,
        "graph": supports_graph,
    }
    for kind, supports in fitting.items():
        if supports(problem):
            return kind
    return "list"
