"""Rerun with locks, step by step: the request, what to do when a lock has to give, and what came of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from app.merge_candidate import Candidate
from app.merge_repair import RepairReport, given_by, our_places, repair_report, rerun_request
from app.merge_words import MergeWords
from engine.apply import apply_result
from engine.changes import OperationChange
from engine.check import Violation, check
from engine.errors import ErrorCode, TaktwerkError
from engine.model import OptimizationRequest, OptimizationResult, Options, Schedule
from engine.wording import length, listing

MOST_RUNS: Final = 5
"""So often single locks may give; in the run after that none is left."""


@dataclass(frozen=True)
class Repaired:
    """A merge that the optimiser has repaired.

    Attributes
    ----------
    candidate
        The merge as it was.
    schedule
        The repaired plan.
    report
        Which locks held, which gave, what moved.
    """

    candidate: Candidate
    schedule: Schedule
    report: RepairReport

    @cached_property
    def violations(self) -> tuple[Violation, ...]:
        """The rules that the repaired plan breaks."""
        return tuple(check(self.schedule))

    def told(self, ours: str) -> str:
        """Return in words which locks held; ``ours`` is what the locked side is called."""
        report, words = self.report, self.candidate.words
        lines = [_held(len(report.kept), ours)]
        if report.given:
            lines.append(f"Had to give: {listing([words.name('events', key) for key in report.given])}.")
        count = len(report.moved)
        moved = f"{count:,} {'operation' if count == 1 else 'operations'} had to move." if count else ""
        return " ".join([*lines, moved or "Nothing had to move."])

    @cached_property
    def moves(self) -> tuple[tuple[str, str], ...]:
        """What had to move, with its id and how, in words."""
        words = self.candidate.words
        return tuple((one.event_id, f"{one.name or one.event_id}: {_how(one, words)}") for one in self.report.moved)


class Rerun:
    """The runs that repair one merge.

    Parameters
    ----------
    candidate
        The merge, with the places of ours where nothing is decided.
    options
        How to optimise.

    Attributes
    ----------
    request
        What to run next.
    given
        The locks that had to give so far.
    """

    def __init__(self, candidate: Candidate, options: Options | None = None) -> None:
        self._candidate, self._options = candidate, options
        self._all = our_places(candidate.base, candidate.ours, candidate.schedule)
        self._failures = 0
        self.given: tuple[str, ...] = ()
        self.request = self._made()

    def is_worth_trying_again(self, error: TaktwerkError) -> bool:
        """After a run without a plan: let the locks in its conflict give and return whether ``request`` is another."""
        if error.code is not ErrorCode.INFEASIBLE_PROBLEM or not self.request.locks.events:
            return False
        self._failures += 1
        more = given_by(self.request, error.details)
        if not more:
            return False
        self.given = self._all if self._failures >= MOST_RUNS else (*self.given, *more)
        self.request = self._made()
        return True

    def repaired(self, result: OptimizationResult) -> Repaired:
        """Return what the last run has made of the merge."""
        plan = apply_result(self.request.schedule_data, result.events)
        return Repaired(self._candidate, plan, repair_report(self.request, plan, self.given))

    def _made(self) -> OptimizationRequest:
        one = self._candidate
        return rerun_request(one.base, one.ours, one.schedule, without=self.given, options=self._options)


def _how(change: OperationChange, words: MergeWords) -> str:
    if change.kind in ("scheduled", "unscheduled"):
        return change.kind
    parts: list[str] = []
    if change.kind == "resource" and change.after is not None and change.after.resource_id is not None:
        parts.append(f"to {words.name('resources', change.after.resource_id)}")
    if change.shift_ms:
        parts.append(f"{length(abs(change.shift_ms))} {'later' if change.shift_ms > 0 else 'earlier'}")
    if "secondary" in change.kinds:
        parts.append("with another helper resource")
    return ", ".join(parts) or "ends at another time"


def _held(count: int, ours: str) -> str:
    if count == 0:
        return f"No place of {ours} was locked."
    return f"{count:,} {'place' if count == 1 else 'places'} of {ours} held."
