"""Priority rules: for every operation a number, the smaller the earlier it is placed.

Names and definitions after Haupt (1989): EDD earliest due date of the order, ODD operation due date, MWKR most work
remaining, SPT and LPT shortest and longest processing time. Times are ticks of elapsed time: work is stretched by how
much of the time its resource works.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.solve.problem.problem import NO_ORDER, NO_RESOURCE
from engine.solve.problem.timeline import FOREVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from engine.solve.problem.problem import OpData, Problem
    from engine.solve.problem.units import Units

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rule:
    """A priority rule by name."""

    name: str
    priority: Callable[[Priorities], Floats]


class Priorities:
    """What priority rules are made of, computed once a problem."""

    def __init__(self, problem: Problem, units: Units) -> None:
        self.problem = problem
        self._units = units
        self._stretch = [_stretch(problem, r) for r in range(len(problem.resources))]
        self.n = len(problem.ops)
        self.work = np.array([min(self._elapsed(m.resource, m.work) for m in op.modes) for op in problem.ops])
        topological = [o for unit in units.order for o in units.members[unit]]
        position = {o: i for i, o in enumerate(topological)}
        self._arcs: list[list[tuple[int, float]]] = [[] for _ in problem.ops]
        for arc in problem.arcs:
            if position.get(arc.pred, self.n) < position.get(arc.succ, -1):
                # between starts, as if both operations took their least work
                lag = arc.min_lag + (self.work[arc.pred] if arc.pred_end else 0)
                self._arcs[arc.pred].append((arc.succ, lag - (self.work[arc.succ] if arc.succ_end else 0)))
        self.topological = topological

    def _elapsed(self, resource: int, work: int) -> float:
        return work * (1.0 if resource == NO_RESOURCE else self._stretch[resource])

    @cached_property
    def head(self) -> Floats:
        """Earliest start by releases and predecessors alone."""
        head = np.array([float(max(op.release, op.est, 0)) for op in self.problem.ops])
        for o in self.topological:
            for after, lag in self._arcs[o]:
                head[after] = max(head[after], head[o] + lag)
        return head

    @cached_property
    def tail(self) -> Floats:
        """Work from its start to the end of the longest chain behind it."""
        return self._longest(self.work)

    @cached_property
    def weighted_tail(self) -> Floats:
        """The tail with work on busy resources counted more."""
        load = np.zeros(len(self.problem.resources) + 1)
        for op in self.problem.ops:
            for mode in op.modes:
                load[mode.resource] += self._elapsed(mode.resource, mode.work) / len(op.modes)
        share = load / max(1.0, load.max())
        busy = np.array([np.mean([share[m.resource] for m in op.modes]) for op in self.problem.ops])
        return self._longest(np.asarray(self.work * (0.1 + busy**2), np.float64))

    def _longest(self, work: Floats) -> Floats:
        tail = work.copy()
        for o in reversed(self.topological):
            for after, lag in self._arcs[o]:
                tail[o] = max(tail[o], tail[after] + max(lag - self.work[o] + work[o], 0.0))
        return tail

    @cached_property
    def due(self) -> Floats:
        """The due date that counts for each operation: the earliest of its own, its order's, and hard dates."""
        return np.array([self._due(op) for op in self.problem.ops])

    @cached_property
    def op_due(self) -> Floats:
        """Latest end so that everything behind it can still be in time (ODD)."""
        latest = self.due.copy()
        for o in reversed(self.topological):
            for after, lag in self._arcs[o]:
                latest[o] = min(latest[o], latest[after] - self.work[after] - lag + self.work[o])
        return latest

    @cached_property
    def weight(self) -> Floats:
        """The weight of its lateness: its order's or its own."""
        orders = self.problem.orders
        return np.array([op.weight if op.order == NO_ORDER else orders[op.order].weight for op in self.problem.ops])

    def _due(self, op: OpData) -> float:
        problem = self.problem
        hard = [op.let, op.lst + int(self.work[op.index])]
        soft = [op.due_ms] if op.due_ms is not None else []
        if op.order != NO_ORDER and (due := problem.orders[op.order].due_ms) is not None:
            soft.append(due)
        known = [h for h in hard if h < FOREVER // 2] + [(d - problem.h0_ms) / problem.tick_ms for d in soft]
        return float(min(known, default=self.far))

    @cached_property
    def far(self) -> float:
        """A time after every sensible plan, for what has no due date."""
        return float(self.work.sum() + self.head.max(initial=0.0)) + 1e6

    @property
    def previous(self) -> Floats:
        """The present start, and what has none behind everything."""
        return np.array([float(op.previous.start if op.previous else 1 << 40) for op in self.problem.ops])


PRESENT_PLAN = "present plan"
"""The name of the rule that follows the plan at hand."""

RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule("EDD", lambda p: p.due + 1e-3 * p.head),
        Rule("ODD", lambda p: p.op_due),
        Rule("slack", lambda p: p.op_due - p.work),
        Rule("weighted ODD", lambda p: p.op_due - p.head - np.log1p(p.weight) * p.work.mean() + p.head),
        Rule("WSPT", lambda p: (p.tail + p.head * 0.1) / np.maximum(p.weight, 1e-6)),
        Rule("head", lambda p: p.head - 1e-3 * p.tail),
        Rule("MWKR", lambda p: -p.tail),
        Rule("bottleneck", lambda p: -p.weighted_tail),
        Rule("latest start", lambda p: p.head - p.tail),
        Rule("SPT", lambda p: p.work),
        Rule("LPT", lambda p: -p.work),
        Rule("family", lambda p: _by_family(p)),
        Rule(PRESENT_PLAN, lambda p: p.previous),
    )
}


def rule_order(problem: Problem) -> list[str]:
    """Return the names of the rules worth trying for an objective, the most promising first."""
    first = (problem.objective.names or ("mix",))[0]
    by_due = ["ODD", "slack", "EDD", "weighted ODD", "WSPT", "MWKR", "latest start", "bottleneck", "SPT", "LPT", "head"]
    by_work = ["MWKR", "bottleneck", "latest start", "LPT", "SPT", "ODD", "head", "slack", "EDD"]
    names = by_work if first == "minimize_makespan" and not _has_due(problem) else by_due
    if first == "minimize_makespan":
        names = by_work
    if any(r.setup for r in problem.resources):
        names = ["family", *names] if first == "minimize_setup" else [*names, "family"]
    if any(op.previous and op.fixed is None for op in problem.ops):
        names = [names[0], PRESENT_PLAN, *names[1:]]
    return names


def _has_due(problem: Problem) -> bool:
    return any(o.due_ms is not None for o in problem.orders) or any(op.due_ms is not None for op in problem.ops)


def _by_family(p: Priorities) -> Floats:
    """Families one after the other, the one with the earliest due date first."""
    families = np.array([op.family for op in p.problem.ops])
    earliest = {f: p.op_due[families == f].min() for f in set(families.tolist())}
    base = np.array([earliest[f] for f in families.tolist()])
    return base + 1e-6 * p.op_due


def _stretch(problem: Problem, resource: int) -> float:
    """Return elapsed time over working time of a resource, over its first few hundred intervals."""
    working = problem.resources[resource].working
    if working is None or not len(working):
        return 1.0
    i = int(np.searchsorted(working.ends, 0))
    j = min(len(working) - 1, i + 300)
    if j <= i or working.ends[j] >= FOREVER // 2:
        return 1.0
    worked = float((working.ends[i : j + 1] - working.starts[i : j + 1]).sum())
    return max(1.0, float(working.ends[j] - max(0, int(working.starts[i]))) / max(1.0, worked))
