"""Which operations are worth moving first, when only so many may: three ways to rank them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from engine.instants import to_ms
from engine.metrics import changed_ids
from engine.model import Operation, Schedule, Status
from engine.plan import PlanFacts


def may_move(op: Operation, schedule: Schedule) -> bool:
    """Whether the optimiser may place an operation differently at all."""
    freeze = schedule.metadata.freeze_until
    is_frozen = freeze is not None and op.start_date is not None and op.start_date < freeze
    return not (op.locked or is_frozen or op.status in (Status.STARTED, Status.COMPLETED))


def by_lateness(schedule: Schedule) -> list[str]:
    """Return operations, those that hold the latest orders up first; where nothing is late, what ends last.

    From the end of an order backwards: what an operation waited for, its predecessor or what stood before it on its
    resource, whichever ended last. Then the next order.
    """
    facts = PlanFacts(schedule)
    lateness = {**facts.event_lateness_ms, **facts.order_lateness_ms}
    ends = {**{op.id: facts.ends[op.id] for op in schedule.snapshot.events if op.id in facts.ends}, **facts.order_ends}
    wanted = sorted(ends, key=lambda key: (-max(0, lateness.get(key, 0)), -ends[key], key))
    previous = _before_on_resource(facts)
    found: dict[str, None] = {}
    for key in wanted:
        members = facts.order_operations.get(key) or ((key,) if key in facts.operations else ())
        last = max((one for one in members if one in facts.ends), key=lambda one: facts.ends[one], default=None)
        if last is not None:
            found.update(dict.fromkeys(_chain(last, facts, previous)))
    return [key for key in found if may_move(facts.operations[key], schedule)]


def as_in(schedule: Schedule, better: Schedule) -> list[str]:
    """Return the operations that another plan places differently, whole orders together, those it helps most first.

    With every operation comes what would stand in its new place.
    """
    facts, there = PlanFacts(schedule), PlanFacts(better)
    moved = [key for key in changed_ids(schedule, better) if key in facts.operations]
    gain: dict[str, int] = {}
    for key in moved:
        order = facts.operations[key].order_id or key
        before, after = (one.order_ends.get(order, one.ends.get(order, 0)) for one in (facts, there))
        gain[order] = before - after
    found: dict[str, None] = {}
    for key in sorted(moved, key=lambda one: (-gain[facts.operations[one].order_id or one], facts.starts.get(one, 0))):
        found[key] = None
        found.update(dict.fromkeys(_in_the_way(key, facts, there)))
    return [key for key in found if may_move(facts.operations[key], schedule)]


def whole_orders(schedule: Schedule, later: Collection[str] = ()) -> list[str]:
    """Return operations order by order, the one with the most weighted lateness first, those of ``later`` last.

    An order moved as a whole can go into gaps that stand open, on other machines perhaps, and disturbs nobody.
    """
    facts = PlanFacts(schedule)
    lateness = {**facts.event_lateness_ms, **facts.order_lateness_ms}
    ends = {
        **{key: end for key, end in facts.ends.items() if facts.operations[key].order_id is None},
        **facts.order_ends,
    }

    def worth(key: str) -> float:
        item = facts.orders.get(key) or facts.operations.get(key)
        return max(0, lateness.get(key, 0)) * (item.weight if item is not None else 1.0)

    ranked = sorted(ends, key=lambda key: (key in later, -worth(key), -ends[key], key))
    members = (facts.order_operations.get(key) or (key,) for key in ranked)
    return [key for keys in members for key in keys if may_move(facts.operations[key], schedule)]


def _chain(last: str, facts: PlanFacts, previous: dict[str, str]) -> Iterator[str]:
    key: str | None = last
    seen: set[str] = set()
    while key is not None and key not in seen:
        seen.add(key)
        yield key
        start = facts.starts[key]
        before = [link.from_event for link in facts.predecessors.get(key, ())]
        before += [previous[key]] if key in previous else []
        waited = [one for one in before if one in facts.ends and facts.starts[one] <= start and one not in seen]
        key = max(waited, key=lambda one: facts.ends[one], default=None)


def _before_on_resource(facts: PlanFacts) -> dict[str, str]:
    found: dict[str, str] = {}
    for sequence in facts.sequences.values():
        found.update(zip(sequence[1:], sequence, strict=False))
    return found


def _in_the_way(key: str, facts: PlanFacts, there: PlanFacts) -> Iterator[str]:
    """What stands, in the present plan, where an operation would go."""
    op = there.operations[key]
    if op.start_date is None or op.end_date is None or op.resource_id is None:
        return
    start, end = to_ms(op.start_date), to_ms(op.end_date)
    for other in facts.sequences.get(op.resource_id, ()):
        if other != key and facts.starts[other] < end and facts.ends[other] > start:
            yield other
