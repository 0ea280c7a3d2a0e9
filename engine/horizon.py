"""The time frame of a schedule: where it begins, how far it reaches, and its resolution. All from the input alone."""

from __future__ import annotations

import math
from collections.abc import Iterator

from engine.calendars import DAY_MS, clock_ms, exception_span
from engine.instants import to_ms
from engine.model import OptimizationRequest, Schedule
from engine.pinning import Pin, pins

MAX_TICK_MS = 60_000


def horizon_start_ms(schedule: Schedule) -> int:
    """Return the horizon's start in UTC ms.

    ``metadata.horizonStart`` ("now"); else the earliest of all present starts and release dates; else
    ``metadata.timestamp``.
    """
    if schedule.metadata.horizon_start is not None:
        return to_ms(schedule.metadata.horizon_start)
    events, orders = schedule.snapshot.events, schedule.snapshot.orders
    dates = [op.start_date for op in events if op.start_date is not None]
    dates += [item.release_date for item in (*events, *orders) if item.release_date is not None]
    return to_ms(min(dates, default=schedule.metadata.timestamp))


def reference_end_ms(schedule: Schedule) -> int:
    """Return the end of the fixed window in which utilisation is weighed, in UTC ms.

    The latest of all due dates, deadlines, the input plan's last end, and horizon start + 1 day + total work divided
    by the number of resources that operations can run on.
    """
    events, orders = schedule.snapshot.events, schedule.snapshot.orders
    dates = [op.end_date for op in events if op.end_date is not None]
    dates += [item.due_date for item in (*events, *orders) if item.due_date is not None]
    dates += [item.deadline for item in (*events, *orders) if item.deadline is not None]
    latest = to_ms(max(dates)) if dates else 0
    return max(latest, horizon_start_ms(schedule) + DAY_MS + _work_per_resource_ms(schedule))


def planning_window(schedule: Schedule, growth: int = 0) -> tuple[int, int]:
    """Return ``(from_ms, to_ms)`` wide enough for any sensible plan.

    It begins before the horizon, so that setups of what starts there fit, and reaches past every date that holds
    something back. Each ``growth`` doubles its reach, for calendars with hardly any working time.
    """
    begin = horizon_start_ms(schedule)
    events, constraints = schedule.snapshot.events, schedule.snapshot.constraints
    starts = [to_ms(op.start_date) for op in events if op.start_date is not None]
    late = [begin]
    late += [to_ms(op.end_date) for op in events if op.end_date is not None]
    late += [to_ms(i.release_date) for i in (*events, *schedule.snapshot.orders) if i.release_date is not None]
    late += [to_ms(c.end) for c in constraints if c.type == "unavailable" and c.enabled]
    late += [to_ms(d) for c in constraints if (d := getattr(c, "date", None)) is not None and c.enabled]
    late += [begin + lag for d in schedule.snapshot.dependencies if (lag := d.lag_ms) > 0]
    reach = 90 * DAY_MS + 6 * _work_per_resource_ms(schedule)
    return min(begin, *starts, begin) - 60 * DAY_MS, max(late) + reach * 2**growth


def natural_tick_ms(schedule: Schedule, request: OptimizationRequest | None = None) -> int:
    """Return the largest resolution from 1 ms to 1 min in which the input is exact.

    It divides every duration, lag, setup, calendar edge and fixed date, the placements of fixed operations included.
    """
    tick = MAX_TICK_MS
    for value in _measures(schedule, request):
        tick = math.gcd(tick, value)
        if tick == 1:
            break
    return tick


def _work_per_resource_ms(schedule: Schedule) -> int:
    events = schedule.snapshot.events
    usable = {mode.resource_id for op in events for mode in op.modes or ()}
    usable |= {op.resource_id for op in events if not op.modes and op.resource_id is not None}
    return sum(op.duration for op in events) // max(1, len(usable))


def _measures(schedule: Schedule, request: OptimizationRequest | None) -> Iterator[int]:
    snapshot = schedule.snapshot
    yield horizon_start_ms(schedule)
    yield from {op.duration for op in snapshot.events}
    yield from {mode.duration for op in snapshot.events if op.modes for mode in op.modes if mode.duration is not None}
    yield from {dependency.lag_ms for dependency in snapshot.dependencies}
    yield from {dependency.max_lag_ms or 0 for dependency in snapshot.dependencies}
    for matrix in snapshot.setup_matrices:
        yield matrix.default.duration if matrix.default else 0
        yield from (rule.duration for rule in matrix.rules)
    yield from _calendar_edges(schedule)
    yield from _dates(schedule, request)


def _calendar_edges(schedule: Schedule) -> Iterator[int]:
    for calendar in schedule.snapshot.calendars:
        for shift in calendar.week:
            yield clock_ms(shift.from_)
            yield clock_ms(shift.to)
        for exception in calendar.exceptions:
            yield from exception_span(exception, calendar.time_zone or schedule.metadata.time_zone)


def _dates(schedule: Schedule, request: OptimizationRequest | None) -> Iterator[int]:
    snapshot = schedule.snapshot
    for item in (*snapshot.events, *snapshot.orders):
        yield from (to_ms(d) for d in (item.release_date, item.due_date, item.deadline) if d is not None)
    for constraint in snapshot.constraints:
        if constraint.enabled:
            fields = (getattr(constraint, name, None) for name in ("date", "start", "end"))
            yield from (to_ms(d) for d in fields if d is not None)
    fixed = pins(schedule, request)
    for op in snapshot.events:
        if op.id in fixed and op.start_date is not None and op.end_date is not None:
            yield to_ms(op.start_date)
            if fixed[op.id] is not Pin.STARTED:
                yield to_ms(op.end_date)
    for lock in request.locks.resource_intervals if request else ():
        yield to_ms(lock.start)
        yield to_ms(lock.end)
