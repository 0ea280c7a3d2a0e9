"""Simulated annealing on the disjunctive graph, compiled: any objective that counts lateness, setups, modes or the end.

A move takes one operation to another place of a sequence, its own or another mode's. Its worth is exact: heads behind
the change are brought up to date on the kept-up topological order, written down, and put back when the move is
rejected. Most moves are aimed: they start from something late and walk back along what it waited for.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from engine.solve.shop_kernels import (
    FAR,
    JIT,
    free_for,
    head,
    link_behind,
    link_by_order,
    move_earlier,
    move_later,
    ready_by_preds,
    setup_between,
    sort_and_time,
    unlink,
)

IMPOSSIBLE, REJECTED, KEPT = 0, 1, 2


class Goals(NamedTuple):
    """What to minimise, in one number.

    Item ``i`` (an order, or an operation with a due date) ends with the last of its operations
    ``item_op[item_ptr[i]:item_ptr[i + 1]]`` and costs ``rate[i]`` a tick after ``due[i]``, and ``fine[i]`` once if it
    is late at all. ``op_ptr`` and ``op_item`` tell the items of each operation. Each mode costs ``mode_cost``, each
    tick of setup ``setup_rate``, each tick of the last end ``end_rate``.
    """

    item_ptr: np.ndarray
    item_op: np.ndarray
    op_ptr: np.ndarray
    op_item: np.ndarray
    due: np.ndarray
    rate: np.ndarray
    fine: np.ndarray
    mode_cost: np.ndarray
    setup_rate: float
    end_rate: float


class State(NamedTuple):
    """The mutable arrays of a search; see ``shop_kernels``. ``log_*`` keep what a move changed, to put it back."""

    mode: np.ndarray
    before: np.ndarray
    after: np.ndarray
    first: np.ndarray
    start: np.ndarray
    end: np.ndarray
    order: np.ndarray
    place: np.ndarray
    cost: np.ndarray
    flag: np.ndarray
    dirty: np.ndarray
    touched: np.ndarray
    buffer: np.ndarray
    log_op: np.ndarray
    log_start: np.ndarray
    log_end: np.ndarray
    log_item: np.ndarray
    log_cost: np.ndarray
    log_order: np.ndarray


@njit(**JIT)
def new_state(g, goals, order, mode):
    """Return the state of a plan, heads and item costs filled."""
    n, items = g.n, goals.due.size
    s = State(
        mode.copy(),
        np.full(n, -1, np.int64),
        np.full(n, -1, np.int64),
        np.full(g.n_resources, -1, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(items, np.float64),
        np.zeros(n, np.bool_),
        np.zeros(n, np.bool_),
        np.zeros(items, np.bool_),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(items, np.int64),
        np.zeros(items, np.float64),
        np.zeros(n, np.int64),
    )
    load(g, goals, s, order, mode)
    return s


@njit(**JIT)
def load(g, goals, s, order, mode):
    """Set a state to a plan."""
    s.mode[:] = mode
    link_by_order(g, order, s.mode, s.before, s.after, s.first)
    sort_and_time(g, s.mode, s.before, s.after, s.start, s.end, s.order, s.place)
    for i in range(goals.due.size):
        s.cost[i] = item_cost(goals, s, i)


@njit(**JIT)
def item_cost(goals, s, i):
    """Return what the lateness of an item costs."""
    last = -FAR
    for k in range(goals.item_ptr[i], goals.item_ptr[i + 1]):
        last = max(last, s.end[goals.item_op[k]])
    late = last - goals.due[i]
    return goals.rate[i] * late + goals.fine[i] if late > 0 else 0.0


@njit(**JIT)
def last_end(g, s):
    """Return the last end."""
    last = -FAR
    for o in range(g.n):
        if g.succ_ptr[o + 1] == g.succ_ptr[o]:
            last = max(last, s.end[o])
    return last


@njit(**JIT)
def setup_before(g, s, o):
    """Return the setup ticks before ``o`` where it stands."""
    r = g.mode_resource[s.mode[o]]
    return setup_between(g, r, s.before[o], o) if g.is_unary[r] else 0


@njit(**JIT)
def worth(g, goals, s):
    """Return the value of a state."""
    total = 0.0
    for i in range(goals.due.size):
        total += s.cost[i]
    for o in range(g.n):
        total += goals.mode_cost[s.mode[o]]
        if goals.setup_rate > 0:
            total += goals.setup_rate * setup_before(g, s, o)
    if goals.end_rate > 0:
        total += goals.end_rate * last_end(g, s)
    return total


@njit(**JIT)
def late_operation(g, goals, s):
    """Return the last operation of a late item, the dearer the likelier, or -1."""
    best = -1
    for _ in range(4):
        i = np.random.randint(goals.due.size)
        if s.cost[i] > 0 and (best < 0 or s.cost[i] > s.cost[best]):
            best = i
    if best < 0:
        return -1
    last = -1
    for k in range(goals.item_ptr[best], goals.item_ptr[best + 1]):
        o = goals.item_op[k]
        if last < 0 or s.end[o] > s.end[last]:
            last = o
    return last


@njit(**JIT)
def last_operation(g, s):
    """Return an operation that ends last."""
    best = 0
    for o in range(g.n):
        if s.end[o] > s.end[best]:
            best = o
    return best


@njit(**JIT)
def hold_up(g, s, o):
    """Return (what ``o`` waited for, whether that is the one before it on its resource); -1: nothing."""
    best, back, by_resource = g.ready[o], -1, False
    r = g.mode_resource[s.mode[o]]
    one = s.before[o] if g.is_unary[r] else -1
    if one >= 0:
        t = free_for(g, r, one, s.end[one], o)
        if t > best:
            best, back, by_resource = t, one, True
    for k in range(g.pred_ptr[o], g.pred_ptr[o + 1]):
        t = s.end[g.pred[k]] + g.pred_lag[k]
        if t > best:
            best, back, by_resource = t, g.pred[k], False
    return back, by_resource


@njit(**JIT)
def aimed(g, s, o):
    """Return (an operation on the way back from ``o`` that a move could bring forward, is it held by its resource)."""
    chosen, held, seen = -1, False, 0
    for _ in range(60):
        back, by_resource = hold_up(g, s, o)
        if by_resource or g.mode_ptr[o + 1] - g.mode_ptr[o] > 1:
            seen += 1
            if np.random.randint(seen) == 0:
                chosen, held = o, by_resource
        if back < 0:
            break
        o = back
    return chosen, held


@njit(**JIT)
def place_for(g, s, o, q):
    """Return behind which operation ``o`` should go in mode ``q``: about where it is ready, or beside its family."""
    r = g.mode_resource[q]
    if not g.is_unary[r]:
        return -1
    ready = ready_by_preds(g, o, s.end)
    x, y = -1, s.first[r]
    while y >= 0 and (y == o or s.end[y] <= ready):
        if y != o:
            x = y
        y = s.after[y]
    if g.setup_of[r] >= 0 and np.random.random() < 0.5:
        steps = 12
        while y >= 0 and steps > 0 and (y == o or g.family[y] != g.family[o]):
            y = s.after[y]
            steps -= 1
        if y >= 0 and steps > 0:
            return y if np.random.random() < 0.7 else (s.before[y] if s.before[y] != o else s.before[o])
    for _ in range(np.random.randint(3)):
        y = s.after[x] if x >= 0 else s.first[r]
        if y == o:
            y = s.after[o]
        if y >= 0:
            x = y
    if x >= 0 and np.random.random() < 0.3:
        x = s.before[x] if s.before[x] != o else s.before[o]
    return x


@njit(**JIT)
def draw_move(g, goals, s, aim_late, aim_end):
    """Return (operation, mode, behind which) of a move, or (-1, ...) when this draw gave none."""
    o, held = -1, False
    if aim_late and np.random.random() < 0.85:
        o = late_operation(g, goals, s)
    elif aim_end and np.random.random() < 0.5:
        o = last_operation(g, s)
    if o >= 0:
        o, held = aimed(g, s, o)
    if o < 0:
        o = np.random.randint(g.n)
        held = s.before[o] >= 0
    modes = g.mode_ptr[o + 1] - g.mode_ptr[o]
    q = s.mode[o]
    if modes > 1 and (not held or np.random.random() < 0.4):
        q = g.mode_ptr[o] + np.random.randint(modes - 1)
        q += q >= s.mode[o]
        return o, q, place_for(g, s, o, q)
    if s.before[o] < 0:
        return (o, q, place_for(g, s, o, q)) if s.after[o] >= 0 else (-1, q, -1)
    what = np.random.random()
    if what < 0.2 and g.setup_of[g.mode_resource[q]] >= 0:
        return o, q, place_for(g, s, o, q)
    steps = 1
    while np.random.random() < 0.4:
        steps += 1
    if what < 0.75:  # forward by some steps
        x = s.before[o]
        while steps > 0 and x >= 0:
            x = s.before[x]
            steps -= 1
        return o, q, x
    p = s.before[o]  # or what is before it goes behind it
    x = o
    while steps > 1 and s.after[x] >= 0:
        x = s.after[x]
        steps -= 1
    return p, s.mode[p], x


@njit(**JIT)
def reorder(g, s, o, behind, ahead):
    """Make room for ``o``, unlinked, between ``behind`` and ``ahead`` in ``order``; return (is it possible, from, to).

    ``log_order[from:to + 1]`` keeps what was there.
    """
    if behind >= 0 and s.place[behind] > s.place[o]:
        low, high = s.place[o], s.place[behind]
        s.log_order[low : high + 1] = s.order[low : high + 1]
        fine = move_later(g, o, behind, s.order, s.place, s.before, s.flag, s.buffer)
        return fine and (ahead < 0 or s.place[ahead] > s.place[o]), low, high
    if ahead >= 0 and s.place[ahead] < s.place[o]:
        low, high = s.place[ahead], s.place[o]
        s.log_order[low : high + 1] = s.order[low : high + 1]
        fine = move_earlier(g, o, ahead, s.order, s.place, s.after, s.flag, s.buffer)
        return fine and (behind < 0 or s.place[behind] < s.place[o]), low, high
    return True, 0, -1


@njit(**JIT)
def restore_order(s, low, high):
    """Put back a part of ``order``."""
    for i in range(low, high + 1):
        s.order[i] = s.log_order[i]
        s.place[s.order[i]] = i


@njit(**JIT)
def spread(g, goals, s, one, two, three):
    """Bring heads up to date behind a change at three operations (-1 = none).

    Return (the change of what items cost, heads logged, items logged).
    """
    left, at, heads, items, change = 0, g.n, 0, 0, 0.0
    for x in (one, two, three):
        if x >= 0 and not s.dirty[x]:
            s.dirty[x] = True
            left += 1
            at = min(at, s.place[x])
    while left > 0:
        o = s.order[at]
        at += 1
        if not s.dirty[o]:
            continue
        s.dirty[o] = False
        left -= 1
        begin, finish = head(g, o, s.mode, s.before, s.end)
        if begin == s.start[o] and finish == s.end[o]:
            continue
        s.log_op[heads], s.log_start[heads], s.log_end[heads] = o, s.start[o], s.end[o]
        heads += 1
        is_same_end = finish == s.end[o]
        s.start[o], s.end[o] = begin, finish
        if is_same_end:
            continue
        for k in range(goals.op_ptr[o], goals.op_ptr[o + 1]):
            i = goals.op_item[k]
            if not s.touched[i]:
                s.touched[i] = True
                s.log_item[items], s.log_cost[items] = i, s.cost[i]
                items += 1
        x = s.after[o]
        if x >= 0 and not s.dirty[x]:
            s.dirty[x] = True
            left += 1
        for k in range(g.succ_ptr[o], g.succ_ptr[o + 1]):
            x = g.succ[k]
            if not s.dirty[x]:
                s.dirty[x] = True
                left += 1
    for k in range(items):
        i = s.log_item[k]
        s.touched[i] = False
        s.cost[i] = item_cost(goals, s, i)
        change += s.cost[i] - s.log_cost[k]
    return change, heads, items


@njit(**JIT)
def setups_around(g, s, o, other):
    """Return the setup ticks before ``o``, before the operation behind it, and before ``other`` (-1 = none)."""
    total = setup_before(g, s, o)
    x = s.after[o]
    if x >= 0:
        total += setup_before(g, s, x)
    if other >= 0 and other != x and other != o:
        total += setup_before(g, s, other)
    return total


@njit(**JIT)
def try_move(g, goals, s, o, q, behind, value, limit):
    """Make a move and keep it if the new value is at most ``limit``; return (what became of it, value then)."""
    r, p, x, old = g.mode_resource[q], s.before[o], s.after[o], s.mode[o]
    if behind == o or (q == old and behind == p) or not g.is_unary[r]:
        if not g.is_unary[r] and q != old:
            return change_free(g, goals, s, o, q, value, limit)
        return IMPOSSIBLE, value
    ahead = s.after[behind] if behind >= 0 else s.first[r]
    if ahead == o:
        ahead = x
    setups = setups_around(g, s, o, ahead) if goals.setup_rate > 0 else 0
    unlink(g, o, s.mode, s.before, s.after, s.first)
    fine, low, high = reorder(g, s, o, behind, ahead)
    if not fine:
        restore_order(s, low, high)
        link_behind(g, o, p, s.mode, s.before, s.after, s.first)
        return IMPOSSIBLE, value
    s.mode[o] = q
    link_behind(g, o, behind, s.mode, s.before, s.after, s.first)
    known_end = last_end(g, s) if goals.end_rate > 0 else 0
    change, heads, items = spread(g, goals, s, o, x, s.after[o])
    change += goals.mode_cost[q] - goals.mode_cost[old]
    if goals.setup_rate > 0:
        change += goals.setup_rate * (setups_around(g, s, o, x) - setups)
    if goals.end_rate > 0:
        change += goals.end_rate * (last_end(g, s) - known_end)
    if value + change <= limit:
        return KEPT, value + change
    put_back(s, heads, items)
    unlink(g, o, s.mode, s.before, s.after, s.first)
    s.mode[o] = old
    link_behind(g, o, p, s.mode, s.before, s.after, s.first)
    restore_order(s, low, high)
    return REJECTED, value


@njit(**JIT)
def change_free(g, goals, s, o, q, value, limit):
    """Take ``o`` to a mode on a resource without limit, as ``try_move``."""
    p, x, old = s.before[o], s.after[o], s.mode[o]
    setups = setups_around(g, s, o, -1) if goals.setup_rate > 0 else 0
    unlink(g, o, s.mode, s.before, s.after, s.first)
    s.mode[o] = q
    known_end = last_end(g, s) if goals.end_rate > 0 else 0
    change, heads, items = spread(g, goals, s, o, x, -1)
    change += goals.mode_cost[q] - goals.mode_cost[old]
    if goals.setup_rate > 0:
        change += goals.setup_rate * ((setup_before(g, s, x) if x >= 0 else 0) - setups)
    if goals.end_rate > 0:
        change += goals.end_rate * (last_end(g, s) - known_end)
    if value + change <= limit:
        return KEPT, value + change
    put_back(s, heads, items)
    s.mode[o] = old
    link_behind(g, o, p, s.mode, s.before, s.after, s.first)
    return REJECTED, value


@njit(**JIT)
def put_back(s, heads, items):
    """Undo the changes of heads and item costs that the log has."""
    for k in range(heads - 1, -1, -1):
        o = s.log_op[k]
        s.start[o], s.end[o] = s.log_start[k], s.log_end[k]
    for k in range(items):
        s.cost[s.log_item[k]] = s.log_cost[k]


@njit(**JIT)
def anneal(g, goals, s, value, moves, heat, seed, aim_late, aim_end, best, best_order, best_mode):
    """Make ``moves`` moves at one temperature from state ``s`` of ``value``.

    Return (value, best value, worse moves, worse ones accepted). ``best_order`` and ``best_mode`` take better plans.
    """
    np.random.seed(seed)
    worse = accepted = 0
    for _ in range(moves):
        o, q, behind = draw_move(g, goals, s, aim_late, aim_end)
        if o < 0:
            continue
        limit = value - heat * np.log(max(np.random.random(), 1e-300))
        became, after = try_move(g, goals, s, o, q, behind, value, limit)
        if became == REJECTED:
            worse += 1
        elif after > value + 1e-9:
            worse += 1
            accepted += 1
        value = after
        if value < best - 1e-9:
            best = value
            best_order[:], best_mode[:] = s.order, s.mode
    return value, best, worse, accepted
