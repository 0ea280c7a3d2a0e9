"""What the repositories return: frozen facts of stored rows, free of SQL."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

from storage import canonical

Source = Literal["manual", "optimization", "import", "merge", "rollback", "cherry_pick"]
State = Literal["draft", "approved", "published", "withdrawn"]


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """One schedule of a plant; its content is in its versions."""

    id: str
    plant_id: str
    name: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """One saved version without its data. ``number`` counts 1, 2, 3 ... per schedule; ``created_by`` is a name.

    ``merge_parent_version_id`` is the second parent of a merge, ``origin_version_id`` the version that a rollback went
    back to or a cherry-pick took from, ``run_id`` the optimisation run that the plan is from; ``tags`` and ``state``
    were said of it since.
    """

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
    merge_parent_version_id: str | None = None
    origin_version_id: str | None = None
    run_id: str | None = None
    state: State = "draft"
    tags: tuple[str, ...] = ()

    @property
    def parents(self) -> tuple[str, ...]:
        """The ids of its parents: none, one, or two for a merge."""
        return tuple(key for key in (self.parent_version_id, self.merge_parent_version_id) if key is not None)

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
            "createdAt": _iso(self.created_at),
            "createdBy": self.created_by,
            "metrics": self.metrics,
            "mergeParentVersionId": self.merge_parent_version_id,
            "originVersionId": self.origin_version_id,
            "runId": self.run_id,
            "state": self.state,
            "tags": list(self.tags),
        }


@dataclass(frozen=True, slots=True)
class HeadRow:
    """A named line of versions: ``main`` is the live plan, any other name a scenario.

    ``color`` is #rrggbb, ``from_version_id`` the version that a scenario began at, ``archived_at`` when it was put
    away.
    """

    schedule_id: str
    name: str
    version_id: str
    updated_at: dt.datetime
    description: str = ""
    color: str | None = None
    created_at: dt.datetime | None = None
    created_by: str | None = None
    from_version_id: str | None = None
    archived_at: dt.datetime | None = None

    @property
    def is_archived(self) -> bool:
        """Whether it was put away."""
        return self.archived_at is not None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data in wire names."""
        return {
            "scheduleId": self.schedule_id,
            "name": self.name,
            "versionId": self.version_id,
            "updatedAt": _iso(self.updated_at),
            "description": self.description,
            "color": self.color,
            "createdAt": _iso(self.created_at),
            "createdBy": self.created_by,
            "fromVersionId": self.from_version_id,
            "archivedAt": _iso(self.archived_at),
        }


@dataclass(frozen=True, slots=True)
class TagRow:
    """A name for a version, one version a name in each schedule."""

    schedule_id: str
    name: str
    version_id: str
    created_at: dt.datetime
    created_by: str | None


@dataclass(frozen=True, slots=True)
class StateRow:
    """What was said of a version: its state from then on, and a note."""

    version_id: str
    seq: int
    state: State
    note: str
    created_at: dt.datetime
    created_by: str | None


@dataclass(frozen=True, slots=True)
class MergeRow:
    """A merge that is not finished. A side is a version or, where it is none, JSON of a schedule.

    ``head_version_id`` is where the head stood; ``resolutions`` are choices by conflict key.
    """

    id: str
    schedule_id: str
    head_name: str
    head_version_id: str
    base_version_id: str
    ours_version_id: str | None
    theirs_version_id: str | None
    run_id: str | None
    kind: Literal["head", "scenario", "import", "run"]
    label: str
    prefer: Literal["ours", "theirs"]
    resolutions: dict[str, Any]
    created_at: dt.datetime
    updated_at: dt.datetime
    created_by: str | None


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
    head_name: str | None


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


def _iso(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
