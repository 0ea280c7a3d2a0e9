"""What follows from a schedule as it stands: placements in ms, sequences, setups, order ends, lateness, working time.

Shared by checker, metrics, board and session. Nothing here decides; everything is computed when first asked for.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from engine.calendars import DAY_MS, WorkingTime, WorkingTimes
from engine.horizon import horizon_start_ms
from engine.instants import to_ms, zone_of
from engine.model import (
    Calendar,
    Constraint,
    DateConstraint,
    Demand,
    Dependency,
    Mode,
    Operation,
    Order,
    Resource,
    Schedule,
    SetConstraint,
    Status,
)
from engine.plan_change import PlanChange, carry_over, change_between, patched
from engine.setups import SetupTable

ROUNDING_MS = 60_000
"""On a resource of another efficiency than 1 the work may be longer than needed by less than this: one tick."""

HISTORY = frozenset({Status.STARTED, Status.COMPLETED})
"""Operations in these states began already: they need no setup any more."""

_REACH_MS = 400 * DAY_MS
_MARGIN_MS = 120 * DAY_MS


@dataclass(frozen=True, slots=True)
class Setup:
    """The setup directly before an operation: ``[start_ms, end_ms)``, breaks included, ``duration_ms`` of it worked.

    ``complete`` is False when the resource has too little working time before the operation: the setup then has no
    place, and ``start_ms`` is ``end_ms``. A forbidden sequence is one with ``forbidden`` set. ``previous_id`` is the
    operation that left the resource in ``from_family``; ``None``: it stood there from the start.
    """

    event_id: str
    resource_id: str
    start_ms: int
    end_ms: int
    duration_ms: int
    from_family: str
    to_family: str
    cost: float = 0.0
    forbidden: bool = False
    complete: bool = True
    previous_id: str | None = None


def required_ms(duration_ms: int, efficiency: float) -> int:
    """Return the working ms that ``duration_ms`` takes at an efficiency, rounded up, free of rounding errors."""
    if efficiency == 1 or not duration_ms:
        return duration_ms
    numerator, denominator = _ratio(efficiency)
    return -(-duration_ms * denominator // numerator)


def mode_on(op: Operation, resource_id: str | None) -> Mode | None:
    """Return the operation's mode on a resource, or ``None`` when it may not run there (or runs on none)."""
    for mode in op.alternatives:  # asked of every operation several times a check: a generator takes twice as long
        if mode.resource_id == resource_id:
            return mode
    return None


def is_history(op: Operation) -> bool:
    """Whether the operation has begun: started or completed."""
    return op.status in HISTORY


class PlanFacts:
    """Facts of a schedule, computed lazily and remembered. The schedule is immutable, and so are they.

    Parameters
    ----------
    schedule
        A valid schedule; placements may break any rule.
    previous
        Facts of an earlier state. Working times are taken over from it where resources, calendars and constraints are
        equal and its window is wide enough. Where only some operations differ, all that it had computed is taken over
        and mended.

    Attributes
    ----------
    change
        What differs from ``previous``; ``None`` where nothing is taken over but working times.
    memo
        What others worked out of all but the operations, by name; states that differ in operations only share it.
    """

    def __init__(self, schedule: Schedule, previous: PlanFacts | None = None) -> None:
        self.schedule = schedule
        self.zone = zone_of(schedule.metadata.time_zone)
        self._times: WorkingTimes | None = None
        self.change = None if previous is None else change_between(previous.schedule, schedule)
        if previous is not None and self.change is not None:
            self.memo = previous.memo
            self._place_anew(previous, self.change)
        else:
            self.memo: dict[str, Any] = {}
            self._place_all()
        if previous is not None and previous._times is not None and _same_workshop(schedule, previous.schedule):
            from_ms, until_ms = self._needed_window
            if previous._times.from_ms <= from_ms and until_ms <= previous._times.to_ms:
                self._times = previous._times
        if previous is not None and self.change is not None:
            carry_over(previous, self, self.change)

    def _place_all(self) -> None:
        schedule = self.schedule
        self.operations: dict[str, Operation] = {op.id: op for op in schedule.snapshot.events}
        self.resources: dict[str, Resource] = {r.id: r for r in schedule.snapshot.resources}
        self.starts: dict[str, int] = {}
        self.ends: dict[str, int] = {}
        for op in schedule.snapshot.events:
            if op.start_date is not None and op.end_date is not None:
                self.starts[op.id] = to_ms(op.start_date)
                self.ends[op.id] = to_ms(op.end_date)

    def _place_anew(self, previous: PlanFacts, change: PlanChange) -> None:
        self.operations = {**previous.operations, **change.after}
        self.resources = previous.resources
        changed = change.after.values()
        starts = {o.id: to_ms(o.start_date) if o.start_date is not None and o.is_placed else None for o in changed}
        ends = {o.id: to_ms(o.end_date) if o.end_date is not None and o.is_placed else None for o in changed}
        self.starts, self.ends = patched(previous.starts, starts), patched(previous.ends, ends)
        if any(
            key in self.starts and key not in previous.starts for key in change.after
        ):  # in the schedule's order again
            self.starts = {k: self.starts[k] for k in self.operations if k in self.starts}
            self.ends = {k: self.ends[k] for k in self.starts}

    def prepare(self) -> None:
        """Compute now what an edit would ask for first."""
        _ = self.orders, self.setup_tables, self.predecessors, self.successors, self.position, self.constraints_on
        _ = self.order_operations, self.name_counts, self.secondary_holders, self.undecided, self.unscheduled

    # by id

    @cached_property
    def orders(self) -> dict[str, Order]:
        """Orders by id."""
        return {o.id: o for o in self.schedule.snapshot.orders}

    @cached_property
    def calendars(self) -> dict[str, Calendar]:
        """Calendars by id."""
        return {c.id: c for c in self.schedule.snapshot.calendars}

    @cached_property
    def setup_tables(self) -> dict[str, SetupTable]:
        """Setup matrices by id, ready for look-up."""
        return {m.id: SetupTable(m) for m in self.schedule.snapshot.setup_matrices}

    @cached_property
    def predecessors(self) -> dict[str, tuple[Dependency, ...]]:
        """The dependencies that end at each operation that has any."""
        found: dict[str, list[Dependency]] = {}
        for dependency in self.schedule.snapshot.dependencies:
            found.setdefault(dependency.to_event, []).append(dependency)
        return {k: tuple(v) for k, v in found.items()}

    @cached_property
    def successors(self) -> dict[str, tuple[Dependency, ...]]:
        """The dependencies that begin at each operation that has any."""
        found: dict[str, list[Dependency]] = {}
        for dependency in self.schedule.snapshot.dependencies:
            found.setdefault(dependency.from_event, []).append(dependency)
        return {k: tuple(v) for k, v in found.items()}

    @cached_property
    def position(self) -> dict[str, int]:
        """The position of each operation in the schedule."""
        return {key: i for i, key in enumerate(self.operations)}

    # what is held

    @cached_property
    def secondary_holders(self) -> dict[str, frozenset[str]]:
        """The operations, placed or not, that are to hold each resource as a secondary one that is chosen."""
        found: dict[str, set[str]] = {}
        for op in self.schedule.snapshot.events:
            if op.demands:
                for resource_id in self.secondaries_of(op):
                    found.setdefault(resource_id, set()).add(op.id)
        return {k: frozenset(v) for k, v in found.items()}

    @cached_property
    def undecided(self) -> frozenset[str]:
        """The operations, placed or not, with a secondary need whose resource is not chosen."""
        return frozenset(op.id for op in self.schedule.snapshot.events if self.is_undecided(op))

    @staticmethod
    def secondaries_of(op: Operation) -> frozenset[str]:
        """Return the chosen secondary resources of an operation."""
        return frozenset(key for d in op.needs if d.quantity and (key := chosen(d)) is not None)

    @staticmethod
    def is_undecided(op: Operation) -> bool:
        """Whether an operation has a secondary need whose resource is not chosen."""
        return any(d.quantity and d.resource_ids and chosen(d) is None for d in op.needs)

    def held_by(self, op: Operation) -> frozenset[str]:
        """Return the primary and the chosen secondary resources of an operation."""
        own = frozenset[str]() if op.resource_id is None else frozenset((op.resource_id,))
        return own | self.secondaries_of(op) if op.demands else own

    @cached_property
    def constraints_on(self) -> dict[str, tuple[Constraint, ...]]:
        """The constraints on dates and sets that name each operation."""
        found: dict[str, list[Constraint]] = {}
        for rule in self.schedule.snapshot.constraints:
            if isinstance(rule, DateConstraint):
                found.setdefault(rule.event_id, []).append(rule)
            elif isinstance(rule, SetConstraint):
                for key in dict.fromkeys(rule.event_ids):
                    found.setdefault(key, []).append(rule)
        return {k: tuple(v) for k, v in found.items()}

    # time frame and working time

    @cached_property
    def horizon_start_ms(self) -> int:
        """The horizon's start in ms, see ``engine.horizon``."""
        return horizon_start_ms(self.schedule)

    @cached_property
    def last_end_ms(self) -> int | None:
        """The last end of all placed operations."""
        return max(self.ends.values(), default=None)

    def working_time(self, resource_id: str | None, until_ms: int | None = None) -> WorkingTime:
        """Return the working time of a resource (``None`` always works) around the plan.

        It covers all placements with weeks to spare before and a year after; give ``until_ms`` to have it at least
        that far.
        """
        return self._times_until(until_ms).of(resource_id)

    def common_time(self, one: WorkingTime, other: WorkingTime) -> WorkingTime:
        """Return what is worked in both of two working times of this plan."""
        return self._times_until(None).common(one, other)

    # work

    def need_ms(self, op: Operation, resource_id: str | None = None) -> int:
        """Return the working ms that the operation takes on a resource (its present one by default), without setup.

        The mode's own duration or the operation's, divided by the resource's efficiency and rounded up to a ms.
        """
        key = op.resource_id if resource_id is None else resource_id
        if key is None:
            return op.duration
        mode = mode_on(op, key) if op.modes else None
        duration = op.duration if mode is None or mode.duration is None else mode.duration
        return required_ms(duration, self.resources[key].efficiency)

    @cached_property
    def worked_ms(self) -> dict[str, int]:
        """The working ms of its primary resource that each placed operation spans, without setup."""
        members: dict[int, tuple[WorkingTime, list[str]]] = {}
        for key in self.starts:  # resources with the same working time at one go
            time = self.working_time(self.operations[key].resource_id)
            members.setdefault(id(time), (time, []))[1].append(key)
        found: dict[str, int] = {}
        for time, keys in members.values():
            begin = time.worked_before_all(np.array([self.starts[key] for key in keys], dtype=np.int64))
            done = time.worked_before_all(np.array([self.ends[key] for key in keys], dtype=np.int64))
            found.update(zip(keys, np.maximum(done - begin, 0).tolist(), strict=True))
        return found

    def work_ms(self, op: Operation) -> int:
        """Return the working ms of its primary resource that the placed operation spans, without setup."""
        return self.worked_ms[op.id]

    def derived_end_ms(self, op: Operation, start_ms: int, resource_id: str | None = None) -> int | None:
        """Return the end of the operation when it starts at ``start_ms`` on a resource (its present one by default).

        An operation that may pause is worked through the breaks; one that may not takes its work at a stretch, break
        or not. ``None`` when the calendar has too little working time in any reasonable future.
        """
        key = op.resource_id if resource_id is None else resource_id
        need = self.need_ms(op, key)
        if not op.interruptible:
            return start_ms + need
        until, tries = start_ms + need + _MARGIN_MS, 0
        while tries < 5:
            end = self.working_time(key, until).add(start_ms, need)
            if end is not None:
                return end
            until, tries = start_ms + 2 * (until - start_ms) + _REACH_MS, tries + 1
        return None

    # sequences and setups

    @cached_property
    def sequences(self) -> dict[str, tuple[str, ...]]:
        """The placed operations of each resource that is the primary one of any, by start, then end, then id."""
        found: dict[str, list[str]] = {}
        for key in self.starts:
            resource_id = self.operations[key].resource_id
            if resource_id is not None:
                found.setdefault(resource_id, []).append(key)
        starts, ends = self.starts, self.ends
        return {r: tuple(sorted(ids, key=lambda i: (starts[i], ends[i], i))) for r, ids in found.items()}

    @cached_property
    def setups(self) -> dict[str, Setup]:
        """The setup of each placed operation that has one or whose sequence is forbidden."""
        found: dict[str, Setup] = {}
        for resource_id, sequence in self.sequences.items():
            resource = self.resources[resource_id]
            if resource.setup_matrix is not None:
                self.follow_setups(resource, sequence, found)
        return found

    def setup_start_ms(self, event_id: str) -> int:
        """Return when the placed operation begins to occupy its resources: its setup's start, or its own."""
        setup = self.setups.get(event_id)
        return self.starts[event_id] if setup is None else setup.start_ms

    def follow_setups(self, resource: Resource, sequence: tuple[str, ...], found: dict[str, Setup]) -> None:
        """Add the setups that one resource's sequence needs to ``found``."""
        table, family = self.setup_tables[str(resource.setup_matrix)], resource.initial_setup
        previous_id: str | None = None
        for key in sequence:
            op, start_ms = self.operations[key], self.starts[key]
            if op.setup_family is None or start_ms == self.ends[key]:
                continue
            before, family = family, op.setup_family
            after_id, previous_id = previous_id, key
            change = table.lookup(before, family)
            if before is None or change.is_nothing or is_history(op):
                continue
            begin = self.working_time(resource.id).back(start_ms, change.duration_ms)
            found[key] = Setup(
                event_id=key,
                resource_id=resource.id,
                start_ms=start_ms if begin is None else begin,
                end_ms=start_ms,
                duration_ms=change.duration_ms,
                from_family=before,
                to_family=family,
                cost=change.cost,
                forbidden=change.forbidden,
                complete=begin is not None,
                previous_id=after_id,
            )

    # orders and lateness

    @cached_property
    def order_operations(self) -> dict[str, tuple[str, ...]]:
        """The ids of the operations of each order that has any, in the schedule's order."""
        return self.compute_order_operations()

    def compute_order_operations(self) -> dict[str, tuple[str, ...]]:
        """Compute ``order_operations``."""
        found: dict[str, list[str]] = {}
        for op in self.schedule.snapshot.events:
            if op.order_id is not None:
                found.setdefault(op.order_id, []).append(op.id)
        return {k: tuple(v) for k, v in found.items()}

    @cached_property
    def order_ends(self) -> dict[str, int]:
        """The last end of each order's placed operations, in ms; orders without any are absent."""
        found: dict[str, int] = {}
        for key, end_ms in self.ends.items():
            order_id = self.operations[key].order_id
            if order_id is not None:
                found[order_id] = max(end_ms, found.get(order_id, end_ms))
        return found

    @cached_property
    def order_lateness_ms(self) -> dict[str, int]:
        """Last end minus due date of each order with both; negative when early."""
        due = {k: to_ms(o.due_date) for k, o in self.orders.items() if o.due_date is not None}
        return {k: end_ms - due[k] for k, end_ms in self.order_ends.items() if k in due}

    @cached_property
    def event_lateness_ms(self) -> dict[str, int]:
        """End minus own due date of each placed operation that has one; negative when early."""
        operations = self.operations
        return {k: e - to_ms(d) for k, e in self.ends.items() if (d := operations[k].due_date) is not None}

    @cached_property
    def unscheduled(self) -> tuple[str, ...]:
        """The operations without a placement, completed ones aside."""
        return self.compute_unscheduled()

    def compute_unscheduled(self) -> tuple[str, ...]:
        """Compute ``unscheduled``."""
        return tuple(
            k for k, op in self.operations.items() if k not in self.starts and op.status is not Status.COMPLETED
        )

    # words

    def label(self, event_id: str) -> str:
        """Return the operation's name, with its id where the name alone is not clear."""
        name = self.operations[event_id].name
        return name if name and self.name_counts[name] == 1 else f"{name} ({event_id})".strip()

    def resource_label(self, resource_id: str) -> str:
        """Return the resource's name, or its id when it has none."""
        return self.resources[resource_id].name or resource_id

    @cached_property
    def name_counts(self) -> Counter[str]:
        """How many operations have each name."""
        return Counter(op.name for op in self.schedule.snapshot.events)

    # inside

    @property
    def _needed_window(self) -> tuple[int, int]:
        """What working times must cover: the plan, its setups, and some weeks."""
        begin = min(self.starts.values(), default=self.horizon_start_ms)
        begin = min(begin, self.horizon_start_ms) - 60 * DAY_MS
        return begin, max(self.last_end_ms or begin, self.horizon_start_ms) + 30 * DAY_MS

    def _times_until(self, until_ms: int | None) -> WorkingTimes:
        times = self._times
        if times is None or (until_ms is not None and until_ms > times.to_ms):
            begin, end = self._needed_window
            setups = (r.duration for m in self.schedule.snapshot.setup_matrices for r in (*m.rules, m.default) if r)
            begin -= _MARGIN_MS + 4 * max(setups, default=0)
            times = WorkingTimes(self.schedule, begin, max(end, until_ms or end) + _REACH_MS)
            self._times = times
        return times


def chosen(demand: Demand) -> str | None:
    """Return the resource that serves a demand, or ``None`` while a choice is open."""
    if demand.resource_id is None and demand.resource_ids is not None and len(demand.resource_ids) == 1:
        return demand.resource_ids[0]
    return demand.resource_id


@lru_cache(maxsize=4096)
def _ratio(efficiency: float) -> tuple[int, int]:
    """The decimal that the planner wrote, exactly: 0.9 is nine tenths, not the nearest binary fraction."""
    fraction = Fraction(repr(efficiency))
    return fraction.numerator, fraction.denominator


def _same_workshop(one: Schedule, other: Schedule) -> bool:
    """Whether working times of one schedule hold for the other."""
    mine, theirs = one.snapshot, other.snapshot
    return (
        one.metadata.time_zone == other.metadata.time_zone
        and mine.resources == theirs.resources
        and mine.calendars == theirs.calendars
        and mine.constraints == theirs.constraints
    )
