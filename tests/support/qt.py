"""Help for tests that host the board: waiting, and running JavaScript in the page."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWebEngineCore import QWebEnginePage

NO_GPU = pytest.mark.qt_log_ignore(
    "QRhiGles2",
    "Failed to create RHI",
    "createPlatformVulkanInstance",
    "QVulkanInstance",
    "GBM is not supported",
    "GPUInfo not initialized",
)
"""For tests that host a page: a machine without graphics says so once."""

_STEP_MS = 5
_tokens = count()


def wait(condition: Callable[[], Any], timeout_s: float = 20.0) -> Any:
    """Run the event loop until ``condition`` is true and return its value; raises ``TimeoutError``."""
    end = time.monotonic() + timeout_s
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"still false after {timeout_s} s")
        pause(_STEP_MS)
    return value


def pause(milliseconds: int) -> None:
    """Run the event loop for a while."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def js(page: QWebEnginePage, code: str, timeout_s: float = 20.0) -> Any:
    """Return the value of a JavaScript expression, as JSON data."""
    box: list[Any] = []
    page.runJavaScript(f"JSON.stringify([({code})])", 0, box.append)
    wait(lambda: box, timeout_s)
    return json.loads(box[0])[0] if box[0] else None


def jsa(page: QWebEnginePage, body: str, timeout_s: float = 60.0) -> Any:
    """Return what the body of an async JavaScript function returns, as JSON data."""
    key = f"__answer{next(_tokens)}"
    page.runJavaScript(
        f"window.{key}=null;(async()=>{{{body}}})().then("
        f"v=>window.{key}=JSON.stringify({{v:v===undefined?null:v}}),"
        f"e=>window.{key}=JSON.stringify({{e:String(e&&e.stack||e)}}));0"
    )
    text = wait(lambda: js(page, f"window.{key}"), timeout_s)
    answer = json.loads(text)
    if "e" in answer:
        raise RuntimeError(answer["e"])
    return answer["v"]
