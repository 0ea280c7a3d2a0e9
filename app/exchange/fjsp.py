"""The flexible job shop format, plain and with sequence-dependent setups.

``<jobs> <machines> [<average choices>]``, then one line a job: the number of its operations and, for each, the number
of machines that can do it and as many ``<machine> <duration>`` pairs, machines numbered from 1.

With setups (Fattahi) there follow, for each machine, as many lines as there are operations in the file: the setup
from the line's operation to each operation, operations numbered through all jobs. A machine stands ready at the
start; the diagonal is never used; 1,000,000 marks what cannot follow.
"""

from __future__ import annotations

from app.exchange import benchmark
from app.exchange.text import (
    MAX_OPERATIONS,
    MAX_SETUP_RULES,
    Faults,
    Line,
    LineFault,
    check_duration,
    header,
    lines_of,
    too_large,
)
from engine.model import Mode, Operation, Schedule, SetupMatrix, SetupRule, Snapshot
from engine.setups import NO_CHANGEOVER, SetupTable

IMPOSSIBLE = 1_000_000
"""The setup time that means "cannot follow"."""


def parse(text: str, name: str) -> Schedule:
    """Return the schedule of a flexible job shop file.

    Raises
    ------
    TaktwerkError
        E001 naming line and reason of every fault; E006 when it is too large.
    """
    faults = Faults(name)
    lines = list(lines_of(text))
    jobs, machine_count = _jobs(lines, name, faults)
    if len(lines) - 1 > len(jobs):
        extra = lines[len(jobs) + 1]
        faults.add(extra.number, " ".join(extra.words), f"only {len(jobs)} lines of jobs are announced")
        faults.raise_any()
    return _schedule(name, jobs, machine_count, ())


def parse_with_setups(text: str, name: str) -> Schedule:
    """Return the schedule of a flexible job shop file with a setup matrix for each machine; errors as ``parse``."""
    faults = Faults(name)
    lines = list(lines_of(text))
    jobs, machine_count = _jobs(lines, name, faults)
    operations = [step for steps in jobs for step in steps]
    table = lines[len(jobs) + 1 :]
    expected = machine_count * len(operations)
    if len(operations) * expected > MAX_SETUP_RULES:
        raise too_large(f"{name} has {len(operations) * expected:,} setup times; the limit is {MAX_SETUP_RULES:,}.")
    if len(table) != expected:
        faults.add(
            table[-1].number if table else lines[-1].number,
            len(table),
            f"{expected} lines of setup times are expected ({machine_count} machines x {len(operations)} operations), "
            f"{len(table)} follow the jobs",
        )
        faults.raise_any()
    matrices = [
        _matrix(number, table[(number - 1) * len(operations) : number * len(operations)], operations, faults)
        for number in range(1, machine_count + 1)
    ]
    faults.raise_any()
    with_family = [[step.model_copy(update={"setup_family": step.id}) for step in steps] for steps in jobs]
    return _schedule(name, with_family, machine_count, tuple(matrices))


def _jobs(lines: list[Line], name: str, faults: Faults) -> tuple[list[list[Operation]], int]:
    job_count, machine_count = header(lines, ("jobs", "machines"), faults)
    if max(job_count, machine_count) > MAX_OPERATIONS:
        raise too_large(f"{name} announces {job_count:,} jobs on {machine_count:,} machines; the limit is 100,000.")
    if len(lines) - 1 < job_count:
        faults.add(lines[-1].number, len(lines) - 1, f"{job_count} jobs are announced, {len(lines) - 1} lines follow")
        faults.raise_any()
    jobs: list[list[Operation]] = []
    for number, line in enumerate(lines[1 : job_count + 1], start=1):
        try:
            jobs.append(_job(number, line.integers(), machine_count))
        except LineFault as fault:
            faults.add(line.number, fault.value, f"job {number}: {fault.reason}")
    faults.raise_any()
    if sum(map(len, jobs)) > MAX_OPERATIONS:
        raise too_large(f"{name} has {sum(map(len, jobs)):,} operations; the limit is 100,000.")
    return jobs, machine_count


def _job(number: int, values: list[int], machine_count: int) -> list[Operation]:
    steps: list[Operation] = []
    at = 1
    for step in range(1, values[0] + 1):
        if at >= len(values):
            raise LineFault(len(values), f"the line ends before operation {step} of {values[0]}")
        choices = values[at]
        pairs = values[at + 1 : at + 1 + 2 * max(choices, 0)]
        if choices < 1:
            raise LineFault(choices, f"operation {step} has {choices} machines; at least 1 is needed")
        if len(pairs) < 2 * choices:
            raise LineFault(len(pairs), f"the line ends within operation {step}: {choices} pairs are announced")
        steps.append(_operation(number, step, pairs, machine_count))
        at += 1 + 2 * choices
    if values[0] < 1:
        raise LineFault(values[0], f"{values[0]} operations; at least 1 is needed")
    if at != len(values):
        raise LineFault(len(values) - at, f"{len(values) - at} numbers too many after operation {values[0]}")
    return steps


def _operation(number: int, step: int, pairs: list[int], machine_count: int) -> Operation:
    shortest: dict[int, int] = {}
    for machine, duration in zip(pairs[::2], pairs[1::2], strict=True):
        if not 1 <= machine <= machine_count:
            raise LineFault(machine, f"operation {step} names machine {machine}; machines are 1 to {machine_count}")
        check_duration(duration, f"the duration of operation {step} on machine {machine}")
        shortest[machine] = min(duration, shortest.get(machine, duration))
    modes = tuple(Mode(resource_id=f"m{m}", duration=d * benchmark.UNIT_MS) for m, d in shortest.items())
    return Operation(
        id=benchmark.operation_id(number, step),
        name=f"Job {number} operation {step}",
        duration=min(shortest.values()) * benchmark.UNIT_MS,
        modes=modes,
        order_id=f"j{number}",
    )


def _matrix(number: int, rows: list[Line], operations: list[Operation], faults: Faults) -> SetupMatrix:
    here = {step.id for step in operations if _can_run(step, f"m{number}")}
    rules: list[SetupRule] = []
    for row, before in zip(rows, operations, strict=True):
        try:
            times = row.integers()
            if len(times) != len(operations):
                raise LineFault(len(times), f"{len(times)} setup times; {len(operations)} are expected")
            for after, time in zip(operations, times, strict=True):
                check_duration(time, f"the setup from {before.id} to {after.id}")
                if before.id in here and after.id in here and before.id != after.id:
                    rules.append(_rule(before.id, after.id, time))
        except LineFault as fault:
            faults.add(row.number, fault.value, f"machine {number}: {fault.reason}")
    return SetupMatrix(id=f"setups-m{number}", name=f"Setups of machine {number}", rules=tuple(rules))


def _can_run(operation: Operation, machine: str) -> bool:
    return any(mode.resource_id == machine for mode in operation.alternatives)


def _rule(before: str, after: str, time: int) -> SetupRule:
    if time >= IMPOSSIBLE:
        return SetupRule(from_=before, to=after, forbidden=True)
    return SetupRule(from_=before, to=after, duration=time * benchmark.UNIT_MS)


def _schedule(
    name: str, jobs: list[list[Operation]], machine_count: int, matrices: tuple[SetupMatrix, ...]
) -> Schedule:
    resources = (
        benchmark.machine(number, matrices[number - 1].id if matrices else None)
        for number in range(1, machine_count + 1)
    )
    snapshot = Snapshot(
        resources=tuple(resources),
        events=tuple(step for steps in jobs for step in steps),
        dependencies=benchmark.job_chains(jobs),
        orders=tuple(benchmark.job(number) for number in range(1, len(jobs) + 1)),
        setup_matrices=matrices,
    )
    return benchmark.schedule(name, snapshot)


def render(data: Schedule) -> tuple[str, list[str]]:
    """Return the file's text, and notes on what the format does not hold; E001 when it is no flexible job shop."""
    check, rows, _ = _job_rows(data, "fjsp", setups=False)
    check.raise_any()
    return "\n".join([*rows, ""]), check.notes


def render_with_setups(data: Schedule) -> tuple[str, list[str]]:
    """Return the file's text with a setup matrix for each machine; notes and errors as ``render``."""
    check, rows, operations = _job_rows(data, "fjsp_sdst", setups=True)
    if len(operations) ** 2 * len(data.snapshot.resources) > MAX_SETUP_RULES:
        raise too_large(f"The setup times of {len(operations):,} operations would be too many for this format.")
    tables = {matrix.id: SetupTable(matrix) for matrix in data.snapshot.setup_matrices}
    for index, resource in enumerate(data.snapshot.resources):
        if resource.initial_setup is not None:
            check.refuse(f"snapshot.resources[{index}].initialSetup", resource.initial_setup, "an initial setup")
        table = tables.get(resource.setup_matrix or "")
        can_run = {step.id for step in operations if _can_run(step, resource.id)}
        for before in operations:
            times = (
                _setup_units(table, before, after) if {before.id, after.id} <= can_run else IMPOSSIBLE
                for after in operations
            )
            rows.append(" ".join(map(str, times)))
    if any(operation.setup_family is None for operation in operations) and tables:
        check.refuse("snapshot.events", "setupFamily", "operations without a family beside ones with a family")
    check.raise_any()
    return "\n".join([*rows, ""]), check.notes


def _setup_units(table: SetupTable | None, before: Operation, after: Operation) -> int:
    change = table.lookup(before.setup_family, after.setup_family) if table else NO_CHANGEOVER
    return IMPOSSIBLE if change.forbidden else benchmark.units(change.duration_ms)


def _job_rows(
    data: Schedule, format_name: str, *, setups: bool
) -> tuple[benchmark.Expressible, list[str], list[Operation]]:
    check = benchmark.Expressible(data, format_name)
    check.check_common(demands=False, setups=setups)
    numbers = {resource.id: index for index, resource in enumerate(data.snapshot.resources, start=1)}
    jobs = check.jobs()
    rows: list[str] = []
    pair_count = 0
    for steps in jobs:
        words = [str(len(steps))]
        for operation in steps:
            modes = operation.alternatives
            if not modes:
                check.refuse(operation.id, None, "an operation without a machine")
            words.append(str(len(modes)))
            pair_count += len(modes)
            for mode in modes:
                length = operation.duration if mode.duration is None else mode.duration
                words += [str(numbers[mode.resource_id]), str(benchmark.units(length))]
        rows.append(" ".join(words))
    if any(resource.capacity != 1 for resource in data.snapshot.resources):
        check.refuse("snapshot.resources", "capacity", "a capacity other than 1")
    average = pair_count / max(1, sum(map(len, jobs)))
    return check, [f"{len(jobs)} {len(numbers)} {average:.2f}", *rows], [step for steps in jobs for step in steps]
