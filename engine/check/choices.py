"""Secondary needs whose resource is not chosen yet: a plan is good if some choice works."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.calendars import WorkingTime
from engine.check.load import Load, Use
from engine.model import Status
from engine.plan import PlanFacts, chosen

_MOST_STEPS = 20_000


@dataclass(frozen=True, slots=True)
class Need:
    """One open choice: the operation, which of its demands, the span (setup included), and who could serve it."""

    start_ms: int
    end_ms: int
    event_id: str
    position: int
    quantity: int
    candidates: tuple[str, ...]


@dataclass
class Choice:
    """A resource for every need that has one, by operation and position.

    ``failed`` are the needs that found none, each with the operations that hold its candidates meanwhile.
    """

    made: dict[tuple[str, int], str] = field(default_factory=dict)
    failed: list[tuple[Need, tuple[str, ...]]] = field(default_factory=list)


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
    needs = sorted(open_needs(facts), key=lambda need: (need.start_ms, need.end_ms, need.event_id, need.position))
    if not needs:
        return Choice()
    search = _Search(facts, needs, held, outages)
    result = Choice()
    for group in _groups(needs):
        search.settle(group, result)
    return result


def open_needs(facts: PlanFacts) -> list[Need]:
    """Return the needs of placed operations whose resource is not chosen."""
    found: list[Need] = []
    for key, start_ms in facts.starts.items():
        op = facts.operations[key]
        if not op.demands or start_ms == facts.ends[key] or op.status is Status.COMPLETED:
            continue
        for position, demand in enumerate(op.demands):
            if demand.quantity and demand.resource_ids and chosen(demand) is None:
                span = (facts.setup_start_ms(key), facts.ends[key])
                found.append(Need(*span, key, position, demand.quantity, demand.resource_ids))
    return found


def unserved_ms(facts: PlanFacts, own: WorkingTime, resource_id: str, begin_ms: int, end_ms: int) -> int:
    """Return the work in ``[begin_ms, end_ms)`` of a primary's working time that falls outside a secondary's."""
    other = facts.working_time(resource_id)
    if other.is_always or other is own:
        return 0
    return own.between(begin_ms, end_ms) - facts.common_time(own, other).between(begin_ms, end_ms)


class _Search:
    def __init__(
        self,
        facts: PlanFacts,
        needs: list[Need],
        held: Mapping[str, Iterable[Use]],
        outages: Mapping[str, tuple[Use, ...]],
    ) -> None:
        self._facts = facts
        names = dict.fromkeys(key for need in needs for key in need.candidates)
        self._loads = {key: Load((*held.get(key, ()), *outages.get(key, ()))) for key in names}

    def settle(self, needs: list[Need], result: Choice) -> None:
        """Choose for one group of needs that may stand in each other's way."""
        made: dict[int, str] = {}
        for i, need in enumerate(needs):
            key = next((c for c in self._serving(need) if self._has_room(need, c)), None)
            if key is not None:
                made[i] = key
                self._loads[key].add(_use(need))
        if len(made) < len(needs):
            for i, key in made.items():
                self._loads[key].remove(_use(needs[i]))
            better = self._search(needs)
            made = made if better is None else better
            for i, key in made.items():
                self._loads[key].add(_use(needs[i]))
        result.made.update({(needs[i].event_id, needs[i].position): key for i, key in made.items()})
        result.failed.extend((need, self._holders(need)) for i, need in enumerate(needs) if i not in made)

    def _search(self, needs: list[Need]) -> dict[int, str] | None:
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
                self._loads[made[i]].add(_use(needs[i]))
                continue
            tried[i] = 0
            if not made:
                return None
            self._loads[made[-1]].remove(_use(needs[i - 1]))
            made.pop()
            tried[i - 1] += 1
        for i, key in enumerate(made):
            self._loads[key].remove(_use(needs[i]))
        return dict(enumerate(made)) if len(made) == len(needs) else None

    def _holders(self, need: Need) -> tuple[str, ...]:
        """The other operations that hold what could serve the need."""
        uses = (use for key in need.candidates for use in self._loads[key].beside(need.start_ms, need.end_ms))
        return tuple(dict.fromkeys(u.event_id for u in uses if u.event_id not in ("", need.event_id)))

    def _serving(self, need: Need) -> list[str]:
        """The candidates that work while they are needed."""
        facts = self._facts
        own = facts.working_time(facts.operations[need.event_id].resource_id)
        return [c for c in need.candidates if not unserved_ms(facts, own, c, need.start_ms, need.end_ms)]

    def _has_room(self, need: Need, resource_id: str) -> bool:
        resource = self._facts.resources[resource_id]
        return resource.infinite or self._loads[resource_id].fits(_use(need), resource.capacity)


def _use(need: Need) -> Use:
    return Use(need.start_ms, need.end_ms, need.event_id, need.quantity, own=False)


def _groups(needs: list[Need]) -> list[list[Need]]:
    """Cut needs sorted by start where no need reaches over."""
    groups: list[list[Need]] = []
    reach_ms = 0
    for need in needs:
        if not groups or need.start_ms >= reach_ms:
            groups.append([])
        groups[-1].append(need)
        reach_ms = max(reach_ms, need.end_ms)
    return groups
