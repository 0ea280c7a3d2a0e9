"""Versions, which are only ever added, and heads, which move along them by compare-and-set."""

from __future__ import annotations

import builtins
from typing import Any

from pydantic import ValidationError
from sqlalchemy import delete, func, insert, select, type_coerce, update

from engine.errors import ErrorCode, Fault, TaktwerkError, invalid_schedule
from engine.model import Schedule
from storage import canonical
from storage.canonical import Encoded
from storage.column_types import JsonText, new_id, now
from storage.failures import not_found, storage_error
from storage.repository import Repository
from storage.rows import HeadRow, Source, VersionInfo
from storage.tables import MAIN_HEAD, heads, schedule_versions, schedules, users

_v = schedule_versions.c
_INFO = select(
    _v.id,
    _v.schedule_id,
    _v.number,
    _v.parent_version_id,
    _v.content_hash,
    _v.source,
    _v.comment,
    _v.created_at,
    users.c.name.label("created_by"),
    _v.metrics,
).select_from(schedule_versions.outerjoin(users, users.c.id == _v.created_by))


class VersionRepository(Repository):
    """Saved versions. Nothing here changes or deletes one, and the database refuses it too."""

    def add(
        self,
        schedule_id: str,
        parent_version_id: str | None,
        data: Schedule | Encoded,
        diff: dict[str, Any] | None,
        source: Source,
        metrics: dict[str, Any] | None,
        created_by: str | None,
        comment: str = "",
    ) -> VersionInfo:
        """Add the next version of a schedule.

        Parameters
        ----------
        data
            The schedule; already encoded by ``canonical.encode`` it keeps the other writers waiting for less long
            (10,000 operations take about 0.2 s to encode).
        diff
            What turns the parent into it (``engine.diff``), as JSON.
        created_by
            The id of a user (``users.ensure``).

        Raises
        ------
        TaktwerkError
            E012 when the schedule or the parent is not in the database, E001 when an attribute has no JSON form.
        """
        encoded = canonical.encode(data) if isinstance(data, Schedule) else data
        self._lock_schedule(schedule_id)
        if parent_version_id is not None and self.get(parent_version_id).schedule_id != schedule_id:
            raise not_found("version of this schedule", parent_version_id)
        newest = self._connection.execute(select(func.max(_v.number)).where(_v.schedule_id == schedule_id)).scalar()
        key = new_id()
        self._connection.execute(
            insert(schedule_versions).values(
                id=key,
                schedule_id=schedule_id,
                parent_version_id=parent_version_id,
                data=encoded.data,
                diff_from_parent=diff,
                created_at=now(),
                created_by=created_by,
                source=source,
                metrics=metrics,
                number=(newest or 0) + 1,
                content_hash=encoded.content_hash,
                comment=comment,
            )
        )
        return self.get(key)

    def get(self, version_id: str) -> VersionInfo:
        """Return one version without its data (E012 when there is none)."""
        row = self._first(_INFO.where(_v.id == version_id))
        if row is None:
            raise not_found("version", version_id)
        return VersionInfo(**row)

    def by_number(self, schedule_id: str, number: int) -> VersionInfo:
        """Return a schedule's version of this number (E012 when there is none)."""
        row = self._first(_INFO.where(_v.schedule_id == schedule_id, _v.number == number))
        if row is None:
            raise not_found("version number", str(number))
        return VersionInfo(**row)

    def list(self, schedule_id: str) -> builtins.list[VersionInfo]:
        """Return every version of a schedule, newest first, without data."""
        statement = _INFO.where(_v.schedule_id == schedule_id).order_by(_v.number.desc())
        return [VersionInfo(**row) for row in self._all(statement)]

    def encoded(self, version_id: str) -> Encoded:
        """Return a version's data in canonical form, checked against its hash.

        Raises
        ------
        TaktwerkError
            E012 when there is no such version, E008 naming the version when the stored data are not what was saved.
        """
        info = self.get(version_id)
        data = self._connection.execute(select(_v.data).where(_v.id == version_id)).scalar_one()
        if canonical.content_hash(data) != info.content_hash:
            raise _damaged(info, "the stored data do not have the hash they were saved with")
        return Encoded(data, info.content_hash)

    def data(self, version_id: str) -> Schedule:
        """Return a version's schedule; errors as ``encoded``."""
        encoded = self.encoded(version_id)
        try:
            return canonical.decode(encoded.data)
        except ValidationError as error:
            number = self.get(version_id).number
            raise storage_error(
                f"Version {number} is intact but holds something that this Taktwerk does not know. "
                "Open it with the version of Taktwerk that saved it.",
                version=version_id,
                faults=error.error_count(),
            ) from error

    def diff(self, version_id: str) -> dict[str, Any] | None:
        """Return what turns the parent's data into this version's, ``None`` for one without a parent (E008, E012)."""
        info = self.get(version_id)
        column = type_coerce(_v.diff_from_parent, JsonText)
        stored: Any = self._connection.execute(select(column).where(_v.id == version_id)).scalar_one()
        try:
            return None if stored is None else canonical.loads(stored)
        except ValueError as error:
            raise storage_error(
                f"What changed in version {info.number} cannot be read any more. The version itself is not affected.",
                version=version_id,
                reason=str(error),
            ) from error

    def _lock_schedule(self, schedule_id: str) -> None:
        """Make sure the schedule exists; on a server its row is what number-giving writers queue at."""
        statement = select(schedules.c.id).where(schedules.c.id == schedule_id).with_for_update()
        if self._first(statement) is None:
            raise not_found("schedule", schedule_id)


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

    def create(self, schedule_id: str, name: str, version_id: str) -> HeadRow:
        """Add a head (E001 when the name is taken or empty)."""
        if not name.strip() or len(name) > 200:
            raise invalid_schedule(
                [Fault("name", name[:80], "a scenario needs a name of 1 to 200 characters")], "scenario"
            )
        if any(head.name == name for head in self.list(schedule_id)):
            raise invalid_schedule(
                [Fault("name", name, "there is a scenario of this name; choose another")], "scenario"
            )
        row = HeadRow(schedule_id, name, version_id, now())
        self._connection.execute(
            insert(heads).values(schedule_id=schedule_id, name=name, version_id=version_id, updated_at=row.updated_at)
        )
        return row

    def move(self, schedule_id: str, name: str, expected_version_id: str, new_version_id: str) -> HeadRow:
        """Move a head from one version to another, if it still stands on the first.

        Raises
        ------
        TaktwerkError
            E004 with ``details`` base, ours and theirs (version ids) when somebody else has moved it; E012 when there
            is no such head.
        """
        moment = now()
        done = self._connection.execute(
            update(heads)
            .where(
                heads.c.schedule_id == schedule_id,
                heads.c.name == name,
                heads.c.version_id == expected_version_id,
            )
            .values(version_id=new_version_id, updated_at=moment)
        )
        if not done.rowcount:
            theirs = self.get(schedule_id, name).version_id
            raise TaktwerkError(
                ErrorCode.VERSION_CONFLICT,
                "Somebody saved another version of this schedule meanwhile. Compare the two and merge them.",
                {"base": expected_version_id, "ours": new_version_id, "theirs": theirs},
            )
        return HeadRow(schedule_id, name, new_version_id, moment)

    def delete(self, schedule_id: str, name: str) -> None:
        """Delete a scenario's head; its versions stay. ``main`` cannot be deleted (E005)."""
        if name == MAIN_HEAD:
            raise TaktwerkError(ErrorCode.RESOURCE_LOCKED, "The live plan cannot be deleted.", {"head": name})
        self.get(schedule_id, name)
        self._connection.execute(delete(heads).where(heads.c.schedule_id == schedule_id, heads.c.name == name))


def _damaged(info: VersionInfo, reason: str) -> TaktwerkError:
    return storage_error(
        f"Version {info.number} is damaged: what is stored is not what was saved. Other versions are not affected; "
        "restore this one from a backup of the database.",
        version=info.id,
        number=info.number,
        schedule=info.schedule_id,
        reason=reason,
    )
