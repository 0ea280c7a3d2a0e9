"""Large neighbourhood search: again and again CP-SAT decides a few dozen operations of the plan anew (Shaw 1998).

Which kind of neighbourhood to build is drawn by success, and each kind learns how many operations CP-SAT can decide
to the end in the time of a step.
"""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.solve.cpsat.decode import with_setup_starts
from engine.solve.cpsat.frame import Index
from engine.solve.cpsat.neighbourhood import MOST_KEPT_FOR_MAKESPAN, improve_neighbourhood
from engine.solve.cpsat.neighbourhoods import Neighbourhoods, builders, together
from engine.solve.dispatching.dispatch import Found
from engine.solve.problem.timeline import FOREVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.solve.cpsat.neighbourhood import Step
    from engine.solve.dispatching.dispatch import Limits
    from engine.solve.problem.problem import Problem
    from engine.solve.report import StopFlag

_log = logging.getLogger("taktwerk.engine")

_FIRST_SIZE, _LEAST_SIZE, _MOST_SIZE = 24.0, 5, 200
_STEP_S = 0.7
STEP_EFFORT = 0.03
"""About what a step searches in its time, in CP-SAT's deterministic time."""
_LEAST_STEP_S = 0.1
_MEMORY = 0.9
_GROWTH, _SHRINKAGE = 1.15, 0.85
_BASE_RATE = 0.05


@dataclass(slots=True)
class Kind:
    """What is known of one kind of neighbourhood: its size, and its recent gains per second of search."""

    size: float = _FIRST_SIZE
    rate: float = 1.0
    tries: int = 0
    gains: int = 0


class NeighbourhoodSearch:
    """Improves one plan by large neighbourhood search.

    Parameters
    ----------
    problem
        The problem.
    start
        A plan that keeps every rule.
    seed
        Seed of all choices.
    is_repeatable
        Whether steps are limited by effort, so that equal seeds and numbers of steps give equal results. Otherwise
        they are limited by time.
    index
        ``Index(problem)`` if the caller has it.

    Attributes
    ----------
    best
        The best plan so far.
    kinds
        What was learnt of each kind of neighbourhood.
    passes
        Steps so far.
    """

    def __init__(
        self,
        problem: Problem,
        start: Found,
        seed: int = 0,
        *,
        is_repeatable: bool = False,
        index: Index | None = None,
    ) -> None:
        self._problem = problem
        self._effort = STEP_EFFORT if is_repeatable else None
        self._draw = random.Random(seed)
        self._index = index or Index(problem)
        self._maker = Neighbourhoods(problem, self._draw)
        self._builders = builders(problem)
        self.kinds = {name: Kind() for name in self._builders}
        self._count = len(problem.movable)
        self.passes = 0
        self.rebase(start)

    def rebase(self, start: Found) -> None:
        """Go on from a better plan that was found elsewhere."""
        plan = with_setup_starts(self._problem, start.solution)
        self.best = start if plan is start.solution else Found(plan, start.vector, start.rule)
        self._maker.look_at(plan)

    def run(
        self,
        limits: Limits,
        stop: StopFlag,
        on_better: Callable[[Found], None],
        watch: Callable[[], object] | None = None,
        workers: int = 1,
    ) -> Found:
        """Search until the limits are reached; return the best plan and tell of each better one on the way.

        ``watch`` is called before each step (to rebase, for one thing); ``workers`` are threads of each step.
        """
        while self._count and not stop.stopped and not limits.reached(self.passes) and any(self.best.vector):
            if watch is not None:
                watch()
            most = _STEP_S if self._effort is None else FOREVER
            left = most if limits.until is None else min(most, limits.until - time.monotonic())
            if left < _LEAST_STEP_S or stop.stopped:
                break
            self._step(left, workers, stop, on_better)
        return self.best

    def _step(self, seconds: float, workers: int, stop: StopFlag, on_better: Callable[[Found], None]) -> None:
        name = self._pick()
        kind = self.kinds[name]
        size = max(1, min(round(kind.size), self._count))
        aim = self._maker.aim(self.best.vector)
        free = together(self._problem, self._builders[name](self._maker, self._maker.focus(aim), size))
        begin = time.monotonic()
        step = improve_neighbourhood(
            self._problem,
            self.best.solution,
            free,
            seconds,
            workers,
            self._draw.randrange(1 << 30),
            stop,
            index=self._index,
            most_kept=MOST_KEPT_FOR_MAKESPAN if aim == "end" else None,
            effort=self._effort,
        )
        self.passes += 1
        if not stop.stopped:
            spent_s = time.monotonic() - begin if self._effort is None else _STEP_S * step.effort / self._effort
            self._learn(kind, step, spent_s)
        if step.solution is not None and step.vector is not None and step.vector <= self.best.vector:
            is_better = step.vector < self.best.vector
            self.best = Found(step.solution, step.vector, f"CP-SAT on {name.replace('_', ' ')}")
            self._maker.look_at(step.solution)
            if is_better:
                on_better(self.best)

    def _pick(self) -> str:
        names = list(self.kinds)
        return self._draw.choices(names, [_BASE_RATE + self.kinds[name].rate for name in names])[0]

    def _learn(self, kind: Kind, step: Step, spent_s: float) -> None:
        """Grow what was searched to the end early, shrink what was not; remember gains per second."""
        is_better = step.vector is not None and step.vector < self.best.vector
        kind.tries += 1
        kind.gains += is_better
        kind.rate = _MEMORY * kind.rate + (1 - _MEMORY) * (is_better / max(0.1, spent_s))
        if step.is_exhausted and spent_s < 0.5 * _STEP_S:
            kind.size = min(kind.size * _GROWTH, _MOST_SIZE, max(_LEAST_SIZE, self._count))
        elif not step.is_exhausted and not is_better:
            kind.size = max(kind.size * _SHRINKAGE, _LEAST_SIZE)
