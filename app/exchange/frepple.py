"""frePPLe's data as a schedule: sales orders exploded over operations, routings and materials.

frePPLe plans supply chains, Taktwerk a plant: what is taken is operations with their times, resources with pools,
skills and calendars, the order of work that routings and materials ask for, and orders with their due dates. Stocks,
suppliers and transports are told and left out. Described at frepple.com/docs (MIT licence).
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.exchange.frepple_calendars import calendar_of
from app.exchange.frepple_tables import Models, Record, models_of_fixture, moment, number, seconds, text
from app.exchange.text import MAX_OPERATIONS, too_large
from engine.errors import Fault, invalid_schedule
from engine.instants import format_instant
from engine.model import Schedule
from engine.validate import parse_schedule

_MAX_DEPTH = 60
_DEFAULT_NOW = "2026-01-01T00:00:00Z"

Row = dict[str, Any]


def parse_file(content: bytes, name: str) -> tuple[Schedule, list[str]]:
    """Return the schedule in a frePPLe JSON fixture, and what was left out.

    Raises
    ------
    TaktwerkError
        E001 when it is none or nothing can be planned; E006 when it is too large.
    """
    try:
        data = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise invalid_schedule([Fault(f"{name}, line {error.lineno}", "", f"this is not JSON: {error.msg}")]) from None
    if not isinstance(data, list):
        raise invalid_schedule([Fault(name, "", "a list of records with model and fields is expected")])
    return build(models_of_fixture(data), name)


def build(models: Models, name: str) -> tuple[Schedule, list[str]]:
    """Return the schedule that the records describe, and what was left out; errors as ``parse_file``."""
    return _Plant(models, name).made()


@dataclass
class _Step:
    """One operation to be planned: its record, how much it makes, and its id."""

    record: Record
    quantity: float
    key: str


@dataclass
class _Found:
    """What is made of one sales order: the steps to wait for."""

    last: list[str] = field(default_factory=list)


class _Plant:
    def __init__(self, models: Models, name: str) -> None:
        self._models, self._name = models, name
        self._operations = {text(record, "name"): record for record in models.get("operation", [])}
        self._resources = {text(record, "name"): record for record in models.get("resource", [])}
        self._members: dict[str, list[str]] = defaultdict(list)
        for key, record in self._resources.items():
            if owner := text(record, "owner"):
                self._members[owner].append(key)
        self._skills: dict[str, set[str]] = defaultdict(set)
        for record in models.get("resourceskill", []):
            self._skills[text(record, "skill")].add(text(record, "resource"))
        self._materials: dict[str, list[Record]] = defaultdict(list)
        self._makers: dict[str, list[str]] = defaultdict(list)
        self._parts: dict[str, list[str]] = defaultdict(list)
        self._loads: dict[str, list[Record]] = defaultdict(list)
        self._notes: dict[str, int] = {}
        self._events: list[Row] = []
        self._links: list[tuple[str, str]] = []
        self._index()

    def made(self) -> tuple[Schedule, list[str]]:
        """Explode every open order, and return the schedule."""
        orders = [self._order(record) for record in self._models.get("demand", [])]
        if not self._events:
            reason = "no sales order leads to an operation, so there is nothing to plan"
            raise invalid_schedule([Fault(self._name, len(orders), reason)])
        now = next(
            (moment(r, "value") for r in self._models.get("parameter", []) if text(r, "name") == "currentdate"), None
        )
        stamp = format_instant(now) if now else _DEFAULT_NOW
        calendars, of = self._calendars()
        pairs = list(dict.fromkeys(self._links))
        document = {
            "version": "1.0",
            "snapshot": {
                "resources": [self._resource(key, of) for key in self._resources if key not in self._members],
                "events": self._events,
                "dependencies": [
                    {"id": f"d{n}", "fromEvent": a, "toEvent": b} for n, (a, b) in enumerate(pairs, start=1)
                ],
                "calendars": calendars,
                "orders": [row for row in orders if row],
            },
            "metadata": {
                "plantId": "frepple",
                "userId": "import",
                "timestamp": stamp,
                "horizonStart": stamp,
                "name": self._name.rpartition(".")[0] or self._name,
            },
        }
        for model in ("buffer", "supplier", "itemsupplier", "itemdistribution", "setupmatrix"):
            if rows := self._models.get(model):
                self._note(f"{model} records", len(rows))
        notes = [f"Left out of frePPLe's data: {count:,} {what}." for what, count in self._notes.items()]
        return parse_schedule(document), notes

    def _note(self, what: str, count: int = 1) -> None:
        self._notes[what] = self._notes.get(what, 0) + count

    def _index(self) -> None:
        sequence: dict[str, list[tuple[float, str]]] = defaultdict(list)
        for key, record in self._operations.items():
            if owner := text(record, "owner"):
                sequence[owner].append((number(record, "priority", 0), key))
        for record in self._models.get("suboperation", []):
            sequence[text(record, "operation")].append((number(record, "priority", 0), text(record, "suboperation")))
        for owner, steps in sequence.items():
            self._parts[owner] = [key for _, key in sorted(set(steps)) if key in self._operations]
        for record in self._models.get("operationmaterial", []):
            key, item = text(record, "operation"), text(record, "item")
            self._materials[key].append(record)
            if number(record, "quantity", 0) > 0 and key in self._operations:
                self._makers[item].append(text(self._operations[key], "owner") or key)
        for key, record in self._operations.items():
            if (item := text(record, "item")) and not text(record, "owner"):
                self._makers[item].append(key)
        for record in self._models.get("operationresource", []):
            self._loads[text(record, "operation")].append(record)
        delivered = {text(r, "name"): text(r, "deliveryoperation") for r in self._models.get("item", [])}
        self._delivery = {item: key for item, key in delivered.items() if key}

    # orders

    def _order(self, record: Record) -> Row | None:
        key = text(record, "name")
        if text(record, "status") not in ("", "open") or not key:
            self._note("orders that are not open")
            return None
        item = text(record, "item")
        quantity = max(number(record, "quantity", 1), 0)
        wanted = text(record, "deliveryoperation") or text(record, "operation") or self._delivery.get(item, "")
        if wanted not in self._operations:
            wanted = self._maker(item)
        if not wanted:
            self._note("orders for which no operation makes the item")
            return None
        self._make(wanted, quantity, key, 0)
        row: Row = {"id": key, "name": key, "quantity": quantity}
        for target, source in (("product", "item"), ("customer", "customer")):
            if value := text(record, source):
                row[target] = value
        if due := moment(record, "due"):
            row["dueDate"] = format_instant(due)
        row["priority"] = max(1.0, 11.0 - number(record, "priority", 10))  # theirs: 1 is the most urgent
        return row

    def _maker(self, item: str) -> str:
        """Return the operation that makes an item, the one of the least priority number where several do."""
        makers = list(dict.fromkeys(key for key in self._makers.get(item, []) if key in self._operations))
        if len(makers) > 1:
            self._note("alternative ways to make an item")
        return min(makers, key=lambda key: number(self._operations[key], "priority", 1), default="")

    def _make(self, key: str, quantity: float, order: str, depth: int) -> _Found:
        """Add the operations that make a quantity, in lots, and what they need before."""
        record = self._operations[key]
        most = number(record, "sizemax", 0)
        lots = max(1, math.ceil(quantity / most - 1e-9)) if most > 0 else 1
        found = _Found()
        for number_of_lot in range(lots):
            size = min(most, quantity - number_of_lot * most) if most > 0 else quantity
            found.last += self._lot(key, max(size, number(record, "sizemin", 0)), order, depth)
        return found

    def _lot(self, key: str, quantity: float, order: str, depth: int) -> list[str]:
        if depth > _MAX_DEPTH:
            raise invalid_schedule([Fault(self._name, key[:80], "operations and materials go round in a circle")])
        kind = text(self._operations[key], "type")
        parts = self._parts.get(key, [])
        if parts and kind in ("alternate", "split"):
            self._note(f"choices of {kind} operations, of which the first was taken", 1)
            return self._lot(parts[0], quantity, order, depth + 1)
        before = self._needs(key, quantity, order, depth)
        if not parts:
            return [self._event(_Step(self._operations[key], quantity, ""), order, before)]
        for part in parts:
            needed = self._needs(part, quantity, order, depth)
            before = [self._event(_Step(self._operations[part], quantity, ""), order, [*before, *needed])]
        return before

    def _needs(self, key: str, quantity: float, order: str, depth: int) -> list[str]:
        before: list[str] = []
        for record in self._materials.get(key, []):
            share = number(record, "quantity", 0)
            maker = self._maker(text(record, "item")) if share < 0 else ""
            if maker and maker != key:
                before += self._make(maker, quantity * -share, order, depth + 1).last
        return before

    def _event(self, step: _Step, order: str, before: list[str]) -> str:
        if len(self._events) >= MAX_OPERATIONS:
            raise too_large(f"{self._name} leads to more than {MAX_OPERATIONS:,} operations.")
        name = text(step.record, "name")
        key = f"{order[:80]}/{len(self._events) + 1}/{name[:100]}"
        length = seconds(step.record, "duration")
        if text(step.record, "type") == "time_per":
            length += seconds(step.record, "durationper") * step.quantity
        row: Row = {"id": key, "name": name, "duration": max(0, round(length * 1_000)), "orderId": order}
        self._events.append(row | self._load(name))
        self._links += [(first, key) for first in before]
        return key

    # resources

    def _load(self, operation: str) -> Row:
        """Return modes and demands: the first resource is the primary one, a pool stands for its members."""
        primary: list[str] = []
        demands: list[Row] = []
        for record in self._loads.get(operation, []):
            choices = self._choices(text(record, "resource"), text(record, "skill"))
            if not choices:
                self._note("loads of a resource that is unknown or lacks the skill")
            elif not primary:
                primary = choices
            else:
                quantity = max(1, math.ceil(number(record, "quantity", 1)))
                one = {"resourceId": choices[0]} if len(choices) == 1 else {"resourceIds": choices}
                demands.append({**one, "quantity": quantity})
        row: Row = {"demands": demands} if demands else {}
        if len(primary) == 1:
            row["resourceId"] = primary[0]
        elif primary:
            row["modes"] = [{"resourceId": key} for key in primary]
        return row

    def _choices(self, key: str, skill: str, depth: int = 0) -> list[str]:
        if key not in self._resources or depth > 20:
            return []
        members = self._members.get(key)
        found = [m for member in members for m in self._choices(member, "", depth + 1)] if members else [key]
        return [m for m in found if not skill or m in self._skills.get(skill, ())]

    def _resource(self, key: str, calendar_of_resource: dict[str, str]) -> Row:
        record = self._resources[key]
        row: Row = {"id": key, "name": key}
        if text(record, "type") == "infinite":
            row["infinite"] = True
        capacity = math.ceil(number(record, "maximum", 1))
        row |= {"capacity": max(0, capacity)} if capacity != 1 else {}
        if cost := number(record, "cost", 0):
            row["costPerHour"] = max(0.0, cost)
        if owner := text(record, "owner"):
            row["group"] = owner
        if key in calendar_of_resource:
            row["calendar"] = calendar_of_resource[key]
        return row

    def _calendars(self) -> tuple[list[Row], dict[str, str]]:
        """Return the calendars that resources work by, and whose is which."""
        places = {text(record, "name"): text(record, "available") for record in self._models.get("location", [])}
        known = {text(record, "name"): record for record in self._models.get("calendar", [])}
        buckets: dict[str, list[Record]] = defaultdict(list)
        for record in self._models.get("calendarbucket", []):
            buckets[text(record, "calendar")].append(record)
        of: dict[str, str] = {}
        for key, record in self._resources.items():
            own = (
                text(record, "available") or text(record, "maximumcalendar") or places.get(text(record, "location"), "")
            )
            if own in known:
                of[key] = own
        rows: list[Row] = []
        for key in dict.fromkeys(of.values()):
            row, skipped = calendar_of(key, known[key], buckets[key])
            self._note("periods of calendars", skipped) if skipped else None
            rows.append(row)
        return rows, of
