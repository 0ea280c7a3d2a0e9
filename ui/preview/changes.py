"""The Changes dock: what a preview would change, or what the planner changed since the saved version."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from app.preview import PlacementChange
from engine.model import Schedule
from ui import palette, text
from ui.compare.words import new_part
from ui.tables import Column, RowTable
from ui.widgets import ElidedLabel, EmptyState

_KINDS = {"resource": "other resource", "moved": "moved", "added": "scheduled", "removed": "unscheduled"}


class ChangesPanel(QWidget):
    """A sortable table of placements that differ; a click goes to the operation."""

    go_to_event = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._zone: dt.tzinfo = dt.UTC
        self._orders: dict[str, str] = {}
        self._resources: dict[str, str] = {}
        self._heading = ElidedLabel("", "muted")
        self.table: RowTable[PlacementChange] = RowTable(self._columns(), stretch=3)
        self.table.clicked.connect(lambda _: self._on_clicked())
        self.table.row_activated.connect(lambda change: self.go_to_event.emit(change.event_id))
        head = QHBoxLayout()
        head.setContentsMargins(12, 6, 12, 6)
        head.addWidget(self._heading, 1)
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(head)
        box.addWidget(self.table, 1)
        self._empty = EmptyState("changes", "No schedule is open")
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(content)

    def show_changes(
        self,
        changes: Sequence[PlacementChange],
        heading: str,
        schedule: Schedule,
        zone: dt.tzinfo,
        if_none: str,
    ) -> None:
        """List changes under a heading; ``if_none`` is said when there are none."""
        self._zone = zone
        self._orders = {o.id: o.name for o in schedule.snapshot.orders}
        self._resources = {r.id: r.name for r in schedule.snapshot.resources}
        self._heading.setText(heading)
        self.table.set_rows(changes, fit=not self.table.rows_model.rows)
        self._empty.say(if_none)
        self._stack.setCurrentIndex(1 if changes else 0)

    def _columns(self) -> list[Column[PlacementChange]]:
        return [
            Column("Operation", lambda c: c.name),
            Column("Order", lambda c: self._orders.get(c.order_id or "", c.order_id or "")),
            Column("Change", lambda c: _KINDS[c.kind]),
            Column("Resource", self._resource_text, colour=lambda c: palette.PREVIEW if c.kind == "resource" else None),
            Column("Start", lambda c: self._when(c.from_start_ms), lambda c: c.from_start_ms, _muted),
            Column("New start", lambda c: self._when(c.to_start_ms), lambda c: c.to_start_ms),
            Column("Shift", _shift_text, lambda c: c.shift_ms, None, True, "How much later (−: earlier) it starts"),
            Column("New end", lambda c: self._when(c.to_end_ms), lambda c: c.to_end_ms),
        ]

    def _resource_text(self, change: PlacementChange) -> str:
        before, after = self._resource(change.from_resource), self._resource(change.to_resource)
        return after if before == after else f"{before} {text.ARROW} {new_part(before, after)}"

    def _resource(self, resource_id: str | None) -> str:
        return text.DASH if resource_id is None else self._resources.get(resource_id, resource_id)

    def _when(self, at_ms: int | None) -> str:
        return text.DASH if at_ms is None else text.instant(at_ms, self._zone)

    def _on_clicked(self) -> None:
        for change in self.table.selected_rows()[:1]:
            self.go_to_event.emit(change.event_id)


def _muted(change: PlacementChange) -> str:
    return palette.INK_MUTED


def _shift_text(change: PlacementChange) -> str:
    shift = change.shift_ms
    return text.DASH if shift is None else text.signed_duration(shift) if shift else "0"
