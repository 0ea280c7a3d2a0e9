"""A second order like one that is there: operations, links and sets of their own, not placed yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.model import Constraint, Demand, Operation, Order, Schedule, SetConstraint, Status


def copied_order(schedule: Schedule, order: Order, name: str, given: Mapping[str, Any]) -> Schedule:
    """Return the schedule with a copy of an order under another name.

    Links and sets that lie within the order are copied; links to operations of other orders and dates of single
    operations are not, they belong to the original. Choices of the copy are open, nothing of it has begun.

    Parameters
    ----------
    given
        Fields of the copy, by Python name; dates that are not given it has not.
    """
    shot = schedule.snapshot
    taken = {op.id for op in shot.events} | {item.id for item in shot.orders}
    mark = _free_mark(name, {op.id for op in shot.events if op.order_id == order.id}, taken)
    new_id = mark
    ids = {op.id: f"{mark}/{op.id}"[:200] for op in shot.events if op.order_id == order.id}
    fresh = {"id": new_id, "name": name, "release_date": None, "due_date": None, "deadline": None}
    copy = order.model_copy(update={**fresh, **given})
    events = tuple(_copied(op, ids[op.id], new_id) for op in shot.events if op.id in ids)
    links = tuple(
        link.model_copy(
            update={
                "id": f"{mark}/{link.id}"[:200],
                "from_event": ids[link.from_event],
                "to_event": ids[link.to_event],
            }
        )
        for link in shot.dependencies
        if link.from_event in ids and link.to_event in ids
    )
    sets = tuple(_copied_set(item, ids, mark) for item in shot.constraints if _lies_within(item, ids))
    parts = {
        "orders": (*shot.orders, copy),
        "events": (*shot.events, *events),
        "dependencies": (*shot.dependencies, *links),
        "constraints": (*shot.constraints, *sets),
    }
    return schedule.model_copy(update={"snapshot": shot.model_copy(update=parts)})


def _copied(op: Operation, new_id: str, order_id: str) -> Operation:
    demands = None if op.demands is None else tuple(_open(demand) for demand in op.demands)
    return op.model_copy(
        update={
            "id": new_id,
            "order_id": order_id,
            "start_date": None,
            "end_date": None,
            "resource_id": None if op.modes else op.resource_id,
            "release_date": None,
            "due_date": None,
            "deadline": None,
            "status": Status.PLANNED,
            "percent_done": 0,
            "locked": False,
            "manually_scheduled": False,
            "demands": demands,
        }
    )


def _open(demand: Demand) -> Demand:
    """The demand with its choice taken back, where there is a choice."""
    return demand if demand.resource_ids is None else demand.model_copy(update={"resource_id": None})


def _lies_within(item: Constraint, ids: Mapping[str, str]) -> bool:
    return isinstance(item, SetConstraint) and all(key in ids for key in item.event_ids)


def _copied_set(item: Constraint, ids: Mapping[str, str], mark: str) -> Constraint:
    assert isinstance(item, SetConstraint)
    members = tuple(ids[key] for key in item.event_ids)
    return item.model_copy(update={"id": f"{mark}/{item.id}"[:200], "event_ids": members})


def _free_mark(name: str, operations: set[str], taken: set[str]) -> str:
    """An id for the copy, such that no id made of it is taken."""
    mark, count = name[:80], 1
    while mark in taken or any(f"{mark}/{key}" in taken for key in operations):
        count += 1
        mark = f"{name[:80]}-{count}"
    return mark
