"""Telling everybody who listens what happens to runs, in order, without anybody's slowness holding a run up."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from app.run_progress import RunEvent

Listener = Callable[[RunEvent], None]

_log = logging.getLogger("taktwerk.optimization")


class RunEvents:
    """Listeners, and the one thread on which they are called."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []
        self._thread = ThreadPoolExecutor(1, "run-events")
        self._thread.submit(int)  # starts it

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with every event from now on; returns the way to stop that."""
        with self._lock:
            self._listeners.append(listener)

        def leave() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return leave

    def announce(self, event: RunEvent) -> None:
        """Have everybody told; returns at once. Nobody is told after :meth:`close`."""
        try:
            self._thread.submit(self._tell, event)
        except RuntimeError:
            _log.debug("run %s: nobody listens to %s any more", event.run_id, event.kind)

    def close(self) -> None:
        """Wait until all that was announced is told."""
        self._thread.shutdown()

    def _tell(self, event: RunEvent) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            try:
                listener(event)
            except Exception:
                _log.exception("a listener failed on %s of run %s", event.kind, event.run_id)
