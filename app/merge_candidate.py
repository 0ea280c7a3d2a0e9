"""A merge as it stands with the choices made so far, and what can be said of it. Pure: no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from app.merge_words import ConflictView, MergeWords
from engine.check import Violation, check
from engine.errors import Fault
from engine.merge import Choice, Merged, Side, merge
from engine.model import Schedule
from engine.validate import faults_of


@dataclass(frozen=True)
class Sides:
    """The three plans of a merge, with what is asked of them again and again."""

    base: Schedule
    ours: Schedule
    theirs: Schedule

    @cached_property
    def words(self) -> MergeWords:
        """What speaks of their items."""
        return MergeWords(self.base, self.ours, self.theirs)

    @cached_property
    def known(self) -> frozenset[tuple[object, ...]]:
        """The violations that one side has by itself (see ``_identity``)."""
        return frozenset(_identity(v) for side in (self.ours, self.theirs) for v in check(side))

    def merged(self, choices: Mapping[str, Choice], prefer: Side) -> Merged:
        """Return the merge with these choices (E001 when a value cannot be)."""
        return merge(self.base, self.ours, self.theirs, choices, prefer)

    def decided_for(self, side: Side) -> tuple[Merged, dict[str, Choice]]:
        """Return the merge with every conflict decided for one side, those too that a decision raises."""
        choices: dict[str, Choice] = {}
        while True:
            merged = self.merged(choices, side)
            if not merged.unresolved:
                return merged, choices
            choices.update((conflict.key, side) for conflict in merged.unresolved)

    def is_new(self, violation: Violation) -> bool:
        """Whether neither side breaks that rule by itself."""
        return _identity(violation) not in self.known


@dataclass(frozen=True)
class Candidate:
    """What the merge would be.

    Attributes
    ----------
    sides
        The three plans.
    merged
        The merge: the plan, the conflicts, what is unresolved, what history decided.
    choices
        What was chosen, by conflict key.
    prefer
        The side that holds where nothing is chosen.
    """

    sides: Sides
    merged: Merged
    choices: dict[str, Choice]
    prefer: Side

    @property
    def base(self) -> Schedule:
        """What both sides come from."""
        return self.sides.base

    @property
    def ours(self) -> Schedule:
        """One side."""
        return self.sides.ours

    @property
    def theirs(self) -> Schedule:
        """The other side."""
        return self.sides.theirs

    @property
    def schedule(self) -> Schedule:
        """The merged plan."""
        return self.merged.schedule

    @property
    def is_resolved(self) -> bool:
        """Whether every conflict has a choice."""
        return not self.merged.unresolved

    @property
    def words(self) -> MergeWords:
        """What speaks of its items."""
        return self.sides.words

    @cached_property
    def conflicts(self) -> tuple[ConflictView, ...]:
        """Every conflict in words."""
        return tuple(self.words.view(c, self.choices.get(c.key), self.prefer) for c in self.merged.conflicts)

    @cached_property
    def settled(self) -> tuple[str, ...]:
        """What history decided without asking, in words."""
        return tuple(self.words.settled(one) for one in self.merged.settled)

    @cached_property
    def violations(self) -> tuple[Violation, ...]:
        """The rules that the merged plan breaks."""
        return () if self.faults else tuple(check(self.schedule))

    @cached_property
    def new_violations(self) -> tuple[Violation, ...]:
        """Those that neither side breaks by itself: what merging has brought about."""
        return tuple(v for v in self.violations if self.sides.is_new(v))

    @cached_property
    def faults(self) -> tuple[Fault, ...]:
        """Why the merged plan is no valid one (dependencies in a circle, say); a side or another choice helps."""
        return tuple(faults_of(self.schedule))


def _identity(violation: Violation) -> tuple[object, ...]:
    return violation.rule, violation.event_ids, violation.resource_id
