"""Opening, importing, saving, recovering and merging."""

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
from ui import text
from ui.actions import Actions
from ui.background import in_background
from ui.dialogs.base import Dialog
from ui.dialogs.conflict import ConflictDialog
from ui.dialogs.import_file import ImportDialog
from ui.dialogs.open_schedule import OpenScheduleDialog
from ui.dialogs.recovery import RecoveryDialog
from ui.dialogs.save_version import SaveVersionDialog
from ui.widgets import label
from ui.workbench import Workbench


class FileFlow(QObject):
    """Everything between the window and the version service."""

    busy = Signal(str)
    """What is going on in the background; empty when it is over."""
    optimise_requested = Signal()
    apply_requested = Signal()

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

    def choose_file(self) -> ImportDialog:
        """Ask which file to import."""
        dialog = ImportDialog(self._bench.window)
        dialog.import_chosen.connect(lambda path, kind, name: self.import_file(path, kind, name, dialog))
        dialog.open()
        return dialog

    def import_file(
        self, path: Path, kind: str | None = None, name: str = "", dialog: ImportDialog | None = None
    ) -> None:
        """Import a file as a new schedule and open it."""

        def work() -> VersionInfo:
            return self._versions.import_schedule(formats.read(path, kind), name or None, f"Imported from {path.name}")

        def done(info: VersionInfo) -> None:
            if dialog is not None:
                dialog.accept()
            self.open_schedule(info.schedule_id)

        def failed(error: Exception) -> None:
            self.busy.emit("")
            if dialog is not None and isinstance(error, TaktwerkError):
                dialog.show_error(f"{error.code.value}: {error.message}")
            else:
                self._on_failed(error)

        self.busy.emit(f"Importing {path.name}…")
        in_background(work, done, failed)

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
                self.settle_conflict(then_apply=False)
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

    def settle_conflict(self, *, then_apply: bool) -> None:
        """The head has moved (E004): show both sides, merge, and go on with what was asked."""
        session = self._bench.session
        if session is None:
            return
        incoming = session.incoming()
        if incoming is None:
            self._bench.say("The saved version has not changed after all. Try again.")
            return
        head, theirs = incoming
        conflicts = session.conflicts_with(theirs)
        by = f" by {head.created_by}" if head.created_by else ""
        clash = text.count(len(conflicts), "item") if conflicts else "No item"
        words = (
            f"It was saved{by} while you worked on version {session.head.number}. {clash} was changed on both sides"
            f"{'; choose what to take' if conflicts else ''}. What only one side changed is merged without asking."
        )
        dialog = ConflictDialog(
            conflicts,
            session.working,
            self._bench.zone,
            self._bench.window,
            heading=f"Version {head.number} is newer than yours",
            explanation=words.replace("items was", "items were"),
            theirs="theirs",
        )
        dialog.go_to_event.connect(self._bench.go_to_requested)
        dialog.resolved.connect(lambda chosen, rerun: self._merge(chosen, rerun, then_apply))
        dialog.open()

    def refresh(self) -> None:
        """Enable what can be done now."""
        session = self._bench.session
        is_dirty = session is not None and session.is_dirty
        is_saving = session is not None and session.is_saving
        self._actions["file.save"].setEnabled(is_dirty and not is_saving)
        self._actions["file.discard"].setEnabled(is_dirty and not is_saving)

    def _merge(self, resolutions: dict[str, Any], then_optimise: bool, then_apply: bool) -> None:
        session = self._bench.session
        if session is None:
            return
        answer = self._bench.tell(session.take_in(resolutions))
        if answer.error is not None:
            self._bench.show_error(answer.error, "The merge failed")
        elif then_optimise:
            self.optimise_requested.emit()
        elif then_apply:
            self.apply_requested.emit()

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
