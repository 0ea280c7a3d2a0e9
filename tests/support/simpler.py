"""Random requests made so plain that a given compiled search takes them, with all that it does know left in."""

from __future__ import annotations

import random
from typing import Any

from engine.model import (
    Demand,
    Locks,
    Operation,
    OptimizationRequest,
    Status,
    Unavailable,
)
from tests.support.rule_cases import dep, op, order, plant, res
from tests.support.whole_contract import whole_request

OBJECTIVES = ("minimize_makespan", "minimize_tardiness", "maximize_throughput", "minimize_cost", "minimize_setup")


def list_request(seed: int, size: int, rules: float) -> OptimizationRequest:
    """Return a request without stocks and without demands in some modes only."""
    request = whole_request(seed, size=size, rules=rules, tick=None)
    events = tuple(_with_demands(e, _is_lasting) for e in request.schedule_data.snapshot.events)
    resources = tuple(r for r in request.schedule_data.snapshot.resources if not r.nonrenewable)
    known = {r.id for r in resources}
    intervals = tuple(i for i in request.locks.resource_intervals if i.resource_id in known)
    request = request.model_copy(update={"locks": Locks(events=request.locks.events, resource_intervals=intervals)})
    return _changed(request, events=events, resources=resources)


def graph_request(seed: int, size: int, rules: float) -> OptimizationRequest:
    """Return a request with what the disjunctive graph can tell."""
    draw, request = random.Random(seed), list_request(seed, size, rules)
    snapshot = request.schedule_data.snapshot
    resources = tuple(r.model_copy(update={"capacity": max(1, r.capacity)}) for r in snapshot.resources)
    infinite = {r.id for r in resources if r.infinite}
    with_setups = {r.id for r in resources if r.setup_matrix is not None}

    def is_fine(demand: Demand) -> bool:
        return not (infinite | with_setups).intersection(demand.candidates) and demand.quantity <= 2

    events = [_with_demands(e, is_fine) for e in snapshot.events]
    events = [_with_units(e) for e in events]
    events = [e if e.setup_family else e.model_copy(update={"setup_family": "f0"}) for e in events]
    kinds = ("sameresource", "differentresource")
    constraints = tuple(c for c in snapshot.constraints if c.type not in kinds)
    links = tuple(d.model_copy(update={"max_lag": None}) for d in snapshot.dependencies)
    intervals = tuple(i for i in request.locks.resource_intervals if i.resource_id not in infinite)
    goal = draw.choice(OBJECTIVES)
    options = {"objective": goal, "objectives": None, "weights": None, "incremental_mode": False}
    request = _changed(request, events=tuple(events), resources=resources, constraints=constraints, dependencies=links)
    return request.model_copy(
        update={
            "options": request.options.model_copy(update=options),
            "locks": Locks(events=request.locks.events, resource_intervals=intervals),
        }
    )


def shop_request(seed: int, size: int, rules: float) -> OptimizationRequest:
    """Return a request with what a job shop may have: modes, calendars, setups, history, lags."""
    request = graph_request(seed, size, rules)
    snapshot = request.schedule_data.snapshot
    events = tuple(_plain(e) for e in snapshot.events)
    orders = tuple(o.model_copy(update={"deadline": None}) for o in snapshot.orders)
    machines = tuple(r.model_copy(update={"capacity": 1}) if r.id.startswith("m") else r for r in snapshot.resources)
    outages = tuple(c for c in snapshot.constraints if isinstance(c, Unavailable))
    links = tuple(d.model_copy(update={"type": 2, "lag": abs(d.lag)}) for d in snapshot.dependencies)
    parts: dict[str, Any] = {"events": events, "orders": orders, "resources": machines}
    request = _changed(request, constraints=outages, dependencies=links, **parts)
    data = request.schedule_data
    data = data.model_copy(update={"metadata": data.metadata.model_copy(update={"freeze_until": None})})
    options = request.options.model_copy(update={"objective": "minimize_makespan", "scope": None})
    return request.model_copy(update={"schedule_data": data, "locks": Locks(), "options": options})


def project_request(seed: int, size: int, rules: float) -> OptimizationRequest:
    """Return a request for operations that share workers by units, with dependencies and lags."""
    draw, request = random.Random(seed), shop_request(seed, size, rules)
    snapshot = request.schedule_data.snapshot
    crews = [res(f"w{i}", capacity=draw.choice([1, 2, 4])) for i in range(3)]
    events: list[Operation] = []
    for event in snapshot.events:
        needed = [crew for crew in crews if draw.random() < 0.5]
        demands = tuple(Demand(resource_id=c.id, quantity=draw.randint(1, c.capacity)) for c in needed)
        fields: dict[str, Any] = {"start_date": None, "end_date": None, "status": Status.PLANNED}
        fields |= {"modes": None, "resource_id": None, "demands": demands or None}
        events.append(event.model_copy(update=fields))
    return _changed(request, events=tuple(events), resources=tuple(crews), constraints=())


def flow_request(seed: int, size: int, rules: float) -> OptimizationRequest:
    """Return a request for jobs that all go through the same stages, some of parallel machines, some with setups."""
    draw = random.Random(seed)
    base = whole_request(seed, size=size, rules=rules, tick=None)
    matrix = base.schedule_data.snapshot.setup_matrices[0]
    matrix = matrix.model_copy(update={"rules": tuple(r for r in matrix.rules if not r.forbidden)})
    stages = [draw.choice([1, 1, 2, 3]) for _ in range(draw.choice([2, 3, 4]))]
    items: list[Any] = [matrix]
    for k, machines in enumerate(stages):
        has_setups = machines == 1 and draw.random() < 0.4
        fields = {"setup_matrix": "s", "initial_setup": draw.choice([None, "f0"])} if has_setups else {}
        items.append(res(f"s{k}", capacity=machines, **fields))
    for j in range(max(4, size)):
        dates: dict[str, Any] = {"due_date": draw.choice([60, 200, 500]), "priority": draw.choice([None, 0.0, 2.0])}
        if draw.random() < 0.3:
            dates["release_date"] = draw.choice([5, 30, 100])
        items.append(order(f"o{j}", **dates))
        for k in range(len(stages)):
            fields = {"order_id": f"o{j}", "setup_family": draw.choice(["f0", "f1", "f2"])}
            items.append(op(f"j{j}-{k}", draw.choice([5, 15, 20, 45, 60]), f"s{k}", **fields))
            if k:
                items.append(dep(f"j{j}-{k - 1}", f"j{j}-{k}", lag=draw.choice([0, 0, 10])))
    goal = draw.choice(["minimize_makespan", "minimize_tardiness"])
    options = base.options.model_copy(
        update={"objective": goal, "objectives": None, "weights": None, "incremental_mode": False, "scope": None}
    )
    return base.model_copy(update={"schedule_data": plant(*items), "locks": Locks(), "options": options})


def _changed(request: OptimizationRequest, **parts: Any) -> OptimizationRequest:
    data = request.schedule_data
    snapshot = data.snapshot.model_copy(update=parts)
    return request.model_copy(update={"schedule_data": data.model_copy(update={"snapshot": snapshot})})


def _is_lasting(demand: Demand) -> bool:
    return demand.only_on is None and "stock" not in demand.candidates


def _with_demands(event: Operation, is_kept: Any) -> Operation:
    return event.model_copy(update={"demands": tuple(d for d in event.demands or () if is_kept(d)) or None})


def _with_units(event: Operation) -> Operation:
    """Return an operation that asks for one unit where it has a choice."""
    demands = tuple(
        d.model_copy(update={"quantity": min(d.quantity, 1)}) if len(d.candidates) > 1 else d
        for d in event.demands or ()
    )
    return event.model_copy(update={"demands": demands or None})


def _plain(event: Operation) -> Operation:
    """Return an operation without demands, deadline and lock; what is neither begun nor over without a place."""
    fields: dict[str, Any] = {"demands": None, "deadline": None, "locked": False}
    if event.status not in (Status.STARTED, Status.COMPLETED):
        fields |= {"start_date": None, "end_date": None}
    return event.model_copy(update=fields)


PLAIN: dict[str, Any] = {
    "list": list_request,
    "graph": graph_request,
    "tabu": shop_request,
    "project": project_request,
    "flow": flow_request,
}
"""A maker of requests for each kind of compiled search (``engine.solve.searches.warm.Kind``)."""
