"""The resource side of a problem: working time, outages, blocked spans and setup matrices in ticks."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from engine.calendars import WorkingTime, WorkingTimes, is_full_outage, outages_by_resource
from engine.instants import to_ms
from engine.model import Resource, Schedule, SetupMatrix
from engine.solve.problem.problem import FORBIDDEN, NO_FAMILY, ResourceData, SetupData
from engine.solve.problem.timeline import FOREVER, Timeline

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.model import Locks

Span = tuple[int, int]


class Grid:
    """Ticks of ``tick_ms`` from ``h0_ms``."""

    def __init__(self, h0_ms: int, tick_ms: int) -> None:
        self.h0_ms = h0_ms
        self.tick_ms = tick_ms

    def down(self, at_ms: int) -> int:
        """Return the last tick at or before an instant."""
        return (at_ms - self.h0_ms) // self.tick_ms

    def up(self, at_ms: int) -> int:
        """Return the first tick at or after an instant."""
        return -((self.h0_ms - at_ms) // self.tick_ms)

    def length_up(self, length_ms: int) -> int:
        """Return the least number of ticks that last at least ``length_ms``."""
        return -(-length_ms // self.tick_ms)

    def length_down(self, length_ms: int) -> int:
        """Return the greatest number of ticks that last at most ``length_ms``."""
        return length_ms // self.tick_ms


class ResourceCompiler:
    """Compiles the resources of one schedule; equal working times and matrices are compiled once."""

    def __init__(self, schedule: Schedule, locks: Locks, grid: Grid, times: WorkingTimes, families: list[str]) -> None:
        self._grid = grid
        self._times = times
        self._matrices = {m.id: m for m in schedule.snapshot.setup_matrices}
        self._families = families
        self._family_index = {name: i for i, name in enumerate(families)}
        self._outages = outages_by_resource(schedule)
        self._blocked: dict[str, list[Span]] = defaultdict(list)
        for interval in locks.resource_intervals:
            span = (grid.down(to_ms(interval.start)), grid.up(to_ms(interval.end)))
            if span[0] < span[1]:
                self._blocked[interval.resource_id].append(span)
        self._timelines: dict[int, tuple[WorkingTime, Timeline | None]] = {}
        self._setups: dict[str, SetupData] = {}

    def compile(self, index: int, resource: Resource) -> ResourceData:
        """Return the resource in ticks."""
        return ResourceData(
            index=index,
            id=resource.id,
            capacity=resource.capacity,
            infinite=resource.infinite or resource.nonrenewable,
            working=self._timeline(resource),
            setup=self._setup(resource),
            outages=self._partial_outages(resource),
            blocked=tuple(sorted(self._blocked.get(resource.id, ()))),
            cost_per_hour=resource.cost_per_hour or 0.0,
            stock=resource.capacity if resource.nonrenewable and not resource.infinite else None,
        )

    def _timeline(self, resource: Resource) -> Timeline | None:
        worked = self._times.of(resource.id)
        if id(worked) not in self._timelines:  # holding the working time keeps its id unique
            timeline = None if worked.is_always else self._in_ticks(worked, resource.calendar is None)
            self._timelines[id(worked)] = (worked, timeline)
        return self._timelines[id(worked)][1]

    def _in_ticks(self, worked: WorkingTime, is_open_ended: bool) -> Timeline:
        tick, h0 = self._grid.tick_ms, self._grid.h0_ms
        starts = -((h0 - worked.starts) // tick)
        ends = (worked.ends - h0) // tick
        until = self._grid.down(worked.to_ms)
        if is_open_ended and len(ends) and worked.ends[-1] >= worked.to_ms:
            ends[-1] = until = FOREVER
        kept = ends > starts
        return Timeline(starts[kept].astype(np.int64), ends[kept].astype(np.int64), until)

    def _partial_outages(self, resource: Resource) -> tuple[tuple[int, int, int], ...]:
        grid = self._grid
        return tuple(
            (grid.down(to_ms(rule.start)), grid.up(to_ms(rule.end)), rule.capacity or 0)
            for rule in self._outages.get(resource.id, ())
            if rule.capacity and not resource.infinite and not is_full_outage(rule, resource)
        )

    def _setup(self, resource: Resource) -> SetupData | None:
        if resource.setup_matrix is None:
            return None
        initial = NO_FAMILY if resource.initial_setup is None else self._family_index[resource.initial_setup]
        if resource.setup_matrix not in self._setups:
            ms, cost, banned = setup_arrays(self._matrices[resource.setup_matrix], self._families)
            ticks = np.where(banned, FORBIDDEN, -(-ms // self._grid.tick_ms))
            self._setups[resource.setup_matrix] = SetupData(ticks, ms, cost, NO_FAMILY)
        data = self._setups[resource.setup_matrix]
        return data if initial == NO_FAMILY else SetupData(data.ticks, data.ms, data.cost, initial)


def setup_arrays(
    matrix: SetupMatrix, families: list[str]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return setup durations in ms, costs, and which sequences are banned, between all ``families``.

    The first rule that matches holds, else the default, else 0; also from a family to itself.
    """
    index = {name: i for i, name in enumerate(families)}
    shape = (len(families), len(families))
    default = matrix.default
    ms = np.full(shape, default.duration if default else 0, np.int64)
    cost = np.full(shape, (default.cost or 0.0) if default else 0.0, np.float64)
    banned = np.zeros(shape, np.bool_)
    for rule in reversed(matrix.rules):
        rows, columns = _selected(rule.from_, index), _selected(rule.to, index)
        if rows is not None and columns is not None:
            ms[rows, columns] = rule.duration
            cost[rows, columns] = rule.cost or 0.0
            banned[rows, columns] = rule.forbidden
    return ms, cost, banned


def _selected(name: str, index: dict[str, int]) -> int | slice | None:
    return slice(None) if name == "*" else index.get(name)
