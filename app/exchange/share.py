"""The formats in which a plan is handed on: what each is called, how it is told, and who reads and writes it.

The modules are imported when they are needed; the workstation does not wait for libraries it may never use.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.model import Schedule

if TYPE_CHECKING:
    from app.exchange.package_keys import KeyRing
    from app.exchange.package_parts import VersionNote


@dataclass(frozen=True, slots=True)
class Sharing:
    """What may go with a schedule when it is written.

    Attributes
    ----------
    base, base_title
        The version to show the differences to, and what to call it.
    title
        What planners call the schedule.
    resource
        Only this resource's work (``ics``).
    table
        Which table (``csv`` as one file).
    sender, keys, note, ancestors, history
        See ``package.write``; ``history`` are its steps.
    """

    base: Schedule | None = None
    base_title: str = ""
    title: str = ""
    resource: str | None = None
    table: str | None = None
    sender: str = ""
    keys: KeyRing | None = None
    note: VersionNote | None = None
    ancestors: tuple[str, ...] = ()
    history: tuple[object, ...] = ()


Rendered = tuple[bytes, list[str]]
"""A file, and what the format does not hold."""
Reader = Callable[[bytes, str], tuple[Schedule, list[str]]]
Writer = Callable[[Schedule, Sharing], Rendered]


@dataclass(frozen=True, slots=True)
class ShareFormat:
    """One format; ``module`` has ``parse_file`` if it can be read and ``render_file`` if it can be written."""

    name: str
    title: str
    module: str
    suffixes: tuple[str, ...]
    can_read: bool = True
    can_write: bool = True

    def parse(self, content: bytes, name: str) -> tuple[Schedule, list[str]]:
        """Return the schedule in a file, and what a planner must know of it."""
        reader: Reader = importlib.import_module(self.module).parse_file
        return reader(content, name)

    def render(self, schedule: Schedule, sharing: Sharing) -> Rendered:
        """Return the file of a schedule, and what it lacks."""
        writer: Writer = importlib.import_module(self.module).render_file
        return writer(schedule, sharing)


SHARE_FORMATS = {
    entry.name: entry
    for entry in (
        ShareFormat("takt", "Taktwerk package", "app.exchange.package_file", (".takt",)),
        ShareFormat("excel", "Excel workbook", "app.exchange.excel", (".xlsx",)),
        ShareFormat("csv", "CSV tables", "app.exchange.csv_tables", (".csv", ".zip")),
        ShareFormat("mspdi", "Microsoft Project XML", "app.exchange.mspdi", (".xml",)),
        ShareFormat("frepple", "frePPLe data", "app.exchange.frepple", (), can_write=False),
        ShareFormat("html", "HTML page", "app.exchange.html_page", (".html", ".htm"), can_read=False),
        ShareFormat("pdf", "PDF", "app.exchange.pdf_report", (".pdf",), can_read=False),
        ShareFormat("ics", "calendar file", "app.exchange.calendar_ics", (".ics",), can_read=False),
    )
}


def format_of_suffix(path: Path | str) -> str | None:
    """Return the format that a file's ending names; None when it names none of these."""
    suffix = Path(path).suffix.lower()
    return next((entry.name for entry in SHARE_FORMATS.values() if suffix in entry.suffixes), None)


def format_of_content(content: bytes, name: str) -> str | None:
    """Return the format that a file shows by itself; None when it is none of these."""
    if name.lower().endswith(".takt"):
        return "takt"
    if content[:2] == b"PK":
        package = importlib.import_module("app.exchange.package")
        if package.is_one(content):
            return "takt"
        return "excel" if b"xl/" in content[-(2**20) :] or name.lower().endswith((".xlsx", ".xlsm")) else "csv"
    head = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[:1] == b"<":
        return "mspdi"
    if head[:1] == b"[" and b'"model"' in content[:20_000]:
        return "frepple"
    return "csv" if name.lower().endswith(".csv") else None
