"""The main window on a fresh database, for tests: real versions, and neighbours real or not as the test needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QDialog, QPushButton
from pytestqt.qtbot import QtBot

from app.backups import BackupService
from app.local_api import LocalApi
from app.merging import MergeService
from app.session import PlanningSession
from app.versions import VersionInfo, VersionService
from engine.model import Schedule
from storage.database import Database, open_database
from tests.support.ui_fakes import FakeBoard, FakeRuns
from ui.background import wait_for_background
from ui.main_window import MainWindow
from ui.services import Services
from ui.studio.catalog import Catalog


@dataclass
class Workplace:
    """A window and what it stands on."""

    window: MainWindow
    database: Database
    versions: VersionService
    runs: Any
    board: Any
    qtbot: QtBot

    @property
    def session(self) -> PlanningSession:
        """The open session."""
        assert self.window.workbench.session is not None
        return self.window.workbench.session

    def open(self, schedule: Schedule) -> str:
        """Import a schedule, open it and return its id."""
        schedule_id = self.versions.import_schedule(schedule).schedule_id
        self.window.open_schedule(schedule_id)
        self.qtbot.waitUntil(lambda: self.window.workbench.session is not None, timeout=10_000)
        return schedule_id

    def do(self, action_id: str) -> None:
        """Trigger an action, as a click on its button would."""
        action = self.window.actions_table[action_id]
        assert action.isEnabled(), f"{action_id} is disabled"
        action.trigger()

    def wait(self, condition: Callable[[], Any], timeout_s: float = 10) -> None:
        """Run the event loop until something holds."""
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=round(timeout_s * 1000))

    def close(self) -> None:
        """Close window, runs and database."""
        self.window.close()
        wait_for_background()
        self.qtbot.wait(20)
        if hasattr(self.runs, "close"):
            self.runs.close()
        self.database.close()


def dialog_of(place: Workplace, kind: str) -> Any:
    """Wait for a dialog of a class, by its name, and return it."""

    def shown() -> list[QDialog]:
        return [d for d in place.window.findChildren(QDialog) if type(d).__name__ == kind and d.isVisible()]

    place.wait(shown)
    return shown()[0]


def press(dialog: QDialog, words: str) -> None:
    """Click the button that says so."""
    next(b for b in dialog.findChildren(QPushButton) if b.text() == words).click()


def save(place: Workplace, comment: str) -> VersionInfo:
    """Save a version and return it."""
    before = place.session.head.id
    place.window.file_flow.save(comment)
    place.wait(lambda: place.session.head.id != before)
    return place.session.head


def make_workplace(
    qtbot: QtBot,
    folder: Path,
    *,
    runs: Callable[[Database], Any] = lambda _: FakeRuns(),
    board: Callable[[], Any] | None = FakeBoard,
    local_api: Callable[[Database, Any], LocalApi] | None = None,
    backups: Callable[[Database], BackupService] | None = None,
) -> Workplace:
    """Return a window on the database in ``folder``, made if there is none; ``board`` ``None`` = the real one."""
    database = open_database(folder / "plans.db")
    versions = VersionService(database, "anna")
    with database.read() as view:
        catalog = Catalog(view.algorithms.list(), view.profiles.list())
    settings = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
    service = runs(database)
    merges = MergeService(database, versions, "anna")
    window = MainWindow(
        Services(
            versions,
            service,
            catalog,
            str(folder / "plans.db"),
            settings,
            board,
            merges=merges,
            local_api=None if local_api is None else local_api(database, service),
            backups=None if backups is None else backups(database),
        )
    )
    window.show()
    return Workplace(window, database, versions, service, window.board, qtbot)
