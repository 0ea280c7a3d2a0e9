"""The composition root: the only place that knows every part and puts them together."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.cli import WorkstationStart
    from storage.database import Database
    from ui.application import ErrorReporter
    from ui.board_view import BoardView

_LAST_SAVE_MS = 30_000
"""How long a version that is being saved may take when the window is closed."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    from app.cli import main as command_line

    return command_line(argv, open_workstation)


def open_workstation(start: WorkstationStart) -> int:
    """Open the window on the file, else on the plan last worked on, else on the sample plant."""
    from app.logs import configure_logs
    from ui.application import ErrorReporter, lock_database, make_application, show_already_open
    from ui.early_board import early_board
    from ui.scheme import register_scheme

    settings = start.settings
    configure_logs(settings.log_dir, settings.log_level, "workstation")
    register_scheme()
    application = make_application()
    reporter = ErrorReporter()
    reporter.install()
    lock = lock_database(settings.database, settings.log_dir)
    if lock is None:
        dialog = show_already_open(settings.database)
        dialog.finished.connect(application.quit)
        return application.exec()
    board = early_board()  # first, for its page loads while the rest is imported
    from storage.database import Database, open_database
    from ui.backups.opening import open_or_offer, restore_and_start_again

    with TemporaryDirectory(prefix="taktwerk-", ignore_cleanup_errors=True) as scratch:
        database = open_or_offer(
            settings.database,
            lambda: open_database(settings.database),
            lambda path: Database.look_at(path, Path(scratch)),
            lambda asked: asked.exec(),
        )
        if database is None:
            board.dispose()
            lock.unlock()
            return 1
        code, backup = _work(start, application, reporter, database, board)
    lock.unlock()
    return code if backup is None else restore_and_start_again(settings.database, backup)


def _work(
    start: WorkstationStart, application: Any, reporter: ErrorReporter, database: Database, board: BoardView
) -> tuple[int, Path | None]:
    """Show the window until it is closed; return the exit code and the backup to put back, if one was chosen."""
    from app import network_drive
    from app.backups import BackupService
    from app.diagnostics import Diagnostics
    from app.local_api import LocalApi
    from app.merging import MergeService
    from app.optimization import OptimizationService
    from app.ready_worker import ReadyWorker
    from app.robustness import RobustnessService
    from app.sample import SAMPLE_FILE
    from app.versions import VersionService
    from engine.errors import TaktwerkError
    from ui.application import StallWatch
    from ui.background import wait_for_background
    from ui.backups.opening import tell_read_only
    from ui.main_window import MainWindow
    from ui.services import Services
    from ui.studio.catalog import Catalog
    from ui.window_memory import fit_to_screen

    settings = start.settings
    versions = VersionService(database, settings.user)
    ready = ReadyWorker() if settings.keep_solver_ready else None
    runs = OptimizationService(database, settings.max_running, settings.user, ready=ready)
    with database.read() as view:
        catalog = Catalog(view.algorithms.list(), view.profiles.list())
    backups = BackupService(database)
    database.before_import = backups.before_import
    diagnostics = Diagnostics(database, settings.log_dir)
    api = LocalApi(database, runs, settings.database, settings.user, settings.max_running)
    window = MainWindow(
        Services(
            versions,
            runs,
            catalog,
            database.name,
            robustness=RobustnessService(settings.database),
            merges=MergeService(database, versions, settings.user),
            backups=backups,
            diagnostics=diagnostics,
            local_api=api,
            first_board=board,
        )
    )
    reporter.window = window
    watch = StallWatch(window, diagnostics.note_stall)
    fit_to_screen(window)
    window.show()
    if database.is_read_only:
        tell_read_only(window)
    if place := network_drive.warning(database.path):
        window.workbench.say(place, "warn")
    window.api_flow.begin()
    try:
        schedules = versions.schedules()
    except TaktwerkError as error:
        window.workbench.show_error(error, "The schedules could not be read")
    else:
        if start.file is None and schedules:
            newest = max(schedules, key=lambda summary: summary.head.created_at)
            window.open_schedule(newest.schedule.id)
        else:
            window.file_flow.open_file(start.file or SAMPLE_FILE)
    try:
        return application.exec(), backups.restore_at_exit
    finally:
        watch.deleteLater()
        wait_for_background(_LAST_SAVE_MS)
        api.stop()  # switched on while the window closed, perhaps
        runs.close()
        if ready is not None:
            ready.close()
        database.close()


if __name__ == "__main__":
    sys.exit(main())
