"""What the checker finds, and what it looks at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from engine.check.choice_book import ChoiceBook
from engine.check.part import Part
from engine.horizon import horizon_start_ms
from engine.instants import to_ms
from engine.model import Operation, OptimizationRequest, Schedule
from engine.pinning import Pin, pin_of, pins
from engine.plan import PlanFacts
from engine.wording import moment, period


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule.

    Attributes
    ----------
    rule
        Its name: ``unscheduled duration calendar capacity overlap stock setup forbidden_sequence mode demand dependency
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
    """A schedule under check, with what it is measured against.

    Parameters
    ----------
    facts
        The plan.
    base, request
        As in ``engine.check.check``.
    part
        Which part of it is looked at; the whole by default.
    choices
        What was chosen before for needs that are open; nothing by default.

    Attributes
    ----------
    step
        Which of the rules is under check.
    found
        What was found, by step and item.
    """

    def __init__(
        self,
        facts: PlanFacts,
        base: Schedule | None = None,
        request: OptimizationRequest | None = None,
        part: Part | None = None,
        choices: ChoiceBook | None = None,
    ) -> None:
        self.facts = facts
        self.base = base
        self.request = request
        self.part = part or Part.whole(facts)
        self.choices = choices or ChoiceBook()
        self.step = 0
        self.found: dict[tuple[int, str], list[Violation]] = {}

    @cached_property
    def pins(self) -> dict[str, Pin]:
        """The operations that may not move."""
        return pins(self.base or self.facts.schedule, self.request)

    def pin(self, event_id: str) -> Pin | None:
        """Why an operation may not move, if so."""
        if self.base is None and self.request is None:
            return pin_of(self.facts.operations[event_id], self.facts.schedule.metadata.freeze_until)
        return self.pins.get(event_id)

    def put(self, key: str, violation: Violation) -> None:
        """Take down what the rule under check has found about an item: an operation, a resource, an order ..."""
        self.found.setdefault((self.step, key), []).append(violation)

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
        """The operations under check that have a placement, in the schedule's order."""
        operations, starts = self.facts.operations, self.facts.starts
        if self.part.is_whole:
            return tuple(operations[key] for key in starts)
        return tuple(operations[key] for key in self.part.operations if key in starts)

    def moment(self, at_ms: int) -> str:
        """An instant in words."""
        return moment(at_ms, self.facts.zone)

    def period(self, start_ms: int, end_ms: int) -> str:
        """A span in words."""
        return period(start_ms, end_ms, self.facts.zone)

    def labels(self, event_ids: Iterable[str]) -> list[str]:
        """Names of operations."""
        return [self.facts.label(key) for key in event_ids]
