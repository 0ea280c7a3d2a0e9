"""A schedule under validation: its valid items with their positions, and every id that stands in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

from engine.errors import Fault
from engine.instants import zone_of
from engine.model import (
    Calendar,
    Constraint,
    Dependency,
    Operation,
    Order,
    Resource,
    Schedule,
    SetupMatrix,
    Status,
)
from engine.plan import required_ms
from engine.validation.structure import faults_of_item, joined

MAX_FAULTS = 10_000
"""No more faults than this are gathered; whoever has 10,000 has one cause for most of them."""

COLLECTIONS: dict[str, TypeAdapter[Any]] = {
    "resources": TypeAdapter(Resource),
    "events": TypeAdapter(Operation),
    "dependencies": TypeAdapter(Dependency),
    "constraints": TypeAdapter(Constraint),
    "calendars": TypeAdapter(Calendar),
    "orders": TypeAdapter(Order),
    "setupMatrices": TypeAdapter(SetupMatrix),
}
"""The collections of a snapshot by wire name."""

_T = TypeVar("_T")


@dataclass
class Draft:
    """The valid items of each collection by position, all ids by collection, and the plant's zone."""

    prefix: str
    zone_name: str = "UTC"
    items: dict[str, list[tuple[int, Any]]] = field(default_factory=lambda: {name: [] for name in COLLECTIONS})
    ids: dict[str, dict[str, int]] = field(default_factory=lambda: {name: {} for name in COLLECTIONS})
    doubles: list[tuple[str, int, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @staticmethod
    def of(schedule: Schedule, prefix: str = "") -> Draft:
        """Return the draft of a structurally valid schedule."""
        draft = Draft(prefix, schedule.metadata.time_zone)
        for name in COLLECTIONS:
            found = getattr(schedule.snapshot, "setup_matrices" if name == "setupMatrices" else name)
            draft.items[name] = list(enumerate(found))
            for i, item in draft.items[name]:
                draft.take_id(name, i, item.id)
        return draft

    @staticmethod
    def from_raw(snapshot: Mapping[str, Any], prefix: str, zone_name: str) -> Draft:
        """Return the draft of raw data, item by item, with the structural faults of its items."""
        draft = Draft(prefix, zone_name)
        zone = zone_or_utc(zone_name)
        for name, adapter in COLLECTIONS.items():
            values = snapshot.get(name)
            if not isinstance(values, (list, tuple)):
                continue
            for i, value in enumerate(cast(list[Any], values)):
                path = None if draft.is_full else draft.path(name, i)
                item, faults = faults_of_item(adapter, value, path, zone)
                draft.add_all(faults)
                if item is not None:
                    draft.items[name].append((i, item))
                identity = cast(dict[str, Any], value).get("id") if isinstance(value, dict) else None
                if isinstance(identity, str):
                    draft.take_id(name, i, identity)
        return draft

    def take_id(self, name: str, position: int, identity: str) -> None:
        """Note an id, and that it stands twice if it does."""
        if self.ids[name].setdefault(identity, position) != position:
            self.doubles.append((name, position, identity))

    def path(self, name: str, *parts: str | int) -> str:
        """Return the path of something in a collection."""
        if len(parts) == 1:  # asked for every item
            return f"{self.prefix}snapshot.{name}[{parts[0]}]"
        return joined(f"{self.prefix}snapshot.{name}", *parts)

    @property
    def is_full(self) -> bool:
        """Whether no more faults are gathered."""
        return len(self.faults) >= MAX_FAULTS

    def add(self, path: str, value: Any, reason: str) -> None:
        """Add a fault, up to the limit."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(path, value, reason))

    def add_all(self, faults: list[Fault]) -> None:
        """Add faults, up to the limit."""
        self.faults.extend(faults[: max(0, MAX_FAULTS - len(self.faults))])

    def each(self, name: str) -> Iterator[tuple[int, Any]]:
        """Yield the valid items of a collection with their positions."""
        yield from self.items[name]

    @cached_property
    def zone(self) -> dt.tzinfo:
        """The plant's zone, UTC when it is unknown."""
        return zone_or_utc(self.zone_name)

    @cached_property
    def operations(self) -> dict[str, Operation]:
        """Valid operations by id."""
        return _by_id(self.items["events"])

    @cached_property
    def resources(self) -> dict[str, Resource]:
        """Valid resources by id."""
        return _by_id(self.items["resources"])

    @cached_property
    def orders(self) -> dict[str, Order]:
        """Valid orders by id."""
        return _by_id(self.items["orders"])

    @cached_property
    def least_ms(self) -> dict[str, int]:
        """The least elapsed time that each operation takes on any resource it may run on; completed ones take none."""
        return {key: self._least(op) for key, op in self.operations.items()}

    def _least(self, op: Operation) -> int:
        if op.status is Status.COMPLETED:
            return 0
        durations = [
            required_ms(
                op.duration if mode.duration is None else mode.duration, self.resources[mode.resource_id].efficiency
            )
            for mode in op.alternatives
            if mode.resource_id in self.resources
        ]
        return min(durations, default=op.duration)


def zone_or_utc(name: Any) -> dt.tzinfo:
    """Return the zone of that name, or UTC: an unknown zone is a fault of its own."""
    try:
        return zone_of(name)
    except ValueError:
        return dt.UTC


def _by_id(items: list[tuple[int, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _, item in items:
        found.setdefault(item.id, item)
    return found
