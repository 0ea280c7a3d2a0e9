"""Values that are well-formed but cannot be meant: zones, exceptions, quantities, lags, attributes."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, cast

from engine.calendars import exception_edge
from engine.instants import zone_of
from engine.model import Attributes, Calendar, Dependency, Operation
from engine.plan import required_ms
from engine.setups import ANY
from engine.validation.draft import Draft
from engine.validation.reading import shortened
from engine.wording import length

MAX_MS = 100 * 366 * 86_400_000
"""No duration or lag is longer than a hundred years."""

MAX_ATTRIBUTE_DEPTH = 10
MAX_ATTRIBUTE_VALUES = 2_000
MAX_ATTRIBUTE_CHARACTERS = 64 * 1024


def check_values(draft: Draft) -> None:
    """Report values that no schedule can mean."""
    check_zone(draft, f"{draft.prefix}metadata.timeZone", draft.zone_name)
    for i, calendar in draft.each("calendars"):
        _check_calendar(draft, draft.path("calendars", i), calendar)
    for i, op in draft.each("events"):
        _check_operation(draft, draft.path("events", i), op)
    for i, link in draft.each("dependencies"):
        _check_lags(draft, draft.path("dependencies", i), link)
    for name in ("resources", "events", "orders"):
        for i, item in draft.each(name):
            if item.attributes and not _is_plain(item.attributes):
                _check_attributes(draft, draft.path(name, i, "attributes"), item.attributes)
    for i, resource in draft.each("resources"):
        _check_family(draft, draft.path("resources", i, "initialSetup"), resource.initial_setup)


def check_zone(draft: Draft, path: str, name: str | None) -> None:
    """Report a zone that does not exist."""
    if name is None:
        return
    try:
        zone_of(name)
    except ValueError as error:
        draft.add(path, shortened(name), str(error))


def _check_calendar(draft: Draft, path: str, calendar: Calendar) -> None:
    check_zone(draft, f"{path}.timeZone", calendar.time_zone)
    zone = calendar.time_zone or draft.zone_name
    try:
        zone_of(zone)
    except ValueError:
        zone = "UTC"
    for k, exception in enumerate(calendar.exceptions):
        where = f"{path}.exceptions[{k}]"
        edges: list[int] = []
        for name, text in (("from", exception.from_), ("to", exception.to)):
            try:
                edges.append(exception_edge(text, zone, last=name == "to"))
            except ValueError:
                draft.add(f"{where}.{name}", text, "is no date; write for example 2026-12-24 or 2026-12-24T14:00")
        if len(edges) == 2 and edges[1] <= edges[0]:
            reason = f"must come after `from` ({exception.from_})"
            draft.add(f"{where}.to", exception.to, f"{reason}. Maybe the two are swapped")


def _check_operation(draft: Draft, path: str, op: Operation) -> None:
    _check_family(draft, f"{path}.setupFamily", op.setup_family)
    for mode in op.alternatives:
        resource = draft.resources.get(mode.resource_id)
        if resource is None or resource.efficiency >= 1:
            continue
        duration = op.duration if mode.duration is None else mode.duration
        if duration / resource.efficiency > MAX_MS or required_ms(duration, resource.efficiency) > MAX_MS:
            name, factor = resource.name or resource.id, resource.efficiency
            reason = f"takes more than 100 years on {name}, whose efficiency is {factor:g}"
            draft.add(f"{path}.duration", duration, f"{reason}. Maybe the efficiency is a percentage")
    if op.demands:
        _check_quantities(draft, path, op)


def _check_quantities(draft: Draft, path: str, op: Operation) -> None:
    needed: Counter[str] = Counter()
    alternatives = op.alternatives
    if len(alternatives) == 1:
        needed[alternatives[0].resource_id] += 1
    for k, demand in enumerate(op.demands or ()):
        where = f"{path}.demands[{k}].quantity"
        candidates = [draft.resources[key] for key in demand.candidates if key in draft.resources]
        limited = [r for r in candidates if not r.infinite]
        if not limited or len(limited) < len(demand.candidates):
            continue  # an unlimited one, or one that is reported elsewhere
        most = max(r.capacity for r in limited)
        if demand.only_on is not None:
            continue  # a mode that needs too much is merely never chosen
        if demand.quantity > most:
            names = " or ".join(r.name or r.id for r in limited[:3])
            draft.add(where, demand.quantity, f"is more than {names} can give: {most}")
        elif len(limited) == 1:
            needed[limited[0].id] += demand.quantity
            if needed[limited[0].id] > most and demand.quantity:
                name = limited[0].name or limited[0].id
                reason = f"with what else {op.name or op.id} needs of {name}, {needed[limited[0].id]} units"
                draft.add(where, demand.quantity, f"{reason} are needed at once, but it has {most}")


def _check_family(draft: Draft, path: str, family: str | None) -> None:
    if family == ANY:
        draft.add(path, family, "a family cannot be called `*`, which stands for any family in setup rules")


def _check_lags(draft: Draft, path: str, link: Dependency) -> None:
    sizes = (("lag", link.lag, link.lag_ms), ("maxLag", link.max_lag, link.max_lag_ms))
    for name, value, size_ms in sizes:
        if size_ms is not None and abs(size_ms) > MAX_MS:
            draft.add(f"{path}.{name}", value, "is longer than 100 years. Maybe the unit is wrong")
    if link.max_lag_ms is not None and link.max_lag_ms < link.lag_ms:
        reason = f"the greatest lag ({length(link.max_lag_ms)}) is less than the lag ({length(link.lag_ms)})"
        draft.add(f"{path}.maxLag", link.max_lag, f"{reason}. Maybe a unit is wrong")


def _is_plain(attributes: Attributes) -> bool:
    """Whether attributes are a few short plain values, as nearly all are: those need no closer look."""
    if len(attributes) > 50:
        return False
    for key, value in attributes.items():
        kind = type(value)
        if type(key) is not str or not key.isascii() or len(key) > 200:
            return False
        if kind is str:
            plain = len(value) <= 1_000 and value.isascii()
        elif kind is int or kind is float:
            plain = -1e15 < value < 1e15
        else:
            plain = value is None or kind is bool
        if not plain:
            return False
    return True


def _check_attributes(draft: Draft, path: str, attributes: Attributes) -> None:
    """Report what makes attributes unfit to be stored: depth, size, and what is no JSON."""
    stack: list[tuple[str, Any, int]] = [(path, attributes, 1)]
    count = characters = 0
    while stack:
        where, value, depth = stack.pop()
        count += 1
        reason = _unfit(value)
        if reason is None and depth > MAX_ATTRIBUTE_DEPTH:
            reason = f"is nested deeper than {MAX_ATTRIBUTE_DEPTH} levels"
        if reason is not None:
            draft.add(where[:200], shortened(value), reason)
            return
        if isinstance(value, dict):
            fields = cast(dict[str, Any], value)
            characters += sum(len(key) for key in fields)
            stack.extend((f"{where}.{key}"[:300], item, depth + 1) for key, item in fields.items())
        elif isinstance(value, list):
            items = cast(list[Any], value)
            stack.extend(
                (f"{where}[{i}]"[:300], item, depth + 1) for i, item in enumerate(items[:MAX_ATTRIBUTE_VALUES])
            )
            count += max(0, len(items) - MAX_ATTRIBUTE_VALUES)
        elif isinstance(value, str):
            characters += len(value)
        if count > MAX_ATTRIBUTE_VALUES or characters > MAX_ATTRIBUTE_CHARACTERS:
            limit = f"{MAX_ATTRIBUTE_VALUES:,} values and {MAX_ATTRIBUTE_CHARACTERS:,} characters"
            draft.add(path, shortened(attributes), f"are too large: at most {limit}. Keep such data elsewhere")
            return


def _unfit(value: Any) -> str | None:
    """Why a value cannot be part of attributes."""
    if value is None or isinstance(value, (bool, list)):
        return None
    if isinstance(value, int):
        return None if -(2**63) <= value < 2**63 else "is too large a number; write it as text"
    if isinstance(value, float):
        return None if math.isfinite(value) else "must be a finite number, not NaN or Infinity"
    if isinstance(value, str):
        return _unfit_text(value)
    if isinstance(value, dict):
        keys = list(cast(dict[Any, Any], value))
        if not all(isinstance(key, str) for key in keys):
            return "has keys that are not text"
        return next((reason for key in keys if (reason := _unfit_text(key))), None)
    return "is not JSON data"


def _unfit_text(text: str) -> str | None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return "is not valid Unicode text"
    return None
