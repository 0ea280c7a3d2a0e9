"""A table of a comparison under its filters, with what can be taken over from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QMenu, QStackedLayout, QVBoxLayout, QWidget

from app.comparison import Comparison
from ui.tables import RowTable
from ui.widgets import EmptyState, button

ROW_PX = 25


class FilteredList(QWidget):
    """A table under a row of filters, or a sentence where it is empty."""

    take_requested = Signal(list)
    """Ids of what is to be taken over."""
    _widest: Mapping[int, int] = {0: 140}
    """How wide columns of names may be at first, in px."""

    def __init__(self, table: RowTable[Any], placeholder: str, nothing: str) -> None:
        super().__init__()
        self.table = table
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(placeholder)
        self.filter.setClearButtonEnabled(True)
        self.filter.setAccessibleName(placeholder)
        self.filter.textChanged.connect(lambda _: self.refresh())
        self.take = button("", self._take, icon_name="apply")
        self.take.setEnabled(False)
        self.head = QHBoxLayout()
        self.head.setContentsMargins(6, 4, 6, 4)
        self.head.setSpacing(6)
        self.head.addWidget(self.filter, 1)
        self.head.addWidget(self.take)
        self._empty = EmptyState("changes", nothing)
        body = QWidget()
        self._stack = QStackedLayout(body)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._stack.addWidget(table)
        self._stack.addWidget(self._empty)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(self.head)
        box.addWidget(body, 1)
        table.verticalHeader().setDefaultSectionSize(ROW_PX)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._show_menu)
        table.selectionModel().selectionChanged.connect(lambda *_: self._on_selection())
        self._can_take = self._is_fitted = False
        self._menu_text = ""
        self._found: Comparison | None = None

    def set_take(self, words_of_it: str, tip: str, is_on: bool) -> None:
        """Say what taking over does here, and whether it can be done."""
        self.take.setText(words_of_it)
        self._menu_text = tip
        self.take.setToolTip(tip)
        self._can_take = is_on
        self.take.setVisible(is_on)
        self._on_selection()

    def forget(self) -> None:
        """Let go of the comparison, which holds two plans."""
        self._found = None
        self.table.set_rows((), fit=False)

    def refresh(self) -> None:
        """Show the rows that meet the filters."""
        raise NotImplementedError

    def show_rows(self, rows: list[Any], nothing: str) -> None:
        """Show these rows, or where there are none a sentence."""
        is_first = bool(rows) and not self._is_fitted
        self._is_fitted |= is_first
        self.table.set_rows(rows, fit=is_first)
        for column, widest in self._widest.items() if is_first else ():
            self.table.setColumnWidth(column, min(widest, self.table.columnWidth(column)))
        self._empty.say(nothing)
        self._stack.setCurrentIndex(0 if rows else 1)
        self._on_selection()

    def _ids(self) -> list[str]:
        raise NotImplementedError

    def _take(self) -> None:
        ids = self._ids()
        if ids and self._can_take:
            self.take_requested.emit(ids)

    def _on_selection(self) -> None:
        self.take.setEnabled(self._can_take and bool(self.table.selectionModel().selectedRows()))

    def _show_menu(self, at: QPoint) -> None:
        if not self.table.indexAt(at).isValid() or not self._can_take:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        action = menu.addAction(self._menu_text)
        action.triggered.connect(lambda _=False: self._take())
        menu.popup(self.table.viewport().mapToGlobal(at))


def fill_choice(
    box: QComboBox, everything: str, names: Mapping[str, str], counts: Mapping[str, int], total: int
) -> None:
    """Offer what there is with its counts; the present choice stays if it is still there."""
    chosen = box.currentData()
    box.blockSignals(True)
    box.clear()
    box.addItem(f"{everything} ({total:,})", None)
    for key, name in names.items():
        if counts.get(key):
            box.addItem(f"{name[0].upper()}{name[1:]} ({counts[key]:,})", key)
    box.setCurrentIndex(max(0, box.findData(chosen) if chosen is not None else 0))
    box.blockSignals(False)
