"""Tables into a schedule: what they would change of the one that is there, and what is wrong with which cell.

Nothing is replaced in silence. Without a base the tables are a schedule of their own; with one, a table that is missing
and a column that is missing leave what the base has, a row that is missing removes its item, and the difference is the
preview that a planner says yes to.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any

from app.exchange.table_cells import MINUTE_MS, BadCell, CellValue, text_of, value_of
from app.exchange.table_mapping import Mapping, SheetPlan, plan_sheet
from app.exchange.tables import ABOUT_FIELDS, INSTANT_FIELDS, Column, Row
from engine.diff import Delta, diff
from engine.errors import ErrorCode, Fault, TaktwerkError, invalid_schedule
from engine.instants import format_instant, zone_of
from engine.model import Schedule
from engine.validate import parse_schedule

MAX_SHOWN_FAULTS = 1_000
_ITEM = re.compile(r"^snapshot\.(\w+)\[(\d+)\](?:\.(\w+)(?:\[(\d+)\])?)?(?:\.(\w+))?")
_INNER = {"modes": "modes", "demands": "demands", "week": "calendars", "exceptions": "calendars", "rules": "setups"}
_PLACEMENT = ("resourceId", "startDate", "endDate")


@dataclass(frozen=True, slots=True)
class RawSheet:
    """The cells of a sheet by row and column, both as in the file (rows from 1, columns from 0)."""

    name: str
    rows: dict[int, dict[int, CellValue]]


@dataclass(frozen=True, slots=True)
class CellFault:
    """What is wrong with one cell, or with a row where ``cell`` is empty."""

    sheet: str
    cell: str
    value: str
    reason: str

    def fault(self) -> Fault:
        """Return it as a fault of a schedule."""
        return Fault(f"{self.sheet}!{self.cell}" if self.cell else self.sheet, self.value[:80], self.reason)


@dataclass
class TableImport:
    """What an import would do. ``schedule`` is None while there are ``faults``; ``delta`` is against the base."""

    schedule: Schedule | None
    faults: list[CellFault]
    notes: list[str]
    plans: list[SheetPlan]
    base: Schedule | None = None

    @property
    def delta(self) -> Delta | None:
        """What it would change of the base; None without one."""
        return diff(self.base, self.schedule) if self.base is not None and self.schedule is not None else None

    def result(self) -> Schedule:
        """Return the schedule, or raise E001 with every faulty cell."""
        if self.schedule is None:
            raise invalid_schedule([fault.fault() for fault in self.faults], "workbook")
        return self.schedule


@dataclass
class _Read:
    """One row as read: where it stands, its values, and in which column each field stands."""

    sheet: str
    number: int
    values: Row
    plan: SheetPlan


@dataclass
class _Reading:
    faults: list[CellFault] = field(default_factory=list)
    rows: dict[str, list[_Read]] = field(default_factory=dict)
    origins: dict[tuple[str, ...], _Read] = field(default_factory=dict)
    plans: list[SheetPlan] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def fault(self, row: _Read, field_name: str, value: Any, reason: str) -> None:
        """Note a fault of the cell of a field, or of the row where it has none."""
        index = next((c.index for c in row.plan.columns if c.column.field == field_name), None)
        cell = f"{letters(index)}{row.number}" if index is not None else f"row {row.number}"
        if len(self.faults) < MAX_SHOWN_FAULTS:
            self.faults.append(CellFault(row.sheet, cell, "" if value is None else str(value)[:200], reason))


def letters(index: int) -> str:
    """Return the letters of a column counted from 0."""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(65 + rest) + text
    return text


def import_tables(
    sheets: list[RawSheet], name: str, base: Schedule | None = None, mapping: Mapping | None = None
) -> TableImport:
    """Return what the tables of a file would make.

    Parameters
    ----------
    sheets
        The tables as they are in the file.
    name
        The file's name, which is the schedule's if nothing else says one.
    base
        What they are laid over.
    mapping
        Which columns hold what; guessed from titles where it is silent.

    Raises
    ------
    TaktwerkError
        E001 when no table is recognised or the mapping is wrong; E006 when there is too much.
    """
    reading = _Reading()
    for sheet in sheets:
        _plan(sheet, mapping, reading)
    if not any(plan.table.collection for plan in reading.plans):
        known = "resources, orders, operations, plan …"
        reason = f"no sheet is a table that is known ({known}); give a column mapping (--mapping)"
        raise invalid_schedule([Fault(name, ", ".join(s.name for s in sheets)[:80], reason)], "workbook")
    about = _about(sheets, reading)
    zone_name = about.get("timeZone") or (base.metadata.time_zone if base else "UTC")
    try:
        zone: dt.tzinfo = zone_of(zone_name)
    except ValueError as error:
        reading.faults.append(CellFault("about", "B", str(zone_name)[:80], str(error)))
        zone = dt.UTC
    for sheet, plan in ((s, p) for s in sheets for p in reading.plans if p.sheet == s.name):
        if plan.table.collection:
            reading.rows.setdefault(plan.table.name, []).extend(_rows(sheet, plan, zone, reading))
    raw = _Assembly(reading, base).document(about, name, zone)
    schedule = _parsed(raw, reading)
    return TableImport(schedule, reading.faults, reading.notes, reading.plans, base)


def _plan(sheet: RawSheet, mapping: Mapping | None, reading: _Reading) -> None:
    saved = mapping.sheets.get(sheet.name) if mapping else None
    header = sheet.rows.get(saved.header_row if saved else 1, {})
    plan = plan_sheet(sheet.name, header, mapping)
    if plan is None:
        reading.notes.append(f"The sheet {sheet.name[:80]!r} is not read: it is no table that is known.")
        return
    if any(plan.table is other.table for other in reading.plans):
        reading.notes.append(f"The sheet {sheet.name[:80]!r} is a second table {plan.table.name!r}; both are read.")
    if plan.unknown and plan.table.name not in ("about", "changes"):
        titles = ", ".join(title[:40] for title in plan.unknown[:10])
        reading.notes.append(f"Not read from {sheet.name[:80]!r}: {titles}.")
    key = "operation" if plan.table.name in ("modes", "demands", "plan") else "id"
    if plan.table.collection and not any(found.column.field == key for found in plan.columns):
        wanted = plan.table.column(key).title
        reason = f"no column is {wanted!r}, without which the table says nothing; name it in a column mapping"
        reading.faults.append(CellFault(sheet.name, "", ", ".join(plan.unknown)[:200], reason))
    reading.plans.append(plan)


def _about(sheets: list[RawSheet], reading: _Reading) -> dict[str, Any]:
    known = {title: name for name, title in ABOUT_FIELDS.items()}
    found: dict[str, Any] = {}
    for plan in reading.plans:
        if plan.table.name != "about":
            continue
        sheet = next(s for s in sheets if s.name == plan.sheet)
        for cells in sheet.rows.values():
            key = known.get(text_of(cells.get(0)))
            if key and not isinstance(cells.get(1), BadCell):
                found[key] = cells.get(1) if key in INSTANT_FIELDS else text_of(cells.get(1))
    return found


def _rows(sheet: RawSheet, plan: SheetPlan, zone: dt.tzinfo, reading: _Reading) -> list[_Read]:
    rows: list[_Read] = []
    for number, cells in sorted(sheet.rows.items()):
        if number <= plan.header_row:
            continue
        row = _Read(sheet.name, number, {}, plan)
        for found in plan.columns:
            cell = cells.get(found.index)
            if found.column.info:
                continue
            try:
                row.values[found.column.field] = value_of(found.column, cell, zone, found.unit_ms)
            except ValueError as error:
                reading.fault(row, found.column.field, text_of(cell), str(error))
        if any(value is not None for value in row.values.values()):
            rows.append(row)
    return rows


class _Assembly:
    """Puts rows together to a ScheduleDataDTO, remembering which row each item came from."""

    def __init__(self, reading: _Reading, base: Schedule | None) -> None:
        self.reading = reading
        self.rows = reading.rows
        self.base = base.to_json() if base else {"snapshot": {}, "metadata": {}}

    def document(self, about: dict[str, Any], name: str, zone: dt.tzinfo) -> dict[str, Any]:
        """Return the ScheduleDataDTO as plain data."""
        shot: dict[str, Any] = self.base["snapshot"]
        snapshot = {
            "resources": self._items("resources", "resources", {"name": ""}),
            "calendars": self._groups("calendars", "calendars", self._calendar),
            "orders": self._items("orders", "orders", {"name": ""}),
            "setupMatrices": self._groups("setups", "setupMatrices", self._matrix),
            "dependencies": self._items("dependencies", "dependencies", {}),
            "constraints": self._items("constraints", "constraints", {}),
            "events": self._events(shot.get("events", [])),
        }
        metadata = dict(self.base["metadata"])
        stem = re.sub(r"\.[A-Za-z]{2,5}$", "", name)
        for key, value in about.items():
            if key == "version":
                continue
            metadata[key] = _instant_text(value, zone) if key in INSTANT_FIELDS else value
        for key, value in (("plantId", "import"), ("userId", "import")):
            metadata.setdefault(key, value)
        if not about:
            metadata.setdefault("name", stem)
        metadata.setdefault("timestamp", "2026-01-01T00:00:00Z")
        version = about.get("version") or self.base.get("version") or "1.0"
        return {"version": version, "snapshot": snapshot, "metadata": metadata}

    def _items(self, table: str, collection: str, defaults: Row) -> list[Row]:
        before: list[Row] = self.base["snapshot"].get(collection, [])
        if table not in self.rows and not self._has_table(table):
            return before
        known = {item["id"]: item for item in before}
        items: list[Row] = []
        for row in self.rows.get(table, []):
            self.reading.origins[collection, str(len(items)), table] = row
            items.append(self._laid_over(known.get(row.values.get("id") or ""), row.values, defaults))
        return items

    def _has_table(self, table: str) -> bool:
        return any(plan.table.name == table for plan in self.reading.plans)

    @staticmethod
    def _laid_over(before: Row | None, values: Row, defaults: Row) -> Row:
        """Return the item of a row: its columns over what the base has; an empty cell takes the value away."""
        item = {**defaults, **(before or {})}
        for key, value in values.items():
            if value is not None:
                item[key] = value
            elif key not in defaults:
                item.pop(key, None)
            else:
                item[key] = defaults[key]
        return item

    def _events(self, before: list[Row]) -> list[Row]:
        events = [dict(item) for item in self._items("operations", "events", {"name": ""})]
        old = {item["id"]: item for item in before}
        by_id: dict[str, int] = {}
        for index, event in enumerate(events):
            key = event.get("id")
            if isinstance(key, str):
                by_id.setdefault(key, index)
            event.setdefault("duration", 0)
            if self._has_table("plan"):
                for name in _PLACEMENT:
                    event.pop(name, None)
            for table in ("modes", "demands"):
                if self._has_table(table):
                    event.pop(table, None)
                elif isinstance(key, str) and key in old and table in old[key]:
                    event[table] = old[key][table]
        self._attach(events, by_id)
        self._place(events, by_id)
        return events

    def _attach(self, events: list[Row], by_id: dict[str, int]) -> None:
        for table in ("modes", "demands"):
            for row in self.rows.get(table, []):
                values = {key: value for key, value in row.values.items() if value is not None and key != "operation"}
                index = self._operation(row, by_id)
                if index is None:
                    continue
                items: list[Row] = events[index].setdefault(table, [])
                self.reading.origins["events", str(index), table, str(len(items))] = row
                items.append(values)

    def _place(self, events: list[Row], by_id: dict[str, int]) -> None:
        seen: set[int] = set()
        for row in self.rows.get("plan", []):
            index = self._operation(row, by_id)
            if index is None:
                continue
            if index in seen:
                self.reading.fault(
                    row, "operation", row.values.get("operation"), "stands twice in this table; keep one"
                )
            seen.add(index)
            self.reading.origins["events", str(index), "plan"] = row
            events[index] |= {k: v for k, v in row.values.items() if k in _PLACEMENT and v is not None}

    def _operation(self, row: _Read, by_id: dict[str, int]) -> int | None:
        key = row.values.get("operation")
        if key is None:
            self.reading.fault(row, "operation", None, "the operation's id is missing")
        elif key not in by_id:
            self.reading.fault(row, "operation", key, f"there is no operation {str(key)[:80]!r}")
        return by_id.get(key) if key is not None else None

    def _groups(self, table: str, collection: str, add: Any) -> list[Row]:
        if not self._has_table(table):
            return self.base["snapshot"].get(collection, [])
        groups: dict[str, Row] = {}
        positions: dict[str, int] = {}
        for row in self.rows.get(table, []):
            key = row.values.get("id")
            if key is None:
                self.reading.fault(row, "id", None, "the id is missing")
                continue
            if key not in groups:
                self.reading.origins[collection, str(len(groups)), table] = row
                positions[key] = len(groups)
            first = groups.setdefault(key, {"id": key, "name": row.values.get("name") or ""})
            add(row, first, str(positions[key]))
        return list(groups.values())

    def _calendar(self, row: _Read, item: Row, index: str) -> None:
        values = row.values
        item.setdefault("week", [])
        if values.get("timeZone"):
            item["timeZone"] = values["timeZone"]
        kind = (values.get("kind") or ("exception" if values.get("working") is not None else "week")).lower()
        if kind == "week":
            shift = {"days": values.get("days") or [], "from": values.get("from"), "to": values.get("to")}
            self.reading.origins["calendars", index, "week", str(len(item["week"]))] = row
            item["week"].append({key: value for key, value in shift.items() if value is not None})
        elif kind == "exception":
            free = {"from": values.get("from"), "to": values.get("to"), "working": values.get("working")}
            free |= {"name": values["exception"]} if values.get("exception") is not None else {}
            exceptions: list[Row] = item.setdefault("exceptions", [])
            self.reading.origins["calendars", index, "exceptions", str(len(exceptions))] = row
            exceptions.append({key: value for key, value in free.items() if value is not None})
        elif kind != "never working":
            self.reading.fault(row, "kind", kind, "week, exception or never working belongs here")

    def _matrix(self, row: _Read, item: Row, index: str) -> None:
        kind = (row.values.get("kind") or "rule").lower()
        taken = ("from", "to", "duration", "cost", "forbidden") if kind == "rule" else ("duration", "cost")
        values = {key: row.values[key] for key in taken if row.values.get(key) is not None}
        if kind == "default":
            item["default"] = {"duration": 0, **values}
        elif kind == "rule":
            rules: list[Row] = item.setdefault("rules", [])
            self.reading.origins["setupMatrices", index, "rules", str(len(rules))] = row
            rules.append(values)
        elif kind != "no rules":
            self.reading.fault(row, "kind", kind, "default, rule or no rules belongs here")


def _instant_text(value: Any, zone: dt.tzinfo) -> str:
    if isinstance(value, dt.datetime):
        return format_instant(value.replace(tzinfo=zone) if value.tzinfo is None else value)
    column = Column("", "", "instant")
    try:
        return str(value_of(column, value, zone, MINUTE_MS))
    except ValueError:
        return text_of(value)


def _parsed(raw: Row, reading: _Reading) -> Schedule | None:
    """Return the schedule, or None with every fault laid to its cell."""
    try:
        schedule = parse_schedule(raw)
    except TaktwerkError as error:
        if error.code is not ErrorCode.INVALID_SCHEDULE:
            raise
        for fault in error.details["faults"]:
            _lay_to_cell(fault, reading)
        return None
    return None if reading.faults else schedule


def _lay_to_cell(fault: dict[str, Any], reading: _Reading) -> None:
    path, value, reason = fault["path"], fault["value"], fault["reason"]
    match = _ITEM.match(path)
    if match:
        collection, index, inner, number, leaf = match.groups()
        candidates = _candidates(reading, collection, index, inner, number)
        for row in candidates:
            for name in (leaf, inner):
                if name and any(found.column.field == name for found in row.plan.columns):
                    _note(reading, row, name, value, reason)
                    return
        if candidates:
            _note(reading, candidates[0], "", value, f"{inner or leaf or ''}: {reason}".lstrip(": "))
            return
    if len(reading.faults) < MAX_SHOWN_FAULTS:
        reading.faults.append(CellFault(path, "", "" if value is None else str(value)[:200], reason))


def _note(reading: _Reading, row: _Read, name: str, value: Any, reason: str) -> None:
    """Note a fault unless the cell is known to be faulty: one bad cell would otherwise be told twice."""
    index = next((c.index for c in row.plan.columns if c.column.field == name), None)
    cell = f"{letters(index)}{row.number}" if index is not None else None
    if cell is None or not any(fault.sheet == row.sheet and fault.cell == cell for fault in reading.faults):
        reading.fault(row, name, value, reason)


def _candidates(reading: _Reading, collection: str, index: str, inner: str | None, number: str | None) -> list[_Read]:
    """Return the rows that an item came from, the nearest first."""
    found: list[_Read] = []
    if inner and number and (row := reading.origins.get((collection, index, inner, number))):
        found.append(row)
    tables = ("operations", "plan") if collection == "events" else (_INNER.get(inner or "", ""), collection)
    for table in (*tables, "setups", "calendars"):
        if row := reading.origins.get((collection, index, table)):
            found.append(row)
    return found
