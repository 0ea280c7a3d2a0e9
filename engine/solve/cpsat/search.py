"""Solving a whole problem with CP-SAT, one component of the objective vector after the other."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from ortools.sat.python import cp_model, cp_model_helper

from engine.solve.cpsat.builder import Built, build
from engine.solve.cpsat.decode import PlanReader
from engine.solve.cpsat.frame import Frame, Index
from engine.solve.cpsat.sizes import far_end, guessed_end, is_too_large
from engine.solve.evaluate import evaluate
from engine.solve.timeline import FOREVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.solve.cpsat.terms import Level
    from engine.solve.problem import Problem, Solution
    from engine.solve.report import StopFlag

_log = logging.getLogger("taktwerk.engine")

OnSolution = Callable[["Solution", tuple[int, ...]], None]
OnBound = Callable[[int], None]

_READ_EVERY_S = 0.05
_SHARE_OF_LEVEL = 0.7
_DETERMINISTIC_SHARE = 0.3
_FULL_PORTFOLIO = 6


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


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run CP-SAT. ``deadline`` is a moment of ``time.monotonic``."""

    deadline: float
    workers: int = 1
    seed: int = 0
    deterministic: bool = False


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
        self._stop = stop
        self._on_solution = on_solution
        self._on_bound = on_bound
        self.best = hint
        self.vector = None if hint is None else evaluate(problem, hint)
        self.bound: int | None = None
        self._index = Index(problem)

    def solve(self) -> CpSatResult:
        if is_too_large(self._problem):
            return self._result("unknown")
        status = self._attempt(guessed_end(self._problem, self.best))
        if status == "again":  # what is best in the relaxed model is no plan
            status = self._attempt(FOREVER, exact_setups=True)
        return self._result("unknown" if status == "again" else status)

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
        problem = self._problem
        far = problem.window_end if relaxed_from >= problem.window_end else far_end(problem)
        caps = self._caps()
        high = far if caps is None else min(far, int(caps.max(initial=0)))
        frame = Frame(self._index, problem.movable, self.best, (0, high), relaxed_from, caps)
        begin = time.monotonic()
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
            until = self._settings.deadline
            if not is_last:
                until = time.monotonic() + _SHARE_OF_LEVEL * (until - time.monotonic())
            status = searcher.minimise(level, until, first=number == 0)
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
                    if searcher.is_relaxed:
                        return "again"
            else:
                proven = False
            if self.vector is None:
                return "unknown"
            if not is_last:
                assert self.vector is not None
                searcher.hold(level, self.vector[number])
        return "optimal" if proven and exact else "unknown"

    def _caps(self) -> NDArray[np.int64] | None:
        """Return the latest sensible end of each operation, by the plan to beat."""
        if self.best is None or self.vector is None:
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


class Searcher:
    """Runs CP-SAT on a model, level by level, keeping the best values as hint."""

    def __init__(
        self,
        built: Built,
        settings: Settings,
        stop: StopFlag,
        take: Callable[[Solution], None],
        raise_bound: Callable[[float], None],
    ) -> None:
        self._built = built
        self._settings = settings
        self._stop = stop
        self._take = take
        self._raise_bound = raise_bound
        self._reader = PlanReader(built)
        self._values: dict[int, int] | None = None
        self.bound = 0.0
        self.is_relaxed = built.is_relaxed or built.frame.clocks.relaxed_from < built.frame.high

    def minimise(self, level: Level, until: float, first: bool) -> int:
        """Minimise one level; plans go to ``take``. Return CP-SAT's status."""
        model = self._built.model
        model.cp.clear_objective()
        model.cp.minimize(level.expr)
        model.write_hints(self._values)
        solver = cp_model.CpSolver()
        set_parameters(solver.parameters, self._settings, until)
        callback = _Callback(self._reader, self._take)
        if first:
            solver.best_bound_callback = lambda value: self._raise_bound(level.bound(value))
        withdraw = self._stop.on_stop(solver.stop_search)
        try:
            if self._stop.stopped or time.monotonic() >= until:
                return cp_model.UNKNOWN
            status = solver.solve(model.cp, callback)
        finally:
            withdraw()
        if callback.error is not None:
            raise callback.error
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            self.bound = solver.best_objective_bound
            self._values = dict(enumerate(solver.response_proto.solution))
            found = self._reader.read(lambda expr: int(solver.value(expr)))
            if found is not None:
                self._take(found)
        return status

    def hold(self, level: Level, vector_value: int) -> None:
        """Keep a level at most where the vector has it."""
        self._built.model.require(level.expr <= level.ceiling(vector_value))


class _Callback(cp_model.CpSolverSolutionCallback):
    """Reads plans as they come, not more often than every so many milliseconds."""

    def __init__(self, reader: PlanReader, take: Callable[[Solution], None]) -> None:
        super().__init__()
        self._reader = reader
        self._take = take
        self._next_at = 0.0
        self.error: Exception | None = None

    def on_solution_callback(self) -> None:
        """Read the plan, unless the last one came just now."""
        now = time.monotonic()
        if now < self._next_at or self.error is not None:
            return
        try:
            found = self._reader.read(lambda expr: int(self.value(expr)))
            if found is not None:
                self._take(found)
        except Exception as error:  # an exception must not cross into C++
            self.error = error
            self.stop_search()
        self._next_at = time.monotonic() + _READ_EVERY_S


def set_parameters(parameters: cp_model_helper.SatParameters, settings: Settings, until: float) -> None:
    """Set CP-SAT's parameters as measured best for plans on few cores (``docs/decisions``).

    Two threads by default spend one on LP and one on LNS; a full search without LP beside the LNS proves more.
    """
    p = parameters
    left = max(0.01, until - time.monotonic())
    p.num_workers = settings.workers
    p.random_seed = settings.seed
    p.max_time_in_seconds = left
    p.cp_model_probing_level = 0
    p.symmetry_level = 0
    if settings.workers == 1:
        p.linearization_level = 0
    elif settings.workers < _FULL_PORTFOLIO:
        p.subsolvers.extend(["no_lp", "default_lp"][: settings.workers - 1])
    if settings.deterministic:
        p.max_deterministic_time = left * _DETERMINISTIC_SHARE
        p.interleave_search = settings.workers > 1


def _dated(problem: Problem) -> list[tuple[float, int, tuple[int, ...]]]:
    """Return weight, due date and operations of whatever has a due date."""
    rows = [(o.weight, o.due_ms, o.ops) for o in problem.orders if o.due_ms is not None]
    return rows + [(op.weight, op.due_ms, (op.index,)) for op in problem.ops if op.due_ms is not None]
