"""Random edits of a planned schedule, such as a planner's morning brings; most leave the plan feasible."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable

from engine.apply import with_events
from engine.model import Operation, Order, Schedule, Unavailable

_HOUR = dt.timedelta(hours=1)
Edit = Callable[[Schedule, random.Random], tuple[Schedule, str]]


def random_edit(schedule: Schedule, draw: random.Random) -> tuple[Schedule, str]:
    """Return the schedule with one to three edits, and what was done in words. Placements may break rules then."""
    said: list[str] = []
    for _ in range(draw.randint(1, 3)):
        schedule, words = draw.choice(_EDITS)(schedule, draw)
        said.append(words)
    return schedule, "; ".join(said)


def _with_operation(schedule: Schedule, new: Operation) -> Schedule:
    return with_events(schedule, tuple(new if op.id == new.id else op for op in schedule.snapshot.events))


def _with_order(schedule: Schedule, new: Order) -> Schedule:
    orders = tuple(new if order.id == new.id else order for order in schedule.snapshot.orders)
    return schedule.model_copy(update={"snapshot": schedule.snapshot.model_copy(update={"orders": orders})})


def _other_due_date(schedule: Schedule, draw: random.Random) -> tuple[Schedule, str]:
    order = draw.choice(schedule.snapshot.orders)
    shift = dt.timedelta(days=draw.choice((-3, -2, -1, 1, 2)))
    moved = order.model_copy(update={"due_date": order.due_date + shift if order.due_date else None})
    return _with_order(schedule, moved), f"due date of {order.id} by {shift.days:+d} days"


def _other_priority(schedule: Schedule, draw: random.Random) -> tuple[Schedule, str]:
    order = draw.choice(schedule.snapshot.orders)
    weight = draw.choice((0.0, 1.0, 5.0, 10.0))
    return _with_order(schedule, order.model_copy(update={"priority": weight})), f"priority of {order.id} to {weight:g}"


def _lock(schedule: Schedule, draw: random.Random) -> tuple[Schedule, str]:
    operation = draw.choice(schedule.snapshot.events)
    return _with_operation(schedule, operation.model_copy(update={"locked": True})), f"lock {operation.id}"


def _later(schedule: Schedule, draw: random.Random) -> tuple[Schedule, str]:
    """Move the last operation of an order later: mostly there is room."""
    last = {op.order_id: op for op in schedule.snapshot.events}
    operation = last[draw.choice(list(last))]
    shift = draw.choice((24, 48, 168)) * _HOUR
    if operation.start_date is None or operation.end_date is None or operation.locked:
        return schedule, "nothing"
    update = {"start_date": operation.start_date + shift, "end_date": operation.end_date + shift}
    return _with_operation(schedule, operation.model_copy(update=update)), f"{operation.id} later by {shift}"


def _fewer_alternatives(schedule: Schedule, draw: random.Random) -> tuple[Schedule, str]:
    operation = draw.choice([op for op in schedule.snapshot.events if op.modes and len(op.modes) > 1])
    kept = tuple(mode for mode in operation.modes or () if mode.resource_id == operation.resource_id)
    if not kept:
        return schedule, "nothing"
    return _with_operation(schedule, operation.model_copy(update={"modes": kept})), f"{operation.id} only where it is"


def _outage(schedule: Schedule, draw: random.Random) -> tuple[Schedule, str]:
    """Take a machine out for a shift somewhere in the plan: often enough it has nothing to do then."""
    ends = [op.end_date for op in schedule.snapshot.events if op.end_date]
    begin = schedule.metadata.horizon_start or schedule.metadata.timestamp
    hours = round((max(ends) - begin) / _HOUR)
    start = begin + draw.randrange(0, hours, 8) * _HOUR
    machine = draw.choice([item for item in schedule.snapshot.resources if item.type == "machine"])
    key = f"edit-{machine.id}-{start:%m%d%H}-{draw.randrange(10**6)}"
    out = Unavailable(id=key, type="unavailable", resource_id=machine.id, start=start, end=start + 8 * _HOUR)
    constraints = (*schedule.snapshot.constraints, out)
    snapshot = schedule.snapshot.model_copy(update={"constraints": constraints})
    return schedule.model_copy(update={"snapshot": snapshot}), f"{machine.id} out for a shift from {start:%d %H:%M}"


_EDITS: tuple[Edit, ...] = (_other_due_date, _other_priority, _lock, _later, _fewer_alternatives, _outage)
