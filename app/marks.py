"""Tags, states and notes of versions: what is said of them after they were saved."""

from __future__ import annotations

import builtins
from typing import get_args

from engine.errors import ErrorCode, TaktwerkError
from storage.database import Database
from storage.mark_repository import NEXT_STATES
from storage.rows import State, StateRow, TagRow

__all__ = ["NEXT_STATES", "STATES", "MarkService", "State", "StateRow", "TagRow"]

STATES: tuple[State, ...] = get_args(State)


class MarkService:
    """What can be said of versions. Safe to use from any thread.

    A version is a draft when it is saved. Once published it is read-only: its notes stay as they are, and it can only
    be withdrawn, for good. Tags are names of the schedule; they can be moved.
    """

    def __init__(self, database: Database, user: str = "") -> None:
        self._database = database
        self._user = user or None

    def tags(self, schedule_id: str) -> builtins.list[TagRow]:
        """Return the tags of a schedule by name (E012)."""
        with self._database.read() as view:
            view.schedules.get(schedule_id)
            return view.marks.tags(schedule_id)

    def tag(self, version_id: str, name: str, *, move: bool = False) -> TagRow:
        """Give a version a name (E001 when the name is no name, or another's and not to be moved; E012)."""
        with self._database.unit_of_work() as uow:
            info = uow.versions.get(version_id)
            row = uow.marks.tag(info.schedule_id, name, version_id, self._user, move=move)
            uow.commit()
            return row

    def untag(self, schedule_id: str, name: str) -> None:
        """Take a tag away (E012)."""
        with self._database.unit_of_work() as uow:
            uow.marks.untag(schedule_id, name)
            uow.commit()

    def set_state(self, version_id: str, state: str, note: str = "") -> StateRow:
        """Bring a version into another state: see ``NEXT_STATES`` (E001 for an unknown one, E005, E012)."""
        known: State | None = next((one for one in STATES if one == state), None)
        if known is None:
            raise TaktwerkError(
                ErrorCode.INVALID_SCHEDULE,
                f"There is no state {state!r}. Write one of {', '.join(STATES)}.",
                {"state": state, "known": list(STATES)},
            )
        with self._database.unit_of_work() as uow:
            row = uow.marks.set_state(version_id, known, self._user, note)
            uow.commit()
            return row

    def note(self, version_id: str, text: str) -> StateRow:
        """Add a note to a version (E005 when it is published or withdrawn, E001, E012)."""
        with self._database.unit_of_work() as uow:
            row = uow.marks.note(version_id, text, self._user)
            uow.commit()
            return row

    def story(self, version_id: str) -> builtins.list[StateRow]:
        """Return what was said of a version, oldest first (E012)."""
        with self._database.read() as view:
            view.versions.get(version_id)
            return view.marks.states(version_id)
