"""What an HTML page of a plan holds: times in ms from its origin, lists instead of objects, all of it plain JSON."""

from __future__ import annotations

import datetime as dt
from typing import Any

from app.exchange.tables import change_rows
from engine.instants import from_ms, to_ms
from engine.metrics import Kpis, kpis
from engine.model import Operation, Schedule
from engine.plan import PlanFacts
from engine.wording import length, moment

_DAY_MS = 86_400_000
_MOST_BREAKS = 40_000
_MOST_FIELD_CHANGES = 5_000
_PLACEMENT_FIELDS = ("resourceId", "startDate", "endDate")

Figure = tuple[str, str, str, str]
"""Label, value, change against the base (empty without one), and whether that is ``better``, ``worse`` or ``even``."""


def page_data(schedule: Schedule, base: Schedule | None, base_title: str, title: str) -> dict[str, Any]:
    """Return the data of the page."""
    return _Page(schedule, base, base_title or "the base", title).data()


def figures(now: Kpis, before: Kpis | None) -> list[Figure]:
    """Return the key figures in words, with what changed since ``before``."""
    tardiness = now.total_tardiness_ms
    rows: list[tuple[str, str, float, float | None, Any]] = [
        ("Makespan", length(now.makespan_ms), now.makespan_ms, _of(before, "makespan_ms"), length),
        ("Late orders", str(now.late_orders), now.late_orders, _of(before, "late_orders"), _count),
        ("Tardiness", _hours(tardiness), tardiness, _of(before, "total_tardiness_ms"), _hours),
        ("Setup time", _hours(now.setup_ms), now.setup_ms, _of(before, "setup_ms"), _hours),
        ("Utilisation", _percent(now.utilization), -now.utilization, _of(before, "utilization", -1), _percent),
        ("Cost", _count(now.cost), now.cost, _of(before, "cost"), _count),
        ("Unscheduled", str(now.unscheduled), now.unscheduled, _of(before, "unscheduled"), _count),
    ]
    return [(label, value, *_change(label, now_value, was, show)) for label, value, now_value, was, show in rows]


def change_kind(now: Operation | None, was: Operation | None) -> str:
    """Return ``added``, ``removed``, ``resource``, ``moved``, ``changed`` or ``same``: the board's kinds of change."""
    is_placed, was_placed = now is not None and now.is_placed, was is not None and was.is_placed
    if now is None or (was_placed and not is_placed):
        return "removed"
    if was is None or (is_placed and not was_placed):
        return "added"
    if now.resource_id != was.resource_id:
        return "resource"
    if (now.start_date, now.end_date) != (was.start_date, was.end_date):
        return "moved"
    return "same" if now == was else "changed"


class _Page:
    def __init__(self, schedule: Schedule, base: Schedule | None, base_title: str, title: str) -> None:
        self._schedule, self._base = schedule, base
        self._base_title, self._title = base_title, title
        self._facts = PlanFacts(schedule)
        self._base_facts = PlanFacts(base) if base else None
        shot = schedule.snapshot
        self._resource = {item.id: index for index, item in enumerate(shot.resources)}
        self._order = {item.id: index for index, item in enumerate(shot.orders)}
        self._before = {op.id: op for op in base.snapshot.events} if base else {}
        starts = [*self._facts.starts.values(), *(self._base_facts.starts.values() if self._base_facts else ())]
        ends = [*self._facts.ends.values(), *(self._base_facts.ends.values() if self._base_facts else ())]
        horizon = self._facts.horizon_start_ms
        self._from = min([*starts, horizon]) if not starts or horizon > min(starts) - 30 * _DAY_MS else min(starts)
        self._to = max([*ends, self._from + 3_600_000])
        self._origin = self._from // _DAY_MS * _DAY_MS

    def data(self) -> dict[str, Any]:
        """Return everything."""
        metadata = self._schedule.metadata
        breaks, row_breaks = self._breaks()
        resources = [
            {"id": item.id, "name": item.name or item.id, "group": item.group or "", "breaks": row_breaks[item.id]}
            for item in self._schedule.snapshot.resources
        ]
        families = sorted({op.setup_family for op in self._schedule.snapshot.events if op.setup_family})
        before = kpis(self._base, self._base_facts) if self._base else None
        return {
            "title": self._title or metadata.name or f"Plant {metadata.plant_id}",
            "subtitle": self._subtitle(),
            "zone": metadata.time_zone,
            "origin": self._origin,
            "from": self._at(self._from),
            "to": self._at(self._to),
            "offsets": self._offsets(),
            "now": self._at(to_ms(metadata.horizon_start)) if metadata.horizon_start else None,
            "freeze": self._at(to_ms(metadata.freeze_until)) if metadata.freeze_until else None,
            "baseTitle": self._base_title if self._base else None,
            "kpis": figures(kpis(self._schedule, self._facts), before),
            "resources": resources,
            "breaks": breaks,
            "families": families,
            "orders": [self._order_entry(key) for key in self._order],
            "operations": self._operations(),
            "changes": self._field_changes(),
        }

    def _subtitle(self) -> str:
        shot, zone = self._schedule.snapshot, self._facts.zone
        counts = f"{len(shot.events):,} operations, {len(shot.orders):,} orders, {len(shot.resources):,} resources"
        span = f"{moment(self._from, zone)} to {moment(self._to, zone)} ({self._schedule.metadata.time_zone})"
        return f"{counts} · {span}" + (f" · compared with {self._base_title}" if self._base else "")

    def _at(self, at_ms: int | None) -> int | None:
        return None if at_ms is None else at_ms - self._origin

    def _offsets(self) -> list[tuple[int, int]]:
        """Return from when on which offset from UTC holds, over the whole span and a margin around it."""
        margin = max(self._to - self._from, 40 * _DAY_MS)
        first, last = self._from - margin, self._to + margin
        found = [(first - self._origin, self._offset(first))]
        step = _DAY_MS if last - first < 4_000 * _DAY_MS else 7 * _DAY_MS
        at = first
        while at < last:
            after = at + step
            if self._offset(after) != self._offset(at):
                low, high = at, after
                while high - low > 1_000:
                    middle = (low + high) // 2
                    low, high = (middle, high) if self._offset(middle) == self._offset(at) else (low, middle)
                changed_at = round(high / 60_000) * 60_000  # clocks change on whole minutes
                found.append((changed_at - self._origin, self._offset(after)))
            at = after
        return found

    def _offset(self, at_ms: int) -> int:
        offset = from_ms(at_ms).astimezone(self._facts.zone).utcoffset()
        return round((offset or dt.timedelta()).total_seconds() * 1_000)

    def _breaks(self) -> tuple[list[list[tuple[int, int]]], dict[str, int]]:
        """Return the distinct lists of times when resources do not work, and which is whose."""
        lists: list[list[tuple[int, int]]] = [[]]
        known: dict[tuple[tuple[int, int], ...], int] = {(): 0}
        of: dict[str, int] = {}
        total = 0
        for resource in self._schedule.snapshot.resources:
            spans = tuple(self._gaps(resource.id))
            if spans not in known and total + len(spans) <= _MOST_BREAKS:
                known[spans] = len(lists)
                lists.append(list(spans))
                total += len(spans)
            of[resource.id] = known.get(spans, 0)
        return lists, of

    def _gaps(self, resource_id: str) -> list[tuple[int, int]]:
        gaps: list[tuple[int, int]] = []
        at = self._from
        for start, end in self._facts.working_time(resource_id, self._to).intervals_in(self._from, self._to):
            if start > at:
                gaps.append((at - self._origin, start - self._origin))
            at = end
        if at < self._to:
            gaps.append((at - self._origin, self._to - self._origin))
        return gaps

    def _order_entry(self, key: str) -> dict[str, Any]:
        order, facts = self._facts.orders[key], self._facts
        before = self._base_facts.order_ends.get(key) if self._base_facts else None
        return {
            "id": key,
            "name": order.name,
            "product": order.product or "",
            "customer": order.customer or "",
            "quantity": order.quantity,
            "due": self._at(to_ms(order.due_date)) if order.due_date else None,
            "end": self._at(facts.order_ends.get(key)),
            "endBefore": self._at(before),
            "late": facts.order_lateness_ms.get(key),
        }

    def _operations(self) -> list[list[Any]]:
        rows = [self._operation(op, self._before.get(op.id)) for op in self._schedule.snapshot.events]
        rows += [self._operation(op, op, is_gone=True) for key, op in self._before.items() if self._is_gone(key)]
        return rows

    def _is_gone(self, key: str) -> bool:
        return key not in self._facts.operations

    def _operation(self, op: Operation, was: Operation | None, *, is_gone: bool = False) -> list[Any]:
        facts = self._facts
        start = None if is_gone else facts.starts.get(op.id)
        setup = facts.setups.get(op.id) if start is not None else None
        kind = change_kind(None if is_gone else op, was) if self._base else "same"
        place = None
        if self._base_facts and was is not None and kind in ("moved", "resource", "removed"):
            old_start = self._base_facts.starts.get(op.id)
            if old_start is not None:
                ends = self._base_facts.ends
                place = [self._resource.get(was.resource_id or ""), self._at(old_start), self._at(ends[op.id])]
        return [
            op.id,
            op.name,
            self._resource.get(op.resource_id or ""),
            self._order.get(op.order_id or ""),
            self._at(start),
            None if is_gone else self._at(facts.ends.get(op.id)),
            self._at(setup.start_ms) if setup is not None and setup.duration_ms else None,
            op.status.value,
            op.setup_family,
            None if is_gone else self._lateness(op),
            1 if op.locked else 0,
            kind,
            place,
            1 if is_gone else 0,
        ]

    def _lateness(self, op: Operation) -> int | None:
        own = self._facts.event_lateness_ms.get(op.id)
        whole = self._facts.order_lateness_ms.get(op.order_id) if op.order_id else None
        known = [value for value in (own, whole) if value is not None]
        return max(known) if known else None

    def _field_changes(self) -> list[list[str]]:
        """Return what differs besides placements: fields, and items that came or went."""
        if self._base is None:
            return []
        rows: list[list[str]] = []
        for row in change_rows(self._base, self._schedule):
            if row["what"] == "operation" and (row["change"] != "changed" or row.get("field") in _PLACEMENT_FIELDS):
                continue
            keys = ("what", "id", "name", "change", "field", "before", "after")
            rows.append([str(row.get(key, ""))[:300] for key in keys])
            if len(rows) >= _MOST_FIELD_CHANGES:
                break
        return rows


def _of(before: Kpis | None, name: str, sign: int = 1) -> float | None:
    return None if before is None else sign * getattr(before, name)


def _change(label: str, now: float, was: float | None, show: Any) -> tuple[str, str]:
    if was is None:
        return "", ""
    difference = now - was
    if abs(difference) < 1e-9:
        return "±0", "even"
    real = -difference if label == "Utilisation" else difference
    return f"{'+' if real > 0 else '−'}{show(abs(real))}", "worse" if difference > 0 else "better"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _hours(ms: float) -> str:
    return f"{ms / 3_600_000:,.1f} h"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
