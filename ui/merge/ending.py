"""What comes of a merge that was decided: a settled preview, another working plan, or a version."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.merge_desk import DeskView
from app.merge_names import plan_name
from app.merging import MergeRow, MergeService
from app.versions import VersionInfo, VersionService
from engine.errors import ErrorCode, TaktwerkError
from ui.background import in_background
from ui.merge.work import Begun, MergeWork
from ui.workbench import Workbench


class MergeEnding(QObject):
    """Carries out what was decided in the dialog, and closes it.

    Parameters
    ----------
    workbench, versions, merges
        The open session and the services.
    """

    busy = Signal(str)
    version_made = Signal()
    switch_requested = Signal(str, str)
    """(schedule, head) to open."""
    preview_settled = Signal(object)
    """What was chosen, by conflict key."""
    taken_in = Signal(object)
    """The ``MergeRow`` of unsaved edits that are in the working plan now."""
    outdated = Signal(object)
    """The ``Begun`` merge of a plan that went on meanwhile: nothing came of it, it is to be looked at once more."""

    def __init__(self, workbench: Workbench, versions: VersionService, merges: MergeService) -> None:
        super().__init__(workbench)
        self._bench, self._versions, self._merges = workbench, versions, merges

    def carry_out(self, work: MergeWork, begun: Begun, view: DeskView, comment: str) -> None:
        """Do what the merge is for; ``view`` is what was decided, ``comment`` the new version's."""
        row = begun.desk.row
        if row is None:
            work.end()
            self.preview_settled.emit(view.candidate.choices)
        elif row.kind == "head":
            self._take_in(work, row, begun, view)
        else:
            self._finish(work, row, begun, view, comment)

    def _take_in(self, work: MergeWork, row: MergeRow, begun: Begun, view: DeskView) -> None:
        """Let the merge of unsaved edits be the working plan, on the version that it takes in."""
        session = self._bench.session
        if session is None:
            return
        if session.working is not begun.working:
            work.end()
            self._bench.say("The plan was edited meanwhile. Look at the merge once more.", "warn")
            self.outdated.emit(begun)
            return
        try:
            head = self._versions.show(row.head_version_id)
        except TaktwerkError as error:
            self._bench.show_error(error, "The merge failed")
            return
        work.end()
        answer = self._bench.tell(session.take_merged(head, view.candidate.theirs, view.schedule))
        if answer.error is not None:
            self._bench.show_error(answer.error, "The merge failed")
            return
        self.taken_in.emit(row)
        self.version_made.emit()

    def _finish(self, work: MergeWork, row: MergeRow, begun: Begun, view: DeskView, comment: str) -> None:
        """Store the merge as a version, and open it."""
        merges, plan = self._merges, view.repaired.schedule if view.repaired is not None else None

        def done(info: VersionInfo) -> None:
            self.busy.emit("")
            session = self._bench.session
            if row.kind == "run" and session is not None:
                session.discard_preview()  # it is in the version
            work.end()
            self.version_made.emit()
            self.switch_requested.emit(info.schedule_id, row.head_name)
            self._bench.say(f"Merged as version {info.number} of {plan_name(row.head_name)}.")

        def failed(error: Exception) -> None:
            self.busy.emit("")
            if isinstance(error, TaktwerkError) and error.code is ErrorCode.VERSION_CONFLICT:
                work.end()
                self._bench.say("The plan was saved by somebody else meanwhile. Look at the merge once more.", "warn")
                self.outdated.emit(begun)
                return
            work.set_busy("")
            self._bench.show_error(error, "The merge was not saved")

        work.set_busy("Saving…")
        self.busy.emit("Saving…")
        in_background(lambda: merges.finish(row.id, comment, schedule=plan, edits=begun.edits), done, failed)
