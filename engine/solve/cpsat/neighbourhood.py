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
from engine.solve.cpsat.running import Budget, Settings, set_parameters
from engine.solve.problem.evaluate import evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.solve.problem.problem import Problem, Solution
    from engine.solve.report import StopFlag

MOST_KEPT_FOR_MAKESPAN = 500
_SHARE_OF_LEVEL = 0.6


@dataclass(slots=True)
class Step:
    """What came of a neighbourhood: a plan at least as good, or None, and whether it was searched to the end.

    ``build_s`` is the time for the model, ``effort`` what the search took in CP-SAT's deterministic time.
    """

    solution: Solution | None
    vector: tuple[int, ...] | None
    is_exhausted: bool
    build_s: float = 0.0
    effort: float = 0.0


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
    effort: float | None = None,
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
        How many operations after the neighbourhood may shift; by default as many as are free. To shorten the makespan,
        all up to the last one have to (``MOST_KEPT_FOR_MAKESPAN``).
    effort
        How much to search at most, in CP-SAT's deterministic time (``Settings``): makes the step repeatable.

    Returns
    -------
    Step
        Its plan is feasible and never worse than ``incumbent``; an equally good one may differ from it.
    """
    begin = time.monotonic()
    index = index or Index(problem)
    frame = frame_around(index, incumbent, free_ops, len(free_ops) if most_kept is None else most_kept)
    built = build(frame)
    build_s = time.monotonic() - begin
    if built is None:
        return Step(None, None, True, build_s)
    search = _Search(problem, built, incumbent, Settings(begin + seconds, workers, seed, effort), stop)
    is_exhausted = search.run()
    return Step(search.best, search.vector, is_exhausted, build_s, search.effort)


def frame_around(index: Index, incumbent: Solution, free_ops: Sequence[int], most_kept: int) -> Frame:
    """Return what the model of a neighbourhood covers. Parameters as for ``improve_neighbourhood``."""
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
        self.effort = 0.0

    def run(self) -> bool:
        """Minimise the levels; return whether the neighbourhood was searched to the end."""
        model = self._built.model
        values: dict[int, int] | None = None
        current, budget, exact = self._before, self._settings.budget, self._problem.is_exact
        for number, level in enumerate(self._built.levels):
            is_last = number == len(self._built.levels) - 1
            if budget.is_spent or (self._stop is not None and self._stop.stopped):
                return False
            most: int | None = None
            if not isinstance(level.expr, int) and (current[number] > 0 or not exact):  # no component is below 0
                part = budget if is_last else budget.part(_SHARE_OF_LEVEL)
                before = self.effort
                values, status, most = self._minimise(level.expr, values, part)
                budget.spend(self.effort - before)
                if status != cp_model.OPTIMAL:
                    return False
            current = current if self.vector is None else min(current, self.vector)
            if exact and most is None:
                most = level.ceiling(current[number])
            if not is_last and most is not None:
                model.require(level.expr <= most)
        return True

    def _minimise(
        self, expr: object, values: dict[int, int] | None, budget: Budget
    ) -> tuple[dict[int, int] | None, int, int]:
        """Minimise a level; return its values, the status and the least value."""
        model = self._built.model
        model.cp.clear_objective()
        model.cp.minimize(expr)  # type: ignore[arg-type]
        model.write_hints(values)
        solver = cp_model.CpSolver()
        set_parameters(solver.parameters, self._settings, budget)
        withdraw = self._stop.on_stop(solver.stop_search) if self._stop is not None else None
        try:
            status = solver.solve(model.cp)
        finally:
            if withdraw is not None:
                withdraw()
        self.effort += solver.response_proto.deterministic_time
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            values = dict(enumerate(solver.response_proto.solution))
            found = self._reader.read(lambda e: int(solver.value(e)))
            if found is not None:
                vector = evaluate(self._problem, found)
                if vector <= (self.vector or self._before):
                    self.best, self.vector = found, vector
        return values, status, round(solver.objective_value)
