"""The open schedule: what the planner sees, every edit of it, and the way back.

``PlanningSession.working`` is an immutable schedule, replaced and never mutated. An edit is acknowledged only once its
delta is committed to the draft in the database, so that a crash loses nothing that was answered with success. All
methods belong to one thread (the user interface's); listeners are called in it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from app.commands import Command
from app.preview import Preview, make_preview
from engine.check import Violation, check
from engine.diff import Delta, apply, diff, invert
from engine.errors import ErrorCode, TaktwerkError
from engine.merge import Conflict, Side, merge
from engine.metrics import Kpis, kpis
from engine.model import OptimizationResult, Schedule
from engine.moves import Push
from engine.plan import PlanFacts

_log = logging.getLogger("taktwerk.session")


class Head(Protocol):
    """The saved version that the working schedule is based on."""

    @property
    def id(self) -> str: ...
    @property
    def number(self) -> int: ...


class Versions(Protocol):
    """What a session needs of the version service."""

    def append_edit(self, schedule_id: str, base_version_id: str, label: str, delta: dict[str, Any]) -> None: ...
    def replace_draft(self, schedule_id: str, base_version_id: str, label: str, delta: dict[str, Any]) -> None: ...
    def discard_draft(self, schedule_id: str) -> Any: ...
    def save(
        self, schedule_id: str, expected_head: str, data: Schedule, comment: str = "", source: str = "manual"
    ) -> Any: ...
    def record_result(self, run_id: str, schedule_id: str, expected_head: str, data: Schedule) -> Any: ...
    def head(self, schedule_id: str) -> Any: ...
    def data(self, version_id: str) -> Schedule: ...


@dataclass(frozen=True)
class Answer:
    """What one gesture did: always the whole truth that views need.

    ``changed`` and ``removed`` are operation ids; ``structure_changed`` says that resources, calendars, constraints or
    orders changed too, so that a view redraws all. ``error`` set means that nothing changed.
    """

    revision: int
    label: str
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    structure_changed: bool = False
    violations: tuple[Violation, ...] = ()
    new_violations: tuple[Violation, ...] = ()
    kpis: Kpis | None = None
    kpis_before: Kpis | None = None
    notes: tuple[str, ...] = ()
    error: TaktwerkError | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    label: str
    delta: Delta


@dataclass
class _History:
    done: list[_Step] = field(default_factory=list)
    undone: list[_Step] = field(default_factory=list)


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
        self.head_kpis = kpis(head_schedule)
        self.working = working or head_schedule
        self.revision = 0
        self.push: Push = "off"
        self.preview: Preview | None = None
        self.facts = PlanFacts(self.working)
        self.violations = tuple(check(self.working, facts=self.facts))
        self.kpis = kpis(self.working, facts=self.facts)
        self._history = _History()
        self._listeners: list[Callable[[Answer], None]] = []

    # what it is

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
            done = command.carry_out(self.working, self.facts, self.push)
            return self._change(done.schedule, done.label, done.notes)
        except TaktwerkError as error:
            return self._refused(error)

    def undo(self) -> Answer:
        """Take the last step back."""
        if not self._history.done:
            return self._nothing("Nothing to undo")
        step = self._history.done[-1]
        return self._step_to(invert(step.delta), f"Undo: {step.label}", self._history.done, self._history.undone)

    def redo(self) -> Answer:
        """Do the last step taken back again."""
        if not self._history.undone:
            return self._nothing("Nothing to redo")
        step = self._history.undone[-1]
        return self._step_to(step.delta, f"Redo: {step.label}", self._history.undone, self._history.done)

    # versions

    def save(self, comment: str = "") -> Any:
        """Store the working schedule as a new version (source ``manual``) and return its row.

        Raises
        ------
        TaktwerkError
            E004 when the head moved meanwhile, E008 when the file cannot be written; nothing is lost.
        """
        saved = self._versions.save(self.schedule_id, self.head.id, self.working, comment)
        self._stand_on(saved)
        self._tell(Answer(self.revision, "Save version", kpis=self.kpis, violations=self.violations))
        return saved

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
        label = f"Merge version {head.number}"
        try:
            gap = diff(theirs, merged)
            if gap.is_empty:
                self._versions.discard_draft(self.schedule_id)
            else:
                self._versions.replace_draft(self.schedule_id, head.id, label, gap.to_json())
        except TaktwerkError as error:
            return self._refused(error)
        delta = diff(self.working, merged)
        self._stand_on(head, theirs)
        self._history.done.append(_Step(label, delta))
        self._history.undone.clear()
        return self._enter(merged, delta, label, ())

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
        preview = self.preview
        if preview is None:
            return self._nothing("There is no preview to apply")
        if preview.working is not self.working or resolutions:
            preview = preview.rebased(self.working, resolutions)
        try:
            saved = self._versions.record_result(preview.run_id, self.schedule_id, self.head.id, preview.merged)
        except TaktwerkError as error:
            return self._refused(error)
        self.preview = None
        delta = diff(self.working, preview.merged)
        label = f"Apply optimised plan (version {saved.number})"
        self._stand_on(saved, preview.merged)
        self._history.done.append(_Step(label, delta))
        self._history.undone.clear()
        return self._enter(preview.merged, delta, label, ())

    # inside

    def _change(self, schedule: Schedule, label: str, notes: tuple[str, ...]) -> Answer:
        if schedule is self.working:
            return self._nothing(label or "No change", notes)
        delta = diff(self.working, schedule)
        if delta.is_empty:
            return self._nothing(label or "No change", notes)
        self._versions.append_edit(self.schedule_id, self.head.id, label, delta.to_json())
        self._history.done.append(_Step(label, delta))
        self._history.undone.clear()
        return self._enter(schedule, delta, label, notes)

    def _step_to(self, delta: Delta, label: str, source: list[_Step], target: list[_Step]) -> Answer:
        try:
            schedule = apply(delta, self.working)
            self._versions.append_edit(self.schedule_id, self.head.id, label, delta.to_json())
        except TaktwerkError as error:
            return self._refused(error)
        target.append(source.pop())
        return self._enter(schedule, delta, label, ())

    def _enter(self, schedule: Schedule, delta: Delta, label: str, notes: tuple[str, ...]) -> Answer:
        before, known = self.kpis, set(self.violations)
        self.working = schedule
        self.revision += 1
        self.facts = PlanFacts(schedule, previous=self.facts)
        self.violations = tuple(check(schedule, facts=self.facts))
        self.kpis = kpis(schedule, facts=self.facts)
        events = delta.items.get("events", {})
        answer = Answer(
            revision=self.revision,
            label=label,
            changed=tuple(k for k, c in events.items() if not c.removed),
            removed=tuple(k for k, c in events.items() if c.removed),
            structure_changed=bool(delta.metadata) or any(c != "events" for c in delta.items),
            violations=self.violations,
            new_violations=tuple(v for v in self.violations if v not in known),
            kpis=self.kpis,
            kpis_before=before,
            notes=notes,
        )
        self._tell(answer)
        return answer

    def _stand_on(self, saved: Any, schedule: Schedule | None = None) -> None:
        self.head = saved
        self.head_schedule = schedule or self.working
        self.head_kpis = kpis(self.head_schedule)

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
