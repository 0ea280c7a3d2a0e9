"""Times and lengths as a planner reads them: plain English in the plant's zone, the same on every machine."""

from __future__ import annotations

import datetime as dt

from engine.instants import from_ms

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1))


def moment(at_ms: int, zone: dt.tzinfo = dt.UTC) -> str:
    """Return a local time such as ``Tue 24 Nov 2026 06:00``; seconds only when there are any."""
    local = from_ms(at_ms).astimezone(zone)
    return f"{_day(local)} {_clock(local)}"


def period(start_ms: int, end_ms: int, zone: dt.tzinfo = dt.UTC) -> str:
    """Return ``from Tue 24 Nov 2026 06:00 to 07:30``; the second day only when it is another one."""
    start, end = from_ms(start_ms).astimezone(zone), from_ms(end_ms).astimezone(zone)
    until = _clock(end) if start.date() == end.date() else f"{_day(end)} {_clock(end)}"
    return f"from {_day(start)} {_clock(start)} to {until}"


def length(ms: int) -> str:
    """Return a length such as ``1 h 30 min``: its two largest units that matter, exact below a minute."""
    if ms < 0:
        return f"-{length(-ms)}"
    parts: list[str] = []
    for unit, size in _UNITS:
        count, ms = divmod(ms, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:3]) if parts else "0 min"


def listing(names: list[str], limit: int = 4) -> str:
    """Return ``A, B and C``, or the first ``limit`` and how many more there are."""
    if len(names) > limit:
        return f"{', '.join(names[:limit])} and {len(names) - limit} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _day(local: dt.datetime) -> str:
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local.year}"


def _clock(local: dt.datetime) -> str:
    text = f"{local.hour:02d}:{local.minute:02d}"
    if local.second or local.microsecond:
        text += f":{local.second:02d}"
    return text + (f".{local.microsecond // 1000:03d}" if local.microsecond else "")
