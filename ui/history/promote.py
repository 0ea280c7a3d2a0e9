"""Before a scenario becomes the live plan: what that changes."""

from __future__ import annotations

import datetime as dt

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.comparison import Comparison
from app.scenarios import Promotion
from ui import text
from ui.compare.lists import FigureList, OrderList
from ui.dialogs.base import Dialog
from ui.widgets import Notice, label


class PromoteDialog(Dialog):
    """Shows the comparison of the live plan with the scenario, and asks."""

    promote_chosen = Signal()
    compare_chosen = Signal()
    merge_chosen = Signal()

    def __init__(
        self, parent: QWidget | None, name: str, found: Promotion, difference: Comparison, zone: dt.tzinfo
    ) -> None:
        super().__init__("Promote", parent, heading=f"Promote {name} to the live plan?", width=980)
        orders, operations = len(difference.orders), len(difference.operations)
        words = (
            f"The live plan moves from version {found.live.number} to version {found.scenario.number}. "
            f"{text.count(operations, 'operation')} and {text.count(orders, 'order')} differ. The scenario stays."
        )
        if found.kind == "merge":
            warning = (
                f"The live plan went on to version {found.live.number} since the scenario began at version "
                f"{found.base.number}. The two must be merged before the scenario can become the live plan."
            )
            self.body.addWidget(Notice("warn", warning))
            words = f"{text.count(operations, 'operation')} and {text.count(orders, 'order')} differ between the two."
        self.body.addWidget(label(words, wrap=True))
        self.figures, self.orders = FigureList(), OrderList()
        self.figures.show_comparison(difference, (f"Live V{found.live.number}", f"V{found.scenario.number}"))
        self.orders.show_comparison(difference, zone)
        self.orders.set_take("", "", is_on=False)
        row = QHBoxLayout()
        row.setSpacing(12)
        for one, share in ((self.figures, 1), (self.orders, 1)):
            one.table.setProperty("role", "framed")
            column = QVBoxLayout()
            column.addWidget(one)
            row.addLayout(column, share)
            one.setMinimumHeight(270)
        self.body.addLayout(row, 1)
        self.add_action("Show the whole comparison", self._compare)
        self.add_action("Cancel", self.reject)
        if found.kind == "merge":
            self.add_action("Merge…", self._merge, role="primary")
        else:
            self.add_action("Promote", self._promote, role="primary")

    def _compare(self) -> None:
        self.reject()
        self.compare_chosen.emit()

    def _merge(self) -> None:
        self.accept()
        self.merge_chosen.emit()

    def _promote(self) -> None:
        self.accept()
        self.promote_chosen.emit()
