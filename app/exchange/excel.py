"""Excel workbooks of a schedule, out and in: one sheet a table, real dates in the plant's zone, never a formula."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from app.exchange import frepple_tables
from app.exchange.excel_read import read_workbook
from app.exchange.share import Rendered, Sharing
from app.exchange.table_cells import ids_text, local_of, minutes_of
from app.exchange.table_import import import_tables
from app.exchange.tables import DAYS, TABLES, Column, Row, Table, link_name, rows_of, shown
from engine.errors import Fault, invalid_schedule
from engine.instants import format_instant, zone_of
from engine.model import DependencyType, Schedule
from storage.canonical import dumps

_DAY_ZERO = dt.datetime(1899, 12, 30)  # noqa: DTZ001 - the plant's clock, as Excel counts it
_FIRST_SERIAL = 61
"""1 March 1900; before it Excel counts a day that never was."""
_MOST_CHARACTERS = 32_767
_MOST_ROWS = 1_048_575
_WIDTHS = {"id": 16, "text": 22, "instant": 18, "json": 24, "ids": 24, "days": 20}
_DATE_FORMATS = {0: "yyyy-mm-dd hh:mm", 1: "yyyy-mm-dd hh:mm:ss", 2: "yyyy-mm-dd hh:mm:ss.000"}


def parse_file(content: bytes, name: str) -> tuple[Schedule, list[str]]:
    """Return the schedule in a workbook of ours, of frePPLe's, or a foreign one whose titles are understood.

    Raises
    ------
    TaktwerkError
        E001 with sheet, cell, value and reason of every fault; E006, E009 as ``read_workbook``.
    """
    sheets = read_workbook(content, name)
    if frepple_tables.is_one([sheet.name for sheet in sheets]):
        return frepple_tables.schedule_of_sheets(sheets, name)
    found = import_tables(sheets, name)
    return found.result(), found.notes


def render_file(schedule: Schedule, sharing: Sharing) -> Rendered:
    """Return the workbook of a schedule; the sheet ``changes`` holds what differs from the base, if there is one.

    Raises
    ------
    TaktwerkError
        E001 when a table has more rows than a sheet.
    """
    return _Book(schedule, sharing).made()


class _Book:
    def __init__(self, schedule: Schedule, sharing: Sharing) -> None:
        self._schedule = schedule
        self._sharing = sharing
        self._zone = zone_of(schedule.metadata.time_zone)
        self._out = io.BytesIO()
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._book = xlsxwriter.Workbook(self._out, {**options, "strings_to_numbers": False, "nan_inf_to_errors": True})
        self._notes: list[str] = []
        self._header = self._book.add_format(
            {"bold": True, "bg_color": "#14708A", "font_color": "#FFFFFF", "valign": "vcenter", "border": 0}
        )
        self._info_header = self._book.add_format({"bold": True, "bg_color": "#98A4AD", "font_color": "#FFFFFF"})
        self._info = self._book.add_format({"font_color": "#56656F"})
        self._text = self._book.add_format({"num_format": "@"})
        self._dates = [self._book.add_format({"num_format": code, "align": "left"}) for code in _DATE_FORMATS.values()]

    def made(self) -> Rendered:
        """Write every sheet."""
        metadata = self._schedule.metadata
        title = self._sharing.title or metadata.name or ""
        self._book.set_properties({"title": title[:200], "created": metadata.timestamp.replace(tzinfo=None)})
        tables = rows_of(self._schedule, self._sharing.base)
        for table in TABLES:
            if table.name == "changes" and self._sharing.base is None:
                continue
            self._sheet(table, tables[table.name])
        self._book.close()
        return self._out.getvalue(), self._notes

    def _sheet(self, table: Table, rows: list[Row]) -> None:
        if len(rows) > _MOST_ROWS:
            reason = f"a sheet holds {_MOST_ROWS:,} rows"
            raise invalid_schedule([Fault(f"snapshot.{table.collection}", len(rows), reason)])
        sheet = self._book.add_worksheet(table.name)
        zone = self._schedule.metadata.time_zone
        for index, column in enumerate(table.columns):
            title = f"{column.title} ({zone})" if column.kind == "instant" else column.title
            sheet.write_string(0, index, title, self._info_header if column.info else self._header)
            width = max(_WIDTHS.get(column.kind, 11), len(title) + 3)
            sheet.set_column(index, index, min(width, 44), self._text if column.kind in ("id", "text") else None)
        sheet.freeze_panes(1, 1)
        if rows:
            sheet.autofilter(0, 0, len(rows), len(table.columns) - 1)
        formats = {c.field: self._date_format(c, rows) for c in table.columns if c.kind == "instant"}
        for number, row in enumerate(rows, start=1):
            for index, column in enumerate(table.columns):
                value = row.get(column.field)
                if value is not None:
                    self._cell(sheet, number, index, column, value, formats.get(column.field))

    def _date_format(self, column: Column, rows: list[Row]) -> Format:
        """Return the shortest format that shows all of the column's dates."""
        dates = [row[column.field] for row in rows if row.get(column.field) is not None]
        return self._dates[2 if any(d.microsecond for d in dates) else 1 if any(d.second for d in dates) else 0]

    def _cell(self, sheet: Worksheet, row: int, index: int, column: Column, value: Any, shape: Format | None) -> None:
        if isinstance(value, dt.datetime):
            self._date(sheet, row, index, value, shape or self._dates[1])
        elif isinstance(value, bool):
            sheet.write_boolean(row, index, value)
        elif column.kind == "minutes":
            self._number(sheet, row, index, minutes_of(value))
        elif column.kind == "link":
            sheet.write_string(row, index, link_name(DependencyType(value)))
        elif isinstance(value, (int, float)) and column.kind in ("number", "integer"):
            self._number(sheet, row, index, value)
        else:
            self._words(sheet, row, index, column, plain_text(column, value))

    @staticmethod
    def _number(sheet: Worksheet, row: int, index: int, value: float) -> None:
        """Write a number; the few that need a 17th digit as text, which is read back exactly."""
        if float(f"{value:.16G}") == value:
            sheet.write_number(row, index, value)
        else:
            sheet.write_string(row, index, repr(value))

    def _date(self, sheet: Worksheet, row: int, index: int, value: dt.datetime, shape: Format) -> None:
        local = local_of(value, self._zone)
        serial = None if local is None else (local - _DAY_ZERO) / dt.timedelta(days=1)
        if serial is None or serial < _FIRST_SERIAL:
            sheet.write_string(row, index, format_instant(value))
        else:
            sheet.write_number(row, index, serial, shape)

    def _words(self, sheet: Worksheet, row: int, index: int, column: Column, text: str) -> None:
        if len(text.encode("utf-16-le")) // 2 > _MOST_CHARACTERS:
            where = f"{sheet.get_name()} row {row + 1}: {column.title.lower()}"
            self._notes.append(f"{where} is longer than a cell holds; it was left out.")
            return
        sheet.write_string(row, index, text, self._info if column.info else None)


def plain_text(column: Column, value: Any) -> str:
    """Return a value as the text that stands in its cell."""
    if column.kind == "ids":
        return ids_text(value)
    if column.kind == "days":
        return " ".join(DAYS[day - 1] for day in value)
    if column.kind == "json":
        return dumps(value).decode()
    return shown(value) if column.info else str(value)
