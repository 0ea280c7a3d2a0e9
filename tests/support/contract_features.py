"""Every feature of the contract as a question about a request, to make sure that random requests have them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from engine.model import Calendar, Dependency, Operation, OptimizationRequest, Resource, SetupRule, Status
from tests.support.whole_contract import DATES

Question = Callable[[OptimizationRequest], bool]


def _ops(request: OptimizationRequest) -> tuple[Operation, ...]:
    return request.schedule_data.snapshot.events


def _of_ops(ask: Callable[[Operation], object]) -> Question:
    return lambda request: any(ask(op) for op in _ops(request))


def _of_resources(ask: Callable[[Resource], object]) -> Question:
    return lambda request: any(ask(r) for r in request.schedule_data.snapshot.resources)


def _of_calendars(ask: Callable[[Calendar], object]) -> Question:
    """Ask about the calendars that a resource has."""

    def answer(request: OptimizationRequest) -> bool:
        snapshot = request.schedule_data.snapshot
        used = {r.calendar for r in snapshot.resources}
        return any(c.id in used and ask(c) for c in snapshot.calendars)

    return answer


def _of_links(ask: Callable[[Dependency], object]) -> Question:
    return lambda request: any(ask(link) for link in request.schedule_data.snapshot.dependencies)


def _of_rules(ask: Callable[[SetupRule], object]) -> Question:
    """Ask about the setup rules that a resource has."""

    def answer(request: OptimizationRequest) -> bool:
        snapshot = request.schedule_data.snapshot
        used = {r.setup_matrix for r in snapshot.resources}
        return any(ask(rule) for m in snapshot.setup_matrices if m.id in used for rule in m.rules)

    return answer


def _constraint(kind: str, enabled: bool = True) -> Question:
    return lambda request: any(c.type == kind and c.enabled == enabled for c in _constraints(request))


def _constraints(request: OptimizationRequest) -> Iterable[object]:
    return request.schedule_data.snapshot.constraints


def _outage(units: bool) -> Question:
    def answer(request: OptimizationRequest) -> bool:
        capacity = {r.id: r.capacity for r in request.schedule_data.snapshot.resources}
        return any(
            c.type == "unavailable"
            and c.enabled
            and (c.capacity is not None and c.capacity < capacity[c.resource_id]) == units
            for c in _constraints(request)
        )

    return answer


def _demands(request: OptimizationRequest) -> Iterator[object]:
    for op in _ops(request):
        yield from op.demands or ()


def _of_demands(ask: Callable[[object], object]) -> Question:
    return lambda request: any(ask(demand) for demand in _demands(request))


def _of_options(ask: Callable[[object], object]) -> Question:
    return lambda request: bool(ask(request.options))


FEATURES: dict[str, Question] = {
    "capacity 0": _of_resources(lambda r: r.capacity == 0),
    "capacity above 1": _of_resources(lambda r: r.capacity > 1),
    "infinite": _of_resources(lambda r: r.infinite),
    "efficiency": _of_resources(lambda r: r.efficiency != 1),
    "initial setup": _of_resources(lambda r: r.setup_matrix and r.initial_setup),
    "no initial setup": _of_resources(lambda r: r.setup_matrix and not r.initial_setup),
    "cost per hour": _of_resources(lambda r: r.cost_per_hour),
    "group": _of_resources(lambda r: r.group),
    "shift past midnight": _of_calendars(lambda c: any(s.to <= s.from_ for s in c.week)),
    "24:00": _of_calendars(lambda c: any(s.to == "24:00" for s in c.week)),
    "never working but by exception": _of_calendars(lambda c: not c.week),
    "dates off": _of_calendars(lambda c: any(not e.working and "T" not in e.from_ for e in c.exceptions)),
    "date-times worked": _of_calendars(lambda c: any(e.working and "T" in e.from_ for e in c.exceptions)),
    "zone of its own": _of_calendars(lambda c: c.time_zone),
    "zone of the plant": lambda request: request.schedule_data.metadata.time_zone != "UTC",
    "milestone": _of_ops(lambda op: op.duration == 0),
    "odd duration": _of_ops(lambda op: op.duration % 60_000),
    "no primary resource": _of_ops(lambda op: not op.alternatives),
    "resource without modes": _of_ops(lambda op: op.resource_id and not op.modes),
    "several modes": _of_ops(lambda op: len(op.modes or ()) > 1),
    "mode with duration": _of_ops(lambda op: any(m.duration is not None for m in op.modes or ())),
    "mode with cost": _of_ops(lambda op: any(m.cost for m in op.modes or ())),
    "quantity above 1": _of_demands(lambda d: d.quantity > 1),
    "quantity 0": _of_demands(lambda d: d.quantity == 0),
    "open choice": _of_demands(lambda d: d.resource_ids and d.resource_id is None),
    "choice made": _of_demands(lambda d: d.resource_ids and d.resource_id is not None),
    "nonrenewable": _of_demands(lambda d: "stock" in d.candidates),
    "demand in some modes": _of_demands(lambda d: d.only_on),
    "machine as secondary": _of_demands(lambda d: "m0" in d.candidates),
    "two demands": _of_ops(lambda op: len(op.demands or ()) > 1),
    "family": _of_ops(lambda op: op.setup_family),
    "order": _of_ops(lambda op: op.order_id),
    "release": _of_ops(lambda op: op.release_date),
    "due": _of_ops(lambda op: op.due_date),
    "deadline": _of_ops(lambda op: op.deadline),
    "not interruptible": _of_ops(lambda op: not op.interruptible),
    "started": _of_ops(lambda op: op.status is Status.STARTED),
    "completed": _of_ops(lambda op: op.status is Status.COMPLETED),
    "released": _of_ops(lambda op: op.status is Status.RELEASED),
    "percent done": _of_ops(lambda op: 0 < op.percent_done < 100),
    "locked": _of_ops(lambda op: op.locked),
    "manually scheduled": _of_ops(lambda op: op.manually_scheduled),
    "priority 0": _of_ops(lambda op: op.priority == 0),
    "order release": lambda request: any(o.release_date for o in request.schedule_data.snapshot.orders),
    "order deadline": lambda request: any(o.deadline for o in request.schedule_data.snapshot.orders),
    "order priority 0": lambda request: any(o.priority == 0 for o in request.schedule_data.snapshot.orders),
    **{f"dependency {kind}": _of_links(lambda link, kind=kind: link.type == kind) for kind in range(4)},
    **{
        f"lag in {unit}": _of_links(lambda link, unit=unit: link.lag and link.lag_unit == unit)
        for unit in ("ms", "s", "m", "h", "d")
    },
    "negative lag": _of_links(lambda link: link.lag < 0),
    "greatest lag": _of_links(lambda link: link.max_lag is not None),
    **{kind: _constraint(kind) for kind in (*DATES, "sameresource", "differentresource", "nooverlap")},
    "switched off": _constraint("nooverlap", enabled=False),
    "full outage": _outage(units=False),
    "partial outage": _outage(units=True),
    "forbidden setup": _of_rules(lambda rule: rule.forbidden),
    "setup from any": _of_rules(lambda rule: rule.from_ == "*"),
    "setup to any": _of_rules(lambda rule: rule.to == "*"),
    "setup to itself": _of_rules(lambda rule: rule.from_ == rule.to and rule.duration),
    "setup cost": _of_rules(lambda rule: rule.cost),
    "freeze": lambda request: request.schedule_data.metadata.freeze_until is not None,
    "no horizon start": lambda request: request.schedule_data.metadata.horizon_start is None,
    "locked events": lambda request: bool(request.locks.events),
    "locked intervals": lambda request: bool(request.locks.resource_intervals),
    "scope by events": _of_options(lambda o: o.scope and o.scope.event_ids),
    "scope by resources": _of_options(lambda o: o.scope and o.scope.resource_ids),
    "scope by time": _of_options(lambda o: o.scope and o.scope.start),
    "one objective": _of_options(lambda o: o.objective),
    "ladder": _of_options(lambda o: o.objectives),
    "mix": _of_options(lambda o: o.weights),
    "no objective": _of_options(lambda o: not (o.objective or o.objectives or o.weights)),
    "incremental": _of_options(lambda o: o.incremental_mode and o.change_weight),
    "no warm start": _of_options(lambda o: not o.warm_start),
    "tick": _of_options(lambda o: o.tick),
    "cost of tardiness": _of_options(lambda o: o.tardiness_cost_per_hour not in (0.0, 1.0)),
}
