"""The most memory that a solver process held, as the operating system counted it."""

from __future__ import annotations

import contextlib
import re
import threading
from pathlib import Path
from types import TracebackType

import psutil

_LOOK_EVERY_S = 0.05
_PEAK = re.compile(rb"^VmHWM:\s+(\d+) kB", re.MULTILINE)


class PeakMemory:
    """Watches the child that this process starts within the ``with`` block; one at a time.

    ``peak_bytes`` is the greatest resident size. On Linux it is the kernel's own count, so that nothing between two
    looks is missed but the last 0.05 s; elsewhere it is the greatest size seen.
    """

    def __init__(self) -> None:
        self.peak_bytes = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory-watch", daemon=True)

    def __enter__(self) -> PeakMemory:
        self._before = {child.pid for child in psutil.Process().children()}
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        child: psutil.Process | None = None
        while not self._is_over.wait(_LOOK_EVERY_S):
            with contextlib.suppress(psutil.Error, OSError):
                child = child or self._new_child()
                if child is not None:
                    self.peak_bytes = max(self.peak_bytes, peak_bytes(child))

    def _new_child(self) -> psutil.Process | None:
        return next((child for child in psutil.Process().children() if child.pid not in self._before), None)


def peak_bytes(process: psutil.Process) -> int:
    """Return the greatest resident size of a living process so far, in bytes.

    Raises
    ------
    psutil.Error, OSError
        When it is gone.
    """
    status = Path(f"/proc/{process.pid}/status")
    if status.exists():
        found = _PEAK.search(status.read_bytes())
        if found:
            return int(found[1]) * 1024
    info = process.memory_info()
    return int(getattr(info, "peak_wset", info.rss))
