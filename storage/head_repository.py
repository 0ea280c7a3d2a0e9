"""Heads: the live plan and the scenarios, named lines of versions that move along them by compare-and-set."""

from __future__ import annotations

import builtins
import re
from typing import Any

from sqlalchemy import delete, insert, select, update

from engine.errors import ErrorCode, Fault, TaktwerkError, invalid_schedule
from storage.column_types import now
from storage.failures import not_found
from storage.repository import Repository
from storage.rows import HeadRow
from storage.tables import MAIN_HEAD, drafts, heads, merge_sessions, optimization_runs

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_LONGEST_DESCRIPTION = 2_000


class HeadRepository(Repository):
    """The named lines of versions of each schedule: ``main`` and the scenarios."""

    def get(self, schedule_id: str, name: str = MAIN_HEAD) -> HeadRow:
        """Return one head (E012 when there is none)."""
        row = self._first(select(heads).where(heads.c.schedule_id == schedule_id, heads.c.name == name))
        if row is None:
            raise not_found("schedule or scenario", schedule_id if name == MAIN_HEAD else name)
        return HeadRow(**row)

    def list(self, schedule_id: str) -> builtins.list[HeadRow]:
        """Return every head of a schedule by name."""
        statement = select(heads).where(heads.c.schedule_id == schedule_id).order_by(heads.c.name)
        return [HeadRow(**row) for row in self._all(statement)]

    def create(
        self,
        schedule_id: str,
        name: str,
        version_id: str,
        *,
        description: str = "",
        color: str | None = None,
        created_by: str | None = None,
    ) -> HeadRow:
        """Add a head (E001 when the name is taken or empty, or the colour is none)."""
        self._check(schedule_id, name, description, color)
        moment = now()
        row = HeadRow(
            schedule_id, name, version_id, moment, description, color, moment, created_by, from_version_id=version_id
        )
        columns = ("description", "color", "created_at", "created_by", "from_version_id")
        values: dict[str, Any] = {column: getattr(row, column) for column in columns}
        self._connection.execute(
            insert(heads).values(schedule_id=schedule_id, name=name, version_id=version_id, updated_at=moment, **values)
        )
        return row

    def describe(self, schedule_id: str, name: str, *, description: str | None, color: str | None) -> HeadRow:
        """Change what a head says of itself; ``None`` leaves it, an empty colour takes it away (E001, E012)."""
        found = self.get(schedule_id, name)
        text = found.description if description is None else description
        shade = found.color if color is None else color or None
        self._check(schedule_id, None, text, shade)
        self._update(schedule_id, name, description=text, color=shade)
        return self.get(schedule_id, name)

    def rename(self, schedule_id: str, name: str, new_name: str) -> HeadRow:
        """Give a scenario another name; draft, merges and runs go with it (E001, E005 for ``main``, E012)."""
        _refuse_main(name, "renamed")
        found = self.get(schedule_id, name)
        if new_name == name:
            return found
        self._check(schedule_id, new_name, "", None)
        values = {column.name: getattr(found, column.name) for column in heads.columns} | {"name": new_name}
        self._connection.execute(insert(heads).values(**values))
        for table in (drafts, merge_sessions, optimization_runs):
            mine = (table.c.schedule_id == schedule_id) & (table.c.head_name == name)
            self._connection.execute(update(table).where(mine).values(head_name=new_name))
        self._connection.execute(delete(heads).where(heads.c.schedule_id == schedule_id, heads.c.name == name))
        return self.get(schedule_id, new_name)

    def archive(self, schedule_id: str, name: str, *, archived: bool = True) -> HeadRow:
        """Put a scenario away, or take it out again (E005 for ``main``, E012)."""
        _refuse_main(name, "archived")
        self.get(schedule_id, name)
        self._update(schedule_id, name, archived_at=now() if archived else None)
        return self.get(schedule_id, name)

    def move(self, schedule_id: str, name: str, expected_version_id: str, new_version_id: str) -> HeadRow:
        """Move a head from one version to another, if it still stands on the first.

        Raises
        ------
        TaktwerkError
            E004 with ``details`` base, ours and theirs (version ids) when somebody else has moved it; E012 when there
            is no such head.
        """
        done = self._connection.execute(
            update(heads)
            .where(
                heads.c.schedule_id == schedule_id,
                heads.c.name == name,
                heads.c.version_id == expected_version_id,
            )
            .values(version_id=new_version_id, updated_at=now())
        )
        if not done.rowcount:
            theirs = self.get(schedule_id, name).version_id
            raise TaktwerkError(
                ErrorCode.VERSION_CONFLICT,
                "Somebody saved another version of this schedule meanwhile. Compare the two and merge them.",
                {"base": expected_version_id, "ours": new_version_id, "theirs": theirs},
            )
        return self.get(schedule_id, name)

    def delete(self, schedule_id: str, name: str) -> None:
        """Delete a scenario's head and its merges; versions and runs stay. ``main`` cannot be deleted (E005)."""
        _refuse_main(name, "deleted")
        self.get(schedule_id, name)
        mine = (merge_sessions.c.schedule_id == schedule_id) & (merge_sessions.c.head_name == name)
        self._connection.execute(delete(merge_sessions).where(mine))
        of_head = (optimization_runs.c.schedule_id == schedule_id) & (optimization_runs.c.head_name == name)
        self._connection.execute(update(optimization_runs).where(of_head).values(head_name=None))
        self._connection.execute(delete(heads).where(heads.c.schedule_id == schedule_id, heads.c.name == name))

    def _update(self, schedule_id: str, name: str, **values: Any) -> None:
        mine = (heads.c.schedule_id == schedule_id) & (heads.c.name == name)
        self._connection.execute(update(heads).where(mine).values(**values))

    def _check(self, schedule_id: str, name: str | None, description: str, color: str | None) -> None:
        """Refuse a name that is taken (``None``: it stays), and values that cannot be."""
        faults: list[Fault] = []
        if name is not None and (not name.strip() or len(name) > 200):
            faults.append(Fault("name", name[:80], "a scenario needs a name of 1 to 200 characters"))
        elif name is not None and any(head.name == name for head in self.list(schedule_id)):
            faults.append(Fault("name", name, "there is a scenario of this name; choose another"))
        if color is not None and not _COLOR.fullmatch(color):
            faults.append(Fault("color", color[:80], "is no colour; write for example #2f6fed"))
        if len(description) > _LONGEST_DESCRIPTION:
            faults.append(Fault("description", description[:80], f"is longer than {_LONGEST_DESCRIPTION} characters"))
        if faults:
            raise invalid_schedule(faults, "scenario")


def _refuse_main(name: str, what: str) -> None:
    if name == MAIN_HEAD:
        raise TaktwerkError(ErrorCode.RESOURCE_LOCKED, f"The live plan cannot be {what}.", {"head": name})
