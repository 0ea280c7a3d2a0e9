"""The rules between an operation and others, dates included, asked of a seat that it might take."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.explain.block import Block
from engine.explain.room import Room, Seat
from engine.explain.rulebook import Rulebook
from engine.instants import to_ms
from engine.model import Dependency, DependencyType, Operation, Status
from engine.plan import is_history

FROM_END = frozenset({DependencyType.FINISH_TO_START, DependencyType.FINISH_TO_FINISH})
TO_END = frozenset({DependencyType.START_TO_FINISH, DependencyType.FINISH_TO_FINISH})


class Relations:
    """What dependencies, deadlines, date and set constraints say about one operation's seat.

    Parameters
    ----------
    room
        The others' seats; predecessors that have none there count with their place in the plan.
    rules
        The rulebook of the same plan.
    op
        The operation.
    from_end
        The earliest start from which it ends at an instant or later.
    """

    def __init__(self, room: Room, rules: Rulebook, op: Operation, from_end: Callable[[int], int | None]) -> None:
        self._room, self._rules, self._op, self._from_end = room, rules, op, from_end
        self._facts = room.facts
        self._deadline_ms = rules.deadline_ms(op)

    def blocks(self, seat: Seat) -> Iterator[Block]:
        """Yield what a seat breaks."""
        yield from self._on_dependencies(seat)
        yield from self._on_dates(seat)
        yield from self._on_sets(seat)

    def _on_dependencies(self, seat: Seat) -> Iterator[Block]:
        for link in self._facts.predecessors.get(self._op.id, ()):
            point_ms = self._point(link.from_event, link.type in FROM_END)
            if point_ms is not None:
                yield from self._after(seat, link, point_ms)
        for link in self._facts.successors.get(self._op.id, ()):
            other = self._room.seats.get(link.to_event)
            if other is not None:
                yield from self._before(seat, link, other)

    def _point(self, event_id: str, is_end: bool) -> int | None:
        seat = self._room.seats.get(event_id)
        if seat is not None:
            return seat.end_ms if is_end else seat.start_ms
        return (self._facts.ends if is_end else self._facts.starts).get(event_id)

    def _after(self, seat: Seat, link: Dependency, point_ms: int) -> Iterator[Block]:
        """The operation comes so long after its predecessor, and not longer than the greatest lag."""
        is_end = link.type in TO_END
        at_ms, bound_ms = seat.end_ms if is_end else seat.start_ms, point_ms + link.lag_ms
        if at_ms < bound_ms:
            until = self._from_end(bound_ms) if is_end else bound_ms
            yield Block("predecessor", (link.from_event,), None, link.id, bound_ms, until)
        if link.max_lag_ms is not None and at_ms > point_ms + link.max_lag_ms:
            yield Block("max_lag", (link.from_event,), None, link.id, point_ms + link.max_lag_ms)

    def _before(self, seat: Seat, link: Dependency, other: Seat) -> Iterator[Block]:
        """What follows the operation stays where it is: it must come early enough, and not too early."""
        history = self._facts.operations[link.to_event]
        if is_history(history) and (history.status is Status.COMPLETED or link.type not in TO_END):
            return
        from_end = link.type in FROM_END
        at_ms = seat.end_ms if from_end else seat.start_ms
        other_ms = other.end_ms if link.type in TO_END else other.start_ms
        if at_ms + link.lag_ms > other_ms:
            yield Block("successor", (link.to_event,), None, link.id, other_ms - link.lag_ms)
        if link.max_lag_ms is not None and at_ms < (earliest := other_ms - link.max_lag_ms):
            until = self._from_end(earliest) if from_end else earliest
            yield Block("max_lag", (link.to_event,), None, link.id, earliest, until)

    def _on_dates(self, seat: Seat) -> Iterator[Block]:
        if self._deadline_ms is not None and seat.end_ms > self._deadline_ms:
            yield Block("deadline", limit_ms=self._deadline_ms)
        for rule in self._rules.dates.get(self._op.id, ()):
            limit_ms, on_start = to_ms(rule.date), "start" in rule.type
            at_ms = seat.start_ms if on_start else seat.end_ms
            if at_ms < limit_ms and not rule.type.endswith("nolaterthan"):
                until = limit_ms if on_start else self._from_end(limit_ms)
                yield Block(rule.type, (), None, rule.id, limit_ms, until)
            if at_ms > limit_ms and not rule.type.endswith("noearlierthan"):
                yield Block(rule.type, (), None, rule.id, limit_ms)

    def _on_sets(self, seat: Seat) -> Iterator[Block]:
        for rule in self._rules.sets.get(self._op.id, ()):
            others = [self._room.seats[key] for key in rule.event_ids if key != self._op.id and key in self._room.seats]
            if rule.type == "nooverlap":
                clash = [o for o in others if o.start_ms < seat.end_ms and seat.start_ms < o.end_ms]
                if clash and seat.start_ms < seat.end_ms:
                    ids = tuple(o.event_id for o in clash)
                    until_ms = min(o.end_ms for o in clash)
                    yield Block(rule.type, ids, None, rule.id, until_ms, until_ms)
                continue
            same = rule.type == "sameresource"
            wrong = [o for o in others if o.resource_id is not None and (o.resource_id == seat.resource_id) != same]
            if wrong and seat.resource_id is not None:
                ids = tuple(o.event_id for o in wrong)
                yield Block(rule.type, ids, wrong[0].resource_id, rule.id)
