"""The board's frame: rows, shading, markers and spans, which change seldom."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.board.snapshot import BoardSnapshot
from engine.calendars import expand, outages_by_resource
from engine.instants import from_ms, to_ms
from engine.model import Resource

_DAY_MS: Final = 86_400_000
_MOST_SHADES: Final = 20_000
"""More non-working spans than this in one calendar would only blur; the shortest are left out."""


def frame_json(snapshot: BoardSnapshot) -> dict[str, Any]:
    """Return the frame as plain JSON data. Times are ms UTC."""
    facts = snapshot.facts
    metadata = facts.schedule.metadata
    plan, span = snapshot.plan_span, snapshot.axis_span
    calendars = list(dict.fromkeys(r.calendar for r in snapshot.rows))
    rows = [_row(r, calendars, g) for r, g in zip(snapshot.rows, snapshot.group_of, strict=True)]
    return {
        "revision": snapshot.revision,
        "name": metadata.name or metadata.plant_id,
        "offsets": zone_offsets(facts.zone, *span),
        "span": {"from": span[0], "to": span[1]},
        "plan": {"from": plan[0], "to": plan[1]},
        "now": None if metadata.horizon_start is None else to_ms(metadata.horizon_start),
        "freezeUntil": None if metadata.freeze_until is None else to_ms(metadata.freeze_until),
        "groups": list(snapshot.groups),
        "rows": rows,
        "calendars": [_breaks(snapshot, c, span[0], 2 * span[1] - span[0]) for c in calendars],
        "outages": _outages(snapshot),
        "families": list(snapshot.family_index),
        "operations": len(snapshot.operations),
        "preview": snapshot.diff is not None and snapshot.diff.comparison is None,
        "compare": _comparison(snapshot),
    }


def _comparison(snapshot: BoardSnapshot) -> dict[str, Any] | None:
    compared = snapshot.diff.comparison if snapshot.diff else None
    if compared is None:
        return None
    return {
        "shown": compared.shown,
        "base": compared.base,
        "fixed": compared.is_fixed,
        "ghosts": compared.has_ghosts,
    }


def zone_offsets(zone: ZoneInfo, begin_ms: int, end_ms: int) -> list[tuple[int, int]]:
    """Return ``(from_ms, offset_ms)`` of the zone over a span: the first entry, then each change of the clocks."""
    at = begin_ms // 1000 * 1000
    found = [(at, _offset_ms(zone, at))]
    while at < end_ms:
        following = at + _DAY_MS
        if _offset_ms(zone, following) != found[-1][1]:
            low, high = at, following
            while high - low > 1000:
                middle = (low + high) // 2000 * 1000
                low, high = (middle, high) if _offset_ms(zone, middle) == found[-1][1] else (low, middle)
            found.append((high, _offset_ms(zone, high)))
        at = following
    return found


def _offset_ms(zone: ZoneInfo, at_ms: int) -> int:
    offset = from_ms(at_ms).astimezone(zone).utcoffset() or dt.timedelta()
    return int(offset.total_seconds() * 1000)


def _row(resource: Resource, calendars: list[str | None], group: int) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": resource.id,
        "name": resource.name or resource.id,
        "g": group,
        "cal": calendars.index(resource.calendar),
    }
    notes: list[str] = []
    if resource.infinite:
        notes.append("unlimited")
    elif resource.capacity != 1:
        notes.append(f"capacity {resource.capacity}")
    if resource.efficiency != 1:
        notes.append(f"{resource.efficiency:.0%} speed".replace("%", " %"))
    if notes:
        row["note"] = ", ".join(notes)
    return row


def _breaks(snapshot: BoardSnapshot, calendar_id: str | None, begin_ms: int, end_ms: int) -> list[tuple[int, int]]:
    """The non-working spans of a calendar, outages aside."""
    if calendar_id is None:
        return []
    facts = snapshot.facts
    working = expand(facts.calendars[calendar_id], facts.schedule.metadata.time_zone, begin_ms, end_ms)
    edges = [begin_ms, *(t for span in working.intervals() for t in span), end_ms]
    breaks = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]
    if len(breaks) > _MOST_SHADES:
        breaks = sorted(sorted(breaks, key=lambda s: s[0] - s[1])[:_MOST_SHADES])
    return breaks


def _outages(snapshot: BoardSnapshot) -> list[tuple[int, int, int, str]]:
    """Maintenance and breakdowns: row, start, end, what the planner reads."""
    out: list[tuple[int, int, int, str]] = []
    for resource_id, outages in outages_by_resource(snapshot.facts.schedule).items():
        row = snapshot.row_index[resource_id]
        for outage in outages:
            text = outage.reason or outage.name or "Not available"
            if outage.capacity is not None and outage.capacity < snapshot.rows[row].capacity:
                text += f" ({outage.capacity} of {snapshot.rows[row].capacity} out)"
            out.append((row, to_ms(outage.start), to_ms(outage.end), text))
    return out
