"""The board's page loads while the rest of the program is imported: the browser works in processes of its own."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEventLoop, QThread

if TYPE_CHECKING:
    from ui.board_view import BoardView

REST: Final = (
    *("storage.database", "app.board", "app.session", "app.versions", "app.merging", "app.optimization"),
    *("app.backups", "app.diagnostics", "app.local_api", "app.robustness", "app.ready_worker", "app.sample"),
    *("ui.backups.opening", "ui.main_window", "ui.window_memory"),
)
"""What ``app.__main__`` and the board need next."""


class _Rest(QThread):
    """Imports in a thread of its own, so that the interface's thread is free for what the page asks."""

    error: BaseException | None = None

    def run(self) -> None:
        """Import; an error is kept for whoever waits."""
        try:
            for name in REST:
                importlib.import_module(name)
        except BaseException as error:
            self.error = error


def early_board() -> BoardView:
    """Return the main board, whose page has begun to load, when the rest of the program is imported."""
    from ui.board_view import BoardView

    board = BoardView()
    rest, waiting = _Rest(), QEventLoop()
    rest.finished.connect(waiting.quit)
    rest.start()
    waiting.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
    rest.wait()
    if rest.error is not None:
        board.dispose()
        raise rest.error
    return board
