"""Time that is not worked: outside the calendar, or an outage within it."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from engine.calendars import WorkingTimes, is_full_outage, outages_by_resource
from engine.instants import to_ms
from engine.model import Unavailable
from engine.plan import PlanFacts


class Stretch(NamedTuple):
    """A span that is worked, or not worked because of the calendar, or because of an outage."""

    start_ms: int
    end_ms: int
    is_worked: bool
    outage: Unavailable | None = None


class Breaks:
    """Tells worked and unworked stretches of resources apart, and outages from the calendar's breaks."""

    def __init__(self, facts: PlanFacts) -> None:
        self._facts = facts
        self._outages = {
            key: [o for o in found if is_full_outage(o, facts.resources[key])]
            for key, found in outages_by_resource(facts.schedule).items()
        }

    @cached_property
    def calendars(self) -> WorkingTimes:
        """Working times as they would be without any outage."""
        always = self._facts.working_time(None)
        snapshot = self._facts.schedule.snapshot.model_copy(update={"constraints": ()})
        return WorkingTimes(
            self._facts.schedule.model_copy(update={"snapshot": snapshot}), always.from_ms, always.to_ms
        )

    def stretches(self, resource_id: str | None, start_ms: int, end_ms: int) -> list[Stretch]:
        """Return the stretches of ``[start_ms, end_ms)`` in time order, without gaps."""
        found: list[Stretch] = []
        if start_ms >= end_ms:
            return found
        at_ms = start_ms
        for a, b in self._facts.working_time(resource_id).intervals_in(start_ms, end_ms):
            found.extend(self._unworked(resource_id, at_ms, a))
            found.append(Stretch(a, b, True))
            at_ms = b
        found.extend(self._unworked(resource_id, at_ms, end_ms))
        return found

    def _unworked(self, resource_id: str | None, start_ms: int, end_ms: int) -> list[Stretch]:
        if start_ms >= end_ms:
            return []
        outages = self._outages.get(resource_id or "", [])
        if not outages:
            return [Stretch(start_ms, end_ms, False)]
        found: list[Stretch] = []
        at_ms = start_ms
        for a, b in self.calendars.of(resource_id).intervals_in(start_ms, end_ms):
            if a > at_ms:
                found.append(Stretch(at_ms, a, False))
            found.append(
                Stretch(a, b, False, next((o for o in outages if to_ms(o.start) < b and a < to_ms(o.end)), None))
            )
            at_ms = b
        if at_ms < end_ms:
            found.append(Stretch(at_ms, end_ms, False))
        return found
