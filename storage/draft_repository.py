"""Drafts: the edits since the last version, each stored the moment it is acknowledged."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, insert, select, update

from engine.errors import ErrorCode, TaktwerkError
from storage import canonical
from storage.column_types import new_id, now
from storage.failures import not_found
from storage.repository import Repository
from storage.rows import Draft, DraftEdit
from storage.tables import MAIN_HEAD, draft_edits, drafts

_e = draft_edits.c


class DraftRepository(Repository):
    """One draft a head at most; its edits are numbered 1, 2, 3 ... and only added at the end or cut off from it."""

    def open(self, schedule_id: str, head_name: str, base_version_id: str) -> str:
        """Return the id of the head's draft, which is begun when there is none.

        Raises
        ------
        TaktwerkError
            E004 when there is a draft with edits on another version: recover or discard it first.
        """
        mine = (drafts.c.schedule_id == schedule_id) & (drafts.c.head_name == head_name)
        row = self._first(select(drafts.c.id, drafts.c.base_version_id).where(mine))
        if row is not None and row["base_version_id"] == base_version_id:
            return str(row["id"])
        if row is not None:
            if self.last_seq(row["id"]):
                raise TaktwerkError(
                    ErrorCode.VERSION_CONFLICT,
                    "There are unsaved edits on another version of this schedule. Recover or discard them first.",
                    {"base": row["base_version_id"], "ours": base_version_id, "theirs": row["base_version_id"]},
                )
            self._connection.execute(delete(drafts).where(mine))
        key = new_id()
        values = {"schedule_id": schedule_id, "head_name": head_name, "base_version_id": base_version_id}
        self._connection.execute(insert(drafts).values(id=key, created_at=now(), **values))
        return key

    def append(self, draft_id: str, seq: int, label: str, delta_json: dict[str, Any] | bytes) -> None:
        """Add edit number ``seq``, which must follow the newest.

        Parameters
        ----------
        delta_json
            ``Delta.to_json()`` data, or canonical bytes of it.

        Raises
        ------
        TaktwerkError
            E004 when another window has edited the draft meanwhile, E012 when it was discarded.
        """
        newest = self.last_seq(draft_id)
        if seq != newest + 1:
            raise TaktwerkError(
                ErrorCode.VERSION_CONFLICT,
                "This schedule is being edited in another window. Close one of the two and open the schedule again.",
                {"base": seq - 1, "ours": seq, "theirs": newest},
            )
        data = delta_json if isinstance(delta_json, bytes) else canonical.dumps(delta_json)
        self._connection.execute(
            insert(draft_edits).values(
                draft_id=draft_id,
                seq=seq,
                label=label,
                delta=data,
                delta_hash=canonical.content_hash(data),
                created_at=now(),
            )
        )

    def last_seq(self, draft_id: str) -> int:
        """Return the number of the newest edit, 0 without one (E012 when there is no such draft)."""
        if self._first(select(drafts.c.id).where(drafts.c.id == draft_id).with_for_update()) is None:
            raise not_found("draft", draft_id)
        newest = self._connection.execute(select(func.max(_e.seq)).where(_e.draft_id == draft_id)).scalar()
        return int(newest or 0)

    def load(self, schedule_id: str, head_name: str = MAIN_HEAD) -> Draft | None:
        """Return the head's draft with its edits as they are stored, damaged ones too, or ``None``."""
        row = self._first(select(drafts).where(drafts.c.schedule_id == schedule_id, drafts.c.head_name == head_name))
        if row is None:
            return None
        statement = (
            select(_e.seq, _e.label, _e.delta.label("delta_json"), _e.delta_hash, _e.created_at)
            .where(_e.draft_id == row["id"])
            .order_by(_e.seq)
        )
        return Draft(**row, edits=tuple(DraftEdit(**edit) for edit in self._all(statement)))

    def truncate(self, draft_id: str, after_seq: int) -> int:
        """Cut off the edits after number ``after_seq`` and return how many there were."""
        done = self._connection.execute(delete(draft_edits).where(_e.draft_id == draft_id, _e.seq > after_seq))
        return done.rowcount

    def rebase(self, draft_id: str, base_version_id: str, edits: int) -> None:
        """Put the draft on the version that its first ``edits`` edits became; later ones are numbered from 1 anew."""
        self._connection.execute(delete(draft_edits).where(_e.draft_id == draft_id, _e.seq <= edits))
        for seq in self._connection.execute(select(_e.seq).where(_e.draft_id == draft_id).order_by(_e.seq)).scalars():
            moved = update(draft_edits).where(_e.draft_id == draft_id, _e.seq == seq).values(seq=seq - edits)
            self._connection.execute(moved)
        self._connection.execute(update(drafts).where(drafts.c.id == draft_id).values(base_version_id=base_version_id))

    def discard(self, schedule_id: str, head_name: str = MAIN_HEAD, draft_id: str | None = None) -> bool:
        """Delete the head's draft with its edits; with ``draft_id`` only if it is that one. Return whether it went."""
        statement = select(drafts.c.id).where(drafts.c.schedule_id == schedule_id, drafts.c.head_name == head_name)
        if draft_id is not None:
            statement = statement.where(drafts.c.id == draft_id)
        found = self._first(statement)
        if found is None:
            return False
        self._connection.execute(delete(draft_edits).where(_e.draft_id == found["id"]))
        self._connection.execute(delete(drafts).where(drafts.c.id == found["id"]))
        return True
