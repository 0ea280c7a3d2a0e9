"""Single changes of one plan taken into another: by operation, by order, or by item."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from engine.delta_parts import part_of
from engine.diff import COLLECTIONS, Delta, apply, diff
from engine.errors import ErrorCode, TaktwerkError
from engine.merge import Conflict, merge
from engine.model import Schedule
from engine.references import Key, items_of, references


@dataclass(frozen=True)
class Picked:
    """What a cherry-pick made.

    Attributes
    ----------
    schedule
        The plan with the changes taken in.
    taken
        The items that were asked for and differ.
    along
        Items that had to come along: an added operation's order, the dependencies of a deleted one ...
    conflicts
        What the plan had changed differently since ``base``; the picked side was taken.
    """

    schedule: Schedule
    taken: tuple[Key, ...]
    along: tuple[Key, ...]
    conflicts: tuple[Conflict, ...] = ()


def cherry_pick(
    onto: Schedule,
    source: Schedule,
    *,
    event_ids: Collection[str] = (),
    order_ids: Collection[str] = (),
    keys: Collection[Key] = (),
    base: Schedule | None = None,
) -> Picked:
    """Take single changes of one plan into another.

    Parameters
    ----------
    onto, source
        The plan that gets the changes, and the one that has them.
    event_ids
        Operations to take as they are in ``source``: added, deleted or changed, with their dependencies and
        constraints.
    order_ids
        Orders to take with all their operations.
    keys
        Items of any collection, as (collection, id).
    base
        What counts as a change of ``source``: what differs from ``base`` (its parent, say) rather than from ``onto``.

    Raises
    ------
    TaktwerkError
        E012 when none of what is asked for differs.
    """
    start = onto if base is None else base
    delta = diff(start, source)
    wanted = _wanted(start, source, delta, event_ids, order_ids, keys)
    if not wanted:
        raise TaktwerkError(
            ErrorCode.NOT_FOUND,
            "Nothing to take over: what was chosen is the same on both sides.",
            {"eventIds": sorted(event_ids), "orderIds": sorted(order_ids)},
        )
    whole = _with_company(start, source, delta, wanted)
    along = tuple(key for key in whole if key not in wanted)
    picked = apply(part_of(delta, start, whole), start)
    if base is None:
        return Picked(picked, tuple(wanted), along)
    merged = merge(base, onto, picked, prefer="theirs")
    return Picked(merged.schedule, tuple(wanted), along, merged.conflicts)


def _wanted(
    start: Schedule,
    source: Schedule,
    delta: Delta,
    event_ids: Iterable[str],
    order_ids: Collection[str],
    keys: Iterable[Key],
) -> dict[Key, None]:
    """The items asked for that differ, in a fixed order."""
    asked: dict[Key, None] = dict.fromkeys(keys)
    asked.update((("events", key), None) for key in event_ids)
    if order_ids:
        asked.update((("orders", key), None) for key in order_ids)
        for side in (start, source):
            asked.update((("events", op.id), None) for op in side.snapshot.events if op.order_id in order_ids)
    return {key: None for key in asked if key[1] in delta.items.get(key[0], {})}


def _with_company(start: Schedule, source: Schedule, delta: Delta, wanted: Iterable[Key]) -> dict[Key, None]:
    """What is asked for and what must come along, so that nothing refers to what is not there."""
    before = {name: items_of(start, name) for name in COLLECTIONS}
    after = {name: items_of(source, name) for name in COLLECTIONS}
    holders = _holders(start, delta)
    taken: dict[Key, None] = {}
    waiting = list(wanted)[::-1]
    while waiting:
        key = waiting.pop()
        if key in taken:
            continue
        taken[key] = None
        item = after[key[0]].get(key[1])
        if item is None:
            waiting += holders.get(key, ())
        else:
            waiting += [other for other in references(item) if other[1] not in before[other[0]]]
    for name in ("dependencies", "constraints"):
        for key in delta.items.get(name, {}):
            item = after[name].get(key)
            named = [other for other in references(item or before[name][key]) if other[0] == "events"]
            is_there = item is None or all(other[1] in before["events"] or other in taken for other in named)
            if is_there and any(other in taken for other in named):
                taken[name, key] = None
    return taken


def _holders(start: Schedule, delta: Delta) -> dict[Key, list[Key]]:
    """What refers to each item that ``source`` has no more; all of it differs there too."""
    gone = {(name, key) for name, found in delta.items.items() for key, change in found.items() if change.removed}
    holders: dict[Key, list[Key]] = {}
    if gone:
        for name in COLLECTIONS:
            for item in getattr(start.snapshot, name):
                for key in references(item):
                    if key in gone:
                        holders.setdefault(key, []).append((name, item.id))
    return holders
