"""frePPLe's calendars: buckets with a value, days, hours and priority, as weeks and exceptions of ours."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Any

from app.exchange.frepple_tables import Record, moment, number, seconds, text
from app.exchange.table_cells import text_of

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_S = 86_400
_LONG = dt.timedelta(days=366)
"""A bucket that lasts longer is a rule of every week; a shorter one an exception."""


def calendar_of(key: str, record: Record, buckets: list[Record]) -> tuple[dict[str, Any], int]:
    """Return the calendar of its buckets, and how many of them have no place in one of ours.

    The bucket of the lowest priority number holds; a value above 0 is working time.
    """
    rules = [bucket for bucket in buckets if _is_long(bucket)]
    default = number(record, "defaultvalue", 0) > 0
    by_times: dict[tuple[str, str], list[int]] = {}
    for day in range(7):
        for start, end in _working(day, rules, default):
            by_times.setdefault((_clock(start), _clock(end)), []).append(day + 1)
    week = [{"days": days, "from": start, "to": end} for (start, end), days in by_times.items()]
    exceptions: list[dict[str, Any]] = []
    skipped = 0
    for bucket in sorted((b for b in buckets if not _is_long(b)), key=lambda b: -number(b, "priority", 0)):
        start, end = moment(bucket, "startdate"), moment(bucket, "enddate")
        first, last = _hours(bucket)
        if start is None or end is None or end <= start or (first, last) != (0, _DAY_S):
            skipped += 1
            continue
        span = {"from": start.strftime("%Y-%m-%dT%H:%M:%S"), "to": end.strftime("%Y-%m-%dT%H:%M:%S")}
        exceptions.append({**span, "working": number(bucket, "value", 0) > 0})
    row: dict[str, Any] = {"id": key, "name": key, "week": week}
    return (row | {"exceptions": exceptions} if exceptions else row), skipped


def _is_long(bucket: Record) -> bool:
    start, end = moment(bucket, "startdate"), moment(bucket, "enddate")
    return start is None or end is None or end - start > _LONG


def _hours(bucket: Record) -> tuple[int, int]:
    """Return from and to when of a day a bucket holds, in seconds; ``16:59:59`` means until 17:00."""
    start = int(seconds(bucket, "starttime"))
    end = int(seconds(bucket, "endtime")) if text(bucket, "endtime") else _DAY_S
    end += end % 60 == 59
    return start, end if 0 < end <= _DAY_S else _DAY_S


def _holds_on(bucket: Record, day: int) -> bool:
    value = bucket.get(_DAYS[day])
    return value is None or value == "" or text_of(value).lower() in ("yes", "true", "1")


def _working(day: int, rules: list[Record], default: bool) -> list[tuple[int, int]]:
    edges = sorted({0, _DAY_S, *(edge for rule in rules for edge in _hours(rule))})
    found: list[tuple[int, int]] = []
    for start, end in pairwise(edges):
        holding = [
            rule for rule in rules if _holds_on(rule, day) and _hours(rule)[0] <= start and end <= _hours(rule)[1]
        ]
        best = min(holding, key=lambda rule: number(rule, "priority", 0), default=None)
        if not (default if best is None else number(best, "value", 0) > 0):
            continue
        if found and found[-1][1] == start:
            found[-1] = found[-1][0], end
        else:
            found.append((start, end))
    return found


def _clock(of_day_s: int) -> str:
    hours, rest = divmod(of_day_s, 3_600)
    return f"{hours:02d}:{rest // 60:02d}" + (f":{rest % 60:02d}" if rest % 60 else "")
