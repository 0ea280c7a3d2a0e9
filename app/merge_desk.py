"""One merge at work: what a window shows of it, and what it can do with it. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from app.merge_candidate import Candidate, Sides
from app.merge_names import MergeNames, SideName, names_of
from app.merge_rerun import Repaired, Rerun
from app.merge_summary import told_changes
from app.merge_words import ConflictView
from app.merging import MergeRow, MergeService, MergeState
from app.preview import Preview
from app.versions import VersionService
from engine.check import Violation
from engine.merge import Choice, Side
from engine.model import Options, Schedule


@dataclass(frozen=True)
class Problem:
    """A rule that the merged plan breaks; ``is_new``: neither side breaks it by itself."""

    violation: Violation
    is_new: bool


@dataclass(frozen=True)
class DeskView:
    """A merge at one moment.

    Attributes
    ----------
    names
        What it and its sides are called.
    candidate
        What the merge would be by the choices made.
    mine_brings, other_brings
        What the two sides changed, in lines.
    repaired, told
        What a rerun has made of it, and that in words.
    """

    names: MergeNames
    candidate: Candidate
    mine_brings: tuple[str, ...]
    other_brings: tuple[str, ...]
    repaired: Repaired | None = None

    @property
    def schedule(self) -> Schedule:
        """The plan that merging would make."""
        return self.candidate.schedule if self.repaired is None else self.repaired.schedule

    @property
    def conflicts(self) -> tuple[ConflictView, ...]:
        """What both sides changed differently."""
        return self.candidate.conflicts

    @property
    def decided(self) -> int:
        """How many conflicts have a choice."""
        return len(self.candidate.merged.conflicts) - len(self.candidate.merged.unresolved)

    @property
    def progress(self) -> str:
        """How far deciding is, in words; empty where there is nothing to decide."""
        total = len(self.conflicts)
        return f"{self.decided:,} of {total:,} decided" if total else ""

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """The rules that the plan would break, those that merging brings about first."""
        violations = self.candidate.violations if self.repaired is None else self.repaired.violations
        found = [Problem(v, self.candidate.sides.is_new(v)) for v in violations]
        return tuple(sorted(found, key=lambda one: not one.is_new))

    @cached_property
    def told(self) -> str:
        """What the rerun did; empty without one."""
        return "" if self.repaired is None else self.repaired.told(self.names.inline("ours"))

    @property
    def blocked(self) -> str:
        """Why it cannot be merged yet; empty when it can."""
        if self.repaired is not None:
            return ""
        left = [one for one in self.conflicts if one.choice is None]
        if left:
            more = f" and {len(left) - 1:,} more" if len(left) > 1 else ""
            return f"Decide first: {left[0].subject}, {left[0].what.lower()}{more}."
        if self.candidate.faults:
            return f"This would be no valid plan: {self.candidate.faults[0].reason}. Decide otherwise."
        return ""

    @property
    def touched(self) -> tuple[str, ...]:
        """The operations that are in conflict."""
        return tuple(dict.fromkeys(one.event_id for one in self.conflicts if one.event_id is not None))

    def next_open(self, key: str | None) -> str | None:
        """Return the key of the conflict after ``key`` that is not decided, from the top again; ``None`` when none."""
        keys = [one.key for one in self.conflicts]
        at = keys.index(key) + 1 if key in keys else 0
        is_open = {one.key for one in self.conflicts if one.choice is None}
        return next((one for one in (*keys[at:], *keys[:at]) if one in is_open), None)

    def worked_out(self) -> DeskView:
        """Work out everything that is shown, so that reading it costs nothing; for any thread."""
        _ = self.repaired is not None and self.repaired.moves
        _ = self.conflicts, self.problems, self.told, self.candidate.settled, self.candidate.faults
        return self


class MergeDesk:
    """What is done with one merge. One thread at a time; slow for large plans.

    Parameters
    ----------
    names, candidate
        What it is called, and how it stands.
    merges
        Where choices are kept, for a merge that is stored; without, they are only kept here.
    """

    def __init__(self, names: MergeNames, candidate: Candidate, merges: MergeService | None = None) -> None:
        self._merges = merges
        brings = {side: told_changes(candidate.base, getattr(candidate, side)) for side in ("ours", "theirs")}
        self._view = DeskView(names, candidate, brings[names.mine], brings[names.other]).worked_out()

    @staticmethod
    def of(merges: MergeService, versions: VersionService, state: MergeState) -> MergeDesk:
        """Return the desk of a stored merge (E012)."""
        return MergeDesk(names_of(versions, state.row), state, merges)

    @property
    def view(self) -> DeskView:
        """How it stands."""
        return self._view

    @property
    def row(self) -> MergeRow | None:
        """What is stored of it, if it is stored."""
        candidate = self._view.candidate
        return candidate.row if isinstance(candidate, MergeState) else None

    def choose(self, choices: Mapping[str, Choice | None]) -> DeskView:
        """Decide conflicts, or with ``None`` take that back; a rerun is then out of date (E001, E012)."""
        one = self._view.candidate
        if isinstance(one, MergeState) and self._merges is not None:
            return self._show(self._merges.choose(one, choices))
        kept = {key: choice for key, choice in {**one.choices, **choices}.items() if choice is not None}
        return self._show(replace(one, merged=one.sides.merged(kept, one.prefer), choices=kept))

    def choose_all(self, side: Side) -> DeskView:
        """Decide everything for one side (E012)."""
        one = self._view.candidate
        if isinstance(one, MergeState) and self._merges is not None:
            return self._show(self._merges.choose_all(one, side))
        merged, kept = one.sides.decided_for(side)
        return self._show(replace(one, merged=merged, choices=kept))

    def rerun(self, options: Options | None = None) -> Rerun:
        """Return the runs that would repair it; what is not decided is taken from ours."""
        one = self._view.candidate
        if one.prefer != "ours":
            merged = one.sides.merged(one.choices, "ours")
            one = replace(one, merged=merged, prefer="ours")
        return Rerun(one, options)

    def take_repair(self, repaired: Repaired | None) -> DeskView:
        """Let the plan of a rerun be the merge, or no longer."""
        self._view = replace(self._view, repaired=repaired).worked_out()
        return self._view

    def _show(self, candidate: Candidate) -> DeskView:
        self._view = replace(self._view, candidate=candidate, repaired=None).worked_out()
        return self._view


def preview_desk(preview: Preview) -> MergeDesk:
    """Return the desk of what the planner and a run changed both; nothing of it is stored."""
    sides = Sides(preview.input, preview.working, preview.result)
    choices: dict[str, Choice] = dict(preview.resolutions or {})
    names = MergeNames(
        "You and the run changed the same operations",
        "Your edits since the run began hold unless you take the run's side.",
        SideName("Before", "when the run began"),
        SideName("Your edits"),
        SideName("The run's plan"),
    )
    return MergeDesk(names, Candidate(sides, sides.merged(choices, "ours"), choices, "ours"))
