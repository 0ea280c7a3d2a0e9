"""What the API's routes work with: the services that the other doors use, one set for each user who asks."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.api.monitoring import Monitor
from app.api.progress import ProgressBook
from app.api.throttle import Throttle
from app.api.tokens import Caller, Tokens
from app.arrivals import Arrivals
from app.merging import MergeService
from app.optimization import OptimizationService
from app.versions import VersionService
from storage.api_state import ApiState
from storage.database import Database

_REMEMBERED_USERS: Final = 32
STATE_FILE: Final = "state.db"


@dataclass(frozen=True)
class UserServices:
    """The services in one user's name."""

    versions: VersionService
    merges: MergeService
    arrivals: Arrivals


@dataclass(frozen=True)
class ApiLimits:
    """How much is let in.

    Attributes
    ----------
    optimizations_per_minute
        Of one user; above: 429.
    max_body_bytes
        Of one request; above: 413, before anything is parsed.
    answers_kept_s
        How long answers to requests with an idempotency key are remembered.
    max_streams
        Progress streams at a time; above: 429.
    """

    optimizations_per_minute: int = 10
    max_body_bytes: int = 64 * 1024 * 1024
    answers_kept_s: int = 24 * 3600
    max_streams: int = 200


class ApiServices:
    """Everything a server needs. It owns none of it but the progress book: ``close`` ends that.

    Parameters
    ----------
    database, runs
        Shared with the window, if there is one.
    state, tokens
        What the API remembers; who may ask.
    """

    def __init__(
        self,
        database: Database,
        runs: OptimizationService,
        state: ApiState,
        tokens: Tokens,
        limits: ApiLimits | None = None,
        max_running: int = 1,
    ) -> None:
        self.database = database
        self.runs = runs
        self.state = state
        self.tokens = tokens
        self.limits = limits or ApiLimits()
        self.max_running = max_running
        self.throttle = Throttle(self.limits.optimizations_per_minute)
        self.monitor = Monitor(database)
        self.progress = ProgressBook(runs, self.monitor)
        self._users: OrderedDict[str, UserServices] = OrderedDict()
        self._streams = 0
        self._lock = threading.Lock()

    def of(self, caller: Caller) -> UserServices:
        """Return the services in the name of a caller."""
        with self._lock:
            found = self._users.pop(caller.user, None)
            if found is None:
                versions = VersionService(self.database, caller.user)
                merges = MergeService(self.database, versions, caller.user)
                found = UserServices(versions, merges, Arrivals(self.database, versions, caller.user))
            self._users[caller.user] = found
            while len(self._users) > _REMEMBERED_USERS:
                self._users.popitem(last=False)
            return found

    def stream_begins(self) -> bool:
        """Count a progress stream; ``False`` when there are too many."""
        with self._lock:
            if self._streams >= self.limits.max_streams:
                return False
            self._streams += 1
            return True

    def stream_ended(self) -> None:
        """A progress stream is over."""
        with self._lock:
            self._streams -= 1

    def open(self) -> None:
        """Listen to the runs again after ``close``, for a server that is started anew."""
        if self.progress.is_closed:
            self.progress = ProgressBook(self.runs, self.monitor)

    def close(self) -> None:
        """Stop listening to the runs."""
        self.progress.close()


def default_state_folder(database: str) -> Path:
    """Return where the API's key and tokens are: beside a database file, else in the user's data folder."""
    if "://" not in database:
        return Path(database).expanduser().absolute().parent / "api"
    import platformdirs

    return platformdirs.user_data_path("taktwerk", appauthor=False) / "api"
