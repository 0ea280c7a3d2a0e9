"""Which operations have to be placed together, and in what order.

A *unit* is one operation, or several that a greatest lag or a cycle of lags ties together. Between units the waits
form no cycle, so that a schedule-generation scheme can place unit after unit.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.solve.problem.problem import Problem


class Units:
    """The units of a problem's movable operations.

    Attributes
    ----------
    members
        The operations of each unit, in the order in which to place them.
    of
        The unit of each operation; -1 for fixed ones.
    successors, waits
        The units that wait for each unit (without repetition), and how many each one waits for.
    order
        The units in an order that respects all waits.
    """

    def __init__(self, problem: Problem) -> None:
        n = len(problem.ops)
        movable = [op.fixed is None for op in problem.ops]
        arcs = [(a.pred, a.succ) for a in problem.arcs if movable[a.pred] and movable[a.succ]]
        tied = [(a.pred, a.succ) for a in problem.arcs if a.max_lag is not None and movable[a.pred] and movable[a.succ]]
        group = _joined(n, tied)
        while True:
            parts = _components(n, [(group[a], group[b]) for a, b in arcs if group[a] != group[b]])
            merged = [parts[group[o]] for o in range(n)]
            if len(set(merged)) == len(set(group)):
                break
            group = _normal(merged)
        gathered: dict[int, list[int]] = defaultdict(list)
        rank = _ranks(n, arcs)
        for o in sorted((o for o in range(n) if movable[o]), key=lambda o: (rank[o], o)):
            gathered[group[o]].append(o)
        self.members: list[list[int]] = list(gathered.values())
        self.of = [-1] * n
        for unit, ops in enumerate(self.members):
            for o in ops:
                self.of[o] = unit
        after: list[set[int]] = [set() for _ in self.members]
        for a, b in arcs:
            if self.of[a] != self.of[b]:
                after[self.of[a]].add(self.of[b])
        self.successors = [sorted(s) for s in after]
        self.waits = [0] * len(self.members)
        for units in self.successors:
            for unit in units:
                self.waits[unit] += 1
        self.order = _topological(self.successors, self.waits)


def _joined(n: int, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Return for each of ``n`` things the representative of those that ``pairs`` connect."""
    parent = list(range(n))

    def root(x: int) -> int:
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    for a, b in pairs:
        parent[root(a)] = root(b)
    return [root(x) for x in range(n)]


def _normal(group: list[int]) -> list[int]:
    """Return the same partition with one of its members as the name of each part."""
    first: dict[int, int] = {}
    for o, g in enumerate(group):
        first.setdefault(g, o)
    return [first[g] for g in group]


def _components(n: int, arcs: Sequence[tuple[int, int]]) -> list[int]:
    """Return the strongly connected component of each node (Tarjan 1972, without recursion)."""
    after: list[list[int]] = [[] for _ in range(n)]
    for a, b in arcs:
        after[a].append(b)
    number, low, part = [-1] * n, [0] * n, [-1] * n
    stack: list[int] = []
    count = parts = 0
    for root in range(n):
        if number[root] >= 0:
            continue
        work = [(root, 0)]
        while work:
            node, k = work.pop()
            if k == 0:
                number[node] = low[node] = count
                count += 1
                stack.append(node)
            elif part[after[node][k - 1]] < 0:
                low[node] = min(low[node], low[after[node][k - 1]])
            while k < len(after[node]) and number[after[node][k]] >= 0:
                if part[after[node][k]] < 0:
                    low[node] = min(low[node], number[after[node][k]])
                k += 1
            if k < len(after[node]):
                work += [(node, k + 1), (after[node][k], 0)]
                continue
            if low[node] == number[node]:
                while True:
                    last = stack.pop()
                    part[last] = parts
                    if last == node:
                        break
                parts += 1
    return part


def _ranks(n: int, arcs: Sequence[tuple[int, int]]) -> list[int]:
    """Return for each node the length of the longest chain before it; cycles are cut where they are met."""
    after: list[list[int]] = [[] for _ in range(n)]
    waits = [0] * n
    for a, b in arcs:
        after[a].append(b)
        waits[b] += 1
    rank = [0] * n
    ready = [o for o in range(n) if waits[o] == 0]
    done = [False] * n
    left = iter(range(n))
    while True:
        while ready:
            node = ready.pop()
            done[node] = True
            for other in after[node]:
                if not done[other]:
                    rank[other] = max(rank[other], rank[node] + 1)
                    waits[other] -= 1
                    if waits[other] == 0:
                        ready.append(other)
        stuck = next((o for o in left if not done[o]), None)
        if stuck is None:
            return rank
        waits[stuck] = 0
        ready.append(stuck)


def _topological(successors: Sequence[Sequence[int]], waits: Sequence[int]) -> list[int]:
    left = list(waits)
    order = [u for u, count in enumerate(left) if count == 0]
    for unit in order:
        for other in successors[unit]:
            left[other] -= 1
            if left[other] == 0:
                order.append(other)
    return order
