"""Which operations may not move, and why: the one definition that checker, solver and tick rule share."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from engine.model import Operation, OptimizationRequest, Schedule, Scope, Status


class Pin(StrEnum):
    """Why an operation is fixed, strongest first."""

    COMPLETED = "completed"
    STARTED = "started"
    LOCKED = "locked"
    FROZEN = "frozen"
    OUT_OF_SCOPE = "scope"

    @property
    def is_circumstance(self) -> bool:
        """Whether it is a fact, not the planner's will: rules broken only among such operations are tolerated."""
        return self is not Pin.LOCKED


def in_scope(op: Operation, scope: Scope | None) -> bool:
    """Whether the operation meets every field that the scope gives.

    An operation without a resource (or without a start) meets the fields about resources (or about time).
    """
    if scope is None:
        return True
    if scope.event_ids is not None and op.id not in scope.event_ids:
        return False
    if scope.resource_ids is not None and op.resource_id is not None and op.resource_id not in scope.resource_ids:
        return False
    if op.start_date is None:
        return True
    return (scope.start is None or op.start_date >= scope.start) and (scope.end is None or op.start_date < scope.end)


def pins(schedule: Schedule, request: OptimizationRequest | None = None) -> dict[str, Pin]:
    """Return the fixed operations, each with its strongest reason.

    Only what has a placement can be fixed, save that an operation without one that is out of scope stays unplaced: it
    is named too. Status, ``locked`` and ``freezeUntil`` are the schedule's; further locks and the scope the request's.
    """
    locked = frozenset(request.locks.events) if request else frozenset[str]()
    scope = _quick(request.options.scope) if request else None
    freeze_until = schedule.metadata.freeze_until
    found: dict[str, Pin] = {}
    for op in schedule.snapshot.events:
        pin = _pin(op, op.locked or op.id in locked, freeze_until)
        if pin is None and scope is not None and not in_scope(op, scope):
            pin = Pin.OUT_OF_SCOPE
        if pin is not None:
            found[op.id] = pin
    return found


def pin_of(op: Operation, freeze_until: dt.datetime | None) -> Pin | None:
    """Return why an operation is fixed by its own schedule alone, if it is."""
    return _pin(op, op.locked, freeze_until)


def _pin(op: Operation, locked: bool, freeze_until: dt.datetime | None) -> Pin | None:
    if op.start_date is None or op.end_date is None:
        return None
    if op.status is Status.COMPLETED:
        return Pin.COMPLETED
    if op.status is Status.STARTED:
        return Pin.STARTED
    if locked:
        return Pin.LOCKED
    if freeze_until is not None and op.start_date < freeze_until:
        return Pin.FROZEN
    return None


def _quick(scope: Scope | None) -> Scope | None:
    """The scope with sets in place of tuples, so that asking it about 10,000 operations is not quadratic."""
    if scope is None:
        return None
    sets = {k: frozenset(v) for k in ("event_ids", "resource_ids") if (v := getattr(scope, k)) is not None}
    return scope.model_copy(update=sets)
