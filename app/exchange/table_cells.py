"""What stands in a cell, into what the contract wants, and back; every refusal says what to write instead."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any, cast

import orjson

from app.exchange.tables import DAYS, LINKS, Column
from engine.instants import format_instant, parse_instant
from engine.wording import listing

MINUTE_MS = 60_000
UNITS_MS = {"ms": 1, "s": 1_000, "sec": 1_000, "min": 60_000, "m": 60_000, "h": 3_600_000, "std": 3_600_000}
UNITS_MS |= {"d": 86_400_000, "days": 86_400_000, "hours": 3_600_000, "minutes": 60_000, "seconds": 1_000}
_YES = ("yes", "true", "1", "x", "ja", "wahr")
_NO = ("no", "false", "0", "", "nein", "falsch")
_CLOCK = re.compile(r"^(\d+):([0-5]\d)(?::([0-5]\d))?$")


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell that holds an error or a formula without a value; ``reason`` says which."""

    shown: str
    reason: str


CellValue = str | float | int | bool | dt.datetime | dt.date | dt.time | BadCell | None
"""What a cell holds. A datetime without a zone is local time of the plant."""


def value_of(column: Column, cell: CellValue, zone: dt.tzinfo, unit_ms: int = MINUTE_MS) -> Any:
    """Return the JSON value of a cell for its column; None for an empty one.

    Raises
    ------
    ValueError
        Saying what is wrong and what to write.
    """
    if isinstance(cell, BadCell):
        raise ValueError(cell.reason)
    if cell is None or cell == "":
        return None
    return _READERS[column.kind](cell, zone, unit_ms)


def text_of(cell: CellValue) -> str:
    """Return a cell as text: a whole number without decimals, a date as ISO 8601."""
    if isinstance(cell, BadCell):
        return cell.shown
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, (dt.date, dt.time)):
        return cell.isoformat()
    return str(cell)


def ids_text(ids: tuple[str, ...] | list[str]) -> str:
    """Return ids as ``a; b``, or as a JSON list where that would be unclear."""
    if ids and not any(";" in key or key != key.strip() or key.startswith("[") for key in ids):
        return "; ".join(ids)
    return orjson.dumps(list(ids)).decode()


def local_of(instant: dt.datetime, zone: dt.tzinfo) -> dt.datetime | None:
    """Return the plant's clock at an instant, without zone; None where the clock shows this time twice, the 2nd time.

    Those few hours a year need the offset to be told.
    """
    local = instant.astimezone(zone)
    plain = local.replace(tzinfo=None, fold=0)
    return plain if plain.replace(tzinfo=zone).astimezone(dt.UTC) == instant else None


def iso_local(instant: dt.datetime, zone: dt.tzinfo) -> str:
    """Return an instant as local ISO 8601 with its offset."""
    local = instant.astimezone(zone)
    return local.isoformat(timespec="milliseconds" if local.microsecond else "seconds")


def minutes_of(milliseconds: int) -> float | int:
    """Return milliseconds as minutes, whole where they are."""
    whole, rest = divmod(milliseconds, MINUTE_MS)
    return milliseconds / MINUTE_MS if rest else whole


def _id(cell: CellValue, _zone: dt.tzinfo, _unit_ms: int) -> str:
    if isinstance(cell, (dt.date, dt.time)):
        raise ValueError("this is a date; an id or name belongs here. Format the column as text")
    return text_of(cell)


def _number(cell: CellValue, _zone: dt.tzinfo, _unit_ms: int) -> float | int:
    if isinstance(cell, (bool, dt.date, dt.time)):
        raise ValueError("a number belongs here")
    if isinstance(cell, str):
        try:
            cell = float(cell.strip())
        except ValueError:
            hint = "; write decimals with a point" if re.fullmatch(r"\s*-?\d+,\d+\s*", cast(str, cell)) else ""
            raise ValueError(f"a number belongs here{hint}") from None
    value = float(cast(float, cell))
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError("a finite number belongs here")
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _integer(cell: CellValue, zone: dt.tzinfo, unit_ms: int) -> int:
    value = _number(cell, zone, unit_ms)
    if not isinstance(value, int):
        raise ValueError("a whole number belongs here")
    return value


def _flag(cell: CellValue, _zone: dt.tzinfo, _unit_ms: int) -> bool:
    if isinstance(cell, bool):
        return cell
    word = text_of(cell).strip().lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError("yes or no belongs here")


def _instant(cell: CellValue, zone: dt.tzinfo, _unit_ms: int) -> str:
    if isinstance(cell, dt.datetime):
        return format_instant(parse_instant(cell.isoformat(), zone))
    if isinstance(cell, dt.date):
        return format_instant(parse_instant(f"{cell.isoformat()}T00:00:00", zone))
    if isinstance(cell, str):
        return format_instant(parse_instant(cell, zone))
    raise ValueError("a date belongs here. Format the cell as a date, or write 2026-11-24 06:00")


def _minutes(cell: CellValue, zone: dt.tzinfo, unit_ms: int) -> int:
    if isinstance(cell, dt.time):
        return ((cell.hour * 60 + cell.minute) * 60 + cell.second) * 1_000
    if isinstance(cell, str) and (clock := _CLOCK.match(cell.strip())):
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return ((hours * 60 + minutes) * 60 + seconds) * 1_000
    value = _number(cell, zone, unit_ms)
    if abs(value) > 1e12:
        raise ValueError("this length is too great")
    return round(value * unit_ms)


def _ids(cell: CellValue, _zone: dt.tzinfo, _unit_ms: int) -> list[str]:
    text = text_of(cell).strip()
    if text.startswith("["):
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            raise ValueError('a list of ids belongs here: a; b or ["a", "b"]')
        return found
    return [part.strip() for part in text.split(";") if part.strip()]


def _days(cell: CellValue, _zone: dt.tzinfo, _unit_ms: int) -> list[int]:
    known = {name.lower(): number for number, name in enumerate(DAYS, start=1)}
    days: list[int] = []
    for word in re.split(r"[\s,;]+", text_of(cell).strip()):
        day = known.get(word.lower()[:3]) or (int(word) if word in "1234567" else None)
        if word and day is None:
            raise ValueError(f"days such as {', '.join(DAYS[:3])} belong here")
        days += [day] if word and day else []
    return days


def _json(cell: CellValue, _zone: dt.tzinfo, _unit_ms: int) -> Any:
    try:
        found = orjson.loads(text_of(cell))
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise ValueError('a JSON object such as {"colour": "red"} belongs here')
    return found


def _link(cell: CellValue, _zone: dt.tzinfo, _unit_ms: int) -> int:
    word = text_of(cell).strip().upper()
    if word in LINKS:
        return LINKS[word]
    if word in ("0", "1", "2", "3"):
        return int(word)
    raise ValueError(f"{listing(list(LINKS))} are the types of a dependency")


_READERS = {
    "id": _id,
    "text": _id,
    "number": _number,
    "integer": _integer,
    "flag": _flag,
    "instant": _instant,
    "minutes": _minutes,
    "ids": _ids,
    "days": _days,
    "json": _json,
    "link": _link,
}
