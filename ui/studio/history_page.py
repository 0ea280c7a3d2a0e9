"""All runs of the schedule, newest first."""

from __future__ import annotations

import datetime as dt

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QStackedLayout, QWidget

from ui import palette, text
from ui.runs import RunView, error_parts, status_of
from ui.studio.labels import ALGORITHM_TITLES, STATUS_TITLES, gap_text, goal_title, objective_text
from ui.tables import Column, RowTable
from ui.widgets import EmptyState

_COLOURS = {"completed": palette.GOOD, "failed": palette.BAD, "running": palette.ACCENT}


class HistoryPage(QWidget):
    """The runs of the schedule in a table; a double click shows the preview or what went wrong."""

    run_activated = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._zone: dt.tzinfo = dt.UTC
        self.table: RowTable[RunView] = RowTable(self._columns(), row_tip=_tip)
        self.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
        self.table.row_activated.connect(self.run_activated)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(EmptyState("clock", "No runs yet", "Every run of this schedule is listed here."))
        self._stack.addWidget(self.table)

    def show_runs(self, rows: list[RunView], zone: dt.tzinfo) -> None:
        """List these runs."""
        self._zone = zone
        self.table.set_rows(rows)
        self._stack.setCurrentIndex(1 if rows else 0)

    def update_run(self, view: RunView) -> None:
        """Show a run's newest view."""
        is_new = all(known.run_id != view.run_id for known in self.table.rows_model.rows)
        self.table.rows_model.put(view, lambda known: known.run_id == view.run_id)
        self._stack.setCurrentIndex(1)
        if is_new:
            self.table.fit_columns()

    def _columns(self) -> list[Column[RunView]]:
        return [
            Column("Started", self._started, lambda v: v.queued_at),
            Column("Status", lambda v: STATUS_TITLES[status_of(v)], colour=lambda v: _COLOURS.get(status_of(v))),
            Column(
                "Result", lambda v: objective_text(v.objective_name, v.objective), lambda v: v.objective, None, True
            ),
            Column("Gap", lambda v: gap_text(v.gap), lambda v: v.gap, None, True),
            Column("Goal", lambda v: goal_title(v.objective_name)),
            Column("Algorithm", lambda v: ALGORITHM_TITLES.get(v.algorithm_id, (str(v.algorithm_id), ""))[0]),
            Column("Label", lambda v: v.label),
        ]

    def _started(self, view: RunView) -> str:
        return text.instant(view.started_at, self._zone) if view.started_at else "waits"


def _tip(view: RunView) -> str:
    if view.error is not None:
        return ": ".join(error_parts(view.error))
    return "Double click to see this result over the working plan again" if status_of(view) == "completed" else ""
