"""Which bar lies on which row, when, and beside which others. Mended after an edit, not made anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.calendars import WorkingTime
from engine.model import Operation, Resource
from engine.plan import PlanFacts, chosen

Times = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int32]
Places = dict[int, tuple[int, int]]


@dataclass(frozen=True)
class Entries:
    """One entry for every row that a placed operation is drawn on, sorted by row, then start, end and operation.

    ``units`` is how much of the row's capacity the operation holds.
    """

    operation: Indices
    row: Indices
    start: Times
    end: Times
    main: npt.NDArray[np.bool_]
    units: Indices

    @staticmethod
    def of(operations: Iterable[tuple[int, Operation]], facts: PlanFacts, row_index: dict[str, int]) -> Entries:
        """Return the entries of some operations, given with their positions in the schedule."""
        operation: list[int] = []
        row: list[int] = []
        start: list[int] = []
        end: list[int] = []
        main: list[bool] = []
        units: list[int] = []
        starts, ends = facts.starts, facts.ends
        for i, op in operations:
            begin = starts.get(op.id)
            if begin is None:
                continue
            held = held_by(op)
            count = len(held)
            operation += [i] * count
            row += [row_index[r] for r in held]
            start += [begin] * count
            end += [ends[op.id]] * count
            main += [k == 0 for k in range(count)]
            units += held.values()
        return Entries(
            np.array(operation, dtype=np.int32),
            np.array(row, dtype=np.int32),
            np.array(start, dtype=np.int64),
            np.array(end, dtype=np.int64),
            np.array(main, dtype=np.bool_),
            np.array(units, dtype=np.int32),
        )._sorted()

    def replaced(self, positions: Sequence[int], fresh: Entries) -> tuple[Entries, set[int]]:
        """Return these with other entries for the operations at some positions, and the rows that this concerns."""
        gone = np.isin(self.operation, np.array(positions, dtype=np.int32))
        rows = {*self.row[gone].tolist(), *fresh.row.tolist()}
        kept = ~gone
        joined = Entries(
            np.concatenate((self.operation[kept], fresh.operation)),
            np.concatenate((self.row[kept], fresh.row)),
            np.concatenate((self.start[kept], fresh.start)),
            np.concatenate((self.end[kept], fresh.end)),
            np.concatenate((self.main[kept], fresh.main)),
            np.concatenate((self.units[kept], fresh.units)),
        )
        return joined._sorted(), rows

    def busy(self, span: slice, begins: Times, working: WorkingTime, edges: Times) -> Times:
        """Return, from each edge to the next, the units times the time worked by the entries of a span of one row.

        ``begins`` is when each entry begins to hold its row, ``working`` the working time of that row.
        """
        ended = _worked_until(working, self.end[span], self.units[span], edges)
        return np.diff(ended - _worked_until(working, begins[span], self.units[span], edges))

    def _sorted(self) -> Entries:
        order = np.lexsort((self.operation, self.end, self.start, self.row))
        return Entries(
            self.operation[order],
            self.row[order],
            self.start[order],
            self.end[order],
            self.main[order],
            self.units[order],
        )


@dataclass(frozen=True)
class Lanes:
    """Where bars that run at once lie on their row.

    ``of[row]`` is (lane, lanes) by the position of the operation, for those that share the row's height; ``rows[row]``
    is how many lanes high a row is. Rows for several operations at once have fixed lanes; on the others only bars that
    overlap share the height.
    """

    of: list[Places]
    rows: list[int]

    @staticmethod
    def on(
        entries: Entries, rows: Sequence[Resource], before: Lanes | None = None, anew: set[int] | None = None
    ) -> Lanes:
        """Return the lanes of all rows; with ``before``, only those of the rows ``anew`` are worked out."""
        of: list[Places] = [{} for _ in rows] if before is None else list(before.of)
        heights = [1] * len(rows) if before is None else list(before.rows)
        first = np.searchsorted(entries.row, np.arange(len(rows) + 1))
        for row in range(len(rows)) if anew is None else anew:
            span = slice(int(first[row]), int(first[row + 1]))
            of[row], heights[row] = _lanes_on(entries, span, rows[row])
        return Lanes(of, heights)


def rows_of(op: Operation) -> list[str]:
    """Return the resources whose rows show the operation: its own first, then the ones that it also holds."""
    return list(held_by(op))


def held_by(op: Operation) -> dict[str, int]:
    """Return the resources whose rows show the operation, its own first, and how many units of each it holds."""
    held = {} if op.resource_id is None else {op.resource_id: 1}
    for demand in op.needs if op.demands else ():
        if demand.quantity and (resource_id := chosen(demand)) is not None:
            held[resource_id] = held.get(resource_id, 0) + demand.quantity
    return held


def _lanes_on(entries: Entries, span: slice, resource: Resource) -> tuple[Places, int]:
    start, end = entries.start[span], entries.end[span]
    if len(start) < 2 or not np.any(start[1:] < np.maximum.accumulate(end)[:-1]):
        return {}, 1
    several = resource.infinite or resource.capacity != 1
    lanes, clusters = _lanes_of(start.tolist(), end.tolist())
    height = max(lanes) + 1
    counts = [height] * len(lanes) if several else clusters
    places = zip(entries.operation[span].tolist(), zip(lanes, counts, strict=True), strict=True)
    return {op: place for op, place in places if place[1] > 1}, height if several else max(1, height - 1)


def _lanes_of(starts: list[int], ends: list[int]) -> tuple[list[int], list[int]]:
    """Return, for spans sorted by start, the lowest free lane of each and how many lanes its cluster has."""
    lanes: list[int] = []
    clusters: list[int] = []
    lane_ends: list[int] = []
    cluster_begin, reach = 0, 0
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if lane_ends and start >= reach:
            clusters += [len(lane_ends)] * (i - cluster_begin)
            cluster_begin, lane_ends = i, []
        lane = next((n for n, taken in enumerate(lane_ends) if taken <= start), len(lane_ends))
        if lane == len(lane_ends):
            lane_ends.append(end)
        else:
            lane_ends[lane] = end
        reach = max(lane_ends) if end < reach else end
        lanes.append(lane)
    clusters += [len(lane_ends)] * (len(starts) - cluster_begin)
    return lanes, clusters


def _worked_until(working: WorkingTime, points: Times, units: Indices, edges: Times) -> Times:
    """Return, for each edge, the units times the time worked before the earlier of point and edge, over all points."""
    order = np.argsort(points)
    ordered, weights = points[order], units[order].astype(np.int64)
    zero = np.zeros(1, dtype=np.int64)
    sums = np.concatenate((zero, np.cumsum(weights * working.worked_before_all(ordered))))
    passed = np.concatenate((zero, np.cumsum(weights)))
    before = np.searchsorted(ordered, edges, side="right")
    return sums[before] + (passed[-1] - passed[before]) * working.worked_before_all(edges)
