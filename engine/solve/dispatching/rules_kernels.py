"""Compiled dispatching: a plan of a shop by one priority rule, resource by resource in the order of time.

The next operation is always chosen on the resource where something could end first (Giffler and Thompson 1960), among
those that could start before that, or within a share of that time: 0 gives non-delay schedules, 1 active ones (Storer,
Wu and Vaccari 1992). Sequences are filled from front to end; setups and calendars are kept.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from engine.solve.searches.calendar_kernels import FAR, HOT, JIT, span

STALE, UNSORTED, FRESH = 0, 1, 2


class Queues(NamedTuple):
    """What waits for each resource: modes, from ``ptr[r]`` on, ``size[r]`` of them; ``place`` is where each one is.

    ``start``, ``end`` and ``setup`` are the times of each waiting mode as of now, and ``soonest`` is the least end in
    each queue, up to date as far as ``state[r]`` tells: STALE = neither, UNSORTED = the times, FRESH = both. ``free``
    and ``stands`` tell when each resource is free, and the family that it is set up for.
    """

    owner: np.ndarray
    ptr: np.ndarray
    size: np.ndarray
    waiting: np.ndarray
    place: np.ndarray
    start: np.ndarray
    end: np.ndarray
    setup: np.ndarray
    soonest: np.ndarray
    state: np.ndarray
    free: np.ndarray
    stands: np.ndarray
    ready: np.ndarray
    waits: np.ndarray


@njit(**JIT)
def new_queues(g):
    """Return the state before anything is placed: all that waits for nothing is in its queues."""
    modes = g.mode_resource.size
    q = Queues(
        np.zeros(modes, np.int64),
        np.zeros(g.n_resources + 1, np.int64),
        np.zeros(g.n_resources, np.int64),
        np.zeros(modes, np.int64),
        np.zeros(modes, np.int64),
        np.zeros(modes, np.int64),
        np.zeros(modes, np.int64),
        np.zeros(modes, np.int64),
        np.full(g.n_resources, FAR, np.int64),
        np.full(g.n_resources, STALE, np.int64),
        g.free.copy(),
        g.stands_in.copy(),
        g.ready.copy(),
        np.zeros(g.n, np.int64),
    )
    for k in range(modes):
        q.ptr[g.mode_resource[k] + 1] += 1
    for r in range(g.n_resources):
        q.ptr[r + 1] += q.ptr[r]
    for o in range(g.n):
        q.waits[o] = g.pred_ptr[o + 1] - g.pred_ptr[o]
        for k in range(g.mode_ptr[o], g.mode_ptr[o + 1]):
            q.owner[k] = o
        if q.waits[o] == 0:
            arrive(g, q, o)
    return q


@njit(**HOT)
def arrive(g, q, o):
    """Put an operation into the queues of all resources that it can run on."""
    for k in range(g.mode_ptr[o], g.mode_ptr[o + 1]):
        r = g.mode_resource[k]
        q.place[k] = q.ptr[r] + q.size[r]
        q.waiting[q.place[k]] = k
        q.size[r] += 1
        if q.state[r] != STALE:
            time_mode(g, q, r, k)
            q.soonest[r] = min(q.soonest[r], q.end[k])


@njit(**HOT)
def leave(g, q, o):
    """Take an operation out of all its queues."""
    for k in range(g.mode_ptr[o], g.mode_ptr[o + 1]):
        r = g.mode_resource[k]
        q.size[r] -= 1
        last = q.waiting[q.ptr[r] + q.size[r]]
        q.waiting[q.place[k]] = last
        q.place[last] = q.place[k]
        if q.state[r] == FRESH and q.end[k] <= q.soonest[r]:
            q.state[r] = UNSORTED


@njit(**HOT)
def time_mode(g, q, r, k):
    """Fill when a waiting mode could start and end, behind all that has run on its resource."""
    o = q.owner[k]
    t, ticks = q.free[r], 0
    if g.setup_of[r] >= 0 and q.stands[r] >= 0 and g.family[o] >= 0:
        ticks = g.setup[g.setup_of[r], q.stands[r], g.family[o]]
        if ticks > 0:
            t = span(g, r, max(t, g.release[o]), ticks, True)[1]
    q.setup[k] = ticks
    q.start[k], q.end[k] = span(g, r, max(t, q.ready[o]), g.mode_work[k], g.interruptible[o])


@njit(**HOT)
def refresh(g, q, r):
    """Bring the times of all that waits for a resource, and the least end, up to date."""
    q.soonest[r] = FAR
    for i in range(q.ptr[r], q.ptr[r] + q.size[r]):
        k = q.waiting[i]
        if q.state[r] == STALE:
            time_mode(g, q, r, k)
        q.soonest[r] = min(q.soonest[r], q.end[k])
    q.state[r] = FRESH


@njit(**HOT)
def choose(g, q, r, key, due, weight, rule):
    """Return the mode to run next on a resource.

    ``rule`` is (is it ATCS, look-ahead, scale of slack, scale or weight of setups, weight of ending later than in
    another mode). ATCS after Lee, Bhaskaran and Pinedo (1997), as a logarithm.
    """
    low = FAR
    for i in range(q.ptr[r], q.ptr[r] + q.size[r]):
        low = min(low, q.start[q.waiting[i]])
    limit = low + np.int64(rule[1] * (q.soonest[r] - low))
    best, best_key = -1, np.inf
    for i in range(q.ptr[r], q.ptr[r] + q.size[r]):
        k = q.waiting[i]
        if q.start[k] > limit or (q.start[k] >= q.soonest[r] and q.start[k] > low):
            continue
        o = q.owner[k]
        sooner = q.end[k]
        for other in range(g.mode_ptr[o], g.mode_ptr[o + 1]):
            sooner = min(sooner, q.end[other])
        if rule[0] > 0.0:
            work = max(1, g.mode_work[k])
            slack = max(0.0, due[o] - work - low)
            lost = q.setup[k] + rule[4] * (q.end[k] - sooner) + max(0, q.start[k] - q.setup[k] - low)
            value = slack / rule[2] + lost / rule[3] - np.log(weight[o] / work)
        else:
            value = key[o] + rule[3] * q.setup[k] + rule[4] * (q.end[k] - sooner)
        if value < best_key:
            best, best_key = k, value
    return best


@njit(**JIT)
def generate(g, key, due, weight, rule, start, end, mode, order):
    """Fill a plan by a rule (see ``choose``; the least ``key`` first); return whether everything found a place."""
    q = new_queues(g)
    for at in range(g.n):
        r, soonest = -1, FAR
        for x in range(g.n_resources):
            if q.size[x] == 0:
                continue
            if q.state[x] != FRESH:
                refresh(g, q, x)
            if q.soonest[x] < soonest:
                r, soonest = x, q.soonest[x]
        if r < 0:
            return False
        k = choose(g, q, r, key, due, weight, rule)
        o = q.owner[k]
        start[o], end[o], mode[o], order[at] = q.start[k], q.end[k], k, o
        leave(g, q, o)
        if g.is_unary[r]:
            q.free[r], q.state[r] = end[o], STALE
            if g.family[o] >= 0:
                q.stands[r] = g.family[o]
        for i in range(g.succ_ptr[o], g.succ_ptr[o + 1]):
            x = g.succ[i]
            q.ready[x] = max(q.ready[x], end[o] + g.succ_lag[i])
            q.waits[x] -= 1
            if q.waits[x] == 0:
                arrive(g, q, x)
    return True
