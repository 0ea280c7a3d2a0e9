"""Weights of a mix of goals: a slider for the feel, a number for the exact value."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QSlider, QWidget

from ui.studio.labels import WEIGHT_TITLES
from ui.widgets import inset, label

_SLIDER_STEPS_PER_UNIT = 10
_SLIDER_MAX = 10


class MixEditor(QWidget):
    """One row a goal; weight 0 leaves it out."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._spins: dict[str, QDoubleSpinBox] = {}
        self._sliders: dict[str, QSlider] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for row, (key, (title, unit)) in enumerate(WEIGHT_TITLES.items()):
            name = label(title)
            slider, spin = self._row(key, title, unit)
            name.setToolTip(f"Weight {unit}")
            grid.addWidget(name, row, 0)
            grid.addWidget(slider, row, 1)
            grid.addWidget(spin, row, 2)

    def weights(self) -> dict[str, float]:
        """Return the weights above 0."""
        return {key: spin.value() for key, spin in self._spins.items() if spin.value() > 0}

    def set_weights(self, weights: dict[str, float]) -> None:
        """Show weights, silently."""
        for key, spin in self._spins.items():
            spin.blockSignals(True)
            spin.setValue(weights.get(key, 0.0))
            spin.blockSignals(False)
            self._follow(key, spin.value())

    def _row(self, key: str, title: str, unit: str) -> tuple[QSlider, QDoubleSpinBox]:
        spin = inset(QDoubleSpinBox())
        spin.setRange(0, 1_000_000)
        spin.setDecimals(2)
        spin.setSingleStep(0.5)
        spin.setFixedWidth(86)
        spin.setAlignment(Qt.AlignmentFlag.AlignRight)
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, _SLIDER_MAX * _SLIDER_STEPS_PER_UNIT)
        slider.setPageStep(_SLIDER_STEPS_PER_UNIT)
        for one in (spin, slider):
            one.setAccessibleName(f"{title} weight {unit}")
            one.setToolTip(f"Weight {unit}")
        slider.valueChanged.connect(lambda value, s=spin: s.setValue(value / _SLIDER_STEPS_PER_UNIT))
        spin.valueChanged.connect(lambda value, k=key: self._on_number(k, value))
        self._spins[key], self._sliders[key] = spin, slider
        return slider, spin

    def _on_number(self, key: str, value: float) -> None:
        self._follow(key, value)
        self.changed.emit()

    def _follow(self, key: str, value: float) -> None:
        slider = self._sliders[key]
        slider.blockSignals(True)
        slider.setValue(round(min(value, _SLIDER_MAX) * _SLIDER_STEPS_PER_UNIT))
        slider.blockSignals(False)
