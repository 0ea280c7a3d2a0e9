"""Annealing of a stretch of a long list, compiled: what comes after the stretch is not decoded, but priced.

At 10,000 operations a whole decoding takes as long as hundreds of short ones. So a stretch of the list, sorted by
start, is annealed against prices taken from the whole plan: every operation of a late order that waited for another,
which waited for another, and so on, makes the first of them worth its weight in lateness. The tree of those waits gives
each operation and resource at the end of the stretch the lateness that a tick of theirs costs behind it (the gradient
of the weighted tardiness where the waits stay as they are). A candidate that the prices favour is decoded whole, and
taken by what it then is worth.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.solve.searches import kernels
from engine.solve.searches.flat import (
    ARC_LAG,
    ARC_PRED,
    ARC_PRED_END,
    ARC_PTR,
    ARC_SUCC_END,
    DEMAND_PTR,
    F_OP_WEIGHT,
    F_ORDER_WEIGHT,
    FAMILY,
    FIXED,
    KIND,
    MODE_PTR,
    MODE_RESOURCE,
    N_OPS,
    N_ORDERS,
    N_RESOURCES,
    OP_DUE,
    ORDER,
    ORDER_DUE,
    UNLIMITED,
)
from engine.solve.searches.kernels import (
    BIG,
    CHOICE,
    END,
    FIRST,
    MODE,
    ORDER_END,
    PLACED,
    SETUP_OF,
    START,
    WAITED,
    decode_part,
    new_state,
)

_JIT = {"cache": True, "nogil": True}
_CREDIT = 0.7
"""What an operation that ends earlier is credited, of what one that ends as much later costs: others may hold up."""


@njit(**_JIT)
def prices(I, F, S, order, stop, is_in, worth, slack, of_op, room_of_op, of_row, row_ptr, row_weight, row_room):
    """Fill what a tick of later or earlier ends in the stretch costs in the plan ``S``, whose list is ``order``.

    ``worth`` becomes the lateness that a tick of each operation costs in all, ``slack`` by how much each may be later
    without any. An operation of the stretch that ends earlier saves ``of_op`` a tick, a resource ``of_row``; one that
    ends later costs from ``room_of_op`` on, and a resource for each operation behind the stretch (CSR by resource:
    ``row_weight``, ``row_room``) from its room on.
    """
    worth[:] = 0.0
    slack[:] = kernels.NEVER
    of_op[:] = 0.0
    room_of_op[:] = kernels.NEVER
    of_row[:] = 0.0
    counted = np.zeros(I[N_ORDERS], np.bool_)
    following = np.full(I[N_RESOURCES], -1, np.int64)
    row_ptr[:] = 0
    for i in range(order.size - 1, -1, -1):
        o = order[i]
        end, j = S[S[END] + o], I[I[ORDER] + o]
        slack[o] = min(slack[o], max(0, I[I[OP_DUE] + o] - end))
        if end > I[I[OP_DUE] + o]:
            worth[o] += F[I[F_OP_WEIGHT] + o]
        if j >= 0 and not counted[j] and end == S[S[ORDER_END] + j]:
            counted[j] = True
            slack[o] = min(slack[o], max(0, I[I[ORDER_DUE] + j] - end))
            if end > I[I[ORDER_DUE] + j]:
                worth[o] += F[I[F_ORDER_WEIGHT] + j]
        r = I[I[MODE_RESOURCE] + I[I[MODE_PTR] + o] + S[S[MODE] + o]]
        if r >= 0 and I[I[KIND] + r] != UNLIMITED:
            x = following[r]
            if x >= 0:
                slack[o] = min(slack[o], max(0, S[S[FIRST] + x] - end) + slack[x])
            following[r] = o
            if i >= stop:
                row_ptr[r + 1] += 1
        for k in range(I[I[ARC_PTR] + o], I[I[ARC_PTR] + o + 1]):
            p = I[I[ARC_PRED] + k]
            point = (S[S[END] + p] if I[I[ARC_PRED_END] + k] else S[S[START] + p]) + I[I[ARC_LAG] + k]
            room = max(0, (end if I[I[ARC_SUCC_END] + k] else S[S[START] + o]) - point) + slack[o]
            slack[p] = min(slack[p], room)
            if i >= stop and is_in[p]:
                room_of_op[p] = min(room_of_op[p], room)
        p = S[S[WAITED] + o]
        if p < 0 or worth[o] == 0.0:
            continue
        worth[p] += worth[o]
        if i < stop or not is_in[p]:
            continue
        follows = False
        for k in range(I[I[ARC_PTR] + o], I[I[ARC_PTR] + o + 1]):
            follows = follows or I[I[ARC_PRED] + k] == p
        if follows or r < 0:
            of_op[p] += worth[o]
        else:
            of_row[r] += worth[o]
    for r in range(I[N_RESOURCES]):
        row_ptr[r + 1] += row_ptr[r]
    fill = row_ptr[:-1].copy()
    for i in range(stop, order.size):
        o = order[i]
        r = I[I[MODE_RESOURCE] + I[I[MODE_PTR] + o] + S[S[MODE] + o]]
        if r < 0 or I[I[KIND] + r] == UNLIMITED:
            continue
        j = I[I[ORDER] + o]
        k = fill[r]
        idle = 0
        if k > row_ptr[r]:
            idle = row_room[k - 1]
        idle += max(0, S[S[FIRST] + o] - following[r]) if k > row_ptr[r] else 0
        row_room[k] = idle
        row_weight[k] = F[I[F_ORDER_WEIGHT] + j] if j >= 0 else F[I[F_OP_WEIGHT] + o]
        fill[r] = k + 1
        following[r] = S[S[END] + o]
    fill[:] = row_ptr[:-1]
    for i in range(stop, order.size):
        o = order[i]
        r = I[I[MODE_RESOURCE] + I[I[MODE_PTR] + o] + S[S[MODE] + o]]
        if r >= 0 and I[I[KIND] + r] != UNLIMITED:
            row_room[fill[r]] += slack[o]
            fill[r] += 1


@njit(**_JIT)
def _value(I, F, T, whole, at_stop, order, begin, stop, priced, orders, rows, late_weight, setup_weight):
    """Return the price of a stretch as decoded into ``T``; ``whole`` is the plan, ``at_stop`` the stretch in it."""
    of_op, room_of_op, of_row, row_ptr, row_weight, row_room, first_room, row_before, row_known, row_end = priced
    late, setup = 0.0, 0
    row_end[:] = row_before
    for i in range(begin, stop):
        o = order[i]
        end = T[T[END] + o]
        setup += T[T[SETUP_OF] + o]
        r = I[I[MODE_RESOURCE] + I[I[MODE_PTR] + o] + T[T[MODE] + o]]
        if r >= 0:
            row_end[r] = max(row_end[r], end)
        if end > I[I[OP_DUE] + o]:
            late += F[I[F_OP_WEIGHT] + o] * (end - I[I[OP_DUE] + o])
        shift = end - at_stop[at_stop[END] + o]
        if shift < 0:
            late += _CREDIT * of_op[o] * shift
        elif shift > room_of_op[o]:
            j = I[I[ORDER] + o]
            own = F[I[F_ORDER_WEIGHT] + j] if j >= 0 else 0.0
            late += max(of_op[o], own) * (shift - room_of_op[o])
    for j in orders:
        end = T[T[ORDER_END] + j]
        if whole[whole[ORDER_END] + j] == at_stop[at_stop[ORDER_END] + j] and end > I[I[ORDER_DUE] + j]:
            late += F[I[F_ORDER_WEIGHT] + j] * (end - I[I[ORDER_DUE] + j])
    for r in rows:
        shift = row_end[r] - row_known[r]
        if shift < 0:
            late += _CREDIT * of_row[r] * shift
        elif shift > first_room[r]:
            shift -= first_room[r]
            for k in range(row_ptr[r], row_ptr[r + 1]):
                if shift > row_room[k]:
                    late += row_weight[k] * (shift - row_room[k])
    return late_weight * late + setup_weight * setup


@njit(**_JIT)
def _shift(order, i, j):
    x = order[i]
    step = 1 if j > i else -1
    k = i
    while k != j:
        order[k] = order[k + step]
        k += step
    order[j] = x


@njit(**_JIT)
def _where(order, o, begin, stop):
    for i in range(begin, stop):
        if order[i] == o:
            return i
    return -1


@njit(**_JIT)
def _mutate(I, S, base, order, mode, begin, stop, hot):
    """Change the stretch in place by one random move, mostly of an operation that lateness waits for."""
    if hot.size and np.random.random() < 0.75:
        x = hot[np.random.randint(hot.size)]
        for _ in range(np.random.randint(4)):
            back = S[S[WAITED] + x]
            if back < 0 or I[I[FIXED] + back] or _where(order, back, begin, stop) < 0:
                break
            x = back
        i = _where(order, x, begin, stop)
    else:
        i = np.random.randint(begin, stop)
        x = order[i]
    if base[base[PLACED] + x]:
        return
    first = I[I[MODE_PTR] + x]
    n_modes = I[I[MODE_PTR] + x + 1] - first
    kind = np.random.random()
    if n_modes > 1 and kind < 0.3:
        mode[x] = np.random.randint(n_modes + 1) - 1
        if np.random.random() < 0.5:
            return
    if kind < 0.55:
        y = S[S[WAITED] + x]
        j = _where(order, y, begin, stop) if y >= 0 else -1
        if j >= 0:
            _shift(order, i, j)
            return
    if kind < 0.7 and I[I[FAMILY] + x] >= 0:
        for _ in range(30):
            j = np.random.randint(begin, stop)
            y = order[j]
            if y == x or I[I[FAMILY] + y] != I[I[FAMILY] + x]:
                continue
            r = I[I[MODE_RESOURCE] + I[I[MODE_PTR] + y] + S[S[MODE] + y]]
            for k in range(n_modes):
                if I[I[MODE_RESOURCE] + first + k] == r:
                    if n_modes > 1:
                        mode[x] = k
                    _shift(order, i, j)
                    return
    if kind < 0.8 and I[I[ORDER] + x] >= 0:
        reach = np.random.randint(1, max(2, (stop - begin) // 2))
        for k in range(begin, stop):
            o = order[k]
            if I[I[ORDER] + o] == I[I[ORDER] + x] and not I[I[FIXED] + o]:
                _shift(order, k, max(begin, k - reach))
        return
    reach = max(2, stop - begin)
    if np.random.random() < 0.5:
        reach = max(2, reach // 6)
    j = i + np.random.randint(-reach, reach + 1)
    _shift(order, i, min(max(j, begin), stop - 1))


@njit(**_JIT)
def _price_stretch(I, F, whole, order, begin, stop, is_in, worth, slack, priced):
    """Fill all prices of a stretch by the plan ``whole``."""
    of_op, room_of_op, of_row, row_ptr, row_weight, row_room, first_room, row_before, row_known, _ = priced
    prices(I, F, whole, order, stop, is_in, worth, slack, of_op, room_of_op, of_row, row_ptr, row_weight, row_room)
    row_before[:] = 0
    row_known[:] = 0
    first_room[:] = -1
    for i in range(order.size):
        o = order[i]
        r = I[I[MODE_RESOURCE] + I[I[MODE_PTR] + o] + whole[whole[MODE] + o]]
        if r < 0:
            continue
        if i < stop:
            row_known[r] = max(row_known[r], whole[whole[END] + o])
            if i < begin:
                row_before[r] = row_known[r]
        elif first_room[r] < 0:
            first_room[r] = max(0, whole[whole[FIRST] + o] - row_known[r])


@njit(**_JIT)
def _is_same(I, T, S, order, begin, stop):
    """Whether two decodings of a stretch are one plan."""
    for i in range(begin, stop):
        o = order[i]
        if T[T[END] + o] != S[S[END] + o] or T[T[MODE] + o] != S[S[MODE] + o]:
            return False
        if T[T[FIRST] + o] != S[S[FIRST] + o] or T[T[START] + o] != S[S[START] + o]:
            return False
        for d in range(I[I[DEMAND_PTR] + o], I[I[DEMAND_PTR] + o + 1]):
            if T[T[CHOICE] + d] != S[S[CHOICE] + d]:
                return False
    return True


@njit(**_JIT)
def anneal_stretch(
    I, F, order, mode, delay, begin, stop, weights, iterations, heat, seed, worth, best_order, best_mode
):
    """Anneal the list entries ``[begin, stop)`` in place.

    Return the values at the end and of the best, and how many candidates were worse by their price, and were taken
    though worse.

    ``best_order`` and ``best_mode`` become those of the best candidate; ``worth`` what a tick of each operation costs.
    """
    np.random.seed(seed)
    late_weight, setup_weight = weights[kernels.TARDINESS], weights[kernels.SETUP]
    end_weight = weights[kernels.MAKESPAN]
    n = order.size
    at = np.zeros(I[N_OPS], np.int64)
    totals = np.zeros(kernels.N_TOTALS)
    base, whole = new_state(I), new_state(I)
    kernels.reset(I, F, base)
    decode_part(I, F, base, order, mode, delay, late_weight, 0.0, np.inf, 0, begin, totals, at)
    at_begin = totals.copy()
    S, T, W = base.copy(), base.copy(), base.copy()
    totals[:] = at_begin
    decode_part(I, F, S, order, mode, delay, late_weight, 0.0, np.inf, begin, stop, totals, at)
    penalty = totals[kernels.PENALTY]
    whole[:] = S
    decode_part(I, F, whole, order, mode, delay, late_weight, 0.0, np.inf, stop, n, totals, at)
    order_end, load, terms = np.zeros(I[N_ORDERS], np.int64), np.zeros(I[N_RESOURCES]), np.zeros(kernels.N_TERMS)
    kernels.measure(I, F, whole, order_end, load, terms)
    known = 1e3 * (totals[kernels.PENALTY] + kernels.late_arcs(I, F, whole))
    for k in range(weights.size):
        known += weights[k] * terms[k]
    best = known
    best_order[:], best_mode[:] = order, mode
    is_in = np.zeros(I[N_OPS], np.bool_)
    is_touched = np.zeros(I[N_ORDERS], np.bool_)
    for i in range(begin, stop):
        is_in[order[i]] = True
        if I[I[ORDER] + order[i]] >= 0:
            is_touched[I[I[ORDER] + order[i]]] = True
    orders, rows = np.flatnonzero(is_touched), np.arange(I[N_RESOURCES])
    slack = np.zeros(I[N_OPS], np.int64)
    per_row = np.zeros((4, I[N_RESOURCES]), np.int64)
    priced = (
        np.zeros(I[N_OPS]), np.zeros(I[N_OPS], np.int64), np.zeros(I[N_RESOURCES]),
        np.zeros(I[N_RESOURCES] + 1, np.int64), np.zeros(n), np.zeros(n, np.int64),
        per_row[0], per_row[1], per_row[2], per_row[3],
    )  # fmt: skip
    _price_stretch(I, F, whole, order, begin, stop, is_in, worth, slack, priced)
    hot = np.flatnonzero(is_in & (worth > 0.0))
    trial_order, trial_mode = order.copy(), mode.copy()
    current = 1e3 * penalty + _value(
        I, F, S, whole, S, order, begin, stop, priced, orders, rows, late_weight, setup_weight
    )
    worse = taken = 0
    at_stop = S.copy()
    for _ in range(iterations):
        for _ in range(1 if np.random.random() < 0.8 else 2):
            _mutate(I, S, base, trial_order, trial_mode, begin, stop, hot)
        T[:] = base
        totals[:] = at_begin
        decode_part(I, F, T, trial_order, trial_mode, delay, late_weight, 0.0, np.inf, begin, stop, totals, at)
        price = np.inf
        if totals[kernels.PENALTY] < BIG:
            price = 1e3 * totals[kernels.PENALTY] + _value(
                I, F, T, whole, at_stop, trial_order, begin, stop, priced, orders, rows, late_weight, setup_weight
            )
        room = -heat * np.log(max(np.random.random(), 1e-300))
        worse += price > current
        is_taken = price <= current + room
        if is_taken and not (price == current and _is_same(I, T, S, order, begin, stop)):
            W[:] = T
            goes_on = decode_part(
                I, F, W, trial_order, trial_mode, delay, late_weight, end_weight, known + room, stop, n, totals, at
            )
            value = np.inf
            if goes_on and totals[kernels.PENALTY] < BIG:
                kernels.measure(I, F, W, order_end, load, terms)
                value = 1e3 * (totals[kernels.PENALTY] + kernels.late_arcs(I, F, W))
                for k in range(weights.size):
                    value += weights[k] * terms[k]
            is_taken = value <= known + room
            if is_taken:
                taken += value > known
                known = value
                whole, W = W, whole
                at_stop[:] = T
                order[begin:stop] = trial_order[begin:stop]
                _price_stretch(I, F, whole, order, begin, stop, is_in, worth, slack, priced)
                hot = np.flatnonzero(is_in & (worth > 0.0))
                price = 1e3 * totals[kernels.PENALTY] + _value(
                    I, F, T, whole, at_stop, order, begin, stop, priced, orders, rows, late_weight, setup_weight
                )
        if not is_taken:
            trial_order[begin:stop] = order[begin:stop]
            trial_mode[:] = mode
            continue
        S, T = T, S
        order[begin:stop] = trial_order[begin:stop]
        mode[:] = trial_mode
        current = price
        if known < best - 1e-9:
            best = known
            best_order[:], best_mode[:] = order, mode
    return known, best, worse, taken


@njit(**_JIT)
def plan_value(I, F, S, order, mode, delay, weights):
    """Decode a list into ``S``; return (value, penalty)."""
    penalty = kernels.decode(I, F, S, order, mode, delay, 0.0, 0.0, np.inf)
    if penalty >= BIG:
        return np.inf, penalty
    terms = np.zeros(kernels.N_TERMS)
    kernels.measure(I, F, S, np.zeros(I[N_ORDERS], np.int64), np.zeros(I[N_RESOURCES]), terms)
    value = 1e3 * penalty
    for k in range(weights.size):
        value += weights[k] * terms[k]
    return value, penalty
