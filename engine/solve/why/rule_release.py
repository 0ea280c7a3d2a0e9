"""Requests without some of their rules, so that nothing else gets harder by it.

A locked operation that pauses over a break would be wrong as soon as the break is worked. Where a calendar or an outage
is released, such a lock takes whatever time is worked in its span: it stays as right or wrong as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.calendars import DAY_MS, resource_working_time
from engine.instants import to_ms
from engine.model import DateConstraint, Status, Unavailable
from engine.pinning import Pin, pins
from engine.plan import PlanFacts
from engine.setups import ANY, SetupTable
from engine.solve.why.edits import apply_edits

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from engine.model import Constraint, Operation, OptimizationRequest, SetupMatrix
    from engine.solve.why.rules_given import Rule

_OF_RESOURCES = ("calendar", "unavailable")
_BEGUN = (Status.STARTED, Status.COMPLETED)


def released(request: OptimizationRequest, rules: Iterable[Rule], pausing: Collection[str]) -> OptimizationRequest:
    """Return a request without some rules.

    Parameters
    ----------
    request
        The whole request.
    rules
        What to release.
    pausing
        ``pausing_locks`` of the request.
    """
    rules = list(rules)
    edits = [edit for rule in rules for edit in rule.release]
    if not edits:
        return request
    loosened = apply_edits(request, edits)
    touched = {rule.resource_id for rule in rules if rule.kind in _OF_RESOURCES}
    if not touched or not pausing:
        return loosened
    schedule = loosened.schedule_data
    resources = {r.id: r for r in schedule.snapshot.resources}

    def kept(op: Operation) -> Operation:
        if op.id not in pausing or op.resource_id is None or op.resource_id not in touched:
            return op
        assert op.start_date is not None and op.end_date is not None
        resource, begin, end = resources[op.resource_id], to_ms(op.start_date), to_ms(op.end_date)
        worked = resource_working_time(schedule, resource, begin - DAY_MS, end + DAY_MS).between(begin, end)
        return _lasting(op, int(worked * resource.efficiency))

    events = tuple(kept(op) for op in schedule.snapshot.events)
    snapshot = schedule.snapshot.model_copy(update={"events": events})
    return loosened.model_copy(update={"schedule_data": schedule.model_copy(update={"snapshot": snapshot})})


def pausing_locks(request: OptimizationRequest, facts: PlanFacts) -> frozenset[str]:
    """Return the locked operations that pause over breaks and have just the working time that they need."""
    held = pins(request.schedule_data, request)
    found: set[str] = set()
    for op in request.schedule_data.snapshot.events:
        if held.get(op.id) is not Pin.LOCKED or op.resource_id is None:
            continue
        worked = facts.work_ms(op)
        pauses = facts.ends[op.id] - facts.starts[op.id] > worked
        if pauses and 0 <= worked - facts.need_ms(op) < 60_000:
            found.add(op.id)
    return frozenset(found)


def restricted(request: OptimizationRequest, event_ids: Collection[str]) -> OptimizationRequest:
    """Return a request about some of its operations only, with what concerns these: no plan of it is lost.

    Where leaving out an operation could make a setup longer, or put two families next to each other that may not be,
    the resource has no setups; what has begun on a resource with setups stays, since it sets the family.
    """
    schedule = request.schedule_data
    snapshot = schedule.snapshot
    tables = {m.id: m for m in snapshot.setup_matrices}
    sensitive = {r.id: r.setup_matrix for r in snapshot.resources if r.setup_matrix is not None}
    kept, left_out = set(event_ids), set[str]()
    for op in snapshot.events:
        if op.id not in kept and op.setup_family is not None:
            if op.status in _BEGUN and op.resource_id in sensitive:
                kept.add(op.id)
            else:
                left_out.update(mode.resource_id for mode in op.alternatives)
    changed = {key for key in left_out if key in sensitive and not _only_adds_setups(tables[str(sensitive[key])])}
    orders = {op.order_id for op in snapshot.events if op.id in kept}
    update = {
        "events": tuple(op for op in snapshot.events if op.id in kept),
        "orders": tuple(o for o in snapshot.orders if o.id in orders),
        "dependencies": tuple(d for d in snapshot.dependencies if d.from_event in kept and d.to_event in kept),
        "constraints": tuple(left for c in snapshot.constraints if (left := _about(c, kept)) is not None),
        "resources": tuple(
            r.model_copy(update={"setup_matrix": None}) if r.id in changed else r for r in snapshot.resources
        ),
    }
    locks = request.locks.model_copy(update={"events": tuple(k for k in request.locks.events if k in kept)})
    schedule = schedule.model_copy(update={"snapshot": snapshot.model_copy(update=update)})
    return request.model_copy(update={"schedule_data": schedule, "locks": locks})


def _only_adds_setups(matrix: SetupMatrix) -> bool:
    """Whether one more operation in a sequence never makes its setups shorter: bans nothing, no short cuts."""
    table = SetupTable(matrix)
    families = {family for rule in matrix.rules for family in (rule.from_, rule.to)} - {ANY} | {"\x00", "\x01"}
    takes: dict[tuple[str, str], int] = {}
    for one in families:
        for other in families:
            change = table.lookup(one, other)
            if change.forbidden:
                return False
            takes[one, other] = change.duration_ms
    return all(takes[a, c] <= takes[a, b] + takes[b, c] for a in families for b in families for c in families)


def _about(rule: Constraint, event_ids: Collection[str]) -> Constraint | None:
    """Return what is left of a constraint when only some operations are looked at."""
    if isinstance(rule, Unavailable):
        return rule
    if isinstance(rule, DateConstraint):
        return rule if rule.event_id in event_ids else None
    members = tuple(key for key in rule.event_ids if key in event_ids)
    return rule.model_copy(update={"event_ids": members}) if len(members) > 1 else None


def _lasting(op: Operation, duration_ms: int) -> Operation:
    """Return an operation of another duration, on whatever it runs."""
    modes = op.modes and tuple(m.model_copy(update={"duration": None}) for m in op.modes)
    return op.model_copy(update={"duration": duration_ms, "modes": modes})
