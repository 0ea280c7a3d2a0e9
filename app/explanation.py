"""Explanations of a plan for the window and the command line: computed once for a plan, asked for in parts."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from functools import cached_property
from typing import Any, TypeVar

from engine.check import Violation
from engine.errors import ErrorCode, TaktwerkError
from engine.explain import (
    Bottleneck,
    Delayer,
    Lateness,
    LateOrder,
    Link,
    Load,
    OperationSlack,
    ResourceLoad,
    Rulebook,
    Slack,
    SlotAnswer,
    bottlenecks,
    why_not_here,
)
from engine.explain.told import Told
from engine.model import OptimizationRequest, Schedule
from engine.plan import PlanFacts

_T = TypeVar("_T", bound=Told)
_BREATH_S = 0.001


class Explanation:
    """Why one plan is as it is.

    Everything is computed when it is first asked for and kept. It may be asked from several threads: one computes, the
    others wait.

    Parameters
    ----------
    schedule
        The plan.
    facts
        ``PlanFacts(schedule)`` if the caller has them already.
    request
        Adds locks, blocked intervals and scope.
    violations
        ``check`` of the plan, if the caller has it.
    """

    def __init__(
        self,
        schedule: Schedule,
        facts: PlanFacts | None = None,
        request: OptimizationRequest | None = None,
        violations: Sequence[Violation] | None = None,
    ) -> None:
        self.facts = facts or PlanFacts(schedule)
        self._rules = Rulebook(self.facts, request)
        self._violations = None if violations is None else tuple(violations)
        self._lock = threading.RLock()

    def late_orders(self) -> tuple[LateOrder, ...]:
        """Return why each late order is late, the latest first."""
        with self._lock:
            return self._lateness.late_orders

    def order(self, order_id: str) -> LateOrder:
        """Return why an order (or an operation with a due date and no order) ends when it does, late or not.

        Raises
        ------
        TaktwerkError
            E012 when there is no such order, or nothing of it is placed, or it has no due date.
        """
        with self._lock:
            for item in self._lateness.late_orders:
                if item.id == order_id:
                    return item
            if order_id in self.facts.order_lateness_ms:
                return self._lateness.explain_order(order_id)
        is_known = order_id in self.facts.orders
        reason = "has no due date, or nothing of it is scheduled" if is_known else "is not in this schedule"
        raise TaktwerkError(ErrorCode.NOT_FOUND, f"The order {order_id!r} {reason}.", {"orderId": order_id})

    def delaying_resources(self) -> tuple[Delayer, ...]:
        """Return the resources that late orders were held up at, the worst first."""
        with self._lock:
            return self._lateness.by_resource

    def delaying_orders(self) -> tuple[Delayer, ...]:
        """Return the orders that held what late orders waited for, the worst first."""
        with self._lock:
            return self._lateness.by_order

    def slack(self) -> tuple[OperationSlack, ...]:
        """Return how far each operation can move right, in the schedule's order."""
        with self._lock:
            return tuple(self._slack.operations.values())

    def bottlenecks(self) -> tuple[Bottleneck, ...]:
        """Return the resources, the worst bottleneck first."""
        with self._lock:
            return self._bottlenecks

    def load(self) -> tuple[ResourceLoad, ...]:
        """Return the load of every resource on every local day."""
        with self._lock:
            return self._load.resources

    def why_not(self, event_id: str, resource_id: str | None, start_ms: int) -> SlotAnswer:
        """Return why an operation does not start at an instant on a resource, and what it would take.

        Raises
        ------
        TaktwerkError
            E012 when there is no such operation or resource.
        """
        with self._lock:
            return why_not_here(self.facts, event_id, resource_id, start_ms, self._rules, self._violations)

    def waits(self, event_id: str) -> Link:
        """Return what an operation waited for since its predecessor let it begin, and what its own time went into.

        Raises
        ------
        TaktwerkError
            E012 when there is no such operation, or it is not scheduled.
        """
        if event_id not in self.facts.starts:
            is_known = event_id in self.facts.operations
            reason = "is not scheduled" if is_known else "is not in this schedule"
            raise TaktwerkError(ErrorCode.NOT_FOUND, f"The operation {event_id!r} {reason}.", {"eventId": event_id})
        with self._lock:
            return self._lateness.chain(event_id)[-1]

    def dismiss(self) -> None:
        """Free what is kept, part by part: all at once would hold other threads for long. Ask nothing afterwards."""
        with self._lock:
            for name in (*self.__dict__,):
                if name != "_lock":
                    del self.__dict__[name]
                    time.sleep(_BREATH_S)

    # inside

    @cached_property
    def _lateness(self) -> Lateness:
        return Lateness(self.facts, self._rules)

    @cached_property
    def _slack(self) -> Slack:
        return Slack(self.facts, self._rules)

    @cached_property
    def _load(self) -> Load:
        return Load(self.facts)

    @cached_property
    def _bottlenecks(self) -> tuple[Bottleneck, ...]:
        return bottlenecks(self.facts, self._lateness, self._slack, self._load)


def to_json(items: Sequence[_T]) -> list[dict[str, Any]]:
    """Return explanations as plain JSON data."""
    return [item.to_json() for item in items]
