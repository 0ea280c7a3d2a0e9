"""What holds for every test: no display, and any unexpected warning, Qt warning or logged error is a failure."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator, Iterator

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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make captured output encodable: xdist cannot send a log line with a lone surrogate, and gives up altogether."""
    report = yield
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report
