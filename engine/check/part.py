"""Which part of a plan is looked at: all of it, or what an edit can have an effect on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from engine.model import Constraint
from engine.plan import PlanFacts
from engine.plan_change import Touched

Span = tuple[int, int]


@dataclass(frozen=True)
class Part:
    """The items that rules are checked for; each kind in the schedule's order.

    Attributes
    ----------
    is_whole
        Whether this is all there is.
    operations
        Ids of operations; ``successors`` of those and of what depends on them.
    resources, orders
        Ids of resources and orders.
    constraints
        Constraints that name one of the operations.
    busy
        By resource, the spans (setups included) in which the operations hold or held it; empty for the whole.
    """

    is_whole: bool
    operations: tuple[str, ...]
    successors: tuple[str, ...]
    resources: tuple[str, ...]
    orders: tuple[str, ...]
    constraints: tuple[Constraint, ...]
    busy: Mapping[str, tuple[Span, ...]]

    @cached_property
    def operation_set(self) -> frozenset[str]:
        """``operations``, to be asked for one."""
        return frozenset(self.operations)

    @staticmethod
    def whole(facts: PlanFacts) -> Part:
        """Return all of a plan."""
        snapshot = facts.schedule.snapshot
        operations = tuple(facts.operations)
        return Part(
            is_whole=True,
            operations=operations,
            successors=operations,
            resources=tuple(facts.resources),
            orders=tuple(facts.orders),
            constraints=snapshot.constraints,
            busy={},
        )

    @staticmethod
    def touched(touched: Touched, previous: PlanFacts, facts: PlanFacts) -> Part:
        """Return what an edit can have an effect on, given the facts before and after it."""
        after = {link.to_event for key in touched.operations for link in facts.successors.get(key, ())}
        named = (rule for key in touched.operations for rule in facts.constraints_on.get(key, ()))
        rank = facts.position.__getitem__
        return Part(
            is_whole=False,
            operations=tuple(sorted(touched.operations, key=rank)),
            successors=tuple(sorted(touched.operations | after, key=rank)),
            resources=tuple(key for key in facts.resources if key in touched.resources),
            orders=tuple(key for key in facts.orders if key in touched.orders),
            constraints=tuple({rule.id: rule for rule in named}.values()),
            busy=_busy(touched, previous, facts),
        )


def _busy(touched: Touched, *states: PlanFacts) -> dict[str, tuple[Span, ...]]:
    found: dict[str, dict[Span, None]] = {}
    for facts in states:
        for key in touched.operations & facts.starts.keys():
            span = (facts.setup_start_ms(key), facts.ends[key])
            for resource_id in facts.held_by(facts.operations[key]):
                found.setdefault(resource_id, {})[span] = None
    return {key: tuple(spans) for key, spans in found.items()}
