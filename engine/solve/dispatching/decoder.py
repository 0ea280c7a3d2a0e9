"""A serial schedule-generation scheme that keeps every rule of the contract.

Units of operations (see ``problem.units``) are placed one after the other, the most urgent of those whose predecessors
are placed first, each at its earliest feasible place, in gaps too (Kolisch 1996; greatest lags by moving the earlier
operation, as in Franck, Neumann and Schwindt 2001). What cannot be kept is placed all the same and told as ``excess``,
so that the caller can try again with what was in trouble first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Literal

from engine.solve.dispatching.placing import Bounds, Placed, Workshop
from engine.solve.problem.problem import NO_FAMILY, Solution
from engine.solve.problem.timeline import FOREVER
from engine.solve.problem.units import Units

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.solve.problem.problem import Problem

ModeRule = Literal["end", "cost", "load", "setup"]
UNPLACEABLE = 1 << 40
_SHIFTS_PER_UNIT = 60
_ASK_EVERY = 200
_RETRY_AFTER = 4


@dataclass(slots=True)
class Decoded:
    """A plan by the decoder. ``excess`` is by how many ticks bounds are broken in all; 0 = it keeps every rule.

    ``troubled`` are the operations that came too late or found no place, the worst included.
    """

    solution: Solution | None
    excess: int
    troubled: list[int] = field(default_factory=list)


class Decoder:
    """Makes plans of one problem from priorities.

    Parameters
    ----------
    problem
        What to plan. Everything that depends on it alone is prepared once.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.units = Units(problem)
        self._workshop = Workshop(problem)
        self._preds: list[list[tuple[int, bool, bool, int, int]]] = [[] for _ in problem.ops]
        self._succs: list[list[tuple[int, bool, bool, int, int]]] = [[] for _ in problem.ops]
        for arc in problem.arcs:
            most = FOREVER if arc.max_lag is None else arc.max_lag
            self._preds[arc.succ].append((arc.pred, arc.pred_end, arc.succ_end, arc.min_lag, most))
            self._succs[arc.pred].append((arc.succ, arc.pred_end, arc.succ_end, arc.min_lag, most))
        self._not_before: Sequence[int] | None = None
        with_setup = {r.index for r in problem.resources if r.setup is not None}
        self._has_setup = [
            op.family != NO_FAMILY and any(mode.resource in with_setup for mode in op.modes) for op in problem.ops
        ]
        self._dated = [
            op.index
            for op in problem.ops
            if op.fixed is None and (op.est == op.lst or op.eet == op.let) and self._is_single(op.index)
        ]

    def predecessors(self, o: int) -> list[tuple[int, bool, bool, int, int]]:
        """Return (predecessor, from its end, to the end, least lag, greatest lag) of each dependency of ``o``."""
        return self._preds[o]

    def _is_single(self, o: int) -> bool:
        return len(self.units.members[self.units.of[o]]) == 1

    def decode(
        self,
        priority: Sequence[float],
        modes: Sequence[int] | None = None,
        rule: ModeRule = "end",
        dated_first: bool = True,
        not_before: Sequence[int] | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> Decoded:
        """Return the plan in which, of what can be placed, the operation of the least ``priority`` goes first.

        Parameters
        ----------
        priority
            By operation; smaller = earlier.
        modes
            The mode of each operation, or -1 for the best one by ``rule``.
        rule
            How to choose a mode: the one that ends first, costs least, evens out load, or needs the least setup.
        dated_first
            Place operations with a fixed date before all others, at that date.
        not_before
            Further lower bounds of starts, to keep operations from being moved forward.
        should_stop
            Asked every so often; when it says yes, there is no plan.
        """
        shop = self._workshop
        shop.begin(modes, rule)
        self._not_before = not_before
        self._excess, self._troubled = 0, []
        pending = list(self.units.waits)
        done = [False] * len(self.units.members)
        if dated_first:
            for o in self._dated:
                self._place_one(o, may_wait=False)
                done[self.units.of[o]] = True
            for unit, is_done in enumerate(done):
                if is_done:
                    for other in self.units.successors[unit]:
                        pending[other] -= 1
        key = [min(priority[o] for o in members) for members in self.units.members]
        heap = [(key[u], u) for u, count in enumerate(pending) if count == 0 and not done[u]]
        heapify(heap)
        successors, members = self.units.successors, self.units.members
        count, progress, may_wait = 0, 0, True
        put_off: list[tuple[float, int]] = []
        while heap or put_off:
            count += 1
            if should_stop is not None and count % _ASK_EVERY == 0 and should_stop():
                return Decoded(None, UNPLACEABLE)
            if put_off and (progress >= _RETRY_AFTER + len(put_off) or not heap):
                may_wait = progress > 0
                for entry in put_off:
                    heappush(heap, entry)
                put_off, progress = [], 0
            _, unit = entry = heappop(heap)
            ops = members[unit]
            if len(ops) > 1:
                self._place_together(ops)
            elif not self._place_one(ops[0], may_wait and self._has_setup[ops[0]]):
                put_off.append(entry)
                continue
            progress += 1
            may_wait = may_wait or self._workshop.placed[ops[0]]
            for other in successors[unit]:
                pending[other] -= 1
                if pending[other] == 0 and not done[other]:
                    heappush(heap, (key[other], other))
        for o in shop.broken_setups():
            self._excess += UNPLACEABLE
            self._troubled.append(o)
        return Decoded(self._solution(), self._excess, self._troubled)

    def _place_one(self, o: int, may_wait: bool) -> bool:
        """Place an operation; where it has no place now and may wait for others, return False instead."""
        found = self._workshop.best(o, self._bounds(o))
        if found is None and may_wait:
            return False
        self._settle(o, found)
        return True

    def _settle(self, o: int, found: Placed | None) -> None:
        """Put an operation where it was found to fit best, and note by how much that is too late."""
        if found is None:
            self._excess += UNPLACEABLE
            self._troubled.append(o)
            return
        if found.excess:
            self._excess += found.excess
            self._troubled.append(o)
        self._workshop.put(o, found)

    def _place_together(self, ops: list[int]) -> None:
        """Place a unit; when a member comes too late for an earlier one, move that one later and go on from there."""
        shop = self._workshop
        raised: dict[tuple[int, bool], int] = {}
        marks: list[int] = []
        shifts, limit = 0, _SHIFTS_PER_UNIT + 4 * len(ops)
        i = 0
        while i < len(ops):
            o = ops[i]
            bounds = self._bounds(o)
            bounds.start = max(bounds.start, raised.get((o, False), -FOREVER))
            bounds.end = max(bounds.end, raised.get((o, True), -FOREVER))
            found = shop.best(o, bounds)
            culprit = None if found is None or not found.excess else self._culprit(o, found, ops[:i])
            if culprit is None or shifts >= limit:
                marks.append(shop.mark())
                self._settle(o, found)
                i += 1
                continue
            shifts += 1
            other, at_end, value = culprit
            raised[other, at_end] = value
            i = ops.index(other)
            shop.undo(marks[i])
            del marks[i:]

    def _culprit(self, o: int, found: Placed, earlier: list[int]) -> tuple[int, bool, int] | None:
        """Return which earlier member bounds ``o`` from above, and the start or end that it must have instead."""
        start, end = self._workshop.start, self._workshop.end
        worst: tuple[int, int, bool, int] | None = None
        for p, p_end, s_end, _, most in self._preds[o]:
            if p in earlier and most < FOREVER:
                point = end[p] if p_end else start[p]
                over = (found.end if s_end else found.start) - point - most
                if over > 0 and (worst is None or over > worst[0]):
                    worst = (over, p, p_end, point + over)
        for s, p_end, s_end, lag, _ in self._succs[o]:
            if s in earlier:
                point = end[s] if s_end else start[s]
                over = (found.end if p_end else found.start) + lag - point
                if over > 0 and (worst is None or over > worst[0]):
                    worst = (over, s, s_end, point + over)
        return None if worst is None else worst[1:]

    def _bounds(self, o: int) -> Bounds:
        """Return the bounds of an operation by its own dates and by what is placed before and after it."""
        shop, op = self._workshop, self.problem.ops[o]
        placed, start, end = shop.placed, shop.start, shop.end
        bounds = Bounds(op.release, op.est, op.eet, op.lst, op.let)
        if self._not_before is not None:
            bounds.after(False, self._not_before[o])
        for p, p_end, s_end, lag, most in self._preds[o]:
            if placed[p]:
                point = end[p] if p_end else start[p]
                bounds.after(s_end, point + lag)
                if most < FOREVER:
                    bounds.before(s_end, point + most)
        for s, p_end, s_end, lag, most in self._succs[o]:
            if placed[s]:
                point = end[s] if s_end else start[s]
                bounds.before(p_end, point - lag)
                if most < FOREVER:
                    bounds.after(p_end, point - most)
        return bounds

    def _solution(self) -> Solution | None:
        shop = self._workshop
        if not all(shop.placed):
            return None
        solution = Solution.empty(self.problem)
        solution.mode[:] = shop.mode
        solution.start[:] = shop.start
        solution.end[:] = shop.end
        solution.setup_start[:] = shop.first
        offset = self.problem.demand_offset
        for o, choice in enumerate(shop.choice):
            if choice:
                solution.choice[offset[o] : offset[o + 1]] = choice
        return solution
