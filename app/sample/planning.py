"""The plan that a hurried person made: first come, first served, one operation after the other.

Whoever has waited longest in front of the machines goes next, to the machine that is done with it first. Due dates,
priorities and setup families are not looked at, and nothing is ever placed before something already planned on a
machine. The plan keeps every rule of the contract; it is merely not a good one.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import defaultdict
from dataclasses import dataclass, field

from engine.calendars import WorkingTime, WorkingTimes
from engine.instants import from_ms, to_ms
from engine.model import Dependency, Mode, Operation, Resource, Schedule
from engine.setups import SetupTable

MINUTE_MS = 60_000
DAY_MS = 86_400_000


@dataclass
class _Station:
    """A resource during planning: what is held of it, until when its queue reaches, what it is set up for."""

    resource: Resource
    time: WorkingTime
    setups: SetupTable | None
    family: str | None
    free_ms: int
    held: list[tuple[int, int, int]] = field(default_factory=list)

    def try_again_at(self, start_ms: int, end_ms: int, quantity: int) -> int | None:
        """Return when a unit comes free if ``quantity`` is not free over all of the span, else None."""
        if self.resource.infinite:
            return None
        inside = [span for span in self.held if span[0] < end_ms and span[1] > start_ms]
        for moment in sorted({start_ms, *(span[0] for span in inside if span[0] > start_ms)}):
            now = [span for span in inside if span[0] <= moment < span[1]]
            if sum(span[2] for span in now) + quantity > self.resource.capacity:
                return min(span[1] for span in now)
        return None

    def take(self, start_ms: int, end_ms: int, quantity: int) -> None:
        """Hold ``quantity`` over the span; a machine that does one thing at a time is free after it only."""
        self.held.append((start_ms, end_ms, quantity))
        if self.resource.capacity == 1 and not self.resource.infinite:
            self.free_ms = max(self.free_ms, end_ms)


@dataclass(frozen=True)
class _Choice:
    """One way to run an operation: where, with whom, when."""

    machine: str
    helpers: tuple[str, ...]
    setup_start_ms: int
    start_ms: int
    end_ms: int


class HurriedPlanner:
    """Plans the operations that have no start yet; those that have one are taken as given.

    Parameters
    ----------
    schedule
        The plant, the orders and their operations.
    now_ms
        Nothing is begun before, setups included.
    """

    def __init__(self, schedule: Schedule, now_ms: int) -> None:
        shot = schedule.snapshot
        self.now_ms = now_ms
        self.operations = {operation.id: operation for operation in shot.events}
        self.placed: dict[str, Operation] = {}
        times = WorkingTimes(schedule, now_ms - 30 * DAY_MS, now_ms + 90 * DAY_MS)
        tables = {matrix.id: SetupTable(matrix) for matrix in shot.setup_matrices}
        self.stations = {
            item.id: _Station(item, times.of(item.id), tables.get(item.setup_matrix or ""), item.initial_setup, now_ms)
            for item in shot.resources
        }
        self.releases = {order.id: to_ms(order.release_date) for order in shot.orders if order.release_date}
        self.earliest: dict[str, int] = {}
        self.together: list[tuple[str, ...]] = []
        for constraint in shot.constraints:
            if constraint.type == "startnoearlierthan":
                self.earliest[constraint.event_id] = to_ms(constraint.date)
            elif constraint.type == "sameresource":
                self.together.append(constraint.event_ids)
            elif constraint.type == "unavailable" and constraint.capacity:
                span = (to_ms(constraint.start), to_ms(constraint.end), constraint.capacity)
                self.stations[constraint.resource_id].held.append(span)
        self.before: dict[str, list[Dependency]] = defaultdict(list)
        self.after: dict[str, list[str]] = defaultdict(list)
        for dependency in shot.dependencies:
            self.before[dependency.to_event].append(dependency)
            self.after[dependency.from_event].append(dependency.to_event)
        given = [operation for operation in shot.events if operation.start_date]
        for operation in sorted(given, key=lambda item: to_ms(item.start_date) if item.start_date else 0):
            self._occupy(operation, to_ms(operation.start_date) if operation.start_date else 0)

    def plan(self) -> dict[str, Operation]:
        """Return every operation with its placement, by id."""
        sequence = {key: number for number, key in enumerate(self.operations)}
        queue: list[tuple[int, int, str]] = []

        def join_queue(key: str) -> None:
            ready = all(dependency.from_event in self.placed for dependency in self.before[key])
            if ready and key not in self.placed:
                heapq.heappush(queue, (self._ready_ms(self.operations[key]), sequence[key], key))

        for key in self.operations:
            join_queue(key)
        while queue:
            _, _, key = heapq.heappop(queue)
            self._place(self.operations[key])
            for follower in self.after[key]:
                join_queue(follower)
        return self.placed

    def _release_ms(self, operation: Operation) -> int:
        return max(self.now_ms, self.releases.get(operation.order_id or "", self.now_ms))

    def _ready_ms(self, operation: Operation) -> int:
        """When an operation may start: "now", its release, and the ends of its predecessors with their lags."""
        ends = (
            to_ms(end) + dependency.lag_ms
            for dependency in self.before[operation.id]
            if (end := self.placed[dependency.from_event].end_date)
        )
        return max(self._release_ms(operation), self.earliest.get(operation.id, 0), *ends, 0)

    def _place(self, operation: Operation) -> None:
        demands = operation.demands or ()
        teams = list(itertools.product(*(demand.candidates for demand in demands)))
        modes = self._allowed_modes(operation)
        choices = [self._earliest(operation, mode, team) for mode in modes for team in teams]
        best = min(choices, key=lambda choice: choice.end_ms)
        chosen = (
            demand.model_copy(update={"resource_id": helper})
            for demand, helper in zip(demands, best.helpers, strict=True)
        )
        placed = operation.model_copy(
            update={
                "resource_id": best.machine,
                "start_date": from_ms(best.start_ms),
                "end_date": from_ms(best.end_ms),
                "demands": tuple(chosen) or None,
            }
        )
        self._occupy(placed, best.setup_start_ms)

    def _allowed_modes(self, operation: Operation) -> list[Mode]:
        """The operation's modes, but only the machine of a fellow that must run on the same one."""
        fixed = {
            self.placed[fellow].resource_id
            for group in self.together
            if operation.id in group
            for fellow in group
            if fellow in self.placed
        }
        return [mode for mode in operation.alternatives if not fixed or mode.resource_id in fixed]

    def _earliest(self, operation: Operation, mode: Mode, helpers: tuple[str, ...]) -> _Choice:
        """Return the first placement behind the machine's queue at which everything it needs is free."""
        station = self.stations[mode.resource_id]
        exact_ms = operation.duration if mode.duration is None else mode.duration
        work_ms = math.ceil(exact_ms / station.resource.efficiency / MINUTE_MS) * MINUTE_MS
        setup_ms = 0
        if station.setups:
            setup_ms = station.setups.lookup(station.family, operation.setup_family).duration_ms
        needs = [(station, 1), *self._team(operation, helpers)]
        not_before = max(station.free_ms, self._release_ms(operation))
        ready = self._ready_ms(operation)
        while True:
            start = max(_known(station.time.add(not_before, setup_ms)), ready)
            fitting = station.time.next_working(start) if operation.interruptible else station.time.fit(start, work_ms)
            start = _known(fitting)
            setup_start = _known(station.time.back(start, setup_ms))
            end = _known(station.time.add(start, work_ms))
            waits = [again for who, amount in needs if (again := who.try_again_at(setup_start, end, amount))]
            if not waits:
                return _Choice(mode.resource_id, helpers, setup_start, start, end)
            not_before = max(waits)
            ready = max(ready, not_before)

    def _team(self, operation: Operation, helpers: tuple[str, ...]) -> list[tuple[_Station, int]]:
        pairs = zip(helpers, operation.demands or (), strict=True)
        return [(self.stations[helper], demand.quantity) for helper, demand in pairs]

    def _occupy(self, operation: Operation, setup_start_ms: int) -> None:
        """Note a placed operation on its machine and with its helpers."""
        assert operation.resource_id is not None and operation.end_date is not None
        end_ms = to_ms(operation.end_date)
        station = self.stations[operation.resource_id]
        station.family = operation.setup_family or station.family
        helpers = tuple(demand.resource_id or "" for demand in operation.demands or ())
        for who, amount in ((station, 1), *self._team(operation, helpers)):
            who.take(setup_start_ms, end_ms, amount)
        self.placed[operation.id] = operation


def _known(moment: int | None) -> int:
    """Return an instant that the time considered must be long enough for."""
    if moment is None:
        raise ValueError("the sample's plan does not fit the 90 days considered; maybe a machine never works")
    return moment
