"""What the project formats share: activities, successors and renewable resources as a schedule."""

from __future__ import annotations

from dataclasses import dataclass

from app.exchange import benchmark
from app.exchange.text import LineFault
from engine.model import Demand, Operation, Resource, Schedule, Snapshot

MAX_RESOURCES = 1_000
_MAX_AVAILABILITY = 1_000_000


@dataclass
class Activity:
    """One activity of a single-mode project: its successors, its duration and its needs, a number for each resource."""

    successors: list[int]
    duration: int = 0
    needs: tuple[int, ...] = ()


def schedule(name: str, activities: dict[int, Activity], capacities: list[int]) -> Schedule:
    """Return the schedule of a single-mode project: activities ``a<number>``, resources ``r<number>``."""
    snapshot = Snapshot(
        resources=tuple(resource(number, capacity) for number, capacity in enumerate(capacities, start=1)),
        events=tuple(_operation(number, activities[number]) for number in sorted(activities)),
        dependencies=tuple(
            benchmark.chain(f"a{number}", f"a{after}")
            for number in sorted(activities)
            for after in activities[number].successors
        ),
    )
    return benchmark.schedule(name, snapshot)


def resource(number: int, capacity: int) -> Resource:
    """Return the renewable resource ``r<number>``."""
    return Resource(id=f"r{number}", name=f"Resource {number}", type="renewable", capacity=capacity)


def demands(needs: tuple[int, ...]) -> tuple[Demand, ...] | None:
    """Return a demand for each resource that is needed."""
    return tuple(Demand(resource_id=f"r{i}", quantity=need) for i, need in enumerate(needs, start=1) if need) or None


def check_availabilities(values: list[int]) -> None:
    """Raise LineFault unless each value can be a resource's capacity."""
    if not all(0 <= value <= _MAX_AVAILABILITY for value in values):
        raise LineFault(values, f"an availability must lie between 0 and {_MAX_AVAILABILITY:,}")


def check_needs(number: int, needs: list[int]) -> None:
    """Raise LineFault unless each value can be what activity ``number`` needs of a resource."""
    if min(needs, default=0) < 0:
        raise LineFault(min(needs), f"activity {number} needs a negative amount")
    if max(needs, default=0) > _MAX_AVAILABILITY:
        raise LineFault(max(needs), f"activity {number} needs more than {_MAX_AVAILABILITY:,} units")


def _operation(number: int, activity: Activity) -> Operation:
    return Operation(
        id=f"a{number}",
        name=f"Activity {number}",
        duration=activity.duration * benchmark.UNIT_MS,
        demands=demands(activity.needs),
    )
