"""What a run aims at: one goal, a weighted mix, or a ladder of goals."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui.studio.labels import OBJECTIVE_TIPS, OBJECTIVE_TITLES
from ui.studio.ladder_editor import LadderEditor
from ui.studio.mix_editor import MixEditor
from ui.studio.settings import RunSettings
from ui.widgets import Segmented, combo, label

_AUTOMATIC_TIP = (
    "With due dates: least tardiness, with makespan and setup time at half its weight; else the shortest makespan"
)
_HINTS = {
    "mix": "The optimiser adds these up and makes the sum small.",
    "ladder": "The first goal counts most; each later one breaks ties.",
}


class GoalEditor(QWidget):
    """One of three ways to say what is good."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._kind = Segmented((("objective", "One goal"), ("mix", "Mix"), ("ladder", "Ladder")))
        self._kind.changed.connect(lambda _: self._on_kind())
        self._objective = combo()
        self._objective.setAccessibleName("Goal")
        self._objective.addItem("Automatic", "")
        self._objective.setItemData(0, _AUTOMATIC_TIP, Qt.ItemDataRole.ToolTipRole)
        for key, title in OBJECTIVE_TITLES.items():
            self._objective.addItem(title, key)
            self._objective.setItemData(self._objective.count() - 1, OBJECTIVE_TIPS[key], Qt.ItemDataRole.ToolTipRole)
        self._objective.currentIndexChanged.connect(self._on_objective)
        self._mix = MixEditor()
        self._mix.changed.connect(self.changed)
        self._ladder = LadderEditor()
        self._ladder.changed.connect(self.changed)
        self._hint = label("", "small", wrap=True)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(7)
        for one in (self._kind, self._objective, self._mix, self._ladder, self._hint):
            box.addWidget(one)
        self._show_kind()

    def read(self, settings: RunSettings) -> None:
        """Show the goal of the settings, silently."""
        self._kind.set_value(settings.goal)
        self._objective.blockSignals(True)
        self._objective.setCurrentIndex(max(0, self._objective.findData(settings.objective)))
        self._objective.blockSignals(False)
        self._mix.set_weights(settings.weights)
        self._ladder.set_ladder(settings.ladder)
        self._show_kind()

    def values(self) -> dict[str, object]:
        """Return the fields of ``RunSettings`` that this part holds."""
        return {
            "goal": self._kind.value(),
            "objective": self._objective.currentData(),
            "weights": self._mix.weights(),
            "ladder": self._ladder.ladder(),
        }

    def _on_kind(self) -> None:
        self._show_kind()
        self.changed.emit()

    def _on_objective(self) -> None:
        self._show_kind()
        self.changed.emit()

    def _show_kind(self) -> None:
        kind = self._kind.value()
        self._objective.setVisible(kind == "objective")
        self._mix.setVisible(kind == "mix")
        self._ladder.setVisible(kind == "ladder")
        key = self._objective.currentData()
        self._hint.setText(_HINTS.get(kind) or OBJECTIVE_TIPS.get(key, _AUTOMATIC_TIP) + ".")
