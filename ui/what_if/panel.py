"""The What-if dock: variants to try at the left, what came of them beside each other, and the change budget."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal, SignalInstance
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListWidget,
    QSpinBox,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.what_if.changes import Variant
from app.what_if.desk import Entry
from app.what_if.figures import Figures
from app.what_if.words import variant_words
from engine.model import Schedule
from ui.what_if.budget_page import BudgetPage
from ui.what_if.results import ResultsTable, Row
from ui.what_if.scatter import AXES, Dot, Scatter
from ui.widgets import ElidedLabel, EmptyState, Notice, Segmented, button, combo, inset, label, line

_SIDE_PX = 282


class WhatIfPanel(QWidget):
    """Shows the desk; what it asks for is in its signals."""

    add_requested = Signal()
    edit_requested = Signal(object)
    remove_requested = Signal(object)
    start_requested = Signal(int)
    """Start all; seconds of each run."""
    preview_requested = Signal(str)
    keep_requested = Signal(str)
    cancel_requested = Signal(str)
    cancel_all_requested = Signal()
    again_requested = Signal(str)
    base_chosen = Signal(str)
    """Id of the version whose variants to show."""

    def __init__(self) -> None:
        super().__init__()
        self._variants: list[Variant] = []
        self._rows: list[Row] = []
        self.table, self.scatter, self.budget = ResultsTable(), Scatter(), BudgetPage()
        self._empty = EmptyState(
            "optimize",
            "What if there were a shift more, a machine down, a rush order?",
            "Add variants of the saved plan, start them all and see their figures beside each other.",
        )
        self._make_actions()
        self.pages = QStackedWidget()
        for page in (self._empty, self._made_results(), self.budget):
            self.pages.addWidget(page)
        self.view = Segmented((("results", "Variants"), ("budget", "Change budget")))
        self.view.changed.connect(lambda _: self._show_page())
        right = QWidget()
        box = QVBoxLayout(right)
        box.setContentsMargins(12, 8, 12, 8)
        box.setSpacing(6)
        box.addLayout(self._made_head())
        box.addWidget(self.pages, 1)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self._made_side())
        outer.addWidget(line("vline"))
        outer.addWidget(right, 1)
        self.table.row_activated.connect(self._on_activated)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._on_selected())
        self.scatter.clicked.connect(self._on_dot)
        self.set_open(False)

    def sizeHint(self) -> QSize:
        return QSize(1100, 300)

    @property
    def rows(self) -> Sequence[Row]:
        """What the table shows."""
        return self._rows

    def set_open(self, is_open: bool) -> None:
        """Another schedule is open, or none: forget what was shown."""
        self.add.setEnabled(is_open)
        self.budget.set_open(is_open)
        if not is_open:
            self.show_variants((), None)
            self.base.clear()
        self.show_entries((), None)
        self.notice.say("bad", "")

    def show_variants(self, variants: Sequence[Variant], schedule: Schedule | None) -> None:
        """List the variants that are being built."""
        self._variants = list(variants)
        self.list.clear()
        for variant in variants:
            words = variant_words(variant, schedule) if schedule is not None else ""
            self.list.addItem(f"{variant.name}\n{words}" if words != variant.name else variant.name)
            self.list.item(self.list.count() - 1).setToolTip(f"{variant.name}\n{words}")
        self._refresh_variants()

    def show_bases(self, bases: Sequence[tuple[str, str]], chosen: str) -> None:
        """Offer the versions that have variants: (id, words)."""
        self.base.blockSignals(True)
        self.base.clear()
        for key, words in bases:
            self.base.addItem(words, key)
        self.base.setCurrentIndex(max(0, self.base.findData(chosen)))
        self.base.blockSignals(False)

    def show_entries(self, entries: Sequence[Entry], base: Figures | None, title: str = "") -> None:
        """Show the variants of a base and its own figures."""
        self._rows = []
        if base is not None:
            self._rows = [Row(title, "The plan as it was saved", None, base, base)]
            self._rows += [Row(e.name, e.words, e, e.figures, base) for e in entries]
        self._redraw()

    def say(self, words: str, kind: str = "bad") -> None:
        """Say what is wrong with the variants; nothing hides it."""
        self.notice.say(kind, words)

    def selected(self) -> Row | None:
        """Return the chosen variant."""
        row = self.table.selected()
        return row if row is not None and row.entry is not None else None

    # making

    def _make_actions(self) -> None:
        self.add = button("Add variant…", self.add_requested.emit, icon_name="add")
        self.edit = button("Change…", lambda: self.edit_requested.emit(self._chosen()))
        self.remove = button("Remove", lambda: self.remove_requested.emit(self._chosen()))
        self.start = button("Start all", self._on_start, role="primary", icon_name="optimize")
        self.limit = inset(QSpinBox())
        self.limit.setRange(1, 3_600)
        self.limit.setValue(20)
        self.limit.setSuffix(" s")
        self.limit.setAccessibleName("Time limit of each run")
        self.list = QListWidget()
        self.list.setAccessibleName("Variants to try")
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setProperty("role", "framed")
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.currentRowChanged.connect(lambda _: self._refresh_variants())
        self.list.itemDoubleClicked.connect(lambda _: self.edit_requested.emit(self._chosen()))
        self.notice = Notice("bad")
        self.base = combo("Base")
        self.base.setMinimumWidth(170)
        self.base.currentIndexChanged.connect(lambda _: self.base_chosen.emit(self.base.currentData() or ""))
        self.preview = button("Show on the board", lambda: self._emit(self.preview_requested), icon_name="preview")
        self.keep = button("Keep as scenario…", lambda: self._emit(self.keep_requested), icon_name="versions")
        self.again = button("Start again", lambda: self._emit(self.again_requested), icon_name="refresh")
        self.cancel = button("Cancel", lambda: self._emit(self.cancel_requested))
        self.cancel_all = button("Cancel all", self.cancel_all_requested.emit)

    def _made_side(self) -> QWidget:
        side = QWidget()
        side.setFixedWidth(_SIDE_PX)
        box = QVBoxLayout(side)
        box.setContentsMargins(12, 8, 12, 8)
        box.setSpacing(6)
        head = QHBoxLayout()
        head.addWidget(label("Variants to try", "strong"))
        head.addStretch(1)
        head.addWidget(self.add)
        box.addLayout(head)
        box.addWidget(self.list, 1)
        row = QHBoxLayout()
        row.setSpacing(6)
        for one in (self.edit, self.remove):
            row.addWidget(one, 1)
        box.addLayout(row)
        foot = QHBoxLayout()
        foot.setSpacing(6)
        caption = label("Each run", "muted")
        caption.setBuddy(self.limit)
        foot.addWidget(caption)
        foot.addWidget(self.limit)
        foot.addWidget(self.start, 1)
        box.addLayout(foot)
        box.addWidget(self.notice)
        return side

    def _made_head(self) -> QHBoxLayout:
        self.view.setFixedWidth(230)
        self.summary = ElidedLabel("", "small")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.view)
        row.addWidget(label("Base", "muted"))
        row.addWidget(self.base)
        row.addWidget(self.summary, 1)
        return row

    def _made_results(self) -> QWidget:
        chart = QWidget()
        box = QVBoxLayout(chart)
        box.setContentsMargins(8, 0, 0, 0)
        box.setSpacing(4)
        self.x_axis, self.y_axis = combo("Figure across"), combo("Figure upwards")
        for spec in AXES:
            self.x_axis.addItem(spec.title, spec.field)
            self.y_axis.addItem(spec.title, spec.field)
        self.x_axis.setCurrentIndex(0)
        self.y_axis.setCurrentIndex(2)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.y_axis, 1)
        row.addWidget(label("by", "muted"))
        row.addWidget(self.x_axis, 1)
        for one in (self.x_axis, self.y_axis):
            one.currentIndexChanged.connect(lambda _: self._redraw())
        box.addLayout(row)
        box.addWidget(self.scatter, 1)
        box.addWidget(label("◆ no other one is better in both   □ saved plan", "small"))
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.table, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for one in (self.preview, self.keep, self.again):
            buttons.addWidget(one)
        buttons.addStretch(1)
        for one in (self.cancel, self.cancel_all):
            buttons.addWidget(one)
        column.addLayout(buttons)
        split = QSplitter()
        split.setChildrenCollapsible(False)
        split.addWidget(left)
        split.addWidget(chart)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 1)
        split.setSizes([720, 330])
        return split

    # following

    def _redraw(self) -> None:
        dots = [Dot(row.key, row.name if row.entry else "Saved plan", row.figures) for row in self._rows if row.figures]
        self.scatter.set_axes(AXES[self.x_axis.currentIndex()], AXES[self.y_axis.currentIndex()])
        self.scatter.show_dots(dots)
        best = self.scatter.best
        self._rows = [
            Row(r.name, r.words, r.entry, r.figures, r.base, r.figures is not None and r.key in best)
            for r in self._rows
        ]
        self.table.show_rows(self._rows)
        entries = [row.entry for row in self._rows if row.entry]
        active = sum(entry.is_active for entry in entries)
        done = sum(entry.figures is not None for entry in entries)
        self.summary.setText(
            f"{done} of {len(entries)} done" + (f", {active} to go" if active else "") if entries else ""
        )
        self._show_page()
        self._on_selected()

    def _show_page(self) -> None:
        is_budget = self.view.value() == "budget"
        has_results = any(row.entry for row in self._rows)
        self.pages.setCurrentIndex(2 if is_budget else 1 if has_results else 0)

    def _refresh_variants(self) -> None:
        has_one = self.list.currentRow() >= 0
        self.edit.setEnabled(has_one)
        self.remove.setEnabled(has_one)
        self.start.setEnabled(bool(self._variants))
        self.start.setText(f"Start {len(self._variants)}" if len(self._variants) > 1 else "Start all")

    def _on_selected(self) -> None:
        row = self.selected()
        entry = row.entry if row else None
        self.preview.setEnabled(entry is not None and entry.has_plan)
        self.keep.setEnabled(entry is not None and entry.figures is not None)
        self.again.setEnabled(entry is not None and not entry.is_active)
        self.cancel.setEnabled(entry is not None and entry.is_active)
        self.cancel_all.setEnabled(any(one.entry is not None and one.entry.is_active for one in self._rows))
        self.scatter.select(row.key if row else "")

    def _chosen(self) -> Variant | None:
        number = self.list.currentRow()
        return self._variants[number] if 0 <= number < len(self._variants) else None

    def _emit(self, signal: SignalInstance) -> None:
        row = self.selected()
        if row is not None:
            signal.emit(row.key)

    def _on_start(self) -> None:
        self.start_requested.emit(self.limit.value())

    def _on_activated(self, row: Row) -> None:
        if row.entry is not None and row.entry.has_plan:
            self.preview_requested.emit(row.key)

    def _on_dot(self, key: str) -> None:
        self.table.select(key)
        self.preview_requested.emit(key)
