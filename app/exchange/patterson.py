"""The Patterson project format (``.rcp``): activities, their needs and successors as one stream of numbers.

``<activities> <resources>``, then the availability of each resource, then for each activity its duration, what it
needs of each resource, the number of its successors and the successors, activities numbered from 1. Where lines
break within an activity means nothing (the files of the RG300 set break long lists of successors). The layout is
described with the PSPLIB and OR&S data sets.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.exchange import project
from app.exchange.project import Activity
from app.exchange.text import MAX_OPERATIONS, Faults, Line, LineFault, check_duration, header, lines_of, too_large
from engine.model import Schedule


class _Numbers:
    """The whole numbers of a file, one after the other; ``line`` is where the last one stood."""

    def __init__(self, lines: list[Line]) -> None:
        self._words = ((line, index) for line in lines for index in range(len(line.words)))
        self.line = 1

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        line, index = next(self._words)
        self.line = line.number
        return line.integer(index)

    def take(self, count: int, what: str) -> list[int]:
        """Return the next ``count`` numbers; LineFault when the file ends before."""
        values = [value for _, value in zip(range(count), self, strict=False)]
        if len(values) < count:
            raise LineFault("", f"the file ends before {what}")
        return values


def parse(text: str, name: str) -> Schedule:
    """Return the schedule of a Patterson file.

    Raises
    ------
    TaktwerkError
        E001 naming line and reason of the first fault (what follows it cannot be told apart); E006 when it is too
        large.
    """
    faults = Faults(name)
    lines = list(lines_of(text))
    if lines and len(lines[0].words) > 2:
        faults.add(lines[0].number, " ".join(lines[0].words), "the first line must be <activities> <resources>")
        faults.raise_any()
    activity_count, resource_count = header(lines, ("activities", "resources"), faults, least=(1, 0))
    if activity_count > MAX_OPERATIONS or resource_count > project.MAX_RESOURCES:
        raise too_large(
            f"{name} announces {activity_count:,} activities and {resource_count:,} resources; "
            f"the limits are {MAX_OPERATIONS:,} and {project.MAX_RESOURCES:,}."
        )
    numbers = _Numbers(lines[1:])
    activities: dict[int, Activity] = {}
    capacities: list[int] = []
    try:
        capacities = numbers.take(resource_count, f"the availabilities of {resource_count} resources")
        project.check_availabilities(capacities)
        for number in range(1, activity_count + 1):
            activities[number] = _activity(number, numbers, resource_count, activity_count)
        if (extra := next(numbers, None)) is not None:
            raise LineFault(extra, f"numbers follow after activity {activity_count}, the last that is announced")
    except LineFault as fault:
        faults.add(numbers.line, fault.value, fault.reason)
    faults.raise_any()
    return project.schedule(name, activities, capacities)


def _activity(number: int, numbers: _Numbers, resource_count: int, activity_count: int) -> Activity:
    duration, *needs, count = numbers.take(resource_count + 2, f"the data of activity {number} of {activity_count}")
    check_duration(duration, f"the duration of activity {number}")
    project.check_needs(number, needs)
    if not 0 <= count <= activity_count:
        raise LineFault(count, f"activity {number} has {count} successors; 0 to {activity_count} are possible")
    after = numbers.take(count, f"the {count} successors of activity {number}")
    unknown = [item for item in after if not 1 <= item <= activity_count]
    if unknown:
        raise LineFault(
            unknown[0],
            f"activity {number} names successor {unknown[0]}; activities are numbered 1 to {activity_count}",
        )
    return Activity(list(dict.fromkeys(after)), duration, tuple(needs))
