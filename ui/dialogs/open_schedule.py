"""Choose one of the schedules of the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.versions import ScheduleSummary
from ui import text
from ui.dialogs.base import Dialog
from ui.tables import Column, RowTable
from ui.widgets import EmptyState

_SOURCES = {"manual": "saved by hand", "optimization": "optimised", "import": "imported"}


class OpenScheduleDialog(Dialog):
    """A table of schedules, newest work first."""

    open_chosen = Signal(str)
    import_chosen = Signal()

    def __init__(
        self, schedules: Sequence[ScheduleSummary], current_id: str | None, zone: dt.tzinfo, parent: QWidget | None
    ) -> None:
        super().__init__("Open schedule", parent, heading="Open a schedule", width=780)
        self._table: RowTable[ScheduleSummary] = RowTable(_columns(zone), stretch=0)
        self._table.setProperty("role", "framed")
        self._table.setMinimumHeight(240)
        rows = sorted(schedules, key=lambda s: s.head.created_at, reverse=True)
        self._table.set_rows(rows)
        self._table.row_activated.connect(self._on_open)
        self._table.selectionModel().selectionChanged.connect(lambda *_: self._refresh())
        if rows:
            self.body.addWidget(self._table)
        else:
            self.body.addWidget(EmptyState("open", "No schedules yet", "Import a file to begin."))
        self.add_action("Import file…", self._on_import, icon_name="import")
        self.add_action("Cancel", self.reject)
        self._ok = self.add_action("Open", lambda: self._on_open(self._table.selected_rows()[0]), role="primary")
        for row, one in enumerate(rows):
            if one.schedule.id == current_id:
                self._table.selectRow(row)
        self._refresh()

    def _refresh(self) -> None:
        self._ok.setEnabled(bool(self._table.selected_rows()))

    def _on_open(self, row: ScheduleSummary) -> None:
        self.open_chosen.emit(row.schedule.id)
        self.accept()

    def _on_import(self) -> None:
        self.accept()
        self.import_chosen.emit()


def _columns(zone: dt.tzinfo) -> list[Column[ScheduleSummary]]:
    return [
        Column("Schedule", lambda s: s.schedule.name),
        Column("Plant", lambda s: s.schedule.plant_id),
        Column("Version", lambda s: str(s.head.number), lambda s: s.head.number, None, True),
        Column("Last saved", lambda s: text.instant(s.head.created_at, zone, year=True), lambda s: s.head.created_at),
        Column("How", lambda s: _SOURCES.get(s.head.source, s.head.source)),
    ]
