"""The load of each resource on each day as a table of coloured cells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from engine.explain import DayLoad, ResourceLoad
from ui import palette, text

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_STEPS = ((1.0001, "#F2B0A9"), (0.95, "#F3C9A0"), (0.8, "#F6DFAE"), (0.5, "#D8EBC4"), (0.0001, "#E6F3EA"))
"""From this load up, this colour: over, full, high, middling, low."""


class HeatModel(QAbstractTableModel):
    """Resources by days."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: Sequence[ResourceLoad] = ()

    def set_load(self, rows: Sequence[ResourceLoad]) -> None:
        """Show these loads."""
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def cell(self, index: _Index) -> DayLoad:
        """Return the load of a cell."""
        return self._rows[index.row()].days[index.column()]

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return len(self._rows[0].days) if self._rows and not parent.isValid() else 0

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is Qt.Orientation.Vertical:
            if role == Qt.ItemDataRole.DisplayRole:
                return self._rows[section].name
            return _row_tip(self._rows[section]) if role == Qt.ItemDataRole.ToolTipRole else None
        if role == Qt.ItemDataRole.DisplayRole:
            day = dt.date.fromisoformat(self._rows[0].days[section].day)
            return f"{day:%a}\n{day.day} {day:%b}" if section == 0 or day.day == 1 else f"{day:%a}\n{day.day}"
        return _CENTRE if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        day, row = self.cell(index), self._rows[index.row()]
        load = None if row.is_infinite else day.load
        if role == Qt.ItemDataRole.DisplayRole:
            return "" if load is None else str(round(load * 100))
        if role == Qt.ItemDataRole.BackgroundRole:
            return QColor(heat_colour(day, load))
        if role == Qt.ItemDataRole.ForegroundRole:
            return QColor(palette.INK if load else palette.INK_MUTED)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _CENTRE
        return _tip(row, day) if role == Qt.ItemDataRole.ToolTipRole else None


class _Cell(QStyledItemDelegate):
    """Fills the cell with its colour; the style sheet would not."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        box: QRect = option.rect  # type: ignore[attr-defined]
        painter.fillRect(box.adjusted(1, 1, 0, 0), index.data(Qt.ItemDataRole.BackgroundRole))
        painter.setPen(index.data(Qt.ItemDataRole.ForegroundRole))
        painter.drawText(box, _CENTRE, index.data() or "")


class LoadHeat(QTableView):
    """The table; a click asks to go to the day."""

    go_to_time = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.heat = HeatModel()
        self.setModel(self.heat)
        self.setAccessibleName("Load per resource and day, in per cent")
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setWordWrap(False)
        across, down = self.horizontalHeader(), self.verticalHeader()
        across.setDefaultSectionSize(45)
        across.setMinimumSectionSize(40)
        across.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        across.setHighlightSections(False)
        across.setStyleSheet("QHeaderView::section { padding: 3px 1px; }")
        down.setStyleSheet("QHeaderView::section { padding: 1px 6px; font-weight: 400; border: 0; }")
        self.setItemDelegate(_Cell(self))
        self.setShowGrid(False)
        down.setDefaultSectionSize(24)
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        down.setHighlightSections(False)
        down.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        down.setFixedWidth(170)
        self.clicked.connect(lambda index: self.go_to_time.emit(self.heat.cell(index).start_ms))


def heat_colour(day: DayLoad, load: float | None) -> str:
    """Return the colour of a cell."""
    if load is None:
        return palette.MAINTENANCE_FILL if day.maintenance_ms else palette.NON_WORKING
    return next((colour for least, colour in _STEPS if load >= least), palette.SURFACE)


def _tip(row: ResourceLoad, day: DayLoad) -> str:
    lines = [f"{row.name}, {dt.date.fromisoformat(day.day):%a %d %b}"]
    amounts = (
        ("Working time", day.available_ms),
        ("Work", day.processing_ms),
        ("Setup", day.setup_ms),
        ("Idle", day.idle_ms),
        ("Out of service", day.maintenance_ms),
    )
    return "\n".join(
        [*lines, *(f"{name}: {text.duration(ms)}" for name, ms in amounts if ms or name == "Working time")]
    )


def _row_tip(row: ResourceLoad) -> str:
    return f"{row.name}: {text.percent(row.load)} of its working time in all"
