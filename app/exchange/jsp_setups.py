"""The job shop with transition times, as JSON: an object with ``jobs`` and ``setup_job_by_machine``.

``jobs`` lists for each job its ``[machine, duration]`` pairs in order; ``setup_job_by_machine`` holds for each machine
a square table, the setup from the row's job to the column's. Machines and jobs are numbered from 0 in the file and
from 1 in the schedule; a machine stands ready for its first operation. The instances are made as in
``jobshop-tt`` of ScheduleOpt/optalcp-benchmarks: classic job shops and, as setups, distances of random points.
"""

from __future__ import annotations

from typing import Any, cast

from app.exchange import benchmark, taktwerk_json
from app.exchange.text import MAX_NUMBER, MAX_OPERATIONS, MAX_SETUP_RULES, Faults, too_large
from engine.model import Operation, Schedule, Snapshot

_SETUPS = "setup_job_by_machine"
_FIELDS = {"name", "n_jobs", "n_machines", "jobs", _SETUPS}


def is_one(content: bytes) -> bool:
    """Whether JSON text looks like this format rather than like Taktwerk's own."""
    return b'"setup_job_by_machine"' in content and b'"snapshot"' not in content


def parse(text: str, name: str) -> Schedule:
    """Return the schedule of a job shop file with setups.

    Raises
    ------
    TaktwerkError
        E001 naming line (of broken JSON) or path, and reason, of every fault; E006 when it is too large.
    """
    data = taktwerk_json.load(text.encode(), name)
    faults = Faults(name)
    for key in sorted(set(data) ^ _FIELDS):
        if key != "name":
            faults.add_at(key, "", f"is {'missing' if key in _FIELDS else 'unknown'}")
    faults.raise_any()
    job_count, machine_count = _count(data, "n_jobs", faults), _count(data, "n_machines", faults)
    faults.raise_any()
    if job_count**2 * machine_count > MAX_SETUP_RULES:
        raise too_large(f"{name} has {job_count**2 * machine_count:,} setup times; the limit is {MAX_SETUP_RULES:,}.")
    jobs = _jobs(data["jobs"], job_count, machine_count, faults)
    setups = _setups(data[_SETUPS], job_count, machine_count, faults)
    faults.raise_any()
    matrices = tuple(benchmark.job_setups(number, times) for number, times in enumerate(setups, start=1))
    snapshot = Snapshot(
        resources=tuple(benchmark.machine(number, matrix.id) for number, matrix in enumerate(matrices, start=1)),
        events=tuple(step for steps in jobs for step in steps),
        dependencies=benchmark.job_chains(jobs),
        orders=tuple(benchmark.job(number) for number in range(1, job_count + 1)),
        setup_matrices=matrices,
    )
    return benchmark.schedule(name, snapshot)


def _count(data: dict[str, Any], key: str, faults: Faults) -> int:
    value = data[key]
    if not _is_whole(value) or value < 1:
        faults.add_at(key, value, "must be a whole number of at least 1")
    elif value > MAX_OPERATIONS:
        raise too_large(f"{faults.name} announces {value:,} as {key}; the limit is {MAX_OPERATIONS:,}.")
    return value


def _jobs(given: Any, job_count: int, machine_count: int, faults: Faults) -> list[list[Operation]]:
    jobs: list[list[Operation]] = []
    for index, pairs in enumerate(_list(given, job_count, "jobs", faults)):
        path = f"jobs[{index}]"
        steps: list[Operation] = []
        for step, pair in enumerate(_list(pairs, None, path, faults)):
            machine_and_duration = _list(pair, 2, f"{path}[{step}]", faults)
            if len(machine_and_duration) == 2:
                machine = _number(machine_and_duration[0], machine_count - 1, f"{path}[{step}][0]", faults)
                duration = _number(machine_and_duration[1], MAX_NUMBER, f"{path}[{step}][1]", faults)
                steps.append(_operation(index + 1, step + 1, machine, duration))
        if not steps:
            faults.add_at(path, pairs, "a job needs at least one operation")
        jobs.append(steps)
    if sum(map(len, jobs)) > MAX_OPERATIONS:
        raise too_large(f"{faults.name} has {sum(map(len, jobs)):,} operations; the limit is {MAX_OPERATIONS:,}.")
    return jobs


def _operation(job: int, step: int, machine: int, duration: int) -> Operation:
    return Operation(
        id=benchmark.operation_id(job, step),
        name=f"Job {job} operation {step}",
        duration=duration * benchmark.UNIT_MS,
        resource_id=f"m{machine + 1}",
        order_id=f"j{job}",
        setup_family=f"j{job}",
    )


def _setups(given: Any, job_count: int, machine_count: int, faults: Faults) -> list[list[list[int]]]:
    tables: list[list[list[int]]] = []
    for machine, rows in enumerate(_list(given, machine_count, _SETUPS, faults)):
        path = f"{_SETUPS}[{machine}]"
        table: list[list[int]] = []
        for before, times in enumerate(_list(rows, job_count, path, faults)):
            row = _list(times, job_count, f"{path}[{before}]", faults)
            table.append([_number(t, MAX_NUMBER, f"{path}[{before}][{k}]", faults) for k, t in enumerate(row)])
        tables.append(table)
    return tables


def _list(value: Any, length: int | None, path: str, faults: Faults) -> list[Any]:
    """Return the list at ``path``; an empty one, and a fault, when it is none or has another length."""
    if not isinstance(value, list):
        faults.add_at(path, value, "a list is expected")
        return []
    items = cast(list[Any], value)
    if length is not None and len(items) != length:
        faults.add_at(path, len(items), f"{length} entries are expected, {len(items)} are here")
        return []
    return items


def _number(value: Any, most: int, path: str, faults: Faults) -> int:
    if not _is_whole(value) or not 0 <= value <= most:
        faults.add_at(path, value, f"a whole number from 0 to {most:,} is expected")
        return 0
    return value


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
