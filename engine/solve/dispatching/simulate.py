"""Dispatching in simulated time: whenever a resource could start something next, a rule picks which operation.

The simulation knows primary resources, calendars, setups, lags and releases, and nothing else; its outcome is not a
plan but an order of operations and a mode for each, from which ``dispatching.decoder`` makes one that keeps all rules.
"""

# pyright: reportPrivateUsage=false
from __future__ import annotations

import math
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING

import numpy as np

from engine.solve.problem.problem import FORBIDDEN, NO_FAMILY, NO_RESOURCE
from engine.solve.problem.timeline import FOREVER

if TYPE_CHECKING:
    from engine.solve.dispatching.priorities import Priorities
    from engine.solve.problem.problem import Problem
    from engine.solve.problem.timeline import Timeline

DYNAMIC_RULES = ("ATC with setups", "slack and setups", "bottleneck in time", "least setup")


@dataclass(slots=True)
class _Desk:
    """A primary resource in the simulation: when each unit is free, what it is set up for, and its queue."""

    free: list[int]
    working: Timeline | None
    setup: list[list[int]] | None
    family: int
    queue: list[int]


class Simulation:
    """Simulates a problem under different rules."""

    def __init__(self, problem: Problem, priorities: Priorities) -> None:
        self._problem = problem
        self._facts = priorities
        self._mean = float(np.mean(priorities.work[priorities.work > 0])) if np.any(priorities.work > 0) else 1.0
        self._rows = [None if r.setup is None else r.setup.ticks.tolist() for r in problem.resources]
        self._mean_setup = self._average_setup()
        n = len(problem.ops)
        self._after: list[list[tuple[int, bool, bool, int]]] = [[] for _ in range(n)]
        self._waits = [0] * n
        rank = {o: i for i, o in enumerate(priorities.topological)}
        for arc in problem.arcs:
            if arc.pred in rank and arc.succ in rank and rank[arc.pred] < rank[arc.succ]:
                self._after[arc.pred].append((arc.succ, arc.pred_end, arc.succ_end, arc.min_lag))
                self._waits[arc.succ] += 1

    def run(self, rule: str) -> tuple[np.ndarray, list[int]]:
        """Return the start of each operation in the simulation (its priority) and the mode that it ran in."""
        return _Run(self, rule).run()

    def _average_setup(self) -> float:
        values = [t for rows in self._rows if rows for row in rows for t in row if t > 0]
        return float(np.mean(values)) if values else 0.0


class _Run:
    """One simulation."""

    def __init__(self, simulation: Simulation, rule: str) -> None:
        self._s = simulation
        self._problem = problem = simulation._problem
        facts = simulation._facts
        self._rule = rule
        self._due = facts.op_due.tolist()
        self._weight = facts.weight.tolist()
        self._tail = (facts.weighted_tail if rule == "bottleneck in time" else facts.tail).tolist()
        n = len(problem.ops)
        self._ready = [max(0, op.release, op.est) for op in problem.ops]
        self._release = [op.release for op in problem.ops]
        self._waits = list(simulation._waits)
        self._start, self._end, self._mode = [0] * n, [0] * n, [0] * n
        self._done = [op.fixed is not None for op in problem.ops]
        self._desks = [self._desk(r) for r in range(len(problem.resources))]
        self._heap: list[tuple[int, int, int]] = []
        self._version = [0] * len(self._desks)

    def run(self) -> tuple[np.ndarray, list[int]]:
        """Simulate until everything has run."""
        problem = self._problem
        for op in problem.ops:
            if op.fixed is not None:
                self._start[op.index], self._end[op.index] = op.fixed.placement.start, op.fixed.placement.end
        for op in problem.ops:
            if op.fixed is None and self._waits[op.index] == 0:
                self._arrive(op.index)
        for r in range(len(self._desks)):
            self._schedule(r)
        while self._heap:
            _, version, r = heappop(self._heap)
            if version != self._version[r]:
                continue
            self._serve(r)
        return np.array(self._start, np.float64), self._mode

    def _desk(self, r: int) -> _Desk:
        resource = self._problem.resources[r]
        units = 0 if resource.infinite else resource.capacity
        family = NO_FAMILY if resource.setup is None else resource.setup.initial
        desk = _Desk([0] * min(units, 10_000), resource.working, self._s._rows[r], family, [])
        for op in self._problem.ops:
            at = None if op.fixed is None else op.fixed.placement
            if at is not None and at.resource == r and op.fixed is not None and op.fixed.is_history and desk.free:
                desk.free[0] = max(desk.free[0], at.end)
                desk.family = desk.family if op.family == NO_FAMILY else op.family
        return desk

    def _arrive(self, o: int) -> None:
        """Put an operation into the queues of all resources that it can run on, or run it if it needs none."""
        op = self._problem.ops[o]
        if any(mode.resource == NO_RESOURCE or not self._desks[mode.resource].free for mode in op.modes):
            k = next(k for k, m in enumerate(op.modes) if m.resource == NO_RESOURCE or not self._desks[m.resource].free)
            resource = op.modes[k].resource
            working = None if resource == NO_RESOURCE else self._desks[resource].working
            start, end = _span(working, self._ready[o], op.modes[k].work)
            self._finish(o, k, start, end)
            return
        for mode in op.modes:
            self._desks[mode.resource].queue.append(o)
            self._schedule(mode.resource)

    def _schedule(self, r: int) -> None:
        """Note when the resource can start something next."""
        desk = self._desks[r]
        self._version[r] += 1
        if desk.queue:
            free = min(desk.free)
            soonest = min(self._ready[o] for o in desk.queue)
            heappush(self._heap, (max(free, soonest), self._version[r], r))

    def _serve(self, r: int) -> None:
        """Let the rule pick the next operation of a resource, and run it."""
        desk, ready = self._desks[r], self._ready
        queue = desk.queue = [o for o in desk.queue if not self._done[o]]
        if not queue:
            return
        unit = desk.free.index(min(desk.free))
        free = desk.free[unit]
        now = max(free, min(ready[o] for o in queue))
        ahead = now + int(0.3 * self._s._mean)
        best, best_key, best_setup = -1, math.inf, 0
        for o in queue:
            if ready[o] > ahead and best >= 0:
                continue
            setup = 0
            family = self._problem.ops[o].family
            if desk.setup is not None and family != NO_FAMILY and desk.family != NO_FAMILY:
                setup = desk.setup[desk.family][family]
                if setup == FORBIDDEN:
                    setup = FOREVER
            key = self._key(o, now, setup, max(0, ready[o] - now - setup))
            if key < best_key or best < 0:
                best, best_key, best_setup = o, key, setup
        self._run(r, unit, best, 0 if best_setup >= FOREVER else best_setup)

    def _run(self, r: int, unit: int, o: int, setup: int) -> None:
        desk, op = self._desks[r], self._problem.ops[o]
        k = next(k for k, mode in enumerate(op.modes) if mode.resource == r)
        begin = max(desk.free[unit], self._release[o])
        if setup:
            begin = _span(desk.working, begin, setup)[1]
        start, end = _span(desk.working, max(begin, self._ready[o]), op.modes[k].work)
        other = self._sooner(op, k, end)
        if other >= 0:  # worth waiting for: leave it to that resource
            desk.queue.remove(o)
            self._schedule(r)
            return
        desk.free[unit] = end
        if op.family != NO_FAMILY:
            desk.family = op.family
        self._finish(o, k, start, end)
        self._schedule(r)

    def _sooner(self, op: object, k: int, end: int) -> int:
        """Return another mode in which the operation would end earlier and whose queue it still stands in, or -1."""
        ops = self._problem.ops
        modes = ops[op.index].modes  # type: ignore[attr-defined]
        for other, mode in enumerate(modes):
            desk = self._desks[mode.resource]
            if other != k and op.index in desk.queue:  # type: ignore[attr-defined]
                begin = max(min(desk.free), self._ready[op.index])  # type: ignore[attr-defined]
                if begin + mode.work < end and _span(desk.working, begin, mode.work)[1] < end:
                    return other
        return -1

    def _finish(self, o: int, k: int, start: int, end: int) -> None:
        self._start[o], self._end[o], self._mode[o], self._done[o] = start, end, k, True
        for after, pred_end, succ_end, lag in self._s._after[o]:
            point = (end if pred_end else start) + lag
            if succ_end:
                point -= min(mode.work for mode in self._problem.ops[after].modes)
            self._ready[after] = max(self._ready[after], point)
            self._waits[after] -= 1
            if self._waits[after] == 0:
                self._arrive(after)

    def _key(self, o: int, now: int, setup: int, idle: int) -> float:
        """Return what to pick by; smaller is better."""
        work = float(self._s._facts.work[o]) or 1.0
        if self._rule == "ATC with setups":  # Lee, Bhaskaran and Pinedo 1997
            slack = max(0.0, self._due[o] - work - now)
            urgency = self._weight[o] / work * math.exp(-min(600.0, slack / (3 * self._s._mean)))
            return -urgency * math.exp(
                -min(600.0, (setup + idle) / max(1.0, 0.4 * (self._s._mean_setup or self._s._mean)))
            )
        if self._rule == "slack and setups":
            return self._due[o] + 2.0 * setup + idle
        if self._rule == "bottleneck in time":
            return -self._tail[o] + 2.0 * setup + idle
        return setup + 1e-3 * idle + 1e-9 * self._due[o]


def _span(working: Timeline | None, tick: int, work: int) -> tuple[int, int]:
    """Return (start, end) of work begun as early as possible; beyond the known calendar as if it always worked."""
    if working is None or work == 0:
        return tick, tick + work
    span = working.span(tick, work)
    return (tick, tick + work) if span is None else span
