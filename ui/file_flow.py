"""Opening, importing, saving and recovering."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.collector import collector_paused, settle_collector
from app.exchange import formats
from app.head_versions import LIVE, HeadVersions
from app.session import PlanningSession
from app.versions import Opened, Recovery, VersionInfo, VersionService
from engine.errors import ErrorCode, TaktwerkError
from engine.instants import zone_of
from ui.actions import Actions
from ui.background import in_background
from ui.dialogs.base import Dialog
from ui.dialogs.open_schedule import OpenScheduleDialog
from ui.dialogs.recovery import RecoveryDialog
from ui.dialogs.save_version import SaveVersionDialog
from ui.widgets import label
from ui.workbench import Workbench


class FileFlow(QObject):
    """Everything between the window and the version service."""

    busy = Signal(str)
    """What is going on in the background; empty when it is over."""
    import_requested = Signal()
    """Ask for a file to take in."""
    conflict_found = Signal()
    """Another version was saved meanwhile (E004)."""

    def __init__(self, workbench: Workbench, actions: Actions, versions: VersionService) -> None:
        super().__init__(workbench)
        self._bench, self._actions, self._versions = workbench, actions, versions
        for action_id, slot in (
            ("file.open", self.choose_schedule),
            ("file.import", self.choose_file),
            ("file.save", self.ask_to_save),
            ("file.discard", self.ask_to_discard),
        ):
            actions[action_id].triggered.connect(lambda _=False, call=slot: call())
        workbench.opened.connect(self.refresh)
        workbench.changed.connect(lambda _: self.refresh())
        self.refresh()

    def open_schedule(self, schedule_id: str, head: str = LIVE) -> None:
        """Open a schedule's live plan or a scenario; unsaved edits of a crashed sitting are offered first."""
        self.busy.emit("Opening…")

        def work() -> Opened:
            with collector_paused():
                return self._versions.open(schedule_id, head)

        in_background(work, lambda opened: self._on_read(schedule_id, head, opened), self._on_failed)

    def choose_schedule(self) -> None:
        """Ask which schedule to open."""
        in_background(self._versions.schedules, self._show_schedules, self._on_failed)

    def choose_file(self) -> None:
        """Ask which file to import."""
        self.import_requested.emit()

    def import_file(self, path: Path, kind: str | None = None, name: str = "") -> None:
        """Import a file as a new schedule and open it."""

        def work() -> VersionInfo:
            return self._versions.import_schedule(formats.read(path, kind), name or None, f"Imported from {path.name}")

        self.busy.emit(f"Importing {path.name}…")
        in_background(work, lambda info: self.open_schedule(info.schedule_id), self._on_failed)

    def open_file(self, path: Path) -> None:
        """Open the schedule that an earlier import of this very file began, or import it."""

        def found(schedule_id: str | None) -> None:
            if schedule_id is None:
                self.import_file(path)
            else:
                self.open_schedule(schedule_id)

        self.busy.emit(f"Reading {path.name}…")
        in_background(lambda: self._versions.find_import(formats.read(path)), found, self._on_failed)

    def ask_to_save(self) -> None:
        """Ask for a comment and save."""
        session = self._bench.session
        if session is None or not session.is_dirty:
            self._bench.say("There is nothing to save: the plan is as in the saved version.")
            return
        words = f"The working plan becomes version {session.head.number + 1}, after version {session.head.number}."
        dialog = SaveVersionDialog(session.head.number + 1, words, len(session.violations), self._bench.window)
        dialog.save_chosen.connect(self.save)
        dialog.open()

    def save(self, comment: str) -> None:
        """Save the working plan as the next version."""
        session = self._bench.session
        if session is None:
            return
        try:
            job = session.begin_save(comment)
        except TaktwerkError as error:
            self._bench.say(error.message, "warn")
            return

        def stored(saved: VersionInfo) -> None:
            self._end_save(session)
            session.end_save(job, saved)
            self._bench.say(f"Saved as version {saved.number}.")

        def failed(error: Exception) -> None:
            self._end_save(session)
            if isinstance(error, TaktwerkError) and error.code is ErrorCode.VERSION_CONFLICT:
                self.conflict_found.emit()
            else:
                self._bench.show_error(error, "The version was not saved")

        self.busy.emit("Saving…")
        self.refresh()
        in_background(job.run, stored, failed)

    def _end_save(self, session: PlanningSession) -> None:
        self.busy.emit("")
        session.end_job()
        self.refresh()

    def ask_to_discard(self) -> None:
        """Ask before the edits since the saved version are thrown away."""
        session = self._bench.session
        if session is None or not session.is_dirty:
            return
        heading = f"Go back to version {session.head.number}?"
        dialog = Dialog("Discard edits", self._bench.window, heading=heading)
        dialog.body.addWidget(label("All edits since then are thrown away. This cannot be undone.", wrap=True))
        dialog.add_action("Keep editing", dialog.reject, role="primary")
        dialog.add_action("Discard edits", dialog.accept, role="danger")
        dialog.accepted.connect(self._discard)
        dialog.open()

    def refresh(self) -> None:
        """Enable what can be done now."""
        session = self._bench.session
        is_dirty = session is not None and session.is_dirty
        is_saving = session is not None and session.is_saving
        self._actions["file.save"].setEnabled(is_dirty and not is_saving)
        self._actions["file.discard"].setEnabled(is_dirty and not is_saving)

    def _show_schedules(self, schedules: list[Any]) -> None:
        current = self._bench.session.schedule_id if self._bench.session else None
        dialog = OpenScheduleDialog(schedules, current, self._bench.zone, self._bench.window)
        dialog.open_chosen.connect(self.open_schedule)
        dialog.import_chosen.connect(self.choose_file)
        dialog.open()

    def _on_read(self, schedule_id: str, head: str, opened: Opened) -> None:
        self.busy.emit("")
        if opened.draft is None:
            self._build(schedule_id, head, opened.head, opened.schedule)
            return
        zone = zone_of(opened.schedule.metadata.time_zone)
        dialog = RecoveryDialog(opened.draft.edits, opened.head.number, zone, self._bench.window)
        dialog.restore_chosen.connect(lambda: self._restore(schedule_id, head))
        dialog.discard_chosen.connect(lambda: self._start_from_version(schedule_id, head))
        dialog.open()

    def _restore(self, schedule_id: str, head: str) -> None:
        in_background(
            lambda: self._versions.recover(schedule_id, head),
            lambda found: self._on_recovered(schedule_id, head, found),
            self._on_failed,
        )

    def _on_recovered(self, schedule_id: str, head: str, recovery: Recovery | None) -> None:
        if recovery is None:
            self.open_schedule(schedule_id, head)
            return
        if recovery.problem is not None:
            self._bench.show_error(recovery.problem, "Some edits could not be restored")
        self._build(schedule_id, head, recovery.base, recovery.base_schedule, recovery.schedule)

    def _start_from_version(self, schedule_id: str, head: str) -> None:
        in_background(
            lambda: self._versions.discard_draft(schedule_id, head),
            lambda _: self.open_schedule(schedule_id, head),
            self._on_failed,
        )

    def _build(self, schedule_id: str, head: str, version: VersionInfo, saved: Any, working: Any = None) -> None:
        self.busy.emit("Checking the plan…")

        def work() -> PlanningSession:
            with collector_paused():
                bound = HeadVersions(self._versions, head)
                session = PlanningSession(bound, schedule_id, version, saved, working)
            settle_collector()
            return session

        in_background(work, self._on_built, self._on_failed)

    def _on_built(self, session: PlanningSession) -> None:
        self.busy.emit("")
        self._bench.open(session)
        edits = " with your unsaved edits" if session.is_dirty else ""
        self._bench.say(f"Opened version {session.head.number}{edits}.")

    def _discard(self) -> None:
        session = self._bench.session
        if session is not None:
            self._start_from_version(session.schedule_id, session.head_name)

    def _on_failed(self, error: Exception) -> None:
        self.busy.emit("")
        self._bench.show_error(error)
