"""Runs: submit, status, stop, cancel, progress."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Path, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from app.api.answers import described, json_answer, sent
from app.api.bodies import Submitted
from app.api.errors import NothingMore, Refused
from app.api.guards import Body, Optimizer, Planner, Reader, Server
from app.api.idempotency import OnceOnly
from app.api.progress import LAST_OF_ALL, proposal_of
from app.api.services import ApiServices
from app.api.tokens import Caller
from app.head_versions import LIVE
from app.run_heads import head_for
from app.run_progress import RunView
from engine.errors import ErrorCode, TaktwerkError
from engine.model import OptimizationRequest, OptimizationResponse
from engine.validate import parse_request

REQUEST_EXAMPLE: Final[dict[str, Any]] = {
    "scheduleData": {
        "version": "1",
        "snapshot": {
            "resources": [{"id": "M1", "name": "Mill", "type": "machine"}],
            "events": [
                {"id": "A", "name": "Mill the frame", "duration": 3_600_000, "resourceId": "M1"},
                {"id": "B", "name": "Mill the cover", "duration": 1_800_000, "resourceId": "M1"},
            ],
            "dependencies": [{"id": "d1", "fromEvent": "A", "toEvent": "B", "type": 2}],
            "constraints": [],
        },
        "metadata": {"plantId": "P1", "timestamp": "2026-11-24T06:00:00Z", "userId": "mes"},
    },
    "algorithmId": 4,
    "options": {"objective": "minimize_makespan", "timeLimit": 2},
    "locks": {"events": [], "resourceIntervals": []},
}

EVENT: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["data", "id"],
    "properties": {
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/ProgressEvent"},
        },
        "id": {"type": "string", "description": "For `Last-Event-ID`; `end` for the last event of all."},
    },
}
"""One event of a progress stream as it is described."""

RunId = Annotated[str, Path(alias="runId", max_length=200, description="The run, as submitting returned it.")]


def routes() -> APIRouter:
    """Return the routes of runs."""
    router = APIRouter(prefix="/api/schedules/optimize", tags=["runs"])

    @router.post(
        "",
        status_code=202,
        response_class=Response,
        operation_id="submitOptimization",
        responses=described(Submitted, 404, 409, 429, status=202, text="The run is queued."),
        openapi_extra=sent("OptimizationRequest", example=REQUEST_EXAMPLE),
    )
    def submit(
        caller: Optimizer,
        server: Server,
        body: Body,
        once: OnceOnly,
        label: Annotated[str, Query(max_length=200, description="What the run is called.")] = "",
        head: Annotated[str, Query(max_length=200, description="The scenario, or `main`, that it is for.")] = "",
    ) -> Response:
        """Queue an optimisation and return at once.

        The run belongs to a stored schedule when `scheduleData.metadata.scheduleId` names one; its plan can then be
        applied there. `scheduleData.version` is then the version that the data are of; the head's when it is no
        version's id. Without `head` the run is for the head that stands on that version, or else whose line it is on.
        """

        def work() -> Response:
            request = parse_request(body)
            schedule_id, base, made_for = _stored_base(server, caller, request, head or None)
            starts = _estimated_start(server)
            run_id = server.runs.submit(
                request,
                schedule_id=schedule_id,
                base_version_id=base,
                label=label,
                user=caller.user,
                head_name=made_for,
            )
            data = {"runId": run_id, "status": "queued", "estimatedStartTime": starts}
            return json_answer(data, 202, f"/api/schedules/optimize/{run_id}")

        return once.run(work)

    @router.get(
        "/{runId}",
        response_class=Response,
        operation_id="getOptimization",
        responses=described(OptimizationResponse, 404, 409, text="How the run stands, with its plan or error."),
    )
    def status(caller: Reader, server: Server, run_id: RunId) -> Response:
        """Return how a run stands, and its plan when it has ended.

        `result.versionId` names the plan for applying it: the run's own id until it is applied, the version afterwards.
        """
        view = own_run(server, caller, run_id)
        answer = server.runs.result(run_id)
        result = answer.result
        if result is not None:
            stored = view.result_version_id or applied_as(server, view)
            answer = answer.model_copy(
                update={"result": result.model_copy(update={"version_id": stored or proposal_of(view) or run_id})}
            )
        return json_answer(answer.to_json())

    @router.delete(
        "/{runId}",
        status_code=204,
        response_class=Response,
        operation_id="cancelOptimization",
        responses=described(None, 404, status=204, text="It is cancelled, or was over before."),
    )
    def cancel(caller: Planner, server: Server, run_id: RunId) -> Response:
        """End a run without its plan. One that is over stays as it is."""
        own_run(server, caller, run_id)
        server.runs.cancel(run_id)
        return Response(status_code=204)

    @router.post(
        "/{runId}/stop",
        status_code=204,
        response_class=Response,
        operation_id="stopOptimization",
        responses=described(None, 404, status=204, text="It ends, and keeps the best plan it has."),
    )
    def stop(caller: Planner, server: Server, run_id: RunId) -> Response:
        """End a run with the best plan so far; it is then completed. Without a plan it is cancelled."""
        own_run(server, caller, run_id)
        server.runs.stop(run_id, keep=True)
        return Response(status_code=204)

    _add_progress(router)
    return router


def _add_progress(router: APIRouter) -> None:
    good = {
        "description": "Server-sent events; the data of each is a ProgressEvent. The stream ends when the run does.",
        "content": {"text/event-stream": {"itemSchema": EVENT}},
    }
    found = described(None, 404, 429)
    for answer in found.values():  # said outright: the framework takes errors for event streams too
        if answer.pop("model", None) is not None:
            answer["content"] = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}
    responses = {**found, 200: good, 204: {"description": "There is nothing more."}}

    @router.get(
        "/{runId}/progress",
        response_class=EventSourceResponse,
        operation_id="followOptimization",
        responses=responses,
    )
    async def progress(
        server: Server, start: Annotated[tuple[str, int], Depends(_stream_start)]
    ) -> AsyncIterator[ServerSentEvent]:
        """Follow a run by server-sent events.

        Each has an `id`; asked with the last one in `Last-Event-ID`, the stream goes on after it. The id of the last
        event of all is `end`.
        """
        run_id, after = start
        async for told in server.progress.follow(run_id, after):
            yield ServerSentEvent(data=told.data, id=told.id)


def _stream_start(
    caller: Reader,
    server: Server,
    run_id: RunId,
    last: Annotated[
        str | None, Header(alias="Last-Event-ID", description="The id of the last event that was received.")
    ] = None,
) -> Iterator[tuple[str, int]]:
    own_run(server, caller, run_id)
    if last == LAST_OF_ALL:
        raise NothingMore
    after = int(last) if last is not None and last.isascii() and last.isdigit() and len(last) < 10 else 0
    if not server.stream_begins():
        raise Refused(ErrorCode.RATE_LIMIT, "Too many progress streams are open.", headers={"Retry-After": "5"})
    server.monitor.streams(1)
    try:
        yield run_id, after
    finally:
        server.monitor.streams(-1)
        server.stream_ended()


def own_run(server: ApiServices, caller: Caller, run_id: str) -> RunView:
    """Return a run of the caller's (E012 for anybody else's, as if there were none)."""
    view = server.runs.status(run_id)
    if not caller.is_admin and server.runs.user_of(run_id) != caller.user:
        raise TaktwerkError(ErrorCode.NOT_FOUND, f"There is no run {run_id}.", {"run": run_id})
    return view


def applied_as(server: ApiServices, view: RunView) -> str | None:
    """Return the version that a remembered run's plan became; memory does not know."""
    if view.schedule_id is None:
        return None
    with server.database.read() as read:
        return read.runs.get(view.run_id).result_version_id


def _stored_base(
    server: ApiServices, caller: Caller, request: OptimizationRequest, head_name: str | None
) -> tuple[str | None, str | None, str | None]:
    """Return the stored schedule that a request is about, the version that it is based on, and the head it is for."""
    data = request.schedule_data
    schedule_id = data.metadata.schedule_id
    if schedule_id is None:
        if head_name is not None:
            raise _no_such_head(head_name)
        return None, None, None
    versions = server.of(caller).versions
    try:
        head = versions.head(schedule_id, head_name or LIVE)
    except TaktwerkError as error:
        if error.code is not ErrorCode.NOT_FOUND or head_name is not None:
            raise
        return None, None, None
    if data.version == head.id:
        return schedule_id, head.id, head_name or LIVE
    try:
        named = versions.show(data.version)
    except TaktwerkError as error:
        if error.code is not ErrorCode.NOT_FOUND:
            raise
        return schedule_id, head.id, head_name or LIVE
    if named.schedule_id != schedule_id:
        raise TaktwerkError(
            ErrorCode.NOT_FOUND,
            f"Version {data.version} belongs to another schedule.",
            {"version": data.version, "schedule": schedule_id},
        )
    return schedule_id, named.id, head_name or head_for(versions, schedule_id, named.id)


def _no_such_head(name: str) -> TaktwerkError:
    return TaktwerkError(
        ErrorCode.NOT_FOUND, f"There is no {name}: the request names no stored schedule.", {"head": name}
    )


def _estimated_start(server: ApiServices) -> str:
    """Return when a run that is queued now begins at the latest, as the time limits of those before it say."""
    views = server.progress.active()
    ahead = sum(max(0.0, view.time_limit_s - view.elapsed_s) for view in views)
    wait_s = ahead / server.max_running if len(views) >= server.max_running else 0.0
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=wait_s)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
