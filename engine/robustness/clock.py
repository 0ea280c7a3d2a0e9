"""Working time for many instants at once: the arithmetic of ``engine.working_time`` on arrays."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from engine.calendars import WorkingTime
from engine.model import Operation
from engine.plan import PlanFacts, chosen
from engine.working_time import Times


class Clock:
    """One working time, asked for many instants. Beyond its window, a year after the plan, time counts as worked."""

    def __init__(self, time: WorkingTime) -> None:
        self._is_always = time.is_always or not len(time.starts)
        self._time = time
        self._starts, self._ends, self._done = time.starts, time.ends, time.worked
        self._last = len(time.starts) - 1
        self._long: dict[int, Times] = {}

    def following(self, at: Times) -> Times:
        """Return the first working instants at or after ``at``."""
        if self._is_always:
            return at
        i = np.searchsorted(self._ends, at, side="right")
        return np.maximum(self._starts[np.minimum(i, self._last)], at)

    def add(self, at: Times, work: Times) -> Times:
        """Return the ends of ``work`` ms (at least 1) of working time begun at or after ``at``, pausing over breaks."""
        if self._is_always:
            return at + work
        goal = self._time.worked_before_all(at) + work
        i = np.minimum(np.searchsorted(self._done, goal, side="left") - 1, self._last)
        return self._starts[i] + goal - self._done[i]

    def fit(self, at: Times, work_ms: int) -> Times:
        """Return the earliest starts at or after ``at`` of ``work_ms`` without a break.

        Where no interval is long enough, the first working instant: the work then runs through the break.
        """
        if self._is_always:
            return at
        long = self._long.get(work_ms)
        if long is None:
            long = self._long[work_ms] = np.flatnonzero(self._ends - self._starts >= work_ms)
        begin = self.following(at)
        if not len(long):
            return begin
        i = np.minimum(np.searchsorted(self._ends, at, side="right"), self._last)
        later = long[np.minimum(np.searchsorted(long, i, side="right"), len(long) - 1)]
        return np.where(self._ends[i] - begin >= work_ms, begin, np.maximum(self._starts[later], begin))


class Clocks:
    """The clock of each set of resources that must work together, made once."""

    def __init__(self, facts: PlanFacts) -> None:
        self._facts = facts
        self._made: dict[int, tuple[WorkingTime, Clock]] = {}

    def time_of(self, op: Operation, served_by: Iterable[str]) -> WorkingTime:
        """Return when the operation can be worked on: when its primary resource and all secondary ones work."""
        time = self._facts.working_time(op.resource_id)
        for resource_id in served_by:
            time = self._facts.common_time(time, self._facts.working_time(resource_id))
        return time

    def of(self, time: WorkingTime) -> Clock:
        """Return the clock of a working time."""
        known = self._made.get(id(time))
        if known is None:
            known = self._made[id(time)] = (time, Clock(time))  # holding the time keeps its id unique
        return known[1]


def served_by(op: Operation, choices: dict[tuple[str, int], str]) -> tuple[tuple[str, int], ...]:
    """Return the secondary resources of a placed operation with their units; ``choices`` are for those left open."""
    found: list[tuple[str, int]] = []
    for position, demand in enumerate(op.demands or ()):
        resource_id = chosen(demand) or choices.get((op.id, position))
        if resource_id is not None and demand.quantity and demand.is_held_on(op.resource_id):
            found.append((resource_id, demand.quantity))
    return tuple(found)
