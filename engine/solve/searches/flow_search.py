"""Iterated greedy search on flow shops: see ``flow`` and ``flow_kernels``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from engine.solve.problem.problem import Solution
from engine.solve.searches import flow_kernels as kernels
from engine.solve.searches.flow import FAST, flow_of, jobs_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.solve.problem.problem import Problem
    from engine.solve.searches.flow import Ints

_TURN_S = 0.2
_TAKEN = 3
_HEAT = 0.04
_MOST_TRIED_STEPS = 4e8


class FlowMap:
    """The way between a problem and its ``Flow``; ``jobs[j, s]`` is the operation of job ``j`` at stage ``s``."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        jobs = jobs_of(problem)
        assert jobs is not None
        self.jobs = jobs
        self.flow = flow_of(problem, jobs)

    def sequence(self, solution: Solution) -> Ints:
        """Return the jobs in the order in which they start."""
        return np.lexsort((solution.end[self.jobs[:, 0]], solution.start[self.jobs[:, 0]])).astype(np.int64)

    def solution(self, order: Ints) -> Solution:
        """Return the plan of a sequence."""
        flow, jobs = self.flow, self.jobs
        start, end = np.zeros(jobs.shape, np.int64), np.zeros(jobs.shape, np.int64)
        kernels.plan(flow, order, len(order), start, end)
        out = Solution.empty(self.problem)
        out.start[jobs], out.end[jobs], out.setup_start[jobs] = start, end, start
        for s in np.nonzero(flow.setup_of >= 0)[0].tolist():
            before = -1
            for j in order.tolist():
                out.setup_start[jobs[j, s]] -= kernels.setup_before(flow, s, before, j)
                before = j
        return out


class FlowSearch:
    """A running search on one problem, from one plan.

    Parameters
    ----------
    problem, start
        A problem that ``supports_flow`` accepts, and a plan of it.
    seed
        Equal seeds and turns of equal length give equal results.
    """

    def __init__(self, problem: Problem, start: Solution, seed: int) -> None:
        self._map = FlowMap(problem)
        self._seed = seed
        self._turns = 0
        flow = self._map.flow
        scale = flow.end_rate + (float(flow.rate.mean()) * len(flow.rate) ** 0.5 if flow.rate.any() else 0.0)
        self._heat = _HEAT * float(flow.work.mean()) * scale
        self._is_built = False
        self._known = np.inf
        self.rebase(start)

    def rebase(self, start: Solution) -> None:
        """Go on from the sequence in which the jobs of another plan start."""
        self._order = self._map.sequence(start)
        self._best_order = self._order.copy()
        self._worth = self._best = self._worth_of(self._order)

    def run(self, seconds: float, is_over: Callable[[], bool], on_better: Callable[[Solution], None]) -> None:
        """Search for ``seconds``, handing over every better plan; ``is_over`` is asked some times a second."""
        begin, size = time.monotonic(), 1
        while not is_over() and (left := seconds - (time.monotonic() - begin)) > 0.02:
            before = time.monotonic()
            self.turn(size, on_better)
            took = max(1e-4, time.monotonic() - before)
            size = int(np.clip(size * min(_TURN_S, left) / took, 1, 4 * size))

    def turn(self, rounds: int, on_better: Callable[[Solution], None]) -> None:
        """Make some rounds; the first time, build sequences to begin with."""
        self._turns += 1
        if not self._is_built:
            self._is_built = True
            self._build()
        taken = min(_TAKEN, len(self._order) - 1)
        seed = (self._seed * 7919 + self._turns) % 2**31
        self._worth, self._best = kernels.search(
            self._map.flow, self._order, self._best_order, self._worth, self._best, rounds, taken, self._heat, seed
        )
        if self._best < self._known - 1e-9:
            self._known = self._best
            on_better(self.solution())

    def _build(self) -> None:
        flow = self._map.flow
        ranks = [np.argsort(-flow.work.sum(axis=1), kind="stable")]
        if flow.rate.any():
            ranks.append(np.argsort(flow.due, kind="stable"))
        tried = int((_MOST_TRIED_STEPS / flow.stages) ** (1 / 3)) if flow.kind != FAST else len(self._order)
        for rank in ranks:
            order = kernels.build(flow, rank.astype(np.int64), tried)
            worth = self._worth_of(order)
            if worth < self._best:
                self._best_order, self._worth, self._best = order.copy(), worth, worth
                self._order = order

    def _worth_of(self, order: Ints) -> float:
        shape = self._map.jobs.shape
        return float(
            kernels.plan(self._map.flow, order, len(order), np.zeros(shape, np.int64), np.zeros(shape, np.int64))
        )

    def solution(self) -> Solution:
        """Return the best plan so far."""
        return self._map.solution(self._best_order)
