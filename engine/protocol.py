"""The first line between application and solver process, which must not wait for any import."""

from __future__ import annotations

import json
import os
import platform
from typing import Final

PROTOCOL_VERSION: Final = "3"
"""Of ``engine.messages``. Application and solver come together, so any difference is a broken installation."""


def hello_line() -> bytes:
    """Return the ``hello`` message of this process, as ``engine.messages`` reads it."""
    versions = {"protocol": PROTOCOL_VERSION, "python": platform.python_version()}
    return json.dumps({"type": "hello", "versions": versions, "pid": os.getpid()}).encode() + b"\n"
