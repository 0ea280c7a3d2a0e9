"""A schedule as tables, one row an item: what the Excel workbook and the CSV files have in common.

Every table names its columns, what planners read above them, and which field of the contract they hold. Values in rows
are plain Python: text, numbers, truth values, aware datetimes, lists of ids. Columns marked ``info`` are written for
people and not read back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from engine.diff import COLLECTIONS, Delta, diff
from engine.model import Calendar, DependencyType, Operation, Schedule, SetupMatrix

Kind = Literal["id", "text", "number", "integer", "flag", "instant", "minutes", "ids", "days", "json", "link"]
Row = dict[str, Any]

LINKS = {"SS": 0, "SF": 1, "FS": 2, "FF": 3}
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``field`` is the wire name of what it holds, ``aliases`` are other titles it is known by."""

    title: str
    field: str
    kind: Kind = "text"
    aliases: tuple[str, ...] = ()
    info: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its name, its columns and the collection of the snapshot whose items it describes."""

    name: str
    columns: tuple[Column, ...]
    collection: str = ""
    aliases: tuple[str, ...] = ()

    def column(self, field: str) -> Column:
        """Return the column of a field."""
        return next(column for column in self.columns if column.field == field)


def _c(title: str, field: str, kind: Kind = "text", *aliases: str, info: bool = False) -> Column:
    return Column(title, field, kind, aliases, info)


_NAME = _c("Name", "name", "text", "Description", "Bezeichnung", "Title")
_ATTRIBUTES = _c("Attributes", "attributes", "json")
_DATES = (
    _c("Release", "releaseDate", "instant", "Release date", "Earliest start", "Freigabe", "Frühester Start"),
    _c("Due", "dueDate", "instant", "Due date", "Delivery date", "Liefertermin", "Termin"),
    _c("Deadline", "deadline", "instant", "Latest end", "Hard due date"),
)
_OPERATION = _c("Operation", "operation", "id", "Operation id", "Event", "Arbeitsgang", "Vorgang")
_RESOURCE = _c("Resource", "resourceId", "id", "Resource id", "Machine", "Work center", "Maschine", "Arbeitsplatz")

ABOUT = Table("about", (_c("What", "key"), _c("Value", "value")), "", ("metadata",))
RESOURCES = Table(
    "resources",
    (
        _c("Id", "id", "id", "Resource", "Resource id", "Machine", "Maschine", "Number"),
        _NAME,
        _c("Type", "type", "text", "Kind", "Typ"),
        _c("Group", "group", "text", "Department", "Gruppe"),
        _c("Calendar", "calendar", "id", "Calendar id", "Kalender", "Shift model"),
        _c("Capacity", "capacity", "integer", "Units", "Kapazität"),
        _c("Infinite", "infinite", "flag", "Unlimited"),
        _c("Stock", "nonrenewable", "flag", "Nonrenewable"),
        _c("Efficiency", "efficiency", "number", "Leistungsgrad"),
        _c("Setup matrix", "setupMatrix", "id"),
        _c("Initial setup", "initialSetup", "id"),
        _c("Cost per hour", "costPerHour", "number", "Hourly rate", "Stundensatz"),
        _ATTRIBUTES,
    ),
    "resources",
    ("machines", "ressourcen", "maschinen", "work centers"),
)
CALENDARS = Table(
    "calendars",
    (
        _c("Id", "id", "id", "Calendar", "Kalender"),
        _NAME,
        _c("Time zone", "timeZone"),
        _c("Kind", "kind"),
        _c("Days", "days", "days"),
        _c("From", "from"),
        _c("To", "to"),
        _c("Working", "working", "flag"),
        _c("Exception", "exception"),
    ),
    "calendars",
    ("kalender", "shifts"),
)
ORDERS = Table(
    "orders",
    (
        _c("Id", "id", "id", "Order", "Order id", "Order number", "Auftrag", "Auftragsnummer", "Number"),
        _NAME,
        _c("Product", "product", "text", "Item", "Material", "Produkt", "Artikel"),
        _c("Quantity", "quantity", "number", "Qty", "Menge"),
        _c("Customer", "customer", "text", "Client", "Kunde"),
        *_DATES,
        _c("Priority", "priority", "number", "Weight", "Priorität"),
        _ATTRIBUTES,
    ),
    "orders",
    ("sales orders", "aufträge"),
)
OPERATIONS = Table(
    "operations",
    (
        _c("Id", "id", "id", "Operation", "Operation id", "Event", "Arbeitsgang", "Vorgang", "Number"),
        _NAME,
        _c("Order", "orderId", "id", "Order id", "Auftrag"),
        _c("Duration (min)", "duration", "minutes", "Duration", "Work", "Processing time", "Dauer", "Bearbeitungszeit"),
        _c("Setup family", "setupFamily", "id", "Family", "Rüstfamilie"),
        *_DATES,
        _c("Priority", "priority", "number", "Weight", "Priorität"),
        _c("Interruptible", "interruptible", "flag"),
        _c("Status", "status", "text", "State"),
        _c("Done (%)", "percentDone", "number", "Percent done", "Progress", "Fortschritt"),
        _c("Locked", "locked", "flag", "Fixed", "Fixiert"),
        _c("Manually scheduled", "manuallyScheduled", "flag"),
        _ATTRIBUTES,
    ),
    "events",
    ("events", "arbeitsgänge", "vorgänge", "tasks"),
)
MODES = Table(
    "modes",
    (_OPERATION, _RESOURCE, _c("Duration (min)", "duration", "minutes"), _c("Cost", "cost", "number")),
    "modes",
    ("alternatives",),
)
DEMANDS = Table(
    "demands",
    (
        _OPERATION,
        _c("Resource", "resourceId", "id"),
        _c("One of", "resourceIds", "ids"),
        _c("Quantity", "quantity", "integer"),
        _c("Only on", "onlyOn", "ids"),
    ),
    "demands",
)
SETUPS = Table(
    "setups",
    (
        _c("Matrix", "id", "id"),
        _NAME,
        _c("Kind", "kind"),
        _c("From", "from", "id"),
        _c("To", "to", "id"),
        _c("Duration (min)", "duration", "minutes", "Duration"),
        _c("Cost", "cost", "number"),
        _c("Forbidden", "forbidden", "flag"),
    ),
    "setupMatrices",
    ("setup matrices", "rüstmatrix"),
)
DEPENDENCIES = Table(
    "dependencies",
    (
        _c("Id", "id", "id"),
        _c("From", "fromEvent", "id", "Predecessor", "Vorgänger"),
        _c("To", "toEvent", "id", "Successor", "Nachfolger"),
        _c("Type", "type", "link"),
        _c("Lag", "lag", "number"),
        _c("Lag unit", "lagUnit"),
        _c("Greatest lag", "maxLag", "number"),
        _c("Greatest lag unit", "maxLagUnit"),
    ),
    "dependencies",
    ("links", "abhängigkeiten"),
)
CONSTRAINTS = Table(
    "constraints",
    (
        _c("Id", "id", "id"),
        _c("Type", "type"),
        _c("Enabled", "enabled", "flag"),
        _NAME,
        _c("Operation", "eventId", "id"),
        _c("Date", "date", "instant"),
        _c("Operations", "eventIds", "ids"),
        _c("Resource", "resourceId", "id"),
        _c("Start", "start", "instant"),
        _c("End", "end", "instant"),
        _c("Units out", "capacity", "integer"),
        _c("Reason", "reason"),
    ),
    "constraints",
)
PLAN = Table(
    "plan",
    (
        _OPERATION,
        _c("Name", "name", "text", info=True),
        _c("Order", "orderId", "id", info=True),
        _RESOURCE,
        _c("Start", "startDate", "instant", "Start date", "Begin", "Beginn"),
        _c("End", "endDate", "instant", "End date", "Finish", "Ende"),
    ),
    "placements",
    ("schedule", "placements", "belegung"),
)
CHANGES = Table(
    "changes",
    tuple(
        _c(title, field, info=True)
        for title, field in (
            ("What", "what"),
            ("Id", "id"),
            ("Name", "name"),
            ("Change", "change"),
            ("Field", "field"),
            ("Before", "before"),
            ("After", "after"),
        )
    ),
)
TABLES = (
    ABOUT,
    RESOURCES,
    CALENDARS,
    ORDERS,
    OPERATIONS,
    MODES,
    DEMANDS,
    SETUPS,
    DEPENDENCIES,
    CONSTRAINTS,
    PLAN,
    CHANGES,
)
BY_NAME = {table.name: table for table in TABLES}

ABOUT_FIELDS = {
    "name": "Name",
    "plantId": "Plant",
    "version": "Schedule version",
    "timestamp": "Taken at",
    "userId": "User",
    "timeZone": "Time zone of all dates",
    "scheduleId": "Schedule id",
    "horizonStart": "Now",
    "freezeUntil": "Frozen until",
}
"""The rows of ``about``: fields of the metadata (and ``version``), and what is written before them."""
INSTANT_FIELDS = ("timestamp", "horizonStart", "freezeUntil")

_NOUNS = {
    "resources": "resource",
    "events": "operation",
    "dependencies": "dependency",
    "constraints": "constraint",
    "calendars": "calendar",
    "orders": "order",
    "setup_matrices": "setup matrix",
}


def rows_of(schedule: Schedule, base: Schedule | None = None) -> dict[str, list[Row]]:
    """Return the rows of every table by its name; ``changes`` holds what turned ``base`` into the schedule."""
    shot = schedule.snapshot
    tables: dict[str, list[Row]] = {
        "about": _about(schedule),
        "resources": [_plain(item) for item in shot.resources],
        "calendars": [row for item in shot.calendars for row in _calendar(item)],
        "orders": [_plain(item) for item in shot.orders],
        "operations": [_plain(item) for item in shot.events],
        "modes": [{"operation": op.id, **_plain(mode)} for op in shot.events for mode in op.modes or ()],
        "demands": [{"operation": op.id, **_plain(need)} for op in shot.events for need in op.demands or ()],
        "setups": [row for item in shot.setup_matrices for row in _matrix(item)],
        "dependencies": [_plain(item) for item in shot.dependencies],
        "constraints": [_plain(item) for item in shot.constraints],
        "plan": [row for op in shot.events for row in _placement(op)],
        "changes": [] if base is None else list(change_rows(base, schedule)),
    }
    return tables


def _plain(item: Any) -> Row:
    """Return the fields of an item by wire name, as the model has them; absent ones are left out."""
    fields = type(item).model_fields
    return {
        info.alias or name: value for name, info in fields.items() if (value := item.__dict__.get(name)) is not None
    }


def _about(schedule: Schedule) -> list[Row]:
    known = _plain(schedule.metadata) | {"version": schedule.version}
    return [{"key": title, "value": known[field]} for field, title in ABOUT_FIELDS.items() if field in known]


def _calendar(item: Calendar) -> Iterator[Row]:
    head = {"id": item.id, "name": item.name, "timeZone": item.time_zone}
    for shift in item.week:
        yield {**head, "kind": "week", "days": shift.days, "from": shift.from_, "to": shift.to}
    for free in item.exceptions:
        span = {"from": free.from_, "to": free.to, "working": free.working, "exception": free.name}
        yield {**head, "kind": "exception", **span}
    if not item.week and not item.exceptions:
        yield {**head, "kind": "never working"}


def _matrix(item: SetupMatrix) -> Iterator[Row]:
    head = {"id": item.id, "name": item.name}
    if item.default is not None:
        yield {**head, "kind": "default", **_plain(item.default)}
    for rule in item.rules:
        values = {"from": rule.from_, "to": rule.to, "duration": rule.duration, "cost": rule.cost}
        yield {**head, "kind": "rule", **values, "forbidden": rule.forbidden}
    if item.default is None and not item.rules:
        yield {**head, "kind": "no rules"}


def _placement(op: Operation) -> Iterator[Row]:
    row = {"resourceId": op.resource_id, "startDate": op.start_date, "endDate": op.end_date}
    if any(value is not None for value in row.values()):
        yield {"operation": op.id, "name": op.name, "orderId": op.order_id, **row}


def change_rows(base: Schedule, schedule: Schedule) -> Iterator[Row]:
    """Yield a row for every field that differs."""
    yield from delta_rows(diff(base, schedule), base, schedule)


def delta_rows(delta: Delta, base: Schedule, schedule: Schedule) -> Iterator[Row]:
    """Yield a row for every changed field of a difference, added and removed items as one row each."""
    for collection in COLLECTIONS:
        changes = delta.items.get(collection)
        if not changes:
            continue
        names = {item.id: _name(item) for shot in (base, schedule) for item in getattr(shot.snapshot, collection)}
        for key, change in changes.items():
            head = {"what": _NOUNS[collection], "id": key, "name": names.get(key, "")}
            if change.added or change.removed:
                yield {**head, "change": "added" if change.added else "removed"}
                continue
            for field, (before, after) in change.fields.items():
                yield {**head, "change": "changed", "field": field, "before": shown(before), "after": shown(after)}
    for field, (before, after) in delta.metadata.items():
        head = {"what": "schedule", "id": "", "name": ABOUT_FIELDS.get(field, field)}
        yield {**head, "change": "changed", "field": field, "before": shown(before), "after": shown(after)}


def _name(item: Any) -> str:
    name = getattr(item, "name", None)
    if name is not None:
        return str(name)
    return f"{item.from_event} > {item.to_event}" if hasattr(item, "from_event") else ""


def shown(value: Any) -> str:
    """Return a JSON value as a short text for people."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= 2_000 else f"{text[:2_000]}…"


def link_name(kind: DependencyType) -> str:
    """Return ``FS`` and so on."""
    return next(name for name, number in LINKS.items() if number == kind)
