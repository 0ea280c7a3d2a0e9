"""Everything that leads to a merge in the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.collector import collector_paused, settle_collector
from app.head_versions import LIVE
from app.merge_desk import MergeDesk, preview_desk
from app.merge_names import plan_name
from app.merging import MergeRow, MergeService, MergeState
from app.session import PlanningSession
from app.versions import VersionInfo, VersionService
from engine.model import Schedule
from ui.background import in_background
from ui.merge.board import MergeOnBoard
from ui.merge.ending import MergeEnding
from ui.merge.rerun import RerunRunner
from ui.merge.strip import UnfinishedStrip
from ui.merge.unfinished import UnfinishedMerges
from ui.merge.work import Begun, MergeWork, dialog_for
from ui.runs import RunService
from ui.workbench import Workbench

_LABEL = "Edits"
_NOT_MOVED = "The saved version has not changed after all. Try again; if that is refused too, open the plan again."


class MergeFlow(QObject):
    """Merges scenarios, arrived branches, edits and runs' plans with what others saved.

    Parameters
    ----------
    workbench, versions, merges, runs
        The open session and the services.
    board
        Where a merge is shown.
    strips
        What say that a merge is not finished.
    """

    busy = Signal(str)
    version_made = Signal()
    switch_requested = Signal(str, str)
    """(schedule, head) to open."""
    preview_settled = Signal(object)
    """What was chosen, by conflict key, where the planner and a run changed the same."""
    run_started = Signal(str)
    """A rerun with locks: nobody else is to tell of it."""

    def __init__(
        self,
        workbench: Workbench,
        versions: VersionService,
        merges: MergeService,
        runs: RunService,
        board: MergeOnBoard,
        strips: tuple[UnfinishedStrip, ...] = (),
    ) -> None:
        super().__init__(workbench)
        self._bench, self._versions, self._merges, self._runs = workbench, versions, merges, runs
        self._board = board
        self._unfinished = UnfinishedMerges(workbench, merges, strips)
        self._work: MergeWork | None = None
        self._then_resume: MergeRow | None = None
        self._ending = MergeEnding(workbench, versions, merges)
        self._ending.busy.connect(self.busy)
        self._ending.version_made.connect(self.version_made)
        self._ending.switch_requested.connect(self.switch_requested)
        self._ending.preview_settled.connect(self.preview_settled)
        self._ending.outdated.connect(self._again)
        self._ending.taken_in.connect(self._on_taken_in)
        self._unfinished.resume_requested.connect(self.resume)
        workbench.opened.connect(self._on_opened)

    @property
    def dialog(self) -> Any:
        """The dialog that is open, if any."""
        return None if self._work is None else self._work.dialog

    # what leads to a merge

    def merge_scenario(self, name: str, into: str = LIVE) -> None:
        """Merge a scenario, or a branch that arrived, into another head."""
        session = self._ready(name, into)
        if session is not None:
            key, title = session.schedule_id, _title(name)
            self._start(lambda: self._merges.start_scenario(key, name, into, title))

    def merge_version(self, version: VersionInfo, into: str | None = None) -> None:
        """Merge any version into a head, by default into the plan that is open."""
        session = self._bench.session
        target = into or (session.head_name if session else LIVE)
        session = self._ready(target)
        if session is not None:
            title = f"Version {version.number}"
            self._start(lambda: self._merges.start_version(version.id, target, label=title))

    def settle_head(self) -> None:
        """The head moved under the unsaved edits (E004): merge the two in the working plan."""
        session = self._bench.session
        if session is None or self._is_open():
            return
        working, head_id, key, head = session.working, session.head.id, session.schedule_id, session.head_name
        versions, merges = self._versions, self._merges

        def start() -> MergeState | None:
            if versions.head(key, head).id == head_id:
                return None
            return merges.start_head(key, head_id, working, head, _LABEL)

        self._start(start, _NOT_MOVED, working=working)

    def settle_run(self, title: str = "") -> None:
        """The head moved under a run whose plan is previewed (E004): merge that plan into what was saved."""
        session = self._bench.session
        preview = session.preview if session else None
        if session is None or preview is None or self._is_open():
            return
        working, head_id, key, head = session.working, session.head.id, session.schedule_id, session.head_name
        edits = self._versions.edit_count(key, head)

        def start() -> MergeState | None:
            if self._versions.head(key, head).id == head_id:
                return None
            plan = preview if preview.working is working else preview.rebased(working)
            return self._merges.start_run(preview.run_id, key, head_id, plan.merged, head, title)

        self._start(start, _NOT_MOVED, edits=edits)

    def settle_preview(self) -> None:
        """Ask what to take where the planner and a run changed the same; nothing is stored."""
        session = self._bench.session
        preview = session.preview if session else None
        if preview is None or not preview.conflicts or self._is_open():
            return

        self._prepare(lambda: Begun.of(preview_desk(preview)))

    def resume(self, row: MergeRow) -> None:
        """Go on with a merge that was not finished; what its head has become since is taken in."""
        session = self._bench.session
        if session is None or self._is_open():
            return
        if row.head_name != session.head_name and row.kind in ("head", "run"):
            self._then_resume = row
            self.switch_requested.emit(row.schedule_id, row.head_name)
        elif row.kind == "head":
            self.settle_head()
        else:
            self._prepare(lambda: self._desk_of(self._merges.refresh(row.id)))

    def show_unfinished(self) -> None:
        """Say which merges of the open schedule are not finished."""
        row = self._work.desk.row if self._work is not None else None
        self._unfinished.show(None if row is None else row.id)

    # inside

    def _ready(self, *heads: str) -> PlanningSession | None:
        """The session, unless what is to be merged is not saved."""
        session = self._bench.session
        if session is None or self._is_open():
            return None
        if session.head_name in heads and session.is_dirty:
            self._bench.say(
                f"Save the edits of {plan_name(session.head_name)} first; saved versions are merged.", "warn"
            )
            return None
        if session.preview is not None:
            self._bench.say("Apply or discard the preview first.", "warn")
            return None
        return session

    def _is_open(self) -> bool:
        if self._work is None:
            return False
        self._work.dialog.raise_()
        self._work.dialog.activateWindow()
        self._bench.say("Finish or close the merge that is open first.", "warn")
        return True

    def _start(
        self,
        start: Callable[[], MergeState | None],
        nothing: str = "There is nothing to merge: all of it is in the plan already.",
        *,
        working: Schedule | None = None,
        edits: int | None = None,
    ) -> None:
        def work() -> Begun | None:
            state = start()
            if state is None:
                return None
            if state.row.kind == "scenario" and state.row.ours_version_id == state.row.base_version_id:
                self._merges.abandon(state.row.id)
                return None
            return self._desk_of(self._merges.take_over_earlier(state), working, edits)

        self._prepare(work, nothing)

    def _desk_of(self, state: MergeState, working: Schedule | None = None, edits: int | None = None) -> Begun:
        return Begun.of(MergeDesk.of(self._merges, self._versions, state), working, edits)

    def _prepare(self, work: Callable[[], Begun | None], nothing: str = "") -> None:
        session = self._bench.session

        def ready() -> Begun | None:
            with collector_paused():
                begun = work()
                settle_collector()
                return begun

        def done(begun: Begun | None) -> None:
            self.busy.emit("")
            if begun is None:
                self._bench.say(nothing)
            elif self._bench.session is session and self._work is None:
                self._show(begun)
            self.show_unfinished()

        self.busy.emit("Merging…")
        in_background(ready, done, self._on_failed)

    def _show(self, begun: Begun) -> None:
        desk, row = begun.desk, begun.desk.row
        dialog = dialog_for(desk, self._bench.window, makes_version=row is not None and row.kind != "head")
        runner = None
        if row is not None:
            runner = RerunRunner(self._runs, row, "Rerun with locks", dialog)
            runner.started.connect(self.run_started)
        work = self._work = MergeWork(desk, begun.pair, self._board, dialog, runner, self)
        work.merge_requested.connect(lambda view, comment: self._ending.carry_out(work, begun, view, comment))
        work.failed.connect(lambda error: self._bench.show_error(error, "The choice could not be kept"))
        work.closed.connect(lambda: self._on_closed(work))
        if row is not None:
            work.given_up.connect(lambda: self._on_given_up(row))
        work.begin()

    def _again(self, begun: Begun) -> None:
        """A plan went on while its merge was looked at: merge once more."""
        row = begun.desk.row
        if row is None or row.kind == "head":
            self.settle_head()
        else:
            self._prepare(lambda: self._desk_of(self._merges.refresh(row.id), edits=begun.edits))

    def _on_taken_in(self, row: MergeRow) -> None:
        self._unfinished.forget(row)
        self.show_unfinished()

    def _on_given_up(self, row: MergeRow) -> None:
        self._end_work()
        self._unfinished.give_up(row)
        self.show_unfinished()

    def _end_work(self) -> None:
        if self._work is not None:
            self._work.end()

    def _on_closed(self, work: MergeWork) -> None:
        if self._work is work:
            self._work = None
        session = self._bench.session
        self._board.end(session.preview if session else None)
        self.show_unfinished()
        work.deleteLater()

    def _on_opened(self) -> None:
        self._end_work()
        self.show_unfinished()
        row, self._then_resume = self._then_resume, None
        session = self._bench.session
        if row is None or session is None:
            return
        if (row.schedule_id, row.head_name) == (session.schedule_id, session.head_name):
            self.resume(row)

    def _on_failed(self, error: Exception) -> None:
        self.busy.emit("")
        self._bench.show_error(error, "The plans could not be merged")


def _title(name: str) -> str:
    return "Live plan" if name == LIVE else f"Scenario {name}"
