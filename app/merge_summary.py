"""What each side of a merge brings, in a few lines of a planner's words."""

from __future__ import annotations

from typing import Final

from engine.changes import CHANGE_KINDS, OperationChange, operation_changes
from engine.delta import COLLECTIONS, Delta
from engine.diff import diff
from engine.model import Schedule
from engine.references import items_of
from engine.wording import listing

_OPERATIONS: Final = {
    "added": "added",
    "deleted": "deleted",
    "scheduled": "scheduled",
    "unscheduled": "unscheduled",
    "resource": "moved to another resource",
    "moved": "moved",
    "secondary": "with another helper resource",
    "lock": "locked or unlocked",
    "status": "with news of progress",
    "fields": "changed in details",
}
_ITEMS: Final = {
    "resources": ("resource", "resources"),
    "orders": ("order", "orders"),
    "dependencies": ("dependency", "dependencies"),
    "constraints": ("constraint", "constraints"),
    "calendars": ("calendar", "calendars"),
    "setup_matrices": ("setup matrix", "setup matrices"),
}
_NAMES_SHOWN: Final = 3


def told_changes(before: Schedule, after: Schedule) -> tuple[str, ...]:
    """Return what differs, a line for each kind of change, what matters most first; empty when nothing does."""
    delta = diff(before, after)
    found = list(operation_changes(before, after, delta.items.get("events", {})))
    lines = [line for kind in CHANGE_KINDS if (line := _of_operations(kind, found))]
    lines += [line for name in COLLECTIONS if name in _ITEMS and (line := _of_items(name, delta, before, after))]
    if delta.metadata or delta.version:
        lines.append("the plan's own data")
    if delta.order and not lines:
        lines.append("the order of items")
    return tuple(lines)


def _of_operations(kind: str, changes: list[OperationChange]) -> str:
    names = [one.name or one.event_id for one in changes if one.kind == kind]
    return f"{_count(names, 'operation', 'operations')} {_OPERATIONS[kind]}: {_some(names)}" if names else ""


def _of_items(collection: str, delta: Delta, before: Schedule, after: Schedule) -> str:
    changes = delta.items.get(collection, {})
    known = {**items_of(before, collection), **items_of(after, collection)}
    parts: list[str] = []
    for word, keys in (
        ("added", [key for key, change in changes.items() if change.added]),
        ("deleted", [key for key, change in changes.items() if change.removed]),
        ("changed", [key for key, change in changes.items() if not (change.added or change.removed)]),
    ):
        if keys:
            names = [getattr(known[key], "name", None) or key for key in keys]
            tail = "" if collection in ("dependencies", "constraints") else f": {_some(names)}"
            parts.append(f"{_count(keys, *_ITEMS[collection])} {word}{tail}")
    return "; ".join(parts)


def _count(items: list[str], one: str, many: str) -> str:
    return f"{len(items):,} {one if len(items) == 1 else many}"


def _some(names: list[str]) -> str:
    return listing(names, _NAMES_SHOWN)
