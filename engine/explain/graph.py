"""The graph of a plan: what must stay before what if every resource keeps its sequence."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple

from engine.check.capacity import partial_outages, uses_by_resource
from engine.check.load import Use
from engine.model import DependencyType, SetConstraint, Status
from engine.plan import PlanFacts, is_history

_TO_END = (DependencyType.START_TO_FINISH, DependencyType.FINISH_TO_FINISH)


class Tie(IntEnum):
    """Which point of the earlier operation comes before which point of the later one (its begin: with its setup)."""

    START_START = 0
    START_END = 1
    END_START = 2
    END_END = 3
    END_BEGIN = 4


class Edge(NamedTuple):
    """``target``'s point comes ``lag_ms`` or more after the source's. An outage is a target without an id."""

    target: str
    tie: Tie
    lag_ms: int = 0
    resource_id: str | None = None
    fixed_ms: int | None = None
    """For an outage: where it begins."""


class PlanGraph:
    """The edges of a plan between its placed operations: dependencies, sequences on resources, and no-overlap sets.

    On a resource of one unit every operation precedes the next. On one of several units, its units are dealt out to
    the operations by begin, unused ones first, then first freed first taken, and every operation precedes those that
    take over its units: keeping that keeps the capacity, though a plan that swaps units might leave more room.
    """

    def __init__(self, facts: PlanFacts) -> None:
        self.edges: dict[str, list[Edge]] = {key: [] for key in facts.starts}
        self.has_circle = False
        self._facts = facts
        self._add_dependencies()
        self._add_resources()
        self._add_sets()

    def backwards(self) -> list[str]:
        """Return the operations, each after all that it precedes; in a circle by start, the last one first."""
        facts, waiting = self._facts, dict.fromkeys(self.edges, 0)
        before: dict[str, list[str]] = {key: [] for key in self.edges}
        for key, edges in self.edges.items():
            for edge in edges:
                if edge.target:
                    before[edge.target].append(key)
                    waiting[key] += 1
        ready = [(-facts.starts[key], key) for key, count in waiting.items() if not count]
        heapq.heapify(ready)
        found: dict[str, None] = {}
        while ready:
            _, key = heapq.heappop(ready)
            found[key] = None
            for other in before[key]:
                waiting[other] -= 1
                if not waiting[other]:
                    heapq.heappush(ready, (-facts.starts[other], other))
        self.has_circle = len(found) < len(self.edges)
        rest = sorted((key for key in self.edges if key not in found), key=lambda key: -facts.starts[key])
        return [*found, *rest]

    def _add_dependencies(self) -> None:
        facts = self._facts
        for link in facts.schedule.snapshot.dependencies:
            if link.from_event not in facts.starts or link.to_event not in facts.starts:
                continue
            op = facts.operations[link.to_event]
            if op.status is Status.COMPLETED or (is_history(op) and link.type not in _TO_END):
                continue
            self.edges[link.from_event].append(Edge(link.to_event, Tie(int(link.type)), link.lag_ms))

    def _add_resources(self) -> None:
        outages = partial_outages(self._facts)
        for resource_id, uses in uses_by_resource(self._facts).items():
            resource = self._facts.resources[resource_id]
            if resource.infinite or resource.nonrenewable:
                continue
            whole = sorted((*uses, *outages.get(resource_id, ())))
            if resource.capacity == 1:
                for one, other in pairwise(whole):
                    self._add_use(resource_id, one, other)
            else:
                self._deal_out(resource_id, whole, resource.capacity)

    def _add_use(self, resource_id: str, one: Use, other: Use) -> None:
        if one.event_id and one.event_id != other.event_id and one.end_ms <= other.start_ms:
            fixed_ms = None if other.event_id else other.start_ms
            self.edges[one.event_id].append(Edge(other.event_id, Tie.END_BEGIN, 0, resource_id, fixed_ms))

    def _deal_out(self, resource_id: str, uses: Iterable[Use], capacity: int) -> None:
        """Hand the units on; a plan over its capacity hands on what there is."""
        free: list[tuple[int, int, Use, int]] = []
        fresh = capacity
        for count, use in enumerate(uses):
            need, givers = use.quantity, dict[str, Use]()
            taken = min(fresh, need)
            fresh, need = fresh - taken, need - taken
            while need > 0 and free and free[0][0] <= use.start_ms:
                end_ms, number, giver, units = heapq.heappop(free)
                taken = min(need, units)
                need -= taken
                givers[giver.event_id] = giver
                if units > taken:
                    heapq.heappush(free, (end_ms, number, giver, units - taken))
            for giver in givers.values():
                self._add_use(resource_id, giver, use)
            heapq.heappush(free, (use.end_ms, count, use, use.quantity))

    def _add_sets(self) -> None:
        facts = self._facts
        for rule in facts.schedule.snapshot.constraints:
            if isinstance(rule, SetConstraint) and rule.enabled and rule.type == "nooverlap":
                keys = sorted((k for k in rule.event_ids if k in facts.starts), key=lambda k: (facts.starts[k], k))
                for one, other in pairwise(dict.fromkeys(keys)):
                    self.edges[one].append(Edge(other, Tie.END_START))
