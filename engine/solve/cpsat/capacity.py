"""Capacity: who holds how much of a resource when, on the resource's clock where possible, else in real ticks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.solve.cpsat.calendars import real
from engine.solve.cpsat.model import Expr, Lit, Model, Point, negated

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ortools.sat.python import cp_model

    from engine.solve.cpsat.clock import Clock
    from engine.solve.cpsat.frame import Frame, Held
    from engine.solve.cpsat.variables import ModeVars, OpVars, Track
    from engine.solve.problem.problem import DemandData, ResourceData

Usage = tuple[int, int, int]
"""Units taken over ``[start, end)``: ``(start, end, units)``."""


@dataclass(frozen=True, slots=True)
class Use:
    """A free operation's hold on a resource: as the primary one in a mode, or (``mode`` None) for a demand."""

    made: OpVars
    mode: ModeVars | None
    lit: Lit
    quantity: int


class Capacity:
    """Requires the capacity of every resource that a free operation can use.

    Parameters
    ----------
    model, frame, made
        The model, what it covers, and the variables of its free operations.
    open_choices
        Literals of the demands of held operations that nobody serves yet: (operation, resource) to literal by demand.
    """

    def __init__(
        self, model: Model, frame: Frame, made: dict[int, OpVars], open_choices: list[tuple[Held, int, dict[int, Lit]]]
    ) -> None:
        self._model = model
        self._frame = frame
        self._made = made
        self._open = open_choices
        self._real: dict[int, cp_model.IntervalVar] = {}
        self.uses = self._collect()
        self._parts: dict[int, list[tuple[Clock, Point, int, int, int]]] = {}
        self._decided: set[int] = set()

    def hold(self, resource: int, clock: Clock, first: Point, until: int, until_tick: int, quantity: int) -> None:
        """Let something hold a resource from ``first`` to ``until`` on a clock, the real ``until_tick``."""
        self._parts.setdefault(resource, []).append((clock, first, until, until_tick, quantity))

    def decide(self, o: int) -> None:
        """Note that the model decides on the setup of an operation that stays: it holds others by its parts alone."""
        self._decided.add(o)

    def add_all(self) -> None:
        """Require the capacity of each resource."""
        for resource in sorted(self._frame.touched()):
            data = self._frame.problem.resources[resource]
            if not data.infinite:
                self._add(data, self.uses.get(resource, []))

    def clock_of(self, resource: int) -> Clock:
        """Return the clock on which a resource's capacity is kept: the one that all its users share, or the real one.

        Real too when units are out only during a break, where paused operations still hold theirs.
        """
        real, data = self._frame.clocks.real, self._frame.problem.resources[resource]
        clocks = {id(t.clock): t.clock for use in self.uses.get(resource, []) for t in _tracks(use)}
        if len(clocks) != 1:
            return real
        clock = next(iter(clocks.values()))
        held = [h for h, _ in self._frame.secondary.get(resource, [])] + [
            h for h, _, lits in self._open if resource in lits
        ]
        if any(h.op.modes[0].work and self._frame.clocks.of(h.resource) is not clock for h in held):
            return real
        if any(clock.work_at(a) == clock.work_at(b) for a, b, _ in data.outages if a < self._frame.high):
            return real
        return clock

    def _collect(self) -> dict[int, list[Use]]:
        uses: dict[int, list[Use]] = {}
        for made in self._made.values():
            for mode in made.modes:
                if mode.data.work and mode.data.resource >= 0:
                    uses.setdefault(mode.data.resource, []).append(Use(made, mode, mode.lit, 1))
            if not any(mode.data.work for mode in made.modes):
                continue
            for demand, lits in zip(made.op.demands, made.choices, strict=True):
                for resource, lit in lits.items():
                    if demand.quantity and lit is not False:
                        uses.setdefault(resource, []).extend(_uses_of(made, demand, resource, lit))
        return uses

    def _add(self, data: ResourceData, uses: list[Use]) -> None:
        model, clock = self._model, self.clock_of(data.index)
        for use in uses:
            if use.quantity > data.capacity:
                model.any_of([negated(use.lit)])
        fixed = self._fixed(data, clock)
        open_ = [(h, lits[data.index], q) for h, q, lits in self._open if data.index in lits]
        is_unary = data.capacity == 1 and not any(_may_be_empty(use) for use in uses)
        if not uses and not open_ and not any(is_lock for *_, is_lock in fixed):
            return
        intervals, demands = [], []
        for use in uses:
            if use.quantity <= data.capacity:
                intervals.append(self._interval(use, clock))
                demands.append(use.quantity)
        for a, b, units, _ in fixed:
            intervals.append(model.cp.new_fixed_size_interval_var(a, b - a, ""))
            demands.append(units)
        for held, lit, quantity in open_:
            a, b = clock.work_at(held.start), clock.work_at(held.end)
            if a < b:
                intervals.append(model.cp.new_optional_fixed_size_interval_var(a, b - a, lit, ""))
                demands.append(quantity)
        for part in self._parts.get(data.index, []):
            interval = self._part(part, clock, fixed, data.capacity)
            if interval is not None:
                intervals.append(interval)
                demands.append(part[-1])
        if is_unary and all(q == 1 for q in demands):
            if len(intervals) > 1:
                model.cp.add_no_overlap(intervals)
        else:
            model.cp.add_cumulative(intervals, demands, data.capacity)

    def _part(
        self, part: tuple[Clock, Point, int, int, int], clock: Clock, fixed: list[tuple[int, int, int, bool]], most: int
    ) -> cp_model.IntervalVar | None:
        """Return the interval of a setup before something that stays; None in a tangle of what stays anyway."""
        own, first, until, until_tick, quantity = part
        if own is not clock:
            first, until = real(self._model, own, first, "start"), until_tick
        if sum(units for a, b, units, _ in fixed if a < until < b) + quantity > most:
            return None
        size = self._model.integer(0, until - first.low, None if first.hint is None else until - first.hint)
        return self._model.cp.new_interval_var(first.expr, size, until, "")

    def _fixed(self, data: ResourceData, clock: Clock) -> list[tuple[int, int, int, bool]]:
        """Return what is taken anyway: locks one by one, all else together and clipped to the capacity."""
        loose: list[Usage] = []
        locks: list[tuple[int, int, int, bool]] = []
        held = [(h, 1, h.start) for h in self._frame.primary.get(data.index, [])]
        for h, quantity in self._frame.secondary.get(data.index, []):
            held.append((h, quantity, h.start if h.op.index in self._decided else h.first))
        for h, quantity, begin in held:
            a, b = clock.work_at(begin), clock.work_at(h.end)
            if a >= b or not quantity:
                continue
            if h.is_lock:
                locks.append((a, b, quantity, True))
            else:
                loose.append((a, b, quantity))
        low, high = self._frame.low, self._frame.high
        for a, b, units in data.outages:
            if a < high and b > low:
                loose.append((clock.work_at(a), clock.work_at(b), units))
        if not self._frame.is_whole:
            first, last = clock.work_at(low), clock.work_at(high)
            loose = [(max(a, first), min(b, last), units) for a, b, units in loose]
        return [(a, b, units, False) for a, b, units in profile(loose, data.capacity)] + locks

    def _interval(self, use: Use, clock: Clock) -> cp_model.IntervalVar:
        """Return the interval over which a use holds."""
        made, model = use.made, self._model
        track = next((t for t in made.tracks if t.clock is clock), None)
        if use.mode is not None and use.mode.clock is clock:
            assert track is not None
            return held_interval(model, track, use.mode.data.work, use.lit)
        if track is not None and track is made.single and track.work is not None:
            return held_interval(model, track, track.work, use.lit)
        if track is not None and track is made.single:
            return self._interval_between(made, track.held_from, track.end, use.lit)
        if use.lit is not True:
            return self._interval_between(made, made.real_held_from(model), made.real_end(model), use.lit)
        if made.op.index not in self._real:
            interval = self._interval_between(made, made.real_held_from(model), made.real_end(model), True)
            self._real[made.op.index] = interval
        return self._real[made.op.index]

    def _interval_between(self, made: OpVars, start: Point, end: Point, lit: Lit) -> cp_model.IntervalVar:
        """Return the interval of an operation whose length is not known."""
        cp, size = self._model.cp, self._size(made, start, end)
        if lit is True:
            return cp.new_interval_var(start.expr, size, end.expr, "")
        return cp.new_optional_interval_var(start.expr, size, end.expr, lit, "")

    def _size(self, made: OpVars, start: Point, end: Point) -> Expr:
        """Return the length of an operation, setup (and in real ticks breaks) included, as a variable."""
        if start.is_constant and end.is_constant:
            return end.low - start.low
        hint = None if start.hint is None or end.hint is None else end.hint - start.hint
        least = min(mode.data.work for mode in made.modes)
        size = self._model.integer(least, max(least, end.high - start.low), hint)
        self._model.require(size == end.expr - start.expr)
        return size


def held_interval(model: Model, track: Track, work: int, lit: Lit) -> cp_model.IntervalVar:
    """Return the interval of ``work``, with the setup before it, on a track."""
    start, held_from = track.start, track.held_from
    if held_from is start:
        if lit is True:
            return model.cp.new_fixed_size_interval_var(start.expr, work, "")
        return model.cp.new_optional_fixed_size_interval_var(start.expr, work, lit, "")
    size = track.setup + work
    if lit is True:
        return model.cp.new_interval_var(held_from.expr, size, start.expr + work, "")
    return model.cp.new_optional_interval_var(held_from.expr, size, start.expr + work, lit, "")


def profile(usages: Iterable[Usage], capacity: int) -> list[Usage]:
    """Return the sum of usages as disjoint steps, none above ``capacity``."""
    change: dict[int, int] = {}
    for a, b, units in usages:
        if a < b:
            change[a] = change.get(a, 0) + units
            change[b] = change.get(b, 0) - units
    out: list[Usage] = []
    level, since = 0, 0
    for at in sorted(change):
        units = min(level, capacity)
        if units > 0 and at > since:
            if out and out[-1][1] == since and out[-1][2] == units:
                out[-1] = (out[-1][0], at, units)
            else:
                out.append((since, at, units))
        level += change[at]
        since = at
    return out


def _uses_of(made: OpVars, demand: DemandData, resource: int, lit: Lit) -> list[Use]:
    """Return how a demand holds a resource: mode by mode where that is known, for lengths are fixed then."""
    if demand.only_on is None or resource != demand.candidates[0] or len(demand.candidates) != 2:
        return [Use(made, None, lit, demand.quantity)]
    modes = [mode for mode in made.modes if mode.data.resource in demand.only_on and mode.data.work]
    return [Use(made, mode, mode.lit, demand.quantity) for mode in modes]


def _tracks(use: Use) -> list[Track]:
    if use.mode is None:
        return use.made.tracks
    return [t for t in use.made.tracks if t.clock is use.mode.clock]


def _may_be_empty(use: Use) -> bool:
    return use.mode is None and any(not mode.data.work for mode in use.made.modes)
