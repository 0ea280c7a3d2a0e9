"""What a benchmark found, one cell an instance and solver, and the file that keeps it.

The file is JSON lines: first what was measured where and when, then a line a cell, written as soon as it is known. A
measurement that was interrupted so goes on where it was.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from app.exchange.text import read_bytes
from engine.errors import ErrorCode, Fault, TaktwerkError, invalid_schedule
from engine.model import Many

OWN = "taktwerk"
"""The name of this engine among the solvers; another algorithm than ``auto`` follows it after a colon."""

Status = Literal["plan", "no plan", "broken plan", "cannot express", "failed", "unreadable"]
"""``failed``: the solver's process broke off, which says nothing of what the solver could have found."""


class _Record(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, allow_inf_nan=False
    )

    def line(self) -> bytes:
        """Return the record as one line of JSON."""
        return orjson.dumps(self.model_dump(mode="json", by_alias=True, exclude_none=True)) + b"\n"


_R = TypeVar("_R", bound=_Record)


class Conditions(_Record):
    """How it was measured: seconds a run, solver threads, seed, solvers, and the machine."""

    benchmark: Literal["taktwerk bench"] = "taktwerk bench"
    date: str
    time_limit: float
    workers: int
    seed: int
    solvers: Many[str]
    machine: dict[str, Any]
    peers: dict[str, dict[str, str | None]] = {}

    def agrees_with(self, other: Conditions) -> bool:
        """Whether results under these and the other conditions may stand in one table."""
        return (self.time_limit, self.workers, self.seed) == (other.time_limit, other.workers, other.seed)


class Cell(_Record):
    """What one solver made of one instance.

    ``value``, ``bound``, ``best_known`` and ``best_known_bound`` are in the instance's time units. ``gap`` is in % of
    the published value (see ``app.bench.gaps``), None without one. A plan counts only when ``violations`` is 0.
    ``other_load`` is how many cores processes that had nothing to do with it kept busy meanwhile.
    """

    family: str
    instance: str
    solver: str
    operations: int
    objective: str
    status: Status
    value: float | None = None
    bound: float | None = None
    best_known: float | None = None
    best_known_bound: float | None = None
    gap: float | None = None
    optimal: bool = False
    violations: int | None = None
    first_plan_ms: int | None = None
    wall_s: float | None = None
    peak_mib: int | None = None
    other_load: float | None = None
    reason: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells cells apart."""
        return self.family, self.instance, self.solver

    @property
    def has_plan(self) -> bool:
        """Whether there is a plan that passed the checker."""
        return self.status == "plan"


class Results:
    """Conditions and cells, in memory and in a file if there is one."""

    def __init__(self, conditions: Conditions, cells: dict[tuple[str, str, str], Cell], path: Path | None) -> None:
        self.conditions = conditions
        self._cells = cells
        self._path = path

    @property
    def cells(self) -> list[Cell]:
        """All cells, in the order in which they were measured."""
        return list(self._cells.values())

    def has(self, family: str, instance: str, solver: str) -> bool:
        """Whether this cell is there."""
        return (family, instance, solver) in self._cells

    def add(self, cell: Cell) -> None:
        """Add a cell, and append it to the file.

        Raises
        ------
        TaktwerkError
            E008 when it cannot be written.
        """
        self._cells[cell.key] = cell
        if self._path is not None:
            _append(self._path, cell.line())

    def to_json(self) -> dict[str, Any]:
        """Return conditions and cells as plain JSON data."""
        document = self.conditions.model_dump(mode="json", by_alias=True, exclude_none=True)
        cells = [cell.model_dump(mode="json", by_alias=True, exclude_none=True) for cell in self.cells]
        return {**document, "cells": cells}


def begin(conditions: Conditions, path: Path | None, resume: bool) -> Results:
    """Return results to add to: new ones, or those of the file, to go on with.

    Raises
    ------
    TaktwerkError
        E001 when the file holds something else, or results under other conditions, or ``resume`` is not set and it is
        there; E008 when it cannot be written.
    """
    if path is None:
        return Results(conditions, {}, None)
    if path.exists() and path.stat().st_size:
        if not resume:
            reason = "this file exists; go on with it by --resume, or name another"
            raise invalid_schedule([Fault("--output", str(path), reason)], "command")
        old = load(path)
        if not old.conditions.agrees_with(conditions):
            reason = (
                f"its results were measured with {_shown(old.conditions)}, not {_shown(conditions)}; "
                "repeat those settings, or name another file"
            )
            raise invalid_schedule([Fault("--resume", str(path), reason)], "command")
        _drop_half_line(path)
        return Results(old.conditions, {cell.key: cell for cell in old.cells}, path)
    _append(path, conditions.line())
    return Results(conditions, {}, path)


def load(path: Path | str) -> Results:
    """Return the results in a file. A last line that was cut off is left out.

    Raises
    ------
    TaktwerkError
        E001 naming every line that is not understood; E012 when the file cannot be read.
    """
    name = Path(path).name
    first, *lines = read_bytes(path).split(b"\n")[:-1] or [b""]
    faults: list[Fault] = []
    conditions = _record(Conditions, first, f"{name}: line 1", faults)
    cells = [_record(Cell, line, f"{name}: line {number}", faults) for number, line in enumerate(lines, 2) if line]
    if conditions is None or faults:
        raise invalid_schedule(faults, "file of results")
    return Results(conditions, {cell.key: cell for cell in cells if cell is not None}, None)


def _record(kind: type[_R], line: bytes, where: str, faults: list[Fault]) -> _R | None:
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        faults.append(Fault(where, line[:80].decode(errors="replace"), f"this is no {kind.__name__.lower()}: {reason}"))
        return None


def _shown(conditions: Conditions) -> str:
    return f"{conditions.time_limit:g} s, {conditions.workers} workers, seed {conditions.seed}"


def _append(path: Path, line: bytes) -> None:
    """Append a line and have it on the disk: a run of minutes is not lost to a crash."""
    try:
        with path.open("ab") as stream:
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise TaktwerkError(
            ErrorCode.STORAGE,
            f"{path} cannot be written: {error.strerror or error}. Check the folder, its rights and the free space.",
            {"path": str(path)},
        ) from None


def _drop_half_line(path: Path) -> None:
    """Cut off what stands after the last line feed: the rest of a line that a crash interrupted."""
    with path.open("r+b") as stream:
        content = stream.read()
        stream.truncate(content.rfind(b"\n") + 1)
