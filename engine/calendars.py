"""Working time: weekly calendars in local time, exceptions and outages, as sorted intervals of UTC milliseconds.

All intervals are half-open. Local times follow the zone's daylight saving rules: a time that happens twice is its first
pass, a time that does not exist is the moment at which the clock jumps, so that a shift from 22:00 to 06:00 is worked
7 h in the night that loses an hour and 9 h in the one that gains it.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import numpy as np

from engine.instants import from_ms as instant_of
from engine.instants import parse_instant, to_ms, zone_of
from engine.model import Calendar, CalendarException, Resource, Schedule, Unavailable
from engine.working_time import Span, Times, WorkingTime, cut, merged

__all__ = [
    "DAY_MS",
    "Span",
    "WorkingTime",
    "WorkingTimes",
    "clock_ms",
    "exception_edge",
    "exception_span",
    "expand",
    "is_full_outage",
    "outages_by_resource",
    "resource_working_time",
]

DAY_MS = 86_400_000
_NONE = np.empty(0, dtype=np.int64)


def expand(calendar: Calendar, default_zone: str, from_ms: int, to_ms: int) -> WorkingTime:
    """Return the working time of a calendar over ``[from_ms, to_ms)``.

    A shift belongs to the day on which it begins, also past midnight. Exceptions are laid over the week in their
    order: dates are whole local days, the last one included; date-times are half-open and local to the calendar's zone
    unless they carry an offset.

    Parameters
    ----------
    calendar
        The calendar; its own ``time_zone`` wins over ``default_zone``.
    default_zone
        The plant's zone, an IANA name.
    from_ms, to_ms
        The window in UTC ms.

    Raises
    ------
    ValueError
        On an unknown zone or an exception whose dates cannot be read; ``engine.validate`` finds these first.
    """
    zone = _LocalTime(calendar.time_zone or default_zone, from_ms, to_ms)
    starts, ends = _week(calendar, zone, from_ms, to_ms)
    time = cut(*merged(starts, ends), from_ms, to_ms)
    batch: list[Span] = []
    for i, exception in enumerate(calendar.exceptions):
        batch.append(exception_span(exception, calendar.time_zone or default_zone))
        following = calendar.exceptions[i + 1] if i + 1 < len(calendar.exceptions) else None
        if following is None or following.working != exception.working:
            time = time.plus(batch) if exception.working else time.minus(batch)
            batch = []
    return time


def exception_span(exception: CalendarException, zone_name: str) -> Span:
    """Return the span of a calendar exception in UTC ms.

    Raises
    ------
    ValueError
        When a date cannot be read.
    """
    return exception_edge(exception.from_, zone_name, last=False), exception_edge(exception.to, zone_name, last=True)


def is_full_outage(outage: Unavailable, resource: Resource) -> bool:
    """Whether the outage takes every unit: it then counts as a break, otherwise it lowers the capacity."""
    return outage.capacity is None or outage.capacity >= resource.capacity


def outages_by_resource(schedule: Schedule) -> dict[str, list[Unavailable]]:
    """Return the enabled ``unavailable`` constraints of each resource that has any."""
    found: dict[str, list[Unavailable]] = {}
    for constraint in schedule.snapshot.constraints:
        if constraint.type == "unavailable" and constraint.enabled:
            found.setdefault(constraint.resource_id, []).append(constraint)
    return found


class WorkingTimes:
    """The working time of every resource of a schedule over one window, computed when asked for and shared.

    Resources with the same calendar and no outage share one object.
    """

    def __init__(self, schedule: Schedule, from_ms: int, to_ms: int) -> None:
        self.from_ms, self.to_ms = from_ms, to_ms
        self.always = WorkingTime.always(from_ms, to_ms)
        self._zone = schedule.metadata.time_zone
        self._resources = {r.id: r for r in schedule.snapshot.resources}
        self._calendars = {c.id: c for c in schedule.snapshot.calendars}
        self._outages = outages_by_resource(schedule)
        self._by_calendar: dict[str, WorkingTime] = {}
        self._by_resource: dict[str | None, WorkingTime] = {None: self.always}
        self._common: dict[tuple[int, int], tuple[WorkingTime, WorkingTime, WorkingTime]] = {}

    def of(self, resource_id: str | None) -> WorkingTime:
        """Return the resource's calendar minus its full outages; no resource always works."""
        known = self._by_resource.get(resource_id)
        if known is None:
            known = self._by_resource[resource_id] = self._compute(self._resources[str(resource_id)])
        return known

    def common(self, one: WorkingTime, other: WorkingTime) -> WorkingTime:
        """Return what is worked in both, remembered by pair."""
        if other is self.always or one is other:
            return one
        key = (id(one), id(other))
        if key not in self._common:
            self._common[key] = (one, other, one.common(other))  # holding both keeps the ids unique
        return self._common[key][2]

    def _compute(self, resource: Resource) -> WorkingTime:
        time = self._of_calendar(resource.calendar)
        outages = [o for o in self._outages.get(resource.id, ()) if is_full_outage(o, resource)]
        return time.minus((to_ms(o.start), to_ms(o.end)) for o in outages) if outages else time

    def _of_calendar(self, calendar_id: str | None) -> WorkingTime:
        if calendar_id is None:
            return self.always
        if calendar_id not in self._by_calendar:
            calendar = self._calendars[calendar_id]
            self._by_calendar[calendar_id] = expand(calendar, self._zone, self.from_ms, self.to_ms)
        return self._by_calendar[calendar_id]


def resource_working_time(schedule: Schedule, resource: Resource, from_ms: int, to_ms: int) -> WorkingTime:
    """Return the resource's calendar minus its full outages over ``[from_ms, to_ms)``.

    For many resources ``WorkingTimes`` is faster, which expands each calendar once.
    """
    return WorkingTimes(schedule, from_ms, to_ms).of(resource.id)


def clock_ms(text: str) -> int:
    """Return the ms after midnight of a clock time ``HH:MM`` or ``HH:MM:SS``; ``24:00`` is a day."""
    parts = [int(p) for p in text.split(":")]
    return sum(p * f for p, f in zip(parts, (3_600_000, 60_000, 1_000), strict=False))


class _LocalTime:
    """Local to UTC for one zone over a window, by the offset changes in it."""

    def __init__(self, zone_name: str, from_ms: int, to_ms: int) -> None:
        years = range(_year(from_ms - 3 * DAY_MS), _year(to_ms + 3 * DAY_MS) + 1)
        first, changes = _offset_changes(zone_name, years[0])
        found = list(changes)
        for year in years[1:]:
            found.extend(_offset_changes(zone_name, year)[1])
        offsets = [first, *(offset for _, offset in found)]
        self._offsets = np.array(offsets, dtype=np.int64)
        self._begins = np.array([np.iinfo(np.int64).min, *(at for at, _ in found)], dtype=np.int64)
        self._local_ends = self._begins[1:] + self._offsets[:-1]

    def to_utc(self, local_ms: Times) -> Times:
        """Map local ms to UTC ms; never decreasing, so that shifts that abut still do."""
        i = np.searchsorted(self._local_ends, local_ms, side="right")
        return np.maximum(self._begins[i], local_ms - self._offsets[i])

    def to_local(self, utc_ms: int) -> int:
        """Map one UTC ms to local ms."""
        return utc_ms + int(self._offsets[int(np.searchsorted(self._begins, utc_ms, side="right")) - 1])


@lru_cache(maxsize=2048)
def _offset_changes(zone_name: str, year: int) -> tuple[int, tuple[Span, ...]]:
    """Return the UTC offset at the year's start, and (UTC ms, new offset) of each change within the year."""
    zone = zone_of(zone_name)

    def offset(at_s: int) -> int:
        moment = instant_of(at_s * 1000).astimezone(zone)
        return round((moment.utcoffset() or dt.timedelta()).total_seconds() * 1000)

    at = round(dt.datetime(year, 1, 1, tzinfo=dt.UTC).timestamp())
    end = round(dt.datetime(year + 1, 1, 1, tzinfo=dt.UTC).timestamp())
    first = before = offset(at)
    changes: list[Span] = []
    while at < end:
        following = min(at + 86_400, end)
        after = offset(following)
        if after != before:
            low, high = at, following
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == before else (low, middle)
            changes.append((high * 1000, after))
        at, before = following, after
    return first, tuple(changes)


def _year(ms: int) -> int:
    return max(1, min(9998, instant_of(ms).year))


def _week(calendar: Calendar, zone: _LocalTime, from_ms: int, to_ms: int) -> tuple[Times, Times]:
    """The week's shifts on every local day that can reach into the window, unmerged."""
    first_day = zone.to_local(from_ms) // DAY_MS - 3  # a shift ends at most 48 h after its day began
    days = np.arange(first_day, zone.to_local(to_ms) // DAY_MS + 2, dtype=np.int64)
    weekdays = (days + 3) % 7 + 1  # 1970-01-01 was a Thursday
    starts: list[Times] = [_NONE]
    ends: list[Times] = [_NONE]
    for shift in calendar.week:
        begin, end = clock_ms(shift.from_), clock_ms(shift.to)
        on = days[np.isin(weekdays, shift.days)] * DAY_MS
        starts.append(zone.to_utc(on + begin))
        ends.append(zone.to_utc(on + (end if end > begin else end + DAY_MS)))
    return np.concatenate(starts), np.concatenate(ends)


def exception_edge(text: str, zone_name: str, *, last: bool) -> int:
    """Return one edge of an exception in UTC ms.

    A date means the whole local day, so that as the ``last`` edge it ends with that day; an offset is obeyed; any
    other date-time is local.

    Raises
    ------
    ValueError
        When the text is no date, or the zone unknown.
    """
    text = text.strip()
    zone = zone_of(zone_name)
    whole_day = len(text) <= 10
    moment = dt.datetime.fromisoformat(text) if not whole_day else None
    if moment is not None and moment.tzinfo is not None:
        return to_ms(parse_instant(text))
    parse_instant(text, zone)  # raises on what is no date
    local = to_ms((moment or dt.datetime.fromisoformat(text)).replace(tzinfo=dt.UTC))
    if whole_day and last:
        local += DAY_MS
    around = _LocalTime(zone_name, local - 2 * DAY_MS, local + 2 * DAY_MS)
    return int(around.to_utc(np.array([local], dtype=np.int64))[0])
