"""Hard upper limits that luck may break: deadlines, latest dates, greatest lags."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.instants import to_ms
from engine.model import DateConstraint
from engine.robustness.network import Link, Network
from engine.working_time import Times


class Limit:
    """A hard upper limit on a point of one operation, or on the time between points of two."""

    def __init__(self, rule: tuple[str, str | None], point: tuple[int, bool], at_ms: int, link: Link | None = None):
        self.kind, self.key = rule
        self._i, self._is_end = point
        self._at_ms, self._link = at_ms, link

    @property
    def nodes(self) -> tuple[int, ...]:
        """The operations concerned."""
        return (self._i,) if self._link is None else (self._link.before, self._i)

    def broken(self, starts: Times, ends: Times) -> npt.NDArray[np.bool_]:
        """Return where it does not hold."""
        value = (ends if self._is_end else starts)[self._i]
        if self._link is not None:
            value = value - (ends if self._link.from_end else starts)[self._link.before]
        return value > self._at_ms


_LATEST = {
    "startnolaterthan": False,
    "muststarton": False,
    "finishnolaterthan": True,
    "mustfinishon": True,
}
"""Date constraints that set a latest time, and whether for the end."""


def limits_of(network: Network) -> list[Limit]:
    """Return the hard upper limits of a plan: deadlines, latest dates, greatest lags."""
    facts, found = network.facts, list[Limit]()
    orders = {key: to_ms(order.deadline) for key, order in facts.orders.items() if order.deadline is not None}
    for i, node in enumerate(network.nodes):
        if node.is_completed:
            continue
        dates = [to_ms(node.op.deadline)] if node.op.deadline is not None else []
        dates += [orders[node.op.order_id]] if node.op.order_id in orders else []
        if dates:
            found.append(Limit(("deadline", None), (i, True), min(dates)))
    for rule in facts.schedule.snapshot.constraints:
        if isinstance(rule, DateConstraint) and rule.enabled and rule.type in _LATEST:
            i, is_end = network.index.get(rule.event_id), _LATEST[rule.type]
            if i is not None and not network.nodes[i].is_completed and (is_end or not network.nodes[i].is_started):
                found.append(Limit((rule.type, rule.id), (i, is_end), to_ms(rule.date)))
    greatest = {d.id: d.max_lag_ms for d in facts.schedule.snapshot.dependencies if d.max_lag is not None}
    for i, node in enumerate(network.nodes):
        for link in node.links:
            most_ms = greatest.get(link.dependency_id) if link.dependency_id is not None else None
            if most_ms is not None:
                found.append(Limit(("max_lag", link.dependency_id), (i, link.to_end), most_ms, link))
    return found
