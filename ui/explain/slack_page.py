"""How far each operation can move right, the least first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from engine.explain import OperationSlack
from ui import palette, text
from ui.tables import Column, RowTable
from ui.widgets import ElidedLabel

_DUE_TIP = "How far it can move later, pushing what follows, before an order is late or later"
_END_TIP = "How far it can move later, pushing what follows, before the plan ends later"


class SlackPage(QWidget):
    """A sortable table; a click goes to the operation."""

    go_to_event = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._zone: dt.tzinfo = dt.UTC
        self._resources: dict[str, str] = {}
        self._orders: dict[str, str] = {}
        self._rows: Sequence[OperationSlack] = ()
        self._heading = ElidedLabel("", "muted")
        self.only_critical = QCheckBox("Critical only")
        self.only_critical.setToolTip("Only operations that cannot move later without harm")
        self.only_critical.toggled.connect(lambda _: self._refresh())
        self.table: RowTable[OperationSlack] = RowTable(self._columns(), stretch=1, row_tip=lambda row: row.text)
        self.table.setAccessibleName("Slack of operations")
        self.table.clicked.connect(lambda _: self._go())
        self.table.row_activated.connect(lambda row: self.go_to_event.emit(row.event_id))
        head = QHBoxLayout()
        head.setContentsMargins(12, 4, 12, 4)
        head.addWidget(self._heading, 1)
        head.addWidget(self.only_critical)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(head)
        box.addWidget(self.table, 1)

    def show_slack(
        self, rows: Sequence[OperationSlack], resources: dict[str, str], orders: dict[str, str], zone: dt.tzinfo
    ) -> None:
        """List operations; names of resources and orders are by id."""
        self._resources, self._orders, self._zone = resources, orders, zone
        self._rows = sorted(rows, key=lambda row: (row.is_fixed, _least(row), row.start_ms))
        critical = sum(row.is_critical and not row.is_fixed for row in rows)
        free = sum(not row.is_fixed for row in rows)
        share = text.percent(critical / free, 0) if free else text.DASH
        self._heading.setText(
            f"{text.number(critical)} of {text.number(free)} movable operations are critical ({share})"
        )
        self._refresh()

    def _refresh(self) -> None:
        rows = [r for r in self._rows if r.is_critical] if self.only_critical.isChecked() else self._rows
        self.table.set_rows(rows)

    def _go(self) -> None:
        for row in self.table.selected_rows()[:1]:
            self.go_to_event.emit(row.event_id)

    def _columns(self) -> list[Column[OperationSlack]]:
        return [
            Column("Operation", lambda r: r.name),
            Column("Order", lambda r: self._orders.get(r.order_id or "", "")),
            Column("Resource", lambda r: self._resources.get(r.resource_id or "", "")),
            Column("Starts", lambda r: text.instant(r.start_ms, self._zone), lambda r: r.start_ms),
            Column("Slack to due", _due_text, lambda r: r.due_slack_ms, _colour, True, _DUE_TIP),
            Column(
                "Slack to end",
                lambda r: text.duration(r.end_slack_ms),
                lambda r: r.end_slack_ms,
                None,
                True,
                _END_TIP,
            ),
            Column("Fixed", lambda r: "fixed" if r.is_fixed else ""),
        ]


def _least(row: OperationSlack) -> int:
    return row.end_slack_ms if row.due_slack_ms is None else min(row.due_slack_ms, row.end_slack_ms)


def _due_text(row: OperationSlack) -> str:
    return text.DASH if row.due_slack_ms is None else text.duration(row.due_slack_ms)


def _colour(row: OperationSlack) -> str | None:
    if row.is_fixed:
        return palette.INK_MUTED
    return palette.BAD if row.due_slack_ms == 0 else None
