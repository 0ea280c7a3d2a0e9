"""Simulated annealing over operation lists and modes, decoded by the compiled kernels.

A candidate is a list of operations, a mode for each (or "the one that ends first") and a delay for each, decoded by
``kernels.decode``. Moves are aimed: they start from an operation of a late order (or of the last one to end), walk back
along what it waited for, and bring an operation of that chain forward, to another mode, or next to its family.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from engine.solve.dispatching.dispatch import present_starts
from engine.solve.problem.problem import Solution
from engine.solve.searches import kernels
from engine.solve.searches.flat import (
    DEMAND_PTR,
    FAMILY,
    FIXED,
    MODE_PTR,
    MODE_RESOURCE,
    N_OPS,
    N_ORDERS,
    N_RESOURCES,
    OP_DUE,
    ORDER,
    ORDER_DUE,
    flatten,
)
from engine.solve.searches.kernels import (
    BIG,
    CHOICE,
    END,
    FIRST,
    MODE,
    NEVER,
    START,
    WAITED,
    decode,
    decode_close,
    measure,
    new_state,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.solve.problem.problem import Problem

_JIT = {"cache": True, "nogil": True}
_CYCLES = 8.0
_MARKS = 8
_MARKED_NUMBERS = 6_000_000  # about 100 MB
_HOT, _COLD = 0.01, 0.001
"""The share of worse candidates to accept at the beginning and at the end of a cooling cycle."""
_TERM = {
    "minimize_makespan": (kernels.MAKESPAN,),
    "minimize_tardiness": (kernels.TARDINESS,),
    "maximize_throughput": (kernels.LATE, kernels.TARDINESS),
    "minimize_setup": (kernels.SETUP, kernels.MAKESPAN),
    "minimize_cost": (kernels.COST,),
    "balance_resources": (kernels.PEAK, kernels.SPREAD),
}


@njit(**_JIT)
def _value(terms, weights):
    total = 0.0
    for k in range(weights.size):
        total += weights[k] * terms[k]
    return total


@njit(**_JIT)
def _blocker(I, F, S, o):
    """Return what ``o`` waited for: known from decoding, or the last to end before it on a resource it uses."""
    if S[S[WAITED] + o] >= 0:
        return S[S[WAITED] + o]
    r = I[I[MODE_RESOURCE] + I[I[MODE_PTR] + o] + S[S[MODE] + o]]
    best, best_end = -1, -NEVER
    for p in range(I[N_OPS]):
        if p == o or S[S[END] + p] > S[S[FIRST] + o] or S[S[END] + p] <= best_end or I[I[FIXED] + p]:
            continue
        shares = r >= 0 and I[I[MODE_RESOURCE] + I[I[MODE_PTR] + p] + S[S[MODE] + p]] == r
        if not shares:
            for d in range(I[I[DEMAND_PTR] + o], I[I[DEMAND_PTR] + o + 1]):
                for e in range(I[I[DEMAND_PTR] + p], I[I[DEMAND_PTR] + p + 1]):
                    shares = shares or S[S[CHOICE] + d] == S[S[CHOICE] + e]
        if shares:
            best, best_end = p, S[S[END] + p]
    return best


@njit(**_JIT)
def _focus(I, F, S, movable, aim_late):
    """Return an operation worth moving: on the way back from a late order, or from the last end."""
    chosen, seen, last = -1, 0, -1
    for o in range(I[N_OPS]):
        j = I[I[ORDER] + o]
        late = S[S[END] + o] > I[I[OP_DUE] + o] or (j >= 0 and S[S[END] + o] > I[I[ORDER_DUE] + j])
        if aim_late and late:
            seen += 1
            if np.random.randint(seen) == 0:
                chosen = o
        if last < 0 or S[S[END] + o] > S[S[END] + last]:
            last = o
    if chosen < 0 or np.random.random() < 0.2:
        chosen = last
    steps = np.random.randint(12)
    for _ in range(steps):
        back = _blocker(I, F, S, chosen)
        if back < 0 or I[I[FIXED] + back]:
            break
        chosen = back
    if I[I[FIXED] + chosen]:
        return movable[np.random.randint(movable.size)]
    return chosen


@njit(**_JIT)
def _shift(order, i, j):
    """Move the entry at ``i`` to ``j``."""
    x = order[i]
    step = 1 if j > i else -1
    k = i
    while k != j:
        order[k] = order[k + step]
        k += step
    order[j] = x


@njit(**_JIT)
def _where(order, o):
    for i in range(order.size):
        if order[i] == o:
            return i
    return -1


@njit(**_JIT)
def _mutate(I, F, S, order, mode, delay, movable, aim_late, lagged, close):
    """Change the candidate in place by one random, mostly aimed, move; ``close`` lets go of or holds what is moved."""
    n = order.size
    guided = np.random.random() < 0.75
    x = _focus(I, F, S, movable, aim_late) if guided else movable[np.random.randint(movable.size)]
    i = _where(order, x)
    kind = np.random.random()
    n_modes = I[I[MODE_PTR] + x + 1] - I[I[MODE_PTR] + x]
    if close:
        draw = np.random.random()
        if draw < 0.75:
            delay[x] = 0 if draw < 0.5 else kernels.HELD
        if draw < 0.1:
            return
    if lagged and kind < 0.3:
        for k in range(n):
            if np.random.random() < 0.5:
                delay[order[k]] = 0
        if kind < 0.05:
            return
        kind = np.random.random()
    if n_modes > 1 and kind < 0.3:
        k = np.random.randint(n_modes + 1) - 1
        mode[x] = k
        if np.random.random() < 0.5:
            return
    if kind < 0.5:
        y = _blocker(I, F, S, x)
        if y >= 0 and not I[I[FIXED] + y]:
            _shift(order, i, _where(order, y))
            return
    if kind < 0.62 and I[I[FAMILY] + x] >= 0:
        _beside_family(I, F, S, order, mode, movable, x, i)
        return
    if kind < 0.72 and I[I[ORDER] + x] >= 0:
        reach = np.random.randint(1, max(2, n // 3))
        for k in range(n):
            o = order[k]
            if I[I[ORDER] + o] == I[I[ORDER] + x] and not I[I[FIXED] + o]:
                _shift(order, k, max(0, k - reach))
                if close:
                    delay[o] = 0
        return
    reach = max(2, n // 4) if np.random.random() < 0.3 else min(n, 12)
    j = i + np.random.randint(-reach, reach + 1)
    _shift(order, i, min(max(j, 0), n - 1))


@njit(**_JIT)
def _beside_family(I, F, S, order, mode, movable, x, i):
    """Move ``x`` behind an operation of its family, on that one's resource where it can run there."""
    for _ in range(30):
        y = movable[np.random.randint(movable.size)]
        if y == x or I[I[FAMILY] + y] != I[I[FAMILY] + x]:
            continue
        r = I[I[MODE_RESOURCE] + I[I[MODE_PTR] + y] + S[S[MODE] + y]]
        for k in range(I[I[MODE_PTR] + x + 1] - I[I[MODE_PTR] + x]):
            if I[I[MODE_RESOURCE] + I[I[MODE_PTR] + x] + k] == r:
                if I[I[MODE_PTR] + x + 1] - I[I[MODE_PTR] + x] > 1:
                    mode[x] = k
                j = _where(order, y)
                _shift(order, i, j)
                return


@njit(**_JIT)
def _by_start(S, order):
    """Sort the list by the starts it decoded to: the same plan, said plainly."""
    keys = S[S[START] + order]
    at = np.argsort(keys, kind="mergesort")
    order[:] = order[at]


@njit(**_JIT)
def _first_change(order, mode, delay, trial_order, trial_mode, trial_delay, at):
    """Return the list entry up to which a trial decodes like the candidate, whose operations are placed ``at``."""
    n = order.size
    first = n
    for i in range(n):
        if order[i] != trial_order[i]:
            first = i
            break
    for i in range(n):
        o = order[i]
        if (mode[o] != trial_mode[o] or delay[o] != trial_delay[o]) and at[o] < first:
            first = at[o]
    return first


@njit(**_JIT)
def _resume(I, F, marks, marked, slots, valid, first, T, totals, gap):
    """Set a state to the last mark of the candidate at or before list entry ``first``; return that mark's number."""
    k = min(first // gap, valid)
    if k <= 0:
        kernels.reset(I, F, T)
        totals[:] = 0.0
        return 0
    T[:], totals[:] = marks[slots[k]], marked[slots[k]]
    return k


@njit(**_JIT)
def anneal(I, F, order, mode, delay, movable, weights, aim_late, lagged, iterations, heat, seed, best, n_marks):
    """Anneal in place at one temperature; return (best value, its penalty, worse candidates, those accepted).

    ``best`` is (order, mode, delay, terms) of the best candidate, filled in. A worse candidate is accepted with
    probability exp(-excess / heat); that is drawn first, so that decoding can stop once it is clear.

    The state of the candidate's decoding is kept at ``n_marks`` entries of its list, so that a trial is decoded only
    from the last of them before its first change.
    """
    np.random.seed(seed)
    n = order.size
    gap = n // (n_marks + 1) + 1
    S, T = new_state(I), new_state(I)
    marks, marked = np.empty((2 * n_marks + 2, S.size), np.int64), np.zeros((2 * n_marks + 2, kernels.N_TOTALS))
    slots, trial_slots = np.arange(n_marks + 1), np.arange(n_marks + 1, 2 * n_marks + 2)
    valid = 0
    order_end = np.zeros(I[N_ORDERS], np.int64)
    load = np.zeros(I[N_RESOURCES])
    terms, totals = np.zeros(kernels.N_TERMS), np.zeros(kernels.N_TOTALS)
    late_weight, end_weight = weights[kernels.TARDINESS], weights[kernels.MAKESPAN]
    trial_order, trial_mode, trial_delay = order.copy(), mode.copy(), delay.copy()
    at = np.zeros(I[N_OPS], np.int64)
    trial_at = at.copy()
    close = weights[kernels.CHANGE] > 0
    penalty = (
        decode_close(I, F, S, order, mode, delay) if lagged else decode(I, F, S, order, mode, delay, 0.0, 0.0, np.inf)
    )
    measure(I, F, S, order_end, load, terms)
    current = _value(terms, weights) + 1e3 * penalty
    best_value, best_penalty = current, penalty
    best[0][:], best[1][:], best[2][:], best[3][:] = order, mode, delay, terms
    worse = accepted = worse_accepted = 0
    for _ in range(iterations):
        trial_order[:], trial_mode[:], trial_delay[:] = order, mode, delay
        moves = 1 if np.random.random() < 0.8 else 2
        for _ in range(moves):
            _mutate(I, F, S, trial_order, trial_mode, trial_delay, movable, aim_late, lagged, close)
        limit = current - heat * np.log(max(np.random.random(), 1e-300))
        kept = 0
        if lagged:
            penalty = decode_close(I, F, T, trial_order, trial_mode, trial_delay)
        else:
            first = 0
            if valid > 0:
                first = _first_change(order, mode, delay, trial_order, trial_mode, trial_delay, at)
                trial_at[:] = at
            kept = _resume(I, F, marks, marked, slots, valid, first, T, totals, gap)
            reached, goes_on = kept, True
            while goes_on and reached * gap < n:
                begin, reached = reached * gap, reached + 1
                if begin > kept * gap:
                    marks[trial_slots[reached - 1]], marked[trial_slots[reached - 1]] = T, totals
                goes_on = kernels.decode_part(
                    I, F, T, trial_order, trial_mode, trial_delay, late_weight, end_weight, limit,
                    begin, min(n, reached * gap), totals, trial_at,
                )  # fmt: skip
            penalty = int(totals[kernels.PENALTY])
            penalty += kernels.late_arcs(I, F, T) if goes_on else BIG
        if penalty >= BIG and best_penalty < BIG:
            worse += 1
            continue
        measure(I, F, T, order_end, load, terms)
        value = _value(terms, weights) + 1e3 * penalty
        worse += value > current
        if value > limit:
            continue
        worse_accepted += value > current
        S, T = T, S
        order[:], mode[:], delay[:] = trial_order, trial_mode, trial_delay
        current = value
        accepted += 1
        if not lagged:
            at, trial_at = trial_at, at
            valid = (n - 1) // gap if penalty < BIG else 0
            for k in range(kept + 1, valid + 1):
                slots[k], trial_slots[k] = trial_slots[k], slots[k]
        if value < best_value:
            best_value, best_penalty = value, penalty
            best[0][:], best[1][:], best[2][:], best[3][:] = order, mode, delay, terms
        if accepted % 64 == 0:
            _by_start(S, order)
            valid = 0
    return best_value, best_penalty, worse, worse_accepted


def term_weights(problem: Problem) -> np.ndarray:
    """Return the weight of each term in ticks, so that the ladder's lower steps only break ties.

    The mix follows ``engine.metrics``: hours, weighted late count, money, percent.
    """
    objective = problem.objective
    weights = np.zeros(kernels.N_TERMS)
    hour = 3_600_000 / problem.tick_ms
    if objective.weights is not None:
        unit = {
            "makespan": (kernels.MAKESPAN, 1 / hour),
            "tardiness": (kernels.TARDINESS, 1 / hour),
            "throughput": (kernels.LATE, 1.0),
            "cost": (kernels.COST, 1.0),
            "balance": (kernels.PEAK, 1e-4),
            "setup": (kernels.SETUP, 1 / hour),
            "change": (kernels.CHANGE, 1 / 60),
        }
        for name, weight in objective.weights.items():
            term, scale = unit[name]
            weights[term] += weight * scale * hour
        return weights
    steps = [term for name in objective.names for term in _TERM[name]]
    scale = {kernels.LATE: 1e4 * hour, kernels.COST: hour, kernels.PEAK: 1e-2 * hour, kernels.SPREAD: 1e-2 * hour}
    level = 1.0
    for term in dict.fromkeys(steps):
        weights[term] += level * scale.get(term, 1.0)
        level *= 1e-2
    if objective.incremental:
        first_is_time = not steps or steps[0] in (kernels.MAKESPAN, kernels.TARDINESS, kernels.SETUP)
        unit_of_change = hour / 60 if first_is_time else scale.get(steps[0], 1.0)
        weights[kernels.CHANGE] += objective.change_weight * unit_of_change
    return weights


class Annealer:
    """A running search on one problem, from one plan.

    Parameters
    ----------
    problem, start
        The problem and a plan of it; its operations in order of start are the first list.
    seed
        Makes the search repeatable for an equal number of candidates.
    """

    turn_s = 0.2

    def __init__(self, problem: Problem, start: Solution, seed: int) -> None:
        self._problem = problem
        self.flat = flatten(problem)
        self._seed = seed
        self._round = 0
        self._weights = term_weights(problem)
        self._movable = np.array(problem.movable, np.int64)
        self.is_close = bool(self._weights[kernels.CHANGE])
        self._present = np.array(present_starts(problem), np.int64)
        self.is_lagged = any(a.max_lag is not None for a in problem.arcs)
        self._aim_late = bool(
            self._weights[kernels.TARDINESS] or self._weights[kernels.LATE] or self._weights[kernels.COST]
        )
        self.marks = min(_MARKS, _MARKED_NUMBERS // int(new_state(self.flat[0]).size))
        self.tried = 0
        self._heat: float | None = None
        self._cycle = 0.0
        self.rebase(start)

    def rebase(self, start: Solution) -> None:
        """Go on from another plan."""
        begin = self._begins(start)
        self.order = self._movable[np.lexsort((start.end[self._movable], begin[self._movable]))]
        self.mode = start.mode.copy()
        self.delay = np.zeros(len(self._problem.ops), np.int64)
        if self.is_close:
            self.delay[start.start >= self._present] = kernels.HELD
        self._best_value = np.inf
        self._best: tuple[np.ndarray, ...] | None = None

    def _begins(self, start: Solution) -> np.ndarray:
        """Return when each operation begins with its setup, but not before what it waits for begins.

        A setup may begin before the work that its operation waits for, which a list cannot say.
        """
        begin = start.setup_start.copy()
        for arc in sorted(self._problem.arcs, key=lambda arc: start.start[arc.succ]):
            begin[arc.succ] = max(begin[arc.succ], begin[arc.pred])
        return begin

    def run(self, seconds: float, is_over: Callable[[], bool], on_better: Callable[[Solution], None]) -> None:
        """Search for ``seconds``, handing over every better feasible plan; ``is_over`` is asked some times a second."""
        if not self._movable.size:
            return
        begin, chunk = time.monotonic(), 20
        while not is_over() and (left := seconds - (time.monotonic() - begin)) > 0.02:
            before = time.monotonic()
            self._turn(chunk, 1 - left / seconds, on_better)
            took = max(1e-4, time.monotonic() - before)
            chunk = int(np.clip(chunk * min(self.turn_s, left) / took, 5, 4 * chunk))

    def run_counted(self, count: int, is_over: Callable[[], bool], on_better: Callable[[Solution], None]) -> None:
        """Search for a number of candidates: repeatable."""
        while self._movable.size and self.tried < count and not is_over():
            self._turn(min(500, count - self.tried), self.tried / count, on_better)

    def _turn(self, iterations: int, share: float, on_better: Callable[[Solution], None]) -> None:
        known = self._best_value
        value, penalty, best = self._chunk(iterations, share)
        if penalty == 0 and value < known - 1e-9:
            on_better(self._solution(best))

    def _chunk(self, iterations: int, share: float) -> tuple[float, int, tuple[np.ndarray, ...]]:
        """Anneal some candidates, then set the temperature so that the share of worse ones accepted comes right."""
        self._round += 1
        cycle = share * _CYCLES % 1.0
        if self._heat is None:
            self._heat = 1e-3 * float(self._weights.max()) * self._problem.horizon
        best = self.order.copy(), self.mode.copy(), self.delay.copy(), np.zeros(kernels.N_TERMS)
        lists = self.order, self.mode, self.delay, self._movable
        goals = self._weights, self._aim_late, self.is_lagged
        seed = (self._seed * 7919 + self._round) % 2**31
        value, penalty, worse, accepted = anneal(
            *self.flat, *lists, *goals, iterations, self._heat, seed, best, self.marks
        )
        self.tried += iterations
        wanted = _COLD if self.is_close else _HOT * (_COLD / _HOT) ** cycle
        found = (accepted + 0.5 * wanted) / (worse + 0.5)
        self._heat *= float(np.clip((wanted / found) ** 0.5, 0.6, 1.6))
        if value < self._best_value:
            self._best_value, self._best = value, best
        if cycle < self._cycle and self._best is not None:
            self.order, self.mode, self.delay = (x.copy() for x in self._best[:3])
        self._cycle = cycle
        return value, penalty, best

    def _solution(self, best: tuple[np.ndarray, ...]) -> Solution:
        ints, floats = self.flat
        state = new_state(ints)
        decode(ints, floats, state, best[0], best[1], best[2], 0.0, 0.0, np.inf)
        n, d = ints[N_OPS], self._problem.demand_offset[-1]
        part = [state[state[k] : state[k] + n].copy() for k in (MODE, START, END, FIRST)]
        return Solution(*part, choice=state[state[CHOICE] : state[CHOICE] + d].copy())
