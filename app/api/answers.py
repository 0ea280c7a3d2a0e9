"""Answers as JSON, and how they are described."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel
from starlette.responses import Response

from app.api.bodies import ErrorBody
from app.api.errors import to_bytes
from app.run_progress import RunView
from app.versions import ScheduleSummary, VersionInfo

_MEANING: Final = {
    401: "E010: no token, or one that is not valid, has expired or was revoked.",
    403: "E010: the token's scope does not allow it, or the request comes from a web page or to another name.",
    404: "E012: there is no such thing, or it belongs to somebody else.",
    409: "E004: the head moved, or there are conflicts to decide (`details`); E002, E003, E007: the run has no plan.",
    413: "E006: the request is too large.",
    422: "E001, E009: what was sent is not valid; `details.faults` names every fault.",
    423: "E005: it is locked or put away.",
    429: "E011: too many; ask again after `Retry-After` seconds.",
    503: "E008: the database refuses.",
}


def json_answer(data: Any, status: int = 200, location: str | None = None) -> Response:
    """Return plain data as an answer."""
    headers = {"Location": location} if location else None
    return Response(to_bytes(data), status, headers, media_type="application/json")


def version_made(info: VersionInfo) -> Response:
    """Return a version that a request has made, and where it is."""
    return json_answer(info.to_json(), 201, f"/api/schedules/{info.schedule_id}/versions/{info.id}")


def described(model: type[BaseModel] | None, *errors: int, status: int = 200, text: str = "Done.") -> dict[Any, Any]:
    """Return the ``responses`` of a route: the good answer, and the errors that it can give."""
    good: dict[str, Any] = {"description": text}
    if model is not None:
        good["model"] = model
    if status in (201, 202):
        good["headers"] = {"Location": {"description": "Where it is.", "schema": {"type": "string"}}}
    found: dict[Any, Any] = {status: good}
    for code in sorted({401, 403, 413, 422, 503, *errors}):
        found[code] = {"description": _MEANING[code], "model": ErrorBody}
        if code == 429:
            found[code]["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
    return found


def sent(model: str, *, required: bool = True, example: Any = None) -> dict[str, Any]:
    """Return the ``openapi_extra`` of a route that reads its body itself."""
    content: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{model}"}}
    if example is not None:
        content["example"] = example
    return {"requestBody": {"required": required, "content": {"application/json": content}}}


def schedule_item(summary: ScheduleSummary) -> dict[str, Any]:
    """Return a schedule with its live version."""
    row = summary.schedule
    return {
        "id": row.id,
        "plantId": row.plant_id,
        "name": row.name,
        "createdAt": row.created_at.isoformat(),
        "head": summary.head.to_json(),
    }


def run_item(view: RunView) -> dict[str, Any]:
    """Return a run in a list."""
    data = {
        "runId": view.run_id,
        "status": view.status.value,
        "label": view.label,
        "algorithmId": view.algorithm_id,
        "profileId": view.profile_id,
        "queuedAt": view.queued_at and view.queued_at.isoformat(),
        "startedAt": view.started_at and view.started_at.isoformat(),
        "completedAt": view.completed_at and view.completed_at.isoformat(),
        "baseVersionId": view.base_version_id,
        "head": view.head_name,
        "resultVersionId": view.result_version_id,
        "objective": view.objective,
        "bound": view.bound,
        "gap": view.gap,
        "metrics": view.metrics and view.metrics.to_json(),
        "error": view.error and view.error.to_json(),
    }
    return {key: value for key, value in data.items() if value is not None}
