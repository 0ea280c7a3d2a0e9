"""The Compare dock: which two plans, how the boards stand, and the three levels of what differs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from app.comparison import Comparison
from ui import text
from ui.compare.lists import FigureList, OperationList, OrderList
from ui.compare.side import Side
from ui.widgets import ElidedLabel, EmptyState, Segmented, button, combo, label, line

LAYOUTS = (("overlay", "One board"), ("columns", "Side by side"), ("rows", "One above the other"))


class ComparePanel(QWidget):
    """Shows a comparison; what is clicked on one level filters the next."""

    sides_chosen = Signal(object, object)
    layout_chosen = Signal(str)
    end_requested = Signal()
    order_chosen = Signal(str)
    operation_chosen = Signal(str)
    filtered = Signal(object)
    take_operations = Signal(list)
    take_orders = Signal(list)

    def __init__(self) -> None:
        super().__init__()
        self.figures, self.orders, self.operations = FigureList(), OrderList(), OperationList()
        self._sides: list[Side] = []
        self.before, self.after = combo("Plan before"), combo("Plan after")
        for box in (self.before, self.after):
            box.setMinimumContentsLength(13)
            box.activated.connect(lambda _: self._on_sides())
        self.swap = button("⇄", self._swap)
        self.swap.setToolTip("Swap the two plans")
        self.swap.setAccessibleName("Swap the two plans")
        self.swap.setFixedWidth(36)
        self.boards = Segmented(LAYOUTS)
        for one in self.boards.findChildren(QPushButton):
            one.setMinimumWidth(one.sizeHint().width() + 12)  # the chosen one is written in bold
        self.boards.setToolTip("How the two plans stand on the board")
        self.boards.changed.connect(self.layout_chosen)
        self._summary = ElidedLabel("", "muted")
        self._end = button("End comparison", self.end_requested.emit, role="link")
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(self._head())
        box.addWidget(line())
        box.addWidget(self._levels(), 1)
        self._empty = EmptyState(
            "changes",
            "No comparison",
            "Choose two plans: right-click a version in the Versions dock, or compare with the last one.",
        )
        self.start = button("Compare with the saved version", None, icon_name="changes")
        nothing = QWidget()
        middle = QVBoxLayout(nothing)
        middle.addStretch(1)
        middle.addWidget(self._empty)
        middle.addWidget(self.start, 0, Qt.AlignmentFlag.AlignHCenter)
        middle.addStretch(1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(nothing)
        self._stack.addWidget(content)
        self.orders.order_chosen.connect(self._on_order)
        self.operations.operation_chosen.connect(self.operation_chosen)
        self.operations.filtered.connect(self.filtered)
        self.operations.take_requested.connect(self.take_operations)
        self.orders.take_requested.connect(self.take_orders)

    def sizeHint(self) -> QSize:
        return QSize(900, 290)

    def show_nothing(self, is_open: bool) -> None:
        """Show that nothing is compared."""
        self.start.setVisible(is_open)
        self._stack.setCurrentIndex(0)
        self.orders.forget()
        self.operations.forget()

    def show_sides(self, sides: Sequence[Side], before: Side, after: Side) -> None:
        """Offer the plans that can be compared, with the two that are."""
        self._sides = list(sides)
        for box, chosen in ((self.before, before), (self.after, after)):
            box.clear()
            for side in self._sides:
                box.addItem(_title(side), side.key)
            box.setCurrentIndex(max(0, box.findData(chosen.key)))
        self._stack.setCurrentIndex(1)

    def set_busy(self, words: str) -> None:
        """Say what is being worked out."""
        self._summary.setText(words)

    def show_comparison(self, found: Comparison, before: Side, after: Side, zone: dt.tzinfo) -> None:
        """Show what differs."""
        self.figures.show_comparison(found, (before.short, after.short))
        self.orders.show_comparison(found, zone)
        self.operations.show_comparison(found, zone)
        if found.is_empty:
            self._summary.setText("The two plans are the same")
        else:
            orders = text.count(len(found.orders), "order")
            self._summary.setText(f"{text.count(len(found.operations), 'operation')} and {orders} differ")

    def set_take(self, words: str, tip: str, is_on: bool) -> None:
        """Say what taking over does."""
        self.operations.set_take(words, tip, is_on)
        self.orders.set_take("", tip, is_on)
        self.orders.take.setAccessibleName(tip)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(10, 6, 8, 6)
        row.setSpacing(6)
        row.addWidget(self.before, 2)
        row.addWidget(label(text.ARROW, "muted"))
        row.addWidget(self.after, 2)
        row.addWidget(self.swap)
        row.addSpacing(8)
        row.addWidget(self.boards)
        row.addSpacing(8)
        row.addWidget(self._summary, 3)
        row.addWidget(self._end)
        return row

    def _levels(self) -> QSplitter:
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(1)
        for index, (one, share) in enumerate(((self.figures, 2), (self.orders, 3), (self.operations, 7))):
            split.addWidget(one)
            split.setStretchFactor(index, share)
            one.setMinimumWidth(390 if one is self.figures else 240)
        split.setSizes([470, 490, 640])
        return split

    def _swap(self) -> None:
        one, two = self.before.currentIndex(), self.after.currentIndex()
        self.before.setCurrentIndex(two)
        self.after.setCurrentIndex(one)
        self._on_sides()

    def _on_sides(self) -> None:
        one, two = self.before.currentIndex(), self.after.currentIndex()
        if min(one, two) >= 0:
            self.sides_chosen.emit(self._sides[one], self._sides[two])

    def _on_order(self, order_id: str) -> None:
        self.operations.show_order(order_id)
        self.order_chosen.emit(order_id)


def _title(side: Side) -> str:
    comment = " ".join(side.version.comment.split()) if side.version is not None else ""
    return f"{side.name}: {comment[:40]}" if comment else side.name
