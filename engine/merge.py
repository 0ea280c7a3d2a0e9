"""Three-way merge of schedules: base, ours, theirs, always in that order.

An *atom* is what is merged as one: a placement (resource, start, end, chosen demands) is a single atom, so that two
edits never blend into a placement that nobody made; every other field is an atom of its own, and so is each key of
``attributes``. An atom changed on one side takes that side; changed on both sides to different values it is a
conflict. Three things go beyond fields:

- **History beats plans.** Where one side has started or completed an operation, its placement, status and progress
  hold, whatever the other side planned for it, even if that deleted it. Two different histories are a conflict.
- **Nothing dangles.** Where one side deleted what the other side uses, that is a conflict with the atom "reference".
- **Choices stand beside their conflicts**, by keys that stay the same: base, ours, theirs, or a value of one's own.

A merge without conflict can still break rules: the checker says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from engine.delta import COLLECTIONS, Delta, FieldChange, ItemChange, same
from engine.delta_parts import weave
from engine.diff import apply, diff
from engine.errors import Fault, invalid_schedule
from engine.merge_items import both_changed, merged_metadata
from engine.merge_references import References, refuse_unknown
from engine.merge_types import PLACEMENT_FIELDS, Choice, Chooser, Conflict, Settled, Side, Value
from engine.model import Operation, Schedule

__all__ = ["PLACEMENT_FIELDS", "Choice", "Conflict", "Merged", "Settled", "Side", "Value", "merge"]


@dataclass(frozen=True)
class Merged:
    """The merge with every conflict settled by the resolutions (or by ``prefer``), and the conflicts beside it.

    ``unresolved`` are those without a resolution; ``settled`` what history decided without asking.
    """

    schedule: Schedule
    conflicts: tuple[Conflict, ...]
    unresolved: tuple[Conflict, ...]
    settled: tuple[Settled, ...] = ()


def merge(
    base: Schedule,
    ours: Schedule,
    theirs: Schedule,
    resolutions: Mapping[str, Choice] | None = None,
    prefer: Side = "ours",
) -> Merged:
    """Merge two edits of one base.

    Parameters
    ----------
    base, ours, theirs
        The common ancestor and the two edits of it.
    resolutions
        What to take by conflict key: a side, ``"base"``, or a ``Value``. Keys that no conflict has do nothing.
    prefer
        The side that conflicts without a resolution take; they are listed as ``unresolved``.

    Raises
    ------
    TaktwerkError
        E001 when a ``Value`` is not what such a field can hold, or names what neither side has.

    Notes
    -----
    ``merge(b, x, b).schedule == x``, ``merge(b, b, x).schedule == x`` and ``merge(b, x, x).schedule == x``. Where both
    sides changed the order of items, that of ``ours`` is kept. What a choice leads to may raise a conflict that was
    not there before (a deletion taken, say, that something else needs).
    """
    from_ours, from_theirs = diff(base, ours), diff(base, theirs)
    if from_theirs.is_empty:
        return Merged(ours, (), ())
    if from_ours.is_empty:
        return Merged(theirs, (), ())
    chooser = Chooser(resolutions or {}, prefer)
    deltas = from_ours, from_theirs
    items = _merged_items((base, ours, theirs), deltas, chooser)
    metadata = merged_metadata(from_ours.metadata, from_theirs.metadata, chooser)
    version = _merged_version(from_ours.version, from_theirs.version, chooser)
    references = References((base, ours, theirs), deltas, chooser)
    while True:
        order = {name: found for name in COLLECTIONS if (found := _merged_order(name, base, deltas, items))}
        held = {name: changes for name, changes in items.items() if changes}
        schedule = _applied(Delta(held, order, metadata, version), base)
        if not references.mend(schedule, items):
            break
    if chooser.has_values:
        refuse_unknown(schedule)
    return Merged(schedule, chooser.conflicts, chooser.unresolved, tuple(chooser.settled))


def _applied(delta: Delta, base: Schedule) -> Schedule:
    try:
        return apply(delta, base)
    except ValidationError as error:  # a value of the planner's own
        faults = [Fault(".".join(map(str, e["loc"])), repr(e.get("input"))[:80], e["msg"]) for e in error.errors()]
        raise invalid_schedule(faults, "value chosen for a conflict") from error


def _merged_items(
    sides: tuple[Schedule, Schedule, Schedule], deltas: tuple[Delta, Delta], chooser: Chooser
) -> dict[str, dict[str, ItemChange]]:
    items: dict[str, dict[str, ItemChange]] = {}
    for collection in COLLECTIONS:
        mine, other = (delta.items.get(collection, {}) for delta in deltas)
        both = {key for key in other if key in mine}
        found = [_operations(side, both) for side in sides] if collection == "events" and both else []
        out = {**mine, **{key: change for key, change in other.items() if key not in both}}
        for key in (key for key in other if key in both):
            if _is_same(mine[key], other[key]):
                continue
            three = (found[0].get(key), found[1].get(key), found[2].get(key)) if found else (None, None, None)
            change = both_changed(collection, key, mine[key], other[key], chooser, three)
            if change is None:
                del out[key]
            else:
                out[key] = change
        items[collection] = out
    return items


def _operations(schedule: Schedule, keys: set[str]) -> dict[str, Operation]:
    return {op.id: op for op in schedule.snapshot.events if op.id in keys}


def _is_same(one: ItemChange, other: ItemChange) -> bool:
    return one == other and all(same(change, other.fields[name]) for name, change in one.fields.items())


def _merged_version(ours: FieldChange | None, theirs: FieldChange | None, chooser: Chooser) -> FieldChange | None:
    if ours is None or theirs is None or ours == theirs:
        return ours or theirs
    taken = chooser.value(Conflict("version", "", "version", ours[0], ours[1], theirs[1]))
    return None if taken == ours[0] else (ours[0], str(taken))


def _merged_order(
    collection: str, base: Schedule, deltas: tuple[Delta, Delta], items: dict[str, dict[str, ItemChange]]
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The ids before and after, where they differ: one side's order if only it changed it, else that of ours."""
    orders = [delta.order[collection][1] for delta in deltas if collection in delta.order]
    if not orders:
        return None
    before = tuple(item.id for item in getattr(base.snapshot, collection))
    if len(orders) == 2:
        shared = set(before).intersection(*orders)
        was, mine, other = ([key for key in ids if key in shared] for ids in (before, *orders))
        if mine == was != other:
            orders.reverse()
    arranged = orders[0]
    for ids in (*orders[1:], before):
        arranged = weave(arranged, ids)
    changes = items[collection]
    gone = {key for key, change in changes.items() if change.removed}
    known = set(before) | {key for key, change in changes.items() if change.added}
    after = tuple(key for key in arranged if key in known and key not in gone)
    return (before, after) if before != after else None
