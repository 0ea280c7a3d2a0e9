"""Tabu search for the makespan of problems of a job-shop kind: see ``engine.solve.searches.tabu_kernels``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from engine.solve.searches import tabu_kernels as kernels
from engine.solve.searches.elite import Elite, Plan
from engine.solve.searches.shop import ShopMap, setup_starts

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.solve.problem.problem import Problem, Solution

_TURN_S = 0.2
_PATIENCE = 3_000
_SWAPS_AFAR, _SWAPS_NEAR = 3.0, 0.1


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

    def __init__(self, problem: Problem, start: Solution, seed: int, elite: Elite | None = None) -> None:
        self._problem = problem
        self._map = ShopMap(problem)
        n = self._map.shop.n
        self._elite = elite or Elite(n, problem.request.options.time_limit)
        self._draw = np.random.default_rng(seed)
        self._since = 0
        self.iterations = 0
        self.target = 0
        order, mode = self._map.sequence(start)
        self._state = kernels.new_state(self._map.shop, order, mode)
        self._best = self._run = self._as_it_stands()
        self.best_tick = self._best.tick

    def rebase(self, start: Solution) -> None:
        """Take another plan as the best so far, to go on from in time."""
        order, mode = self._map.sequence(start)
        state = kernels.new_state(self._map.shop, order, mode)
        self._best = self._plan_of(state)
        self.best_tick = self._best.tick
        self._elite.drop_better_than(self.best_tick)
        self._elite.add(self._best)
        if self._run.tick < self.best_tick:
            self.begin_anew()

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
        while iterations > 0 and self.best_tick > self.target:
            run, seed = self._run, int(self._draw.integers(2**31))
            counts = self.iterations, self._since, iterations, _PATIENCE
            tick, self._since, made = kernels.search(
                self._map.shop, self._state, *counts, seed, run.tick, self.target, run.order, run.mode
            )
            self.iterations += made
            iterations -= max(1, made)
            self._run = run._replace(tick=int(tick))
            if tick < self.best_tick:
                self.best_tick = int(tick)
                self._best = self._timed(self._run)
                on_better(self.solution())
            if self._since > _PATIENCE:
                self._elite.add(self._timed(self._run))
                self.begin_anew()

    def begin_anew(self) -> None:
        """Begin a run between two of the elite; while that is not complete, a good way off its best."""
        shop, state, best = self._map.shop, self._state, self._elite.best or self._best
        found = self._elite.between(self._draw)
        if found is None or not kernels.load(shop, state, *found):
            kernels.load(shop, state, best.order, best.mode)
            share = _SWAPS_AFAR if found is None else _SWAPS_NEAR
            kernels.shake(shop, state, max(3, int(share * shop.n)))
        self._since = 0
        self._run = self._as_it_stands()

    def _as_it_stands(self) -> Plan:
        return self._plan_of(self._state)

    def _plan_of(self, state: kernels.State) -> Plan:
        tick = int(kernels.makespan(self._map.shop, state))
        return Plan(tick, state.order.copy(), state.mode.copy(), state.start.copy())

    def _timed(self, plan: Plan) -> Plan:
        """Return a plan of its own, with the starts that its order gives."""
        return self._plan_of(kernels.new_state(self._map.shop, plan.order, plan.mode))

    def solution(self) -> Solution:
        """Return the best plan so far."""
        state = kernels.new_state(self._map.shop, self._best.order, self._best.mode)
        begins = setup_starts(self._problem, self._map.shop, state.mode, state.before, state.start)
        return self._map.solution(state.mode, state.start, state.end, begins)
