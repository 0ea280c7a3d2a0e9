"""The figures of the working plan, each with its change against the saved version."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from ui import text
from ui.kpis import KPIS, KpiSpec, KpiValues, change
from ui.theme import set_role
from ui.widgets import label, line


class KpiCard(QWidget):
    """One figure: title, value, change."""

    def __init__(self, spec: KpiSpec) -> None:
        super().__init__()
        self._spec = spec
        self.value = label(text.DASH, "value")
        self.change = label("", "chip-none")
        self.change.hide()
        box = _card_layout(self, label(spec.title, "small"), self.value)
        box.addWidget(self.change, 0, Qt.AlignmentFlag.AlignVCenter)
        box.addStretch(1)
        self.setToolTip(spec.meaning)

    def show_values(self, now: KpiValues, reference: KpiValues, reference_name: str) -> None:
        """Show the present value and its change against the reference."""
        spec = self._spec
        shown = change(spec, reference, now)
        self.value.setText(spec.written(getattr(now, spec.field)))
        self.change.setText(shown.text)
        self.change.show()
        set_role(self.change, f"chip-{shown.tone}")
        was = spec.written(getattr(reference, spec.field))
        self.setToolTip(f"{spec.meaning}.\n{reference_name}: {was}")
        self.setAccessibleName(f"{spec.title}: {self.value.text()}, change {shown.text}")


class ProblemsCard(QWidget):
    """How many rules are broken; a click opens the Problems dock."""

    clicked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.value = label(text.DASH, "value")
        self.note = label("", "chip-none")
        self.note.hide()
        box = _card_layout(self, label("Problems", "small"), self.value)
        box.addWidget(self.note, 0, Qt.AlignmentFlag.AlignVCenter)
        box.addStretch(1)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Rules that the working plan breaks. Click for the list")

    def show_count(self, violations: int, unscheduled: int) -> None:
        """Show how many rules are broken and how many operations have no place."""
        self.value.setText(text.number(violations))
        self.note.show()
        set_role(self.note, "chip-warn" if unscheduled else "chip-bad" if violations else "chip-good")
        if unscheduled:
            self.note.setText(f"{text.number(unscheduled)} unscheduled")
        else:
            self.note.setText("rules broken" if violations else "all rules hold")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()


class KpiBar(QWidget):
    """Makespan, late orders, tardiness, utilisation, setup, cost, and the number of problems."""

    problems_clicked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.cards = {spec.field: KpiCard(spec) for spec in KPIS}
        self.problems = ProblemsCard()
        self.problems.clicked.connect(self.problems_clicked)
        box = QHBoxLayout(self)
        box.setContentsMargins(8, 0, 8, 0)
        box.setSpacing(0)
        for card in self.cards.values():
            box.addWidget(card, 3)
            box.addWidget(line("vline"))
        box.addWidget(self.problems, 3)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_values(self, now: KpiValues, reference: KpiValues, reference_name: str) -> None:
        """Show the figures of the working plan against those of a saved version."""
        for card in self.cards.values():
            card.show_values(now, reference, reference_name)

    def show_problems(self, violations: int, unscheduled: int) -> None:
        """Show how many rules are broken and how many operations have no place."""
        self.problems.show_count(violations, unscheduled)


def _card_layout(card: QWidget, title: QLabel, value: QLabel) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addWidget(value)
    box = QVBoxLayout(card)
    box.setContentsMargins(12, 6, 8, 7)
    box.setSpacing(0)
    box.addWidget(title)
    box.addLayout(row)
    return row
