"""From a repair of a run without a plan to the changed plan, and to the next run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject

from app.repairs import Remedy, remedy
from app.session import Answer
from engine.errors import ErrorCode, TaktwerkError
from ui.studio.conflict_box import RepairLine
from ui.studio.panel import StudioPanel
from ui.workbench import Workbench


class RepairFlow(QObject):
    """Applies repairs: to the plan as one undo step, to the Studio's settings where they belong to the run."""

    def __init__(self, workbench: Workbench, studio: StudioPanel, optimize: Callable[[], None]) -> None:
        super().__init__(workbench)
        self._bench, self._studio = workbench, studio
        self._box = studio.run.conflict
        self._applied: tuple[Any, str | None] | None = None
        """The repair, and the undo step that it is, if any."""
        self._box.apply_requested.connect(self.apply)
        self._box.undo_requested.connect(self._undo)
        self._box.rerun_requested.connect(optimize)
        workbench.opened.connect(self._forget)
        workbench.changed.connect(self._on_changed)

    def apply(self, repair: Any) -> None:
        """Apply one of ``details.repairs``."""
        session = self._bench.session
        if session is None:
            return
        self._forget()
        try:
            found = remedy(repair)
            answer = carry_out(self._bench, self._studio, found)
        except TaktwerkError as error:
            why = f"Not applied. {error.message}"
            self._show(repair, lambda line: line.show_refused(why))
            return
        step = found.name if answer is not None and answer.label == found.name else None
        self._applied = (repair, step)
        words = _told(found, answer)
        self._show(repair, lambda line: line.show_applied(True, words, can_undo=step is not None))

    def _undo(self) -> None:
        session = self._bench.session
        if session is not None:
            self._bench.tell(session.undo())

    def _on_changed(self, _: Answer) -> None:
        """A repair that was taken back, or that other edits followed, is no longer offered to be taken back."""
        session = self._bench.session
        if session is None or self._applied is None:
            return
        repair, step = self._applied
        if step is None or session.undo_label == step:
            return
        if session.redo_label == step:
            self._forget()
        else:
            self._show(repair, lambda line: line.undo.hide())

    def _forget(self) -> None:
        self._applied = None
        for line in self._box.repairs:
            line.show_applied(False)

    def _show(self, repair: Any, say: Callable[[RepairLine], None]) -> None:
        line = self._box.line_of(repair)
        if line is not None:
            say(line)


def carry_out(bench: Workbench, studio: StudioPanel, found: Remedy) -> Answer | None:
    """Change the plan and the Studio's settings as a remedy says; the answer to the change of the plan, if any.

    Raises
    ------
    TaktwerkError
        What refuses it; nothing was changed then.
    """
    session = bench.session
    assert session is not None
    settings = studio.setup.settings()
    blocked = _blocked(found, session.working, settings.blocked)
    answer = None if found.command is None else session.execute(found.command)
    if answer is not None and answer.error is not None:
        raise answer.error
    if answer is not None:
        bench.tell(answer)
    if found.of_the_run:
        scope = "all" if found.frees_scope else settings.scope
        studio.setup.show_settings(replace(settings, blocked=blocked, scope=scope))
        bench.say(f"{found.name}. The Studio's settings were changed.")
    return answer


def _blocked(found: Remedy, schedule: Any, spans: Any) -> Any:
    try:
        return found.blocked(schedule, spans)
    except TaktwerkError as error:
        message = "The Studio does not block this span any more, so there is nothing to change."
        raise TaktwerkError(ErrorCode.NOT_FOUND, message, dict(error.details)) from None


def _told(found: Remedy, answer: Answer | None) -> str:
    """What was done beyond a change of the plan, which goes without saying."""
    if found.command is not None and answer is not None and answer.label != found.name:
        return "The plan is like that already."
    return "The settings of the Studio were changed." if found.of_the_run else ""
