"""The objective vector of a solution, equal to ``engine.metrics.objective_vector`` of the plan it stands for.

All that a problem fixes is gathered once in arrays, so that an evaluation is a few vector operations.
"""

# pyright: reportPrivateUsage=false
from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.metrics import HOUR_MS, MINUTE_MS, SCALE, WEIGHTED_MIX
from engine.solve.problem.problem import NO_FAMILY, NO_ORDER, NO_RESOURCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.solve.problem.problem import OpData, Problem, Solution

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

_TIMES = frozenset({"minimize_makespan", "minimize_tardiness", "minimize_setup"})
NOT_PLACED = -1


def evaluate(problem: Problem, solution: Solution) -> tuple[int, ...]:
    """Return the objective vector: integers, compared lexicographically, the smaller the better.

    Exact when ``problem.is_exact``; at a coarser tick ends count as on the tick, so that times may come out larger.
    """
    if problem.evaluator is None:
        problem.evaluator = Evaluator(problem)
    assert isinstance(problem.evaluator, Evaluator)
    return problem.evaluator.vector(solution)


class Evaluator:
    """Evaluates solutions of one problem."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        ops = problem.ops
        self._is_fixed = np.array([op.fixed is not None for op in ops], np.bool_)
        fixed = [op for op in ops if op.fixed is not None]
        self._fixed_start = _ints(op.fixed.placement.start_ms for op in fixed if op.fixed)
        self._fixed_end = _ints(op.fixed.placement.end_ms for op in fixed if op.fixed)
        self._mode_offset = _ints(np.cumsum([0, *(len(op.modes) for op in ops)])[:-1])
        modes = [mode for op in ops for mode in op.modes]
        self._mode_resource = _ints(mode.resource for mode in modes)
        self._mode_work = _ints(mode.work_ms for mode in modes)
        self._mode_cost = _floats(mode.cost for mode in modes)
        self._fixed_work = _ints(_spanned_ms(problem, op) for op in fixed)
        self._op_order = _ints(op.order for op in ops)
        self._order_due = _ints(NOT_PLACED if o.due_ms is None else o.due_ms for o in problem.orders)
        self._has_due = np.array([o.due_ms is not None for o in problem.orders], np.bool_)
        self._order_weight = _floats(o.weight for o in problem.orders)
        self._in_order = np.flatnonzero(self._op_order != NO_ORDER)
        self._dated = np.array([op.index for op in ops if op.due_ms is not None], np.int64)
        self._own_due = _ints(ops[o].due_ms or 0 for o in self._dated)
        self._own_weight = _floats(ops[o].weight for o in self._dated)
        self._own_alone = np.array([ops[o].order == NO_ORDER for o in self._dated], np.bool_)
        self._known = np.array([op.index for op in ops if op.previous is not None], np.int64)
        self._old_start = _ints(op.previous.start_ms for op in ops if op.previous)
        self._old_resource = _ints(op.previous.resource for op in ops if op.previous)
        self._rates = _floats([*(r.cost_per_hour for r in problem.resources), 0.0])
        counts = np.diff(_ints(problem.demand_offset))
        self._demand_op = np.repeat(np.arange(len(ops)), counts)
        self._demand_units = _ints(d.quantity for op in ops for d in op.demands)
        self._setups = SetupSequences(problem) if any(r.setup for r in problem.resources) else None

    def vector(self, solution: Solution) -> tuple[int, ...]:
        """Return the objective vector."""
        worth = _Worth(self, solution)
        objective = self._problem.objective
        names = objective.names or (WEIGHTED_MIX,)
        vector = [part for name in names for part in worth.parts(name)]
        if objective.incremental:
            unit = MINUTE_MS if names[0] in _TIMES else SCALE[names[0]]
            vector[0] += round(objective.change_weight * worth.change_minutes() * unit)
        return tuple(vector)


class _Worth:
    """What objectives need of one solution. Times are ms since 1970."""

    def __init__(self, data: Evaluator, solution: Solution) -> None:
        self._data = data
        self._problem = problem = data._problem
        self._solution = solution
        self._start = problem.h0_ms + solution.start * problem.tick_ms
        self._end = problem.h0_ms + solution.end * problem.tick_ms
        self._start[data._is_fixed] = data._fixed_start
        self._end[data._is_fixed] = data._fixed_end
        self._mode = data._mode_offset + solution.mode
        self._resource = data._mode_resource[self._mode] if len(self._mode) else self._mode
        self._tardiness: int | None = None

    def parts(self, name: str) -> tuple[int, ...]:
        """Return the vector of one objective."""
        match name:
            case "minimize_makespan":
                return (self.makespan(),)
            case "minimize_tardiness":
                return (self.tardiness(),)
            case "maximize_throughput":
                return round(self.late_weight() * SCALE[name]), self.tardiness()
            case "minimize_setup":
                return self.setups()[0], self.makespan()
            case "minimize_cost":
                return (round(self.cost() * SCALE[name]),)
            case "balance_resources":
                return self.balance()
            case _:
                return (round(self.mix() * SCALE[WEIGHTED_MIX]),)

    def makespan(self) -> int:
        return max(0, int(self._end.max()) - self._problem.h0_ms) if len(self._end) else 0

    def tardiness(self) -> int:
        if self._tardiness is None:
            data = self._data
            orders = self._order_late() * data._order_weight
            own = np.maximum(self._end[data._dated] - data._own_due, 0) * data._own_weight
            self._tardiness = round(math.fsum(orders[orders > 0].tolist() + own[own > 0].tolist()))
        return self._tardiness

    def _order_late(self) -> Ints:
        data = self._data
        ends = np.full(len(data._order_due), np.iinfo(np.int64).min, np.int64)
        np.maximum.at(ends, data._op_order[data._in_order], self._end[data._in_order])
        return np.where(data._has_due, np.maximum(ends - data._order_due, 0), 0)

    def late_weight(self) -> float:
        data = self._data
        own = (self._end[data._dated] > data._own_due) & data._own_alone
        return math.fsum(data._order_weight[self._order_late() > 0].tolist() + data._own_weight[own].tolist())

    def setups(self) -> tuple[int, Floats, Ints]:
        """Return the total setup ms, the setup costs, and the setup ms of each operation."""
        if self._data._setups is None:
            return 0, np.zeros(0), np.zeros(len(self._end), np.int64)
        ms, cost = self._data._setups.of(self._resource, self._start, self._end)
        return int(ms.sum()), cost, ms

    def _work(self) -> Ints:
        data = self._data
        work = data._mode_work[self._mode].copy() if len(self._mode) else self._mode.copy()
        work[data._is_fixed] = data._fixed_work
        return work

    def cost(self) -> float:
        data = self._data
        _, setup_cost, setup_ms = self.setups()
        rate = data._rates[self._resource]
        if len(data._demand_op):
            np.add.at(rate, data._demand_op, data._demand_units * data._rates[self._solution.choice])
        hours = (self._work() + setup_ms) / HOUR_MS * rate
        terms = hours.tolist() + data._mode_cost[self._mode].tolist() + setup_cost.tolist()
        terms.append(self.tardiness() / HOUR_MS * self._problem.objective.tardiness_cost_per_hour)
        return math.fsum(terms)

    def balance(self) -> tuple[int, int]:
        """Return the peak utilisation in ppm and the sum of its spreads within groups."""
        data, objective = self._data, self._problem.objective
        work = self._work() + self.setups()[2]
        load = np.zeros(len(self._problem.resources) + 1, np.int64)
        np.add.at(load, self._resource, work)
        if len(data._demand_op):
            np.add.at(load, self._solution.choice, work[data._demand_op] * data._demand_units)
        available = objective.balance_available_ms
        ppm = {r: int(load[r]) * 1_000_000 // max(1, available[r]) for r in objective.balance_resources}
        spread = sum(max(used) - min(used) for group in objective.balance_groups if (used := [ppm[r] for r in group]))
        return max(ppm.values(), default=0), spread

    def change_minutes(self) -> float:
        data = self._data
        moved = int(np.abs(self._start[data._known] - data._old_start).sum())
        switched = int((self._resource[data._known] != data._old_resource).sum())
        return moved / MINUTE_MS + 60 * switched

    def mix(self) -> float:
        w = self._problem.objective.weights or {}
        terms = (
            w["makespan"] and w["makespan"] * self.makespan() / HOUR_MS,
            w["tardiness"] and w["tardiness"] * self.tardiness() / HOUR_MS,
            w["throughput"] and w["throughput"] * self.late_weight(),
            w["cost"] and w["cost"] * self.cost(),
            w["balance"] and w["balance"] * self.balance()[0] / 10_000,
            w["setup"] and w["setup"] * self.setups()[0] / HOUR_MS,
            w["change"] and w["change"] * self.change_minutes() / 60,
        )
        return math.fsum(terms)


class SetupSequences:
    """Finds the setup of every operation from the sequence on its resource."""

    def __init__(self, problem: Problem) -> None:
        ops = problem.ops
        by_id = sorted(range(len(ops)), key=lambda o: ops[o].id)
        self._rank = np.empty(len(ops), np.int64)
        self._rank[by_id] = np.arange(len(ops))
        self._family = _ints(op.family for op in ops)
        self._needs = np.array([op.needs_setup for op in ops], np.bool_)
        with_setup = [r for r in problem.resources if r.setup is not None]
        self._table = np.full(len(problem.resources) + 1, -1, np.int64)
        self._initial = np.full(len(problem.resources) + 1, NO_FAMILY, np.int64)
        distinct: dict[int, int] = {}
        tables: list[tuple[Ints, Floats]] = []
        for r in with_setup:
            assert r.setup is not None
            if id(r.setup.ms) not in distinct:
                distinct[id(r.setup.ms)] = len(tables)
                tables.append((r.setup.ms, r.setup.cost))
            self._table[r.index] = distinct[id(r.setup.ms)]
            self._initial[r.index] = r.setup.initial
        self._ms = np.stack([ms for ms, _ in tables])
        self._cost = np.stack([cost for _, cost in tables])

    def of(self, resource: Ints, start: Ints, end: Ints) -> tuple[Ints, Floats]:
        """Return the setup ms and setup cost of each operation; 0 where it has none."""
        ms, cost = np.zeros(len(start), np.int64), np.zeros(len(start))
        o = np.flatnonzero((self._table[resource] >= 0) & (self._family != NO_FAMILY) & (start < end))
        if not len(o):
            return ms, cost
        o = o[np.lexsort((self._rank[o], end[o], start[o], resource[o]))]
        family, on = self._family[o], resource[o]
        before = np.concatenate(([NO_FAMILY], family[:-1]))
        is_first = np.concatenate(([True], on[1:] != on[:-1]))
        before[is_first] = self._initial[on[is_first]]
        kept = (before != NO_FAMILY) & self._needs[o]
        o, before, family, table = o[kept], before[kept], family[kept], self._table[on[kept]]
        ms[o] = self._ms[table, before, family]
        cost[o] = self._cost[table, before, family]
        return ms, cost


def _spanned_ms(problem: Problem, op: OpData) -> int:
    """Return the working ms that a fixed operation spans on its resource."""
    assert op.fixed is not None
    at = op.fixed.placement
    working = None if at.resource == NO_RESOURCE else problem.resources[at.resource].working
    if working is None:
        return at.end_ms - at.start_ms
    return working.between(at.start, at.end) * problem.tick_ms


def _ints(values: object) -> Ints:
    return np.array(list(values), np.int64)  # type: ignore[call-overload]


def _floats(values: object) -> Floats:
    return np.array(list(values), np.float64)  # type: ignore[call-overload]
