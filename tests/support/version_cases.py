"""Plans and services for tests of versions: two resources, three orders, everything placed, everything feasible."""

from __future__ import annotations

from typing import Any

from engine.model import Operation, Schedule
from tests.support.plan_edits import with_items
from tests.support.rule_cases import at, order, placed, plant, res


def shop() -> Schedule:
    """Return three orders of two operations each on two machines, and a third machine that is free."""
    operations = [
        placed(f"{name}{k}", 100 * i + 50 * k, 100 * i + 50 * k + 40, f"m{k + 1}", order_id=name)
        for i, name in enumerate("abc")
        for k in range(2)
    ]
    orders = [order(name, due_date=100 * i + 100) for i, name in enumerate("abc")]
    return plant(res("m1"), res("m2"), res("m3"), *orders, *operations)


def put(
    schedule: Schedule, event_id: str, start: float | None = None, resource: str | None = None, **fields: Any
) -> Schedule:
    """Return the plan with one operation elsewhere (start in minutes) or otherwise changed."""

    def changed(op: Operation) -> Operation:
        update: dict[str, Any] = dict(fields)
        if start is not None:
            update |= {"start_date": at(start), "end_date": at(start) + (op.end_date - op.start_date)}  # type: ignore[operator]
        if resource is not None:
            update["resource_id"] = resource
        return op.model_copy(update=update)

    return with_items(schedule, events=tuple(changed(o) if o.id == event_id else o for o in schedule.snapshot.events))
