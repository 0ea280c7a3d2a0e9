"""Why an operation does not stand at a slot, where it could go, and what would become of the plan there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice

from engine.check import Violation, check
from engine.errors import ErrorCode, TaktwerkError
from engine.explain.block import Block
from engine.explain.block_words import BlockWords
from engine.explain.pushing import LATE_RULES, Pushing, with_seats
from engine.explain.room import Room, Seat
from engine.explain.rulebook import Rulebook
from engine.explain.told import Told
from engine.explain.trial import Trial
from engine.metrics import Kpis, kpis
from engine.model import Operation, Schedule
from engine.pinning import Pin
from engine.plan import PlanFacts
from engine.wording import length, moment

_MOST_BLOCKS = 20
_UNMOVABLE = frozenset({Pin.STARTED, Pin.COMPLETED})


@dataclass(frozen=True, slots=True)
class Obstacle(Told):
    """A rule that the slot breaks, as in ``engine.explain.block.Block``, with its sentence.

    ``until_at_ms`` is the first start that could get past it; ``None``: none later does.
    """

    rule: str
    text: str
    event_ids: tuple[str, ...] = ()
    resource_id: str | None = None
    constraint_id: str | None = None
    until_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class OrderEffect(Told):
    """How much later (below 0: earlier) an order would end, and how late it is before and after (below 0: early)."""

    order_id: str
    name: str
    later_ms: int
    lateness_before_ms: int | None
    lateness_after_ms: int | None

    @property
    def is_newly_late(self) -> bool:
        """Whether it is in time now and would not be."""
        return (self.lateness_after_ms or 0) > 0 and (self.lateness_before_ms or 0) <= 0


@dataclass(frozen=True, slots=True)
class Consequence(Told):
    """The plan with the operation pinned at ``start_ms`` and everything in its way pushed later.

    ``moved`` are the others that move; ``orders`` those that end at another time, the most hurt first; ``broken`` the
    rules that the plan would break and does not break now. ``schedule`` is the plan itself.
    """

    start_ms: int
    end_ms: int
    moved: tuple[str, ...]
    before: Kpis
    after: Kpis
    orders: tuple[OrderEffect, ...]
    broken: tuple[str, ...]
    text: str
    schedule: Schedule

    def to_json(self) -> dict[str, object]:
        """Return plain JSON data, without the plan."""
        found = Told.to_json(self)
        del found["schedule"]
        return found


@dataclass(frozen=True, slots=True)
class SlotAnswer(Told):
    """What stands in the way of an operation at a slot.

    Attributes
    ----------
    asked_at_ms, resource_id
        The slot.
    is_free
        Whether it can go there as it is, with all others in their places.
    obstacles
        What stands in the way; of a slot outside working time also what does at the next working moment.
    earliest_at_ms
        The first start at or after the slot on this resource that breaks no rule with all others in their places.
    pushed_at_ms
        The first one if what is not pinned gave way; ``consequence`` is what the plan would become there.
    """

    event_id: str
    name: str
    asked_at_ms: int
    resource_id: str | None
    is_free: bool
    obstacles: tuple[Obstacle, ...]
    earliest_at_ms: int | None
    pushed_at_ms: int | None
    consequence: Consequence | None
    text: str


def why_not_here(
    facts: PlanFacts,
    event_id: str,
    resource_id: str | None,
    start_ms: int,
    rules: Rulebook | None = None,
    violations: tuple[Violation, ...] | None = None,
) -> SlotAnswer:
    """Return why an operation does not start at an instant on a resource, and what it would take.

    Parameters
    ----------
    facts
        The plan.
    event_id
        The operation, placed or not.
    resource_id
        The resource; ``None`` for an operation that has no primary one.
    start_ms
        The slot's start, UTC ms.
    rules
        The plan's rulebook, with the request's locks if there is one.
    violations
        ``check`` of the plan, if the caller has it.

    Raises
    ------
    TaktwerkError
        E012 when there is no such operation or resource.
    """
    op = facts.operations.get(event_id)
    if op is None:
        raise TaktwerkError(ErrorCode.NOT_FOUND, f"There is no operation {event_id!r}.", {"eventId": event_id})
    if resource_id is not None and resource_id not in facts.resources:
        raise TaktwerkError(ErrorCode.NOT_FOUND, f"There is no resource {resource_id!r}.", {"resourceId": resource_id})
    return _Slot(facts, op, resource_id, start_ms, rules or Rulebook(facts), violations).answer()


class _Slot:
    def __init__(
        self,
        facts: PlanFacts,
        op: Operation,
        resource_id: str | None,
        start_ms: int,
        rules: Rulebook,
        violations: tuple[Violation, ...] | None,
    ) -> None:
        self._facts, self._op, self._resource_id, self._start_ms = facts, op, resource_id, start_ms
        self._rules, self._violations = rules, violations
        self._words = BlockWords(facts)

    def answer(self) -> SlotAnswer:
        room = Room(self._facts)
        if self._op.id in room.seats:
            room.remove(self._op.id)
        trial = Trial(room, self._rules, self._op, self._resource_id)
        obstacles = self._obstacles(trial)
        pin = self._rules.pins.get(self._op.id)
        can_run = not any(o.rule == "mode" for o in obstacles) and pin not in _UNMOVABLE
        free = Trial(room, self._rules, self._op, self._resource_id, keep_pins=False)
        earliest = free.earliest(self._start_ms) if can_run else None
        consequence = self._consequence(free) if can_run else None
        asked = moment(self._start_ms, self._facts.zone)
        return SlotAnswer(
            event_id=self._op.id,
            name=self._facts.label(self._op.id),
            asked_at_ms=self._start_ms,
            resource_id=self._resource_id,
            is_free=not obstacles,
            obstacles=obstacles,
            earliest_at_ms=None if earliest is None else earliest.start_ms,
            pushed_at_ms=None if consequence is None else consequence.start_ms,
            consequence=consequence,
            text=self._sentence(asked, obstacles, earliest),
        )

    def _obstacles(self, trial: Trial) -> tuple[Obstacle, ...]:
        at_ms = self._start_ms
        found = [(at_ms, block) for block in islice(trial.blocks(at_ms), _MOST_BLOCKS)]
        if found and found[-1][1].rule == "calendar" and found[-1][1].until_ms is not None:
            later_ms = found[-1][1].until_ms
            known = {block.rule for _, block in found}
            more = islice(trial.blocks(later_ms), _MOST_BLOCKS)
            found += [(later_ms, block) for block in more if block.rule not in known]
        merged: dict[tuple[str, str | None, str | None], tuple[int, Block]] = {}
        for at_ms, block in found:
            key = (block.rule, block.resource_id, block.constraint_id)
            before = merged.get(key)
            ids = tuple(dict.fromkeys((*(before[1].event_ids if before else ()), *block.event_ids)))
            merged[key] = (before[0], replace(before[1], event_ids=ids)) if before else (at_ms, block)
        return tuple(self._obstacle(*one) for one in merged.values())

    def _obstacle(self, at_ms: int, block: Block) -> Obstacle:
        text = self._words.of(self._op, self._resource_id, at_ms, block)
        return Obstacle(block.rule, text, block.event_ids, block.resource_id, block.constraint_id, block.until_ms)

    def _consequence(self, free: Trial) -> Consequence | None:
        """Pin it at the first place at or after the slot that the pinned ones leave, and push the rest."""
        before = tuple(check(self._facts.schedule, facts=self._facts)) if self._violations is None else self._violations
        pushing = Pushing(self._facts, self._rules, {key for v in before for key in v.event_ids})
        room = pushing.room_of_pinned(self._op.id)
        trial = Trial(room, self._rules, self._op, self._resource_id, keep_pins=False, ignore=LATE_RULES)
        seat = trial.earliest(self._start_ms)
        if seat is None:
            return None
        seat = free.seat(seat.start_ms) or seat._replace(demands=self._spared(seat, trial, free))
        return self._told(seat, pushing.around(seat), before)

    def _spared(self, seat: Seat, trial: Trial, free: Trial) -> tuple[str | None, ...]:
        """Of the secondary resources that could serve, those that nobody would have to give up, where there are any."""
        found: list[str | None] = []
        for demand, key in zip(self._op.demands or (), seat.demands, strict=False):
            idle = (
                other
                for other in demand.candidates
                if other not in found
                and other not in seat.demands
                and free.demand_block(seat, other, demand.quantity) is None
                and trial.demand_block(seat, other, demand.quantity) is None
            )
            is_taken = key is not None and free.demand_block(seat, key, demand.quantity) is not None
            found.append(next(idle, key) if is_taken else key)
        return tuple(found)

    def _told(self, seat: Seat, seats: dict[str, Seat], known: tuple[Violation, ...]) -> Consequence:
        schedule = with_seats(self._facts.schedule, seats)
        after = PlanFacts(schedule, previous=self._facts)
        wrong = {(v.rule, v.event_ids, v.constraint_id) for v in known}
        fresh = [v for v in check(schedule, facts=after) if (v.rule, v.event_ids, v.constraint_id) not in wrong]
        moved = tuple(k for k, s in seats.items() if k != self._op.id and s.start_ms != self._facts.starts[k])
        orders = self._orders(after)
        old, new = kpis(self._facts.schedule, self._facts), kpis(schedule, after)
        text = self._effect(seat, len(moved), orders, len(fresh))
        broken = tuple(v.message for v in fresh)
        return Consequence(seat.start_ms, seat.end_ms, moved, old, new, orders, broken, text, schedule)

    def _orders(self, after: PlanFacts) -> tuple[OrderEffect, ...]:
        found: list[OrderEffect] = []
        for order_id, end_ms in after.order_ends.items():
            later_ms = end_ms - self._facts.order_ends.get(order_id, end_ms)
            if later_ms:
                order = self._facts.orders.get(order_id)
                lates = (f.order_lateness_ms.get(order_id) for f in (self._facts, after))
                name = order_id if order is None else order.name or order_id
                found.append(OrderEffect(order_id, name, later_ms, *lates))
        return tuple(sorted(found, key=lambda one: (-max(0, one.lateness_after_ms or 0), -one.later_ms, one.order_id)))

    def _effect(self, seat: Seat, moved: int, orders: tuple[OrderEffect, ...], broken: int) -> str:
        newly = sum(one.is_newly_late for one in orders)
        later = sum(one.later_ms > 0 and (one.lateness_before_ms or 0) > 0 for one in orders)
        parts = [f"{moved or 'no'} other {'operation moves' if moved == 1 else 'operations move'} later"]
        parts.append(f"{newly} {'order becomes' if newly == 1 else 'orders become'} late" if newly else "")
        parts.append(f"{later} late {'order gets' if later == 1 else 'orders get'} later" if later else "")
        parts.append(f"{broken} {'rule' if broken == 1 else 'rules'} would be broken" if broken else "")
        when = moment(seat.start_ms, self._facts.zone)
        return f"Pinned at {when}: {', '.join(part for part in parts if part)}."

    def _sentence(self, asked: str, obstacles: tuple[Obstacle, ...], earliest: Seat | None) -> str:
        name = self._facts.label(self._op.id)
        where = "" if self._resource_id is None else f" on {self._facts.resource_label(self._resource_id)}"
        if not obstacles:
            return f"{name} can start {asked}{where}: nothing stands in its way."
        if earliest is None:
            return f"{name} cannot start {asked}{where}, nor later there with all others in their places."
        if earliest.start_ms == self._start_ms:
            return f"{name} could start {asked}{where} if it were not fixed."
        after = length(earliest.start_ms - self._start_ms)
        first = moment(earliest.start_ms, self._facts.zone)
        return f"{name} cannot start {asked}{where}; the first free place there is {first}, {after} later."
