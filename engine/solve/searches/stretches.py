"""Annealing of long lists stretch by stretch: see ``engine.solve.searches.window_kernels``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.solve.searches import kernels, window_kernels
from engine.solve.searches.annealing import Annealer

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.solve.problem.problem import Problem, Solution

_LONG = 800
_PER_RESOURCE = 6
_SHORTEST, _LONGEST = 200, 1_200
_AIMED = 0.8
_CYCLES = 8.0
_HOT, _COLD = 0.02, 0.001
_TURN_S = 0.4


def list_search(problem: Problem, start: Solution, seed: int) -> Annealer:
    """Return the annealing of a list that fits the problem: stretch by stretch where it is long and lateness counts."""
    first = problem.objective.names[:1]
    is_about_lateness = first == ("minimize_tardiness",) or not first
    if len(problem.movable) >= _LONG and is_about_lateness:
        search = StretchAnnealer(problem, start, seed)
        if not (search.is_close or search.is_lagged):
            return search
    return Annealer(problem, start, seed)


class StretchAnnealer(Annealer):
    """A running search on one problem, from one plan. Parameters as for ``Annealer``."""

    turn_s = _TURN_S

    def __init__(self, problem: Problem, start: Solution, seed: int) -> None:
        self._draw = np.random.default_rng(seed)
        self._value: float | None = None
        self._known = np.inf
        self._worth = np.zeros(len(problem.ops))
        self._is_own = np.zeros(len(problem.ops), np.bool_)
        self._stretch_heat: float | None = None
        super().__init__(problem, start, seed)
        used = {mode.resource for op in problem.ops for mode in op.modes}
        self._length = min(len(self.order), max(_SHORTEST, min(_LONGEST, _PER_RESOURCE * len(used))))
        self._state = kernels.new_state(self.flat[0])

    def rebase(self, start: Solution) -> None:
        """Go on from another plan, with what was found here since the last one where both go together."""
        own = None
        if self._value is not None and self._is_own.any():
            own = self._starts_of(self.order, self.mode), self.mode, self._is_own.copy()
        super().rebase(start)
        self._value = None
        self._is_own[:] = False
        if own is not None:
            self._put_in(start, *own)

    def _put_in(self, plan: Solution, start: np.ndarray, mode: np.ndarray, is_own: np.ndarray) -> None:
        """Put some operations where they start elsewhere, in the mode that they have there, if that is better."""
        keys = np.where(is_own, start, plan.start)
        order = self._movable[np.argsort(keys[self._movable], kind="stable")]
        both = np.where(is_own, mode, self.mode)
        if self._value_of(order, both) < self._value_of(self.order, self.mode):
            self.order, self.mode = order, both

    def _turn(self, iterations: int, share: float, on_better: Callable[[Solution], None]) -> None:
        """Anneal one stretch."""
        if self._value is None:
            self._value = self._known = self._value_of(self.order, self.mode)
        if not np.isfinite(self._value):
            super()._turn(iterations, share, on_better)
            self._value = None
            return
        begin = self._where_to_begin()
        order, mode = self.order.copy(), self.mode.copy()
        best, worse, taken = self._anneal(begin, iterations, order, mode)
        wanted = _HOT * (_COLD / _HOT) ** (share * _CYCLES % 1)
        found = (taken + 0.5 * wanted) / (worse + 0.5)
        self._stretch_heat = self._heat_now * float(np.clip((wanted / found) ** 0.5, 0.6, 1.6))
        if best < self._known - 1e-9:
            self._known = best
            self._is_own[order[begin : begin + self._length]] = True
            on_better(self._solution((order, mode, self.delay)))
        self._sort()

    @property
    def _heat_now(self) -> float:
        return self._stretch_heat or 1e-3 * float(self._weights.max()) * self._problem.horizon

    def _anneal(self, begin: int, iterations: int, order: np.ndarray, mode: np.ndarray) -> tuple[float, int, int]:
        """Anneal a stretch in place; fill in the best list, return its value, the worse candidates, those accepted."""
        self._round += 1
        self.tried += iterations
        seed = (self._seed * 7919 + self._round) % 2**31
        lists = self.order, self.mode, self.delay
        limits = begin, begin + self._length, self._weights, iterations, self._heat_now, seed
        value, best, worse, taken = window_kernels.anneal_stretch(*self.flat, *lists, *limits, self._worth, order, mode)
        self._value = float(value)
        return float(best), int(worse), int(taken)

    def _sort(self) -> None:
        """Sort the list by the starts it decodes to, unless that gives a worse plan."""
        start = self._starts_of(self.order, self.mode)
        order = self._movable[np.argsort(start[self._movable], kind="stable")]
        value = self._value_of(order, self.mode)
        if self._value is not None and value <= self._value:
            self.order, self._value = order, value

    def _where_to_begin(self) -> int:
        """Return where a stretch begins: around an operation that lateness waits for, or anywhere."""
        most = len(self.order) - self._length
        hot = np.flatnonzero(self._worth[self.order] > 0) if self._draw.random() < _AIMED else ()
        if not len(hot):
            return int(self._draw.integers(most + 1))
        return max(0, min(most, int(self._draw.choice(hot)) - int(self._draw.integers(self._length))))

    def _value_of(self, order: np.ndarray, mode: np.ndarray) -> float:
        value, penalty = window_kernels.plan_value(*self.flat, self._state, order, mode, self.delay, self._weights)
        return float(value) if penalty == 0 else np.inf

    def _starts_of(self, order: np.ndarray, mode: np.ndarray) -> np.ndarray:
        """Return the starts that a list decodes to."""
        self._value_of(order, mode)
        begin = int(self._state[kernels.START])
        return self._state[begin : begin + len(self._problem.ops)].copy()
