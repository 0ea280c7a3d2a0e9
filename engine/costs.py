"""What each operation of a plan costs."""

from __future__ import annotations

from engine.model import Operation
from engine.plan import PlanFacts, chosen, mode_on

_HOUR_MS = 3_600_000


def operation_costs(facts: PlanFacts) -> list[float]:
    """Return the costs of all placed operations, in money; they are to be summed exactly (``math.fsum``)."""
    rates = cost_rates(facts)
    return [cost for key in facts.starts for cost in costs_of(facts, facts.operations[key], rates)]


def costs_of(facts: PlanFacts, op: Operation, rates: dict[str, float]) -> tuple[float, ...]:
    """Return what a placed operation costs: its mode, and the hours of its resources, its setup's included.

    Parameters
    ----------
    facts
        The plan.
    op
        The operation.
    rates
        ``cost_rates`` of the plan.
    """
    mode = mode_on(op, op.resource_id) if op.modes else None
    mode_cost = (mode.cost,) if mode is not None and mode.cost else ()
    rate = rates[op.resource_id] if op.resource_id is not None else 0.0
    for demand in op.needs:
        key = chosen(demand)
        rate += 0.0 if key is None else demand.quantity * rates[key]
    if not rate:
        return mode_cost
    setup = facts.setups.get(op.id)
    return (*mode_cost, (facts.work_ms(op) + (setup.duration_ms if setup else 0)) / _HOUR_MS * rate)


def cost_rates(facts: PlanFacts) -> dict[str, float]:
    """Return what an hour of each resource costs."""
    return {key: resource.cost_per_hour or 0.0 for key, resource in facts.resources.items()}
