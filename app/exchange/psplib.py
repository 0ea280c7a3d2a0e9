"""The PSPLIB single-mode project format (``.sm``): activities, successors, renewable resources.

Activities become ``a<number>`` with no primary resource and one demand for each resource they need; the dummy first and
last activity stay, with duration 0. Resources become ``r<number>`` with their availability as capacity.
"""

from __future__ import annotations

import re

from app.exchange import benchmark, project
from app.exchange.project import Activity
from app.exchange.text import MAX_OPERATIONS, Faults, Line, LineFault, check_duration, lines_of, too_large
from engine.model import Operation, Schedule

_COUNTS = {
    "jobs": re.compile(r"^\s*jobs\s*\(incl[^)]*\)\s*:\s*(\d+)", re.I | re.M),
    "renewable resources": re.compile(r"^\s*-\s*renewable\s*:\s*(\d+)", re.I | re.M),
    "nonrenewable resources": re.compile(r"^\s*-\s*nonrenewable\s*:\s*(\d+)", re.I | re.M),
}


def parse(text: str, name: str) -> Schedule:
    """Return the schedule of a single-mode project file.

    Raises
    ------
    TaktwerkError
        E001 naming line and reason of every fault; E006 when it is too large.
    """
    faults = Faults(name)
    job_count, resource_count, stock_count = counts(text, name, faults)
    if stock_count:
        reason = "nonrenewable resources have no place in a single-mode project; name the format psplib_mm"
        faults.add(_line_of("nonrenewable resources", text), stock_count, reason)
        faults.raise_any()
    lines = list(lines_of(text))
    activities = _successors(section(lines, "PRECEDENCE", 1, faults), job_count, faults)
    _requests(section(lines, "REQUESTS/DURATIONS", 2, faults), activities, job_count, resource_count, faults)
    capacities = availabilities(section(lines, "RESOURCEAVAILABILITIES", 1, faults), resource_count, faults)
    faults.raise_any()
    return project.schedule(name, activities, capacities)


def counts(text: str, name: str, faults: Faults) -> tuple[int, int, int]:
    """Return the numbers of activities, renewable and nonrenewable resources at the head of a file."""
    found: dict[str, int] = {}
    for what, pattern in _COUNTS.items():
        match = pattern.search(text)
        if match:
            found[what] = int(match[1][:12])
        elif what != "nonrenewable resources":
            faults.add(1, "", f"the number of {what} is missing from the head of the file")
    faults.raise_any()
    resource_count = found["renewable resources"] + found.get("nonrenewable resources", 0)
    if found["jobs"] > MAX_OPERATIONS or resource_count > project.MAX_RESOURCES:
        raise too_large(
            f"{name} announces {found['jobs']:,} activities and {resource_count:,} resources; "
            f"the limits are {MAX_OPERATIONS:,} and {project.MAX_RESOURCES:,}."
        )
    return found["jobs"], found["renewable resources"], found.get("nonrenewable resources", 0)


def _line_of(what: str, text: str) -> int:
    match = _COUNTS[what].search(text)
    return 1 if match is None else text.count("\n", 0, match.start(1)) + 1


def section(lines: list[Line], title: str, heading_lines: int, faults: Faults) -> list[Line]:
    """Return the lines between a section's title and headings, and the next line of asterisks."""
    for start, line in enumerate(lines):
        if "".join(line.words).upper().startswith(title):
            body: list[Line] = []
            for following in lines[start + 1 + heading_lines :]:
                if following.words[0].startswith("***"):
                    break
                body.append(following)
            return body
    faults.add(lines[-1].number if lines else 1, "", f"the section {title} is missing")
    faults.raise_any()
    return []


def _successors(body: list[Line], job_count: int, faults: Faults) -> dict[int, Activity]:
    activities: dict[int, Activity] = {}
    for line in body:
        try:
            values = line.integers()
            if len(values) < 3 or len(values) != 3 + values[2]:
                raise LineFault(" ".join(line.words), "expected: number, modes, successor count, successors")
            number, modes, _, *after = values
            if modes != 1:
                raise LineFault(modes, f"activity {number} has {modes} modes; this format has exactly one")
            if number in activities:
                raise LineFault(number, f"activity {number} is listed twice")
            unknown = [item for item in (number, *after) if not 1 <= item <= job_count]
            if unknown:
                raise LineFault(unknown[0], f"there is no activity {unknown[0]}; they are numbered 1 to {job_count}")
            activities[number] = Activity(list(dict.fromkeys(after)))
        except LineFault as fault:
            faults.add(line.number, fault.value, fault.reason)
    if not faults.found and len(activities) != job_count:
        line = body[-1].number if body else 1
        faults.add(line, len(activities), f"{job_count} activities are announced, {len(activities)} are listed")
    faults.raise_any()
    return activities


def _requests(
    body: list[Line], activities: dict[int, Activity], job_count: int, resource_count: int, faults: Faults
) -> None:
    seen: set[int] = set()
    for line in body:
        if line.words[0].startswith("---"):
            continue
        try:
            values = line.integers()
            if len(values) != 3 + resource_count:
                raise LineFault(len(values), f"{len(values)} numbers; {3 + resource_count} are expected")
            number, _, duration, *needs = values
            if number not in activities or number in seen:
                raise LineFault(number, f"activity {number} is listed twice, or unknown")
            check_duration(duration, f"the duration of activity {number}")
            project.check_needs(number, needs)
            seen.add(number)
            activities[number] = Activity(activities[number].successors, duration, tuple(needs))
        except LineFault as fault:
            faults.add(line.number, fault.value, fault.reason)
    if not faults.found and len(seen) != job_count:
        line = body[-1].number if body else 1
        faults.add(line, len(seen), f"{job_count} durations are expected, {len(seen)} are listed")


def availabilities(body: list[Line], resource_count: int, faults: Faults) -> list[int]:
    """Return the capacity of each resource; notes a fault where they are not there."""
    if not body:
        faults.add(1, "", "the availabilities of the resources are missing")
        return []
    try:
        values = body[0].integers()
        if len(values) != resource_count:
            raise LineFault(len(values), f"{len(values)} availabilities; {resource_count} are expected")
        project.check_availabilities(values)
        return values
    except LineFault as fault:
        faults.add(body[0].number, fault.value, fault.reason)
        return []


def render(data: Schedule) -> tuple[str, list[str]]:
    """Return the file's text, and notes on what the format does not hold.

    A first and a last activity of duration 0 are the format's dummies; where the schedule lacks them they are added.

    Raises
    ------
    TaktwerkError
        E001 when it is no single-mode project: what stands in the way, every item.
    """
    check = benchmark.Expressible(data, "psplib")
    check.check_common(demands=True, setups=False)
    resources = {resource.id: index for index, resource in enumerate(data.snapshot.resources)}
    needs = [_needs(operation, resources, check) for operation in data.snapshot.events]
    durations = [benchmark.units(operation.duration) for operation in data.snapshot.events]
    index_of = {operation.id: index for index, operation in enumerate(data.snapshot.events)}
    after: list[list[int]] = [[] for _ in index_of]
    for first, second in check.precedences():
        after[index_of[first]].append(index_of[second])
    check.raise_any()
    if not _has_dummies(durations, after):
        durations, needs, after = _with_dummies(durations, needs, after, len(resources))
        check.notes.append("A dummy first and last activity were added.")
    capacities = [resource.capacity for resource in data.snapshot.resources]
    return _text(durations, needs, after, capacities), check.notes


def _needs(operation: Operation, resources: dict[str, int], check: benchmark.Expressible) -> list[int]:
    amounts = [0] * len(resources)
    for demand in operation.demands or ():
        if demand.only_on is not None:
            check.refuse(operation.id, list(demand.only_on), "needs of single modes")
            continue
        if len(demand.candidates) != 1:
            check.refuse(operation.id, list(demand.candidates), "a choice of resources")
            continue
        amounts[resources[demand.candidates[0]]] += demand.quantity
    modes = operation.alternatives
    if len(modes) > 1:
        check.refuse(operation.id, len(modes), "a choice of machines")
    elif modes:
        amounts[resources[modes[0].resource_id]] += 1
    return amounts


def _has_dummies(durations: list[int], after: list[list[int]]) -> bool:
    last = len(durations) - 1
    with_predecessor = {item for items in after for item in items}
    return (
        last > 0
        and durations[0] == durations[last] == 0
        and all((index in with_predecessor) == (index > 0) for index in range(last + 1))
        and all(bool(items) == (index < last) for index, items in enumerate(after))
    )


def _with_dummies(
    durations: list[int], needs: list[list[int]], after: list[list[int]], resource_count: int
) -> tuple[list[int], list[list[int]], list[list[int]]]:
    with_predecessor = {item for items in after for item in items}
    last = len(durations) + 1
    first_ones = [index + 1 for index in range(len(durations)) if index not in with_predecessor]
    shifted = [[item + 1 for item in items] or [last] for items in after]
    nothing = [0] * resource_count
    return [0, *durations, 0], [nothing, *needs, nothing], [first_ones or [last], *shifted, []]


def _text(durations: list[int], needs: list[list[int]], after: list[list[int]], capacities: list[int]) -> str:
    rule = "*" * 72
    heads = "  ".join(f"R {number}" for number in range(1, len(capacities) + 1))
    rows = [
        rule,
        f"jobs (incl. supersource/sink ):  {len(durations)}",
        f"horizon                       :  {sum(durations)}",
        "RESOURCES",
        f"  - renewable                 :  {len(capacities)}   R",
        "  - nonrenewable              :  0   N",
        "  - doubly constrained        :  0   D",
        rule,
        "PRECEDENCE RELATIONS:",
        "jobnr.    #modes  #successors   successors",
        *(_row(number, 1, len(items), *(item + 1 for item in items)) for number, items in enumerate(after, start=1)),
        rule,
        "REQUESTS/DURATIONS:",
        f"jobnr. mode duration  {heads}",
        "-" * 72,
        *(_row(number, 1, durations[number - 1], *items) for number, items in enumerate(needs, start=1)),
        rule,
        "RESOURCEAVAILABILITIES:",
        f"  {heads}",
        _row(*capacities),
        rule,
        "",
    ]
    return "\n".join(rows)


def _row(*numbers: int) -> str:
    return "".join(f"{number:>5} " for number in numbers).rstrip()
