"""Small edits of a request, as plain JSON: what releases a rule, and what a repair changes.

Every edit is an object with a ``kind``; ``docs/infeasible.md`` lists them. Instants are ISO 8601; ``null`` (or an
absent ``to``) takes a date away. Nothing here needs the solver, so that the application can apply what it proposed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from engine.errors import ErrorCode, Fault, TaktwerkError, invalid_schedule
from engine.instants import from_ms, parse_instant, to_ms
from engine.model import CalendarException, Status

if TYPE_CHECKING:
    import datetime as dt

    from engine.model import (
        Calendar,
        OptimizationRequest,
        Resource,
        ResourceInterval,
        SetupMatrix,
        SetupRule,
        Snapshot,
    )

Edit = dict[str, Any]
"""One edit, as JSON."""

_NO_LAG_MS = -36_500 * 86_400_000


def apply_repair(request: OptimizationRequest, repair: Mapping[str, Any]) -> OptimizationRequest:
    """Return the request with a repair carried out.

    Parameters
    ----------
    request
        The request that has no plan.
    repair
        One of ``details.repairs`` of its E003.

    Raises
    ------
    TaktwerkError
        E012 when the request lacks what the repair changes; E001 when the repair is not one.
    """
    return apply_edits(request, repair["change"])


def apply_edits(request: OptimizationRequest, edits: Iterable[Edit]) -> OptimizationRequest:
    """Return the request with edits carried out; errors as in ``apply_repair``."""
    editor = _Editor(request)
    for edit in edits:
        editor.take(edit)
    return editor.result()


def instant(at_ms: int) -> str:
    """Return an instant as edits write it."""
    return from_ms(at_ms).isoformat().replace("+00:00", "Z")


class _Editor:
    """Collects edits by what they change, and makes all changes in one pass."""

    def __init__(self, request: OptimizationRequest) -> None:
        self._request = request
        self._events: dict[str, dict[str, Any]] = defaultdict(dict)
        self._orders: dict[str, dict[str, Any]] = defaultdict(dict)
        self._constraints: dict[str, dict[str, Any]] = defaultdict(dict)
        self._dependencies: dict[str, dict[str, Any]] = defaultdict(dict)
        self._resources: dict[str, dict[str, Any]] = defaultdict(dict)
        self._matrices: dict[str, dict[str, Any]] = defaultdict(dict)
        self._overtime: dict[str, list[CalendarException]] = defaultdict(list)
        self._dropped: set[str] = set()
        self._unlocked: set[str] = set()
        self._unblocked: dict[tuple[str, int, int], ResourceInterval | None] = {}
        self._metadata: dict[str, Any] = {}
        self._options: dict[str, Any] = {}

    def take(self, edit: Edit) -> None:
        """Note one edit."""
        handler = _HANDLERS.get(str(edit.get("kind")))
        if handler is None:
            raise invalid_schedule([Fault("change.kind", edit.get("kind"), "unknown kind of change")], "repair")
        try:
            handler(self, edit)
        except (KeyError, ValueError, TypeError) as error:
            raise invalid_schedule([Fault(f"change ({edit['kind']})", str(edit)[:200], str(error))], "repair") from None

    def result(self) -> OptimizationRequest:
        """Return the edited request."""
        schedule = self._request.schedule_data
        metadata = schedule.metadata.model_copy(update=self._metadata) if self._metadata else schedule.metadata
        schedule = schedule.model_copy(update={"snapshot": self._snapshot(schedule.snapshot), "metadata": metadata})
        update: dict[str, Any] = {"schedule_data": schedule, "locks": self._locks()}
        if self._options:
            update["options"] = self._request.options.model_copy(update=self._options)
        return self._request.model_copy(update=update)

    # what edits change

    def deadline(self, edit: Edit) -> None:
        """Move or drop a deadline."""
        self._dated(edit)["deadline"] = _date(edit)

    def release(self, edit: Edit) -> None:
        """Move or drop a release date."""
        self._dated(edit)["release_date"] = _date(edit)

    def due(self, edit: Edit) -> None:
        """Move or drop a due date."""
        self._dated(edit)["due_date"] = _date(edit)

    def constraint_date(self, edit: Edit) -> None:
        """Move the date of a constraint."""
        self._constraints[edit["constraintId"]]["date"] = parse_instant(edit["to"])

    def outage(self, edit: Edit) -> None:
        """Give an outage another span."""
        span = {"start": parse_instant(edit["start"]), "end": parse_instant(edit["end"])}
        self._constraints[edit["constraintId"]] |= span

    def disable(self, edit: Edit) -> None:
        """Switch a constraint off."""
        self._constraints[edit["constraintId"]]["enabled"] = False

    def unlock(self, edit: Edit) -> None:
        """Take the locks of an operation away: its own and the request's."""
        self._events[edit["eventId"]]["locked"] = False
        self._unlocked.add(edit["eventId"])

    def tolerate(self, edit: Edit) -> None:
        """Take an operation as begun: it stays, and what it breaks is nobody's fault."""
        self._events[edit["eventId"]]["status"] = Status.STARTED

    def unblock(self, edit: Edit) -> None:
        """Take a blocked interval away, or shorten it to ``newStart``, ``newEnd``."""
        key = (edit["resourceId"], to_ms(parse_instant(edit["start"])), to_ms(parse_instant(edit["end"])))
        kept = next((i for i in self._request.locks.resource_intervals if _interval_key(i) == key), None)
        if kept is None:
            raise _missing("blocked interval", f"{key[0]} {edit['start']}")
        if "newStart" in edit:
            span = {"start": parse_instant(edit["newStart"]), "end": parse_instant(edit["newEnd"])}
            self._unblocked[key] = kept.model_copy(update=span)
        else:
            self._unblocked[key] = None

    def freeze(self, edit: Edit) -> None:
        """End the frozen period earlier, or drop it."""
        self._metadata["freeze_until"] = _date(edit)

    def scope(self, edit: Edit) -> None:
        """Let everything move."""
        self._options["scope"] = None

    def overtime(self, edit: Edit) -> None:
        """Let one resource work from ``from`` to ``to``, whatever its calendar says."""
        if parse_instant(edit["from"]) >= parse_instant(edit["to"]):
            raise ValueError("it must end after it begins")
        fields = {"from": edit["from"], "to": edit["to"], "working": True, "name": edit.get("name")}
        self._overtime[edit["resourceId"]].append(CalendarException.model_validate(fields))

    def no_calendar(self, edit: Edit) -> None:
        """Let a resource work round the clock."""
        self._resources[edit["resourceId"]]["calendar"] = None

    def capacity(self, edit: Edit) -> None:
        """Give a resource ``to`` units; without ``to`` as many as are asked for."""
        to = edit.get("to")
        change = {"infinite": True, "setup_matrix": None} if to is None else {"capacity": int(to)}
        self._resources[edit["resourceId"]] |= change

    def interruptible(self, edit: Edit) -> None:
        """Let an operation pause over breaks."""
        self._events[edit["eventId"]]["interruptible"] = True

    def drop_demands(self, edit: Edit) -> None:
        """Let an operation do without its secondary resources."""
        self._events[edit["eventId"]]["demands"] = None

    def allow_sequences(self, edit: Edit) -> None:
        """Allow all banned sequences of a setup matrix."""
        matrix = next(
            (m for m in self._request.schedule_data.snapshot.setup_matrices if m.id == edit["matrixId"]), None
        )
        self._matrices[edit["matrixId"]]["rules"] = _allowed(matrix) if matrix else ()

    def lag(self, edit: Edit) -> None:
        """Give a dependency another lag in ms, or none that holds anything back."""
        lag = edit.get("to")
        self._dependencies[edit["dependencyId"]] |= {"lag": _NO_LAG_MS if lag is None else int(lag), "lag_unit": "ms"}

    def max_lag(self, edit: Edit) -> None:
        """Give a dependency another greatest lag in ms, or none."""
        most = edit.get("to")
        change = {"max_lag": None if most is None else int(most), "max_lag_unit": "ms"}
        self._dependencies[edit["dependencyId"]] |= change

    def drop_dependency(self, edit: Edit) -> None:
        """Drop a dependency."""
        self._dropped.add(edit["dependencyId"])

    def _dated(self, edit: Edit) -> dict[str, Any]:
        return self._orders[edit["orderId"]] if "orderId" in edit else self._events[edit["eventId"]]

    # carrying out

    def _snapshot(self, snapshot: Snapshot) -> Snapshot:
        dependencies = snapshot.dependencies
        if self._dropped:
            _require("dependency", self._dropped, dependencies)
            dependencies = tuple(d for d in dependencies if d.id not in self._dropped)
        resources = _changed("resource", snapshot.resources, self._resources)
        resources, calendars = self._with_overtime(resources, snapshot.calendars)
        return snapshot.model_copy(
            update={
                "events": _changed("operation", snapshot.events, self._events),
                "orders": _changed("order", snapshot.orders, self._orders),
                "constraints": _changed("constraint", snapshot.constraints, self._constraints),
                "dependencies": _changed("dependency", dependencies, self._dependencies),
                "setup_matrices": _changed("setup matrix", snapshot.setup_matrices, self._matrices),
                "resources": resources,
                "calendars": calendars,
            }
        )

    def _with_overtime(
        self, resources: tuple[Resource, ...], calendars: tuple[Calendar, ...]
    ) -> tuple[tuple[Resource, ...], tuple[Calendar, ...]]:
        """Add exceptions to the calendars of resources; one that others share is copied first."""
        if not self._overtime:
            return resources, calendars
        _require("resource", self._overtime, resources)
        users = Counter(r.calendar for r in resources)
        out, known = list(resources), {c.id: c for c in calendars}
        for i, resource in enumerate(resources):
            extra = self._overtime.get(resource.id)
            calendar = None if resource.calendar is None else known[resource.calendar]
            if not extra or calendar is None:
                continue
            if users[calendar.id] > 1:
                own_id = _unused(f"{calendar.id}-{resource.id}", known)
                own_name = f"{calendar.name} ({resource.name or resource.id})"
                calendar = calendar.model_copy(update={"id": own_id, "name": own_name[:2_000]})
                out[i] = resource.model_copy(update={"calendar": own_id})
            known[calendar.id] = calendar.model_copy(update={"exceptions": (*calendar.exceptions, *extra)})
        return tuple(out), tuple(known.values())

    def _locks(self) -> Any:
        locks = self._request.locks
        if not self._unlocked and not self._unblocked:
            return locks
        spans = (self._unblocked.get(_interval_key(i), i) for i in locks.resource_intervals)
        kept = tuple(i for i in spans if i is not None)
        events = tuple(key for key in locks.events if key not in self._unlocked)
        return locks.model_copy(update={"events": events, "resource_intervals": kept})


_HANDLERS: dict[str, Callable[[_Editor, Edit], None]] = {
    "deadline": _Editor.deadline,
    "release": _Editor.release,
    "due": _Editor.due,
    "constraintDate": _Editor.constraint_date,
    "outage": _Editor.outage,
    "disable": _Editor.disable,
    "unlock": _Editor.unlock,
    "tolerate": _Editor.tolerate,
    "unblock": _Editor.unblock,
    "freeze": _Editor.freeze,
    "scope": _Editor.scope,
    "calendarException": _Editor.overtime,
    "noCalendar": _Editor.no_calendar,
    "capacity": _Editor.capacity,
    "interruptible": _Editor.interruptible,
    "dropDemands": _Editor.drop_demands,
    "allowSequences": _Editor.allow_sequences,
    "lag": _Editor.lag,
    "maxLag": _Editor.max_lag,
    "dropDependency": _Editor.drop_dependency,
}


def _changed(what: str, items: tuple[Any, ...], updates: Mapping[str, dict[str, Any]]) -> tuple[Any, ...]:
    if not updates:
        return items
    _require(what, updates, items)
    return tuple(i.model_copy(update=updates[i.id]) if i.id in updates else i for i in items)


def _require(what: str, keys: Iterable[str], items: Iterable[Any]) -> None:
    unknown = set(keys) - {item.id for item in items}
    if unknown:
        raise _missing(what, min(unknown))


def _missing(what: str, key: str) -> TaktwerkError:
    message = f"The schedule has no {what} {key!r} that the repair changes. Maybe it was edited since; optimise again."
    return TaktwerkError(ErrorCode.NOT_FOUND, message, {what: key})


def _date(edit: Edit) -> dt.datetime | None:
    return None if edit.get("to") is None else parse_instant(edit["to"])


def _interval_key(interval: ResourceInterval) -> tuple[str, int, int]:
    return interval.resource_id, to_ms(interval.start), to_ms(interval.end)


def _allowed(matrix: SetupMatrix) -> tuple[SetupRule, ...]:
    """The rules without the bans: for a sequence once banned, another rule or the default gives the time."""
    return tuple(r for r in matrix.rules if not r.forbidden)


def _unused(key: str, known: Mapping[str, Any]) -> str:
    """Return an id like ``key`` that is not in use."""
    out, number = key[:190], 2
    while out in known:
        out, number = f"{key[:190]}-{number}", number + 1
    return out
