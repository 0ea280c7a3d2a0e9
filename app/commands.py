"""The planner's gestures as data: one gesture = one command = one undo step.

Commands arrive from the board, a dialog or a script as JSON and are carried out by ``app.session`` on the immutable
schedule. Each returns the new schedule, a label for the undo list and notes for the planner.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from engine.errors import ErrorCode, TaktwerkError
from engine.instants import Instant, to_ms
from engine.model import Dto, Id, Many, Operation, OptimizationRequest, Schedule, Status
from engine.moves import Push, place, push_after
from engine.plan import PlanFacts
from engine.solve.why.edits import apply_edits

EDITABLE = frozenset(
    {
        "name",
        "duration",
        "priority",
        "releaseDate",
        "dueDate",
        "deadline",
        "setupFamily",
        "interruptible",
        "status",
        "percentDone",
        "manuallyScheduled",
        "locked",
        "attributes",
    }
)
"""The fields of an operation that an edit may change."""
_RESHAPING = frozenset({"duration", "interruptible"})


@dataclass(frozen=True)
class Done:
    """What a command made of the schedule: ``label`` names the undo step, ``notes`` tell the planner side effects."""

    schedule: Schedule
    label: str
    notes: tuple[str, ...] = ()


class Move(Dto):
    """Put one operation at ``start`` (snapped to working time), on another resource if one is named."""

    kind: Literal["move"]
    event_id: Id
    start: Instant
    resource_id: Id | None = None

    def carry_out(self, schedule: Schedule, facts: PlanFacts, push: Push) -> Done:
        """Return the schedule with the operation moved, and with ``push`` its successors after it."""
        op = operation(facts, self.event_id)
        refuse_fixed(op, "moved")
        resource_id = self.resource_id if self.resource_id is not None else op.resource_id
        moved = place(facts, op, resource_id, to_ms(self.start))
        if _same_place(op, moved):
            return Done(schedule, "")
        changed, notes = push_after(facts, {op.id: moved}, push)
        return Done(with_operations(schedule, changed, facts.position), _move_label(facts, op, moved), notes)


class Lock(Dto):
    """Lock or unlock operations."""

    kind: Literal["lock"]
    event_ids: Many[Id]
    locked: bool

    def carry_out(self, schedule: Schedule, facts: PlanFacts, push: Push) -> Done:
        """Return the schedule with the locks set; an operation without a placement cannot be locked (E005)."""
        changed: dict[str, Operation] = {}
        for key in self.event_ids:
            op = operation(facts, key)
            if self.locked and not op.is_placed:
                raise TaktwerkError(
                    ErrorCode.RESOURCE_LOCKED,
                    f"{op.name} is not scheduled, so there is no place to lock it to. Schedule it first.",
                    {"eventId": op.id},
                )
            if op.locked != self.locked:
                changed[key] = op.model_copy(update={"locked": self.locked})
        verb = "Lock" if self.locked else "Unlock"
        return Done(with_operations(schedule, changed, facts.position), _count_label(verb, facts, tuple(changed)))


class Unschedule(Dto):
    """Take operations off the board; they keep their alternatives."""

    kind: Literal["unschedule"]
    event_ids: Many[Id]

    def carry_out(self, schedule: Schedule, facts: PlanFacts, push: Push) -> Done:
        """Return the schedule without the operations' placements (E005 when one is locked or has begun)."""
        changed: dict[str, Operation] = {}
        for key in self.event_ids:
            op = operation(facts, key)
            refuse_fixed(op, "unscheduled")
            if op.start_date is None and op.end_date is None:
                continue
            update: dict[str, Any] = {"start_date": None, "end_date": None, "manually_scheduled": False}
            if op.modes:
                update["resource_id"] = None
            changed[key] = op.model_copy(update=update)
        label = _count_label("Unschedule", facts, tuple(changed))
        return Done(with_operations(schedule, changed, facts.position), label)


class Edit(Dto):
    """Change fields of one operation, and with ``start`` or ``resource_id`` its place, in one step.

    ``changes`` maps wire names to JSON values, ``null`` takes a field away.
    """

    kind: Literal["edit"]
    event_id: Id
    changes: dict[str, Any] = {}
    start: Instant | None = None
    resource_id: Id | None = None

    def carry_out(self, schedule: Schedule, facts: PlanFacts, push: Push) -> Done:
        """Return the schedule with the edit made (E001 names every bad field, E005 what a lock forbids)."""
        op = operation(facts, self.event_id)
        edited = _edited(op, self.changes, facts)
        reshaped = any(getattr(op, _snake(k)) != getattr(edited, _snake(k)) for k in _RESHAPING & self.changes.keys())
        moves = (self.start is not None and self.start != op.start_date) or (
            self.resource_id is not None and self.resource_id != op.resource_id
        )
        if reshaped or moves:
            if not (op.locked and not edited.locked):
                refuse_fixed(op, "changed in time or resource")
            start = self.start or edited.start_date
            if start is not None:
                edited = place(facts, edited, self.resource_id or edited.resource_id, to_ms(start))
        if edited == op:
            return Done(schedule, "")
        changed, notes = push_after(facts, {op.id: edited}, push if reshaped or moves else "off")
        return Done(with_operations(schedule, changed, facts.position), f"Edit {op.name}", notes)


class Adjust(Dto):
    """Change rules by a list of edits (``engine.solve.why.edits``), in one step: a repair, or a rule that is released.

    ``name`` is what the undo list calls it.
    """

    kind: Literal["adjust"]
    name: str
    change: Many[dict[str, Any]]

    def carry_out(self, schedule: Schedule, facts: PlanFacts, push: Push) -> Done:
        """Return the schedule with the edits made (E012 when it lacks what they change, E001 when one is none)."""
        request = apply_edits(OptimizationRequest(schedule_data=schedule), self.change)
        return Done(request.schedule_data, self.name)


Command = Annotated[Move | Lock | Unschedule | Edit | Adjust, Field(discriminator="kind")]
_COMMANDS = TypeAdapter[Any](Command)


def parse_command(data: dict[str, Any], zone: Any = None) -> Command:
    """Return the command of JSON data (E001 names what is wrong with it)."""
    try:
        return _COMMANDS.validate_python(data, context={"zone": zone} if zone else None)
    except ValidationError as error:
        raise _field_faults("command", error) from None


def operation(facts: PlanFacts, event_id: str) -> Operation:
    """Return the operation, or raise E012."""
    op = facts.operations.get(event_id)
    if op is None:
        raise TaktwerkError(
            ErrorCode.NOT_FOUND,
            f"There is no operation {event_id!r} in this schedule. Maybe it was removed meanwhile.",
            {"eventId": event_id},
        )
    return op


def refuse_fixed(op: Operation, what: str) -> None:
    """Raise E005 for an operation that is locked or has begun."""
    if op.locked:
        raise TaktwerkError(
            ErrorCode.RESOURCE_LOCKED,
            f"{op.name} is locked and cannot be {what}. Unlock it first.",
            {"eventId": op.id, "reason": "locked"},
        )
    if op.status in (Status.STARTED, Status.COMPLETED):
        raise TaktwerkError(
            ErrorCode.RESOURCE_LOCKED,
            f"{op.name} is {op.status.value} and cannot be {what}. Set its status back first if that is wrong.",
            {"eventId": op.id, "reason": op.status.value},
        )


def with_operations(
    schedule: Schedule, changed: dict[str, Operation], position: Mapping[str, int] | None = None
) -> Schedule:
    """Return the schedule with the given operations in place of those of the same id.

    ``position`` of every operation in the schedule (``PlanFacts.position``) spares the search for them.
    """
    if not changed:
        return schedule
    if position is None:
        events = tuple(changed.get(op.id, op) for op in schedule.snapshot.events)
    else:
        everything = list(schedule.snapshot.events)
        for key, op in changed.items():
            everything[position[key]] = op
        events = tuple(everything)
    return schedule.model_copy(update={"snapshot": schedule.snapshot.model_copy(update={"events": events})})


def _edited(op: Operation, changes: dict[str, Any], facts: PlanFacts) -> Operation:
    unknown = sorted(changes.keys() - EDITABLE)
    if unknown:
        values = {f"changes.{k}": repr(changes[k])[:80] for k in unknown}
        raise TaktwerkError(
            ErrorCode.INVALID_SCHEDULE,
            f"These fields cannot be edited: {', '.join(unknown)}.",
            {"faults": [{"path": k, "value": value, "reason": "not editable"} for k, value in values.items()]},
        )
    data = op.to_json()
    for key, value in changes.items():
        if value is None:
            data.pop(key, None)
        else:
            data[key] = value
    try:
        return Operation.model_validate(data, context={"zone": facts.zone})
    except ValidationError as error:
        raise _field_faults("changes", error) from None


def _field_faults(where: str, error: ValidationError) -> TaktwerkError:
    faults = [
        {"path": ".".join((where, *map(str, e["loc"]))), "value": repr(e.get("input"))[:80], "reason": e["msg"]}
        for e in error.errors()
    ]
    shown = "; ".join(f"{f['path']}: {f['reason']}" for f in faults[:3])
    return TaktwerkError(ErrorCode.INVALID_SCHEDULE, f"This change is not valid: {shown}.", {"faults": faults})


def _same_place(a: Operation, b: Operation) -> bool:
    return (a.resource_id, a.start_date, a.end_date) == (b.resource_id, b.start_date, b.end_date)


def _move_label(facts: PlanFacts, old: Operation, new: Operation) -> str:
    if old.resource_id == new.resource_id or new.resource_id is None:
        return f"Move {old.name}"
    resource = facts.resources[new.resource_id].name
    return f"Move {old.name} to {resource}" if old.is_placed else f"Schedule {old.name} on {resource}"


def _count_label(verb: str, facts: PlanFacts, ids: tuple[str, ...]) -> str:
    if not ids:
        return ""
    return f"{verb} {facts.operations[ids[0]].name}" if len(ids) == 1 else f"{verb} {len(ids)} operations"


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
