"""How hard a run tries: time, workers, and how near to the present plan it stays."""

from __future__ import annotations

import os

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QDoubleSpinBox, QGridLayout, QHBoxLayout, QSpinBox, QWidget

from ui.studio.settings import MAX_TIME_LIMIT_S, RunSettings
from ui.widgets import combo, inset, label

_UNITS = (("seconds", 1), ("minutes", 60), ("hours", 3600))


class EffortEditor(QWidget):
    """Time limit, workers, warm start, incremental mode."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._time = inset(QDoubleSpinBox())
        self._time.setDecimals(0)
        self._time.setRange(1, MAX_TIME_LIMIT_S)
        self._time.setAccessibleName("Time limit")
        self._unit = combo()
        self._unit.setAccessibleName("Unit of the time limit")
        for name, seconds in _UNITS:
            self._unit.addItem(name, seconds)
        self._workers = inset(QSpinBox())
        self._workers.setRange(0, 256)
        self._workers.setSpecialValueText(f"All cores ({os.cpu_count() or 1})")
        self._workers.setAccessibleName("Workers")
        self._workers.setToolTip("Solver threads")
        self._warm = QCheckBox("Start from the present plan")
        self._warm.setToolTip("The result is never worse than a feasible present plan")
        self._near = QCheckBox("Stay close to the present plan")
        self._near.setToolTip("Weigh every moved minute and every changed resource against the gain")
        self._change = inset(QDoubleSpinBox())
        self._change.setDecimals(3)
        self._change.setRange(0, 1_000_000)
        self._change.setSingleStep(0.05)
        self._change.setAccessibleName("Change weight")
        self._change.setToolTip("How much one moved minute costs; a changed resource counts as 60")
        self._change_label = label("Change weight")
        self._lay_out()
        for signal in (self._time.valueChanged, self._workers.valueChanged, self._change.valueChanged):
            signal.connect(lambda _: self.changed.emit())
        self._unit.currentIndexChanged.connect(lambda _: self.changed.emit())
        for box in (self._warm, self._near):
            box.toggled.connect(lambda _: self._on_toggled())

    def read(self, settings: RunSettings) -> None:
        """Show the effort of the settings, silently."""
        self.blockSignals(True)
        seconds = settings.time_limit_s
        unit = max((u for _, u in _UNITS if seconds % u == 0 and seconds >= u), default=1)
        self._unit.setCurrentIndex(self._unit.findData(unit))
        self._time.setDecimals(0 if seconds % unit == 0 else 1)
        self._time.setValue(seconds / unit)
        self._workers.setValue(settings.workers or 0)
        self._warm.setChecked(settings.warm_start)
        self._near.setChecked(settings.incremental)
        self._change.setValue(settings.change_weight)
        self._on_toggled()
        self.blockSignals(False)

    def values(self) -> dict[str, object]:
        """Return the fields of ``RunSettings`` that this part holds."""
        return {
            "time_limit_s": self._time.value() * self._unit.currentData(),
            "workers": self._workers.value() or None,
            "warm_start": self._warm.isChecked(),
            "incremental": self._near.isChecked(),
            "change_weight": self._change.value(),
        }

    def _on_toggled(self) -> None:
        self._change.setVisible(self._near.isChecked())
        self._change_label.setVisible(self._near.isChecked())
        self.changed.emit()

    def _lay_out(self) -> None:
        limit = QHBoxLayout()
        limit.setSpacing(6)
        limit.addWidget(self._time, 1)
        limit.addWidget(self._unit, 1)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(6)
        grid.setHorizontalSpacing(8)
        grid.setColumnMinimumWidth(0, 108)
        grid.setColumnStretch(1, 1)
        grid.addWidget(label("Time limit"), 0, 0)
        grid.addLayout(limit, 0, 1)
        grid.addWidget(label("Workers"), 1, 0)
        grid.addWidget(self._workers, 1, 1)
        grid.addWidget(self._warm, 2, 0, 1, 2)
        grid.addWidget(self._near, 3, 0, 1, 2)
        self._change_label.setContentsMargins(22, 0, 0, 0)
        grid.addWidget(self._change_label, 4, 0, Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(self._change, 4, 1)
