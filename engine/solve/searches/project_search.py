"""Genetic search for the makespan of projects: see ``project`` and ``project_kernels``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from engine.solve.problem.problem import Solution
from engine.solve.problem.timeline import FOREVER
from engine.solve.searches import project_kernels as kernels
from engine.solve.searches.project import project_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.solve.problem.problem import Problem

_TURN_S = 0.2
_LEAST_POPULATION, _MOST_POPULATION, _POPULATION_BUDGET = 100, 600, 40_000
_SURVIVORS = 3
_PATIENCE = 100
_BIAS = 2.0


class ProjectSearch:
    """A running genetic search on one problem, from one plan.

    Parameters
    ----------
    problem, start
        A problem that ``supports_project`` accepts, and a plan of it.
    seed
        Equal seeds and turns of equal length give equal results.
    """

    def __init__(self, problem: Problem, start: Solution, seed: int) -> None:
        self._problem = problem
        self._project = project_of(problem)
        self._seed = seed
        self._turns = 0
        self._idle = 0
        self.target = 0
        n = self._project.n
        self._size = max(_LEAST_POPULATION, min(_MOST_POPULATION, _POPULATION_BUDGET // n))
        self._orders = np.zeros((self._size, n), np.int64)
        self._values = np.full(self._size, FOREVER, np.int64)
        self._is_filled = False
        self._known = FOREVER
        self.rebase(start)

    def rebase(self, start: Solution) -> None:
        """Take another plan in."""
        place = int(self._values.argmax()) if self._is_filled else 0
        self._orders[place] = np.lexsort((self._project.rank, start.start))
        self._values[place] = int(start.end.max())
        self._known = min(self._known, int(start.end.max()))

    def run(self, seconds: float, is_over: Callable[[], bool], on_better: Callable[[Solution], None]) -> None:
        """Search for ``seconds``, handing over every better plan; ``is_over`` is asked some times a second."""
        begin, size = time.monotonic(), 20
        while not is_over() and (left := seconds - (time.monotonic() - begin)) > 0.02:
            before = time.monotonic()
            self.turn(size, on_better)
            took = max(1e-4, time.monotonic() - before)
            size = int(np.clip(size * min(_TURN_S, left) / took, 5, 4 * size))

    def turn(self, children: int, on_better: Callable[[Solution], None]) -> None:
        """Breed a number of plans; start anew beside the best ones when nothing has got better for long."""
        self._turns += 1
        seed = (self._seed * 7919 + self._turns) % 2**31
        if not self._is_filled or self._idle > _PATIENCE * self._size:
            keep = _SURVIVORS if self._is_filled else 1
            best = np.argsort(self._values)[:keep]
            self._orders[:keep], self._values[:keep] = self._orders[best], self._values[best]
            kernels.fill(self._project, self._orders, self._values, keep, seed, _BIAS)
            self._is_filled, self._idle = True, 0
        since = kernels.breed(self._project, self._orders, self._values, children, seed, self.target)
        self._idle = self._idle + children if since == 0 else children - since
        if self._values.min() < self._known:
            self._known = int(self._values.min())
            on_better(self.solution())

    def solution(self) -> Solution:
        """Return the best plan so far."""
        start = kernels.times(self._project, self._orders[int(self._values.argmin())])
        out = Solution.empty(self._problem)
        out.start[:], out.setup_start[:], out.end[:] = start, start, start + self._project.work
        offset = self._problem.demand_offset
        for op in self._problem.ops:
            for k, demand in enumerate(op.demands):
                out.choice[offset[op.index] + k] = demand.candidates[0]
        return out
