"""The HTTP API beside the window: the server of ``taktwerk serve``, on the window's own database and runs."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from app.api.server import ApiServer
    from app.api.tokens import Tokens
    from app.optimization import OptimizationService
    from storage.api_state import ApiState
    from storage.database import Database

DEFAULT_PORT: Final = 8737
SCOPES: Final = ("read", "plan", "admin")


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token that was just made: ``text`` is never shown again. ``expires_at`` in seconds since 1970."""

    text: str
    user: str
    scope: str
    expires_at: int


class LocalApi:
    """Switched on and off from the window; only programs on this machine are served. Any thread may use it.

    Parameters
    ----------
    database, runs
        The window's.
    database_at
        Path or URL of the database: tokens and their key are where ``taktwerk token`` has them, and hold for both.
    folder
        Where they are instead.
    user
        What tokens are made out to, if nothing else is said.
    max_running
        How many runs go on at once.
    """

    def __init__(
        self,
        database: Database,
        runs: OptimizationService,
        database_at: str,
        user: str = "",
        max_running: int = 1,
        *,
        folder: Path | None = None,
    ) -> None:
        self._database, self._runs, self._max_running = database, runs, max_running
        self._database_at, self._folder = database_at, folder
        self.user = user
        self._lock = threading.Lock()
        self._server: ApiServer | None = None
        self._opened = ExitStack()

    @property
    def address(self) -> str | None:
        """Where it answers, ``/api`` included; ``None`` while it is off."""
        server = self._server
        found = server.address if server is not None else None
        return None if found is None else f"{found}/api"

    def start(self, port: int = DEFAULT_PORT) -> str:
        """Switch it on and return the address; one that is on stays as it is.

        Raises
        ------
        TaktwerkError
            E008 when the port is taken or the tokens cannot be read.
        """
        from app.api.server import ApiServer, Binding  # the web framework takes a second to load
        from app.api.services import ApiServices

        with self._lock:
            if self._server is None:
                with ExitStack() as opening:
                    state, tokens = self._tokens(opening)
                    services = ApiServices(self._database, self._runs, state, tokens, max_running=self._max_running)
                    server = ApiServer(services, Binding(port=port))
                    opening.callback(server.stop)
                    server.start()
                    self._server, self._opened = server, opening.pop_all()
            return self.address or ""

    def stop(self) -> None:
        """Switch it off; requests that are being answered have a few seconds."""
        with self._lock:
            self._server = None
            self._opened.close()

    def issue(self, user: str, scope: str = "plan", days: float = 30) -> IssuedToken:
        """Make a token (E001 naming what is not valid, E008)."""
        with ExitStack() as opening:
            _, tokens = self._tokens(opening)
            text, row = tokens.issue(user, scope, days, "made in the window")
            return IssuedToken(text, row.user, scope, row.expires_at)

    def _tokens(self, opening: ExitStack) -> tuple[ApiState, Tokens]:
        from app.api.keys import signing_key, system_keyring
        from app.api.services import STATE_FILE, default_state_folder
        from app.api.tokens import Tokens
        from storage.api_state import ApiState

        folder = self._folder or default_state_folder(self._database_at)
        state = ApiState(folder / STATE_FILE)
        opening.callback(state.close)
        keyring = None if self._folder else system_keyring()
        return state, Tokens(signing_key(folder, keyring), state)
