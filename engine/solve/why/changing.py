"""What finding the least change of a rule works with: the request, a judge, the time, and what it hands back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.instants import from_ms
from engine.model import DateConstraint
from engine.solve.why.edits import Edit, apply_edits
from engine.solve.why.rule_words import Words
from engine.solve.why.searching import least_amount

if TYPE_CHECKING:
    from engine.model import Dependency, Operation, OptimizationRequest, Order, PlacedEvent
    from engine.solve.why.feasibility import Judge
    from engine.solve.why.rules_given import Rule, RuleBook

_STEP_S = 3.0
_LEAST_LATE_S = 5.0

Plan = list["PlacedEvent"]
Needs = Callable[[Plan], "int | None"]
"""The amount of change, in ms, that a plan needs; None where the plan does not show it."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A change of one rule that leaves a plan.

    ``amount_ms`` is by how much time it changes, ``weight`` what an hour of that counts, ``times`` how many times the
    rule is disturbed.
    """

    edits: tuple[Edit, ...]
    text: str
    price_text: str
    amount_ms: int = 0
    weight: float = 1.0
    times: int = 1
    is_round_the_clock: bool = False


class Changing:
    """Tries changes of one request.

    Parameters
    ----------
    book
        The rules of the request.
    base
        The request to change; the book's own, or one with some rules changed already.
    judge
        Says whether there is a plan.
    until
        When to end, a moment of ``time.monotonic``; what is known by then is offered.

    Attributes
    ----------
    plans
        The plans found on the way, the last ones last.
    """

    def __init__(self, book: RuleBook, base: OptimizationRequest, judge: Judge, until: float) -> None:
        self.facts = book.facts_of_plan
        self.words = Words(book.facts_of_plan)
        self.base = base
        self.judge = judge
        self.until = until
        self.plans: list[Plan] = []

    @property
    def is_late(self) -> bool:
        """Whether the time is used up."""
        return time.monotonic() >= self.until

    def at(self, at_ms: int) -> str:
        """Return an instant in words."""
        return self.words.moment(from_ms(at_ms))

    def with_edits(self, *edits: Edit) -> OptimizationRequest:
        """Return the request with some edits."""
        return apply_edits(self.base, edits)

    def plan_of(self, request: OptimizationRequest) -> Plan | None:
        """Return a plan of a request, or None where none was found in time."""
        found = self.judge.find(request, min(self.until, time.monotonic() + _STEP_S))
        return self._kept(found.events) if found.verdict == "feasible" else None

    def best_plan_of(self, request: OptimizationRequest) -> Plan | None:
        """Return the best plan of a request for its objective that is found in a while."""
        return self._kept(self.judge.least(request, min(self.until, time.monotonic() + _LEAST_LATE_S)).events)

    def _kept(self, plan: Plan | None) -> Plan | None:
        if plan is not None:
            self.plans.append(plan)
        return plan

    def least(self, edit: Callable[[int], Edit], most: int, needs: Needs = lambda _: None) -> int:
        """Return the least amount, in whole minutes, with whose edit there is a plan; ``most`` is known to suffice."""
        return self.least_of(lambda amount: self.with_edits(edit(amount)), most, needs)

    def least_of(self, variant: Callable[[int], OptimizationRequest], most: int, needs: Needs) -> int:
        """Return the least amount with whose variant of the request there is a plan."""

        def ask(amount: int) -> int | None:
            plan = self.plan_of(variant(amount))
            if plan is None:
                return None
            needed = needs(plan)
            return amount if needed is None else min(amount, needed)

        return least_amount(ask, most, lambda: self.is_late)

    # what a rule is about

    def constraint(self, rule: Rule) -> DateConstraint:
        """Return the date constraint of a rule."""
        found = next(c for c in self.base.schedule_data.snapshot.constraints if c.id == rule.id)
        assert isinstance(found, DateConstraint)
        return found

    def dependency(self, rule: Rule) -> Dependency:
        """Return the dependency of a rule."""
        return next(d for d in self.base.schedule_data.snapshot.dependencies if d.id == rule.id)

    def dated(self, rule: Rule) -> tuple[Order | Operation, str, Edit]:
        """Return the order or operation that has a rule's date, its name, and how edits name it."""
        if rule.order_id is not None:
            order = self.facts.orders[rule.order_id]
            return order, self.words.order(order), {"orderId": order.id}
        return self.facts.operations[rule.id], self.facts.label(rule.id), {"eventId": rule.id}
