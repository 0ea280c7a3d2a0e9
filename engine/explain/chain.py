"""The chain of operations that leads to an end, walked backwards, with a cause for every moment of it.

From the chain's end the walk goes back over the operation, then over what lay between its predecessor and it, then over
that predecessor, and so on. Every step covers the time from its own beginning to where the one before it began, so that
the parts are disjoint and together cover ``[origin, end)`` without a gap.

An operation's predecessor in the chain is the one, by dependency, that let it begin last. Between the two, in this
order of precedence, every moment counts as

1. *lag*, from the predecessor's point to that point plus the lag;
2. *setup* and the breaks in it, from where the setup begins (the part of it after the predecessor);
3. *release* or *date* while a date keeps the operation back;
4. *break* or *maintenance* while its resource does not work, or too short before its next break;
5. *capacity* while other operations hold the resource, or leave a gap too short for this one;
6. *secondary* (or its break) while that holds of a secondary resource;
7. *rule* while another rule keeps it away;
8. *pinned*, or *slack* if nothing pins it, once it could have begun with all others in their places.

Within an operation, time is *processing*, *break* or *maintenance*.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from engine.explain.block import Block
from engine.explain.breaks import Breaks
from engine.explain.part import Kind, Link, Part
from engine.explain.part_words import PartWords
from engine.explain.relations import FROM_END, TO_END
from engine.explain.room import Room
from engine.explain.rulebook import Rulebook
from engine.explain.trial import Trial
from engine.instants import to_ms
from engine.model import Dependency, Operation
from engine.plan import PlanFacts

_KINDS = {
    "calendar": Kind.BREAK,
    "horizon": Kind.RELEASE,
    "release": Kind.RELEASE,
    "capacity": Kind.CAPACITY,
    "setup": Kind.CAPACITY,
    "demand": Kind.SECONDARY,
    "demand_calendar": Kind.SECONDARY_BREAK,
    "startnoearlierthan": Kind.DATE,
    "finishnoearlierthan": Kind.DATE,
    "muststarton": Kind.DATE,
    "mustfinishon": Kind.DATE,
}
_ON_BEGIN = frozenset({"capacity", "demand", "demand_calendar", "blocked"})


class Chains:
    """Walks the chains of one plan.

    Parameters
    ----------
    facts
        The plan.
    rules
        Its rulebook.
    """

    def __init__(self, facts: PlanFacts, rules: Rulebook | None = None) -> None:
        self._facts = facts
        self._rules = rules or Rulebook(facts)
        self._room = Room(facts)
        self._breaks = Breaks(facts)
        self._words = PartWords(facts, self._rules)

    def walk(self, event_id: str, floor_ms: int) -> tuple[list[Link], int]:
        """Return the chain that ends with an operation, first link first, and its origin: where its time begins.

        Parameters
        ----------
        event_id
            A placed operation.
        floor_ms
            Nothing before this instant is looked at.
        """
        links: list[Link] = []
        seen: set[str] = set()
        at_ms, through_end = self._facts.ends[event_id], True
        while True:
            seen.add(event_id)
            op = self._facts.operations[event_id]
            driver = self._driver(op, seen)
            parts: list[Part] = []
            low_ms = self._low(op, driver, floor_ms, at_ms)
            if through_end:
                parts += self._within(op, max(low_ms, self._facts.starts[event_id]), at_ms)
                at_ms = min(at_ms, max(low_ms, self._facts.starts[event_id]))
            parts += self._before(op, low_ms, at_ms)
            at_ms = min(at_ms, low_ms)
            if driver is not None and at_ms > floor_ms:
                point_ms = max(floor_ms, min(at_ms, self._point(driver)))
                parts += self._lag(op, driver, point_ms, at_ms)
                at_ms = point_ms
            links.append(self._link(op, parts))
            if driver is None or at_ms <= floor_ms:
                return links[::-1], at_ms
            event_id, through_end = driver.from_event, driver.type in FROM_END

    # the way back

    def _driver(self, op: Operation, seen: set[str]) -> Dependency | None:
        """The dependency that lets the operation begin last; of equals the one within the order."""
        found: list[tuple[int, bool, int, int]] = []
        links = self._facts.predecessors.get(op.id, ())
        for i, link in enumerate(links):
            if link.from_event in self._facts.starts and link.from_event not in seen:
                own = self._facts.operations[link.from_event].order_id == op.order_id
                found.append((self._bound(op, link), own, self._facts.ends[link.from_event], -i))
        return links[-max(found)[3]] if found else None

    def _bound(self, op: Operation, link: Dependency) -> int:
        """The start before which a dependency does not let the operation begin."""
        bound_ms = self._point(link) + link.lag_ms
        if link.type not in TO_END:
            return bound_ms
        back = self._facts.working_time(op.resource_id).back(bound_ms, self._facts.work_ms(op))
        return bound_ms if back is None else back

    def _point(self, link: Dependency) -> int:
        return (self._facts.ends if link.type in FROM_END else self._facts.starts)[link.from_event]

    def _low(self, op: Operation, driver: Dependency | None, floor_ms: int, at_ms: int) -> int:
        """Where the operation's own part of the chain begins."""
        if driver is not None:
            bound_ms = self._point(driver) + driver.lag_ms
            if driver.type not in TO_END:
                bound_ms = min(bound_ms, self._facts.starts[op.id])  # it begins too early: its own time is its own
            return max(floor_ms, min(at_ms, bound_ms))
        order = self._rules.order_of(op)
        release = None if order is None or order.release_date is None else to_ms(order.release_date)
        origin_ms = floor_ms if release is None else max(floor_ms, release)
        return min(origin_ms, at_ms, max(floor_ms, self._facts.starts[op.id]))

    def _link(self, op: Operation, parts: list[Part]) -> Link:
        found: list[Part] = []
        for part in sorted(parts, key=lambda p: p.start_ms):
            last = found[-1] if found else None
            if last is not None and last.end_ms == part.start_ms and _same(last, part):
                found[-1] = replace(last, end_ms=part.end_ms, amount_ms=last.amount_ms + part.amount_ms)
            else:
                found.append(part)
        told = tuple(replace(part, text=self._words.of(part)) for part in found)
        span = (self._facts.starts[op.id], self._facts.ends[op.id])
        return Link(op.id, self._facts.label(op.id), *span, told, op.resource_id, op.order_id)

    # causes

    def _part(
        self,
        kind: Kind,
        op: Operation,
        start_ms: int,
        end_ms: int,
        resource_id: str | None = None,
        event_ids: tuple[str, ...] = (),
        rule_id: str | None = None,
    ) -> Part:
        orders = (self._facts.operations[key].order_id for key in event_ids)
        order_ids = tuple(dict.fromkeys(key for key in orders if key is not None))
        amount_ms = end_ms - start_ms
        return Part(kind, start_ms, end_ms, op.id, amount_ms, 0, resource_id, event_ids, order_ids, rule_id)

    def _worked(self, op: Operation, kind: Kind, start_ms: int, end_ms: int, ids: tuple[str, ...] = ()) -> list[Part]:
        """The stretches of a span: of the given kind where the operation's resource works, else its breaks."""
        found: list[Part] = []
        for one in self._breaks.stretches(op.resource_id, start_ms, end_ms):
            if one.is_worked:
                found.append(self._part(kind, op, one.start_ms, one.end_ms, op.resource_id, ids))
            else:
                what = Kind.BREAK if one.outage is None else Kind.MAINTENANCE
                rule_id = None if one.outage is None else one.outage.id
                found.append(self._part(what, op, one.start_ms, one.end_ms, op.resource_id, (), rule_id))
        return found

    def _within(self, op: Operation, start_ms: int, end_ms: int) -> list[Part]:
        return self._worked(op, Kind.PROCESSING, start_ms, end_ms)

    def _lag(self, op: Operation, link: Dependency, start_ms: int, end_ms: int) -> list[Part]:
        if start_ms >= end_ms:
            return []
        return [self._part(Kind.LAG, op, start_ms, end_ms, None, (link.from_event,), link.id)]

    def _before(self, op: Operation, low_ms: int, start_ms: int) -> Iterator[Part]:
        """The time between what let the operation begin and its start."""
        if low_ms >= start_ms:
            return
        seat = self._room.remove(op.id)
        trial = Trial(self._room, self._rules, op, op.resource_id, keep_pins=False)
        begin_ms = self._facts.setup_start_ms(op.id)
        try:
            if begin_ms < start_ms and trial.first(low_ms) is None:
                yield self._free(op, low_ms, start_ms)  # its setup could have been done while its predecessor ran
                return
            until_ms = max(low_ms, min(begin_ms, start_ms))
            yield from self._waits(op, trial, low_ms, until_ms)
            setup = self._facts.setups.get(op.id)
            after = (setup.previous_id,) if setup is not None and setup.previous_id is not None else ()
            yield from self._worked(op, Kind.SETUP, until_ms, start_ms, after)
        finally:
            self._room.add(seat)

    def _waits(self, op: Operation, trial: Trial, low_ms: int, end_ms: int) -> Iterator[Part]:
        at_ms = low_ms
        for limit_ms, kind, rule_id in self._dates(op):
            if at_ms < limit_ms and at_ms < end_ms:
                yield self._part(kind, op, at_ms, min(limit_ms, end_ms), None, (), rule_id)
                at_ms = min(limit_ms, end_ms)
        while at_ms < end_ms:
            worked = trial.time.next_working(at_ms) if trial.need_ms else at_ms
            if worked != at_ms:
                stop_ms = end_ms if worked is None else min(worked, end_ms)
                yield from self._worked(op, Kind.BREAK, at_ms, stop_ms)
                at_ms = stop_ms
                continue
            start_ms = trial.start_after(at_ms)
            block = None if start_ms is None else trial.first(start_ms)
            if block is None:
                yield self._free(op, at_ms, end_ms)
                return
            stop_ms = min(end_ms, _past(block, at_ms) or end_ms)
            yield from self._blocked(op, block, at_ms, stop_ms)
            at_ms = stop_ms

    def _dates(self, op: Operation) -> list[tuple[int, Kind, str | None]]:
        """The dates before which the operation must not begin, the earliest first."""
        found: list[tuple[int, Kind, str | None]] = []
        release_ms = self._rules.release_ms(op)
        if release_ms is not None:
            found.append((release_ms, Kind.RELEASE, None))
        for rule in self._rules.dates.get(op.id, ()):
            if rule.type in ("startnoearlierthan", "muststarton"):
                found.append((to_ms(rule.date), Kind.DATE, rule.id))
        return sorted(found, key=lambda item: item[0])

    def _blocked(self, op: Operation, block: Block, start_ms: int, end_ms: int) -> Iterator[Part]:
        kind = _KINDS.get(block.rule, Kind.RULE)
        resource_id = block.resource_id or op.resource_id
        for part in self._worked(op, kind, start_ms, end_ms):
            if part.kind is not kind or kind is Kind.BREAK:
                yield part
            else:
                span = (part.start_ms, part.end_ms)
                yield self._part(kind, op, *span, resource_id, block.event_ids, block.constraint_id)

    def _free(self, op: Operation, start_ms: int, end_ms: int) -> Part:
        kind = Kind.PINNED if op.id in self._rules.pins else Kind.SLACK
        return self._part(kind, op, start_ms, end_ms, op.resource_id)


def _past(block: Block, at_ms: int) -> int | None:
    """When a block that an operation's beginning met is over."""
    limit_ms = block.limit_ms if block.rule in _ON_BEGIN else block.until_ms
    if limit_ms is None or limit_ms <= at_ms:
        limit_ms = block.until_ms
    return None if limit_ms is None else max(limit_ms, at_ms + 1)


def _same(one: Part, other: Part) -> bool:
    return (one.kind, one.event_id, one.resource_id, one.event_ids, one.rule_id) == (
        other.kind,
        other.event_id,
        other.resource_id,
        other.event_ids,
        other.rule_id,
    )
