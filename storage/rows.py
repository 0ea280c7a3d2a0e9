"""What the repositories return: frozen facts of stored rows, free of SQL."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

from storage import canonical

Source = Literal["manual", "optimization", "import"]


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """One schedule of a plant; its content is in its versions."""

    id: str
    plant_id: str
    name: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """One saved version without its data. ``number`` counts 1, 2, 3 ... per schedule; ``created_by`` is a name."""

    id: str
    schedule_id: str
    number: int
    parent_version_id: str | None
    content_hash: str
    source: Source
    comment: str
    created_at: dt.datetime
    created_by: str | None
    metrics: dict[str, Any] | None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data in wire names."""
        return {
            "id": self.id,
            "scheduleId": self.schedule_id,
            "number": self.number,
            "parentVersionId": self.parent_version_id,
            "contentHash": self.content_hash,
            "source": self.source,
            "comment": self.comment,
            "createdAt": self.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "createdBy": self.created_by,
            "metrics": self.metrics,
        }


@dataclass(frozen=True, slots=True)
class HeadRow:
    """A named line of versions: ``main`` is the live plan, any other name a scenario."""

    schedule_id: str
    name: str
    version_id: str
    updated_at: dt.datetime


@dataclass(frozen=True, slots=True)
class DraftEdit:
    """One acknowledged edit. ``delta_json`` is as stored; ``is_intact`` says whether it is what was written."""

    seq: int
    label: str
    delta_json: bytes
    delta_hash: str
    created_at: dt.datetime

    @property
    def is_intact(self) -> bool:
        """Whether the stored delta has the hash it was written with."""
        return canonical.content_hash(self.delta_json) == self.delta_hash


@dataclass(frozen=True, slots=True)
class Draft:
    """The edits since ``base_version_id`` that no version holds yet, oldest first."""

    id: str
    schedule_id: str
    head_name: str
    base_version_id: str
    created_at: dt.datetime
    edits: tuple[DraftEdit, ...]

    @property
    def last_seq(self) -> int:
        """The number of the newest edit, 0 without one."""
        return self.edits[-1].seq if self.edits else 0


@dataclass(frozen=True, slots=True)
class AlgorithmRow:
    """One way to solve; ``id`` and ``name`` are the contract's."""

    id: int
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """A named set of options, in wire names. ``stock`` ones come with the program."""

    id: int
    algorithm_id: int
    name: str
    description: str
    options: dict[str, Any]
    stock: bool


@dataclass(frozen=True, slots=True)
class UserRow:
    """Somebody who saves versions."""

    id: str
    name: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class RunRow:
    """One optimisation run, without its request, plans and curve. ``owner`` names the process that runs it."""

    id: str
    schedule_id: str | None
    algorithm_id: int
    profile_id: int | None
    status: str
    queued_at: dt.datetime
    started_at: dt.datetime | None
    completed_at: dt.datetime | None
    progress_percentage: int
    step: str | None
    label: str
    input_hash: str | None
    lock_set: dict[str, Any] | None
    options: dict[str, Any] | None
    seed: int | None
    base_version_id: str | None
    result_version_id: str | None
    metrics: dict[str, Any] | None
    warnings: list[str] | None
    error: dict[str, Any] | None
    created_by: str | None
    owner: str | None
    program_version: str | None
    solver_version: str | None


@dataclass(frozen=True, slots=True)
class IncumbentRow:
    """A plan that a run found ``elapsed_ms`` after its start. ``events_json`` is a JSON list of placed operations."""

    run_id: str
    seq: int
    elapsed_ms: int
    objective: float | None
    bound: float | None
    events_json: bytes


@dataclass(frozen=True, slots=True)
class ProgressPoint:
    """A point of a run's curve."""

    elapsed_ms: int
    objective: float | None
    bound: float | None
