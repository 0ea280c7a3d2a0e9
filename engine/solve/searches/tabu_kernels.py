"""Tabu search for the makespan on the disjunctive graph, compiled.

Moves shift an operation of a critical block to the block's front or end (Balas and Vazacopoulos 1998; Zhang et al.
2007), or take a critical operation to another place of another mode (Mastrolilli and Gambardella 2000). They are rated
by heads and tails around the change alone, and made on a topological order that is kept up (Pearce and Kelly 2006), so
that an iteration costs only what it touches.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from engine.solve.searches.calendar_kernels import FAR, HOT, JIT, latest, span
from engine.solve.searches.shop_kernels import (
    all_tails,
    due_by_succs,
    free_for,
    head,
    link_behind,
    link_by_order,
    move_earlier,
    move_later,
    must_end,
    ready_by_preds,
    sort_and_time,
    tail_of,
    unlink,
)

TABLE = 1 << 18
AFTER, BEFORE, REASSIGN = 0, 1, 2


class State(NamedTuple):
    """The mutable arrays of a search; see ``shop_kernels``. ``path`` is a critical path, last operation first.

    ``by_resource[i]`` tells that ``path[i]`` waits for ``path[i + 1]`` on their resource. ``tabu`` holds, by hash of a
    pair of operations (or of an operation and a mode), the iteration until which that order (or mode) is not undone.
    """

    mode: np.ndarray
    before: np.ndarray
    after: np.ndarray
    first: np.ndarray
    start: np.ndarray
    end: np.ndarray
    tail: np.ndarray
    order: np.ndarray
    place: np.ndarray
    path: np.ndarray
    by_resource: np.ndarray
    row: np.ndarray
    row_start: np.ndarray
    flag: np.ndarray
    dirty: np.ndarray
    buffer: np.ndarray
    tabu: np.ndarray


@njit(**JIT)
def new_state(g, order, mode):
    """Return the state of a plan, heads and tails filled."""
    n = g.n
    s = State(
        mode.copy(),
        np.full(n, -1, np.int64),
        np.full(n, -1, np.int64),
        np.full(g.n_resources, -1, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.bool_),
        np.zeros(n + 1, np.int64),
        np.zeros(n + 1, np.int64),
        np.zeros(n, np.bool_),
        np.zeros(n, np.bool_),
        np.zeros(n, np.int64),
        np.zeros(TABLE, np.int32),
    )
    link_by_order(g, order, s.mode, s.before, s.after, s.first)
    sort_and_time(g, s.mode, s.before, s.after, s.start, s.end, s.order, s.place)
    return s


@njit(**HOT)
def makespan(g, s):
    """Return the last end."""
    last = -FAR
    for o in range(g.n):
        if g.succ_ptr[o + 1] == g.succ_ptr[o]:
            last = max(last, s.end[o])
    return last


@njit(**HOT)
def critical_path(g, s, last):
    """Fill ``path`` with a critical path, ties at random; return its length."""
    o, seen = -1, 0
    for x in range(g.n):
        if s.end[x] == last:
            seen += 1
            if np.random.randint(seen) == 0:
                o = x
    count = 0
    while o >= 0 and count < g.n:
        best, back, by_resource, ties = -FAR, -1, False, 1
        r = g.mode_resource[s.mode[o]]
        one = s.before[o] if g.is_unary[r] else -1
        if one >= 0:
            best, back, by_resource = free_for(g, r, one, s.end[one], o), one, True
        for k in range(g.pred_ptr[o], g.pred_ptr[o + 1]):
            t = s.end[g.pred[k]] + g.pred_lag[k]
            ties = ties + 1 if t == best else ties
            if t > best or (t == best and np.random.randint(ties) == 0):
                best, back, by_resource = t, g.pred[k], g.pred[k] == one
        if back >= 0 and best <= g.ready[o]:
            back, by_resource = -1, False
        s.path[count] = o
        s.by_resource[count] = by_resource and back >= 0
        count += 1
        o = back
    return count


@njit(**HOT)
def rate_row(g, s, size, one, two, r, horizon):
    """Return by how much heads exceed tails when ``row[:size]`` stands between ``one`` and ``two`` on ``r``."""
    prior, prior_end = one, (s.end[one] if one >= 0 else 0)
    for i in range(size):
        o = s.row[i]
        t = max(ready_by_preds(g, o, s.end), free_for(g, r, prior, prior_end, o))
        s.row_start[i], prior_end = span(g, r, t, g.mode_work[s.mode[o]], g.interruptible[o])
        prior = o
    worst = -FAR
    next_, next_tail = two, (s.tail[two] if two >= 0 else horizon)
    for i in range(size - 1, -1, -1):
        o = s.row[i]
        t = due_by_succs(g, o, s.tail, horizon)
        if next_ >= 0:
            t = min(t, must_end(g, r, o, next_, next_tail))
        next_tail = latest(g, r, t, g.mode_work[s.mode[o]], g.interruptible[o])
        next_ = o
        worst = max(worst, s.row_start[i] - next_tail)
    return worst


@njit(**HOT)
def stays_acyclic_behind(g, s, u, v):
    """Whether ``u`` can come behind ``v``: no successor of ``u`` leads to ``v`` (sufficient condition)."""
    fine = True
    for k in range(g.succ_ptr[u], g.succ_ptr[u + 1]):
        fine = fine and s.end[g.succ[k]] > s.start[v]
    return fine


@njit(**HOT)
def stays_acyclic_before(g, s, v, u):
    """Whether ``v`` can come before ``u``: ``u`` leads to no predecessor of ``v`` (sufficient condition)."""
    fine = True
    for k in range(g.pred_ptr[v], g.pred_ptr[v + 1]):
        fine = fine and s.start[g.pred[k]] < s.end[u]
    return fine


@njit(**HOT)
def rate_shift(g, s, a, b, it, horizon):
    """Return (rating, is it tabu) of shifting ``path[a]`` to ``path[b]``'s place in their block; FAR if it cannot be.

    ``path`` runs backwards: b < a means behind ``path[b]``, b > a before it.
    """
    size, forbidden = 0, False
    x, y = s.path[a], s.path[b]
    r = g.mode_resource[s.mode[x]]
    if b < a:
        if not stays_acyclic_behind(g, s, x, y):
            return FAR, False
        for i in range(a - 1, b - 1, -1):
            s.row[size] = s.path[i]
            size += 1
            forbidden = forbidden or s.tabu[(s.path[i] * g.n + x) % TABLE] > it
        s.row[size] = x
        return rate_row(g, s, size + 1, s.before[x], s.after[y], r, horizon), forbidden
    if not stays_acyclic_before(g, s, x, y):
        return FAR, False
    s.row[0] = x
    size = 1
    for i in range(b, a, -1):
        s.row[size] = s.path[i]
        size += 1
        forbidden = forbidden or s.tabu[(x * g.n + s.path[i]) % TABLE] > it
    return rate_row(g, s, size, s.before[y], s.after[x], r, horizon), forbidden


@njit(**HOT)
def best_shift(g, s, count, it, horizon, aspire):
    """Return (rating, kind, operation, beside which) of the best shift within the critical blocks; kind -1: none."""
    best, kind, who, beside, ties = FAR, -1, -1, -1, 0
    i = count - 1
    while i >= 0:
        j = i
        while j > 0 and s.by_resource[j - 1]:
            j -= 1
        for a in range(i, j - 1, -1):
            for b in (i, j, a - 1):
                if b == a or b < j or (b == a - 1 and a != i and b != j) or (b == i and a == i - 1):
                    continue
                rating, forbidden = rate_shift(g, s, a, b, it, horizon)
                if rating == FAR or (forbidden and horizon + rating >= aspire):
                    continue
                ties = ties + 1 if rating == best else 1
                if rating < best or (rating == best and np.random.randint(ties) == 0):
                    best, kind, who, beside = rating, AFTER if b < a else BEFORE, s.path[a], s.path[b]
        i = j - 1
    return best, kind, who, beside


@njit(**HOT)
def any_swap(g, s, count):
    """Return (kind, operation, beside which) of a random swap on the critical path, tabu or not; kind -1: none.

    Where the critical blocks are few and all their moves tabu, that leads on; to go back to the best plan would not.
    """
    first = np.random.randint(count)
    for step in range(count):
        i = (first + step) % count
        if s.by_resource[i] and stays_acyclic_behind(g, s, s.path[i + 1], s.path[i]):
            return AFTER, s.path[i + 1], s.path[i]
    return -1, -1, -1


@njit(**HOT)
def best_reassignment(g, s, count, it, horizon, aspire, best, kind, who, beside, mode):
    """Return the better of the given move and the best of taking a critical operation to a place of another mode.

    Of the places only those are rated that can be best: behind what ends before the operation could start and is
    urgent, before what ends later and is not.
    """
    ties = 1
    for a in range(count):
        o = s.path[a]
        modes = g.mode_ptr[o + 1] - g.mode_ptr[o]
        if modes < 2 or (count > 100 and np.random.random() > 100.0 / count):
            continue
        ready, due = ready_by_preds(g, o, s.end), due_by_succs(g, o, s.tail, horizon)
        last_pred, first_succ = -FAR, FAR
        for k in range(g.pred_ptr[o], g.pred_ptr[o + 1]):
            last_pred = max(last_pred, s.end[g.pred[k]])
        for k in range(g.succ_ptr[o], g.succ_ptr[o + 1]):
            first_succ = min(first_succ, s.start[g.succ[k]])
        for q in range(g.mode_ptr[o], g.mode_ptr[o + 1]):
            if q == s.mode[o]:
                continue
            forbidden = s.tabu[(g.n * g.n + o * 64 + q - g.mode_ptr[o]) % TABLE] > it
            r, work = g.mode_resource[q], g.mode_work[q]
            x, y = -1, s.first[r]
            while y >= 0 and (s.end[y] <= last_pred or (s.end[y] <= ready and s.tail[y] < due)):
                x, y = y, s.after[y]
            while x < 0 or s.start[x] < first_succ:
                t = max(ready, free_for(g, r, x, s.end[x] if x >= 0 else 0, o)) if g.is_unary[r] else ready
                begin = span(g, r, t, work, g.interruptible[o])[0]
                t = due if y < 0 else min(due, must_end(g, r, o, y, s.tail[y]))
                rating = begin - latest(g, r, t, work, g.interruptible[o])
                if not forbidden or horizon + rating < aspire:
                    ties = ties + 1 if rating == best else 1
                    if rating < best or (rating == best and np.random.randint(ties) == 0):
                        best, kind, who, beside, mode = rating, REASSIGN, o, x, q
                if y < 0 or s.tail[y] >= due:
                    break
                x, y = y, s.after[y]
    return best, kind, who, beside, mode


@njit(**HOT)
def update_heads(g, s, seeds):
    """Bring heads up to date after a change at ``seeds`` (-1 = none)."""
    left, at = 0, g.n
    for x in seeds:
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
        known = s.end[o]
        s.start[o], s.end[o] = head(g, o, s.mode, s.before, s.end)
        if s.end[o] == known:
            continue
        x = s.after[o]
        if x >= 0 and not s.dirty[x]:
            s.dirty[x] = True
            left += 1
        for k in range(g.succ_ptr[o], g.succ_ptr[o + 1]):
            x = g.succ[k]
            if not s.dirty[x]:
                s.dirty[x] = True
                left += 1


@njit(**HOT)
def update_tails(g, s, seeds, horizon):
    """Bring tails up to date after a change at ``seeds`` (-1 = none)."""
    left, at = 0, -1
    for x in seeds:
        if x >= 0 and not s.dirty[x]:
            s.dirty[x] = True
            left += 1
            at = max(at, s.place[x])
    while left > 0:
        o = s.order[at]
        at -= 1
        if not s.dirty[o]:
            continue
        s.dirty[o] = False
        left -= 1
        known = s.tail[o]
        s.tail[o] = tail_of(g, o, s.mode, s.after, s.tail, horizon)
        if s.tail[o] == known:
            continue
        x = s.before[o]
        if x >= 0 and not s.dirty[x]:
            s.dirty[x] = True
            left += 1
        for k in range(g.pred_ptr[o], g.pred_ptr[o + 1]):
            x = g.pred[k]
            if not s.dirty[x]:
                s.dirty[x] = True
                left += 1


@njit(**HOT)
def forbid(g, s, kind, who, beside, until):
    """Forbid for a while what would undo a move that is about to be made."""
    if kind == REASSIGN:
        s.tabu[(g.n * g.n + who * 64 + s.mode[who] - g.mode_ptr[who]) % TABLE] = until
        return
    x = s.after[who] if kind == AFTER else s.before[who]
    while x >= 0:
        pair = who * g.n + x if kind == AFTER else x * g.n + who
        s.tabu[pair % TABLE] = until
        if x == beside:
            return
        x = s.after[x] if kind == AFTER else s.before[x]


@njit(**HOT)
def make_move(g, s, kind, who, beside, mode, horizon):
    """Make a move, heads and tails brought up to date; undo it and return False where it would close a cycle."""
    old_before, old_after, old_mode = s.before[who], s.after[who], s.mode[who]
    unlink(g, who, s.mode, s.before, s.after, s.first)
    fine = True
    if kind == AFTER:
        behind = beside
        fine = move_later(g, who, beside, s.order, s.place, s.before, s.flag, s.buffer)
    elif kind == BEFORE:
        behind = s.before[beside]
        fine = move_earlier(g, who, beside, s.order, s.place, s.after, s.flag, s.buffer)
    else:
        behind = beside
        y = s.first[g.mode_resource[mode]] if behind < 0 else s.after[behind]
        if behind >= 0 and s.place[behind] > s.place[who]:
            fine = move_later(g, who, behind, s.order, s.place, s.before, s.flag, s.buffer)
            fine = fine and (y < 0 or s.place[y] > s.place[who])
        elif y >= 0 and s.place[y] < s.place[who]:
            fine = move_earlier(g, who, y, s.order, s.place, s.after, s.flag, s.buffer)
            fine = fine and (behind < 0 or s.place[behind] < s.place[who])
        if fine:
            s.mode[who] = mode
    if not fine:
        link_behind(g, who, old_before, s.mode, s.before, s.after, s.first)
        sort_and_time(g, s.mode, s.before, s.after, s.start, s.end, s.order, s.place)
        return False
    link_behind(g, who, behind, s.mode, s.before, s.after, s.first)
    update_heads(g, s, (who, old_after, s.after[who]))
    update_tails(g, s, (who, old_before, s.before[who]), horizon)
    return old_mode >= 0


@njit(**JIT)
def shake(g, s, swaps):
    """Swap some random neighbours on their resources, half of them on the critical path."""
    for _ in range(swaps):
        if np.random.randint(2) == 0:
            last = makespan(g, s)
            kind, u, v = any_swap(g, s, critical_path(g, s, last))
            if kind >= 0:
                make_move(g, s, kind, u, v, -1, last)
            continue
        for _ in range(50):
            u = np.random.randint(g.n)
            v = s.after[u]
            if v < 0 or not stays_acyclic_behind(g, s, u, v):
                continue
            make_move(g, s, AFTER, u, v, -1, s.end[v])
            break


@njit(**JIT)
def load(g, s, order, mode):
    """Set a state to a plan; return False where its sequences close a cycle."""
    s.mode[:] = mode
    link_by_order(g, order, s.mode, s.before, s.after, s.first)
    s.tabu[:] = 0
    return sort_and_time(g, s.mode, s.before, s.after, s.start, s.end, s.order, s.place) == g.n


@njit(**JIT)
def search(g, s, it, since, iterations, patience, seed, best, target, best_order, best_mode):
    """Go on from state ``s``; return (best makespan, iterations without a better one, iterations made).

    That is ``iterations`` of them, fewer when the target is reached, or ``patience`` of them brought nothing better.
    ``it`` is the number of iterations made before, ``best`` the makespan of ``best_order`` and ``best_mode``, which
    take a better plan.
    """
    np.random.seed(seed)
    last = makespan(g, s)
    horizon = last
    all_tails(g, s.mode, s.after, s.order, s.tail, horizon)
    made = 0
    while made < iterations and since <= patience and best > target:
        it += 1
        made += 1
        since += 1
        count = critical_path(g, s, last)
        rating, kind, who, beside = best_shift(g, s, count, it, horizon, best)
        rating, kind, who, beside, mode = best_reassignment(
            g, s, count, it, horizon, best, rating, kind, who, beside, -1
        )
        if kind < 0:
            kind, who, beside = any_swap(g, s, count)
        if kind < 0:
            since = patience + 1
            break
        tenure = 8 + np.random.randint(8) + count // 7 if count < 200 else 20 + np.random.randint(20)
        forbid(g, s, kind, who, beside, it + (2 * tenure if kind == REASSIGN else tenure))
        make_move(g, s, kind, who, beside, mode, horizon)
        last = makespan(g, s)
        if last < best:
            best, since = last, 0
            best_order[:], best_mode[:] = s.order, s.mode
    return best, since, made
