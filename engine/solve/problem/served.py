"""Who serves the demands of what is fixed, where that is still open: decided once, so that all searches agree.

Without conflict among what is fixed if there is such an assignment; CP-SAT may then still find a better one. Where
there is none, the conflict is tolerated and the assignment stands.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.solve.problem.problem import NO_FAMILY, NO_RESOURCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.solve.problem.problem import OpData, ResourceData

_MOST_TRIES = 2_000
_MOST_OPEN = 200
_SHELF_TICKS = 1 << 11

Use = tuple[int, int, int]
"""Units of a resource over a span: ``(start, end, units)``."""
Open = tuple["OpData", int, list[int]]
"""An operation, the number of its open demand, and who can serve that, by preference."""


def with_served_demands(ops: tuple[OpData, ...], resources: Sequence[ResourceData]) -> tuple[tuple[OpData, ...], bool]:
    """Return the operations, the fixed ones with ``served``, and whether nothing fixed is in conflict for it.

    Of what is over, the choice does not matter any more, and becomes its only candidate.
    """
    fixed = [op for op in ops if op.fixed is not None and op.demands]
    if not fixed:
        return ops, True
    book = _Book(ops, resources)
    found: list[Open] = []
    chosen = {(op.index, k): d.candidates[0] for op in fixed for k, d in enumerate(op.demands)}
    for op in sorted(fixed, key=_by_start):
        for k, demand in enumerate(op.demands):
            if len(demand.candidates) > 1:
                found.append((op, k, book.able(op, demand.candidates, demand.quantity)))
    is_served = book.assign(found, chosen)
    out = list(ops)
    for op in fixed:
        served = tuple(chosen[op.index, k] for k in range(len(op.demands)))
        demands = op.demands
        if op.fixed is not None and op.fixed.by == "completed":
            demands = tuple(replace(d, candidates=(r,)) for d, r in zip(op.demands, served, strict=True))
        out[op.index] = replace(op, demands=demands, served=served)
    return tuple(out), is_served


class _Book:
    """What fixed operations hold of each resource, setups before them included."""

    def __init__(self, ops: tuple[OpData, ...], resources: Sequence[ResourceData]) -> None:
        self._resources = resources
        self._first = _setup_starts(ops, resources)
        self._uses: dict[tuple[int, int], list[Use]] = {}
        """By resource and stretch of time, so that not all have to be looked at."""
        for op in ops:
            if op.fixed is not None:
                self._hold(op, op.fixed.placement.resource, 1)
                for demand in op.demands:
                    if len(demand.candidates) == 1:
                        self._hold(op, demand.candidates[0], demand.quantity)

    def able(self, op: OpData, candidates: tuple[int, ...], quantity: int) -> list[int]:
        """Return who works while an operation does, or everyone where nobody does; any order is kept."""
        assert op.fixed is not None
        if not quantity or op.fixed.by == "completed":
            return list(candidates)
        found = [r for r in candidates if self._works_for(op, r)]
        return found or list(candidates)

    def assign(self, found: list[Open], chosen: dict[tuple[int, int], int]) -> bool:
        """Choose for each open demand; return whether no capacity is exceeded for it."""
        rest = [(op, k, able) for op, k, able in found if op.fixed is not None and op.fixed.by != "completed"]
        chosen.update({(op.index, k): able[0] for op, k, able in found})
        self._tries = _MOST_TRIES
        if len(rest) <= _MOST_OPEN and self._assign(rest, 0, chosen):
            return True
        is_served = True
        for op, k, able in rest:
            free = next((r for r in able if self._has_room(op, k, r)), None)
            chosen[op.index, k] = able[0] if free is None else free
            is_served = is_served and free is not None
            self._hold(op, chosen[op.index, k], op.demands[k].quantity)
        return is_served

    def _assign(self, rest: list[Open], at: int, chosen: dict[tuple[int, int], int]) -> bool:
        if at == len(rest):
            return True
        op, k, able = rest[at]
        for resource in able:
            self._tries -= 1
            if self._tries > 0 and self._has_room(op, k, resource):
                self._hold(op, resource, op.demands[k].quantity)
                chosen[op.index, k] = resource
                if self._assign(rest, at + 1, chosen):
                    return True
                self._let_go(op, resource)
        return False

    def _hold(self, op: OpData, resource: int, units: int) -> None:
        if op.fixed is not None and resource != NO_RESOURCE:
            use = self._first[op.index], op.fixed.placement.end, units
            for shelf in self._shelves(op):
                self._uses.setdefault((resource, shelf), []).append(use)

    def _let_go(self, op: OpData, resource: int) -> None:
        """Take back what was held last."""
        for shelf in self._shelves(op):
            self._uses[resource, shelf].pop()

    def _shelves(self, op: OpData) -> range:
        assert op.fixed is not None
        first, end = self._first[op.index], op.fixed.placement.end
        return range(first // _SHELF_TICKS, max(first, end - 1) // _SHELF_TICKS + 1)

    def _has_room(self, op: OpData, k: int, resource: int) -> bool:
        assert op.fixed is not None
        data, units = self._resources[resource], op.demands[k].quantity
        first, end = self._first[op.index], op.fixed.placement.end
        if data.infinite or not units or first >= end:
            return True
        shelves = self._shelves(op)
        beside = [(a, b, u) for a, b, u in data.outages if a < end and b > first]
        for shelf in shelves:
            for a, b, u in self._uses.get((resource, shelf), ()):
                if a < end and b > first and shelf == max(shelves.start, a // _SHELF_TICKS):  # once, not on each shelf
                    beside.append((a, b, u))
        instants = {first, *(a for a, _, _ in beside if a > first)}
        return all(units + sum(u for a, b, u in beside if a <= at < b) <= data.capacity for at in instants)

    def _works_for(self, op: OpData, resource: int) -> bool:
        assert op.fixed is not None
        first, end = self._first[op.index], op.fixed.placement.end
        working, at = self._resources[resource].working, op.fixed.placement.resource
        if working is None or first >= end:
            return True
        own = None if at == NO_RESOURCE else self._resources[at].working
        return working.idle_within(first, end, own) is None


def _setup_starts(ops: tuple[OpData, ...], resources: Sequence[ResourceData]) -> dict[int, int]:
    """Return when each fixed operation, or its setup, begins, as their sequence has it."""
    stands_in = {r.index: r.setup.initial for r in resources if r.setup is not None}
    first: dict[int, int] = {}
    for op in sorted((op for op in ops if op.fixed is not None), key=_by_start):
        assert op.fixed is not None
        at = op.fixed.placement
        first[op.index] = at.start
        if op.family == NO_FAMILY or at.resource not in stands_in or at.start == at.end:
            continue
        data = resources[at.resource]
        before, stands_in[at.resource] = stands_in[at.resource], op.family
        assert data.setup is not None
        ticks = 0 if before == NO_FAMILY or not op.needs_setup else int(data.setup.ticks[before, op.family])
        if ticks > 0:
            begin = at.start - ticks if data.working is None else data.working.back(at.start, ticks)
            first[op.index] = at.start if begin is None else begin
    return first


def _by_start(op: OpData) -> tuple[int, int, str]:
    assert op.fixed is not None
    return op.fixed.placement.start, op.fixed.placement.end, op.id
