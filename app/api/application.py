"""The application: routes, error handlers and the gate, around a set of services."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from app.api import description, errors, routes_runs, routes_schedules, routes_system, routes_versions
from app.api.gate import Gate
from app.api.services import ApiLimits, ApiServices


def make_application(services: ApiServices, hosts: Callable[[], Collection[str]]) -> ASGIApp:
    """Return the application.

    Parameters
    ----------
    services
        What it works with.
    hosts
        Returns the Host headers that it answers to, in lower case.
    """
    app = bare_application(services.limits)
    app.state.services = services
    return Gate(app, hosts, services.monitor)


def bare_application(limits: ApiLimits | None = None) -> FastAPI:
    """Return the routes without services behind them: enough to be described."""
    limits = limits or ApiLimits()
    app = FastAPI(
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        max_body_size=limits.max_body_bytes,
        redirect_slashes=False,
    )

    def described() -> dict[str, Any]:
        return description.describe(app)

    app.openapi = described  # type: ignore[method-assign]
    errors.install(app)
    app.include_router(routes_system.routes())
    app.include_router(routes_runs.routes())
    app.include_router(routes_schedules.routes())
    app.include_router(routes_versions.routes())
    return app
