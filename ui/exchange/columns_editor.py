"""How the columns of foreign tables are read: guessed, and put right by the planner."""

from __future__ import annotations

from collections.abc import Mapping as Map
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from app.exchange.table_cells import UNITS_MS
from app.exchange.table_mapping import ColumnMapping, Mapping, SheetMapping, SheetPlan
from app.exchange.tables import BY_NAME
from ui.widgets import combo, label

_UNITS = ("ms", "s", "min", "h", "d")
_NOT_READ = "not read"
_ROW_PX = 34


class ColumnsEditor(QWidget):
    """A row for every column of every sheet; what is changed here is read anew."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._tables: dict[str, str] = {}
        self._headers: dict[str, int] = {}
        self._columns: dict[tuple[str, str], ColumnMapping] = {}
        self._is_touched = False
        self.table = QTableWidget(0, 4)
        self.table.setHorizontalHeaderLabels(["Sheet", "Column", "Holds", "Unit"])
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(_ROW_PX)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setShowGrid(False)
        self.table.setAccessibleName("Columns")
        self.table.setProperty("role", "framed")
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        self._hint = label("", "small")
        box.addWidget(self._hint)
        box.addWidget(self.table, 1)
        box.addStretch(0)

    def forget(self) -> None:
        """Another file is looked at."""
        self._tables, self._headers, self._columns, self._is_touched = {}, {}, {}, False
        self.table.setRowCount(0)

    def preset(self, mapping: Mapping) -> None:
        """Begin with a remembered mapping."""
        self._is_touched = True
        for name, sheet in mapping.sheets.items():
            self._tables[name], self._headers[name] = sheet.table, sheet.header_row
            for title, column in sheet.columns.items():
                self._columns[name, title] = column

    def mapping(self) -> Mapping | None:
        """Return what the planner chose; None while everything is as guessed."""
        if not self._is_touched:
            return None
        sheets: dict[str, SheetMapping] = {}
        for name, table in self._tables.items():
            if table:
                columns = {title: one for (sheet, title), one in self._columns.items() if sheet == name}
                sheets[name] = SheetMapping(table=table, columns=columns, header_row=self._headers.get(name, 1))
        return Mapping(sheets=sheets)

    def show_plans(self, plans: Sequence[SheetPlan], sheets: Map[str, Sequence[str]]) -> None:
        """Show how the sheets of a file are read."""
        by_name = {plan.sheet: plan for plan in plans}
        known = "What you choose is remembered for tables with these titles."
        self._hint.setText(known if sheets else "Only Excel and CSV tables have columns to choose.")
        self.table.setVisible(bool(sheets))
        self.table.setRowCount(0)
        for name, titles in sheets.items():
            plan = by_name.get(name)
            self._tables[name] = plan.table.name if plan else ""
            self._headers[name] = plan.header_row if plan else 1
            self._add_sheet(name)
            if plan is None:
                continue
            units = {size: unit for unit, size in reversed(UNITS_MS.items())}
            read = {found.column.field: found for found in plan.columns}
            shown = {
                found.column.field: _title_of(found.column.field, plan, titles, self._columns)
                for found in read.values()
            }
            for field, title in shown.items():
                self._columns[name, title] = ColumnMapping(field=field, unit=units[read[field].unit_ms])
                self._add_column(name, title, plan)
            for title in plan.unknown:
                self._columns[name, title] = ColumnMapping(field="")
                self._add_column(name, title, plan)

    def _add_sheet(self, name: str) -> None:
        row = self.table.rowCount()
        self.table.insertRow(row)
        self.table.setItem(row, 0, QTableWidgetItem(name))
        self.table.setItem(row, 1, QTableWidgetItem("whole sheet"))
        choice = combo(f"Table of {name}")
        choice.addItem(_NOT_READ, "")
        for table in BY_NAME.values():
            if table.collection:
                choice.addItem(f"Table {table.name}", table.name)
        choice.setCurrentIndex(max(0, choice.findData(self._tables[name])))

        def change() -> None:
            self._is_touched = True
            self._tables[name] = choice.currentData()
            self.changed.emit()

        choice.activated.connect(lambda _: change())
        self.table.setCellWidget(row, 2, choice)

    def _add_column(self, sheet: str, title: str, plan: SheetPlan) -> None:
        row = self.table.rowCount()
        self.table.insertRow(row)
        self.table.setItem(row, 1, QTableWidgetItem(title))
        known = self._columns[sheet, title]
        choice, unit = combo(f"What {title} holds"), combo(f"Unit of {title}")
        choice.addItem(_NOT_READ, "")
        for column in plan.table.columns:
            if not column.info:
                choice.addItem(column.title, column.field)
        choice.setCurrentIndex(max(0, choice.findData(known.field)))
        unit.addItems(list(_UNITS))
        unit.setCurrentText(known.unit)
        kinds = {column.field: column.kind for column in plan.table.columns}
        unit.setEnabled(kinds.get(known.field) == "minutes")

        def change() -> None:
            self._is_touched = True
            self._columns[sheet, title] = ColumnMapping(field=choice.currentData(), unit=unit.currentText())
            self.changed.emit()

        for one in (choice, unit):
            one.activated.connect(lambda _: change())
        self.table.setCellWidget(row, 2, choice)
        self.table.setCellWidget(row, 3, unit)


def _title_of(field: str, plan: SheetPlan, titles: Sequence[str], chosen: Map[tuple[str, str], ColumnMapping]) -> str:
    """The title in the file of the column that holds a field."""
    index = next(found.index for found in plan.columns if found.column.field == field)
    by_choice = next(
        (t for (s, t), one in chosen.items() if s == plan.sheet and one.field == field and t in titles), None
    )
    if by_choice is not None:
        return by_choice
    return titles[index] if index < len(titles) else plan.table.column(field).title
