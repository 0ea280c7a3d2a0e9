"""Dependencies that run in a circle, so that every operation in it would have to wait for itself.

Starts and ends are nodes; a dependency with a lag is an arc "at least so much later", a greatest lag one back "at
most so much later", and every operation an arc from its start to its end as long as its work. Times exist exactly if no
circle of arcs has a positive length (see e.g. Cormen et al., difference constraints).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from engine.model import Dependency, DependencyType, Status
from engine.validation.draft import Draft
from engine.wording import listing

_FROM_END = (DependencyType.FINISH_TO_START, DependencyType.FINISH_TO_FINISH)
_TO_END = (DependencyType.START_TO_FINISH, DependencyType.FINISH_TO_FINISH)
_MOST_CYCLES = 20
_MOST_STEPS = 6_000_000
"""Relaxations before the search gives up. What it then misses, the solver finds: the plan is infeasible, E003."""


class _Arc(NamedTuple):
    source: int
    target: int
    length_ms: int
    link: int  # position of the dependency; -1 for the work of an operation
    back: bool


@dataclass
class _Budget:
    """How many more relaxations may be spent."""

    steps: int


def check_cycles(draft: Draft) -> None:
    """Report circles of dependencies, one fault each, with the operations in order."""
    number = {key: i for i, key in enumerate(draft.operations)}
    names = list(draft.operations)
    arcs = _core([arc for i, link in draft.each("dependencies") for arc in _arcs(draft, number, i, link)])
    if not arcs:
        return
    inside = {node // 2 for arc in arcs for node in (arc.source, arc.target)}
    work = [_Arc(2 * i, 2 * i + 1, draft.least_ms[names[i]], -1, back=False) for i in sorted(inside)]
    told, budget = 0, _Budget(_MOST_STEPS)
    while arcs and told < _MOST_CYCLES:
        cycles = _positive_cycles([*work, *arcs], budget)[: _MOST_CYCLES - told]
        if not cycles:
            return
        for cycle in cycles:
            _report(draft, names, cycle)
        told += len(cycles)
        broken = {next(arc.link for arc in cycle if arc.link >= 0) for cycle in cycles}
        arcs = _core([arc for arc in arcs if arc.link not in broken])


def _arcs(draft: Draft, number: dict[str, int], position: int, link: Dependency) -> list[_Arc]:
    if link.from_event == link.to_event or link.from_event not in number or link.to_event not in number:
        return []
    status, to_end = draft.operations[link.to_event].status, link.type in _TO_END
    if status is Status.COMPLETED or (status is Status.STARTED and not to_end):
        return []  # history is not held against dependencies
    source = 2 * number[link.from_event] + (link.type in _FROM_END)
    target = 2 * number[link.to_event] + to_end
    found = [_Arc(source, target, link.lag_ms, position, back=False)]
    if link.max_lag_ms is not None and link.max_lag_ms >= link.lag_ms:
        found.append(_Arc(target, source, -link.max_lag_ms, position, back=True))
    return found


def _core(arcs: list[_Arc]) -> list[_Arc]:
    """The arcs between operations that can lie on a circle: others are peeled off from both sides."""
    for forward in (True, False):
        ways: dict[int, list[int]] = {}
        waiting: dict[int, int] = {}
        for arc in arcs:
            a, b = (arc.source // 2, arc.target // 2) if forward else (arc.target // 2, arc.source // 2)
            ways.setdefault(a, []).append(b)
            waiting[b] = waiting.get(b, 0) + 1
        free = [node for node in ways if node not in waiting]
        gone = set(free)
        while free:
            for other in ways.get(free.pop(), ()):
                waiting[other] -= 1
                if not waiting[other]:
                    gone.add(other)
                    free.append(other)
        arcs = [arc for arc in arcs if arc.source // 2 not in gone and arc.target // 2 not in gone]
    return arcs


def _positive_cycles(arcs: list[_Arc], budget: _Budget) -> list[list[_Arc]]:
    """Circles of positive length, by Bellman-Ford on longest paths with a look for circles among the parents."""
    order = _order(arcs)
    ahead = sorted(arcs, key=lambda arc: order[arc.source])
    sweeps = (ahead, ahead[::-1])
    reach = dict.fromkeys(order, 0)
    parent: dict[int, _Arc] = {}
    look_after, sweep = 1, 0
    while budget.steps > 0:
        changed = False
        for arc in sweeps[sweep % 2]:
            if reach[arc.source] + arc.length_ms > reach[arc.target]:
                reach[arc.target] = reach[arc.source] + arc.length_ms
                parent[arc.target] = arc
                changed = True
        if not changed:
            return []
        sweep += 1
        budget.steps -= len(arcs)
        if sweep >= look_after:
            look_after *= 2
            cycles = _cycles_of(parent)
            if cycles:
                return cycles
    return []


def _order(arcs: list[_Arc]) -> dict[int, int]:
    """Nodes in an order that most arcs follow, so that few sweeps settle everything."""
    ways: dict[int, list[int]] = {}
    waiting: dict[int, int] = {}
    for arc in arcs:
        waiting.setdefault(arc.source, 0)
        waiting.setdefault(arc.target, 0)
        if not arc.back:
            ways.setdefault(arc.source, []).append(arc.target)
            waiting[arc.target] += 1
    free = [node for node, count in waiting.items() if not count]
    order: dict[int, int] = {}
    for node in free:
        order[node] = len(order)
        for other in ways.get(node, ()):
            waiting[other] -= 1
            if not waiting[other]:
                free.append(other)
    for node in waiting:
        order.setdefault(node, len(order))
    return order


def _cycles_of(parent: dict[int, _Arc]) -> list[list[_Arc]]:
    """The circles in the parent arcs, each from its first arc on; such a circle always has a positive length."""
    seen: dict[int, int] = {}
    cycles: list[list[_Arc]] = []
    for round_, begin in enumerate(list(parent)):
        node = begin
        while node in parent and node not in seen:
            seen[node] = round_
            node = parent[node].source
        if node in parent and seen[node] == round_:
            cycle = [parent[node]]
            while cycle[-1].source != node:
                cycle.append(parent[cycle[-1].source])
            cycles.append(cycle[::-1])
    return cycles


def _report(draft: Draft, names: list[str], cycle: list[_Arc]) -> None:
    links = [arc for arc in cycle if arc.link >= 0]
    ids = [names[arc.source // 2] for arc in links]
    first = ids.index(min(ids))  # the same circle is always told from the same operation on
    ids, links = ids[first:] + ids[:first], links[first:] + links[:first]
    shown = ids if len(ids) <= 12 else [*ids[:11], "…"]
    circle = " → ".join([*shown, ids[0]])
    path = draft.path("dependencies", links[0].link)
    if any(arc.back for arc in links):
        reason = f"the lags and greatest lags between {listing(list(dict.fromkeys(ids)), 12)} cannot hold together"
        draft.add(path, circle, f"{reason}. Maybe a greatest lag is too small")
    else:
        draft.add(
            path, circle, f"the operations wait for each other in a circle: {circle}. Remove one dependency of it"
        )
