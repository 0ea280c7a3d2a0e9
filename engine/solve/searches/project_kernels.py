"""Compiled parts of the search on a ``Project``: schedule generation both ways, and a genetic algorithm on it.

Plans are lists of activities, each behind its predecessors (Hartmann 1998). A list becomes a plan by serial schedule
generation; double justification (Valls, Ballestín and Quintanilla 2005) then shifts everything as far right as the
makespan allows and back to the left, which never makes it longer and mostly makes it shorter.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.solve.searches.calendar_kernels import HOT, JIT

_SWAP = 0.05


@njit(**HOT)
def fits(g, used, o, t):
    """Return -1 when activity ``o`` fits in at ``t``, else a tick in its span at which it does not, the last one."""
    for k in range(t + g.work[o] - 1, t - 1, -1):
        for i in range(g.need_ptr[o], g.need_ptr[o + 1]):
            if used[k, g.need[i]] + g.need_units[i] > g.capacity[g.need[i]]:
                return k
    return -1


@njit(**HOT)
def take(g, used, o, t):
    """Occupy the resources of an activity from ``t`` on."""
    for k in range(t, t + g.work[o]):
        for i in range(g.need_ptr[o], g.need_ptr[o + 1]):
            used[k, g.need[i]] += g.need_units[i]


@njit(**HOT)
def schedule_left(g, used, order, start):
    """Start every activity as early as it can, in the order of the list; return the makespan."""
    used[:] = 0
    last = 0
    for o in order:
        t = g.ready[o]
        for i in range(g.pred_ptr[o], g.pred_ptr[o + 1]):
            t = max(t, start[g.pred[i]] + g.work[g.pred[i]] + g.pred_lag[i])
        if g.work[o] > 0:
            while True:
                clash = fits(g, used, o, t)
                if clash < 0:
                    break
                t = clash + 1
            take(g, used, o, t)
        start[o] = t
        last = max(last, t + g.work[o])
    return last


@njit(**HOT)
def schedule_right(g, used, order, start, last):
    """Start every activity as late as it can by ``last``, from the end of the list; False where that fails."""
    used[:] = 0
    for j in range(order.size - 1, -1, -1):
        o = order[j]
        t = last - g.work[o]
        for i in range(g.succ_ptr[o], g.succ_ptr[o + 1]):
            t = min(t, start[g.succ[i]] - g.succ_lag[i] - g.work[o])
        while t >= 0 and g.work[o] > 0:
            clash = -1
            for k in range(t, t + g.work[o]):
                for i in range(g.need_ptr[o], g.need_ptr[o + 1]):
                    if used[k, g.need[i]] + g.need_units[i] > g.capacity[g.need[i]]:
                        clash = k
                        break
                if clash >= 0:
                    break
            if clash < 0:
                break
            t = clash - g.work[o]
        if t < 0:
            return False
        if g.work[o] > 0:
            take(g, used, o, t)
        start[o] = t
    return True


@njit(**JIT)
def sort_by(g, order, start, at_end):
    """Sort a list by starts, or by ends; ties by rank, so that it stays behind predecessors."""
    n = order.size
    key = np.empty(n, np.int64)
    for o in range(n):
        key[o] = (start[o] + (g.work[o] if at_end else 0)) * n + g.rank[o]
    order[:] = np.argsort(key)


@njit(**JIT)
def justified(g, used, order, start):
    """Make a plan of a list and justify it both ways; the list then follows the plan. Return the makespan."""
    last = schedule_left(g, used, order, start)
    sort_by(g, order, start, True)
    if schedule_right(g, used, order, start, last):
        sort_by(g, order, start, False)
        last = min(last, schedule_left(g, used, order, start))
    else:
        last = schedule_left(g, used, order, start)
    sort_by(g, order, start, False)
    return last


@njit(**JIT)
def sample(g, order, bias):
    """Draw a list: of what has no open predecessors, what must be finished early is the likelier."""
    n = order.size
    waits = np.empty(n, np.int64)
    ready = np.empty(n, np.int64)
    count = 0
    for o in range(n):
        waits[o] = g.pred_ptr[o + 1] - g.pred_ptr[o]
        if waits[o] == 0:
            ready[count] = o
            count += 1
    for j in range(n):
        latest = -1
        for i in range(count):
            latest = max(latest, g.latest[ready[i]])
        total = 0.0
        for i in range(count):
            total += (latest - g.latest[ready[i]] + 1.0) ** bias
        draw = np.random.random() * total
        k = count - 1
        for i in range(count):
            draw -= (latest - g.latest[ready[i]] + 1.0) ** bias
            if draw <= 0:
                k = i
                break
        o = ready[k]
        count -= 1
        ready[k] = ready[count]
        order[j] = o
        for i in range(g.succ_ptr[o], g.succ_ptr[o + 1]):
            waits[g.succ[i]] -= 1
            if waits[g.succ[i]] == 0:
                ready[count] = g.succ[i]
                count += 1


@njit(**HOT)
def cross(mother, father, child, taken):
    """Fill a list by two-point crossover: the middle in the order of ``father``, the rest in that of ``mother``."""
    n = child.size
    a, b = np.random.randint(n), np.random.randint(n)
    if a > b:
        a, b = b, a
    taken[:] = False
    for j in range(a):
        child[j] = mother[j]
        taken[mother[j]] = True
    at = a
    for j in range(n):
        if at >= b:
            break
        if not taken[father[j]]:
            child[at] = father[j]
            taken[father[j]] = True
            at += 1
    for j in range(n):
        if not taken[mother[j]]:
            child[at] = mother[j]
            taken[mother[j]] = True
            at += 1


@njit(**HOT)
def is_needed(g, o, before):
    """Whether activity ``before`` is a direct predecessor of ``o``."""
    for i in range(g.pred_ptr[o], g.pred_ptr[o + 1]):  # noqa: SIM110 (compiled)
        if g.pred[i] == before:
            return True
    return False


@njit(**HOT)
def mutate(g, order):
    """Swap some neighbours that need not follow each other."""
    for j in range(order.size - 1):
        if np.random.random() < _SWAP and not is_needed(g, order[j + 1], order[j]):
            order[j], order[j + 1] = order[j + 1], order[j]


@njit(**JIT)
def fill(g, orders, values, first, seed, bias):
    """Draw and justify the plans of a population from position ``first`` on."""
    np.random.seed(seed)
    used = np.zeros((g.horizon + 1, g.capacity.size), np.int32)
    start = np.zeros(g.n, np.int64)
    for p in range(first, values.size):
        sample(g, orders[p], bias)
        values[p] = justified(g, used, orders[p], start)


@njit(**JIT)
def breed(g, orders, values, children, seed, target):
    """Breed ``children`` plans into a population; return how many were bred when the best plan last got better.

    A child takes the place of the worst of three; none is kept that is worth what one of its parents is worth and
    begins alike. Ends early at a plan of at most ``target``.
    """
    np.random.seed(seed)
    used = np.zeros((g.horizon + 1, g.capacity.size), np.int32)
    start = np.zeros(g.n, np.int64)
    child = np.empty(g.n, np.int64)
    taken = np.zeros(g.n, np.bool_)
    count = values.size
    best = values.min()
    since = 0
    for c in range(children):
        if best <= target:
            break
        m, f = better_of(values, count), better_of(values, count)
        cross(orders[m], orders[f], child, taken)
        mutate(g, child)
        value = justified(g, used, child, start)
        out = np.random.randint(count)
        for _ in range(2):
            other = np.random.randint(count)
            if values[other] > values[out]:
                out = other
        same = False
        for p in (m, f, out):
            same = same or (values[p] == value and np.array_equal(orders[p], child))
        if value <= values[out] and not same:
            orders[out] = child
            values[out] = value
            if value < best:
                best = value
                since = c + 1
    return since


@njit(**HOT)
def better_of(values, count):
    """Return the better of two random positions."""
    a, b = np.random.randint(count), np.random.randint(count)
    return a if values[a] <= values[b] else b


@njit(**JIT)
def times(g, order):
    """Return the starts of a list's plan."""
    used = np.zeros((g.horizon + 1, g.capacity.size), np.int32)
    start = np.zeros(g.n, np.int64)
    schedule_left(g, used, order, start)
    return start
