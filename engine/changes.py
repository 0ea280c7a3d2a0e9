"""What happened to operations between two states of a plan, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.apply import OPTIMIZED
from engine.diff import FieldChange, ItemChange, diff
from engine.instants import to_ms
from engine.model import Operation, Schedule

CauseKind = Literal["planner", "import", "lock", "optimiser", "merge", "rollback", "cherry_pick"]
CAUSES: tuple[CauseKind, ...] = ("planner", "import", "lock", "optimiser", "merge", "rollback", "cherry_pick")

ChangeKind = Literal[
    "added", "deleted", "scheduled", "unscheduled", "resource", "moved", "secondary", "lock", "status", "fields"
]
CHANGE_KINDS: tuple[ChangeKind, ...] = (
    "added",
    "deleted",
    "scheduled",
    "unscheduled",
    "resource",
    "moved",
    "secondary",
    "lock",
    "status",
    "fields",
)
"""From what matters most on a board to what matters least."""

_PLACE = frozenset({"resourceId", "startDate", "endDate"})
_STATUS = frozenset({"status", "percentDone"})
_NO_NEWS = frozenset({"manuallyScheduled"})
"""What comes with every move by hand or by the optimiser and tells a planner nothing."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something changed: the kind, and the version (of whom, when) or run that did it, as far as known."""

    kind: CauseKind
    version_id: str | None = None
    version_number: int | None = None
    by: str | None = None
    at: str | None = None
    run_id: str | None = None
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data in wire names; what is not known is left out."""
        fields = {
            "kind": self.kind,
            "versionId": self.version_id,
            "versionNumber": self.version_number,
            "by": self.by,
            "at": self.at,
            "runId": self.run_id,
            "note": self.note or None,
        }
        return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an operation stands: ``[start_ms, end_ms)`` in UTC ms on a primary resource, as far as it has them."""

    resource_id: str | None
    start_ms: int | None
    end_ms: int | None

    @property
    def is_scheduled(self) -> bool:
        """Whether it has a start and an end."""
        return self.start_ms is not None and self.end_ms is not None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data in wire names."""
        return {"resourceId": self.resource_id, "startMs": self.start_ms, "endMs": self.end_ms}


@dataclass(frozen=True, slots=True)
class OperationChange:
    """What happened to one operation.

    Attributes
    ----------
    kinds
        Everything that happened to it, what matters most first.
    before, after
        Its places; ``None`` where it does not exist.
    fields
        The changed fields by wire name, (before, after) as JSON, places among them; empty for one added or deleted.
    cause
        Why, if known.
    """

    event_id: str
    name: str
    order_id: str | None
    kinds: tuple[ChangeKind, ...]
    before: Place | None
    after: Place | None
    fields: Mapping[str, FieldChange]
    cause: Cause | None = None

    @property
    def kind(self) -> ChangeKind:
        """What matters most of what happened to it."""
        return self.kinds[0]

    @property
    def shift_ms(self) -> int | None:
        """How much later it starts (negative: earlier); ``None`` unless it is scheduled on both sides."""
        if self.before is None or self.after is None or self.before.start_ms is None or self.after.start_ms is None:
            return None
        return self.after.start_ms - self.before.start_ms

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data in wire names."""
        return {
            "eventId": self.event_id,
            "name": self.name,
            "orderId": self.order_id,
            "kinds": list(self.kinds),
            "before": self.before and self.before.to_json(),
            "after": self.after and self.after.to_json(),
            "shiftMs": self.shift_ms,
            "fields": {name: list(change) for name, change in self.fields.items()},
            "cause": self.cause and self.cause.to_json(),
        }


def place_of(op: Operation) -> Place:
    """Return where an operation stands."""
    start, end = op.start_date, op.end_date
    return Place(op.resource_id, None if start is None else to_ms(start), None if end is None else to_ms(end))


def operation_changes(
    before: Schedule,
    after: Schedule,
    changes: Mapping[str, ItemChange] | None = None,
    causes: Mapping[str, Cause] | None = None,
) -> Iterator[OperationChange]:
    """Yield what happened to each operation that differs, in the order of ``after``, deleted ones last.

    Parameters
    ----------
    changes
        ``diff(before, after).items["events"]`` if the caller has it.
    causes
        Why, by operation.
    """
    found = diff(before, after).items.get("events", {}) if changes is None else changes
    if not found:
        return
    old = {op.id: op for op in before.snapshot.events if op.id in found}
    new = {op.id: op for op in after.snapshot.events if op.id in found}
    known = causes or {}
    for key in (*new, *(key for key in old if key not in new)):
        yield change_of(old.get(key), new.get(key), found[key], known.get(key))


def change_of(
    was: Operation | None, op: Operation | None, change: ItemChange, cause: Cause | None = None
) -> OperationChange:
    """Return what happened to one operation; ``None`` for the side on which it does not exist."""
    named = op or was
    assert named is not None, "an operation must exist on one side"
    fields = {} if was is None or op is None else change.fields
    return OperationChange(
        event_id=named.id,
        name=named.name,
        order_id=named.order_id,
        kinds=_kinds(was, op, fields),
        before=None if was is None else place_of(was),
        after=None if op is None else place_of(op),
        fields=fields,
        cause=_cause(fields, cause),
    )


def _kinds(was: Operation | None, op: Operation | None, fields: Mapping[str, FieldChange]) -> tuple[ChangeKind, ...]:
    if was is None or op is None:
        return ("added",) if was is None else ("deleted",)
    found: list[ChangeKind] = []
    if was.is_placed != op.is_placed:
        found.append("scheduled" if op.is_placed else "unscheduled")
    elif not _PLACE.isdisjoint(fields):
        found.append("resource" if "resourceId" in fields else "moved")
    if "demands" in fields:
        found.append("secondary" if _needs(was) == _needs(op) else "fields")
    if "locked" in fields:
        found.append("lock")
    if not _STATUS.isdisjoint(fields):
        found.append("status")
    if any(name not in _TOLD and not _is_mark(name, change) for name, change in fields.items()):
        found.append("fields")
    return tuple(dict.fromkeys(found)) or ("fields",)


_TOLD = _PLACE | _STATUS | _NO_NEWS | {"demands", "locked"}


def _is_mark(name: str, change: FieldChange) -> bool:
    """Whether a change of attributes is nothing but the optimiser's mark."""
    if name != "attributes":
        return False
    before, after = ({k: v for k, v in (side or {}).items() if k != OPTIMIZED} for side in change)
    return before == after


def _needs(op: Operation) -> list[Any]:
    """What an operation needs beside its resource, whatever was chosen."""
    return [(d.resource_ids or d.resource_id, d.quantity, d.only_on) for d in op.demands or ()]


def _cause(fields: Mapping[str, FieldChange], cause: Cause | None) -> Cause | None:
    """The cause of a change that is nothing but a lock is the lock."""
    if cause is None or cause.kind != "planner" or set(fields) - _NO_NEWS != {"locked"}:
        return cause
    return Cause("lock", cause.version_id, cause.version_number, cause.by, cause.at, cause.run_id, cause.note)
