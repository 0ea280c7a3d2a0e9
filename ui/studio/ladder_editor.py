"""A ladder of goals: the first counts most, each later one only breaks the ties of those before it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui.icons import icon
from ui.studio.labels import OBJECTIVE_TIPS, OBJECTIVE_TITLES
from ui.widgets import combo

_KEY = Qt.ItemDataRole.UserRole


class LadderEditor(QWidget):
    """An ordered list of goals with buttons to add, remove and reorder (or drag)."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._list = QListWidget()
        self._list.setProperty("role", "framed")
        self._list.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self._list.setFixedHeight(118)
        self._list.setAccessibleName("Goals, most important first")
        self._list.model().rowsMoved.connect(self._on_changed)
        self._list.currentRowChanged.connect(lambda _: self._refresh())
        self._add = combo()
        self._add.setAccessibleName("Add a goal")
        self._add.activated.connect(self._on_add)
        self._up = self._tool("up", "Move the goal up", lambda: self._shift(-1))
        self._down = self._tool("down", "Move the goal down", lambda: self._shift(1))
        self._remove = self._tool("close", "Remove the goal", self._on_remove)
        row = QHBoxLayout()
        row.setSpacing(2)
        row.addWidget(self._add, 1)
        row.addSpacing(4)
        for one in (self._up, self._down, self._remove):
            row.addWidget(one)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addWidget(self._list)
        box.addLayout(row)
        self._refresh()

    def ladder(self) -> tuple[str, ...]:
        """Return the goals, most important first."""
        return tuple(self._list.item(i).data(_KEY) for i in range(self._list.count()))

    def set_ladder(self, ladder: tuple[str, ...]) -> None:
        """Show a ladder, silently."""
        self._list.clear()
        for key in ladder:
            self._append(key)
        self._refresh()

    def _append(self, key: str) -> None:
        item = QListWidgetItem()
        item.setData(_KEY, key)
        item.setToolTip(OBJECTIVE_TIPS[key])
        self._list.addItem(item)

    def _on_add(self, index: int) -> None:
        key = self._add.itemData(index)
        if key:
            self._append(key)
            self._list.setCurrentRow(self._list.count() - 1)
            self._on_changed()

    def _on_remove(self) -> None:
        self._list.takeItem(self._list.currentRow())
        self._on_changed()

    def _shift(self, step: int) -> None:
        row = self._list.currentRow()
        item = self._list.takeItem(row)
        self._list.insertItem(row + step, item)
        self._list.setCurrentRow(row + step)
        self._on_changed()

    def _on_changed(self) -> None:
        self._refresh()
        self.changed.emit()

    def _refresh(self) -> None:
        for row, key in enumerate(self.ladder()):
            self._list.item(row).setText(f"{row + 1}.  {OBJECTIVE_TITLES[key]}")
        row, size = self._list.currentRow(), self._list.count()
        self._up.setEnabled(row > 0)
        self._down.setEnabled(0 <= row < size - 1)
        self._remove.setEnabled(row >= 0)
        left = [key for key in OBJECTIVE_TITLES if key not in self.ladder()]
        self._add.clear()
        self._add.addItem("Add a goal…", "")
        for key in left:
            self._add.addItem(OBJECTIVE_TITLES[key], key)
        self._add.setEnabled(bool(left))

    def _tool(self, icon_name: str, tip: str, on_click: object) -> QToolButton:
        result = QToolButton()
        result.setIcon(icon(icon_name))
        result.setToolTip(tip)
        result.setAccessibleName(tip)
        result.clicked.connect(on_click)
        return result
