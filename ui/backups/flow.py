"""Backing up every half hour, and restoring from the menu."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from app.backups import EVERY_S, Backup, BackupService, ListedBackup
from ui.actions import Actions
from ui.background import in_background
from ui.backups.dialog import BackupsDialog
from ui.workbench import Workbench


class BackupFlow(QObject):
    """Between the window and the backup service; without one (a server's database) the action is disabled."""

    def __init__(self, workbench: Workbench, actions: Actions, backups: BackupService | None) -> None:
        super().__init__(workbench)
        self._bench, self._backups = workbench, backups
        self.dialog: BackupsDialog | None = None
        actions["file.restore"].triggered.connect(lambda _=False: self.choose())
        actions["file.restore"].setEnabled(backups is not None and backups.file is not None)
        self.timer = QTimer(self)
        self.timer.setInterval(EVERY_S * 1000)
        self.timer.timeout.connect(self.back_up)
        if backups is not None and backups.path is not None:
            self.timer.start()

    def back_up(self) -> None:
        """Make a backup in the background if something changed; only trouble is told."""
        if self._backups is not None:
            in_background(self._backups.try_make, self._on_tried)

    def choose(self) -> None:
        """Show the backups."""
        if self._backups is not None:
            in_background(self._backups.list, self._show, self._bench.show_error)

    def _show(self, found: list[ListedBackup]) -> None:
        can_make = self._backups is not None and self._backups.path is not None
        self.dialog = dialog = BackupsDialog(found, self._bench.window, can_make=can_make, zone=self._bench.zone)
        dialog.restore_chosen.connect(self._restore)
        dialog.make_requested.connect(self._make)
        dialog.finished.connect(self._forget)
        dialog.open()

    def _forget(self, _: int) -> None:
        self.dialog = None

    def _make(self) -> None:
        assert self._backups is not None

        def made(backup: Backup) -> None:
            self._bench.say(f"Backed up to {backup.path.name}.")

        in_background(self._backups.make, made, lambda error: self._bench.show_error(error, "No backup could be made"))

    def _restore(self, backup: Path) -> None:
        """Close the window; what follows happens when nothing has the database open any more."""
        assert self._backups is not None
        self._backups.restore_at_exit = backup
        self._bench.window.close()

    def _on_tried(self, trouble: str) -> None:
        if trouble:
            self._bench.say(trouble, "bad")
