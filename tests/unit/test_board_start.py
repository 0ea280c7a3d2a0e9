"""How the board's page and the window begin: what is loaded at once, and what is imported beside."""

from __future__ import annotations

import importlib.util
import re
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from ui import board_view, early_board
from ui.early_board import REST

WEB = Path(__file__).resolve().parents[2] / "resources" / "web"


def test_the_page_asks_for_all_its_modules_at_once() -> None:
    """Else each waits for the one that imports it, and all for the interface's thread."""
    needed, waiting = set[str](), ["/main.js"]
    while waiting:
        name = waiting.pop()
        needed.add(name)
        if not name.startswith("/bryntum/"):
            found = re.findall(r'^import [^;]*? from "([^"]+)";', (WEB / name[1:]).read_text(), re.MULTILINE)
            waiting += {one.removeprefix(".") for one in found} - needed
    page = (WEB / "index.html").read_text()
    preloaded = re.findall(r'<link rel="modulepreload" href="([^"]+)" />', page)
    assert set(preloaded) == needed and len(preloaded) == len(needed)
    assert preloaded[0] == "/bryntum/schedulerpro.module.js", "the largest comes first"


def test_what_is_imported_beside_the_page_exists() -> None:
    assert not [name for name in REST if importlib.util.find_spec(name) is None]


class Board:
    """What is made first."""

    is_disposed = False

    def dispose(self) -> None:
        self.is_disposed = True


@pytest.fixture
def boards(qapp: Any, monkeypatch: pytest.MonkeyPatch) -> list[Board]:
    made: list[Board] = []
    monkeypatch.setattr(board_view, "BoardView", lambda: made.append(Board()) or made[-1])
    return made


def test_the_board_is_made_before_the_rest_is_imported(
    boards: list[Board], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "the_rest.py").write_text("import threading\nthread = threading.current_thread()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(early_board, "REST", ("the_rest",))
    assert early_board.early_board() is boards[0] and not boards[0].is_disposed
    assert sys.modules.pop("the_rest").thread is not threading.main_thread()


def test_what_cannot_be_imported_is_no_silent_end(boards: list[Board], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early_board, "REST", ("no_such_module",))
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        early_board.early_board()
    assert boards[0].is_disposed
