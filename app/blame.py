"""Who changed what, and why: the story of one operation, and the causes of all changes between two versions."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any

from app.scenarios import ancestors
from engine.changes import Cause, CauseKind, OperationChange, change_of
from engine.delta import Delta, ItemChange
from engine.diff import parse_item
from engine.merge_types import change_to
from engine.model import Operation
from storage import canonical
from storage.database import Database
from storage.rows import Source, VersionInfo
from storage.unit_of_work import ReadView

_CAUSES: dict[Source, CauseKind] = {
    "manual": "planner",
    "optimization": "optimiser",
    "import": "import",
    "merge": "merge",
    "rollback": "rollback",
    "cherry_pick": "cherry_pick",
}


@dataclass(frozen=True, slots=True)
class BlameEntry:
    """One version that changed an operation: how (its cause is in the change) and by whom."""

    version: VersionInfo
    change: OperationChange

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data in wire names."""
        return {"version": self.version.to_json(), "change": self.change.to_json()}


def cause_of(info: VersionInfo) -> Cause:
    """Return why what a version changed was changed."""
    at = info.created_at.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return Cause(_CAUSES[info.source], info.id, info.number, info.created_by, at, info.run_id, info.comment)


def blame(database: Database, version_id: str, event_id: str) -> list[BlameEntry]:
    """Return every version that changed an operation on the way to a version, newest first.

    Where one side of a merge has the operation just as the merge has it, its story is that side's.

    Raises
    ------
    TaktwerkError
        E012 when there is no such version, E008 when one that is needed is damaged.
    """
    with database.read() as view:
        return _Story(view, version_id, event_id).entries()


def causes(database: Database, from_version_id: str, to_version_id: str) -> dict[str, Cause]:
    """Return why operations differ between two versions, by operation: the last version on the way that changed each.

    Where one side is no ancestor of the other, both ways from where they parted count, the second over the first
    (E012).
    """
    with database.read() as view:
        schedule_id = view.versions.get(from_version_id).schedule_id
        infos = {info.id: info for info in view.versions.list(schedule_id)}
        deltas = view.versions.deltas(view.versions.get(to_version_id).schedule_id)
    before, after = ancestors(infos, from_version_id), ancestors(infos, to_version_id)
    there = _along(infos, deltas, from_version_id, before - after)
    return {**there, **_along(infos, deltas, to_version_id, after - before)}


def _along(
    infos: dict[str, VersionInfo], deltas: dict[str, bytes | None], version_id: str, way: set[str]
) -> dict[str, Cause]:
    """Which of the versions of a way changed each operation last; what a merge took over was its side's change."""
    waited = Counter(key for one in way for key in infos[one].parents)
    known: dict[str, dict[str, Cause]] = {}
    for info in sorted((infos[key] for key in way), key=lambda one: one.number):
        first, second = info.parent_version_id or "", info.merge_parent_version_id or ""
        found = known.get(first, {})
        waited[first] -= 1
        if waited[first] > 0:  # somebody else goes on from there too
            found = dict(found)
        own, taken_over = cause_of(info), known.get(second, {})
        for key in _changed_events(deltas.get(info.id)):
            found[key] = taken_over.get(key, own)
        known[info.id] = found
    return known.get(version_id, {})


def _changed_events(delta: bytes | None) -> tuple[str, ...]:
    return () if delta is None else tuple(canonical.loads(delta).get("events", ()))


class _Story:
    """The versions that changed one operation, found by walking back from a version."""

    def __init__(self, view: ReadView, version_id: str, event_id: str) -> None:
        self._view = view
        self._start = view.versions.get(version_id)
        self._event_id = event_id
        self._infos = {info.id: info for info in view.versions.list(self._start.schedule_id)}
        self._deltas = view.versions.deltas(self._start.schedule_id)
        self.in_version = cache(self._in_version)

    def entries(self) -> list[BlameEntry]:
        """Walk back and tell."""
        found: dict[str, BlameEntry] = {}
        seen: set[str] = set()
        waiting: list[tuple[str, Any]] = [(self._start.id, self.in_version(self._start.id))]
        while waiting:
            key, state = waiting.pop()
            if key in seen:
                continue
            seen.add(key)
            info = self._infos[key]
            before = self._before(info, state)
            other = info.merge_parent_version_id
            if other is not None and before != state and self.in_version(other) == state:
                waiting.append((other, state))
                continue
            change = change_to(before, state)
            if change is not None:
                found[key] = BlameEntry(info, self._told(before, state, change, info))
                if other is not None:
                    waiting.append((other, self.in_version(other)))
            if info.parent_version_id is not None:
                waiting.append((info.parent_version_id, before))
        return sorted(found.values(), key=lambda entry: -entry.version.number)

    def _before(self, info: VersionInfo, state: Any) -> Any:
        """The operation in the first parent, as JSON; ``None`` where it is not there."""
        if info.parent_version_id is None:
            return None
        stored = self._deltas.get(info.id)
        if stored is None:
            return self.in_version(info.parent_version_id)
        if canonical.dumps(self._event_id) not in stored:  # spares reading the whole of it
            return state
        change = Delta.from_json(canonical.loads(stored)).items.get("events", {}).get(self._event_id)
        if change is None:
            return state
        fields = {**(state or {}), **{name: was for name, (was, _) in change.fields.items()}}
        return None if change.added else {name: value for name, value in fields.items() if value is not None}

    def _told(self, before: Any, after: Any, change: ItemChange, info: VersionInfo) -> OperationChange:
        was, op = (_operation(state) for state in (before, after))
        return change_of(was, op, change, cause_of(info))

    def _in_version(self, version_id: str) -> Any:
        schedule = self._view.versions.data(version_id)
        found = next((op for op in schedule.snapshot.events if op.id == self._event_id), None)
        return None if found is None else found.to_json()


def _operation(state: Any) -> Operation | None:
    return None if state is None else parse_item("events", state)
