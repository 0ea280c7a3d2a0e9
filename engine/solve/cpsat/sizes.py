"""How far ahead a model has to look, and which problems are too large to be modelled as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.solve.problem.problem import NO_FAMILY

if TYPE_CHECKING:
    from engine.solve.problem.problem import Problem, Solution

MOST_OPERATIONS = 3_000
MOST_MODES = 12_000


def far_end(problem: Problem) -> int:
    """Return a tick by which any plan can be made to end whose calendars never rest beyond the known window."""
    work = sum(max(mode.work for mode in op.modes) for op in problem.ops if op.fixed is None)
    setups = 0
    for resource in problem.resources:
        if resource.setup is not None and resource.setup.ticks.size:
            setups = max(setups, int(resource.setup.ticks.max()))
    families = sum(op.family != NO_FAMILY for op in problem.ops)
    lags = sum(max(0, arc.min_lag) for arc in problem.arcs)
    last = max((abs(op.fixed.placement.end) for op in problem.ops if op.fixed is not None), default=0)
    return max(problem.window_end, last) + work + setups * families + lags + 1


def guessed_end(problem: Problem, plan: Solution | None) -> int:
    """Return a tick by which the plans worth looking for end: calendars are modelled exactly up to it."""
    if plan is not None:
        last = int(plan.end.max(initial=0))
        return min(problem.window_end, last + max(last // 4, 1))
    load: dict[int, int] = {}
    for op in problem.ops:
        if op.fixed is None:
            mode = min(op.modes, key=lambda m: m.work)
            load[mode.resource] = load.get(mode.resource, 0) + mode.work
    first = max((max(op.release, op.est, op.eet) for op in problem.ops if op.fixed is None), default=0)
    fixed = max((op.fixed.placement.end for op in problem.ops if op.fixed is not None), default=0)
    last = max(0, first, fixed)
    for op in problem.ops:
        for demand in op.demands if op.fixed is None else ():
            for resource in demand.candidates:
                load.setdefault(resource, max(mode.work for mode in op.modes))
    for resource, work in load.items():
        working = None if resource < 0 else problem.resources[resource].working
        end = last + 2 * work if working is None else working.add(last, max(1, 2 * work))
        last = max(last, problem.window_end if end is None else end)
    chains = sum(max(0, arc.min_lag) for arc in problem.arcs) + max(load.values(), default=0)
    return min(problem.window_end, last + chains)


def is_too_large(problem: Problem) -> bool:
    """Whether CP-SAT would only presolve the whole problem, without finding anything."""
    movable = problem.movable
    return len(movable) > MOST_OPERATIONS or sum(len(problem.ops[o].modes) for o in movable) > MOST_MODES
