"""What a file from outside holds, before anyone says yes to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from app.exchange import csv_tables, formats, package
from app.exchange.package import Package
from app.exchange.package_keys import KeyRing
from app.exchange.share import format_of_content
from app.exchange.table_cells import text_of
from app.exchange.table_import import CellFault, RawSheet, import_tables
from app.exchange.table_mapping import Mapping, SheetPlan
from app.exchange.text import read_bytes
from engine.model import OptimizationRequest, Schedule


@dataclass(frozen=True)
class FilePreview:
    """What a file holds. ``schedule`` is None while cells are faulty; ``plans`` say how its columns are read."""

    schedule: Schedule | None
    notes: list[str]
    faults: list[CellFault] = field(default_factory=list)
    plans: list[SheetPlan] = field(default_factory=list)
    package: Package | None = None
    sheets: dict[str, list[str]] = field(default_factory=dict)
    """Of tables: the titles of every sheet, read or not."""


def content_of(path: Path) -> bytes:
    """Return the content of a file, or of a folder of CSV files as a zip file (E006, E012)."""
    return csv_tables.zipped_folder(path) if path.is_dir() else read_bytes(path)


def look(
    content: bytes,
    name: str,
    format: str | None = None,
    *,
    base: Schedule | None = None,
    mapping: Mapping | None = None,
    keys: KeyRing | None = None,
) -> FilePreview:
    """Return what a file holds; tables are laid over ``base`` if there is one.

    Parameters
    ----------
    format
        A name of ``formats.NAMES``; told from the content when absent.
    base
        The plan that a workbook or CSV tables belong to.
    mapping
        Which columns of a foreign workbook hold what.
    keys
        Tells whether a package's sender is trusted.

    Raises
    ------
    TaktwerkError
        E001, E006, E009 as the format's reader; faulty cells are no error here but ``faults``.
    """
    chosen = format or format_of_content(content, name)
    if chosen == "takt":
        found = package.read(content, name, keys)
        return FilePreview(found.schedule, [found.signature_sentence()], package=found)
    sheets = _sheets(content, name, chosen)
    if sheets is not None:
        table = import_tables(sheets, name, base, mapping)
        return FilePreview(table.schedule, table.notes, table.faults, table.plans, sheets=_titles(sheets, table.plans))
    data, notes = formats.parse_noted(content, name, format)
    return FilePreview(data.schedule_data if isinstance(data, OptimizationRequest) else data, notes)


def titles_of(content: bytes, name: str, format: str | None = None) -> dict[str, list[str]]:
    """Return the titles of every sheet of a workbook or of CSV files, nothing for other files (E001, E006, E009)."""
    sheets = _sheets(content, name, format or format_of_content(content, name))
    return {} if sheets is None else _titles(sheets, [])


def _titles(sheets: list[RawSheet], plans: list[SheetPlan]) -> dict[str, list[str]]:
    """The titles of every sheet by their places, empty where there is none."""
    rows = {plan.sheet: plan.header_row for plan in plans}
    found: dict[str, list[str]] = {}
    for sheet in sheets:
        header = sheet.rows.get(rows.get(sheet.name, 1), {})
        found[sheet.name] = [text_of(header.get(i)).strip() for i in range(max(header, default=-1) + 1)]
    return found


def _sheets(content: bytes, name: str, chosen: str | None) -> list[RawSheet] | None:
    """Return the tables of a workbook or of CSV files; None for anything else, frePPLe's workbooks included."""
    if chosen == "csv":
        return csv_tables.raw_sheets(content, name)
    if chosen != "excel":
        return None
    from app.exchange import frepple_tables
    from app.exchange.excel_read import read_workbook

    sheets = read_workbook(content, name)
    return None if frepple_tables.is_one([sheet.name for sheet in sheets]) else sheets
