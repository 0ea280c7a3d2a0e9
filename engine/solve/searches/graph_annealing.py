"""Simulated annealing on the disjunctive graph: see ``graph`` and ``graph_move_kernels``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from engine.solve.problem.problem import NO_ORDER, NO_RESOURCE
from engine.solve.searches import graph_kernels as kernels
from engine.solve.searches import graph_move_kernels as moves_
from engine.solve.searches.graph import GraphMap
from engine.solve.searches.warm import CannotStart

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.solve.problem.problem import ModeData, Problem, Solution

_TURN_S = 0.2
_CYCLES = 1
_HOT, _COLD = 0.25, 0.001
_LOWER_STEP = 1e-3
_LATE_AT_ALL_HOURS = 100.0
_HOUR_MS = 3_600_000
_EXCESS_RATE = 1e4


class GraphAnnealing:
    """A running search on one problem, from one plan.

    Parameters
    ----------
    problem, start
        A problem that ``graph.supports_graph`` accepts, and a plan of it.
    seed
        Equal seeds and turns of equal length give equal results.
    """

    def __init__(self, problem: Problem, start: Solution, seed: int) -> None:
        self._problem = problem
        self._map = GraphMap(problem)
        self._goals = goals_of(problem, self._map)
        self._seed = seed
        self._turns = 0
        self.moves = 0
        self._heat: float | None = None
        self._cycle = 0.0
        if not self.rebase(start):
            raise CannotStart("an operation precedes on a resource what it may only follow on the graph")

    def rebase(self, start: Solution) -> bool:
        """Go on from another plan; return False, and do nothing, where it closes a cycle on the graph.

        Start-to-finish links and negative lags allow such plans: the graph sees operations as wholes.
        """
        order, mode, row = self._map.placed(start)
        state = moves_.new_state(self._map.graph, self._goals, order, mode, row)
        if state.order.size and state.order[-1] < 0:
            return False
        self._state = state
        self._order, self._mode, self._row = state.order.copy(), state.mode.copy(), state.row.copy()
        self._value = self._best = float(kernels.worth(self._map.graph, self._goals, state))
        return True

    def run(self, seconds: float, is_over: Callable[[], bool], on_better: Callable[[Solution], None]) -> None:
        """Search for ``seconds``, handing over every better plan; ``is_over`` is asked some times a second."""
        begin, size = time.monotonic(), 200
        while not is_over() and (left := seconds - (time.monotonic() - begin)) > 0.02:
            before = time.monotonic()
            self.turn(size, 1 - left / seconds, on_better)
            took = max(1e-4, time.monotonic() - before)
            size = int(np.clip(size * min(_TURN_S, left) / took, 20, 4 * size))

    def run_counted(self, count: int, is_over: Callable[[], bool], on_better: Callable[[Solution], None]) -> None:
        """Make a number of moves: repeatable."""
        begin = self.moves
        while (done := self.moves - begin) < count and not is_over():
            self.turn(min(2_000, count - done), done / count, on_better)

    def turn(self, moves: int, share: float, on_better: Callable[[Solution], None]) -> None:
        """Make some moves at one temperature; ``share`` tells how much of the search is over (0-1)."""
        self._turns += 1
        self.moves += moves
        cycle = share * _CYCLES % 1.0
        if cycle < self._cycle:  # a new cycle begins at the best plan
            kernels.load(self._map.graph, self._goals, self._state, self._order, self._mode, self._row)
            self._value = self._best
        self._cycle = cycle
        if self._heat is None:
            self._heat = max(1e-6, 1e-3 * self._value)
        seed = (self._seed * 7919 + self._turns) % 2**31
        aims = (
            bool(self._goals.due.size and (self._goals.rate.any() or self._goals.fine.any())),
            self._goals.end_rate > 0,
        )
        known = self._best
        self._value, self._best, worse, accepted = moves_.anneal(
            self._map.graph,
            self._goals,
            self._state,
            self._value,
            moves,
            self._heat,
            seed,
            *aims,
            self._best,
            self._order,
            self._mode,
            self._row,
        )
        wanted = _HOT * (_COLD / _HOT) ** cycle
        found = (accepted + 0.5 * wanted) / (worse + 0.5)
        self._heat *= float(np.clip((wanted / found) ** 0.5, 0.6, 1.6))
        if self._best < known - 1e-9:
            on_better(self.solution())

    def solution(self) -> Solution:
        """Return the best plan so far."""
        state = moves_.new_state(self._map.graph, self._goals, self._order, self._mode, self._row)
        return self._map.solution(state.mode, state.first, state.start, state.end, state.row)


def goals_of(problem: Problem, graph_map: GraphMap) -> kernels.Goals:
    """Return the objective in one number, in ticks of lateness: lower steps of a ladder only break ties."""
    prices = _prices(problem)
    at = {int(o): i for i, o in enumerate(graph_map.ops)}
    ends_last = set(range(graph_map.graph.n)) - _followed_in_order(problem, graph_map)
    items: list[list[int]] = []
    due: list[int] = []
    weight: list[float] = []
    counted: list[float] = []
    for order in problem.orders:
        members = [at[o] for o in order.ops if o in at and at[o] in ends_last]
        if order.due_ms is not None and members:
            items.append(members)
            due.append((order.due_ms - problem.h0_ms) // problem.tick_ms)
            weight.append(order.weight)
            counted.append(order.weight)
    for i, o in enumerate(graph_map.ops):
        op = problem.ops[int(o)]
        if op.due_ms is not None:
            items.append([i])
            due.append((op.due_ms - problem.h0_ms) // problem.tick_ms)
            weight.append(op.weight)
            counted.append(op.weight if op.order == NO_ORDER else 0.0)
    of: list[list[int]] = [[] for _ in range(graph_map.graph.n)]
    for k, members in enumerate(items):
        for i in members:
            of[i].append(k)
    modes = [mode for o in graph_map.ops for mode in problem.ops[int(o)].modes]
    return kernels.Goals(
        item_ptr=np.cumsum([0, *map(len, items)]).astype(np.int64),
        item_op=np.array([i for members in items for i in members], np.int64),
        op_ptr=np.cumsum([0, *map(len, of)]).astype(np.int64),
        op_item=np.array([k for row in of for k in row], np.int64),
        due=np.array(due, np.int64),
        rate=prices["late"] * np.array(weight, np.float64),
        fine=prices["count"] * np.array(counted, np.float64),
        mode_cost=prices["money"] * np.array([_money(problem, mode) for mode in modes], np.float64),
        row_cost=_row_prices(problem, graph_map, prices["money"]),
        setup_rate=prices["setup"] + prices["money"] * _setup_money(problem),
        end_rate=prices["end"],
        excess_rate=_EXCESS_RATE * max(1.0, float(max(weight, default=1.0))),
    )


def _followed_in_order(problem: Problem, graph_map: GraphMap) -> set[int]:
    """Return the operations behind which another one of their order has to end."""
    at = {int(o): i for i, o in enumerate(graph_map.ops)}
    out: set[int] = set()
    for arc in problem.arcs:
        one, two = problem.ops[arc.pred], problem.ops[arc.succ]
        if arc.pred in at and arc.succ in at and arc.min_lag >= 0 and one.order == two.order != NO_ORDER:
            out.add(at[arc.pred])
    return out


def _prices(problem: Problem) -> dict[str, float]:
    """Return what a tick of lateness, a late item, a unit of money, a tick of setup and one of makespan count."""
    hour = _HOUR_MS / problem.tick_ms
    objective = problem.objective
    prices: dict[str, float] = dict.fromkeys(("late", "count", "money", "setup", "end"), 0.0)
    if objective.weights is not None:
        w = objective.weights
        prices |= {"late": w["tardiness"], "end": w["makespan"], "setup": w["setup"]}
        prices |= {"count": w["throughput"] * hour, "money": w["cost"] * hour}
        prices["late"] += w["cost"] * objective.tardiness_cost_per_hour
        return prices
    level = 1.0
    for name in objective.names:
        if name == "minimize_makespan":
            prices["end"] += level
        elif name == "minimize_tardiness":
            prices["late"] += level
        elif name == "maximize_throughput":
            prices["count"] += level * _LATE_AT_ALL_HOURS * hour
            prices["late"] += level * 0.01
        elif name == "minimize_setup":
            prices["setup"] += level
            prices["end"] += level * _LOWER_STEP
        elif name == "minimize_cost":
            prices["money"] += level * hour
            prices["late"] += level * objective.tardiness_cost_per_hour
        level *= _LOWER_STEP
    return prices


def _money(problem: Problem, mode: ModeData) -> float:
    rate = 0.0 if mode.resource == NO_RESOURCE else problem.resources[mode.resource].cost_per_hour
    return mode.cost + mode.work_ms / _HOUR_MS * rate


def _row_prices(problem: Problem, graph_map: GraphMap, money: float) -> np.ndarray:
    """Return what a tick in each row costs as a secondary resource."""
    rates = [r.cost_per_hour * problem.tick_ms / _HOUR_MS for r in problem.resources] + [0.0]
    return money * np.array([rates[r] for r in graph_map.graph.row_resource], np.float64)


def _setup_money(problem: Problem) -> float:
    """Return what a tick of setup costs on average."""
    rates = [r.cost_per_hour for r in problem.resources if r.setup is not None]
    return sum(rates) / len(rates) * problem.tick_ms / _HOUR_MS if rates else 0.0
