"""The rules of a request in the planner's words: names, local times, lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.instants import to_ms
from engine.model import DateConstraint, Unavailable
from engine.wording import length, listing, moment, period

if TYPE_CHECKING:
    import datetime as dt

    from engine.model import (
        Calendar,
        Constraint,
        Demand,
        Dependency,
        Operation,
        Order,
        Resource,
        ResourceInterval,
        Shift,
    )
    from engine.plan import PlanFacts

_DATE_WORDS = {
    "startnoearlierthan": "must not start before",
    "startnolaterthan": "must not start after",
    "finishnoearlierthan": "must not end before",
    "finishnolaterthan": "must not end after",
    "muststarton": "must start on",
    "mustfinishon": "must end on",
}
_SET_WORDS = {
    "sameresource": "must run on one and the same resource",
    "differentresource": "must run on different resources",
    "nooverlap": "must not run at the same time",
}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Words:
    """Puts rules of one schedule into words."""

    def __init__(self, facts: PlanFacts) -> None:
        self.facts = facts

    def moment(self, at: dt.datetime) -> str:
        """Return an instant."""
        return moment(to_ms(at), self.facts.zone)

    def period(self, start_ms: int, end_ms: int) -> str:
        """Return a span."""
        return period(start_ms, end_ms, self.facts.zone)

    def order(self, order: Order) -> str:
        """Return ``order 7``, or just its name where that says what it is."""
        name = order.name or order.id
        return name if name.lower().startswith("order") else f"order {name}"

    def constraint(self, rule: Constraint) -> str:
        """Return what a constraint demands."""
        if isinstance(rule, DateConstraint):
            return f"{self.facts.label(rule.event_id)} {_DATE_WORDS[rule.type]} {self.moment(rule.date)}."
        if isinstance(rule, Unavailable):
            when = self.period(to_ms(rule.start), to_ms(rule.end))
            why = f" ({rule.reason})" if rule.reason else ""
            name = self.facts.resource_label(rule.resource_id)
            if rule.capacity is None:
                return f"{name} is not available {when}{why}."
            return f"{rule.capacity} {'unit' if rule.capacity == 1 else 'units'} of {name} not available {when}{why}."
        return f"{listing([self.facts.label(key) for key in rule.event_ids])} {_SET_WORDS[rule.type]}."

    def blocked(self, interval: ResourceInterval) -> str:
        """Return ``Lathe 4 from Tue 3 Mar 2026 06:00 to 14:00``."""
        when = self.period(to_ms(interval.start), to_ms(interval.end))
        return f"{self.facts.resource_label(interval.resource_id)} {when}"

    def lock(self, op: Operation) -> str:
        """Return where an operation is locked."""
        name = self.facts.label(op.id)
        where = "" if op.resource_id is None else f" on {self.facts.resource_label(op.resource_id)}"
        if op.start_date is None or op.end_date is None:
            return f"{name} is locked{where}."
        return f"{name} is locked{where} {self.period(to_ms(op.start_date), to_ms(op.end_date))}."

    def works(self, resource: Resource, calendar: Calendar) -> str:
        """Return when a resource works."""
        name = self.facts.resource_label(resource.id)
        extra = ", with exceptions" if calendar.exceptions else ""
        if not calendar.week:
            return f"{name} works only by the exceptions of its calendar." if extra else f"{name} never works."
        return f"{name} works only {_week(calendar.week)}{extra}."

    def capacity(self, resource: Resource) -> str:
        """Return how many units a resource has."""
        name = self.facts.resource_label(resource.id)
        if resource.capacity == 1:
            return f"{name} does one thing at a time."
        return f"{name} has {resource.capacity} units."

    def demands(self, op: Operation) -> str:
        """Return ``the crew and 2 units of the tool``."""
        return listing([self._demand(demand) for demand in op.demands or ()])

    def _demand(self, demand: Demand) -> str:
        names = " or ".join(self.facts.resource_label(key) for key in demand.candidates)
        return names if demand.quantity == 1 else f"{demand.quantity} units of {names}"

    def least_lag(self, dependency: Dependency) -> str:
        """Return what must come after what."""
        one, does, point, other = self._points(dependency)
        lag = dependency.lag_ms
        if lag < 0:
            return f"{other} must {does} at most {length(-lag)} before {point} of {one}."
        return f"{other} must {does} {f'{length(lag)} ' if lag > 0 else ''}after {point} of {one}."

    def greatest_lag(self, dependency: Dependency) -> str:
        """Return by when what must have come after what."""
        one, does, point, other = self._points(dependency)
        return f"{other} must {does} at most {length(dependency.max_lag_ms or 0)} after {point} of {one}."

    def _points(self, dependency: Dependency) -> tuple[str, str, str, str]:
        does = "end" if dependency.type in (1, 3) else "start"
        point = "the end" if dependency.type in (2, 3) else "the start"
        return self.facts.label(dependency.from_event), does, point, self.facts.label(dependency.to_event)


def capital(text: str) -> str:
    """Return a text with a capital first letter."""
    return text[:1].upper() + text[1:]


def hours(ms: int) -> str:
    """Return a length as a planner writes it: ``45 min``, ``8 h``, ``1 d 2 h``."""
    return length(ms)


def _week(shifts: tuple[Shift, ...]) -> str:
    """Return ``Mon to Fri 06:00-14:00 and 14:00-22:00, Sat 06:00-12:00``."""
    by_days: dict[tuple[int, ...], list[str]] = {}
    for shift in shifts:
        by_days.setdefault(tuple(sorted(set(shift.days))), []).append(f"{shift.from_}-{shift.to}")
    return ", ".join(f"{_days(days)} {' and '.join(times)}" for days, times in by_days.items())


def _days(days: tuple[int, ...]) -> str:
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{_DAYS[days[0] - 1]} to {_DAYS[days[-1] - 1]}"
    return listing([_DAYS[d - 1] for d in days], 7)
