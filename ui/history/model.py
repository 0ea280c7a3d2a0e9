"""The versions of a schedule as a list: what the graph, the delegate and the filter need of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from app.versions import HeadRow, VersionInfo
from ui import palette, text
from ui.history.lanes import GraphRow, graph_rows
from ui.kpis import KPIS, change

LIVE: Final = "main"
SOURCES: Final = {
    "manual": "Saved",
    "optimization": "Optimised",
    "import": "Imported",
    "merge": "Merged",
    "rollback": "Rolled back",
    "cherry_pick": "Taken over",
}
STATES: Final = {"approved": "approved", "published": "published", "withdrawn": "withdrawn"}
LANE_COLOURS: Final = ("#14708A", "#C08727", "#8571BF", "#559E68", "#C4677A", "#4F8FB8", "#CF7A3E", "#6F8494")
ROW: Final = Qt.ItemDataRole.UserRole
_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


@dataclass(frozen=True)
class Chip:
    """A short mark behind a version's comment."""

    text: str
    colour: str
    is_filled: bool = False


@dataclass(frozen=True)
class HistoryRow:
    """One version in the list.

    Attributes
    ----------
    version, graph
        Its row, and where it is in the graph; ``None`` while a filter hides other versions.
    chips
        Scenarios that stand on it, its state, its tags.
    colours
        Of the lanes.
    is_present
        Whether the open plan is based on it.
    late, late_tone
        The late orders in words, and whether they got fewer (``good``) or more (``bad``) since the parent.
    """

    version: VersionInfo
    graph: GraphRow | None
    chips: tuple[Chip, ...]
    colours: tuple[str, ...]
    is_present: bool
    late: str
    late_tone: str

    @property
    def comment(self) -> str:
        """The comment in one line, or how it came about."""
        return " ".join(self.version.comment.split()) or SOURCES.get(self.version.source, self.version.source)

    def facts(self, zone: Any) -> str:
        """How, by whom and when it was saved."""
        version = self.version
        by = f" · {version.created_by}" if version.created_by else ""
        return f"{SOURCES.get(version.source, version.source)}{by} · {text.instant(version.created_at, zone)}"


def head_name(head: HeadRow) -> str:
    """Return what planners call a head."""
    return "Live plan" if head.name == LIVE else head.name


def head_colour(head: HeadRow) -> str:
    """Return the colour of a head: the live plan's is the accent."""
    return palette.ACCENT if head.name == LIVE else head.color or palette.PREVIEW


def history_rows(
    versions: Sequence[VersionInfo], heads: Sequence[HeadRow], present_id: str, needle: str = ""
) -> list[HistoryRow]:
    """Return the rows of a history, newest first; with ``needle`` those that contain it, without a graph."""
    by_id = {v.id: v for v in versions}
    live = next((head.version_id for head in heads if head.name == LIVE), None)
    graph = graph_rows([(v.id, v.parents) for v in versions], live)
    standing: dict[str, list[HeadRow]] = {}
    for head in heads:
        if not head.is_archived:
            standing.setdefault(head.version_id, []).append(head)
    lanes = _lane_colours(versions, graph, standing)
    rows = []
    for version, place in zip(versions, graph, strict=True):
        chips = _chips(version, standing.get(version.id, []))
        late, tone = _late(version, by_id.get(version.parent_version_id or ""))
        row = HistoryRow(version, None if needle else place, chips, lanes, version.id == present_id, late, tone)
        if not needle or needle.casefold() in _searched(row):
            rows.append(row)
    return rows


def _chips(version: VersionInfo, heads: Sequence[HeadRow]) -> tuple[Chip, ...]:
    chips = [Chip(head_name(head), head_colour(head), is_filled=True) for head in heads]
    if version.state in STATES:
        colour = palette.BAD if version.state == "withdrawn" else palette.GOOD
        chips.append(Chip(STATES[version.state], colour))
    chips += [Chip(tag, palette.INK_MUTED) for tag in version.tags]
    return tuple(chips)


def _late(version: VersionInfo, parent: VersionInfo | None) -> tuple[str, str]:
    now, before = figures(version), figures(parent) if parent else None
    late = getattr(now, "late_orders", None)
    if late is None:
        return "", "none"
    spec = next(s for s in KPIS if s.field == "late_orders")
    tone = change(spec, before, now).tone if before is not None and hasattr(before, "late_orders") else "none"
    more = "" if tone == "none" or before is None else f", {text.signed_number(late - before.late_orders)}"
    return f"{text.number(late)} late{more}", tone


def _lane_colours(
    versions: Sequence[VersionInfo], graph: Sequence[GraphRow], standing: dict[str, list[HeadRow]]
) -> tuple[str, ...]:
    """The colour of each lane: that of the newest scenario in it."""
    found: dict[int, str] = {}
    for version, row in zip(versions, graph, strict=True):
        for head in standing.get(version.id, ())[:1]:
            found.setdefault(row.lane, head_colour(head))
    width = max((row.width for row in graph), default=0)
    return tuple(found.get(i, LANE_COLOURS[i % len(LANE_COLOURS)]) for i in range(width))


def _searched(row: HistoryRow) -> str:
    version = row.version
    parts = [str(version.number), row.comment, version.created_by or "", SOURCES.get(version.source, "")]
    return "\n".join([*parts, *(chip.text for chip in row.chips)]).casefold()


def figures(version: VersionInfo) -> Any:
    """Return a version's key figures, ``None`` when they were not stored."""
    return SimpleNamespace(**version.metrics) if version.metrics else None


class HistoryModel(QAbstractListModel):
    """The rows; the delegate paints them."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[HistoryRow] = []

    @property
    def rows(self) -> list[VersionInfo]:
        """The versions, newest first."""
        return [row.version for row in self._rows]

    def set_rows(self, rows: list[HistoryRow]) -> None:
        """Show these rows."""
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self._rows[index.row()]
        if role == ROW:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"Version {row.version.number}: {row.comment}"
        if role == Qt.ItemDataRole.ToolTipRole:
            chips = ", ".join(chip.text for chip in row.chips)
            return "\n".join(x for x in (f"Version {row.version.number}", row.version.comment, chips) if x)
        return None
