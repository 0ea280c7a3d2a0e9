"""Small plants in a few words, for tests.

Times are minutes after ``T0``, Monday 2026-01-05 00:00 UTC, durations minutes. Whatever a test does not care
about has a default; resources that operations name need not be listed.

>>> plant([op("A", 60, on="M1", start=0), op("B", 30, on="M1", start=60)], dependencies=[after("A", "B")])
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.model import (
    Calendar,
    CalendarException,
    Constraint,
    DateConstraint,
    Demand,
    Dependency,
    Locks,
    Metadata,
    Mode,
    Operation,
    OptimizationRequest,
    Options,
    Order,
    Resource,
    ResourceInterval,
    Schedule,
    Scope,
    SetConstraint,
    SetupDefault,
    SetupMatrix,
    SetupRule,
    Shift,
    Snapshot,
    Unavailable,
)

T0 = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
T0_MS = round(T0.timestamp() * 1000)
MINUTE = 60_000
HOUR = 60
DAY = 24 * HOUR
WEEK = 7 * DAY

ModeLike = Mode | str | tuple[str, float]
DemandLike = Demand | str | Sequence[str]


def at(minutes: float) -> dt.datetime:
    """The instant so many minutes after T0."""
    return T0 + dt.timedelta(minutes=minutes)


def at_ms(minutes: float) -> int:
    """The same in UTC ms."""
    return T0_MS + ms(minutes)


def ms(minutes: float) -> int:
    return round(minutes * MINUTE)


def machine(id: str = "M1", **fields: Any) -> Resource:
    return Resource(**{"id": id, "name": id, **fields})


def op(
    id: str = "A",
    minutes: float = 60,
    on: str | None = None,
    start: float | None = None,
    end: float | None = None,
    *,
    modes: Iterable[ModeLike] | None = None,
    demands: Iterable[DemandLike] | None = None,
    family: str | None = None,
    order: str | None = None,
    release: float | None = None,
    due: float | None = None,
    deadline: float | None = None,
    **fields: Any,
) -> Operation:
    """An operation of so many minutes on resource ``on``; placed when it has a start. The end follows without breaks.

    ``modes``: ids, ``(id, minutes)`` or ``Mode``. ``demands``: an id, a list of ids to choose from, or ``Demand``.
    """
    if start is not None and end is None:
        end = start + minutes
    return Operation(
        **{
            "id": id,
            "name": id,
            "duration": ms(minutes),
            "resource_id": on,
            "start_date": _at(start),
            "end_date": _at(end),
            "modes": None if modes is None else tuple(_mode(m) for m in modes),
            "demands": None if demands is None else tuple(_demand(d) for d in demands),
            "setup_family": family,
            "order_id": order,
            "release_date": _at(release),
            "due_date": _at(due),
            "deadline": _at(deadline),
            **fields,
        }
    )


def after(pred: str, succ: str, type: int = 2, lag: float = 0, max_lag: float | None = None) -> Dependency:
    """A dependency, finish-to-start unless ``type`` says otherwise; lags in minutes."""
    return Dependency(
        id=f"{pred}>{succ}/{type}", from_event=pred, to_event=succ, type=type, lag=lag, lag_unit="m",
        max_lag=max_lag, max_lag_unit="m",
    )  # fmt: skip


def order(
    id: str = "O1",
    *,
    release: float | None = None,
    due: float | None = None,
    deadline: float | None = None,
    **fields: Any,
) -> Order:
    dates = {"release_date": _at(release), "due_date": _at(due), "deadline": _at(deadline)}
    return Order(**{"id": id, "name": id, **dates, **fields})


def calendar(
    id: str = "C1",
    *shifts: str,
    days: Sequence[int] = (1, 2, 3, 4, 5),
    zone: str | None = None,
    exceptions: Iterable[tuple[str, str, bool]] = (),
) -> Calendar:
    """A calendar of shifts such as ``06:00-14:00`` on ``days``; exceptions as ``(from, to, working)``."""
    edges = [s.split("-") for s in shifts]
    week = tuple(Shift(**{"days": tuple(days), "from": a, "to": b}) for a, b in edges)
    special = tuple(CalendarException(**{"from": a, "to": b, "working": w}) for a, b, w in exceptions)
    return Calendar(id=id, name=id, time_zone=zone, week=week, exceptions=special)


def matrix(
    id: str = "S1",
    rules: Mapping[tuple[str, str], float | None] | None = None,
    default: float | None = None,
) -> SetupMatrix:
    """A setup matrix from ``{(from, to): minutes}``; ``None`` forbids the sequence."""
    made = tuple(
        SetupRule(**{"from": a, "to": b, "duration": ms(m or 0), "forbidden": m is None})
        for (a, b), m in (rules or {}).items()
    )
    return SetupMatrix(
        id=id, name=id, rules=made, default=None if default is None else SetupDefault(duration=ms(default))
    )


def outage(resource: str, start: float, end: float, units: int | None = None, **fields: Any) -> Unavailable:
    key = f"out-{resource}-{start}"
    span = {"start": at(start), "end": at(end), "capacity": units}
    return Unavailable(**{"id": key, "type": "unavailable", "resource_id": resource, **span, **fields})


def date_rule(type: str, event: str, minute: float, **fields: Any) -> DateConstraint:
    return DateConstraint(**{"id": f"{type}-{event}", "type": type, "event_id": event, "date": at(minute), **fields})


def set_rule(type: str, *events: str, **fields: Any) -> SetConstraint:
    return SetConstraint(**{"id": f"{type}-{'-'.join(events)}", "type": type, "event_ids": tuple(events), **fields})


def block(resource: str, start: float, end: float) -> ResourceInterval:
    return ResourceInterval(resource_id=resource, start=at(start), end=at(end))


def plant(
    events: Iterable[Operation] = (),
    resources: Iterable[Resource] = (),
    *,
    dependencies: Iterable[Dependency] = (),
    constraints: Iterable[Constraint] = (),
    calendars: Iterable[Calendar] = (),
    orders: Iterable[Order] = (),
    matrices: Iterable[SetupMatrix] = (),
    now: float | None = None,
    freeze: float | None = None,
    zone: str = "UTC",
) -> Schedule:
    """A schedule. Resources that events use without being listed become machines; ``now`` is the horizon's start."""
    operations, listed = tuple(events), tuple(resources)
    known = {r.id for r in listed}
    made = tuple(machine(key) for key in _named(operations) if key not in known)
    snapshot = Snapshot(
        resources=(*listed, *made),
        events=operations,
        dependencies=tuple(dependencies),
        constraints=tuple(constraints),
        calendars=tuple(calendars),
        orders=tuple(orders),
        setup_matrices=tuple(matrices),
    )
    metadata = Metadata(
        plant_id="plant", timestamp=T0, user_id="tester", time_zone=zone,
        horizon_start=_at(now), freeze_until=_at(freeze),
    )  # fmt: skip
    return Schedule(version="v1", snapshot=snapshot, metadata=metadata)


def request(
    schedule: Schedule,
    *,
    locked: Iterable[str] = (),
    blocks: Iterable[ResourceInterval] = (),
    scope: Scope | None = None,
    algorithm: int = 1,
    **options: Any,
) -> OptimizationRequest:
    """A request; further keywords are options."""
    return OptimizationRequest(
        schedule_data=schedule,
        algorithm_id=algorithm,
        options=Options(**{"scope": scope, **options}),
        locks=Locks(events=tuple(locked), resource_intervals=tuple(blocks)),
    )


def moved(schedule: Schedule, id: str, **fields: Any) -> Schedule:
    """The schedule with fields of one operation replaced; ``start`` and ``end`` in minutes, ``on`` a resource."""
    if "start" in fields:
        begin = fields.pop("start")
        current = next(o for o in schedule.snapshot.events if o.id == id)
        end = fields.pop("end", None if begin is None else begin + current.duration / MINUTE)
        fields |= {"start_date": _at(begin), "end_date": _at(end)}
    if "on" in fields:
        fields["resource_id"] = fields.pop("on")
    events = tuple(o.model_copy(update=fields) if o.id == id else o for o in schedule.snapshot.events)
    return schedule.model_copy(update={"snapshot": schedule.snapshot.model_copy(update={"events": events})})


def _at(minutes: float | None) -> dt.datetime | None:
    return None if minutes is None else at(minutes)


def _mode(value: ModeLike) -> Mode:
    if isinstance(value, Mode):
        return value
    return Mode(resource_id=value) if isinstance(value, str) else Mode(resource_id=value[0], duration=ms(value[1]))


def _demand(value: DemandLike) -> Demand:
    if isinstance(value, Demand):
        return value
    return Demand(resource_id=value) if isinstance(value, str) else Demand(resource_ids=tuple(value))


def _named(operations: tuple[Operation, ...]) -> dict[str, None]:
    """Every resource id that operations name, in order."""
    found: dict[str, None] = {}
    for o in operations:
        found |= dict.fromkeys([o.resource_id] if o.resource_id else [])
        found |= dict.fromkeys(m.resource_id for m in o.modes or ())
        found |= dict.fromkeys(c for d in o.demands or () for c in d.candidates)
    return found
