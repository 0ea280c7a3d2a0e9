"""What each part of a chain went into, in a planner's words."""

from __future__ import annotations

from engine.explain.part import Kind, Part
from engine.explain.rulebook import Rulebook
from engine.pinning import Pin
from engine.plan import PlanFacts
from engine.wording import length, listing, moment

_PINNED = {
    Pin.COMPLETED: "was completed then",
    Pin.STARTED: "was started then",
    Pin.LOCKED: "is locked there",
    Pin.FROZEN: "starts within the frozen time",
    Pin.OUT_OF_SCOPE: "is outside the scope",
}

TITLES: dict[Kind, str] = {
    Kind.PROCESSING: "Work",
    Kind.LAG: "Lag or transport",
    Kind.SETUP: "Setup",
    Kind.BREAK: "Outside working time",
    Kind.MAINTENANCE: "Maintenance",
    Kind.RELEASE: "Release date",
    Kind.DATE: "Fixed date",
    Kind.CAPACITY: "Resource busy",
    Kind.SECONDARY: "Operator or tool busy",
    Kind.SECONDARY_BREAK: "Operator or tool off shift",
    Kind.PINNED: "Locked or fixed",
    Kind.RULE: "Other rule",
    Kind.SLACK: "Could begin earlier",
    Kind.OVERDUE: "Overdue from the start",
    Kind.SHORTAGE: "Too little time from the start",
}
"""A short name of each cause."""


class PartWords:
    """Makes sentences of the parts of one plan's chains."""

    def __init__(self, facts: PlanFacts, rules: Rulebook) -> None:
        self._facts, self._rules = facts, rules

    def of(self, part: Part) -> str:
        """Return a sentence on what the part's time went into."""
        task, amount = self._facts.label(part.event_id), length(part.amount_ms)
        match part.kind:
            case Kind.PROCESSING:
                return f"{amount} of work on {task}{self._on(part)}."
            case Kind.LAG:
                return f"{amount} must pass between {self._others(part)} and {task}."
            case Kind.SETUP:
                after = f" after {self._others(part)}" if part.event_ids else ""
                return f"{self._resource(part)} is set up for {task}{after} for {amount}."
            case Kind.BREAK:
                return f"{self._resource(part)} is outside working time for {amount}."
            case Kind.MAINTENANCE:
                return f"{self._resource(part)} is out of service for {amount}{self._reason(part)}."
            case _:
                return self._wait(part, task, amount)

    def _wait(self, part: Part, task: str, amount: str) -> str:
        waits = f"{task} waits {amount}"
        match part.kind:
            case Kind.RELEASE:
                return f"{waits} for its release {moment(part.end_ms, self._facts.zone)}."
            case Kind.DATE:
                return f"{waits} for {moment(part.end_ms, self._facts.zone)}, its earliest date{self._reason(part)}."
            case Kind.CAPACITY:
                return f"{waits} for {self._resource(part)}, which is taken by {self._others(part)}."
            case Kind.SECONDARY:
                by = f", which {self._others(part)} needs" if len(part.event_ids) == 1 else ""
                by = f", which {self._others(part)} need" if len(part.event_ids) > 1 else by
                return f"{waits} for {self._resource(part)}{by}."
            case Kind.SECONDARY_BREAK:
                return f"{waits} for {self._resource(part)}, outside its working time."
            case Kind.PINNED:
                pin = self._rules.pins.get(part.event_id)
                return f"{task} could begin {amount} earlier, but {_PINNED[pin] if pin else 'is fixed'}."
            case Kind.SLACK:
                return f"{task} could begin {amount} earlier: nothing stands in its way."
            case _:
                by = f" about {self._others(part)}" if part.event_ids else ""
                return f"{waits} because of a rule{by}{self._reason(part)}."

    def _on(self, part: Part) -> str:
        return "" if part.resource_id is None else f" on {self._resource(part)}"

    def _resource(self, part: Part) -> str:
        return "Its resource" if part.resource_id is None else self._facts.resource_label(part.resource_id)

    def _others(self, part: Part) -> str:
        return listing([self._facts.label(key) for key in part.event_ids], 3) or "nothing"

    def _reason(self, part: Part) -> str:
        reason = self._reasons.get(part.rule_id or "")
        return f" ({reason})" if reason else ""

    @property
    def _reasons(self) -> dict[str, str]:
        if not hasattr(self, "_known"):
            rules = self._facts.schedule.snapshot.constraints
            self._known = {r.id: getattr(r, "reason", None) or r.name or "" for r in rules}
        return self._known
