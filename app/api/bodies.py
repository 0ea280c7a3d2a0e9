"""The bodies of the API beside the contract's own: what is sent, and what is answered (for the description)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from engine.model import Dto, Metrics, RunStatus

Name = Annotated[str, Field(min_length=1, max_length=200)]
Comment = Annotated[str, Field(max_length=2_000)]
Key = Annotated[str, Field(max_length=200)]


# what is sent


class RollbackBody(Dto):
    """To which head an old version is brought back, and why. ``expectedHead``: refuse if the head moved since."""

    head: Name = "main"
    comment: Comment = ""
    expected_head: Name | None = None


class ApplyBody(Dto):
    """How a plan is applied. ``take`` decides where both sides changed the same: the plan's or the head's.

    Without a ``head`` a run's plan goes to the head that the run was made for, everything else to the live plan.
    """

    head: Name | None = None
    comment: Comment = ""
    take: Literal["plan", "head"] | None = None
    expected_head: Name | None = None


class MergeBody(Dto):
    """What to merge into, and how conflicts are decided: all for one side, or by their keys."""

    into: Name = "main"
    take: Literal["ours", "theirs"] | None = None
    choices: Annotated[dict[str, Any], Field(max_length=100_000)] = {}
    comment: Comment = ""


class ScenarioBody(Dto):
    """A new scenario, begun at a version."""

    name: Name
    version_id: Name
    description: Comment = ""


# what is answered


class Answer(BaseModel):
    """An answer as it is described; answers are built by the services."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class FaultItem(Answer):
    """One fault of an input."""

    path: str
    value: Any = None
    reason: str


class ErrorBody(Answer):
    """Every error. ``details.faults`` of E001 lists every fault: path, value, reason."""

    code: Annotated[str, Field(pattern="^E0[01][0-9]$", examples=["E001"])]
    message: str
    details: dict[str, Any]


class Submitted(Answer):
    """A run that was accepted."""

    run_id: Annotated[str, Field(examples=["3f0c8a8e-9f8e-4a32-9c5e-0d6f6a2b7f10"])]
    status: RunStatus
    estimated_start_time: dt.datetime


class Applied(Answer):
    """A plan that became a version."""

    schedule_id: str
    new_version_id: str
    applied_at: dt.datetime


class ProgressEvent(Answer):
    """The data of one progress event. ``versionId`` comes with the last one, if there is a plan to apply."""

    progress: Annotated[float, Field(ge=0, le=100)]
    step: str | None = None
    status: RunStatus
    objective: float | None = None
    bound: float | None = None
    gap: float | None = None
    elapsed: float
    queue_position: int | None = None
    version_id: str | None = None
    error: ErrorBody | None = None


class Version(Answer):
    """One saved version, without its data."""

    id: str
    schedule_id: str
    number: int
    parent_version_id: str | None
    content_hash: str
    source: Literal["manual", "optimization", "import", "merge", "rollback", "cherry_pick"]
    comment: str
    created_at: dt.datetime
    created_by: str | None
    metrics: dict[str, Any] | None
    merge_parent_version_id: str | None
    origin_version_id: str | None
    run_id: str | None
    state: str
    tags: list[str]


class Head(Answer):
    """A named line of versions: ``main`` is the live plan, any other a scenario."""

    schedule_id: str
    name: str
    version_id: str
    updated_at: dt.datetime
    description: str
    color: str | None
    created_at: dt.datetime | None
    created_by: str | None
    from_version_id: str | None
    archived_at: dt.datetime | None


class ScheduleItem(Answer):
    """One schedule with its live version."""

    id: str
    plant_id: str
    name: str
    created_at: dt.datetime
    head: Version


class ScheduleList(Answer):
    """Every schedule, oldest first."""

    schedules: list[ScheduleItem]


class ScheduleDetail(ScheduleItem):
    """One schedule with its heads."""

    heads: list[Head]


class VersionList(Answer):
    """Versions, newest first."""

    versions: list[Version]


class HeadList(Answer):
    """The live plan's head, then the scenarios."""

    scenarios: list[Head]


class Imported(Answer):
    """What an import wrote."""

    schedule_id: str
    head: str
    version: Version
    notes: list[str]


class Diff(Answer):
    """What turns one version into another: by item and field (``delta``), and what it means for operations."""

    from_version_id: str
    to_version_id: str
    delta: dict[str, Any]
    comparison: dict[str, Any]


class Run(Answer):
    """A run in a list."""

    run_id: str
    status: RunStatus
    label: str
    algorithm_id: int
    profile_id: int | None = None
    queued_at: dt.datetime | None = None
    started_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None
    base_version_id: str | None = None
    head: str | None = None
    result_version_id: str | None = None
    objective: float | None = None
    bound: float | None = None
    gap: float | None = None
    metrics: Metrics | None = None
    error: ErrorBody | None = None


class RunList(Answer):
    """The caller's runs of a schedule, newest first; an administrator sees everybody's."""

    runs: list[Run]


class Algorithm(Answer):
    """One way to solve."""

    id: int
    name: str
    description: str


class Profile(Answer):
    """A named set of options."""

    id: int
    algorithm_id: int
    name: str
    description: str
    options: dict[str, Any]
    stock: bool


class ProfileList(Answer):
    """What ``algorithmId`` and ``profileId`` of a request may be."""

    algorithms: list[Algorithm]
    profiles: list[Profile]


class Health(Answer):
    """Whether the server works. ``status`` is ``ok``, or ``degraded`` (503) when the database does not answer."""

    status: Literal["ok", "degraded"]
    version: str


class Verified(Answer):
    """What is wrong in the database; nothing, as a rule."""

    ok: bool
    faults: list[dict[str, Any]]


BODIES: tuple[type[Dto], ...] = (RollbackBody, ApplyBody, MergeBody, ScenarioBody)
