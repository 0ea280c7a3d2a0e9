"""The least amount or set that will do, by trials, and requests and plans looked at for one rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from engine.instants import from_ms, to_ms
from engine.model import DateConstraint

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from engine.model import Dependency, OptimizationRequest, PlacedEvent
    from engine.solve.why.rules_given import Rule

MINUTE_MS = 60_000

_Item = TypeVar("_Item")


def minutes_up(ms: int) -> int:
    """Return a length rounded up to whole minutes."""
    return -(-ms // MINUTE_MS) * MINUTE_MS


def least_amount(ask: Callable[[int], int | None], most: int, is_late: Callable[[], bool]) -> int:
    """Return the least amount that suffices, in whole minutes.

    Parameters
    ----------
    ask
        Tries an amount in ms: None when it does not suffice, else an amount that does, the same or less.
    most
        An amount that suffices; it is rounded up.
    is_late
        Asked before each trial; True ends the search with the least amount known.
    """
    low, high = 0, max(MINUTE_MS, minutes_up(most))
    while high - low > MINUTE_MS and not is_late():
        middle = minutes_up((low + high) // 2)
        if middle >= high:
            middle = high - MINUTE_MS
        found = ask(middle)
        if found is None:
            low = middle
        else:
            high = min(middle, max(low + MINUTE_MS, minutes_up(found)))
    return high


def minimised(
    items: Sequence[_Item], suffices: Callable[[Sequence[_Item]], bool], is_late: Callable[[], bool]
) -> list[_Item]:
    """Return a subset of ``items`` that suffices, and none of whose items can be left out unless time ran out.

    Parameters
    ----------
    items
        What suffices as a whole.
    suffices
        Whether a subset does: what suffices must go on to with more items. May err towards False.
    is_late
        Asked before each trial; True ends the reduction.
    """
    current = list(items)
    size = max(1, len(current) // 2)
    while len(current) > 1:
        at = 0
        while at < len(current):
            if is_late():
                return current
            rest = current[:at] + current[at + size :]
            if rest and suffices(rest):
                current = rest
            else:
                at += size
        if size == 1:
            break
        size = max(1, min(size // 2, len(current) // 2))
    return current


def last_end(plan: Iterable[PlacedEvent], event_ids: Collection[str]) -> int:
    """Return the last end of some operations in a plan, in ms."""
    return max(to_ms(e.end_date) for e in plan if e.id in event_ids and e.end_date is not None)


def point_of(plan: Iterable[PlacedEvent], event_id: str, is_end: bool) -> int:
    """Return when an operation starts or ends in a plan, in ms."""
    event = next(e for e in plan if e.id == event_id)
    at = event.end_date if is_end else event.start_date
    assert at is not None
    return to_ms(at)


def gap_of(plan: Iterable[PlacedEvent], dependency: Dependency) -> int:
    """Return how long after the predecessor's point the successor's comes in a plan, in ms."""
    plan = list(plan)
    before = point_of(plan, dependency.from_event, dependency.type in (2, 3))
    return point_of(plan, dependency.to_event, dependency.type in (1, 3)) - before


def within(request: OptimizationRequest, rule: DateConstraint, from_ms_: int, to_ms_: int) -> OptimizationRequest:
    """Return a request in which an exact date is a window."""
    point = "start" if rule.type == "muststarton" else "finish"
    bounds = (
        rule.model_copy(update={"type": f"{point}noearlierthan", "date": from_ms(from_ms_)}),
        rule.model_copy(update={"id": f"{rule.id}~", "type": f"{point}nolaterthan", "date": from_ms(to_ms_)}),
    )
    schedule = request.schedule_data
    others = tuple(c for c in schedule.snapshot.constraints if c.id != rule.id)
    snapshot = schedule.snapshot.model_copy(update={"constraints": (*others, *bounds)})
    return request.model_copy(update={"schedule_data": schedule.model_copy(update={"snapshot": snapshot})})


def with_only_due(request: OptimizationRequest, rule: Rule, due_ms: int) -> OptimizationRequest:
    """Return a request whose whole aim is that what a rule binds, an order or an operation, ends by ``due_ms``."""
    schedule = request.schedule_data
    due = {"due_date": from_ms(due_ms), "priority": None}
    free = {"due_date": None}
    on_event = None if rule.order_id else rule.event_id
    events = tuple(
        op.model_copy(update=due if op.id == on_event else free) if op.due_date or op.id == on_event else op
        for op in schedule.snapshot.events
    )
    orders = tuple(o.model_copy(update=due if o.id == rule.order_id else free) for o in schedule.snapshot.orders)
    snapshot = schedule.snapshot.model_copy(update={"events": events, "orders": orders})
    options = request.options.model_copy(update={"objective": "minimize_tardiness"})
    schedule = schedule.model_copy(update={"snapshot": snapshot})
    return request.model_copy(update={"schedule_data": schedule, "options": options})
