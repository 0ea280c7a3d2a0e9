"""Everything a planner asks of one bar, and what it would become elsewhere."""

from __future__ import annotations

from typing import Any, Final

from app.board.snapshot import BoardSnapshot, Diff
from engine.errors import TaktwerkError
from engine.instants import to_ms
from engine.model import Dependency, DependencyType, Operation
from engine.moves import place
from engine.plan import PlanFacts, chosen, mode_on

_MOST_NEIGHBOURS: Final = 6
_MOST_MODES: Final = 12
_POINTS: Final = {
    DependencyType.START_TO_START: ("start", "start"),
    DependencyType.START_TO_FINISH: ("start", "end"),
    DependencyType.FINISH_TO_START: ("end", "start"),
    DependencyType.FINISH_TO_FINISH: ("end", "end"),
}


def details_json(snapshot: BoardSnapshot, event_id: str) -> dict[str, Any] | None:
    """Return what the tooltip of an operation shows, as plain JSON data; ``None`` when there is no such operation."""
    facts = snapshot.facts
    op = facts.operations.get(event_id)
    if op is None:
        return None
    out: dict[str, Any] = {
        "id": op.id,
        "name": op.name or op.id,
        "status": op.status.value,
        "percentDone": op.percent_done,
        "locked": op.locked,
        "manual": op.manually_scheduled,
        "interruptible": op.interruptible,
        "family": op.setup_family,
        "priority": op.priority,
        "lateness": snapshot.lateness.get(op.id, "no due date"),
        "dates": {
            "release": _ms(op.release_date),
            "due": _ms(op.due_date),
            "deadline": _ms(op.deadline),
            "slack": None if (late := facts.event_lateness_ms.get(op.id)) is None else -late,
        },
        "order": _order(facts, op),
        "modes": _modes(facts, op),
        "modeCount": len(op.alternatives),
        "demands": _demands(facts, op),
        "before": _neighbours(facts, op, facts.predecessors.get(op.id, ()), before=True),
        "after": _neighbours(facts, op, facts.successors.get(op.id, ()), before=False),
        "violations": [v.message for v in snapshot.violations_by_operation.get(op.id, [])][:_MOST_NEIGHBOURS],
    }
    out.update(_placement(facts, op))
    if snapshot.diff is not None and (kind := snapshot.diff.kinds.get(op.id)):
        out["preview"] = {"kind": kind, **_other_side(snapshot.diff, op.id)}
    return out


def _other_side(diff: Diff, event_id: str) -> dict[str, Any]:
    """Where the operation is in the plan that the shown one is laid over, and what that is called."""
    other = diff.base.operations.get(event_id)
    found = {} if other is None else _placement(diff.base, other)
    return found if diff.comparison is None else {**found, "base": diff.comparison.base}


def probe_json(snapshot: BoardSnapshot, event_id: str, resource_id: str | None, start_ms: int) -> dict[str, Any]:
    """Return where an operation would really lie when dropped at ``start_ms`` on a resource, or why it cannot."""
    facts = snapshot.facts
    op = facts.operations.get(event_id)
    if op is None:
        return {"ok": False, "reason": "This operation is no longer in the plan."}
    target = resource_id if resource_id is not None else op.resource_id
    try:
        placed = place(facts, op, target, start_ms)
    except TaktwerkError as error:
        return {"ok": False, "reason": error.message}
    assert placed.start_date is not None and placed.end_date is not None
    start, end = to_ms(placed.start_date), to_ms(placed.end_date)
    return {"ok": True, "start": start, "end": end, "warnings": _clashes(snapshot, op, target, start, end)}


def _clashes(snapshot: BoardSnapshot, op: Operation, resource_id: str | None, start: int, end: int) -> list[str]:
    """What the move would plainly break: overlaps on the row, and the order's sequence."""
    facts = snapshot.facts
    out: list[str] = []
    resource = facts.resources.get(resource_id or "")
    if resource is not None and resource.capacity == 1 and not resource.infinite:
        over = [
            k
            for k in facts.sequences.get(resource.id, ())
            if k != op.id and facts.starts[k] < end and start < facts.ends[k]
        ]
        if over:
            more = f" and {len(over) - 1} more" if len(over) > 1 else ""
            out.append(f"Overlaps {facts.label(over[0])}{more}")
    for dependency in facts.predecessors.get(op.id, ()):
        if not dependency_holds(facts, dependency, {op.id: (start, end)}):
            out.append(f"Too early for {facts.label(dependency.from_event)}")
            break
    for dependency in facts.successors.get(op.id, ()):
        if not dependency_holds(facts, dependency, {op.id: (start, end)}):
            out.append(f"Too late for {facts.label(dependency.to_event)}")
            break
    return out


def dependency_holds(facts: PlanFacts, dependency: Dependency, places: dict[str, tuple[int, int]]) -> bool:
    """Whether a dependency holds with some operations placed at ``places`` instead; true if an end is unplaced."""
    ends: list[tuple[int, int]] = []
    for key in (dependency.from_event, dependency.to_event):
        if key in places:
            ends.append(places[key])
        elif key in facts.starts:
            ends.append((facts.starts[key], facts.ends[key]))
        else:
            return True
    from_point, to_point = (0 if p == "start" else 1 for p in _POINTS[dependency.type])
    gap = ends[1][to_point] - ends[0][from_point]
    return gap >= dependency.lag_ms and (dependency.max_lag_ms is None or gap <= dependency.max_lag_ms)


def _ms(instant: Any) -> int | None:
    return None if instant is None else to_ms(instant)


def _placement(facts: PlanFacts, op: Operation) -> dict[str, Any]:
    resource = facts.resources.get(op.resource_id or "")
    out: dict[str, Any] = {"resource": None if resource is None else resource.name or resource.id}
    if op.id not in facts.starts:
        return {**out, "start": None, "end": None}
    start, end = facts.starts[op.id], facts.ends[op.id]
    work = facts.work_ms(op)
    out |= {"start": start, "end": end, "work": work, "pause": end - start - work, "setup": None}
    if setup := facts.setups.get(op.id):
        out["setup"] = {
            "from": setup.from_family,
            "to": setup.to_family,
            "start": setup.start_ms,
            "work": setup.duration_ms,
            "forbidden": setup.forbidden,
        }
    return out


def _order(facts: PlanFacts, op: Operation) -> dict[str, Any] | None:
    order = facts.orders.get(op.order_id or "")
    if order is None:
        return None
    late = facts.order_lateness_ms.get(order.id)
    operations = facts.order_operations.get(order.id, ())
    return {
        "id": order.id,
        "name": order.name or order.id,
        "product": order.product,
        "quantity": order.quantity,
        "customer": order.customer,
        "priority": order.priority,
        "release": _ms(order.release_date),
        "due": _ms(order.due_date),
        "deadline": _ms(order.deadline),
        "end": facts.order_ends.get(order.id),
        "slack": None if late is None else -late,
        "operations": len(operations),
        "position": operations.index(op.id) + 1 if op.id in operations else None,
    }


def _modes(facts: PlanFacts, op: Operation) -> list[dict[str, Any]]:
    if not op.modes:
        return []
    current = mode_on(op, op.resource_id)
    return [
        {
            "resource": facts.resource_label(mode.resource_id),
            "work": facts.need_ms(op, mode.resource_id),
            "cost": mode.cost,
            "chosen": mode is current,
        }
        for mode in op.modes[:_MOST_MODES]
    ]


def _demands(facts: PlanFacts, op: Operation) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    for demand in op.needs:
        now = chosen(demand)
        choices = [facts.resource_label(r) for r in demand.candidates]
        out.append(
            {
                "resource": None if now is None else facts.resource_label(now),
                "quantity": demand.quantity,
                "choices": choices if len(choices) > 1 else [],
            }
        )
    return out


def _neighbours(
    facts: PlanFacts, op: Operation, dependencies: tuple[Dependency, ...], *, before: bool
) -> list[dict[str, Any]]:
    """The operations before or after; ``slack`` is how far both could still close up (negative: the rule is broken)."""
    out: list[dict[str, Any]] = []
    for dependency in dependencies[:_MOST_NEIGHBOURS]:
        key = dependency.from_event if before else dependency.to_event
        other = facts.operations[key]
        resource = facts.resources.get(other.resource_id or "")
        out.append(
            {
                "id": key,
                "name": other.name if other.order_id == op.order_id is not None else facts.label(key),
                "resource": None if resource is None else resource.name or resource.id,
                "start": facts.starts.get(key),
                "end": facts.ends.get(key),
                "slack": _slack(facts, dependency),
                "lag": dependency.lag_ms,
            }
        )
    return out


def _slack(facts: PlanFacts, dependency: Dependency) -> int | None:
    first, second = dependency.from_event, dependency.to_event
    if first not in facts.starts or second not in facts.starts:
        return None
    from_point, to_point = _POINTS[dependency.type]
    earlier = facts.starts[first] if from_point == "start" else facts.ends[first]
    later = facts.starts[second] if to_point == "start" else facts.ends[second]
    return later - earlier - dependency.lag_ms
