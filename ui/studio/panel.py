"""The content of the Optimization Studio dock: set up, run, history."""

from __future__ import annotations

import datetime as dt

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QStackedWidget, QVBoxLayout, QWidget

from engine.model import Schedule
from ui.runs import ACTIVE, RunView, status_of
from ui.studio.catalog import Catalog
from ui.studio.history_page import HistoryPage
from ui.studio.run_page import RunPage
from ui.studio.setup_page import SetupPage
from ui.widgets import Segmented


class StudioPanel(QWidget):
    """Three pages; it knows which runs wait and which one is shown."""

    run_activated = Signal(object)

    def __init__(self, catalog: Catalog) -> None:
        super().__init__()
        self.setup, self.run = SetupPage(catalog), RunPage()
        self.history = HistoryPage()
        self.history.run_activated.connect(self.run_activated)
        self._active: dict[str, RunView] = {}
        self._tabs = Segmented((("setup", "Set up"), ("run", "Run"), ("history", "History")))
        self._pages = QStackedWidget()
        for page in (self.setup, self.run, self.history):
            self._pages.addWidget(page)
        self._tabs.changed.connect(self.show_page)
        head = QFrame()
        inner = QVBoxLayout(head)
        inner.setContentsMargins(14, 10, 14, 10)
        inner.addWidget(self._tabs)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(head)
        box.addWidget(self._pages, 1)
        self.setMinimumWidth(340)

    def show_page(self, key: str) -> None:
        """Show ``setup``, ``run`` or ``history``."""
        self._tabs.set_value(key)
        self._pages.setCurrentIndex(("setup", "run", "history").index(key))

    def set_plan(self, schedule: Schedule, zone: dt.tzinfo) -> None:
        """Take over the working plan."""
        self.setup.set_plan(schedule, zone)

    def show_history(self, runs: list[RunView], zone: dt.tzinfo) -> None:
        """List the schedule's runs; one that is active is shown too."""
        self.history.show_runs(runs, zone)
        self._active = {v.run_id: v for v in runs if status_of(v) in ACTIVE}
        self.run.clear()
        for view in runs[:1]:
            self.run.show_run(view)
        for view in self._active.values():
            self.update_run(view)
        self._show_queue()

    def update_run(self, view: RunView) -> None:
        """Show a run's newest view wherever it appears."""
        status = status_of(view)
        if status in ACTIVE:
            self._active[view.run_id] = view
        else:
            self._active.pop(view.run_id, None)
        self.history.update_run(view)
        shown = self.run.run_id
        if view.run_id == shown or status == "running" or shown not in self._active:
            self.run.show_run(view)
        self._show_queue()

    def active_run(self) -> RunView | None:
        """Return the run that Stop and Cancel mean."""
        running = [v for v in self._active.values() if status_of(v) == "running"]
        return running[0] if running else next(iter(self._active.values()), None)

    def _show_queue(self) -> None:
        queued = [v for v in self._active.values() if status_of(v) == "queued" and v.run_id != self.run.run_id]
        queued.sort(key=lambda v: v.queue_position or 0)
        self.run.show_queue(queued)
        self.setup.set_queue_hint(len(self._active))
        self._tabs.set_text("run", f"Run ({len(self._active)})" if self._active else "Run")
