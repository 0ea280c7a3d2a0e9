"""Who changed an operation, when, how and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.blame import BlameEntry
from ui import palette, text
from ui.compare import words
from ui.dialogs.base import Dialog
from ui.tables import Column, RowTable
from ui.widgets import Notice, label


class BlameDialog(Dialog):
    """Every version that changed one operation, newest first. It does not block the board."""

    version_chosen = Signal(object)
    compare_chosen = Signal(object)

    def __init__(
        self,
        parent: QWidget | None,
        name: str,
        entries: Sequence[BlameEntry],
        resources: Mapping[str, str],
        zone: dt.tzinfo,
        *,
        is_edited: bool,
        base: int,
    ) -> None:
        super().__init__("Who changed it", parent, heading=f"Who changed {name}", width=1000)
        self.setModal(False)
        self._resources, self._zone = resources, zone
        self.table: RowTable[BlameEntry] = RowTable(self._columns(), stretch=6, row_tip=self._tip)
        self.table.setProperty("role", "framed")
        self.table.setMinimumHeight(230)
        self.table.set_rows(entries)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._on_selection())
        self.table.row_activated.connect(self._show_version)
        if is_edited:
            self.body.addWidget(Notice("info", f"It was also changed since version {base}; that is not saved yet."))
        self.body.addWidget(label(_summary(entries, zone), "muted", wrap=True))
        self.body.addWidget(self.table, 1)
        self.compare = self.add_action("Compare with the version before it", self._compare)
        self.show_version = self.add_action("Show in the history", lambda: self._show_version(self._chosen()))
        self.add_action("Close", self.accept, role="primary")
        if entries:
            self.table.selectRow(0)
        self._on_selection()

    def _columns(self) -> list[Column[BlameEntry]]:
        return [
            Column("Version", lambda e: str(e.version.number), lambda e: e.version.number),
            Column("When", lambda e: text.instant(e.version.created_at, self._zone), lambda e: e.version.created_at),
            Column("Who", lambda e: e.version.created_by or text.DASH),
            Column("How", lambda e: words.CAUSES.get(e.change.cause.kind, "") if e.change.cause else text.DASH),
            Column("Change", lambda e: words.kinds(e.change)),
            Column("From and to", self._places),
            Column("Why", lambda e: " ".join(e.version.comment.split()), colour=_muted),
        ]

    def _places(self, entry: BlameEntry) -> str:
        before, after = (self._place(side) for side in (entry.change.before, entry.change.after))
        return after if before in ("", after) else f"{before} {text.ARROW} {after or 'deleted'}"

    def _place(self, place: Any) -> str:
        if place is None:
            return ""
        if place.start_ms is None:
            return "not scheduled"
        name = self._resources.get(place.resource_id or "", place.resource_id or "no resource")
        return f"{name} {text.instant(place.start_ms, self._zone)}"

    def _tip(self, entry: BlameEntry) -> str:
        return words.fields(entry.change, self._resources, self._zone) or entry.version.comment

    def _chosen(self) -> BlameEntry | None:
        return next(iter(self.table.selected_rows()), None)

    def _on_selection(self) -> None:
        entry = self._chosen()
        self.show_version.setEnabled(entry is not None)
        self.compare.setEnabled(entry is not None and entry.version.parent_version_id is not None)

    def _show_version(self, entry: BlameEntry | None) -> None:
        if entry is not None:
            self.version_chosen.emit(entry.version)

    def _compare(self) -> None:
        entry = self._chosen()
        if entry is not None:
            self.compare_chosen.emit(entry.version)


def _summary(entries: Sequence[BlameEntry], zone: dt.tzinfo) -> str:
    if not entries:
        return "No saved version changed it."
    moved = next((e for e in entries if {"moved", "resource", "scheduled"} & set(e.change.kinds)), None)
    count = text.count(len(entries), "version")
    if moved is None:
        return f"Changed in {count}; never moved since it came into the plan."
    who = moved.version.created_by or "somebody"
    when = text.instant(moved.version.created_at, zone, weekday=True)
    return f"Changed in {count}. Moved last in version {moved.version.number}, saved by {who} on {when}."


def _muted(_: object) -> str:
    return palette.INK_MUTED
