"""One operation in full: look at it, change it in one step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QGridLayout,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from app.commands import Edit
from app.session import Answer
from engine.errors import TaktwerkError
from engine.instants import format_instant, to_ms
from engine.model import Operation, Status
from engine.moves import place
from engine.plan import PlanFacts
from ui import text
from ui.dialogs.base import Dialog
from ui.widgets import DateTimeField, Notice, combo, inset, label

_STATUS_TITLES = {
    Status.PLANNED: "Planned",
    Status.RELEASED: "Released",
    Status.STARTED: "Started",
    Status.COMPLETED: "Completed",
}
_BEGUN = (Status.STARTED, Status.COMPLETED)


class OperationDialog(Dialog):
    """Edits one operation; the end follows from the working time of its resource.

    ``execute`` carries the edit out and answers; a refusal is shown in the dialog, which stays open.
    """

    def __init__(
        self,
        facts: PlanFacts,
        operation: Operation,
        zone: dt.tzinfo,
        execute: Callable[[Edit], Answer],
        parent: QWidget | None,
    ) -> None:
        super().__init__("Operation", parent, heading=operation.name, width=640)
        self._facts, self._op, self._zone, self._execute = facts, operation, zone, execute
        self._make_fields()
        self._end, self._end_note = label(text.DASH), label("", "small")
        self._notice = Notice("bad")
        self._lay_out()
        self.add_action("Cancel", self.reject)
        self._save = self.add_action("Save", self._on_save, role="primary")
        self._fill()
        self._connect()
        self._refresh()

    def command(self) -> Edit | None:
        """Return the edit that the fields amount to, or ``None`` when nothing differs."""
        changes = self._changes()
        start, resource_id = self._start.value(), self._resource.currentData()
        moved = start != self._op.start_date and start is not None
        changed_resource = resource_id is not None and resource_id != self._op.resource_id and start is not None
        if not changes and not moved and not changed_resource:
            return None
        return Edit(
            kind="edit",
            event_id=self._op.id,
            changes=changes,
            start=start if moved or changed_resource else None,
            resource_id=resource_id if changed_resource or (moved and resource_id) else None,
        )

    def _make_fields(self) -> None:
        self._name = QLineEdit()
        self._name.setMaxLength(2000)
        self._duration = QLineEdit()
        self._duration.setToolTip("Working time, for example 3 h 20 min or 90 min")
        self._resource = combo()
        self._start = DateTimeField(self._zone, optional=not self._op.is_placed)
        self._interruptible = QCheckBox("May pause over breaks")
        self._family = combo()
        self._family.setEditable(True)
        self._priority = inset(QDoubleSpinBox())
        self._priority.setRange(0, 1e6)
        self._priority.setDecimals(1)
        self._priority.setToolTip("Weight of its lateness; 1 is normal")
        self._release = DateTimeField(self._zone, optional=True)
        self._due = DateTimeField(self._zone, optional=True)
        self._deadline = DateTimeField(self._zone, optional=True)
        self._status = combo()
        for status, title in _STATUS_TITLES.items():
            self._status.addItem(title, status)
        self._percent = inset(QSpinBox())
        self._percent.setRange(0, 100)
        self._percent.setSuffix(" %")
        self._locked = QCheckBox("Locked: neither time nor resource may change")

    def _fill(self) -> None:
        op = self._op
        self._name.setText(op.name)
        self._duration.setText(text.exact_duration(op.duration))
        for mode in op.alternatives:
            resource = self._facts.resources.get(mode.resource_id)
            self._resource.addItem(resource.name if resource else mode.resource_id, mode.resource_id)
        index = self._resource.findData(op.resource_id)
        if index < 0 and op.resource_id in self._facts.resources:
            self._resource.addItem(self._facts.resources[op.resource_id].name, op.resource_id)
            index = self._resource.count() - 1
        self._resource.setCurrentIndex(max(0, index))
        families = {o.setup_family for o in self._facts.operations.values() if o.setup_family}
        self._family.addItems(["", *sorted(families)])
        self._family.setCurrentText(op.setup_family or "")
        self._priority.setValue(op.weight)
        self._interruptible.setChecked(op.interruptible)
        suggestion = op.end_date or dt.datetime.fromtimestamp(self._facts.horizon_start_ms / 1000, dt.UTC)
        for field, value in (
            (self._start, op.start_date),
            (self._release, op.release_date),
            (self._due, op.due_date),
            (self._deadline, op.deadline),
        ):
            if value is not None:
                field.set_value(value)
            else:
                field.suggest(suggestion)
        self._status.setCurrentIndex(self._status.findData(op.status))
        self._percent.setValue(round(op.percent_done))
        self._locked.setChecked(op.locked)

    def _connect(self) -> None:
        for edit in (self._name, self._duration):
            edit.textChanged.connect(lambda _: self._refresh())
        for choice in (self._resource, self._status):
            choice.currentIndexChanged.connect(lambda _: self._refresh())
        self._family.currentTextChanged.connect(lambda _: self._refresh())
        for field in (self._start, self._release, self._due, self._deadline):
            field.changed.connect(self._refresh)
        for box in (self._interruptible, self._locked):
            box.toggled.connect(lambda _: self._refresh())
        self._priority.valueChanged.connect(lambda _: self._refresh())
        self._percent.valueChanged.connect(lambda _: self._refresh())

    def _changes(self) -> dict[str, Any]:
        op = self._op
        wanted: dict[str, tuple[Any, Any]] = {
            "name": (op.name, self._name.text().strip()),
            "duration": (op.duration, text.parse_duration(self._duration.text())),
            "interruptible": (op.interruptible, self._interruptible.isChecked()),
            "setupFamily": (op.setup_family, self._family.currentText().strip() or None),
            "priority": (op.weight, self._priority.value()),
            "releaseDate": (op.release_date, self._release.value()),
            "dueDate": (op.due_date, self._due.value()),
            "deadline": (op.deadline, self._deadline.value()),
            "status": (op.status, self._status.currentData()),
            "percentDone": (round(op.percent_done), self._percent.value()),
            "locked": (op.locked, self._locked.isChecked()),
        }
        return {key: _wire(new) for key, (old, new) in wanted.items() if old != new}

    def _refresh(self) -> None:
        may_move = not self._locked.isChecked() and self._status.currentData() not in _BEGUN
        for field in (self._resource, self._start, self._duration, self._interruptible):
            field.setEnabled(may_move)
        fault = self._fault()
        self._notice.say("bad", fault)
        self._save.setEnabled(not fault and self.command() is not None)

    def _fault(self) -> str:
        duration = text.parse_duration(self._duration.text())
        release, deadline, start = self._release.value(), self._deadline.value(), self._start.value()
        self._end.setText(text.DASH)
        self._end_note.setText("")
        if not self._name.text().strip():
            return "The name must not be empty."
        if duration is None:
            return "The duration is not readable. Write for example 3 h 20 min."
        if release and deadline and release >= deadline:
            return "The deadline must come after the release date."
        if start is None:
            return ""
        return self._show_end(duration, start)

    def _show_end(self, duration: int, start: dt.datetime) -> str:
        edited = self._op.model_copy(update={"duration": duration, "interruptible": self._interruptible.isChecked()})
        is_same = edited == self._op and start == self._op.start_date
        if is_same and self._resource.currentData() == self._op.resource_id and self._op.end_date:
            placed = self._op
        else:
            try:
                placed = place(self._facts, edited, self._resource.currentData(), to_ms(start))
            except TaktwerkError as error:
                return error.message
        assert placed.start_date is not None and placed.end_date is not None
        self._end.setText(text.instant(placed.end_date, self._zone, weekday=True))
        notes: list[str] = []
        if placed.start_date != start:
            notes.append(f"starts {text.instant(placed.start_date, self._zone)}, the next working time")
        pause = to_ms(placed.end_date) - to_ms(placed.start_date) - duration
        if pause > 0 and edited.interruptible:
            notes.append(f"spans {text.duration(to_ms(placed.end_date) - to_ms(placed.start_date))} with breaks")
        self._end_note.setText("; ".join(notes))
        return ""

    def _on_save(self) -> None:
        command = self.command()
        if command is None:
            self.accept()
            return
        answer = self._execute(command)
        if answer.error is None:
            self.accept()
        else:
            self._notice.say("bad", f"{answer.error.code.value}: {answer.error.message}")

    def _lay_out(self) -> None:
        order = self._facts.orders.get(self._op.order_id or "")
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        grid.setColumnMinimumWidth(2, 84)
        rows: tuple[tuple[str, QWidget, str, QWidget], ...] = (
            ("Name", self._name, "Order", label(order.name if order else text.DASH)),
            ("Resource", self._resource, "Duration", self._duration),
            ("Start", self._start, "End", self._end),
            ("Setup family", self._family, "Priority", self._priority),
            ("Released from", self._release, "Due", self._due),
            ("Deadline", self._deadline, "", QWidget()),
            ("Status", self._status, "Done", self._percent),
        )
        for row, (left, first, right, second) in enumerate(rows):
            at = row + (row > 2)
            for column, (title, field) in enumerate(((left, first), (right, second))):
                caption = label(title, "muted")
                caption.setBuddy(field)
                field.setAccessibleName(title)
                grid.addWidget(caption, at, column * 2)
                grid.addWidget(field, at, column * 2 + 1)
        grid.addWidget(self._interruptible, 3, 1)
        grid.addWidget(self._end_note, 3, 3, Qt.AlignmentFlag.AlignTop)
        self._end_note.setWordWrap(True)
        self.body.addLayout(grid)
        self.body.addWidget(self._locked)
        self.body.addWidget(self._notice)


def _wire(value: Any) -> Any:
    return (
        format_instant(value) if isinstance(value, dt.datetime) else value.value if isinstance(value, Status) else value
    )
