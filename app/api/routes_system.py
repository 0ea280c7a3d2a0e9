"""The server itself: health, figures, profiles, the check of the database."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from app import __version__
from app.api.answers import described, json_answer
from app.api.bodies import Health, ProfileList, Verified
from app.api.guards import Admin, Own, Reader, Server
from app.api.monitoring import CONTENT_TYPE
from engine.errors import TaktwerkError
from engine.model import RunStatus

_HEALTH: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": Health, "description": "The server works."},
    403: described(None)[403],
    503: {"model": Health, "description": "The database does not answer."},
}


def routes() -> APIRouter:
    """Return the routes of the server itself."""
    router = APIRouter(prefix="/api", tags=["server"])

    @router.get("/health", response_class=Response, operation_id="health", responses=_HEALTH)
    def health(server: Server) -> Response:
        """Say whether the server works. No token is needed."""
        try:
            with server.database.read() as read:
                read.algorithms.list()
        except TaktwerkError:
            return json_answer({"status": "degraded", "version": __version__}, 503)
        return json_answer({"status": "ok", "version": __version__})

    figures = described(None)
    figures[200] = {
        "description": "Prometheus' text format.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }

    @router.get("/metrics", response_class=Response, operation_id="metrics", responses=figures)
    def metrics(_: Reader, server: Server) -> Response:
        """Return the server's figures for Prometheus: requests, runs, gaps, streams, database size, memory."""
        views = server.progress.active()
        running = sum(view.status is RunStatus.RUNNING for view in views)
        text = server.monitor.text(len(views) - running, running)
        return Response(text, headers={"Content-Type": CONTENT_TYPE})

    @router.get("/profiles", response_class=Response, operation_id="listProfiles", responses=described(ProfileList))
    def profiles(_: Reader, server: Server) -> Response:
        """List the algorithms and the stored profiles."""
        with server.database.read() as read:
            algorithms, stored = read.algorithms.list(), read.profiles.list()
        return json_answer(
            {
                "algorithms": [{"id": a.id, "name": a.name, "description": a.description} for a in algorithms],
                "profiles": [
                    {
                        "id": p.id,
                        "algorithmId": p.algorithm_id,
                        "name": p.name,
                        "description": p.description,
                        "options": p.options,
                        "stock": p.stock,
                    }
                    for p in stored
                ],
            }
        )

    @router.get("/verify", response_class=Response, operation_id="verifyDatabase", responses=described(Verified))
    def verify(_: Admin, own: Own) -> Response:
        """Check every version in the database against its hash. For administrators; takes a while."""
        faults = [
            {"schedule": one.schedule_name, "versionId": one.version.id, "message": one.message}
            for one in own.versions.verify()
        ]
        return json_answer({"ok": not faults, "faults": faults})

    return router
