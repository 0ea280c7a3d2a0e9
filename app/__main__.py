"""The composition root: the only place that knows every part and puts them together."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.cli import WorkstationStart

_LAST_SAVE_MS = 30_000
"""How long a version that is being saved may take when the window is closed."""

WORKER_FLAG = "--worker"
"""A frozen program is its own solver process: it is started again with this flag."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == [WORKER_FLAG]:
        from engine.worker import main as work

        return work() or 0
    from app.cli import main as command_line

    return command_line(arguments, open_workstation)


def open_workstation(start: WorkstationStart) -> int:
    """Open the window on the file, else on the plan last worked on, else on the sample plant."""
    from app.logs import configure_logs
    from app.merging import MergeService
    from app.optimization import OptimizationService
    from app.ready_worker import ReadyWorker
    from app.robustness import RobustnessService
    from app.sample import SAMPLE_FILE
    from app.versions import VersionService
    from storage.database import open_database
    from ui.application import ErrorReporter, StallWatch, lock_database, make_application, show_already_open
    from ui.background import wait_for_background
    from ui.main_window import MainWindow
    from ui.scheme import register_scheme
    from ui.services import Services
    from ui.studio.catalog import Catalog

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
    database = open_database(settings.database)
    versions = VersionService(database, settings.user)
    ready = ReadyWorker() if settings.keep_solver_ready else None
    runs = OptimizationService(database, settings.max_running, settings.user, ready=ready)
    with database.read() as view:
        catalog = Catalog(view.algorithms.list(), view.profiles.list())
    robustness = RobustnessService(settings.database)
    merges = MergeService(database, versions, settings.user)
    window = MainWindow(Services(versions, runs, catalog, settings.database, robustness=robustness, merges=merges))
    reporter.window = window
    watch = StallWatch(window)
    window.show()
    schedules = versions.schedules()
    if start.file is None and schedules:
        newest = max(schedules, key=lambda summary: summary.head.created_at)
        window.open_schedule(newest.schedule.id)
    else:
        window.file_flow.open_file(start.file or SAMPLE_FILE)
    try:
        return application.exec()
    finally:
        watch.deleteLater()
        wait_for_background(_LAST_SAVE_MS)
        runs.close()
        if ready is not None:
            ready.close()
        database.close()
        lock.unlock()


if __name__ == "__main__":
    sys.exit(main())
