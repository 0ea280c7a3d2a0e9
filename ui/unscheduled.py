"""The Unscheduled dock: operations without a place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from engine.model import Operation, Schedule
from ui import text
from ui.tables import Column, RowTable
from ui.widgets import EmptyState, button, label


class UnscheduledPanel(QWidget):
    """A table of operations to place, and the way to do so."""

    schedule_requested = Signal(str)
    edit_requested = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._zone: dt.tzinfo = dt.UTC
        self._orders: dict[str, str] = {}
        self._due: dict[str, dt.datetime | None] = {}
        self._resources: dict[str, str] = {}
        self.table: RowTable[Operation] = RowTable(self._columns())
        self.table.row_activated.connect(lambda op: self.schedule_requested.emit(op.id))
        self._schedule = button("Schedule…", self._on_schedule, icon_name="schedule")
        self._schedule.setToolTip("Give the selected operation a resource and a start")
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._refresh())
        row = QHBoxLayout()
        row.setContentsMargins(8, 6, 8, 6)
        row.setSpacing(10)
        row.addWidget(self._schedule)
        row.addWidget(label("or let Optimize place them", "small"))
        row.addStretch(1)
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.table, 1)
        box.addLayout(row)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(EmptyState("schedule", "No schedule is open"))
        self._stack.addWidget(
            EmptyState("unscheduled", "Everything is scheduled", "Operations without a place are listed here.")
        )
        self._stack.addWidget(content)
        self._refresh()

    def show_operations(self, operations: Sequence[Operation], schedule: Schedule, zone: dt.tzinfo) -> None:
        """List the operations of the schedule that have no place."""
        self._zone = zone
        self._orders = {o.id: o.name for o in schedule.snapshot.orders}
        self._due = {o.id: o.due_date for o in schedule.snapshot.orders}
        self._resources = {r.id: r.name for r in schedule.snapshot.resources}
        if operations or self.table.rows_model.rows:
            self.table.set_rows(operations, fit=not self.table.rows_model.rows)
        self._stack.setCurrentIndex(2 if operations else 1)
        self._refresh()

    def _columns(self) -> list[Column[Operation]]:
        return [
            Column("Operation", lambda op: op.name),
            Column("Order", lambda op: self._orders.get(op.order_id or "", op.order_id or "")),
            Column("Due", self._due_text, lambda op: self._due_of(op)),
            Column("Duration", lambda op: text.duration(op.duration), lambda op: op.duration, None, True),
            Column("Can run on", self._places),
        ]

    def _due_of(self, op: Operation) -> dt.datetime | None:
        return op.due_date or self._due.get(op.order_id or "")

    def _due_text(self, op: Operation) -> str:
        due = self._due_of(op)
        return text.instant(due, self._zone) if due else ""

    def _places(self, op: Operation) -> str:
        return ", ".join(self._resources.get(m.resource_id, m.resource_id) for m in op.alternatives)

    def _refresh(self) -> None:
        self._schedule.setEnabled(bool(self.table.selected_rows()))

    def _on_schedule(self) -> None:
        for op in self.table.selected_rows()[:1]:
            self.schedule_requested.emit(op.id)
