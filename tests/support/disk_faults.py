"""A shim between a process and the C library that kills it, or refuses room, at the n-th write below a folder.

The source is ``disk_faults.c``; it is compiled when a test needs it. SQLite, Python and every library write through it,
so that a test can sweep over each single write of an operation.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("disk_faults.c")
COMPILER = shutil.which("cc") or shutil.which("gcc")
needs_shim = pytest.mark.skipif(
    not sys.platform.startswith("linux") or COMPILER is None, reason="needs Linux and a C compiler"
)

COUNT, KILL, KILL_HALF, FULL_ONCE, FULL = range(5)
"""Only count; die before the n-th write; die with half of it written; refuse the n-th; refuse it and all later ones."""


def compiled(folder: Path) -> Path:
    """Compile the shim into a folder and return it."""
    assert COMPILER is not None
    library = folder / "disk_faults.so"
    subprocess.run([COMPILER, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"], check=True)
    return library


def environment(library: Path) -> dict[str, str]:
    """Return the environment in which a child has the shim."""
    return {**os.environ, "LD_PRELOAD": str(library)}


def arm(folder: Path, at: int, how: int) -> None:
    """Begin to count writes below a folder, with a fault at the ``at``-th (0: none)."""
    _library().disk_faults_arm(str(folder).encode(), ctypes.c_long(at), ctypes.c_int(how))


def disarm() -> int:
    """End it and return how many writes there were."""
    library = _library()
    library.disk_faults_disarm()
    library.disk_faults_seen.restype = ctypes.c_long
    return int(library.disk_faults_seen())


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None)
