"""Secondary needs whose resource is not chosen yet: a plan is good if some choice works."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.calendars import WorkingTime
from engine.check.load import Load, Use
from engine.model import Status
from engine.plan import PlanFacts, chosen

_MOST_STEPS = 20_000


class Need(NamedTuple):
    """One open choice: the span (setup included), the operation, which of its demands, and who could serve it."""

    start_ms: int
    end_ms: int
    event_id: str
    position: int
    quantity: int
    candidates: tuple[str, ...]


Failure = tuple[Need, tuple[str, ...]]
"""A need that found no resource, and the operations that hold its candidates meanwhile."""

Held = Callable[[str], Iterable[Use]]
"""What is taken of a resource already."""


@dataclass
class Choice:
    """A resource for every need that has one, by operation and position, and the needs that found none."""

    made: dict[tuple[str, int], str] = field(default_factory=dict)
    failed: list[Failure] = field(default_factory=list)


def choose(facts: PlanFacts, held: Mapping[str, Iterable[Use]], outages: Mapping[str, tuple[Use, ...]]) -> Choice:
    """Choose a resource for every open need: first fit by start, and a bounded search where that fails.

    Parameters
    ----------
    facts
        The plan.
    held
        What is taken already, by resource.
    outages
        Units that are out, by resource, as uses.
    """
    chooser = Chooser(facts, lambda key: held.get(key, ()), outages)
    result = Choice()
    for group in need_groups(open_needs(facts)):
        chosen_now = chooser.settle(group)
        result.made.update(chosen_now.made)
        result.failed.extend(chosen_now.failed)
    return result


def open_needs(facts: PlanFacts) -> list[Need]:
    """Return the needs of placed operations whose resource is not chosen."""
    return [need for key in facts.undecided for need in open_needs_of(facts, key)]


def open_needs_of(facts: PlanFacts, event_id: str) -> tuple[Need, ...]:
    """Return the needs of one operation whose resource is not chosen; none while it has no placement."""
    op, start_ms = facts.operations[event_id], facts.starts.get(event_id)
    if start_ms is None or start_ms == facts.ends[event_id] or op.status is Status.COMPLETED:
        return ()
    span = (facts.setup_start_ms(event_id), facts.ends[event_id])
    return tuple(
        Need(*span, event_id, position, demand.quantity, demand.resource_ids)
        for position, demand in enumerate(op.demands or ())
        if demand.quantity and demand.resource_ids and chosen(demand) is None and demand.is_held_on(op.resource_id)
    )


def need_groups(needs: Iterable[Need]) -> list[tuple[Need, ...]]:
    """Return the needs in groups that cannot stand in each other's way, each by start.

    Two needs are in one group when a chain of needs that overlap in time links them, all with candidates that further
    such chains of common candidates link.
    """
    ordered = sorted(needs)
    kin = _kin({need.candidates for need in ordered})
    groups: list[list[Need]] = []
    running: dict[str, tuple[list[Need], int]] = {}
    for need in ordered:
        family = kin[need.candidates]
        group, reach_ms = running.get(family, ([], need.start_ms))
        if need.start_ms >= reach_ms:
            group = []
            groups.append(group)
        group.append(need)
        running[family] = (group, max(reach_ms, need.end_ms))
    return [tuple(group) for group in groups]


def unserved_ms(facts: PlanFacts, own: WorkingTime, resource_id: str, begin_ms: int, end_ms: int) -> int:
    """Return the work in ``[begin_ms, end_ms)`` of a primary's working time that falls outside a secondary's."""
    other = facts.working_time(resource_id)
    if other.is_always or other is own:
        return 0
    return own.between(begin_ms, end_ms) - facts.common_time(own, other).between(begin_ms, end_ms)


class Chooser:
    """Chooses for one group of needs after another; parameters as in ``choose``."""

    def __init__(self, facts: PlanFacts, held: Held, outages: Mapping[str, tuple[Use, ...]]) -> None:
        self._facts, self._held, self._outages = facts, held, outages
        self._loads: dict[str, Load] = {}

    def settle(self, needs: tuple[Need, ...]) -> Choice:
        """Choose for one group of needs that may stand in each other's way."""
        made: dict[int, str] = {}
        for i, need in enumerate(needs):
            key = next((c for c in self._serving(need) if self._has_room(need, c)), None)
            if key is not None:
                made[i] = key
                self._load(key).add(_use(need))
        if len(made) < len(needs):
            for i, key in made.items():
                self._load(key).remove(_use(needs[i]))
            better = self._search(needs)
            made = made if better is None else better
            for i, key in made.items():
                self._load(key).add(_use(needs[i]))
        failed = [(need, self._holders(need)) for i, need in enumerate(needs) if i not in made]
        return Choice({(needs[i].event_id, needs[i].position): key for i, key in made.items()}, failed)

    def _search(self, needs: tuple[Need, ...]) -> dict[int, str] | None:
        """Depth-first over the choices, without recursion, within a bounded number of steps."""
        options = [self._serving(need) for need in needs]
        tried = [0] * len(needs)
        made: list[str] = []
        for _ in range(_MOST_STEPS):
            i = len(made)
            if i == len(needs):
                break
            while tried[i] < len(options[i]) and not self._has_room(needs[i], options[i][tried[i]]):
                tried[i] += 1
            if tried[i] < len(options[i]):
                made.append(options[i][tried[i]])
                self._load(made[i]).add(_use(needs[i]))
                continue
            tried[i] = 0
            if not made:
                return None
            self._load(made[-1]).remove(_use(needs[i - 1]))
            made.pop()
            tried[i - 1] += 1
        for i, key in enumerate(made):
            self._load(key).remove(_use(needs[i]))
        return dict(enumerate(made)) if len(made) == len(needs) else None

    def _load(self, resource_id: str) -> Load:
        load = self._loads.get(resource_id)
        if load is None:
            uses = (*self._held(resource_id), *self._outages.get(resource_id, ()))
            load = self._loads[resource_id] = Load(uses)
        return load

    def _holders(self, need: Need) -> tuple[str, ...]:
        """The other operations that hold what could serve the need."""
        uses = (use for key in need.candidates for use in self._load(key).beside(need.start_ms, need.end_ms))
        return tuple(dict.fromkeys(u.event_id for u in uses if u.event_id not in ("", need.event_id)))

    def _serving(self, need: Need) -> list[str]:
        """The candidates that work while they are needed."""
        facts = self._facts
        own = facts.working_time(facts.operations[need.event_id].resource_id)
        return [c for c in need.candidates if not unserved_ms(facts, own, c, need.start_ms, need.end_ms)]

    def _has_room(self, need: Need, resource_id: str) -> bool:
        resource = self._facts.resources[resource_id]
        return resource.infinite or self._load(resource_id).fits(_use(need), resource.capacity)


def _use(need: Need) -> Use:
    return Use(need.start_ms, need.end_ms, need.event_id, need.quantity, own=False)


def _kin(sets: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """One name for all sets of candidates that chains of common members link."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    distinct = sorted(sets)
    for candidates in distinct:
        for other in candidates[1:]:
            parent[root(other)] = root(candidates[0])
    return {candidates: root(candidates[0]) for candidates in distinct}
