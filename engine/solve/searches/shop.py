"""Problems of a job-shop kind as flat arrays: what the compiled searches on the disjunctive graph work on.

Such a problem has operations on resources that run one at a time (or any number), least lags from end to start, release
dates, calendars and setups, and nothing else. A plan is then known by the mode of each operation and the sequence on
each resource: every operation starts as early as these allow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from engine.solve.problem.problem import FORBIDDEN, NO_FAMILY, NO_RESOURCE, Solution
from engine.solve.problem.timeline import FOREVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from engine.solve.problem.problem import OpData, Problem

    Ints = NDArray[np.int64]

BANNED_TICKS = 1 << 36
"""The length of a setup that stands for a banned sequence: longer than any plan."""


class Shop(NamedTuple):
    """The problem in arrays, over its movable operations only; ``*_ptr`` arrays delimit rows (CSR).

    Resource indices are the problem's; the last one, ``n_resources - 1``, stands for no resource. Times are ticks.
    """

    n: int
    n_resources: int
    mode_ptr: Ints
    mode_resource: Ints
    mode_work: Ints
    pred_ptr: Ints
    pred: Ints
    pred_lag: Ints
    succ_ptr: Ints
    succ: Ints
    succ_lag: Ints
    ready: Ints
    release: Ints
    family: Ints
    interruptible: Ints
    is_unary: Ints
    free: Ints
    stands_in: Ints
    setup_of: Ints
    setup: Ints
    calendar_ptr: Ints
    calendar_start: Ints
    calendar_end: Ints
    calendar_sum: Ints


class ShopMap:
    """The way between a problem and its ``Shop``.

    Attributes
    ----------
    shop
        The arrays.
    ops
        The problem's operation index of each of the shop's.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self.ops = np.array(problem.movable, np.int64)
        self.shop = _shop(problem, self.ops)

    def sequence(self, solution: Solution) -> tuple[Ints, Ints]:
        """Return the shop's operations in order of start, and the position of each one's mode in ``mode_resource``."""
        setup_start, end = solution.setup_start[self.ops], solution.end[self.ops]
        order = np.lexsort((end, solution.start[self.ops], setup_start))
        return order.astype(np.int64), self.shop.mode_ptr[:-1] + solution.mode[self.ops]

    def solution(self, mode: Ints, start: Ints, end: Ints, setup_start: Ints) -> Solution:
        """Return the problem's solution, what is fixed included."""
        out = Solution.empty(self._problem)
        for op in self._problem.ops:
            if op.fixed is not None:
                at = op.fixed.placement
                out.start[op.index], out.end[op.index], out.setup_start[op.index] = at.start, at.end, at.start
        out.mode[self.ops] = mode - self.shop.mode_ptr[:-1]
        out.start[self.ops], out.end[self.ops], out.setup_start[self.ops] = start, end, setup_start
        return out


def supports_tabu(problem: Problem) -> bool:
    """Whether tabu search fits: the makespan comes first, and nothing but the rules of a job shop holds."""
    objective = problem.objective
    return objective.names[:1] == ("minimize_makespan",) and not objective.incremental and is_shop(problem)


def setup_starts(problem: Problem, shop: Shop, mode: Ints, before: Ints, start: Ints) -> Ints:
    """Return when each operation's setup begins: as late as it can."""
    out = start.copy()
    for o in range(shop.n):
        r = int(shop.mode_resource[mode[o]])
        if r >= len(problem.resources) or shop.setup_of[r] < 0:
            continue
        family = shop.stands_in[r] if before[o] < 0 else shop.family[before[o]]
        ticks = 0 if family < 0 else int(shop.setup[shop.setup_of[r], family, shop.family[o]])
        if ticks:
            working = problem.resources[r].working
            begin = out[o] - ticks if working is None else working.back(int(out[o]), ticks)
            out[o] = out[o] if begin is None else begin
    return out


def is_shop(problem: Problem) -> bool:
    """Whether a problem has only the rules that a ``Shop`` knows."""
    if problem.nooverlap or problem.same or problem.different or not problem.movable:
        return False
    movable = [problem.ops[o] for o in problem.movable]
    if any(op.demands or op.lst < FOREVER or op.let < FOREVER or op.eet > op.release for op in movable):
        return False
    used = {mode.resource for op in movable for mode in op.modes if mode.resource != NO_RESOURCE and mode.work}
    if not all(_is_plain_resource(problem, r, movable) for r in used):
        return False
    for op in problem.ops:
        if op.fixed is not None and (op.demands or (op.modes[0].resource in used and not op.fixed.is_history)):
            return False
    return all(
        arc.pred_end and not arc.succ_end and arc.max_lag is None and problem.ops[arc.succ].fixed is None
        for arc in problem.arcs
    ) and _is_acyclic(problem)


def _fixed(problem: Problem) -> list[OpData]:
    return [op for op in problem.ops if op.fixed is not None]


def _is_plain_resource(problem: Problem, index: int, movable: Sequence[OpData]) -> bool:
    resource = problem.resources[index]
    if resource.blocked or not (resource.infinite or resource.is_unary):
        return False
    if resource.setup is None:
        return True
    return all(op.family != NO_FAMILY for op in movable if any(m.resource == index and m.work for m in op.modes))


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


def _shop(problem: Problem, ops: Ints) -> Shop:
    at = {int(o): i for i, o in enumerate(ops)}
    movable = [problem.ops[int(o)] for o in ops]
    resources = problem.resources
    none = len(resources)
    ready = [max(0, op.release, op.est, op.eet) for op in movable]
    preds: list[list[tuple[int, int]]] = [[] for _ in movable]
    succs: list[list[tuple[int, int]]] = [[] for _ in movable]
    for arc in problem.arcs:
        before = problem.ops[arc.pred]
        if before.fixed is not None:
            ready[at[arc.succ]] = max(ready[at[arc.succ]], before.fixed.placement.end + arc.min_lag)
        else:
            preds[at[arc.succ]].append((at[arc.pred], arc.min_lag))
            succs[at[arc.pred]].append((at[arc.succ], arc.min_lag))
    free, stands_in = _after_history(problem)
    modes = [mode for op in movable for mode in op.modes]
    setup_of, setup = _setups(problem)
    calendars = [None if r.working is None else r.working for r in resources] + [None]
    return Shop(
        n=len(movable),
        n_resources=none + 1,
        mode_ptr=_pointers(len(op.modes) for op in movable),
        mode_resource=_ints(none if m.resource == NO_RESOURCE or m.work == 0 else m.resource for m in modes),
        mode_work=_ints(m.work for m in modes),
        pred_ptr=_pointers(len(p) for p in preds),
        pred=_ints(p for row in preds for p, _ in row),
        pred_lag=_ints(lag for row in preds for _, lag in row),
        succ_ptr=_pointers(len(s) for s in succs),
        succ=_ints(s for row in succs for s, _ in row),
        succ_lag=_ints(lag for row in succs for _, lag in row),
        ready=_ints(ready),
        release=_ints(max(0, op.release) for op in movable),
        family=_ints(op.family for op in movable),
        interruptible=_ints(op.interruptible for op in movable),
        is_unary=_ints([*(r.is_unary for r in resources), False]),
        free=_ints(free),
        stands_in=_ints(stands_in),
        setup_of=setup_of,
        setup=setup,
        calendar_ptr=_pointers(0 if c is None else len(c) for c in calendars),
        calendar_start=_joined([c.starts for c in calendars if c is not None]),
        calendar_end=_joined([c.ends for c in calendars if c is not None]),
        calendar_sum=_joined([np.cumsum(c.ends - c.starts) - (c.ends - c.starts) for c in calendars if c is not None]),
    )


def _after_history(problem: Problem) -> tuple[list[int], list[int]]:
    """Return when each resource is free of what has begun, and the family that it then stands in."""
    free = [-FOREVER] * (len(problem.resources) + 1)
    stands_in = [NO_FAMILY if r.setup is None else r.setup.initial for r in problem.resources] + [NO_FAMILY]
    for op in sorted(_fixed(problem), key=lambda op: op.fixed.placement.start if op.fixed else 0):
        resource = op.modes[0].resource
        if resource == NO_RESOURCE or op.fixed is None or not op.fixed.is_history:
            continue
        if op.fixed.placement.end > op.fixed.placement.start:
            free[resource] = max(free[resource], op.fixed.placement.end)
            if op.family != NO_FAMILY:
                stands_in[resource] = op.family
    return free, stands_in


def _setups(problem: Problem) -> tuple[Ints, Ints]:
    """Return the matrix of each resource (-1 = none), and the matrices."""
    tables: list[Ints] = []
    known: dict[int, int] = {}
    of = [-1] * (len(problem.resources) + 1)
    for r in problem.resources:
        if r.setup is not None:
            if id(r.setup.ticks) not in known:
                known[id(r.setup.ticks)] = len(tables)
                tables.append(np.where(r.setup.ticks == FORBIDDEN, BANNED_TICKS, r.setup.ticks))
            of[r.index] = known[id(r.setup.ticks)]
    return _ints(of), np.stack(tables).astype(np.int64) if tables else np.zeros((1, 1, 1), np.int64)


def _ints(values: Iterable[int]) -> Ints:
    return np.array(list(values), np.int64)


def _pointers(lengths: Iterable[int]) -> Ints:
    return np.concatenate(([0], np.cumsum(_ints(lengths)))).astype(np.int64)


def _joined(arrays: Sequence[Ints]) -> Ints:
    return np.concatenate(arrays).astype(np.int64) if arrays else np.zeros(0, np.int64)
