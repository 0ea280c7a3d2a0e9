"""Which operations to decide anew together, around what makes a plan expensive.

Every builder starts from a focus, an operation that matters (of a late order, one that ends last, one with a long
setup, or any), and gathers ``size`` movable operations around it.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Literal

import numpy as np

from engine.metrics import WEIGHTED_MIX
from engine.solve.problem.problem import NO_FAMILY, NO_ORDER, NO_RESOURCE

Aim = Literal["late", "end", "setup", "any"]
"""What a step goes for: tardiness, the last end, setups, or nothing in particular."""

_AIMS: dict[str, tuple[Aim, ...]] = {
    "minimize_makespan": ("end",),
    "minimize_tardiness": ("late",),
    "maximize_throughput": ("late", "late"),
    "minimize_setup": ("setup", "end"),
    "minimize_cost": ("late",),
    "balance_resources": ("any", "any"),
    WEIGHTED_MIX: ("late",),
}
_AIMED, _FIRST_FIRST = 0.8, 0.8

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from engine.solve.problem.problem import Problem, Solution

    Ints = NDArray[np.int64]
    Builder = Callable[["Neighbourhoods", int, int], list[int]]


class Neighbourhoods:
    """Builds neighbourhoods of one plan.

    Parameters
    ----------
    problem, draw
        The problem, and the source of randomness.
    """

    def __init__(self, problem: Problem, draw: random.Random) -> None:
        self._problem = problem
        self._draw = draw
        self._movable = np.asarray(problem.movable, np.int64)
        self._is_movable = np.zeros(len(problem.ops), bool)
        self._is_movable[self._movable] = True
        self._candidates = [{m.resource for m in op.modes} for op in problem.ops]
        self._orders = [[o for o in order.ops if self._is_movable[o]] for order in problem.orders]
        self._preds: list[list[int]] = [[] for _ in problem.ops]
        for arc in problem.arcs:
            self._preds[arc.succ].append(arc.pred)

    def look_at(self, plan: Solution) -> None:
        """Take the plan whose neighbourhoods are wanted from now on."""
        ops = self._problem.ops
        self._plan = plan
        modes = plan.mode.tolist()
        self._resource = np.array([op.modes[modes[op.index]].resource for op in ops], np.int64)
        self._by_start = self._movable[np.argsort(plan.start[self._movable], kind="stable")]
        self._position = np.full(len(ops), -1, np.int64)
        self._position[self._by_start] = np.arange(len(self._by_start))

    # what to look at

    def aim(self, vector: tuple[int, ...]) -> Aim:
        """Return what to go for: the first component of the vector that is not 0 already, sometimes a later one."""
        objective = self._problem.objective
        aims: list[Aim] = [aim for name in objective.names or (WEIGHTED_MIX,) for aim in _AIMS[name]]
        left: list[Aim] = [aim for aim, value in zip(aims, vector, strict=True) if value > 0]
        if not left:
            return "any"
        return left[0] if len(left) == 1 or self._draw.random() < _FIRST_FIRST else self._draw.choice(left[1:])

    def focus(self, aim: Aim) -> int:
        """Return an operation that matters for an aim, now and then any one."""
        if self._draw.random() < _AIMED:
            makers = {"late": self._late, "end": self._critical, "setup": self._with_setup}
            found = makers[aim]() if aim in makers else []
            if not found and aim == "late":
                found = self._with_setup()
            if found:
                return self._draw.choice(found)
        return int(self._draw.choice(self._movable.tolist()))

    def _late(self) -> list[int]:
        """Return the movable operations of one late order, the later and weightier the likelier."""
        problem, end = self._problem, self._plan.end
        rows: list[tuple[float, list[int]]] = []
        for order, ops in zip(problem.orders, self._orders, strict=True):
            if order.due_ms is not None and ops:
                late_ms = problem.to_ms(int(end[list(order.ops)].max())) - order.due_ms
                if late_ms > 0:
                    rows.append((order.weight * late_ms, ops))
        for o in self._movable.tolist():
            op = problem.ops[o]
            if op.due_ms is not None and (late_ms := problem.to_ms(int(end[o])) - op.due_ms) > 0:
                rows.append((op.weight * late_ms, [o]))
        weights = [weight for weight, _ in rows]
        return self._draw.choices(rows, weights)[0][1] if sum(weights) > 0 else []

    def _critical(self) -> list[int]:
        """Return the operations that the last one to end waited for, one after the other."""
        plan = self._plan
        o: int | None = int(self._movable[np.argmax(plan.end[self._movable])])
        chain: list[int] = []
        while o is not None and len(chain) < 400:
            if self._is_movable[o]:
                chain.append(o)
            o = self._blocker(o)
        return chain

    def _blocker(self, o: int) -> int | None:
        """Return what an operation most likely waited for: the last to end of its predecessors and those before it."""
        plan = self._plan
        first = int(plan.setup_start[o])
        found = [p for p in self._preds[o] if plan.end[p] <= plan.start[o]]
        if self._resource[o] != NO_RESOURCE:
            beside = np.nonzero((self._resource == self._resource[o]) & (plan.end <= first))[0]
            if len(beside):
                found.append(int(beside[np.argmax(plan.end[beside])]))
        if not found:
            return None
        last = max(found, key=lambda p: int(plan.end[p]))
        return last if plan.start[last] < plan.start[o] else None

    def _with_setup(self) -> list[int]:
        plan = self._plan
        return self._movable[plan.setup_start[self._movable] < plan.start[self._movable]].tolist()

    # what to gather

    def window(self, focus: int, size: int) -> list[int]:
        """Return what starts around the focus, wherever it runs."""
        n = len(self._by_start)
        at = int(self._position[focus]) - self._draw.randrange(size + 1)
        at = max(0, min(at, n - size))
        return self._by_start[at : at + size].tolist()

    def machines(self, focus: int, size: int) -> list[int]:
        """Return what runs around the focus on the resources that it can run on, and on one more."""
        resources = set(self._candidates[focus])
        resources.add(int(self._resource[self._draw.choice(self._movable.tolist())]))
        there = self._by_start[np.isin(self._resource[self._by_start], list(resources))]
        return self._around(there, focus, size)

    def order_and_blockers(self, focus: int, size: int) -> list[int]:
        """Return the focus's order with what stands in its way: what runs before it where it could run."""
        order = self._problem.ops[focus].order
        core = self._orders[order] if order != NO_ORDER else [focus]
        gathered = dict.fromkeys(core[:size])
        plan = self._plan
        for o in sorted(core, key=lambda o: self._draw.random()):
            share = max(2, (size - len(gathered)) // max(1, len(core)))
            there = self._movable[np.isin(self._resource[self._movable], list(self._candidates[o]))]
            before = there[plan.start[there] < plan.end[o]]
            nearest = before[np.argsort(-plan.start[before], kind="stable")][: 2 * share].tolist()
            for p in self._draw.sample(nearest, min(share, len(nearest))):
                if len(gathered) < size:
                    gathered[p] = None
        return list(gathered)

    def orders(self, focus: int, size: int) -> list[int]:
        """Return whole orders: the focus's and others that run at the same time."""
        gathered: dict[int, None] = {}
        plan = self._plan
        near = self._around(self._by_start, focus, 3 * size)
        names = [self._problem.ops[focus].order, *(self._problem.ops[o].order for o in near)]
        rest = list(dict.fromkeys(names[1:]))
        self._draw.shuffle(rest)
        for order in [names[0], *rest]:
            members = [focus] if order == NO_ORDER else self._orders[order]
            if len(gathered) + len(members) <= size or not gathered:
                gathered.update(dict.fromkeys(sorted(members, key=lambda o: int(plan.start[o]))[:size]))
        return list(gathered)

    def family(self, focus: int, size: int) -> list[int]:
        """Return a stretch of the focus's resource, with more of its family from elsewhere."""
        stretch = self._around(
            self._by_start[self._resource[self._by_start] == self._resource[focus]], focus, size // 2
        )
        family = self._problem.ops[focus].family
        if family == NO_FAMILY:
            return stretch
        kin = [o for o in self._around(self._by_start, focus, 8 * size) if self._problem.ops[o].family == family]
        return list(dict.fromkeys([*stretch, *kin]))[:size]

    def scattered(self, focus: int, size: int) -> list[int]:
        """Return operations by chance out of a wide window."""
        near = self._around(self._by_start, focus, 6 * size)
        return list(dict.fromkeys([focus, *self._draw.sample(near, min(size - 1, len(near)))]))

    def _around(self, row: Ints, focus: int, size: int) -> list[int]:
        """Return the ``size`` members of a row, sorted by start, that start nearest to the focus."""
        start = self._plan.start
        at = int(np.searchsorted(start[row], start[focus]))
        first = max(0, min(at - size // 2, len(row) - size))
        return row[first : first + size].tolist()


def builders(problem: Problem) -> dict[str, Builder]:
    """Return the builders that make sense for a problem, by name."""
    found: dict[str, Builder] = {
        "window": Neighbourhoods.window,
        "machines": Neighbourhoods.machines,
        "scattered": Neighbourhoods.scattered,
    }
    if any(len(order.ops) > 1 for order in problem.orders):
        found["order_and_blockers"] = Neighbourhoods.order_and_blockers
        found["orders"] = Neighbourhoods.orders
    if any(r.setup is not None for r in problem.resources):
        found["family"] = Neighbourhoods.family
    return found


def together(problem: Problem, ops: Iterable[int]) -> list[int]:
    """Return the operations with those that set constraints of one and the same resource tie to them, if movable."""
    gathered = dict.fromkeys(ops)
    for rule in problem.same:
        if any(o in gathered for o in rule.ops):
            gathered.update(dict.fromkeys(o for o in rule.ops if problem.ops[o].fixed is None))
    return list(gathered)
