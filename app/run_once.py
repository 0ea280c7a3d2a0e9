"""One optimisation without a database: what ``taktwerk optimize`` does."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Sequence

from app.request_json import canonical_request
from app.run_execution import RunExecution
from app.run_progress import EventKind, RunEvent, RunProgress
from engine.messages import FromSolver
from engine.model import OptimizationRequest, OptimizationResponse


def run_once(
    request: OptimizationRequest,
    on_event: Callable[[RunEvent], None] | None = None,
    stop_event: threading.Event | None = None,
    command: Sequence[str] | None = None,
) -> OptimizationResponse:
    """Optimise in a process of its own, as the service does, and wait for the result.

    Parameters
    ----------
    on_event
        Called with every event, in this thread. It must be quick: supervision waits for it.
    stop_event
        Ends the run with the best plan so far when it is set, from a signal handler for instance.
    command
        How to start the solver process; by default the one that comes with the program.

    Returns
    -------
    OptimizationResponse
        Completed with a checked plan, failed with a coded error (and the best plan that it had found), or cancelled
        when it was stopped before it had found one.
    """
    run_id = str(uuid.uuid4())
    progress = RunProgress(run_id, request)

    def tell(kind: EventKind) -> None:
        if on_event is not None:
            on_event(RunEvent(kind, run_id, progress.view()))

    def hear(message: FromSolver, _payload: bytes) -> None:
        kind = progress.take(message)
        if kind is not None:
            tell(kind)

    begun = time.monotonic()
    request_json = canonical_request(request)
    execution = RunExecution(request, request_json, hear, command, run_id, time.monotonic() - begun)
    progress.start()
    tell("started")
    with _watching(stop_event, execution):
        conclusion = execution.run(progress.check)
    result = conclusion.result
    progress.finish(
        conclusion.status,
        conclusion.error,
        result.metrics if result else None,
        result.warnings if result else (),
        has_incumbent=result is not None,
    )
    tell("finished")
    return progress.view().response(result)


class _watching:
    """Stops an execution when an event is set, until it is over."""

    def __init__(self, stop_event: threading.Event | None, execution: RunExecution) -> None:
        self._stop_event = stop_event
        self._execution = execution
        self._is_over = threading.Event()

    def __enter__(self) -> None:
        if self._stop_event is not None:
            threading.Thread(target=self._watch, args=(self._stop_event,), name="stop-watch", daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._is_over.set()

    def _watch(self, stop_event: threading.Event) -> None:
        while not self._is_over.is_set():
            if stop_event.wait(0.05):
                self._execution.stop(keep=True)
                return
