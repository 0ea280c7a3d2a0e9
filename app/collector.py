"""Python's garbage collector and long lists of models: keeping it out of the way of the user interface."""

from __future__ import annotations

import contextlib
import gc
import threading
import time
from collections.abc import Iterator
from typing import Any, Final

_FREED_AT_ONCE: Final = 250
_pauses = 0
_was_enabled = True
_pauses_lock = threading.Lock()


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """Keep Python's cyclic garbage collector off while a thread makes very many objects that live.

    It would run again and again over all schedules in memory and hold every other thread for 0.1 s each time, the
    user interface's too. What is made here has no cycles. Calls may overlap.
    """
    global _pauses, _was_enabled
    with _pauses_lock:
        _pauses += 1
        if _pauses == 1:
            _was_enabled = gc.isenabled()
            gc.disable()
    try:
        yield
    finally:
        with _pauses_lock:
            _pauses -= 1
            if _pauses == 0 and _was_enabled:
                gc.enable()


def settle_collector() -> None:
    """Keep the collector from ever looking through what is in memory now: large data that was just made and stays.

    Data that is dropped is freed as before, unless it refers to itself.
    """
    gc.freeze()


def free_slowly(items: list[Any]) -> None:
    """Drop many large objects that nobody else holds, a few at a time; ``items`` is empty then.

    To free the 10,000 operations of a plan at once holds every other thread for 50 ms, whichever thread does it.
    """
    while items:
        del items[-_FREED_AT_ONCE:]
        time.sleep(0)
