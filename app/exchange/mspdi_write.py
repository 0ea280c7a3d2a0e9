"""Writing Microsoft Project XML."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from xml.etree import ElementTree

from app.exchange import mspdi_terms as terms
from engine.calendars import expand
from engine.instants import from_ms, to_ms, zone_of
from engine.model import Calendar, DateConstraint, Dependency, Operation, Order, Resource, Schedule, Status
from engine.plan import PlanFacts, chosen, mode_on

_BAD_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DAY_MS = 86_400_000
_MOST_EXCEPTION_DAYS = 3_000
_ALWAYS_UID = 1


def write_project(schedule: Schedule, title: str = "") -> tuple[bytes, list[str]]:
    """Return the project file of a schedule, and what it lacks."""
    return _Project(schedule, title).made()


class _Project:
    def __init__(self, schedule: Schedule, title: str) -> None:
        self._schedule = schedule
        self._title = title or schedule.metadata.name or schedule.metadata.plant_id
        self._facts = PlanFacts(schedule)
        self._zone = zone_of(schedule.metadata.time_zone)
        self._notes: dict[str, int] = {}
        shot = schedule.snapshot
        self._task_uid = {op.id: number for number, op in enumerate(shot.events, start=1)}
        self._order_uid = {o.id: len(shot.events) + number for number, o in enumerate(shot.orders, start=1)}
        self._resource_uid = {r.id: number for number, r in enumerate(shot.resources, start=1)}
        self._calendar_uid = {c.id: number for number, c in enumerate(shot.calendars, start=_ALWAYS_UID + 1)}
        self._dates = self._date_constraints()
        self._links: dict[str, list[Dependency]] = {}
        for link in shot.dependencies:
            self._links.setdefault(link.to_event, []).append(link)

    def made(self) -> tuple[bytes, list[str]]:
        """Return the file and the notes."""
        root = ElementTree.Element("Project", {"xmlns": terms.NAMESPACE})
        start = from_ms(self._facts.horizon_start_ms)
        _fields(
            root,
            [
                ("SaveVersion", 14),
                ("Name", _clean(self._title)),
                ("Title", _clean(self._title)),
                ("Subject", terms.SUBJECT + self._schedule.metadata.time_zone),
                ("ScheduleFromStart", 1),
                ("StartDate", self._local(start)),
                ("CurrentDate", self._local(start)),
                ("CalendarUID", _ALWAYS_UID),
                ("DefaultStartTime", "00:00:00"),
                ("MinutesPerDay", 1440),
                ("MinutesPerWeek", 10080),
                ("DaysPerMonth", 30),
                ("NewTasksAreManual", 1),
            ],
        )
        attributes = ElementTree.SubElement(root, "ExtendedAttributes")
        for field, name, alias in (
            (terms.TASK_ID, "Text1", "Taktwerk id"),
            (terms.TASK_KIND, "Text2", "Taktwerk kind"),
            (terms.RESOURCE_ID, "Text1", "Taktwerk id"),
        ):
            _fields(
                ElementTree.SubElement(attributes, "ExtendedAttribute"),
                [("FieldID", field), ("FieldName", name), ("Alias", alias)],
            )
        self._calendars(ElementTree.SubElement(root, "Calendars"))
        self._tasks(ElementTree.SubElement(root, "Tasks"))
        self._resources(ElementTree.SubElement(root, "Resources"))
        self._assignments(ElementTree.SubElement(root, "Assignments"))
        self._note_missing()
        content = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
        lacking = self._notes.items()
        return content, [f"Microsoft Project XML does not hold {what}: {count:,} left out." for what, count in lacking]

    def _missing(self, what: str, count: int = 1) -> None:
        if count:
            self._notes[what] = self._notes.get(what, 0) + count

    def _note_missing(self) -> None:
        shot = self._schedule.snapshot
        self._missing("alternatives", sum(len(op.modes or ()) > 1 for op in shot.events))
        self._missing("setup matrices", len(shot.setup_matrices))
        self._missing("locks", sum(op.locked for op in shot.events))
        with_attributes = (*shot.events, *shot.orders, *shot.resources)
        self._missing("attributes", sum(item.attributes is not None for item in with_attributes))
        self._missing("setup families", sum(op.setup_family is not None for op in shot.events))
        self._missing("types of resources", sum(r.type != "machine" for r in shot.resources))
        self._missing("efficiencies", sum(r.efficiency != 1 for r in shot.resources))
        self._missing("resources without limit", sum(r.infinite for r in shot.resources))
        self._missing("greatest lags", sum(d.max_lag is not None for d in shot.dependencies))
        needs = [need for op in shot.events for need in op.demands or ()]
        self._missing("choices of secondary resources", sum(bool(need.resource_ids) for need in needs))
        self._missing("priorities as weights", sum(x.priority is not None for x in (*shot.events, *shot.orders)))
        self._missing("products, customers and quantities", sum(bool(o.product or o.customer) for o in shot.orders))
        held = {c.id for c in self._dates.values()}
        self._missing("other constraints", sum(c.id not in held for c in shot.constraints))

    def _date_constraints(self) -> dict[str, DateConstraint]:
        found: dict[str, DateConstraint] = {}
        for item in self._schedule.snapshot.constraints:
            if isinstance(item, DateConstraint) and item.enabled:
                found.setdefault(item.event_id, item)
        return found

    def _local(self, instant: dt.datetime) -> str:
        if instant.microsecond:
            self._missing("fractions of a second")
        return instant.astimezone(self._zone).strftime("%Y-%m-%dT%H:%M:%S")

    # calendars

    def _calendars(self, place: ElementTree.Element) -> None:
        always = self._calendar(place, _ALWAYS_UID, "24 Hours")
        _week(always, {day: [(0, _DAY_MS)] for day in range(7)})
        for item in self._schedule.snapshot.calendars:
            made = self._calendar(place, self._calendar_uid[item.id], item.name or item.id)
            _week(made, _weekly(item))
            self._exceptions(made, item)
            if item.time_zone and item.time_zone != self._schedule.metadata.time_zone:
                self._missing("calendars in a time zone of their own")
        first = len(self._calendar_uid) + _ALWAYS_UID + 1
        for number, resource in enumerate(self._schedule.snapshot.resources):
            base = self._calendar_uid.get(resource.calendar or "", _ALWAYS_UID)
            self._calendar(place, first + number, resource.name or resource.id, base)

    @staticmethod
    def _calendar(place: ElementTree.Element, uid: int, name: str, base: int = -1) -> ElementTree.Element:
        made = ElementTree.SubElement(place, "Calendar")
        _fields(
            made, [("UID", uid), ("Name", _clean(name)), ("IsBaseCalendar", int(base < 0)), ("BaseCalendarUID", base)]
        )
        return made

    def _exceptions(self, place: ElementTree.Element, item: Calendar) -> None:
        """Write each day that an exception touches with the working time that it has in the end."""
        days: dict[dt.date, str] = {}
        for exception in item.exceptions:
            first = dt.date.fromisoformat(exception.from_[:10])
            last = dt.date.fromisoformat(exception.to[:10])
            span = min((last - first).days, _MOST_EXCEPTION_DAYS) + 1
            for day in (first + dt.timedelta(days=n) for n in range(span)):
                days[day] = exception.name or ""
        if len(days) > _MOST_EXCEPTION_DAYS:
            self._missing("so many exceptional days", len(days) - _MOST_EXCEPTION_DAYS)
        if not days:
            return
        place = ElementTree.SubElement(place, "Exceptions")
        for day, name in sorted(days.items())[:_MOST_EXCEPTION_DAYS]:
            made = ElementTree.SubElement(place, "Exception")
            _fields(made, [("EnteredByOccurrences", 0)])
            period = ElementTree.SubElement(made, "TimePeriod")
            _fields(period, [("FromDate", f"{day}T00:00:00"), ("ToDate", f"{day}T23:59:00")])
            spans = self._day(item, day)
            _fields(made, [("Occurrences", 1), ("Name", _clean(name)), ("Type", 1), ("DayWorking", int(bool(spans)))])
            _working_times(made, spans)

    def _day(self, item: Calendar, day: dt.date) -> list[tuple[int, int]]:
        zone = zone_of(item.time_zone or self._schedule.metadata.time_zone)
        start = to_ms(dt.datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(dt.UTC))
        after = day + dt.timedelta(days=1)
        end = to_ms(dt.datetime(after.year, after.month, after.day, tzinfo=zone).astimezone(dt.UTC))
        spans = expand(item, self._schedule.metadata.time_zone, start, end).intervals()
        return [(a - start, _DAY_MS if b == end else b - start) for a, b in spans]

    # tasks

    def _tasks(self, place: ElementTree.Element) -> None:
        by_order: dict[str, list[Operation]] = {}
        alone: list[Operation] = []
        for op in self._schedule.snapshot.events:
            if op.order_id is None:
                alone.append(op)
            else:
                by_order.setdefault(op.order_id, []).append(op)
        number = 0
        for order in self._schedule.snapshot.orders:
            number += 1
            own = by_order.get(order.id, [])
            self._order(place, order, number, own)
            for op in own:
                number += 1
                self._task(place, op, number, 2)
        for op in alone:
            number += 1
            self._task(place, op, number, 1)

    def _order(self, place: ElementTree.Element, order: Order, number: int, own: list[Operation]) -> None:
        made = ElementTree.SubElement(place, "Task")
        starts = [op.start_date for op in own if op.start_date is not None]
        ends = [op.end_date for op in own if op.end_date is not None]
        _fields(
            made,
            [
                ("UID", self._order_uid[order.id]),
                ("ID", number),
                ("Name", _clean(order.name or order.id)),
                ("Active", 1),
                ("Manual", 1),
                ("IsNull", 0),
                ("OutlineLevel", 1),
                *([("Start", self._local(min(starts)))] if starts else []),
                *([("Finish", self._local(max(ends)))] if ends else []),
                ("Summary", 1),
                *self._limits(order.release_date, order.due_date, order.deadline, None),
            ],
        )
        self._attribute(made, terms.TASK_ID, order.id)
        self._attribute(made, terms.TASK_KIND, terms.ORDER_MARK)

    def _task(self, place: ElementTree.Element, op: Operation, number: int, level: int) -> None:
        made = ElementTree.SubElement(place, "Task")
        start, end = op.start_date, op.end_date
        mode = mode_on(op, op.resource_id)
        work = op.duration if mode is None or mode.duration is None else mode.duration
        is_begun = op.status in (Status.STARTED, Status.COMPLETED)
        done = 100 if op.status is Status.COMPLETED else min(round(op.percent_done), 99)
        if done != op.percent_done and op.status is not Status.COMPLETED:
            self._missing("fractions of a per cent")
        _fields(
            made,
            [
                ("UID", self._task_uid[op.id]),
                ("ID", number),
                ("Name", _clean(op.name or op.id)),
                ("Active", 1),
                ("Manual", 1),
                ("Type", 1),
                ("IsNull", 0),
                ("OutlineLevel", level),
                ("Priority", 500),
                *([("Start", self._local(start))] if start else []),
                *([("Finish", self._local(end))] if end else []),
                ("Duration", _duration(work)),
                *([("ManualStart", self._local(start))] if start else []),
                *([("ManualFinish", self._local(end))] if end else []),
                ("ManualDuration", _duration(work)),
                ("DurationFormat", 5),
                ("Milestone", int(op.duration == 0)),
                ("Summary", 0),
                ("PercentComplete", done),
                *([("ActualStart", self._local(start))] if start and is_begun else []),
                *([("ActualFinish", self._local(end))] if end and op.status is Status.COMPLETED else []),
                *self._limits(op.release_date, op.due_date, op.deadline, self._dates.get(op.id)),
                ("LevelingCanSplit", int(op.interruptible)),
            ],
        )
        if work % 1_000:
            self._missing("fractions of a second")
        for link in self._links.get(op.id, ()):
            self._link(made, link)
        self._attribute(made, terms.TASK_ID, op.id)
        if op.resource_id is None and op.demands:
            self._attribute(made, terms.TASK_KIND, terms.DEMANDS_ONLY)

    def _limits(
        self,
        release: dt.datetime | None,
        due: dt.datetime | None,
        deadline: dt.datetime | None,
        rule: DateConstraint | None,
    ) -> Iterable[tuple[str, object]]:
        """Yield the one constraint that a task can have, and its deadline, which is our (soft) due date."""
        wanted = [(terms.CONSTRAINTS[rule.type], rule.date)] if rule else []
        wanted += [(8, release)] if release else []
        wanted += [(9, deadline)] if deadline else []
        if wanted:
            kind, date = wanted[0]
            yield "ConstraintType", {8: 4, 9: 7}.get(kind, kind)
            yield "ConstraintDate", self._local(date)
        self._missing("a second constraint of a task", len(wanted) - 1 if wanted else 0)
        if due:
            yield "Deadline", self._local(due)

    def _link(self, place: ElementTree.Element, link: Dependency) -> None:
        tenths, rest = divmod(link.lag_ms, terms.TENTH_MS)
        self._missing("lags below a tenth of a minute", int(rest != 0))
        made = ElementTree.SubElement(place, "PredecessorLink")
        _fields(
            made,
            [
                ("PredecessorUID", self._task_uid[link.from_event]),
                ("Type", terms.LINK_TYPES[int(link.type)]),
                ("CrossProject", 0),
                ("LinkLag", tenths),
                ("LagFormat", terms.LAG_FORMATS[link.lag_unit]),
            ],
        )

    @staticmethod
    def _attribute(place: ElementTree.Element, field: str, value: str) -> None:
        _fields(ElementTree.SubElement(place, "ExtendedAttribute"), [("FieldID", field), ("Value", _clean(value))])

    # resources

    def _resources(self, place: ElementTree.Element) -> None:
        first = len(self._calendar_uid) + _ALWAYS_UID + 1
        for number, resource in enumerate(self._schedule.snapshot.resources):
            made = ElementTree.SubElement(place, "Resource")
            _fields(made, self._resource(resource, first + number))
            self._attribute(made, terms.RESOURCE_ID, resource.id)

    def _resource(self, resource: Resource, calendar_uid: int) -> list[tuple[str, object]]:
        uid = self._resource_uid[resource.id]
        fields: list[tuple[str, object]] = [
            ("UID", uid),
            ("ID", uid),
            ("Name", _clean(resource.name or resource.id)),
            ("Type", 0 if resource.nonrenewable else 1),
            ("IsNull", 0),
            *([("Group", _clean(resource.group))] if resource.group else []),
            ("MaxUnits", f"{resource.capacity}.00"),
        ]
        if resource.cost_per_hour is not None:
            fields += [("StandardRate", f"{resource.cost_per_hour:.10g}"), ("StandardRateFormat", 2)]
        return [*fields, ("CalendarUID", calendar_uid)]

    def _assignments(self, place: ElementTree.Element) -> None:
        uid = 0
        for op in self._schedule.snapshot.events:
            held = [(op.resource_id, 1)] if op.resource_id is not None else []
            held += [(key, need.quantity) for need in op.needs if (key := chosen(need)) is not None]
            for key, units in held:
                uid += 1
                made = ElementTree.SubElement(place, "Assignment")
                _fields(
                    made,
                    [
                        ("UID", uid),
                        ("TaskUID", self._task_uid[op.id]),
                        ("ResourceUID", self._resource_uid[key]),
                        *([("Finish", self._local(op.end_date))] if op.end_date else []),
                        *([("Start", self._local(op.start_date))] if op.start_date else []),
                        ("Units", units),
                        ("Work", _duration(op.duration * units)),
                    ],
                )


def _weekly(item: Calendar) -> dict[int, list[tuple[int, int]]]:
    """Return the working time of each weekday (Monday = 0) in ms, shifts past midnight cut in two, overlaps joined."""
    days: dict[int, list[tuple[int, int]]] = {day: [] for day in range(7)}
    for shift in item.week:
        start, end = _clock(shift.from_), _clock(shift.to)
        for day in shift.days:
            if end > start:
                days[day - 1].append((start, end))
                continue
            days[day - 1].append((start, _DAY_MS))
            if end:
                days[day % 7].append((0, end))
    return {day: _joined(spans) for day, spans in days.items()}


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        elif end > start:
            found.append((start, end))
    return found


def _week(place: ElementTree.Element, days: dict[int, list[tuple[int, int]]]) -> None:
    week = ElementTree.SubElement(place, "WeekDays")
    for day_type in range(1, 8):  # 1 = Sunday
        spans = days[(day_type + 5) % 7]
        made = ElementTree.SubElement(week, "WeekDay")
        _fields(made, [("DayType", day_type), ("DayWorking", int(bool(spans)))])
        _working_times(made, spans)


def _working_times(place: ElementTree.Element, spans: list[tuple[int, int]]) -> None:
    if not spans:
        return
    times = ElementTree.SubElement(place, "WorkingTimes")
    for start, end in spans:
        _fields(
            ElementTree.SubElement(times, "WorkingTime"), [("FromTime", _time(start)), ("ToTime", _time(end % _DAY_MS))]
        )


def _clock(text: str) -> int:
    hours, minutes, *seconds = (int(part) for part in text.split(":"))
    return ((hours * 60 + minutes) * 60 + (seconds[0] if seconds else 0)) * 1_000


def _time(ms: int) -> str:
    seconds = ms // 1_000
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _duration(ms: int) -> str:
    seconds = -(-ms // 1_000)
    return f"PT{seconds // 3600}H{seconds // 60 % 60}M{seconds % 60}S"


def _fields(place: ElementTree.Element, values: Iterable[tuple[str, object]]) -> None:
    for name, value in values:
        ElementTree.SubElement(place, name).text = str(value)


def _clean(text: str) -> str:
    """Return a text without the signs that XML has no place for."""
    return _BAD_XML.sub("\ufffd", text)
