"""Compiled parts of annealing on a ``Graph``: times along sequences of seats, and changes that can be taken back.

A state holds the mode of each node, the row of each seat with the seats before and behind it (-1 = none), times, and
``order``: all nodes, each behind everything it waits for, kept up edge by edge (Pearce and Kelly 2006) with ``place``
as its inverse. What a move changes is written to a log, and put back from there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from engine.solve.searches.calendar_kernels import FAR, HOT, JIT, idle_within, latest, span

APART = 2
_TRIES = 400


class Goals(NamedTuple):
    """What to minimise, in one number.

    Item ``i`` (an order, or an operation with a due date) ends with the last of its nodes
    ``item_op[item_ptr[i]:item_ptr[i + 1]]`` and costs ``rate[i]`` a tick after ``due[i]``, and ``fine[i]`` once if it
    is late at all. ``op_ptr`` and ``op_item`` tell the items of each node. Each mode costs ``mode_cost``, each tick of
    setup ``setup_rate``, each tick of the last end ``end_rate``, each tick by which a hard bound is broken
    ``excess_rate``, and a seat in a row ``row_cost`` a tick of its node's work.
    """

    item_ptr: np.ndarray
    item_op: np.ndarray
    op_ptr: np.ndarray
    op_item: np.ndarray
    due: np.ndarray
    rate: np.ndarray
    fine: np.ndarray
    mode_cost: np.ndarray
    row_cost: np.ndarray
    setup_rate: float
    end_rate: float
    excess_rate: float


class State(NamedTuple):
    """The mutable arrays of a search. ``log_*`` and ``old_*`` keep what a move changed; ``count`` how much of it.

    ``count`` is (heads, items, order segments, ticks of order kept) logged.
    """

    mode: np.ndarray
    row: np.ndarray
    before: np.ndarray
    behind: np.ndarray
    first_seat: np.ndarray
    first: np.ndarray
    start: np.ndarray
    end: np.ndarray
    excess: np.ndarray
    order: np.ndarray
    place: np.ndarray
    cost: np.ndarray
    flag: np.ndarray
    dirty: np.ndarray
    touched: np.ndarray
    buffer: np.ndarray
    log_op: np.ndarray
    log_times: np.ndarray
    log_item: np.ndarray
    log_cost: np.ndarray
    log_order: np.ndarray
    log_segment: np.ndarray
    old_row: np.ndarray
    old_before: np.ndarray
    old_behind: np.ndarray
    count: np.ndarray


@njit(**HOT)
def setup_ticks(g, s, o):
    """Return the setup before node ``o`` by the seat before its primary one."""
    k = g.seat_ptr[o]
    row = s.row[k]
    if row < 0 or g.row_setup[row] < 0 or g.family[o] < 0:
        return 0
    p = s.before[k]
    family = g.row_family[row] if p < 0 else g.family[g.seat_op[p]]
    return 0 if family < 0 else g.setup[g.row_setup[row], family, g.family[o]]


@njit(**HOT)
def bounds_of(g, s, o):
    """Return lower bounds by dependencies and rows: of the setup, of the start, of the end."""
    low, t, t_end = g.release[o], g.ready[o], g.ready_end[o]
    for i in range(g.into_ptr[o], g.into_ptr[o + 1]):
        p, kind = g.into[i], g.into_kind[i]
        point = (s.end[p] if kind & 1 else s.start[p]) + g.into_lag[i]
        if kind & 2:
            t_end = max(t_end, point)
        else:
            t = max(t, point)
    for k in range(g.seat_ptr[o], g.seat_ptr[o + 1]):
        row = s.row[k]
        if row >= 0:
            p = s.before[k]
            free = g.row_free[row] if p < 0 else s.end[g.seat_op[p]]
            if g.seat_kind[k] == APART:
                t = max(t, free)
            else:
                low = max(low, free)
    return low, t, t_end


@njit(**HOT)
def wait_of(g, s, o, r, begin, finish):
    """Return -1 when all seats of ``o`` suit ``[begin, finish)``, else a later begin worth trying (FAR: none)."""
    for k in range(g.seat_ptr[o], g.seat_ptr[o + 1]):
        row = s.row[k]
        if row < 0 or g.seat_kind[k] == APART:
            continue
        for i in range(g.block_ptr[row], g.block_ptr[row + 1]):
            if g.block_start[i] < finish and begin < g.block_end[i]:
                return g.block_end[i]
        if k > g.seat_ptr[o]:
            wait = idle_within(g, g.row_resource[row], r, begin, finish)
            if wait >= 0:
                return wait
    return -1


@njit(**HOT)
def span_to(g, r, t, t_end, work, interruptible):
    """Return (start, end) of the work begun as early as possible from ``t`` on that ends no earlier than ``t_end``."""
    if t >= FAR or t_end >= FAR:
        return FAR, FAR
    begin, finish = span(g, r, t, work, interruptible)
    if finish >= t_end:
        return begin, finish
    begin, finish = span(g, r, max(t, latest(g, r, t_end, work, interruptible)), work, interruptible)
    while finish < t_end:
        begin, finish = span(g, r, begin + 1, work, interruptible)
    return begin, finish


@njit(**HOT)
def times_of(g, s, o):
    """Return (begin of setup, start, end, by how much hard bounds are broken) of ``o``, as early as it can be."""
    low, t, t_end = bounds_of(g, s, o)
    q = s.mode[o]
    r, work, ticks = g.mode_resource[q], g.mode_work[q], setup_ticks(g, s, o)
    if g.fixed[o]:
        start, end = g.fixed_start[o], g.fixed_end[o]
        begin = latest(g, r, start, ticks, True) if ticks > 0 else start
        return begin, start, end, max(0, low - begin) + max(0, t - start) + max(0, t_end - end)
    if work == 0:
        at = max(low, t, t_end)
        return at, at, at, max(0, at - g.limit_start[o]) + max(0, at - g.limit_end[o])
    begin, start, end = low, low, low
    for _ in range(_TRIES):
        ready = span(g, r, low, ticks, True)[1] if ticks > 0 else low
        start, end = span_to(g, r, max(t, ready), t_end, work, g.interruptible[o])
        begin = latest(g, r, start, ticks, True) if ticks > 0 else start
        if g.is_simple[o] or end >= FAR:
            break
        wait = wait_of(g, s, o, r, begin, end)
        if wait < 0:
            break
        low = max(wait, low + 1)
        if low >= FAR:
            begin = start = end = FAR
            break
    return begin, start, end, max(0, start - g.limit_start[o]) + max(0, end - g.limit_end[o])


@njit(**HOT)
def make_last(g, s, k, row, tail):
    """Put seat ``k`` at the end of a row whose last seat is ``tail``."""
    s.row[k], s.before[k], s.behind[k] = row, tail, -1
    if tail >= 0:
        s.behind[tail] = k
    else:
        s.first_seat[row] = k


@njit(**JIT)
def load(g, goals, s, order, mode, seat_row):
    """Set a state to a plan: rows filled in the order of ``order``, everything sorted and timed anew."""
    s.mode[:] = mode
    s.row[:], s.before[:], s.behind[:], s.first_seat[:] = -1, -1, -1, -1
    tail = np.full(g.n_rows, -1, np.int64)
    for o in order:
        for k in range(g.seat_ptr[o], g.seat_ptr[o + 1]):
            if seat_row[k] >= 0:
                make_last(g, s, k, seat_row[k], tail[seat_row[k]])
                tail[seat_row[k]] = k
    sort_and_time(g, s)
    for i in range(goals.due.size):
        s.cost[i] = item_cost(goals, s, i)


@njit(**JIT)
def sort_and_time(g, s):
    """Fill ``order``, ``place`` and all times; the last of ``order`` is -1 where rows and arcs close a cycle."""
    s.order[:] = -1
    waits = np.zeros(g.n, np.int64)
    done = 0
    for o in range(g.n):
        waits[o] = g.into_ptr[o + 1] - g.into_ptr[o]
        for k in range(g.seat_ptr[o], g.seat_ptr[o + 1]):
            waits[o] += s.row[k] >= 0 and s.before[k] >= 0
        if waits[o] == 0:
            s.order[done] = o
            done += 1
    at = 0
    while at < done:
        o = s.order[at]
        s.place[o] = at
        at += 1
        s.first[o], s.start[o], s.end[o], s.excess[o] = times_of(g, s, o)
        for i in range(g.out_ptr[o], g.out_ptr[o + 1]):
            x = g.out[i]
            waits[x] -= 1
            if waits[x] == 0:
                s.order[done] = x
                done += 1
        for k in range(g.seat_ptr[o], g.seat_ptr[o + 1]):
            if s.row[k] >= 0 and s.behind[k] >= 0:
                x = g.seat_op[s.behind[k]]
                waits[x] -= 1
                if waits[x] == 0:
                    s.order[done] = x
                    done += 1


@njit(**HOT)
def item_cost(goals, s, i):
    """Return what the lateness of an item costs."""
    last = -FAR
    for k in range(goals.item_ptr[i], goals.item_ptr[i + 1]):
        last = max(last, s.end[goals.item_op[k]])
    late = last - goals.due[i]
    return goals.rate[i] * late + goals.fine[i] if late > 0 else 0.0


@njit(**HOT)
def last_end(g, s):
    """Return the last end."""
    last = -FAR
    for o in range(g.n):
        if g.out_ptr[o + 1] == g.out_ptr[o]:
            last = max(last, s.end[o])
    return last


@njit(**HOT)
def own_cost(g, goals, s, o):
    """Return what mode and secondary rows of a node cost."""
    total = goals.mode_cost[s.mode[o]]
    for k in range(g.seat_ptr[o] + 1, g.seat_ptr[o + 1]):
        if s.row[k] >= 0:
            total += goals.row_cost[s.row[k]] * g.mode_work[s.mode[o]]
    return total


@njit(**HOT)
def worth(g, goals, s):
    """Return the value of a state."""
    total = 0.0
    for i in range(goals.due.size):
        total += s.cost[i]
    for o in range(g.n):
        total += own_cost(g, goals, s, o) + goals.excess_rate * s.excess[o]
        if goals.setup_rate > 0:
            total += goals.setup_rate * setup_ticks(g, s, o)
    if goals.end_rate > 0:
        total += goals.end_rate * last_end(g, s)
    return total


# changes of sequences


@njit(**HOT)
def comes_before(g, s, u, v):
    """Make ``order`` have node ``u`` before ``v``, with all that waits for ``v`` moved behind ``u`` as far as needed.

    Return False, and change nothing, where ``u`` waits for ``v``. What changes is logged.
    """
    a, b = s.place[v], s.place[u]
    if b < a:
        return True
    size = b - a + 1
    if s.count[2] >= s.log_segment.shape[0] or s.count[3] + size > s.log_order.size:
        return False
    s.flag[v] = True
    s.buffer[0] = v
    moved = 1
    fine = True
    for i in range(a + 1, b + 1):
        x = s.order[i]
        if waits_for_flagged(g, s, x):
            if x == u:
                fine = False
                break
            s.flag[x] = True
            s.buffer[moved] = x
            moved += 1
    if fine:
        s.log_segment[s.count[2], 0], s.log_segment[s.count[2], 1] = a, size
        s.count[2] += 1
        w = a
        for i in range(a, b + 1):
            x = s.order[i]
            s.log_order[s.count[3]] = x
            s.count[3] += 1
            if not s.flag[x]:
                s.order[w] = x
                s.place[x] = w
                w += 1
        for i in range(moved):
            s.order[w] = s.buffer[i]
            s.place[s.buffer[i]] = w
            w += 1
    for i in range(moved):
        s.flag[s.buffer[i]] = False
    return fine


@njit(**HOT)
def waits_for_flagged(g, s, x):
    """Whether node ``x`` waits for a flagged one, by a dependency or in a row."""
    for k in range(g.seat_ptr[x], g.seat_ptr[x + 1]):
        if s.row[k] >= 0 and s.before[k] >= 0 and s.flag[g.seat_op[s.before[k]]]:
            return True
    for i in range(g.into_ptr[x], g.into_ptr[x + 1]):  # noqa: SIM110 (compiled)
        if s.flag[g.into[i]]:
            return True
    return False


@njit(**HOT)
def take_out(g, s, k):
    """Take seat ``k`` out of its row."""
    row = s.row[k]
    if row < 0:
        return
    p, x = s.before[k], s.behind[k]
    if p >= 0:
        s.behind[p] = x
    else:
        s.first_seat[row] = x
    if x >= 0:
        s.before[x] = p
    s.row[k] = s.before[k] = s.behind[k] = -1


@njit(**HOT)
def put_in(g, s, k, row, p):
    """Put seat ``k`` into a row behind seat ``p`` (-1 = first), whatever ``order`` says."""
    x = s.first_seat[row] if p < 0 else s.behind[p]
    s.row[k], s.before[k], s.behind[k] = row, p, x
    if p >= 0:
        s.behind[p] = k
    else:
        s.first_seat[row] = k
    if x >= 0:
        s.before[x] = k


@njit(**HOT)
def seat_in(g, s, k, row, p):
    """Put seat ``k`` into a row behind seat ``p`` (-1 = first), ``order`` kept up; False where that closes a cycle."""
    o = g.seat_op[k]
    if p >= 0 and not comes_before(g, s, g.seat_op[p], o):
        return False
    put_in(g, s, k, row, p)
    x = s.behind[k]
    if x >= 0:
        s.before[x] = -1  # for now: ``x`` does not wait in this row while its place is looked for
        fine = comes_before(g, s, o, g.seat_op[x])
        s.before[x] = k
        if not fine:
            take_out(g, s, k)
            return False
    return True


@njit(**HOT)
def begin_move(g, s, o, only):
    """Start a move of node ``o``: write down where its seats are, and take them out (or ``only`` one, if not -1)."""
    s.count[:] = 0
    for j in range(g.seat_ptr[o + 1] - g.seat_ptr[o]):
        k = g.seat_ptr[o] + j
        s.old_row[j], s.old_before[j], s.old_behind[j] = s.row[k], s.before[k], s.behind[k]
        if only < 0 or only == k:
            take_out(g, s, k)


@njit(**HOT)
def take_back(g, s, o, old_mode):
    """Undo a move of node ``o``: times, costs, seats and order as they were."""
    for i in range(s.count[0] - 1, -1, -1):
        x = s.log_op[i]
        s.first[x], s.start[x], s.end[x], s.excess[x] = s.log_times[i]
    for i in range(s.count[1]):
        s.cost[s.log_item[i]] = s.log_cost[i]
    for k in range(g.seat_ptr[o], g.seat_ptr[o + 1]):
        take_out(g, s, k)
    s.mode[o] = old_mode
    for j in range(g.seat_ptr[o + 1] - g.seat_ptr[o]):
        if s.old_row[j] >= 0:
            put_in(g, s, g.seat_ptr[o] + j, s.old_row[j], s.old_before[j])
    at = s.count[3]
    for i in range(s.count[2] - 1, -1, -1):
        low, size = s.log_segment[i]
        at -= size
        for j in range(size):
            s.order[low + j] = s.log_order[at + j]
            s.place[s.order[low + j]] = low + j
    s.count[:] = 0


@njit(**HOT)
def mark(s, x, left, at):
    """Note that the times of node ``x`` have to be looked at; return (how many are noted, the first place of any)."""
    if s.dirty[x]:
        return left, at
    s.dirty[x] = True
    return left + 1, min(at, s.place[x])


@njit(**HOT)
def spread(g, goals, s, left, at):
    """Bring times up to date from the noted nodes on; return by how much lateness and excess became dearer."""
    change = 0.0
    while left > 0:
        o = s.order[at]
        at += 1
        if not s.dirty[o]:
            continue
        s.dirty[o] = False
        left -= 1
        begin, start, end, excess = times_of(g, s, o)
        if start == s.start[o] and end == s.end[o] and begin == s.first[o] and excess == s.excess[o]:
            continue
        i = s.count[0]
        s.log_op[i] = o
        s.log_times[i, 0], s.log_times[i, 1] = s.first[o], s.start[o]
        s.log_times[i, 2], s.log_times[i, 3] = s.end[o], s.excess[o]
        s.count[0] += 1
        change += goals.excess_rate * (excess - s.excess[o])
        moved_start, moved_end = start != s.start[o], end != s.end[o]
        s.first[o], s.start[o], s.end[o], s.excess[o] = begin, start, end, excess
        if not (moved_start or moved_end):
            continue
        for i in range(g.out_ptr[o], g.out_ptr[o + 1]):
            left, _ = mark(s, g.out[i], left, at)
        if not moved_end:
            continue
        for k in range(g.seat_ptr[o], g.seat_ptr[o + 1]):
            if s.row[k] >= 0 and s.behind[k] >= 0:
                left, _ = mark(s, g.seat_op[s.behind[k]], left, at)
        for i in range(goals.op_ptr[o], goals.op_ptr[o + 1]):
            x = goals.op_item[i]
            if not s.touched[x]:
                s.touched[x] = True
                s.log_item[s.count[1]], s.log_cost[s.count[1]] = x, s.cost[x]
                s.count[1] += 1
    for i in range(s.count[1]):
        x = s.log_item[i]
        s.touched[x] = False
        s.cost[x] = item_cost(goals, s, x)
        change += s.cost[x] - s.log_cost[i]
    return change
