"""Reading Microsoft Project XML of unknown origin: no entities, no document type, bounded in size."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from app.exchange import mspdi_terms as terms
from app.exchange.text import too_large
from app.exchange.zip_guard import damaged
from engine.errors import Fault, invalid_schedule
from engine.instants import format_instant, parse_instant, zone_of
from engine.model import Schedule
from engine.validate import parse_schedule

_MAX_SIGNS = 9_000_000
_LENGTH = re.compile(r"^-?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$")
_PROJECT_RESOURCE = "project-calendar"
_DATE_RULES = {number: name for name, number in terms.CONSTRAINTS.items()}
_MOST_EXCEPTIONS = 4_000

Row = dict[str, Any]


def read_project(content: bytes, name: str) -> tuple[Schedule, list[str]]:
    """Return the schedule in a project file, and what was taken otherwise; errors as ``mspdi.parse_file``."""
    if content.count(b"<") > _MAX_SIGNS:
        raise too_large(f"{name} has more than {_MAX_SIGNS // 2:,} elements.")
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except DefusedXmlException:
        raise damaged(name, "it declares entities or a document type, as no project file does") from None
    except (ParseError, ValueError, LookupError) as error:
        raise invalid_schedule([Fault(name, "", f"this is not XML: {error}")], "project") from None
    if _local(root) != "Project":
        raise invalid_schedule([Fault(name, _local(root)[:80], "a Microsoft Project XML file is expected")], "project")
    return _Reading(root, name).made()


class _Reading:
    def __init__(self, root: Element, name: str) -> None:
        self._root, self._name = root, name
        subject = _text(root, "Subject")
        self._is_ours = subject.startswith(terms.SUBJECT)
        self._zone_name = subject.removeprefix(terms.SUBJECT) if self._is_ours else "UTC"
        self._faults: list[Fault] = []
        self._notes: list[str] = []
        try:
            self._zone: dt.tzinfo = zone_of(self._zone_name)
        except ValueError as error:
            self._fault("Subject", self._zone_name, str(error))
            self._zone = dt.UTC
        self._calendars: list[Row] = []
        self._calendar_of: dict[str, str] = {}
        self._resources: list[Row] = []
        self._resource_of: dict[str, str] = {}
        self._materials: set[str] = set()
        self._orders: list[Row] = []
        self._events: list[tuple[int, Row]] = []
        self._task_of: dict[str, Row] = {}
        self._constraints: list[Row] = []
        self._dependencies: list[Row] = []
        self._demands_only: set[str] = set()

    def made(self) -> tuple[Schedule, list[str]]:
        """Read everything, and raise every fault at once."""
        self._read_calendars()
        self._read_resources()
        self._read_tasks()
        self._read_links()
        self._read_assignments()
        if not self._is_ours:
            self._give_calendar()
            self._notes.append("A project file names no time zone: its dates were read as UTC.")
        self._events.sort(key=lambda pair: pair[0])
        if self._faults:
            raise invalid_schedule(self._faults, "project")
        schedule = parse_schedule(self._document())
        return schedule, self._notes

    def _document(self) -> Row:
        start = self._instant(self._root, "CurrentDate") if self._is_ours else None
        title = _text(self._root, "Title") or _text(self._root, "Name") or self._name
        metadata: Row = {"plantId": "project", "userId": "import", "name": title[:2_000], "timeZone": self._zone_name}
        stamp = self._instant(self._root, "LastSaved") or self._instant(self._root, "StartDate")
        metadata["timestamp"] = stamp or "2026-01-01T00:00:00Z"
        if start:
            metadata["horizonStart"] = start
        snapshot = {
            "resources": self._resources,
            "events": [row for _, row in self._events],
            "dependencies": self._dependencies,
            "constraints": self._constraints,
            "calendars": self._calendars,
            "orders": self._orders,
        }
        return {"version": "1.0", "snapshot": snapshot, "metadata": metadata}

    def _fault(self, where: str, value: object, reason: str) -> None:
        if len(self._faults) < 200:
            self._faults.append(Fault(f"{self._name}: {where}", str(value)[:80], reason))

    # calendars

    def _read_calendars(self) -> None:
        taken: set[str] = set()
        derived: list[tuple[str, str]] = []
        for item in _all(self._root, "Calendars", "Calendar"):
            uid, base = _text(item, "UID"), _text(item, "BaseCalendarUID")
            has_own = item.find(_tag(item, "WeekDays")) is not None or item.find(_tag(item, "Exceptions")) is not None
            if base not in ("", "-1", "0") and not has_own:
                derived.append((uid, base))
                continue
            if self._is_ours and uid == "1":
                continue  # always working: no calendar at all
            name = _text(item, "Name") or f"Calendar {uid}"
            key = _unique(name[:180], taken)
            self._calendar_of[uid] = key
            row: Row = {"id": key, "name": name, "week": self._week(item)}
            if exceptions := self._exceptions(item):
                row["exceptions"] = exceptions
            if base not in ("", "-1", "0") and base in self._calendar_of:
                self._inherit(row, base)
            self._calendars.append(row)
        for uid, base in derived:
            if base in self._calendar_of:
                self._calendar_of[uid] = self._calendar_of[base]

    def _inherit(self, row: Row, base: str) -> None:
        """Give a derived calendar the week and the exceptions of its base that it does not replace."""
        parent = next(item for item in self._calendars if item["id"] == self._calendar_of[base])
        own_days = {day for shift in row["week"] for day in shift["days"]}
        for shift in parent["week"]:
            days = [day for day in shift["days"] if day not in own_days and day not in row.get("closed", ())]
            if days:
                row["week"].append({**shift, "days": days})
        if parent.get("exceptions"):
            row["exceptions"] = [*parent["exceptions"], *row.get("exceptions", [])]

    def _week(self, item: Element) -> list[Row]:
        by_times: dict[tuple[str, str], list[int]] = {}
        for day in _all(item, "WeekDays", "WeekDay"):
            kind = _text(day, "DayType")
            if kind not in ("1", "2", "3", "4", "5", "6", "7"):
                continue
            for span in self._spans(day):
                by_times.setdefault(span, []).append((int(kind) + 5) % 7 + 1)
        return [{"days": sorted(set(days)), "from": start, "to": end} for (start, end), days in by_times.items()]

    def _spans(self, place: Element) -> Iterator[tuple[str, str]]:
        for span in _all(place, "WorkingTimes", "WorkingTime"):
            start, end = _text(span, "FromTime")[:8], _text(span, "ToTime")[:8]
            if not start or not end:
                continue
            start, end = (text.removesuffix(":00") if len(text) == 8 else text for text in (start, end))
            yield start, "24:00" if end == "00:00" else end

    def _exceptions(self, item: Element) -> list[Row]:
        found: list[Row] = []
        for day in (*_all(item, "Exceptions", "Exception"), *_all(item, "WeekDays", "WeekDay")):
            period = day.find(_tag(day, "TimePeriod"))
            if period is None or len(found) > _MOST_EXCEPTIONS:
                continue
            first, last = _text(period, "FromDate")[:10], _text(period, "ToDate")[:10]
            name = _text(day, "Name")
            row: Row = {"from": first, "to": last, "working": False} | ({"name": name} if name else {})
            found.append(row)
            spans = list(self._spans(day)) if _text(day, "DayWorking") == "1" else []
            found += list(self._worked(first, last, spans, name))
        return found

    def _worked(self, first: str, last: str, spans: list[tuple[str, str]], name: str) -> Iterator[Row]:
        """Yield the working times of an exceptional span, day by day; the days were closed before."""
        try:
            start, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
        except ValueError:
            self._fault("Exception", f"{first} to {last}", "dates belong here")
            return
        for number in range(min((end - start).days + 1, _MOST_EXCEPTIONS) if spans else 0):
            day = start + dt.timedelta(days=number)
            for opens, closes in spans:
                until = day + dt.timedelta(days=1) if closes == "24:00" else day
                closing = "00:00" if closes == "24:00" else closes
                row: Row = {"from": f"{day}T{opens}", "to": f"{until}T{closing}", "working": True}
                yield row | ({"name": name} if name else {})

    # resources and tasks

    def _read_resources(self) -> None:
        taken: set[str] = set()
        for item in _all(self._root, "Resources", "Resource"):
            uid, name = _text(item, "UID"), _text(item, "Name")
            if _text(item, "IsNull") == "1" or not name:
                continue
            key = _unique(_attribute(item, terms.RESOURCE_ID) or name[:180], taken)
            self._resource_of[uid] = key
            is_material = _text(item, "Type") in ("0", "2")
            units = self._number(item, "MaxUnits", 1.0)
            row: Row = {"id": key, "name": name, "type": "material" if is_material else "machine"}
            if is_material and not self._is_ours:
                self._materials.add(uid)
                continue
            row |= {"nonrenewable": True} if is_material else {}
            capacity = max(0 if self._is_ours else 1, math.ceil(units - 1e-9))
            row |= {"capacity": capacity} if capacity != 1 else {}
            if group := _text(item, "Group"):
                row["group"] = group
            rate = self._number(item, "StandardRate", 0.0)
            if rate > 0 or (self._is_ours and _text(item, "StandardRate")):
                row["costPerHour"] = rate
            if calendar := self._calendar_of.get(_text(item, "CalendarUID")):
                row["calendar"] = calendar
            self._resources.append(row)
        if self._materials:
            self._notes.append(f"{len(self._materials):,} materials and cost resources were left out.")

    def _read_tasks(self) -> None:
        taken_orders: set[str] = set()
        taken: set[str] = set()
        order: str | None = None
        for item in _all(self._root, "Tasks", "Task"):
            uid, level = _text(item, "UID"), int(self._number(item, "OutlineLevel", 1))
            if uid == "0" or _text(item, "IsNull") == "1" or level == 0:
                continue
            name = _text(item, "Name") or f"Task {uid}"
            own = _attribute(item, terms.TASK_ID)
            if level <= 1:
                order = None
            if _text(item, "Summary") == "1":
                if level <= 1:
                    order = _unique(own or name[:180], taken_orders)
                    self._orders.append({"id": order, "name": name, **self._dates(item, order, is_order=True)})
                continue
            if _text(item, "Active") == "0":
                self._notes.append(f"The inactive task {name[:60]!r} was left out.")
                continue
            key = _unique(own or f"t{uid}", taken)
            row: Row = {"id": key, "name": name, **self._task(item, key)}
            if order is not None:
                row["orderId"] = order
            if _attribute(item, terms.TASK_KIND) == terms.DEMANDS_ONLY:
                self._demands_only.add(uid)
            self._task_of[uid] = row
            self._events.append((int(uid) if uid.isdigit() and len(uid) < 12 else len(self._events), row))

    def _task(self, item: Element, key: str) -> Row:
        row: Row = {"duration": self._length(item, "Duration")}
        start, finish = self._instant(item, "Start"), self._instant(item, "Finish")
        if start and finish:
            row |= {"startDate": start, "endDate": finish, "manuallyScheduled": _text(item, "Manual") == "1"}
        done = self._number(item, "PercentComplete", 0)
        if done >= 100 or _text(item, "ActualFinish"):
            row |= {"status": "completed", "percentDone": 100}
        elif _text(item, "ActualStart"):
            row |= {"status": "started", "percentDone": done}
        elif done:
            row["percentDone"] = done
        if self._is_ours and _text(item, "LevelingCanSplit") == "0":
            row["interruptible"] = False
        return row | self._dates(item, key)

    def _dates(self, item: Element, key: str, *, is_order: bool = False) -> Row:
        row: Row = {}
        if due := self._instant(item, "Deadline"):
            row["dueDate"] = due
        kind, date = int(self._number(item, "ConstraintType", 0)), self._instant(item, "ConstraintDate")
        if date and kind == 4:
            row["releaseDate"] = date
        elif date and kind == 7:
            row["deadline"] = date
        elif date and kind in _DATE_RULES and not is_order:
            rule = _DATE_RULES[kind]
            self._constraints.append({"id": f"{rule}-{key}"[:200], "type": rule, "eventId": key, "date": date})
        return row

    def _read_links(self) -> None:
        taken: set[str] = set()
        summaries = 0
        for item in _all(self._root, "Tasks", "Task"):
            after = self._task_of.get(_text(item, "UID"))
            for link in (child for child in item if _local(child) == "PredecessorLink"):
                before = self._task_of.get(_text(link, "PredecessorUID"))
                if after is None or before is None:
                    summaries += 1
                    continue
                self._dependencies.append(self._link(link, before["id"], after["id"], taken))
        if summaries:
            self._notes.append(f"{summaries:,} links of summary tasks or to other projects were left out.")

    def _link(self, link: Element, before: str, after: str, taken: set[str]) -> Row:
        kind = int(self._number(link, "Type", 1))
        row: Row = {"id": _unique(f"{before}>{after}"[:180], taken), "fromEvent": before, "toEvent": after}
        row["type"] = terms.LINK_TYPES.get(kind, 2)
        tenths = self._number(link, "LinkLag", 0)
        unit = terms.LAG_UNITS.get(int(self._number(link, "LagFormat", 7)) % 32)
        if tenths and unit is None:
            self._notes.append(f"The lag of {row['id'][:60]!r} is a percentage; it was left out.")
        elif tenths:
            size = {"m": 10, "h": 600, "d": 14_400}[unit or "m"]
            is_whole = (tenths / size).is_integer()
            row |= {"lag": tenths / size, "lagUnit": unit} if is_whole else {"lag": tenths * 6_000, "lagUnit": "ms"}
        return row

    def _read_assignments(self) -> None:
        first: set[str] = set()
        for item in _all(self._root, "Assignments", "Assignment"):
            uid = _text(item, "TaskUID")
            event, resource = self._task_of.get(uid), self._resource_of.get(_text(item, "ResourceUID"))
            if event is None or resource is None or _text(item, "ResourceUID") in self._materials:
                continue
            units = max(1, math.ceil(self._number(item, "Units", 1.0) - 1e-9))
            if uid not in first and uid not in self._demands_only:
                first.add(uid)
                event["resourceId"] = resource
            elif resource != event.get("resourceId"):
                needs: list[Row] = event.setdefault("demands", [])
                needs.append({"resourceId": resource, **({"quantity": units} if units != 1 else {})})

    def _give_calendar(self) -> None:
        """Let tasks without a resource work in the project's calendar, as Microsoft Project does."""
        calendar = self._calendar_of.get(_text(self._root, "CalendarUID"))
        lonely = [row for _, row in self._events if "resourceId" not in row]
        if not lonely or calendar is None:
            return
        known = {row["id"] for row in self._resources}
        key = _unique(_PROJECT_RESOURCE, known)
        self._resources.append({"id": key, "name": "Project calendar", "infinite": True, "calendar": calendar})
        for row in lonely:
            row["resourceId"] = key
        text = f"{len(lonely):,} tasks without a resource are on the resource 'Project calendar', which has no limit."
        self._notes.append(text)

    # values

    def _instant(self, item: Element, field: str) -> str | None:
        text = _text(item, field)
        if not text or text == "NA":
            return None
        try:
            return format_instant(parse_instant(text, self._zone))
        except ValueError as error:
            self._fault(field, text, str(error))
            return None

    def _number(self, item: Element, field: str, default: float) -> float:
        text = _text(item, field)
        try:
            value = float(text) if text else default
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or abs(value) > 1e12:
            self._fault(field, text, "a number belongs here")
            return default
        return value

    def _length(self, item: Element, field: str) -> int:
        text = _text(item, field) or "PT0S"
        match = _LENGTH.match(text[:60])
        if match is None:
            self._fault(field, text, "a length such as PT8H0M0S belongs here")
            return 0
        days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
        return round((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000)


def _local(item: Element) -> str:
    return str(item.tag).rpartition("}")[2]


def _tag(item: Element, name: str) -> str:
    """Return a tag's name in the namespace of its parent."""
    head, brace, _ = str(item.tag).rpartition("}")
    return f"{head}{brace}{name}"


def _text(item: Element, name: str) -> str:
    return (item.findtext(_tag(item, name)) or "").strip()


def _all(item: Element, *names: str) -> Iterator[Element]:
    if not names:
        yield item
        return
    for child in item.findall(_tag(item, names[0])):
        yield from _all(child, *names[1:])


def _attribute(item: Element, field: str) -> str:
    for child in item.findall(_tag(item, "ExtendedAttribute")):
        if _text(child, "FieldID") == field:
            return child.findtext(_tag(child, "Value")) or ""
    return ""


def _unique(wanted: str, taken: set[str]) -> str:
    key, count = wanted, 1
    while key in taken:
        count += 1
        key = f"{wanted} ({count})"
    taken.add(key)
    return key
