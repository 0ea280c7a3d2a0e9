"""Numbers, durations and instants as a planner reads them: plain English, 24-hour clock, the plant's time zone."""

from __future__ import annotations

import datetime as dt
import re

from engine.instants import from_ms

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
MINUS = "\u2212"
DASH = "\u2013"
ARROW = "\u2192"
_SCALES = (
    (DAY_MS, "d", HOUR_MS, "h", MINUTE_MS),
    (HOUR_MS, "h", MINUTE_MS, "min", MINUTE_MS),
    (MINUTE_MS, "min", 1000, "s", 1000),
)
"""A big unit, a small one, and to what a length is rounded before it is told which of them it has."""
_UNIT_MS = {
    "": MINUTE_MS,
    "s": 1000,
    "sec": 1000,
    "m": MINUTE_MS,
    "min": MINUTE_MS,
    "h": HOUR_MS,
    "d": DAY_MS,
}
_AMOUNT = re.compile(r"\s*(\d+(?:[.,]\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def duration(milliseconds: float) -> str:
    """Return at most two neighbouring units: ``9 d 4 h``, ``3 h 20 min``, ``45 min``, ``1.5 s``; below 0 with a minus.

    A length always has the same units, so that two of a size look alike in a table: days from 24 hours on.

    Examples
    --------
    >>> duration(12_000_000)
    '3 h 20 min'
    """
    value = round(abs(milliseconds))
    sign = MINUS if milliseconds < 0 and value else ""
    if value < 10_000 and value % 1000:
        return f"{sign}{value / 1000:.3g} s"
    for big, big_name, small, small_name, fine in _SCALES:
        if (value + fine // 2) // fine * fine >= big:
            rounded = (value + small // 2) // small * small
            whole, rest = divmod(rounded, big)
            return sign + f"{number(whole)} {big_name}" + (f" {rest // small} {small_name}" if rest else "")
    return f"{sign}{(value + 500) // 1000} s" if value else "0 min"


def signed_duration(milliseconds: float) -> str:
    """Return the duration with its sign, ``+3 h`` or ``−20 min``."""
    return ("+" if milliseconds > 0 else "") + duration(milliseconds)


def clock_time(seconds: float) -> str:
    """Return a running time, ``0:07``, ``12:30`` or ``1:02:30``."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def number(value: float, digits: int = 0) -> str:
    """Return a number with thousands commas and a true minus sign."""
    text = f"{value:,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def signed_number(value: float, digits: int = 0) -> str:
    """Return a number with its sign."""
    return ("+" if value > 0 else "") + number(value, digits)


def percent(share: float, digits: int = 1) -> str:
    """Return a share of 1 as per cent: ``71.4 %``."""
    return f"{number(share * 100, digits)} %"


def count(amount: int, singular: str, plural: str | None = None) -> str:
    """Return ``1 order`` or ``3 orders``."""
    return f"{number(amount)} {singular if amount == 1 else plural or singular + 's'}"


def instant(when: dt.datetime | int, zone: dt.tzinfo, *, weekday: bool = False, year: bool = False) -> str:
    """Return ``23 Nov 14:30`` of a datetime or of ms since 1970, in the zone."""
    moment = from_ms(when) if isinstance(when, int) else when
    local = moment.astimezone(zone)
    text = f"{local.day} {_MONTHS[local.month - 1]}"
    if year:
        text += f" {local.year}"
    if weekday:
        text = f"{_DAYS[local.weekday()]} {text}"
    return f"{text} {local:%H:%M}"


def span(start: dt.datetime | int, end: dt.datetime | int, zone: dt.tzinfo) -> str:
    """Return ``23 Nov 14:30 – 16:00`` (the day of the end only if it is another)."""
    first, last = (from_ms(t) if isinstance(t, int) else t for t in (start, end))
    same_day = first.astimezone(zone).date() == last.astimezone(zone).date()
    until = f"{last.astimezone(zone):%H:%M}" if same_day else instant(last, zone)
    return f"{instant(first, zone)} {DASH} {until}"


def parse_duration(words: str) -> int | None:
    """Return ms of a duration as a planner types it (``3 h 20 min``, ``1.5h``, ``90`` = minutes), or ``None``.

    Examples
    --------
    >>> parse_duration("3 h 20 min")
    12000000
    """
    position, total = 0, 0.0
    if not words.strip():
        return None
    while position < len(words):
        match = _AMOUNT.match(words, position)
        factor = _UNIT_MS.get(match[2].lower()) if match else None
        if match is None or factor is None:
            return None
        total += float(match[1].replace(",", ".")) * factor
        position = match.end()
    return round(total)


def exact_duration(milliseconds: int) -> str:
    """Return a duration in full, so that ``parse_duration`` gives it back: ``1 d 2 h 5 min``."""
    rest, parts = milliseconds, []
    for size, name in ((DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "min")):
        amount, rest = divmod(rest, size)
        parts += [f"{amount} {name}"] if amount else []
    if rest:
        parts.append(f"{rest / 1000:g} s")
    return " ".join(parts) or "0 min"
