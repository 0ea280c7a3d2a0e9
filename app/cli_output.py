"""What the command line prints: one JSON document, or tables and plain lines for people."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from engine.errors import TaktwerkError
from engine.wording import length

if TYPE_CHECKING:
    from rich.console import Console

    from engine.model import Metrics

_SHOWN_FAULTS = 20


def print_json(document: Any) -> None:
    """Print one JSON document to standard output."""
    sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
    sys.stdout.flush()


def note(text: str) -> None:
    """Print one line to standard error: what a person wants to know and a program must not read."""
    print(text, file=sys.stderr, flush=True)


def print_error(error: TaktwerkError, as_json: bool) -> None:
    """Print a coded error: the error object, or the message with the first of its facts."""
    if as_json:
        print_json(error.to_json())
        return
    faults = error.details.get("faults")
    if isinstance(faults, list) and len(faults) > 1:
        note(f"{error.code.value}: The input has {len(faults)} faults.")
        for fault in faults[:_SHOWN_FAULTS]:
            note(f"  {fault['path']}: {fault['reason']}")
        if len(faults) > _SHOWN_FAULTS:
            note(f"  and {len(faults) - _SHOWN_FAULTS} more (--json lists them all)")
        return
    note(str(error))
    for title, key in (("What cannot hold together:", "conflict"), ("What would help:", "repairs")):
        items = error.details.get(key)
        if isinstance(items, list) and items:
            note(title)
            for item in items[:_SHOWN_FAULTS]:
                note(f"  - {item.get('message') or item.get('text', item) if isinstance(item, dict) else item}")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table to standard output; numbers stand right."""
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    cells = [list(row) for row in rows]
    for index, column in enumerate(columns):
        numeric = bool(cells) and all(row[index][:1].isdigit() or row[index][:1] in "-+" for row in cells if row[index])
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        table.add_row(*row)
    _console().print(table)


def _console() -> Console:
    """A console on the present standard output; a table for a file or a pipe is not cut to 80 columns."""
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, markup=False, width=None if sys.stdout.isatty() else 160)


def hours(milliseconds: float) -> str:
    """Return a time in hours with one decimal."""
    return f"{milliseconds / 3_600_000:,.1f} h"


def metric_rows(after: Metrics, before: Metrics | None = None) -> list[list[str]]:
    """Return the key figures as table rows: name, before (if given), now."""
    figures = [
        ("Makespan", lambda m: length(m.makespan)),
        ("Late orders", lambda m: str(m.late_orders)),
        ("Tardiness", lambda m: hours(m.total_tardiness)),
        ("Utilisation", lambda m: f"{100 * m.resource_utilization:.1f} %"),
        ("Setup time", lambda m: hours(m.total_setup_time)),
        ("Cost", lambda m: f"{m.cost:,.0f}"),
        ("Violations", lambda m: str(m.constraint_violations)),
    ]
    plans = [before, after] if before else [after]
    return [[name, *(show(plan) for plan in plans)] for name, show in figures]
