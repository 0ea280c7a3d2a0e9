"""What runs on a machine of a Dask cluster: one solver process, its messages relayed to the program that asked.

Frames go through two queues of the cluster, one each way. They hold contract JSON as bytes and plain values, no
objects. A relay that does not hear from home for a while ends its solver: nobody is waiting for it any more.
"""

from __future__ import annotations

import queue
import threading
import time
import uuid
from collections.abc import Sequence
from typing import Any, Final

from app.worker_pipe import Arrival, WorkerPipe, worker_command
from engine.messages import BadMessage, encode

BEAT_S: Final = 0.5
"""How often each side says something at least."""
DESERTED_S: Final = 8.0
_EXIT_S: Final = 0.15

Frame = tuple[str, int, str, Any]
"""(attempt, number, kind, value) from the cluster. Kinds: begun (worker's address), said (bytes of a message), garbage
(what is wrong), memory (bytes), closed ((exit code, last words)), over."""
Order = tuple[str, str, bytes]
"""(attempt, kind, bytes) from home. Kinds: send, alive, end."""


def queue_names(run: str) -> tuple[str, str]:
    """Return the names of a run's queues: to the cluster, and home."""
    return f"taktwerk-{run}-down", f"taktwerk-{run}-up"


def relay(run: str, command: Sequence[str] | None) -> None:
    """Carry out a solver process for the run ``run``, in this thread; return when it is gone."""
    from distributed import Queue, get_worker

    down, up = (Queue(name) for name in queue_names(run))
    attempt = uuid.uuid4().hex[:12]
    said: queue.SimpleQueue[tuple[str, Any] | None] = queue.SimpleQueue()
    said.put(("begun", str(get_worker().address)))

    def arrive(arrival: Arrival) -> None:
        if arrival is None:
            said.put(("closed", None))
        elif isinstance(arrival, BadMessage):
            said.put(("garbage", str(arrival)))
        else:
            said.put(("said", encode(*arrival)))

    try:
        pipe = WorkerPipe(command or worker_command(), arrive, run)
    except OSError as error:
        up.put((attempt, 0, "garbage", f"the cluster cannot start it: {error}"))
        return
    teller = threading.Thread(target=_tell, args=(up, attempt, said, pipe), name="relay", daemon=True)
    teller.start()
    try:
        _obey(down, attempt, pipe, teller)
    finally:
        pipe.end()
        said.put(None)
        teller.join(BEAT_S * 4)


def _obey(down: Any, attempt: str, pipe: WorkerPipe, teller: threading.Thread) -> None:
    """Do what home wants until it wants the end, or is gone."""
    heard = time.monotonic()
    while teller.is_alive() and time.monotonic() - heard < DESERTED_S:
        try:
            wanted_of, kind, data = down.get(timeout=BEAT_S)
        except TimeoutError:
            continue
        heard = time.monotonic()
        if wanted_of not in (attempt, ""):
            continue  # meant for a worker that is gone
        if kind == "end":
            return
        if kind == "send":
            pipe.send(bytes(data))


def _tell(up: Any, attempt: str, said: queue.SimpleQueue[tuple[str, Any] | None], pipe: WorkerPipe) -> None:
    """Send home what the solver says, and how much memory it takes."""
    number = 0
    while True:
        try:
            frame = said.get(timeout=BEAT_S)
        except queue.Empty:
            frame = ("memory", pipe.resident_bytes())
        if frame is None:
            break
        kind, value = frame
        if kind == "closed":
            value = (pipe.exit_code(_EXIT_S), pipe.last_words())
        up.put((attempt, number, kind, value))
        number += 1
    up.put((attempt, number, "over", None))
