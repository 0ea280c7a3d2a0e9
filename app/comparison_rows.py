"""The rows of a comparison: key figures, orders, and what differs beside the operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.diff import COLLECTIONS, Delta, FieldChange
from engine.instants import to_ms
from engine.metrics import Kpis
from engine.model import Schedule
from engine.plan import PlanFacts
from engine.references import items_of

Verdict = Literal["better", "worse", "same"]
Unit = Literal["ms", "count", "share", "money"]
ImpactKind = Literal[
    "newly_late", "later", "unscheduled", "removed", "due_changed", "added", "scheduled", "earlier", "no_longer_late"
]
IMPACT_KINDS: tuple[ImpactKind, ...] = (
    "newly_late",
    "later",
    "unscheduled",
    "removed",
    "due_changed",
    "added",
    "scheduled",
    "earlier",
    "no_longer_late",
)
"""From bad news to good."""

FRAME = tuple(name for name in COLLECTIONS if name != "events")

_FIGURES: tuple[tuple[str, str, Unit, bool, float], ...] = (
    # field, title, unit, whether more is better, the smallest difference that is one
    ("makespan_ms", "Makespan", "ms", False, 1),
    ("late_orders", "Late orders", "count", False, 1),
    ("total_tardiness_ms", "Tardiness", "ms", False, 1),
    ("weighted_tardiness_ms", "Weighted tardiness", "ms", False, 1),
    ("utilization", "Utilisation", "share", True, 0.0005),
    ("setup_ms", "Setup", "ms", False, 1),
    ("cost", "Cost", "money", False, 0.5),
    ("unscheduled", "Unscheduled", "count", False, 1),
)


@dataclass(frozen=True, slots=True)
class KpiRow:
    """One key figure of both plans. ``field`` is that of ``engine.metrics.Kpis``, or ``violations``."""

    field: str
    title: str
    unit: Unit
    before: float
    after: float
    difference: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class OrderImpact:
    """What a change of plan means for one order. Times are UTC ms.

    ``end`` is the last end of its operations, ``late`` how much of it lies after the due date (0: on time, ``None``:
    not known), on either side.
    """

    order_id: str
    name: str
    customer: str | None
    kind: ImpactKind
    due_before_ms: int | None
    due_after_ms: int | None
    end_before_ms: int | None
    end_after_ms: int | None
    late_before_ms: int | None
    late_after_ms: int | None

    @property
    def shift_ms(self) -> int | None:
        """How much later it ends (negative: earlier)."""
        if self.end_before_ms is None or self.end_after_ms is None:
            return None
        return self.end_after_ms - self.end_before_ms

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data in wire names."""
        return {
            "orderId": self.order_id,
            "name": self.name,
            "customer": self.customer,
            "kind": self.kind,
            "dueBeforeMs": self.due_before_ms,
            "dueAfterMs": self.due_after_ms,
            "endBeforeMs": self.end_before_ms,
            "endAfterMs": self.end_after_ms,
            "shiftMs": self.shift_ms,
            "lateBeforeMs": self.late_before_ms,
            "lateAfterMs": self.late_after_ms,
        }


@dataclass(frozen=True, slots=True)
class FrameChange:
    """What happened to an item that is no operation, or to the metadata (``collection`` "metadata", no id).

    ``fields`` are the changed ones by wire name, (before, after) as JSON; empty for one added or deleted.
    """

    collection: str
    item_id: str
    name: str
    kind: Literal["added", "deleted", "fields"]
    fields: Mapping[str, FieldChange]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data in wire names."""
        return {
            "collection": self.collection,
            "id": self.item_id,
            "name": self.name,
            "kind": self.kind,
            "fields": {name: list(change) for name, change in self.fields.items()},
        }


def kpi_rows(before: Kpis, after: Kpis, violations: tuple[int, int] | None = None) -> tuple[KpiRow, ...]:
    """Return the key figures of both plans; with ``violations`` how many rules each breaks, too."""
    rows = [
        _kpi_row(field, title, unit, getattr(before, field), getattr(after, field), more, step)
        for field, title, unit, more, step in _FIGURES
    ]
    if violations is not None:
        rows.append(_kpi_row("violations", "Violations", "count", *violations, False, 1))
    return tuple(rows)


def _kpi_row(field: str, title: str, unit: Unit, one: float, two: float, more_is_better: bool, step: float) -> KpiRow:
    difference = two - one
    if abs(difference) < step:
        return KpiRow(field, title, unit, one, two, difference, "same")
    verdict: Verdict = "better" if (difference > 0) == more_is_better else "worse"
    return KpiRow(field, title, unit, one, two, difference, verdict)


def order_impacts(before: PlanFacts, after: PlanFacts, delta: Delta) -> tuple[OrderImpact, ...]:
    """Return the orders whose end, lateness or due date differs, or that are on one side only; bad news first."""
    ends = before.order_ends, after.order_ends
    touched = delta.items.get("orders", {})
    found: list[OrderImpact] = []
    for key in (*after.orders, *(key for key in before.orders if key not in after.orders)):
        if key in touched or ends[0].get(key) != ends[1].get(key):
            impact = _impact(key, before, after)
            if impact is not None:
                found.append(impact)
    rank = {kind: i for i, kind in enumerate(IMPACT_KINDS)}
    return tuple(sorted(found, key=lambda i: (rank[i.kind], -abs((i.late_after_ms or 0) - (i.late_before_ms or 0)))))


def _impact(key: str, before: PlanFacts, after: PlanFacts) -> OrderImpact | None:
    dues: list[int | None] = []
    late: list[int | None] = []
    for facts in (before, after):
        order = facts.orders.get(key)
        dues.append(None if order is None or order.due_date is None else to_ms(order.due_date))
        lateness = facts.order_lateness_ms.get(key)
        late.append(None if lateness is None else max(0, lateness))
    ends = before.order_ends.get(key), after.order_ends.get(key)
    kind = _impact_kind(key, before, after, ends, (dues[0], dues[1]), (late[0], late[1]))
    if kind is None:
        return None
    order = after.orders.get(key) or before.orders[key]
    return OrderImpact(key, order.name, order.customer, kind, dues[0], dues[1], *ends, late[0], late[1])


def _impact_kind(
    key: str,
    before: PlanFacts,
    after: PlanFacts,
    ends: tuple[int | None, int | None],
    dues: tuple[int | None, int | None],
    late: tuple[int | None, int | None],
) -> ImpactKind | None:
    if key not in before.orders or key not in after.orders:
        return "added" if key in after.orders else "removed"
    if bool(late[0]) != bool(late[1]) and None not in ends:
        return "newly_late" if late[1] else "no_longer_late"
    if ends[0] is None or ends[1] is None:
        if ends[0] == ends[1]:
            return "due_changed" if dues[0] != dues[1] else None
        return "scheduled" if ends[0] is None else "unscheduled"
    if ends[0] != ends[1]:
        return "later" if ends[1] > ends[0] else "earlier"
    return "due_changed" if dues[0] != dues[1] else None


def frame_changes(before: Schedule, after: Schedule, delta: Delta) -> tuple[FrameChange, ...]:
    """Return what differs beside the operations."""
    found: list[FrameChange] = []
    for collection in FRAME:
        changes = delta.items.get(collection)
        if not changes:
            continue
        old, new = items_of(before, collection), items_of(after, collection)
        for key, change in changes.items():
            name = getattr(new.get(key) or old[key], "name", None) or key
            kind = "added" if change.added else "deleted" if change.removed else "fields"
            found.append(FrameChange(collection, key, name, kind, {} if kind != "fields" else change.fields))
    if delta.metadata:
        found.append(FrameChange("metadata", "", "Plan", "fields", delta.metadata))
    return tuple(found)
