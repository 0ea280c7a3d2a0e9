"""The Robustness dock: replay settings, and what a replay found."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QProgressBar,
    QSpinBox,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from app.robustness import DEFAULT_REPLICATIONS, MOST_REPLICATIONS, ReplaySettings
from engine.model import Schedule
from engine.robustness import RobustnessReport
from ui import text
from ui.robustness.lists import HandOffTable, OrderTable, ResourceTable
from ui.theme import set_role
from ui.widgets import ElidedLabel, EmptyState, Segmented, button, combo, inset, label, line

_LEARN, _FILE = 0, 1


class RobustnessPanel(QWidget):
    """Settings at the left, then orders by risk, hand-offs by the delay they pass on, or buffers of resources."""

    start_requested = Signal(object)
    """``ReplaySettings``."""
    stop_requested = Signal()
    go_to_event = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._file: Path | None = None
        self._is_running = False
        self.orders, self.hand_offs, self.resources = OrderTable(), HandOffTable(), ResourceTable()
        self.view = Segmented((("orders", "Orders"), ("handOffs", "Hand-offs"), ("resources", "Resources")))
        self.view.changed.connect(self.show_list)
        for table in (self.orders, self.hand_offs):
            table.go_to_event.connect(self.go_to_event)
        self._make_settings()
        self._summary, self._stale = ElidedLabel("", ""), label("", "warn")
        self._empty = EmptyState(
            "robustness",
            "How does the plan stand up to delays?",
            "A replay pushes random durations and breakdowns through the plan and shows which orders are at risk.",
        )
        results = QWidget()
        self._stack = QStackedLayout(results)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._made_results())
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._made_side())
        box.addWidget(line("vline"))
        box.addWidget(results, 1)
        self.set_plan(False)

    def sizeHint(self) -> QSize:
        return QSize(900, 240)

    def settings(self) -> ReplaySettings:
        """Return what the planner chose."""
        return ReplaySettings(
            replications=self.replications.value(),
            may_start_earlier=self.earlier.isChecked(),
            overtime_minutes=self.overtime.value(),
            distributions=self._file if self.source.currentIndex() == _FILE else None,
        )

    def set_plan(self, is_open: bool) -> None:
        """Forget what was shown: another schedule is open, or none."""
        self._stack.setCurrentIndex(0)
        self.start.setEnabled(is_open)
        self.show_progress(None)

    def show_progress(self, share: float | None) -> None:
        """Show how far a replay is; ``None`` = none is running."""
        self._is_running = share is not None
        self.start.setText("Stop" if self._is_running else "Replay")
        set_role(self.start, "" if self._is_running else "primary")
        self.bar.setVisible(self._is_running)
        self.bar.setValue(round(100 * (share or 0.0)))
        for one in (self.replications, self.source, self.overtime, self.earlier):
            one.setEnabled(not self._is_running)

    def show_report(self, report: RobustnessReport, schedule: Schedule, zone: dt.tzinfo) -> None:
        """Show what a replay of a schedule found."""
        self.orders.show_items(report.items, zone)
        self.hand_offs.show_hand_offs(report.hand_offs, schedule)
        self.resources.show_buffers(report.resources, schedule)
        self._summary.setText("  ·  ".join(_summary(report)))
        self.set_stale(False)
        self._stack.setCurrentIndex(1)

    def show_list(self, key: str) -> None:
        """Show ``orders``, ``handOffs`` or ``resources``."""
        self.view.set_value(key)
        self._lists.setCurrentIndex(("orders", "handOffs", "resources").index(key))

    def set_stale(self, is_stale: bool) -> None:
        """Say that the plan is another one now than the one that was replayed."""
        self._stale.setText("The plan has changed since" if is_stale else "")
        self._stale.setVisible(is_stale)

    def _make_settings(self) -> None:
        self.start = button("Replay", self._on_start, role="primary")
        self.start.setToolTip("Push random durations and breakdowns through the plan on the board")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.bar.setAccessibleName("Progress of the replay")
        self.replications = inset(QSpinBox())
        self.replications.setRange(100, MOST_REPLICATIONS)
        self.replications.setSingleStep(500)
        self.replications.setGroupSeparatorShown(True)
        self.replications.setValue(DEFAULT_REPLICATIONS)
        self.replications.setAccessibleName("Replications")
        self.source = combo("Durations")
        self.source.addItems(["Learnt from history", "From a file…"])
        self.source.setItemData(_LEARN, "From planned and actual times of completed operations", _TIP)
        self.source.setItemData(_FILE, "Distributions in a JSON file, see the manual", _TIP)
        self.source.activated.connect(self._on_source)
        self.overtime = inset(QSpinBox())
        self.overtime.setRange(0, 10_000)
        self.overtime.setSingleStep(15)
        self.overtime.setSuffix(" min")
        self.overtime.setAccessibleName("Overtime")
        self.overtime.setToolTip("How far work that must not pause may run into a break")
        self.earlier = QCheckBox("May start earlier")
        self.earlier.setToolTip("Operations begin as soon as they can, not at their planned start at the earliest")

    def _made_side(self) -> QFrame:
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        rows = (("Replications", self.replications), ("Durations", self.source), ("Overtime", self.overtime))
        for row, (title, field) in enumerate(rows):
            caption = label(title, "muted")
            caption.setBuddy(field)
            grid.addWidget(caption, row, 0)
            grid.addWidget(field, row, 1)
        grid.addWidget(self.earlier, len(rows), 0, 1, 2)
        side = QFrame()
        side.setFixedWidth(268)
        box = QVBoxLayout(side)
        box.setContentsMargins(14, 10, 14, 10)
        box.setSpacing(8)
        box.addLayout(grid)
        box.addWidget(self.start)
        box.addWidget(self.bar)
        box.addStretch(1)
        return side

    def _made_results(self) -> QWidget:
        head = QHBoxLayout()
        head.setContentsMargins(12, 6, 10, 6)
        head.setSpacing(12)
        head.addWidget(self._summary, 1)
        head.addWidget(self._stale)
        self.view.setFixedWidth(290)
        head.addWidget(self.view)
        tables = QWidget()
        self._lists = QStackedLayout(tables)
        for table in (self.orders, self.hand_offs, self.resources):
            self._lists.addWidget(table)
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(head)
        box.addWidget(line())
        box.addWidget(tables, 1)
        return content

    def _on_start(self) -> None:
        if self._is_running:
            self.stop_requested.emit()
        else:
            self.start_requested.emit(self.settings())

    def _on_source(self, index: int) -> None:
        if index != _FILE:
            return
        path, _ = QFileDialog.getOpenFileName(self, "Distributions", "", "JSON files (*.json);;All files (*)")
        if path:
            self._file = Path(path)
            self.source.setItemText(_FILE, self._file.name)
        elif self._file is None:
            self.source.setCurrentIndex(_LEARN)


_TIP = Qt.ItemDataRole.ToolTipRole


def _summary(report: RobustnessReport) -> list[str]:
    parts = [f"{text.number(report.expected_late, 1)} orders late (planned {text.number(report.planned_late)})"]
    if report.all_on_time:
        parts.append(f"none in {text.percent(report.all_on_time, 0)}")
    span = report.makespan
    parts.append(f"makespan P90 {text.duration(span.p90)} (planned {text.duration(span.planned)})")
    if report.broken_limits:
        parts.append(f"{text.count(len(report.broken_limits), 'hard limit')} at risk")
    return [*parts, _source(report), *(note.rstrip(".") for note in report.notes)]


def _source(report: RobustnessReport) -> str:
    source = report.source
    if source.kind == "given":
        return "durations as given"
    if not source.samples:
        return "nothing completed yet: durations assumed ± 15 %"
    return f"learnt from {text.count(source.samples, 'completed operation')}"
