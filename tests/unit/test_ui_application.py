"""One workstation a database, and errors that nobody caught."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QtMsgType
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.errors import ErrorCode, TaktwerkError
from ui.application import ErrorReporter, _on_qt_message, lock_database
from ui.dialogs.error import ErrorDialog


@pytest.fixture
def reporter(qtbot: QtBot) -> Iterator[ErrorReporter]:
    for left_by_another_test in shown():
        left_by_another_test.close()
    made = ErrorReporter()
    yield made
    made.uninstall()
    for dialog in shown():
        dialog.close()


def shown() -> list[ErrorDialog]:
    return [w for w in QApplication.topLevelWidgets() if isinstance(w, ErrorDialog) and w.isVisible()]


def test_a_database_is_locked_once(tmp_path: Path) -> None:
    first = lock_database("/data/plans.db", tmp_path)
    assert first is not None
    assert lock_database("/data/plans.db", tmp_path) is None
    other = lock_database("/data/other.db", tmp_path)
    assert other is not None
    first.unlock()
    assert lock_database("/data/plans.db", tmp_path) is not None


def test_the_lock_of_a_killed_workstation_is_taken_over(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from ui.application import lock_database;"
        "lock = lock_database('/data/plans.db', Path(sys.argv[1])); print('held', flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    root = Path(__file__).resolve().parents[2]
    child = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=root, capture_output=True, text=True, timeout=60, check=False
    )
    assert child.stdout == "held\n"
    assert list(tmp_path.glob("*.lock"))
    assert lock_database("/data/plans.db", tmp_path) is not None


@pytest.mark.logs_errors
def test_an_uncaught_error_is_logged_and_shown_once(
    reporter: ErrorReporter, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        reporter._on_exception(ValueError, ValueError("bad luck"), None)
    qtbot.waitUntil(lambda: len(shown()) == 1, timeout=3000)
    assert "bad luck" in shown()[0].as_text()
    assert "unexpected error" in caplog.text


@pytest.mark.logs_errors
def test_a_coded_error_of_a_thread_reaches_the_planner(reporter: ErrorReporter, qtbot: QtBot) -> None:
    reporter.install()
    error = TaktwerkError(ErrorCode.STORAGE, "The disk is full.")

    def fail() -> None:
        raise error

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len(shown()) == 1, timeout=3000)
    assert shown()[0].as_text() == "E008: The disk is full."


def test_messages_of_qt_are_logged_and_harmless_ones_quiet(caplog: pytest.LogCaptureFixture) -> None:
    class Context:
        category = "default"

    caplog.set_level(logging.DEBUG, logger="taktwerk.qt")
    _on_qt_message(QtMsgType.QtWarningMsg, Context(), "QPainter: odd")  # type: ignore[arg-type]
    _on_qt_message(QtMsgType.QtWarningMsg, Context(), "This plugin does not support propagateSizeHints()")  # type: ignore[arg-type]
    assert [(r.levelname, r.getMessage()[:8]) for r in caplog.records] == [
        ("WARNING", "QPainter"),
        ("DEBUG", "This plu"),
    ]
