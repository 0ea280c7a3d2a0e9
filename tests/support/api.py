"""An API with its services, for tests: with a server on a free port, or without one."""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.api.application import make_application
from app.api.keys import signing_key
from app.api.server import ApiServer, Binding
from app.api.services import STATE_FILE, ApiLimits, ApiServices
from app.api.tokens import Tokens
from app.optimization import OptimizationService
from app.worker_pipe import StartSolver
from storage.api_state import ApiState
from storage.database import open_database

with warnings.catch_warnings():  # it would rather have a fork of httpx
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

HOST = "127.0.0.1:8737"


@dataclass
class Api:
    """The parts of an API under test."""

    services: ApiServices
    tokens: Tokens
    folder: Path

    def token(self, user: str = "anna", scope: str = "plan") -> str:
        return self.tokens.issue(user, scope)[0]

    def client(self, user: str | None = "anna", scope: str = "plan", **options: Any) -> TestClient:
        """A client without a server, with a token unless ``user`` is None."""
        headers = {} if user is None else {"Authorization": f"Bearer {self.token(user, scope)}"}
        app = make_application(self.services, lambda: {HOST})
        return TestClient(app, base_url=f"http://{HOST}", headers=headers, **options)


@contextlib.contextmanager
def an_api(
    folder: Path,
    command: Sequence[str] | StartSolver | None = None,
    limits: ApiLimits | None = None,
    address: str | None = None,
) -> Iterator[Api]:
    """Services on the database at ``address``, by default a file; ``command`` stands in for the solver."""
    database = open_database(address or folder / "api.db")
    state = ApiState(folder / "state" / STATE_FILE)
    tokens = Tokens(signing_key(folder / "state"), state)
    runs = OptimizationService(database, user="server", command=command)
    services = ApiServices(database, runs, state, tokens, limits)
    try:
        yield Api(services, tokens, folder)
    finally:
        services.close()
        runs.close()
        state.close()
        database.close()


@contextlib.contextmanager
def serving(api: Api, **binding: Any) -> Iterator[str]:
    """A real server on a free port; its address."""
    server = ApiServer(api.services, Binding(port=0, **binding))
    try:
        yield server.start()
    finally:
        server.stop()


def body_of(schedule: Any, **more: Any) -> bytes:
    """An optimisation request as sent: dispatch rules, which end by themselves at once."""
    return json.dumps(
        {"scheduleData": schedule, "algorithmId": 4, "options": {"timeLimit": 5, "workers": 1}, **more}
    ).encode()
