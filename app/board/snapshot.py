"""One state of the plan, indexed for drawing: which bar lies on which row, when, and in which colours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Final

import numpy as np

from app.board.entries import Entries, Lanes, Times
from engine.instants import from_ms, to_ms
from engine.model import Operation, Resource
from engine.plan import PlanFacts
from engine.plan_change import PlanChange, change_between

if TYPE_CHECKING:
    from engine.check import Violation

AT_RISK_MS: Final = 8 * 3_600_000
"""An order that ends less than this before its due date is at risk: one shift."""

_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 86_400_000

_OF_THE_FRAME: Final = ("groups", "rows", "group_of", "row_index", "order_index")


@dataclass(frozen=True)
class Compared:
    """That a board shows a comparison.

    ``shown`` and ``base`` are what planners call the two plans; ``is_fixed``: the shown one is not the plan at hand, so
    that no gesture may change it; ``has_ghosts``: the places on the other side are drawn too.
    """

    shown: str
    base: str
    is_fixed: bool
    has_ghosts: bool = True


@dataclass(frozen=True)
class Diff:
    """A preview over the plan at hand, or any plan over another.

    ``base`` are the facts of the plan as it is, ``kinds`` says of each operation that differs what the shown plan does
    to it: ``moved``, ``resource``, ``added`` or ``removed``, in a comparison ``fields`` too. ``comparison`` is set in
    one.
    """

    base: PlanFacts
    kinds: Mapping[str, str]
    comparison: Compared | None = None


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
    previous
        What was drawn before: where only some operations differ, what it had computed is taken over and mended.
    least_lanes, least_span
        How many lanes each row has and what the time axis spans at least: a board beside this one is as large.
    """

    facts: PlanFacts
    violations: Sequence[Violation] | Callable[[], Sequence[Violation]]
    revision: int
    diff: Diff | None = None
    previous: InitVar[BoardSnapshot | None] = None
    least_lanes: Mapping[str, int] = field(default_factory=dict[str, int])
    least_span: tuple[int, int] | None = None
    _lock: Lock = field(default_factory=Lock, repr=False)

    def __post_init__(self, previous: BoardSnapshot | None) -> None:
        change = previous and change_between(previous.facts.schedule, self.facts.schedule)
        if previous is not None and change is not None:
            self._carry_over(previous, change)

    def _carry_over(self, previous: BoardSnapshot, change: PlanChange) -> None:
        """Share what only the frame decides, and mend what the changed operations reach."""
        known = dict(previous.__dict__)
        self.__dict__.update((name, known[name]) for name in _OF_THE_FRAME if name in known)
        if all(was.setup_family == op.setup_family for was, op in change.pairs) and "family_index" in known:
            self.__dict__["family_index"] = known["family_index"]
        if "lateness" in known:
            self.__dict__["lateness"] = self._lateness_after(known["lateness"], change)
        if "entries" in known:
            positions = [self.facts.position[key] for key in change.after]
            fresh = Entries.of(zip(positions, change.after.values(), strict=True), self.facts, self.row_index)
            entries, rows = known["entries"].replaced(positions, fresh)
            self.__dict__["entries"] = entries
            if "lanes" in known:
                self.__dict__["lanes"] = Lanes.on(entries, self.rows, known["lanes"], rows)

    def _lateness_after(self, known: dict[str, str], change: PlanChange) -> dict[str, str]:
        orders = {op.order_id for pair in change.pairs for op in pair if op.order_id is not None}
        ids = {*change.after, *(key for order_id in orders for key in self.facts.order_operations.get(order_id, ()))}
        found = dict(known)
        for key in ids:
            lateness = self._lateness_of(self.facts.operations[key])
            if lateness is not None:
                found[key] = lateness
            else:
                found.pop(key, None)
        return found

    def prepare(self) -> None:
        """Compute what every projection needs; the first caller does the work, others wait for it."""
        with self._lock:
            _ = self.entries, self.violations_by_operation, self.lateness, self.facts.setups, self.family_index
            _ = self.lanes, self.loads, self.order_index, self.axis_span, self.busy_from
            self.facts.working_time(None)

    @property
    def is_of_another_plan(self) -> bool:
        """Whether it shows a plan that is compared, and not the one at hand."""
        return self.diff is not None and self.diff.comparison is not None and self.diff.comparison.is_fixed

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
        first, last = midnight_ms(self.facts.zone, before), midnight_ms(self.facts.zone, after + _DAY_MS)
        if self.least_span is None:
            return first, last
        return min(first, self.least_span[0]), max(last, self.least_span[1])

    # bars

    @cached_property
    def entries(self) -> Entries:
        """Every bar on every row."""
        return Entries.of(enumerate(self.operations), self.facts, self.row_index)

    @cached_property
    def busy_from(self) -> Times:
        """When each entry begins to hold its row: when its setup starts, where it has one."""
        entries, position = self.entries, self.facts.position
        begins = np.full(len(position), -1, dtype=np.int64)
        for key, setup in self.facts.setups.items():
            begins[position[key]] = setup.start_ms
        has_setup = begins[entries.operation] >= 0
        return np.where(has_setup, begins[entries.operation], entries.start)

    @cached_property
    def lanes(self) -> Lanes:
        """Which lane each bar takes that runs at the same time as others on its row."""
        return Lanes.on(self.entries, self.rows)

    @property
    def row_lanes(self) -> list[int]:
        """How many lanes high each row is drawn."""
        least = self.least_lanes
        if not least:
            return self.lanes.rows
        return [max(n, least.get(row.id, 1)) for row, n in zip(self.rows, self.lanes.rows, strict=True)]

    @cached_property
    def loads(self) -> list[float]:
        """How much of each row's working time from the horizon to the plan's end is used, 0-1; -1 where unknown."""
        facts = self.facts
        begin, end = facts.horizon_start_ms, facts.last_end_ms
        if end is None or end <= begin:
            return [-1.0] * len(self.rows)
        return [self._load_of(row, begin, end) for row in range(len(self.rows))]

    def _load_of(self, row: int, begin: int, end: int) -> float:
        resource, entries = self.rows[row], self.entries
        first, last = np.searchsorted(entries.row, [row, row + 1])
        if resource.infinite or not resource.capacity or first == last:
            return -1.0 if resource.infinite else 0.0
        working = self.facts.working_time(resource.id)
        edges = np.array([begin, end], dtype=np.int64)
        busy = int(entries.busy(slice(first, last), self.busy_from, working, edges)[0])
        return round(busy / max(1, working.between(begin, end) * resource.capacity), 4)

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
    def family_index(self) -> dict[str, int]:
        """The position of each setup family, by first appearance."""
        families = (op.setup_family for op in self.operations if op.setup_family is not None)
        return {name: i for i, name in enumerate(dict.fromkeys(families))}

    @cached_property
    def lateness(self) -> dict[str, str]:
        """``on time``, ``at risk`` or ``late`` of each placed operation with a due date, its order's or its own."""
        found = ((op.id, self._lateness_of(op)) for op in self.operations)
        return {key: lateness for key, lateness in found if lateness is not None}

    def _lateness_of(self, op: Operation) -> str | None:
        facts = self.facts
        own = facts.event_lateness_ms.get(op.id)
        lateness_ms = facts.order_lateness_ms.get(op.order_id or "") if own is None else own
        return None if lateness_ms is None else lateness_key(lateness_ms)


def midnight_ms(zone: dt.tzinfo, at_ms: int) -> int:
    """Return the beginning of the local day of an instant."""
    local = from_ms(at_ms).astimezone(zone)
    return to_ms(local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(dt.UTC))


def lateness_key(lateness_ms: int) -> str:
    """Return what a lateness (end minus due date) means to the planner."""
    if lateness_ms > 0:
        return "late"
    return "at risk" if lateness_ms > -AT_RISK_MS else "on time"
