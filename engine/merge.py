"""Three-way merge of schedules: base, ours, theirs, always in that order.

An *atom* is what is merged as one: a placement (resource, start, end, chosen demands) is a single atom, so that two
edits never blend into a placement that nobody made; every other field is an atom of its own, and so is each key of
``attributes``. An atom changed on one side takes that side; changed on both sides to different values it is a
conflict. A merge without conflict can still break rules: the checker says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.diff import COLLECTIONS, Delta, ItemChange, apply, diff
from engine.model import Schedule

Side = Literal["ours", "theirs"]
PLACEMENT_FIELDS = frozenset({"resourceId", "startDate", "endDate", "demands"})


@dataclass(frozen=True, slots=True)
class Conflict:
    """One atom that both sides changed differently. Values are JSON by wire name; ``None`` = absent or removed."""

    collection: str
    item_id: str
    atom: str
    base: Any
    ours: Any
    theirs: Any

    @property
    def key(self) -> str:
        """What a resolution names."""
        return f"{self.collection}/{self.item_id}/{self.atom}"


@dataclass(frozen=True)
class Merged:
    """The merge with every conflict settled by the resolutions (or by ``prefer``), and the conflicts beside it."""

    schedule: Schedule
    conflicts: tuple[Conflict, ...]
    unresolved: tuple[Conflict, ...]


def merge(
    base: Schedule,
    ours: Schedule,
    theirs: Schedule,
    resolutions: Mapping[str, Side] | None = None,
    prefer: Side = "ours",
) -> Merged:
    """Merge two edits of one base.

    Parameters
    ----------
    base, ours, theirs
        The common ancestor and the two edits of it.
    resolutions
        The side to take by conflict key.
    prefer
        The side that conflicts without a resolution take; they are listed as ``unresolved``.

    Notes
    -----
    ``merge(b, x, b).schedule == x`` and ``merge(b, b, x).schedule == x``; where membership changed on both sides, the
    order of ``ours`` is kept and what theirs added follows.
    """
    from_ours, from_theirs = diff(base, ours), diff(base, theirs)
    if from_theirs.is_empty:
        return Merged(ours, (), ())
    if from_ours.is_empty:
        return Merged(theirs, (), ())
    chosen = resolutions or {}
    conflicts: list[Conflict] = []

    def pick(conflict: Conflict) -> Side:
        conflicts.append(conflict)
        return chosen.get(conflict.key, prefer)

    merged = apply(_taken(base, from_ours, from_theirs, pick), base)
    unresolved = tuple(c for c in conflicts if c.key not in chosen)
    return Merged(merged, tuple(conflicts), unresolved)


def _taken(base: Schedule, ours: Delta, theirs: Delta, pick: Callable[[Conflict], Side]) -> Delta:
    items: dict[str, dict[str, ItemChange]] = {}
    order: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for collection in COLLECTIONS:
        mine, other = ours.items.get(collection, {}), theirs.items.get(collection, {})
        out = dict(mine)
        for key, change in other.items():
            if key not in mine:
                out[key] = change
            elif mine[key] != change:
                out[key] = _both_changed(collection, key, mine[key], change, pick)
        out = {k: c for k, c in out.items() if c.fields or c.added or c.removed}
        if out:
            items[collection] = out
        ids = _merged_order(base, collection, ours, theirs, out)
        if ids:
            order[collection] = ids
    metadata = dict(ours.metadata)
    for key, (before, after) in theirs.metadata.items():
        if key in metadata and metadata[key][1] != after:
            conflict = Conflict("metadata", "", key, before, metadata[key][1], after)
            if pick(conflict) == "ours":
                continue
        metadata[key] = before, after
    return Delta(items, order, metadata, ours.version or theirs.version)


def _merged_order(
    base: Schedule, collection: str, ours: Delta, theirs: Delta, changes: dict[str, ItemChange]
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    if collection not in ours.order and collection not in theirs.order:
        return None
    before = tuple(x.id for x in getattr(base.snapshot, collection))
    mine = ours.order[collection][1] if collection in ours.order else None
    other = theirs.order[collection][1] if collection in theirs.order else None
    wanted = (mine or ()) + (other or ()) if mine is not None else (other or ())
    present = (set(before) | {k for k, c in changes.items() if c.added}) - {k for k, c in changes.items() if c.removed}
    after = tuple(dict.fromkeys(key for key in (*wanted, *before) if key in present))
    return (before, after) if before != after else None


def _both_changed(
    collection: str, key: str, mine: ItemChange, other: ItemChange, pick: Callable[[Conflict], Side]
) -> ItemChange:
    if mine.removed or other.removed or mine.added or other.added:
        conflict = Conflict(collection, key, "item", _side(mine, 0), _side(mine, 1), _side(other, 1))
        return mine if pick(conflict) == "ours" else other
    fields = dict(mine.fields)
    clashes: dict[str, None] = {}
    for name, (before, after) in other.fields.items():
        atom = _atom(collection, name)
        if name == "attributes" and name in mine.fields:
            fields[name] = before, _merged_attributes(collection, key, mine.fields[name], (before, after), pick)
        elif any(_atom(collection, own) == atom for own in mine.fields):
            clashes[atom] = None
        else:
            fields[name] = before, after
    for atom in clashes:
        ours_part = {k: v for k, v in mine.fields.items() if _atom(collection, k) == atom}
        theirs_part = {k: v for k, v in other.fields.items() if _atom(collection, k) == atom}
        if ours_part == theirs_part:
            continue
        base_part = {k: v[0] for k, v in (ours_part | theirs_part).items()}
        ours_value = base_part | {k: v[1] for k, v in ours_part.items()}
        theirs_value = base_part | {k: v[1] for k, v in theirs_part.items()}
        side = pick(Conflict(collection, key, atom, base_part, ours_value, theirs_value))
        if side == "theirs":
            fields = {k: v for k, v in fields.items() if k not in ours_part} | theirs_part
    return ItemChange({k: v for k, v in fields.items() if v[0] != v[1]})


def _merged_attributes(
    collection: str,
    key: str,
    mine: tuple[Any, Any],
    other: tuple[Any, Any],
    pick: Callable[[Conflict], Side],
) -> Any:
    base, ours, theirs = mine[0] or {}, mine[1] or {}, other[1] or {}
    out = dict(ours)
    for name in base.keys() | theirs.keys():
        before, own, their = base.get(name), ours.get(name), theirs.get(name)
        if their == before or own == their:
            continue
        conflict = Conflict(collection, key, f"attributes.{name}", before, own, their)
        if own != before and pick(conflict) == "ours":
            continue
        if name in theirs:
            out[name] = their
        else:
            out.pop(name, None)
    return out or None


def _atom(collection: str, name: str) -> str:
    return "placement" if collection == "events" and name in PLACEMENT_FIELDS else name


def _side(change: ItemChange, index: int) -> Any:
    values = {k: v[index] for k, v in change.fields.items() if v[index] is not None}
    return values or None
