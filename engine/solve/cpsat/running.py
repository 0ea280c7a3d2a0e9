"""How CP-SAT is run on a model: with what settings, for how long, level by level."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ortools.sat.python import cp_model, cp_model_helper

from engine.solve.cpsat.decode import PlanReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.solve.cpsat.builder import Built
    from engine.solve.cpsat.terms import Level
    from engine.solve.problem.problem import Solution
    from engine.solve.report import StopFlag

_READ_EVERY_S = 0.05
_FULL_PORTFOLIO = 6


_S_PER_EFFORT_AND_OPERATION, _LEAST_S_PER_EFFORT = 0.15, 5.0


def effort_of(seconds: float, operations: int) -> float:
    """Return an effort that takes less than some seconds (measured on plants with setups, on a busy machine).

    It takes longer the larger the model is, because CP-SAT's deterministic time counts little of what presolve does.
    """
    return seconds / max(_LEAST_S_PER_EFFORT, _S_PER_EFFORT_AND_OPERATION * operations)


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run CP-SAT.

    Attributes
    ----------
    deadline
        A moment of ``time.monotonic``.
    workers, seed
        Threads and seed.
    effort
        How much to search at most, in CP-SAT's deterministic time, or None. With one worker a search that ends by its
        effort and not by its deadline gives the same result every time, however busy the machine is.
    is_alone
        Whether nothing else searches beside it: then several threads are left to CP-SAT's own mixture.
    """

    deadline: float
    workers: int = 1
    seed: int = 0
    effort: float | None = None
    is_alone: bool = False

    @property
    def budget(self) -> Budget:
        """All the time and effort that there is."""
        return Budget(self.deadline, self.effort)


@dataclass(slots=True)
class Budget:
    """How long to go on: to a moment of ``time.monotonic``, and for an effort (None = any)."""

    until: float
    effort: float | None = None

    def part(self, share: float) -> Budget:
        """Return a share of the time that is left, or of the effort where that is what counts."""
        if self.effort is not None:
            return Budget(self.until, share * self.effort)
        now = time.monotonic()
        return Budget(now + share * (self.until - now))

    def spend(self, effort: float) -> None:
        """Take off what a search took."""
        if self.effort is not None:
            self.effort -= effort

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left."""
        return (self.effort is not None and self.effort <= 0) or time.monotonic() >= self.until


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
        self._value: int | None = None
        self.bound = 0.0
        self.effort = 0.0
        self.is_relaxed = built.is_relaxed or built.frame.clocks.relaxed_from < built.frame.high

    def minimise(self, level: Level, budget: Budget, first: bool) -> int:
        """Minimise one level; plans go to ``take``. Return CP-SAT's status."""
        self._built.model.cp.clear_objective()
        self._built.model.cp.minimize(level.expr)
        solver = cp_model.CpSolver()
        if first:
            solver.best_bound_callback = lambda value: self._raise_bound(level.bound(value))
        return self._solve(solver, budget)

    def satisfy(self, budget: Budget) -> int:
        """Find any plan. Return CP-SAT's status."""
        return self._solve(cp_model.CpSolver(), budget)

    def _solve(self, solver: cp_model.CpSolver, budget: Budget) -> int:
        """Run CP-SAT; ``effort`` is then what that took."""
        model = self._built.model
        model.write_hints(self._values)
        self.effort = 0.0
        set_parameters(solver.parameters, self._settings, budget)
        callback = _Callback(self._reader, self._take, 0.0 if budget.effort is not None else _READ_EVERY_S)
        withdraw = self._stop.on_stop(solver.stop_search)
        try:
            if self._stop.stopped or budget.is_spent:
                return cp_model.UNKNOWN
            status = solver.solve(model.cp, callback)
        finally:
            withdraw()
        self.effort = solver.response_proto.deterministic_time
        if callback.error is not None:
            raise callback.error
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            self.bound = solver.best_objective_bound
            self._value = round(solver.objective_value)
            self._values = dict(enumerate(solver.response_proto.solution))
            found = self._reader.read(lambda expr: int(solver.value(expr)))
            if found is not None:
                self._take(found)
        return status

    def hold(self, level: Level, vector_value: int) -> None:
        """Keep a level at most where the vector has it."""
        self._built.model.require(level.expr <= level.ceiling(vector_value))

    def hold_here(self, level: Level) -> bool:
        """Keep a level at most where the last solution has it; return whether there is one.

        For coarse ticks, on which the model's amounts are not those of the vector.
        """
        if self._value is None:
            return False
        self._built.model.require(level.expr <= self._value)
        return True


class _Callback(cp_model.CpSolverSolutionCallback):
    """Reads plans as they come, not more often than every so many seconds."""

    def __init__(self, reader: PlanReader, take: Callable[[Solution], None], every_s: float) -> None:
        super().__init__()
        self._reader = reader
        self._take = take
        self._every_s = every_s
        self._next_at = 0.0
        self.error: Exception | None = None

    def on_solution_callback(self) -> None:
        """Read the plan, unless the last one came just now."""
        if self.error is not None or (self._every_s and time.monotonic() < self._next_at):
            return
        try:
            found = self._reader.read(lambda expr: int(self.value(expr)))
            if found is not None:
                self._take(found)
        except Exception as error:  # an exception must not cross into C++
            self.error = error
            self.stop_search()
        self._next_at = time.monotonic() + self._every_s


def set_parameters(parameters: cp_model_helper.SatParameters, settings: Settings, budget: Budget) -> None:
    """Set CP-SAT's parameters as measured best for plans on few cores (``docs/decisions``).

    Two threads by default spend one on LP and one on LNS, which is best where CP-SAT is all there is (projects with
    stocks); beside other searches, a full search without LP proves more.
    """
    p = parameters
    p.num_workers = settings.workers
    p.random_seed = settings.seed
    p.max_time_in_seconds = max(0.01, budget.until - time.monotonic())
    is_mixed = settings.is_alone and settings.workers > 1
    if not is_mixed:
        p.cp_model_probing_level = 0
        p.symmetry_level = 0
    if settings.workers == 1:
        p.linearization_level = 0
    elif not is_mixed and settings.workers < _FULL_PORTFOLIO:
        p.subsolvers.extend(["no_lp", "default_lp"][: settings.workers - 1])
    if budget.effort is not None:
        p.max_deterministic_time = max(0.0, budget.effort)
        p.interleave_search = settings.workers > 1
