"""What is said of versions after they were saved: tags, states, notes. The versions themselves never change."""

from __future__ import annotations

import builtins

from sqlalchemy import delete, func, insert, select, update

from engine.errors import ErrorCode, Fault, TaktwerkError, invalid_schedule
from storage.column_types import now
from storage.failures import not_found
from storage.repository import Repository
from storage.rows import State, StateRow, TagRow
from storage.tables import schedule_versions, version_states, version_tags

NEXT_STATES: dict[State, tuple[State, ...]] = {
    "draft": ("approved",),
    "approved": ("draft", "published"),
    "published": ("withdrawn",),
    "withdrawn": (),
}
"""Draft to approved to published; approval can be taken back, what is published can only be withdrawn, for good."""

_s, _t = version_states.c, version_tags.c
_LONGEST_NOTE = 2_000


class MarkRepository(Repository):
    """Tags (one version a name in each schedule) and the story of each version's state."""

    def tags(self, schedule_id: str) -> builtins.list[TagRow]:
        """Return the tags of a schedule by name."""
        rows = self._all(select(version_tags).where(_t.schedule_id == schedule_id).order_by(_t.name))
        return [TagRow(**row) for row in rows]

    def tag(self, schedule_id: str, name: str, version_id: str, by: str | None, *, move: bool = False) -> TagRow:
        """Give a version a name; with ``move`` the name may be another version's until now (E001)."""
        faults: list[Fault] = []
        if not name.strip() or len(name) > 200 or name != name.strip():
            faults.append(
                Fault("name", name[:80], "a tag needs a name of 1 to 200 characters without spaces around it")
            )
        held = next((tag for tag in self.tags(schedule_id) if tag.name == name), None)
        if held is not None and held.version_id != version_id and not move:
            faults.append(Fault("name", name, "another version has this tag; choose another, or move it"))
        if faults:
            raise invalid_schedule(faults, "tag")
        row = TagRow(schedule_id, name, version_id, now(), by)
        values = {"version_id": version_id, "created_at": row.created_at, "created_by": by}
        if held is None:
            self._connection.execute(insert(version_tags).values(schedule_id=schedule_id, name=name, **values))
        else:
            mine = (_t.schedule_id == schedule_id) & (_t.name == name)
            self._connection.execute(update(version_tags).where(mine).values(**values))
        return row

    def untag(self, schedule_id: str, name: str) -> None:
        """Take a tag away (E012)."""
        done = self._connection.execute(delete(version_tags).where(_t.schedule_id == schedule_id, _t.name == name))
        if not done.rowcount:
            raise not_found("tag", name)

    def states(self, version_id: str) -> builtins.list[StateRow]:
        """Return what was said of a version, oldest first."""
        rows = self._all(select(version_states).where(_s.version_id == version_id).order_by(_s.seq))
        return [StateRow(**row) for row in rows]

    def set_state(self, version_id: str, state: State, by: str | None, note: str = "") -> StateRow:
        """Bring a version into another state (E005 when that does not follow on the present one, E001)."""
        self._lock(version_id)
        said = self.states(version_id)
        present: State = said[-1].state if said else "draft"
        if state not in NEXT_STATES[present]:
            following = " or ".join(NEXT_STATES[present]) or "nothing"
            raise TaktwerkError(
                ErrorCode.RESOURCE_LOCKED,
                f"A version that is {present} can become {following}, not {state}.",
                {"version": version_id, "state": present, "wanted": state},
            )
        return self._say(version_id, len(said) + 1, state, note, by)

    def note(self, version_id: str, text: str, by: str | None) -> StateRow:
        """Add a note to a version (E005 when it is published or withdrawn, E001)."""
        self._lock(version_id)
        said = self.states(version_id)
        present: State = said[-1].state if said else "draft"
        if present in ("published", "withdrawn"):
            raise TaktwerkError(
                ErrorCode.RESOURCE_LOCKED,
                f"This version is {present}; nothing can be written to it any more.",
                {"version": version_id, "state": present},
            )
        return self._say(version_id, len(said) + 1, present, text, by)

    def _say(self, version_id: str, seq: int, state: State, note: str, by: str | None) -> StateRow:
        if len(note) > _LONGEST_NOTE:
            fault = Fault("note", note[:80], f"is longer than {_LONGEST_NOTE} characters")
            raise invalid_schedule([fault], "note")
        row = StateRow(version_id, seq, state, note, now(), by)
        values = {name: getattr(row, name) for name in StateRow.__dataclass_fields__}
        self._connection.execute(insert(version_states).values(**values))
        return row

    def _lock(self, version_id: str) -> None:
        """Make sure the version exists; on a server its row is what those who speak of it queue at."""
        statement = select(func.count()).select_from(
            select(schedule_versions.c.id).where(schedule_versions.c.id == version_id).with_for_update().subquery()
        )
        if not self._connection.execute(statement).scalar():
            raise not_found("version", version_id)
