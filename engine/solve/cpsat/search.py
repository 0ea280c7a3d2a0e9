"""Solving a whole problem with CP-SAT, one component of the objective vector after the other."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from ortools.sat.python import cp_model

from engine.solve.cpsat.builder import Built, build
from engine.solve.cpsat.decode import with_setup_starts
from engine.solve.cpsat.frame import Frame, Index
from engine.solve.cpsat.running import Searcher, Settings
from engine.solve.cpsat.sizes import far_end, guessed_end, is_too_large
from engine.solve.cpsat.windows import compute_windows
from engine.solve.problem.evaluate import evaluate
from engine.solve.problem.timeline import FOREVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.solve.problem.problem import Problem, Solution
    from engine.solve.report import StopFlag

_log = logging.getLogger("taktwerk.engine")

OnSolution = Callable[["Solution", tuple[int, ...]], None]
OnBound = Callable[[int], None]

_SHARE_OF_LEVEL = 0.7


@dataclass(slots=True)
class CpSatResult:
    """The end of a CP-SAT run.

    ``status`` 'optimal' means that ``vector`` is the best there is in all its components; 'infeasible' that there is
    no plan at all; 'unknown' that nothing was found or proven. ``bound`` bounds the first component from below.
    """

    status: Literal["optimal", "feasible", "infeasible", "unknown"]
    solution: Solution | None = None
    vector: tuple[int, ...] | None = None
    bound: int | None = None


def solve_cpsat(
    problem: Problem,
    hint: Solution | None,
    settings: Settings,
    stop: StopFlag,
    on_solution: OnSolution | None = None,
    on_bound: OnBound | None = None,
) -> CpSatResult:
    """Solve a problem with all its rules.

    Parameters
    ----------
    problem
        What to solve.
    hint
        A feasible plan to start from, or None. It also bounds how far ahead the model looks.
    settings
        Time, threads, seed.
    stop
        Ends the search within about 0.1 s once the model is being searched (up to a few seconds in its presolve).
    on_solution, on_bound
        Told of every better plan with its objective vector, and of every better lower bound of the first component;
        called from CP-SAT's threads, one call at a time.

    Returns
    -------
    CpSatResult
        Also for problems that are too large to be modelled as a whole: then at once, 'unknown' or with the hint.
    """
    run = _Run(problem, hint, settings, stop, on_solution, on_bound)
    return run.solve()


def find_plan(problem: Problem, settings: Settings, stop: StopFlag) -> CpSatResult:
    """Find any plan of a problem, whatever it is worth, or prove that there is none.

    Returns
    -------
    CpSatResult
        'feasible', 'infeasible' or 'unknown', without a vector.
    """
    return _Run(problem, None, settings, stop, None, None).find()


class _Run:
    def __init__(
        self,
        problem: Problem,
        hint: Solution | None,
        settings: Settings,
        stop: StopFlag,
        on_solution: OnSolution | None,
        on_bound: OnBound | None,
    ) -> None:
        self._problem = problem
        self._settings = settings
        self._budget = settings.budget
        self._stop = stop
        self._on_solution = on_solution
        self._on_bound = on_bound
        self.best = None if hint is None else with_setup_starts(problem, hint)
        self.vector = None if hint is None else evaluate(problem, hint)
        self.bound: int | None = None
        self._index = Index(problem)

    def solve(self) -> CpSatResult:
        if is_too_large(self._problem):
            return self._result("unknown" if self.best is not None else self.find().status)
        status = self._attempt(guessed_end(self._problem, self.best))
        if status == "again":  # what is best in the relaxed model is no plan
            status = self._attempt(FOREVER, exact_setups=True)
        return self._result("unknown" if status == "again" else status)

    def find(self) -> CpSatResult:
        """Find any plan: with relaxed calendars and setups first, which proves most of what is infeasible."""
        if is_too_large(self._problem):
            windows = compute_windows(self._frame(FOREVER, None))
            return CpSatResult("infeasible" if any(w.is_empty for w in windows.values()) else "unknown")
        for relaxed_from, exact_setups in ((guessed_end(self._problem, None), False), (FOREVER, True)):
            frame = self._frame(relaxed_from, None)
            built = build(frame, with_objective=False, exact_setups=exact_setups)
            if built is None:
                return CpSatResult("infeasible")
            searcher = Searcher(built, self._settings, self._stop, self._take, self._raise_bound)
            status = searcher.satisfy(self._budget)
            self._budget.spend(searcher.effort)
            if self.best is not None:
                return CpSatResult("feasible", self.best, self.vector)
            if status == cp_model.INFEASIBLE:
                return CpSatResult("infeasible")
            if status == cp_model.UNKNOWN or not searcher.is_relaxed:
                break
        return CpSatResult("unknown")

    def _frame(self, relaxed_from: int, caps: NDArray[np.int64] | None) -> Frame:
        problem = self._problem
        far = problem.window_end if relaxed_from >= problem.window_end else far_end(problem)
        high = far if caps is None else min(far, int(caps.max(initial=0)))
        return Frame(self._index, problem.movable, self.best, (0, high), relaxed_from, caps)

    def _result(self, status: str) -> CpSatResult:
        if self.vector is None:
            known = status if status == "infeasible" else "unknown"
        else:
            known = status if status == "optimal" else "feasible"
        return CpSatResult(known, self.best, self.vector, self.bound)  # type: ignore[arg-type]

    def _attempt(self, relaxed_from: int, exact_setups: bool = False) -> str:
        """Solve with calendars up to ``relaxed_from``: 'optimal', 'infeasible', 'again' or else 'unknown'.

        What lies beyond is always worked in the model: then it cannot lack a plan, and its bound holds, but plans
        that reach there are none. The same goes for setups, unless they are to be exact.
        """
        begin = time.monotonic()
        frame = self._frame(relaxed_from, self._caps())
        built = build(frame, exact_setups=exact_setups)
        if built is None:
            return "infeasible" if self.best is None else "unknown"
        _log.info("model of %d operations built in %.2f s", len(frame.free), time.monotonic() - begin)
        searcher = Searcher(built, self._settings, self._stop, self._take, self._raise_bound)
        return self._climb(searcher, built)

    def _climb(self, searcher: Searcher, built: Built) -> str:
        """Minimise level after level, each with those before held where they are."""
        exact = self._problem.is_exact
        proven = True
        for number, level in enumerate(built.levels):
            is_last = number == len(built.levels) - 1
            if exact and self.vector is not None and self.vector[number] <= 0:  # no component is ever below 0
                if number == 0:
                    self._raise_bound(0)
                searcher.hold(level, 0)
                continue
            budget = self._budget if is_last else self._budget.part(_SHARE_OF_LEVEL)
            status = searcher.minimise(level, budget, first=number == 0)
            self._budget.spend(searcher.effort)
            if status == cp_model.INFEASIBLE:
                if self.vector is not None:
                    _log.warning("CP-SAT calls a problem infeasible that has a plan")
                return "infeasible" if self.vector is None else "unknown"
            if self._stop.stopped:
                return "unknown"
            if status == cp_model.OPTIMAL:
                optimum = level.bound(searcher.bound)
                reached = self.vector is not None and self.vector[number] <= optimum + level.slack
                if number == 0 and exact:
                    self._raise_bound(self.vector[0] if reached and self.vector else optimum)
                if not reached:
                    proven = False
                    if searcher.is_relaxed and (exact or self.vector is None):
                        return "again"
            else:
                proven = False
            if self.vector is None:
                return "unknown"
            if not is_last and exact:
                searcher.hold(level, self.vector[number])
            elif not is_last and not searcher.hold_here(level):
                return "unknown"
        return "optimal" if proven and exact else "unknown"

    def _caps(self) -> NDArray[np.int64] | None:
        """Return the latest sensible end of each operation, by the plan to beat.

        None on a coarse tick, where the model has it last longer than it does.
        """
        if self.best is None or self.vector is None or not self._problem.is_exact:
            return None
        problem, objective = self._problem, self._problem.objective
        caps = np.full(len(problem.ops), far_end(problem), np.int64)
        name = objective.names[0] if objective.names else ""
        if name == "minimize_makespan":
            caps[:] = -(-self.vector[0] // problem.tick_ms)
        if name == "minimize_tardiness":
            for weight, due_ms, ops in _dated(problem):
                if weight > 0:
                    last = due_ms + int(self.vector[0] / weight) + 1 - problem.h0_ms
                    for o in ops:
                        caps[o] = min(caps[o], -(-last // problem.tick_ms))
        return caps

    def _take(self, solution: Solution) -> None:
        vector = evaluate(self._problem, solution)
        if self.vector is None or vector < self.vector:
            self.best, self.vector = solution, vector
            if self._on_solution is not None:
                self._on_solution(solution, vector)

    def _raise_bound(self, value: float) -> None:
        if not self._problem.is_exact:
            return
        bound = int(value)
        if self.bound is None or bound > self.bound:
            self.bound = bound
            if self._on_bound is not None:
                self._on_bound(bound)


def _dated(problem: Problem) -> list[tuple[float, int, tuple[int, ...]]]:
    """Return weight, due date and operations of whatever has a due date."""
    rows = [(o.weight, o.due_ms, o.ops) for o in problem.orders if o.due_ms is not None]
    return rows + [(op.weight, op.due_ms, (op.index,)) for op in problem.ops if op.due_ms is not None]
