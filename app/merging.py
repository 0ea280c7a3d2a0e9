"""Merges as a service: begun, decided conflict by conflict, and finished as a version; in the database at every moment.

A merge that is interrupted goes on where it was: everything it needs is stored when it begins, every choice when it is
made, and finishing writes the version, moves the head and forgets the merge in one transaction.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.collector import collector_paused
from app.merge_candidate import Candidate, Sides
from app.merge_repair import rerun_request
from app.merge_words import choice_from_json, choice_to_json
from app.scenarios import ancestors, merge_base
from app.versions import VersionService
from engine.errors import ErrorCode, TaktwerkError, invalid_schedule
from engine.merge import Choice, Merged, Side
from engine.model import OptimizationRequest, Options, Schedule
from engine.validate import faults_of
from storage import canonical
from storage.database import Database
from storage.rows import MergeRow, VersionInfo
from storage.tables import MAIN_HEAD
from storage.unit_of_work import ReadView

__all__ = ["Choice", "MergeRow", "MergeService", "MergeState"]


@dataclass(frozen=True)
class MergeState(Candidate):
    """A merge as it stands with the choices made so far; ``row`` is what is stored of it."""

    row: MergeRow

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data in wire names."""
        return {
            "id": self.row.id,
            "scheduleId": self.row.schedule_id,
            "head": self.row.head_name,
            "kind": self.row.kind,
            "label": self.row.label,
            "prefer": self.row.prefer,
            "conflicts": [one.to_json() for one in self.conflicts],
            "unresolved": [one.key for one in self.merged.unresolved],
            "settled": list(self.settled),
            "faults": [{"path": fault.path, "reason": fault.reason} for fault in self.faults],
            "violations": [
                {"rule": v.rule, "message": v.message, "eventIds": list(v.event_ids)} for v in self.violations
            ],
        }


class MergeService:
    """What can be done with merges. Safe to use from any thread.

    Parameters
    ----------
    database, user
        As of ``VersionService``.
    versions
        Which stores what a merge makes.
    """

    def __init__(self, database: Database, versions: VersionService, user: str = "") -> None:
        self._database = database
        self._versions = versions
        self._user = user or None

    # beginning

    def start_head(
        self, schedule_id: str, base_version_id: str, ours: Schedule, head: str = MAIN_HEAD, label: str = ""
    ) -> MergeState:
        """Begin to merge edits of a version (ours) with what its head has become since (theirs) (E012)."""
        return self._start(schedule_id, head, "head", base_version_id, ours=ours, label=label)

    def start_scenario(self, schedule_id: str, scenario: str, into: str = MAIN_HEAD, label: str = "") -> MergeState:
        """Begin to merge a scenario (ours) into another head, the live plan by default (theirs) (E012)."""
        with self._database.read() as view:
            mine = view.heads.get(schedule_id, scenario).version_id
        return self.start_version(mine, into=into, label=label or f"Scenario {scenario}")

    def start_version(
        self, version_id: str, into: str = MAIN_HEAD, base_version_id: str | None = None, label: str = ""
    ) -> MergeState:
        """Begin to merge any version (ours) into a head of its schedule (theirs) (E012)."""
        with self._database.read() as view:
            info = view.versions.get(version_id)
            base = base_version_id or _base(view, info.schedule_id, into, version_id)
        return self._start(info.schedule_id, into, "scenario", base, ours_version_id=version_id, label=label)

    def start_import(
        self,
        schedule_id: str,
        imported: Schedule,
        head: str = MAIN_HEAD,
        base_version_id: str | None = None,
        label: str = "",
    ) -> MergeState:
        """Begin to merge imported data (theirs) into a head (ours).

        The base is the newest import that the head comes from, unless given (E012).
        """
        with self._database.read() as view:
            base = base_version_id or _last_import(view, schedule_id, view.heads.get(schedule_id, head).version_id)
        return self._start(schedule_id, head, "import", base, theirs=imported, label=label)

    def start_run(
        self,
        run_id: str,
        schedule_id: str,
        base_version_id: str,
        result: Schedule,
        head: str = MAIN_HEAD,
        label: str = "",
    ) -> MergeState:
        """Begin to merge a run's plan (theirs), made of the base, into a head (ours) that moved since (E012)."""
        return self._start(schedule_id, head, "run", base_version_id, theirs=result, run_id=run_id, label=label)

    # going on

    def list(self, schedule_id: str | None = None) -> builtins.list[MergeRow]:
        """Return the merges that are not finished, oldest first: all, or those of one schedule."""
        with self._database.read() as view:
            return view.merges.list(schedule_id)

    def open(self, merge_id: str) -> MergeState:
        """Return a merge as it stands (E012; E008 when a version that it needs is damaged)."""
        with self._database.read() as view, collector_paused():
            row = view.merges.get(merge_id)
            base = view.versions.data(row.base_version_id)
            ours, theirs = (_side(view, row, name) for name in ("ours", "theirs"))
        return _state(row, base, ours, theirs)

    def own(self, schedule_id: str) -> builtins.list[MergeRow]:
        """Return the merges of a schedule that this planner began and has not finished, oldest first."""
        return [row for row in self.list(schedule_id) if row.created_by == self._user]

    def choose(
        self, merge_id: str | MergeState, choices: Mapping[str, Choice | None], prefer: Side | None = None
    ) -> MergeState:
        """Decide conflicts by key: a side, ``"base"`` or a ``Value``; ``None`` takes a choice back.

        ``prefer`` changes which side holds where nothing is chosen. Given as it was returned last, a merge is not read
        again.

        Raises
        ------
        TaktwerkError
            E001 when a value cannot be; the merge is then as it was. E012 when it was finished or given up.
        """
        state = merge_id if isinstance(merge_id, MergeState) else self.open(merge_id)
        wanted = {**state.choices, **choices}
        kept = {key: choice for key, choice in wanted.items() if choice is not None}
        side = prefer or state.prefer
        return self._keep(state, state.sides.merged(kept, side), kept, side)

    def choose_all(self, merge_id: str | MergeState, side: Side) -> MergeState:
        """Decide every conflict for one side, those too that a decision raises; what history decided stays."""
        state = merge_id if isinstance(merge_id, MergeState) else self.open(merge_id)
        merged, kept = state.sides.decided_for(side)
        return self._keep(state, merged, kept, side)

    def refresh(self, merge_id: str) -> MergeState:
        """Take in what the head has become since the merge began; choices stay where their conflicts do (E012)."""
        state = self.open(merge_id)
        row = state.row
        with self._database.unit_of_work() as uow:
            present = uow.heads.get(row.schedule_id, row.head_name).version_id
            uow.merges.rebase(row.id, present, _head_side(row))
            uow.commit()
        return self.open(merge_id)

    def take_over_earlier(self, state: MergeState) -> MergeState:
        """Carry the choices of this planner's earlier merges of the same thing over to this one, and end those."""
        row = state.row
        same = row.kind, row.head_name, row.label
        own = self.own(row.schedule_id)
        earlier = [one for one in own if (one.kind, one.head_name, one.label) == same and one.id != row.id]
        choices: dict[str, Choice | None] = {
            key: choice_from_json(data) for one in earlier for key, data in one.resolutions.items()
        }
        known = {conflict.key for conflict in state.merged.conflicts}
        for one in earlier:
            self.abandon(one.id)
        return self.choose(state, choices) if known & choices.keys() else state

    def rerun_request(self, merge_id: str, options: Options | None = None) -> OptimizationRequest:
        """Return the request that repairs a merge: what ours placed is locked, the rest starts from theirs.

        See ``app.merge_repair`` for what to do when a lock has to give, and for what it had to move.
        """
        state = self.open(merge_id)
        return rerun_request(state.base, state.ours, state.schedule, options=options)

    # ending

    def finish(
        self,
        merge_id: str,
        comment: str = "",
        *,
        schedule: Schedule | None = None,
        edits: int | None = None,
        allow_unresolved: bool = False,
    ) -> VersionInfo:
        """Write the merge as a version with two parents and move the head to it; the merge is then over.

        A side that is no version yet becomes one, the second parent, so that it can be looked at later.

        Parameters
        ----------
        schedule
            What a rerun made of the merge; the merge itself when absent.
        edits
            For edits of a window: how many of its draft are in the merge (see ``VersionService.save``).
        allow_unresolved
            Take the preferred side where nothing is chosen.

        Raises
        ------
        TaktwerkError
            E004 when conflicts are not decided, or the head moved since the merge began (``refresh``); E001 when the
            merged plan is not valid; E012 when the merge is over. Nothing is changed then.
        """
        state = self.open(merge_id)
        if state.merged.unresolved and not allow_unresolved and schedule is None:
            raise _undecided(state)
        final = state.schedule if schedule is None else schedule
        faults = state.faults if schedule is None else tuple(faults_of(schedule))
        if faults:
            raise invalid_schedule(list(faults), "merged plan")
        row = state.row
        side = state.theirs if row.kind in ("import", "run") else state.ours
        is_version = (row.theirs_version_id if row.kind in ("import", "run") else row.ours_version_id) is not None
        return self._versions.save_merge(row, final, None if is_version else side, comment, edits)

    def abandon(self, merge_id: str) -> None:
        """Give a merge up; the plans are as they were (E012)."""
        with self._database.unit_of_work() as uow:
            uow.merges.remove(merge_id)
            uow.commit()

    # inside

    def _start(
        self,
        schedule_id: str,
        head: str,
        kind: str,
        base_version_id: str,
        *,
        ours: Schedule | None = None,
        theirs: Schedule | None = None,
        ours_version_id: str | None = None,
        run_id: str | None = None,
        label: str = "",
    ) -> MergeState:
        packed = [None if side is None else canonical.encode(side).data for side in (ours, theirs)]
        with self._database.unit_of_work() as uow:
            present = uow.heads.get(schedule_id, head).version_id
            for key in (base_version_id, ours_version_id):
                if key is not None and uow.versions.get(key).schedule_id != schedule_id:
                    raise TaktwerkError(
                        ErrorCode.NOT_FOUND, "This version belongs to another schedule.", {"version": key}
                    )
            row = uow.merges.add(
                schedule_id=schedule_id,
                head_name=head,
                head_version_id=present,
                base_version_id=base_version_id,
                kind=kind,
                ours_version_id=ours_version_id or (None if ours is not None else present),
                theirs_version_id=None if theirs is not None else present,
                ours=packed[0],
                theirs=packed[1],
                run_id=run_id,
                label=label,
                created_by=self._user,
            )
            uow.commit()
        return self.open(row.id)

    def _keep(self, state: MergeState, merged: Merged, choices: dict[str, Choice], prefer: Side) -> MergeState:
        stored = {key: choice_to_json(choice) for key, choice in choices.items()}
        with self._database.unit_of_work() as uow:
            row = uow.merges.choose(state.row.id, stored, prefer)
            uow.commit()
        return MergeState(state.sides, merged, choices, prefer, row)


def _state(row: MergeRow, base: Schedule, ours: Schedule, theirs: Schedule) -> MergeState:
    sides = Sides(base, ours, theirs)
    choices: dict[str, Choice] = {key: choice_from_json(data) for key, data in row.resolutions.items()}
    return MergeState(sides, sides.merged(choices, row.prefer), choices, row.prefer, row)


def _side(view: ReadView, row: MergeRow, name: str) -> Schedule:
    version_id = row.ours_version_id if name == "ours" else row.theirs_version_id
    stored = view.merges.side(row.id, name)
    return canonical.decode(stored) if stored is not None else view.versions.data(version_id or "")


def _head_side(row: MergeRow) -> Side:
    """The side that is the head."""
    return "ours" if row.kind in ("import", "run") else "theirs"


def _base(view: ReadView, schedule_id: str, head: str, version_id: str) -> str:
    return merge_base(view, view.heads.get(schedule_id, head).version_id, version_id).id


def _last_import(view: ReadView, schedule_id: str, version_id: str) -> str:
    infos = {info.id: info for info in view.versions.list(schedule_id)}
    line = sorted((infos[key] for key in ancestors(infos, version_id)), key=lambda info: -info.number)
    return next((info.id for info in line if info.source == "import"), line[-1].id)


def _undecided(state: MergeState) -> TaktwerkError:
    left = state.merged.unresolved
    first = state.words.view(left[0], None, state.row.prefer)
    more = f" and {len(left) - 1} more" if len(left) > 1 else ""
    return TaktwerkError(
        ErrorCode.VERSION_CONFLICT,
        f"Decide first: {first.subject}, {first.what.lower()}{more}.",
        {"unresolved": [conflict.key for conflict in left]},
    )
