"""Changes carried out: pure functions from schedule to schedule, and from options to options."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.what_if.changes import (
    Change,
    ExtraShift,
    MachineDown,
    MovedDueDate,
    OtherObjective,
    OtherProfile,
    RushOrder,
    Variant,
    day_of,
)
from app.what_if.order_copy import copied_order
from engine.errors import Fault, invalid_schedule
from engine.model import Calendar, CalendarException, Operation, Order, Resource, Schedule, Snapshot, Unavailable


@dataclass(frozen=True)
class Setting:
    """A plan and how it is to be optimised; ``options`` by wire name, only what is given."""

    schedule: Schedule
    options: Mapping[str, Any] = field(default_factory=dict)
    profile_id: int | None = None


class Faulty(Exception):
    """A change that cannot be made: the field at fault, what it says, and why not."""

    def __init__(self, name: str, value: object, reason: str) -> None:
        super().__init__(reason)
        self.name, self.value, self.reason = name, value, reason


def applied(variant: Variant, base: Setting, profiles: Mapping[str, int] | None = None) -> Setting:
    """Return what a variant makes of a base.

    Parameters
    ----------
    profiles
        The stored profiles, id by name.

    Raises
    ------
    TaktwerkError
        E001 naming every change that cannot be made, with its field and why.
    """
    faults: list[Fault] = []
    setting = base
    for index, change in enumerate(variant.changes):
        try:
            setting = make(change, setting, profiles or {})
        except Faulty as fault:
            path = f"changes[{index}].{fault.name}"
            faults.append(Fault(path, str(fault.value)[:80], fault.reason))
    if faults:
        raise invalid_schedule(faults, f"variant {variant.name!r}")
    return setting


def make(change: Change, setting: Setting, profiles: Mapping[str, int]) -> Setting:
    """Return the setting after one change; ``Faulty`` when it cannot be made."""
    if isinstance(change, OtherObjective):
        kept = {key: value for key, value in setting.options.items() if key not in ("objectives", "weights")}
        return Setting(setting.schedule, {**kept, "objective": change.objective}, setting.profile_id)
    if isinstance(change, OtherProfile):
        if change.profile not in profiles:
            raise Faulty("profile", change.profile, f"there is no such profile; known are {_known(profiles)}")
        return Setting(setting.schedule, setting.options, profiles[change.profile])
    plain: dict[type, Callable[[Any, Schedule], Schedule]] = {
        ExtraShift: with_extra_shift,
        MachineDown: with_machine_down,
        RushOrder: with_rush_order,
        MovedDueDate: with_due_date,
    }
    return Setting(plain[type(change)](change, setting.schedule), setting.options, setting.profile_id)


def with_extra_shift(change: ExtraShift, schedule: Schedule) -> Schedule:
    """Return the schedule with one more working span in a calendar.

    A resource that shares its calendar gets one of its own, so that the others keep their hours.
    """
    if (change.resource is None) == (change.calendar is None):
        raise Faulty("resource", change.resource or "", "name a resource or a calendar, one of the two")
    shot = schedule.snapshot
    calendars = {item.id: item for item in shot.calendars}
    exception = _exception(change)
    if change.calendar is not None:
        calendar = calendars.get(change.calendar)
        if calendar is None:
            raise Faulty("calendar", change.calendar, f"there is no such calendar; known are {_known(calendars)}")
        return _with(schedule, calendars=_replaced(shot.calendars, _longer(calendar, exception)))
    resource = _resource(shot, change.resource or "", "resource")
    calendar = calendars.get(resource.calendar or "")
    if calendar is None:
        raise Faulty("resource", resource.name, "it has no calendar: it works around the clock already")
    if sum(item.calendar == calendar.id for item in shot.resources) == 1:
        return _with(schedule, calendars=_replaced(shot.calendars, _longer(calendar, exception)))
    own = _longer(calendar, exception).model_copy(
        update={"id": _free_id(f"{calendar.id}+{resource.id}", calendars), "name": f"{calendar.name}, {resource.name}"}
    )
    moved = resource.model_copy(update={"calendar": own.id})
    return _with(schedule, calendars=(*shot.calendars, own), resources=_replaced(shot.resources, moved))


def with_machine_down(change: MachineDown, schedule: Schedule) -> Schedule:
    """Return the schedule with a resource out for a while."""
    shot = schedule.snapshot
    resource = _resource(shot, change.resource, "resource")
    if change.end <= change.start:
        raise Faulty("end", change.end, "it must come after the start")
    if change.units is not None and change.units > resource.capacity:
        raise Faulty("units", change.units, f"{resource.name} has {resource.capacity} in all")
    taken = {item.id: item for item in shot.constraints}
    outage = Unavailable(
        type="unavailable",
        id=_free_id(f"what-if-down-{resource.id}"[:190], taken),
        resource_id=resource.id,
        start=change.start,
        end=change.end,
        reason="What-if: down",
        capacity=change.units,
    )
    return _with(schedule, constraints=(*shot.constraints, outage))


def with_rush_order(change: RushOrder, schedule: Schedule) -> Schedule:
    """Return the schedule with an order made urgent, or with an urgent copy of it."""
    shot = schedule.snapshot
    order = _order(shot, change.order)
    dates = {
        "due_date": change.due_date,
        "priority": change.priority,
        "release_date": change.release_date,
    }
    given = {key: value for key, value in dates.items() if value is not None}
    if change.copy_as is None:
        if not given:
            raise Faulty("dueDate", "", "give a due date, a priority or a name for a copy; else nothing changes")
        return _with(schedule, orders=_replaced(shot.orders, order.model_copy(update=given)))
    if any(change.copy_as in (other.id, other.name) for other in shot.orders):
        raise Faulty("copyAs", change.copy_as, "an order of this name is there already; choose another one")
    if not any(op.order_id == order.id for op in shot.events):
        raise Faulty("order", order.name, "it has no operations that could be copied")
    return copied_order(schedule, order, change.copy_as, given)


def with_due_date(change: MovedDueDate, schedule: Schedule) -> Schedule:
    """Return the schedule with another due date of one order or operation."""
    if (change.order is None) == (change.operation is None):
        raise Faulty("order", change.order or "", "name an order or an operation, one of the two")
    shot = schedule.snapshot
    if change.order is not None:
        order = _order(shot, change.order)
        return _with(schedule, orders=_replaced(shot.orders, order.model_copy(update={"due_date": change.due_date})))
    operation = next((op for op in shot.events if op.id == change.operation), None)
    if operation is None:
        raise Faulty("operation", change.operation, "there is no such operation")
    return _with(schedule, events=_replaced(shot.events, operation.model_copy(update={"due_date": change.due_date})))


# inside


def _exception(change: ExtraShift) -> CalendarException:
    try:
        first = day_of(change.day)
    except ValueError:
        raise Faulty("day", change.day, "there is no such day; write it as 2026-11-28") from None
    last = first if _clock(change.to) > _clock(change.from_) else first + dt.timedelta(days=1)
    until = change.to
    if until.startswith("24:00"):
        last, until = first + dt.timedelta(days=1), "00:00"
    return CalendarException(
        from_=f"{first}T{change.from_[:5]}", to=f"{last}T{until[:5]}", working=True, name="What-if: extra shift"
    )


def _clock(text: str) -> tuple[int, int]:
    return int(text[:2]), int(text[3:5])


def _longer(calendar: Calendar, exception: CalendarException) -> Calendar:
    return calendar.model_copy(update={"exceptions": (*calendar.exceptions, exception)})


def _resource(shot: Snapshot, wanted: str, name: str) -> Resource:
    for item in shot.resources:
        if wanted == item.id:
            return item
    raise Faulty(name, wanted, f"there is no such resource; known are {_known([r.id for r in shot.resources])}")


def _order(shot: Snapshot, wanted: str) -> Order:
    for item in shot.orders:
        if wanted == item.id:
            return item
    raise Faulty("order", wanted, f"there is no such order; known are {_known([o.id for o in shot.orders])}")


def _known(names: Mapping[str, Any] | Sequence[str]) -> str:
    shown = list(names)[:8]
    return ", ".join(shown) + (" …" if len(names) > len(shown) else "") if shown else "none"


def _replaced(items: Sequence[Any], new: Resource | Calendar | Order | Operation) -> tuple[Any, ...]:
    return tuple(new if item.id == new.id else item for item in items)


def _free_id(wanted: str, taken: Mapping[str, object]) -> str:
    name, count = wanted, 1
    while name in taken:
        count += 1
        name = f"{wanted}-{count}"
    return name


def _with(schedule: Schedule, **parts: Any) -> Schedule:
    return schedule.model_copy(update={"snapshot": schedule.snapshot.model_copy(update=parts)})
