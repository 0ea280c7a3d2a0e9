"""Plans to explain: random plants placed one operation after another, and plans with some of it moved at random."""

from __future__ import annotations

import random
from functools import cache

from engine.explain.pushing import with_seats
from engine.explain.room import Room, Seat
from engine.explain.rulebook import Rulebook
from engine.explain.trial import Trial
from engine.instants import from_ms
from engine.model import Schedule
from engine.plan import PlanFacts
from tests.support.random_plants import small_plant, workshop


def planned(schedule: Schedule) -> Schedule:
    """Place every operation that has no place at the earliest end that the ones before it leave, where there is one."""
    facts = PlanFacts(schedule)
    rules, room = Rulebook(facts), Room(facts)
    found: dict[str, Seat] = {}
    for op in schedule.snapshot.events:
        if op.id in room.seats:
            continue
        tried = [Trial(room, rules, op, mode.resource_id).earliest(facts.horizon_start_ms) for mode in op.alternatives]
        seats = [seat for seat in tried if seat is not None]
        if seats:
            found[op.id] = min(seats, key=lambda seat: (seat.end_ms, str(seat.resource_id)))
            room.add(found[op.id])
    return with_seats(schedule, found)


@cache
def workshop_plan(operations: int = 60, seed: int = 1, rules: bool = True) -> Schedule:
    """Return a plan of a workshop."""
    return planned(workshop(operations, machines=6, seed=seed, tightness=0.1, rules=rules))


@cache
def mixed_plan(seed: int) -> Schedule:
    """Return a plan of a small plant with all rules, which may break some of them."""
    return planned(small_plant(seed, size=12)[0])


def shaken(schedule: Schedule, seed: int, share: float = 0.3) -> Schedule:
    """Return the plan with a share of its operations at other times, whatever that breaks."""
    draw = random.Random(seed)
    facts, seats = PlanFacts(schedule), dict[str, Seat]()
    for key, start_ms in facts.starts.items():
        if draw.random() < share:
            by_ms = draw.randrange(-600, 1200) * 60_000
            length_ms = facts.ends[key] - start_ms
            op = facts.operations[key]
            begin_ms = start_ms + by_ms
            seats[key] = Seat(key, op.resource_id, begin_ms, begin_ms + length_ms, begin_ms)
    return with_seats(schedule, seats)


def moved_to(schedule: Schedule, seat: Seat) -> Schedule:
    """Return the schedule with one operation in another seat."""
    return with_seats(schedule, {seat.event_id: seat})


def describe(at_ms: int) -> str:
    """Return an instant for messages."""
    return from_ms(at_ms).isoformat()
