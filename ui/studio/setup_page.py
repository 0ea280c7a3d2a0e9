"""The form of a run: profile, algorithm, goal, effort, scope, locks, advanced options, and the start button."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from engine.model import Schedule
from ui import text
from ui.studio.advanced_editor import AdvancedEditor
from ui.studio.catalog import Catalog
from ui.studio.effort_editor import EffortEditor
from ui.studio.goal_editor import GoalEditor
from ui.studio.labels import ALGORITHM_TITLES, OBJECTIVE_TITLES
from ui.studio.locks_editor import LocksEditor
from ui.studio.scope_editor import ScopeEditor
from ui.studio.settings import RunSettings
from ui.widgets import Notice, Section, button, combo, label, surface


class SetupPage(QWidget):
    """Edits a ``RunSettings``; says inline what keeps it from running."""

    submitted = Signal()
    go_to = Signal(str)

    def __init__(self, catalog: Catalog) -> None:
        super().__init__()
        self._catalog = catalog
        self._base = RunSettings()
        self._has_plan = False
        self._profile, self._algorithm = self._made_combos()
        self._goal, self._effort, self._advanced = GoalEditor(), EffortEditor(), AdvancedEditor()
        self._scope, self._locks = ScopeEditor(), LocksEditor()
        self._sections = {
            "goal": Section("Goal", self._goal),
            "effort": Section("Effort", self._effort),
            "scope": Section("Scope", self._scope),
            "locks": Section("Locks", self._locks),
            "advanced": Section("Advanced", self._advanced, is_open=False),
        }
        self._notice = Notice("warn")
        self.submit = button("Optimize", self.submitted.emit, role="primary", icon_name="optimize")
        self.submit.setMinimumHeight(32)
        self._lay_out()
        self._locks.go_to.connect(self.go_to)
        for part in (self._goal, self._effort, self._advanced, self._scope, self._locks):
            part.changed.connect(self._refresh)
        self.show_settings(self._base)
        if catalog.profiles:
            self._choose_profile(self._default_profile())

    def settings(self) -> RunSettings:
        """Return the form as it stands."""
        values: dict[str, Any] = {
            "algorithm_id": self._algorithm.currentData() or 1,
            "profile_id": self._profile.currentData(),
        }
        for part in (self._goal, self._effort, self._advanced, self._scope, self._locks):
            values |= part.values()
        return replace(self._base, **values)

    def show_settings(self, settings: RunSettings) -> None:
        """Fill the form."""
        self._base = settings
        self._algorithm.setCurrentIndex(max(0, self._algorithm.findData(settings.algorithm_id)))
        self._profile.setCurrentIndex(max(0, self._profile.findData(settings.profile_id)))
        for part in (self._goal, self._effort, self._advanced, self._scope):
            part.read(settings)
        self._locks.set_intervals(settings.blocked)
        self._refresh()

    def set_plan(self, schedule: Schedule, zone: dt.tzinfo) -> None:
        """Take over the working plan."""
        self._has_plan = True
        self._scope.set_plan(schedule, zone)
        self._locks.set_plan(schedule, zone)
        self._refresh()

    def set_selection(self, event_ids: tuple[str, ...]) -> None:
        """Take over what is selected on the board."""
        self._scope.set_selection(event_ids)
        self._locks.set_selection(event_ids)
        self._refresh()

    def choose_selection(self) -> None:
        """Limit the run to what is selected on the board."""
        self._sections["scope"].set_open(True)
        self._scope.choose_selection()

    def profile_name(self) -> str:
        """Return the chosen profile's name, empty for none."""
        return self._profile.currentText() if self._profile.currentData() is not None else ""

    def set_queue_hint(self, running: int) -> None:
        """Say on the button that another run would wait."""
        self.submit.setText("Optimize" if not running else "Optimize after the present run")

    def _made_combos(self) -> tuple[QComboBox, QComboBox]:
        profile, algorithm = combo(), combo()
        profile.setAccessibleName("Profile")
        algorithm.setAccessibleName("Algorithm")
        profile.addItem("Custom", None)
        for row in self._catalog.profiles:
            profile.addItem(row.name, row.id)
        for row in self._catalog.algorithms:
            title, tip = ALGORITHM_TITLES.get(row.id, (row.name, ""))
            algorithm.addItem(title, row.id)
            algorithm.setItemData(algorithm.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        if not self._catalog.algorithms:
            for key, (title, tip) in ALGORITHM_TITLES.items():
                algorithm.addItem(title, key)
                algorithm.setItemData(algorithm.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        profile.activated.connect(lambda _: self._choose_profile(profile.currentData()))
        algorithm.currentIndexChanged.connect(lambda _: self._refresh())
        return profile, algorithm

    def _default_profile(self) -> int:
        by_name = {row.name.lower(): row.id for row in self._catalog.profiles}
        return by_name.get("standard", self._catalog.profiles[0].id)

    def _choose_profile(self, profile_id: int | None) -> None:
        row = next((p for p in self._catalog.profiles if p.id == profile_id), None)
        if row is None:
            self._refresh()
            return
        self.show_settings(self.settings().with_profile(row.id, row.algorithm_id, row.options))

    def _lay_out(self) -> None:
        top = QGridLayout()
        top.setVerticalSpacing(6)
        top.setHorizontalSpacing(8)
        top.setColumnMinimumWidth(0, 108)
        top.setColumnStretch(1, 1)
        for row, (title, field) in enumerate((("Profile", self._profile), ("Algorithm", self._algorithm))):
            top.addWidget(label(title), row, 0)
            top.addWidget(field, row, 1)
        form = surface(QWidget())
        inner = QVBoxLayout(form)
        inner.setContentsMargins(14, 12, 14, 12)
        inner.setSpacing(14)
        inner.addLayout(top)
        for section in self._sections.values():
            inner.addWidget(section)
        inner.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(form)
        foot = QVBoxLayout()
        foot.setContentsMargins(14, 10, 14, 12)
        foot.setSpacing(8)
        foot.addWidget(self._notice)
        foot.addWidget(self.submit)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(scroll, 1)
        box.addLayout(foot)

    def _refresh(self) -> None:
        settings = self.settings()
        faults = settings.faults()
        self._notice.say("warn", next(iter(faults.values()), ""))
        self.submit.setEnabled(self._has_plan and not faults)
        goals = {"objective": OBJECTIVE_TITLES.get(settings.objective, "Automatic"), "mix": "Mix", "ladder": "Ladder"}
        unit = text.duration(settings.time_limit_s * 1000)
        near = ", close to the plan" if settings.incremental else ""
        for key, summary in (
            ("goal", goals[settings.goal]),
            ("effort", f"{unit}{near}"),
            ("scope", self._scope.summary()),
            ("locks", self._locks.summary()),
        ):
            self._sections[key].set_summary(summary)
