"""Options that few runs need."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QDoubleSpinBox, QGridLayout, QSpinBox, QWidget

from ui.studio.settings import RunSettings
from ui.widgets import inset, label

_TICK_UNIT_MS = 1_000


class AdvancedEditor(QWidget):
    """Cost of lateness, seed, equal results, memory limit, time resolution."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._cost = inset(QDoubleSpinBox())
        self._cost.setRange(0, 1e9)
        self._cost.setDecimals(2)
        self._seed = inset(QSpinBox())
        self._seed.setRange(0, 2**31 - 1)
        self._equal = QCheckBox("Equal input gives an equal result")
        self._equal.setToolTip("Needs exactly 1 worker; the time limit then counts work, not seconds of the clock")
        self._memory = inset(QSpinBox())
        self._memory.setRange(0, 1_000_000)
        self._memory.setSingleStep(512)
        self._memory.setSpecialValueText("Automatic")
        self._memory.setSuffix(" MiB")
        self._tick = inset(QDoubleSpinBox())
        self._tick.setDecimals(3)
        self._tick.setRange(0, 86_400)
        self._tick.setSpecialValueText("Automatic")
        self._tick.setSuffix(" s")
        rows = (
            ("Cost of lateness", self._cost, "Per weighted hour, for the goal Least cost"),
            ("Random seed", self._seed, "Another seed searches in another order"),
            ("Memory limit", self._memory, "The run ends with its best plan when it needs more"),
            ("Resolution", self._tick, "The step of time the optimiser computes in; a coarser one is faster"),
        )
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(6)
        grid.setHorizontalSpacing(8)
        grid.setColumnMinimumWidth(0, 108)
        grid.setColumnStretch(1, 1)
        for row, (title, field, tip) in enumerate(rows):
            field.setToolTip(tip)
            field.setAccessibleName(title)
            field.valueChanged.connect(lambda _: self.changed.emit())
            grid.addWidget(label(title), row, 0)
            grid.addWidget(field, row, 1)
        grid.addWidget(self._equal, len(rows), 0, 1, 2)
        self._equal.toggled.connect(lambda _: self.changed.emit())

    def read(self, settings: RunSettings) -> None:
        """Show these options of the settings, silently."""
        self.blockSignals(True)
        self._cost.setValue(settings.tardiness_cost_per_hour)
        self._seed.setValue(settings.seed)
        self._equal.setChecked(settings.deterministic)
        self._memory.setValue(settings.memory_limit_mib or 0)
        self._tick.setValue((settings.tick_ms or 0) / _TICK_UNIT_MS)
        self.blockSignals(False)

    def values(self) -> dict[str, object]:
        """Return the fields of ``RunSettings`` that this part holds."""
        memory = self._memory.value()
        return {
            "tardiness_cost_per_hour": self._cost.value(),
            "seed": self._seed.value(),
            "deterministic": self._equal.isChecked(),
            "memory_limit_mib": max(64, memory) if memory else None,
            "tick_ms": round(self._tick.value() * _TICK_UNIT_MS) or None,
        }
