"""From a request to a ``Problem``: dates to ticks, rules to arrays, what cannot move to constants."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.calendars import WorkingTimes
from engine.horizon import horizon_start_ms, natural_tick_ms, planning_window
from engine.instants import to_ms
from engine.model import DateConstraint, DependencyType, SetConstraint
from engine.solve.problem.compile_objective import compile_objective
from engine.solve.problem.compile_ops import OpCompiler
from engine.solve.problem.compile_resources import Grid, ResourceCompiler
from engine.solve.problem.problem import (
    NO_ORDER,
    NO_RESOURCE,
    ArcData,
    OpData,
    OrderData,
    Problem,
    ResourceData,
    SetData,
)
from engine.solve.problem.served import with_served_demands

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.model import Dependency, OptimizationRequest, Schedule

_PRED_AT_END = {DependencyType.FINISH_TO_START, DependencyType.FINISH_TO_FINISH}
_SUCC_AT_END = {DependencyType.START_TO_FINISH, DependencyType.FINISH_TO_FINISH}


def compile_problem(request: OptimizationRequest, *, tick_ms: int | None = None, growth: int = 0) -> Problem:
    """Return the problem of a valid request.

    Parameters
    ----------
    request
        What to optimise and how.
    tick_ms
        Length of a tick; by default ``options.tick`` if that is coarser than the natural tick, else the natural one.
    growth
        How many times to double the reach of ``engine.horizon.planning_window``.
    """
    schedule = request.schedule_data
    natural = natural_tick_ms(schedule, request)
    if tick_ms is None:
        tick_ms = max(natural, request.options.tick or 0)
    h0_ms = horizon_start_ms(schedule)
    times = WorkingTimes(schedule, *planning_window(schedule, growth))
    return _Compiler(request, Grid(h0_ms, tick_ms), natural, times).compile()


class _Compiler:
    def __init__(self, request: OptimizationRequest, grid: Grid, natural_ms: int, times: WorkingTimes) -> None:
        self._request = request
        self._schedule = request.schedule_data
        self._grid = grid
        self._natural_ms = natural_ms
        self._times = times
        self._families = _families(self._schedule)
        self._resources = ResourceCompiler(self._schedule, request.locks, grid, times, self._families)

    def compile(self) -> Problem:
        """Return the problem."""
        snapshot, grid = self._schedule.snapshot, self._grid
        compiler = OpCompiler(self._request, grid, self._natural_ms, self._families, self._times)
        ops = compiler.compile()
        ops = self._with_bounds(ops)
        index = {op.id: op.index for op in ops}
        resources = tuple(self._resources.compile(i, r) for i, r in enumerate(snapshot.resources))
        if compiler.needs_idle:
            resources += (ResourceData(compiler.idle, "", capacity=1, infinite=True),)
        orders = self._orders(ops)
        arcs = tuple(arc for d in snapshot.dependencies if (arc := self._arc(d, ops, index)) is not None)
        sets: dict[str, list[SetData]] = defaultdict(list)
        for rule in snapshot.constraints:
            if isinstance(rule, SetConstraint) and rule.enabled:
                ops, found = _set(rule, ops, index)
                sets[rule.type].extend(found)
        ops = _with_common_modes(ops, sets["sameresource"], sets["differentresource"])
        ops, is_served = with_served_demands(ops, resources)
        offsets = [0]
        for op in ops:
            offsets.append(offsets[-1] + len(op.demands))
        window_end = grid.down(self._times.to_ms)
        return Problem(
            request=self._request,
            h0_ms=grid.h0_ms,
            tick_ms=grid.tick_ms,
            is_exact=grid.tick_ms == self._natural_ms,
            window_end=window_end,
            horizon=window_end,
            ops=ops,
            resources=resources,
            orders=orders,
            families=tuple(self._families),
            arcs=arcs,
            same=tuple(sets["sameresource"]),
            different=tuple(sets["differentresource"]),
            nooverlap=tuple(sets["nooverlap"]),
            objective=compile_objective(self._request, self._times),
            demand_offset=tuple(offsets),
            times=self._times,
            warnings=compiler.warnings,
            idle=compiler.idle if compiler.needs_idle else NO_RESOURCE,
            is_served=is_served,
        )

    def _with_bounds(self, ops: tuple[OpData, ...]) -> tuple[OpData, ...]:
        """Fold date constraints into the bounds of the operations that they name."""
        grid = self._grid
        bounds: dict[str, list[DateConstraint]] = defaultdict(list)
        for rule in self._schedule.snapshot.constraints:
            if isinstance(rule, DateConstraint) and rule.enabled:
                bounds[rule.event_id].append(rule)

        def bounded(op: OpData) -> OpData:
            if op.is_circumstance:
                return op
            for rule in bounds.get(op.id, ()):
                first, last = grid.up(to_ms(rule.date)), grid.down(to_ms(rule.date))
                if rule.type in ("startnoearlierthan", "muststarton"):
                    op = replace(op, est=max(op.est, first))
                if rule.type in ("startnolaterthan", "muststarton"):
                    op = replace(op, lst=min(op.lst, last))
                if rule.type in ("finishnoearlierthan", "mustfinishon"):
                    op = replace(op, eet=max(op.eet, first))
                if rule.type in ("finishnolaterthan", "mustfinishon"):
                    op = replace(op, let=min(op.let, last))
            return op

        return tuple([bounded(op) for op in ops]) if bounds else ops

    def _orders(self, ops: tuple[OpData, ...]) -> tuple[OrderData, ...]:
        """Return the orders that have operations here, by the index that these have of them."""
        members: dict[int, list[int]] = defaultdict(list)
        for op in ops:
            if op.order != NO_ORDER:
                members[op.order].append(op.index)
        orders = {order.id: order for order in self._schedule.snapshot.orders}
        id_of = {event.id: event.order_id for event in self._schedule.snapshot.events}
        found: list[OrderData] = []
        for k in range(len(members)):
            order = orders[str(id_of[ops[members[k][0]].id])]
            due_ms = None if order.due_date is None else to_ms(order.due_date)
            found.append(OrderData(k, order.id, tuple(members[k]), due_ms, order.weight))
        return tuple(found)

    def _arc(self, dependency: Dependency, ops: tuple[OpData, ...], index: dict[str, int]) -> ArcData | None:
        """Return the dependency, or None where it cannot or need not hold."""
        if dependency.from_event not in index or dependency.to_event not in index:
            return None
        pred, succ = ops[index[dependency.from_event]], ops[index[dependency.to_event]]
        succ_end = dependency.type in _SUCC_AT_END
        if pred.is_circumstance and succ.is_circumstance:
            return None
        if succ.fixed is not None and (succ.fixed.by == "completed" or (succ.fixed.by == "started" and not succ_end)):
            return None
        max_lag = dependency.max_lag_ms
        return ArcData(
            id=dependency.id,
            pred=pred.index,
            succ=succ.index,
            pred_end=dependency.type in _PRED_AT_END,
            succ_end=succ_end,
            min_lag=self._grid.length_up(dependency.lag_ms),
            max_lag=None if max_lag is None else self._grid.length_down(max_lag),
        )


def _set(
    rule: SetConstraint, ops: tuple[OpData, ...], index: dict[str, int]
) -> tuple[tuple[OpData, ...], list[SetData]]:
    """Return the set constraint, if it has two members left of which one can be held to it, and the operations.

    Members of one and the same resource that circumstance holds on different ones break the rule whatever is planned:
    then the others have to run on one of those, and that is left of it, in their modes.
    """
    members = [ops[index[i]] for i in dict.fromkeys(rule.event_ids) if i in index]
    if rule.type == "sameresource":
        given = [op for op in members if op.is_circumstance and op.modes[0].resource != NO_RESOURCE]
        given = [op for op in given if op.fixed is not None and op.fixed.by != "scope"] or given
        others = [op for op in members if not op.is_circumstance]
        resources = {op.fixed.placement.resource for op in given if op.fixed is not None}
        if len(resources) > 1:
            narrowed = {op.index: _on(op, resources) for op in others}
            if all(op.modes for op in narrowed.values()):
                return tuple(narrowed.get(op.index, op) for op in ops), []
        members = given[:1] + others
    if len(members) < 2 or all(op.is_circumstance for op in members):
        return ops, []
    return ops, [SetData(rule.id, tuple(op.index for op in members))]


def _on(op: OpData, resources: set[int]) -> OpData:
    """Return an operation with the modes on some resources, or on none."""
    return replace(op, modes=tuple(mode for mode in op.modes if mode.resource in resources or mode.resource < 0))


def _with_common_modes(ops: tuple[OpData, ...], same: list[SetData], different: list[SetData]) -> tuple[OpData, ...]:
    """Return the operations without modes that set constraints rule out from the start.

    Those that others on the same resource do not have, and those on the only resource of one to keep away from.
    """
    out = list(ops)
    changed = True
    while changed:
        changed = False
        for o, allowed in _allowed_resources(out, same, different):
            kept = tuple(m for m in out[o].modes if m.resource in allowed)
            if kept and len(kept) < len(out[o].modes):
                out[o] = replace(out[o], modes=kept)
                changed = True
    return tuple(out)


def _allowed_resources(
    ops: list[OpData], same: list[SetData], different: list[SetData]
) -> Iterable[tuple[int, set[int]]]:
    """Yield (operation, resources that a set constraint leaves it)."""
    for rule in same:
        possible = [{m.resource for m in ops[o].modes} for o in rule.ops]
        placed = [p for p in possible if NO_RESOURCE not in p]
        common = set.intersection(*placed) if placed else set[int]()
        yield from ((o, common) for o, p in zip(rule.ops, possible, strict=True) if NO_RESOURCE not in p)
    for rule in different:
        taken = {ops[o].modes[0].resource: o for o in rule.ops if len(ops[o].modes) == 1}
        for o in rule.ops:
            yield o, {m.resource for m in ops[o].modes if m.resource == NO_RESOURCE or taken.get(m.resource, o) == o}


def _families(schedule: Schedule) -> list[str]:
    """Return the setup families in use, in order of appearance."""
    names = [e.setup_family for e in schedule.snapshot.events if e.setup_family is not None]
    names += [r.initial_setup for r in schedule.snapshot.resources if r.initial_setup is not None]
    return list(dict.fromkeys(names))
