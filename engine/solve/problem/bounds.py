"""Simple lower bounds of the first component of the objective vector, in no time.

Heads are earliest starts by releases, calendars and predecessors alone. A plan cannot end before the longest chain,
nor before a resource (or a set of interchangeable ones) has worked off all that only it can do.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from engine.metrics import HOUR_MS, SCALE, WEIGHTED_MIX
from engine.solve.problem.problem import NO_ORDER, NO_RESOURCE
from engine.solve.problem.timeline import FOREVER

if TYPE_CHECKING:
    from engine.solve.problem.problem import OpData, Problem
    from engine.solve.problem.units import Units


def lower_bound(problem: Problem, units: Units) -> int:
    """Return a lower bound of the first component of the objective vector (at least 0). Valid at the natural tick."""
    bounds = _Bounds(problem, units)
    name = problem.objective.names[0] if problem.objective.names else WEIGHTED_MIX
    return max(0, bounds.of(name))


class _Bounds:
    def __init__(self, problem: Problem, units: Units) -> None:
        self._problem = problem
        self.start, self.end = _heads(problem, units)

    def of(self, name: str) -> int:
        """Return the bound of one objective in its unit of the vector."""
        match name:
            case "minimize_makespan":
                return self.makespan_ms()
            case "minimize_tardiness":
                return round(self.tardiness_ms())
            case "maximize_throughput":
                return math.floor(self.late_weight() * SCALE[name])
            case "minimize_cost":
                return math.floor(self.cost() * SCALE[name])
            case "balance_resources":
                return self.peak_ppm()
            case "minimize_setup":
                return 0
            case _:
                return self.mix()

    def makespan_ms(self) -> int:
        problem = self._problem
        last = max(self.end, default=0)
        return max(0, max(last, self._load_end()) * problem.tick_ms)

    def _load_end(self) -> int:
        """Return the earliest end of all work by the resources that alone can do it."""
        problem = self._problem
        sets: dict[frozenset[int], list[OpData]] = defaultdict(list)
        for op in problem.ops:
            if op.fixed is None:
                sets[frozenset(mode.resource for mode in op.modes)].append(op)
        best = 0
        for resources, ops in sets.items():
            if NO_RESOURCE in resources or any(problem.resources[r].infinite for r in resources):
                continue
            held = [op for other, more in sets.items() if other <= resources for op in more] if len(sets) < 300 else ops
            units = sum(problem.resources[r].capacity for r in resources)
            if units == 0:
                continue
            begin = min(self.start[op.index] for op in held)
            work = -(-sum(min(mode.work for mode in op.modes) for op in held) // units)
            best = max(best, min(self._worked_off(r, begin, work) for r in resources))
        return best

    def _worked_off(self, resource: int, begin: int, work: int) -> int:
        """Return when ``work`` is done at the earliest if shared evenly; of several resources the earliest counts."""
        working = self._problem.resources[resource].working
        if working is None or work == 0:
            return begin + work
        end = working.add(begin, work)
        return begin if end is None else end

    def _order_ends(self) -> list[int]:
        return [max(self.end[o] for o in order.ops) for order in self._problem.orders]

    def _late_ms(self, end: int, due_ms: int | None) -> int:
        return 0 if due_ms is None else max(0, self._problem.to_ms(end) - due_ms)

    def tardiness_ms(self) -> float:
        problem = self._problem
        orders = zip(problem.orders, self._order_ends(), strict=True)
        terms = [order.weight * self._late_ms(end, order.due_ms) for order, end in orders]
        terms += [op.weight * self._late_ms(self.end[op.index], op.due_ms) for op in problem.ops]
        return math.fsum(terms)

    def late_weight(self) -> float:
        problem = self._problem
        orders = zip(problem.orders, self._order_ends(), strict=True)
        late = [order.weight for order, end in orders if self._late_ms(end, order.due_ms)]
        alone = (op for op in problem.ops if op.order == NO_ORDER)
        return math.fsum(late + [op.weight for op in alone if self._late_ms(self.end[op.index], op.due_ms)])

    def cost(self) -> float:
        """Return the least money for work, setups not counted, and for tardiness."""
        problem = self._problem
        rates = [*(r.cost_per_hour for r in problem.resources), 0.0]
        terms: list[float] = []
        for op in problem.ops:
            extra = sum(d.quantity * min(rates[c] for c in d.candidates) for d in op.demands)
            if op.is_circumstance:
                continue
            terms.append(min(m.cost + m.work_ms / HOUR_MS * (rates[m.resource] + extra) for m in op.modes))
        late = self.tardiness_ms() / HOUR_MS * problem.objective.tardiness_cost_per_hour
        return math.fsum(terms) * (1 - 1e-12) + late

    def peak_ppm(self) -> int:
        """Return the utilisation if all work were spread evenly over all resources that count."""
        problem, objective = self._problem, self._problem.objective
        counted = set(objective.balance_resources)
        work = sum(
            min((m.work_ms for m in op.modes), default=0)
            for op in problem.ops
            if op.fixed is None and all(m.resource in counted for m in op.modes)
        )
        available = sum(max(1, objective.balance_available_ms[r]) for r in counted)
        return work * 1_000_000 // available if available else 0

    def mix(self) -> int:
        """Return the bound of a weighted mix: the bounds of its terms."""
        w = self._problem.objective.weights or {}
        terms = (
            w["makespan"] * self.makespan_ms() / HOUR_MS,
            w["tardiness"] * self.tardiness_ms() / HOUR_MS,
            w["throughput"] * self.late_weight(),
            w["cost"] * self.cost(),
            w["balance"] * max(0, self.peak_ppm()) / 10_000,
        )
        return math.floor(math.fsum(terms) * SCALE[WEIGHTED_MIX] * (1 - 1e-9)) - 1


def _heads(problem: Problem, units: Units) -> tuple[list[int], list[int]]:
    """Return the earliest start and end of each operation; of fixed ones where they stand."""
    n = len(problem.ops)
    start, end = [0] * n, [0] * n
    into: list[list[tuple[int, bool, bool, int]]] = [[] for _ in range(n)]
    for arc in problem.arcs:
        into[arc.succ].append((arc.pred, arc.pred_end, arc.succ_end, arc.min_lag))
    known = [False] * n
    for op in problem.ops:
        if op.fixed is not None:
            start[op.index], end[op.index] = op.fixed.placement.start, op.fixed.placement.end
            known[op.index] = True
    for unit in units.order:
        for o in units.members[unit]:
            op = problem.ops[o]
            low, low_end = max(op.release, op.est), op.eet
            for p, p_end, s_end, lag in into[o]:
                if known[p]:
                    point = (end[p] if p_end else start[p]) + lag
                    if s_end:
                        low_end = max(low_end, point)
                    else:
                        low = max(low, point)
            start[o], end[o] = _earliest(problem, op, low, low_end)
            known[o] = True
    return start, end


def _earliest(problem: Problem, op: OpData, low: int, low_end: int) -> tuple[int, int]:
    """Return the earliest start and the earliest end over all modes, each for itself."""
    starts: list[int] = []
    ends: list[int] = []
    for mode in op.modes:
        working = None if mode.resource == NO_RESOURCE else problem.resources[mode.resource].working
        if working is None or mode.work == 0:
            starts.append(low)
            ends.append(max(low + mode.work, low_end))
            continue
        if op.interruptible:
            span = working.span(low, mode.work)
        else:
            fit = working.fit(low, mode.work)
            span = None if fit is None else (fit, fit + mode.work)
        if span is not None:
            starts.append(span[0])
            ends.append(max(span[1], low_end))
    return min(starts, default=low), min(ends, default=low_end if low_end > -FOREVER else low)
