"""Taking single changes of another plan into the working one, as one edit that can be undone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from app.cherry_pick import Picked, cherry_pick
from app.commands import Done
from engine.model import Schedule
from engine.moves import Push
from engine.plan import PlanFacts


@dataclass(frozen=True)
class TakeOver:
    """A command for ``PlanningSession.execute``; no part of the web channel.

    Attributes
    ----------
    source, source_name
        The plan that has the changes, and what it is called in the undo list.
    event_ids, order_ids
        Operations, and orders with all their operations, to take as they are there.
    base
        What counts as a change of ``source``; the working plan if ``None``.
    ready
        (working plan, what was picked onto it) when it was worked out beforehand, for large plans.
    """

    source: Schedule
    source_name: str
    event_ids: Collection[str] = ()
    order_ids: Collection[str] = ()
    base: Schedule | None = None
    ready: tuple[Schedule, Picked] | None = None

    def pick(self, onto: Schedule) -> Picked:
        """Work out the plan with the changes (E012 when nothing differs)."""
        return cherry_pick(onto, self.source, event_ids=self.event_ids, order_ids=self.order_ids, base=self.base)

    def carry_out(self, schedule: Schedule, facts: PlanFacts, push: Push) -> Done:
        """Return the schedule with the changes taken in."""
        is_ready = self.ready is not None and self.ready[0] is schedule
        picked = self.ready[1] if self.ready is not None and is_ready else self.pick(schedule)
        count = len(picked.taken)
        notes = (f"{len(picked.along)} more had to come along",) if picked.along else ()
        clashes = len(picked.conflicts)
        notes += (f"{clashes} of your own edits were replaced",) if clashes else ()
        return Done(
            picked.schedule, f"Take {count} {'change' if count == 1 else 'changes'} of {self.source_name}", notes
        )
