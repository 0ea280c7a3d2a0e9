"""The three levels of a comparison as tables: figures, orders, operations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.comparison import Comparison, KpiRow, OperationChange, OrderImpact
from ui import palette, text
from ui.compare import words
from ui.compare.filtered import ROW_PX, FilteredList, fill_choice
from ui.tables import Column, RowTable
from ui.widgets import ElidedLabel, button, combo

_FIGURE_PX = (66, 66, 66, 58)


class FigureList(QWidget):
    """Key figures of both plans, and what else differs."""

    def __init__(self) -> None:
        super().__init__()
        self._names = ("Before", "After")
        self.table: RowTable[KpiRow] = RowTable(self._columns(), stretch=0)
        self.table.verticalHeader().setDefaultSectionSize(ROW_PX)
        self.table.setSortingEnabled(False)
        self.beside = _Also("", "small")
        self.beside.setContentsMargins(8, 3, 8, 3)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.table, 1)
        box.addWidget(self.beside)

    def sizeHint(self) -> QSize:
        return QSize(430, 220)

    def show_comparison(self, found: Comparison, names: tuple[str, str]) -> None:
        """Show the figures of a comparison under the short names of its sides."""
        self._names = names
        self.table.rows_model.set_columns(self._columns())
        self.table.set_rows(found.kpis)
        for column in range(1, len(_FIGURE_PX) + 1):
            self.table.setColumnWidth(column, max(_FIGURE_PX[column - 1], self.table.columnWidth(column) - 8))
        also, tip = words.beside(found.frame)
        self.beside.setText(f"Also differs: {also}" if also else "")
        self.beside.setVisible(bool(also))
        self.beside.tip = tip

    def _columns(self) -> list[Column[KpiRow]]:
        before, after = self._names
        return [
            Column("Figure", lambda r: r.title),
            Column(before, lambda r: words.figure(r, r.before), lambda r: r.before, _muted, is_number=True),
            Column(after, lambda r: words.figure(r, r.after), lambda r: r.after, is_number=True),
            Column("Change", words.difference, None, words.verdict_colour, is_number=True),
            Column("", words.verdict, None, words.verdict_colour),
        ]


class _Also(ElidedLabel):
    """A line whose tooltip tells more than the line."""

    tip = ""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        self.setToolTip(self.tip)


class OrderList(FilteredList):
    """What the difference means for orders."""

    order_chosen = Signal(str)
    """An order was clicked; empty: none is chosen any more."""

    def __init__(self) -> None:
        self._zone: dt.tzinfo = dt.UTC
        table: RowTable[OrderImpact] = RowTable(self._columns(), is_multiple=True, row_tip=self._tip)
        super().__init__(table, "Filter orders", "No order is affected")
        self.kind = combo("Kind of effect on orders")
        self.kind.currentIndexChanged.connect(lambda _: self.refresh())
        self.head.insertWidget(1, self.kind, 1)
        table.clicked.connect(lambda _: self._on_clicked())

    def sizeHint(self) -> QSize:
        return QSize(420, 220)

    def show_comparison(self, found: Comparison, zone: dt.tzinfo) -> None:
        """Show the orders of a comparison."""
        self._zone, self._found = zone, found
        counts = {kind: sum(o.kind == kind for o in found.orders) for kind in words.IMPACTS}
        fill_choice(self.kind, "All orders", words.IMPACTS, counts, len(found.orders))
        self.refresh()

    def refresh(self) -> None:
        """Show the orders that meet the filters."""
        if self._found is None:
            return
        needle, kind = self.filter.text().strip().casefold(), self.kind.currentData()
        rows = [
            row
            for row in self._found.orders
            if kind in (None, row.kind) and needle in f"{row.name}\n{row.order_id}\n{row.customer or ''}".casefold()
        ]
        self.show_rows(rows, "No order matches" if self._found.orders else "No order ends at another time")

    def _columns(self) -> list[Column[OrderImpact]]:
        return [
            Column("Order", lambda o: o.name or o.order_id),
            Column("Effect", words.impact, lambda o: list(words.IMPACTS).index(o.kind), words.impact_colour),
            Column("By", lambda o: words.shift(o.shift_ms), lambda o: o.shift_ms, words.impact_colour, True),
            Column("Late", words.late_after, lambda o: o.late_after_ms, _muted, True, "How late it is then"),
        ]

    def _tip(self, row: OrderImpact) -> str:
        ends = [text.DASH if t is None else text.instant(t, self._zone) for t in (row.end_before_ms, row.end_after_ms)]
        lines = [row.name or row.order_id, f"Ends {ends[0]} {text.ARROW} {ends[1]}", f"Late: {words.lateness(row)}"]
        due = row.due_after_ms if row.due_after_ms is not None else row.due_before_ms
        lines += [f"Due {text.instant(due, self._zone)}"] if due is not None else []
        lines += [row.customer] if row.customer else []
        return "\n".join(lines)

    def _ids(self) -> list[str]:
        return [row.order_id for row in self.table.selected_rows()]

    def _on_clicked(self) -> None:
        chosen = self._ids()
        self.order_chosen.emit(chosen[0] if len(chosen) == 1 else "")


class OperationList(FilteredList):
    """What happened to operations, why, and on the board."""

    operation_chosen = Signal(str)
    _widest = {0: 150, 3: 200, 6: 150}
    filtered = Signal(object)
    """The changes that the filters leave, for the board."""

    def __init__(self) -> None:
        self._zone: dt.tzinfo = dt.UTC
        self._resources: Mapping[str, str] = {}
        self._order_names: Mapping[str, str] = {}
        self._order_id = ""
        table: RowTable[OperationChange] = RowTable(self._columns(), is_multiple=True, row_tip=self._tip)
        super().__init__(table, "Filter operations", "No operation differs")
        self.kind, self.cause = combo("Kind of change"), combo("Cause of the change")
        for index, box in enumerate((self.kind, self.cause), 1):
            box.currentIndexChanged.connect(lambda _: self.refresh())
            self.head.insertWidget(index, box, 1)
        self.order = button("", lambda: self.show_order(""), role="link")
        self.order.setToolTip("Show the operations of all orders again")
        self.order.hide()
        self.head.insertWidget(0, self.order)
        table.clicked.connect(lambda _: self._on_clicked())

    def sizeHint(self) -> QSize:
        return QSize(800, 220)

    def show_comparison(self, found: Comparison, zone: dt.tzinfo) -> None:
        """Show the operations of a comparison; filters stay as far as there is something to filter."""
        self._zone, self._found = zone, found
        self._resources, self._order_names = found.resource_names, found.order_names
        total = len(found.operations)
        fill_choice(self.kind, "All kinds", words.KINDS, found.kind_counts, total)
        fill_choice(self.cause, "All causes", words.CAUSES, found.cause_counts, total)
        self.refresh()

    def show_order(self, order_id: str) -> None:
        """Show the operations of one order only; empty: of all."""
        self._order_id = order_id
        self.order.setText(f"✕ {self._order_names.get(order_id, order_id)}")
        self.order.setVisible(bool(order_id))
        self.refresh()

    def refresh(self) -> None:
        """Show the operations that meet the filters, here and on the board."""
        if self._found is None:
            return
        kind, cause, needle = self.kind.currentData(), self.cause.currentData(), self.filter.text().strip().casefold()
        left = self._found.changes(
            None if kind is None else (kind,),
            None if cause is None else (cause,),
            (self._order_id,) if self._order_id else None,
        )
        if needle:
            left = tuple(c for c in left if needle in self._searched(c))
        self.show_rows(list(left), "No operation matches" if self._found.operations else "No operation differs")
        self.filtered.emit(left)

    def _searched(self, change: OperationChange) -> str:
        places = [self._resources.get(p.resource_id or "", "") for p in (change.before, change.after) if p]
        return "\n".join([change.name, change.event_id, self._order_name(change), *places]).casefold()

    def _columns(self) -> list[Column[OperationChange]]:
        return [
            Column("Operation", lambda c: c.name or c.event_id),
            Column("Change", words.kinds, colour=_kind_colour),
            Column("Shift", lambda c: words.shift(c.shift_ms), lambda c: c.shift_ms, None, True, "How much later"),
            Column("Resource", self._place),
            Column("Start before", lambda c: self._start(c.before), lambda c: c.before and c.before.start_ms, _muted),
            Column("Start after", lambda c: self._start(c.after), lambda c: c.after and c.after.start_ms),
            Column("Order", self._order_name),
            Column("Cause", lambda c: words.cause(c.cause)),
        ]

    def _order_name(self, change: OperationChange) -> str:
        return self._order_names.get(change.order_id or "", change.order_id or "")

    def _place(self, change: OperationChange) -> str:
        sides = [
            text.DASH if place is None or place.resource_id is None else self._resources.get(place.resource_id, "")
            for place in (change.before, change.after)
        ]
        if change.before is None or change.after is None or sides[0] == sides[1]:
            return sides[0] if change.after is None else sides[1]
        return f"{sides[0]} {text.ARROW} {words.new_part(sides[0], sides[1])}"

    def _start(self, place: object) -> str:
        start = getattr(place, "start_ms", None)
        return text.DASH if start is None else text.instant(start, self._zone)

    def _tip(self, change: OperationChange) -> str:
        head = [change.name or change.event_id, words.cause_in_full(change.cause, self._zone)]
        fields = words.fields(change, self._resources, self._zone)
        return "\n".join(line for line in (*head, fields) if line)

    def _ids(self) -> list[str]:
        return [row.event_id for row in self.table.selected_rows()]

    def _on_clicked(self) -> None:
        chosen = self._ids()
        if chosen:
            self.operation_chosen.emit(chosen[-1])


def _muted(_: object) -> str:
    return palette.INK_MUTED


def _kind_colour(change: OperationChange) -> str | None:
    return {
        "added": palette.GOOD,
        "scheduled": palette.GOOD,
        "deleted": palette.BAD,
        "unscheduled": palette.BAD,
        "resource": "#0F6FB5",
        "moved": palette.PREVIEW,
    }.get(change.kind)
