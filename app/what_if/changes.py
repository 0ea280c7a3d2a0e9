"""Small named changes: what each one is called in a file, and what it needs to say."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from engine.instants import Instant
from engine.model import ClockTime, Dto, Id, Many, ObjectiveName, Options, Weight

MAX_CHANGES = 20
MAX_VARIANTS = 50
MAX_NAME = 60

Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME, strip_whitespace=True)]


class OtherObjective(Dto):
    """Optimise for something else."""

    kind: Literal["objective"] = "objective"
    objective: ObjectiveName


class OtherProfile(Dto):
    """Optimise with a stored profile, by its name."""

    kind: Literal["profile"] = "profile"
    profile: Name


class ExtraShift(Dto):
    """Work on one more span of a day, local time of the plant: one resource, or all of a calendar.

    ``to`` at or before ``from`` ends on the next day.
    """

    kind: Literal["extraShift"] = "extraShift"
    resource: Id | None = None
    calendar: Id | None = None
    day: Day
    from_: ClockTime = Field(validation_alias="from", serialization_alias="from")
    to: ClockTime


class MachineDown(Dto):
    """A resource is out over ``[start, end)``; ``units`` of it, all by default."""

    kind: Literal["machineDown"] = "machineDown"
    resource: Id
    start: Instant
    end: Instant
    units: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class RushOrder(Dto):
    """An order becomes urgent (another due date, a higher priority), or with ``copy_as`` comes a second time.

    The copy is not placed yet and has the dates given here, no others.
    """

    kind: Literal["rushOrder"] = "rushOrder"
    order: Id
    due_date: Instant | None = None
    priority: Weight | None = None
    copy_as: Name | None = None
    release_date: Instant | None = None


class MovedDueDate(Dto):
    """The due date of an order, or of a single operation, is another one."""

    kind: Literal["dueDate"] = "dueDate"
    order: Id | None = None
    operation: Id | None = None
    due_date: Instant


Change = Annotated[
    OtherObjective | OtherProfile | ExtraShift | MachineDown | RushOrder | MovedDueDate, Field(discriminator="kind")
]


class Variant(Dto):
    """What is tried: a name, changes one after the other, and options that win over those of all variants."""

    name: Name
    changes: Annotated[Many[Change], Field(max_length=MAX_CHANGES)] = ()
    options: Options = Options()


Budget = Annotated[int, Field(ge=0, le=100_000)]


class Experiment(Dto):
    """What a file for ``taktwerk what-if`` says: variants, the options of all, and change budgets to sweep."""

    variants: Annotated[Many[Variant], Field(max_length=MAX_VARIANTS)] = ()
    options: Options = Options()
    budgets: Annotated[Many[Budget], Field(max_length=MAX_CHANGES)] = ()


def day_of(text: str) -> dt.date:
    """Return the day (ValueError when there is no such day)."""
    return dt.date.fromisoformat(text)
