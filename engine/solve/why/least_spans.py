"""The least change of a span or an amount after which a request has a plan: lags, outages, breaks, capacities."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine.instants import from_ms, to_ms
from engine.model import Unavailable
from engine.solve.why.changing import Changing, Offer, Plan
from engine.solve.why.edits import Edit, instant
from engine.solve.why.overtime import least_overtime
from engine.solve.why.searching import MINUTE_MS, gap_of
from engine.wording import length

if TYPE_CHECKING:
    from engine.solve.why.rules_given import Rule

_MOST_UNITS = 64
_SpanEdit = Callable[[int, int], Edit]


def longer_lag(changing: Changing, rule: Rule, plan: Plan) -> list[Offer]:
    """Return by how much longer a greatest lag must be."""
    dependency = changing.dependency(rule)
    most = dependency.max_lag_ms or 0

    def edit(amount: int) -> Edit:
        return {"kind": "maxLag", "dependencyId": rule.id, "to": most + amount}

    def needs(found: Plan) -> int:
        return gap_of(found, dependency) - most

    amount = changing.least(edit, needs(plan), needs)
    text = f"Allow {length(most + amount)} instead of {length(most)}: {rule.text}"
    return [Offer((edit(amount),), text, f"{length(amount)} more", amount)]


def shorter_lag(changing: Changing, rule: Rule, plan: Plan) -> list[Offer]:
    """Return by how much sooner a successor must be allowed to come."""
    dependency = changing.dependency(rule)
    lag = dependency.lag_ms

    def edit(amount: int) -> Edit:
        return {"kind": "lag", "dependencyId": rule.id, "to": lag - amount}

    def needs(found: Plan) -> int:
        return lag - gap_of(found, dependency)

    amount = changing.least(edit, needs(plan), needs)
    text = f"Let {changing.facts.label(dependency.to_event)} come {length(amount)} sooner than this allows: {rule.text}"
    return [Offer((edit(amount),), text, f"{length(amount)} sooner", amount)]


def less_blocked(changing: Changing, rule: Rule, _plan: Plan) -> list[Offer]:
    """Return how much of a blocked interval must be given back."""
    interval = changing.base.locks.resource_intervals[int(rule.id)]
    span = to_ms(interval.start), to_ms(interval.end)

    def edit(start: int, end: int) -> Edit:
        return {**rule.release[0], "newStart": instant(start), "newEnd": instant(end)}

    name = changing.facts.resource_label(interval.resource_id)
    cut = _least_cut(changing, span, edit, f"Block {name}", "unblocked")
    amount = span[1] - span[0]
    whole = Offer(rule.release, f"Unblock {changing.words.blocked(interval)}.", f"{length(amount)} unblocked", amount)
    return [cut or whole]


def shorter_outage(changing: Changing, rule: Rule, _plan: Plan) -> list[Offer]:
    """Return how much of an outage must be given back."""
    outage = next(c for c in changing.base.schedule_data.snapshot.constraints if c.id == rule.id)
    assert isinstance(outage, Unavailable)
    span = to_ms(outage.start), to_ms(outage.end)

    def edit(start: int, end: int) -> Edit:
        return {"kind": "outage", "constraintId": rule.id, "start": instant(start), "end": instant(end)}

    name = changing.facts.resource_label(outage.resource_id)
    cut = _least_cut(changing, span, edit, f"Take {name} out", "less")
    amount = span[1] - span[0]
    return [cut or Offer(rule.release, f"Put this off: {rule.text}", f"{length(amount)} less", amount)]


def overtime(changing: Changing, rule: Rule, plan: Plan) -> list[Offer]:
    """Return how long breaks must be worked."""
    name, zone = changing.facts.resource_label(rule.id), changing.facts.zone
    offers: list[Offer] = []
    for spans in least_overtime(changing.base, rule.id, plan, changing.judge, changing.until):
        total = length(sum(end - start for start, end in spans))
        parts = [f"{length(b - a)} of overtime on {name} {changing.words.period(a, b)}" for a, b in spans]
        local = [(from_ms(a).astimezone(zone), from_ms(b).astimezone(zone)) for a, b in spans]
        edits = tuple(_exception(rule.id, a.isoformat(), b.isoformat()) for a, b in local)
        amount = sum(end - start for start, end in spans)
        offers.append(Offer(edits, f"Work {' and '.join(parts)}.", f"{total} of overtime", amount, times=len(spans)))
    if offers:
        return offers
    text = f"Let {name} work round the clock."
    return [Offer(rule.release, text, "works round the clock", is_round_the_clock=True)]


def more_units(changing: Changing, rule: Rule, _plan: Plan) -> list[Offer]:
    """Return how many units a resource lacks."""
    resource = changing.facts.resources[rule.id]
    extra = 1
    while extra <= _MOST_UNITS and not changing.is_late:
        edit: Edit = {"kind": "capacity", "resourceId": rule.id, "to": resource.capacity + extra}
        if changing.plan_of(changing.with_edits(edit)) is not None:
            units = "1 more unit" if extra == 1 else f"{extra} more units"
            text = f"Have {units} of {changing.facts.resource_label(rule.id)}."
            return [Offer((edit,), text, units, times=extra)]
        extra = extra + 1 if extra < 4 else extra * 2
    return []


def _least_cut(changing: Changing, span: tuple[int, int], edit: _SpanEdit, what: str, unit: str) -> Offer | None:
    """Return the least cut at either end of a span, or None where only all of it helps."""
    start, end = span
    amount, best = end - start, None
    for at_end in (True, False):
        cut = _cutter(edit, span, at_end)
        most = amount - MINUTE_MS
        if most < MINUTE_MS or changing.plan_of(changing.with_edits(cut(most))) is None:
            continue
        amount = changing.least(cut, most)
        where = f"only until {changing.at(end - amount)}" if at_end else f"only from {changing.at(start + amount)} on"
        best = Offer((cut(amount),), f"{what} {where}, {length(amount)} less.", f"{length(amount)} {unit}", amount)
    return best


def _cutter(edit: _SpanEdit, span: tuple[int, int], at_end: bool) -> Callable[[int], Edit]:
    """Return a function that makes the edit which cuts a span by an amount, at its end or its start."""
    start, end = span
    return (lambda amount: edit(start, end - amount)) if at_end else (lambda amount: edit(start + amount, end))


def _exception(resource_id: str, begin: str, end: str) -> dict[str, Any]:
    dates = {"from": begin, "to": end, "working": True, "name": "Overtime"}
    return {"kind": "calendarException", "resourceId": resource_id, **dates}
