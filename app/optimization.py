"""The optimisation service: runs are submitted, wait for their turn, are followed, stopped, and remembered.

A run lives in memory while it goes on and in the database from the start, so that a crash of anything loses seconds of
it. Nothing here blocks its caller: serialising, storing, solving and checking happen on threads of the service.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

from app.certificates import certify_run
from app.collector import collector_paused
from app.logs import run_context
from app.profiles import with_profile
from app.ready_worker import ReadyWorker
from app.request_json import canonical_request
from app.run_archive import RunArchive, Submission
from app.run_events import Listener, RunEvents
from app.run_execution import Conclusion, RunExecution
from app.run_once import run_once
from app.run_progress import EventKind, RunEvent, RunProgress, RunView
from app.run_recorder import RunRecorder
from app.run_recovery import ends_left_behind
from app.run_spares import SpareFiles
from app.unstored_runs import End, UnstoredRuns, spared_plan
from app.worker_pipe import StartSolver
from engine.errors import ErrorCode, TaktwerkError
from engine.messages import FromSolver, Incumbent
from engine.model import OptimizationRequest, OptimizationResponse, RunStatus
from engine.run_states import is_terminal
from storage.database import Database

__all__ = ["OptimizationService", "RunEvent", "RunView", "run_once"]

_REMEMBERED: Final = 8
"""Ended runs kept in memory; older ones are read from the database."""
_LONG_AGO: Final = dt.datetime.min.replace(tzinfo=dt.UTC)

_log = logging.getLogger("taktwerk.optimization")


@dataclass
class _Run:
    id: str
    request: OptimizationRequest
    progress: RunProgress
    label: str
    schedule_id: str | None
    base_version_id: str | None
    user: str | None = None
    head_name: str | None = None
    request_json: bytes = b""
    encoding_s: float = 0.0
    execution: RunExecution | None = None
    conclusion: Conclusion | None = None

    @property
    def is_over(self) -> bool:
        return is_terminal(self.progress.status)


class OptimizationService:
    """Carries out optimisation runs, a bounded number at a time, in the order in which they were submitted.

    On creation, runs that a program which is gone left behind become failed (E007); their plans can be applied. Their
    ids are in ``recovered``. Ends that it could not store are stored then.

    Every method is safe to call from any thread.

    Parameters
    ----------
    store
        The database.
    max_running
        How many runs go on at once; the rest are queued.
    user
        Who optimises, by name.
    command
        How to start a solver process, by default the one that comes with the program, or what starts it elsewhere.
    ready
        Where a solver process may be had that waits already.
    """

    def __init__(
        self,
        store: Database,
        max_running: int = 1,
        user: str = "",
        command: Sequence[str] | StartSolver | None = None,
        ready: ReadyWorker | None = None,
    ) -> None:
        self._archive = RunArchive(store, user)
        self._command = command
        self._ready = ready
        self._lock = threading.Condition()
        self._runs: dict[str, _Run] = {}
        self._waiting: deque[_Run] = deque()
        self._is_closed = False
        self._events = RunEvents()
        self._spares = SpareFiles.of(store)
        self._unstored = UnstoredRuns(self._spares, self._store_end, self._on_stored)
        self.recovered = [] if store.is_read_only else self._recover()
        self._intake = ThreadPoolExecutor(1, "run-intake")
        self._writer = ThreadPoolExecutor(1, "run-writer")
        self._runners = [
            threading.Thread(target=self._carry_out_all, name=f"runner-{number}", daemon=True)
            for number in range(1, max_running + 1)
        ]
        for runner in self._runners:
            runner.start()
        for pool in (self._intake, self._writer):
            pool.submit(int)  # starts its thread: submitting shall not wait for that

    # what a planner does

    def submit(
        self,
        request: OptimizationRequest,
        *,
        schedule_id: str | None = None,
        base_version_id: str | None = None,
        label: str = "",
        user: str | None = None,
        head_name: str | None = None,
    ) -> str:
        """Queue a run and return its id. Everything heavy happens later, on a thread.

        Parameters
        ----------
        schedule_id, base_version_id
            The stored schedule and the version that the request's data are based on, if there are any.
        label
            How the planner calls the run.
        user
            Who asks for it, where that is not the service's own user.
        head_name
            The head of the schedule that it is made for, if it is for one.

        Raises
        ------
        TaktwerkError
            E012 when the request names a profile that does not exist.
        RuntimeError
            When the service is closed.
        """
        request = self._with_profile(request)
        run_id = str(uuid.uuid4())
        progress = RunProgress(run_id, request, label, schedule_id, base_version_id, head_name)
        run = _Run(run_id, request, progress, label, schedule_id, base_version_id, user, head_name)
        with collector_paused():
            with self._lock:
                if self._is_closed:
                    raise RuntimeError("the optimisation service is closed")
                self._runs[run_id] = run
            self._announce("queued", run)
            self._intake.submit(self._within, run, self._prepare)
        return run_id

    def stop(self, run_id: str, keep: bool = True) -> None:
        """End a run: with the best plan it has (then it is completed), or without (``keep`` false: cancelled).

        Returns at once. A run that waits, or has no plan yet, is cancelled. One that is over stays as it is.

        Raises
        ------
        TaktwerkError
            E012 when there is no such run.
        """
        with self._lock:
            run = self._runs.get(run_id)
            if run is None:
                is_cancelled = False
            elif run.execution is not None:
                run.execution.stop(keep)
                return
            else:
                is_cancelled = run.progress.finish(RunStatus.CANCELLED)
        if run is None:
            self._archive.cancel(run_id)  # another program's run: that one notices
        elif is_cancelled:
            self._writer.submit(self._within, run, self._store_cancelled)
            self._announce("finished", run)
            self._announce_waiting()

    def cancel(self, run_id: str) -> None:
        """End a run without keeping a plan (E012)."""
        self.stop(run_id, keep=False)

    # what anybody may ask

    def status(self, run_id: str) -> RunView:
        """Return how a run stands (E012 when there is none)."""
        run = self._remembered(run_id)
        return self._view(run) if run else self._archive.view(run_id)

    def user_of(self, run_id: str) -> str | None:
        """Return who asked for a run, ``None`` for the service's own user or when that was not told (E012)."""
        run = self._remembered(run_id)
        return run.user if run else self._archive.user_of(run_id)

    def history(self, schedule_id: str) -> list[RunView]:
        """Return the runs of a schedule, newest first; the curves of those long past are left out."""
        views = {view.run_id: view for view in self._archive.views(schedule_id)}
        with self._lock:
            present = [run for run in self._runs.values() if run.schedule_id == schedule_id]
        for run in present:
            stored = views.get(run.id)
            views[run.id] = replace(self._view(run), result_version_id=stored.result_version_id if stored else None)
        return sorted(views.values(), key=lambda view: view.queued_at or _LONG_AGO, reverse=True)

    def result(self, run_id: str) -> OptimizationResponse:
        """Return the contract's response for a run: its state, and its plan or error.

        A failed run carries the best plan that it had found, too. For a run that was interrupted that plan is checked
        now, which takes about 0.1 s for 1,000 operations.

        Raises
        ------
        TaktwerkError
            E012 when there is no such run, E008 when the database cannot be read, E007 when an interrupted run's plan
            does not pass the check.
        """
        run = self._remembered(run_id)
        if run is not None:
            view, result = self._view(run), run.conclusion.result if run.conclusion else None
            if view.unstored and result is not None:
                result = result.model_copy(update={"warnings": (*result.warnings, view.unstored)})
            return view.response(result)
        view = self._archive.view(run_id)
        has_plan = view.status in (RunStatus.COMPLETED, RunStatus.FAILED) and view.has_incumbent
        return view.response(self._archive.best(run_id) if has_plan else None)

    def request(self, run_id: str) -> OptimizationRequest:
        """Return what a run solves, for merging its result or running it again (E012, E008)."""
        run = self._remembered(run_id)
        return run.request if run else self._archive.request(run_id)

    def store_again(self, run_id: str) -> None:
        """Try now to store the end of a run that the database would not take (E008 when it still does not)."""
        self._unstored.retry(run_id)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with every event, in order, on a thread of the service; returns the way to stop that."""
        return self._events.subscribe(listener)

    def close(self, timeout_s: float = 5.0) -> None:
        """End all runs and threads. Runs that are not over become failed (E007); the plans they found stay.

        An end that still cannot be stored, and is in a file, is left for the next service on this database.
        """
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            for run in self._runs.values():
                if run.execution is not None:
                    run.execution.stop(keep=False)
            self._lock.notify_all()
        self._intake.shutdown(cancel_futures=True)
        for runner in self._runners:
            runner.join(timeout_s)
        self._writer.shutdown()
        self._unstored.close()
        going_on = [run for run in self._runs.values() if not run.is_over]
        left = {run.id for run in going_on if self._spares.read(run.id) is not None} | set(self._unstored.safe_ids())
        try:
            self._archive.fail_own(left)
        except TaktwerkError as error:
            _log.error("the end of the runs was not stored: %s", error)
        for run in going_on:
            run.progress.finish(RunStatus.FAILED, _closed())
            if run.id not in left:
                self._spares.drop(run.id)
        self._events.close()

    # from submission to turn

    def _with_profile(self, request: OptimizationRequest) -> OptimizationRequest:
        if request.profile_id is None:
            return request
        return with_profile(request, *self._archive.profile_options(request.profile_id))

    @staticmethod
    def _within(run: _Run, work: Callable[[_Run], None]) -> None:
        """Do something of a run on another thread, with the run's id on every line that is logged."""
        with run_context(run.id):
            work(run)

    def _prepare(self, run: _Run) -> None:
        """Make a run ready: its canonical JSON, its row in the database, its place in the queue."""
        try:
            begun = time.monotonic()
            run.request_json = canonical_request(run.request)
            run.encoding_s = time.monotonic() - begun
            self._archive.add(
                Submission(
                    run.id,
                    run.request,
                    run.request_json,
                    run.label,
                    run.schedule_id,
                    run.base_version_id,
                    run.user,
                    run.head_name,
                )
            )
        except TaktwerkError as error:
            self._conclude(run, Conclusion(RunStatus.FAILED, None, error), is_stored=False)
        except Exception as error:
            _log.exception("run %s could not be prepared", run.id)
            self._conclude(run, Conclusion(RunStatus.FAILED, None, _broken(error)), is_stored=False)
        else:
            with self._lock:
                if not run.is_over:
                    self._waiting.append(run)
                    self._lock.notify()
                    return
            self._store_cancelled(run)

    def _store_cancelled(self, run: _Run) -> None:
        try:
            self._archive.cancel(run.id)
        except TaktwerkError as error:
            # E012: the row is not there yet; _prepare comes here again when it is.
            if error.code is not ErrorCode.NOT_FOUND:
                _log.error("cancelling run %s was not stored: %s", run.id, error)
                self._unstored.keep(End(run.id, Conclusion(RunStatus.CANCELLED), 0.0, 0), error)

    # its turn

    def _carry_out_all(self) -> None:
        while (run := self._next()) is not None:
            with run_context(run.id):
                try:
                    self._carry_out(run)
                except TaktwerkError as error:
                    self._conclude(run, Conclusion(RunStatus.FAILED, None, error))
                except Exception as error:
                    _log.exception("run %s broke down", run.id)
                    self._conclude(run, Conclusion(RunStatus.FAILED, None, _broken(error)))

    def _next(self) -> _Run | None:
        with self._lock:
            while not self._waiting and not self._is_closed:
                self._lock.wait()
            return None if self._is_closed else self._waiting.popleft()

    def _carry_out(self, run: _Run) -> None:
        if run.is_over:
            return  # cancelled while it waited
        if not self._archive.start(run.id):
            self._conclude(run, Conclusion(RunStatus.CANCELLED))
            return
        recorder = RunRecorder(
            self._archive,
            self._writer,
            run.id,
            run.progress,
            on_lost=lambda: self.cancel(run.id),
            on_plan=lambda: self._announce("incumbent", run),
            on_refused=lambda seq, message, plan: self._spare(run, seq, message, plan),
            on_room=lambda: self._spares.empty(run.id),
        )

        def hear(message: FromSolver, payload: bytes) -> None:
            kind = run.progress.take(message)
            recorder.take(message, payload)
            if kind is not None and kind != "incumbent":
                self._announce(kind, run)

        execution = RunExecution(
            run.request, run.request_json, hear, self._command, run.id, run.encoding_s, self._ready
        )
        with self._lock:
            if self._is_closed or not run.progress.start():
                return
            run.execution = execution
        self._spares.reserve(run.id, len(run.request.schedule_data.snapshot.events))
        self._announce("started", run)
        self._announce_waiting()
        conclusion = execution.run(run.progress.check)
        recorder.close()
        self._conclude(run, conclusion, recorder.plans)

    def _conclude(self, run: _Run, conclusion: Conclusion, plans: int = 0, is_stored: bool = True) -> None:
        """Store the end of a run, then let everybody know."""
        if self._is_closed:
            return  # close() says how it ends
        certificate = certify_run(run.id, run.request, run.request_json, conclusion.checked)
        end = End(run.id, conclusion, self._view(run).percentage, plans + 1, certificate)
        try:
            if is_stored and not self._store_end(end):
                conclusion = Conclusion(RunStatus.CANCELLED)  # by another program
        except TaktwerkError as error:
            _log.error("the end of run %s was not stored: %s", run.id, error)
            self._unstored.keep(end, error)
        else:
            self._spares.drop(run.id)
        self._end(run, conclusion, has_plan=plans > 0)

    def _end(self, run: _Run, conclusion: Conclusion, has_plan: bool) -> None:
        """Let everybody know how a run ended."""
        result = conclusion.result
        run.conclusion = conclusion
        run.request_json = b""
        run.progress.finish(
            conclusion.status,
            conclusion.error,
            result.metrics if result else None,
            result.warnings if result else (),
            has_incumbent=result is not None or (conclusion.status is RunStatus.CANCELLED and has_plan),
        )
        run.execution = None
        _log.info("run %s is %s", run.id, conclusion.status.value)
        self._announce("finished", run)
        self._forget_old_runs()

    # what the database would not take

    def _store_end(self, end: End) -> bool:
        return self._archive.finish(end.run_id, end.conclusion, end.percentage, end.plans, end.certificate)

    def _on_stored(self, run_id: str) -> None:
        _log.info("the end of run %s is stored now", run_id)
        if (run := self._remembered(run_id)) is not None:
            self._announce("stored", run)

    def _spare(self, run: _Run, seq: int, message: Incumbent, plan: bytes) -> None:
        self._spares.write(run.id, spared_plan(seq, message, plan, run.progress.view().percentage))

    def _recover(self) -> list[str]:
        """Take up what programs that are gone left behind: ends in files, then runs that will never end."""
        try:
            for end, request in ends_left_behind(self._archive, self._spares):
                self._take_up(end, request)
            return self._archive.fail_orphans(self._unstored.ids())
        except TaktwerkError as error:
            _log.error("what earlier runs left behind could not be stored: %s", error)
            return []

    def _take_up(self, end: End, request: OptimizationRequest) -> None:
        view = self._archive.view(end.run_id)
        try:
            self._store_end(end)
        except TaktwerkError as error:
            progress = RunProgress(
                end.run_id, request, view.label, view.schedule_id, view.base_version_id, view.head_name
            )
            run = _Run(end.run_id, request, progress, view.label, view.schedule_id, view.base_version_id)
            run.user, run.head_name = self._archive.user_of(end.run_id), view.head_name
            progress.start()
            self._runs[run.id] = run
            self._unstored.keep(end, error)
            self._end(run, end.conclusion, has_plan=True)
        else:
            self._spares.drop(end.run_id)
            _log.info("the end of run %s is stored now", end.run_id)

    # memory and events

    def _remembered(self, run_id: str) -> _Run | None:
        with self._lock:
            return self._runs.get(run_id)

    def _forget_old_runs(self) -> None:
        with self._lock:
            kept = set(self._unstored.ids())
            over = [run.id for run in self._runs.values() if run.is_over and run.id not in kept]
            for run_id in over[:-_REMEMBERED]:
                del self._runs[run_id]

    def _view(self, run: _Run) -> RunView:
        view, words = run.progress.view(lambda: self._queue_position(run)), self._unstored.words(run.id)
        return view if words is None else replace(view, unstored=words, warnings=(*view.warnings, words))

    def _queue_position(self, run: _Run) -> int | None:
        with self._lock:
            queued = [other.id for other in self._runs.values() if other.progress.status is RunStatus.QUEUED]
        return queued.index(run.id) + 1 if run.id in queued else None

    def _announce(self, kind: EventKind, run: _Run) -> None:
        self._events.announce(RunEvent(kind, run.id, self._view(run)))

    def _announce_waiting(self) -> None:
        with self._lock:
            waiting = [run for run in self._runs.values() if run.progress.status is RunStatus.QUEUED]
        for run in waiting:
            self._announce("queued", run)


def _broken(error: Exception) -> TaktwerkError:
    return TaktwerkError(
        ErrorCode.INTERRUPTED,
        f"The run failed with an internal error ({type(error).__name__}: {error}). This is a fault of the program; its "
        "log has the details.",
    )


def _closed() -> TaktwerkError:
    return TaktwerkError(ErrorCode.INTERRUPTED, "Taktwerk was closed before this optimisation had ended.")
