"""Tabu search for the makespan of problems of a job-shop kind: see ``engine.solve.searches.tabu_kernels``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from engine.solve.searches import tabu_kernels as kernels
from engine.solve.searches.shop import ShopMap, setup_starts

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.solve.problem.problem import Problem, Solution

_TURN_S = 0.2
_PATIENCE = (3_000, 20_000, 6_000_000)


class TabuSearch:
    """A running search on one problem, from one plan.

    Parameters
    ----------
    problem, start
        A problem that ``shop.supports_tabu`` accepts, and a plan of it.
    seed
        Equal seeds and turns of equal length give equal results.

    Attributes
    ----------
    best_tick
        When the best plan so far ends.
    target
        A tick: a plan that ends there needs no improvement.
    """

    def __init__(self, problem: Problem, start: Solution, seed: int) -> None:
        self._problem = problem
        self._map = ShopMap(problem)
        self._seed = seed
        self._turns = 0
        self._since = 0
        n = self._map.shop.n
        low, high, budget = _PATIENCE
        self._patience = max(low, min(high, budget // n))
        self.iterations = 0
        self.target = 0
        self.rebase(start)

    def rebase(self, start: Solution) -> None:
        """Go on from another plan."""
        self._order, self._mode = self._map.sequence(start)
        self._state = kernels.new_state(self._map.shop, self._order, self._mode)
        self.best_tick = int(kernels.makespan(self._map.shop, self._state))
        self._order = self._state.order.copy()

    def run(self, seconds: float, is_over: Callable[[], bool], on_better: Callable[[Solution], None]) -> None:
        """Search for ``seconds``, handing over every better plan; ``is_over`` is asked some times a second."""
        begin, size = time.monotonic(), 50
        while not is_over() and (left := seconds - (time.monotonic() - begin)) > 0.02:
            before = time.monotonic()
            self.turn(size, on_better)
            took = max(1e-4, time.monotonic() - before)
            size = int(np.clip(size * min(_TURN_S, left) / took, 10, 3 * size))

    def turn(self, iterations: int, on_better: Callable[[Solution], None]) -> None:
        """Make a number of iterations."""
        self._turns += 1
        seed = (self._seed * 7919 + self._turns) % 2**31
        counts = self.iterations, self._since, iterations, self._patience
        best, self._since = kernels.search(
            self._map.shop, self._state, *counts, seed, self.best_tick, self.target, self._order, self._mode
        )
        self.iterations += iterations
        if best < self.best_tick:
            self.best_tick = int(best)
            on_better(self.solution())

    def solution(self) -> Solution:
        """Return the best plan so far."""
        state = kernels.new_state(self._map.shop, self._order, self._mode)
        begins = setup_starts(self._problem, self._map.shop, state.mode, state.before, state.start)
        return self._map.solution(state.mode, state.start, state.end, begins)
