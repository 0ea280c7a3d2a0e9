"""What a run must leave alone: locked operations and blocked spans of resources."""

from __future__ import annotations

import datetime as dt

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from engine.model import Operation, ResourceInterval, Schedule
from ui import text
from ui.dialogs.interval import IntervalDialog
from ui.widgets import button, label

_MENU_LIMIT = 40


class LocksEditor(QWidget):
    """How many operations are locked, and a table of blocked intervals."""

    changed = Signal()
    go_to = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._schedule: Schedule | None = None
        self._zone: dt.tzinfo = dt.UTC
        self._selection: tuple[str, ...] = ()
        self._intervals: list[ResourceInterval] = []
        self._locked: list[Operation] = []
        self._count = label("No operation is locked", "muted")
        self._show = button("Show", self._on_show, role="link")
        head = QHBoxLayout()
        head.addWidget(self._count, 1)
        head.addWidget(self._show)
        self._table = self._made_table()
        self._add = button("Block a span…", self._on_add)
        self._add.setToolTip("Keep a resource free for a time: nothing that may move is put there")
        self._from_selection = button("Block selection", self._on_from_selection)
        self._from_selection.setToolTip("Block the time of the selected operations on their resources")
        self._remove = button("Remove", self._on_remove)
        row = QHBoxLayout()
        row.setSpacing(6)
        for one in (self._add, self._from_selection, self._remove):
            row.addWidget(one)
        row.addStretch(1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addLayout(head)
        box.addWidget(self._table)
        box.addLayout(row)
        self._refresh()

    def set_plan(self, schedule: Schedule, zone: dt.tzinfo) -> None:
        """Take over the plan; intervals of resources that are gone go too."""
        self._schedule, self._zone = schedule, zone
        self._locked = [op for op in schedule.snapshot.events if op.locked]
        known = {r.id for r in schedule.snapshot.resources}
        self._intervals = [i for i in self._intervals if i.resource_id in known]
        self._refresh()

    def set_selection(self, event_ids: tuple[str, ...]) -> None:
        """Take over what is selected on the board."""
        self._selection = event_ids
        self._from_selection.setEnabled(bool(event_ids))

    def values(self) -> dict[str, object]:
        """Return the fields of ``RunSettings`` that this part holds."""
        return {"blocked": tuple(self._intervals)}

    def set_intervals(self, intervals: tuple[ResourceInterval, ...]) -> None:
        """Show blocked intervals, silently."""
        self._intervals = list(intervals)
        self._refresh()

    def summary(self) -> str:
        """Return the locks in a few words."""
        parts = [text.count(len(self._locked), "lock")] if self._locked else []
        parts += [text.count(len(self._intervals), "blocked span")] if self._intervals else []
        return ", ".join(parts) or "none"

    def _made_table(self) -> QTableWidget:
        table = QTableWidget(0, 3)
        table.setProperty("role", "framed")
        table.setHorizontalHeaderLabels(["Blocked resource", "From", "Until"])
        table.setAccessibleName("Blocked spans of resources")
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(26)
        table.setShowGrid(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        table.horizontalHeader().setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        table.horizontalHeader().setHighlightSections(False)
        table.itemSelectionChanged.connect(lambda: self._remove.setEnabled(bool(table.selectedItems())))
        return table

    def _refresh(self) -> None:
        number = len(self._locked)
        self._count.setText(f"{text.count(number, 'operation')} locked" if number else "No operation is locked")
        self._show.setVisible(bool(number))
        names = {r.id: r.name for r in self._schedule.snapshot.resources} if self._schedule else {}
        self._table.setRowCount(len(self._intervals))
        for row, interval in enumerate(self._intervals):
            cells = (
                names.get(interval.resource_id, interval.resource_id),
                text.instant(interval.start, self._zone),
                text.instant(interval.end, self._zone),
            )
            for column, value in enumerate(cells):
                self._table.setItem(row, column, QTableWidgetItem(value))
        self._table.setFixedHeight(34 + 26 * max(1, min(5, len(self._intervals))))
        self._table.setVisible(bool(self._intervals))
        self._remove.setVisible(bool(self._intervals))
        self._remove.setEnabled(bool(self._table.selectedItems()))
        self._from_selection.setEnabled(bool(self._selection))

    def _on_show(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for op in self._locked[:_MENU_LIMIT]:
            menu.addAction(op.name.replace("&", "&&")).triggered.connect(lambda _=False, k=op.id: self.go_to.emit(k))
        if len(self._locked) > _MENU_LIMIT:
            menu.addAction(f"and {text.count(len(self._locked) - _MENU_LIMIT, 'more operation')}").setEnabled(False)
        menu.popup(self._show.mapToGlobal(QPoint(0, self._show.height())))

    def _on_add(self) -> None:
        if self._schedule is None:
            return
        first = self._selected()[:1]
        dialog = IntervalDialog(self._schedule, self._zone, first[0] if first else None, self)
        dialog.accepted.connect(lambda: self._append([dialog.interval()]))
        dialog.open()

    def _on_from_selection(self) -> None:
        spans = [
            ResourceInterval(resource_id=op.resource_id, start=op.start_date, end=op.end_date)
            for op in self._selected()
            if op.resource_id and op.start_date and op.end_date and op.start_date < op.end_date
        ]
        self._append(spans)

    def _append(self, intervals: list[ResourceInterval]) -> None:
        self._intervals += [i for i in intervals if i not in self._intervals]
        self._refresh()
        self.changed.emit()

    def _on_remove(self) -> None:
        gone = {index.row() for index in self._table.selectionModel().selectedRows()}
        self._intervals = [i for row, i in enumerate(self._intervals) if row not in gone]
        self._refresh()
        self.changed.emit()

    def _selected(self) -> list[Operation]:
        wanted = set(self._selection)
        return [op for op in self._schedule.snapshot.events if op.id in wanted] if self._schedule else []
