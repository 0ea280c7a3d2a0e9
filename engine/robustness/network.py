"""The plan as what waits for what: nodes in an order in which they can be simulated, and the links between them.

Kept from the plan: the resource of every operation, the sequence on every resource of one unit, and on resources of
several units the order in which operations take them (the units are alike, whoever is next takes one that is free).
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from engine.calendars import WorkingTime
from engine.check.capacity import partial_outages, uses_by_resource
from engine.check.choices import choose
from engine.check.load import Use
from engine.instants import to_ms
from engine.model import DateConstraint, Dependency, DependencyType, Operation, SetConstraint, Status
from engine.pinning import pins
from engine.plan import PlanFacts
from engine.robustness.clock import Clock, Clocks, served_by
from engine.robustness.ordering import ordered

LinkKind = Literal["dependency", "sequence", "shared", "exclusion"]
MOST_POOL_UNITS: Final = 64
_FROM_END = frozenset({DependencyType.FINISH_TO_START, DependencyType.FINISH_TO_FINISH})
_TO_END = frozenset({DependencyType.START_TO_FINISH, DependencyType.FINISH_TO_FINISH})
_OUTAGE = -1


@dataclass(frozen=True, slots=True)
class Link:
    """The successor's start (or end) comes at least ``lag_ms`` after the predecessor's end (or start).

    ``before_setup``: it is the successor's setup that has to wait, as on a resource that both use.
    """

    before: int
    kind: LinkKind
    lag_ms: int = 0
    from_end: bool = True
    to_end: bool = False
    before_setup: bool = False
    resource_id: str | None = None
    dependency_id: str | None = None


@dataclass(frozen=True, slots=True)
class PoolUse:
    """Units of a pool that an operation takes; ``outages`` (units, until) take theirs before it."""

    pool: int
    units: int
    outages: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Pool:
    """Several like units of a resource."""

    resource_id: str
    units: int


class _Take(NamedTuple):
    start_ms: int
    end_ms: int
    node: int
    units: int
    own: bool


@dataclass(slots=True)
class Node:
    """One placed operation. Times in UTC ms, amounts in working ms.

    ``work_ms`` is what may take longer or shorter, ``done_ms`` what is done already. ``floor_ms`` is the earliest
    start, ``setup_floor_ms`` that of its setup, ``end_floor_ms`` the earliest end.
    """

    op: Operation
    start_ms: int
    end_ms: int
    occupied_ms: int
    setup_ms: int
    work_ms: int
    done_ms: int
    clock: Clock
    floor_ms: int
    setup_floor_ms: int
    end_floor_ms: int | None
    secondaries: tuple[str, ...]
    links: list[Link] = field(default_factory=list)
    pools: list[PoolUse] = field(default_factory=list)
    pool_order: list[int] = field(default_factory=list)

    @property
    def is_completed(self) -> bool:
        """Whether it is history altogether."""
        return self.op.status is Status.COMPLETED

    @property
    def is_started(self) -> bool:
        """Whether its start is history."""
        return self.op.status is Status.STARTED


class Network:
    """The placed operations of a plan and what they wait for.

    Attributes
    ----------
    nodes
        The operations, in the schedule's order.
    order
        Their indexes in an order in which each comes after what it waits for, as far as that exists.
    has_circles
        Whether some wait for each other; they then have to be gone through more than once.
    """

    def __init__(self, facts: PlanFacts, may_start_earlier: bool = False) -> None:
        self.facts = facts
        held, outages = uses_by_resource(facts), partial_outages(facts)
        self._choices = choose(facts, held, outages).made
        self._early = _Earliest(facts) if may_start_earlier else None
        self._end_floors = _end_floors(facts)
        self._clocks = Clocks(facts)
        self.nodes = [self._node(facts.operations[key]) for key in facts.starts]
        self.index = {node.op.id: i for i, node in enumerate(self.nodes)}
        self.pools: list[Pool] = []
        self._link_dependencies()
        self._link_resources(held, outages)
        self._link_exclusions()
        keys = [(node.occupied_ms, node.start_ms, node.end_ms) for node in self.nodes]
        links = [{link.before for link in node.links} for node in self.nodes]
        self.order, self.has_circles = ordered(keys, links, [node.pool_order for node in self.nodes])

    # nodes

    def _node(self, op: Operation) -> Node:
        facts = self.facts
        start_ms, end_ms = facts.starts[op.id], facts.ends[op.id]
        setup = facts.setups.get(op.id)
        setup_ms = setup.duration_ms if setup is not None and setup.complete else 0
        secondaries = tuple(key for key, _ in served_by(op, self._choices))
        time = self._clocks.time_of(op, secondaries)
        work_ms, done_ms = self._amounts(op, start_ms, end_ms, time)
        occupied_ms = facts.setup_start_ms(op.id)
        early = self._early.start_ms(op) if self._early is not None else None
        return Node(
            op=op,
            start_ms=start_ms,
            end_ms=end_ms,
            occupied_ms=occupied_ms,
            setup_ms=setup_ms,
            work_ms=work_ms,
            done_ms=done_ms,
            clock=self._clocks.of(time),
            floor_ms=start_ms if early is None else min(start_ms, early),
            setup_floor_ms=occupied_ms if early is None else min(occupied_ms, early),
            end_floor_ms=self._end_floors.get(op.id),
            secondaries=secondaries,
        )

    def _amounts(self, op: Operation, start_ms: int, end_ms: int, time: WorkingTime) -> tuple[int, int]:
        """The work still to do, and what is done by now of an operation that has begun."""
        now_ms = self.facts.horizon_start_ms
        if not op.interruptible:
            whole, done = end_ms - start_ms, min(end_ms, now_ms) - start_ms
        else:
            whole, done = time.between(start_ms, end_ms), time.between(start_ms, min(end_ms, now_ms))
            if not whole:  # planned in a break altogether, against the rules
                whole, done = end_ms - start_ms, 0
        done = min(whole, max(0, done)) if op.status is Status.STARTED else 0
        return max(0, whole - done), done

    # links

    def _link_dependencies(self) -> None:
        for link in self.facts.schedule.snapshot.dependencies:
            before, after = self.index.get(link.from_event), self.index.get(link.to_event)
            if before is None or after is None:
                continue
            node, to_end = self.nodes[after], link.type in _TO_END
            if not node.is_completed and (to_end or not node.is_started):
                node.links.append(_dependency(before, link, to_end))

    def _link_resources(self, held: dict[str, list[Use]], outages: dict[str, tuple[Use, ...]]) -> None:
        for (event_id, position), resource_id in self._choices.items():
            node = self.nodes[self.index[event_id]]
            quantity = (node.op.demands or ())[position].quantity
            use = Use(node.occupied_ms, node.end_ms, event_id, quantity, own=False)
            held.setdefault(resource_id, []).append(use)
        for resource_id, uses in held.items():
            resource = self.facts.resources[resource_id]
            if resource.infinite or resource.nonrenewable or not resource.capacity:
                continue
            out = outages.get(resource_id, ())
            merged = _merged(uses)
            step = math.gcd(*(use.quantity for use in (*merged, *out)))
            units = resource.capacity // step
            takes = [_Take(u.start_ms, u.end_ms, self.index[u.event_id], u.quantity // step, u.own) for u in merged]
            takes += [_Take(u.start_ms, u.end_ms, _OUTAGE, u.quantity // step, own=False) for u in out]
            if 1 < units <= MOST_POOL_UNITS:
                self._add_pool(Pool(resource_id, units), sorted(takes))
            else:
                self._chain(resource_id, units, sorted(takes))

    def _add_pool(self, pool: Pool, takes: Sequence[_Take]) -> None:
        """Let operations take units in their planned order."""
        number, last, out = len(self.pools), _OUTAGE, list[tuple[int, int]]()
        self.pools.append(pool)
        for _, end_ms, i, units, _ in takes:
            if i == _OUTAGE:
                out.append((min(units, pool.units), end_ms))
                continue
            node = self.nodes[i]
            node.pools.append(PoolUse(number, min(units, pool.units), tuple(out)))
            if last != _OUTAGE:
                node.pool_order.append(last)
            last = i
            out.clear()

    def _chain(self, resource_id: str, units: int, takes: Sequence[_Take]) -> None:
        """Hand each unit from one operation to the next: who takes one waits for who had it."""
        free: list[tuple[int, int, int, bool]] = [(-(1 << 62), _OUTAGE, units, False)]
        for _, end_ms, i, wanted, own in takes:
            left = wanted
            givers: dict[int, bool] = {}
            while left and free:
                at_ms, giver, amount, was_own = free.pop(0)
                givers[giver] = was_own
                if amount > left:
                    free.insert(0, (at_ms, giver, amount - left, was_own))
                left -= min(left, amount)
            insort(free, (end_ms, i, wanted - left, own))
            if i == _OUTAGE or self.nodes[i].is_completed or self.nodes[i].is_started:
                continue
            for giver, was_own in givers.items():
                if giver not in (_OUTAGE, i):
                    kind: LinkKind = "sequence" if own and was_own else "shared"
                    self.nodes[i].links.append(Link(giver, kind, before_setup=True, resource_id=resource_id))

    def _link_exclusions(self) -> None:
        for rule in self.facts.schedule.snapshot.constraints:
            if not isinstance(rule, SetConstraint) or rule.type != "nooverlap" or not rule.enabled:
                continue
            members = sorted(
                (self.nodes[i].start_ms, self.nodes[i].end_ms, i)
                for i in {self.index[key] for key in rule.event_ids if key in self.index}
                if self.nodes[i].start_ms < self.nodes[i].end_ms
            )
            for (_, _, before), (_, _, after) in pairwise(members):
                if not self.nodes[after].is_completed and not self.nodes[after].is_started:
                    self.nodes[after].links.append(Link(before, "exclusion"))


class _Earliest:
    """The earliest start of an operation that may start before its planned time."""

    def __init__(self, facts: PlanFacts) -> None:
        self._facts = facts
        self._pins = pins(facts.schedule)
        self._floors: dict[str, int] = {}
        for rule in facts.schedule.snapshot.constraints:
            if isinstance(rule, DateConstraint) and rule.enabled and rule.type in ("startnoearlierthan", "muststarton"):
                self._floors[rule.event_id] = max(to_ms(rule.date), self._floors.get(rule.event_id, 0))

    def start_ms(self, op: Operation) -> int:
        """Return it: the planned start of what is fixed, else the latest of now, releases and dates."""
        facts = self._facts
        if op.id in self._pins:
            return facts.starts[op.id]
        order = facts.orders.get(op.order_id) if op.order_id is not None else None
        dates = [d for d in (op.release_date, order.release_date if order else None) if d is not None]
        return max(facts.horizon_start_ms, self._floors.get(op.id, facts.horizon_start_ms), *map(to_ms, dates))


def _end_floors(facts: PlanFacts) -> dict[str, int]:
    found: dict[str, int] = {}
    for rule in facts.schedule.snapshot.constraints:
        if isinstance(rule, DateConstraint) and rule.enabled and rule.type in ("finishnoearlierthan", "mustfinishon"):
            found[rule.event_id] = max(to_ms(rule.date), found.get(rule.event_id, 0))
    return found


def _dependency(before: int, link: Dependency, to_end: bool) -> Link:
    from_end = link.type in _FROM_END
    return Link(before, "dependency", link.lag_ms, from_end, to_end, dependency_id=link.id)


def _merged(uses: Iterable[Use]) -> list[Use]:
    """One use an operation: who holds a resource twice holds the sum."""
    found: dict[str, Use] = {}
    for use in uses:
        known = found.get(use.event_id)
        found[use.event_id] = (
            use if known is None else use._replace(quantity=use.quantity + known.quantity, own=use.own or known.own)
        )
    return list(found.values())
