"""Why the selected operation does not stand at a slot, and what would become of the plan if it did."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from engine.explain import Obstacle, SlotAnswer
from engine.instants import from_ms, to_ms
from engine.plan import PlanFacts
from ui import text
from ui.explain.consequence_view import ConsequenceView
from ui.sentence_line import SentenceLine
from ui.widgets import DateTimeField, ElidedLabel, EmptyState, button, combo, label, line, surface

_RULES = {
    "mode": "Alternatives",
    "horizon": "Horizon",
    "release": "Release date",
    "calendar": "Working time",
    "capacity": "Resource busy",
    "setup": "Setup",
    "forbidden_sequence": "Forbidden sequence",
    "demand": "Operator or tool busy",
    "demand_calendar": "Operator or tool off",
    "stock": "Stock",
    "predecessor": "Predecessor",
    "successor": "Successor",
    "max_lag": "Greatest lag",
    "deadline": "Deadline",
    "blocked": "Blocked span",
    "nooverlap": "Not at once",
    "sameresource": "Same resource",
    "differentresource": "Different resources",
    "locked": "Lock",
    "frozen": "Frozen",
    "started": "Started",
    "completed": "Completed",
}


class SlotPage(QWidget):
    """A slot to choose at the left, the answer at the right."""

    asked = Signal(str, object, object)
    """(operation, resource or None, start in ms)."""
    go_to_event = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._event_id: str | None = None
        self._facts: PlanFacts | None = None
        self._zone: dt.tzinfo = dt.UTC
        self.resource = combo("Resource")
        self._place = QVBoxLayout()
        self.start = DateTimeField(self._zone)
        self.ask = button("Why not here?", self._on_ask, role="primary")
        self.ask.setToolTip("Which rules stand in the way there, and what would become of the plan")
        self.earliest = button("First free place", self._on_earliest)
        self.earliest.setToolTip("Take over the first start at or after this one that breaks no rule")
        self._name = ElidedLabel("", "strong")
        self._answer: SlotAnswer | None = None
        self.verdict = label("", "strong", wrap=True, selectable=True)
        self.obstacles: list[SentenceLine] = []
        self._lines = QVBoxLayout()
        self.consequence = ConsequenceView()
        self._stack = QStackedLayout(self)
        self._stack.addWidget(
            EmptyState(
                "schedule", "Select an operation on the board", "Then choose a resource and a time to ask about."
            )
        )
        self._stack.addWidget(self._laid_out())

    @property
    def event_id(self) -> str | None:
        """The operation that is asked about."""
        return self._event_id

    def set_operation(self, event_id: str | None, facts: PlanFacts | None, zone: dt.tzinfo) -> None:
        """Ask about another operation, first at its present place."""
        op = facts.operations.get(event_id or "") if facts is not None else None
        if op is None or facts is None:
            self._event_id = None
            self._stack.setCurrentIndex(0)
            return
        is_other = event_id != self._event_id
        self._event_id = op.id
        self._stack.setCurrentIndex(1)
        if not is_other:
            return
        self._set_zone(zone)
        self._facts = facts
        self._name.setText(facts.label(op.id))
        self.resource.clear()
        for mode in op.alternatives:
            self.resource.addItem(facts.resource_label(mode.resource_id), mode.resource_id)
        self.resource.setCurrentIndex(max(0, self.resource.findData(op.resource_id)))
        start = op.start_date or from_ms(facts.horizon_start_ms)
        self.start.set_value(start)
        self.show_answer(None)

    def set_slot(self, resource_id: str | None, start_ms: int) -> None:
        """Choose a slot, on any resource: that the operation cannot run there is an answer too."""
        if resource_id is not None and self._facts is not None and self.resource.findData(resource_id) < 0:
            name = self._facts.resource_label(resource_id)
            self.resource.addItem(f"{name} (no alternative)", resource_id)
        self.resource.setCurrentIndex(max(0, self.resource.findData(resource_id)))
        self.start.set_value(from_ms(start_ms))

    def show_answer(self, answer: SlotAnswer | None) -> None:
        """Show an answer; ``None`` = none yet."""
        self._answer = answer
        self.earliest.setEnabled(answer is not None and answer.earliest_at_ms is not None)
        self._answers.setCurrentIndex(0 if answer is None else 1)
        if answer is None:
            return
        self.verdict.setText(answer.text)
        self._show_obstacles(answer.obstacles)
        self.consequence.show_consequence(answer.consequence)

    def _on_ask(self) -> None:
        start = self.start.value()
        if self._event_id is not None and start is not None:
            self.asked.emit(self._event_id, self.resource.currentData(), to_ms(start))

    def _on_earliest(self) -> None:
        if self._answer is not None and self._answer.earliest_at_ms is not None:
            self.set_slot(self._answer.resource_id, self._answer.earliest_at_ms)
            self._on_ask()

    def _show_obstacles(self, obstacles: Sequence[Obstacle]) -> None:
        for old in self.obstacles:
            self._lines.removeWidget(old)
            old.deleteLater()
        self.obstacles = [self._line(one) for one in obstacles]
        for one in self.obstacles:
            self._lines.addWidget(one)

    def _line(self, one: Obstacle) -> SentenceLine:
        note = _RULES.get(one.rule, "Fixed date")
        if one.until_at_ms is not None:
            note += f", not before {text.instant(one.until_at_ms, self._zone)}"
        made = SentenceLine(one.text, "blocked", note, can_go=bool(one.event_ids))
        if one.event_ids:
            made.activated.connect(lambda: self.go_to_event.emit(one.event_ids[0]))
        return made

    def _set_zone(self, zone: dt.tzinfo) -> None:
        if zone == self._zone:
            return
        self._zone = zone
        fresh = DateTimeField(zone)
        self._place.replaceWidget(self.start, fresh)
        self.start.deleteLater()
        self.start = fresh

    # layout

    def _laid_out(self) -> QWidget:
        page = QWidget()
        box = QHBoxLayout(page)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._made_side())
        box.addWidget(line("vline"))
        answers = QWidget()
        self._answers = QStackedLayout(answers)
        self._answers.addWidget(EmptyState("info", "Why not here?", "Choose a resource and a start, and ask."))
        self._answers.addWidget(self._made_answer())
        box.addWidget(answers, 1)
        return page

    def _made_side(self) -> QFrame:
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        grid.addWidget(label("Resource", "muted"), 0, 0)
        grid.addWidget(self.resource, 0, 1)
        grid.addWidget(label("Start", "muted"), 1, 0)
        self._place.addWidget(self.start)
        grid.addLayout(self._place, 1, 1)
        side = QFrame()
        side.setFixedWidth(272)
        box = QVBoxLayout(side)
        box.setContentsMargins(14, 10, 14, 10)
        box.setSpacing(8)
        box.addWidget(self._name)
        box.addLayout(grid)
        box.addWidget(self.ask)
        box.addWidget(self.earliest)
        box.addStretch(1)
        return side

    def _made_answer(self) -> QWidget:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(12, 8, 8, 0)
        column.setSpacing(6)
        column.addWidget(self.verdict)
        self._lines.setSpacing(4)
        column.addLayout(self._lines)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(surface(left))
        both = QSplitter(Qt.Orientation.Horizontal)
        both.setChildrenCollapsible(False)
        both.addWidget(scroll)
        both.addWidget(self.consequence)
        both.setSizes([340, 400])
        return both
