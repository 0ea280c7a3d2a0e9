"""How busy resources are within a window of time."""

from __future__ import annotations

from collections.abc import Container
from functools import cached_property

from engine.check.capacity import partial_outages
from engine.model import Operation, Schedule
from engine.plan import PlanFacts, chosen


class Utilization:
    """Busy and available working time of resources in the window ``[from_ms, to_ms)``.

    Parameters
    ----------
    facts
        The plan.
    from_ms, to_ms
        The window, UTC ms.
    usable
        ``usable_resources`` of the plan if the caller has them already.
    """

    def __init__(self, facts: PlanFacts, from_ms: int, to_ms: int, usable: tuple[str, ...] | None = None) -> None:
        self._facts = facts
        self._from_ms, self._to_ms = from_ms, max(from_ms, to_ms)
        self._usable = usable_resources(facts) if usable is None else usable

    @cached_property
    def busy_ms(self) -> dict[str, int]:
        """Working ms in which units of each usable resource are held in the window, setups included, times units."""
        facts, busy = self._facts, dict.fromkeys(self._usable, 0)
        for key in facts.starts:
            op = facts.operations[key]
            worked_ms = held_ms(facts, key, self._from_ms, self._to_ms)
            if op.resource_id in busy:
                busy[op.resource_id] += worked_ms
            for demand in op.needs:
                resource_id = chosen(demand)
                if resource_id in busy:
                    busy[resource_id] += worked_ms * demand.quantity
        return busy

    @cached_property
    def available_ms(self) -> dict[str, int]:
        """Working ms of each usable resource in the window, times its units that are not out."""
        facts, available = self._facts, dict[str, int]()
        out = partial_outages(facts)
        for key in self._usable:
            time = facts.working_time(key, self._to_ms)
            whole_ms = time.between(self._from_ms, self._to_ms) * facts.resources[key].capacity
            for use in out.get(key, ()):
                begin_ms, end_ms = max(use.start_ms, self._from_ms), min(use.end_ms, self._to_ms)
                whole_ms -= time.between(begin_ms, end_ms) * use.quantity
            available[key] = whole_ms
        return available

    def shares(self) -> dict[str, float]:
        """Return busy over available of each usable resource; 0 where nothing is available."""
        return {key: self.busy_ms[key] / ms if ms else 0.0 for key, ms in self.available_ms.items()}

    def overall(self) -> float:
        """Return busy over available of all usable resources together, at most 1."""
        available_ms = sum(self.available_ms.values())
        return min(1.0, sum(self.busy_ms.values()) / available_ms) if available_ms else 0.0

    def loads_ppm(self) -> dict[str, int]:
        """Return the load of each resource that operations can run on, in ppm of its working time in the window.

        The load is all work wherever the plan puts it, setups included, per unit of the resource: it does not depend
        on when an operation runs, only on where. What it takes as a secondary resource counts too.
        """
        facts = self._facts
        primary = possible_primaries(facts.schedule)
        load = {key: 0 for key in self._usable if key in primary}
        for key in facts.starts:
            op = facts.operations[key]
            setup = facts.setups.get(key)
            work_ms = facts.work_ms(op) + (setup.duration_ms if setup else 0)
            if op.resource_id in load:
                load[op.resource_id] += work_ms
            for demand in op.needs:
                resource_id = chosen(demand)
                if resource_id in load:
                    load[resource_id] += work_ms * demand.quantity
        return {key: self._ppm(key, work_ms) for key, work_ms in load.items()}

    def _ppm(self, resource_id: str, work_ms: int) -> int:
        time = self._facts.working_time(resource_id, self._to_ms)
        units = self._facts.resources[resource_id].capacity
        return work_ms * 1_000_000 // max(1, time.between(self._from_ms, self._to_ms) * units)


def held_ms(facts: PlanFacts, event_id: str, from_ms: int, to_ms: int) -> int:
    """Return the working ms for which a placed operation, setup included, holds its resources in a window."""
    setup, end_ms = facts.setups.get(event_id), facts.ends[event_id]
    begin_ms = setup.start_ms if setup else facts.starts[event_id]
    if begin_ms >= from_ms and end_ms <= to_ms:
        return facts.worked_ms[event_id] + (setup.duration_ms if setup and setup.complete else 0)
    time = facts.working_time(facts.operations[event_id].resource_id)
    return time.between(max(begin_ms, from_ms), min(end_ms, to_ms))


def usable_resources(facts: PlanFacts) -> tuple[str, ...]:
    """Return the resources of limited capacity that an operation can use, as primary or secondary."""
    return limited(facts, {key for op in facts.schedule.snapshot.events for key in named_by(op)})


def named_by(op: Operation) -> set[str]:
    """Return the resources that an operation has or could have, as primary or secondary."""
    named = {mode.resource_id for mode in op.modes or ()}
    if op.resource_id is not None:
        named.add(op.resource_id)
    for demand in op.demands or ():
        named.update(demand.candidates)
    return named


def limited(facts: PlanFacts, named: Container[str]) -> tuple[str, ...]:
    """Return those of some resources whose capacity is limited, in the schedule's order."""
    resources = facts.resources.values()
    return tuple(r.id for r in resources if r.id in named and not r.infinite and r.capacity and not r.nonrenewable)


def possible_primaries(schedule: Schedule) -> set[str]:
    """Return the resources that some operation can run on."""
    events = schedule.snapshot.events
    fixed = {op.resource_id for op in events if not op.modes and op.resource_id is not None}
    return fixed | {mode.resource_id for op in events for mode in op.modes or ()}


def groups_of(schedule: Schedule) -> list[list[str]]:
    """Return sets of resources among which work should be spread: same ``group``, or connected by common modes.

    Only resources that operations can run on, in the schedule's order; every one is in exactly one set.
    """
    parent = {key: key for key in possible_primaries(schedule)}

    def root(key: str) -> str:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    leader: dict[str, str] = {}
    for resource in schedule.snapshot.resources:
        if resource.group is not None and resource.id in parent:
            parent[root(resource.id)] = root(leader.setdefault(resource.group, resource.id))
    for op in schedule.snapshot.events:
        if op.modes:
            for mode in op.modes[1:]:
                parent[root(mode.resource_id)] = root(op.modes[0].resource_id)
    groups: dict[str, list[str]] = {}
    for resource in schedule.snapshot.resources:
        if resource.id in parent:
            groups.setdefault(root(resource.id), []).append(resource.id)
    return list(groups.values())
