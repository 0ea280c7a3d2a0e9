"""Instants: text, datetime and milliseconds."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.instants import format_instant, from_ms, parse_instant, to_ms, zone_of

BERLIN = zone_of("Europe/Berlin")


@given(st.integers(to_ms(parse_instant("1900-01-02")), to_ms(parse_instant("2200-12-30"))))
def test_milliseconds_survive_every_form(ms):
    assert to_ms(from_ms(ms)) == ms
    assert to_ms(parse_instant(format_instant(from_ms(ms)))) == ms


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-01-05T06:00:00Z", "2026-01-05T06:00:00Z"),
        ("2026-01-05T06:00:00+01:00", "2026-01-05T05:00:00Z"),
        (" 2026-01-05T06:00 ", "2026-01-05T05:00:00Z"),  # local
        ("2026-07-05", "2026-07-04T22:00:00Z"),
        ("2026-01-05T06:00:00.1239Z", "2026-01-05T06:00:00.123Z"),
        ("2026-10-25T02:30", "2026-10-25T00:30:00Z"),  # happens twice: the first pass
        ("2026-03-29T02:30", "2026-03-29T01:30:00Z"),  # does not exist: the offset before the gap
    ],
)
def test_reading(text, utc):
    assert format_instant(parse_instant(text, BERLIN)) == utc


@pytest.mark.parametrize(
    "text", ["", "now", "2026-02-30", "2026-01-05T25:00", "1899-12-31T00:00Z", "2201-01-01T00:00Z", "20260x"]
)
def test_what_is_no_date(text):
    with pytest.raises(ValueError):
        parse_instant(text)


def test_whole_seconds_are_written_without_milliseconds():
    assert format_instant(dt.datetime(2026, 1, 5, 6, tzinfo=BERLIN)) == "2026-01-05T05:00:00Z"
    assert format_instant(from_ms(1)) == "1970-01-01T00:00:00.001Z"
    assert from_ms(-1).year == 1969


@pytest.mark.parametrize("name", ["Mars/Base", "", "../etc/passwd", "Europe/Berlin\0", "x" * 300])
def test_zones_that_do_not_exist(name):
    with pytest.raises(ValueError, match="unknown time zone"):
        zone_of(name)
