"""Two plans side by side as data: figures, what it means for the orders, what happened to which operation and why.

What is said of "before" and "after" holds for any two plans: one counts as before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from app.cherry_pick import Picked, cherry_pick
from app.comparison_rows import FRAME, FrameChange, KpiRow, OrderImpact, frame_changes, kpi_rows, order_impacts
from engine.changes import CAUSES, CHANGE_KINDS, Cause, OperationChange, operation_changes
from engine.check import check
from engine.diff import Delta, diff
from engine.metrics import kpis
from engine.model import Schedule
from engine.plan import PlanFacts

__all__ = [
    "CAUSES",
    "CHANGE_KINDS",
    "FRAME",
    "UNKNOWN_CAUSE",
    "Cause",
    "Comparison",
    "FrameChange",
    "KpiRow",
    "OperationChange",
    "OrderImpact",
    "Picked",
    "compare",
]

UNKNOWN_CAUSE = "unknown"
"""What a filter calls the cause of a change that nobody knows the cause of."""


@dataclass(frozen=True)
class Comparison:
    """What differs between two plans.

    Attributes
    ----------
    before, after, before_name, after_name
        The plans, and what to call them.
    kpis
        The key figures of both.
    orders
        The orders that are affected, worst first: newly late, later, ... better ones last.
    operations
        What happened to each operation that differs, in the order of ``after``, deleted ones last.
    frame
        What differs beside: orders, resources, calendars, dependencies ... and the metadata.
    delta
        The whole difference.
    """

    before: Schedule
    after: Schedule
    before_name: str
    after_name: str
    kpis: tuple[KpiRow, ...]
    orders: tuple[OrderImpact, ...]
    operations: tuple[OperationChange, ...]
    frame: tuple[FrameChange, ...]
    delta: Delta

    @property
    def is_empty(self) -> bool:
        """Whether the two are equal."""
        return self.delta.is_empty

    @cached_property
    def by_event(self) -> dict[str, OperationChange]:
        """What happened to each operation that differs, by its id."""
        return {change.event_id: change for change in self.operations}

    @cached_property
    def kind_counts(self) -> dict[str, int]:
        """How many operations each kind of change concerns, kinds without any left out."""
        found = Counter(kind for change in self.operations for kind in change.kinds)
        return {kind: found[kind] for kind in CHANGE_KINDS if kind in found}

    @cached_property
    def cause_counts(self) -> dict[str, int]:
        """How many operations each cause changed, causes without any left out."""
        found = Counter(change.cause.kind if change.cause else UNKNOWN_CAUSE for change in self.operations)
        return {cause: found[cause] for cause in (*CAUSES, UNKNOWN_CAUSE) if cause in found}

    @cached_property
    def resource_names(self) -> dict[str, str]:
        """What planners call each resource of the two plans, by its id."""
        snapshots = self.before.snapshot, self.after.snapshot
        return {r.id: r.name or r.id for s in snapshots for r in s.resources}

    @cached_property
    def order_names(self) -> dict[str, str]:
        """What planners call each order of the two plans, by its id."""
        snapshots = self.before.snapshot, self.after.snapshot
        return {o.id: o.name or o.id for s in snapshots for o in s.orders}

    def prepare(self) -> None:
        """Count and name now, in whatever thread this is, so that later it is only looked up."""
        _ = self.kind_counts, self.cause_counts, self.resource_names, self.order_names

    def changes(
        self,
        kinds: Collection[str] | None = None,
        causes: Collection[str] | None = None,
        order_ids: Collection[str] | None = None,
        resource_ids: Collection[str] | None = None,
    ) -> tuple[OperationChange, ...]:
        """Return the changes of operations that meet every filter given.

        Parameters
        ----------
        kinds
            Of these kinds (``CHANGE_KINDS``), among others perhaps.
        causes
            With these causes (``CAUSES``, ``UNKNOWN_CAUSE``).
        order_ids, resource_ids
            Of these orders; on these resources before or after.
        """
        return tuple(
            change
            for change in self.operations
            if (kinds is None or not set(kinds).isdisjoint(change.kinds))
            and (causes is None or (change.cause.kind if change.cause else UNKNOWN_CAUSE) in causes)
            and (order_ids is None or change.order_id in order_ids)
            and (
                resource_ids is None or any(p and p.resource_id in resource_ids for p in (change.before, change.after))
            )
        )

    def reversed(self) -> Comparison:
        """Return the comparison the other way round. The causes, which led from before to after, are left out."""
        return compare(self.after, self.before, self.after_name, self.before_name)

    def with_causes(self, causes: Mapping[str, Cause]) -> Comparison:
        """Return the same with the causes of operations' changes, by operation."""
        changes = self.delta.items.get("events", {})
        found = tuple(operation_changes(self.before, self.after, changes, causes))
        return replace(self, operations=found)

    def take(
        self,
        *,
        event_ids: Collection[str] = (),
        order_ids: Collection[str] = (),
        keys: Collection[tuple[str, str]] = (),
        back: bool = False,
    ) -> Picked:
        """Take single changes into ``before``, or with ``back`` what ``before`` has into ``after``.

        See ``app.cherry_pick.cherry_pick`` (E012 when nothing of what is asked for differs).
        """
        onto, source = (self.after, self.before) if back else (self.before, self.after)
        return cherry_pick(onto, source, event_ids=event_ids, order_ids=order_ids, keys=keys)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data in wire names."""
        return {
            "before": self.before_name,
            "after": self.after_name,
            "kpis": [asdict(row) for row in self.kpis],
            "orders": [row.to_json() for row in self.orders],
            "operations": [change.to_json() for change in self.operations],
            "frame": [change.to_json() for change in self.frame],
            "kinds": self.kind_counts,
            "causes": self.cause_counts,
        }


def compare(
    before: Schedule,
    after: Schedule,
    before_name: str = "Before",
    after_name: str = "After",
    *,
    causes: Mapping[str, Cause] | None = None,
    facts: tuple[PlanFacts | None, PlanFacts | None] = (None, None),
    with_violations: bool = False,
) -> Comparison:
    """Compare two plans.

    Parameters
    ----------
    causes
        Why operations changed, by operation (``VersionService.causes``).
    facts
        Those of the two plans, where the caller has them.
    with_violations
        Count the checker's violations among the key figures too.
    """
    one = facts[0] or PlanFacts(before)
    two = facts[1] or PlanFacts(after)
    delta = diff(before, after)
    broken = (len(check(before)), len(check(after))) if with_violations else None
    return Comparison(
        before=before,
        after=after,
        before_name=before_name,
        after_name=after_name,
        kpis=kpi_rows(kpis(before, one), kpis(after, two), broken),
        orders=order_impacts(one, two, delta),
        operations=tuple(operation_changes(before, after, delta.items.get("events", {}), causes)),
        frame=frame_changes(before, after, delta),
        delta=delta,
    )
