"""Calendars and working time against an oracle that goes minute by minute."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.calendars import WorkingTime, expand
from engine.instants import parse_instant, to_ms
from engine.model import Calendar, CalendarException, Shift

MINUTE = 60_000
DAY_MINUTES = 1_440
MARGIN = 4 * DAY_MINUTES

# (zone, a day on which or near which its clocks change, or an ordinary one)
NIGHTS = [
    ("UTC", "2026-01-05"),
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-04-05"),  # half an hour
    ("America/Sao_Paulo", "2018-11-04"),  # midnight does not exist
    ("Asia/Beirut", "2026-10-25"),  # midnight happens twice
    ("Pacific/Apia", "2011-12-30"),  # a whole day does not exist
    ("Asia/Kathmandu", "2026-06-01"),
]

clock = st.integers(0, 288).map(lambda i: f"{i * 5 // 60:02d}:{i * 5 % 60:02d}")
shifts = st.lists(
    st.builds(
        lambda days, a, b: Shift(**{"days": tuple(days), "from": a, "to": b}),
        st.sets(st.integers(1, 7), max_size=7),
        clock,
        clock,
    ),
    max_size=3,
)


@st.composite
def worlds(draw):
    zone, day = draw(st.sampled_from(NIGHTS))
    middle = dt.date.fromisoformat(day)

    def edge():
        date = middle + dt.timedelta(days=draw(st.integers(-3, 3)))
        kind = draw(st.sampled_from(["date", "local", "local", "utc"]))
        if kind == "date":
            return date.isoformat()
        minute = draw(st.integers(0, 287)) * 5
        return f"{date}T{minute // 60:02d}:{minute % 60:02d}" + ("Z" if kind == "utc" else "")

    exceptions = [
        CalendarException(**{"from": edge(), "to": edge(), "working": draw(st.booleans())})
        for _ in range(draw(st.integers(0, 4)))
    ]
    calendar = Calendar(id="c", name="c", time_zone=zone, week=tuple(draw(shifts)), exceptions=tuple(exceptions))
    noon = to_ms(parse_instant(f"{day}T12:00")) // MINUTE
    from_minute = noon - draw(st.integers(0, 3 * DAY_MINUTES))
    return calendar, from_minute, noon + draw(st.integers(1, 3 * DAY_MINUTES))


class Oracle:
    """Local time of every minute, by zoneinfo alone; an edge is the first minute at which the clock has reached it."""

    def __init__(self, calendar: Calendar, from_minute: int, to_minute: int) -> None:
        zone = ZoneInfo(str(calendar.time_zone))
        self.first = from_minute - MARGIN
        epoch = dt.datetime(1970, 1, 1)
        self.reached: list[int] = []
        for minute in range(self.first, to_minute + MARGIN):
            moment = dt.datetime.fromtimestamp(minute * 60, dt.UTC).astimezone(zone).replace(tzinfo=None)
            local = (moment - epoch) // dt.timedelta(minutes=1)
            self.reached.append(max(local, self.reached[-1]) if self.reached else local)
        working = [False] * len(self.reached)
        for day in range(self.reached[0] // DAY_MINUTES - 2, self.reached[-1] // DAY_MINUTES + 2):
            for shift in calendar.week:
                if (dt.date(1970, 1, 1) + dt.timedelta(days=day)).isoweekday() in shift.days:
                    begin, end = _minutes(shift.from_), _minutes(shift.to)
                    end += DAY_MINUTES if end <= begin else 0
                    self._set(working, day * DAY_MINUTES + begin, day * DAY_MINUTES + end, True)
        for exception in calendar.exceptions:
            begin, end = self._at(exception.from_, 0), self._at(exception.to, DAY_MINUTES)
            for i in range(max(begin, 0), min(end, len(working))):
                working[i] = exception.working
        self.working = {
            self.first + i for i, on in enumerate(working) if on and from_minute <= self.first + i < to_minute
        }

    def _set(self, working, local_from, local_to, value):
        for i in range(bisect_left(self.reached, local_from), bisect_left(self.reached, local_to)):
            working[i] = value

    def _at(self, text, whole_day):
        if text.endswith("Z"):
            return to_ms(parse_instant(text)) // MINUTE - self.first
        local = (dt.datetime.fromisoformat(text) - dt.datetime(1970, 1, 1)) // dt.timedelta(minutes=1)
        return bisect_left(self.reached, local + (whole_day if len(text) == 10 else 0))


def _minutes(text):
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def minutes_of(time: WorkingTime) -> set[int]:
    return {m for a, b in time.intervals() for m in range(a // MINUTE, b // MINUTE)}


@settings(max_examples=80, deadline=None)
@given(worlds())
def test_expand_agrees_with_the_clock_on_the_wall(world):
    calendar, from_minute, to_minute = world
    time = expand(calendar, "UTC", from_minute * MINUTE, to_minute * MINUTE)
    assert minutes_of(time) == Oracle(calendar, from_minute, to_minute).working
    assert_normal(time)


def assert_normal(time: WorkingTime) -> None:
    """Sorted, disjoint, maximal, within the window."""
    spans = time.intervals()
    assert all(a < b for a, b in spans)
    assert all(b < c for (_, b), (c, _) in pairwise(spans))
    assert not spans or (spans[0][0] >= time.from_ms and spans[-1][1] <= time.to_ms)


spans = st.lists(st.tuples(st.integers(-5, 65), st.integers(-5, 65)), max_size=8)
small = spans.map(lambda pairs: WorkingTime.of(pairs, 0, 60))
instants = st.integers(-3, 63)
work = st.integers(0, 40)


def units(time: WorkingTime) -> list[int]:
    return [t for a, b in time.intervals() for t in range(a, b)]


@settings(max_examples=300, deadline=None)
@given(small, instants, work)
def test_questions_about_one_instant(time, at, amount):
    on = units(time)
    later = [t for t in on if t >= at]
    before = [t for t in on if t < at]
    assert time.is_working(at) == (at in on)
    assert time.next_working(at) == min(later, default=None)
    assert time.worked_before(at) == len(before)
    if amount == 0:
        assert time.add(at, 0) == time.back(at, 0) == time.fit(at, 0) == at
        return
    assert time.add(at, amount) == (later[amount - 1] + 1 if len(later) >= amount else None)
    assert time.back(at, amount) == (before[-amount] if len(before) >= amount else None)
    runs = [t for t in later if all(t + i in on for i in range(amount))]
    assert time.fit(at, amount) == min(runs, default=None)


@settings(max_examples=200, deadline=None)
@given(small, instants, instants)
def test_questions_about_a_span(time, a, b):
    on = units(time)
    inside = [t for t in on if a <= t < b]
    assert time.between(a, b) == len(inside)
    assert [t for x, y in time.intervals_in(a, b) for t in range(x, y)] == inside
    if a < b:
        assert time.is_uninterrupted(a, b) == (len(inside) == b - a)


@settings(max_examples=200, deadline=None)
@given(spans, spans)
def test_set_operations(first, second):
    mine, theirs = WorkingTime.of(first, 0, 60), WorkingTime.of(second, 0, 60)
    real = [(a, b) for a, b in second if a < b]
    assert set(units(mine.minus(real))) == set(units(mine)) - set(units(theirs))
    assert set(units(mine.plus(real))) == set(units(mine)) | set(units(theirs))
    assert set(units(mine.common(theirs))) == set(units(mine)) & set(units(theirs))
    for result in (mine, mine.minus(real), mine.plus(real), mine.common(theirs)):
        assert_normal(result)


@settings(max_examples=100, deadline=None)
@given(small, st.lists(instants, max_size=20))
def test_many_at_once_is_one_by_one(time, at):
    import numpy as np

    array = np.array(at, dtype=np.int64)
    assert time.worked_before_all(array).tolist() == [time.worked_before(t) for t in at]
    assert time.is_working_all(array).tolist() == [time.is_working(t) for t in at]


@settings(max_examples=200, deadline=None)
@given(small, instants, st.integers(1, 40))
def test_back_undoes_add(time, at, amount):
    end = time.add(at, amount)
    if end is not None:
        start = time.back(end, amount)
        assert start is not None
        assert time.between(start, end) == amount
        assert start >= at
