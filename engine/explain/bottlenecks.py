"""Which resources hold the plan up, ranked."""

from __future__ import annotations

from dataclasses import dataclass

from engine.explain.lateness import Lateness
from engine.explain.load import Load
from engine.explain.slack import Slack
from engine.explain.told import Told
from engine.plan import PlanFacts, chosen
from engine.wording import length


@dataclass(frozen=True, slots=True)
class Bottleneck(Told):
    """One resource and how much it holds up.

    Attributes
    ----------
    rank
        1 = the worst: most lateness at it, then most critical time, then highest load.
    late_ms, waited_ms
        Lateness of orders that arose at it, and all that late orders waited at it (see ``Lateness.by_resource``).
    delayed_orders
        How many late orders waited at it.
    critical_ms, critical_share
        Work and setups at it, times units, that cannot move right without harm, and the share of them in its own.
    load
        Busy over available, from the horizon's start to the plan's last day.
    """

    rank: int
    id: str
    name: str
    late_ms: int
    waited_ms: int
    delayed_orders: int
    critical_ms: int
    critical_share: float
    load: float
    text: str = ""


def bottlenecks(facts: PlanFacts, lateness: Lateness, slack: Slack, load: Load) -> tuple[Bottleneck, ...]:
    """Return the resources that operations use, the worst bottleneck first.

    Parameters
    ----------
    facts
        The plan.
    lateness, slack, load
        Its explanations.
    """
    delays = {item.id: item for item in lateness.by_resource}
    critical, busy = _busy(facts, set(slack.critical)), _busy(facts, set(slack.operations))
    rows: list[tuple[tuple[float, ...], str, Bottleneck]] = []
    for resource in load.resources:
        delay, key = delays.get(resource.id), resource.id
        if not busy.get(key) and delay is None:
            continue
        late_ms = delay.late_ms if delay else 0
        share = critical.get(key, 0) / busy[key] if busy.get(key) else 0.0
        used = 0.0 if resource.is_infinite else resource.load
        row = Bottleneck(
            rank=0,
            id=key,
            name=resource.name,
            late_ms=late_ms,
            waited_ms=delay.amount_ms if delay else 0,
            delayed_orders=len(delay.orders) if delay else 0,
            critical_ms=critical.get(key, 0),
            critical_share=share,
            load=used,
        )
        rows.append(((-late_ms, -row.critical_ms, -used), key, row))
    ranked = [row for _, _, row in sorted(rows, key=lambda item: item[:2])]
    return tuple(_ranked(row, number) for number, row in enumerate(ranked, 1))


def _ranked(row: Bottleneck, rank: int) -> Bottleneck:
    parts = [f"{row.name} is {row.load:.0%} busy" if row.load else row.name]
    if row.delayed_orders:
        orders = "1 late order" if row.delayed_orders == 1 else f"{row.delayed_orders} late orders"
        parts.append(f"{orders} waited {length(row.waited_ms)} there, {length(row.late_ms)} of it beyond their reserve")
    if row.critical_ms:
        parts.append(f"{row.critical_share:.0%} of its work is critical")
    fields = {name: getattr(row, name) for name in Bottleneck.__dataclass_fields__}
    return Bottleneck(**fields | {"rank": rank, "text": "; ".join(parts) + "."})


def _busy(facts: PlanFacts, keys: set[str]) -> dict[str, int]:
    """Working ms times units that some operations hold each resource, setups included."""
    found: dict[str, int] = {}
    for key in keys:
        op, setup = facts.operations[key], facts.setups.get(key)
        held_ms = facts.work_ms(op) + (setup.duration_ms if setup else 0)
        if op.resource_id is not None:
            found[op.resource_id] = found.get(op.resource_id, 0) + held_ms
        for demand in op.needs:
            resource_id = chosen(demand)
            if resource_id is not None:
                found[resource_id] = found.get(resource_id, 0) + held_ms * demand.quantity
    return found
