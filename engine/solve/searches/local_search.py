"""Local search in plain Python on the decoder of the decoder: needs no compiler and knows every rule.

A candidate is a list of operations (their priorities) and a mode for each, decoded into a plan. Moves are aimed: most
start from what makes the plan expensive - operations of late orders, or those that end last - and bring operations
forward, swap them, change their mode, put them beside one of their family, or take a whole order out and put it back
elsewhere. Worse candidates are accepted with a probability that falls over time (simulated annealing, Kirkpatrick,
Gelatt and Vecchi 1983).
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.solve.dispatching.decoder import Decoder
from engine.solve.dispatching.dispatch import Found, Limits, present_starts, stays_close
from engine.solve.problem.evaluate import evaluate
from engine.solve.problem.problem import NO_FAMILY, NO_ORDER, NO_RESOURCE
from engine.solve.problem.timeline import FOREVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.solve.problem.problem import Problem, Solution
    from engine.solve.report import StopFlag

_START_TEMPERATURE, _END_TEMPERATURE = 0.01, 0.0002


@dataclass(slots=True)
class _Candidate:
    """Priorities, modes and earliest starts, the plan that they give, and what that is worth."""

    ranks: list[float]
    modes: list[int]
    not_before: list[int] | None
    solution: Solution
    vector: tuple[int, ...]
    fullness: float
    """The sum of squared ends where the makespan comes first: it tells plans of one makespan apart."""


class LocalSearch:
    """Improves one plan.

    Parameters
    ----------
    problem, decoder
        The problem, and a decoder of it to use.
    start
        A plan that keeps every rule.
    seed
        Equal seeds and numbers of passes give equal results.
    """

    def __init__(self, problem: Problem, decoder: Decoder, start: Found, seed: int = 0) -> None:
        self._problem = problem
        self._decoder = decoder
        self._random = random.Random(seed)
        self._movable = problem.movable
        self.best = start
        self.passes = 0
        self._holds = stays_close(problem)
        self._present = present_starts(problem)
        self._current = self._candidate(start)
        self._orders = [order.ops for order in problem.orders]

    def rebase(self, start: Found) -> None:
        """Go on from a better plan that was found elsewhere."""
        self.best = start
        self._current = self._candidate(start)

    def run(
        self,
        limits: Limits,
        stop: StopFlag,
        on_better: Callable[[Found], None],
        watch: Callable[[], float] | None = None,
    ) -> Found:
        """Search until the limits are reached; return the best plan and tell of each better one on the way.

        ``watch`` is called before each pass and tells how much of the search is over (0-1), which the temperature
        follows; by default that is the share of the passes.
        """
        begin, span = self.passes, max(1, limits.passes - self.passes)
        self._should_stop = lambda: stop.stopped or limits.is_late
        while self._movable and not stop.stopped and not limits.reached(self.passes) and any(self.best.vector):
            share = (self.passes - begin) / span if watch is None else watch()
            self._step(min(1.0, share), on_better)
        return self.best

    def _candidate(self, found: Found) -> _Candidate:
        solution = found.solution
        order = sorted(self._movable, key=lambda o: (solution.setup_start[o], solution.end[o]))
        ranks = [0.0] * len(self._problem.ops)
        for i, o in enumerate(order):
            ranks[o] = float(i)
        not_before = None
        if self._holds:
            at = zip(self._present, solution.start.tolist(), strict=True)
            not_before = [before if start >= before else -FOREVER for before, start in at]
        fullness = 0.0
        if self._problem.objective.names[:1] == ("minimize_makespan",):
            ends = solution.end.astype(float)
            fullness = float(ends @ ends)
        return _Candidate(ranks, solution.mode.tolist(), not_before, solution, found.vector, fullness)

    def _step(self, share: float, on_better: Callable[[Found], None]) -> None:
        current = self._current
        ranks, modes = current.ranks[:], current.modes[:]
        not_before = None if current.not_before is None else current.not_before[:]
        for _ in range(1 if self._random.random() < 0.8 else 3):
            o = self._move(ranks, modes)
            if not_before is not None and self._random.random() < 0.5:
                not_before[o] = -FOREVER
        decoded = self._decoder.decode(ranks, modes, not_before=not_before, should_stop=self._should_stop)
        self.passes += 1
        if decoded.excess or decoded.solution is None:
            return
        vector = evaluate(self._problem, decoded.solution)
        found = Found(decoded.solution, vector, "local search")
        candidate = self._candidate(found)
        if not self._is_accepted(candidate, share):
            return
        self._current = candidate
        if vector < self.best.vector:
            self.best = found
            on_better(found)

    def _is_accepted(self, candidate: _Candidate, share: float) -> bool:
        """Decide on the first component that differs; of plans that are worth the same, on how early all of it ends."""
        current = self._current
        pairs = [*zip(candidate.vector, current.vector, strict=True), (candidate.fullness, current.fullness)]
        new, old = next(((new, old) for new, old in pairs if new != old), (0, 0))
        if new <= old:
            return True
        heat = max(1.0, abs(old)) * _START_TEMPERATURE * (_END_TEMPERATURE / _START_TEMPERATURE) ** share
        return self._random.random() < math.exp(-(new - old) / max(1e-9, heat))

    # moves

    def _move(self, ranks: list[float], modes: list[int]) -> int:
        """Change the candidate in place; return the operation that it is about."""
        o = self._target()
        what = self._random.random()
        if what < 0.15:
            self._move_order(ranks, o)
        elif what < 0.3 and len(self._problem.ops[o].modes) > 1:
            modes[o] = self._random.choice((-1, self._random.randrange(len(self._problem.ops[o].modes))))
        elif what < 0.45 and self._problem.ops[o].family != NO_FAMILY:
            self._join_family(ranks, modes, o)
        elif what < 0.6:
            other = self._neighbour(o)
            ranks[o], ranks[other] = ranks[other], ranks[o]
        else:
            way = self._random.expovariate(1 / max(2.0, 0.08 * len(self._movable)))
            ranks[o] += -way if self._random.random() < 0.8 else way
            modes[o] = modes[o] if self._random.random() < 0.7 else -1
        return o

    def _target(self) -> int:
        """Return an operation worth moving: on the way back from a late one, from the last one, or any."""
        solution = self._current.solution
        if self._random.random() < 0.15:
            return self._random.choice(self._movable)
        late = self._late_end() if self._random.random() < 0.8 else None
        o = int(solution.end.argmax()) if late is None else late
        for _ in range(self._random.randrange(8)):
            before = self._held_up_by(o)
            if before is None:
                break
            o = before
        return o if self._problem.ops[o].fixed is None else self._random.choice(self._movable)

    def _late_end(self) -> int | None:
        """Return the last operation of a late order, or a late operation, drawn from a few at random."""
        problem, end = self._problem, self._current.solution.end
        best, worst = None, 0.0
        for _ in range(6):
            o = self._random.choice(self._movable)
            op = problem.ops[o]
            order = problem.orders[op.order] if op.order != NO_ORDER else None
            last = max(order.ops, key=lambda x: end[x]) if order is not None else o
            due = order.due_ms if order is not None and order.due_ms is not None else op.due_ms
            if due is None:
                continue
            late = (problem.to_ms(int(end[last])) - due) * (order.weight if order is not None else op.weight)
            late *= self._random.random()
            if late > worst:
                best, worst = last, late
        return best

    def _held_up_by(self, o: int) -> int | None:
        """Return an operation that ends when this one, or its setup, begins."""
        solution = self._current.solution
        begin = int(solution.setup_start[o])
        by_end = self._ends()
        i = bisect_left(by_end, (begin, 0))
        near: list[int] = []
        for end, other in by_end[i : i + 12]:
            if end != begin:
                break
            if other != o:
                near.append(other)
        if near:
            return self._random.choice(near)
        waits = [p for p, *_ in self._decoder.predecessors(o)]
        return self._random.choice(waits) if waits else None

    def _ends(self) -> list[tuple[int, int]]:
        current = self._current
        if getattr(self, "_ends_of", None) is not current:
            self._ends_of = current
            self._sorted_ends = sorted((int(end), o) for o, end in enumerate(current.solution.end))
        return self._sorted_ends

    def _move_order(self, ranks: list[float], o: int) -> None:
        """Bring the whole order of an operation forward, or push it back."""
        order = self._problem.ops[o].order
        members = [o] if order == NO_ORDER else self._orders[order]
        way = self._random.gauss(-0.05, 0.12) * len(self._movable)
        for member in members:
            ranks[member] += way

    def _join_family(self, ranks: list[float], modes: list[int], o: int) -> None:
        """Put an operation beside another one of its family, on the same resource if it can run there."""
        op = self._problem.ops[o]
        for _ in range(20):
            other = self._random.choice(self._movable)
            if other == o or self._problem.ops[other].family != op.family:
                continue
            there = self._problem.ops[other].modes[max(0, modes[other])].resource
            k = next((k for k, mode in enumerate(op.modes) if mode.resource == there != NO_RESOURCE), None)
            if k is not None:
                modes[o] = k
                ranks[o] = ranks[other] + self._random.choice((-0.5, 0.5))
                return

    def _neighbour(self, o: int) -> int:
        """Return another operation, if possible one nearby on the same resource."""
        current, ops = self._current, self._problem.ops
        here = ops[o].modes[current.solution.mode[o]].resource
        best, distance = self._random.choice(self._movable), math.inf
        for _ in range(12):
            other = self._random.choice(self._movable)
            if other != o and ops[other].modes[current.solution.mode[other]].resource == here:
                away = abs(current.ranks[other] - current.ranks[o])
                if away < distance:
                    best, distance = other, away
        return best
