"""The flexible assembly job shop format: alternatives, and any precedences instead of chains.

``<operations> <precedences> <machines>``, then a line ``<before> <after>`` for each precedence (a later version of
the format adds the job as a third number), then a line for each operation: the number of machines that can do it and
as many ``<machine> <duration>`` pairs. Operations and machines are numbered from 0 in the file, from 1 in the
schedule. Described in the flexible job shop library of ScheduleOpt/benchmarks; the instances are those of Birgin et
al. (2014), "A MILP model for an extended version of the flexible job shop problem".

The file names no jobs: operations that precedences join, directly or not, are one job.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.exchange import benchmark
from app.exchange.text import MAX_OPERATIONS, Faults, Line, LineFault, check_duration, header, lines_of, too_large
from engine.model import Mode, Operation, Schedule, Snapshot

_MAX_PRECEDENCES = 300_000
_Pair = tuple[int, int]


def parse(text: str, name: str) -> Schedule:
    """Return the schedule of a flexible assembly job shop file.

    Raises
    ------
    TaktwerkError
        E001 naming line and reason of every fault; E006 when it is too large.
    """
    faults = Faults(name)
    lines = list(lines_of(text))
    if lines and len(lines[0].words) > 3:
        faults.add(lines[0].number, " ".join(lines[0].words), "the first line must have 3 numbers")
        faults.raise_any()
    counts = header(lines, ("operations", "precedences", "machines"), faults, least=(1, 0, 1))
    operation_count, pair_count, machine_count = counts
    if max(operation_count, machine_count) > MAX_OPERATIONS or pair_count > _MAX_PRECEDENCES:
        raise too_large(
            f"{name} announces {operation_count:,} operations with {pair_count:,} precedences on {machine_count:,} "
            f"machines; the limits are {MAX_OPERATIONS:,} and {_MAX_PRECEDENCES:,}."
        )
    if len(lines) - 1 != pair_count + operation_count:
        reason = f"{pair_count} precedences and {operation_count} operations are announced"
        faults.add(lines[-1].number, len(lines) - 1, f"{reason}, {len(lines) - 1} lines follow")
        faults.raise_any()
    pairs, job_of = _precedences(lines[1 : pair_count + 1], operation_count, faults)
    modes = _operations(lines[pair_count + 1 :], machine_count, faults)
    faults.raise_any()
    return _schedule(name, pairs, job_of, modes, machine_count)


def _precedences(lines: list[Line], operation_count: int, faults: Faults) -> tuple[list[_Pair], list[int]]:
    """Return the pairs, and for each operation the first operation of its job."""
    pairs: dict[_Pair, None] = {}
    first = list(range(operation_count))
    by_job: dict[int, int] = {}

    def root(item: int) -> int:
        while first[item] != item:
            first[item] = first[first[item]]
            item = first[item]
        return item

    def join(one: int, other: int) -> None:
        low, high = sorted((root(one), root(other)))
        first[high] = low

    for line in lines:
        try:
            before, after, *job = _precedence(line, operation_count)
        except LineFault as fault:
            faults.add(line.number, fault.value, fault.reason)
            continue
        pairs[before, after] = None
        join(before, after)
        if job:
            join(before, by_job.setdefault(job[0], before))
    return list(pairs), [root(item) for item in range(operation_count)]


def _precedence(line: Line, operation_count: int) -> list[int]:
    values = line.integers()
    if len(values) not in (2, 3):
        raise LineFault(" ".join(line.words), "a precedence is <before> <after>, or <before> <after> <job>")
    for item in values[:2]:
        if not 0 <= item < operation_count:
            raise LineFault(item, f"there is no operation {item}; they are numbered 0 to {operation_count - 1}")
    if values[0] == values[1]:
        raise LineFault(values[0], f"operation {values[0]} cannot precede itself")
    return values


def _operations(lines: list[Line], machine_count: int, faults: Faults) -> list[tuple[Mode, ...]]:
    found: list[tuple[Mode, ...]] = []
    for number, line in enumerate(lines):
        try:
            found.append(_modes(number, line.integers(), machine_count))
        except LineFault as fault:
            faults.add(line.number, fault.value, fault.reason)
    return found


def _modes(number: int, values: list[int], machine_count: int) -> tuple[Mode, ...]:
    count, *pairs = values
    if count < 1:
        raise LineFault(count, f"operation {number} has {count} machines; at least 1 is needed")
    if len(pairs) != 2 * count:
        raise LineFault(len(pairs), f"operation {number}: {count} pairs are announced, {len(pairs)} numbers follow")
    shortest: dict[int, int] = {}
    for machine, duration in zip(pairs[::2], pairs[1::2], strict=True):
        if not 0 <= machine < machine_count:
            raise LineFault(
                machine, f"operation {number} names machine {machine}; machines are 0 to {machine_count - 1}"
            )
        check_duration(duration, f"the duration of operation {number} on machine {machine}")
        shortest[machine] = min(duration, shortest.get(machine, duration))
    return tuple(Mode(resource_id=f"m{m + 1}", duration=d * benchmark.UNIT_MS) for m, d in shortest.items())


def _schedule(
    name: str, pairs: list[_Pair], job_of: list[int], modes: Sequence[tuple[Mode, ...]], machine_count: int
) -> Schedule:
    numbers = {first: number for number, first in enumerate(dict.fromkeys(job_of), start=1)}
    steps = dict.fromkeys(numbers, 0)
    events: list[Operation] = []
    for first, alternatives in zip(job_of, modes, strict=True):
        steps[first] += 1
        job, step = numbers[first], steps[first]
        events.append(
            Operation(
                id=benchmark.operation_id(job, step),
                name=f"Job {job} operation {step}",
                duration=min(mode.duration or 0 for mode in alternatives),
                modes=alternatives,
                order_id=f"j{job}",
            )
        )
    snapshot = Snapshot(
        resources=tuple(benchmark.machine(number) for number in range(1, machine_count + 1)),
        events=tuple(events),
        dependencies=tuple(benchmark.chain(events[before].id, events[after].id) for before, after in pairs),
        orders=tuple(benchmark.job(number) for number in numbers.values()),
    )
    return benchmark.schedule(name, snapshot)
