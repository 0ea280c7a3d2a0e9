"""Requests and waiting, for tests of optimisation runs."""

from __future__ import annotations

import time
from collections.abc import Callable

from engine.model import Dependency, Operation, OptimizationRequest, Options, Resource, Schedule, Snapshot
from tests.support.plants import op, plant


def flat_plant(operations: int = 6, machines: int = 2) -> Schedule:
    """Operations of 60, 61, ... minutes on machines in turn, chained per machine pair; not placed, no calendars."""
    return plant([op(f"A{i}", 60 + i, on=f"M{i % machines + 1}") for i in range(operations)])


def a_request(schedule: Schedule | None = None, time_limit: float = 5.0, **options: object) -> OptimizationRequest:
    """A request for the least makespan."""
    return OptimizationRequest(
        schedule_data=schedule or flat_plant(),
        options=Options.model_validate({"time_limit": time_limit, "objective": "minimize_makespan", **options}),
    )


def big_plant(operations: int, machines: int = 50) -> Schedule:
    """Jobs of ten operations in a row, each on another machine, with orders that are due. Not placed."""
    base = plant([op("x", 1, on="M1")])
    events = tuple(
        Operation(
            id=f"op-{i}",
            name=f"Operation {i}",
            duration=60_000 * (20 + i * 7 % 41),
            resource_id=f"M{(i * 13 + i // 10) % machines}",
            order_id=None,
        )
        for i in range(operations)
    )
    links = tuple(
        Dependency(id=f"d{i}", from_event=f"op-{i - 1}", to_event=f"op-{i}") for i in range(operations) if i % 10
    )
    resources = tuple(Resource(id=f"M{m}", name=f"Machine {m}") for m in range(machines))
    return base.model_copy(update={"snapshot": Snapshot(resources=resources, events=events, dependencies=links)})


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Wait for a condition that another thread brings about."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"still not so after {timeout_s} seconds")
        time.sleep(0.005)
