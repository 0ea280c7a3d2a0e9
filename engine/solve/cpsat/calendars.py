"""From positions on a clock to real ticks and back, and the positions at which work may lie at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from engine.solve.cpsat.model import Lit, Model, Point, without

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from engine.solve.cpsat.clock import Clock

Side = Literal["start", "end"]
Zone = tuple[int, int]
"""A stretch ``(a, b)`` of positions that must not be covered: what ends by ``a`` or starts from ``b`` on is fine."""


def segments(clock: Clock, point: Point, side: Side) -> list[tuple[int, int, int]]:
    """Return ``(first, last, offset)`` of each stretch of positions whose real tick is position + offset."""
    if side == "start":
        edges = [b.at for b in clock.breaks(point.low + 1, point.high)]
    else:
        edges = [b.at + 1 for b in clock.breaks(point.low, point.high - 1)]
    to_real = _to_real(clock, side)
    lows, highs = [point.low, *edges], [*(e - 1 for e in edges), point.high]
    return [(low, high, to_real(low) - low) for low, high in zip(lows, highs, strict=True) if low <= high]


def real(model: Model, clock: Clock, point: Point, side: Side, into: Point | None = None, lit: Lit = True) -> Point:
    """Return the real tick of a position; with ``into``, tie that one to it wherever ``lit`` holds.

    One literal for each stretch between breaks: exactly one of them holds, and in it real tick and position differ by
    a constant. The exactly-one form found better plans than order literals with a sum of breaks.
    """
    if clock.is_real and into is None:
        return point
    parts = segments(clock, point, side)
    if len(parts) == 1:
        moved = point.plus(parts[0][2])
        if into is None:
            return moved
        model.require(into.expr == moved.expr, lit)
        return into
    hint = None if point.hint is None else _to_real(clock, side)(point.hint)
    target = model.point_in(joined([(a + off, b + off) for a, b, off in parts]), hint) if into is None else into
    lits: list[Lit] = []
    for first, last, offset in parts:
        chosen = model.boolean(None if point.hint is None else first <= point.hint <= last)
        lits.append(chosen)
        model.within(point, [(first, last)], chosen)
        model.require(target.expr == point.expr + offset, chosen, lit)
    model.exactly_one(lits)
    return target


def lateness(model: Model, clock: Clock, end: Point, due: int, late: Point, lit: Lit = True) -> None:
    """Require ``late`` >= real end - ``due`` wherever ``lit`` holds, for a ``late`` that is being minimised, >= 0.

    Only the stretches after the due date need literals.
    """
    free = clock.last_end(due)
    if end.high <= free:
        return
    model.require(late.expr >= end.expr - free, lit)
    beyond = Point(end.expr, max(end.low, free + 1), end.high, end.hint)
    parts = [part for part in segments(clock, beyond, "end") if part[2] - due > -free]
    if not parts:
        return
    lits: list[Lit] = []
    if end.low < parts[0][0]:
        parts = [(end.low, parts[0][0] - 1, due - free), *parts]
    for first, last, offset in parts:
        chosen = model.boolean(None if end.hint is None else first <= end.hint <= last)
        lits.append(chosen)
        model.within(end, [(first, last)], chosen)
        if offset - due > -free:
            model.require(late.expr >= end.expr + (offset - due), chosen, lit)
    model.exactly_one(lits)


def room(low: int, high: int, work: int, zones: Iterable[Zone]) -> list[tuple[int, int]]:
    """Return the start positions within ``[low, high]`` at which ``work`` covers no zone, as closed spans."""
    return without(low, high, ((a - work + 1, b - 1) for a, b in zones))


def break_zones(clock: Clock, low: int, high: int) -> list[Zone]:
    """Return the breaks at positions within ``[low, high]`` as zones: for what must not pause."""
    return [(b.at, b.at) for b in clock.breaks(low, high)]


def real_zones(clock: Clock, spans: Sequence[tuple[int, int]]) -> list[Zone]:
    """Return real spans as zones of a clock, for spans that must not be covered even by a pause."""
    return [(clock.work_at(a), clock.work_at(b)) for a, b in spans]


def off_zones(clock: Clock, other: Clock, low: int, high: int) -> list[Zone]:
    """Return what ``clock`` works within the real ticks ``[low, high)`` while ``other`` does not, as zones."""
    zones = ((clock.work_at(a), clock.work_at(b)) for a, b in other.gaps(low, high))
    return [(a, b) for a, b in zones if a < b]


def _to_real(clock: Clock, side: Side) -> Callable[[int], int]:
    return clock.start_at if side == "start" else clock.end_at


def joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return closed, sorted spans with those that touch joined."""
    out: list[tuple[int, int]] = []
    for a, b in sorted(spans):
        if out and a <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(b, out[-1][1]))
        else:
            out.append((a, b))
    return out
