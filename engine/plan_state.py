"""A plan with all that a planner is told of it: facts, broken rules, key figures. Each edit leads to the next state.

Going from one state to the next costs what the edit touches, not what the plan holds; what comes out is what would come
out anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.check.rolling import CheckedPlan
from engine.check.violation import Violation
from engine.kpi_tally import KpiTally
from engine.metrics import Kpis, kpis
from engine.model import Schedule
from engine.plan import PlanFacts
from engine.plan_change import touched_by


@dataclass(frozen=True)
class PlanState:
    """One state of a plan.

    Attributes
    ----------
    facts
        What follows from it.
    kpis
        Its key figures.
    """

    facts: PlanFacts
    kpis: Kpis
    _checked: CheckedPlan
    _tally: KpiTally

    @staticmethod
    def of(schedule: Schedule, previous: PlanFacts | None = None) -> PlanState:
        """Return the state of a schedule; ``previous`` facts of one much like it spare work."""
        facts = PlanFacts(schedule, previous)
        tally = KpiTally.of(facts)
        return PlanState(facts, kpis(schedule, facts, tally=tally), CheckedPlan.of(facts), tally)

    @property
    def schedule(self) -> Schedule:
        """The schedule."""
        return self.facts.schedule

    @property
    def violations(self) -> tuple[Violation, ...]:
        """The rules that it breaks, as ``engine.check.check`` reports them."""
        return self._checked.violations

    @property
    def fresh_violations(self) -> tuple[Violation, ...]:
        """Those of them that the state before did not have; none in a first state."""
        return self._checked.fresh

    def seen_from(self, other: PlanState) -> PlanState:
        """Return this state with ``fresh_violations`` as after ``other``."""
        return replace(self, _checked=self._checked.seen_from(other.violations))

    def after(self, schedule: Schedule) -> PlanState:
        """Return the state that an edit leads to."""
        facts = PlanFacts(schedule, previous=self.facts)
        touched = None if facts.change is None else touched_by(facts.change, self.facts, facts)
        tally = self._tally.after(facts, touched)
        figures = kpis(schedule, facts, tally=tally)
        return PlanState(facts, figures, self._checked.after(facts, touched), tally)
