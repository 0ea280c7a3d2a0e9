"""Work off the interface's thread: run a function in the pool and get its result back as a queued call."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal, Slot

_log = logging.getLogger("taktwerk.ui")
_T = TypeVar("_T")


class _Task(QObject):
    """Lives in the interface's thread and receives the outcome there; its slots make the hop a queued one."""

    succeeded = Signal(object)
    failed = Signal(object)

    def __init__(self, done: Callable[[Any], None], on_error: Callable[[Exception], object] | None) -> None:
        super().__init__()
        self._done, self._on_error = done, on_error
        self.succeeded.connect(self._finish, Qt.ConnectionType.QueuedConnection)
        self.failed.connect(self._fail, Qt.ConnectionType.QueuedConnection)

    @Slot(object)
    def _finish(self, result: Any) -> None:
        _running.discard(self)
        self._done(result)

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        _running.discard(self)
        if self._on_error is None:
            raise error
        self._on_error(error)


class _Job(QRunnable):
    def __init__(self, work: Callable[[], Any], task: _Task) -> None:
        super().__init__()
        self._work, self._task = work, task

    def run(self) -> None:
        try:
            result = self._work()
        except Exception as error:  # handed to the caller, who shows it
            _log.debug("background work failed", exc_info=True)
            self._task.failed.emit(error)
        else:
            self._task.succeeded.emit(result)


_running: set[_Task] = set()
_MOST_AWAITED = 4


@cache
def _awaiting() -> QThreadPool:
    """The threads that only wait for other processes, so that saving and opening never wait for them."""
    pool = QThreadPool()
    pool.setMaxThreadCount(_MOST_AWAITED)
    return pool


def in_background(
    work: Callable[[], _T],
    done: Callable[[_T], None],
    failed: Callable[[Exception], object] | None = None,
    *,
    is_awaited: bool = False,
) -> None:
    """Run ``work`` in a pool thread, then ``done(result)`` or ``failed(error)`` in the calling (interface's) thread.

    ``work`` must not touch widgets; ``is_awaited`` says that it only waits for another process, perhaps for minutes.
    Without ``failed`` an error is raised in the interface's thread, where the application's hook shows it.
    """
    task = _Task(done, failed)
    _running.add(task)
    (_awaiting() if is_awaited else QThreadPool.globalInstance()).start(_Job(work, task))


def wait_for_background(timeout_ms: int = 5_000) -> bool:
    """Wait until no background work is running (at shutdown, in tests); false when some still is."""
    is_over = QThreadPool.globalInstance().waitForDone(timeout_ms)
    return _awaiting().waitForDone(timeout_ms) and is_over
