"""Sortable read-only tables from a list of rows and a list of columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_SORT_ROLE = Qt.ItemDataRole.UserRole
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_MEASURED_ROWS = 24
_LEAST_STRETCH = 150
R = TypeVar("R")


@dataclass(frozen=True)
class Column(Generic[R]):
    """One column: how a cell reads, what it sorts by (its text by default), and its looks.

    A sort key of ``None`` comes last whichever way is up.
    """

    title: str
    text: Callable[[R], str]
    key: Callable[[R], Any] | None = None
    colour: Callable[[R], str | None] | None = None
    is_number: bool = False
    tip: str = ""


class RowModel(QAbstractTableModel, Generic[R]):
    """Rows of one type; cells are made when they are painted, so a long list costs nothing until then."""

    def __init__(self, columns: Sequence[Column[R]], row_tip: Callable[[R], str] | None = None) -> None:
        super().__init__()
        self._columns = columns
        self._rows: list[R] = []
        self._row_tip = row_tip

    @property
    def rows(self) -> Sequence[R]:
        """The rows, unsorted."""
        return self._rows

    def set_rows(self, rows: Sequence[R]) -> None:
        """Show these rows."""
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    def set_columns(self, columns: Sequence[Column[R]]) -> None:
        """Show other columns, as many as before."""
        self._columns = columns
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(columns) - 1)

    def put(self, row: R, is_same: Callable[[R], bool]) -> None:
        """Replace the row that ``is_same`` finds; a new one comes first."""
        for number, known in enumerate(self._rows):
            if is_same(known):
                self._rows[number] = row
                self.dataChanged.emit(self.index(number, 0), self.index(number, len(self._columns) - 1))
                return
        self.beginInsertRows(QModelIndex(), 0, 0)
        self._rows.insert(0, row)
        self.endInsertRows()

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return len(self._columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = self._columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tip or None
        return _RIGHT if role == Qt.ItemDataRole.TextAlignmentRole and column.is_number else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self._rows[index.row()], self._columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(row)
        if role == _SORT_ROLE:
            return column.text(row).casefold() if column.key is None else column.key(row)
        if role == Qt.ItemDataRole.ForegroundRole and column.colour is not None:
            name = column.colour(row)
            return QColor(name) if name else None
        if role == Qt.ItemDataRole.TextAlignmentRole and column.is_number:
            return _RIGHT
        if role == Qt.ItemDataRole.ToolTipRole:
            return (self._row_tip(row) if self._row_tip else "") or column.text(row)
        return None


class _Sorted(QSortFilterProxyModel):
    def lessThan(self, left: _Index, right: _Index) -> bool:
        a, b = left.data(_SORT_ROLE), right.data(_SORT_ROLE)
        if a is None or b is None:
            is_up = self.sortOrder() == Qt.SortOrder.AscendingOrder
            return b is None and a is not None if is_up else a is None and b is not None
        return a < b


class RowTable(QTableView, Generic[R]):
    """A table of rows: sort by a click on a header, activate by a double click or Enter."""

    row_activated = Signal(object)

    def __init__(
        self,
        columns: Sequence[Column[R]],
        *,
        stretch: int | None = None,
        row_tip: Callable[[R], str] | None = None,
        is_multiple: bool = False,
    ) -> None:
        super().__init__()
        self._stretch: int | None = None
        self.rows_model: RowModel[R] = RowModel(columns, row_tip)
        self._sorted = _Sorted()
        self._sorted.setSourceModel(self.rows_model)
        self._sorted.setSortRole(_SORT_ROLE)
        self.setModel(self._sorted)
        self.setSortingEnabled(True)
        self._sorted.sort(-1)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setAlternatingRowColors(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        modes = QAbstractItemView.SelectionMode
        self.setSelectionMode(modes.ExtendedSelection if is_multiple else modes.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(27)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setResizeContentsPrecision(_MEASURED_ROWS)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setSortIndicatorClearable(True)
        header.setStretchLastSection(stretch is None)
        self._stretch = stretch
        if stretch is not None:
            header.setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)
        self.doubleClicked.connect(lambda index: self.row_activated.emit(self._row(index)))

    def set_rows(self, rows: Sequence[R], *, fit: bool = True) -> None:
        """Show these rows, with columns as wide as the first of them need unless they are to stay as they are."""
        self.rows_model.set_rows(rows)
        if fit:
            self.fit_columns()

    def fit_columns(self) -> None:
        """Make columns as wide as their contents (of the rows in sight)."""
        self.resizeColumnsToContents()
        header = self.horizontalHeader()
        for section in range(header.count()):
            if header.sectionResizeMode(section) == QHeaderView.ResizeMode.Interactive:
                self.setColumnWidth(section, min(280, self.columnWidth(section) + 10))
        self._fit_stretch()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_stretch()

    def _fit_stretch(self) -> None:
        """Let the column that takes the room left keep a readable width where there is none; the table scrolls then."""
        if self._stretch is None:
            return
        header = self.horizontalHeader()
        others = sum(header.sectionSize(i) for i in range(header.count()) if i != self._stretch)
        is_tight = self.viewport().width() - others < _LEAST_STRETCH
        modes = QHeaderView.ResizeMode
        header.setSectionResizeMode(self._stretch, modes.Interactive if is_tight else modes.Stretch)
        if is_tight:
            header.resizeSection(self._stretch, _LEAST_STRETCH)

    def selected_rows(self) -> list[R]:
        """Return the rows selected, in the order shown."""
        indexes = sorted(self.selectionModel().selectedRows(), key=lambda i: i.row())
        return [self._row(index) for index in indexes]

    def select_where(self, is_wanted: Callable[[R], bool]) -> bool:
        """Select the first row shown that is wanted and scroll to it; false when there is none."""
        for row in range(self._sorted.rowCount()):
            if is_wanted(self._row(self._sorted.index(row, 0))):
                self.setCurrentIndex(self._sorted.index(row, 0))
                return True
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.row_activated.emit(self._row(self.currentIndex()))
            return
        super().keyPressEvent(event)

    def _row(self, index: QModelIndex) -> R:
        return self.rows_model.rows[self._sorted.mapToSource(index).row()]
