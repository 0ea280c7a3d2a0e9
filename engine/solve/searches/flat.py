"""A problem as flat integer arrays, the only form that the compiled kernels read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.solve.problem.problem import NO_RESOURCE
from engine.solve.problem.timeline import FOREVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from engine.solve.problem.problem import ArcData, Problem, ResourceData, SetData

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

UNARY, CUMULATIVE, UNLIMITED = 0, 1, 2
"""Kinds of resource: filled in sequence (it has setups), by usage profile, without limit."""

# fmt: off
# The head of the integer array: scalars, then where each part begins. ``I[I[RELEASE] + o]`` is the release of ``o``.
N_SCALARS = 9
(
    N_OPS, N_RESOURCES, N_ORDERS, N_DEMANDS, N_FAMILIES, N_PROFILES, N_GROUPS, WINDOW_END, HAS_SETUP_COST,
) = range(N_SCALARS)
(
    FIXED, FIXED_START, FIXED_END, RELEASE, EST, LST, EET, LET, FAMILY, INTERRUPTIBLE, NEEDS_SETUP, MODE_PTR,
    MODE_RESOURCE, MODE_WORK, DEMAND_PTR, DEMAND_QUANTITY, CANDIDATE_PTR, CANDIDATE, KIND, CAPACITY,
    HAS_CALENDAR, WORK_PTR, WORK_START, WORK_END, WORK_SUM, BLOCKED_PTR, BLOCKED_START, BLOCKED_END,
    SETUP_INDEX, SETUP_TICKS, INITIAL_FAMILY, OBSTACLE_PTR, OBSTACLE_OP, PROFILE_PTR, PROFILE_TIME,
    PROFILE_USAGE, ARC_PTR, ARC_PRED, ARC_PRED_END, ARC_SUCC_END, ARC_LAG, ARC_MAX, ORDER, ORDER_DUE, OP_DUE,
    OP_COUNTS_ALONE, PREVIOUS_START, PREVIOUS_RESOURCE, SET_KIND, SET_PTR, SET_OP, ALIKE_PTR, ALIKE,
    APART_PTR, APART, ROOM_PTR, IS_CANDIDATE, FIXED_CHOICE, GROUP_PTR, GROUP,
) = range(N_SCALARS, N_SCALARS + 60)
# Parts of the float array (``F[I[F_RATE] + r]``); its first two entries are scalars.
(
    F_MODE_COST, F_SETUP_COST, F_ORDER_WEIGHT, F_OP_WEIGHT, F_RATE, F_AVAILABLE,
) = range(N_SCALARS + 60, N_SCALARS + 66)
N_HEAD = N_SCALARS + 66
TICKS_PER_HOUR, TARDINESS_RATE = 0, 1

# fmt: on


def supports_flat(problem: Problem) -> bool:
    """Whether the arrays can tell all rules of a problem: all but stocks and what only some modes need."""
    return not problem.stocks and problem.idle == NO_RESOURCE and bool(problem.movable)


def flatten(problem: Problem) -> tuple[Ints, Floats]:
    """Return the arrays (integers, fractions) of a problem.

    Times are ticks from the horizon start. ``*_PTR`` parts delimit the rows of the part after them. Operations of a
    fixed placement have ``FIXED`` set and one mode; they are laid down before decoding begins. ``OBSTACLE_OP`` are the
    fixed operations of resources with setups, by start. Behind the resources' usage profiles come those of the
    no-overlap sets (``APART``), each of capacity 1.
    """
    ops, resources = problem.ops, problem.resources
    modes = [m for op in ops for m in op.modes]
    demands = [d for op in ops for d in op.demands]
    arcs = _arcs_by_successor(problem)
    obstacles = _obstacles(problem)
    setups = [r.setup for r in resources if r.setup is not None]
    sets = [(0, s) for s in problem.same] + [(1, s) for s in problem.different] + [(2, s) for s in problem.nooverlap]
    profiles = _outage_profiles(problem) + [_set_profile(problem, s) for s in problem.nooverlap]
    alike = _sets_by_op(problem, [s if kind < 2 else None for kind, s in sets])
    apart = [[len(resources) + k for k in row] for row in _sets_by_op(problem, list(problem.nooverlap))]
    groups = problem.objective.balance_groups or (problem.objective.balance_resources,)
    due = [_ticks(problem, o.due_ms) for o in problem.orders]
    with_own_due = [op.due_ms is not None for op in ops]
    parts: dict[int, Ints] = {
        FIXED: _ints(op.fixed is not None for op in ops),
        FIXED_START: _ints(op.fixed.placement.start if op.fixed else 0 for op in ops),
        FIXED_END: _ints(op.fixed.placement.end if op.fixed else 0 for op in ops),
        RELEASE: _ints(op.release for op in ops),
        EST: _ints(op.est for op in ops),
        LST: _ints(op.lst for op in ops),
        EET: _ints(op.eet for op in ops),
        LET: _ints(op.let for op in ops),
        FAMILY: _ints(op.family for op in ops),
        INTERRUPTIBLE: _ints(op.interruptible for op in ops),
        NEEDS_SETUP: _ints(op.needs_setup for op in ops),
        MODE_PTR: _pointers(len(op.modes) for op in ops),
        MODE_RESOURCE: _ints(m.resource for m in modes),
        MODE_WORK: _ints(m.work for m in modes),
        DEMAND_PTR: _pointers(len(op.demands) for op in ops),
        DEMAND_QUANTITY: _ints(d.quantity for d in demands),
        CANDIDATE_PTR: _pointers(len(d.candidates) for d in demands),
        CANDIDATE: _ints(c for d in demands for c in _cheapest_first(problem, d.candidates)),
        KIND: _ints(UNLIMITED if r.infinite else UNARY if r.setup is not None else CUMULATIVE for r in resources),
        CAPACITY: _ints(r.capacity for r in resources),
        HAS_CALENDAR: _ints(r.working is not None for r in resources),
        WORK_PTR: _pointers(len(r.working) if r.working is not None else 0 for r in resources),
        WORK_START: _joined([r.working.starts for r in resources if r.working is not None]),
        WORK_END: _joined([r.working.ends for r in resources if r.working is not None]),
        WORK_SUM: _joined([_sums(r) for r in resources if r.working is not None]),
        BLOCKED_PTR: _pointers(len(r.blocked) for r in resources),
        BLOCKED_START: _ints(b for r in resources for b, _ in sorted(r.blocked)),
        BLOCKED_END: _ints(e for r in resources for _, e in sorted(r.blocked)),
        SETUP_INDEX: _setup_index(resources),
        SETUP_TICKS: _joined([s.ticks.ravel() for s in setups]),
        INITIAL_FAMILY: _ints(r.setup.initial if r.setup else -1 for r in resources),
        OBSTACLE_PTR: _pointers(len(x) for x in obstacles),
        OBSTACLE_OP: _ints(o for x in obstacles for o in x),
        PROFILE_PTR: _pointers(len(p) for p in profiles),
        PROFILE_TIME: _ints(t for p in profiles for t, _ in p),
        PROFILE_USAGE: _ints(u for p in profiles for _, u in p),
        ARC_PTR: _pointers(len(a) for a in arcs),
        ARC_PRED: _ints(a.pred for row in arcs for a in row),
        ARC_PRED_END: _ints(a.pred_end for row in arcs for a in row),
        ARC_SUCC_END: _ints(a.succ_end for row in arcs for a in row),
        ARC_LAG: _ints(a.min_lag for row in arcs for a in row),
        ARC_MAX: _ints(FOREVER if a.max_lag is None else a.max_lag for row in arcs for a in row),
        ORDER: _ints(op.order for op in ops),
        ORDER_DUE: _ints(due),
        OP_DUE: _ints(_ticks(problem, op.due_ms) for op in ops),
        OP_COUNTS_ALONE: _ints(d and op.order < 0 for d, op in zip(with_own_due, ops, strict=True)),
        PREVIOUS_START: _ints(op.previous.start if op.previous else -FOREVER for op in ops),
        PREVIOUS_RESOURCE: _ints(op.previous.resource if op.previous else NO_RESOURCE for op in ops),
        SET_KIND: _ints(kind for kind, _ in sets),
        SET_PTR: _pointers(len(s.ops) for _, s in sets),
        SET_OP: _ints(o for _, s in sets for o in s.ops),
        ALIKE_PTR: _pointers(len(x) for x in alike),
        ALIKE: _ints(k for x in alike for k in x),
        APART_PTR: _pointers(len(x) for x in apart),
        APART: _ints(k for x in apart for k in x),
        ROOM_PTR: _room(problem, profiles),
        IS_CANDIDATE: _candidates(problem),
        FIXED_CHOICE: _ints(c for op in ops for c in op.served or [NO_RESOURCE] * len(op.demands)),
        GROUP_PTR: _pointers(len(g) for g in groups),
        GROUP: _ints(r for g in groups for r in g),
    }
    fractions: dict[int, Floats] = {
        F_MODE_COST: np.array([m.cost for m in modes], np.float64),
        F_SETUP_COST: np.concatenate([np.zeros(0), *(s.cost.ravel() for s in setups)]),
        F_ORDER_WEIGHT: np.array([o.weight for o in problem.orders], np.float64),
        F_OP_WEIGHT: np.array([op.weight for op in ops], np.float64),
        F_RATE: np.array([r.cost_per_hour for r in resources], np.float64),
        F_AVAILABLE: np.array(_available(problem), np.float64),
    }
    scalars = {
        N_OPS: len(ops),
        N_RESOURCES: len(resources),
        N_ORDERS: len(problem.orders),
        N_DEMANDS: len(demands),
        N_FAMILIES: len(problem.families),
        N_PROFILES: len(profiles),
        N_GROUPS: len(groups),
        WINDOW_END: problem.window_end,
        HAS_SETUP_COST: int(any(s.cost.any() for s in setups)),
    }
    return _packed(scalars, parts, fractions, (3_600_000 / problem.tick_ms, problem.objective.tardiness_cost_per_hour))


def _packed(
    scalars: dict[int, int], parts: dict[int, Ints], fractions: dict[int, Floats], head: tuple[float, float]
) -> tuple[Ints, Floats]:
    """Return the two arrays: heads, then the parts one behind the other."""
    lead = np.zeros(N_HEAD, np.int64)
    for key, value in scalars.items():
        lead[key] = value
    at = N_HEAD
    for key, part in parts.items():
        lead[key] = at
        at += part.size
    at = len(head)
    for key, fraction in fractions.items():
        lead[key] = at
        at += fraction.size
    return np.concatenate([lead, *parts.values()]), np.concatenate([np.array(head), *fractions.values()])


def _ints(values: Iterable[int]) -> Ints:
    return np.array(list(values), np.int64)


def _pointers(lengths: Iterable[int]) -> Ints:
    return np.concatenate(([0], np.cumsum(_ints(lengths)))).astype(np.int64)


def _joined(arrays: Sequence[Ints]) -> Ints:
    return np.concatenate(arrays).astype(np.int64) if arrays else np.zeros(0, np.int64)


def _sums(resource: ResourceData) -> Ints:
    """Return the working ticks before each working interval."""
    assert resource.working is not None
    lengths = resource.working.ends - resource.working.starts
    return np.concatenate(([0], np.cumsum(lengths)))[:-1]


def _ticks(problem: Problem, due_ms: int | None) -> int:
    return FOREVER if due_ms is None else (due_ms - problem.h0_ms) // problem.tick_ms


def _setup_index(resources: Sequence[ResourceData]) -> Ints:
    out = np.full(len(resources), -1, np.int64)
    out[[r.index for r in resources if r.setup is not None]] = np.arange(sum(r.setup is not None for r in resources))
    return out


def _arcs_by_successor(problem: Problem) -> list[list[ArcData]]:
    rows: list[list[ArcData]] = [[] for _ in problem.ops]
    for arc in problem.arcs:
        rows[arc.succ].append(arc)
    return rows


def _obstacles(problem: Problem) -> list[list[int]]:
    """Return, by unary resource, its fixed operations that take time, by start."""
    rows: list[list[int]] = [[] for _ in problem.resources]
    for op in problem.ops:
        if (
            op.fixed is None
            or op.fixed.placement.resource == NO_RESOURCE
            or op.fixed.placement.end <= op.fixed.placement.start
        ):
            continue
        if problem.resources[op.fixed.placement.resource].setup is not None:
            rows[op.fixed.placement.resource].append(op.index)
    for row in rows:
        row.sort(key=lambda o: (problem.ops[o].fixed.placement.start, o))  # type: ignore[union-attr]
    return rows


def _outage_profiles(problem: Problem) -> list[list[tuple[int, int]]]:
    """Return, by resource, the units in use before anything movable is placed, as steps (from tick, units)."""
    spans = [[(s, e, u) for s, e, u in resource.outages] for resource in problem.resources]
    for op in problem.ops:
        if op.fixed is None or op.fixed.placement.end <= op.fixed.placement.start:
            continue
        at = op.fixed.placement
        if at.resource != NO_RESOURCE:
            spans[at.resource].append((at.start, at.end, 1))
        for demand, chosen in zip(op.demands, op.served, strict=True):
            if chosen != NO_RESOURCE:
                spans[chosen].append((at.start, at.end, demand.quantity))
    return [_steps(row) for row in spans]


def _set_profile(problem: Problem, members: SetData) -> list[tuple[int, int]]:
    fixed = [problem.ops[o].fixed for o in members.ops]
    return _steps([(x.placement.start, x.placement.end, 1) for x in fixed if x is not None])


def _steps(spans: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    change: dict[int, int] = {}
    for start, end, units in spans:
        change[start] = change.get(start, 0) + units
        change[end] = change.get(end, 0) - units
    level, steps = 0, [(-FOREVER, 0)]
    for time in sorted(change):
        level += change[time]
        steps.append((time, level))
    return steps


def _sets_by_op(problem: Problem, sets: Sequence[SetData | None]) -> list[list[int]]:
    rows: list[list[int]] = [[] for _ in problem.ops]
    for k, members in enumerate(sets):
        for o in members.ops if members else ():
            rows[o].append(k)
    return rows


def _candidates(problem: Problem) -> Ints:
    out = np.zeros(len(problem.resources), np.int64)
    for op in problem.ops:
        for demand in op.demands:
            out[list(demand.candidates)] = 1
    return out


def _room(problem: Problem, profiles: list[list[tuple[int, int]]]) -> Ints:
    """Return where each profile's steps begin, with room for every operation that may ever use it."""
    room = [len(p) + 2 for p in profiles]
    for op in problem.ops:
        for r in {m.resource for m in op.modes if m.resource != NO_RESOURCE}:
            room[r] += 2
        for demand in op.demands:
            for c in demand.candidates:
                room[c] += 2
    for k, members in enumerate(problem.nooverlap):
        room[len(problem.resources) + k] += 2 * len(members.ops)
    return _pointers(room)


def _available(problem: Problem) -> list[float]:
    known = problem.objective.balance_available_ms
    return [ms / problem.tick_ms for ms in known] if known else [1.0] * len(problem.resources)


def _cheapest_first(problem: Problem, candidates: tuple[int, ...]) -> list[int]:
    """Return the candidates of a demand in the order they are tried in."""
    return sorted(candidates, key=lambda c: problem.resources[c].cost_per_hour)
