"""The list of backups, one of which can be restored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.backups import ListedBackup
from ui import text
from ui.dialogs.base import Dialog
from ui.tables import Column, RowTable
from ui.widgets import EmptyState, label

_MOST_NAMES = 3


class BackupsDialog(Dialog):
    """When, why, what is in it, how large; the present file is always put aside first."""

    restore_chosen = Signal(Path)
    make_requested = Signal()

    def __init__(
        self,
        backups: Sequence[ListedBackup],
        parent: QWidget | None,
        *,
        can_make: bool = True,
        zone: dt.tzinfo = dt.UTC,
    ) -> None:
        super().__init__("Restore a backup", parent, heading="Restore a backup of the database", width=860)
        self._table: RowTable[ListedBackup] = RowTable(_columns(zone), stretch=2)
        self._table.setProperty("role", "framed")
        self._table.setMinimumHeight(280)
        self._table.set_rows(backups)
        self._table.selectionModel().selectionChanged.connect(lambda *_: self._refresh())
        if backups:
            self.body.addWidget(self._table)
        else:
            words = "They are made before imports and updates, and every half hour while something changes."
            self.body.addWidget(EmptyState("versions", "No backups yet", words))
        self._words = label("", "muted", wrap=True)
        self._words.setMinimumHeight(36)
        self.body.addWidget(self._words)
        if can_make:
            self.add_action("Back up now", self._on_make)
        self.add_action("Cancel", self.reject)
        self._ok = self.add_action("Restore", self._on_restore, role="primary")
        if backups:
            self._table.selectRow(0)
        self._refresh()

    def _chosen(self) -> ListedBackup | None:
        rows = self._table.selected_rows()
        return rows[0] if rows else None

    def _refresh(self) -> None:
        chosen = self._chosen()
        problem = chosen.contents.problem if chosen else ""
        self._ok.setEnabled(chosen is not None and not problem)
        kept = "Taktwerk starts again with it. The present file is put aside first and stays in this list."
        self._words.setText(problem or (kept if chosen else ""))

    def _on_make(self) -> None:
        self.accept()
        self.make_requested.emit()

    def _on_restore(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self.accept()
            self.restore_chosen.emit(chosen.backup.path)


def _columns(zone: dt.tzinfo) -> list[Column[ListedBackup]]:
    return [
        Column("Made", lambda b: text.instant(b.backup.taken_at, zone, year=True), lambda b: b.backup.taken_at),
        Column("Why", lambda b: b.why),
        Column("Schedules", _schedules),
        Column("Versions", lambda b: str(b.contents.versions), lambda b: b.contents.versions, None, True),
        Column("Size", lambda b: f"{b.backup.size_bytes / 1e6:.1f} MB", lambda b: b.backup.size_bytes, None, True),
    ]


def _schedules(one: ListedBackup) -> str:
    if one.contents.problem:
        return "Damaged: cannot be restored"
    names = one.contents.schedules
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
