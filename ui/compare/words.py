"""What a comparison says, in plain words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from app.comparison import Cause, FrameChange, KpiRow, OperationChange, OrderImpact
from ui import palette, text

KINDS: Final = {
    "added": "added",
    "deleted": "deleted",
    "scheduled": "scheduled",
    "unscheduled": "unscheduled",
    "resource": "other resource",
    "moved": "moved",
    "secondary": "other helper resource",
    "lock": "lock",
    "status": "progress",
    "fields": "details",
}
CAUSES: Final = {
    "planner": "planner",
    "import": "import",
    "lock": "lock",
    "optimiser": "optimiser",
    "merge": "merge",
    "rollback": "roll back",
    "cherry_pick": "taken over",
    "unknown": "not known",
}
IMPACTS: Final = {
    "newly_late": "newly late",
    "later": "later",
    "unscheduled": "unscheduled",
    "removed": "deleted",
    "due_changed": "other due date",
    "added": "added",
    "scheduled": "scheduled",
    "earlier": "earlier",
    "no_longer_late": "no longer late",
}
_IMPACT_SIGNS: Final = {"newly_late": "▼", "later": "▼", "unscheduled": "▼", "earlier": "▲", "no_longer_late": "▲"}
_IMPACT_COLOURS: Final = {
    "newly_late": palette.BAD,
    "later": palette.WARN,
    "unscheduled": palette.WARN,
    "earlier": palette.GOOD,
    "no_longer_late": palette.GOOD,
}
_VERDICTS: Final = {"better": "better", "worse": "worse", "same": ""}
_VERDICT_COLOURS: Final = {"better": palette.GOOD, "worse": palette.BAD, "same": palette.INK_MUTED}
_FIELDS: Final = {
    "name": "Name",
    "duration": "Duration",
    "startDate": "Start",
    "endDate": "End",
    "resourceId": "Resource",
    "orderId": "Order",
    "locked": "Locked",
    "status": "Status",
    "percentDone": "Done",
    "priority": "Priority",
    "releaseDate": "Release date",
    "dueDate": "Due date",
    "deadline": "Deadline",
    "setupFamily": "Setup family",
    "demands": "Other needs",
    "modes": "Alternatives",
    "quantity": "Quantity",
    "attributes": "Attributes",
    "capacity": "Capacity",
    "calendar": "Calendar",
    "efficiency": "Speed",
    "interruptible": "Can be interrupted",
}
_QUIET: Final = frozenset({"manuallyScheduled"})
_DURATIONS: Final = frozenset({"duration"})
_COLLECTIONS: Final = {
    "resources": ("resource", "resources"),
    "orders": ("order", "orders"),
    "calendars": ("calendar", "calendars"),
    "dependencies": ("dependency", "dependencies"),
    "constraints": ("rule", "rules"),
    "setup_matrices": ("setup table", "setup tables"),
    "metadata": ("plan setting", "plan settings"),
}
_MOST_LINES: Final = 14


def figure(row: KpiRow, value: float) -> str:
    """Return a key figure."""
    if row.unit == "ms":
        return text.duration(value)
    return text.percent(value) if row.unit == "share" else text.number(value)


def difference(row: KpiRow) -> str:
    """Return by how much a key figure differs, with its sign."""
    if row.verdict == "same":
        return "±0"
    if row.unit == "ms":
        return text.signed_duration(row.difference)
    if row.unit == "share":
        return f"{text.signed_number(row.difference * 100, 1)} %"
    return text.signed_number(row.difference)


def verdict(row: KpiRow) -> str:
    """Return whether a figure got better or worse, which its colour says too."""
    return _VERDICTS[row.verdict]


def verdict_colour(row: KpiRow) -> str:
    """Return the colour of a verdict."""
    return _VERDICT_COLOURS[row.verdict]


def impact(row: OrderImpact) -> str:
    """Return what happens to an order, with an arrow for good and bad news."""
    sign = _IMPACT_SIGNS.get(row.kind)
    return f"{sign} {IMPACTS[row.kind]}" if sign else IMPACTS[row.kind]


def impact_colour(row: OrderImpact) -> str | None:
    """Return the colour of good and bad news."""
    return _IMPACT_COLOURS.get(row.kind)


def shift(milliseconds: int | None) -> str:
    """Return how much later (or earlier) something is."""
    if milliseconds is None:
        return text.DASH
    return text.signed_duration(milliseconds) if milliseconds else "0"


def lateness(row: OrderImpact) -> str:
    """Return how late an order is on both sides."""
    sides = [text.DASH if ms is None else "on time" if ms == 0 else text.duration(ms) for ms in late_of(row)]
    return sides[1] if sides[0] == sides[1] else f"{sides[0]} {text.ARROW} {sides[1]}"


def late_after(row: OrderImpact) -> str:
    """Return how late an order is in the end."""
    return text.DASH if row.late_after_ms is None else text.duration(row.late_after_ms) if row.late_after_ms else "no"


def new_part(before: str, after: str) -> str:
    """Return what is new in a name: of "CNC lathe 2" and "CNC lathe 3" the 3, else the whole."""
    old, new = before.split(), after.split()
    same = next((i for i, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), 0)
    return " ".join(new[same:])


def late_of(row: OrderImpact) -> tuple[int | None, int | None]:
    """Return how late an order is before and after."""
    return row.late_before_ms, row.late_after_ms


def kinds(change: OperationChange) -> str:
    """Return everything that happened to an operation."""
    return ", ".join(KINDS[kind] for kind in change.kinds)


def cause(found: Cause | None) -> str:
    """Return why an operation changed, and in which version."""
    if found is None:
        return text.DASH
    where = f" (V{found.version_number})" if found.version_number is not None else ""
    return CAUSES.get(found.kind, found.kind) + where


def cause_in_full(found: Cause | None, zone: dt.tzinfo) -> str:
    """Return why an operation changed: how, by whom, when, with which note."""
    if found is None:
        return ""
    parts = [f"Changed by {CAUSES.get(found.kind, found.kind)}"]
    if found.version_number is not None:
        parts.append(f"version {found.version_number}")
    if found.by:
        parts.append(f"saved by {found.by}")
    if found.at:
        parts.append(text.instant(dt.datetime.fromisoformat(found.at), zone))
    return ", ".join(parts) + (f": {found.note}" if found.note else "")


def fields(change: OperationChange, names: Mapping[str, str], zone: dt.tzinfo) -> str:
    """Return the changed fields of an operation, one a line; what is no news is left out."""
    lines = [
        f"{_FIELDS.get(name, name)}: {value(name, old, names, zone)} {text.ARROW} {value(name, new, names, zone)}"
        for name, (old, new) in change.fields.items()
        if name not in _QUIET
    ]
    return "\n".join(lines[:_MOST_LINES])


def value(name: str, data: Any, names: Mapping[str, str], zone: dt.tzinfo) -> str:
    """Return one value of a field as a planner reads it."""
    if data is None:
        return "none"
    if isinstance(data, bool):
        return "yes" if data else "no"
    if name in _DURATIONS and isinstance(data, int | float):
        return text.duration(data)
    if isinstance(data, str):
        if name.endswith(("Date", "deadline")):
            return text.instant(dt.datetime.fromisoformat(data), zone)
        return names.get(data, data)
    if isinstance(data, int | float):
        return f"{data:g}"
    return "changed list" if isinstance(data, list | dict) else str(data)


def beside(changes: tuple[FrameChange, ...]) -> tuple[str, str]:
    """Return what else differs: in a line, and item by item."""
    counts: dict[str, int] = {}
    for one in changes:
        counts[one.collection] = counts.get(one.collection, 0) + (
            len(one.fields) if one.collection == "metadata" else 1
        )
    parts = [text.count(n, *_COLLECTIONS.get(key, (key, key))) for key, n in counts.items()]
    lines = [
        f"{_COLLECTIONS.get(one.collection, (one.collection,))[0].capitalize()} {one.name}: "
        + (", ".join(_FIELDS.get(f, f) for f in one.fields) or one.kind)
        for one in changes[:_MOST_LINES]
    ]
    if len(changes) > _MOST_LINES:
        lines.append(f"and {len(changes) - _MOST_LINES:,} more")
    return ", ".join(parts), "\n".join(lines)
