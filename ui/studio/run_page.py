"""The run at hand: chart, figures, phase, Stop and keep, Cancel, and the runs that wait."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLayout,
    QProgressBar,
    QScrollArea,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui import text
from ui.icons import icon
from ui.runs import ACTIVE, RunView, can_preview, error_parts, status_of
from ui.studio.chart import RunChart
from ui.studio.conflict_box import ConflictBox
from ui.studio.labels import STATUS_CHIPS, STATUS_TITLES, gap_text, objective_text
from ui.theme import set_role
from ui.widgets import ElidedLabel, EmptyState, Notice, button, label, line, surface

_CLOCK_MS = 250
_FIGURES = (
    ("best", "Best plan"),
    ("bound", "Bound"),
    ("gap", "Gap"),
    ("elapsed", "Elapsed"),
    ("left", "Remaining"),
    ("plans", "Plans found"),
)


class RunPage(QWidget):
    """Shows one run live or afterwards."""

    stop_requested = Signal(str)
    cancel_requested = Signal(str)
    preview_requested = Signal(str)
    details_requested = Signal(str)
    unstored_requested = Signal(str)
    go_to_event = Signal(str)
    go_to_order = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._view: RunView | None = None
        self._seen_at = 0.0
        self._title, self._chip = ElidedLabel("", "heading"), label("", "chip-none")
        self._phase = ElidedLabel("", "muted")
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.setRange(0, 1000)
        self._chart = RunChart()
        self._figures = {key: label(text.DASH, "figure") for key, _ in _FIGURES}
        self._numbers = QWidget()
        self._notice, self.conflict = Notice("bad"), ConflictBox()
        self.conflict.go_to_event.connect(self.go_to_event)
        self.conflict.go_to_order.connect(self.go_to_order)
        self._stop = button("Stop and keep", lambda: self._emit(self.stop_requested), icon_name="stop")
        self._stop.setToolTip("End the run now and keep the best plan found so far (Shift+F5)")
        self._cancel = button("Cancel", lambda: self._emit(self.cancel_requested), role="danger", icon_name="cancel")
        self._cancel.setToolTip("End the run and drop what it found")
        self._preview = button("Show preview", lambda: self._emit(self.preview_requested), icon_name="preview")
        self._details = button("Details…", lambda: self._emit(self.details_requested))
        self._unstored = button("Not stored…", lambda: self._emit(self.unstored_requested))
        self._unstored.setToolTip("Try to store the result again, or save it as a file")
        self._queue = QVBoxLayout()
        self._queue_box = QWidget()
        self._stack = QStackedLayout(self)
        self._stack.addWidget(
            EmptyState("optimize", "No run yet", "Set a goal and press Optimize. You can go on planning meanwhile.")
        )
        self._stack.addWidget(self._laid_out())
        self._clock = QTimer(self)
        self._clock.setInterval(_CLOCK_MS)
        self._clock.timeout.connect(self._tick)

    @property
    def run_id(self) -> str | None:
        """The run that is shown."""
        return self._view.run_id if self._view else None

    def show_run(self, view: RunView) -> None:
        """Show a run's newest view."""
        self._view, self._seen_at = view, time.monotonic()
        self._stack.setCurrentIndex(1)
        status = status_of(view)
        objective = view.objective_name
        self._title.setText(view.label or "Optimisation run")
        self._chip.setText(STATUS_TITLES[status])
        set_role(self._chip, STATUS_CHIPS[status])
        self._phase.setText(self._phase_text(view, status))
        self._figures["best"].setText(objective_text(objective, view.objective))
        self._figures["bound"].setText(objective_text(objective, view.bound))
        self._figures["gap"].setText(gap_text(view.gap))
        plans = {o for _, o, _ in view.series if o is not None}
        self._figures["plans"].setText(text.number(len(plans)))
        self._show_buttons(view, status)
        self._show_error(view)
        self._tick()
        if status == "running":
            self._clock.start()
        else:
            self._clock.stop()

    def show_queue(self, views: list[RunView]) -> None:
        """List the runs that wait."""
        while self._queue.count():
            item = self._queue.takeAt(0)
            row = item.widget() if item is not None else None
            if row is not None:
                row.deleteLater()
        for place, view in enumerate(views, 1):
            self._queue.addWidget(self._queue_row(place, view))
        self._queue_box.setVisible(bool(views))

    def clear(self) -> None:
        """Forget the run (another schedule was opened)."""
        self._view = None
        self._clock.stop()
        self.show_queue([])
        self._stack.setCurrentIndex(0)

    def _tick(self) -> None:
        view = self._view
        if view is None:
            return
        status = status_of(view)
        since = time.monotonic() - self._seen_at if status == "running" else 0.0
        elapsed = (view.elapsed_s or 0.0) + since
        limit = view.time_limit_s or 0.0
        self._figures["elapsed"].setText(text.clock_time(elapsed))
        left = text.clock_time(limit - int(elapsed)) if status in ACTIVE and limit else text.DASH
        self._figures["left"].setText(left)
        share = 1.0 if status not in ACTIVE else min(1.0, elapsed / limit) if limit else 0.0
        self._progress.setValue(round(share * 1000))
        self._progress.setVisible(status in ACTIVE)
        now_ms = round(elapsed * 1000) if view.series else None
        self._chart.show_series(view.series, view.objective_name, now_ms)

    def _phase_text(self, view: RunView, status: str) -> str:
        if status == "queued":
            ahead = view.queue_position or 0
            return f"Waits for {text.count(ahead, 'run')}" if ahead else "Starts at once"
        if status == "running":
            return f"{view.step or 'Starting'}"
        if status == "failed":
            return "Ended early"
        if status == "cancelled":
            return "Cancelled before it ended"
        metrics = view.metrics
        is_proven = metrics is not None and metrics.proof == "optimal"
        parts = ["Proven optimal" if is_proven else "Finished"]
        if metrics is not None and metrics.changed_events == 0:
            parts.append("nothing better was found: the plan stays")
        elif metrics is not None and metrics.improvement_percentage:
            parts.append(f"{text.number(metrics.improvement_percentage, 1)} % better than its input")
        return ", ".join(parts)

    def _show_buttons(self, view: RunView, status: str) -> None:
        is_active = status in ACTIVE
        self._stop.setVisible(status == "running")
        self._stop.setEnabled(view.has_incumbent)
        self._cancel.setVisible(is_active)
        is_same = view.metrics is not None and view.metrics.changed_events == 0
        self._preview.setVisible(can_preview(view) and not is_same)
        self._preview.setText("Show preview" if status == "completed" else "Show best plan found")
        self._details.setVisible(view.error is not None)
        self._unstored.setVisible(view.unstored is not None)

    def _show_error(self, view: RunView) -> None:
        self.conflict.show_error(view.error)
        has_course = self.conflict.isHidden() or any(best is not None for _, best, _ in view.series)
        self._chart.setVisible(has_course)
        self._numbers.setVisible(has_course)
        if view.error is None:
            self._notice.say("warn", view.unstored or " ".join(view.warnings[:2]))
            return
        code, message = error_parts(view.error)
        kept = " The best plan found so far can still be applied." if can_preview(view) else ""
        self._notice.say("bad", f"{code}: {message}{kept}")

    def _emit(self, signal: object) -> None:
        if self._view is not None:
            signal.emit(self._view.run_id)  # type: ignore[attr-defined]

    def _queue_row(self, place: int, view: RunView) -> QWidget:
        row = QWidget()
        box = QHBoxLayout(row)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(label(f"{place}.", "muted"))
        box.addWidget(ElidedLabel(view.label or "Optimisation run"), 1)
        remove = QToolButton()
        remove.setIcon(icon("close"))
        remove.setToolTip("Cancel this run")
        remove.setAccessibleName("Cancel this run")
        remove.clicked.connect(lambda: self.cancel_requested.emit(view.run_id))
        box.addWidget(remove)
        return row

    def _laid_out(self) -> QWidget:
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._chip)
        grid = QGridLayout(self._numbers)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        for index, (key, title) in enumerate(_FIGURES):
            row, column = divmod(index, 3)
            grid.addWidget(label(title, "small"), row * 2, column)
            grid.addWidget(self._figures[key], row * 2 + 1, column)
            grid.setColumnStretch(column, 1)
        grid.setRowMinimumHeight(1, 26)
        foot = surface(QWidget())
        buttons = QHBoxLayout(foot)
        buttons.setContentsMargins(14, 8, 14, 12)
        buttons.setSpacing(8)
        for one in (self._stop, self._cancel, self._preview, self._unstored, self._details):
            buttons.addWidget(one)
        buttons.addStretch(1)
        queue = QVBoxLayout(self._queue_box)
        queue.setContentsMargins(0, 4, 0, 0)
        queue.addWidget(line())
        queue.addWidget(label("Waiting runs", "caption"))
        queue.addLayout(self._queue)
        self._queue_box.hide()
        page = QWidget()
        box = QVBoxLayout(page)  # what can be done stays in sight, however low the Studio is
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        parts = (head, self._phase, self._progress, self._notice, self.conflict, self._chart, self._numbers)
        box.addWidget(self._scrolled(parts), 1)
        box.addWidget(foot)
        return page

    def _scrolled(self, parts: tuple[QWidget | QLayout, ...]) -> QScrollArea:
        page = surface(QWidget())
        box = QVBoxLayout(page)
        box.setContentsMargins(14, 12, 14, 12)
        box.setSpacing(10)
        for part in parts:
            if isinstance(part, QLayout):
                box.addLayout(part)
            else:
                box.addWidget(part, 1 if part is self._chart else 0)
        box.addWidget(self._queue_box)
        box.addStretch(0)  # in place of the chart where there is none
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(page)
        return scroll
