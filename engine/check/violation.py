"""What the checker finds, and what it looks at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from engine.horizon import horizon_start_ms
from engine.instants import to_ms
from engine.model import Operation, OptimizationRequest, Schedule
from engine.pinning import Pin, pins
from engine.plan import PlanFacts
from engine.wording import moment, period


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule.

    Attributes
    ----------
    rule
        Its name: ``unscheduled duration calendar capacity overlap setup forbidden_sequence mode demand dependency
        max_lag release deadline horizon locked frozen started completed scope blocked``, or a constraint's type.
    message
        One or two plain sentences with names, times in the plant's zone, and lengths.
    event_ids
        The operations concerned.
    resource_id, constraint_id
        The resource, and the constraint, dependency or order concerned, if any.
    start_ms, end_ms
        Where on the time axis it shows, half-open, UTC ms.
    amount_ms
        By how much the rule is broken, where that is a time.
    """

    rule: str
    message: str
    event_ids: tuple[str, ...]
    resource_id: str | None = None
    constraint_id: str | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    amount_ms: int | None = None


class Context:
    """A schedule under check, with what it is measured against."""

    def __init__(self, facts: PlanFacts, base: Schedule | None, request: OptimizationRequest | None) -> None:
        self.facts = facts
        self.base = base
        self.request = request
        self.pins: dict[str, Pin] = pins(base or facts.schedule, request)
        self.found: list[Violation] = []

    @cached_property
    def earliest_ms(self) -> int | None:
        """The instant before which nothing may start; ``None`` when neither "now" nor an input plan sets one."""
        if self.base is not None and self.base is not self.facts.schedule:
            return horizon_start_ms(self.base)
        return self.facts.horizon_start_ms if self.base is not None else self.now_ms

    @cached_property
    def now_ms(self) -> int | None:
        """ "Now", when the input names it: no setup may begin before it."""
        now = (self.base or self.facts.schedule).metadata.horizon_start
        return None if now is None else to_ms(now)

    @cached_property
    def placed(self) -> tuple[Operation, ...]:
        """The operations with a placement, in the schedule's order."""
        return tuple(self.facts.operations[key] for key in self.facts.starts)

    def moment(self, at_ms: int) -> str:
        """An instant in words."""
        return moment(at_ms, self.facts.zone)

    def period(self, start_ms: int, end_ms: int) -> str:
        """A span in words."""
        return period(start_ms, end_ms, self.facts.zone)

    def labels(self, event_ids: Iterable[str]) -> list[str]:
        """Names of operations."""
        return [self.facts.label(key) for key in event_ids]
