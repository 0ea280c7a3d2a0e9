"""What each lock, the frozen period, each blocked span and each constraint costs the objective, the dearest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QProgressBar, QStackedLayout, QVBoxLayout, QWidget

from ui import palette, text
from ui.studio.labels import goal_title, objective_text
from ui.tables import Column, RowTable
from ui.widgets import ElidedLabel, EmptyState, Notice, button, combo, label, surface

_VERBS: Final = {"lock": "Release", "freeze": "Drop", "blocked": "Unblock"}
_LIMITS_S: Final = (10, 30, 60, 120, 300)
_FIRST_LIMIT_S: Final = 30
_MIX: Final = "weighted_mix"
_WIDEST_COST: Final = 420
_CERTAIN_TIP = "Proven: both plans are the best possible. At least: so much was found in the time, there may be more"


@dataclass(frozen=True)
class PriceRow:
    """One rule and its price as the solver's process tells them; ``gain`` is ``None`` when it was not examined."""

    rule: dict[str, Any]
    objective: str
    gain: float | None

    @property
    def event_id(self) -> str | None:
        """The operation to show."""
        return self.rule.get("eventId")

    @property
    def costs(self) -> str:
        """The price in words."""
        if self.gain is None:
            return text.DASH
        words = str(self.rule["improvementText"])
        if words != "no gain":
            return words
        return "nothing" if self.rule.get("exact") else "nothing found"

    @property
    def certainty(self) -> str:
        """How sure the price is."""
        if self.gain is None:
            return "not examined"
        if self.rule.get("exact"):
            return "proven"
        words = "at least" if self.gain else "not proven"
        most = self.rule.get("atMost")
        if most is None or most <= self.gain or self.objective == _MIX:  # a sum of different things tells nothing
            return words
        return f"{words}, at most {objective_text(self.objective, most)}"


class PricesPage(QWidget):
    """Start, progress and stop above a table; a click on a row goes to its operation."""

    start_requested = Signal(float)
    """Seconds to take."""
    stop_requested = Signal()
    release_requested = Signal(object)
    """The row's rule, as the solver's process tells it."""
    go_to_event = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.limit = _made_limits()
        self.start = button("Work out prices", self._on_start, role="primary")
        self.start.setToolTip("Releases one after the other and optimises anew without it, with the Studio's goal")
        self.stop = button("Stop", self.stop_requested.emit, icon_name="stop")
        self.stop.setToolTip("End now and show the prices known by then")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(160)
        self.heading, self._step = ElidedLabel("", "strong"), ElidedLabel("", "muted")
        self.release = button("Release", self._on_release, icon_name="unlock")
        self.stale = Notice("warn")
        self.table: RowTable[PriceRow] = RowTable(_columns(), stretch=0, row_tip=lambda row: str(row.rule["text"]))
        self.table.setAccessibleName("Prices of locks and constraints")
        self.table.clicked.connect(lambda _: self._go())
        self.table.row_activated.connect(lambda _: self._go())
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._refresh())
        self.empty = EmptyState("lock", "")
        self._released: set[tuple[str, str]] = set()
        self._is_stale = False
        self._lay_out()
        self.clear()

    def clear(self) -> None:
        """Forget the prices (another schedule was opened)."""
        self._released.clear()
        self._is_stale = False
        self.table.rows_model.set_rows([])
        self.say_empty(
            "What does a lock cost?",
            "Each lock, the frozen period, each blocked span and each constraint is released in turn, and the plan is "
            "optimised without it.",
        )
        self.show_progress(None)

    def say_empty(self, title: str, words: str) -> None:
        """Show words in place of the table."""
        self.empty.say(title, words)
        self.heading.hide()
        self._stack.setCurrentIndex(0)

    def show_progress(self, share: float | None, step: str = "") -> None:
        """Show how far it is (0 to 1); ``None`` = nothing goes on."""
        is_running = share is not None
        for one in (self.bar, self.stop):
            one.setVisible(is_running)
        for one in (self.start, self.limit, self._for):
            one.setVisible(not is_running)
        self.bar.setValue(round((share or 0.0) * 1000))
        self._step.setText((step or "Starting") if is_running else "")
        self._refresh()

    def show_prices(self, answer: dict[str, Any]) -> None:
        """Show what ``app.explain_tasks.lock_prices`` answers."""
        self._released.clear()
        objective = answer["objective"]
        rows = [PriceRow(rule, objective, rule["improvement"]) for rule in answer["prices"]]
        rows += [PriceRow(rule, objective, None) for rule in answer.get("notExamined", ())]
        self.heading.setText(_summary(answer, len(rows)))
        self.start.setText("Work out again")
        if not rows:
            self.say_empty("Nothing is fixed", "There is no lock, frozen period, blocked span or constraint to price.")
            return
        self.table.set_rows(rows)
        self.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.table.setColumnWidth(1, min(_WIDEST_COST, self.table.sizeHintForColumn(1) + 20))
        self.heading.show()
        self._stack.setCurrentIndex(1)
        self._refresh()

    def set_stale(self, is_stale: bool) -> None:
        """Say that the plan has changed since."""
        self._is_stale = is_stale
        if not is_stale:
            self._released.clear()  # taken back
        self._refresh()

    def mark_released(self, rule: dict[str, Any]) -> None:
        """Show that a rule was released."""
        self._released.add((rule["kind"], rule["id"]))
        self._refresh()

    # inside

    def _refresh(self) -> None:
        row = self._selected()
        kind = "lock" if row is None else str(row.rule["kind"])
        is_released = row is not None and (row.rule["kind"], row.rule["id"]) in self._released
        self.release.setText(_VERBS.get(kind, "Switch off"))
        self.release.setEnabled(row is not None and not is_released and not self.stop.isVisibleTo(self))
        self.release.setToolTip("Released already" if is_released else "Change the plan so, as one undo step")
        has_rows = self._stack.currentIndex() == 1
        self.release.setVisible(has_rows)
        words = "The plan has changed since these prices were worked out." if self._is_stale and has_rows else ""
        self.stale.say("warn", words)

    def _selected(self) -> PriceRow | None:
        return next(iter(self.table.selected_rows()), None)

    def _on_start(self) -> None:
        self.start_requested.emit(float(self.limit.currentData()))

    def _on_release(self) -> None:
        row = self._selected()
        if row is not None:
            self.release_requested.emit(row.rule)

    def _go(self) -> None:
        row = self._selected()
        if row is not None and row.event_id:
            self.go_to_event.emit(row.event_id)

    def _lay_out(self) -> None:
        self._for = label("within", "muted")
        head = QHBoxLayout()
        head.setContentsMargins(12, 6, 12, 6)
        head.setSpacing(8)
        for one in (self.start, self._for, self.limit, self.bar, self.stop):
            head.addWidget(one)
        head.addWidget(self._step, 1)
        head.addStretch(0)
        head.addWidget(self.release)
        pages = QWidget()
        self._stack = QStackedLayout(pages)
        self._stack.addWidget(surface(self.empty))
        self._stack.addWidget(self.table)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        told = QHBoxLayout()
        told.setContentsMargins(12, 0, 12, 6)
        told.addWidget(self.heading)
        box.addLayout(head)
        box.addLayout(told)
        box.addWidget(self.stale)
        box.addWidget(pages, 1)


def _made_limits() -> QComboBox:
    made = combo("Time to take")
    for seconds in _LIMITS_S:
        made.addItem(text.duration(seconds * 1000), seconds)
    made.setCurrentIndex(_LIMITS_S.index(_FIRST_LIMIT_S))
    made.setFixedWidth(92)
    return made


def _summary(answer: dict[str, Any], rows: int) -> str:
    goal = goal_title(answer["objective"])
    words = f"{goal}: {answer['valueText']} as it stands"
    words += " (proven)" if answer.get("proven") else ""
    together = answer.get("all")
    if rows and together is not None:
        words += f". Without any of these: {together['improvementText']}"
    return f"{words}."


def _columns() -> Sequence[Column[PriceRow]]:
    return [
        Column("Rule", lambda r: str(r.rule["text"])),
        Column(
            "Costs",
            lambda r: r.costs,
            lambda r: r.gain,
            lambda r: palette.BAD if r.gain else palette.INK_MUTED,
            True,
            "How much better the plan could be without it",
        ),
        Column("Certainty", lambda r: r.certainty, None, lambda _: palette.INK_MUTED, False, _CERTAIN_TIP),
    ]
