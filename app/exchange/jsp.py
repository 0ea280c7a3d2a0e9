"""The standard job shop format: ``<jobs> <machines>``, then one line a job of ``<machine> <duration>`` pairs.

Machines are numbered from 0 in the file and from 1 in the schedule. Jobs may have fewer or more operations than there
are machines, and visit a machine twice (the re-entrant instances).
"""

from __future__ import annotations

from app.exchange import benchmark
from app.exchange.text import MAX_OPERATIONS, Faults, Line, LineFault, check_duration, header, lines_of, too_large
from engine.model import Operation, Schedule, Snapshot


def parse(text: str, name: str, reentrant: bool = False) -> Schedule:
    """Return the schedule of a job shop file.

    Parameters
    ----------
    text
        The file's content.
    name
        Its name, for messages and for the schedule.
    reentrant
        Whether a job may have another number of operations than there are machines.

    Raises
    ------
    TaktwerkError
        E001 naming line and reason of every fault; E006 when it is too large.
    """
    faults = Faults(name)
    lines = list(lines_of(text))
    job_count, machine_count = header(lines, ("jobs", "machines"), faults)
    if max(job_count, machine_count, 1 if reentrant else job_count * machine_count) > MAX_OPERATIONS:
        raise too_large(
            f"{name} announces {job_count:,} jobs on {machine_count:,} machines; the limit is 100,000 operations."
        )
    if len(lines) - 1 != job_count:
        faults.add(lines[-1].number, len(lines) - 1, f"{job_count} jobs are announced, {len(lines) - 1} lines follow")
        faults.raise_any()
    jobs: list[list[Operation]] = []
    for number, line in enumerate(lines[1:], start=1):
        try:
            jobs.append(_job(number, line, machine_count, reentrant))
        except LineFault as fault:
            faults.add(line.number, fault.value, f"job {number}: {fault.reason}")
    faults.raise_any()
    if sum(map(len, jobs)) > MAX_OPERATIONS:
        raise too_large(f"{name} has {sum(map(len, jobs)):,} operations; the limit is 100,000.")
    snapshot = Snapshot(
        resources=tuple(benchmark.machine(number) for number in range(1, machine_count + 1)),
        events=tuple(step for steps in jobs for step in steps),
        dependencies=benchmark.job_chains(jobs),
        orders=tuple(benchmark.job(number) for number in range(1, job_count + 1)),
    )
    return benchmark.schedule(name, snapshot)


def _job(number: int, line: Line, machine_count: int, reentrant: bool) -> list[Operation]:
    values = line.integers()
    if reentrant and values[-2:] == [-1, -1]:  # some files close each job so
        values = values[:-2]
    if len(values) % 2:
        raise LineFault(len(values), f"{len(values)} numbers; pairs of machine and duration are expected")
    if len(values) != 2 * machine_count and not reentrant:
        raise LineFault(
            len(values), f"{len(values)} numbers; {2 * machine_count} expected for {machine_count} machines"
        )
    steps: list[Operation] = []
    for step, (machine, duration) in enumerate(zip(values[::2], values[1::2], strict=True), start=1):
        if not 0 <= machine < machine_count:
            raise LineFault(machine, f"operation {step} names machine {machine}; machines are 0 to {machine_count - 1}")
        check_duration(duration, f"the duration of operation {step}")
        steps.append(
            Operation(
                id=benchmark.operation_id(number, step),
                name=f"Job {number} operation {step}",
                duration=duration * benchmark.UNIT_MS,
                resource_id=f"m{machine + 1}",
                order_id=f"j{number}",
            )
        )
    return steps


def parse_reentrant(text: str, name: str) -> Schedule:
    """Return the schedule of a job shop file whose jobs have any number of operations; errors as ``parse``."""
    return parse(text, name, reentrant=True)


def render(data: Schedule, reentrant: bool = False) -> tuple[str, list[str]]:
    """Return the file's text, and notes on what the format does not hold.

    Raises
    ------
    TaktwerkError
        E001 when the schedule is no job shop: what stands in the way, every item.
    """
    check = benchmark.Expressible(data, "jsp_reentrant" if reentrant else "jsp")
    check.check_common(demands=False, setups=False)
    machines = {resource.id: index for index, resource in enumerate(data.snapshot.resources)}
    rows: list[str] = []
    for steps in check.jobs():
        pairs: list[str] = []
        for operation in steps:
            modes = operation.alternatives
            if len(modes) != 1:
                check.refuse(operation.id, len(modes), "operations with no machine or with a choice (try fjsp)")
                continue
            length = operation.duration if modes[0].duration is None else modes[0].duration
            pairs.append(f"{machines[modes[0].resource_id]} {benchmark.units(length)}")
        if len(steps) != len(machines) and not reentrant:
            check.refuse(steps[0].id, len(steps), f"a job of {len(steps)} operations on {len(machines)} machines")
        rows.append(" ".join(pairs))
    if any(resource.capacity != 1 for resource in data.snapshot.resources):
        check.refuse("snapshot.resources", "capacity", "a capacity other than 1")
    check.raise_any()
    return "\n".join([f"{len(rows)} {len(machines)}", *rows, ""]), check.notes


def render_reentrant(data: Schedule) -> tuple[str, list[str]]:
    """Return the file's text with jobs of any length; notes and errors as ``render``."""
    return render(data, reentrant=True)
