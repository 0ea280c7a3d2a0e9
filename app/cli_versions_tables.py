"""What ``taktwerk versions …`` prints for people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from app.blame import BlameEntry
from app.cli_output import print_table
from app.comparison import Comparison, KpiRow, OperationChange, OrderImpact
from app.history import History
from app.merge_words import ConflictView
from app.versions import HeadRow, VersionInfo
from engine.changes import Place
from engine.instants import zone_of
from engine.model import Schedule
from engine.references import items_of
from engine.wording import length, period

COLUMNS = ("Number", "Saved (UTC)", "By", "Source", "State", "Tags", "Late orders", "Makespan", "Comment", "Id")
_MOST_ROWS = 200


def when(moment: dt.datetime | None) -> str:
    """Return a moment in UTC."""
    return "" if moment is None else moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S")


def version_row(info: VersionInfo) -> list[str]:
    """Return a version as a row of ``COLUMNS``."""
    figures: dict[str, Any] = info.metrics or {}
    return [
        str(info.number),
        when(info.created_at),
        info.created_by or "",
        info.source,
        info.state,
        ", ".join(info.tags),
        str(figures.get("late_orders", "")),
        length(figures["makespan_ms"]) if "makespan_ms" in figures else "",
        info.comment,
        info.id,
    ]


def print_versions(title: str, infos: Iterable[VersionInfo]) -> None:
    """Print versions as a table."""
    print_table(title, COLUMNS, [version_row(info) for info in infos])


def print_heads(heads: Iterable[HeadRow], numbers: dict[str, int]) -> None:
    """Print the live plan and the scenarios."""
    rows = [
        [row.name, str(numbers.get(row.version_id, "")), row.color or "", "yes" if row.is_archived else "",
         when(row.updated_at), row.created_by or "", row.description]
        for row in heads
    ]  # fmt: skip
    print_table("Scenarios", ("Name", "Version", "Colour", "Archived", "Moved (UTC)", "By", "Description"), rows)


def print_comparison(found: Comparison, changes: tuple[OperationChange, ...]) -> None:
    """Print the three levels of a comparison."""
    names = found.before_name, found.after_name
    print_table("Key figures", ("Figure", *names, "Difference", ""), [_kpi(row) for row in found.kpis])
    if found.orders:
        columns = ("Order", "What", "Ends later by", "Late before", "Late after")
        print_table("Orders", columns, [_order(row) for row in found.orders[:_MOST_ROWS]])
    if changes:
        words = PlaceWords(found.before, found.after)
        columns = ("Operation", "Order", "What", *names, "Cause")
        print_table("Operations", columns, [_change(change, words) for change in changes[:_MOST_ROWS]])
    if len(changes) > _MOST_ROWS:
        print(f"and {len(changes) - _MOST_ROWS} more operations (--json lists them all)")
    if found.frame:
        rows = [[c.collection, c.name, c.kind, ", ".join(c.fields)] for c in found.frame[:_MOST_ROWS]]
        print_table("Beside", ("Part", "Name", "What", "Fields"), rows)
    if found.is_empty:
        print("The two are equal.")


def print_conflicts(conflicts: Iterable[ConflictView]) -> None:
    """Print what a planner has to decide."""
    rows = [
        [one.subject, one.what, one.base, one.ours, one.theirs, str(one.choice or ""), one.key] for one in conflicts
    ]
    print_table("Conflicts", ("Item", "What", "Base", "Ours", "Theirs", "Taken", "Key"), rows)


def print_blame(entries: Iterable[BlameEntry], words: PlaceWords) -> None:
    """Print the story of an operation."""
    rows = [
        [str(e.version.number), when(e.version.created_at), e.version.created_by or "", *_change(e.change, words)[2:],
         e.version.comment]
        for e in entries
    ]  # fmt: skip
    print_table("Blame", ("Version", "Saved (UTC)", "By", "What", "From", "To", "Cause", "Comment"), rows)


def print_graph(found: History) -> None:
    """Print the history as lanes of text: ``●`` a version, ``│`` a line that goes on."""
    rows: list[list[str]] = []
    open_lanes: dict[int, str] = {}
    for node in found.nodes:
        marks = ["●" if lane == node.lane else "│" if lane in open_lanes else " " for lane in range(found.lanes)]
        open_lanes.pop(node.lane, None)
        open_lanes.update({lane: key for key, lane in node.parents})
        info, at = node.version, ", ".join([*(f"[{head}]" for head in node.heads), *node.version.tags])
        said = [info.source, info.state, info.created_by or "", when(info.created_at), info.comment]
        rows.append(["".join(marks), str(info.number), at, *said])
    print_table("History", ("", "Version", "At", "Source", "State", "By", "Saved (UTC)", "Comment"), rows)


class PlaceWords:
    """Places in words, by the resources' names of one or two plans."""

    def __init__(self, *schedules: Schedule) -> None:
        self._zone = zone_of(schedules[-1].metadata.time_zone)
        self._names = {key: item.name for one in schedules for key, item in items_of(one, "resources").items()}

    def __call__(self, place: Place | None) -> str:
        if place is None:
            return "not there"
        where = f"{self._names.get(place.resource_id, place.resource_id)} " if place.resource_id else ""
        if place.start_ms is None or place.end_ms is None:
            return f"{where}not scheduled"
        return f"{where}{period(place.start_ms, place.end_ms, self._zone)}"


def _kpi(row: KpiRow) -> list[str]:
    def written(value: float) -> str:
        if row.unit == "ms":
            return length(round(value))
        return f"{100 * value:.1f} %" if row.unit == "share" else f"{value:,.0f}"

    return [row.title, written(row.before), written(row.after), written(row.difference), row.verdict]


def _order(row: OrderImpact) -> list[str]:
    times = (row.shift_ms, row.late_before_ms, row.late_after_ms)
    return [row.name, row.kind.replace("_", " "), *("" if ms is None else length(ms) for ms in times)]


def _change(change: OperationChange, words: PlaceWords) -> list[str]:
    fields = ", ".join(name for name in change.fields if name not in ("resourceId", "startDate", "endDate"))
    what = ", ".join(change.kinds) + (f" ({fields})" if "fields" in change.kinds and fields else "")
    cause = change.cause
    why = "" if cause is None else cause.kind.replace("_", "-")
    if cause is not None and cause.version_number is not None:
        why += f" (version {cause.version_number}{f', {cause.by}' if cause.by else ''})"
    return [change.name, change.order_id or "", what, words(change.before), words(change.after), why]
