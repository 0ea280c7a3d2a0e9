"""Scenarios: lines of versions beside the live plan, with a name and a colour, and the way into the live plan."""

from __future__ import annotations

import builtins
from dataclasses import dataclass

from engine.errors import ErrorCode, TaktwerkError
from storage.database import Database
from storage.rows import HeadRow, VersionInfo
from storage.tables import MAIN_HEAD
from storage.unit_of_work import ReadView, UnitOfWork

COLORS = ("#2f6fed", "#b8560b", "#1f8a4c", "#8a3ffc", "#c2185b", "#00838f", "#6d4c41", "#5c6bc0")
"""What new scenarios are coloured, one after the other; each can be told from the others and read on white."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """What promoting a scenario would do, or did.

    Attributes
    ----------
    kind
        ``"none"``: the live plan stands there already. ``"forward"``: the live plan just moves on, nothing was saved
        there since the scenario began. ``"merge"``: both went on; the two must be merged.
    base
        The newest version that both come from.
    live, scenario
        The versions that the two stand on (before).
    """

    kind: str
    base: VersionInfo
    live: VersionInfo
    scenario: VersionInfo


class ScenarioService:
    """What can be done with scenarios. Safe to use from any thread.

    Parameters
    ----------
    database, user
        As of ``VersionService``.
    """

    def __init__(self, database: Database, user: str = "") -> None:
        self._database = database
        self._user = user

    def list(self, schedule_id: str, *, archived: bool = False) -> builtins.list[HeadRow]:
        """Return the live plan's head, then the scenarios by name; with ``archived`` those put away too (E012)."""
        with self._database.read() as view:
            view.schedules.get(schedule_id)
            rows = [row for row in view.heads.list(schedule_id) if archived or not row.is_archived]
        return sorted(rows, key=lambda row: (row.name != MAIN_HEAD, row.name.casefold()))

    def get(self, schedule_id: str, name: str) -> HeadRow:
        """Return one head (E012)."""
        with self._database.read() as view:
            return view.heads.get(schedule_id, name)

    def create(
        self, schedule_id: str, name: str, version_id: str, *, description: str = "", color: str | None = None
    ) -> HeadRow:
        """Begin a scenario at any version (E001 when the name is taken or empty or the colour is none, E012)."""
        with self._database.unit_of_work() as uow:
            row = self.create_in(uow, schedule_id, name, version_id, description=description, color=color)
            uow.commit()
            return row

    def create_in(
        self,
        uow: UnitOfWork,
        schedule_id: str,
        name: str,
        version_id: str,
        *,
        description: str = "",
        color: str | None = None,
    ) -> HeadRow:
        """Begin a scenario within a transaction of the caller's, who commits it; errors as ``create``."""
        if uow.versions.get(version_id).schedule_id != schedule_id:
            raise TaktwerkError(
                ErrorCode.NOT_FOUND, "This version belongs to another schedule.", {"version": version_id}
            )
        shade = color or _next_color(uow.heads.list(schedule_id))
        return uow.heads.create(
            schedule_id, name, version_id, description=description, color=shade, created_by=self._user or None
        )

    def describe(
        self, schedule_id: str, name: str, *, description: str | None = None, color: str | None = None
    ) -> HeadRow:
        """Change description or colour; ``None`` leaves them (E001, E012)."""
        with self._database.unit_of_work() as uow:
            row = uow.heads.describe(schedule_id, name, description=description, color=color)
            uow.commit()
            return row

    def rename(self, schedule_id: str, name: str, new_name: str) -> HeadRow:
        """Give a scenario another name; unsaved edits and begun merges go with it (E001, E005, E012)."""
        with self._database.unit_of_work() as uow:
            row = uow.heads.rename(schedule_id, name, new_name)
            uow.commit()
            return row

    def archive(self, schedule_id: str, name: str, *, archived: bool = True) -> HeadRow:
        """Put a scenario away, or with ``archived=False`` take it out again (E005 for the live plan, E012)."""
        with self._database.unit_of_work() as uow:
            row = uow.heads.archive(schedule_id, name, archived=archived)
            uow.commit()
            return row

    def delete(self, schedule_id: str, name: str) -> None:
        """Delete a scenario with its unsaved edits and begun merges; its versions stay (E005, E012)."""
        with self._database.unit_of_work() as uow:
            uow.drafts.discard(schedule_id, name)
            uow.heads.delete(schedule_id, name)
            uow.commit()

    # into the live plan

    def promotion(self, schedule_id: str, name: str) -> Promotion:
        """Return what promoting a scenario would do (E012)."""
        with self._database.read() as view:
            return _promotion(view, schedule_id, name)

    def promote(self, schedule_id: str, name: str) -> Promotion:
        """Move the live plan to a scenario's version, if nothing was saved on it since the scenario began.

        Raises
        ------
        TaktwerkError
            E004 with ``details`` base, ours (the scenario's) and theirs (the live plan's) when the live plan went on
            meanwhile: merge the two (``MergeService.start_scenario``). E005 for the live plan itself, E012.
        """
        with self._database.unit_of_work() as uow:
            found = _promotion(uow, schedule_id, name)
            if found.kind == "merge":
                raise TaktwerkError(
                    ErrorCode.VERSION_CONFLICT,
                    f"The live plan went on to version {found.live.number} since the scenario began at version "
                    f"{found.base.number}. Merge the two.",
                    {"base": found.base.to_json(), "ours": found.scenario.to_json(), "theirs": found.live.to_json()},
                )
            if found.kind == "forward":
                uow.heads.move(schedule_id, MAIN_HEAD, found.live.id, found.scenario.id)
                uow.commit()
            return found


def merge_base(view: ReadView, one: str, other: str) -> VersionInfo:
    """Return the newest version that two versions of a schedule come from, one of them perhaps (E012 when none)."""
    infos = {info.id: info for info in view.versions.list(view.versions.get(one).schedule_id)}
    shared = ancestors(infos, one) & ancestors(infos, other)
    if not shared:
        raise TaktwerkError(
            ErrorCode.NOT_FOUND, "The two versions have no common ancestor.", {"versions": [one, other]}
        )
    return max((infos[key] for key in shared), key=lambda info: info.number)


def ancestors(infos: dict[str, VersionInfo], version_id: str) -> set[str]:
    """Return a version and all that it comes from, over both parents of merges."""
    found: set[str] = set()
    waiting = [version_id]
    while waiting:
        key = waiting.pop()
        if key not in found and key in infos:
            found.add(key)
            waiting += infos[key].parents
    return found


def _promotion(view: ReadView, schedule_id: str, name: str) -> Promotion:
    if name == MAIN_HEAD:
        raise TaktwerkError(ErrorCode.RESOURCE_LOCKED, "This is the live plan already.", {"head": name})
    live = view.versions.get(view.heads.get(schedule_id).version_id)
    scenario = view.versions.get(view.heads.get(schedule_id, name).version_id)
    base = merge_base(view, live.id, scenario.id)
    kind = "none" if base.id == scenario.id else "forward" if base.id == live.id else "merge"
    return Promotion(kind, base, live, scenario)


def _next_color(rows: builtins.list[HeadRow]) -> str:
    used = [row.color for row in rows]
    return min(COLORS, key=lambda color: (used.count(color), COLORS.index(color)))
