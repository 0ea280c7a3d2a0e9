"""The sample plant: a believable maker of metal components, with the plan of a hurried person.

``build()`` makes the schedule that stands in ``resources/samples/metal-components.json``, always the same;
``python -m app.sample`` writes that file anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

from app.sample.orders import MONDAY, operation_id, order_book
from app.sample.planning import HurriedPlanner
from app.sample.plant import CALENDARS, RESOURCES, SETUP_MATRICES, ZONE
from engine.calendars import WorkingTimes
from engine.instants import to_ms
from engine.model import (
    Constraint,
    DateConstraint,
    Metadata,
    Operation,
    Schedule,
    SetConstraint,
    SetupMatrix,
    SetupRule,
    Snapshot,
    Status,
    Unavailable,
)
from engine.plan import PlanFacts

SAMPLE_FILE = Path(__file__).resolve().parents[2] / "resources" / "samples" / "metal-components.json"

_EARLIER = MONDAY - dt.timedelta(days=4)
"""When the hurried planner began: the Thursday before."""

_WITNESSED = ("Test run", "Final inspection", "Pressure test")


def build() -> Schedule:
    """Return the sample schedule: placed, with work that is done, running, frozen and locked."""
    book = order_book()
    constraints = tuple(_constraints(book.operations))
    snapshot = Snapshot(
        resources=RESOURCES,
        events=book.operations,
        dependencies=book.dependencies,
        constraints=constraints,
        calendars=CALENDARS,
        orders=book.orders,
        setup_matrices=tuple(_with_families_kept(matrix, book.operations) for matrix in SETUP_MATRICES),
    )
    metadata = Metadata(
        plant_id="metal-components",
        timestamp=MONDAY,
        user_id="sample",
        time_zone=ZONE,
        name="Metal components, weeks 48 and 49",
        horizon_start=MONDAY,
        freeze_until=MONDAY + dt.timedelta(hours=4),
    )
    empty = Schedule(version="1.0", snapshot=snapshot, metadata=metadata)
    with_history = _with_events(empty, _history(empty))
    planned = HurriedPlanner(with_history, to_ms(MONDAY)).plan()
    return _with_locks(_with_events(empty, (planned[operation.id] for operation in book.operations)))


def _with_events(schedule: Schedule, events: Iterable[Operation]) -> Schedule:
    snapshot = schedule.snapshot.model_copy(update={"events": tuple(events)})
    return schedule.model_copy(update={"snapshot": snapshot})


def _history(schedule: Schedule) -> list[Operation]:
    """Plan from the Thursday before; keep what had begun by Monday as completed or started, unplace the rest."""
    now_ms = to_ms(MONDAY)
    planned = HurriedPlanner(schedule, to_ms(_EARLIER)).plan()
    times = WorkingTimes(schedule, to_ms(_EARLIER) - 10 * 86_400_000, now_ms + 30 * 86_400_000)
    events: list[Operation] = []
    for operation in schedule.snapshot.events:
        done = planned[operation.id]
        assert done.start_date and done.end_date
        if done.end_date <= MONDAY:
            events.append(done.model_copy(update={"status": Status.COMPLETED, "percent_done": 100.0}))
        elif done.start_date < MONDAY:
            time = times.of(done.resource_id)
            start_ms, end_ms = to_ms(done.start_date), to_ms(done.end_date)
            percent = round(100 * time.between(start_ms, now_ms) / time.between(start_ms, end_ms))
            events.append(done.model_copy(update={"status": Status.STARTED, "percent_done": float(percent)}))
        else:
            events.append(operation)
    return events


def _with_locks(schedule: Schedule) -> Schedule:
    """Lock three operations that a customer has been invited to witness, of orders that are in time."""
    lateness_ms = PlanFacts(schedule).order_lateness_ms
    witnessed = [
        operation.id
        for operation in schedule.snapshot.events
        if operation.name.startswith(_WITNESSED)
        and lateness_ms[operation.order_id or ""] <= 0
        and operation.start_date
        and operation.start_date > MONDAY + dt.timedelta(days=3)
    ][:3]
    events = schedule.snapshot.events
    return _with_events(schedule, (op.model_copy(update={"locked": op.id in witnessed}) for op in events))


def _outage(key: str, resource: str, hours: tuple[float, float], reason: str, units: int | None = None) -> Unavailable:
    """An outage over ``hours`` after the Monday morning, of all units unless told."""
    start, end = (MONDAY + dt.timedelta(hours=hour) for hour in hours)
    return Unavailable(
        id=key, type="unavailable", resource_id=resource, start=start, end=end, reason=reason, capacity=units
    )


def _with_families_kept(matrix: SetupMatrix, operations: Iterable[Operation]) -> SetupMatrix:
    """Say first that what stays in its family needs no setup; the default would hold there too."""
    stations = {r.id for r in RESOURCES if r.setup_matrix == matrix.id}
    families = {
        op.setup_family
        for op in operations
        if op.setup_family is not None and any(mode.resource_id in stations for mode in op.alternatives)
    }
    families |= {r.initial_setup for r in RESOURCES if r.setup_matrix == matrix.id and r.initial_setup is not None}
    kept = tuple(SetupRule(from_=family, to=family) for family in sorted(families))
    return matrix.model_copy(update={"rules": kept + matrix.rules})


def _constraints(operations: tuple[Operation, ...]) -> Iterable[Constraint]:
    """Maintenance, sick leave, late material, and finishing cuts on the lathe of the roughing cut."""
    yield _outage("service-mil-2", "MIL-2", (48, 56), "Spindle service")
    yield _outage("repair-gri-1", "GRI-1", (169, 184), "New coolant pump")
    yield _outage("lining-fur-2", "FUR-2", (100, 118), "New lining")
    yield _outage("service-pai-1", "PAI-1", (72, 76), "Filter change")
    yield _outage("sick-leave", "OPS-CNC", (24, 96), "Two operators on sick leave", 2)
    for order, hours in (("A1031", 90), ("A1044", 128)):
        yield DateConstraint(
            id=f"material-{order}",
            type="startnoearlierthan",
            event_id=operation_id(order, 0),
            date=MONDAY + dt.timedelta(hours=hours),
            name="Material arrives then",
        )
    roughing = [operation for operation in operations if operation.name.startswith("Rough-turn")]
    for operation in roughing[:4]:
        order = operation.order_id or ""
        yield SetConstraint(
            id=f"same-lathe-{order}",
            type="sameresource",
            event_ids=(operation_id(order, 1), operation_id(order, 3)),
            name="Finish-turn on the lathe of the roughing cut",
        )
