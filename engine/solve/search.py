"""Improving a plan by several searches at once that share what they find."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from engine.solve.dispatch import Dispatcher, Found, Limits
from engine.solve.evaluate import evaluate
from engine.solve.local_search import LocalSearch

if TYPE_CHECKING:
    from engine.solve.clock import Clock
    from engine.solve.incumbents import Incumbents
    from engine.solve.problem import Problem, Solution
    from engine.solve.report import Reporter, StopFlag

_log = logging.getLogger("taktwerk.engine")

_PHASE_EVERY_S = 0.5


class Search:
    """One run's searches.

    Attributes
    ----------
    conflict
        Set when the problem was proven infeasible: the rules that cannot hold together.
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
        self.conflict: list[dict[str, Any]] | None = None
        self._problem = problem
        self._incumbents = incumbents
        self._dispatcher = dispatcher
        self._clock = clock
        self._report = report
        self._stop = stop
        self._options = problem.request.options
        self._next_phase_at = 0.0

    def run(self, algorithm: int, workers: int) -> None:
        """Search until the time is up, the plan is proven optimal, or a stop is asked for."""
        self._local_search(self._clock.deadline)

    def _local_search(self, until: float) -> None:
        """Improve the best plan by local search, taking over better ones that are found elsewhere."""
        incumbents = self._incumbents
        if incumbents.best is None:
            return
        local = LocalSearch(self._problem, self._dispatcher.decoder, incumbents.best, self._options.seed)
        begin = time.monotonic()

        def watch() -> float:
            best = incumbents.best
            if best is not None and best.vector < local.best.vector:
                local.rebase(best)
            self._housekeeping()
            return (time.monotonic() - begin) / max(1e-3, until - begin)

        local.run(Limits(until, 1 << 60), self._stop, lambda found: incumbents.offer(found), watch)

    def _housekeeping(self) -> None:
        """Report what was held back, and how far the run is, now and then."""
        self._incumbents.flush_if_due()
        if time.monotonic() >= self._next_phase_at:
            self._next_phase_at = time.monotonic() + _PHASE_EVERY_S
            self._report.phase("Improving the plan", self._clock.percentage)

    def _is_over(self, until: float) -> bool:
        return self._stop.stopped or self._incumbents.is_proven or time.monotonic() >= until

    def _offer(self, solution: Solution, by: str) -> None:
        self._incumbents.offer(Found(solution, evaluate(self._problem, solution), by))


_ = threading
