"""The open schedule: what the planner sees, every edit of it, and the way back.

``PlanningSession.working`` is an immutable schedule, replaced and never mutated. An edit is acknowledged only once its
delta is committed to the draft in the database, so that a crash loses nothing that was answered with success. All
methods belong to one thread (the user interface's); listeners are called in it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.commands import Command
from app.head_versions import HeadVersions
from app.preview import Preview, make_preview
from app.session_history import History, Step
from app.session_jobs import Applied, ApplyJob, BigStep, Fetched, SaveJob, VersionJob
from app.session_types import Answer, Head, Versions
from engine.check import Violation
from engine.diff import Delta, apply, diff, invert
from engine.errors import ErrorCode, TaktwerkError
from engine.merge import Conflict, Side, merge
from engine.metrics import Kpis, kpis
from engine.model import OptimizationResult, Schedule
from engine.moves import Push
from engine.plan import PlanFacts
from engine.plan_state import PlanState

__all__ = ["Answer", "PlanningSession"]

_log = logging.getLogger("taktwerk.session")


class PlanningSession:
    """One schedule opened by one planner.

    Parameters
    ----------
    versions
        The version service, which also keeps the draft.
    schedule_id, head, head_schedule
        What is open, and its newest version.
    working
        A recovered draft; the head's schedule when absent.
    """

    def __init__(
        self, versions: Versions, schedule_id: str, head: Head, head_schedule: Schedule, working: Schedule | None = None
    ) -> None:
        self._versions = versions
        self.schedule_id = schedule_id
        self.head: Any = head
        self.head_schedule = head_schedule
        self.revision = 0
        self.push: Push = "off"
        self.preview: Preview | None = None
        self._state = PlanState.of(working or head_schedule)
        self._state.facts.prepare()
        self.head_kpis = self._state.kpis if working is None else kpis(head_schedule)
        self._history = History()
        self._job: SaveJob | ApplyJob | VersionJob | None = None
        self._listeners: list[Callable[[Answer], None]] = []

    # what it is

    @property
    def working(self) -> Schedule:
        """The schedule as the planner sees it."""
        return self._state.schedule

    @property
    def facts(self) -> PlanFacts:
        """What follows from it."""
        return self._state.facts

    @property
    def violations(self) -> tuple[Violation, ...]:
        """The rules that it breaks."""
        return self._state.violations

    @property
    def kpis(self) -> Kpis:
        """Its key figures."""
        return self._state.kpis

    @property
    def head_name(self) -> str:
        """The head that is worked on: the live plan's (``main``), or a scenario's."""
        return getattr(self._versions, "head_name", "main")

    def rename_head(self, name: str) -> None:
        """Go on under the new name of the scenario that is open."""
        if isinstance(self._versions, HeadVersions):
            self._versions.head_name = name

    @property
    def is_dirty(self) -> bool:
        """Whether the working schedule differs from the head."""
        return self.working is not self.head_schedule and self.working != self.head_schedule

    @property
    def undo_label(self) -> str | None:
        """The label of the step that ``undo`` takes back."""
        return self._history.done[-1].label if self._history.done else None

    @property
    def redo_label(self) -> str | None:
        """The label of the step that ``redo`` does again."""
        return self._history.undone[-1].label if self._history.undone else None

    def subscribe(self, listener: Callable[[Answer], None]) -> Callable[[], None]:
        """Call ``listener`` with every answer that changed something; returns the way to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    # gestures

    def execute(self, command: Command) -> Answer:
        """Carry out one gesture. A refused one answers with its error and changes nothing."""
        try:
            self._require_no_apply()
            done = command.carry_out(self.working, self.facts, self.push)
            return self._change(done.schedule, done.label, done.notes)
        except TaktwerkError as error:
            return self._refused(error)

    def undo(self) -> Answer:
        """Take the last step back."""
        if not self._history.done:
            return self._nothing("Nothing to undo")
        step = self._history.done[-1]
        back = invert(step.delta) if step.big is None else step.big.back
        return self._step_to(step, back, f"Undo: {step.label}", is_back=True)

    def redo(self) -> Answer:
        """Do the last step taken back again."""
        if not self._history.undone:
            return self._nothing("Nothing to redo")
        step = self._history.undone[-1]
        return self._step_to(step, step.delta, f"Redo: {step.label}", is_back=False)

    # versions

    def save(self, comment: str = "") -> Any:
        """Store the working schedule as a new version (source ``manual``) and return its row.

        Raises
        ------
        TaktwerkError
            E004 when the head moved meanwhile, E008 when the file cannot be written; nothing is lost.
        """
        job = self.begin_save(comment)
        try:
            return self.end_save(job, job.run())
        finally:
            self.end_job()

    def begin_save(self, comment: str = "") -> SaveJob:
        """Take the working schedule as it is, to be stored in another thread while the planner goes on.

        Call the job's ``run`` anywhere, then ``end_save`` and ``end_job`` here.

        Raises
        ------
        TaktwerkError
            E005 while another job goes on.
        """
        self._require_no_job()
        edits, working = self._versions.edit_count(self.schedule_id), self.working
        schedule_id, head_id, versions = self.schedule_id, self.head.id, self._versions
        job = SaveJob(self._state, lambda: versions.save(schedule_id, head_id, working, comment, edits=edits))
        self._job = job
        return job

    def end_save(self, job: SaveJob, saved: Any) -> Any:
        """Stand on the version that a job has stored; returns its row."""
        self._stand_on(saved, job.state)
        self._tell(Answer(self.revision, "Save version", kpis=self.kpis, violations=self.violations))
        return saved

    def end_job(self) -> None:
        """The job that was begun is over, whether it succeeded or not."""
        self._job = None

    @property
    def is_saving(self) -> bool:
        """Whether a version is being stored."""
        return self._job is not None

    def incoming(self) -> tuple[Any, Schedule] | None:
        """Return the head another writer stored meanwhile, with its schedule, or ``None``."""
        head = self._versions.head(self.schedule_id)
        return None if head.id == self.head.id else (head, self._versions.data(head.id))

    def conflicts_with(self, theirs: Schedule) -> tuple[Conflict, ...]:
        """Return the atoms that the working schedule and ``theirs`` changed differently."""
        return merge(self.head_schedule, self.working, theirs).conflicts

    def take_in(self, resolutions: dict[str, Side] | None = None, prefer: Side = "ours") -> Answer:
        """Merge the newest head into the working schedule and stand on that head, as one undo step."""
        incoming = self.incoming()
        if incoming is None:
            return self._nothing("Already on the newest version")
        head, theirs = incoming
        merged = merge(self.head_schedule, self.working, theirs, resolutions, prefer).schedule
        return self.take_merged(head, theirs, merged)

    def take_merged(self, head: Any, theirs: Schedule, merged: Schedule) -> Answer:
        """Make a merge of the working schedule with a newer head the working one, and stand on that head, as one step.

        Parameters
        ----------
        head, theirs
            The newer version and its schedule.
        merged
            The merge, decided and perhaps repaired.
        """
        label = f"Merge version {head.number}"
        try:
            self._require_no_job()
            gap = diff(theirs, merged)
            if gap.is_empty:
                self._versions.discard_draft(self.schedule_id)
            else:
                self._versions.replace_draft(self.schedule_id, head.id, label, gap.to_json())
        except TaktwerkError as error:
            return self._refused(error)
        delta, before, after = diff(self.working, merged), self._state, self._state.after(merged)
        self._stand_on(head, PlanState.of(theirs, self.facts))
        self._history.add(Step(label, delta, BigStep.of(before, after, delta)))
        return self._enter(after, delta, label, ())

    def begin_version(self, version: Head, *, roll_back: bool = False) -> VersionJob:
        """Let the plan become what a stored version was, as one undo step; edits are refused until ``end_job``.

        With ``roll_back`` that becomes the next version, else it is an edit of the present one. Call the job's ``run``
        in any thread, then ``end_version`` and ``end_job`` here.

        Raises
        ------
        TaktwerkError
            E005 while another job goes on.
        """
        self._require_no_job()
        schedule_id, head_id, key, versions = self.schedule_id, self.head.id, version.id, self._versions
        job = VersionJob(
            self._state,
            version.number,
            lambda: versions.data(key),
            (lambda: versions.rollback(schedule_id, head_id, key)) if roll_back else None,
        )
        self._job = job
        return job

    def end_version(self, job: VersionJob, fetched: Fetched) -> Answer:
        """Take over what a job has fetched (an answer with E004 or E008 when it cannot be stored)."""
        saved, step = fetched.saved, fetched.step
        label = f"{'Roll back to' if saved else 'Open'} version {job.number}"
        if saved:
            self._stand_on(saved, step.after)
        if fetched.delta.is_empty:
            return self._enter(step.after, fetched.delta, label, ()) if saved else self._nothing(label)
        try:
            if not saved:
                self._versions.append_edit(self.schedule_id, self.head.id, label, step.forth_data)
        except TaktwerkError as error:
            return self._refused(error)
        self._history.add(Step(label, fetched.delta, step))
        return self._enter(step.after, fetched.delta, label, ())

    # runs

    def show_preview(self, run_id: str, input_schedule: Schedule, result: OptimizationResult) -> Preview:
        """Lay a run's result over the working schedule without changing it."""
        self.preview = make_preview(run_id, input_schedule, self.working, result)
        return self.preview

    def discard_preview(self) -> None:
        """Put the preview away. The result stays with its run."""
        self.preview = None

    def apply_preview(self, resolutions: dict[str, Side] | None = None) -> Answer:
        """Make the previewed result a version: one transaction, one undo step.

        What the planner edited since the run began is merged in; where both changed the same thing, the planner's
        side holds unless ``resolutions`` say otherwise.
        """
        try:
            job = self.begin_apply(resolutions)
        except TaktwerkError as error:
            return self._refused(error)
        if job is None:
            return self._nothing("There is no preview to apply")
        try:
            return self.end_apply(job.run())
        except TaktwerkError as error:
            return self._refused(error)
        finally:
            self.end_job()

    def begin_apply(self, resolutions: dict[str, Side] | None = None, comment: str = "") -> ApplyJob | None:
        """Take the preview as it is, to be stored in another thread; ``None`` when there is none.

        Until ``end_job`` edits are refused. Call the job's ``run`` anywhere, then ``end_apply`` and ``end_job`` here.

        Raises
        ------
        TaktwerkError
            E005 while another job goes on.
        """
        preview = self.preview
        if preview is None:
            return None
        self._require_no_job()
        schedule_id, head_id, versions = self.schedule_id, self.head.id, self._versions

        def store(final: Preview) -> Any:
            return versions.record_result(final.run_id, schedule_id, head_id, final.merged, comment)

        job = ApplyJob(preview, self._state, resolutions, store)
        self._job = job
        return job

    def end_apply(self, applied: Applied) -> Answer:
        """Stand on the version that a job has made of the preview."""
        self.preview = None
        label = f"Apply optimised plan (version {applied.saved.number})"
        self._history.add(Step(label, applied.delta, applied.step))
        self._stand_on(applied.saved, applied.step.after)
        return self._enter(applied.step.after, applied.delta, label, ())

    # inside

    def _change(self, schedule: Schedule, label: str, notes: tuple[str, ...]) -> Answer:
        if schedule is self.working:
            return self._nothing(label or "No change", notes)
        delta = diff(self.working, schedule)
        if delta.is_empty:
            return self._nothing(label or "No change", notes)
        self._versions.append_edit(self.schedule_id, self.head.id, label, delta.to_json())
        state = self._state.after(schedule)
        big = BigStep.of(self._state, state, delta) if state.facts.change is None else None
        self._history.add(Step(label, delta, big))
        return self._enter(state, delta, label, notes)

    def _step_to(self, step: Step, delta: Delta, label: str, *, is_back: bool) -> Answer:
        big, done, undone = step.big, self._history.done, self._history.undone
        try:
            self._require_no_apply()
            if big is None:
                schedule, data = apply(delta, self.working), delta.to_json()
            else:
                schedule = (big.before if is_back else big.after).schedule
                data = big.back_data if is_back else big.forth_data
            self._versions.append_edit(self.schedule_id, self.head.id, label, data)
        except TaktwerkError as error:
            return self._refused(error)
        (undone if is_back else done).append((done if is_back else undone).pop())
        if big is None:
            return self._enter(self._state.after(schedule), delta, label, ())
        return self._enter((big.before if is_back else big.after).seen_from(self._state), delta, label, ())

    def _enter(self, state: PlanState, delta: Delta, label: str, notes: tuple[str, ...]) -> Answer:
        before, self._state = self.kpis, state
        self.revision += 1
        events = delta.items.get("events", {})
        answer = Answer(
            revision=self.revision,
            label=label,
            changed=tuple(k for k, c in events.items() if not c.removed),
            removed=tuple(k for k, c in events.items() if c.removed),
            structure_changed=bool(delta.metadata) or any(c != "events" for c in delta.items),
            violations=self.violations,
            new_violations=self._state.fresh_violations,
            kpis=self.kpis,
            kpis_before=before,
            notes=notes,
        )
        self._tell(answer)
        return answer

    def _stand_on(self, saved: Any, state: PlanState) -> None:
        self.head = saved
        self.head_schedule, self.head_kpis = state.schedule, state.kpis

    def _require_no_apply(self) -> None:
        if isinstance(self._job, ApplyJob | VersionJob):
            raise TaktwerkError(
                ErrorCode.RESOURCE_LOCKED,
                "Another plan is just being taken over. Edit it in a moment.",
                {"reason": "applying"},
            )

    def _require_no_job(self) -> None:
        if self._job is not None:
            raise TaktwerkError(
                ErrorCode.RESOURCE_LOCKED, "A version is being saved. Try again in a moment.", {"reason": "saving"}
            )

    def _refused(self, error: TaktwerkError) -> Answer:
        if error.code is ErrorCode.STORAGE:
            _log.error("an edit could not be stored: %s", error)
        return replace(self._nothing(""), error=error)

    def _nothing(self, label: str, notes: tuple[str, ...] = ()) -> Answer:
        return Answer(
            self.revision, label, violations=self.violations, kpis=self.kpis, kpis_before=self.kpis, notes=notes
        )

    def _tell(self, answer: Answer) -> None:
        for listener in tuple(self._listeners):
            listener(answer)
