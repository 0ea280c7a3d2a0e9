"""Problems as projects in flat arrays: what the compiled genetic search works on.

Such a problem has activities that hold units of resources without calendars or setups, least lags from end to start,
and release dates, and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from engine.solve.problem.problem import NO_RESOURCE
from engine.solve.problem.timeline import FOREVER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from engine.solve.problem.problem import OpData, Problem

    Ints = NDArray[np.int64]

_MOST_TICKS = 60_000
_MOST_CELLS = 4_000_000


class Project(NamedTuple):
    """The problem in arrays over its operations; ``*_ptr`` arrays delimit rows (CSR). Times are ticks.

    ``need`` and ``need_units`` are the resources that an activity holds. ``rank`` is a topological order, ``latest``
    when each activity ends at the latest, by dependencies alone, in a plan as long as the longest chain.
    """

    n: int
    horizon: int
    work: Ints
    ready: Ints
    pred_ptr: Ints
    pred: Ints
    pred_lag: Ints
    succ_ptr: Ints
    succ: Ints
    succ_lag: Ints
    need_ptr: Ints
    need: Ints
    need_units: Ints
    capacity: Ints
    rank: Ints
    latest: Ints


def supports_project(problem: Problem) -> bool:
    """Whether the genetic search fits: the makespan is all that counts, and some resource is shared by units."""
    objective = problem.objective
    if objective.names != ("minimize_makespan",) or objective.incremental or problem.idle != NO_RESOURCE:
        return False
    if problem.nooverlap or problem.different or problem.same or len(problem.ops) < 2:
        return False
    used = {r for op in problem.ops for r, _ in _needs(problem, op)}
    if not any(problem.resources[r].capacity > 1 for r in used):
        return False
    plain = all(_is_plain(problem, op) for op in problem.ops) and all(
        arc.pred_end and not arc.succ_end and arc.min_lag >= 0 and arc.max_lag is None for arc in problem.arcs
    )
    if not plain or _rank(problem) is None:
        return False
    horizon = _horizon(problem)
    return horizon <= _MOST_TICKS and horizon * max(1, len(problem.resources)) <= _MOST_CELLS


def _is_plain(problem: Problem, op: OpData) -> bool:
    if len(op.modes) != 1 or op.fixed is not None or any(len(d.candidates) != 1 for d in op.demands):
        return False
    if op.lst < FOREVER or op.let < FOREVER or op.eet > op.est + op.modes[0].work:
        return False
    held: dict[int, int] = {}
    for r, units in _needs(problem, op):
        held[r] = held.get(r, 0) + units
    for mode in op.modes:
        if mode.resource != NO_RESOURCE and (r := problem.resources[mode.resource]).setup is not None:
            return False
    resources = [problem.resources[r] for r in held]
    resources += [problem.resources[c] for d in op.demands for c in d.candidates]
    free = all(r.working is None and not r.blocked and not r.outages and r.stock is None for r in resources)
    return free and all(units <= problem.resources[r].capacity for r, units in held.items())


def _needs(problem: Problem, op: OpData) -> list[tuple[int, int]]:
    """Return (resource, units) of what an operation holds and could run out."""
    mode = op.modes[0]
    if mode.work == 0:
        return []
    out = [] if mode.resource == NO_RESOURCE else [(mode.resource, 1)]
    out += [(demand.candidates[0], demand.quantity) for demand in op.demands if demand.quantity]
    return [(r, units) for r, units in out if not problem.resources[r].infinite]


def _horizon(problem: Problem) -> int:
    """Return a tick by which any list's plan ends."""
    ready = max(max(0, op.release, op.est) for op in problem.ops)
    return ready + sum(op.modes[0].work for op in problem.ops) + sum(arc.min_lag for arc in problem.arcs)


def _rank(problem: Problem) -> list[int] | None:
    """Return the place of each operation in a topological order, or None where dependencies close a cycle."""
    waits = [0] * len(problem.ops)
    after: list[list[int]] = [[] for _ in problem.ops]
    for arc in problem.arcs:
        waits[arc.succ] += 1
        after[arc.pred].append(arc.succ)
    order = [o for o, count in enumerate(waits) if count == 0]
    for o in order:
        for other in after[o]:
            waits[other] -= 1
            if waits[other] == 0:
                order.append(other)
    if len(order) < len(waits):
        return None
    rank = [0] * len(order)
    for place, o in enumerate(order):
        rank[o] = place
    return rank


def project_of(problem: Problem) -> Project:
    """Return the arrays of a problem that ``supports_project`` accepts."""
    rank = _rank(problem)
    assert rank is not None
    preds: list[list[tuple[int, int]]] = [[] for _ in problem.ops]
    succs: list[list[tuple[int, int]]] = [[] for _ in problem.ops]
    for arc in problem.arcs:
        preds[arc.succ].append((arc.pred, arc.min_lag))
        succs[arc.pred].append((arc.succ, arc.min_lag))
    needs = [_needs(problem, op) for op in problem.ops]
    return Project(
        n=len(problem.ops),
        horizon=_horizon(problem),
        work=_ints(op.modes[0].work for op in problem.ops),
        ready=_ints(max(0, op.release, op.est) for op in problem.ops),
        pred_ptr=_pointers(map(len, preds)),
        pred=_ints(o for row in preds for o, _ in row),
        pred_lag=_ints(lag for row in preds for _, lag in row),
        succ_ptr=_pointers(map(len, succs)),
        succ=_ints(o for row in succs for o, _ in row),
        succ_lag=_ints(lag for row in succs for _, lag in row),
        need_ptr=_pointers(map(len, needs)),
        need=_ints(r for row in needs for r, _ in row),
        need_units=_ints(units for row in needs for _, units in row),
        capacity=_ints(r.capacity for r in problem.resources),
        rank=_ints(rank),
        latest=_latest(problem, rank, succs),
    )


def _latest(problem: Problem, rank: list[int], succs: list[list[tuple[int, int]]]) -> Ints:
    tail = [0] * len(rank)
    for o in sorted(range(len(rank)), key=lambda o: -rank[o]):
        tail[o] = max((lag + problem.ops[s].modes[0].work + tail[s] for s, lag in succs[o]), default=0)
    return max(tail, default=0) - _ints(tail)


def _ints(values: Iterable[int]) -> Ints:
    return np.array(list(values), np.int64)


def _pointers(lengths: Iterable[int]) -> Ints:
    return np.concatenate(([0], np.cumsum(_ints(lengths)))).astype(np.int64)
