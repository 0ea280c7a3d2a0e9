"""Give one operation a resource and a start."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from PySide6.QtWidgets import QGridLayout, QWidget

from app.commands import Move
from app.session import Answer
from engine.errors import TaktwerkError
from engine.instants import from_ms, to_ms
from engine.model import Dependency, DependencyType, Operation
from engine.moves import place
from engine.plan import PlanFacts
from ui import text
from ui.dialogs.base import Dialog
from ui.widgets import DateTimeField, Notice, button, combo, label


class MoveDialog(Dialog):
    """Suggests the earliest free place on the chosen resource; a refusal is shown and the dialog stays open."""

    def __init__(
        self,
        facts: PlanFacts,
        operation: Operation,
        zone: dt.tzinfo,
        execute: Callable[[Move], Answer],
        parent: QWidget | None,
    ) -> None:
        verb = "Move" if operation.is_placed else "Schedule"
        super().__init__(f"{verb} operation", parent, heading=f"{verb} {operation.name}", width=460)
        self._facts, self._op, self._zone, self._execute = facts, operation, zone, execute
        self._resource = combo()
        self._resource.setAccessibleName("Resource")
        for mode in operation.alternatives:
            resource = facts.resources.get(mode.resource_id)
            self._resource.addItem(resource.name if resource else mode.resource_id, mode.resource_id)
        self._resource.setCurrentIndex(max(0, self._resource.findData(operation.resource_id)))
        self._start = DateTimeField(zone)
        self._earliest = button("Earliest free", self._on_earliest)
        self._earliest.setToolTip("The first gap after its predecessors that it fits in")
        self._end = label(text.DASH)
        self._notice = Notice("bad")
        self._lay_out()
        self.add_action("Cancel", self.reject)
        self._ok = self.add_action(verb, self._on_ok, role="primary")
        if operation.start_date is not None:
            self._start.set_value(operation.start_date)
        else:
            self._on_earliest()
        self._resource.currentIndexChanged.connect(lambda _: self._refresh())
        self._start.changed.connect(self._refresh)
        self._refresh()

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setColumnStretch(1, 1)
        rows = (("Resource", self._resource), ("Start", self._start), ("End", self._end))
        for row, (title, field) in enumerate(rows):
            grid.addWidget(label(title, "muted"), row, 0)
            grid.addWidget(field, row, 1)
        grid.addWidget(self._earliest, 1, 2)
        self.body.addLayout(grid)
        self.body.addWidget(self._notice)

    def command(self) -> Move:
        """Return the move as set."""
        start = self._start.value()
        assert start is not None
        return Move(kind="move", event_id=self._op.id, start=start, resource_id=self._resource.currentData())

    def _on_earliest(self) -> None:
        found = earliest_free(self._facts, self._op, self._resource.currentData())
        if found is None:
            self._notice.say("bad", "There is no room for it on this resource.")
        else:
            self._start.set_value(from_ms(found))
            self._refresh()

    def _refresh(self) -> None:
        command = self.command()
        try:
            placed = place(self._facts, self._op, command.resource_id, to_ms(command.start))
        except TaktwerkError as error:
            self._end.setText(text.DASH)
            self._notice.say("bad", error.message)
            self._ok.setEnabled(False)
            return
        assert placed.start_date is not None and placed.end_date is not None
        note = "" if placed.start_date == command.start else f" (starts {text.instant(placed.start_date, self._zone)})"
        self._end.setText(text.instant(placed.end_date, self._zone, weekday=True) + note)
        self._notice.say("bad", "")
        self._ok.setEnabled(True)

    def _on_ok(self) -> None:
        answer = self._execute(self.command())
        if answer.error is None:
            self.accept()
        else:
            self._notice.say("bad", f"{answer.error.code.value}: {answer.error.message}")


def earliest_free(facts: PlanFacts, op: Operation, resource_id: str | None) -> int | None:
    """Return the first start (ms) after the operation's predecessors at which it overlaps nothing on the resource.

    Setups are not counted: the answer is a suggestion, and the checker says what it breaks.
    """
    earliest = _lower_bound(facts, op)
    others = [facts.operations[key] for key in facts.sequences.get(resource_id or "", ()) if key != op.id]
    ends = [to_ms(o.end_date) for o in others if o.end_date is not None]
    for start in sorted({earliest, *(end for end in ends if end > earliest)}):
        try:
            placed = place(facts, op, resource_id, start)
        except TaktwerkError:
            return None
        if not any(_overlap(placed, other) for other in others):
            assert placed.start_date is not None
            return to_ms(placed.start_date)
    return None


def _lower_bound(facts: PlanFacts, op: Operation) -> int:
    order = facts.orders.get(op.order_id or "")
    bounds = [facts.horizon_start_ms]
    bounds += [to_ms(d) for d in (op.release_date, order.release_date if order else None) if d is not None]
    for dependency in facts.predecessors.get(op.id, ()):
        point = _point(facts.operations[dependency.from_event], dependency)
        if point is not None and dependency.type in (DependencyType.START_TO_START, DependencyType.FINISH_TO_START):
            bounds.append(point + dependency.lag_ms)
    return max(bounds)


def _point(op: Operation, dependency: Dependency) -> int | None:
    when = op.start_date if dependency.type is DependencyType.START_TO_START else op.end_date
    return None if when is None else to_ms(when)


def _overlap(a: Operation, b: Operation) -> bool:
    if a.start_date is None or a.end_date is None or b.start_date is None or b.end_date is None:
        return False
    return a.start_date < b.end_date and b.start_date < a.end_date
