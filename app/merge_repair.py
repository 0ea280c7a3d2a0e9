"""Rerun with locks: what ours placed is locked, the rest starts from theirs, the optimiser repairs what does not fit.

Pure data in and out; runs are submitted through ``app.optimization.OptimizationService``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from engine.changes import OperationChange, operation_changes
from engine.delta import ItemChange
from engine.diff import diff
from engine.merge import PLACEMENT_FIELDS
from engine.model import Locks, Operation, OptimizationRequest, Options, Schedule, Status
from engine.references import items_of

DEFAULT = Options(time_limit=30.0, warm_start=True, incremental_mode=True)
"""Stay close to the merge: only what does not fit is to move."""


@dataclass(frozen=True)
class RepairReport:
    """What a rerun made of a merge.

    Attributes
    ----------
    kept
        The operations whose lock held.
    given
        The operations of ours whose lock had to give, and so may have moved.
    moved
        What moved against the merge, those of ``given`` among them.
    """

    kept: tuple[str, ...]
    given: tuple[str, ...]
    moved: tuple[OperationChange, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data in wire names."""
        return {"kept": list(self.kept), "given": list(self.given), "moved": [c.to_json() for c in self.moved]}


def our_places(base: Schedule, ours: Schedule, merged: Schedule) -> tuple[str, ...]:
    """Return the operations that ours placed anew and that stand so in the merge; begun work needs no lock."""
    changed = diff(base, ours).items.get("events", {})
    mine, found = items_of(ours, "events"), items_of(merged, "events")
    return tuple(
        key
        for key in _placed_anew(changed)
        if key in mine and key in found and _is_lockable(found[key]) and _place(mine[key]) == _place(found[key])
    )


def _placed_anew(changes: Mapping[str, ItemChange]) -> list[str]:
    """The operations whose place changed, added ones among them."""
    return [key for key, c in changes.items() if not c.removed and not PLACEMENT_FIELDS.isdisjoint(c.fields)]


def rerun_request(
    base: Schedule,
    ours: Schedule,
    merged: Schedule,
    *,
    without: Collection[str] = (),
    options: Options | None = None,
    algorithm_id: int = 1,
) -> OptimizationRequest:
    """Return the request that repairs a merge.

    Parameters
    ----------
    merged
        The merge with the places of ours where both placed.
    without
        Operations of ours whose lock has to give (``given_by``).
    options
        How to optimise, ``DEFAULT`` if absent.
    """
    locks = tuple(key for key in our_places(base, ours, merged) if key not in set(without))
    return OptimizationRequest(
        schedule_data=merged, algorithm_id=algorithm_id, options=options or DEFAULT, locks=Locks(events=locks)
    )


def given_by(request: OptimizationRequest, details: dict[str, Any]) -> tuple[str, ...]:
    """Return the locks of a rerun that have to give, after E003: those in its conflict (``error.details``).

    Empty when the conflict is about something else, so that trying again without them is of no use.
    """
    locked = set(request.locks.events)
    members = [item for item in details.get("conflict", ()) if isinstance(item, dict) and item.get("kind") == "lock"]
    named = [item.get("eventId") or item.get("id") for item in members]
    return tuple(dict.fromkeys(key for key in named if key in locked))


def repair_report(request: OptimizationRequest, result: Schedule, given: Collection[str] = ()) -> RepairReport:
    """Return what the rerun did to the merge that its request held."""
    moved = tuple(c for c in operation_changes(request.schedule_data, result) if c.kinds[0] in _PLACED)
    return RepairReport(tuple(request.locks.events), tuple(given), moved)


_PLACED = ("resource", "moved", "scheduled", "unscheduled", "secondary")


def _is_lockable(op: Operation) -> bool:
    return op.is_placed and op.status not in (Status.STARTED, Status.COMPLETED)


def _place(op: Operation) -> tuple[Any, ...]:
    return op.resource_id, op.start_date, op.end_date
