"""What was chosen for open needs, kept from one state of a plan to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.check.choices import Chooser, Failure, Held, Need, need_groups, open_needs_of
from engine.check.load import Use
from engine.check.part import Part
from engine.plan import PlanFacts

_Settled = tuple[tuple[Need, ...], list[Failure]]


@dataclass(frozen=True)
class ChoiceBook:
    """The open needs of a plan by operation, and what came of each group of them, by its first need."""

    needs: Mapping[str, tuple[Need, ...]] = field(default_factory=dict[str, tuple[Need, ...]])
    groups: Mapping[tuple[str, int], _Settled] = field(default_factory=dict[tuple[str, int], _Settled])

    @property
    def failed(self) -> list[Failure]:
        """The needs that found no resource."""
        return [failure for _, failures in self.groups.values() for failure in failures]

    def after(self, facts: PlanFacts, held: Held, outages: Mapping[str, tuple[Use, ...]], part: Part) -> ChoiceBook:
        """Return the book of the plan as it is now; only groups that ``part`` can have an effect on are settled anew.

        Parameters
        ----------
        facts
            The plan now; this book is of the plan before.
        held
            What is taken already, by resource.
        outages
            Units that are out, by resource.
        part
            What was touched in between.
        """
        if not facts.undecided and not self.needs:
            return self
        keys = facts.undecided if part.is_whole else facts.undecided.intersection(part.operations)
        needs = {} if part.is_whole else {k: v for k, v in self.needs.items() if k not in part.operation_set}
        needs.update((key, found) for key in keys if (found := open_needs_of(facts, key)))
        chooser = Chooser(facts, held, outages)
        groups: dict[tuple[str, int], _Settled] = {}
        for group in need_groups(need for found in needs.values() for need in found):
            first = (group[0].event_id, group[0].position)
            known = self.groups.get(first)
            if known is None or known[0] != group or _is_touched(group, part):
                known = (group, chooser.settle(group).failed)
            groups[first] = known
        return ChoiceBook(needs, groups)


def _is_touched(group: tuple[Need, ...], part: Part) -> bool:
    """Whether an operation of the group was touched, or one that holds what could serve it meanwhile."""
    if part.is_whole or any(need.event_id in part.operation_set for need in group):
        return True
    begin_ms, end_ms = group[0].start_ms, max(need.end_ms for need in group)
    candidates = {key for need in group for key in need.candidates} & part.busy.keys()
    return any(start < end_ms and begin_ms < end for key in candidates for start, end in part.busy[key])
