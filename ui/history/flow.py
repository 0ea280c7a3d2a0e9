"""What the Versions dock asks for beside opening and comparing: tags, states, and who changed an operation."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from app.blame import BlameEntry
from app.versions import VersionInfo, VersionService
from engine.errors import TaktwerkError
from ui.background import in_background
from ui.history.blame import BlameDialog
from ui.history.dialogs import StateDialog, TagDialog
from ui.workbench import Workbench

_DONE = {"approved": "approved", "published": "published", "withdrawn": "withdrawn"}


class HistoryFlow(QObject):
    """Says things of versions, and tells their story."""

    busy = Signal(str)
    marked = Signal()
    """Tags or states changed: list the versions anew."""
    version_requested = Signal(object)
    """Show a version in the history."""
    compare_requested = Signal(object)
    """Compare a version with the one before it."""

    def __init__(self, workbench: Workbench, versions: VersionService) -> None:
        super().__init__(workbench)
        self._bench, self._versions = workbench, versions

    def ask_for_tag(self, version: VersionInfo) -> TagDialog | None:
        """Ask for a tag of a version."""
        try:
            tags = self._versions.marks.tags(version.schedule_id)
        except TaktwerkError as error:
            self._bench.show_error(error, "The tags could not be read")
            return None
        others = [tag.name for tag in tags if tag.version_id != version.id]
        dialog = TagDialog(self._bench.window, version.number, version.tags, others)
        dialog.chosen.connect(lambda name, move: self._mark(lambda m: m.tag(version.id, name, move=move), "Tagged."))
        dialog.removed.connect(
            lambda name: self._mark(lambda m: m.untag(version.schedule_id, name), "The tag was removed.")
        )
        dialog.open()
        return dialog

    def ask_for_state(self, version: VersionInfo, state: str) -> StateDialog:
        """Ask whether a version is to be approved, published or withdrawn."""
        dialog = StateDialog(self._bench.window, version.number, state)
        said = f"Version {version.number} is {_DONE[state]} now."
        dialog.chosen.connect(lambda note: self._mark(lambda m: m.set_state(version.id, state, note), said))
        dialog.open()
        return dialog

    def blame(self) -> None:
        """Show who changed the selected operation."""
        session = self._bench.session
        if session is None or not self._bench.selection:
            self._bench.say("Select an operation on the board first.", "warn")
            return
        event_id, head, service = self._bench.selection[0], session.head, self._versions

        def work() -> list[BlameEntry]:
            return service.blame(head.id, event_id)

        def done(entries: list[BlameEntry]) -> None:
            self.busy.emit("")
            if self._bench.session is session:
                self._show_blame(session, event_id, entries)

        def failed(error: Exception) -> None:
            self.busy.emit("")
            self._bench.show_error(error, "The history of the operation could not be read")

        self.busy.emit("Reading the history…")
        in_background(work, done, failed)

    def _show_blame(self, session: Any, event_id: str, entries: list[BlameEntry]) -> None:
        now = session.facts.operations.get(event_id)
        saved = next((op for op in session.head_schedule.snapshot.events if op.id == event_id), None)
        named = now or saved
        dialog = BlameDialog(
            self._bench.window,
            (named.name if named else "") or event_id,
            entries,
            {r.id: r.name or r.id for r in session.working.snapshot.resources},
            self._bench.zone,
            is_edited=now is not saved and now != saved,
            base=session.head.number,
        )
        dialog.version_chosen.connect(self.version_requested)
        dialog.compare_chosen.connect(self.compare_requested)
        dialog.show()

    def _mark(self, work: Any, said: str) -> None:
        service = self._versions.marks

        def failed(error: Exception) -> None:
            if isinstance(error, TaktwerkError):
                self._bench.say(error.message, "warn")
            else:
                self._bench.show_error(error)

        def done(_: object) -> None:
            self.marked.emit()
            self._bench.say(said)

        in_background(lambda: work(service), done, failed)
