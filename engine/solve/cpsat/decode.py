"""From the values of a model's variables to a plan, setups recomputed from the sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.solve.cpsat.clock import ClockSet
from engine.solve.cpsat.repair import Repairer
from engine.solve.problem.problem import FORBIDDEN, NO_FAMILY, NO_RESOURCE, Solution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from engine.solve.cpsat.builder import Built
    from engine.solve.cpsat.frame import Frame
    from engine.solve.cpsat.model import Lit
    from engine.solve.cpsat.repair import Repairer
    from engine.solve.cpsat.variables import OpVars
from engine.solve.problem.problem import Problem


class PlanReader:
    """Reads plans from values of the variables of one model; repairs them where the model is relaxed."""

    def __init__(self, built: Built) -> None:
        self._built = built
        self._frame = built.frame
        problem = built.frame.problem
        self._clocks = ClockSet(problem, problem.window_end)
        self._frozen = _held_plan(built.frame)
        self._setup_resources = {r for r in self._frame.touched() if problem.resources[r].setup is not None}
        self._repairer = Repairer(problem, self._setup_resources) if built.is_relaxed else None

    def read(self, value: Callable[[object], int]) -> Solution | None:
        """Return the plan that the values of ``value(expression)`` stand for.

        None where it reaches beyond the calendars that are known, or does not leave room for setups and cannot be
        repaired.
        """
        problem, built = self._frame.problem, self._built
        solution = self._frozen.copy()
        for o, made in built.made.items():
            if not self._read_op(solution, o, made, value):
                return None
        for held, k, lits in built.open_choices:
            solution.choice[problem.demand_offset[held.op.index] + k] = _chosen(lits, value)
        write_setup_starts(problem, solution, self._setup_resources)
        return solution if self._repairer is None else self._repairer.repaired(solution)

    def _read_op(self, solution: Solution, o: int, made: OpVars, value: Callable[[object], int]) -> bool:
        problem = self._frame.problem
        mode = next(m for m in made.modes if m.lit is True or value(m.lit))
        track = next(t for t in made.tracks if t.clock is mode.clock)
        position = track.start.low if track.start.is_constant else value(track.start.expr)
        clock = self._clocks.real if mode.clock.is_real else self._clocks.of(mode.data.resource)
        start, end = clock.start_at(position), clock.end_at(position + mode.data.work)
        if mode.data.work == 0:
            end = start
        if end > problem.window_end or (not clock.is_real and position + mode.data.work > clock.last):
            return False
        if end > self._frame.clocks.relaxed_from and self._has_calendar(made, mode.data.resource):
            return False
        solution.mode[o] = mode.index
        solution.start[o] = solution.setup_start[o] = start
        solution.end[o] = end
        for k, lits in enumerate(made.choices):
            solution.choice[problem.demand_offset[o] + k] = _chosen(lits, value)
        return True

    def _has_calendar(self, made: OpVars, resource: int) -> bool:
        resources = self._frame.problem.resources
        if resource >= 0 and resources[resource].working is not None:
            return True
        return any(resources[r].working is not None for lits in made.choices for r in lits)


def with_setup_starts(problem: Problem, plan: Solution) -> Solution:
    """Return a plan with its setup starts as its sequences have them, whatever stood there."""
    resources = [r.index for r in problem.resources if r.setup is not None]
    if not resources:
        return plan
    plan = plan.copy()
    write_setup_starts(problem, plan, resources)
    return plan


def write_setup_starts(problem: Problem, solution: Solution, resources: Iterable[int]) -> None:
    """Set the setup start of every operation on some resources with a setup matrix, from the sequence there."""
    wanted = set(resources)
    if not wanted:
        return
    rows: dict[int, list[int]] = {r: [] for r in wanted}
    modes = solution.mode.tolist()
    for op in problem.ops:
        resource = op.modes[modes[op.index]].resource
        if resource in rows and op.family != NO_FAMILY:
            rows[resource].append(op.index)
    start, end = solution.start, solution.end
    for resource, row in rows.items():
        data = problem.resources[resource]
        assert data.setup is not None
        family = data.setup.initial
        for o in sorted(row, key=lambda o: (start[o], end[o], problem.ops[o].id)):
            op = problem.ops[o]
            if end[o] <= start[o]:
                continue
            before, family = family, op.family
            ticks = 0 if before == NO_FAMILY or not op.needs_setup else int(data.setup.ticks[before, family])
            first: int | None = int(start[o])
            if ticks > 0:
                first = first - ticks if data.working is None else data.working.back(first, ticks)
            solution.setup_start[o] = start[o] if first is None or ticks == FORBIDDEN else first


def _held_plan(frame: Frame) -> Solution:
    """Return a plan in which everything that is not free stands where it is."""
    problem = frame.problem
    if frame.base is not None:
        return frame.base.copy()
    solution = Solution.empty(problem)
    for op in problem.ops:
        if op.fixed is not None:
            at = op.fixed.placement
            solution.start[op.index] = solution.setup_start[op.index] = at.start
            solution.end[op.index] = at.end
            for k, demand in enumerate(op.demands):
                if len(demand.candidates) == 1:
                    solution.choice[problem.demand_offset[op.index] + k] = demand.candidates[0]
    return solution


def _chosen(lits: dict[int, Lit], value: Callable[[object], int]) -> int:
    return next((r for r, lit in lits.items() if lit is True or (lit is not False and value(lit))), NO_RESOURCE)
