"""Compiled decoding: from a list of operations to a plan that keeps the rules of the contract.

``decode`` places operations one by one, each at its earliest feasible start on its chosen (or best) mode: a serial
schedule-generation scheme (Kolisch 1996) with calendars, setups, secondary resources and lags. Resources with a setup
matrix are filled in list order; on all others an operation may slip into an earlier gap. What a greedy list cannot
promise (latest dates, greatest lags, forbidden sequences) is measured as a penalty in ticks, which the search drives
to zero.

Everything here runs without Python objects and without the interpreter lock.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.solve.searches.flat import (
    ALIKE,
    ALIKE_PTR,
    APART,
    APART_PTR,
    ARC_LAG,
    ARC_MAX,
    ARC_PRED,
    ARC_PRED_END,
    ARC_PTR,
    ARC_SUCC_END,
    BLOCKED_END,
    BLOCKED_PTR,
    BLOCKED_START,
    CANDIDATE,
    CANDIDATE_PTR,
    CAPACITY,
    CUMULATIVE,
    DEMAND_PTR,
    DEMAND_QUANTITY,
    EET,
    EST,
    F_AVAILABLE,
    F_MODE_COST,
    F_OP_WEIGHT,
    F_ORDER_WEIGHT,
    F_RATE,
    F_SETUP_COST,
    FAMILY,
    FIXED,
    FIXED_CHOICE,
    FIXED_END,
    FIXED_START,
    GROUP,
    GROUP_PTR,
    HAS_CALENDAR,
    HAS_SETUP_COST,
    INITIAL_FAMILY,
    INTERRUPTIBLE,
    IS_CANDIDATE,
    KIND,
    LET,
    LST,
    MODE_PTR,
    MODE_RESOURCE,
    MODE_WORK,
    N_DEMANDS,
    N_FAMILIES,
    N_GROUPS,
    N_OPS,
    N_ORDERS,
    N_PROFILES,
    N_RESOURCES,
    NEEDS_SETUP,
    OBSTACLE_OP,
    OBSTACLE_PTR,
    OP_COUNTS_ALONE,
    OP_DUE,
    ORDER,
    ORDER_DUE,
    PREVIOUS_RESOURCE,
    PREVIOUS_START,
    PROFILE_PTR,
    PROFILE_TIME,
    PROFILE_USAGE,
    RELEASE,
    ROOM_PTR,
    SET_KIND,
    SET_OP,
    SET_PTR,
    SETUP_INDEX,
    SETUP_TICKS,
    TARDINESS_RATE,
    TICKS_PER_HOUR,
    UNARY,
    UNLIMITED,
    WINDOW_END,
    WORK_END,
    WORK_PTR,
    WORK_START,
    WORK_SUM,
)

NEVER = 1 << 50
BIG = 1 << 30
_JIT = {"cache": True, "nogil": True, "fastmath": False}

# terms of ``terms`` and ``Weights`` (positions in the vector that ``decode`` returns)
# parts of a state, see ``new_state``
START, END, FIRST, MODE, CHOICE, PLACED, ROW_END, ROW_FAMILY, ROW_NEXT = range(9)
TIMES, USAGE, LENGTH, WAITED, ROW_LAST, STACK, SETUP_OF, SCRATCH, ORDER_END = range(9, 18)

MAKESPAN, TARDINESS, LATE, SETUP, COST, PEAK, SPREAD, CHANGE = range(8)
N_TERMS = 8
PENALTY, SPENT, LAST = range(3)
N_TOTALS = 3
HELD = -1
"""A delay that stands for: not before its start in the present plan."""


@njit(**_JIT)
def worked_until(I, r, t):
    """Return the working ticks of resource ``r`` before ``t``."""
    lo, hi = I[I[WORK_PTR] + r], I[I[WORK_PTR] + r + 1]
    i = np.searchsorted(I[I[WORK_START] + lo : I[WORK_START] + hi], t, side="right") - 1
    if i < 0:
        return 0
    i += lo
    return I[I[WORK_SUM] + i] + min(t, I[I[WORK_END] + i]) - I[I[WORK_START] + i]


@njit(**_JIT)
def next_working(I, r, t):
    """Return the first worked tick at or after ``t``, or NEVER."""
    if r < 0 or I[I[HAS_CALENDAR] + r] == 0:
        return t
    lo, hi = I[I[WORK_PTR] + r], I[I[WORK_PTR] + r + 1]
    i = lo + np.searchsorted(I[I[WORK_END] + lo : I[WORK_END] + hi], t, side="right")
    if i >= hi:
        return NEVER
    return max(t, I[I[WORK_START] + i])


@njit(**_JIT)
def add_work(I, r, t, work):
    """Return the end of ``work`` ticks of work begun at or after ``t``, or NEVER."""
    if r < 0 or I[I[HAS_CALENDAR] + r] == 0 or work == 0:
        return t + work
    lo, hi = I[I[WORK_PTR] + r], I[I[WORK_PTR] + r + 1]
    i = lo + np.searchsorted(I[I[WORK_END] + lo : I[WORK_END] + hi], t, side="right")
    left = work
    while i < hi:
        begin = max(t, I[I[WORK_START] + i])
        room = I[I[WORK_END] + i] - begin
        if room >= left:
            return begin + left
        left -= room
        i += 1
    return NEVER


@njit(**_JIT)
def back_work(I, r, t, work):
    """Return the latest start with ``work`` ticks of work before ``t``, or -NEVER."""
    if r < 0 or I[I[HAS_CALENDAR] + r] == 0 or work == 0:
        return t - work
    lo, hi = I[I[WORK_PTR] + r], I[I[WORK_PTR] + r + 1]
    i = lo + np.searchsorted(I[I[WORK_START] + lo : I[WORK_START] + hi], t, side="left") - 1
    left = work
    while i >= lo:
        finish = min(t, I[I[WORK_END] + i])
        room = finish - I[I[WORK_START] + i]
        if room >= left:
            return finish - left
        left -= room
        i -= 1
    return -NEVER


@njit(**_JIT)
def fit_work(I, r, t, work):
    """Return the earliest start at or after ``t`` of ``work`` ticks of work in one piece, or NEVER."""
    if r < 0 or I[I[HAS_CALENDAR] + r] == 0 or work == 0:
        return t
    lo, hi = I[I[WORK_PTR] + r], I[I[WORK_PTR] + r + 1]
    i = lo + np.searchsorted(I[I[WORK_END] + lo : I[WORK_END] + hi], t, side="right")
    while i < hi:
        begin = max(t, I[I[WORK_START] + i])
        if I[I[WORK_END] + i] - begin >= work:
            return begin
        i += 1
    return NEVER


@njit(**_JIT)
def _covered(I, c, a, b):
    """Return -1 when resource ``c`` works throughout ``[a, b)``, else the next time it could from ``a`` on."""
    lo, hi = I[I[WORK_PTR] + c], I[I[WORK_PTR] + c + 1]
    i = lo + np.searchsorted(I[I[WORK_END] + lo : I[WORK_END] + hi], a, side="right")
    if i >= hi:
        return NEVER
    if I[I[WORK_START] + i] > a:
        return I[I[WORK_START] + i]
    if I[I[WORK_END] + i] >= b:
        return -1
    return I[I[WORK_START] + i + 1] if i + 1 < hi else NEVER


@njit(**_JIT)
def secondary_wait(I, r, c, a, b):
    """Return -1 when ``c`` works whenever ``r`` works within ``[a, b)``, else a later start worth trying."""
    if I[I[HAS_CALENDAR] + c] == 0:
        return -1
    if r < 0 or I[I[HAS_CALENDAR] + r] == 0:
        return _covered(I, c, a, b)
    lo, hi = I[I[WORK_PTR] + r], I[I[WORK_PTR] + r + 1]
    i = lo + np.searchsorted(I[I[WORK_END] + lo : I[WORK_END] + hi], a, side="right")
    while i < hi and I[I[WORK_START] + i] < b:
        wait = _covered(I, c, max(a, I[I[WORK_START] + i]), min(b, I[I[WORK_END] + i]))
        if wait >= 0:
            return wait
        i += 1
    return -1


@njit(**_JIT)
def blocked_wait(I, r, a, b):
    """Return -1 when no blocked interval of ``r`` meets ``[a, b)``, else the end of one that does."""
    for i in range(I[I[BLOCKED_PTR] + r], I[I[BLOCKED_PTR] + r + 1]):
        if I[I[BLOCKED_START] + i] < b and a < I[I[BLOCKED_END] + i]:
            return I[I[BLOCKED_END] + i]
    return -1


@njit(**_JIT)
def _edge(I, S, r, t):
    """Return the position in the state of the step of profile ``r`` that holds at ``t``."""
    lo = S[TIMES] + I[I[ROOM_PTR] + r]
    return lo + np.searchsorted(S[lo : lo + S[S[LENGTH] + r]], t, side="right") - 1


@njit(**_JIT)
def profile_wait(I, S, r, a, b, limit):
    """Return -1 when the usage of profile ``r`` keeps ``limit`` over ``[a, b)``, else the end of a step above."""
    stop = S[TIMES] + I[I[ROOM_PTR] + r] + S[S[LENGTH] + r]
    to_usage = S[USAGE] - S[TIMES]
    i = _edge(I, S, r, a)
    while i < stop and S[i] < b:
        if S[i + to_usage] > limit:
            return S[i + 1] if i + 1 < stop else NEVER
        i += 1
    return -1


@njit(**_JIT)
def _split(I, S, r, t):
    """Make ``t`` the edge of a step of profile ``r``; return its position."""
    i = _edge(I, S, r, t)
    if S[i] == t:
        return i
    to_usage = S[USAGE] - S[TIMES]
    for k in range(S[TIMES] + I[I[ROOM_PTR] + r] + S[S[LENGTH] + r], i + 1, -1):
        S[k] = S[k - 1]
        S[k + to_usage] = S[k - 1 + to_usage]
    S[i + 1] = t
    S[i + 1 + to_usage] = S[i + to_usage]
    S[S[LENGTH] + r] += 1
    return i + 1


@njit(**_JIT)
def profile_add(I, S, r, a, b, units):
    """Add ``units`` of usage to profile ``r`` over ``[a, b)``."""
    i, j = _split(I, S, r, a), _split(I, S, r, b)
    to_usage = S[USAGE] - S[TIMES]
    for k in range(i, j):
        S[k + to_usage] += units


@njit(**_JIT)
def new_state(I):
    """Return the mutable state of a decoding, one array whose head says where each part begins."""
    n, r, d, room = I[N_OPS], I[N_RESOURCES], I[N_DEMANDS], I[I[ROOM_PTR] + I[N_PROFILES]]
    sizes = np.array([n, n, n, n, d, n, r, r, r, room, room, I[N_PROFILES], n, r, n, n, d, I[N_ORDERS]], np.int64)
    S = np.zeros(sizes.size + sizes.sum(), np.int64)
    at = sizes.size
    for k in range(sizes.size):
        S[k] = at
        at += sizes[k]
    return S


@njit(**_JIT)
def reset(I, F, S):
    """Clear a state and lay down what is fixed."""
    for o in range(I[N_OPS]):
        S[S[PLACED] + o] = 0
        S[S[WAITED] + o] = -1
        S[S[SETUP_OF] + o] = 0
    for j in range(I[N_ORDERS]):
        S[S[ORDER_END] + j] = -NEVER
    for r in range(I[N_RESOURCES]):
        S[S[ROW_LAST] + r] = -1
        S[S[ROW_END] + r] = -NEVER
        S[S[ROW_FAMILY] + r] = I[I[INITIAL_FAMILY] + r]
        S[S[ROW_NEXT] + r] = I[I[OBSTACLE_PTR] + r]
    for r in range(I[N_PROFILES]):
        lo, k = I[I[ROOM_PTR] + r], 0
        for i in range(I[I[PROFILE_PTR] + r], I[I[PROFILE_PTR] + r + 1]):
            S[S[TIMES] + lo + k] = I[I[PROFILE_TIME] + i]
            S[S[USAGE] + lo + k] = I[I[PROFILE_USAGE] + i]
            k += 1
        S[S[LENGTH] + r] = k
    for o in range(I[N_OPS]):
        if I[I[FIXED] + o]:
            S[S[START] + o] = I[I[FIXED_START] + o]
            S[S[END] + o] = I[I[FIXED_END] + o]
            S[S[FIRST] + o] = I[I[FIXED_START] + o]
            S[S[MODE] + o] = 0
            S[S[PLACED] + o] = 1
            for d in range(I[I[DEMAND_PTR] + o], I[I[DEMAND_PTR] + o + 1]):
                S[S[CHOICE] + d] = I[I[FIXED_CHOICE] + d]


@njit(**_JIT)
def _choose_demands(I, F, S, o, r, a, b):
    """Choose a resource for each demand over ``[a, b)``; return -1, or a later start worth trying."""
    for d in range(I[I[DEMAND_PTR] + o], I[I[DEMAND_PTR] + o + 1]):
        soonest = NEVER
        for i in range(I[I[CANDIDATE_PTR] + d], I[I[CANDIDATE_PTR] + d + 1]):
            c = I[I[CANDIDATE] + i]
            wait = secondary_wait(I, r, c, a, b)
            if wait < 0:
                wait = blocked_wait(I, c, a, b)
            if wait < 0 and I[I[KIND] + c] != UNLIMITED:
                limit = I[I[CAPACITY] + c] - I[I[DEMAND_QUANTITY] + d]
                for e in range(I[I[DEMAND_PTR] + o], d):
                    if S[S[SCRATCH] + e] == c:
                        limit -= I[I[DEMAND_QUANTITY] + e]
                if c == r:
                    limit -= 1
                wait = NEVER if limit < 0 else profile_wait(I, S, c, a, b, limit)
            if wait < 0:
                S[S[SCRATCH] + d] = c
                soonest = -1
                break
            soonest = min(soonest, wait)
        if soonest >= 0:
            return soonest
    return -1


@njit(**_JIT)
def _span_wait(I, F, S, o, r, a, b):
    """Return -1 when ``[a, b)`` is free for operation ``o`` on ``r``, else a later start worth trying."""
    if r >= 0:
        wait = blocked_wait(I, r, a, b)
        if wait >= 0:
            return wait
        if I[I[KIND] + r] == CUMULATIVE or (I[I[KIND] + r] == UNARY and I[I[IS_CANDIDATE] + r]):
            wait = profile_wait(I, S, r, a, b, I[I[CAPACITY] + r] - 1)
            if wait >= 0:
                return wait
    for i in range(I[I[APART_PTR] + o], I[I[APART_PTR] + o + 1]):
        v = I[I[APART] + i]
        wait = profile_wait(I, S, v, a, b, 0)
        if wait >= 0:
            return wait
    return _choose_demands(I, F, S, o, r, a, b)


@njit(**_JIT)
def earliest(I, F, S, o, m, low, low_end, low_setup):
    """Return (start, end, setup start, setup ticks, penalty) of ``o`` in mode ``m``, as early as it can be.

    ``low`` bounds its start, ``low_end`` its end, ``low_setup`` the start of its setup. start is NEVER when there is
    no room within the window.
    """
    r, work = I[I[MODE_RESOURCE] + m], I[I[MODE_WORK] + m]
    penalty = 0
    setup = 0
    after_family = I[I[FAMILY] + o]
    is_row = r >= 0 and I[I[KIND] + r] == UNARY
    wait_setup = low_setup
    wait_start = low
    for _ in range(20_000):
        begin_setup = wait_setup
        setup = 0
        if is_row:
            begin_setup = max(begin_setup, S[S[ROW_END] + r])
            after_family = I[I[FAMILY] + o]
            if after_family < 0:
                after_family = S[S[ROW_FAMILY] + r]
            elif I[I[NEEDS_SETUP] + o] and S[S[ROW_FAMILY] + r] >= 0:
                setup = I[
                    I[SETUP_TICKS]
                    + ((I[I[SETUP_INDEX] + r]) * I[N_FAMILIES] + (S[S[ROW_FAMILY] + r])) * I[N_FAMILIES]
                    + (I[I[FAMILY] + o])
                ]
                if setup < 0:
                    setup = 0
                    penalty = BIG
        start = max(wait_start, add_work(I, r, begin_setup, setup))
        if work > 0:
            start = next_working(I, r, start) if I[I[INTERRUPTIBLE] + o] else fit_work(I, r, start, work)
        if start >= NEVER:
            return NEVER, NEVER, NEVER, 0, penalty
        end = add_work(I, r, start, work)
        if end < low_end:
            wait_start = max(start + 1, start + (low_end - end))
            continue
        if end >= I[WINDOW_END]:
            return NEVER, NEVER, NEVER, 0, penalty
        if work == 0:
            return start, end, start, 0, penalty
        first = back_work(I, r, start, setup)
        if is_row and S[S[ROW_NEXT] + r] < I[I[OBSTACLE_PTR] + r + 1]:
            q = I[I[OBSTACLE_OP] + S[S[ROW_NEXT] + r]]
            gate = I[I[FIXED_START] + q]
            if I[I[NEEDS_SETUP] + q] and after_family >= 0 and I[I[FAMILY] + q] >= 0:
                own = I[
                    I[SETUP_TICKS]
                    + ((I[I[SETUP_INDEX] + r]) * I[N_FAMILIES] + (after_family)) * I[N_FAMILIES]
                    + (I[I[FAMILY] + q])
                ]
                if own > 0:
                    gate = back_work(I, r, gate, own)
                elif own < 0:
                    gate = -NEVER
            if end > gate:
                S[S[ROW_END] + r] = max(S[S[ROW_END] + r], I[I[FIXED_END] + q])
                if I[I[FAMILY] + q] >= 0:
                    S[S[ROW_FAMILY] + r] = I[I[FAMILY] + q]
                S[S[ROW_LAST] + r] = q
                S[S[ROW_NEXT] + r] += 1
                continue
        wait = _span_wait(I, F, S, o, r, first, end)
        if wait < 0:
            return start, end, first, setup, penalty
        if wait >= NEVER:
            return NEVER, NEVER, NEVER, 0, penalty
        wait_setup = max(wait_setup, wait)
    return NEVER, NEVER, NEVER, 0, penalty


@njit(**_JIT)
def _bounds(I, F, S, o, delay):
    """Return the lower bounds (start, end, setup start) of ``o`` and the predecessor that sets the start's."""
    low, low_end, low_setup, who = max(I[I[EST] + o], I[I[RELEASE] + o]), I[I[EET] + o], I[I[RELEASE] + o], -1
    low = low + delay[o] if delay[o] >= 0 else max(low, I[I[PREVIOUS_START] + o])
    for i in range(I[I[ARC_PTR] + o], I[I[ARC_PTR] + o + 1]):
        p = I[I[ARC_PRED] + i]
        if S[S[PLACED] + p] != 1:
            continue
        point = (S[S[END] + p] if I[I[ARC_PRED_END] + i] else S[S[START] + p]) + I[I[ARC_LAG] + i]
        if I[I[ARC_SUCC_END] + i]:
            low_end = max(low_end, point)
        elif point > low:
            low, who = point, p
    return low, low_end, low_setup, who


@njit(**_JIT)
def _mode_allowed(I, F, S, o, r):
    """Whether same- and different-resource sets let ``o`` run on ``r`` beside what is placed."""
    for i in range(I[I[ALIKE_PTR] + o], I[I[ALIKE_PTR] + o + 1]):
        k = I[I[ALIKE] + i]
        for j in range(I[I[SET_PTR] + k], I[I[SET_PTR] + k + 1]):
            other = I[I[SET_OP] + j]
            if other != o and S[S[PLACED] + other] == 1:
                same = I[I[MODE_RESOURCE] + I[I[MODE_PTR] + other] + S[S[MODE] + other]] == r
                if same != (I[I[SET_KIND] + k] == 0):
                    return False
    return True


@njit(**_JIT)
def place(I, F, S, o, wanted, delay):
    """Place ``o`` as early as it can be in mode ``wanted`` (-1: the one that ends first); return the penalty."""
    low, low_end, low_setup, who = _bounds(I, F, S, o, delay)
    first_mode, n_modes = I[I[MODE_PTR] + o], I[I[MODE_PTR] + o + 1] - I[I[MODE_PTR] + o]
    best, best_key = -1, NEVER
    is_bound = I[I[ALIKE_PTR] + o + 1] > I[I[ALIKE_PTR] + o]
    if is_bound and wanted >= 0 and _mode_allowed(I, F, S, o, I[I[MODE_RESOURCE] + first_mode + wanted]):
        best = wanted
    elif (n_modes > 1 and wanted < 0) or is_bound:
        for k in range(n_modes):
            r = I[I[MODE_RESOURCE] + first_mode + k]
            if not _mode_allowed(I, F, S, o, r):
                continue
            saved_end, saved_family, saved_next, saved_last = _row_state(I, F, S, r)
            s, e, first, setup, pen = earliest(I, F, S, o, first_mode + k, low, low_end, low_setup)
            _restore_row(I, F, S, r, saved_end, saved_family, saved_next, saved_last)
            key = min(e + pen + 2 * setup, NEVER - 1) - (1 if k == wanted else 0)
            if s < NEVER and key < best_key:
                best, best_key = k, key
    else:
        best = max(wanted, 0)
    penalty = 0
    if best < 0:
        best, penalty = max(wanted, 0), BIG
    m = first_mode + best
    r = I[I[MODE_RESOURCE] + m]
    before = S[S[ROW_LAST] + r] if r >= 0 else -1
    s, e, first, setup, pen = earliest(I, F, S, o, m, low, low_end, low_setup)
    penalty += pen
    if s >= NEVER:
        return 4 * BIG
    S[S[START] + o], S[S[END] + o], S[S[FIRST] + o], S[S[MODE] + o], S[S[PLACED] + o], S[S[SETUP_OF] + o] = (
        s,
        e,
        first,
        best,
        1,
        setup,
    )
    S[S[WAITED] + o] = who
    for d in range(I[I[DEMAND_PTR] + o], I[I[DEMAND_PTR] + o + 1]):
        S[S[CHOICE] + d] = S[S[SCRATCH] + d] if e > s else I[I[CANDIDATE] + I[I[CANDIDATE_PTR] + d]]
    if e > s:
        _occupy(I, F, S, o, r, first, e, s, low, before)
    penalty += max(0, s - I[I[LST] + o]) + max(0, e - I[I[LET] + o])
    return penalty


@njit(**_JIT)
def _row_state(I, F, S, r):
    if r < 0:
        return 0, 0, 0, 0
    return S[S[ROW_END] + r], S[S[ROW_FAMILY] + r], S[S[ROW_NEXT] + r], S[S[ROW_LAST] + r]


@njit(**_JIT)
def _restore_row(I, F, S, r, end, family, following, last):
    if r >= 0:
        S[S[ROW_END] + r], S[S[ROW_FAMILY] + r], S[S[ROW_NEXT] + r], S[S[ROW_LAST] + r] = end, family, following, last


@njit(**_JIT)
def _occupy(I, F, S, o, r, first, e, s, low, before):
    """Take the resource and the demands over [first, e)."""
    if r >= 0:
        if I[I[KIND] + r] == UNARY:
            if s > low and S[S[ROW_LAST] + r] >= 0:
                S[S[WAITED] + o] = S[S[ROW_LAST] + r]
            S[S[ROW_END] + r] = e
            if I[I[FAMILY] + o] >= 0:
                S[S[ROW_FAMILY] + r] = I[I[FAMILY] + o]
            S[S[ROW_LAST] + r] = o
        if I[I[KIND] + r] == CUMULATIVE or (I[I[KIND] + r] == UNARY and I[I[IS_CANDIDATE] + r]):
            if s > low:
                S[S[WAITED] + o] = -1
            profile_add(I, S, r, first, e, 1)
    for i in range(I[I[APART_PTR] + o], I[I[APART_PTR] + o + 1]):
        profile_add(I, S, I[I[APART] + i], first, e, 1)
    for d in range(I[I[DEMAND_PTR] + o], I[I[DEMAND_PTR] + o + 1]):
        c = S[S[CHOICE] + d]
        if I[I[KIND] + c] != UNLIMITED:
            profile_add(I, S, c, first, e, I[I[DEMAND_QUANTITY] + d])


@njit(**_JIT)
def _lateness(I, F, S, o, end):
    """Return the weighted tardiness that ``o`` adds by ending at ``end``, its order's growth included."""
    added = 0.0
    if end > I[I[OP_DUE] + o]:
        added += F[I[F_OP_WEIGHT] + o] * (end - I[I[OP_DUE] + o])
    j = I[I[ORDER] + o]
    if j >= 0 and end > S[S[ORDER_END] + j]:
        before = max(S[S[ORDER_END] + j], I[I[ORDER_DUE] + j])
        if end > before:
            added += F[I[F_ORDER_WEIGHT] + j] * (end - before)
        S[S[ORDER_END] + j] = end
    return added


@njit(**_JIT)
def decode(I, F, S, order, mode, delay, late_weight, end_weight, give_up):
    """Place all operations in list order, each after its predecessors; return the penalty in ticks (0 = feasible).

    Stops early, with a penalty of at least BIG, once ``late_weight`` * tardiness + ``end_weight`` * makespan + 1000 *
    penalty of what is placed exceeds ``give_up``: what follows can only add to it.
    """
    reset(I, F, S)
    totals = np.zeros(N_TOTALS)
    at = np.empty(I[N_OPS], np.int64)
    if not decode_part(I, F, S, order, mode, delay, late_weight, end_weight, give_up, 0, order.size, totals, at):
        return int(totals[PENALTY]) + BIG
    return int(totals[PENALTY]) + late_arcs(I, F, S)


@njit(**_JIT)
def decode_part(I, F, S, order, mode, delay, late_weight, end_weight, give_up, begin, end, totals, at):
    """Go on with a decoding from list entry ``begin`` to ``end``; return whether it was not given up.

    ``totals`` (penalty, weighted tardiness, last end) are those of what is placed, and go on, too. ``at`` becomes the
    list entry at which each operation was placed: its own, or that of one that waits for it.
    """
    stack = S[STACK]
    for i in range(begin, end):
        o = order[i]
        if S[S[PLACED] + o]:
            continue
        depth = 0
        S[stack] = o
        S[S[PLACED] + o] = 2
        while depth >= 0:
            x = S[stack + depth]
            pushed = False
            for k in range(I[I[ARC_PTR] + x], I[I[ARC_PTR] + x + 1]):
                p = I[I[ARC_PRED] + k]
                if S[S[PLACED] + p] == 0:
                    S[S[PLACED] + p] = 2
                    depth += 1
                    S[stack + depth] = p
                    pushed = True
                    break
            if pushed:
                continue
            S[S[PLACED] + x] = 0
            at[x] = i
            extra = place(I, F, S, x, mode[x], delay)
            totals[PENALTY] += extra
            finish = S[S[END] + x]
            totals[SPENT] += late_weight * _lateness(I, F, S, x, finish)
            totals[LAST] = max(totals[LAST], finish)
            if extra >= BIG or totals[SPENT] + end_weight * totals[LAST] + 1e3 * totals[PENALTY] > give_up:
                return False
            S[S[PLACED] + x] = 1
            depth -= 1
    return True


@njit(**_JIT)
def late_arcs(I, F, S):
    """Return by how much lower lags are broken: only arcs within a cycle of waits can be."""
    total = 0
    for o in range(I[N_OPS]):
        for i in range(I[I[ARC_PTR] + o], I[I[ARC_PTR] + o + 1]):
            p = I[I[ARC_PRED] + i]
            if I[I[FIXED] + o] and I[I[FIXED] + p]:
                continue
            gap = (S[S[END] + o] if I[I[ARC_SUCC_END] + i] else S[S[START] + o]) - (
                S[S[END] + p] if I[I[ARC_PRED_END] + i] else S[S[START] + p]
            )
            if gap < I[I[ARC_LAG] + i]:
                total += I[I[ARC_LAG] + i] - gap
            if gap > I[I[ARC_MAX] + i]:
                total += gap - I[I[ARC_MAX] + i]
    return total


@njit(**_JIT)
def decode_close(I, F, S, order, mode, delay):
    """Decode; where a greatest lag is exceeded, delay the predecessor by the excess and decode again, a few times."""
    penalty = decode(I, F, S, order, mode, delay, 0.0, 0.0, np.inf)
    for _ in range(12):
        if penalty == 0 or penalty >= BIG:
            break
        changed = False
        for o in range(I[N_OPS]):
            for i in range(I[I[ARC_PTR] + o], I[I[ARC_PTR] + o + 1]):
                p = I[I[ARC_PRED] + i]
                late = S[S[END] + o] if I[I[ARC_SUCC_END] + i] else S[S[START] + o]
                late -= S[S[END] + p] if I[I[ARC_PRED_END] + i] else S[S[START] + p]
                late -= I[I[ARC_MAX] + i]
                if late > 0 and I[I[FIXED] + p] == 0:
                    low = max(I[I[EST] + p], I[I[RELEASE] + p])
                    delay[p] = max(delay[p], S[S[START] + p] + late - low)
                    changed = True
        if not changed:
            break
        penalty = decode(I, F, S, order, mode, delay, 0.0, 0.0, np.inf)
    return penalty


@njit(**_JIT)
def measure(I, F, S, order_end, load, terms):
    """Fill ``terms`` (ticks, weights, money, ppm) of a decoded plan; ``order_end`` and ``load`` are scratch."""
    terms[:] = 0.0
    order_end[:] = -NEVER
    load[:] = 0.0
    hour = F[TICKS_PER_HOUR]
    for o in range(I[N_OPS]):
        s, e = S[S[START] + o], S[S[END] + o]
        if e > terms[MAKESPAN]:
            terms[MAKESPAN] = e
        if I[I[ORDER] + o] >= 0 and e > order_end[I[I[ORDER] + o]]:
            order_end[I[I[ORDER] + o]] = e
        if e > I[I[OP_DUE] + o]:
            terms[TARDINESS] += F[I[F_OP_WEIGHT] + o] * (e - I[I[OP_DUE] + o])
            if I[I[OP_COUNTS_ALONE] + o]:
                terms[LATE] += F[I[F_OP_WEIGHT] + o]
        m = I[I[MODE_PTR] + o] + S[S[MODE] + o]
        r = I[I[MODE_RESOURCE] + m]
        busy = I[I[MODE_WORK] + m] + S[S[SETUP_OF] + o]
        terms[SETUP] += S[S[SETUP_OF] + o]
        terms[COST] += F[I[F_MODE_COST] + m]
        if r >= 0:
            load[r] += busy
            terms[COST] += busy / hour * F[I[F_RATE] + r]
            if I[I[PREVIOUS_START] + o] > -NEVER:
                moved = abs(s - I[I[PREVIOUS_START] + o]) * 60.0 / hour
                terms[CHANGE] += moved + (60.0 if r != I[I[PREVIOUS_RESOURCE] + o] else 0.0)
        elif I[I[PREVIOUS_START] + o] > -NEVER:
            terms[CHANGE] += abs(s - I[I[PREVIOUS_START] + o]) * 60.0 / hour
        for d in range(I[I[DEMAND_PTR] + o], I[I[DEMAND_PTR] + o + 1]):
            c = S[S[CHOICE] + d]
            if c >= 0:
                load[c] += busy * I[I[DEMAND_QUANTITY] + d] / max(1, I[I[CAPACITY] + c])
                terms[COST] += busy / hour * F[I[F_RATE] + c] * I[I[DEMAND_QUANTITY] + d]
    for j in range(I[N_ORDERS]):
        if order_end[j] > I[I[ORDER_DUE] + j]:
            terms[TARDINESS] += F[I[F_ORDER_WEIGHT] + j] * (order_end[j] - I[I[ORDER_DUE] + j])
            terms[LATE] += F[I[F_ORDER_WEIGHT] + j]
    _setup_costs(I, F, S, terms)
    terms[COST] += terms[TARDINESS] / hour * F[TARDINESS_RATE]
    for g in range(I[N_GROUPS]):
        low, high = np.inf, 0.0
        for i in range(I[I[GROUP_PTR] + g], I[I[GROUP_PTR] + g + 1]):
            r = I[I[GROUP] + i]
            used = load[r] / max(1.0, F[I[F_AVAILABLE] + r]) * 1e6
            terms[PEAK] = max(terms[PEAK], used)
            low, high = min(low, used), max(high, used)
        if high > low:
            terms[SPREAD] += high - low


@njit(**_JIT)
def _setup_costs(I, F, S, terms):
    """Add the money that setups cost: needs the sequence of each setup resource."""
    if I[HAS_SETUP_COST] == 0:
        return
    by_start = np.argsort(S[S[START] : S[START] + I[N_OPS]], kind="mergesort")
    family = I[I[INITIAL_FAMILY] : I[INITIAL_FAMILY] + I[N_RESOURCES]].copy()
    for o in by_start:
        r = I[I[MODE_RESOURCE] + I[I[MODE_PTR] + o] + S[S[MODE] + o]]
        if r < 0 or I[I[SETUP_INDEX] + r] < 0 or I[I[FAMILY] + o] < 0:
            continue
        if I[I[NEEDS_SETUP] + o] and family[r] >= 0:
            terms[COST] += F[
                I[F_SETUP_COST]
                + ((I[I[SETUP_INDEX] + r]) * I[N_FAMILIES] + (family[r])) * I[N_FAMILIES]
                + (I[I[FAMILY] + o])
            ]
        family[r] = I[I[FAMILY] + o]
