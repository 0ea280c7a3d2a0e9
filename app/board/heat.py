"""How busy each group of rows is, bucket by bucket: the strip on the group's own row."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from app.board.entries import Times
from app.board.snapshot import BoardSnapshot, midnight_ms
from engine.instants import from_ms

Shares = npt.NDArray[np.float64]

_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS
_BUCKETS: Final = (*(h * _HOUR_MS for h in (1, 2, 4, 6, 12, 24)), 7 * _DAY_MS, 28 * _DAY_MS)
_NARROWEST_PX: Final = 30
_MOST_BUCKETS: Final = 400


def heat_json(
    snapshot: BoardSnapshot, begin_ms: int, end_ms: int, rows: tuple[int, int], px_ms: float
) -> list[tuple[int, int, int, float]]:
    """Return ``(group, start, end, utilisation)`` of every bucket in which a group of the rows is used.

    Utilisation is busy working time, setups included, over available working time of the group's resources with
    limited capacity; above 1 when they are overbooked.
    """
    if not snapshot.groups:
        return []
    edges = bucket_edges(snapshot, begin_ms, end_ms, px_ms)
    if len(edges) < 2:
        return []
    out: list[tuple[int, int, int, float]] = []
    for group in sorted({snapshot.group_of[row] for row in range(*rows)}):
        busy: Shares = np.zeros(len(edges) - 1)
        available: Shares = np.zeros(len(edges) - 1)
        for row, its_group in enumerate(snapshot.group_of):
            if its_group == group:
                _add_row(snapshot, row, edges, busy, available)
        for i in np.flatnonzero((available > 0) & (busy > 0)).tolist():
            out.append((group, int(edges[i]), int(edges[i + 1]), round(float(busy[i] / available[i]), 3)))
    return out


def bucket_edges(snapshot: BoardSnapshot, begin_ms: int, end_ms: int, px_ms: float) -> Times:
    """Return the edges of buckets wide enough to be seen: from local midnight on, weeks from Monday on."""
    size = next((b for b in _BUCKETS if b / px_ms >= _NARROWEST_PX), _BUCKETS[-1])
    origin = snapshot.axis_span[0]
    if size > _DAY_MS:
        origin -= from_ms(origin).astimezone(snapshot.facts.zone).weekday() * _DAY_MS
    first, last = (begin_ms - origin) // size, -(-(end_ms - origin) // size)
    if last - first > _MOST_BUCKETS:
        return np.zeros(0, dtype=np.int64)
    edges = [origin + k * size for k in range(first, last + 1)]
    if size >= _DAY_MS:
        edges = [midnight_ms(snapshot.facts.zone, at + _DAY_MS // 2) for at in edges]
    return np.array(edges, dtype=np.int64)


def _add_row(snapshot: BoardSnapshot, row: int, edges: Times, busy: Shares, available: Shares) -> None:
    resource = snapshot.rows[row]
    if resource.infinite or not resource.capacity:
        return
    working = snapshot.facts.working_time(resource.id)
    available += np.diff(working.worked_before_all(edges)) * resource.capacity
    entries = snapshot.entries
    first, last = np.searchsorted(entries.row, [row, row + 1])
    if first == last:
        return
    busy += entries.busy(slice(first, last), snapshot.busy_from, working, edges)
