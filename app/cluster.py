"""Runs on a Dask cluster: a solver process on another machine, used like one of this machine.

What it answers is checked here, as always. Who can reach the cluster's scheduler can run programs on its machines: keep
it in a network of its own, or use TLS (``dask+tls://`` with Dask's own settings).
"""

from __future__ import annotations

import contextlib
import io
import logging
import queue
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final

from app.cluster_worker import BEAT_S, Frame, queue_names, relay
from app.worker_pipe import Arrival
from engine.errors import ErrorCode, TaktwerkError
from engine.messages import BadMessage, read_from_solver

SCHEMES: Final = {"dask": "tcp", "dask+tls": "tls"}
_CONNECT_S: Final = 10
LOST_S: Final = 5.0
"""A worker that says nothing for so long, ten beats, is taken for dead. One whose connection breaks is at once."""
_LAST_FRAMES_S: Final = 3.0
_CATCH_UP_S: Final = 0.2
_log = logging.getLogger("taktwerk.solver")


class Cluster:
    """A Dask cluster that solves. ``start`` is a way to start a solver, see ``app.optimization``.

    Parameters
    ----------
    url
        ``dask://host:port`` of the scheduler, or ``dask+tls://host:port``.
    command
        How the cluster's machines start a solver process; by default the one that comes with their Taktwerk.

    Raises
    ------
    TaktwerkError
        E001 when the address is not valid, E008 when there is no such cluster, or Dask is not installed.
    """

    def __init__(self, url: str, command: Sequence[str] | None = None) -> None:
        address = _address(url)
        try:
            from distributed import Client
        except ImportError:
            raise TaktwerkError(
                ErrorCode.STORAGE, "Dask is not installed. Install Taktwerk with its extra: taktwerk[dask]."
            ) from None
        self.url = url
        self._command = None if command is None else list(command)
        try:
            self._client: Any = Client(address, timeout=_CONNECT_S, set_as_default=False, name="taktwerk")
        except Exception as error:  # Dask raises its own, the system's and those of TLS
            raise TaktwerkError(
                ErrorCode.STORAGE, f"The cluster {url} cannot be reached: {error}.", {"executor": url}
            ) from error

    @property
    def workers(self) -> int:
        """How many workers it has now."""
        return len(self._client.scheduler_info(n_workers=-1)["workers"])

    def start(self, arrive: Callable[[Arrival], None], name: str) -> ClusterPipe:
        """Start a solver process somewhere in the cluster."""
        run = f"{name}-{uuid.uuid4().hex[:8]}"
        future = self._client.submit(relay, run, self._command, key=f"taktwerk-{run}", pure=False, retries=0)
        return ClusterPipe(self._client, future, run, arrive, name)

    def close(self) -> None:
        """Leave the cluster; solvers that still run there end."""
        self._client.close()


class ClusterPipe:
    """One solver process in the cluster, with the methods of ``app.worker_pipe.WorkerPipe``. None of them blocks."""

    def __init__(self, client: Any, future: Any, run: str, arrive: Callable[[Arrival], None], name: str) -> None:
        from distributed import Queue

        self._future = future
        self._arrive = arrive
        self._name = name
        self._down: Any
        self._up: Any
        self._down, self._up = (Queue(queue_name, client=client) for queue_name in queue_names(run))
        self._orders: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        self._attempt: str | None = None
        self._worker = ""
        self._next_number = 0
        self._has_spoken = False
        self._memory = 0
        self._exit_code: int | None = None
        self._last_words = ""
        self._lost: str | None = None
        self._has_begun, self._is_closed = threading.Event(), threading.Event()
        self._is_ending, self._is_over = threading.Event(), threading.Event()
        for target in (self._listen, self._command):
            threading.Thread(target=target, name=f"{name}-{target.__name__[1:]}", daemon=True).start()

    @property
    def lost(self) -> str | None:
        """What became of it when it did not end by itself."""
        return self._lost

    def send(self, data: bytes) -> None:
        """Write to the solver."""
        self._orders.put(("send", data))

    def resident_bytes(self) -> int:
        """Return its resident memory as it said last."""
        return self._memory

    def exit_code(self, timeout_s: float) -> int | None:
        """Return the exit code, ``None`` when that is not known after ``timeout_s``."""
        self._is_closed.wait(timeout_s)
        return self._exit_code

    def last_words(self) -> str:
        """Return the last lines of its standard error."""
        return self._last_words

    def read_to_end(self) -> None:
        """Wait a moment for what is still on its way."""
        self._is_over.wait(_CATCH_UP_S)

    def end(self, patience_s: float = 0.0) -> None:
        """Have it ended; the cluster sees to that."""
        self._is_closed.wait(patience_s)
        self._is_ending.set()
        self._orders.put(("end", b""))

    # from the cluster

    def _listen(self) -> None:
        heard, ended_at = time.monotonic(), 0.0
        try:
            while True:
                try:
                    frame = self._up.get(timeout=BEAT_S)
                except TimeoutError:
                    frame = None
                now = time.monotonic()
                if self._is_ending.is_set():
                    ended_at = ended_at or now
                    if now - ended_at > _LAST_FRAMES_S:
                        return
                if frame is not None:
                    heard = now
                    if self._take(tuple(frame)):
                        return
                elif self._is_gone(now - heard):
                    return
        except Exception as error:  # the cluster is gone: Dask's own errors, the system's, a loop that is closed
            self._lose(f"The cluster is not reached any more ({type(error).__name__}: {error}).")
        finally:
            self._is_over.set()
            self._tidy()

    def _take(self, frame: Frame) -> bool:
        """Take a frame; return whether it is the last."""
        attempt, number, kind, value = frame
        if self._attempt is None or (attempt != self._attempt and not self._has_spoken):
            self._attempt, self._next_number = attempt, 0
        elif attempt != self._attempt:  # Dask starts what a dead worker did anew: not with half a run behind it
            return self._lose(f"The cluster's worker {self._worker} was lost.")
        if number != self._next_number:
            return self._lose(f"Messages of the cluster's worker {self._worker} were lost.")
        self._next_number += 1
        if kind == "begun":
            self._worker = str(value)
            self._has_begun.set()
            _log.info("%s: solved by the cluster's worker %s", self._name, value, extra={"run_id": self._name})
        elif kind == "memory":
            self._memory = int(value)
        elif kind == "said":
            self._has_spoken = True
            self._tell(bytes(value))
        elif kind == "garbage":
            self._arrive(BadMessage(str(value)))
        elif kind == "closed":
            self._exit_code, self._last_words = value
            self._is_closed.set()
            self._arrive(None)
        return kind == "over"

    def _tell(self, data: bytes) -> None:
        try:
            self._arrive(read_from_solver(io.BytesIO(data)))
        except BadMessage as error:
            self._arrive(error)

    def _is_gone(self, silent_s: float) -> bool:
        if self._future.status == "error" and not self._is_ending.is_set():
            error = self._future.exception(timeout=BEAT_S)
            return self._lose(
                f"The cluster could not run the solver ({type(error).__name__}: {error}). The same Taktwerk must be "
                "installed on its machines."
            )
        if self._has_begun.is_set() and silent_s > LOST_S:
            return self._lose(f"The cluster's worker {self._worker} was lost.")
        return False

    def _lose(self, why: str) -> bool:
        if not self._is_closed.is_set() and not self._is_ending.is_set():
            self._lost = why
            self._is_closed.set()
            self._arrive(None)
        return True

    # to the cluster

    def _command(self) -> None:
        """Send orders; between two of them, signs of life."""
        while not self._has_begun.wait(BEAT_S) and not self._is_ending.is_set():
            pass
        with contextlib.suppress(Exception):  # what is wrong shows in _listen
            kind = ""
            while kind != "end":
                try:
                    kind, data = self._orders.get(timeout=BEAT_S * 4)
                except queue.Empty:
                    kind, data = "alive", b""
                self._down.put(("" if kind == "end" else self._attempt, kind, data))

    def _tidy(self) -> None:
        self._is_ending.wait()  # the queue for orders is still needed until then
        with contextlib.suppress(Exception):
            if self._has_begun.is_set():
                time.sleep(BEAT_S)  # the order to end is on its way
            if self._future.status == "pending":
                self._future.cancel()
            self._future.release()
            for one in (self._down, self._up):
                one.close()


def _address(url: str) -> str:
    scheme, _, place = url.partition("://")
    if scheme not in SCHEMES or ":" not in place:
        raise TaktwerkError(
            ErrorCode.INVALID_SCHEDULE,
            f"{url} is no executor. Write dask://host:port, or leave it out to solve on this PC.",
            {"executor": url},
        )
    return f"{SCHEMES[scheme]}://{place}"
