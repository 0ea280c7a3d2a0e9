"""Calendars by example: shifts, exceptions, zones, the nights of the clock change, outages."""

from __future__ import annotations

import time

import pytest

from engine.calendars import WorkingTimes, clock_ms, exception_span, expand, resource_working_time
from engine.instants import parse_instant, to_ms
from engine.model import Calendar, CalendarException, Shift
from tests.support.plants import DAY, HOUR, T0_MS, at_ms, calendar, machine, outage, plant

ALL_DAYS = (1, 2, 3, 4, 5, 6, 7)


def hours(worked):
    return [((a - T0_MS) / 3_600_000, (b - T0_MS) / 3_600_000) for a, b in worked.intervals()]


def week(made, days=7):
    return expand(made, "UTC", T0_MS, at_ms(days * DAY))


def test_a_shift_on_workdays():
    assert hours(week(calendar("C", "06:00-14:00"), 8)) == [(24 * d + 6, 24 * d + 14) for d in (0, 1, 2, 3, 4, 7)]


def test_shifts_that_touch_or_overlap_are_one_interval():
    assert hours(week(calendar("C", "06:00-14:00", "14:00-22:00", "13:00-15:00", days=(1,)))) == [(6, 22)]


def test_a_night_shift_belongs_to_the_day_on_which_it_begins():
    # Friday's runs into Saturday; Sunday's of the week before reaches into the window
    assert hours(week(calendar("C", "22:00-06:00", days=(5, 7)))) == [(0, 6), (118, 126), (166, 168)]


@pytest.mark.parametrize(
    ("shift", "expected"),
    [
        ("18:00-24:00", [(18, 24)]),
        ("00:00-24:00", [(0, 24)]),
        ("06:00-06:00", [(6, 30)]),  # to = from is a whole day
        ("24:00-06:00", [(24, 30)]),
        ("06:00:30-06:01:00", [(6 + 1 / 120, 6 + 1 / 60)]),
    ],
)
def test_edges_of_the_day(shift, expected):
    assert hours(week(calendar("C", shift, days=(1,)), 2)) == expected


def test_round_the_clock_is_one_interval():
    assert week(calendar("C", "00:00-24:00", days=ALL_DAYS)).is_always
    assert week(calendar("C", "06:00-18:00", "18:00-06:00", days=ALL_DAYS)).is_always


def test_no_week_never_works_save_by_exception():
    assert week(calendar("C")).intervals() == []
    opened = calendar("C", exceptions=[("2026-01-06T10:00", "2026-01-06T12:00", True)])
    assert hours(week(opened)) == [(34, 36)]


def test_exceptions_as_dates_take_whole_days_the_last_one_included():
    closed = calendar("C", "06:00-14:00", exceptions=[("2026-01-06", "2026-01-07", False)])
    assert hours(week(closed)) == [(6, 14), (78, 86), (102, 110)]


def test_an_exception_cuts_the_night_shift_at_midnight():
    closed = calendar("C", "22:00-06:00", days=(1,), exceptions=[("2026-01-06", "2026-01-06", False)])
    assert hours(week(closed)) == [(22, 24)]


def test_later_exceptions_override_earlier_ones():
    both = [("2026-01-05", "2026-01-05", False), ("2026-01-05T08:00", "2026-01-05T10:00", True)]
    assert hours(week(calendar("C", "06:00-14:00", days=(1,), exceptions=both))) == [(8, 10)]
    assert hours(week(calendar("C", "06:00-14:00", days=(1,), exceptions=both[::-1]))) == []


def test_an_exception_with_an_offset_is_obeyed():
    opened = calendar("C", zone="Asia/Tokyo", exceptions=[("2026-01-06T00:00Z", "2026-01-06T01:00+00:00", True)])
    assert hours(week(opened)) == [(24, 25)]


def test_the_calendars_own_zone_wins_over_the_plants():
    made = calendar("C", "06:00-14:00", days=(1,), zone="Europe/Berlin")
    assert hours(expand(made, "Asia/Tokyo", T0_MS, at_ms(DAY))) == [(5, 13)]
    assert hours(expand(calendar("C", "09:00-17:00", days=(1,)), "Asia/Tokyo", T0_MS, at_ms(DAY))) == [(0, 8)]


@pytest.mark.parametrize(
    ("evening", "worked"), [("2026-03-28", 7), ("2026-03-29", 8), ("2026-10-24", 9), ("2026-10-25", 8)]
)
def test_the_nights_of_the_clock_change(evening, worked):
    noon = to_ms(parse_instant(f"{evening}T12:00Z"))
    made = calendar("C", "22:00-06:00", days=ALL_DAYS, zone="Europe/Berlin")
    (span,) = expand(made, "UTC", noon, noon + 86_400_000).intervals()
    assert (span[1] - span[0]) / 3_600_000 == worked


def test_an_edge_that_does_not_exist_is_the_moment_of_the_jump():
    made = calendar("C", "02:30-06:00", days=ALL_DAYS, zone="Europe/Berlin")
    midnight = to_ms(parse_instant("2026-03-29T00:00+01:00"))
    (span,) = expand(made, "UTC", midnight, midnight + 12 * 3_600_000).intervals()
    assert span == (to_ms(parse_instant("2026-03-29T03:00+02:00")), to_ms(parse_instant("2026-03-29T06:00+02:00")))


def test_an_edge_that_comes_twice_is_its_first_pass_so_that_shifts_still_abut():
    made = calendar("C", "22:00-02:30", "02:30-06:00", days=ALL_DAYS, zone="Europe/Berlin")
    evening = to_ms(parse_instant("2026-10-24T22:00+02:00"))
    assert expand(made, "UTC", evening, evening + 9 * 3_600_000).is_always
    first = calendar("C", "22:00-02:30", days=ALL_DAYS, zone="Europe/Berlin")
    assert expand(first, "UTC", evening, evening + 9 * 3_600_000).total_ms == 4.5 * 3_600_000


def test_a_shift_from_the_hour_at_which_the_clock_falls_back_begins_after_both_passes():
    made = calendar("C", "03:00-06:00", days=ALL_DAYS, zone="Europe/Berlin")
    midnight = to_ms(parse_instant("2026-10-25T00:00+02:00"))
    (span,) = expand(made, "UTC", midnight, midnight + 12 * 3_600_000).intervals()
    assert span == (to_ms(parse_instant("2026-10-25T03:00+01:00")), to_ms(parse_instant("2026-10-25T06:00+01:00")))


def test_a_year_takes_less_than_ten_milliseconds():
    made = calendar(
        "C", "06:00-14:00", "14:00-22:00", zone="Europe/Berlin",
        exceptions=[(f"2026-{m:02d}-10", f"2026-{m:02d}-11", False) for m in range(1, 13)],
    )  # fmt: skip
    expand(made, "UTC", T0_MS, at_ms(365 * DAY))  # the zone's clock changes are looked up once a process
    best = min(_timed(lambda: expand(made, "UTC", T0_MS, at_ms(365 * DAY))) for _ in range(5))
    assert best < 0.01


def _timed(call):
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def test_full_outages_are_breaks_and_partial_ones_are_not():
    schedule = plant(
        resources=[machine("one"), machine("two", capacity=2)],
        constraints=[
            outage("one", 60, 120),
            outage("two", 60, 120, units=1),
            outage("two", 180, 240, units=2),
            outage("one", 300, 360, enabled=False, id="off"),
        ],
    )
    times = WorkingTimes(schedule, T0_MS, at_ms(10 * HOUR))
    assert hours(times.of("one")) == [(0, 1), (2, 10)]
    assert hours(times.of("two")) == [(0, 3), (4, 10)]
    assert times.of(None).is_always


def test_resources_with_one_calendar_share_their_working_time():
    schedule = plant(
        resources=[machine("a", calendar="C"), machine("b", calendar="C")], calendars=[calendar("C", "06:00-14:00")]
    )
    times = WorkingTimes(schedule, T0_MS, at_ms(DAY))
    assert times.of("a") is times.of("b")
    assert times.of("a") == resource_working_time(schedule, schedule.snapshot.resources[0], T0_MS, at_ms(DAY))
    assert times.common(times.of("a"), times.of("b")) is times.of("a")


@pytest.mark.parametrize(
    ("text", "expected"), [("00:00", 0), ("06:30", 23_400_000), ("24:00", 86_400_000), ("00:00:05", 5_000)]
)
def test_clock_times(text, expected):
    assert clock_ms(text) == expected


def test_exception_spans_and_bad_dates():
    made = CalendarException(**{"from": "2026-01-05", "to": "2026-01-05T12:00", "working": True})
    assert exception_span(made, "UTC") == (T0_MS, at_ms(12 * HOUR))
    with pytest.raises(ValueError, match="ISO 8601"):
        exception_span(made.model_copy(update={"to": "soon"}), "UTC")
    with pytest.raises(ValueError, match="zone"):
        expand(
            Calendar(id="C", name="", week=(Shift(**{"days": (1,), "from": "06:00", "to": "07:00"}),)), "Mars/X", 0, 1
        )
