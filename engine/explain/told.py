"""The base of everything an explanation says: a frozen dataclass that turns itself into plain JSON data."""

from __future__ import annotations

import dataclasses
from typing import Any

from pydantic.alias_generators import to_camel

from engine.instants import format_instant, from_ms

_INSTANTS = frozenset({"start_ms", "end_ms", "due_ms", "completion_ms", "origin_ms", "from_ms", "to_ms", "day_ms"})


class Told:
    """Mixin of frozen dataclasses. Fields ending in ``_at_ms`` (and ``start_ms``, ``end_ms`` ...) are UTC instants.

    In JSON an instant is ISO 8601 text under its name without ``_ms``, any other length of time stays an integer under
    a name that ends in ``Ms``. What is ``None`` is left out.
    """

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data in wire names."""
        found: dict[str, Any] = {}
        for item in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, item.name)
            if value is None:
                continue
            if item.name in _INSTANTS or item.name.endswith("_at_ms"):
                name = item.name.removesuffix("_ms").removesuffix("_at")
                found[to_camel(name)] = format_instant(from_ms(value))
            else:
                found[to_camel(item.name)] = _plain(value)
        return found


def _plain(value: Any) -> Any:
    if isinstance(value, Told):
        return value.to_json()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {to_camel(f.name): _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    return value
