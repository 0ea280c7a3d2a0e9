"""Requests and waiting, for tests of optimisation runs."""

from __future__ import annotations

import time
from collections.abc import Callable

from engine.model import Dependency, Mode, Operation, OptimizationRequest, Options, Resource, Schedule
from tests.support.plants import calendar, op, order, plant


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
    """Orders of ten operations in a row, due too early, two machines to choose from, in two shifts. Not placed."""

    def machine(number: int) -> str:
        return f"M{number % machines}"

    events = tuple(
        Operation(
            id=f"op-{i}",
            name=f"Operation {i}",
            duration=60_000 * (20 + i * 7 % 41),
            modes=(Mode(resource_id=machine(i * 13 + i // 10)), Mode(resource_id=machine(i * 13 + i // 10 + 1))),
            order_id=f"order-{i // 10}",
        )
        for i in range(operations)
    )
    orders = tuple(
        order(f"order-{i}", due=60 * (8 + i * 37 % 24), priority=1.0 + i % 3) for i in range(-(-operations // 10))
    )
    links = tuple(
        Dependency(id=f"d{i}", from_event=f"op-{i - 1}", to_event=f"op-{i}") for i in range(operations) if i % 10
    )
    shifts = calendar("C1", "06:00-14:00", "14:00-22:00", days=(1, 2, 3, 4, 5, 6))
    resources = tuple(Resource(id=machine(m), name=f"Machine {m}", calendar="C1") for m in range(machines))
    return plant(events, resources, dependencies=links, orders=orders, calendars=(shifts,))


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Wait for a condition that another thread brings about."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"still not so after {timeout_s} seconds")
        time.sleep(0.005)
