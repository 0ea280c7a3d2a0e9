"""Which rules of the contract other solvers' models cannot hold; such an instance is not given to them."""

from __future__ import annotations

from collections.abc import Iterator

from engine.calendars import WorkingTimes
from engine.metrics import objective_names
from engine.model import OptimizationRequest, Schedule, Unavailable
from engine.pinning import pins

PEER_OBJECTIVES = ("minimize_makespan", "minimize_tardiness")


def misfits(request: OptimizationRequest, times: WorkingTimes) -> list[str]:
    """Return in plain words what a plan of another solver could not be held to, each thing once."""
    found = [*_of_request(request), *_of_resources(request.schedule_data, times)]
    return list(dict.fromkeys([*found, *_of_operations(request.schedule_data, times)]))


def _of_request(request: OptimizationRequest) -> Iterator[str]:
    name, *more = objective_names(request)
    if more or name not in PEER_OBJECTIVES:
        yield f"the objective {', '.join((name, *more))}"
    if pins(request.schedule_data, request):
        yield "operations that may not move"
    if request.locks.resource_intervals:
        yield "blocked intervals"


def _of_resources(schedule: Schedule, times: WorkingTimes) -> Iterator[str]:
    shot = schedule.snapshot
    capacity = {item.id: item.capacity for item in shot.resources}
    for constraint in shot.constraints:
        if isinstance(constraint, Unavailable) and constraint.enabled:
            units = constraint.capacity
            if units is not None and 0 < units < capacity[constraint.resource_id]:
                yield "outages of some units"
    for item in shot.resources:
        if item.setup_matrix is not None and not times.of(item.id).is_always:
            yield "setups that take working time of a calendar"


def _of_operations(schedule: Schedule, times: WorkingTimes) -> Iterator[str]:
    shot = schedule.snapshot
    with_setups = {item.id for item in shot.resources if item.setup_matrix is not None}
    released = {order.id for order in shot.orders if order.release_date is not None}
    without_family = {mode.resource_id for op in shot.events if op.setup_family is None for mode in op.alternatives}
    if with_setups & without_family:
        yield "setups that outlast an operation without a family"
    for op in shot.events:
        if op.due_date is not None and op.order_id is not None:
            yield "due dates of single operations of an order"
        is_set_up = op.setup_family is not None and any(mode.resource_id in with_setups for mode in op.alternatives)
        if is_set_up and op.demands:
            yield "setups that hold people or tools"
        if is_set_up and (op.release_date is not None or op.order_id in released):
            yield "setups that wait for a release date"
        if op.interruptible and op.demands:
            secondary = {key for demand in op.demands for key in demand.candidates}
            primary = [mode.resource_id for mode in op.alternatives]
            if any(not _covers(times, one, other) for one in primary for other in secondary):
                yield "people or tools that are absent while their machine works"


def _covers(times: WorkingTimes, primary: str, secondary: str) -> bool:
    own, other = times.of(primary), times.of(secondary)
    return other.is_always or times.common(own, other) == own
