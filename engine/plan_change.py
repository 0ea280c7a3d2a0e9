"""From one state of a plan to the next: which operations differ, and what is known already and still holds.

An edit changes a handful of operations of thousands. Whatever ``PlanFacts`` had computed before is taken over and
mended where the changed operations reach; the rest is shared. The outcome equals what would be computed anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.diff import other_objects
from engine.instants import to_ms
from engine.model import Operation, Schedule

if TYPE_CHECKING:
    from engine.plan import PlanFacts, Setup

_FRAME = ("resources", "dependencies", "constraints", "calendars", "orders", "setup_matrices")
_SHARED = ("orders", "calendars", "setup_tables", "predecessors", "successors", "position", "constraints_on")
_MOST_SHARE = 4
"""When more than one in so many operations differ, starting anew is quicker than mending."""


@dataclass(frozen=True, slots=True)
class PlanChange:
    """The operations that differ between two states of a plan, by id, before and after. All else is equal."""

    before: dict[str, Operation]
    after: dict[str, Operation]

    @property
    def pairs(self) -> Iterable[tuple[Operation, Operation]]:
        """(before, after) of each operation that differs."""
        return zip(self.before.values(), self.after.values(), strict=True)


@dataclass(frozen=True, slots=True)
class Touched:
    """What a change can have an effect on, the first cause included.

    ``operations`` are those that differ, that are set up differently or are called differently; ``resources`` those
    that any of them holds or held; ``orders`` those they belong or belonged to.
    """

    operations: frozenset[str]
    resources: frozenset[str]
    orders: frozenset[str]


def change_between(old: Schedule, new: Schedule) -> PlanChange | None:
    """Return what differs when only some operations do; ``None`` when anything else, or very much, differs."""
    pairs = other_objects(old.snapshot.events, new.snapshot.events)
    if pairs is None or len(pairs) * _MOST_SHARE > max(len(new.snapshot.events), 40) or not _same_frame(old, new):
        return None
    if any(was.id != op.id for was, op in pairs):
        return None
    return PlanChange({was.id: was for was, _ in pairs}, {op.id: op for _, op in pairs})


def touched_by(change: PlanChange, previous: PlanFacts, facts: PlanFacts) -> Touched:
    """Return what a change can have an effect on, given the facts before and after."""
    operations = set(change.after)
    for key in _sequences_touched(change, previous, facts):
        ids = (*previous.sequences.get(key, ()), *facts.sequences.get(key, ()))
        operations.update(k for k in ids if previous.setups.get(k) != facts.setups.get(k))
    operations |= _renamed(change, previous, facts)
    resources, orders = set[str](), set[str]()
    for key in operations:
        for op in (previous.operations[key], facts.operations[key]):
            resources.update(facts.held_by(op))
            if op.order_id is not None:
                orders.add(op.order_id)
    return Touched(frozenset(operations), frozenset(resources), frozenset(orders))


def patched(known: Mapping[str, int], changes: Mapping[str, int | None]) -> dict[str, int]:
    """Return a copy with some values changed; ``None`` takes one out."""
    out = dict(known)
    for key, value in changes.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = value
    return out


def carry_over(previous: PlanFacts, facts: PlanFacts, change: PlanChange) -> None:
    """Put what ``previous`` had computed into ``facts``, mended. The placements are there already."""
    known, fresh = dict(previous.__dict__), dict[str, Any]()
    fresh.update((name, known[name]) for name in _SHARED if name in known)
    if facts.schedule.metadata.horizon_start is not None and "horizon_start_ms" in known:
        fresh["horizon_start_ms"] = known["horizon_start_ms"]
    for name, mend in _MENDED.items():
        if name in known:
            facts.__dict__.update(fresh)
            fresh[name] = mend(known[name], previous, facts, change)
    facts.__dict__.update(fresh)


def _same_frame(old: Schedule, new: Schedule) -> bool:
    if old.metadata is not new.metadata and old.metadata != new.metadata:
        return False
    pairs = ((getattr(old.snapshot, name), getattr(new.snapshot, name)) for name in _FRAME)
    return all(one is other or one == other for one, other in pairs)


def _sequences_touched(change: PlanChange, previous: PlanFacts, facts: PlanFacts) -> dict[str, None]:
    """The resources on which an operation that differs runs or ran."""
    found: dict[str, None] = {}
    for state, operations in ((previous, change.before), (facts, change.after)):
        for op in operations.values():
            if op.resource_id is not None and op.id in state.starts:
                found[op.resource_id] = None
    return found


def _renamed(change: PlanChange, previous: PlanFacts, facts: PlanFacts) -> set[str]:
    """Operations whose label differs because another one's name was given or taken away."""
    names = {op.name for was, op in change.pairs if was.name != op.name}
    names |= {was.name for was, op in change.pairs if was.name != op.name}
    unsure = {n for n in names if (previous.name_counts[n] == 1) != (facts.name_counts[n] == 1)}
    return {op.id for op in facts.schedule.snapshot.events if op.name in unsure} if unsure else set()


# how each fact is mended


def _sequences(
    known: dict[str, tuple[str, ...]], previous: PlanFacts, facts: PlanFacts, change: PlanChange
) -> dict[str, tuple[str, ...]]:
    out, starts, ends = dict(known), facts.starts, facts.ends
    arrived: dict[str, list[str]] = {}
    for op in change.after.values():
        if op.resource_id is not None and op.id in starts:
            arrived.setdefault(op.resource_id, []).append(op.id)
    for key in _sequences_touched(change, previous, facts):
        ids = [k for k in known.get(key, ()) if k not in change.after] + arrived.get(key, [])
        out[key] = tuple(sorted(ids, key=lambda i: (starts[i], ends[i], i)))
        if not ids:
            del out[key]
    return out


def _setups(known: dict[str, Setup], previous: PlanFacts, facts: PlanFacts, change: PlanChange) -> dict[str, Setup]:
    out = dict(known)
    touched = [facts.resources[key] for key in _sequences_touched(change, previous, facts)]
    with_setups = [resource for resource in touched if resource.setup_matrix is not None]
    for resource in with_setups:  # all go before any comes: an operation may have gone from one of these to another
        for key in previous.sequences.get(resource.id, ()):
            out.pop(key, None)
    for resource in with_setups:
        facts.follow_setups(resource, facts.sequences.get(resource.id, ()), out)
    return out


def _worked_ms(known: dict[str, int], _: PlanFacts, facts: PlanFacts, change: PlanChange) -> dict[str, int]:
    changes = dict[str, int | None]()
    for key, op in change.after.items():
        placed = key in facts.starts
        time = facts.working_time(op.resource_id) if placed else None
        changes[key] = time.between(facts.starts[key], facts.ends[key]) if time is not None else None
    return patched(known, changes)


def _order_operations(
    known: dict[str, tuple[str, ...]], _: PlanFacts, facts: PlanFacts, change: PlanChange
) -> dict[str, tuple[str, ...]]:
    if all(was.order_id == op.order_id for was, op in change.pairs):
        return known
    return facts.compute_order_operations()


def _order_ends(known: dict[str, int], _: PlanFacts, facts: PlanFacts, change: PlanChange) -> dict[str, int]:
    out = dict(known)
    for order_id in _orders_touched(change):
        ends = [facts.ends[k] for k in facts.order_operations.get(order_id, ()) if k in facts.ends]
        if ends:
            out[order_id] = max(ends)
        else:
            out.pop(order_id, None)
    return out


def _order_lateness_ms(known: dict[str, int], _: PlanFacts, facts: PlanFacts, change: PlanChange) -> dict[str, int]:
    out = dict(known)
    for order_id in _orders_touched(change):
        due, end_ms = facts.orders[order_id].due_date, facts.order_ends.get(order_id)
        if due is not None and end_ms is not None:
            out[order_id] = end_ms - to_ms(due)
        else:
            out.pop(order_id, None)
    return out


def _event_lateness_ms(known: dict[str, int], _: PlanFacts, facts: PlanFacts, change: PlanChange) -> dict[str, int]:
    out = dict(known)
    for key, op in change.after.items():
        if op.due_date is not None and key in facts.ends:
            out[key] = facts.ends[key] - to_ms(op.due_date)
        else:
            out.pop(key, None)
    return out


def _unscheduled(known: tuple[str, ...], _: PlanFacts, facts: PlanFacts, change: PlanChange) -> tuple[str, ...]:
    same = all(was.is_placed == op.is_placed and was.status == op.status for was, op in change.pairs)
    return known if same else facts.compute_unscheduled()


def _name_counts(known: Counter[str], _: PlanFacts, __: PlanFacts, change: PlanChange) -> Counter[str]:
    renamed = [(was.name, op.name) for was, op in change.pairs if was.name != op.name]
    if not renamed:
        return known
    out = Counter(known)
    for was, now in renamed:
        out[was] -= 1
        out[now] += 1
    return out


def _secondary_holders(
    known: dict[str, frozenset[str]], _: PlanFacts, facts: PlanFacts, change: PlanChange
) -> dict[str, frozenset[str]]:
    out = dict(known)
    for was, op in change.pairs:
        gone, come = facts.secondaries_of(was), facts.secondaries_of(op)
        for resource_id in gone - come:
            out[resource_id] = out[resource_id] - {op.id}
        for resource_id in come - gone:
            out[resource_id] = out.get(resource_id, frozenset()) | {op.id}
    return out


def _undecided(known: frozenset[str], _: PlanFacts, facts: PlanFacts, change: PlanChange) -> frozenset[str]:
    gone = {op.id for op in change.before.values() if facts.is_undecided(op)}
    come = {op.id for op in change.after.values() if facts.is_undecided(op)}
    return known if gone == come else (known - gone) | come


def _orders_touched(change: PlanChange) -> dict[str, None]:
    ids = (op.order_id for pair in change.pairs for op in pair)
    return {order_id: None for order_id in ids if order_id is not None}


_MENDED: Mapping[str, Any] = {  # in an order in which each may use what stands above it
    "sequences": _sequences,
    "setups": _setups,
    "worked_ms": _worked_ms,
    "order_operations": _order_operations,
    "order_ends": _order_ends,
    "order_lateness_ms": _order_lateness_ms,
    "event_lateness_ms": _event_lateness_ms,
    "unscheduled": _unscheduled,
    "name_counts": _name_counts,
    "secondary_holders": _secondary_holders,
    "undecided": _undecided,
}
