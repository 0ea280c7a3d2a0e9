"""The rules on single operations of a schedule, looked up by operation."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TypeVar

from engine.instants import to_ms
from engine.model import (
    DateConstraint,
    Operation,
    OptimizationRequest,
    Order,
    ResourceInterval,
    SetConstraint,
)
from engine.pinning import Pin, pins
from engine.plan import PlanFacts

T = TypeVar("T")
_R = TypeVar("_R", DateConstraint, SetConstraint)


class Rulebook:
    """What holds for each operation of a schedule, and which operations may not move.

    Parameters
    ----------
    facts
        The plan.
    request
        Adds locks, blocked intervals and scope.
    """

    def __init__(self, facts: PlanFacts, request: OptimizationRequest | None = None) -> None:
        self.facts = facts
        self.request = request
        self.pins: dict[str, Pin] = pins(facts.schedule, request)

    @cached_property
    def now_ms(self) -> int | None:
        """ "Now": nothing that is not begun may be moved before it; ``None`` when the schedule names none."""
        now = self.facts.schedule.metadata.horizon_start
        return None if now is None else to_ms(now)

    @cached_property
    def dates(self) -> dict[str, list[DateConstraint]]:
        """The enabled date constraints of each operation that has any."""
        return _by_event((rule, (rule.event_id,)) for rule in self._enabled(DateConstraint))

    @cached_property
    def sets(self) -> dict[str, list[SetConstraint]]:
        """The enabled set constraints of each operation that is in any."""
        return _by_event((rule, tuple(dict.fromkeys(rule.event_ids))) for rule in self._enabled(SetConstraint))

    @cached_property
    def blocked(self) -> dict[str, list[ResourceInterval]]:
        """The spans in which the request blocks a resource."""
        found: dict[str, list[ResourceInterval]] = {}
        for span in self.request.locks.resource_intervals if self.request else ():
            found.setdefault(span.resource_id, []).append(span)
        return found

    def order_of(self, op: Operation) -> Order | None:
        """Return the operation's order, if it has one."""
        return None if op.order_id is None else self.facts.orders.get(op.order_id)

    def release_ms(self, op: Operation) -> int | None:
        """Return the later of the operation's and its order's release date."""
        order = self.order_of(op)
        dates = (op.release_date, None if order is None else order.release_date)
        return max((to_ms(date) for date in dates if date is not None), default=None)

    def deadline_ms(self, op: Operation) -> int | None:
        """Return the earlier of the operation's and its order's deadline."""
        order = self.order_of(op)
        dates = (op.deadline, None if order is None else order.deadline)
        return min((to_ms(date) for date in dates if date is not None), default=None)

    def _enabled(self, kind: type[_R]) -> list[_R]:
        rules = self.facts.schedule.snapshot.constraints
        return [rule for rule in rules if isinstance(rule, kind) and rule.enabled]


def _by_event(pairs: Iterable[tuple[T, tuple[str, ...]]]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {}
    for rule, keys in pairs:
        for key in keys:
            found.setdefault(key, []).append(rule)
    return found
