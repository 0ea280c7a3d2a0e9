"""A tree of amounts of time with bars: rows are made when they are first looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHeaderView, QTreeView

from engine.explain import Kind
from ui import text
from ui.explain.cause_bar import SEGMENTS_ROLE, CauseBar

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_HEADERS = ("", "Of the lateness", "Time", "")
_TIPS = (
    "",
    "How much of the time made orders late: what is left once their reserve is used up",
    "How long it took in all",
    "",
)
_BAR = 3


def _no_children() -> Sequence[TreeRow]:
    return ()


@dataclass(eq=False)
class TreeRow:
    """One row. ``event_id`` is where a click goes; ``make_children`` is called once, when they are needed."""

    title: str
    late_ms: int
    amount_ms: int | None = None
    segments: tuple[tuple[Kind, int], ...] = ()
    event_id: str | None = None
    tip: str = ""
    is_head: bool = False
    make_children: Callable[[], Sequence[TreeRow]] = _no_children
    parent: TreeRow | None = None
    position: int = 0
    _children: list[TreeRow] | None = field(default=None, repr=False)

    @property
    def children(self) -> list[TreeRow]:
        """The rows below."""
        if self._children is None:
            self._children = list(self.make_children())
            for number, row in enumerate(self._children):
                row.parent, row.position = self, number
        return self._children


class TreeModel(QAbstractItemModel):
    """Rows of amounts, as deep as they go."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._root = TreeRow("", 0)
        self.first_title = "Order"

    def set_rows(self, rows: Sequence[TreeRow], first_title: str) -> None:
        """Show these rows under a heading."""
        self.beginResetModel()
        self._root = TreeRow("", 0, make_children=lambda: rows)
        self.first_title = first_title
        self.endResetModel()

    @property
    def rows(self) -> list[TreeRow]:
        """The outermost rows."""
        return self._root.children

    def row_at(self, index: _Index) -> TreeRow:
        """Return the row of an index, the root for an invalid one."""
        return index.internalPointer() if index.isValid() else self._root  # type: ignore[no-any-return]

    def index(self, row: int, column: int, parent: _Index = _ROOT) -> QModelIndex:
        children = self.row_at(parent).children
        return self.createIndex(row, column, children[row]) if 0 <= row < len(children) else QModelIndex()

    def parent(self, index: _Index = _ROOT) -> Any:  # type: ignore[override]
        above = self.row_at(index).parent
        return QModelIndex() if above is None or above is self._root else self.createIndex(above.position, 0, above)

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return len(self.row_at(parent).children) if parent.column() <= 0 else 0

    def hasChildren(self, parent: _Index = _ROOT) -> bool:
        row = self.row_at(parent)
        return row is self._root or row.make_children is not _no_children

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return len(_HEADERS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return self.first_title if section == 0 else _HEADERS[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return _TIPS[section] or None
        return _RIGHT if role == Qt.ItemDataRole.TextAlignmentRole and section in (1, 2) else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.row_at(index), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, column)
        if role == SEGMENTS_ROLE:
            return row.segments
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.tip or row.title
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (1, 2):
            return _RIGHT
        if role == Qt.ItemDataRole.FontRole and row.is_head:
            font = QFont()
            font.setWeight(QFont.Weight.DemiBold)
            return font
        return None

    @staticmethod
    def _text(row: TreeRow, column: int) -> str:
        if column == 0:
            return row.title
        if column == 1:
            return text.duration(row.late_ms) if row.late_ms else text.DASH
        return text.duration(row.amount_ms) if column == 2 and row.amount_ms is not None else ""


class CauseTree(QTreeView):
    """Shows rows of amounts with bars; a click goes to the row's operation."""

    go_to_event = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.rows_model = TreeModel(self)
        self.setModel(self.rows_model)
        self._bar = CauseBar(self)
        self.setItemDelegateForColumn(_BAR, self._bar)
        self.setUniformRowHeights(True)
        self.setIndentation(18)
        self.setAccessibleName("Causes of lateness")
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for section, width in ((1, 130), (2, 100), (_BAR, 320)):
            header.resizeSection(section, width)
        self.clicked.connect(self._go)
        self.activated.connect(self._go)

    def show_rows(self, rows: Sequence[TreeRow], first_title: str) -> None:
        """Show rows, their bars to a common scale; the first one unfolded."""
        self._bar.most_ms = max((sum(ms for _, ms in row.segments) for row in rows), default=1)
        self.rows_model.set_rows(rows, first_title)
        if rows:
            self.expand(self.rows_model.index(0, 0))

    def _go(self, index: QModelIndex) -> None:
        event_id = self.rows_model.row_at(index).event_id
        if event_id:
            self.go_to_event.emit(event_id)
