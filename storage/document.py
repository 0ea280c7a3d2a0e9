"""Canonical JSON of a schedule that stored deltas are applied to, without making models of it.

Opening a version that is stored as changes costs little more than reading one that is stored whole: the JSON is parsed
once, the few changed items are patched in place, and the canonical bytes are written again for the hash to be checked.
"""

from __future__ import annotations

from typing import Any

import orjson

from engine.delta import COLLECTIONS

_WIRE = {name: "setupMatrices" if name == "setup_matrices" else name for name in COLLECTIONS}
MISFIT = (KeyError, TypeError, AttributeError, IndexError, ValueError)
"""What applying a delta raises that does not fit its document."""


class Document:
    """A schedule as JSON data.

    Parameters
    ----------
    data
        Canonical bytes (``storage.canonical``).
    """

    def __init__(self, data: bytes) -> None:
        self._root: dict[str, Any] = orjson.loads(data)
        self._items: dict[str, dict[str, Any]] = {}

    def patch(self, delta: dict[str, Any]) -> None:
        """Apply a delta (``engine.delta.Delta.to_json``); whether it fits shows in the hash, or as a ``MISFIT``."""
        for collection in COLLECTIONS:
            for key, change in delta.get(collection, {}).items():
                self._patch_item(collection, key, change)
        for collection, (_, after) in delta.get("order", {}).items():
            items = self._of(collection)
            self._items[collection] = {key: items[key] for key in after}
        _patch_fields(self._root["metadata"], delta.get("metadata", {}))
        if "version" in delta:
            self._root["version"] = delta["version"][1]

    def to_bytes(self) -> bytes:
        """Return the canonical bytes."""
        for collection, items in self._items.items():
            self._root["snapshot"][_WIRE[collection]] = list(items.values())
        return orjson.dumps(self._root, option=orjson.OPT_SORT_KEYS)

    def _patch_item(self, collection: str, key: str, change: dict[str, Any]) -> None:
        items = self._of(collection)
        if "added" in change:
            items[key] = dict(change["added"])
        elif "removed" in change:
            del items[key]
        else:
            _patch_fields(items[key], change["changed"])

    def _of(self, collection: str) -> dict[str, Any]:
        """The items of a collection by id, in order."""
        if collection not in self._items:
            listed = self._root["snapshot"].get(_WIRE[collection], [])
            self._items[collection] = {item["id"]: item for item in listed}
        return self._items[collection]


def _patch_fields(target: dict[str, Any], fields: dict[str, Any]) -> None:
    for name, (_, after) in fields.items():
        if after is None:
            target.pop(name, None)
        else:
            target[name] = after
