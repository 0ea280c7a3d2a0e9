"""The way in for schedules and requests from outside: everything that is wrong with them, at once.

Structure is checked item by item, so that one broken operation does not hide a dangling reference elsewhere; then the
ids, values, dates and circles of everything that is well-formed. What passes is safe for all other modules: they look
ids up without asking.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import orjson
from pydantic import ValidationError

from engine.errors import Fault, invalid_schedule
from engine.model import Metadata, OptimizationRequest, Schedule, Snapshot
from engine.validation.cycles import check_cycles
from engine.validation.draft import COLLECTIONS, MAX_FAULTS, Draft, zone_or_utc
from engine.validation.reading import MAX_BYTES, ROOT, read_object, shortened, too_large, uncollected
from engine.validation.references import References, check_references
from engine.validation.structure import structural_faults
from engine.validation.values import check_values
from engine.validation.windows import check_span, check_windows

__all__ = ["LIMITS", "MAX_BYTES", "MAX_EVENTS", "faults_of", "parse_request", "parse_schedule"]

Raw = bytes | bytearray | str | Mapping[str, Any]

MAX_EVENTS = 100_000
LIMITS: dict[str, int] = {
    "events": MAX_EVENTS,
    "resources": 10_000,
    "dependencies": 300_000,
    "constraints": 100_000,
    "calendars": 1_000,
    "orders": 100_000,
    "setupMatrices": 1_000,
}
"""The most items of each collection, by wire name. Above: E006."""

_INNER_LIMITS: dict[str, dict[str, tuple[int, int]]] = {
    # collection: {field: (most in one item, most in all)}
    "events": {"modes": (1_000, 2_000_000), "demands": (100, 500_000)},
    "constraints": {"eventIds": (MAX_EVENTS, 1_000_000)},
    "calendars": {"week": (100, 10_000), "exceptions": (5_000, 50_000)},
    "setupMatrices": {"rules": (250_000, 1_000_000)},
}
_EPOCH = "2026-01-01T00:00:00Z"
_STUB = {"plantId": "", "timestamp": _EPOCH, "userId": ""}


def parse_schedule(data: Raw) -> Schedule:
    """Return the schedule in ``data``.

    Dates without an offset are local to ``metadata.timeZone``.

    Parameters
    ----------
    data
        A ScheduleDataDTO: JSON as UTF-8 bytes or text, or as data read from JSON.

    Raises
    ------
    TaktwerkError
        E001 with every fault (``details.faults``: path, value, reason); E006 when it is too large.
    """
    with uncollected():
        raw, faults = read_object(data, "schedule")
        schedule, found, _ = _checked(raw, "")
    faults += found
    if faults or schedule is None:
        raise invalid_schedule(_capped(faults))
    return schedule


def parse_request(data: Raw) -> OptimizationRequest:
    """Return the optimisation request in ``data``.

    Parameters
    ----------
    data
        An OptimizationRequestDTO: JSON as UTF-8 bytes or text, or as data read from JSON. ``scheduleData`` may be a
        ``Schedule`` that was checked before.

    Raises
    ------
    TaktwerkError
        E001 with every fault of the request and its schedule; E006 when it is too large.
    """
    with uncollected():
        return _parsed_request(data)


def read_checked_request(data: bytes) -> OptimizationRequest:
    """Return a request that ``parse_request`` accepted before it was written as JSON: of its form only is looked at.

    Raises
    ------
    TaktwerkError
        As ``parse_request``, where it is none after all.
    """
    with uncollected():
        try:
            raw: Any = orjson.loads(data)
            context = {"zone": zone_or_utc(_zone_name(raw["scheduleData"]))}
            return OptimizationRequest.model_validate(raw, context=context, by_alias=True, by_name=False)
        except (ValueError, KeyError, TypeError, AttributeError):
            return parse_request(data)


def faults_of(schedule: Schedule) -> list[Fault]:
    """Return what is wrong with a structurally valid schedule: ids, values, dates, circles. Empty when it is sound."""
    draft = Draft.of(schedule)
    _check_meaning(draft)
    return draft.faults


def faults_of_request(request: OptimizationRequest) -> list[Fault]:
    """Return what is wrong with a structurally valid request, its schedule included."""
    draft = Draft.of(request.schedule_data, "scheduleData.")
    _check_meaning(draft)
    _check_request(draft, request)
    return draft.faults


def _parsed_request(data: Raw) -> OptimizationRequest:
    raw, faults = read_object(data, "request")
    given = raw.get("scheduleData")
    schedule, draft = given if isinstance(given, Schedule) else None, Draft("scheduleData.")
    if schedule is not None:
        draft = Draft.of(schedule, "scheduleData.")
    elif isinstance(given, Mapping):
        schedule, found, draft = _checked(cast(Mapping[str, Any], given), "scheduleData.")
        faults += found
    elif "scheduleData" in raw:
        faults.append(Fault("scheduleData", shortened(given), "must be an object"))
    shell = {**raw, "scheduleData": schedule or _empty()} if "scheduleData" in raw else raw
    request = None
    try:
        context = {"zone": zone_or_utc(draft.zone_name)}
        request = OptimizationRequest.model_validate(shell, context=context, by_alias=True, by_name=False)
    except ValidationError as error:
        faults += structural_faults(error, "")
    if request is not None:
        draft.faults = []
        _check_request(draft, request)
        faults += draft.faults
    if faults or request is None:
        raise invalid_schedule(_capped(faults), "request")
    return request


def _checked(raw: Mapping[str, Any], prefix: str) -> tuple[Schedule | None, list[Fault], Draft]:
    """The schedule, or everything that keeps it from being one; and its well-formed parts."""
    snapshot = raw.get("snapshot")
    parts = cast(Mapping[str, Any], snapshot) if isinstance(snapshot, Mapping) else {}
    _check_sizes(parts)
    zone_name = _zone_name(raw)
    context = {"zone": zone_or_utc(zone_name)}
    try:
        schedule = Schedule.model_validate(raw, context=context, by_alias=True, by_name=False)
    except ValidationError:
        schedule, draft = None, Draft.from_raw(parts, prefix, zone_name)
        draft.add_all(_shell_faults(raw, parts, prefix, context))
    else:
        draft = Draft.of(schedule, prefix)
    _check_meaning(draft)
    return schedule, draft.faults, draft


def _check_meaning(draft: Draft) -> None:
    for rule in (check_references, check_values, check_windows, check_cycles):
        rule(draft)


def _check_sizes(parts: Mapping[str, Any]) -> None:
    for name, most in LIMITS.items():
        items = parts.get(name)
        if not isinstance(items, (list, tuple)):
            continue
        values = cast(list[Any], items)
        if len(values) > most:
            raise too_large(f"The schedule has {len(values):,} {name}", most, name)
        for field, (most_in_one, most_in_all) in _INNER_LIMITS.get(name, {}).items():
            sizes = [_size(value, field) for value in values]
            largest = max(sizes, default=0)
            if largest > most_in_one:
                where = f"snapshot.{name}[{sizes.index(largest)}]"
                raise too_large(f"{where} has {largest:,} {field}", most_in_one, f"{field} in one")
            if sum(sizes) > most_in_all:
                raise too_large(f"The schedule has {sum(sizes):,} {field} in its {name}", most_in_all, field)


def _size(value: Any, field: str) -> int:
    inner = cast(Mapping[str, Any], value).get(field) if isinstance(value, Mapping) else None
    return len(cast(list[Any], inner)) if isinstance(inner, (list, tuple)) else 0


def _zone_name(raw: Mapping[str, Any]) -> str:
    metadata = raw.get("metadata")
    name = cast(Mapping[str, Any], metadata).get("timeZone") if isinstance(metadata, Mapping) else None
    return name if isinstance(name, str) else "UTC"


def _shell_faults(
    raw: Mapping[str, Any], parts: Mapping[str, Any], prefix: str, context: dict[str, Any]
) -> list[Fault]:
    """The faults outside the collections' items, which are checked one by one."""
    emptied = {k: () if k in COLLECTIONS and isinstance(v, (list, tuple)) else v for k, v in parts.items()}
    shell = {**raw, "snapshot": emptied} if isinstance(raw.get("snapshot"), Mapping) else raw
    try:
        Schedule.model_validate(shell, context=context, by_alias=True, by_name=False)
    except ValidationError as error:
        return structural_faults(error, prefix.rstrip("."))
    return []


def _check_request(draft: Draft, request: OptimizationRequest) -> None:
    references = References(draft)
    references.check_all("locks.events", request.locks.events, "events")
    for i, interval in enumerate(request.locks.resource_intervals):
        path = f"locks.resourceIntervals[{i}]"
        references.check(f"{path}.resourceId", interval.resource_id, "resources")
        check_span(draft, path, interval)
    scope = request.options.scope
    if scope is not None:
        references.check_all("options.scope.eventIds", scope.event_ids, "events")
        references.check_all("options.scope.resourceIds", scope.resource_ids, "resources")
        if scope.start is not None and scope.end is not None:
            check_span(draft, "options.scope", scope)
    _check_objective(draft, request)


def _check_objective(draft: Draft, request: OptimizationRequest) -> None:
    options = request.options
    given = [name for name in ("objective", "weights", "objectives") if getattr(options, name) is not None]
    if len(given) > 1:
        draft.add("options", " and ".join(given), "say what to minimise in one way only; keep one of them")
    if options.weights is not None and not any(
        getattr(options.weights, name) for name in type(options.weights).model_fields
    ):
        draft.add("options.weights", None, "must have at least one weight above 0")
    if options.objectives is not None:
        if not options.objectives:
            draft.add("options.objectives", None, "must name at least one objective")
        for i, name in enumerate(options.objectives):
            if name in options.objectives[:i]:
                draft.add(f"options.objectives[{i}]", name, "stands twice in this list; keep one")


def _empty() -> Schedule:
    return Schedule(version="", snapshot=Snapshot(), metadata=Metadata.model_validate(_STUB))


def _capped(faults: list[Fault]) -> list[Fault]:
    if len(faults) < MAX_FAULTS:
        return faults
    return [*faults[:MAX_FAULTS], Fault(ROOT, None, f"there may be more faults than these {MAX_FAULTS:,}")]
