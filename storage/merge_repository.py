"""Merges that are not finished, so that an interrupted one goes on where it was."""

from __future__ import annotations

import builtins
from typing import Any

from sqlalchemy import delete, insert, select, update

from storage import canonical
from storage.column_types import new_id, now
from storage.failures import not_found
from storage.repository import Repository
from storage.rows import MergeRow
from storage.tables import merge_sessions

_m = merge_sessions.c
_ROW = select(*(column for column in merge_sessions.columns if column.name not in ("ours", "theirs")))


class MergeRepository(Repository):
    """The merges of all schedules."""

    def add(
        self,
        *,
        schedule_id: str,
        head_name: str,
        head_version_id: str,
        base_version_id: str,
        kind: str,
        ours_version_id: str | None = None,
        theirs_version_id: str | None = None,
        ours: bytes | None = None,
        theirs: bytes | None = None,
        run_id: str | None = None,
        label: str = "",
        prefer: str = "ours",
        created_by: str | None = None,
    ) -> MergeRow:
        """Begin a merge. ``ours`` and ``theirs`` are canonical JSON of sides that are no versions."""
        key, moment = new_id(), now()
        self._connection.execute(
            insert(merge_sessions).values(
                id=key,
                schedule_id=schedule_id,
                head_name=head_name,
                head_version_id=head_version_id,
                base_version_id=base_version_id,
                kind=kind,
                ours_version_id=ours_version_id,
                theirs_version_id=theirs_version_id,
                ours=None if ours is None else canonical.pack(ours),
                theirs=None if theirs is None else canonical.pack(theirs),
                run_id=run_id,
                label=label,
                prefer=prefer,
                resolutions={},
                created_at=moment,
                updated_at=moment,
                created_by=created_by,
            )
        )
        return self.get(key)

    def get(self, merge_id: str) -> MergeRow:
        """Return one merge (E012 when there is none: it was finished or given up)."""
        row = self._first(_ROW.where(_m.id == merge_id))
        if row is None:
            raise not_found("merge", merge_id)
        return MergeRow(**row)

    def list(self, schedule_id: str | None = None) -> builtins.list[MergeRow]:
        """Return the merges that are not finished, oldest first: all, or those of one schedule."""
        statement = _ROW.order_by(_m.created_at, _m.id)
        if schedule_id is not None:
            statement = statement.where(_m.schedule_id == schedule_id)
        return [MergeRow(**row) for row in self._all(statement)]

    def side(self, merge_id: str, name: str) -> bytes | None:
        """Return the canonical JSON of the side ``ours`` or ``theirs`` if it is no version (E008 when damaged)."""
        packed = self._connection.execute(select(_m[name]).where(_m.id == merge_id)).scalar_one()
        return None if packed is None else canonical.unpack(canonical.frame(packed))

    def choose(self, merge_id: str, resolutions: dict[str, Any], prefer: str) -> MergeRow:
        """Keep the choices made so far (E012)."""
        values = {"resolutions": resolutions, "prefer": prefer, "updated_at": now()}
        done = self._connection.execute(update(merge_sessions).where(_m.id == merge_id).values(**values))
        if not done.rowcount:
            raise not_found("merge", merge_id)
        return self.get(merge_id)

    def rebase(self, merge_id: str, head_version_id: str, side: str) -> None:
        """Put the side that is the head, ``ours`` or ``theirs``, on the version where the head stands now (E012)."""
        values = {"head_version_id": head_version_id, f"{side}_version_id": head_version_id, "updated_at": now()}
        if not self._connection.execute(update(merge_sessions).where(_m.id == merge_id).values(**values)).rowcount:
            raise not_found("merge", merge_id)

    def remove(self, merge_id: str) -> None:
        """Forget a merge: it is finished or given up (E012)."""
        if not self._connection.execute(delete(merge_sessions).where(_m.id == merge_id)).rowcount:
            raise not_found("merge", merge_id)
