"""Changes in the words of the plant, and the labels of runs that belong to the desk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Final

from app.what_if.changes import (
    Change,
    ExtraShift,
    MachineDown,
    MovedDueDate,
    OtherObjective,
    OtherProfile,
    Variant,
    day_of,
)
from engine.instants import zone_of
from engine.model import Schedule

AIMS: Final[dict[str, str]] = {
    "minimize_tardiness": "least tardiness",
    "maximize_throughput": "most orders on time",
    "minimize_makespan": "shortest makespan",
    "minimize_setup": "least setup time",
    "minimize_cost": "least cost",
    "balance_resources": "even utilisation",
}
_PREFIX: Final = "What-if: "
_BUDGET: Final = "What-if budget: "
_BETWEEN: Final = " · "
UNCHANGED: Final = "Nothing changed, optimised"


def variant_words(variant: Variant, schedule: Schedule) -> str:
    """Return what a variant changes, in one line."""
    return "; ".join(change_words(change, schedule) for change in variant.changes) or UNCHANGED


def change_words(change: Change, schedule: Schedule) -> str:
    """Return what a change says, with the names and the local time of the plant."""
    zone = zone_of(schedule.metadata.time_zone)
    shot = schedule.snapshot
    if isinstance(change, OtherObjective):
        return f"Goal: {AIMS[change.objective]}"
    if isinstance(change, OtherProfile):
        return f"Profile {change.profile}"
    if isinstance(change, ExtraShift):
        where = change.resource or change.calendar or ""
        named = _name(where, shot.resources if change.resource else shot.calendars)
        return f"Extra shift on {named}, {_day(change.day)} {change.from_[:5]}–{change.to[:5]}"
    if isinstance(change, MachineDown):
        units = "" if change.units is None else f"{change.units} of "
        named = _name(change.resource, shot.resources)
        return f"{units}{named} down, {_moment(change.start, zone)} – {_moment(change.end, zone)}"
    if isinstance(change, MovedDueDate):
        items = shot.events if change.operation else shot.orders
        return f"{_name(change.operation or change.order or '', items)} due {_moment(change.due_date, zone)}"
    parts = [f"Rush order {_name(change.order, shot.orders)}"]
    if change.copy_as:
        parts = [f"Rush order {change.copy_as}, like {_name(change.order, shot.orders)}"]
    parts += [f"due {_moment(change.due_date, zone)}"] if change.due_date else []
    parts += [f"priority {change.priority:g}"] if change.priority is not None else []
    return ", ".join(parts)


def run_label(name: str, words: str) -> str:
    """Return what the run of a variant is called: the desk finds it again by that."""
    return f"{_PREFIX}{name.replace(_BETWEEN, ', ')}{_BETWEEN}{words}"[:2_000]


def budget_label(budget: int | None, way: str) -> str:
    """Return what a run of a budget sweep is called; None: any number of moves."""
    most = "any number of moves" if budget is None else f"at most {budget} moves"
    return f"{_BUDGET}{most}{_BETWEEN}{way}"


def is_of_desk(label: str) -> bool:
    """Whether a run was started at the desk, by its label."""
    return label.startswith((_PREFIX, _BUDGET))


def parts_of(label: str) -> tuple[str, str] | None:
    """Return name and changes of a variant's run; None when it is none."""
    if not label.startswith(_PREFIX):
        return None
    name, _, words = label[len(_PREFIX) :].partition(_BETWEEN)
    return name, words


def _name(key: str, items: Iterable[object]) -> str:
    for item in items:
        if getattr(item, "id", None) == key:
            return getattr(item, "name", "") or key
    return key


def _moment(when: dt.datetime, zone: dt.tzinfo) -> str:
    local = when.astimezone(zone)
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local:%H:%M}"


def _day(text: str) -> str:
    try:
        day = day_of(text)
    except ValueError:
        return text
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"


_DAYS: Sequence[str] = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Sequence[str] = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
