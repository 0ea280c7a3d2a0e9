"""Versions, which are only ever added; their content is checked against its hash at every read."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Executable, RowMapping, Select, func, insert, literal, select

from engine.errors import TaktwerkError
from engine.model import Schedule
from storage import canonical
from storage.canonical import Encoded
from storage.column_types import new_id, now
from storage.document import MISFIT, Document
from storage.failures import not_found, storage_error
from storage.repository import Repository
from storage.rows import Source, State, VersionInfo
from storage.tables import schedule_versions, schedules, users, version_states, version_tags
from storage.version_form import MOST_DEPTH, Form, Parent, form_of

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
    _v.merge_parent_version_id,
    _v.origin_version_id,
    _v.run_id,
).select_from(schedule_versions.outerjoin(users, users.c.id == _v.created_by))

_DELTA = (_v.diff_from_parent, _v.delta, _v.delta_hash)
_FEW = 500
"""Versions whose marks are looked up by their ids, rather than among all."""


def _chain(version_id: str) -> Select[Any]:
    """The content of a version and of those it is built on, back to the last whole one, newest first."""
    columns = (_v.parent_version_id, _v.number, _v.depth, _v.data, _v.snapshot, *_DELTA)
    link = select(_v.id, literal(0).label("step"), *columns).where(_v.id == version_id).cte("chain", recursive=True)
    older = (
        select(_v.id, link.c.step + 1, *columns)
        .join(link, _v.id == link.c.parent_version_id)
        .where(link.c.depth > 0, link.c.step <= MOST_DEPTH)
    )
    whole = link.union_all(older)
    return select(whole).order_by(whole.c.step)


def _delta_of(row: RowMapping) -> bytes | None:
    """The stored delta of a row, checked against its hash; rows from before revision 3 have none."""
    data = row["diff_from_parent"] if row["delta"] is None else canonical.unpack(canonical.frame(row["delta"]))
    if row["delta_hash"] is not None and (data is None or canonical.content_hash(data) != row["delta_hash"]):
        raise ValueError("the changes do not have the hash they were saved with")
    return data


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
        *,
        merge_parent_version_id: str | None = None,
        origin_version_id: str | None = None,
        run_id: str | None = None,
        form: Form | None = None,
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
        merge_parent_version_id, origin_version_id, run_id
            See ``VersionInfo``.
        form
            What ``form`` returned for it, worked out before; as with ``data``, for the other writers' sake.

        Raises
        ------
        TaktwerkError
            E012 when the schedule or a parent is not in the database, E001 when an attribute has no JSON form.
        """
        encoded = canonical.encode(data) if isinstance(data, Schedule) else data
        self._lock_schedule(schedule_id)
        for parent in (parent_version_id, merge_parent_version_id):
            if parent is not None and self.get(parent).schedule_id != schedule_id:
                raise not_found("version of this schedule", parent)
        stored = form or self.form(parent_version_id, encoded, diff)
        newest = self._connection.execute(select(func.max(_v.number)).where(_v.schedule_id == schedule_id)).scalar()
        key = new_id()
        self._connection.execute(
            insert(schedule_versions).values(
                id=key,
                schedule_id=schedule_id,
                parent_version_id=parent_version_id,
                created_at=now(),
                created_by=created_by,
                source=source,
                metrics=metrics,
                number=(newest or 0) + 1,
                content_hash=encoded.content_hash,
                comment=comment,
                merge_parent_version_id=merge_parent_version_id,
                origin_version_id=origin_version_id,
                run_id=run_id,
                **stored.columns(),
            )
        )
        return self.get(key)

    def form(self, parent_version_id: str | None, encoded: Encoded, diff: dict[str, Any] | None) -> Form:
        """Return how a version's content is to be stored (E012).

        The parent is read as it is stored, never taken from memory: one that is damaged makes it be stored whole.
        """
        if parent_version_id is None or diff is None:
            return form_of(encoded, diff, None)
        statement = select(_v.depth, _v.chain_bytes).where(_v.id == parent_version_id)
        found = self._first(statement)
        if found is None:
            raise not_found("version", parent_version_id)
        try:
            content = self.encoded(parent_version_id).data
        except TaktwerkError:
            return form_of(encoded, diff, None)
        return form_of(encoded, diff, Parent(content, found["depth"], found["chain_bytes"]))

    def get(self, version_id: str) -> VersionInfo:
        """Return one version without its data (E012 when there is none)."""
        found = self._infos(_INFO.where(_v.id == version_id))
        if not found:
            raise not_found("version", version_id)
        return found[0]

    def by_number(self, schedule_id: str, number: int) -> VersionInfo:
        """Return a schedule's version of this number (E012 when there is none)."""
        found = self._infos(_INFO.where(_v.schedule_id == schedule_id, _v.number == number))
        if not found:
            raise not_found("version number", str(number))
        return found[0]

    def list(self, schedule_id: str) -> builtins.list[VersionInfo]:
        """Return every version of a schedule, newest first, without data."""
        return self._infos(_INFO.where(_v.schedule_id == schedule_id).order_by(_v.number.desc()))

    def encoded(self, version_id: str) -> Encoded:
        """Return a version's data in canonical form, checked against its hash.

        Raises
        ------
        TaktwerkError
            E012 when there is no such version, E008 naming the version when the stored data are not what was saved.
        """
        info = self.get(version_id)
        data = self._content(info)
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
        row = self._first(select(*_DELTA).where(_v.id == version_id))
        try:
            stored = None if row is None else _delta_of(row)
            return None if stored is None else canonical.loads(stored)
        except (*MISFIT, TaktwerkError) as error:
            raise storage_error(
                f"What changed in version {info.number} cannot be read any more. The version itself is not affected.",
                version=version_id,
                reason=str(error),
            ) from error

    def deltas(self, schedule_id: str) -> dict[str, bytes | None]:
        """Return the stored difference of each version of a schedule to its parent, as JSON bytes, by version.

        Where there is none, or it is damaged, ``None``.
        """
        found: dict[str, bytes | None] = {}
        for row in self._all(select(_v.id, *_DELTA).where(_v.schedule_id == schedule_id)):
            try:
                found[row["id"]] = _delta_of(row)
            except (*MISFIT, TaktwerkError):
                found[row["id"]] = None
        return found

    def audit(self, schedule_id: str) -> Iterator[tuple[VersionInfo, TaktwerkError | None]]:
        """Yield every version of a schedule, oldest first, with what is wrong with its content or its difference.

        Neighbours are checked one on the other, so that a thousand take seconds.
        """
        walker = _Walker(self)
        for info in reversed(self.list(schedule_id)):
            try:
                walker.step(info)
            except TaktwerkError as error:
                yield info, error
            else:
                yield info, None

    def is_whole(self, version_id: str) -> bool:
        """Whether a version is stored whole, not as a difference."""
        return self._connection.execute(select(_v.depth).where(_v.id == version_id)).scalar_one() == 0

    def _infos(self, statement: Executable) -> builtins.list[VersionInfo]:
        """The versions of a statement, with what was said of them."""
        rows = self._all(statement)
        if not rows:
            return []
        mine = [row["id"] for row in rows] if len(rows) < _FEW else None
        states: dict[str, State] = {}
        said = select(version_states.c.version_id, version_states.c.state).order_by(version_states.c.seq)
        named = select(version_tags.c.version_id, version_tags.c.name).order_by(version_tags.c.name)
        if mine is not None:
            said, named = (
                said.where(version_states.c.version_id.in_(mine)),
                named.where(version_tags.c.version_id.in_(mine)),
            )
        for row in self._all(said):
            states[row["version_id"]] = row["state"]
        tags: dict[str, list[str]] = {}
        for row in self._all(named):
            tags.setdefault(row["version_id"], []).append(row["name"])
        return [
            VersionInfo(**row, state=states.get(row["id"], "draft"), tags=tuple(tags.get(row["id"], ())))
            for row in rows
        ]

    def _content(self, info: VersionInfo) -> bytes:
        """The bytes that are stored for a version, rebuilt from the last whole ones before it where they are not."""
        chain = self._all(_chain(info.id))
        try:
            whole = chain[-1]
            data = whole["data"] if whole["snapshot"] is None else canonical.unpack(canonical.frame(whole["snapshot"]))
            if data is None:
                raise ValueError("nothing is stored")
            if len(chain) == 1:
                return data
            document = Document(data)
            for row in reversed(chain[:-1]):
                document.patch(canonical.loads(_delta_of(row) or b""))
            return document.to_bytes()
        except (*MISFIT, TaktwerkError) as error:
            broken = f"what it was built from, versions {chain[-1]['number']} to {info.number}, cannot be put together"
            reason = broken if len(chain) > 1 else "the stored data cannot be read"
            raise _damaged(info, f"{reason} ({error})") from error

    def _lock_schedule(self, schedule_id: str) -> None:
        """Make sure the schedule exists; on a server its row is what number-giving writers queue at."""
        statement = select(schedules.c.id).where(schedules.c.id == schedule_id).with_for_update()
        if self._first(statement) is None:
            raise not_found("schedule", schedule_id)


class _Walker:
    """Checks versions one after the other, taking over the content of the one before."""

    def __init__(self, versions: VersionRepository) -> None:
        self._versions = versions
        self._at: str | None = None
        self._document: Document | None = None

    def step(self, info: VersionInfo) -> None:
        """Check one version (E008)."""
        if not info.parent_version_id:
            return self._stand_on(info)
        is_next = self._at == info.parent_version_id and self._document is not None
        if not is_next:
            self._stand_on(self._versions.get(info.parent_version_id))
        document, self._document = self._document, None
        if self._versions.is_whole(info.id):
            self._versions.encoded(info.id)
        delta = self._versions.diff(info.id)
        try:
            if document is None or delta is None:
                raise _not_rebuilt(info)
            document.patch(delta)
            rebuilt = document.to_bytes()
        except MISFIT as error:
            raise _not_rebuilt(info) from error
        if canonical.content_hash(rebuilt) != info.content_hash:
            raise _not_rebuilt(info)
        self._at, self._document = info.id, document

    def _stand_on(self, info: VersionInfo) -> None:
        self._at, self._document = info.id, None
        self._document = Document(self._versions.encoded(info.id).data)


def _not_rebuilt(info: VersionInfo) -> TaktwerkError:
    return storage_error(f"The stored changes of version {info.number} do not rebuild it.", version=info.id)


def _damaged(info: VersionInfo, reason: str) -> TaktwerkError:
    return storage_error(
        f"Version {info.number} is damaged: what is stored is not what was saved. Other versions are not affected; "
        "restore this one from a backup of the database.",
        version=info.id,
        number=info.number,
        schedule=info.schedule_id,
        reason=reason,
    )
