"""Compiled parts of the search on a ``Flow``: plans of a sequence of jobs, and iterated greedy search for one.

A sequence becomes a plan stage by stage: at the first the jobs start in its order, at each further one in the order of
arrival. At stages of one machine that is the same order again, a permutation schedule. Iterated greedy search takes
some jobs out and puts each back where it does best (Ruiz and Stützle 2007). Where all stages have one machine and the
makespan counts alone, the best place is found without making a plan for each (Taillard 1990).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.solve.searches.calendar_kernels import FAR, HOT, JIT
from engine.solve.searches.flow import FAST, STEPWISE

_MOST_PLACES = 24


@njit(**HOT)
def setup_before(g, s, a, b):
    """Return the setup at stage ``s`` before job ``b`` when job ``a`` (-1 = none) is the one before it."""
    k = g.setup_of[s]
    if k < 0:
        return 0
    family = g.first_family[s] if a < 0 else g.family[a, s]
    return 0 if family < 0 else g.setup[k, family, g.family[b, s]]


@njit(**HOT)
def value_of(g, j, end):
    """Return what an end of job ``j`` costs apart from the makespan."""
    return g.rate[j] * (end - g.due[j]) if end > g.due[j] else 0.0


@njit(**HOT)
def sort_arrivals(seq, arrive, count):
    """Sort jobs by arrival, those that arrive together in the order that they are in: they mostly are in order."""
    for i in range(1, count):
        j, t = seq[i], arrive[i]
        k = i - 1
        while k >= 0 and arrive[k] > t:
            seq[k + 1], arrive[k + 1] = seq[k], arrive[k]
            k -= 1
        seq[k + 1], arrive[k + 1] = j, t


@njit(**JIT)
def plan(g, order, count, start, end):
    """Fill the starts and ends of the first ``count`` jobs of a sequence; return its worth."""
    arrive = np.empty(count, np.int64)
    seq = order[:count].copy()
    free = np.empty(g.most_machines, np.int64)
    for i in range(count):
        arrive[i] = g.ready[seq[i]]
    for s in range(g.stages):
        if s > 0 and g.sorts[s]:
            sort_arrivals(seq, arrive, count)
        free[:] = 0
        before = -1
        for i in range(count):
            j = seq[i]
            m = 0
            for k in range(1, g.machines[s]):
                if free[k] < free[m]:
                    m = k
            t = max(arrive[i], max(free[m], g.ready[j]) + setup_before(g, s, before, j))
            start[j, s] = t
            free[m] = end[j, s] = t + g.work[j, s]
            arrive[i] = end[j, s] + g.lag[j, s]
            before = j
    total, last = 0.0, 0
    for i in range(count):
        j = order[i]
        last = max(last, end[j, g.stages - 1])
        total += value_of(g, j, end[j, g.stages - 1])
    return total + g.end_rate * last


# one machine a stage: the plan of a sequence is a permutation schedule


@njit(**HOT)
def follow(g, free, before, j):
    """Put job ``j`` behind job ``before``, with the machines free as told; return its end. ``free`` goes along."""
    t = g.ready[j]
    for s in range(g.stages):
        t = max(t, max(free[s], g.ready[j]) + setup_before(g, s, before, j)) + g.work[j, s]
        free[s] = t
        t += g.lag[j, s]
    return free[g.stages - 1]


@njit(**JIT)
def best_place(g, order, count, j, free):
    """Return (place, worth) of where job ``j`` does best among the first ``count`` jobs of a permutation.

    Places are tried from the front, with the machines as the jobs before leave them.
    """
    best, place, ties = np.inf, 0, 0
    work = np.empty(g.stages, np.int64)
    free[:] = 0
    early = 0.0
    for i in range(count + 1):
        before = order[i - 1] if i > 0 else -1
        work[:] = free
        last = follow(g, work, before, j)
        total = early + value_of(g, j, last)
        b = j
        for x in range(i, count):
            if total > best:
                break
            o = order[x]
            last = follow(g, work, b, o)
            total += value_of(g, o, last)
            b = o
        total += g.end_rate * last
        if total < best:
            best, place, ties = total, i, 1
        elif total == best:
            ties += 1
            if np.random.randint(ties) == 0:
                place = i
        if i < count:
            last = follow(g, free, before, order[i])
            early += value_of(g, order[i], last)
    return place, best


@njit(**JIT)
def best_place_fast(g, order, count, j, heads, tails, free):
    """Return (place, makespan) of where job ``j`` does best, for the makespan alone (Taillard 1990)."""
    m = g.stages
    free[:] = 0
    for i in range(count):
        follow(g, free, order[i - 1] if i > 0 else -1, order[i])
        heads[i, :] = free
    for i in range(count - 1, -1, -1):
        o = order[i]
        tail = 0
        for s in range(m - 1, -1, -1):
            behind = 0
            if i + 1 < count:
                behind = tails[i + 1, s] + setup_before(g, s, o, order[i + 1])
            tail = max(tail + g.lag[o, s] if s < m - 1 else 0, behind) + g.work[o, s]
            tails[i, s] = tail
    best, place, ties = FAR, 0, 0
    for i in range(count + 1):
        before = order[i - 1] if i > 0 else -1
        if i > 0:
            free[:] = heads[i - 1]
        else:
            free[:] = 0
        total = follow(g, free, before, j)
        if i < count:
            for s in range(m):
                total = max(total, free[s] + setup_before(g, s, j, order[i]) + tails[i, s])
        if total < best:
            best, place, ties = total, i, 1
        elif total == best:
            ties += 1
            if np.random.randint(ties) == 0:
                place = i
    return place, best * g.end_rate


@njit(**JIT)
def best_place_planned(g, order, count, j, start, end):
    """Return (place, worth) of where job ``j`` does best, by making a plan for each place, or for some of many."""
    trial = np.empty(count + 1, np.int64)
    best, place = np.inf, 0
    for k in range(min(count + 1, _MOST_PLACES)):
        i = k if count < _MOST_PLACES else np.random.randint(count + 1)
        trial[:i], trial[i], trial[i + 1 :] = order[:i], j, order[i:count]
        total = plan(g, trial, count + 1, start, end)
        if total < best:
            best, place = total, i
    return place, best


@njit(**HOT)
def insert(order, count, j, place):
    """Put a job into a sequence of ``count`` jobs."""
    for i in range(count, place, -1):
        order[i] = order[i - 1]
    order[place] = j


@njit(**HOT)
def remove(order, count, place):
    """Take the job at a place out of a sequence of ``count`` jobs and return it."""
    j = order[place]
    for i in range(place, count - 1):
        order[i] = order[i + 1]
    return j


@njit(**JIT)
def put_best(g, order, count, j, heads, tails, free, start, end):
    """Put a job where it does best; return the worth."""
    if g.kind == FAST:
        place, worth = best_place_fast(g, order, count, j, heads, tails, free)
    elif g.kind == STEPWISE:
        place, worth = best_place(g, order, count, j, free)
    else:
        place, worth = best_place_planned(g, order, count, j, start, end)
    insert(order, count, j, place)
    return worth


@njit(**JIT)
def build(g, ranked, tried):
    """Return a sequence built by putting jobs, in the order given, where each does best (Nawaz et al. 1983).

    Only the first ``tried`` of them are; the rest go to the end.
    """
    n = ranked.size
    order = np.zeros(n, np.int64)
    heads, tails = np.zeros((n, g.stages), np.int64), np.zeros((n, g.stages), np.int64)
    free = np.zeros(g.stages, np.int64)
    start, end = np.zeros((n, g.stages), np.int64), np.zeros((n, g.stages), np.int64)
    for i in range(n):
        if i < tried:
            put_best(g, order, i, ranked[i], heads, tails, free, start, end)
        else:
            order[i] = ranked[i]
    return order


@njit(**JIT)
def search(g, order, best_order, worth, best, rounds, taken, heat, seed):
    """Make some rounds of iterated greedy search; return (worth, best worth). The sequences change in place."""
    np.random.seed(seed)
    n = order.size
    heads, tails = np.zeros((n, g.stages), np.int64), np.zeros((n, g.stages), np.int64)
    free = np.zeros(g.stages, np.int64)
    start, end = np.zeros((n, g.stages), np.int64), np.zeros((n, g.stages), np.int64)
    out = np.empty(taken, np.int64)
    kept = np.empty(n, np.int64)
    for _ in range(rounds):
        kept[:] = order
        count = n
        for k in range(taken):
            out[k] = remove(order, count, np.random.randint(count))
            count -= 1
        if np.random.random() < 0.5:  # better the jobs that are left, too
            for _ in range(2):
                j = remove(order, count, np.random.randint(count))
                put_best(g, order, count - 1, j, heads, tails, free, start, end)
        after = worth
        for k in range(taken):
            after = put_best(g, order, count, out[k], heads, tails, free, start, end)
            count += 1
        if after <= worth or np.random.random() < np.exp(-(after - worth) / max(1e-9, heat)):
            worth = after
            if worth < best - 1e-9:
                best = worth
                best_order[:] = order
        else:
            order[:] = kept
    return worth, best
