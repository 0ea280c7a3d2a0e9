"""Going back to a saved version, and opening it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app.collector import collector_paused, settle_collector
from app.session import PlanningSession
from app.session_jobs import Fetched
from app.versions import VersionInfo, VersionService
from engine.errors import ErrorCode, TaktwerkError
from ui.background import in_background
from ui.dialogs.base import Dialog
from ui.widgets import label
from ui.workbench import Workbench


class VersionFlow(QObject):
    """What the Versions dock asks for. Everything is one undo step, or changes nothing."""

    busy = Signal(str)
    """What is going on in the background; empty when it is over."""
    version_made = Signal()
    conflict_found = Signal()
    """Another version was saved meanwhile (E004)."""

    def __init__(self, workbench: Workbench, versions: VersionService) -> None:
        super().__init__(workbench)
        self._bench, self._versions = workbench, versions

    def open(self, version: VersionInfo) -> None:
        """Make the working plan what the version was: an edit of the present version, which can be undone."""
        self._fetch(version, roll_back=False)

    def ask_to_roll_back(self, version: VersionInfo) -> Dialog | None:
        """Ask, then store a new version that equals this one."""
        session = self._bench.session
        if session is None:
            return None
        dialog = Dialog("Roll back", self._bench.window, heading=f"Roll back to version {version.number}?")
        new, back_to = self._next_number(session), version.number
        words = f"A new version {new} is saved that equals version {back_to}."
        between = new - back_to - 1
        if between == 1:
            words += f" Version {back_to + 1} stays."
        elif between > 1:
            words += f" Versions {back_to + 1} to {new - 1} stay."
        if session.is_dirty:
            words += " Your edits since the last version are not in it; undo brings them back."
        dialog.body.addWidget(label(words, wrap=True))
        dialog.add_action("Cancel", dialog.reject)
        dialog.add_action("Roll back", dialog.accept, role="primary")
        dialog.accepted.connect(lambda: self._fetch(version, roll_back=True))
        dialog.open()
        return dialog

    def _next_number(self, session: PlanningSession) -> int:
        """The number of the next version; other scenarios count too."""
        try:
            return max(info.number for info in self._versions.list(session.schedule_id)) + 1
        except (TaktwerkError, ValueError):
            return session.head.number + 1

    def _fetch(self, version: VersionInfo, *, roll_back: bool) -> None:
        session = self._bench.session
        if session is None:
            return
        if session.preview is not None:
            self._bench.say("Apply or discard the preview first.", "warn")
            return
        try:
            job = session.begin_version(version, roll_back=roll_back)
        except TaktwerkError as error:
            self._bench.say(error.message, "warn")
            return

        def work() -> Fetched:
            with collector_paused():
                fetched = job.run()
                settle_collector()  # before it may run again, else it looks through all of this at once
                return fetched

        def done(fetched: Fetched) -> None:
            self.busy.emit("")
            session.end_job()
            answer = self._bench.tell(session.end_version(job, fetched))
            if answer.error is None and fetched.saved:
                self.version_made.emit()

        self.busy.emit(f"Going to version {version.number}…")
        in_background(work, done, self._failed(f"Version {version.number} could not be taken over", session))

    def _failed(self, heading: str, session: PlanningSession | None = None) -> Callable[[Exception], None]:
        def failed(error: Exception) -> None:
            self.busy.emit("")
            if session is not None:
                session.end_job()
            if isinstance(error, TaktwerkError) and error.code is ErrorCode.VERSION_CONFLICT:
                self.conflict_found.emit()
            else:
                self._bench.show_error(error, heading)

        return failed
