"""The runs of a rerun with locks, as the interface sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.merge_rerun import Repaired, Rerun
from app.merging import MergeRow
from engine.errors import TaktwerkError
from engine.model import RunStatus
from ui.background import in_background
from ui.runs import RunFeed, RunService, RunView


class RerunRunner(QObject):
    """Runs, lets locks give where there is no plan otherwise, and tells what came of it.

    Parameters
    ----------
    runs
        Where runs are carried out.
    row, label
        The merge that the runs are for, and what they are called.
    """

    started = Signal(str)
    """The id of each run, before anything is heard of it."""
    progressed = Signal(object, int)
    """The newest view, and how many locks had to give."""
    done = Signal(object)
    """The ``Repaired`` merge."""
    failed = Signal(object)
    """Why there is none; ``None`` when it was cancelled."""

    def __init__(self, runs: RunService, row: MergeRow, label: str, parent: QObject) -> None:
        super().__init__(parent)
        self._runs, self._row, self._label = runs, row, label
        self._rerun: Rerun | None = None
        self._run_id = ""
        self._is_closed = False
        self._feed: RunFeed | None = None

    @property
    def is_running(self) -> bool:
        """Whether a run goes on."""
        return self._rerun is not None

    def start(self, prepare: Callable[[], Rerun]) -> None:
        """Begin; ``prepare`` makes the request in the background."""
        in_background(prepare, self._begin, self._end)

    def stop(self, keep: bool) -> None:
        """End the run, with its best plan or without."""
        if self._rerun is not None and self._run_id:
            (self._runs.stop(self._run_id, True) if keep else self._runs.cancel(self._run_id))

    def close(self) -> None:
        """Listen no more; a run that goes on is cancelled."""
        self.stop(False)
        self._rerun, self._is_closed = None, True
        self._unsubscribe()

    def _begin(self, rerun: Rerun) -> None:
        if self._is_closed:
            return
        self._rerun = rerun
        if self._feed is None:
            self._feed = RunFeed(self._runs, self)
            self._feed.updated.connect(self._on_updated)
            self._feed.finished.connect(self._on_finished)
        self._submit()

    def _submit(self) -> None:
        assert self._rerun is not None
        row = self._row
        try:
            self._run_id = self._runs.submit(
                self._rerun.request,
                schedule_id=row.schedule_id,
                base_version_id=row.head_version_id,
                label=self._label,
                head_name=row.head_name,
            )
        except TaktwerkError as error:
            self._end(error)
            return
        self.started.emit(self._run_id)

    def _on_updated(self, view: RunView) -> None:
        if self._rerun is not None and view.run_id == self._run_id and view.status is not RunStatus.FAILED:
            self.progressed.emit(view, len(self._rerun.given))

    def _on_finished(self, view: RunView) -> None:
        rerun = self._rerun
        if rerun is None or view.run_id != self._run_id:
            return
        if view.status is RunStatus.COMPLETED:
            runs, run_id = self._runs, self._run_id
            in_background(lambda: _repaired(runs, run_id, rerun), self._succeed, self._end)
        elif view.status is RunStatus.CANCELLED:
            self._end(None)
        else:
            self._try_again(rerun, view.error)

    def _try_again(self, rerun: Rerun, error: TaktwerkError | None) -> None:
        if error is None:
            self._end(None)
            return
        in_background(
            lambda: rerun.is_worth_trying_again(error),
            lambda again: self._submit() if again and self._rerun is rerun else self._end(error),
            self._end,
        )

    def _succeed(self, repaired: Repaired) -> None:
        if self._rerun is not None:
            self._rerun = None
            self._unsubscribe()
            self.done.emit(repaired)

    def _end(self, error: Any) -> None:
        self._rerun = None
        self._unsubscribe()
        if not self._is_closed:
            self.failed.emit(error)

    def _unsubscribe(self) -> None:
        feed, self._feed = self._feed, None
        if feed is not None:
            feed.close()
            feed.deleteLater()


def _repaired(runs: RunService, run_id: str, rerun: Rerun) -> Repaired:
    response = runs.result(run_id)
    if response.result is None:
        error = response.error
        raise RuntimeError("the run has no plan" if error is None else error.message)
    repaired = rerun.repaired(response.result)
    _ = repaired.violations
    return repaired
