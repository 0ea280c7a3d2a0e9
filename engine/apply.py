"""Results into schedules and back: placements of a run as events, and events as a new schedule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.errors import ErrorCode, TaktwerkError
from engine.model import Demand, Operation, PlacedEvent, Schedule
from engine.plan import chosen

OPTIMIZED = "optimized"
"""The key in ``attributes`` that marks operations whose placement is the optimiser's."""


def apply_result(schedule: Schedule, events: Iterable[PlacedEvent], mark_manual: bool = True) -> Schedule:
    """Return the schedule with the placements of a result.

    Only operations whose placement differs from the present one change: resource, start, end and the chosen resource of
    each demand are written, ``manuallyScheduled`` is set, and ``attributes["optimized"]`` becomes True. Those that
    ``events`` do not name stay as they are, the very same objects.

    Parameters
    ----------
    schedule
        What the result was computed from.
    events
        The result's placements. The flag ``changed`` is not relied on.
    mark_manual
        False writes the placements alone.

    Raises
    ------
    TaktwerkError
        E012 when the result names an operation that the schedule does not have.
    """
    placed = {event.id: event for event in events}
    operations = tuple(_placed(op, placed.pop(op.id, None), mark_manual) for op in schedule.snapshot.events)
    if placed:
        unknown = next(iter(placed))
        raise TaktwerkError(
            ErrorCode.NOT_FOUND,
            f"The result places operation {unknown!r}, which the schedule does not have. "
            "Maybe it was computed for another schedule; optimise this one again.",
            {"unknown": sorted(placed)[:100]},
        )
    return with_events(schedule, operations)


def with_events(schedule: Schedule, operations: tuple[Operation, ...]) -> Schedule:
    """Return the schedule with other operations."""
    return schedule.model_copy(update={"snapshot": schedule.snapshot.model_copy(update={"events": operations})})


def placed_event(op: Operation, base: Operation | None = None) -> PlacedEvent:
    """Return an operation's placement as a result event, ``changed`` against ``base`` (itself by default)."""
    demands = tuple(chosen(d) or "" for d in op.demands) if op.demands else None
    return PlacedEvent(
        id=op.id,
        resource_id=op.resource_id,
        start_date=op.start_date,
        end_date=op.end_date,
        changed=base is not None and placement(op) != placement(base),
        demands=demands if demands and all(demands) else None,
    )


def placed_events(schedule: Schedule, base: Schedule | None = None) -> tuple[PlacedEvent, ...]:
    """Return all placements of a schedule as result events, ``changed`` against ``base``."""
    before = {op.id: op for op in base.snapshot.events} if base else {}
    return tuple(placed_event(op, before.get(op.id)) for op in schedule.snapshot.events)


def placement(op: Operation) -> tuple[Any, ...]:
    """Return what makes a placement: resource, start, end, chosen demand resources."""
    return op.resource_id, op.start_date, op.end_date, tuple(chosen(d) for d in op.demands or ())


def _placed(op: Operation, event: PlacedEvent | None, mark_manual: bool) -> Operation:
    if event is None:
        return op
    update: dict[str, Any] = {
        "resource_id": event.resource_id,
        "start_date": event.start_date,
        "end_date": event.end_date,
    }
    if event.demands is not None and op.demands:
        update["demands"] = _with_choices(op.demands, event.demands)
    moved = op.altered(update)
    is_first = op.start_date is None and event.start_date is not None
    if not is_first and placement(moved) == placement(op):
        return op
    if not mark_manual:
        return moved
    marks = {"manually_scheduled": True, "attributes": {**(op.attributes or {}), OPTIMIZED: True}}
    return moved.altered(marks)


def _with_choices(demands: tuple[Demand, ...], chosen_ids: tuple[str, ...]) -> tuple[Demand, ...]:
    if len(demands) != len(chosen_ids):
        raise ValueError(f"{len(chosen_ids)} chosen resources for {len(demands)} demands")
    return tuple(
        d if d.resource_ids is None or d.resource_id == key else d.altered({"resource_id": key})
        for d, key in zip(demands, chosen_ids, strict=True)
    )
