"""Opening the database at the start of the workstation, with a way out when it is refused."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QProcess, Qt

from app.backups import put_back
from engine.errors import TaktwerkError
from ui.backups.refused import RefusedDialog
from ui.dialogs.error import ErrorDialog
from ui.widgets import button

if TYPE_CHECKING:
    from ui.main_window import MainWindow

_log = logging.getLogger("taktwerk.ui")
_D = TypeVar("_D")


def file_of(database: str) -> Path | None:
    """Return the file that a setting names, ``None`` for a server."""
    text = database.removeprefix("sqlite:///")
    return None if "://" in text else Path(text).expanduser().absolute()


def open_or_offer(
    database: str, open_it: Callable[[], _D], look_at: Callable[[Path], _D], ask: Callable[[RefusedDialog], object]
) -> _D | None:
    """Open the database; when it is refused, offer a backup or a look, and go by the answer.

    Parameters
    ----------
    open_it, look_at
        Open it as usual; open a damaged file for reading only.
    ask
        Shows the dialog until it is closed.

    Returns
    -------
    The open database, or ``None`` when the planner gives up.
    """
    path = file_of(database)
    while True:
        try:
            return open_it()
        except TaktwerkError as error:
            _log.error("the database was refused: %s", error)
            answer = _asked(error, path, ask)
        if answer == "read" and path is not None:
            try:
                return look_at(path)
            except TaktwerkError as error:
                answer = _asked(_without_look(error), path, ask)
        if answer != "retry":
            return None


def tell_read_only(window: MainWindow) -> None:
    """Say above the board, for as long as the window is open, that nothing can be saved."""
    restore = button("Restore a backup…", window.actions_table["file.restore"].trigger, role="link")
    window.area.standing.add_button(restore)
    window.area.standing.say(
        "bad",
        "The database is damaged and open for reading only. Plans can be looked at and exported; nothing is saved.",
    )


def restore_and_start_again(database: str, backup: Path) -> int:
    """Put a backup back now that everything is closed, and start the workstation again on it.

    When the backup cannot be restored, the reason is shown, the present file is as it was, and the workstation starts
    again all the same.
    """
    path = file_of(database)
    assert path is not None
    try:
        put_back(path, backup)
    except TaktwerkError as error:
        ErrorDialog(error, None, heading="The backup was not restored").exec()
    program = [] if getattr(sys, "frozen", False) else ["-m", "app"]
    QProcess.startDetached(sys.executable, [*program, "--database", database])
    return 0


def _asked(error: TaktwerkError, path: Path | None, ask: Callable[[RefusedDialog], object]) -> str:
    dialog = RefusedDialog(error, path)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    ask(dialog)
    choice = dialog.choice
    dialog.deleteLater()
    return choice


def _without_look(error: TaktwerkError) -> TaktwerkError:
    """The error of a look that has failed: it is not offered again."""
    message = f"What is left of the file cannot be read either. {error.message}"
    return TaktwerkError(error.code, message, {**error.details, "damaged": True, "unreadable": True})
