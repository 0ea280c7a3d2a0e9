"""Compiled moves of annealing on a ``Graph``, and the annealing itself.

A move takes a node to another place of its row, or to another mode, and gives its secondary seats places that suit the
time; or it takes one secondary seat to another place. Most are aimed: they start from something late, or from what ends
last, and walk back along what it waited for.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.solve.searches.calendar_kernels import HOT, JIT
from engine.solve.searches.graph_kernels import (
    APART,
    State,
    begin_move,
    bounds_of,
    last_end,
    load,
    mark,
    own_cost,
    seat_in,
    setup_ticks,
    spread,
    take_back,
)

IMPOSSIBLE, REJECTED, KEPT = 0, 1, 2
_STEPS_BACK = 60
_FAMILY_WITHIN = 12


@njit(**JIT)
def new_state(g, goals, order, mode, seat_row):
    """Return the state of a plan, times and costs filled."""
    n, seats, items = g.n, g.seat_op.size, goals.due.size
    most = 1
    for o in range(n):
        most = max(most, g.seat_ptr[o + 1] - g.seat_ptr[o])
    s = State(
        mode.copy(),
        np.full(seats, -1, np.int64),
        np.full(seats, -1, np.int64),
        np.full(seats, -1, np.int64),
        np.full(g.n_rows, -1, np.int64),
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
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
        np.zeros((n, 4), np.int64),
        np.zeros(items, np.int64),
        np.zeros(items, np.float64),
        np.zeros(4 * n + 64, np.int64),
        np.zeros((64, 2), np.int64),
        np.zeros(most, np.int64),
        np.zeros(most, np.int64),
        np.zeros(most, np.int64),
        np.zeros(4, np.int64),
    )
    load(g, goals, s, order, mode, seat_row)
    return s


# where to look


@njit(**HOT)
def late_node(goals, s):
    """Return the last node of a late item, the dearer the likelier, or -1."""
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


@njit(**HOT)
def last_node(g, s):
    """Return a node that ends last."""
    best = 0
    for o in range(g.n):
        if s.end[o] > s.end[best]:
            best = o
    return best


@njit(**HOT)
def held_up(g, s, o):
    """Return (the node that ``o`` waited for or -1, the seat of ``o`` by which it did or -1)."""
    low = bounds_of(g, s, o)[0]
    by_row = low
    ticks = setup_ticks(g, s, o)
    if ticks > 0:
        by_row = low + ticks
    best, back, seat = max(g.ready[o], g.release[o]), -1, -1
    for k in range(g.seat_ptr[o], g.seat_ptr[o + 1]):
        if s.row[k] >= 0 and s.before[k] >= 0:
            p = g.seat_op[s.before[k]]
            point = s.end[p] if g.seat_kind[k] == APART else s.end[p] + by_row - low
            if point > best:
                best, back, seat = point, p, k
    for i in range(g.into_ptr[o], g.into_ptr[o + 1]):
        p = g.into[i]
        point = (s.end[p] if g.into_kind[i] & 1 else s.start[p]) + g.into_lag[i]
        if g.into_kind[i] & 2:
            point -= g.mode_work[s.mode[o]]
        if point > best:
            best, back, seat = point, p, -1
    return back, seat


@njit(**HOT)
def aimed(g, s, o):
    """Return (a node on the way back from ``o`` that a move could bring forward, the seat that holds it), -1 = none."""
    chosen, by, seen = -1, -1, 0
    for _ in range(_STEPS_BACK):
        back, seat = held_up(g, s, o)
        if not g.fixed[o] and (seat >= 0 or g.mode_ptr[o + 1] - g.mode_ptr[o] > 1):
            seen += 1
            if np.random.randint(seen) == 0:
                chosen, by = o, seat
        if back < 0:
            break
        o = back
    return chosen, by


# where to go


@njit(**HOT)
def has_row(g, s, o, row, but):
    """Whether another seat of node ``o`` than ``but`` is in a row."""
    found = False
    for k in range(g.seat_ptr[o], g.seat_ptr[o + 1]):
        found = found or (k != but and s.row[k] == row)
    return found


@njit(**HOT)
def seat_before(g, s, row, t, o):
    """Return the last seat of a row, not of ``o``, whose node ends by ``t``, or -1; and by when it has to be left."""
    p, x = -1, s.first_seat[row]
    while x >= 0 and (g.seat_op[x] == o or s.end[g.seat_op[x]] <= t):
        if g.seat_op[x] != o:
            p = x
        x = s.behind[x]
    return p, (s.first[g.seat_op[x]] if x >= 0 else 1 << 50)


@njit(**HOT)
def best_row(g, s, k, low, high, choices, t, work):
    """Return (row, seat behind which to go) for seat ``k`` from time ``t`` on among ``choices[low:high]``; (-1, -1)."""
    o = g.seat_op[k]
    row, p, best = -1, -1, -(1 << 60)
    wild = np.random.random() < 0.15
    for i in range(low, high):
        r = choices[i] if choices.size else i
        if has_row(g, s, o, r, k):
            continue
        x, until = seat_before(g, s, r, t, o)
        end = g.row_free[r] if x < 0 else s.end[g.seat_op[x]]
        rating = min(until - t - work, 0) + (min(end, t) - t) * 1e-3
        if wild:
            rating = np.random.random()
        if row < 0 or rating > best:
            row, p, best = r, x, rating
    return row, p


@njit(**HOT)
def primary_place(g, s, o, q, t):
    """Return (row, seat behind which to go) for node ``o`` in mode ``q`` about time ``t``, or beside its family."""
    r = g.mode_resource[q]
    low, high = g.resource_row[r], g.resource_row[r + 1]
    if low == high:
        return -1, -1
    k = g.seat_ptr[o]
    none = g.choice_row[:0]
    row, p = best_row(g, s, k, low, high, none, t, g.mode_work[q])
    if row < 0:
        return -1, -1
    draw = np.random.random()
    if g.row_setup[row] >= 0 and draw < 0.5:
        x, steps = (s.first_seat[row] if p < 0 else p), _FAMILY_WITHIN
        while x >= 0 and steps > 0 and (g.seat_op[x] == o or g.family[g.seat_op[x]] != g.family[o]):
            x = s.behind[x]
            steps -= 1
        if x >= 0 and steps > 0:
            return row, x if np.random.random() < 0.7 else other_before(g, s, x, o)
    for _ in range(np.random.randint(3)):
        x = s.first_seat[row] if p < 0 else s.behind[p]
        if x >= 0 and g.seat_op[x] == o:
            x = s.behind[x]
        if x >= 0:
            p = x
    if p >= 0 and np.random.random() < 0.3:
        p = other_before(g, s, p, o)
    return row, p


@njit(**HOT)
def other_before(g, s, x, o):
    """Return the seat before ``x`` that is not one of node ``o``."""
    p = s.before[x]
    if p >= 0 and g.seat_op[p] == o:
        p = s.before[p]
    return p


@njit(**HOT)
def shifted(g, s, k):
    """Return (seat, seat behind which to go) of a shift of ``k`` forward, or of what is before it back behind ``k``."""
    steps = 1
    while np.random.random() < 0.4:
        steps += 1
    p = s.before[k]
    if np.random.random() < 0.7 or g.fixed[g.seat_op[p]]:
        x = p
        while steps > 0 and x >= 0:
            x = s.before[x]
            steps -= 1
        return k, x
    x = k
    while steps > 1 and s.behind[x] >= 0:
        x = s.behind[x]
        steps -= 1
    return p, x


# moves


@njit(**HOT)
def seats_by_time(g, s, o, t):
    """Give the secondary seats of ``o`` places for about time ``t``; False where one has none or a cycle closes."""
    work = g.mode_work[s.mode[o]]
    for k in range(g.seat_ptr[o] + 1, g.seat_ptr[o + 1]):
        row, p = best_row(g, s, k, g.choice_ptr[k], g.choice_ptr[k + 1], g.choice_row, t, work)
        if row < 0 or not seat_in(g, s, k, row, p):
            return False
    return True


@njit(**HOT)
def setups_at(g, s, o, one, two):
    """Return the setup ticks before ``o`` and before the nodes of two seats (-1 = none), none twice."""
    total = setup_ticks(g, s, o)
    if one >= 0 and g.seat_op[one] != o:
        total += setup_ticks(g, s, g.seat_op[one])
    if two >= 0 and two != one and g.seat_op[two] != o:
        total += setup_ticks(g, s, g.seat_op[two])
    return total


@njit(**HOT)
def finish_move(g, goals, s, o, old_mode, old_cost, setups, one, two, value, limit):
    """Time a move of ``o`` that is made, and keep it if the new value is at most ``limit``; return (fate, value).

    ``setups`` are the setup ticks that there were before ``o`` and the nodes of seats ``one`` and ``two``.
    """
    left, at = mark(s, o, 0, g.n)
    for j in range(g.seat_ptr[o + 1] - g.seat_ptr[o]):
        k = g.seat_ptr[o] + j
        if s.old_behind[j] >= 0:
            left, at = mark(s, g.seat_op[s.old_behind[j]], left, at)
        if s.row[k] >= 0 and s.behind[k] >= 0:
            left, at = mark(s, g.seat_op[s.behind[k]], left, at)
    known_end = last_end(g, s) if goals.end_rate > 0 else 0
    change = spread(g, goals, s, left, at) + own_cost(g, goals, s, o) - old_cost
    if goals.setup_rate > 0:
        change += goals.setup_rate * (setups_at(g, s, o, one, two) - setups)
    if goals.end_rate > 0:
        change += goals.end_rate * (last_end(g, s) - known_end)
    if value + change <= limit:
        return KEPT, value + change
    take_back(g, s, o, old_mode)
    return REJECTED, value


@njit(**HOT)
def move_node(g, goals, s, o, q, row, p, value, limit):
    """Move node ``o`` to mode ``q``, its primary seat behind seat ``p`` in ``row``, its other seats to suit."""
    k, old_mode = g.seat_ptr[o], s.mode[o]
    if q == old_mode and row == s.row[k] and (row < 0 or p == s.before[k] or p == k):
        return IMPOSSIBLE, value
    one, two = s.behind[k], -1
    if row >= 0:
        two = s.first_seat[row] if p < 0 else s.behind[p]
        two = one if two == k else two
    setups = setups_at(g, s, o, one, two) if goals.setup_rate > 0 else 0
    old_cost = own_cost(g, goals, s, o)
    begin_move(g, s, o, -1)
    s.mode[o] = q
    fine = row < 0 or seat_in(g, s, k, row, p)
    if fine and g.seat_ptr[o + 1] - k > 1:
        low, t, _ = bounds_of(g, s, o)
        fine = seats_by_time(g, s, o, max(low, t))
    if not fine:
        take_back(g, s, o, old_mode)
        return IMPOSSIBLE, value
    return finish_move(g, goals, s, o, old_mode, old_cost, setups, one, two, value, limit)


@njit(**HOT)
def move_seat(g, goals, s, k, row, p, value, limit):
    """Move one secondary seat behind seat ``p`` in ``row``."""
    o = g.seat_op[k]
    if row == s.row[k] and (p == s.before[k] or p == k):
        return IMPOSSIBLE, value
    setups = setup_ticks(g, s, o) if goals.setup_rate > 0 else 0
    old_cost = own_cost(g, goals, s, o)
    begin_move(g, s, o, k)
    if not seat_in(g, s, k, row, p):
        take_back(g, s, o, s.mode[o])
        return IMPOSSIBLE, value
    return finish_move(g, goals, s, o, s.mode[o], old_cost, setups, -1, -1, value, limit)


@njit(**HOT)
def step(g, goals, s, aim_late, aim_end, value, limit):
    """Draw a move and make it if that leaves a value of at most ``limit``; return (what became of it, value)."""
    o, seat = -1, -1
    if aim_late and np.random.random() < 0.85:
        o = late_node(goals, s)
    elif aim_end and np.random.random() < 0.6:
        o = last_node(g, s)
    if o >= 0:
        o, seat = aimed(g, s, o)
    if o < 0:
        o = np.random.randint(g.n)
        seat = g.seat_ptr[o] + np.random.randint(g.seat_ptr[o + 1] - g.seat_ptr[o])
        if s.row[seat] < 0 or s.before[seat] < 0:
            seat = -1
    if g.fixed[o]:
        return IMPOSSIBLE, value
    k, q = g.seat_ptr[o], s.mode[o]
    if seat > k:
        return step_beside(g, goals, s, o, seat, value, limit)
    modes = g.mode_ptr[o + 1] - g.mode_ptr[o]
    if modes > 1 and (seat < 0 or np.random.random() < 0.4):
        q = g.mode_ptr[o] + np.random.randint(modes - 1)
        q += q >= s.mode[o]
    t = bounds_of(g, s, o)[1]
    many = g.resource_row[g.mode_resource[q] + 1] - g.resource_row[g.mode_resource[q]] > 1
    if q != s.mode[o] or seat < 0 or (many and np.random.random() < 0.3):
        row, p = primary_place(g, s, o, q, t)
        return move_node(g, goals, s, o, q, row, p, value, limit)
    if g.row_setup[s.row[k]] >= 0 and np.random.random() < 0.2:
        row, p = primary_place(g, s, o, q, t)
        return move_node(g, goals, s, o, q, row, p, value, limit)
    x, p = shifted(g, s, k)
    o = g.seat_op[x]
    if g.fixed[o] or x != g.seat_ptr[o]:
        return IMPOSSIBLE, value
    return move_node(g, goals, s, o, s.mode[o], s.row[x], p, value, limit)


@njit(**HOT)
def step_beside(g, goals, s, o, seat, value, limit):
    """Move a secondary seat that holds its node up: forward in its row, or to another row."""
    if np.random.random() < 0.5 and g.choice_ptr[seat + 1] - g.choice_ptr[seat] > 1:
        low, high, work = g.choice_ptr[seat], g.choice_ptr[seat + 1], g.mode_work[s.mode[o]]
        earlier = s.first[o] - np.random.randint(max(1, s.end[o] - s.first[o]))
        row, p = best_row(g, s, seat, low, high, g.choice_row, earlier, work)
        if row >= 0:
            return move_seat(g, goals, s, seat, row, p, value, limit)
    x, p = shifted(g, s, seat)
    return move_seat(g, goals, s, x, s.row[x], p, value, limit)


@njit(**JIT)
def anneal(g, goals, s, value, moves, heat, seed, aim_late, aim_end, best, best_order, best_mode, best_row_):
    """Make ``moves`` moves at one temperature from state ``s`` of ``value``.

    Return (value, best value, worse moves, worse ones accepted). ``best_*`` take better plans.
    """
    np.random.seed(seed)
    worse = accepted = 0
    for _ in range(moves):
        limit = value - heat * np.log(max(np.random.random(), 1e-300))
        fate, after = step(g, goals, s, aim_late, aim_end, value, limit)
        if fate == REJECTED:
            worse += 1
        elif after > value + 1e-9:
            worse += 1
            accepted += 1
        value = after
        if value < best - 1e-9:
            best = value
            best_order[:], best_mode[:], best_row_[:] = s.order, s.mode, s.row
    return value, best, worse, accepted
