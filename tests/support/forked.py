"""A child that is forked from the warm test process, and killed: hundreds of kills take a minute."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable

import pytest

NEEDS_FORK = (
    pytest.mark.skipif(sys.platform == "win32", reason="needs fork"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
)


def killed(work: Callable[[int], None], after_s: float) -> bytes:
    """Fork a child that works, kill it after a time, and return what it wrote into the file number that it got."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(told)
            work(tell)
        finally:
            os._exit(0)
    os.close(tell)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(told, "rb") as pipe:
        return pipe.read()
