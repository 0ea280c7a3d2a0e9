"""Ranked repairs of a request without a plan: the smallest change of each kind that leaves a plan, and its price.

A repair changes one rule of the conflict as little as will do: a date moves to the nearest one with a plan, found by
bisection or by minimising the excess; a break is worked for as long as needed; what cannot be done by halves is
released. Where no single rule will do, a smallest set of rules is changed together. Each repair was solved once more
with its change carried out before it is offered.

The price is in hours, so that a planner would rather do what is cheaper: the hours by which a date moves, a break is
worked, or a span is cut short, times a rate, plus a fee for disturbing that rule at all (``RATES``; an order's deadline
counts by its priority). ``docs/infeasible.md`` explains it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.solve.why.changing import Changing, Offer, Plan
from engine.solve.why.conflict import ConflictFinder
from engine.solve.why.edits import Edit, apply_edits
from engine.solve.why.feasibility import keeps_rules
from engine.solve.why.least_change import least_changes
from engine.solve.why.rules_given import Rule, RuleBook, prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.model import OptimizationRequest
    from engine.solve.why.feasibility import Judge

RATES: dict[str, tuple[float, float]] = {
    "deadline": (0.0, 1.0),
    "startnolaterthan": (0.5, 1.0),
    "finishnolaterthan": (0.5, 1.0),
    "startnoearlierthan": (0.5, 1.0),
    "finishnoearlierthan": (0.5, 1.0),
    "muststarton": (0.5, 1.0),
    "mustfinishon": (0.5, 1.0),
    "release": (1.0, 1.0),
    "maxLag": (0.5, 1.0),
    "calendar": (0.25, 1.5),
    "blocked": (1.0, 0.5),
    "unavailable": (2.0, 1.0),
    "lock": (2.0, 0.0),
    "freeze": (2.0, 0.5),
    "uninterrupted": (4.0, 0.0),
    "scope": (4.0, 0.0),
    "sameresource": (8.0, 0.0),
    "differentresource": (8.0, 0.0),
    "nooverlap": (8.0, 0.0),
    "dependency": (24.0, 4.0),
    "setup": (24.0, 0.0),
    "demand": (24.0, 0.0),
    "capacity": (40.0, 0.0),
}
"""The fee for changing a rule of each kind, and the price of each hour by which it changes."""

_HOUR_MS = 3_600_000
_ROUND_THE_CLOCK_H = 100.0
_STEP_S, _LEAST_STEP_S = 4.0, 0.4
_MOST_REPAIRS = 12
_MOST_FROM_DECISIONS = 6
_MOST_TOGETHER = 8
_PLANS_TRIED = 3


@dataclass(frozen=True, slots=True)
class _Priced:
    """A repair of some rules: what to change, in words, and its price."""

    rule: Rule
    edits: tuple[Edit, ...]
    text: str
    price: float
    price_text: str

    def to_json(self) -> dict[str, Any]:
        shown = {"eventId": self.rule.event_id, "orderId": self.rule.order_id, "resourceId": self.rule.resource_id}
        out: dict[str, Any] = {
            "kind": self.rule.kind,
            "id": self.rule.id,
            "text": self.text,
            "price": round(self.price, 2),
            "priceText": self.price_text,
            "change": list(self.edits),
        }
        return out | {key: value for key, value in shown.items() if value is not None}


class Repairer:
    """Finds repairs of one request.

    Parameters
    ----------
    request
        The request as it was asked; repairs are verified on it.
    whole
        Its rules, as ``prepared``.
    core
        The rules of a part of it that has no plan either: there the least change is found, as far as it goes.
    judge
        Says whether there is a plan.
    until
        When to end, a moment of ``time.monotonic``.
    """

    def __init__(
        self, request: OptimizationRequest, whole: RuleBook, core: RuleBook, judge: Judge, until: float
    ) -> None:
        self._request = request
        self._whole = whole
        self._core = core
        self._judge = judge
        self._until = until

    def repairs(
        self, conflict: Sequence[Rule], on_news: Callable[[list[dict[str, Any]]], None] = lambda _: None
    ) -> list[dict[str, Any]]:
        """Return repairs of a conflict, ``{kind, id, text, price, priceText, change, eventId?}``, cheapest first.

        ``on_news`` is told of those that are known, one more at a time.
        """
        found: list[_Priced] = []
        for rule in sorted(conflict, key=lambda r: (r.is_fact, sum(RATES[r.kind]))):
            if self._is_late or len(found) >= (_MOST_FROM_DECISIONS if rule.is_fact else _MOST_REPAIRS):
                break
            found.extend(self._of_one(rule))
            on_news(_ranked(found))
        if all(repair.rule.is_fact for repair in found) and not self._is_late:
            found.extend(self._of_several(conflict))
        return _ranked(found)

    def _of_one(self, rule: Rule) -> list[_Priced]:
        """Return verified repairs that change one rule."""
        found, _ = self._least(self._core, rule)
        found = [repair for repair in found if self._is_verified(repair.edits)]
        if found or rule.is_fact or self._core is self._whole or self._is_late:
            return found
        found, plans = self._least(self._whole, rule)
        return [repair for repair in found if self._is_verified(repair.edits, plans[-_PLANS_TRIED:])]

    def _least(self, book: RuleBook, rule: Rule) -> tuple[list[_Priced], list[Plan]]:
        """Return the least changes of a rule after which the request of a book has a plan, and plans found with it."""
        full = self._judge.find(book.without([rule]), self._step_until())
        if full.verdict != "feasible" or full.events is None:
            return [], []
        changing = Changing(book, book.request, self._judge, self._until)
        changing.plans.append(full.events)
        return [self._priced(rule, offer) for offer in least_changes(changing, rule, full.events)], changing.plans

    def _of_several(self, conflict: Sequence[Rule]) -> list[_Priced]:
        """Return a repair of several rules: of one conflict after the other, the cheapest change of each."""
        parts: list[_Priced] = []
        core, rules = self._core, list(conflict)
        while len(parts) < _MOST_TOGETHER and not self._is_late:
            named = {rule.key for rule in rules}
            alone = RuleBook(core.without([rule for rule in core.decisions if rule.key not in named]))
            offers = [offer for rule in rules for offer in self._least(alone, rule)[0]]
            if not offers:
                return []
            parts.append(min(offers, key=lambda offer: offer.price))
            edits = [edit for part in parts for edit in part.edits]
            if self._is_verified(tuple(edits)):
                return [self._joined(self._without_idle(parts))]
            finder = ConflictFinder(RuleBook(apply_edits(self._whole.request, edits)), self._judge, self._until)
            rules = [member.rule for member in finder.find()]
            core = finder.book
        return []

    def _without_idle(self, parts: list[_Priced]) -> list[_Priced]:
        """Return the parts of a repair without those that later ones made needless."""
        kept = list(parts)
        for part in parts[:-1]:
            rest = [p for p in kept if p is not part]
            if self._is_verified(tuple(edit for p in rest for edit in p.edits)):
                kept = rest
        return kept

    def _joined(self, parts: list[_Priced]) -> _Priced:
        edits = tuple(edit for part in parts for edit in part.edits)
        text = " And: ".join(part.text for part in parts)
        price_text = ", ".join(part.price_text for part in parts)
        return replace(parts[0], edits=edits, text=text, price=sum(p.price for p in parts), price_text=price_text)

    def _priced(self, rule: Rule, offer: Offer) -> _Priced:
        fee, rate = RATES[rule.kind]
        hours = offer.amount_ms / _HOUR_MS
        price = fee * offer.times + rate * hours * offer.weight
        if offer.is_round_the_clock:
            price = _ROUND_THE_CLOCK_H
        return _Priced(rule, offer.edits, offer.text, price, offer.price_text)

    def _is_verified(self, edits: tuple[Edit, ...], plans: Sequence[Plan] = ()) -> bool:
        """Whether there is a plan of the request as it was asked, with the change carried out: one of those, or any."""
        changed = prepared(apply_edits(self._request, edits))
        if any(keeps_rules(changed, plan) for plan in reversed(plans)):
            return True
        return self._judge.find(changed, self._step_until()).verdict == "feasible"

    @property
    def _is_late(self) -> bool:
        return time.monotonic() >= self._until

    def _step_until(self) -> float:
        left = self._until - time.monotonic()
        return time.monotonic() + min(_STEP_S, max(_LEAST_STEP_S, left / 3), max(0.0, left))


def _ranked(found: Sequence[_Priced]) -> list[dict[str, Any]]:
    return [repair.to_json() for repair in sorted(found, key=lambda repair: repair.price)]
