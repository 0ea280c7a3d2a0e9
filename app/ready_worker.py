"""A solver process that waits, so that a run need not wait for Python, its modules and its compiled kernels."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final

from app.worker_pipe import Arrival, WorkerPipe, worker_command

QUIET_S: Final = 3.0
"""How long the program is left alone before a process is started that nobody asked for."""
_END_S: Final = 0.5

_log = logging.getLogger("taktwerk.solver")


class ReadyWorker:
    """Keeps one solver process started and loaded until somebody takes it; then, in a quiet moment, the next.

    Costs the memory of an idle process, some 250 MB. Every method is safe to call from any thread.

    Parameters
    ----------
    command
        How to start it; ``worker_command()`` by default.
    quiet_s
        How long to wait before one is started.
    """

    def __init__(self, command: Sequence[str] | None = None, quiet_s: float = QUIET_S) -> None:
        self._command = list(command or worker_command())
        self._quiet_s = quiet_s
        self._lock = threading.Lock()
        self._pipe: WorkerPipe | None = None
        self._is_wanted = threading.Event()
        self._is_closed = threading.Event()
        self._is_wanted.set()
        # Of its own, because Linux ends a worker together with the thread that started it.
        self._thread = threading.Thread(target=self._keep, name="ready-worker", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """The process that waits, if there is one."""
        with self._lock:
            return self._pipe.pid if self._pipe else None

    def take(self, arrive: Callable[[Arrival], None], name: str) -> WorkerPipe | None:
        """Return the process that waits, which is the caller's from now on; ``None`` when there is none.

        What it has said is passed to ``arrive`` first.
        """
        with self._lock:
            pipe, self._pipe = self._pipe, None
        if pipe is None or self._is_closed.is_set():
            return None
        if pipe.exit_code(0.0) is not None:
            self._is_wanted.set()
            return None
        pipe.listen(arrive, name)
        return pipe

    def refill(self) -> None:
        """Start another one soon; to be called when a run has ended."""
        self._is_wanted.set()

    def close(self) -> None:
        """End the process that waits; none is started any more."""
        self._is_closed.set()
        self._is_wanted.set()
        self._thread.join(_END_S)
        with self._lock:
            pipe, self._pipe = self._pipe, None
        if pipe is not None:
            pipe.end()

    def _keep(self) -> None:
        while self._is_wanted.wait() and not self._is_closed.wait(self._quiet_s):
            self._is_wanted.clear()
            with self._lock:
                if self._pipe is not None and self._pipe.exit_code(0.0) is None:
                    continue
            try:
                pipe = WorkerPipe(self._command, None, "ready")
            except OSError as error:
                _log.warning("no solver process could be started in advance: %s", error)
                continue
            with self._lock:
                self._pipe = pipe
        self._is_closed.wait()  # the process lives as long as this thread
