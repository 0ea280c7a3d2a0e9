"""What a benchmark ran on: enough to compare two results, nothing that names the machine or its owner."""

from __future__ import annotations

import os
import platform
import re
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from app import __version__

_SOLVER_PACKAGES = ("ortools", "numba", "numpy")


def describe() -> dict[str, Any]:
    """Return processor, cores, memory in GiB, system, Python, and versions of this program and its solver."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "memoryGiB": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {"taktwerk": __version__, **{name: _version(name) for name in _SOLVER_PACKAGES}},
    }


class OtherLoad:
    """Measures, within a ``with`` block, how many cores processes that are none of ours kept busy.

    ``cores`` is the mean; it stays ``None`` where the system does not count the time of ended children (Windows). A
    measurement on a machine that others use shows so.
    """

    def __init__(self) -> None:
        self.cores: float | None = None

    def __enter__(self) -> OtherLoad:
        self._begun = (time.monotonic(), _busy_s(), _own_s())
        return self

    def __exit__(self, *_: object) -> None:
        began_at, busy_s, own_s = self._begun
        wall_s = time.monotonic() - began_at
        if sys.platform != "win32" and wall_s > 0:
            others_s = (_busy_s() - busy_s) - (_own_s() - own_s)
            self.cores = round(max(0.0, others_s / wall_s), 2)


def _busy_s() -> float:
    """Return for how long all cores have been busy since the machine started."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)


def _own_s() -> float:
    times = psutil.Process().cpu_times()
    return times.user + times.system + times.children_user + times.children_system


def _processor() -> str:
    """Return the processor's name; ``platform`` has none on Linux."""
    if sys.platform == "linux":
        try:
            found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        except OSError:
            found = None
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
