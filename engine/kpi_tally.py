"""What single operations add to the key figures, carried from one state of a plan to the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from engine.costs import cost_rates, costs_of
from engine.plan import PlanFacts, chosen
from engine.plan_change import Touched
from engine.utilization import Utilization, held_ms, limited, named_by

_FOREVER_MS = 1 << 62


@dataclass(frozen=True)
class KpiTally:
    """The parts of cost and utilisation. Sums of integers and of ``math.fsum`` do not depend on their order.

    Attributes
    ----------
    facts
        The plan.
    costs
        The costs of each placed operation.
    held
        The working ms for which each placed operation holds its resources, from the horizon's start on.
    busy
        The same by resource, times units.
    named
        How many operations could use each resource.
    """

    facts: PlanFacts
    costs: dict[str, tuple[float, ...]]
    held: dict[str, int]
    busy: Counter[str]
    named: Counter[str]

    @staticmethod
    def of(facts: PlanFacts) -> KpiTally:
        """Tally all of a plan."""
        tally = KpiTally(facts, {}, {}, Counter(), Counter())
        tally._add(facts.operations)
        return tally

    def after(self, facts: PlanFacts, touched: Touched | None) -> KpiTally:
        """Return the tally of the plan now; ``touched`` since then, ``None``: everything."""
        if touched is None or facts.horizon_start_ms != self.facts.horizon_start_ms:
            return KpiTally.of(facts)
        tally = KpiTally(facts, dict(self.costs), dict(self.held), Counter(self.busy), Counter(self.named))
        tally._remove(self.facts, touched.operations)
        tally._add(touched.operations)
        return tally

    def cost_terms(self) -> list[float]:
        """Return all costs of operations, to be summed exactly."""
        return list(chain.from_iterable(self.costs.values()))

    def utilization(self, until_ms: int) -> float:
        """Return busy over available working time from the horizon's start until the plan's last end."""
        usable = limited(self.facts, {key for key, count in self.named.items() if count})
        window = Utilization(self.facts, self.facts.horizon_start_ms, until_ms, usable)
        available_ms = sum(window.available_ms.values())
        return min(1.0, sum(self.busy[key] for key in usable) / available_ms) if available_ms else 0.0

    def _add(self, event_ids: Iterable[str]) -> None:
        facts, begin_ms, rates = self.facts, self.facts.horizon_start_ms, cost_rates(self.facts)
        for key in event_ids:
            op = facts.operations[key]
            for name in named_by(op):
                self.named[name] += 1
            if key in facts.starts:
                self.costs[key] = costs_of(facts, op, rates)
                self.held[key] = held_ms(facts, key, begin_ms, _FOREVER_MS)
                self._count(facts, key, self.held[key])

    def _remove(self, previous: PlanFacts, event_ids: Iterable[str]) -> None:
        for key in event_ids:
            for name in named_by(previous.operations[key]):
                self.named[name] -= 1
            if key in previous.starts:
                del self.costs[key]
                self._count(previous, key, -self.held.pop(key))

    def _count(self, facts: PlanFacts, event_id: str, worked_ms: int) -> None:
        op = facts.operations[event_id]
        if op.resource_id is not None:
            self.busy[op.resource_id] += worked_ms
        for demand in op.needs:
            resource_id = chosen(demand)
            if resource_id is not None:
                self.busy[resource_id] += worked_ms * demand.quantity
