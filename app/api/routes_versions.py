"""One version: look at it, compare, apply, merge, roll back, export."""

from __future__ import annotations

import tempfile
from pathlib import Path as FilePath
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from app.api.answers import described, json_answer, sent, version_made
from app.api.applying import apply_named, require_head
from app.api.bodies import Applied, ApplyBody, Diff, MergeBody, RollbackBody, Version
from app.api.guards import Body, Own, Planner, Reader, Server, parsed
from app.api.idempotency import OnceOnly
from app.api.routes_schedules import ScheduleId, named
from app.api.services import UserServices
from app.exchange.formats import TEXT_FORMATS, WRITABLE
from app.exchange.share import SHARE_FORMATS
from app.handing_on import Export
from app.handing_on import export as hand_on
from app.merge_words import choice_from_json
from app.versions import VersionInfo, VersionService
from engine.errors import ErrorCode, Fault, TaktwerkError, invalid_schedule
from engine.merge import Choice
from engine.model import Schedule

VersionId = Annotated[str, Path(alias="versionId", max_length=200, description="The version.")]
PlanId = Annotated[
    str, Path(alias="versionId", max_length=200, description="`result.versionId` of a run, or a version.")
]
_MEDIA: Final = {
    "taktwerk": "application/json",
    "takt": "application/zip",
    "excel": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "application/zip",
    "mspdi": "application/xml",
    "html": "text/html",
    "pdf": "application/pdf",
    "ics": "text/calendar",
}
_TEXT: Final = "text/plain"


def routes() -> APIRouter:
    """Return the routes of versions."""
    router = APIRouter(prefix="/api/schedules/{scheduleId}/versions/{versionId}", tags=["versions"])
    _add_looking(router)
    _add_export(router)
    _add_changing(router)
    return router


def _add_looking(router: APIRouter) -> None:
    @router.get("", response_class=Response, operation_id="getVersion", responses=described(Version, 404))
    def version(_: Reader, own: Own, schedule_id: ScheduleId, version_id: VersionId) -> Response:
        """Return what is known of a version."""
        return json_answer(_version(own.versions, schedule_id, version_id).to_json())

    @router.get("/data", response_class=Response, operation_id="getVersionData", responses=described(Schedule, 404))
    def data(_: Reader, own: Own, schedule_id: ScheduleId, version_id: VersionId) -> Response:
        """Return a version's plan."""
        info = _version(own.versions, schedule_id, version_id)
        return json_answer(named(own.versions.data(info.id), schedule_id, info.id).to_json())

    @router.get("/diff", response_class=Response, operation_id="diffVersions", responses=described(Diff, 404))
    def diff(
        _: Reader,
        own: Own,
        schedule_id: ScheduleId,
        version_id: VersionId,
        base: Annotated[
            str, Query(alias="from", max_length=200, description="The version to compare with; the parent if absent.")
        ] = "",
    ) -> Response:
        """Compare a version with another one of its schedule."""
        info = _version(own.versions, schedule_id, version_id)
        before = _version(own.versions, schedule_id, base or info.parent_version_id or info.id)
        delta = own.versions.diff(before.id, info.id).to_json()
        comparison = own.versions.compare(before.id, info.id, with_violations=True).to_json()
        return json_answer(
            {"fromVersionId": before.id, "toVersionId": info.id, "delta": delta, "comparison": comparison}
        )


def _add_export(router: APIRouter) -> None:
    binary: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
    content = dict.fromkeys(sorted({*_MEDIA.values(), _TEXT}), binary)
    responses = described(None, 404)
    responses[200] = {
        "description": "The file. `X-Taktwerk-Notes` counts what the format cannot hold.",
        "content": {**content, "application/json": {"schema": {"$ref": "#/components/schemas/Schedule"}}},
    }

    @router.get("/export", response_class=Response, operation_id="exportVersion", responses=responses)
    def export(
        caller: Reader,
        own: Own,
        schedule_id: ScheduleId,
        version_id: VersionId,
        format: Annotated[
            str, Query(max_length=40, description=f"One of {', '.join(WRITABLE)}.", examples=["excel"])
        ] = "taktwerk",
        base: Annotated[str, Query(max_length=200, description="Show the differences to this version.")] = "",
        history: Annotated[bool, Query(description="Carry the earlier versions along (takt).")] = False,
        resource: Annotated[str, Query(max_length=200, description="Only this resource's work (ics).")] = "",
    ) -> Response:
        """Return a version as a file: JSON, package, Excel, CSV, MS Project, HTML, PDF, calendar, benchmark formats."""
        info = _version(own.versions, schedule_id, version_id)
        if format not in WRITABLE:
            raise invalid_schedule([Fault("format", format, f"must be one of {', '.join(WRITABLE)}")], "request")
        shown = _version(own.versions, schedule_id, base) if base else None
        suffix = _suffix(format)
        with tempfile.TemporaryDirectory(prefix="taktwerk-export-") as folder:
            path = FilePath(folder) / f"plan{suffix}"
            wanted = Export(path, format, info, base=shown, resource=resource or None, with_history=history)
            notes = hand_on(own.versions, wanted, user=caller.user)
            file = path.read_bytes()
        headers = {
            "Content-Disposition": f'attachment; filename="version-{info.number}{suffix}"',
            "X-Taktwerk-Notes": str(len(notes)),
        }
        return Response(file, 200, headers, media_type=_MEDIA.get(format, _TEXT))


def _add_changing(router: APIRouter) -> None:
    @router.post(
        "/apply",
        response_class=Response,
        operation_id="applyVersion",
        responses=described(Applied, 404, 409, 423, text="It is the head's plan now."),
        openapi_extra=sent("ApplyBody", required=False),
    )
    def apply(
        caller: Planner,
        server: Server,
        own: Own,
        body: Body,
        once: OnceOnly,
        schedule_id: ScheduleId,
        version_id: PlanId,
    ) -> Response:
        """Make a run's plan, or a version, the plan of a head: merged with what was saved there meanwhile.

        Asked again, the answer is the same. 409 (E004) when both sides changed the same: `details.conflicts`.
        """

        def work() -> Response:
            info = apply_named(server, caller, own, schedule_id, version_id, parsed(ApplyBody, body))
            told = info.to_json()
            return json_answer(
                {"scheduleId": info.schedule_id, "newVersionId": info.id, "appliedAt": told["createdAt"]}
            )

        return once.run(work)

    @router.post(
        "/rollback",
        status_code=201,
        response_class=Response,
        operation_id="rollBack",
        responses=described(Version, 404, 409, 423, status=201, text="The new version, equal to the old one."),
        openapi_extra=sent("RollbackBody", required=False),
    )
    def rollback(
        _: Planner, own: Own, body: Body, once: OnceOnly, schedule_id: ScheduleId, version_id: VersionId
    ) -> Response:
        """Go back to a version: a new version equal to it is the head's plan. What was there stays in the history."""

        def work() -> Response:
            wanted = parsed(RollbackBody, body)
            old = _version(own.versions, schedule_id, version_id)
            head = own.versions.head(schedule_id, wanted.head)
            require_head(head, ApplyBody(expected_head=wanted.expected_head))
            info = own.versions.rollback(schedule_id, head.id, old.id, wanted.comment, wanted.head)
            return version_made(info)

        return once.run(work)

    @router.post(
        "/merge",
        status_code=201,
        response_class=Response,
        operation_id="mergeVersion",
        responses=described(Version, 404, 409, 423, status=201, text="The merged version."),
        openapi_extra=sent("MergeBody", required=False),
    )
    def merge(
        _: Planner, own: Own, body: Body, once: OnceOnly, schedule_id: ScheduleId, version_id: VersionId
    ) -> Response:
        """Merge a version (ours) into a head (theirs), as a version with two parents.

        409 (E004) while conflicts are not decided: `details` tells them. Ask again with `take` or `choices`.
        """

        def work() -> Response:
            wanted = parsed(MergeBody, body)
            _version(own.versions, schedule_id, version_id)
            info = _merged(own, version_id, wanted)
            return version_made(info)

        return once.run(work)


def _merged(own: UserServices, version_id: str, wanted: MergeBody) -> VersionInfo:
    state = own.merges.start_version(version_id, into=wanted.into)
    try:
        choices = _choices(wanted, {one.key for one in state.merged.conflicts})
        if choices or wanted.take:
            state = own.merges.choose(state, choices, wanted.take)
        if not state.is_resolved and wanted.take is None:
            raise TaktwerkError(
                ErrorCode.VERSION_CONFLICT, "There are conflicts to decide: take or choices.", state.to_json()
            )
        return own.merges.finish(state.row.id, wanted.comment, allow_unresolved=True)
    except TaktwerkError:
        own.merges.abandon(state.row.id)
        raise


def _choices(wanted: MergeBody, known: set[str]) -> dict[str, Choice | None]:
    faults: list[Fault] = []
    choices: dict[str, Choice | None] = {}
    for key, data in wanted.choices.items():
        try:
            choices[key] = choice_from_json(data)
        except (ValueError, TypeError) as error:
            faults.append(Fault(f"choices.{key}"[:200], str(data)[:60], str(error)[:300]))
        if key not in known:
            faults.append(Fault(f"choices.{key}"[:200], None, "there is no such conflict"))
    if faults:
        raise invalid_schedule(faults, "request")
    return choices


def _version(versions: VersionService, schedule_id: str, version_id: str) -> VersionInfo:
    """Return a version of a schedule (E012 when it is another's)."""
    info = versions.show(version_id)
    if info.schedule_id != schedule_id:
        raise TaktwerkError(
            ErrorCode.NOT_FOUND, f"The schedule {schedule_id} has no version {version_id}.", {"version": version_id}
        )
    return info


def _suffix(format: str) -> str:
    if format == "csv":
        return ".zip"
    if format in SHARE_FORMATS:
        return SHARE_FORMATS[format].suffixes[0]
    return TEXT_FORMATS[format].suffix or ".txt" if format in TEXT_FORMATS else ".json"
