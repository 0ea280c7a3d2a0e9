"""What each resource does on each local day of the plan."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from engine.check.capacity import partial_outages
from engine.explain.breaks import Breaks
from engine.explain.told import Told
from engine.instants import from_ms, to_ms
from engine.plan import PlanFacts, chosen
from engine.utilization import possible_primaries

_MOST_DAYS = 731


@dataclass(frozen=True, slots=True)
class DayLoad(Told):
    """One resource on one local day ``[start_ms, end_ms)``. Times in ms of work, times units.

    ``available_ms`` is working time without outages, ``maintenance_ms`` what outages take of it. Then ``available_ms =
    processing_ms + setup_ms + idle_ms``; the idle time is below 0 where more is planned than there is.
    """

    day: str
    start_ms: int
    end_ms: int
    available_ms: int
    processing_ms: int
    setup_ms: int
    maintenance_ms: int

    @property
    def idle_ms(self) -> int:
        """What is left."""
        return self.available_ms - self.processing_ms - self.setup_ms

    @property
    def load(self) -> float | None:
        """Busy over available; ``None`` where nothing is available or used."""
        busy_ms = self.processing_ms + self.setup_ms
        if not self.available_ms:
            return 1.0 if busy_ms else None
        return busy_ms / self.available_ms

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data, with idle time and load."""
        load = self.load
        more = {"idleMs": self.idle_ms} | ({} if load is None else {"load": round(load, 4)})
        return Told.to_json(self) | more


@dataclass(frozen=True, slots=True)
class ResourceLoad(Told):
    """One resource over the plan's days."""

    id: str
    name: str
    capacity: int
    is_infinite: bool
    days: tuple[DayLoad, ...]
    group: str | None = None

    def total(self, what: str) -> int:
        """Return the sum of a field (``processing_ms`` ...) over the days."""
        return sum(getattr(day, what) for day in self.days)

    @property
    def load(self) -> float:
        """Busy over available over all days."""
        available_ms = self.total("available_ms")
        return (self.total("processing_ms") + self.total("setup_ms")) / available_ms if available_ms else 0.0


@dataclass
class _Sums:
    processing: dict[int, int] = field(default_factory=dict)
    setup: dict[int, int] = field(default_factory=dict)


class Load:
    """Load per resource and local day, from the day of the horizon's start to that of the last end.

    Parameters
    ----------
    facts
        The plan. Its first 731 days are looked at.
    """

    def __init__(self, facts: PlanFacts) -> None:
        self._facts = facts
        self._breaks = Breaks(facts)

    @cached_property
    def edges(self) -> list[int]:
        """The local midnights between and around the days, in UTC ms."""
        zone, facts = self._facts.zone, self._facts
        first = from_ms(facts.horizon_start_ms).astimezone(zone).date()
        until_ms = max(facts.last_end_ms or 0, facts.horizon_start_ms + 1)
        found: list[int] = []
        for number in range(_MOST_DAYS + 1):
            midnight = dt.datetime.combine(first + dt.timedelta(days=number), dt.time(), tzinfo=zone)
            found.append(to_ms(midnight.astimezone(dt.UTC)))
            if found[-1] >= until_ms:
                break
        return found

    @cached_property
    def resources(self) -> tuple[ResourceLoad, ...]:
        """The load of every resource that operations use or can use, in the schedule's order."""
        sums, used = self._sums, possible_primaries(self._facts.schedule)
        used |= {key for op in self._facts.operations.values() for d in op.demands or () for key in d.candidates}
        found: list[ResourceLoad] = []
        for resource in self._facts.schedule.snapshot.resources:
            if (resource.id in sums or resource.id in used) and not resource.nonrenewable:
                days = self._days(resource.id, sums.get(resource.id, _Sums()))
                name = resource.name or resource.id
                found.append(
                    ResourceLoad(resource.id, name, resource.capacity, resource.infinite, days, resource.group)
                )
        return tuple(found)

    def _days(self, resource_id: str, sums: _Sums) -> tuple[DayLoad, ...]:
        facts, units = self._facts, self._facts.resources[resource_id].capacity
        time, base = facts.working_time(resource_id, self.edges[-1]), self._breaks.calendars.of(resource_id)
        out = partial_outages(facts).get(resource_id, ()) if units > 1 else ()
        found: list[DayLoad] = []
        for i, (a, b) in enumerate(zip(self.edges, self.edges[1:], strict=False)):
            lost_ms = sum(
                use.quantity * time.between(max(a, use.start_ms), min(b, use.end_ms))
                for use in out
                if use.start_ms < b and a < use.end_ms
            )
            works_ms = time.between(a, b)
            down_ms = (base.between(a, b) - works_ms) * units + lost_ms
            day = from_ms(a).astimezone(facts.zone).date().isoformat()
            worked, setup = sums.processing.get(i, 0), sums.setup.get(i, 0)
            found.append(DayLoad(day, a, b, works_ms * units - lost_ms, worked, setup, down_ms))
        return tuple(found)

    @cached_property
    def _sums(self) -> dict[str, _Sums]:
        """Working ms times units of every resource by the number of the day."""
        facts, found = self._facts, dict[str, _Sums]()
        for key, start_ms in facts.starts.items():
            op, time = facts.operations[key], facts.working_time(facts.operations[key].resource_id)
            begin_ms, end_ms = facts.setup_start_ms(key), facts.ends[key]
            users = [] if op.resource_id is None else [(op.resource_id, 1)]
            users += [(one, d.quantity) for d in op.needs if (one := chosen(d)) is not None]
            for i in range(max(0, bisect_right(self.edges, begin_ms) - 1), len(self.edges) - 1):
                a, b = self.edges[i], self.edges[i + 1]
                if a >= end_ms:
                    break
                setup_ms = time.between(max(a, begin_ms), min(b, start_ms))
                worked_ms = time.between(max(a, start_ms), min(b, end_ms))
                for resource_id, quantity in users:
                    sums = found.setdefault(resource_id, _Sums())
                    sums.processing[i] = sums.processing.get(i, 0) + worked_ms * quantity
                    sums.setup[i] = sums.setup.get(i, 0) + setup_ms * quantity
        return found
