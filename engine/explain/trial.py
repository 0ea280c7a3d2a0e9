"""Trying one operation at a place: which rules stand in the way, and where it could go instead.

The rules are those of ``engine.check``; here they are asked of a place that is not taken yet, with the others where
they are. An operation is tried in a ``Room`` in which it has no seat.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from engine.check.load import Use
from engine.explain.block import Block
from engine.explain.relations import Relations
from engine.explain.room import Room, Seat
from engine.explain.rulebook import Rulebook
from engine.instants import to_ms
from engine.model import Operation
from engine.plan import mode_on
from engine.working_time import WorkingTime

_MINUTE_MS = 60_000
_MOST_STEPS = 5_000


class Trial:
    """One operation on one of its resources (``None``: it has no primary one), tried at different starts.

    Parameters
    ----------
    room
        The others' seats; predecessors that have none there count with their place in the plan.
    rules
        The rulebook of the same plan.
    op
        The operation, not seated in the room.
    resource_id
        Where to try it.
    keep_pins
        Whether its own lock, status or freeze is a rule.
    ignore
        Names of rules that are not asked.
    """

    def __init__(
        self,
        room: Room,
        rules: Rulebook,
        op: Operation,
        resource_id: str | None,
        *,
        keep_pins: bool = True,
        ignore: frozenset[str] = frozenset(),
    ) -> None:
        self.room, self.rules, self.op, self.resource_id = room, rules, op, resource_id
        self._facts = room.facts
        self.time = self._facts.working_time(resource_id)
        self.need_ms = self._facts.need_ms(op, resource_id)
        self._keep_pins, self._ignore = keep_pins, ignore
        self._release_ms = rules.release_ms(op)
        self._relations = Relations(room, rules, op, FromEnd(self.time, op, self.need_ms))
        self._setup_ms = 0
        self._demands: tuple[str | None, ...] = ()

    def blocks(self, start_ms: int) -> Iterator[Block]:
        """Yield the rules that a start breaks; what depends on a span is asked only where there is one."""
        found = self._all_blocks(start_ms)
        return (block for block in found if block.rule not in self._ignore) if self._ignore else found

    def _all_blocks(self, start_ms: int) -> Iterator[Block]:
        yield from self._on_the_operation()
        yield from self._on_the_start(start_ms)
        seat = self._span(start_ms)
        if isinstance(seat, Block):
            yield seat
            return
        self._demands = ()
        yield from self._on_setups(seat)
        yield from self._on_capacity(seat)
        yield from self._on_demands(seat)
        yield from self._relations.blocks(seat)

    def first(self, start_ms: int) -> Block | None:
        """Return a rule that a start breaks, ``None`` when it breaks none."""
        return next(self.blocks(start_ms), None)

    def start_after(self, begin_ms: int) -> int | None:
        """Return the first start that leaves room for its setup after an instant; ``None`` when none does."""
        before = None if self.resource_id is None else self.room.before(self.resource_id, begin_ms)
        change = self.room.changeover(before, self.op, self.resource_id)
        return self.time.add(begin_ms, change.duration_ms)

    def seat(self, start_ms: int) -> Seat | None:
        """Return the seat at a start that breaks no rule, with secondary resources chosen."""
        if self.first(start_ms) is not None:
            return None
        seat = self._span(start_ms)
        assert isinstance(seat, Seat)
        return seat._replace(demands=self._demands)

    def earliest(self, from_ms: int) -> Seat | None:
        """Return the seat with the earliest start at or after an instant, ``None`` when there is none."""
        at_ms = from_ms
        for _ in range(_MOST_STEPS):
            block = self.first(at_ms)
            if block is None:
                return self.seat(at_ms)
            if block.until_ms is None:
                return None
            at_ms = max(block.until_ms, at_ms + 1)
        return None

    # what a start makes of it

    def _span(self, start_ms: int) -> Seat | Block:
        """The seat from a start, or why there is none: not in working time, or no time for the setup."""
        key, end_ms = self.op.id, start_ms
        if self.need_ms:
            first = self.time.next_working(start_ms) if self.op.interruptible else self.time.fit(start_ms, self.need_ms)
            end = None if first is None else self.time.add(first, self.need_ms)
            if first != start_ms or end is None:
                return Block("calendar", (), self.resource_id, None, first, first)
            end_ms = end
        before = None
        if self.resource_id is not None and end_ms > start_ms:
            before = self.room.before(self.resource_id, start_ms)
            change = self.room.changeover(before, self.op, self.resource_id)
        else:
            change = self.room.changeover(None, self.op, None)
        ids = () if before is None else (before,)
        if change.forbidden:
            following = None if self.resource_id is None else self.room.after(self.resource_id, start_ms)
            until = None if following is None else self.room.seats[following].end_ms
            return Block("forbidden_sequence", ids, self.resource_id, None, None, until)
        begin_ms = self.time.back(start_ms, change.duration_ms)
        if begin_ms is None:
            return Block("setup", ids, self.resource_id, None, None, self.time.add(start_ms, change.duration_ms))
        self._setup_ms = change.duration_ms
        return Seat(key, self.resource_id, start_ms, end_ms, begin_ms)

    def _from_begin(self, begin_ms: int | None) -> int | None:
        """The first start whose setup begins at an instant or later."""
        return None if begin_ms is None else self.time.add(begin_ms, self._setup_ms)

    # the rules

    def _on_the_operation(self) -> Iterator[Block]:
        op = self.op
        if self.resource_id != op.resource_id or op.modes:
            mode = None if self.resource_id is None else mode_on(op, self.resource_id)
            if mode is None and (op.alternatives or self.resource_id is not None):
                yield Block("mode", (), self.resource_id)
        pin = self.rules.pins.get(op.id)
        if pin is not None and self._keep_pins:
            yield Block(pin.value, (op.id,))

    def _on_the_start(self, start_ms: int) -> Iterator[Block]:
        now_ms = self.rules.now_ms
        if now_ms is not None and start_ms < now_ms:
            yield Block("horizon", limit_ms=now_ms, until_ms=now_ms)
        if self._release_ms is not None and start_ms < self._release_ms:
            yield Block("release", limit_ms=self._release_ms, until_ms=self._release_ms)

    def _on_setups(self, seat: Seat) -> Iterator[Block]:
        """The setup may not begin too early, and what follows on the resource still needs room for its own."""
        for rule, limit_ms in (("horizon", self.rules.now_ms), ("release", self._release_ms)):
            if limit_ms is not None and seat.begin_ms < limit_ms <= seat.start_ms:
                yield Block(rule, (), seat.resource_id, None, limit_ms, self._from_begin(limit_ms))
        if seat.resource_id is None or self.op.setup_family is None or seat.start_ms >= seat.end_ms:
            return
        following = self.room.after(seat.resource_id, seat.start_ms)
        yield from self._on_the_place_left(seat, following)
        if following is None:
            return
        after = self.room.seats[following]
        change = self.room.changeover(self.op.id, self._facts.operations[following], seat.resource_id)
        past_ms = self._from_begin(after.end_ms)
        if change.forbidden:
            yield Block("forbidden_sequence", (following,), seat.resource_id, None, None, past_ms)
        begin_ms = self.time.back(after.start_ms, change.duration_ms)
        if begin_ms is None or begin_ms < seat.end_ms:
            yield Block("capacity", (following,), seat.resource_id, None, None, past_ms)
        elif begin_ms < after.begin_ms:
            yield from self._on_longer_setup(after._replace(end_ms=after.begin_ms, begin_ms=begin_ms), past_ms)

    def _on_longer_setup(self, more: Seat, past_ms: int | None) -> Iterator[Block]:
        """The secondary resources of what follows must bear its longer setup too; ``more`` is the span it gains."""
        after = self._facts.operations[more.event_id]
        for demand, key in zip(after.demands or (), more.demands, strict=False):
            if key is None:
                continue
            use = Use(more.begin_ms, more.end_ms, more.event_id, demand.quantity, own=False)
            served = self._facts.common_time(self.time, self._facts.working_time(key))
            idle = self.time.between(*use[:2]) > served.between(*use[:2])
            if idle or self.room.hold(key, use) is not None:
                yield Block("capacity", (more.event_id,), more.resource_id, None, None, past_ms)

    def _on_the_place_left(self, seat: Seat, following: str | None) -> Iterator[Block]:
        """What followed the operation at its present place still needs room for a setup, now another one."""
        left_ms, resource_id = self._facts.starts.get(self.op.id), self.op.resource_id
        heir = None if left_ms is None or resource_id is None else self.room.after(resource_id, left_ms)
        if heir is None or (heir == following and seat.resource_id == resource_id):
            return
        before = self.room.before(str(resource_id), self.room.seats[heir].start_ms)
        change = self.room.changeover(before, self._facts.operations[heir], resource_id)
        begin_ms = self.room.begin_of(heir, before)
        if change.forbidden or begin_ms is None or (before and begin_ms < self.room.seats[before].end_ms):
            yield Block("forbidden_sequence" if change.forbidden else "setup", (heir,), resource_id)

    def _on_capacity(self, seat: Seat) -> Iterator[Block]:
        if seat.resource_id is None:
            return
        hold = self.room.hold(seat.resource_id, Use(seat.begin_ms, seat.end_ms, self.op.id))
        if hold is not None:
            free_ms = hold.free_at_ms
            yield Block("capacity", hold.event_ids, seat.resource_id, None, free_ms, self._from_begin(free_ms))
        yield from self._on_blocked(seat, seat.resource_id)

    def _on_blocked(self, seat: Seat, resource_id: str) -> Iterator[Block]:
        for span in self.rules.blocked.get(resource_id, ()):
            until_ms = to_ms(span.end)
            if seat.begin_ms < until_ms and to_ms(span.start) < seat.end_ms:
                yield Block("blocked", (), resource_id, None, until_ms, self._from_begin(until_ms))

    def _on_demands(self, seat: Seat) -> Iterator[Block]:
        """Each demand needs one of its candidates, working and free for the whole span."""
        if not self.op.demands or seat.start_ms >= seat.end_ms:
            return
        taken: list[str | None] = []
        for demand in self.op.demands:
            if not demand.quantity or not demand.is_held_on(seat.resource_id):
                taken.append(None)
                continue
            present = [] if demand.resource_id is None else [demand.resource_id]
            found: list[Block] = []
            for key in dict.fromkeys((*present, *demand.candidates)):
                quantity = demand.quantity + sum(
                    d.quantity for d, k in zip(self.op.demands, taken, strict=False) if k == key
                )
                block = self.demand_block(seat, key, quantity + (key == seat.resource_id))
                if block is None:
                    taken.append(key)
                    break
                found.append(block)
            else:
                yield _together(found)
                taken.append(None)
        self._demands = tuple(taken)

    def demand_block(self, seat: Seat, resource_id: str, quantity: int) -> Block | None:
        """Return what keeps a secondary resource from serving a span, if anything does."""
        resource = self._facts.resources[resource_id]
        if resource.nonrenewable:
            short = self.room.drawn.get(resource_id, 0) + quantity > resource.capacity
            return Block("stock", (), resource_id) if short else None
        other = self._facts.working_time(resource_id)
        if not other.is_always and other is not self.time:
            common = self._facts.common_time(self.time, other)
            if self.time.between(seat.begin_ms, seat.end_ms) > common.between(seat.begin_ms, seat.end_ms):
                until_ms = self._end_of_clash(seat, resource_id)
                return Block("demand_calendar", (), resource_id, None, until_ms, self._from_begin(until_ms))
        hold = self.room.hold(resource_id, Use(seat.begin_ms, seat.end_ms, self.op.id, quantity, own=False))
        if hold is not None:
            free_ms = hold.free_at_ms
            return Block("demand", hold.event_ids, resource_id, None, free_ms, self._from_begin(free_ms))
        return next(self._on_blocked(seat, resource_id), None)

    def _end_of_clash(self, seat: Seat, resource_id: str) -> int:
        """When the first span ends that the primary works and the secondary does not."""
        own = self.time.intervals_in(seat.begin_ms, seat.end_ms)
        served = self._facts.working_time(resource_id)
        for start_ms, end_ms in own:
            at_ms = start_ms
            for a, b in served.intervals_in(start_ms, end_ms):
                if a > at_ms:
                    return a
                at_ms = b
            if at_ms < end_ms:
                after = served.next_working(at_ms)
                return end_ms if after is None else max(after, at_ms + 1)
        return seat.end_ms


class FromEnd:
    """Tells the start of an operation that must not end too early. It knows no trial: trials make no circles."""

    def __init__(self, time: WorkingTime, op: Operation, need_ms: int) -> None:
        self._time, self._op, self._need_ms = time, op, need_ms

    def __call__(self, end_ms: int) -> int | None:
        """Return the earliest start, to a minute, from which the operation ends at an instant or later."""
        if not self._need_ms:
            return end_ms
        if not self._op.interruptible:
            return self._time.fit(end_ms - self._need_ms, self._need_ms)
        begin_ms = self._time.back(end_ms, self._need_ms)
        if begin_ms is not None and self._time.add(begin_ms, self._need_ms) == end_ms:
            return begin_ms
        worked = self._time.next_working(end_ms)
        return None if worked is None else self._time.back(worked + _MINUTE_MS, self._need_ms)


def _together(blocks: list[Block]) -> Block:
    """What keeps every candidate of a demand away: the first that could give way decides until when."""
    if not blocks:
        return Block("demand")
    known = [b for b in blocks if b.until_ms is not None]
    soonest = min(known, key=lambda b: b.until_ms or 0, default=blocks[0])
    ids = tuple(dict.fromkeys(key for b in blocks for key in b.event_ids))
    return replace(soonest, event_ids=ids) if len(blocks) > 1 else soonest
