"""What a planner does to operations from menus, the tool bar and the keyboard."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog

from app.commands import Lock, Unschedule
from engine.model import Operation, Status
from ui.actions import Actions
from ui.dialogs.move import MoveDialog
from ui.dialogs.operation import OperationDialog
from ui.workbench import Workbench


class EditFlow(QObject):
    """Connects the edit actions with the session; one action = one command = one undo step."""

    def __init__(self, workbench: Workbench, actions: Actions) -> None:
        super().__init__(workbench)
        self._bench, self._actions = workbench, actions
        self._with_fixed = False
        for action_id, slot in (
            ("edit.undo", self.undo),
            ("edit.redo", self.redo),
            ("edit.operation", self._edit_selected),
            ("edit.move", self._move_selected),
            ("edit.lock", lambda: self.lock(True)),
            ("edit.unlock", lambda: self.lock(False)),
            ("edit.unschedule", self.unschedule),
        ):
            actions[action_id].triggered.connect(lambda _=False, call=slot: call())
        actions["edit.push"].toggled.connect(lambda _: self._set_push())
        workbench.opened.connect(self._on_opened)
        workbench.changed.connect(lambda _: self.refresh())
        workbench.selection_changed.connect(lambda _: self.refresh())
        self.refresh()

    def undo(self) -> None:
        """Take the last step back."""
        if self._bench.session is not None:
            self._bench.tell(self._bench.session.undo())

    def redo(self) -> None:
        """Do the step taken back last again."""
        if self._bench.session is not None:
            self._bench.tell(self._bench.session.redo())

    def lock(self, locked: bool) -> None:
        """Lock or unlock what is selected."""
        ids = self._bench.selection
        if self._bench.session is not None and ids:
            self._bench.execute(Lock(kind="lock", event_ids=ids, locked=locked))
            self.refresh()

    def unschedule(self) -> None:
        """Take what is selected off the board."""
        ids = self._bench.selection
        if self._bench.session is not None and ids:
            self._bench.execute(Unschedule(kind="unschedule", event_ids=ids))

    def edit(self, event_id: str) -> QDialog | None:
        """Open the dialog of an operation."""
        session, op = self._bench.session, self._operation(event_id)
        if session is None or op is None:
            return None
        dialog = OperationDialog(session.facts, op, self._bench.zone, self._bench.execute, self._bench.window)
        dialog.open()
        return dialog

    def move(self, event_id: str) -> QDialog | None:
        """Open the dialog that gives an operation a place."""
        session, op = self._bench.session, self._operation(event_id)
        if session is None or op is None:
            return None
        if op.locked or op.status in (Status.STARTED, Status.COMPLETED):
            state = "locked" if op.locked else op.status.value
            self._bench.say(f"{op.name} is {state} and cannot be moved.", "warn")
            return None
        dialog = MoveDialog(session.facts, op, self._bench.zone, self._bench.execute, self._bench.window)
        dialog.open()
        return dialog

    def set_push_fixed(self, with_fixed: bool) -> None:
        """Choose whether pushing also moves what was placed by hand or by the optimiser."""
        self._with_fixed = with_fixed
        self._set_push()

    def refresh(self) -> None:
        """Enable what can be done now and name the steps to undo and redo."""
        session, count = self._bench.session, len(self._bench.selection)
        undo, redo = (session.undo_label, session.redo_label) if session else (None, None)
        for action_id, verb, step in (("edit.undo", "Undo", undo), ("edit.redo", "Redo", redo)):
            self._actions[action_id].setEnabled(step is not None)
            self._actions.set_tip(action_id, f"&{verb}", f"{verb}: {step}" if step else f"Nothing to {verb.lower()}")
        selected = [op for op in map(self._operation, self._bench.selection) if op is not None]
        self._actions["edit.operation"].setEnabled(count == 1)
        self._actions["edit.move"].setEnabled(count == 1)
        self._actions["edit.lock"].setEnabled(any(not op.locked and op.is_placed for op in selected))
        self._actions["edit.unlock"].setEnabled(any(op.locked for op in selected))
        self._actions["edit.unschedule"].setEnabled(any(op.is_placed and not op.locked for op in selected))

    def _operation(self, event_id: str) -> Operation | None:
        session = self._bench.session
        return session.facts.operations.get(event_id) if session else None

    def _edit_selected(self) -> None:
        for event_id in self._bench.selection[:1]:
            self.edit(event_id)

    def _move_selected(self) -> None:
        for event_id in self._bench.selection[:1]:
            self.move(event_id)

    def _on_opened(self) -> None:
        self._set_push()
        self.refresh()

    def _set_push(self) -> None:
        session = self._bench.session
        if session is not None:
            is_on = self._actions["edit.push"].isChecked()
            session.push = ("all" if self._with_fixed else "on") if is_on else "off"
