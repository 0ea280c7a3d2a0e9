"""What holds for every test: no display, and any unexpected warning, Qt warning or logged error is a failure."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QTWEBENGINE_DISABLE_SANDBOX"] = "1"  # containers run the tests as root


@pytest.fixture(autouse=True)
def no_logged_errors(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test in which the program logged an error, unless it is marked ``logs_errors``."""
    yield
    if request.node.get_closest_marker("logs_errors"):
        return
    phases = ("setup", "call")
    errors = [r for phase in phases for r in caplog.get_records(phase) if r.levelno >= logging.ERROR]
    if errors:
        texts = "\n".join(f"{record.name}: {record.getMessage()}" for record in errors)
        pytest.fail(f"The program logged an error (mark the test logs_errors if that is expected):\n{texts}")
