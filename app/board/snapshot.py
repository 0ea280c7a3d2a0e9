"""One state of the plan, indexed for drawing: which bar lies on which row, when, and in which colours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from engine.instants import from_ms, to_ms
from engine.model import Operation, Resource
from engine.plan import PlanFacts, chosen

if TYPE_CHECKING:
    from engine.check import Violation

AT_RISK_MS: Final = 8 * 3_600_000
"""An order that ends less than this before its due date is at risk: one shift."""

_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 86_400_000

Times = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Diff:
    """A preview over the plan at hand.

    ``base`` are the facts of the plan as it is, ``kinds`` says of each operation that differs what the shown plan does
    to it: ``moved``, ``resource``, ``added`` or ``removed``.
    """

    base: PlanFacts
    kinds: dict[str, str]


@dataclass(frozen=True)
class _Entries:
    """One entry for every row that a placed operation is drawn on, sorted by row, then start."""

    operation: Indices
    row: Indices
    start: Times
    end: Times
    main: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Lanes:
    """Where bars that run at once lie on their row: ``of[entry]`` is (lane, lanes), ``rows[row]`` how high a row is."""

    of: dict[tuple[int, int], tuple[int, int]]
    rows: list[int]


@dataclass
class BoardSnapshot:
    """A revision of the plan, ready to be drawn. Safe to read from any thread.

    Parameters
    ----------
    facts
        The plan to draw: the working schedule's, or in a preview the previewed one's.
    violations
        The rules it breaks, or how to find them; that is done when they are first drawn.
    revision
        Counts what was drawn; the page tells stale answers by it.
    diff
        Set in a preview.
    """

    facts: PlanFacts
    violations: Sequence[Violation] | Callable[[], Sequence[Violation]]
    revision: int
    diff: Diff | None = None
    _lock: Lock = field(default_factory=Lock, repr=False)

    def prepare(self) -> None:
        """Compute what every projection needs; the first caller does the work, others wait for it."""
        with self._lock:
            _ = self.entries, self.violations_by_operation, self.lateness, self.facts.setups, self.family_index
            _ = self.lanes, self.loads, self.position, self.axis_span, self.busy_from
            self.facts.working_time(None)

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All operations, in the schedule's order; ``entries.operation`` indexes them."""
        return self.facts.schedule.snapshot.events

    # rows

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The groups of rows, in order of first appearance; none when no resource has one."""
        resources = self.facts.schedule.snapshot.resources
        names = dict.fromkeys(r.group for r in resources if r.group)
        if names and any(not r.group for r in resources):
            return (*names, "Other resources")
        return tuple(names)

    @cached_property
    def rows(self) -> tuple[Resource, ...]:
        """All resources in the order shown: by group, then as in the schedule."""
        position = {name: i for i, name in enumerate(self.groups)}
        resources = self.facts.schedule.snapshot.resources
        return tuple(sorted(resources, key=lambda r: position.get(r.group or "", len(position))))

    @cached_property
    def group_of(self) -> list[int]:
        """The group of each row."""
        position = {name: i for i, name in enumerate(self.groups)}
        return [position.get(r.group or "", len(self.groups) - 1) for r in self.rows]

    @cached_property
    def row_index(self) -> dict[str, int]:
        """The row of each resource."""
        return {r.id: i for i, r in enumerate(self.rows)}

    # time

    @cached_property
    def plan_span(self) -> tuple[int, int]:
        """From the first start, setups included, to the last end of any bar."""
        facts = self.facts
        begin = min(facts.starts.values(), default=facts.horizon_start_ms)
        begin = min([begin, *(setup.start_ms for setup in facts.setups.values())])
        return begin, max(facts.last_end_ms or begin, begin + _HOUR_MS)

    @cached_property
    def axis_span(self) -> tuple[int, int]:
        """The whole time axis: the plan, the horizon's start, and room for dragging, from midnight to midnight."""
        begin, end = min(self.plan_span[0], self.facts.horizon_start_ms), self.plan_span[1]
        before = begin - max(_DAY_MS, (end - begin) // 20)
        after = end + max(2 * _DAY_MS, (end - begin) // 4)
        return midnight_ms(self.facts.zone, before), midnight_ms(self.facts.zone, after + _DAY_MS)

    # bars

    @cached_property
    def entries(self) -> _Entries:
        """Every bar on every row."""
        operation: list[int] = []
        row: list[int] = []
        main: list[bool] = []
        starts, index_of = self.facts.starts, self.row_index
        for i, op in enumerate(self.operations):
            if op.id not in starts:
                continue
            rows = rows_of(op)
            operation += [i] * len(rows)
            row += [index_of[r] for r in rows]
            main += [k == 0 for k in range(len(rows))]
        ids = [self.operations[i].id for i in operation]
        start = np.array([starts[k] for k in ids], dtype=np.int64)
        end = np.array([self.facts.ends[k] for k in ids], dtype=np.int64)
        rows_ = np.array(row, dtype=np.int32)
        order = np.lexsort((end, start, rows_))
        return _Entries(
            np.array(operation, dtype=np.int32)[order],
            rows_[order],
            start[order],
            end[order],
            np.array(main, dtype=np.bool_)[order],
        )

    @cached_property
    def busy_from(self) -> Times:
        """When each entry begins to hold its row: its setup's start on the main row, else its own."""
        setups, operations = self.facts.setups, self.operations
        held = self.entries.start.copy()
        for i in np.flatnonzero(self.entries.main).tolist():
            setup = setups.get(operations[self.entries.operation[i]].id)
            if setup is not None:
                held[i] = setup.start_ms
        return held

    @cached_property
    def lanes(self) -> _Lanes:
        """Which lane each bar takes that runs at the same time as others on its row.

        Rows for several operations at once have fixed lanes; on the others only bars that overlap share the height.
        """
        entries, of, rows = self.entries, dict[tuple[int, int], tuple[int, int]](), [1] * len(self.rows)
        first = np.searchsorted(entries.row, np.arange(len(rows) + 1))
        for row, resource in enumerate(self.rows):
            a, b = int(first[row]), int(first[row + 1])
            start, end = entries.start[a:b], entries.end[a:b]
            if b - a < 2 or not np.any(start[1:] < np.maximum.accumulate(end)[:-1]):
                continue
            several = resource.infinite or resource.capacity != 1
            lanes, clusters = _lanes_of(start.tolist(), end.tolist())
            height = max(lanes) + 1
            rows[row] = height if several else max(1, height - 1)
            for i, (lane, cluster) in enumerate(zip(lanes, clusters, strict=True)):
                count = height if several else cluster
                if count > 1:
                    of[int(entries.operation[a + i]), row] = (lane, count)
        return _Lanes(of, rows)

    @cached_property
    def loads(self) -> list[float]:
        """How much of each row's working time from the horizon to the plan's end is used, 0-1; -1 where unknown."""
        facts = self.facts
        begin, end = facts.horizon_start_ms, facts.last_end_ms
        if end is None or end <= begin:
            return [-1.0] * len(self.rows)
        out: list[float] = []
        for resource in self.rows:
            sequence = facts.sequences.get(resource.id, ())
            if resource.infinite or not resource.capacity or not sequence:
                out.append(-1.0 if resource.infinite else 0.0)
                continue
            working = facts.working_time(resource.id)
            busy = sum(working.between(max(begin, facts.setup_start_ms(k)), facts.ends[k]) for k in sequence)
            out.append(round(busy / max(1, working.between(begin, end) * resource.capacity), 4))
        return out

    # marks and colours

    @cached_property
    def violations_by_operation(self) -> dict[str, list[Violation]]:
        """The broken rules that each operation takes part in."""
        found: dict[str, list[Violation]] = {}
        violations = self.violations() if callable(self.violations) else self.violations
        for violation in violations:
            for key in violation.event_ids:
                found.setdefault(key, []).append(violation)
        return found

    @cached_property
    def order_index(self) -> dict[str, int]:
        """The position of each order; it picks the colour."""
        return {order.id: i for i, order in enumerate(self.facts.schedule.snapshot.orders)}

    @cached_property
    def position(self) -> dict[str, int]:
        """The position of each operation in the schedule."""
        return {op.id: i for i, op in enumerate(self.operations)}

    @cached_property
    def family_index(self) -> dict[str, int]:
        """The position of each setup family, by first appearance."""
        families = (op.setup_family for op in self.operations if op.setup_family is not None)
        return {name: i for i, name in enumerate(dict.fromkeys(families))}

    @cached_property
    def lateness(self) -> dict[str, str]:
        """``on time``, ``at risk`` or ``late`` of each placed operation with a due date, its order's or its own."""
        by_order = {k: lateness_key(ms) for k, ms in self.facts.order_lateness_ms.items()}
        found = {k: lateness_key(ms) for k, ms in self.facts.event_lateness_ms.items()}
        for op in self.operations:
            if op.id not in found and op.order_id in by_order:
                found[op.id] = by_order[op.order_id]
        return found


def _lanes_of(starts: list[int], ends: list[int]) -> tuple[list[int], list[int]]:
    """Return, for spans sorted by start, the lowest free lane of each and how many lanes its cluster has."""
    lanes: list[int] = []
    clusters: list[int] = []
    lane_ends: list[int] = []
    cluster_begin = 0
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if lane_ends and start >= max(lane_ends):
            clusters += [len(lane_ends)] * (i - cluster_begin)
            cluster_begin, lane_ends = i, []
        lane = next((n for n, taken in enumerate(lane_ends) if taken <= start), len(lane_ends))
        if lane == len(lane_ends):
            lane_ends.append(end)
        else:
            lane_ends[lane] = end
        lanes.append(lane)
    clusters += [len(lane_ends)] * (len(starts) - cluster_begin)
    return lanes, clusters


def rows_of(op: Operation) -> list[str]:
    """Return the resources whose rows show the operation: its own first, then the ones that it also holds."""
    rows = [] if op.resource_id is None else [op.resource_id]
    rows += [r for d in op.demands or () if d.quantity and (r := chosen(d)) is not None]
    return list(dict.fromkeys(rows))


def midnight_ms(zone: dt.tzinfo, at_ms: int) -> int:
    """Return the beginning of the local day of an instant."""
    local = from_ms(at_ms).astimezone(zone)
    return to_ms(local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(dt.UTC))


def lateness_key(lateness_ms: int) -> str:
    """Return what a lateness (end minus due date) means to the planner."""
    if lateness_ms > 0:
        return "late"
    return "at risk" if lateness_ms > -AT_RISK_MS else "on time"
