"""Parts of a delta, and the order of what several edits added."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from engine.diff import COLLECTIONS, Delta, ItemChange
from engine.model import Schedule
from engine.references import Key


def part_of(delta: Delta, base: Schedule, keys: Collection[Key], metadata: Collection[str] = ()) -> Delta:
    """Return the part of a delta that concerns some items, with metadata fields by wire name.

    ``base`` is what the delta starts from. Items that are added stand where they stand in the whole; a mere change of
    order is left out.
    """
    items: dict[str, dict[str, ItemChange]] = {}
    order: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
    for collection in COLLECTIONS:
        whole = delta.items.get(collection, {})
        changes = {key: change for key, change in whole.items() if (collection, key) in keys}
        if not changes:
            continue
        items[collection] = changes
        removed = {key for key, change in changes.items() if change.removed}
        added = {key for key, change in changes.items() if change.added}
        if removed or added:
            before = tuple(item.id for item in getattr(base.snapshot, collection))
            kept = [key for key in before if key not in removed]
            present = {*kept, *added}
            after = weave(kept, (key for key in delta.order[collection][1] if key in present))
            order[collection] = before, after
    chosen = {name: change for name, change in delta.metadata.items() if name in metadata}
    return Delta(items, order, chosen)


def weave(ids: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    """Return ``ids`` with what only ``other`` has put where it stands there: behind what it follows.

    Where both have put something behind the same id, that of ``ids`` comes first.
    """
    own = list(ids)
    known, wanted = set(own), list(other)
    shared = known.intersection(wanted)
    behind: dict[str | None, list[str]] = {}
    anchor: str | None = None
    for key in wanted:
        if key in known:
            anchor = key
        else:
            behind.setdefault(anchor, []).append(key)
    out: list[str] = []
    waiting = behind.get(None, [])
    for key in own:
        if key in shared:
            out += waiting
            waiting = behind.get(key, [])
        out.append(key)
    return (*out, *waiting)
