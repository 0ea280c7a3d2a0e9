"""The tables of a schedule as CSV: a folder or a zip file with one file a table, or a single table.

UTF-8 with a byte order mark (spreadsheet programs then take it for what it is), commas, CRLF, dates as local ISO 8601
with their offset. A text that a spreadsheet would take for a formula gets an apostrophe in front, and loses it when it
is read again.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.exchange.excel import plain_text
from app.exchange.share import Rendered, Sharing
from app.exchange.table_cells import CellValue, iso_local, minutes_of
from app.exchange.table_import import RawSheet, import_tables
from app.exchange.table_mapping import table_named
from app.exchange.tables import BY_NAME, TABLES, Column, Row, Table, link_name, rows_of
from app.exchange.text import decode, read_bytes, too_large
from app.exchange.zip_guard import GuardedZip, Limits
from engine.errors import ErrorCode, Fault, TaktwerkError, invalid_schedule
from engine.instants import zone_of
from engine.model import DependencyType, Schedule

LIMITS = Limits(entries=100, entry_bytes=128 * 2**20, total_bytes=256 * 2**20)
_MAX_CELLS = 6_000_000
_FORMULA_SIGNS = "=+-@\t\r\n|%'"
_EPOCH = (1980, 1, 1, 0, 0, 0)


def escaped(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: with ``'`` before it where one would."""
    start = text.lstrip(" ")
    is_risky = start[:1] != "" and (start[0] in _FORMULA_SIGNS or text[0] in "\xa0\ufeff")
    return f"'{text}" if is_risky else text


def unescaped(text: str) -> str:
    """Return the text that ``escaped`` was given; a plain apostrophe at the front of other text stays."""
    rest = text[1:]
    return rest if text[:1] == "'" and escaped(rest) == text else text


def is_folder(path: Path | str) -> bool:
    """Return whether a path means a folder of CSV files: it is one, or ends with a slash, or has no ending."""
    text = str(path)
    return text not in ("-", "") and (text.endswith(("/", os.sep)) or Path(text).is_dir() or not Path(text).suffix)


def for_path(path: Path | str, chosen: str, sharing: Sharing) -> Sharing:
    """Return what is shared, with the table that a ``.csv`` file's name means (the plan when it means none)."""
    if chosen != "csv" or sharing.table is not None or Path(path).suffix.lower() == ".zip":
        return sharing
    table = table_named(Path(path).stem)
    return dataclasses.replace(sharing, table=table.name if table else "plan")


def parse_file(content: bytes, name: str) -> tuple[Schedule, list[str]]:
    """Return the schedule in a zip file of CSV files, or in one CSV file; errors as ``import_tables``."""
    found = import_tables(raw_sheets(content, name), name)
    return found.result(), found.notes


def raw_sheets(content: bytes, name: str) -> list[RawSheet]:
    """Return the tables of a zip file of CSV files, or of one file, as they are (E001, E006, E009)."""
    if content[:2] != b"PK":
        stem = Path(name).stem
        return [RawSheet(stem if table_named(stem) else "operations", _cells(content, name))]
    file = GuardedZip(content, name, LIMITS)
    names = [entry for entry in file.names if entry.lower().endswith(".csv")]
    if not names:
        raise invalid_schedule([Fault(name, len(file.names), "there is no CSV file in it")])
    return [RawSheet(Path(entry).stem, _cells(file.read(entry), entry)) for entry in names]


def zipped_folder(folder: Path) -> bytes:
    """Return the CSV files of a folder as a zip file, to be read like one (E012)."""
    paths = sorted(folder.glob("*.csv"))[: LIMITS.entries]
    if not paths:
        message = f"{folder} cannot be read: it is a folder without CSV files. Check the path."
        raise TaktwerkError(ErrorCode.NOT_FOUND, message, {"path": str(folder)})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in paths:
            archive.writestr(zipfile.ZipInfo(path.name, _EPOCH), read_bytes(path))
    return out.getvalue()


def render_file(schedule: Schedule, sharing: Sharing) -> Rendered:
    """Return one table, or a zip file of all of them."""
    tables = rows_of(schedule, sharing.base)
    zone = zone_of(schedule.metadata.time_zone)
    if sharing.table is not None:
        table = BY_NAME.get(sharing.table)
        if table is None:
            raise invalid_schedule([Fault("table", sharing.table, f"known tables are {', '.join(BY_NAME)}")])
        return _csv(table, tables[table.name], zone), [f"A CSV file holds one table, this one {table.name}."]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in _written(sharing):
            info = zipfile.ZipInfo(f"{table.name}.csv", _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, _csv(table, tables[table.name], zone))
    return out.getvalue(), []


def write_folder(schedule: Schedule, folder: Path, sharing: Sharing) -> list[str]:
    """Write all tables into a new folder, which appears when it is complete.

    Raises
    ------
    TaktwerkError
        E008 when there is something there already, or it cannot be written.
    """
    tables = rows_of(schedule, sharing.base)
    zone = zone_of(schedule.metadata.time_zone)
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise OSError(None, "there is something there already; name a new folder")
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.resolve().parent))
        try:
            for table in _written(sharing):
                (beside / f"{table.name}.csv").write_bytes(_csv(table, tables[table.name], zone))
            beside.chmod(0o755)
            if folder.exists():
                folder.rmdir()
            beside.rename(folder)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise TaktwerkError(
            ErrorCode.STORAGE, f"{folder} cannot be written: {reason}.", {"path": str(folder)}
        ) from None
    return []


def _written(sharing: Sharing) -> Iterator[Table]:
    return (table for table in TABLES if table.name != "changes" or sharing.base is not None)


def _csv(table: Table, rows: list[Row], zone: dt.tzinfo) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column.title for column in table.columns])
    for row in rows:
        writer.writerow([_text(column, row.get(column.field), zone) for column in table.columns])
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "surrogatepass")


def _text(column: Column, value: Any, zone: dt.tzinfo) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return iso_local(value, zone)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if column.kind == "minutes":
        return repr(minutes_of(value))
    if column.kind == "link":
        return link_name(DependencyType(value))
    if isinstance(value, (int, float)) and column.kind in ("number", "integer"):
        return repr(value)
    return escaped(plain_text(column, value))


def _cells(content: bytes, name: str) -> dict[int, dict[int, CellValue]]:
    text = decode(content, name)
    if content.count(b",") + content.count(b";") + content.count(b"\t") > _MAX_CELLS:
        raise too_large(f"{name} has more than {_MAX_CELLS:,} cells.")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    rows: dict[int, dict[int, CellValue]] = {}
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for number, cells in enumerate(reader, start=1):
            rows[number] = {index: unescaped(cell) for index, cell in enumerate(cells[:400]) if cell != ""}
    except csv.Error as error:
        raise invalid_schedule([Fault(f"{name}, line {reader.line_num}", "", f"this is not CSV: {error}")]) from None
    return rows
