"""Compiled parts of the searches on a ``Shop``: times along sequences, and sequences that stay free of cycles.

A state is the mode of each operation (``mode``, a position in ``shop.mode_resource``), the operation before and after
it on its resource (``before``, ``after``, -1 = none), and ``order``, a list of all operations in which everything comes
after what it waits for, kept up move by move (``place`` is its inverse). Heads are earliest starts and ends, tails
latest starts for a given horizon.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.solve.searches.calendar_kernels import HOT, JIT, latest, span


@njit(**HOT)
def setup_between(g, r, one, two):
    """Return the setup ticks on ``r`` from operation ``one`` (-1 = what it stands in) to ``two``."""
    k = g.setup_of[r]
    if k < 0:
        return 0
    family = g.stands_in[r] if one < 0 else g.family[one]
    return 0 if family < 0 else g.setup[k, family, g.family[two]]


@njit(**HOT)
def free_for(g, r, one, one_end, two):
    """Return when ``two`` can start on ``r`` behind ``one`` that ends at ``one_end``, its setup done."""
    t = g.free[r] if one < 0 else one_end
    ticks = setup_between(g, r, one, two)
    if ticks == 0:
        return t
    return span(g, r, max(t, g.release[two]), ticks, True)[1]


@njit(**HOT)
def must_end(g, r, one, two, two_latest):
    """Return when ``one`` has to end on ``r`` so that ``two`` can start at ``two_latest``, its setup done."""
    ticks = setup_between(g, r, one, two)
    return two_latest if ticks == 0 else latest(g, r, two_latest, ticks, True)


@njit(**HOT)
def ready_by_preds(g, o, end):
    """Return when ``o`` may start by its release and predecessors."""
    t = g.ready[o]
    for k in range(g.pred_ptr[o], g.pred_ptr[o + 1]):
        t = max(t, end[g.pred[k]] + g.pred_lag[k])
    return t


@njit(**HOT)
def due_by_succs(g, o, tail, horizon):
    """Return when ``o`` has to end by its successors."""
    t = horizon
    for k in range(g.succ_ptr[o], g.succ_ptr[o + 1]):
        t = min(t, tail[g.succ[k]] - g.succ_lag[k])
    return t


@njit(**HOT)
def head(g, o, mode, before, end):
    """Return the earliest (start, end) of ``o``."""
    q = mode[o]
    r = g.mode_resource[q]
    t = ready_by_preds(g, o, end)
    if g.is_unary[r]:
        one = before[o]
        t = max(t, free_for(g, r, one, end[one] if one >= 0 else 0, o))
    return span(g, r, t, g.mode_work[q], g.interruptible[o])


@njit(**HOT)
def tail_of(g, o, mode, after, tail, horizon):
    """Return the latest start of ``o`` for a horizon."""
    q = mode[o]
    r = g.mode_resource[q]
    t = due_by_succs(g, o, tail, horizon)
    two = after[o]
    if two >= 0:
        t = min(t, must_end(g, r, o, two, tail[two]))
    return latest(g, r, t, g.mode_work[q], g.interruptible[o])


@njit(**JIT)
def link_by_order(g, order, mode, before, after, first):
    """Set the sequences from a list of operations."""
    before[:] = -1
    after[:] = -1
    first[:] = -1
    last = np.full(g.n_resources, -1, np.int64)
    for o in order:
        r = g.mode_resource[mode[o]]
        if not g.is_unary[r]:
            continue
        if last[r] >= 0:
            after[last[r]], before[o] = o, last[r]
        else:
            first[r] = o
        last[r] = o


@njit(**JIT)
def sort_and_time(g, mode, before, after, start, end, order, place):
    """Fill ``order``, ``place`` and all heads; return the number of operations sorted (fewer than all: a cycle)."""
    waits = np.zeros(g.n, np.int64)
    done = 0
    for o in range(g.n):
        waits[o] = g.pred_ptr[o + 1] - g.pred_ptr[o] + (before[o] >= 0)
        if waits[o] == 0:
            order[done] = o
            done += 1
    at = 0
    while at < done:
        o = order[at]
        place[o] = at
        at += 1
        start[o], end[o] = head(g, o, mode, before, end)
        for k in range(g.succ_ptr[o], g.succ_ptr[o + 1]):
            x = g.succ[k]
            waits[x] -= 1
            if waits[x] == 0:
                order[done] = x
                done += 1
        x = after[o]
        if x >= 0:
            waits[x] -= 1
            if waits[x] == 0:
                order[done] = x
                done += 1
    return done


@njit(**HOT)
def all_tails(g, mode, after, order, tail, horizon):
    """Fill all tails for a horizon."""
    for i in range(g.n - 1, -1, -1):
        tail[order[i]] = tail_of(g, order[i], mode, after, tail, horizon)


@njit(**HOT)
def unlink(g, o, mode, before, after, first):
    """Take ``o`` out of its sequence."""
    p, x = before[o], after[o]
    if p >= 0:
        after[p] = x
    elif g.is_unary[g.mode_resource[mode[o]]]:
        first[g.mode_resource[mode[o]]] = x
    if x >= 0:
        before[x] = p
    before[o] = after[o] = -1


@njit(**HOT)
def link_behind(g, o, p, mode, before, after, first):
    """Put ``o`` into its resource's sequence behind ``p`` (-1 = first)."""
    r = g.mode_resource[mode[o]]
    if not g.is_unary[r]:
        return
    if p >= 0:
        x = after[p]
        after[p] = o
    else:
        x = first[r]
        first[r] = o
    before[o], after[o] = p, x
    if x >= 0:
        before[x] = o


@njit(**HOT)
def move_later(g, u, v, order, place, before, flag, buffer):
    """Bring ``u``, now unlinked, behind ``v`` in ``order``, with all between that waits for it; False: ``v`` does."""
    a, b = place[u], place[v]
    flag[u] = True
    buffer[0] = u
    count = 1
    fine = True
    for i in range(a + 1, b + 1):
        x = order[i]
        waits = before[x] >= 0 and flag[before[x]]
        if not waits:
            for k in range(g.pred_ptr[x], g.pred_ptr[x + 1]):
                if flag[g.pred[k]]:
                    waits = True
                    break
        if waits:
            if x == v:
                fine = False
                break
            flag[x] = True
            buffer[count] = x
            count += 1
    if fine:
        w = a
        for i in range(a + 1, b + 1):
            x = order[i]
            if not flag[x]:
                order[w] = x
                place[x] = w
                w += 1
        for i in range(count):
            order[w] = buffer[i]
            place[buffer[i]] = w
            w += 1
    for i in range(count):
        flag[buffer[i]] = False
    return fine


@njit(**HOT)
def move_earlier(g, v, u, order, place, after, flag, buffer):
    """Bring ``v``, now unlinked, before ``u`` in ``order``, with all between that it waits for; False: ``u`` too."""
    a, b = place[u], place[v]
    flag[v] = True
    buffer[0] = v
    count = 1
    fine = True
    for i in range(b - 1, a - 1, -1):
        x = order[i]
        needed = after[x] >= 0 and flag[after[x]]
        if not needed:
            for k in range(g.succ_ptr[x], g.succ_ptr[x + 1]):
                if flag[g.succ[k]]:
                    needed = True
                    break
        if needed:
            if x == u:
                fine = False
                break
            flag[x] = True
            buffer[count] = x
            count += 1
    if fine:
        w = b
        for i in range(b - 1, a - 1, -1):
            x = order[i]
            if not flag[x]:
                order[w] = x
                place[x] = w
                w -= 1
        for i in range(count):
            order[w] = buffer[i]
            place[buffer[i]] = w
            w -= 1
    for i in range(count):
        flag[buffer[i]] = False
    return fine
