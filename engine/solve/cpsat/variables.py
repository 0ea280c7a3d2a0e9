"""The variables of one operation: mode and demand literals, positions on the clocks it may run by, real ticks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.solve.cpsat.calendars import Zone, break_zones, joined, off_zones, real, real_zones, room
from engine.solve.cpsat.model import Expr, Lit, Model, Point, negated
from engine.solve.problem.problem import NO_RESOURCE

if TYPE_CHECKING:
    from engine.solve.cpsat.clock import Clock
    from engine.solve.cpsat.frame import Frame, Window
    from engine.solve.problem.problem import DemandData, ModeData, OpData


@dataclass(slots=True)
class ModeVars:
    """A mode that fits: its literal, its clock, and the start positions that it allows."""

    index: int
    data: ModeData
    lit: Lit
    clock: Clock
    starts: list[tuple[int, int]]


@dataclass(slots=True)
class Track:
    """An operation on one clock: where it starts and ends if one of ``modes`` is chosen (``lit``).

    ``held_from`` is where its setup begins, ``setup`` how long it takes; the start and 0 where there is none.
    """

    clock: Clock
    lit: Lit
    modes: list[ModeVars]
    start: Point
    end: Point
    held_from: Point
    setup: Expr = 0

    @property
    def work(self) -> int | None:
        """The work if it is the same in all modes."""
        works = {mode.data.work for mode in self.modes}
        return works.pop() if len(works) == 1 else None


@dataclass(slots=True)
class OpVars:
    """The variables of one free operation.

    ``choices`` holds, for each demand, the literal of each resource that can serve it.
    """

    op: OpData
    window: Window
    modes: list[ModeVars]
    tracks: list[Track]
    choices: list[dict[int, Lit]] = field(default_factory=list)
    start: Point | None = None
    end: Point | None = None
    held_from: Point | None = None

    @property
    def single(self) -> Track | None:
        """Its only track, if all its modes go by one clock."""
        return self.tracks[0] if len(self.tracks) == 1 else None

    def real_start(self, model: Model) -> Point:
        """Return its start in real ticks."""
        if self.start is None:
            track = self.tracks[0]
            self.start = real(model, track.clock, track.start, "start")
        return self.start

    def real_end(self, model: Model) -> Point:
        """Return its end in real ticks."""
        if self.end is None:
            track = self.tracks[0]
            if track.work is not None and not self.op.interruptible:
                self.end = self.real_start(model).plus(track.work)
            else:
                self.end = real(model, track.clock, track.end, "end")
        return self.end

    def real_held_from(self, model: Model) -> Point:
        """Return the start of its setup in real ticks; its own start where there is none."""
        if self.held_from is None:
            if all(t.held_from is t.start for t in self.tracks):
                self.held_from = self.real_start(model)
            elif len(self.tracks) == 1:
                self.held_from = real(model, self.tracks[0].clock, self.tracks[0].held_from, "start")
            else:
                low = min(t.clock.start_at(t.held_from.low) for t in self.tracks)
                high = max(t.clock.start_at(t.held_from.high) for t in self.tracks)
                firsts = [t.clock.start_at(t.held_from.hint or 0) for t in self.tracks if _is_hinted(model, t)]
                target = model.point(low, high, firsts[0] if firsts else None)
                for t in self.tracks:
                    real(model, t.clock, t.held_from, "start", target, t.lit)
                self.held_from = target
        return self.held_from


def _is_hinted(model: Model, track: Track) -> bool:
    return track.held_from.hint is not None and any(model.is_hinted(mode.lit) for mode in track.modes)


def make_op(model: Model, frame: Frame, op: OpData, window: Window) -> OpVars:
    """Return the variables of a free operation, with all that concerns it alone required."""
    modes = _modes(model, frame, op, window)
    made = OpVars(op, window, modes, [])
    if not modes:
        model.contradict()
        return made
    clocks: dict[int, list[ModeVars]] = {}
    for mode in modes:
        clocks.setdefault(id(mode.clock), []).append(mode)
    hint = None
    if frame.base is not None:
        hint = int(frame.base.start[op.index]), int(frame.base.end[op.index])
    if len(clocks) == 1:
        made.tracks.append(_track(model, made, modes, True, hint))
    else:
        _tie(model, made, list(clocks.values()), hint)
    for k in range(len(op.demands)):
        made.choices.append(_choice(model, frame, made, k))
    return made


def span_zones(frame: Frame, resource: int, clock: Clock, window: Window) -> list[Zone]:
    """Return what a span, setup included, must not cover on a primary resource: its blocked intervals."""
    if resource == NO_RESOURCE:
        return []
    blocked = frame.problem.resources[resource].blocked
    return real_zones(clock, [(a, b) for a, b in blocked if a < window.end_high and b > frame.low])


def demand_zones(frame: Frame, resource: int, clock: Clock, window: Window, *, is_lock: bool = False) -> list[Zone]:
    """Return what a span must not cover because of a secondary resource: where it does not work or is blocked.

    Blocked intervals do not concern a lock.
    """
    low = min(0, window.start_low)
    off = off_zones(clock, frame.clocks.of(resource), low, window.end_high + 1)
    return off if is_lock else off + span_zones(frame, resource, clock, window)


def _modes(model: Model, frame: Frame, op: OpData, window: Window) -> list[ModeVars]:
    """Return the modes that have a place, with a literal each."""
    found: list[ModeVars] = []
    keeps = op.index in frame.kept and frame.base is not None
    for k, mode in enumerate(op.modes):
        if keeps and k != int(frame.base.mode[op.index]):
            continue
        clock = frame.clocks.real if mode.work == 0 else frame.clocks.of(mode.resource)
        starts = _starts(frame, op, window, mode, clock)
        if starts:
            found.append(ModeVars(k, mode, True, clock, starts))
    if len(found) > 1:
        chosen = None if frame.base is None else int(frame.base.mode[op.index])
        for mode in found:
            mode.lit = model.boolean(None if chosen is None else mode.index == chosen)
        model.exactly_one([mode.lit for mode in found])
    return found


def _starts(frame: Frame, op: OpData, window: Window, mode: ModeData, clock: Clock) -> list[tuple[int, int]]:
    """Return the positions at which a mode may start."""
    low = max(clock.first_start(window.start_low), clock.first_end(window.end_low) - mode.work)
    high = min(clock.last_start(window.start_high), clock.last_end(window.end_high) - mode.work)
    if low > high or mode.work == 0:
        return [(low, high)] if low <= high else []
    zones = span_zones(frame, mode.resource, clock, window)
    if not op.interruptible:
        zones += break_zones(clock, low + 1, high + mode.work - 1)
    for demand in op.demands:
        if len(demand.candidates) == 1 and demand.quantity:
            zones += demand_zones(frame, demand.candidates[0], clock, window)
    return room(low, high, mode.work, zones)


def _track(model: Model, made: OpVars, modes: list[ModeVars], lit: Lit, hint: tuple[int, int] | None) -> Track:
    """Return the start and end on the common clock of some modes."""
    clock = modes[0].clock
    spans = joined([span for mode in modes for span in mode.starts])
    works = [mode.data.work for mode in modes]
    at = None if hint is None else min(max(clock.first_start(hint[0]), spans[0][0]), spans[-1][1])
    start = model.point_in(spans, at)
    for mode in modes:
        if mode.starts != spans:
            model.within(start, mode.starts, mode.lit)
    if min(works) == max(works):
        end = start.plus(works[0])
    else:
        end_hint = None if at is None else at + _hinted_work(model, modes)
        end = model.point(start.low + min(works), start.high + max(works), end_hint)
        model.require(end.expr >= start.expr + min(works))
        for mode in modes:
            model.require(end.expr == start.expr + mode.data.work, mode.lit)
        model.within(end, [(clock.first_end(made.window.end_low), clock.last_end(made.window.end_high))], lit)
    return Track(clock, lit, modes, start, end, start)


def _tie(model: Model, made: OpVars, groups: list[list[ModeVars]], hint: tuple[int, int] | None) -> None:
    """Make real start and end, and a track for each clock that is tied to them where one of its modes is chosen."""
    window = made.window
    made.start = model.point(window.start_low, window.start_high, None if hint is None else hint[0])
    made.end = model.point(window.end_low, window.end_high, None if hint is None else hint[1])
    model.require(made.end.expr >= made.start.expr + min(mode.data.work for mode in made.modes))
    for modes in groups:
        hinted = None if hint is None else any(model.is_hinted(mode.lit) for mode in modes)
        lit = model.either([mode.lit for mode in modes], hinted)
        if modes[0].clock.is_real:
            made.tracks.append(_real_track(model, made, modes, lit))
            continue
        track = _track(model, made, modes, lit, hint)
        made.tracks.append(track)
        real(model, track.clock, track.start, "start", made.start, lit)
        if not made.op.interruptible and track.work is not None:
            model.require(made.end.expr == made.start.expr + track.work, lit)
        else:
            real(model, track.clock, track.end, "end", made.end, lit)


def _real_track(model: Model, made: OpVars, modes: list[ModeVars], lit: Lit) -> Track:
    """Return the track of the modes without a calendar: the real start and end themselves."""
    assert made.start is not None and made.end is not None
    for mode in modes:
        model.within(made.start, mode.starts, mode.lit)
        model.require(made.end.expr == made.start.expr + mode.data.work, mode.lit)
    return Track(modes[0].clock, lit, modes, made.start, made.end, made.start)


def _hinted_work(model: Model, modes: list[ModeVars]) -> int:
    return next((m.data.work for m in modes if model.is_hinted(m.lit)), min(m.data.work for m in modes))


def _choice(model: Model, frame: Frame, made: OpVars, k: int) -> dict[int, Lit]:
    """Return a literal for each resource that can serve a demand; where it does, it works and is not blocked."""
    demand, op = made.op.demands[k], made.op
    if len(demand.candidates) == 1:
        return {demand.candidates[0]: True}
    chosen = None if frame.base is None else int(frame.base.choice[frame.problem.demand_offset[op.index] + k])
    if op.index in frame.kept and chosen is not None:
        lits: dict[int, Lit] = {chosen: True}
        _require_service(model, frame, made, k, lits)
        return lits
    if demand.only_on is None:
        lits = {r: model.boolean(None if chosen is None else r == chosen) for r in demand.candidates}
        model.exactly_one(lits.values())
    else:
        lits = _choice_in_modes(model, made, demand, chosen)
    _require_service(model, frame, made, k, lits)
    return lits


def _choice_in_modes(model: Model, made: OpVars, demand: DemandData, chosen: int | None) -> dict[int, Lit]:
    """Return the literals of a demand that is held in some modes only; the idle resource serves in the others."""
    *able, idle = demand.candidates
    holding = [mode.lit for mode in made.modes if mode.data.resource in (demand.only_on or ())]
    held: Lit = True
    if len(holding) < len(made.modes):
        held = model.either(holding, None if chosen is None else chosen != idle)
    if len(able) == 1:
        return {able[0]: held, idle: negated(held)}
    lits: dict[int, Lit] = {r: model.boolean(None if chosen is None else r == chosen) for r in able}
    model.exactly_one([*lits.values(), negated(held)])
    return {**lits, idle: negated(held)}


def _require_service(model: Model, frame: Frame, made: OpVars, k: int, lits: dict[int, Lit]) -> None:
    """Who serves a demand works meanwhile and is not blocked."""
    if not made.op.demands[k].quantity:
        return
    for resource, lit in lits.items():
        for track in made.tracks:
            for mode in track.modes:
                if mode.data.work:
                    zones = demand_zones(frame, resource, track.clock, made.window)
                    starts = room(track.start.low, track.start.high, mode.data.work, zones)
                    model.within(track.start, starts, lit, mode.lit)
