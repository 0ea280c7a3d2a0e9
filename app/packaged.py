"""What a packaged program knows of itself: its other programs, and whether it is for evaluation only.

``build.spec`` makes the folder; ``docs/packaging.md`` says what is in it.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Final

WORKSTATION: Final = "taktwerk-workstation"
COMMAND_LINE: Final = "taktwerk"
SOLVER: Final = "taktwerk-solver"
BUILD_FILE: Final = "build.json"


def is_packaged() -> bool:
    """Return whether this is the packaged program and no checkout."""
    return bool(getattr(sys, "frozen", False))


def program(name: str) -> str:
    """Return the path of a program of the packaged folder."""
    own = Path(sys.executable)
    return str(own.with_name(name + own.suffix))


@cache
def is_evaluation() -> bool:
    """Return whether the program was built with the board's trial package, which is for evaluation only."""
    folder = getattr(sys, "_MEIPASS", None)
    if not is_packaged() or folder is None:
        return False
    try:
        return bool(json.loads(Path(folder, BUILD_FILE).read_text(encoding="utf-8")).get("evaluation", True))
    except (OSError, ValueError):
        return True  # a folder that was tampered with is no release


def program_title() -> str:
    """Return the program's name as windows show it."""
    return "Taktwerk (evaluation)" if is_evaluation() else "Taktwerk"
