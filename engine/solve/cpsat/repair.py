"""Making plans of a relaxed model keep room for setups."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from engine.solve.dispatching.decoder import Decoder
from engine.solve.problem.problem import FORBIDDEN, NO_FAMILY, NO_RESOURCE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.solve.problem.problem import OpData, Problem, ResourceData, Solution


class Repairer:
    """Repairs plans of one problem: what does not fit is decoded anew in the order of starts, on the same machines."""

    def __init__(self, problem: Problem, resources: Iterable[int]) -> None:
        self._problem = problem
        self._resources = [r for r in resources if problem.resources[r].setup is not None]
        self._decoder: Decoder | None = None

    def repaired(self, plan: Solution) -> Solution | None:
        """Return the plan, or one like it with room for setups, or None when that fails."""
        if setups_fit(self._problem, plan, self._resources):
            return plan
        if self._decoder is None:
            self._decoder = Decoder(self._problem)
        decoded = self._decoder.decode(plan.start.tolist(), plan.mode.tolist())
        return None if decoded.excess else decoded.solution


def setups_fit(problem: Problem, plan: Solution, resources: Iterable[int]) -> bool:
    """Whether each setup on some resources with a matrix is allowed, released, and meets nothing else.

    All other rules are taken to hold.
    """
    wanted = set(resources)
    rows: dict[int, list[int]] = {r: [] for r in wanted}
    with_setup: list[int] = []
    modes, first, start, end = (x.tolist() for x in (plan.mode, plan.setup_start, plan.start, plan.end))
    for op in problem.ops:
        o = op.index
        resource = op.modes[modes[o]].resource
        if resource in wanted and end[o] > start[o]:
            rows[resource].append(o)
            if first[o] < start[o]:
                with_setup.append(o)
    for resource, row in rows.items():
        row.sort(key=lambda o: (start[o], end[o], problem.ops[o].id))
        if not _is_allowed(problem, problem.resources[resource], row):
            return False
        for one, other in pairwise(row):
            stay = problem.ops[one].is_circumstance and problem.ops[other].is_circumstance
            if end[one] > first[other] and first[other] < start[other] and not stay:
                return False
    moved = [o for o in with_setup if not problem.ops[o].is_circumstance]
    return all(_is_free(problem, plan, problem.ops[o], modes[o]) for o in moved)


def _is_allowed(problem: Problem, data: ResourceData, row: list[int]) -> bool:
    """Whether no banned sequence occurs, other than between operations that stay anyway."""
    assert data.setup is not None
    family, before = data.setup.initial, None
    for o in row:
        op = problem.ops[o]
        if op.family == NO_FAMILY:
            continue
        stays = op.is_circumstance and (before is None or before.is_circumstance)
        banned = family != NO_FAMILY and op.needs_setup and data.setup.ticks[family, op.family] == FORBIDDEN
        if banned and not stays:
            return False
        family, before = op.family, op
    return True


def _is_free(problem: Problem, plan: Solution, op: OpData, mode: int) -> bool:
    """Whether a setup begins after the release, outside blocked spans, with its secondary resources there and free."""
    o, first, start = op.index, int(plan.setup_start[op.index]), int(plan.start[op.index])
    if first < op.release:
        return False
    own = problem.resources[op.modes[mode].resource]
    offset = problem.demand_offset
    served = [(d, int(plan.choice[offset[o] + k])) for k, d in enumerate(op.demands) if d.quantity]
    served = [(d, r) for d, r in served if r != NO_RESOURCE]
    for resource in [own.index, *(r for _, r in served)]:
        if op.fixed is None and any(a < start and b > first for a, b in problem.resources[resource].blocked):
            return False
    for _, resource in served:
        working = problem.resources[resource].working
        if working is not None and not _covers(problem, own, resource, first, start):
            return False
        if not _has_room(problem, plan, resource, first, start):
            return False
    return True


def _covers(problem: Problem, own: ResourceData, resource: int, first: int, start: int) -> bool:
    """Whether a secondary resource works whenever the primary one does within ``[first, start)``."""
    other = problem.resources[resource].working
    assert other is not None
    if own.working is None:
        return other.covers(first, start)
    at = first
    while at < start:
        begin = own.working.next_working(at)
        if begin is None or begin >= start:
            return True
        i = int(own.working.starts.searchsorted(begin, side="right")) - 1
        until = min(start, int(own.working.ends[i]))
        if other.between(begin, until) < until - begin:
            return False
        at = until
    return True


def _has_room(problem: Problem, plan: Solution, resource: int, first: int, until: int) -> bool:
    """Whether the use of a resource stays within its capacity over ``[first, until)``."""
    data = problem.resources[resource]
    if data.infinite:
        return True
    change: dict[int, int] = {}

    def use(a: int, b: int, units: int) -> None:
        a, b = max(a, first), min(b, until)
        if a < b:
            change[a] = change.get(a, 0) + units
            change[b] = change.get(b, 0) - units

    for op in problem.ops:
        o = op.index
        a, b = int(plan.setup_start[o]), int(plan.end[o])
        if a < until and b > first and int(plan.start[o]) < b:
            if op.modes[int(plan.mode[o])].resource == resource:
                use(a, b, 1)
            for k, demand in enumerate(op.demands):
                if plan.choice[problem.demand_offset[o] + k] == resource:
                    use(a, b, demand.quantity)
    for a, b, units in data.outages:
        use(a, b, units)
    used = 0
    for at in sorted(change):
        used += change[at]
        if used > data.capacity:
            return False
    return True
