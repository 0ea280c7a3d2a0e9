"""Problems as a disjunctive graph in flat arrays: what the compiled annealing on the graph works on.

Every resource is a number of *rows*, one a unit of capacity, each of which runs one operation after the other. An
operation holds a *seat* in a row of its primary resource, one in a row of each secondary unit it needs, and one in the
row of each set of operations that must not overlap. A plan is then known by the mode of each operation and the sequence
of seats in each row: every operation starts as early as these allow. Operations that are fixed in the future take part
with times that cannot change; what would have to, is a violation that counts very dear.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from engine.solve.problem.problem import FORBIDDEN, NO_FAMILY, NO_RESOURCE, Solution
from engine.solve.problem.timeline import FOREVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from engine.solve.problem.problem import OpData, Problem, ResourceData

    Ints = NDArray[np.int64]

BANNED_TICKS = 1 << 36
"""The length of a setup that stands for a banned sequence: longer than any plan."""

PRIMARY, SECONDARY, APART = 0, 1, 2
"""Kinds of seats: the last is in the row of a set that must not overlap, which setups do not count for."""

_MOST_UNITS = 4
_MOST_ROWS = 200


class Graph(NamedTuple):
    """The problem in arrays over its *nodes*: movable operations and those fixed in the future.

    ``*_ptr`` arrays delimit rows of the arrays after them (CSR). Resource indices are the problem's; the last one
    stands for no resource. Times are ticks. ``into`` are dependencies by successor: bit 0 of ``into_kind`` tells that
    it is from the end, bit 1 that it is to the end. ``choice_row`` are the rows that a seat may be in; primary seats
    have none, theirs follow from the mode.
    """

    n: int
    n_rows: int
    fixed: Ints
    fixed_start: Ints
    fixed_end: Ints
    mode_ptr: Ints
    mode_resource: Ints
    mode_work: Ints
    resource_row: Ints
    seat_ptr: Ints
    seat_op: Ints
    seat_kind: Ints
    choice_ptr: Ints
    choice_row: Ints
    row_resource: Ints
    row_free: Ints
    row_family: Ints
    row_setup: Ints
    block_ptr: Ints
    block_start: Ints
    block_end: Ints
    setup: NDArray[np.int64]
    into_ptr: Ints
    into: Ints
    into_lag: Ints
    into_kind: Ints
    out_ptr: Ints
    out: Ints
    ready: Ints
    ready_end: Ints
    release: Ints
    limit_start: Ints
    limit_end: Ints
    is_limited: Ints
    is_simple: Ints
    family: Ints
    interruptible: Ints
    calendar_ptr: Ints
    calendar_start: Ints
    calendar_end: Ints
    calendar_sum: Ints


def supports_graph(problem: Problem) -> bool:
    """Whether all rules of a problem, and its objective, can be told in a ``Graph``."""
    objective = problem.objective
    weights = objective.weights or {}
    if objective.incremental or weights.get("balance") or weights.get("change"):
        return False
    if "balance_resources" in objective.names or not problem.movable:
        return False
    if any(arc.max_lag is not None or problem.ops[arc.succ].is_history for arc in problem.arcs):
        return False
    if any(len(problem.ops[o].modes) > 1 for rule in (*problem.same, *problem.different) for o in rule.ops):
        return False
    movable = [problem.ops[o] for o in problem.movable]
    return all(_has_few_seats(problem, op) for op in movable) and _has_plain_rows(problem) and _is_acyclic(problem)


def _has_few_seats(problem: Problem, op: OpData) -> bool:
    for demand in op.demands:
        possible = [problem.resources[c] for c in demand.candidates]
        if demand.quantity > _MOST_UNITS or (demand.quantity > 1 and len(possible) > 1):
            return False
        if any(r.infinite or not demand.quantity <= r.capacity <= _MOST_ROWS for r in possible):
            return False
    return True


def _has_plain_rows(problem: Problem) -> bool:
    """Whether resources are either small enough for rows or free of everything that rows are for."""
    for op in problem.ops:
        for mode in op.modes:
            if mode.resource == NO_RESOURCE or mode.work == 0:
                continue
            resource = problem.resources[mode.resource]
            if resource.infinite:
                if resource.blocked:
                    return False
            elif not 0 < resource.capacity <= _MOST_ROWS:
                return False
            if resource.setup is not None and op.family == NO_FAMILY:
                return False
    shared = {r.index for r in problem.resources if r.setup is not None}
    return not any(c in shared for op in problem.ops for d in op.demands for c in d.candidates)


def _is_acyclic(problem: Problem) -> bool:
    waits = [0] * len(problem.ops)
    after: list[list[int]] = [[] for _ in problem.ops]
    for arc in problem.arcs:
        waits[arc.succ] += 1
        after[arc.pred].append(arc.succ)
    ready = [o for o, count in enumerate(waits) if count == 0]
    for o in ready:
        for other in after[o]:
            waits[other] -= 1
            if waits[other] == 0:
                ready.append(other)
    return len(ready) == len(problem.ops)


class GraphMap:
    """The way between a problem and its ``Graph``.

    Attributes
    ----------
    graph
        The arrays.
    ops
        The problem's operation index of each node.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        in_play = [op.index for op in problem.ops if not op.is_history]
        self.ops = np.array(in_play, np.int64)
        self._rows = _Rows(problem)
        self.graph = _graph(problem, self.ops, self._rows)

    def placed(self, solution: Solution) -> tuple[Ints, Ints, Ints]:
        """Return the nodes in order of their setups' starts, each node's mode position, and the row of each seat.

        Of several units of a resource each operation takes one that is free.
        """
        graph, problem = self.graph, self._problem
        begin, end = solution.setup_start[self.ops], solution.end[self.ops]
        order = np.lexsort((end, solution.start[self.ops], begin)).astype(np.int64)
        mode = graph.mode_ptr[:-1] + solution.mode[self.ops]
        seat_row = np.full(len(graph.seat_op), -1, np.int64)
        free = [-FOREVER] * graph.n_rows
        for i in order.tolist():
            resources = self._seat_resources(problem.ops[int(self.ops[i])], solution)
            taken: set[int] = set()
            for k, resource in zip(range(graph.seat_ptr[i], graph.seat_ptr[i + 1]), resources, strict=True):
                rows = [row for row in self._rows.of(resource) if row not in taken]
                if resource is None or not rows or (k == graph.seat_ptr[i] and graph.mode_work[mode[i]] == 0):
                    continue
                fitting = [row for row in rows if free[row] <= begin[i]]
                row = max(fitting, key=lambda row: free[row]) if fitting else min(rows, key=lambda row: free[row])
                taken.add(row)
                free[row] = max(free[row], int(end[i]))
                seat_row[k] = row
        return order, mode.astype(np.int64), seat_row

    def _seat_resources(self, op: OpData, solution: Solution) -> list[int | tuple[str, int] | None]:
        """Return where each seat of an operation is: a resource, a set, or nowhere."""
        primary = op.modes[solution.mode[op.index]].resource
        out: list[int | tuple[str, int] | None] = [None if primary == NO_RESOURCE else primary]
        offset = self._problem.demand_offset[op.index]
        for k, demand in enumerate(op.demands):
            out += [int(solution.choice[offset + k])] * demand.quantity
        out += [("set", i) for i, rule in enumerate(self._problem.nooverlap) if op.index in rule.ops]
        return out

    def solution(self, mode: Ints, first: Ints, start: Ints, end: Ints, seat_row: Ints) -> Solution:
        """Return the problem's solution, history included."""
        problem, graph = self._problem, self.graph
        out = Solution.empty(problem)
        for op in problem.ops:
            if op.fixed is not None:
                at = op.fixed.placement
                out.start[op.index], out.end[op.index], out.setup_start[op.index] = at.start, at.end, at.start
                offset = problem.demand_offset[op.index]
                out.choice[offset : offset + len(op.demands)] = op.served
        out.mode[self.ops] = mode - graph.mode_ptr[:-1]
        out.start[self.ops], out.end[self.ops], out.setup_start[self.ops] = start, end, first
        for i, o in enumerate(self.ops.tolist()):
            seat = int(graph.seat_ptr[i]) + 1
            for k, demand in enumerate(problem.ops[o].demands):
                row = int(seat_row[seat]) if demand.quantity else -1
                chosen = graph.row_resource[row] if row >= 0 else demand.candidates[0]
                out.choice[problem.demand_offset[o] + k] = chosen
                seat += demand.quantity
        return out


class _Rows:
    """The rows of resources and of sets."""

    def __init__(self, problem: Problem) -> None:
        self.resource: list[int] = []
        self.first: list[int] = []
        for resource in problem.resources:
            self.first.append(len(self.resource))
            self.resource += [resource.index] * (0 if resource.infinite else min(resource.capacity, _MOST_ROWS))
        self.first += [len(self.resource)] * 2
        self.of_set = [len(self.resource) + i for i in range(len(problem.nooverlap))]
        self.resource += [NO_RESOURCE] * len(problem.nooverlap)

    def of(self, what: int | tuple[str, int] | None) -> range:
        """Return the rows of a resource, or of a set given as ("set", index)."""
        if what is None:
            return range(0)
        if isinstance(what, tuple):
            return range(self.of_set[what[1]], self.of_set[what[1]] + 1)
        return range(self.first[what], self.first[what + 1])


def _graph(problem: Problem, ops: Ints, rows: _Rows) -> Graph:
    nodes = [problem.ops[int(o)] for o in ops]
    at = {op.index: i for i, op in enumerate(nodes)}
    none = len(problem.resources)
    ready, ready_end, into, out = _arcs(problem, nodes, at)
    seats, kinds, choices = _seats(problem, nodes, rows)
    modes = [mode for op in nodes for mode in op.modes]
    row_free, row_family = _after_history(problem, rows)
    row_setup, setup = _setups(problem, rows)
    blocks = _blocks(problem, rows)
    calendars = [r.working for r in problem.resources] + [None]
    return Graph(
        n=len(nodes),
        n_rows=len(rows.resource),
        fixed=_ints(op.fixed is not None for op in nodes),
        fixed_start=_ints(op.fixed.placement.start if op.fixed else 0 for op in nodes),
        fixed_end=_ints(op.fixed.placement.end if op.fixed else 0 for op in nodes),
        mode_ptr=_pointers(len(op.modes) for op in nodes),
        mode_resource=_ints(none if m.resource == NO_RESOURCE or m.work == 0 else m.resource for m in modes),
        mode_work=_ints(m.work for m in modes),
        resource_row=_ints(rows.first),
        seat_ptr=_pointers(len(s) for s in seats),
        seat_op=_ints(i for i, row in enumerate(seats) for _ in row),
        seat_kind=_ints(kind for row in kinds for kind in row),
        choice_ptr=_pointers(len(c) for row in choices for c in row),
        choice_row=_ints(r for row in choices for c in row for r in c),
        row_resource=_ints(none if r == NO_RESOURCE else r for r in rows.resource),
        row_free=_ints(row_free),
        row_family=_ints(row_family),
        row_setup=row_setup,
        block_ptr=_pointers(len(b) for b in blocks),
        block_start=_ints(a for row in blocks for a, _ in row),
        block_end=_ints(b for row in blocks for _, b in row),
        setup=setup,
        into_ptr=_pointers(len(a) for a in into),
        into=_ints(p for row in into for p, _, _ in row),
        into_lag=_ints(lag for row in into for _, lag, _ in row),
        into_kind=_ints(kind for row in into for _, _, kind in row),
        out_ptr=_pointers(len(a) for a in out),
        out=_ints(s for row in out for s in row),
        ready=_ints(ready),
        ready_end=_ints(ready_end),
        release=_ints(max(0, op.release) if op.fixed is None else op.release for op in nodes),
        limit_start=_ints(op.lst for op in nodes),
        limit_end=_ints(op.let for op in nodes),
        is_limited=_ints(op.fixed is not None or op.lst < FOREVER or op.let < FOREVER for op in nodes),
        is_simple=_ints(_is_simple(problem, op, blocks, rows) for op in nodes),
        family=_ints(op.family for op in nodes),
        interruptible=_ints(op.interruptible for op in nodes),
        calendar_ptr=_pointers(0 if c is None else len(c) for c in calendars),
        calendar_start=_joined([c.starts for c in calendars if c is not None]),
        calendar_end=_joined([c.ends for c in calendars if c is not None]),
        calendar_sum=_joined([np.cumsum(c.ends - c.starts) - (c.ends - c.starts) for c in calendars if c is not None]),
    )


def _arcs(
    problem: Problem, nodes: Sequence[OpData], at: dict[int, int]
) -> tuple[list[int], list[int], list[list[tuple[int, int, int]]], list[list[int]]]:
    """Return earliest starts and ends, and the dependencies between nodes by successor and by predecessor.

    Dependencies on history become earliest starts and ends.
    """
    ready = [max(op.release, op.est) if op.fixed is None else -FOREVER for op in nodes]
    ready_end = [op.eet if op.fixed is None else -FOREVER for op in nodes]
    into: list[list[tuple[int, int, int]]] = [[] for _ in nodes]
    out: list[list[int]] = [[] for _ in nodes]
    for arc in problem.arcs:
        if arc.succ not in at:
            continue
        i = at[arc.succ]
        before = problem.ops[arc.pred]
        if arc.pred in at:
            into[i].append((at[arc.pred], arc.min_lag, arc.pred_end + 2 * arc.succ_end))
            out[at[arc.pred]].append(i)
        elif before.fixed is not None and nodes[i].fixed is None:
            place = before.fixed.placement
            point = (place.end if arc.pred_end else place.start) + arc.min_lag
            if arc.succ_end:
                ready_end[i] = max(ready_end[i], point)
            else:
                ready[i] = max(ready[i], point)
    return ready, ready_end, into, out


def _seats(
    problem: Problem, nodes: Sequence[OpData], rows: _Rows
) -> tuple[list[list[int]], list[list[int]], list[list[list[int]]]]:
    """Return for each node its seats, their kinds, and the rows that each may be in."""
    seats: list[list[int]] = []
    kinds: list[list[int]] = []
    choices: list[list[list[int]]] = []
    for op in nodes:
        kind, choice = [PRIMARY], [list[int]()]
        for demand in op.demands:
            for _ in range(demand.quantity):
                kind.append(SECONDARY)
                choice.append([row for c in demand.candidates for row in rows.of(c)])
        for i, rule in enumerate(problem.nooverlap):
            if op.index in rule.ops:
                kind.append(APART)
                choice.append([rows.of_set[i]])
        seats.append([0] * len(kind))
        kinds.append(kind)
        choices.append(choice)
    return seats, kinds, choices


def _after_history(problem: Problem, rows: _Rows) -> tuple[list[int], list[int]]:
    """Return when each row is free of what has begun, and the family that its resource then stands in."""
    free = [-FOREVER] * len(rows.resource)
    family = [NO_FAMILY] * len(rows.resource)
    for resource in problem.resources:
        for row in rows.of(resource.index):
            family[row] = NO_FAMILY if resource.setup is None else resource.setup.initial
    begun = [op for op in problem.ops if op.is_history]
    for op in sorted(begun, key=lambda op: op.fixed.placement.start if op.fixed else 0):
        assert op.fixed is not None
        at = op.fixed.placement
        if at.start == at.end:
            continue
        served = zip(op.demands, op.served, strict=True)
        held = [op.modes[0].resource] + [r for demand, r in served for _ in range(demand.quantity)]
        held_rows = [rows.of(r) for r in held if r != NO_RESOURCE]
        held_rows += [rows.of(("set", i)) for i, rule in enumerate(problem.nooverlap) if op.index in rule.ops]
        for k, possible in enumerate(held_rows):
            if len(possible):
                row = min(possible, key=lambda row: free[row])
                free[row] = max(free[row], at.end)
                if k == 0 and op.family != NO_FAMILY and op.modes[0].resource != NO_RESOURCE:
                    family[row] = op.family
    return free, family


def _setups(problem: Problem, rows: _Rows) -> tuple[Ints, Ints]:
    """Return the matrix of each row (-1 = none), and the matrices."""
    tables: list[Ints] = []
    known: dict[int, int] = {}
    of = [-1] * len(rows.resource)
    for r in problem.resources:
        if r.setup is not None:
            if id(r.setup.ticks) not in known:
                known[id(r.setup.ticks)] = len(tables)
                tables.append(np.where(r.setup.ticks == FORBIDDEN, BANNED_TICKS, r.setup.ticks))
            for row in rows.of(r.index):
                of[row] = known[id(r.setup.ticks)]
    return _ints(of), np.stack(tables).astype(np.int64) if tables else np.zeros((1, 1, 1), np.int64)


def _blocks(problem: Problem, rows: _Rows) -> list[list[tuple[int, int]]]:
    """Return the spans in which each row takes nothing: blocked intervals, and units that are out."""
    blocks: list[list[tuple[int, int]]] = [[] for _ in rows.resource]
    for resource in problem.resources:
        mine = rows.of(resource.index)
        for row in mine:
            blocks[row] += resource.blocked
        out: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for start, end, units in sorted(resource.outages):
            fitting = [row for row in reversed(mine) if all(b <= start or a >= end for a, b in out[row])]
            for row in fitting[:units]:
                out[row].append((start, end))
        for row, spans in out.items():
            blocks[row] += spans
    return [sorted(spans) for spans in blocks]


def _is_simple(problem: Problem, op: OpData, blocks: list[list[tuple[int, int]]], rows: _Rows) -> bool:
    """Whether a place that suits its primary's calendar suits all its seats."""
    primaries = [m.resource for m in op.modes if m.resource != NO_RESOURCE]
    secondaries = [c for d in op.demands for c in d.candidates]
    if any(blocks[row] for r in (*primaries, *secondaries) for row in rows.of(r)):
        return False
    return all(_works_whenever(problem.resources[c], problem, primaries) for c in secondaries)


def _works_whenever(resource: ResourceData, problem: Problem, primaries: Sequence[int]) -> bool:
    if resource.working is None:
        return True
    return bool(primaries) and all(problem.resources[r].working is resource.working for r in primaries)


def _ints(values: Iterable[int]) -> Ints:
    return np.array(list(values), np.int64)


def _pointers(lengths: Iterable[int]) -> Ints:
    return np.concatenate(([0], np.cumsum(_ints(lengths)))).astype(np.int64)


def _joined(arrays: Sequence[Ints]) -> Ints:
    return np.concatenate(arrays).astype(np.int64) if arrays else np.zeros(0, np.int64)
