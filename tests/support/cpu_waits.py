"""How long threads and children stood ready and had no processor: what a busy machine adds to a measured time.

Linux counts it for every thread (``/proc/PID/task/*/schedstat``, the second figure, in ns). Elsewhere it is 0.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path


class CpuWaits:
    """Samples, while a test looks on, how long the threads that do its work have waited for a processor so far.

    Parameters
    ----------
    counts
        Tells by its name whether a thread does it.
    with_children
        Whether the processes that these threads have started do it too.
    """

    def __init__(self, counts: Callable[[str], bool], *, with_children: bool = False) -> None:
        self._counts, self._with_children = counts, with_children
        self._waited_s: dict[str, float] = {}
        self._times: list[float] = []
        self._sums: list[float] = []

    def sample(self) -> None:
        """Note how it stands."""
        for thread in threading.enumerate():
            if thread.native_id is not None and self._counts(thread.name):
                task = f"/proc/self/task/{thread.native_id}"
                self._look_at(task)
                if self._with_children:
                    for pid in _words(f"{task}/children"):
                        self._look_at(f"/proc/{pid}")
        self._times.append(time.monotonic())
        self._sums.append(sum(self._waited_s.values()))

    def _look_at(self, place: str) -> None:
        figures = _words(f"{place}/schedstat")
        if len(figures) > 1:
            self._waited_s[place] = int(figures[1]) / 1e9

    def between(self, begin: float, end: float) -> float:
        """Return how long they waited between two moments, as far as samples tell; never longer than that took."""
        if not self._times:
            return 0.0
        first, last = (max(0, bisect_right(self._times, moment) - 1) for moment in (begin, end))
        return max(0.0, min(self._sums[last] - self._sums[first], end - begin))


def _words(path: str) -> list[str]:
    try:
        return Path(path).read_text().split()
    except OSError:
        return []
