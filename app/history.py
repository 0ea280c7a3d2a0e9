"""The history of a schedule as a graph: versions, parents, the heads on them, and lanes to draw them in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from storage.database import Database
from storage.rows import HeadRow, VersionInfo
from storage.tables import MAIN_HEAD


@dataclass(frozen=True, slots=True)
class HistoryNode:
    """One version in the graph.

    Attributes
    ----------
    version
        With author, source, note, key figures (``metrics``), tags and state.
    heads
        The names of the heads that stand on it.
    lane
        The column to draw it in, 0 for the live plan and what led to it.
    parents
        (version id, lane) of each parent.
    """

    version: VersionInfo
    heads: tuple[str, ...]
    lane: int
    parents: tuple[tuple[str, int], ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data in wire names."""
        return {
            **self.version.to_json(),
            "parents": list(self.version.parents),
            "heads": list(self.heads),
            "lane": self.lane,
        }


@dataclass(frozen=True, slots=True)
class History:
    """All versions of a schedule, newest first, and its heads."""

    nodes: tuple[HistoryNode, ...]
    heads: tuple[HeadRow, ...]

    @property
    def lanes(self) -> int:
        """How many columns the graph has."""
        return 1 + max((node.lane for node in self.nodes), default=0)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data in wire names."""
        return {"versions": [node.to_json() for node in self.nodes], "heads": [head.to_json() for head in self.heads]}


def history(database: Database, schedule_id: str) -> History:
    """Return the history of a schedule (E012)."""
    with database.read() as view:
        view.schedules.get(schedule_id)
        return graph(view.versions.list(schedule_id), view.heads.list(schedule_id))


def graph(versions: Sequence[VersionInfo], heads: Sequence[HeadRow]) -> History:
    """Return the graph of versions, given newest first."""
    lanes = _lanes(versions, heads)
    standing: dict[str, list[str]] = {}
    for head in heads:
        standing.setdefault(head.version_id, []).append(head.name)
    nodes = tuple(
        HistoryNode(
            info,
            tuple(standing.get(info.id, ())),
            lanes[info.id],
            tuple((key, lanes[key]) for key in info.parents if key in lanes),
        )
        for info in versions
    )
    return History(nodes, tuple(heads))


def _lanes(versions: Sequence[VersionInfo], heads: Sequence[HeadRow]) -> dict[str, int]:
    """First parents stay in the lane of their child; the live plan's line is lane 0; free lanes are used again."""
    infos = {info.id: info for info in versions}
    lanes: dict[str, int] = {}
    at = next((head.version_id for head in heads if head.name == MAIN_HEAD), None)
    while at is not None and at in infos:
        lanes[at] = 0
        at = infos[at].parent_version_id
    awaited: list[str | None] = [None]
    for info in versions:
        lane = lanes.get(info.id)
        if lane is None:
            lane = next((i for i, key in enumerate(awaited) if i and key == info.id), None)
        if lane is None:
            lane = next((i for i, key in enumerate(awaited) if i and key is None), len(awaited))
            awaited += [None] * (lane + 1 - len(awaited))
        lanes[info.id] = lane
        awaited = [None if key == info.id else key for key in awaited]
        parent = info.parent_version_id
        if lane and parent is not None and parent not in lanes and parent not in awaited:
            awaited[lane] = parent
        other = info.merge_parent_version_id
        if other is not None and other not in lanes and other not in awaited:
            free = next((i for i, key in enumerate(awaited) if i and key is None), len(awaited))
            awaited += [None] * (free + 1 - len(awaited))
            awaited[free] = other
    return lanes
