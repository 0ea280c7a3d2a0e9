"""Who stands where in a plan, with operations taken out and put in: what is left for one more."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import NamedTuple

from engine.check.capacity import partial_outages
from engine.check.load import Load, Use, peaks
from engine.model import Operation
from engine.plan import PlanFacts, chosen, is_history
from engine.setups import NO_CHANGEOVER, Changeover


class Seat(NamedTuple):
    """Where an operation stands: ``[start_ms, end_ms)``, its resources held from ``begin_ms``, its setup's start.

    ``demands`` names the secondary resource of each demand, in their order; ``None`` while a choice is open, and where
    there is no such need on this primary resource.
    """

    event_id: str
    resource_id: str | None
    start_ms: int
    end_ms: int
    begin_ms: int
    demands: tuple[str | None, ...] = ()


class Hold(NamedTuple):
    """What keeps a resource from being taken: the operations that hold it, and when the first of them lets go."""

    event_ids: tuple[str, ...]
    free_at_ms: int | None


class Room:
    """The seats of a plan's operations, all or some of them, and what they leave free.

    Parameters
    ----------
    facts
        The plan.
    event_ids
        Which of its placed operations take part; all by default.

    Attributes
    ----------
    seats
        The seats taken, by operation.
    drawn
        What they draw from each nonrenewable resource.
    """

    def __init__(self, facts: PlanFacts, event_ids: Iterable[str] | None = None) -> None:
        self.facts = facts
        self.seats: dict[str, Seat] = {}
        self.drawn: dict[str, int] = {}
        self._sequences: dict[str, list[tuple[int, int, str]]] = {}
        taken: dict[str, list[Use]] = {key: list(uses) for key, uses in partial_outages(facts).items()}
        for key in facts.starts if event_ids is None else event_ids:
            seat = seat_of(facts, key)
            self.seats[key] = seat
            for resource_id, use in self._uses(seat):
                taken.setdefault(resource_id, []).append(use)
            self._draw(seat, 1)
            if self._takes_part(seat):
                self._sequences.setdefault(str(seat.resource_id), []).append((seat.start_ms, seat.end_ms, key))
        for members in self._sequences.values():
            members.sort()
        self._loads = {key: Load(uses) for key, uses in taken.items()}

    def add(self, seat: Seat) -> None:
        """Seat an operation; the setup of the one after it is counted anew."""
        self.seats[seat.event_id] = seat
        self._draw(seat, 1)
        for resource_id, use in self._uses(seat):
            self.load(resource_id).add(use)
        if self._takes_part(seat):
            resource_id = str(seat.resource_id)
            insort(self._sequences.setdefault(resource_id, []), (seat.start_ms, seat.end_ms, seat.event_id))
            self._count_setup_again(self.after(resource_id, seat.start_ms + 1))

    def remove(self, event_id: str) -> Seat:
        """Take an operation out and return its seat; the setup of the one after it is counted anew."""
        seat = self.seats.pop(event_id)
        self._draw(seat, -1)
        for resource_id, use in self._uses(seat):
            self.load(resource_id).remove(use)
        if self._takes_part(seat):
            resource_id = str(seat.resource_id)
            self._sequences[resource_id].remove((seat.start_ms, seat.end_ms, event_id))
            self._count_setup_again(self.after(resource_id, seat.start_ms))
        return seat

    def load(self, resource_id: str) -> Load:
        """Return who holds a resource when."""
        if resource_id not in self._loads:
            self._loads[resource_id] = Load()
        return self._loads[resource_id]

    def hold(self, resource_id: str, use: Use) -> Hold | None:
        """Return what keeps a use from its resource where that is first over its capacity, ``None`` when it fits."""
        resource = self.facts.resources[resource_id]
        if resource.infinite or use.start_ms >= use.end_ms or not use.quantity:
            return None
        beside = self.load(resource_id).beside(use.start_ms, use.end_ms)
        if not beside and use.quantity <= resource.capacity:
            return None
        inside = [u._replace(start_ms=max(u.start_ms, use.start_ms), end_ms=min(u.end_ms, use.end_ms)) for u in beside]
        peak = next(peaks((use, *inside), resource.capacity), None)
        if peak is None:
            return None
        at_ms = peak.start_ms
        there = [u for u in beside if u.start_ms <= at_ms < u.end_ms]
        ids = tuple(dict.fromkeys(u.event_id for u in there if u.event_id))
        return Hold(ids, min((u.end_ms for u in there), default=None))

    # sequences

    def before(self, resource_id: str, start_ms: int) -> str | None:
        """Return the last operation with a family that starts before an instant on a resource with setups."""
        members = self._sequences.get(resource_id, [])
        i = bisect_left(members, (start_ms,))
        return members[i - 1][2] if i else None

    def after(self, resource_id: str, start_ms: int) -> str | None:
        """Return the first operation with a family that starts at or after an instant on a resource with setups."""
        members = self._sequences.get(resource_id, [])
        i = bisect_left(members, (start_ms,))
        return members[i][2] if i < len(members) else None

    def changeover(self, before_id: str | None, op: Operation, resource_id: str | None) -> Changeover:
        """Return the setup of an operation that follows another (or nothing) on a resource."""
        resource = self.facts.resources.get(resource_id or "")
        if resource is None or resource.setup_matrix is None or op.setup_family is None or is_history(op):
            return NO_CHANGEOVER
        family = resource.initial_setup if before_id is None else self.facts.operations[before_id].setup_family
        return self.facts.setup_tables[resource.setup_matrix].lookup(family, op.setup_family)

    def begin_of(self, event_id: str, before_id: str | None) -> int | None:
        """Return when the setup of a seated operation begins if it follows ``before_id``; ``None`` = no time for it."""
        seat = self.seats[event_id]
        change = self.changeover(before_id, self.facts.operations[event_id], seat.resource_id)
        return self.facts.working_time(seat.resource_id).back(seat.start_ms, change.duration_ms)

    def _count_setup_again(self, event_id: str | None) -> None:
        if event_id is None:
            return
        seat = self.seats[event_id]
        begin_ms = self.begin_of(event_id, self.before(str(seat.resource_id), seat.start_ms))
        fresh = seat._replace(begin_ms=seat.start_ms if begin_ms is None else begin_ms)
        if fresh == seat:
            return
        for (resource_id, old), (_, new) in zip(self._uses(seat), self._uses(fresh), strict=True):
            self.load(resource_id).remove(old)
            self.load(resource_id).add(new)
        self.seats[event_id] = fresh

    def _takes_part(self, seat: Seat) -> bool:
        """Whether the operation sets the family of a resource with setups."""
        resource = self.facts.resources.get(seat.resource_id or "")
        has_family = self.facts.operations[seat.event_id].setup_family is not None
        return resource is not None and resource.setup_matrix is not None and has_family and seat.start_ms < seat.end_ms

    def _draw(self, seat: Seat, sign: int) -> None:
        """Count what an operation takes from stocks, or give it back."""
        for demand, key in zip(self.facts.operations[seat.event_id].demands or (), seat.demands, strict=False):
            if key is not None and self.facts.resources[key].nonrenewable:
                self.drawn[key] = self.drawn.get(key, 0) + sign * demand.quantity

    def _uses(self, seat: Seat) -> list[tuple[str, Use]]:
        if seat.start_ms >= seat.end_ms:
            return []
        key, span = seat.event_id, (seat.begin_ms, seat.end_ms)
        found = [(seat.resource_id, Use(*span, key))] if seat.resource_id is not None else []
        for demand, resource_id in zip(self.facts.operations[key].demands or (), seat.demands, strict=False):
            if resource_id is not None and demand.quantity and not self.facts.resources[resource_id].nonrenewable:
                found.append((resource_id, Use(*span, key, demand.quantity, own=False)))
        return found


def seat_of(facts: PlanFacts, event_id: str) -> Seat:
    """Return the present seat of a placed operation."""
    op = facts.operations[event_id]
    demands = tuple(chosen(d) if d.is_held_on(op.resource_id) else None for d in op.demands or ())
    begin_ms = facts.setup_start_ms(event_id)
    return Seat(event_id, op.resource_id, facts.starts[event_id], facts.ends[event_id], begin_ms, demands)
