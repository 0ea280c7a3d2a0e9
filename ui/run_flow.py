"""From Optimize to Apply: freeze the input, follow the run, preview the result, make it a version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.collector import collector_paused, settle_collector
from app.merge_names import plan_name
from app.preview import Preview, make_preview
from app.session import Answer
from app.session_jobs import Applied
from app.versions import VersionService
from app.what_if.words import is_of_desk
from engine.errors import ErrorCode, TaktwerkError
from engine.merge import Choice
from engine.model import OptimizationResult, RunStatus
from ui import text
from ui.actions import Actions
from ui.background import in_background
from ui.run_homes import RunHomes
from ui.runs import RunFeed, RunService, RunView, can_preview, error_parts, status_of
from ui.studio.labels import OBJECTIVE_TITLES
from ui.studio.panel import StudioPanel
from ui.studio.repair_flow import RepairFlow
from ui.studio.settings import RunSettings
from ui.unstored import UnstoredFlow
from ui.workbench import Workbench

_REBASE_DELAY_MS = 250


class RunFlow(QObject):
    """Everything about runs that is not a widget."""

    preview_changed = Signal(object, str)
    """(preview or None, the run's title): the board, the bar and the change list follow."""
    applying = Signal()
    """The preview is being made a version."""
    version_made = Signal()
    conflict_found = Signal(str)
    """The head moved while a preview was applied (E004); the run's title."""
    switch_requested = Signal(str, str)
    """(schedule, head) to open, as a run was made for it."""

    def __init__(
        self,
        workbench: Workbench,
        actions: Actions,
        runs: RunService,
        studio: StudioPanel,
        versions: VersionService,
    ) -> None:
        super().__init__(workbench)
        self._bench, self._actions, self._runs, self._studio = workbench, actions, runs, studio
        self._homes = RunHomes(workbench, versions)
        self._left: set[str] = set()
        self._then_show = ""
        self._title = ""
        self._feed = RunFeed(runs, self)
        self._feed.updated.connect(self._on_updated)
        self._feed.finished.connect(self._on_finished)
        self._rebase = QTimer(self)
        self._rebase.setSingleShot(True)
        self._rebase.setInterval(_REBASE_DELAY_MS)
        self._rebase.timeout.connect(self._on_rebase)
        for action_id, slot in (
            ("run.optimize", self.optimize),
            ("run.stop", self.stop),
            ("run.cancel", self.cancel),
            ("preview.apply", self.apply),
            ("preview.discard", self.discard),
        ):
            actions[action_id].triggered.connect(lambda _=False, call=slot: call())
        studio.setup.submitted.connect(self.optimize)
        studio.run.stop_requested.connect(lambda run_id: self._guarded(lambda: runs.stop(run_id, True)))
        studio.run.cancel_requested.connect(lambda run_id: self._guarded(lambda: runs.cancel(run_id)))
        studio.run.preview_requested.connect(self.show_result)
        studio.run.details_requested.connect(self._show_details)
        self.unstored = UnstoredFlow(workbench, runs)
        studio.run.unstored_requested.connect(lambda run_id: self.unstored.show(runs.status(run_id)))
        studio.run_activated.connect(self._on_activated)
        workbench.opened.connect(self._on_opened)
        workbench.changed.connect(self._on_changed)
        self.repairs = RepairFlow(workbench, studio, self.optimize)
        self.refresh()

    def close(self) -> None:
        """Stop listening to the service."""
        self._feed.close()

    def optimize(self) -> None:
        """Submit the working plan as it is now with the settings of the Studio."""
        session = self._bench.session
        settings = self._studio.setup.settings()
        if session is None:
            return
        faults = settings.faults()
        if faults:
            self._studio.show_page("setup")
            self._bench.say(next(iter(faults.values())), "warn")
            return
        frozen = session.working
        request = settings.to_request(frozen)
        try:
            run_id = self._runs.submit(
                request,
                schedule_id=session.schedule_id,
                base_version_id=session.head.id,
                label=run_label(settings, self._studio.setup.profile_name()),
                head_name=session.head_name,
            )
        except TaktwerkError as error:
            self._bench.show_error(error, "The run was not started")
            return
        self._homes.add(run_id, session, frozen)
        self._on_updated(self._runs.status(run_id))
        self._studio.show_page("run")
        self._bench.say("The run has started. You can go on planning meanwhile.")

    def stop(self) -> None:
        """End the present run and keep its best plan."""
        view = self._studio.active_run()
        if view is not None:
            self._guarded(lambda: self._runs.stop(view.run_id, True))

    def cancel(self) -> None:
        """End the present run and drop what it found."""
        view = self._studio.active_run()
        if view is not None:
            self._guarded(lambda: self._runs.cancel(view.run_id))

    def leave(self, run_id: str) -> None:
        """Leave what comes of a run to who started it."""
        self._left.add(run_id)

    def show_result(self, run_id: str) -> None:
        """Preview what a run found: its result, or for one that failed the best plan it had.

        A run that was made for another scenario, or perhaps was, asks where to show it.
        """
        view = self._runs.status(run_id)
        self._homes.find(
            view,
            here=lambda: self._preview(view),
            elsewhere=lambda head: self._open_and_show(run_id, head),
        )

    def _open_and_show(self, run_id: str, head: str) -> None:
        session = self._bench.session
        if session is not None:
            self._then_show = run_id
            self.switch_requested.emit(session.schedule_id, head)

    def _preview(self, view: RunView) -> None:
        session, run_id = self._bench.session, view.run_id
        if session is None:
            return
        working, frozen = session.working, self._homes.input_of(run_id)

        def work() -> Preview:
            result, request = result_of(self._runs, run_id), self._runs.request(run_id)
            taken = frozen or request.schedule_data
            return make_preview(run_id, taken, working, result, request)

        self._compute(work, view.label)

    def apply(self, resolutions: dict[str, Any] | None = None) -> None:
        """Make the previewed plan the next version."""
        session = self._bench.session
        if session is None or session.preview is None:
            return
        try:
            job = session.begin_apply(resolutions, self._title)
        except TaktwerkError as error:
            self._bench.say(error.message, "warn")
            return
        if job is None:
            return

        def stored(applied: Applied) -> None:
            session.end_job()
            answer = session.end_apply(applied)
            self._show_preview(None)
            self._bench.tell(answer)
            self.version_made.emit()

        def failed(error: Exception) -> None:
            session.end_job()
            self._show_preview(session.preview)
            if isinstance(error, TaktwerkError) and error.code is ErrorCode.VERSION_CONFLICT:
                self.conflict_found.emit(self._title)
            else:
                self._bench.show_error(error, "The plan was not applied")

        self.applying.emit()
        self.refresh()
        in_background(job.run, stored, failed)

    def discard(self) -> None:
        """Put the preview away."""
        session = self._bench.session
        if session is not None and session.preview is not None:
            session.discard_preview()
            self._show_preview(None)
            self._bench.say("The preview was put away. The result stays in the run history.")

    def refresh(self) -> None:
        """Enable what can be done now."""
        session = self._bench.session
        view = self._studio.active_run()
        has_preview = session is not None and session.preview is not None and not session.is_saving
        self._actions["run.optimize"].setEnabled(session is not None)
        self._actions["run.stop"].setEnabled(view is not None and status_of(view) == "running" and view.has_incumbent)
        self._actions["run.cancel"].setEnabled(view is not None)
        self._actions["preview.apply"].setEnabled(has_preview)
        self._actions["preview.discard"].setEnabled(has_preview)

    def _on_opened(self) -> None:
        session = self._bench.session
        self._homes.forget_others()
        self.preview_changed.emit(None, "")
        if session is not None:
            in_background(
                lambda: self._runs.history(session.schedule_id),
                self._show_history,
                self._on_history_failed,
            )
        self.refresh()
        run_id, self._then_show = self._then_show, ""
        if run_id and session is not None and self._homes.head_of(run_id) in (None, session.head_name):
            self._preview(self._runs.status(run_id))

    def _show_history(self, views: list[RunView]) -> None:
        ours = [view for view in views if not is_of_desk(view.label)]
        self._studio.show_history(ours, self._bench.zone)
        for view in ours:
            self.unstored.show(view)  # of an earlier sitting that ended on a full disk

    def _on_updated(self, view: RunView) -> None:
        if self._is_ours(view):
            self._studio.update_run(view)
            self.unstored.follow(view)
            self.refresh()

    def _on_finished(self, view: RunView) -> None:
        if not self._is_ours(view):
            return
        self._studio.update_run(view)
        self.refresh()
        self.unstored.show(view)
        status = status_of(view)
        if view.run_id in self._left:
            self._left.discard(view.run_id)
        elif status == "completed" and (head := self._homes.head_of(view.run_id)) is not None:
            session = self._bench.session
            if session is not None and head != session.head_name:
                where = plan_name(head)
                self._bench.say(f"{view.label}, made for {where}, has finished. Open it from the run history.")
            elif session is not None and session.preview is None:
                self.show_result(view.run_id)
            else:
                self._bench.say(f"{view.label} has finished. Open it from the run history.")
        elif status == "failed":
            self._say_failed(view)
        elif status == "cancelled":
            self._bench.say(f"{view.label} was cancelled.")

    def _say_failed(self, view: RunView) -> None:
        code, message = error_parts(view.error)
        self._studio.show_page("run")
        self._bench.say(f"{view.label} failed. {message}", "bad")
        if code == ErrorCode.INFEASIBLE_PROBLEM.value and not self._studio.run.conflict.isVisible():
            self._bench.show_error(view.error)  # what stands in the way is not in sight

    def _is_ours(self, view: RunView) -> bool:
        session = self._bench.session
        is_of_session = session is not None and view.schedule_id == session.schedule_id
        return is_of_session and not is_of_desk(view.label)

    def _on_activated(self, view: RunView) -> None:
        self._studio.run.show_run(view)
        if view.status is RunStatus.COMPLETED or (can_preview(view) and view.error is None):
            self.show_result(view.run_id)
        else:
            self._studio.show_page("run")
            if view.error is not None:
                self._bench.show_error(view.error)

    def _show_details(self, run_id: str) -> None:
        self._bench.show_error(self._runs.status(run_id).error)

    def _on_preview(self, preview: Preview, title: str) -> None:
        session = self._bench.session
        if session is None:
            return
        if preview.working is not session.working:
            working = session.working
            self._compute(lambda: preview.rebased(working), title)
            return
        self._title = title
        if not preview.changes and not preview.conflicts:
            session.preview = None
            self._show_preview(None)
            self._bench.say(f"{title}: {nothing_to_apply(preview)}")
            return
        session.preview = preview
        self._show_preview(preview)
        self._bench.say(f"{title}: {text.count(len(preview.changes), 'operation')} would change. Apply or discard.")

    def _on_history_failed(self, error: Exception) -> None:
        self._bench.show_error(error, "The run history could not be read")

    def _on_preview_failed(self, error: Exception) -> None:
        self._bench.show_error(error, "The result cannot be shown")

    def _show_preview(self, preview: Preview | None) -> None:
        self.preview_changed.emit(preview, self._title)
        self.refresh()

    def _on_changed(self, answer: Answer) -> None:
        session = self._bench.session
        if session is not None and session.preview is not None and session.preview.working is not session.working:
            self._rebase.start()

    def _on_rebase(self) -> None:
        self._rebased(None)

    def settle(self, choices: Mapping[str, Choice]) -> None:
        """Take these sides where the planner and the run changed the same."""
        self._rebased(choices)

    def _rebased(self, resolutions: Mapping[str, Choice] | None) -> None:
        session = self._bench.session
        if session is None or session.preview is None:
            return
        preview, working = session.preview, session.working
        self._compute(lambda: preview.rebased(working, resolutions), self._title)

    def _compute(self, work: Callable[[], Preview], title: str) -> None:
        """Make a preview, with all that views will ask of it, off the interface's thread."""
        in_background(
            lambda: _computed(work), lambda preview: self._on_preview(preview, title), self._on_preview_failed
        )

    def _guarded(self, call: Any) -> None:
        try:
            call()
        except TaktwerkError as error:
            self._bench.say(error.message, "bad")


def run_label(settings: RunSettings, profile_name: str) -> str:
    """Return what a run is called in lists."""
    goals = {"objective": OBJECTIVE_TITLES.get(settings.objective, "Automatic goal"), "mix": "Mix", "ladder": "Ladder"}
    parts = [profile_name, goals[settings.goal], text.duration(settings.time_limit_s * 1000)]
    return ", ".join(part for part in parts if part)


def nothing_to_apply(preview: Preview) -> str:
    """Return why a result has nothing that could be applied."""
    pairs = zip(preview.input.snapshot.events, preview.result.snapshot.events, strict=True)
    if any(was is not now for was, now in pairs):
        return "the plan has all of this result already. It stays as it is."
    return "nothing better was found. The plan stays as it is."


def result_of(runs: RunService, run_id: str) -> OptimizationResult:
    """Return what a run found.

    Raises
    ------
    TaktwerkError
        The run's own error when it found no plan.
    """
    response = runs.result(run_id)
    if response.result is not None:
        return response.result
    error = response.error
    if error is not None:
        raise TaktwerkError(ErrorCode(error.code), error.message, dict(error.details))
    raise TaktwerkError(ErrorCode.NOT_FOUND, "This run has no plan to show.", {"runId": run_id})


def _computed(work: Callable[[], Preview]) -> Preview:
    with collector_paused():
        preview = work()
        _ = preview.changes, preview.kpis_before, preview.after
        settle_collector()
    return preview
