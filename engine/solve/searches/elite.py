"""A few good plans that are unlike each other, shared by the threads of a run, and what lies between two of them.

Between two good plans of a shop lie others that are worth a search: a good deal of what makes them good they have in
common (path relinking: Peng, Lü and Cheng 2015). Here the way between them is a mean of their starts: whatever has to
come first does so in both plans, hence in the mean, which so is free of cycles.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

_MOST = 8
_PLANS_PER_SECOND_OF_ONE_OPERATION = 150
_NEAR = 0.003
_BETWEEN = (0.3, 0.7)
_PATIENCE = 3
_ALIKE = 0.001


class Plan(NamedTuple):
    """When a plan ends, its operations in an order that keeps every sequence, their modes, and their starts."""

    tick: int
    order: Ints
    mode: Ints
    start: Ints


class Elite:
    """The plans.

    Parameters
    ----------
    operations, seconds
        How many operations there are, and how long the run takes: the larger the shop and the shorter the run, the
        fewer plans are kept.

    Attributes
    ----------
    size
        How many plans there are to be.
    """

    def __init__(self, operations: int, seconds: float) -> None:
        fitting = _PLANS_PER_SECOND_OF_ONE_OPERATION * seconds / max(1, operations)
        self.size = max(2, min(_MOST, round(fitting)))
        self._plans: list[Plan] = []
        self._best: Plan | None = None
        self._idle = 0
        self._lock = threading.Lock()

    def add(self, plan: Plan) -> None:
        """Take a plan in if it is better than the worst, or than the one that it is like."""
        with self._lock:
            if self._best is None or plan.tick < self._best.tick:
                self._best = plan
            if len(self._plans) < self.size:
                self._plans.append(plan)
                return
            ends = [known.tick for known in self._plans]
            away = [float(np.abs(known.start - plan.start).mean()) for known in self._plans]
            at = int(np.argmin(away))
            if away[at] >= _NEAR * plan.tick:
                at = int(np.argmax(ends))
            if plan.tick < ends[at]:
                self._plans[at] = plan
                self._idle = 0
            else:
                self._idle += 1
            if self._idle > _PATIENCE * self.size or max(ends) - min(ends) < _ALIKE * plan.tick:
                self._plans, self._idle = [self._best], 0

    def drop_better_than(self, tick: int) -> None:
        """Forget plans that end before a tick: they were found not to keep every rule."""
        with self._lock:
            self._plans = [plan for plan in self._plans if plan.tick >= tick]
            if self._best is not None and self._best.tick < tick:
                self._best = min(self._plans, key=lambda plan: plan.tick, default=None)

    def between(self, draw: np.random.Generator) -> tuple[Ints, Ints] | None:
        """Return order and modes of a plan somewhere between two; None while there are too few of them."""
        with self._lock:
            if len(self._plans) < self.size:
                return None
            one, other = (self._plans[i] for i in draw.choice(self.size, 2, replace=False))
        share = draw.uniform(*_BETWEEN)
        place = np.empty_like(one.order)
        place[one.order] = np.arange(len(place))
        order = np.lexsort((place, (1 - share) * one.start + share * other.start)).astype(np.int64)
        return order, np.where(draw.random(len(order)) < share, other.mode, one.mode)

    @property
    def best(self) -> Plan | None:
        """The best plan so far."""
        return self._best
