"""Two edits of one plan: take theirs, keep mine, decide item by item, or let the optimiser repair the merge."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from engine.instants import parse_instant
from engine.merge import Conflict, Side
from engine.model import Schedule
from ui import text
from ui.dialogs.base import Dialog
from ui.widgets import button, label

_COLUMNS = ("Item", "What", "Before", "Mine", "Theirs", "Take")
_ATOMS = {
    "placement": "Place",
    "name": "Name",
    "duration": "Duration",
    "locked": "Lock",
    "status": "Status",
    "dueDate": "Due date",
    "releaseDate": "Release date",
    "deadline": "Deadline",
    "priority": "Priority",
    "percentDone": "Done",
    "item": "Whole item",
}


class ConflictDialog(Dialog):
    """Shows every conflict with both sides. What only one side changed is merged without asking."""

    resolved = Signal(object, bool)
    """(resolutions by conflict key, whether to optimise the merge afterwards)."""
    go_to_event = Signal(str)

    def __init__(
        self,
        conflicts: Sequence[Conflict],
        schedule: Schedule,
        zone: dt.tzinfo,
        parent: QWidget | None,
        *,
        heading: str,
        explanation: str,
        theirs: str,
        can_rerun: bool = True,
    ) -> None:
        super().__init__("Merge", parent, heading=heading, width=860)
        self._conflicts = tuple(conflicts)
        self._zone = zone
        self._names = {op.id: op.name for op in schedule.snapshot.events}
        self._resources = {r.id: r.name for r in schedule.snapshot.resources}
        self._choices: list[QComboBox] = []
        self.body.addWidget(label(explanation, wrap=True))
        if self._conflicts:
            self.body.addWidget(self._table(theirs), 1)
            self.add_left(button("All mine", lambda: self._take_all("ours")))
            self.add_left(button(f"All {theirs}", lambda: self._take_all("theirs")))
        self.add_action("Cancel", self.reject)
        if can_rerun:
            rerun = self.add_action("Merge and optimise", lambda: self._on_merge(True), icon_name="optimize")
            rerun.setToolTip("Merge as chosen, then start a run on the merge to repair what it breaks")
        self.add_action("Merge", lambda: self._on_merge(False), role="primary")

    def resolutions(self) -> dict[str, Side]:
        """Return the side taken, by conflict key."""
        return {c.key: box.currentData() for c, box in zip(self._conflicts, self._choices, strict=True)}

    def _table(self, theirs: str) -> QTableWidget:
        table = QTableWidget(len(self._conflicts), len(_COLUMNS))
        table.setProperty("role", "framed")
        table.setHorizontalHeaderLabels([*_COLUMNS[:4], theirs.capitalize(), _COLUMNS[5]])
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(34)
        table.setShowGrid(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setMinimumHeight(260)
        for row, conflict in enumerate(self._conflicts):
            cells = (
                self._names.get(conflict.item_id, conflict.item_id),
                _ATOMS.get(conflict.atom, conflict.atom),
                self._words(conflict.base),
                self._words(conflict.ours),
                self._words(conflict.theirs),
            )
            for column, value in enumerate(cells):
                item = QTableWidgetItem(value)
                item.setToolTip(value)
                table.setItem(row, column, item)
            box = QComboBox()
            box.addItem("mine", "ours")
            box.addItem(theirs, "theirs")
            box.setAccessibleName(f"Take for {cells[0]}")
            self._choices.append(box)
            table.setCellWidget(row, len(_COLUMNS) - 1, box)
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        table.resizeColumnsToContents()
        table.setColumnWidth(len(_COLUMNS) - 1, 120)
        table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        table.cellDoubleClicked.connect(lambda row, _: self.go_to_event.emit(self._conflicts[row].item_id))
        return table

    def _words(self, value: Any) -> str:
        if value is None:
            return text.DASH
        if isinstance(value, dict):
            parts = [self._part(k, v) for k, v in value.items() if k in ("resourceId", "startDate", "name")]
            return ", ".join(p for p in parts if p) or "changed"
        return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)

    def _part(self, key: str, value: Any) -> str:
        if value is None:
            return "not scheduled" if key == "startDate" else ""
        if key == "resourceId":
            return self._resources.get(value) or str(value)
        return text.instant(parse_instant(value), self._zone) if key == "startDate" else str(value)

    def _take_all(self, side: Side) -> None:
        for box in self._choices:
            box.setCurrentIndex(box.findData(side))

    def _on_merge(self, then_optimise: bool) -> None:
        self.resolved.emit(self.resolutions(), then_optimise)
        self.accept()
