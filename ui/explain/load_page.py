"""Bottlenecks at the left, the load of resources on days at the right."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from engine.explain import Bottleneck, ResourceLoad
from ui import palette, text
from ui.explain.load_heat import LoadHeat
from ui.tables import Column, RowTable


class LoadPage(QWidget):
    """A ranked table beside a heat map."""

    go_to_time = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.table: RowTable[Bottleneck] = RowTable(_columns(), row_tip=lambda row: row.text)
        self.table.setAccessibleName("Bottlenecks, the worst first")
        self.table.clicked.connect(lambda _: self._show_resource())
        self.heat = LoadHeat()
        self.heat.go_to_time.connect(self.go_to_time)
        self._resources: list[str] = []
        both = QSplitter(Qt.Orientation.Horizontal)
        both.setChildrenCollapsible(False)
        both.addWidget(self.table)
        both.addWidget(self.heat)
        both.setSizes([515, 505])
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(both)

    def show_findings(self, rows: Sequence[Bottleneck], load: Sequence[ResourceLoad]) -> None:
        """Show bottlenecks, and loads in the same order, the others after them."""
        ranks = {row.id: row.rank for row in rows}
        ordered = sorted(load, key=lambda one: ranks.get(one.id, len(ranks) + 1))
        self._resources = [one.id for one in ordered]
        self.table.set_rows(rows)
        self.heat.heat.set_load(ordered)

    def _show_resource(self) -> None:
        for row in self.table.selected_rows()[:1]:
            if row.id in self._resources:
                self.heat.scrollTo(self.heat.heat.index(self._resources.index(row.id), 0))


def _columns() -> list[Column[Bottleneck]]:
    return [
        Column("#", lambda r: str(r.rank), lambda r: r.rank, None, True),
        Column("Resource", lambda r: r.name),
        Column(
            "Lateness",
            lambda r: text.duration(r.late_ms) if r.late_ms else text.DASH,
            lambda r: r.late_ms,
            lambda r: palette.BAD if r.late_ms else palette.INK_MUTED,
            True,
            "Lateness of orders that arose there",
        ),
        Column(
            "Orders", lambda r: str(r.delayed_orders), lambda r: r.delayed_orders, None, True, "Late orders that waited"
        ),
        Column("Load", _load_text, lambda r: r.load, None, True, "Busy share of its working time"),
        Column(
            "Critical",
            lambda r: text.percent(r.critical_share, 0),
            lambda r: r.critical_share,
            None,
            True,
            "Share of its work that cannot move later without harm",
        ),
    ]


def _load_text(row: Bottleneck) -> str:
    return text.percent(row.load, 0) if row.load else text.DASH
