"""What is offered when the database cannot be opened: a backup, a look without writing, or nothing but the reason."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from app.backups import ListedBackup, list_backups, put_back
from engine.errors import TaktwerkError
from ui import text
from ui.backups.dialog import BackupsDialog
from ui.dialogs.error import ErrorDialog
from ui.theme import set_role

_SAID = ("damaged", "unreadable", "path")
"""Details that the dialog says by what it offers, and in its message."""
_READ = "Open for reading shows what is left; nothing can be saved then."
_RESTORE = "Restore a backup: the newest good one is of {at}, with {versions}. The present file is put aside first."
_NO_BACKUP = "There is no good backup in the folder “backups” beside it. A copy of your own can be put in its place."
_NOTHING = "Taktwerk starts on another file with --database."


class RefusedDialog(ErrorDialog):
    """Shown instead of the window. ``choice`` is ``retry`` (restored), ``read`` or ``quit`` when it is closed."""

    most_open = 0

    def __init__(self, error: TaktwerkError, database: Path | None) -> None:
        is_damaged = bool(error.details.get("damaged"))
        can_read = database is not None and is_damaged and not error.details.get("unreadable")
        backups = list_backups(database) if database is not None and database.exists() else []
        shown = {key: value for key, value in error.details.items() if key not in _SAID}
        super().__init__(
            TaktwerkError(error.code, error.message, shown),
            None,
            heading="The database could not be opened",
            what_now=_what_now(backups, can_read) if is_damaged else _NOTHING,
        )
        self.choice = "quit"
        self._database, self._backups = database, backups
        self.list: BackupsDialog | None = None
        if can_read:
            self.add_action("Open for reading", self._read)
        if backups:
            restore = self.add_action("Restore a backup…", self._choose, role="primary" if is_damaged else "")
            if is_damaged:
                set_role(self.close_button, "")
                self.close_button.setDefault(False)
                restore.setFocus()

    def _read(self) -> None:
        self.choice = "read"
        self.accept()

    def _choose(self) -> None:
        self.list = dialog = BackupsDialog(self._backups, self, can_make=False, zone=_zone())
        dialog.restore_chosen.connect(self._restore)
        dialog.open()

    def _restore(self, backup: Path) -> None:
        assert self._database is not None
        try:
            put_back(self._database, backup)
        except TaktwerkError as error:
            ErrorDialog(error, self, heading="The backup was not restored").open()
            return
        self.choice = "retry"
        self.accept()


def _zone() -> dt.tzinfo:
    """This computer's: no plan is open that has one."""
    return dt.datetime.now().astimezone().tzinfo or dt.UTC


def _what_now(backups: list[ListedBackup], can_read: bool) -> str:
    good = next((one for one in backups if not one.contents.problem), None)
    words = _NO_BACKUP
    if good is not None:
        at = text.instant(good.backup.taken_at, _zone(), year=True)
        words = _RESTORE.format(at=at, versions=text.count(good.contents.versions, "version"))
    return f"{words} {_READ}" if can_read else words
