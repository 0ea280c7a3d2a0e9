"""Which table and field each column of a foreign file is: guessed from its titles, or read from a saved mapping."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import orjson
from pydantic import Field, ValidationError

from app.exchange.table_cells import MINUTE_MS, UNITS_MS, CellValue, text_of
from app.exchange.tables import BY_NAME, TABLES, Column, Table
from app.exchange.text import read_bytes, write_bytes
from engine.errors import Fault, invalid_schedule
from engine.model import Dto, Text

_BRACKET = re.compile(r"\s*[\[(]([^)\]]*)[\])]\s*$")


class ColumnMapping(Dto):
    """What a column holds: a field of its table, and for lengths of time the unit its numbers are in."""

    field: Text
    unit: Annotated[str, Field(max_length=10)] = "min"


class SheetMapping(Dto):
    """Which table a sheet is; columns by their titles. ``header_row`` is where the titles stand."""

    table: Text
    columns: dict[str, ColumnMapping] = {}
    header_row: Annotated[int, Field(ge=1, le=1_000)] = 1


class Mapping(Dto):
    """A saved mapping: sheets by their names."""

    sheets: dict[str, SheetMapping]


@dataclass(frozen=True, slots=True)
class Found:
    """One column of a sheet that is read: its place (from 0), what it is, and ms per unit of its numbers."""

    index: int
    column: Column
    unit_ms: int = MINUTE_MS


@dataclass
class SheetPlan:
    """How one sheet is read; ``unknown`` are the titles of columns that are not."""

    sheet: str
    table: Table
    header_row: int
    columns: list[Found] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def load(path: Path | str) -> Mapping:
    """Return a saved mapping (E001 when it is none, E012 when it cannot be read)."""
    try:
        return Mapping.model_validate_json(read_bytes(path))
    except ValidationError as error:
        faults = [Fault(".".join(map(str, e["loc"])), "", str(e["msg"])) for e in error.errors(include_url=False)[:50]]
        raise invalid_schedule(faults, "column mapping") from None


def save(plans: list[SheetPlan], path: Path | str) -> None:
    """Write how sheets are read, to be corrected by hand and used again (E008)."""
    units = {size: unit for unit, size in reversed(UNITS_MS.items())}
    sheets = {
        plan.sheet: SheetMapping(
            table=plan.table.name,
            columns={
                column.column.title: ColumnMapping(field=column.column.field, unit=units[column.unit_ms])
                for column in plan.columns
            },
            header_row=plan.header_row,
        ).to_json()
        for plan in plans
    }
    for plan in plans:
        sheets[plan.sheet]["columns"] |= {title: {"field": ""} for title in plan.unknown}
    write_bytes(orjson.dumps({"sheets": sheets}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE), path)


def table_named(name: str) -> Table | None:
    """Return the table that a sheet's or file's name means."""
    wanted = _folded(name)
    return next((t for t in TABLES if wanted in (_folded(t.name), *map(_folded, t.aliases))), None)


def plan_sheet(name: str, header: dict[int, CellValue], mapping: Mapping | None) -> SheetPlan | None:
    """Return how a sheet is read, ``header`` being its titles by column; None when it is no table of ours."""
    saved = mapping.sheets.get(name) if mapping else None
    table = BY_NAME.get(saved.table) if saved else table_named(name)
    if saved and table is None:
        known = ", ".join(BY_NAME)
        raise invalid_schedule([Fault(f"sheets.{name}.table", saved.table, f"known tables are {known}")], "mapping")
    if table is None:
        return None
    plan = SheetPlan(name, table, saved.header_row if saved else 1)
    taken: set[str] = set()
    for index, cell in sorted(header.items()):
        title = text_of(cell).strip()
        found = (
            _mapped(table, title, saved, index) if saved and title in saved.columns else _guessed(table, title, index)
        )
        if found is None or found.column.field in taken:
            plan.unknown += [title] if title else []
            continue
        taken.add(found.column.field)
        plan.columns.append(found)
    return plan


def _mapped(table: Table, title: str, saved: SheetMapping, index: int) -> Found | None:
    wanted = saved.columns[title]
    if not wanted.field:
        return None
    known = {column.field: column for column in table.columns if not column.info}
    if wanted.field not in known:
        reason = f"the table {table.name} has the fields {', '.join(known)}"
        raise invalid_schedule([Fault(f"columns.{title}.field", wanted.field, reason)], "mapping")
    if wanted.unit not in UNITS_MS:
        reason = f"known units are {', '.join(UNITS_MS)}"
        raise invalid_schedule([Fault(f"columns.{title}.unit", wanted.unit, reason)], "mapping")
    return Found(index, known[wanted.field], UNITS_MS[wanted.unit])


def _guessed(table: Table, title: str, index: int) -> Found | None:
    bracket = _BRACKET.search(title)
    unit_ms = UNITS_MS.get(bracket[1].strip().lower(), MINUTE_MS) if bracket else MINUTE_MS
    wanted = _folded(title)
    for column in table.columns:
        if wanted in (_folded(column.title), _folded(column.field), *map(_folded, column.aliases)):
            return Found(index, column, unit_ms)
    return None


def _folded(title: str) -> str:
    return re.sub(r"[\s_\-.]+", "", _BRACKET.sub("", title)).casefold()
