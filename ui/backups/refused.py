"""What is offered when the database cannot be opened: a backup, a look without writing, or nothing but the reason."""

from __future__ import annotations

from pathlib import Path

from app.backups import list_backups, put_back
from engine.errors import TaktwerkError
from ui.backups.dialog import BackupsDialog
from ui.dialogs.error import ErrorDialog

_WHAT_NOW = "The file was left as it is. Taktwerk can open on another one with --database."


class RefusedDialog(ErrorDialog):
    """Shown instead of the window. ``choice`` is ``retry`` (restored), ``read`` or ``quit`` when it is closed."""

    def __init__(self, error: TaktwerkError, database: Path | None) -> None:
        super().__init__(error, None, heading="The database could not be opened", what_now=_WHAT_NOW)
        self.choice = "quit"
        self._database = database
        self.list: BackupsDialog | None = None
        if database is None:
            return
        self._backups = list_backups(database) if database.exists() else []
        if error.details.get("damaged"):
            self.add_action("Open for reading", self._read)
        if self._backups:
            self.add_action("Restore a backup…", self._choose)

    def _read(self) -> None:
        self.choice = "read"
        self.accept()

    def _choose(self) -> None:
        self.list = dialog = BackupsDialog(self._backups, self, can_make=False)
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
