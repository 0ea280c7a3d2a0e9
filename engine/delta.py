"""A delta: what differs between two schedules, as data in wire names and JSON values. ``engine.diff`` makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

COLLECTIONS = ("resources", "events", "dependencies", "constraints", "calendars", "orders", "setup_matrices")

FieldChange = tuple[Any, Any]
"""(value before, value after) as JSON; ``None`` where there was or will be none."""


@dataclass(frozen=True, slots=True)
class ItemChange:
    """The changed fields of one item. ``added``: every field was absent; ``removed``: every field will be."""

    fields: dict[str, FieldChange]
    added: bool = False
    removed: bool = False

    def inverted(self) -> ItemChange:
        """Return the change that takes this one back."""
        return ItemChange({k: (b, a) for k, (a, b) in self.fields.items()}, self.removed, self.added)


@dataclass(frozen=True)
class Delta:
    """Changes by collection and id. ``order`` holds the ids before and after where members or their order changed."""

    items: dict[str, dict[str, ItemChange]] = field(default_factory=dict)
    order: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)
    metadata: dict[str, FieldChange] = field(default_factory=dict)
    version: FieldChange | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.items or self.order or self.metadata or self.version)

    def changed_ids(self, collection: str) -> tuple[str, ...]:
        """Return the ids of the collection's added, changed and removed items."""
        return tuple(self.items.get(collection, ()))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data; ``from_json`` is its inverse."""
        out: dict[str, Any] = {}
        for collection, changes in self.items.items():
            out[collection] = {key: _change_to_json(change) for key, change in changes.items()}
        if self.order:
            out["order"] = {c: [list(before), list(after)] for c, (before, after) in self.order.items()}
        if self.metadata:
            out["metadata"] = {k: list(v) for k, v in self.metadata.items()}
        if self.version:
            out["version"] = list(self.version)
        return out

    @staticmethod
    def from_json(data: dict[str, Any]) -> Delta:
        """Return the delta of ``to_json`` data."""
        items = {
            c: {key: _change_from_json(change) for key, change in data[c].items()} for c in COLLECTIONS if c in data
        }
        order = {c: (tuple(v[0]), tuple(v[1])) for c, v in data.get("order", {}).items()}
        metadata = {k: (v[0], v[1]) for k, v in data.get("metadata", {}).items()}
        version = (data["version"][0], data["version"][1]) if "version" in data else None
        return Delta(items, order, metadata, version)


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same. Truth values are no numbers: ``True`` and ``1`` differ here."""
    if one is other:
        return True
    if one != other:
        return False
    if isinstance(one, dict):
        return all(same(value, other[key]) for key, value in cast("dict[Any, Any]", one).items())
    if isinstance(one, list | tuple):
        return all(map(same, cast("list[Any]", one), other))
    return isinstance(one, bool) == isinstance(other, bool)


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, FieldChange]:
    """Return the fields that differ between two JSON objects, by name; absent and ``None`` are one."""
    fields: dict[str, FieldChange] = {}
    for key in sorted(before.keys() | after.keys()):
        one, other = before.get(key), after.get(key)
        if not same(one, other):
            fields[key] = one, other
    return fields


def _change_to_json(change: ItemChange) -> dict[str, Any]:
    if change.added:
        return {"added": {k: v for k, (_, v) in change.fields.items()}}
    if change.removed:
        return {"removed": {k: v for k, (v, _) in change.fields.items()}}
    return {"changed": {k: list(v) for k, v in change.fields.items()}}


def _change_from_json(data: dict[str, Any]) -> ItemChange:
    if "added" in data:
        return ItemChange({k: (None, v) for k, v in data["added"].items()}, added=True)
    if "removed" in data:
        return ItemChange({k: (v, None) for k, v in data["removed"].items()}, removed=True)
    return ItemChange({k: (v[0], v[1]) for k, v in data["changed"].items()})
