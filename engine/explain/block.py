"""What keeps an operation from a place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """A rule that keeps an operation from a place.

    Attributes
    ----------
    rule
        As in ``engine.check``: ``mode locked frozen started completed scope horizon release calendar capacity setup
        forbidden_sequence demand demand_calendar stock predecessor successor max_lag deadline blocked``, or a
        constraint's type.
    event_ids, resource_id, constraint_id
        Who and what stands in the way.
    limit_ms
        The instant that the rule names (a release date, the end of a break, when a predecessor is done).
    until_ms
        No start before this gets past the rule; ``None``: no later start does either.
    """

    rule: str
    event_ids: tuple[str, ...] = ()
    resource_id: str | None = None
    constraint_id: str | None = None
    limit_ms: int | None = None
    until_ms: int | None = None
