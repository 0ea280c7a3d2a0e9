"""Schedules: list, import, data, save, scenarios, runs."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from app.api.answers import described, json_answer, run_item, schedule_item, sent, version_made
from app.api.applying import require_head
from app.api.bodies import (
    ApplyBody,
    Head,
    HeadList,
    Imported,
    RunList,
    ScenarioBody,
    ScheduleDetail,
    ScheduleList,
    Version,
    VersionList,
)
from app.api.guards import Body, Own, Planner, Reader, Server, parsed
from app.api.idempotency import OnceOnly
from app.arrivals import Incoming
from app.exchange import NAMES, preview_file
from app.versions import ScheduleSummary, VersionService
from engine.errors import ErrorCode, TaktwerkError, invalid_schedule
from engine.model import Schedule
from engine.validate import parse_schedule

ScheduleId = Annotated[str, Path(alias="scheduleId", max_length=200, description="The schedule.")]
HeadName = Annotated[str, Query(max_length=200, description="The live plan (main) or a scenario.")]
_JSON: Final = "application/json"
_ANY_FILE: Final = "application/octet-stream"


def routes() -> APIRouter:
    """Return the routes of schedules."""
    router = APIRouter(prefix="/api/schedules", tags=["schedules"])

    @router.get("", response_class=Response, operation_id="listSchedules", responses=described(ScheduleList))
    def schedules(_: Reader, own: Own) -> Response:
        """List every schedule with its live version."""
        return json_answer({"schedules": [schedule_item(one) for one in own.versions.schedules()]})

    @router.get(
        "/{scheduleId}", response_class=Response, operation_id="getSchedule", responses=described(ScheduleDetail, 404)
    )
    def schedule(_: Reader, own: Own, schedule_id: ScheduleId) -> Response:
        """Return one schedule with its heads."""
        found = summary_of(own.versions, schedule_id)
        heads = own.versions.scenarios.list(schedule_id)
        return json_answer({**schedule_item(found), "heads": [head.to_json() for head in heads]})

    @router.get(
        "/{scheduleId}/data",
        response_class=Response,
        operation_id="getScheduleData",
        responses=described(
            Schedule, 404, text="The schedule; `version` and `metadata.scheduleId` say where it is from."
        ),
    )
    def data(_: Reader, own: Own, schedule_id: ScheduleId, head: HeadName = "main") -> Response:
        """Return the plan that a head stands on, ready to be put into an optimisation request."""
        summary_of(own.versions, schedule_id)
        info = own.versions.head(schedule_id, head)
        return json_answer(named(own.versions.data(info.id), schedule_id, info.id).to_json())

    @router.get(
        "/{scheduleId}/runs", response_class=Response, operation_id="listRuns", responses=described(RunList, 404)
    )
    def runs(caller: Reader, server: Server, own: Own, schedule_id: ScheduleId) -> Response:
        """List the caller's runs of a schedule, newest first."""
        summary_of(own.versions, schedule_id)
        views = server.runs.history(schedule_id)
        mine = [view for view in views if caller.is_admin or server.runs.user_of(view.run_id) == caller.user]
        return json_answer({"runs": [run_item(view) for view in mine]})

    _add_import(router)
    _add_heads(router)
    return router


def _add_import(router: APIRouter) -> None:
    file = {"schema": {"type": "string", "format": "binary"}}
    body = {_JSON: {"schema": {"$ref": "#/components/schemas/Schedule"}}, _ANY_FILE: file}

    @router.post(
        "",
        status_code=201,
        response_class=Response,
        operation_id="importSchedule",
        responses=described(Imported, 404, 409, status=201, text="It is in the database."),
        openapi_extra={"requestBody": {"required": True, "content": body}},
    )
    def import_schedule(
        _: Planner,
        own: Own,
        body: Body,
        once: OnceOnly,
        name: Annotated[
            str, Query(max_length=200, description="What it is called; the data's own name if absent.")
        ] = "",
        format: Annotated[
            str, Query(max_length=40, description=f"The format, told from the content if absent: {', '.join(NAMES)}.")
        ] = "",
        file: Annotated[
            str, Query(max_length=200, description="The file's name; its ending helps to tell the format.")
        ] = "",
        into: Annotated[str, Query(max_length=200, description="Take it in as a branch of this schedule.")] = "",
        scenario: Annotated[str, Query(max_length=200, description="What the branch is called.")] = "",
    ) -> Response:
        """Take a plan in: a ScheduleDataDTO as JSON, or any file that is read.

        It becomes a schedule of its own, or with `into` a branch of one. Nothing that is there is overwritten.
        """

        def work() -> Response:
            target = summary_of(own.versions, into) if into else None
            base = own.versions.data(target.head.id) if target else None
            found = preview_file.look(body, file or "the request's body", format or None, base=base)
            if found.schedule is None:
                raise invalid_schedule([fault.fault() for fault in found.faults], "file")
            title = name or found.schedule.metadata.name or f"Plant {found.schedule.metadata.plant_id}"
            incoming = Incoming(found.schedule, title)
            if found.package is not None:
                incoming = Incoming.of_package(found.package)
            landing = own.arrivals.look(incoming, target, as_new=not into, scenario=scenario)
            if landing.same_as is not None:
                info, head, notes = landing.same_as, "main", [*found.notes, "This version is there already."]
            else:
                done = own.arrivals.bring_in(incoming, landing)
                info, head, notes = own.versions.show(done.version.id), done.head, found.notes
            told = {"scheduleId": info.schedule_id, "head": head, "version": info.to_json(), "notes": notes}
            return json_answer(told, 201, f"/api/schedules/{info.schedule_id}")

        return once.run(work)


def _add_heads(router: APIRouter) -> None:
    @router.get(
        "/{scheduleId}/versions",
        response_class=Response,
        operation_id="listVersions",
        responses=described(VersionList, 404),
    )
    def versions(_: Reader, own: Own, schedule_id: ScheduleId) -> Response:
        """List a schedule's versions, newest first."""
        return json_answer({"versions": [one.to_json() for one in own.versions.list(schedule_id)]})

    @router.post(
        "/{scheduleId}/versions",
        status_code=201,
        response_class=Response,
        operation_id="saveVersion",
        responses=described(Version, 404, 409, 423, status=201, text="It is the head's version now."),
        openapi_extra=sent("Schedule"),
    )
    def save(
        _: Planner,
        own: Own,
        body: Body,
        once: OnceOnly,
        schedule_id: ScheduleId,
        expected: Annotated[
            str, Query(alias="expectedHead", max_length=200, description="The version that the data were made from.")
        ],
        head: HeadName = "main",
        comment: Annotated[str, Query(max_length=2_000)] = "",
    ) -> Response:
        """Save an edited plan as the next version of a head (409 when the head moved)."""

        def work() -> Response:
            summary_of(own.versions, schedule_id)
            edited = parse_schedule(body)
            require_head(own.versions.head(schedule_id, head), ApplyBody(expected_head=expected or "-"))
            info = own.versions.save(schedule_id, expected, edited, comment, head=head)
            return version_made(info)

        return once.run(work)

    @router.get(
        "/{scheduleId}/scenarios",
        response_class=Response,
        operation_id="listScenarios",
        responses=described(HeadList, 404),
    )
    def scenarios(_: Reader, own: Own, schedule_id: ScheduleId) -> Response:
        """List the live plan's head and the scenarios."""
        return json_answer({"scenarios": [one.to_json() for one in own.versions.scenarios.list(schedule_id)]})

    @router.post(
        "/{scheduleId}/scenarios",
        status_code=201,
        response_class=Response,
        operation_id="createScenario",
        responses=described(Head, 404, 409, status=201, text="It began."),
        openapi_extra=sent("ScenarioBody"),
    )
    def create_scenario(_: Planner, own: Own, body: Body, once: OnceOnly, schedule_id: ScheduleId) -> Response:
        """Begin a scenario at a version: what-ifs leave the live plan alone."""

        def work() -> Response:
            wanted = parsed(ScenarioBody, body)
            row = own.versions.scenarios.create(
                schedule_id, wanted.name, wanted.version_id, description=wanted.description
            )
            return json_answer(row.to_json(), 201, f"/api/schedules/{schedule_id}/scenarios")

        return once.run(work)


def named(schedule: Schedule, schedule_id: str, version_id: str) -> Schedule:
    """Return a plan that says where it is from, so that a request made of it is known to be about it."""
    metadata = schedule.metadata.model_copy(update={"schedule_id": schedule_id})
    return schedule.model_copy(update={"metadata": metadata, "version": version_id})


def summary_of(versions: VersionService, schedule_id: str) -> ScheduleSummary:
    """Return a schedule by its id (E012)."""
    for summary in versions.schedules():
        if summary.schedule.id == schedule_id:
            return summary
    raise TaktwerkError(ErrorCode.NOT_FOUND, f"There is no schedule {schedule_id}.", {"schedule": schedule_id})
