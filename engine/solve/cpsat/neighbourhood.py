"""Improving a plan by freeing a few operations of it.

What ends before the neighbourhood stays where it is. What comes after keeps its order and may shift in time, up to a
number of operations; beyond that it stays too. So a model is as small as its neighbourhood, however large the plant.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ortools.sat.python import cp_model

from engine.solve.cpsat.builder import Built, build
from engine.solve.cpsat.decode import PlanReader
from engine.solve.cpsat.frame import Frame, Index
from engine.solve.cpsat.search import Settings, set_parameters
from engine.solve.evaluate import evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.solve.problem import Problem, Solution
    from engine.solve.report import StopFlag

MOST_KEPT_FOR_MAKESPAN = 500
_SHARE_OF_LEVEL = 0.6


@dataclass(slots=True)
class Step:
    """What came of a neighbourhood: a plan at least as good, or None, and whether it was searched to the end."""

    solution: Solution | None
    vector: tuple[int, ...] | None
    is_exhausted: bool
    build_s: float = 0.0


def improve_neighbourhood(
    problem: Problem,
    incumbent: Solution,
    free_ops: Sequence[int],
    seconds: float,
    workers: int = 1,
    seed: int = 0,
    stop: StopFlag | None = None,
    *,
    index: Index | None = None,
    most_kept: int | None = None,
) -> Step:
    """Look for a better plan in which only ``free_ops`` change machine or sequence.

    Parameters
    ----------
    problem, incumbent
        The problem and a feasible plan of it.
    free_ops
        Movable operations to decide anew.
    seconds
        Time for building and solving the model.
    workers, seed
        Threads and seed of CP-SAT.
    stop
        Ends the search.
    index
        ``Index(problem)`` if the caller has it (it takes milliseconds per 1,000 operations).
    most_kept
        How many operations after the neighbourhood may shift; by default as many as are free, and for the makespan,
        which nothing else can shorten, several hundred.

    Returns
    -------
    Step
        Its plan is feasible and never worse than ``incumbent``; an equally good one may differ from it.
    """
    begin = time.monotonic()
    index = index or Index(problem)
    if most_kept is None:
        is_makespan = problem.objective.names[:1] == ("minimize_makespan",)
        most_kept = MOST_KEPT_FOR_MAKESPAN if is_makespan else len(free_ops)
    frame = _frame(index, incumbent, free_ops, most_kept)
    built = build(frame)
    build_s = time.monotonic() - begin
    if built is None:
        return Step(None, None, True, build_s)
    search = _Search(problem, built, incumbent, Settings(begin + seconds, workers, seed), stop)
    is_exhausted = search.run()
    return Step(search.best, search.vector, is_exhausted, build_s)


def _frame(index: Index, incumbent: Solution, free_ops: Sequence[int], most_kept: int) -> Frame:
    problem = index.problem
    free = np.asarray(sorted(free_ops), np.int64)
    first, last = int(incumbent.setup_start[free].min()), int(incumbent.end[free].max())
    width = max(1, last - first)
    shift = width + width // 4
    low = max(0, first - shift)
    kept = _kept(problem, incumbent, free, (low, first), most_kept)
    both = np.concatenate([free, kept])
    high = min(problem.window_end, int(incumbent.end[both].max()) + shift)
    caps = np.full(len(problem.ops), high, np.int64)
    caps[free] = np.minimum(caps[free], last + shift)
    if problem.objective.names[:1] == ("minimize_makespan",) and not problem.objective.incremental:
        caps = np.minimum(caps, int(incumbent.end.max()))
    return Frame(index, both.tolist(), incumbent, (low, high), latest_end=caps, kept=kept.tolist(), shift=shift)


def _kept(
    problem: Problem, plan: Solution, free: NDArray[np.int64], begin: tuple[int, int], most: int
) -> NDArray[np.int64]:
    """Return the operations that may shift, the earliest first: those that end after the neighbourhood begins.

    ``begin`` is where the model begins, and the neighbourhood in it.
    """
    movable = np.asarray(problem.movable, np.int64)
    later = movable[(plan.end[movable] > begin[1]) & (plan.setup_start[movable] >= begin[0])]
    later = later[~np.isin(later, free)]
    return later[np.argsort(plan.start[later], kind="stable")][:most]


class _Search:
    def __init__(
        self, problem: Problem, built: Built, incumbent: Solution, settings: Settings, stop: StopFlag | None
    ) -> None:
        self._problem = problem
        self._built = built
        self._settings = settings
        self._stop = stop
        self._reader = PlanReader(built)
        self._before = evaluate(problem, incumbent)
        self.best: Solution | None = None
        self.vector: tuple[int, ...] | None = None

    def run(self) -> bool:
        """Minimise the levels; return whether the neighbourhood was searched to the end."""
        model = self._built.model
        values: dict[int, int] | None = None
        current = self._before
        for number, level in enumerate(self._built.levels):
            is_last = number == len(self._built.levels) - 1
            until = self._settings.deadline
            now = time.monotonic()
            if not is_last:
                until = now + _SHARE_OF_LEVEL * (until - now)
            if now >= until or (self._stop is not None and self._stop.stopped):
                return False
            if not isinstance(level.expr, int):
                values, status = self._minimise(level.expr, values, until)
                if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
                    return False
                if status == cp_model.FEASIBLE:
                    return False
            current = current if self.vector is None else min(current, self.vector)
            if not is_last:
                model.require(level.expr <= level.ceiling(current[number]))
        return True

    def _minimise(self, expr: object, values: dict[int, int] | None, until: float) -> tuple[dict[int, int] | None, int]:
        model = self._built.model
        model.cp.clear_objective()
        model.cp.minimize(expr)  # type: ignore[arg-type]
        model.write_hints(values)
        solver = cp_model.CpSolver()
        set_parameters(solver.parameters, self._settings, until)
        withdraw = self._stop.on_stop(solver.stop_search) if self._stop is not None else None
        try:
            status = solver.solve(model.cp)
        finally:
            if withdraw is not None:
                withdraw()
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            values = dict(enumerate(solver.response_proto.solution))
            found = self._reader.read(lambda e: int(solver.value(e)))
            if found is not None:
                vector = evaluate(self._problem, found)
                if vector <= (self.vector or self._before):
                    self.best, self.vector = found, vector
        return values, status
