"""What a chain of operations is made of: spans of time, each with exactly one cause."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.explain.told import Told


class Kind(StrEnum):
    """What a span of time went into. The first two are what an order needs at least; all others are delays."""

    PROCESSING = "processing"
    LAG = "lag"
    SETUP = "setup"
    BREAK = "break"
    MAINTENANCE = "maintenance"
    RELEASE = "release"
    DATE = "date"
    CAPACITY = "capacity"
    SECONDARY = "secondary"
    SECONDARY_BREAK = "secondaryBreak"
    PINNED = "pinned"
    RULE = "rule"
    SLACK = "slack"
    OVERDUE = "overdue"
    SHORTAGE = "shortage"

    @property
    def is_needed(self) -> bool:
        """Whether no plan could do without it."""
        return self in (Kind.PROCESSING, Kind.LAG)


@dataclass(frozen=True, slots=True)
class Part(Told):
    """The span ``[start_ms, end_ms)`` before or in operation ``event_id``, and what it went into.

    Attributes
    ----------
    kind
        The cause.
    amount_ms
        Its length.
    late_ms
        How much of it made the order late: what is left once the order's reserve is used up (see ``LateOrder``).
    resource_id
        The resource that it is about.
    event_ids, order_ids
        The operations that stood in the way (for a lag: the predecessor), and their orders.
    rule_id
        The constraint, dependency or outage that it follows from.
    text
        A sentence.
    """

    kind: Kind
    start_ms: int
    end_ms: int
    event_id: str
    amount_ms: int
    late_ms: int = 0
    resource_id: str | None = None
    event_ids: tuple[str, ...] = ()
    order_ids: tuple[str, ...] = ()
    rule_id: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Link(Told):
    """One operation of a chain: its place, and the parts of the chain's time that are its own, in time order."""

    event_id: str
    name: str
    start_ms: int
    end_ms: int
    parts: tuple[Part, ...]
    resource_id: str | None = None
    order_id: str | None = None


def shares(amount_ms: int, count: int) -> list[int]:
    """Return an amount in ``count`` whole parts as equal as can be, the larger ones first."""
    each, rest = divmod(amount_ms, max(1, count))
    return [each + (i < rest) for i in range(max(1, count))]
