"""The least change of one rule after which a request has a plan, whatever kind of rule it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.solve.why.changing import Changing, Offer, Plan
from engine.solve.why.least_dates import (
    earlier_release,
    later_deadline,
    later_finish,
    other_bound,
    other_exact_date,
    shorter_freeze,
)
from engine.solve.why.least_spans import less_blocked, longer_lag, more_units, overtime, shorter_lag, shorter_outage

if TYPE_CHECKING:
    from engine.solve.why.rules_given import Rule


def least_changes(changing: Changing, rule: Rule, plan: Plan) -> list[Offer]:
    """Return the changes of a rule that leave a plan.

    Parameters
    ----------
    changing
        The request to change.
    rule
        A rule whose release leaves a plan.
    plan
        Such a plan.
    """
    handler = _HANDLERS.get(rule.kind)
    return [_whole(changing, rule)] if handler is None else handler(changing, rule, plan)


_HANDLERS: dict[str, Callable[[Changing, Rule, Plan], list[Offer]]] = {
    "deadline": later_deadline,
    "finishnolaterthan": later_finish,
    "startnolaterthan": other_bound,
    "startnoearlierthan": other_bound,
    "finishnoearlierthan": other_bound,
    "muststarton": other_exact_date,
    "mustfinishon": other_exact_date,
    "release": earlier_release,
    "freeze": shorter_freeze,
    "maxLag": longer_lag,
    "dependency": shorter_lag,
    "blocked": less_blocked,
    "unavailable": shorter_outage,
    "calendar": overtime,
    "capacity": more_units,
}


def _whole(changing: Changing, rule: Rule) -> Offer:
    """Return the offer to release a rule that cannot be changed by halves."""
    match rule.kind:
        case "lock":  # really unlock, also what stands in the past
            edit = {"kind": "unlock", "eventId": rule.id}
            return Offer((edit,), f"Release the lock of {changing.facts.label(rule.id)}.", "1 lock released")
        case "uninterrupted":
            text = f"Let {changing.facts.label(rule.id)} pause over breaks."
            return Offer(rule.release, text, "1 operation may pause")
        case "demand":
            needs = changing.words.demands(changing.facts.operations[rule.id])
            text = f"Let {changing.facts.label(rule.id)} do without {needs}."
            return Offer(rule.release, text, "1 need dropped")
        case "scope":
            return Offer(rule.release, "Let all operations move, not only the chosen ones.", "everything may move")
        case "setup":
            return Offer(rule.release, f"Allow the banned sequences: {rule.text}", "bans lifted")
        case _:
            return Offer(rule.release, f"Switch off the constraint: {rule.text}", "1 constraint switched off")
