"""The flow shop formats of the benchmark of Naderi, Ruiz and Roshanaei (2023), INFORMS Journal on Computing.

All begin with the number of jobs and the number of machines (or stages), each on a line of its own; a table of
durations has a line for each job and a number for each machine. Job ``j`` visits machine 1, 2, ... in turn.

============== ======================================================================================================
hybrid         third line: how many identical machines each stage has; then the durations
non-permutation the durations
tardiness      third line: the due date of each job; then the durations
setups         the durations; then for each machine a table: the setup from the line's job to each job, none before
               the first
============== ======================================================================================================

How the files are laid out was learnt from the data sets (INFORMSJoC/2021.0326) and checked against the reader of
PyJobShop/Experiments (``read/machine.py``). The best known values of the last two formats were found for permutation
schedules, in which every machine takes the jobs in the same order. The contract has no such rule, so the schedule
allows any order: each published plan is a plan of it, and it may have better ones.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from app.exchange import benchmark
from app.exchange.text import (
    MAX_NUMBER,
    MAX_OPERATIONS,
    MAX_SETUP_RULES,
    Faults,
    Line,
    LineFault,
    lines_of,
    too_large,
)
from engine.model import Operation, Order, Resource, Schedule, SetupMatrix, Snapshot

PERMUTATION_NOTE = (
    "The published values of this benchmark hold for plans in which every machine takes the jobs in the same order. "
    "The schedule does not ask for that: a plan of it may be better than the best published one."
)


class _Table:
    """The lines of one file, taken one after the other; every fault is noted by its line."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.faults = Faults(name)
        self._lines: list[Line] = list(lines_of(text))
        self._at = 0

    def sizes(self, columns: str) -> tuple[int, int]:
        """Return the two numbers at the head of the file; E006 when there would be too many operations."""
        jobs, machines = self._count("jobs"), self._count(columns)
        if max(jobs, machines, jobs * machines) > MAX_OPERATIONS:
            raise too_large(
                f"{self.name} announces {jobs:,} jobs on {machines:,} {columns}; the limit is 100,000 operations."
            )
        return jobs, machines

    def rows(self, count: int, width: int, what: str, least: int = 0, most: int = MAX_NUMBER) -> list[list[int]]:
        """Return ``count`` lines of ``width`` numbers within bounds; ``what`` names a line by its ``{number}``."""
        found: list[list[int]] = []
        for number in range(1, count + 1):
            title = what.format(number=number)
            if self._at >= len(self._lines):
                last = self._lines[-1].number
                self.faults.add(last, len(found), f"the file ends before {title}: {len(found)} of {count} lines")
                break
            line = self._lines[self._at]
            self._at += 1
            try:
                found.append(_numbers(line, width, title, least, most))
            except LineFault as fault:
                self.faults.add(line.number, fault.value, fault.reason)
        return found

    def close(self) -> None:
        """Raise E001 if a fault was noted or lines are left."""
        if not self.faults.found and self._at < len(self._lines):
            extra = self._lines[self._at]
            self.faults.add(extra.number, " ".join(extra.words), "this line comes after all that are announced")
        self.faults.raise_any()

    def _count(self, what: str) -> int:
        if self._at >= len(self._lines):
            line = self._lines[-1].number if self._lines else 1
            self.faults.add(line, "", f"the file ends before the number of {what}")
        else:
            line = self._lines[self._at]
            self._at += 1
            try:
                return _numbers(line, 1, f"the number of {what}", 1, MAX_NUMBER)[0]
            except LineFault as fault:
                self.faults.add(line.number, fault.value, fault.reason)
        self.faults.raise_any()
        return 0


def parse(text: str, name: str) -> Schedule:
    """Return the schedule of a flow shop file (``naderi_npfsp``).

    Raises
    ------
    TaktwerkError
        E001 naming line and reason of every fault; E006 when it is too large.
    """
    table = _Table(text, name)
    jobs, machines = table.sizes("machines")
    durations = _durations(table, jobs, machines)
    table.close()
    return _schedule(name, durations, _machines(machines), _orders(jobs))


def parse_hybrid(text: str, name: str) -> Schedule:
    """Return the schedule of a hybrid flow shop file (``naderi_hfsp``); errors as ``parse``.

    A stage is one resource whose capacity is the number of its machines: they are alike and have no setups, so which
    of them an operation takes makes no difference.
    """
    table = _Table(text, name)
    jobs, stages = table.sizes("stages")
    counts = table.rows(1, stages, "the number of machines of each stage", 1, MAX_OPERATIONS)
    durations = _durations(table, jobs, stages)
    table.close()
    resources = [
        Resource(id=f"m{number}", name=f"Stage {number}", capacity=count)
        for number, count in enumerate(counts[0], start=1)
    ]
    return _schedule(name, durations, resources, _orders(jobs))


def parse_tardiness(text: str, name: str) -> Schedule:
    """Return the schedule of a flow shop file with due dates (``naderi_tt_pfsp``); errors as ``parse``."""
    table = _Table(text, name)
    jobs, machines = table.sizes("machines")
    due = table.rows(1, jobs, "the due date of each job")
    durations = _durations(table, jobs, machines)
    table.close()
    return _schedule(name, durations, _machines(machines), _orders(jobs, due[0]))


def parse_setups(text: str, name: str) -> Schedule:
    """Return the schedule of a flow shop file with setups (``naderi_sdst_pfsp``); errors as ``parse``."""
    table = _Table(text, name)
    jobs, machines = table.sizes("machines")
    if jobs * jobs * machines > MAX_SETUP_RULES:
        raise too_large(f"{name} has {jobs * jobs * machines:,} setup times; the limit is {MAX_SETUP_RULES:,}.")
    durations = _durations(table, jobs, machines)
    setups = [
        table.rows(jobs, jobs, f"the setups of machine {machine} after job {{number}}")
        for machine in range(1, machines + 1)
        if not table.faults.found
    ]
    table.close()
    matrices = tuple(benchmark.job_setups(machine, times) for machine, times in enumerate(setups, start=1))
    resources = [benchmark.machine(number, matrix.id) for number, matrix in enumerate(matrices, start=1)]
    return _schedule(name, durations, resources, _orders(jobs), matrices)


def _durations(table: _Table, jobs: int, machines: int) -> list[list[int]]:
    return table.rows(jobs, machines, "the durations of job {number}")


def _numbers(line: Line, width: int, what: str, least: int, most: int) -> list[int]:
    if len(line.words) != width:
        raise LineFault(len(line.words), f"{what}: {width} numbers are expected, {len(line.words)} stand here")
    values = line.integers()
    for value in values:
        if not least <= value <= most:
            raise LineFault(value, f"{what}: {value} does not lie between {least} and {most:,}")
    return values


def _machines(count: int) -> list[Resource]:
    return [benchmark.machine(number) for number in range(1, count + 1)]


def _orders(count: int, due: Sequence[int] | None = None) -> list[Order]:
    orders = [benchmark.job(number) for number in range(1, count + 1)]
    if due is None:
        return orders
    dates = (benchmark.EPOCH + dt.timedelta(milliseconds=units * benchmark.UNIT_MS) for units in due)
    return [order.model_copy(update={"due_date": date}) for order, date in zip(orders, dates, strict=True)]


def _schedule(
    name: str,
    durations: list[list[int]],
    resources: list[Resource],
    orders: list[Order],
    matrices: tuple[SetupMatrix, ...] = (),
) -> Schedule:
    jobs = [_job(number, row, with_family=bool(matrices)) for number, row in enumerate(durations, start=1)]
    snapshot = Snapshot(
        resources=tuple(resources),
        events=tuple(step for steps in jobs for step in steps),
        dependencies=benchmark.job_chains(jobs),
        orders=tuple(orders),
        setup_matrices=matrices,
    )
    return benchmark.schedule(name, snapshot)


def _job(number: int, durations: list[int], with_family: bool) -> list[Operation]:
    return [
        Operation(
            id=benchmark.operation_id(number, step),
            name=f"Job {number} operation {step}",
            duration=duration * benchmark.UNIT_MS,
            resource_id=f"m{step}",
            order_id=f"j{number}",
            setup_family=f"j{number}" if with_family else None,
        )
        for step, duration in enumerate(durations, start=1)
    ]
