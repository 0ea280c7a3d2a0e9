"""Writes down what a run tells while it goes on, without holding the run up."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Final

from app.run_archive import RunArchive
from app.run_progress import Point, RunProgress
from engine.errors import TaktwerkError
from engine.messages import Bound, FromSolver, Incumbent

_EVERY_S: Final = 1.0
_log = logging.getLogger("taktwerk.optimization")


class RunRecorder:
    """Stores plans as they come, and progress about once a second, on a writing thread.

    What comes while a transaction is under way goes into the next one together; of several plans then only the best.
    A database that refuses is logged: the run goes on, and its result is stored at its end.

    Parameters
    ----------
    archive, writer
        The database, and the thread that writes to it.
    progress
        The run.
    on_lost
        Called when the database says that the run is over: another program has cancelled it.
    on_plan
        Called when a plan has been written (or the database has refused it): only what a crash cannot take is told.
    on_refused, on_room
        Called with the number, the message and the plan that the database has refused; when it took a later one.
    """

    def __init__(
        self,
        archive: RunArchive,
        writer: Executor,
        run_id: str,
        progress: RunProgress,
        on_lost: Callable[[], None],
        on_plan: Callable[[], None],
        on_refused: Callable[[int, Incumbent, bytes], None] = lambda *_: None,
        on_room: Callable[[], None] = lambda: None,
    ) -> None:
        self._archive = archive
        self._writer = writer
        self._run_id = run_id
        self._progress = progress
        self._on_lost = on_lost
        self._on_plan = on_plan
        self._on_refused, self._on_room = on_refused, on_room
        self._is_refused = False
        self._lock = threading.Lock()
        self._points: list[Point] = []
        self._plan: tuple[Incumbent, bytes] | None = None
        self._job: Future[None] | None = None
        self._last_written = time.monotonic()
        self.plans = 0
        """How many plans have been numbered so far."""

    def take(self, message: FromSolver, payload: bytes) -> None:
        """Take a message in, after the progress has; returns at once."""
        with self._lock:
            if isinstance(message, Incumbent):
                self._plan = (message, payload)
            if isinstance(message, Incumbent | Bound) and (point := self._progress.last_point) is not None:
                self._points.append(point)
            is_due = self._plan is not None or time.monotonic() - self._last_written >= _EVERY_S
            if is_due and self._job is None:
                self._job = self._writer.submit(self._write)

    def close(self) -> None:
        """Wait until what was taken in is written."""
        while True:
            with self._lock:
                job = self._job
            if job is None:
                return
            job.result()

    def _write(self) -> None:
        with self._lock:
            points, self._points = self._points, []
            plan, self._plan = self._plan, None
            if plan is not None:
                self.plans += 1
        view = self._progress.view()
        numbered = None if plan is None else (self.plans, *plan)
        try:
            if not self._archive.note(self._run_id, view.percentage, view.step, points, numbered):
                self._on_lost()
            elif numbered is not None and self._is_refused:
                self._is_refused = False
                self._on_room()
        except TaktwerkError as error:
            _log.warning("%s: progress was not stored: %s", self._run_id, error)
            if numbered is not None:
                self._is_refused = True
                self._on_refused(*numbered)
        finally:
            if plan is not None:
                self._on_plan()
            with self._lock:
                self._last_written = time.monotonic()
                self._job = None if self._plan is None else self._writer.submit(self._write)
