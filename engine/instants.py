"""Instants: aware UTC datetimes in the model, integer milliseconds since 1970 in computations."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import PlainSerializer, PlainValidator, ValidationInfo, WithJsonSchema

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MS = dt.timedelta(milliseconds=1)
_EARLIEST_YEAR, _LATEST_YEAR = 1900, 2200


def to_ms(instant: dt.datetime) -> int:
    """Return milliseconds since 1970-01-01T00:00Z of an aware datetime."""
    return (instant - _EPOCH) // _MS


def from_ms(milliseconds: int) -> dt.datetime:
    """Return the aware UTC datetime of milliseconds since 1970-01-01T00:00Z."""
    return _EPOCH + dt.timedelta(milliseconds=milliseconds)


def format_instant(instant: dt.datetime) -> str:
    """Return canonical ISO 8601 in UTC with ``Z``; milliseconds only when there are any."""
    utc = instant.astimezone(dt.UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='milliseconds' if utc.microsecond else 'seconds')}Z"


def parse_instant(text: str, zone: dt.tzinfo = dt.UTC) -> dt.datetime:
    """Return the aware UTC datetime of an ISO 8601 text, cut to whole milliseconds.

    A text without an offset is local time in ``zone`` (first pass of an hour that happens twice; an hour that does
    not exist is read with the offset before the gap).

    Raises
    ------
    ValueError
        When the text is not a date, or lies outside the years 1900 to 2200.
    """
    try:
        instant = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError("not an ISO 8601 date; write for example 2026-11-23T06:00:00Z") from None
    if not _EARLIEST_YEAR <= instant.year <= _LATEST_YEAR:
        raise ValueError(f"the year must lie between {_EARLIEST_YEAR} and {_LATEST_YEAR}")
    if instant.tzinfo is dt.UTC and not instant.microsecond:
        return instant  # as everything that is stored is written; the rest takes five times as long
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=zone)
    instant = instant.astimezone(dt.UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def _validate(value: Any, info: ValidationInfo) -> dt.datetime:
    if isinstance(value, dt.datetime):
        if value.tzinfo is None:
            raise ValueError("a datetime must be aware (carry a time zone)")
        value = value.astimezone(dt.UTC)
        return value.replace(microsecond=value.microsecond // 1000 * 1000)
    if not isinstance(value, str):
        raise ValueError("not an ISO 8601 date")
    zone = info.context.get("zone", dt.UTC) if info.context else dt.UTC
    return parse_instant(value, zone)


Instant = Annotated[
    dt.datetime,
    PlainValidator(_validate),
    PlainSerializer(format_instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""An aware UTC datetime; on the wire ISO 8601. Validation context ``{"zone": tzinfo}`` reads texts without offset."""


def zone_of(name: str) -> ZoneInfo:
    """Return the IANA zone.

    Raises
    ------
    ValueError
        When there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except Exception:
        raise ValueError(f"unknown time zone {name!r}; write an IANA name such as Europe/Berlin") from None
