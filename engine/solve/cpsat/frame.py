"""What a model covers: the operations that may move, what stands around them, and the time each one has."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.solve.cpsat.clock import ClockSet
from engine.solve.problem.evaluate import SetupSequences
from engine.solve.problem.problem import NO_RESOURCE
from engine.solve.problem.timeline import FOREVER

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from engine.solve.problem.problem import ArcData, OpData, Problem, SetData, Solution


class Index:
    """Who has to do with whom in a problem; made once and shared by all models of it."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.arcs: list[list[ArcData]] = [[] for _ in problem.ops]
        for arc in problem.arcs:
            self.arcs[arc.pred].append(arc)
            if arc.succ != arc.pred:
                self.arcs[arc.succ].append(arc)
        self.sets: dict[int, list[tuple[str, SetData]]] = defaultdict(list)
        for kind, rules in (("same", problem.same), ("different", problem.different), ("apart", problem.nooverlap)):
            for rule in rules:
                for o in rule.ops:
                    self.sets[o].append((kind, rule))
        self.mode_resource = np.full((len(problem.ops), max((len(op.modes) for op in problem.ops), default=1)), -1)
        for op in problem.ops:
            self.mode_resource[op.index, : len(op.modes)] = [mode.resource for mode in op.modes]
        offsets = problem.demand_offset
        self.demand_op = np.repeat(np.arange(len(problem.ops)), np.diff(offsets))
        self.demand_quantity = np.array([d.quantity for op in problem.ops for d in op.demands], np.int64)

    @cached_property
    def setup_sequences(self) -> SetupSequences:
        """What finds the setups of a plan."""
        return SetupSequences(self.problem)


@dataclass(frozen=True, slots=True)
class Held:
    """An operation that stays: where, when (``first`` with its setup), and who serves its demands (-1 = still open).

    ``is_lock`` tells that a conflict between it and anything else makes the model infeasible; what merely stands there
    may conflict with its like.
    """

    op: OpData
    resource: int
    first: int
    start: int
    end: int
    choices: tuple[int, ...]
    is_lock: bool


@dataclass(slots=True)
class Window:
    """The real ticks within which an operation may start and end (closed)."""

    start_low: int
    start_high: int
    end_low: int
    end_high: int

    @property
    def is_empty(self) -> bool:
        """Whether there is no place."""
        return self.start_low > self.start_high or self.end_low > self.end_high


class Frame:
    """The part of a problem that a model covers.

    Parameters
    ----------
    index
        The index of the problem.
    free
        Operations that get variables. All movable ones, or a neighbourhood.
    base
        A complete plan or None. It gives the hints, and the places of everything that is neither free nor fixed.
    span
        Real ticks ``[low, high)`` outside of which nothing free is put.
    relaxed_from
        From this tick on calendars are taken to always work.
    latest_end
        Caps on ends by operation.
    kept
        Those of ``free`` that keep mode, choices and their order among each other, as in ``base``; only their times
        move, by at most ``shift`` ticks.
    """

    def __init__(
        self,
        index: Index,
        free: Sequence[int],
        base: Solution | None,
        span: tuple[int, int],
        relaxed_from: int = FOREVER,
        latest_end: NDArray[np.int64] | None = None,
        kept: Collection[int] = (),
        shift: int = FOREVER,
    ) -> None:
        self.index = index
        self.problem = index.problem
        self.free = list(free)
        self.base = base
        self.low, self.high = span
        self.latest_end = latest_end
        self.kept = frozenset(kept)
        self.shift = shift
        self.is_free = np.zeros(len(self.problem.ops), bool)
        self.is_free[self.free] = True
        self.is_whole = not self.kept and all(self.is_free[o] for o in self.problem.movable)
        self.clocks = ClockSet(self.problem, max(self.high, self.problem.window_end), relaxed_from)
        self._held: dict[int, Held] = {}
        self._held_ops = self._relevant()
        self.primary: dict[int, list[Held]] = defaultdict(list)
        self.secondary: dict[int, list[tuple[Held, int]]] = defaultdict(list)
        self._sort_held()

    def held(self, o: int) -> Held:
        """Return where an operation that is not free stands."""
        if o not in self._held:
            self._held[o] = self._hold(o)
        return self._held[o]

    def _hold(self, o: int) -> Held:
        op, base = self.problem.ops[o], self.base
        is_lock = op.fixed is not None and op.fixed.is_lock and self.is_whole
        offset = self.problem.demand_offset
        if op.fixed is not None:
            at = op.fixed.placement
            choices = tuple(d.candidates[0] if len(d.candidates) == 1 else NO_RESOURCE for d in op.demands)
            first = at.start if base is None or self.is_whole else int(base.setup_start[o])
            if base is not None and not self.is_whole:
                choices = tuple(base.choice[offset[o] : offset[o + 1]].tolist())
            return Held(op, at.resource, min(first, at.start), at.start, at.end, choices, is_lock)
        assert base is not None
        return Held(
            op,
            op.modes[int(base.mode[o])].resource,
            int(base.setup_start[o]),
            int(base.start[o]),
            int(base.end[o]),
            tuple(base.choice[offset[o] : offset[o + 1]].tolist()),
            is_lock,
        )

    def _relevant(self) -> NDArray[np.int64]:
        """Return the held operations that may meet a free one in time."""
        held = ~self.is_free
        if self.base is None or self.is_whole:
            return np.nonzero(held)[0]
        near = held & (self.base.end > self.low) & (self.base.setup_start < self.high)
        return np.nonzero(near)[0]

    def _sort_held(self) -> None:
        touched = self.touched()
        for o in self._held_ops.tolist():
            if self.base is not None and not self.is_whole and not self._uses_any(o, touched):
                continue
            held = self.held(o)
            if held.resource in touched:
                self.primary[held.resource].append(held)
            for k, resource in enumerate(held.choices):
                if resource in touched or resource == NO_RESOURCE:
                    self.secondary[resource].append((held, held.op.demands[k].quantity))
        for row in self.primary.values():
            row.sort(key=lambda h: (h.start, h.end, h.op.id))

    def _uses_any(self, o: int, touched: set[int]) -> bool:
        assert self.base is not None
        if int(self.index.mode_resource[o, self.base.mode[o]]) in touched:
            return True
        a, b = self.problem.demand_offset[o], self.problem.demand_offset[o + 1]
        return a < b and any(r in touched for r in self.base.choice[a:b].tolist())

    def touched(self) -> set[int]:
        """Return the resources that a free operation can use, and those on which a lock may be in conflict."""
        touched: set[int] = set()
        for o in self.free:
            op = self.problem.ops[o]
            touched.update(mode.resource for mode in op.modes)
            for demand in op.demands:
                touched.update(demand.candidates)
        if self.is_whole:
            for op in self.problem.ops:
                if op.fixed is not None and op.fixed.is_lock:
                    touched.add(op.fixed.placement.resource)
                    touched.update(c for d in op.demands for c in d.candidates)
                elif op.fixed is not None:  # an open choice of something that stays
                    touched.update(c for d in op.demands if len(d.candidates) > 1 for c in d.candidates)
        touched.discard(NO_RESOURCE)
        return touched

    def neighbours(self, resource: int) -> list[Held]:
        """Return the held operations that run on a resource with a setup matrix, those just outside the span too.

        Of those before the span only the last one with a family is given, of those after it only the first one.
        """
        inside = self.primary.get(resource, [])
        if self.is_whole or self.base is None:
            return inside
        base, ops = self.base, self.problem.ops
        rows = np.arange(len(ops))
        there = (self.index.mode_resource[rows, base.mode] == resource) & ~self.is_free & (base.end > base.start)
        before = [o for o in np.nonzero(there & (base.end <= self.low))[0].tolist() if ops[o].family >= 0]
        after = [o for o in np.nonzero(there & (base.setup_start >= self.high))[0].tolist() if ops[o].family >= 0]
        start, end = base.start, base.end
        first = [self.held(max(before, key=lambda o: (start[o], end[o], ops[o].id)))] if before else []
        last = [self.held(min(after, key=lambda o: (start[o], end[o], ops[o].id)))] if after else []
        known = {h.op.index for h in inside}
        return [h for h in first if h.op.index not in known] + inside + [h for h in last if h.op.index not in known]
