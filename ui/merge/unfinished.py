"""The merges that were begun and not finished: shown, gone on with, given up."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.merging import MergeRow, MergeService
from app.session import PlanningSession
from engine.errors import ErrorCode, TaktwerkError
from ui.dialogs.base import Dialog
from ui.merge.strip import UnfinishedStrip
from ui.widgets import label
from ui.workbench import Workbench


class UnfinishedMerges(QObject):
    """Keeps strips that say so true.

    Parameters
    ----------
    workbench, merges
        The open session, and where merges are stored.
    strips
        What say that a merge is not finished.
    """

    resume_requested = Signal(object)

    def __init__(self, workbench: Workbench, merges: MergeService, strips: tuple[UnfinishedStrip, ...]) -> None:
        super().__init__(workbench)
        self._bench, self._merges, self._strips = workbench, merges, strips
        for strip in strips:
            strip.resume_requested.connect(self.resume_requested)
            strip.give_up_requested.connect(self.ask_to_give_up)

    def show(self, without: str | None = None) -> None:
        """Say which merges of the open schedule are not finished, but for one that is at work."""
        session, rows = self._bench.session, list[MergeRow]()
        if session is not None:
            try:
                rows = [row for row in self._merges.own(session.schedule_id) if not self._is_past(row, session)]
            except TaktwerkError as error:
                self._bench.show_error(error, "The unfinished merges could not be read")
        for strip in self._strips:
            strip.show_rows([row for row in rows if row.id != without], self._bench.zone)

    def ask_to_give_up(self, row: MergeRow) -> Dialog:
        """Ask before a merge and its choices are forgotten."""
        dialog = Dialog("Give up", self._bench.window, heading="Give up the merge?")
        words = "Its choices are forgotten. Both plans, and unsaved edits, stay as they are."
        dialog.body.addWidget(label(words, wrap=True))
        dialog.add_action("Keep it", dialog.reject)
        dialog.add_action("Give up", dialog.accept, role="danger")
        dialog.accepted.connect(lambda: self.give_up(row))
        dialog.open()
        return dialog

    def give_up(self, row: MergeRow) -> None:
        """Forget a merge, and say so."""
        self.forget(row)
        self._bench.say("The merge was given up. Both plans are as they were.")
        self.show()

    def forget(self, row: MergeRow) -> None:
        """Forget a merge, if it is not over already."""
        try:
            self._merges.abandon(row.id)
        except TaktwerkError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                self._bench.show_error(error)

    def _is_past(self, row: MergeRow, session: PlanningSession) -> bool:
        """Whether there is nothing left of a merge of edits: they were saved, discarded or merged otherwise."""
        if row.kind != "head" or row.head_name != session.head_name or row.base_version_id == session.head.id:
            return False
        self.forget(row)
        return True
