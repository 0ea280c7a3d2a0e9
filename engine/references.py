"""Which items of a schedule name which others: what dangles when one side of a merge deletes what the other uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.model import DateConstraint, Dependency, Operation, Resource, Schedule, SetConstraint, Unavailable

Key = tuple[str, str]
"""(collection, id), the collection by its Python name."""


def references(item: Any) -> Iterator[Key]:
    """Yield what an item of any collection names, in no order, and perhaps twice."""
    if isinstance(item, Operation):
        yield from _of_operation(item)
    elif isinstance(item, Dependency):
        yield "events", item.from_event
        yield "events", item.to_event
    elif isinstance(item, DateConstraint):
        yield "events", item.event_id
    elif isinstance(item, SetConstraint):
        yield from (("events", key) for key in item.event_ids)
    elif isinstance(item, Unavailable):
        yield "resources", item.resource_id
    elif isinstance(item, Resource):
        if item.calendar is not None:
            yield "calendars", item.calendar
        if item.setup_matrix is not None:
            yield "setup_matrices", item.setup_matrix


def items_of(schedule: Schedule, collection: str) -> dict[str, Any]:
    """Return the items of one collection by id."""
    return {item.id: item for item in getattr(schedule.snapshot, collection)}


def _of_operation(op: Operation) -> Iterator[Key]:
    if op.resource_id is not None:
        yield "resources", op.resource_id
    if op.order_id is not None:
        yield "orders", op.order_id
    for mode in op.modes or ():
        yield "resources", mode.resource_id
    for demand in op.demands or ():
        if demand.resource_id is not None:
            yield "resources", demand.resource_id
        for key in demand.resource_ids or ():
            yield "resources", key
