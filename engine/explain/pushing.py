"""What a plan becomes when one operation is put somewhere and the others give way.

Only what is in the way moves, only later, and only on its own resource: the operations are seated one after another,
predecessors first and else by their present start, each at its present place if that still holds and else at the next
place that does. What is pinned stays, and what precedes the operation. Due dates, deadlines and latest dates are not
respected but told: the price.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection

from engine.apply import with_events
from engine.explain.room import Room, Seat, seat_of
from engine.explain.rulebook import Rulebook
from engine.explain.trial import Trial
from engine.instants import from_ms
from engine.model import Operation, Schedule
from engine.plan import PlanFacts, chosen

LATE_RULES = frozenset({"deadline", "startnolaterthan", "finishnolaterthan", "muststarton", "mustfinishon", "max_lag"})
"""Rules that a push may break: they only say that something is too late."""


class Pushing:
    """Seats everything around one operation.

    Parameters
    ----------
    facts, rules
        The plan and its rulebook.
    at_odds
        Operations that break a rule already: they stay where they are unless something moved stands in their way.
    """

    def __init__(self, facts: PlanFacts, rules: Rulebook, at_odds: Collection[str] = ()) -> None:
        self._facts, self._rules = facts, rules
        self._at_odds = frozenset(at_odds)
        self._before: dict[str, set[str]] = {}

    def room_of_pinned(self, event_id: str) -> Room:
        """Return a room with the seats of all that gives no way to an operation: the pinned, and what precedes it."""
        return Room(self._facts, [key for key in self._facts.starts if self._stays(key, event_id)])

    def _stays(self, key: str, event_id: str) -> bool:
        if key == event_id:
            return False
        if event_id not in self._before:
            self._before[event_id] = self._ancestors(event_id)
        return key in self._rules.pins or key in self._before[event_id]

    def _ancestors(self, event_id: str) -> set[str]:
        found: set[str] = set()
        waiting = [event_id]
        while waiting:
            links = self._facts.predecessors.get(waiting.pop(), ())
            fresh = {link.from_event for link in links} - found
            found |= fresh
            waiting += fresh
        return found

    def around(self, seat: Seat) -> dict[str, Seat]:
        """Return the seats that change, the given one included."""
        room = self.room_of_pinned(seat.event_id)
        room.add(seat)
        changed = {seat.event_id: seat}
        left = seat_of(self._facts, seat.event_id).begin_ms if seat.event_id in self._facts.starts else seat.begin_ms
        for key in self._sequence(seat.event_id):
            old = seat_of(self._facts, key)
            if old.end_ms <= min(left, seat.begin_ms):  # over before anything changes
                room.add(old)
                continue
            new = self._seat(room, old, changed)
            room.add(new)
            if (new.start_ms, new.demands) != (old.start_ms, old.demands):
                changed[key] = new
        return changed

    def _seat(self, room: Room, old: Seat, changed: dict[str, Seat]) -> Seat:
        trial = self._trial(room, old, LATE_RULES)
        block = trial.first(old.start_ms)
        if block is None:
            return _kept(trial, old)
        if old.event_id in self._at_odds and not any(key in changed for key in block.event_ids):
            return old
        # A pinned successor that comes too early now is told of, rather than everything before it left overlapping.
        seat = trial.earliest(old.start_ms) or self._trial(room, old, LATE_RULES | {"successor"}).earliest(old.start_ms)
        return seat or old

    def _trial(self, room: Room, old: Seat, ignore: frozenset[str]) -> Trial:
        op = self._facts.operations[old.event_id]
        return Trial(room, self._rules, op, old.resource_id, keep_pins=False, ignore=ignore)

    def _sequence(self, event_id: str) -> list[str]:
        """The placed operations that may move, predecessors first, else by present start."""
        facts = self._facts
        keys = [key for key in facts.starts if key != event_id and not self._stays(key, event_id)]
        members = set(keys)
        waiting = {k: sum(d.from_event in members for d in facts.predecessors.get(k, ())) for k in keys}
        ready = [(facts.starts[k], facts.ends[k], k) for k in keys if not waiting[k]]
        heapq.heapify(ready)
        found: dict[str, None] = {}
        while ready:
            _, _, key = heapq.heappop(ready)
            found[key] = None
            for link in facts.successors.get(key, ()):
                other = link.to_event
                if other in waiting:
                    waiting[other] -= 1
                    if not waiting[other]:
                        heapq.heappush(ready, (facts.starts[other], facts.ends[other], other))
        rest = sorted((key for key in keys if key not in found), key=lambda key: facts.starts[key])
        return [*found, *rest]


def with_seats(schedule: Schedule, seats: dict[str, Seat]) -> Schedule:
    """Return the schedule with other seats, chosen secondary resources included."""
    return with_events(schedule, tuple(_seated(op, seats.get(op.id)) for op in schedule.snapshot.events))


def _seated(op: Operation, seat: Seat | None) -> Operation:
    if seat is None:
        return op
    update: dict[str, object] = {
        "resource_id": seat.resource_id,
        "start_date": from_ms(seat.start_ms),
        "end_date": from_ms(seat.end_ms),
    }
    if op.demands and len(seat.demands) == len(op.demands):
        update["demands"] = tuple(
            demand if key is None or chosen(demand) == key else demand.model_copy(update={"resource_id": key})
            for demand, key in zip(op.demands, seat.demands, strict=True)
        )
    return op.model_copy(update=update)


def _kept(trial: Trial, seat: Seat) -> Seat:
    """The seat of an operation that stays: its setup and its secondary resources may be others now."""
    found = trial.seat(seat.start_ms)
    return seat if found is None else seat._replace(begin_ms=found.begin_ms, demands=found.demands)
