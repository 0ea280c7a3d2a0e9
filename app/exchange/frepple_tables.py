"""frePPLe's data by model, whether from a workbook (one sheet a model) or from a JSON fixture (Django's form)."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, cast

from app.exchange.table_cells import BadCell, CellValue, text_of
from app.exchange.table_import import RawSheet
from engine.model import Schedule

Record = dict[str, CellValue]
Models = dict[str, list[Record]]

_SHEETS = {"salesorder": "demand", "suboperation": "suboperation"}
_MARKS = {"operation", "resource", "demand", "calendarbucket", "operationmaterial", "operationresource", "item"}
_MODELS = _MARKS | {"calendar", "location", "resourceskill", "skill", "parameter", "suboperation", "customer", "buffer"}
_FIELDS = {"durationperunit": "durationper", "sizeminimum": "sizemin", "sizemaximum": "sizemax"}
_DATE = re.compile(r"^\s*(\d{4}-\d{2}-\d{2})(?:[T\s]+(\d{1,2}:\d{2}(?::\d{2})?))?")
_DAYS = re.compile(r"^\s*(?:(\d+(?:\.\d+)?)\s*d(?:ays?)?)?\s*(?:(\d+):(\d{2}):(\d{2}))?\s*$")


def is_one(names: list[str]) -> bool:
    """Return whether sheets of these names are frePPLe's: an operation sheet, and two more that only it has."""
    folded = {_model(name) for name in names}
    ours = {"operations", "resources", "plan", "orders"} & {name.casefold() for name in names}
    return not ours and "operation" in folded and len(folded & (_MODELS - {"resource"})) >= 4


def schedule_of_sheets(sheets: list[RawSheet], name: str) -> tuple[Schedule, list[str]]:
    """Return the schedule in a frePPLe workbook; errors as ``frepple.parse_file``."""
    from app.exchange.frepple import build  # the plan is built there, of these records

    return build(models_of_sheets(sheets), name)


def models_of_sheets(sheets: list[RawSheet]) -> Models:
    """Return the records of each sheet by model, fields by their folded titles."""
    models: Models = {}
    for sheet in sheets:
        titles = {index: folded(text_of(cell)) for index, cell in sheet.rows.get(1, {}).items()}
        rows: list[Record] = [
            {titles[index]: cell for index, cell in cells.items() if index in titles and not isinstance(cell, BadCell)}
            for number, cells in sorted(sheet.rows.items())
            if number > 1
        ]
        models.setdefault(_model(sheet.name), []).extend(row for row in rows if row)
    return models


def models_of_fixture(data: list[Any]) -> Models:
    """Return the records of a fixture by model; ``name`` is the primary key where no field says it."""
    models: Models = {}
    for entry in cast("list[dict[str, Any]]", [item for item in data if isinstance(item, dict)]):
        fields, model = entry.get("fields"), entry.get("model")
        if not isinstance(fields, dict) or not isinstance(model, str):
            continue
        record: Record = {
            folded(str(key)): value
            for key, value in cast("dict[str, Any]", fields).items()
            if value is None or isinstance(value, (str, int, float, bool))
        }
        if "pk" in entry:
            record.setdefault("name", entry["pk"])
        models.setdefault(_model(model.rpartition(".")[2]), []).append(record)
    return models


def folded(title: str) -> str:
    """Return a title or field as it is compared: ``Duration Per Unit`` and ``duration_per`` are one."""
    plain = re.sub(r"[\s_]+", "", title).casefold()
    return _FIELDS.get(plain, plain)


def text(record: Record, field: str) -> str:
    """Return a field as text."""
    return text_of(record.get(field)).strip()


def number(record: Record, field: str, default: float) -> float:
    """Return a field as a number; the default where there is none."""
    value = record.get(field)
    try:
        found = float(cast(Any, value)) if value not in (None, "") else default
    except (TypeError, ValueError):
        return default
    return found if abs(found) < 1e12 else default


def seconds(record: Record, field: str) -> float:
    """Return a length of time: seconds, ``HH:MM:SS`` or ``365 d``."""
    value = record.get(field)
    if isinstance(value, dt.time):
        return (value.hour * 60 + value.minute) * 60 + value.second
    match = _DAYS.match(value) if isinstance(value, str) else None
    if match and (match[1] or match[2]):
        clock = (int(match[2]) * 60 + int(match[3])) * 60 + int(match[4]) if match[2] else 0
        return float(match[1] or 0) * 86_400 + clock
    return number(record, field, 0)


def moment(record: Record, field: str) -> dt.datetime | None:
    """Return a date in whatever way it is written, as UTC; None where there is none."""
    value = record.get(field)
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=dt.UTC)
    match = _DATE.match(text_of(value))
    if match is None:
        return None
    try:
        return dt.datetime.fromisoformat(f"{match[1]}T{(match[2] or '00:00').zfill(5)}").replace(tzinfo=dt.UTC)
    except ValueError:
        return None


def _model(name: str) -> str:
    plain = re.sub(r"[\s_]+", "", name).casefold()
    return _SHEETS.get(plain, plain)
