"""The order of operations that keep their order in a neighbourhood, as precedences.

On every resource, whoever ended before another one started in the base plan still does (a partial-order schedule, as
in Godard, Laborie and Nuijten 2005). Only immediate pairs are stated; the rest follows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.solve.cpsat.model import Point

if TYPE_CHECKING:
    from engine.solve.cpsat.capacity import Capacity, Use
    from engine.solve.cpsat.clock import Clock
    from engine.solve.cpsat.frame import Frame
    from engine.solve.cpsat.model import Model
    from engine.solve.cpsat.variables import OpVars


def keep_order(model: Model, frame: Frame, made: dict[int, OpVars], capacity: Capacity) -> None:
    """Require the order of the kept operations of a frame on each resource of limited capacity."""
    base = frame.base
    assert base is not None
    for resource, uses in capacity.uses.items():
        if frame.problem.resources[resource].infinite:
            continue
        clock = capacity.clock_of(resource)
        kept = [use for use in uses if use.made.op.index in frame.kept]
        spans = [(int(base.setup_start[u.made.op.index]), int(base.end[u.made.op.index])) for u in kept]
        for i, j in immediate(spans):
            one, other = kept[i], kept[j]
            if one.made is not other.made:
                model.before(_end(model, one, clock), _begin(model, other, clock), 0)


def immediate(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the pairs ``(i, j)`` where span i ends by the start of span j, and no other span lies between them."""
    by_end = sorted(range(len(spans)), key=lambda i: (spans[i][1], spans[i][0]))
    pairs: list[tuple[int, int]] = []
    ended: list[int] = []
    done, last_start = 0, None
    for j in sorted(range(len(spans)), key=lambda j: (spans[j][0], spans[j][1])):
        start = spans[j][0]
        while done < len(by_end) and spans[by_end[done]][1] <= start:
            i = by_end[done]
            done += 1
            if spans[i] == spans[j]:
                continue
            ended.append(i)
            last_start = spans[i][0] if last_start is None else max(last_start, spans[i][0])
        if last_start is not None:
            ended = [i for i in ended if spans[i][1] > last_start or spans[i][0] == last_start]
            pairs += [(i, j) for i in ended if i != j]
    return pairs


def _end(model: Model, use: Use, clock: Clock) -> Point:
    track = use.made.single
    return track.end if track is not None and track.clock is clock else use.made.real_end(model)


def _begin(model: Model, use: Use, clock: Clock) -> Point:
    track = use.made.single
    return track.held_from if track is not None and track.clock is clock else use.made.real_held_from(model)
