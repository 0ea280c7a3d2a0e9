"""What the benchmark formats share: names, units, and what such a file can hold of a schedule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import PurePath

from engine.errors import Fault, invalid_schedule
from engine.model import (
    Dependency,
    DependencyType,
    Metadata,
    Operation,
    Order,
    Resource,
    Schedule,
    SetupMatrix,
    SetupRule,
    Snapshot,
    Status,
)

UNIT_MS = 60_000
"""One time unit of a benchmark file is one minute."""

EPOCH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
VERSION = "1.0"


def operation_id(job: int, step: int) -> str:
    """Return ``j<job>-o<operation>``, both numbered from 1."""
    return f"j{job}-o{step}"


def machine(number: int, setup_matrix: str | None = None) -> Resource:
    """Return machine ``m<number>``, numbered from 1."""
    return Resource(id=f"m{number}", name=f"Machine {number}", setup_matrix=setup_matrix)


def job(number: int) -> Order:
    """Return the order that stands for a job."""
    return Order(id=f"j{number}", name=f"Job {number}")


def chain(first: str, second: str) -> Dependency:
    """Return the finish-to-start dependency of two operations."""
    return Dependency(id=f"{first}>{second}", from_event=first, to_event=second)


def job_chains(jobs: Iterable[list[Operation]]) -> tuple[Dependency, ...]:
    """Return the dependencies of jobs whose operations run one after the other."""
    return tuple(chain(a.id, b.id) for steps in jobs for a, b in pairwise(steps))


def job_setups(machine_number: int, times: Sequence[Sequence[int]]) -> SetupMatrix:
    """Return the setup matrix of a machine whose setups depend on the jobs: family ``j<job>``, ``times[from][to]``.

    What takes no time needs no rule.
    """
    rules = (
        SetupRule(from_=f"j{before}", to=f"j{after}", duration=time * UNIT_MS)
        for before, row in enumerate(times, start=1)
        for after, time in enumerate(row, start=1)
        if time
    )
    name = f"Setups of machine {machine_number}"
    return SetupMatrix(id=f"setups-m{machine_number}", name=name, rules=tuple(rules))


def schedule(name: str, snapshot: Snapshot) -> Schedule:
    """Return the schedule of a benchmark file: nothing placed, "now" at 2026-01-01T00:00Z."""
    title = PurePath(name).stem
    metadata = Metadata(plant_id="benchmark", timestamp=EPOCH, user_id="import", name=title, horizon_start=EPOCH)
    return Schedule(version=VERSION, snapshot=snapshot, metadata=metadata)


def units(milliseconds: int) -> int:
    """Return whole time units, rounded up: nothing becomes shorter by being written."""
    return -(-milliseconds // UNIT_MS)


class Expressible:
    """Collects what a benchmark format cannot hold of a schedule: refused if it changes the problem, else noted."""

    def __init__(self, data: Schedule, format_name: str) -> None:
        self.snapshot = data.snapshot
        self.format_name = format_name
        self.faults: list[Fault] = []
        self.notes: list[str] = []

    def refuse(self, path: str, value: object, what: str) -> None:
        """Note something without which it would be another problem."""
        self.faults.append(Fault(path, value, f"the format {self.format_name} cannot hold {what}"))

    def check_common(self, *, demands: bool, setups: bool) -> None:
        """Check what no benchmark format holds, and demands and setups as told."""
        shot = self.snapshot
        if any(constraint.enabled for constraint in shot.constraints):
            self.refuse("snapshot.constraints", len(shot.constraints), "constraints")
        for index, resource in enumerate(shot.resources):
            path = f"snapshot.resources[{index}]"
            if resource.calendar is not None:
                self.refuse(f"{path}.calendar", resource.calendar, "calendars")
            if resource.efficiency != 1:
                self.refuse(f"{path}.efficiency", resource.efficiency, "an efficiency other than 1")
            if resource.nonrenewable:
                self.refuse(f"{path}.nonrenewable", True, "nonrenewable resources")
            if resource.infinite:
                self.refuse(f"{path}.infinite", True, "a resource without limit")
            if resource.setup_matrix is not None and not setups:
                self.refuse(f"{path}.setupMatrix", resource.setup_matrix, "setups")
        for index, order in enumerate(shot.orders):
            if order.release_date or order.deadline:
                self.refuse(f"snapshot.orders[{index}]", order.id, "release dates and deadlines")
        for index, operation in enumerate(shot.events):
            self._check_operation(f"snapshot.events[{index}]", operation, demands)
        if any(operation.is_placed for operation in shot.events):
            self.notes.append(f"The format {self.format_name} holds no placements: they are not written.")
        if any(item.due_date for item in (*shot.events, *shot.orders)):
            self.notes.append(f"The format {self.format_name} holds no due dates: they are not written.")
        if any(operation.duration % UNIT_MS for operation in shot.events):
            self.notes.append("Durations were rounded up to whole minutes.")

    def _check_operation(self, path: str, operation: Operation, demands: bool) -> None:
        if operation.release_date or operation.deadline:
            self.refuse(path, operation.id, "release dates and deadlines")
        if operation.locked or operation.status in (Status.STARTED, Status.COMPLETED):
            self.refuse(path, operation.id, "locked, started or completed work")
        if operation.demands and not demands:
            self.refuse(f"{path}.demands", operation.id, "secondary resources")

    def precedences(self) -> list[tuple[str, str]]:
        """Return the finish-to-start pairs; other types and lags are refused."""
        pairs: list[tuple[str, str]] = []
        for index, dependency in enumerate(self.snapshot.dependencies):
            plain = dependency.type == DependencyType.FINISH_TO_START and not dependency.lag
            if not plain or dependency.max_lag is not None:
                self.refuse(f"snapshot.dependencies[{index}]", dependency.id, "lags or types but finish-to-start")
            pairs.append((dependency.from_event, dependency.to_event))
        return pairs

    def jobs(self) -> list[list[Operation]]:
        """Return the chains of operations, in the order of their first ones; branches are refused."""
        by_id = {operation.id: operation for operation in self.snapshot.events}
        following: dict[str, str] = {}
        has_predecessor: set[str] = set()
        for first, second in self.precedences():
            if first in following or second in has_predecessor:
                self.refuse("snapshot.dependencies", f"{first} > {second}", "jobs that branch")
            following[first] = second
            has_predecessor.add(second)
        chains: list[list[Operation]] = []
        for operation in self.snapshot.events:
            if operation.id not in has_predecessor:
                steps = [operation]
                while (after := following.get(steps[-1].id)) is not None and len(steps) <= len(by_id):
                    steps.append(by_id[after])
                chains.append(steps)
        return chains

    def raise_any(self) -> None:
        """Raise E001 if something was refused."""
        if self.faults:
            raise invalid_schedule(self.faults)
