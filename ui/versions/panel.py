"""The Versions dock: what was saved, by whom, why, and how good it was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QMenu, QStackedLayout, QVBoxLayout, QWidget

from app.versions import VersionInfo
from ui import palette, text
from ui.kpis import KPIS, change
from ui.tables import Column, RowTable
from ui.theme import set_role
from ui.widgets import EmptyState, button, label, line

_SOURCES = {"manual": "Saved", "optimization": "Optimised", "import": "Imported"}
_COLOURS = {"optimization": palette.PREVIEW}


class VersionsPanel(QWidget):
    """A table of versions, newest first, and the figures of the selected one against its parent."""

    save_requested = Signal()
    open_requested = Signal(object)
    rollback_requested = Signal(object)
    compare_requested = Signal(object)
    """Of a version: open it, go back to it, compare the working plan with it."""

    def __init__(self) -> None:
        super().__init__()
        self._zone: dt.tzinfo = dt.UTC
        self._head_id = ""
        self._by_id: dict[str, VersionInfo] = {}
        self.table: RowTable[VersionInfo] = RowTable(self._columns(), stretch=3)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._show_menu)
        self.table.row_activated.connect(self.compare_requested)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._show_selected())
        self._title, self._facts = label("", "heading"), label("", "small", wrap=True)
        self._comment = label("", wrap=True, selectable=True)
        self._figures = {spec.field: (label(text.DASH), label("", "chip-none")) for spec in KPIS}
        self._save = button("Save version…", self.save_requested.emit, icon_name="save")
        self._more = button("More", None)
        self._more.setToolTip("Open, compare or roll back to the selected version")
        self._more.clicked.connect(lambda: self._menu().popup(self._more.mapToGlobal(self._more.rect().topLeft())))
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.table, 1)
        box.addWidget(line())
        box.addWidget(self._detail())
        self._stack = QStackedLayout(self)
        self._stack.addWidget(EmptyState("versions", "No versions", "Open or import a schedule to see its versions."))
        self._stack.addWidget(content)

    def sizeHint(self) -> QSize:
        return QSize(380, 500)

    def show_versions(self, versions: Sequence[VersionInfo], head_id: str, zone: dt.tzinfo) -> None:
        """List the versions; the head is marked and selected."""
        self._zone, self._head_id = zone, head_id
        self._by_id = {v.id: v for v in versions}
        self.table.set_rows(versions)
        self._stack.setCurrentIndex(1 if versions else 0)
        for row, one in enumerate(versions):
            if one.id == head_id:
                self.table.selectRow(row)

    def set_dirty(self, is_dirty: bool) -> None:
        """Enable saving when there is something to save."""
        self._save.setEnabled(is_dirty)

    def _columns(self) -> list[Column[VersionInfo]]:
        return [
            Column("No.", self._number, lambda v: v.number),
            Column("Saved", lambda v: text.instant(v.created_at, self._zone), lambda v: v.created_at),
            Column("How", lambda v: _SOURCES.get(v.source, v.source), colour=lambda v: _COLOURS.get(v.source)),
            Column("Comment", lambda v: " ".join(v.comment.split())),
        ]

    def _number(self, version: VersionInfo) -> str:
        return f"{version.number}  ●" if version.id == self._head_id else str(version.number)

    def _detail(self) -> QFrame:
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(3, 1)
        for row, spec in enumerate(KPIS):
            value, chip = self._figures[spec.field]
            grid.addWidget(label(spec.title, "muted"), row, 0)
            grid.addWidget(value, row, 1, Qt.AlignmentFlag.AlignRight)
            grid.addWidget(chip, row, 2, Qt.AlignmentFlag.AlignLeft)
        row = QHBoxLayout()
        row.addWidget(self._save)
        row.addStretch(1)
        row.addWidget(self._more)
        frame = QFrame()
        box = QVBoxLayout(frame)
        box.setContentsMargins(14, 12, 14, 12)
        box.setSpacing(6)
        for one in (self._title, self._facts, self._comment):
            box.addWidget(one)
        box.addLayout(grid)
        box.addSpacing(4)
        box.addLayout(row)
        return frame

    def _show_menu(self, at: QPoint) -> None:
        if self.table.indexAt(at).isValid():  # the click has selected its row
            self._menu().popup(self.table.viewport().mapToGlobal(at))

    def _menu(self) -> QMenu:
        """What can be done with the selected version."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for version in self.table.selected_rows()[:1]:
            is_head = version.id == self._head_id
            for words, signal, is_on in (
                ("Compare with the working plan", self.compare_requested, True),
                ("Open this version", self.open_requested, True),
                ("Roll back to this version…", self.rollback_requested, not is_head),
            ):
                action = menu.addAction(words)
                action.setEnabled(is_on)
                action.triggered.connect(lambda _=False, one=signal, row=version: one.emit(row))
        return menu

    def _show_selected(self) -> None:
        for version in self.table.selected_rows()[:1]:
            is_head = " (present)" if version.id == self._head_id else ""
            self._title.setText(f"Version {version.number}{is_head}")
            by = f" by {version.created_by}" if version.created_by else ""
            saved = text.instant(version.created_at, self._zone, weekday=True, year=True)
            self._facts.setText(f"{_SOURCES.get(version.source, version.source)} {saved}{by}")
            self._comment.setText(version.comment)
            self._comment.setVisible(bool(version.comment))
            self._show_figures(version, self._by_id.get(version.parent_version_id or ""))

    def _show_figures(self, version: VersionInfo, parent: VersionInfo | None) -> None:
        now, before = _figures(version), _figures(parent) if parent else None
        for spec in KPIS:
            value, chip = self._figures[spec.field]
            known = now is not None and hasattr(now, spec.field)
            value.setText(spec.written(getattr(now, spec.field)) if known else text.DASH)
            has_both = known and before is not None and hasattr(before, spec.field)
            chip.setVisible(has_both)
            if has_both:
                shown = change(spec, before, now)  # type: ignore[arg-type]
                chip.setText(shown.text)
                chip.setToolTip(f"Against version {parent.number}" if parent else "")
                set_role(chip, f"chip-{shown.tone}")


def _figures(version: VersionInfo) -> Any:
    return SimpleNamespace(**version.metrics) if version.metrics else None
