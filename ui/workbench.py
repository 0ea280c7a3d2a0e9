"""What the parts of the window share: the open session, the selection, and how things are said to the planner."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.commands import Command
from app.session import Answer, PlanningSession
from engine.instants import zone_of
from ui.dialogs.error import ErrorDialog

_log = logging.getLogger("taktwerk.ui")


class Workbench(QObject):
    """Holds the session and passes on what happens to it. Lives in the interface's thread, as the session does."""

    opened = Signal()
    """Another schedule is open, or none."""
    changed = Signal(object)
    """The answer to a gesture that changed something, whichever part of the window it came from."""
    selection_changed = Signal(object)
    """Ids of the operations selected on the board."""
    said = Signal(str, str)
    """(kind, sentence) for the status bar: kind is ``info``, ``warn`` or ``bad``."""
    go_to_requested = Signal(str)

    def __init__(self, window: Any) -> None:
        super().__init__(window)
        self._window = window
        self.session: PlanningSession | None = None
        self.zone: dt.tzinfo = dt.UTC
        self.selection: tuple[str, ...] = ()
        self._unsubscribe: Any = None

    @property
    def window(self) -> Any:
        """The window, as parent of dialogs."""
        return self._window

    def open(self, session: PlanningSession | None) -> None:
        """Make a session the open one."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        self.session = session
        self.selection = ()
        self._unsubscribe = session.subscribe(self._on_answer) if session else None
        self.zone = zone_of(session.working.metadata.time_zone) if session else dt.UTC
        self.opened.emit()

    def select(self, event_ids: Any) -> None:
        """Take over the board's selection."""
        self.selection = tuple(event_ids)
        self.selection_changed.emit(self.selection)

    def execute(self, command: Command) -> Answer:
        """Carry a command out and say what came of it."""
        assert self.session is not None
        return self.tell(self.session.execute(command))

    def tell(self, answer: Answer) -> Answer:
        """Say what an answer means; an error is said in the status bar (a dialog would be too much for a refusal)."""
        if answer.error is not None:
            self.said.emit("bad", answer.error.message)
            return answer
        parts = [answer.label, *answer.notes]
        new = len(answer.new_violations)
        if new == 1:
            parts.append(f"Breaks a rule: {answer.new_violations[0].message}")
        elif new:
            parts.append(f"Breaks {new} rules; see Problems")
        words = ". ".join(part.rstrip(".") for part in parts if part)
        if words:
            self.said.emit("warn" if new else "info", words + ".")
        return answer

    def say(self, words: str, kind: str = "info") -> None:
        """Say a sentence in the status bar."""
        self.said.emit(kind, words)

    def show_error(self, error: Any, heading: str = "") -> ErrorDialog:
        """Show an error in a dialog that does not block the board."""
        dialog = ErrorDialog(error, self._window, heading=heading)
        dialog.setModal(False)
        dialog.go_to_event.connect(self.go_to_requested)
        dialog.show()
        return dialog

    def _on_answer(self, answer: Answer) -> None:
        self.changed.emit(answer)
