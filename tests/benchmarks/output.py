"""How the measurements print and save what they found."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.bench.machine import describe


def print_table(rows: Sequence[Mapping[str, Any]], skip: Sequence[str] = ()) -> None:
    """Print rows of one shape under their names."""
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if name not in skip]
    cells = [names, *([_text(row.get(name)) for name in names] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    for line in cells:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)), flush=True)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.3f}" if abs(value) < 10 else f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def write_figures(path: str, name: str, settings: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write figures with the machine and the date; settings that are paths stay out."""
    shown = {key: value for key, value in settings.items() if key != "json"}
    date = dt.datetime.now(dt.UTC).date().isoformat()
    document = {"benchmark": name, "date": date, "machine": describe(), "settings": shown, "rows": list(rows)}
    Path(path).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
