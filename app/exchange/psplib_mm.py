"""The PSPLIB multi-mode project format (``.mm``), also that of MMLIB: modes with needs of their own, and stocks.

An activity has one or more modes, each with a duration and with needs of renewable and nonrenewable resources. Mode
``k`` becomes a mode on the resource ``m<k>``, without limits, that tells which mode was chosen; what a mode needs
becomes demands that hold ``onlyOn`` its resource. Renewable resources are ``r<number>``; nonrenewable ones
``n<number>``, whose capacity is a stock. The layout is described with the PSPLIB (Kolisch and Sprecher 1997) and with
MMLIB (Van Peteghem and Vanhoucke 2014).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from app.exchange import benchmark, project, psplib
from app.exchange.text import Faults, Line, LineFault, check_duration, lines_of
from engine.model import Demand, Mode, Operation, Resource, Schedule, Snapshot

_MAX_MODES = 100


@dataclass
class _Activity:
    mode_count: int
    successors: list[int]
    durations: list[int] = field(default_factory=list[int])
    needs: list[list[int]] = field(default_factory=list[list[int]])


def parse(text: str, name: str) -> Schedule:
    """Return the schedule of a multi-mode project file.

    Raises
    ------
    TaktwerkError
        E001 naming line and reason of every fault; E006 when it is too large.
    """
    faults = Faults(name)
    activity_count, renewable, nonrenewable = psplib.counts(text, name, faults)
    ids = [f"r{n}" for n in range(1, renewable + 1)] + [f"n{n}" for n in range(1, nonrenewable + 1)]
    lines = list(lines_of(text))
    activities = _activities(psplib.section(lines, "PRECEDENCE", 1, faults), activity_count, faults)
    _requests(psplib.section(lines, "REQUESTS/DURATIONS", 2, faults), activities, len(ids), faults)
    capacities = psplib.availabilities(psplib.section(lines, "RESOURCEAVAILABILITIES", 1, faults), len(ids), faults)
    faults.raise_any()
    mode_count = max((a.mode_count for a in activities.values()), default=1)
    numbers = sorted(activities)
    snapshot = Snapshot(
        resources=(*_modes(mode_count), *_resources(capacities, renewable)),
        events=tuple(_operation(number, activities[number], ids) for number in numbers),
        dependencies=tuple(
            benchmark.chain(f"a{number}", f"a{after}") for number in numbers for after in activities[number].successors
        ),
    )
    return benchmark.schedule(name, snapshot)


def has_modes(text: str) -> bool:
    """Whether a project file has nonrenewable resources or an activity with more than one mode."""
    faults = Faults("")
    if psplib.counts(text, "", faults)[2]:
        return True
    rows = (line.words for line in psplib.section(list(lines_of(text)), "PRECEDENCE", 1, faults))
    return any(len(words) > 1 and words[1] != "1" for words in rows)


def _activities(body: list[Line], count: int, faults: Faults) -> dict[int, _Activity]:
    found: dict[int, _Activity] = {}
    for line in body:
        try:
            values = line.integers()
            if len(values) < 3 or len(values) != 3 + values[2]:
                raise LineFault(" ".join(line.words), "expected: number, modes, successor count, successors")
            number, modes, _, *after = values
            if not 1 <= modes <= _MAX_MODES:
                raise LineFault(modes, f"activity {number} has {modes} modes; 1 to {_MAX_MODES} are possible")
            if number in found:
                raise LineFault(number, f"activity {number} is listed twice")
            unknown = [item for item in (number, *after) if not 1 <= item <= count]
            if unknown:
                raise LineFault(unknown[0], f"there is no activity {unknown[0]}; they are numbered 1 to {count}")
            found[number] = _Activity(modes, list(dict.fromkeys(after)))
        except LineFault as fault:
            faults.add(line.number, fault.value, fault.reason)
    if not faults.found and len(found) != count:
        line_number = body[-1].number if body else 1
        faults.add(line_number, len(found), f"{count} activities are announced, {len(found)} are listed")
    faults.raise_any()
    return found


def _requests(body: list[Line], activities: dict[int, _Activity], resource_count: int, faults: Faults) -> None:
    """Read the modes: the line of an activity's first one begins with its number, those of the others do not."""
    number = 0
    last_line = 1
    for line in body:
        if line.words[0].startswith("---"):
            continue
        last_line = line.number
        try:
            values = line.integers()
            if len(values) == 3 + resource_count:
                number, *values = values
            if len(values) != 2 + resource_count:
                raise LineFault(len(values), f"{len(values)} numbers; {2 + resource_count} or one more are expected")
            if number not in activities:
                raise LineFault(number, f"there is no activity {number}")
            _add_mode(number, activities[number], values)
        except LineFault as fault:
            faults.add(line.number, fault.value, fault.reason)
    if faults.found:
        return
    for number, activity in sorted(activities.items()):
        if len(activity.durations) != activity.mode_count:
            listed = len(activity.durations)
            reason = f"activity {number} has {activity.mode_count} modes, but {listed} are listed here"
            faults.add(last_line, listed, reason)


def _add_mode(number: int, activity: _Activity, values: list[int]) -> None:
    mode, duration, *needs = values
    if mode != len(activity.durations) + 1 or mode > activity.mode_count:
        raise LineFault(mode, f"activity {number}: mode {mode} comes after {len(activity.durations)} others")
    check_duration(duration, f"the duration of activity {number} in mode {mode}")
    project.check_needs(number, needs)
    activity.durations.append(duration)
    activity.needs.append(needs)


def _modes(count: int) -> list[Resource]:
    if count == 1:
        return []
    return [Resource(id=f"m{k}", name=f"Mode {k}", type="mode", infinite=True) for k in range(1, count + 1)]


def _resources(capacities: list[int], renewable: int) -> list[Resource]:
    stocks = [
        Resource(id=f"n{n}", name=f"Stock {n}", type="nonrenewable", capacity=capacity, nonrenewable=True)
        for n, capacity in enumerate(capacities[renewable:], start=1)
    ]
    return [project.resource(n, capacity) for n, capacity in enumerate(capacities[:renewable], start=1)] + stocks


def _operation(number: int, activity: _Activity, ids: list[str]) -> Operation:
    has_choice = activity.mode_count > 1
    modes = tuple(
        Mode(resource_id=f"m{k}", duration=duration * benchmark.UNIT_MS)
        for k, duration in enumerate(activity.durations, start=1)
    )
    return Operation(
        id=f"a{number}",
        name=f"Activity {number}",
        duration=min(activity.durations) * benchmark.UNIT_MS,
        modes=modes if has_choice else None,
        demands=_demands(activity, ids) or None,
    )


def _demands(activity: _Activity, ids: list[str]) -> tuple[Demand, ...]:
    """Return a demand for each resource and quantity, with the modes that need just that."""
    found: list[Demand] = []
    for column, resource_id in enumerate(ids):
        by_quantity: dict[int, list[str]] = {}
        for k, needs in enumerate(activity.needs, start=1):
            if needs[column]:
                by_quantity.setdefault(needs[column], []).append(f"m{k}")
        for quantity, modes in by_quantity.items():
            only_on = tuple(modes) if len(modes) < activity.mode_count else None
            found.append(Demand(resource_id=resource_id, quantity=quantity, only_on=only_on))
    return tuple(found)
