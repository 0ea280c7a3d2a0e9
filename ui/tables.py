"""Sortable read-only tables from a list of rows and a list of columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
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
    """Rows of one type; cells are made when they are painted, so a long list costs nothing until then.

    It sorts itself, by one key a row: a proxy asks for two cells at every comparison, a second for 10,000 rows.
    """

    def __init__(self, columns: Sequence[Column[R]], row_tip: Callable[[R], str] | None = None) -> None:
        super().__init__()
        self._columns = columns
        self._rows: list[R] = []
        self._shown: list[int] = []
        self._by: tuple[int, bool] | None = None
        self._row_tip = row_tip

    @property
    def rows(self) -> Sequence[R]:
        """The rows, unsorted."""
        return self._rows

    def row_at(self, position: int) -> R:
        """Return the row shown at a position."""
        return self._rows[self._shown[position]]

    def set_rows(self, rows: Sequence[R]) -> None:
        """Show these rows."""
        self.beginResetModel()
        self._rows = list(rows)
        self._shown = self._in_order()
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
                at = self._shown.index(number)
                self.dataChanged.emit(self.index(at, 0), self.index(at, len(self._columns) - 1))
                self._rearrange()
                return
        rows = [row, *self._rows]
        shown = self._in_order(rows)
        at = shown.index(0)
        self.beginInsertRows(QModelIndex(), at, at)
        self._rows, self._shown = rows, shown
        self.endInsertRows()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; -1 shows the rows as they were given."""
        self._by = None if column < 0 else (column, order == Qt.SortOrder.DescendingOrder)
        self._rearrange()

    def _rearrange(self) -> None:
        """Bring the rows into their order; what is selected stays so."""
        shown = self._in_order()
        if shown == self._shown:
            return
        self.layoutAboutToBeChanged.emit()
        kept, place = self.persistentIndexList(), {number: at for at, number in enumerate(shown)}
        moved = [self.index(place[self._shown[index.row()]], index.column()) for index in kept]
        self._shown = shown
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()

    def _in_order(self, rows: Sequence[R] | None = None) -> list[int]:
        """The numbers of rows in the order to show them in; those without a key come last."""
        rows = self._rows if rows is None else rows
        if self._by is None:
            return list(range(len(rows)))
        column, is_down = self._columns[self._by[0]], self._by[1]
        key: Callable[[R], Any] = column.key or (lambda row: column.text(row).casefold())
        keys = [key(row) for row in rows]
        known = [number for number, one in enumerate(keys) if one is not None]
        known.sort(key=keys.__getitem__, reverse=is_down)
        return known + [number for number, one in enumerate(keys) if one is None]

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
        row, column = self.row_at(index.row()), self._columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(row)
        if role == Qt.ItemDataRole.ForegroundRole and column.colour is not None:
            name = column.colour(row)
            return QColor(name) if name else None
        if role == Qt.ItemDataRole.TextAlignmentRole and column.is_number:
            return _RIGHT
        if role == Qt.ItemDataRole.ToolTipRole:
            return (self._row_tip(row) if self._row_tip else "") or column.text(row)
        return None


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
        self.setModel(self.rows_model)
        self.setSortingEnabled(True)
        self.rows_model.sort(-1)
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
        for position in range(self.rows_model.rowCount()):
            if is_wanted(self.rows_model.row_at(position)):
                self.setCurrentIndex(self.rows_model.index(position, 0))
                return True
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.row_activated.emit(self._row(self.currentIndex()))
            return
        super().keyPressEvent(event)

    def _row(self, index: QModelIndex) -> R:
        return self.rows_model.row_at(index.row())
