"""The check carried from one state of a plan to the next: only what an edit can have an effect on is looked at again.

The rules are those of the full check, restricted to a part of the plan, and what they find takes the place of what they
had found there before. The outcome is that of the full check, in the same order; a property test holds it to that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from engine.check.choice_book import ChoiceBook
from engine.check.part import Part
from engine.check.steps import STEPS, Found, Item, keys_of, listed, run
from engine.check.violation import Context, Violation
from engine.plan import PlanFacts
from engine.plan_change import Touched

_EVERYWHERE = frozenset(i for i, step in enumerate(STEPS) if step.item is Item.ALL)


@dataclass(frozen=True)
class CheckedPlan:
    """A plan with every rule that it breaks.

    Attributes
    ----------
    facts
        The plan.
    violations
        What ``engine.check.check`` finds.
    fresh
        Those of them that the state before did not have; none in the first state.
    """

    facts: PlanFacts
    violations: tuple[Violation, ...]
    fresh: tuple[Violation, ...]
    _found: Found
    _choices: ChoiceBook

    @staticmethod
    def of(facts: PlanFacts) -> CheckedPlan:
        """Check all of a plan."""
        context = Context(facts)
        run(context)
        return CheckedPlan(facts, tuple(listed(context.found, facts)), (), context.found, context.choices)

    def seen_from(self, violations: Iterable[Violation]) -> CheckedPlan:
        """Return this with ``fresh`` as after a state that broke other rules."""
        known = set(violations)
        return replace(self, fresh=tuple(v for v in self.violations if v not in known))

    def after(self, facts: PlanFacts, touched: Touched | None) -> CheckedPlan:
        """Check what was touched since.

        Parameters
        ----------
        facts
            The plan now.
        touched
            ``touched_by`` of the change in between; ``None`` checks everything.
        """
        if touched is None:
            return CheckedPlan.of(facts).seen_from(self.violations)
        part = Part.touched(touched, self.facts, facts)
        context = Context(facts, part=part, choices=self._choices)
        run(context)
        again = keys_of(part)
        found = {k: v for k, v in self._found.items() if k not in again and k[0] not in _EVERYWHERE}
        known = {v for k, old in self._found.items() if k not in found for v in old}
        found.update(context.found)
        fresh = {k: [v for v in new if v not in known] for k, new in context.found.items()}
        violations = tuple(listed(found, facts))
        return CheckedPlan(facts, violations, tuple(listed(fresh, facts)), found, context.choices)
