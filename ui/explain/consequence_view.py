"""What the plan would become: key figures before and after, and the orders that end at another time."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QGridLayout, QStackedLayout, QVBoxLayout, QWidget

from engine.explain import Consequence, OrderEffect
from engine.metrics import Kpis
from ui import palette, text
from ui.tables import Column, RowTable
from ui.theme import set_role
from ui.widgets import EmptyState, Notice, label

_Value = Callable[[Kpis], float]
_Text = Callable[[float], str]
_FIGURES: tuple[tuple[str, _Value, _Text, _Text], ...] = (
    ("Late orders", lambda k: k.late_orders, text.number, text.signed_number),
    ("Tardiness", lambda k: k.total_tardiness_ms, text.duration, text.signed_duration),
    ("Makespan", lambda k: k.makespan_ms, text.duration, text.signed_duration),
    ("Setup time", lambda k: k.setup_ms, text.duration, text.signed_duration),
    ("Cost", lambda k: round(k.cost), text.number, text.signed_number),
)
_MOST_BROKEN = 3


class ConsequenceView(QWidget):
    """A sentence, five figures with what they change by, and a table of orders."""

    def __init__(self) -> None:
        super().__init__()
        self.sentence = label("", "strong", wrap=True, selectable=True)
        self.broken = Notice("warn")
        self._values = [label("", "figure") for _ in _FIGURES]
        self.changes = [label("", "chip-none") for _ in _FIGURES]
        self.orders: RowTable[OrderEffect] = RowTable(_columns(), stretch=0)
        self.orders.setAccessibleName("Orders that would end at another time")
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(1)
        for column, (title, *_) in enumerate(_FIGURES):
            grid.addWidget(label(title, "small"), 0, column)
            grid.addWidget(self._values[column], 1, column)
            grid.addWidget(self.changes[column], 2, column)
        grid.setColumnStretch(len(_FIGURES), 1)
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(10, 8, 10, 0)
        box.setSpacing(6)
        box.addWidget(self.sentence)
        box.addWidget(self.broken)
        box.addLayout(grid)
        rest = QWidget()  # keeps its room also while there is no order to show
        below = QVBoxLayout(rest)
        below.setContentsMargins(0, 2, 0, 0)
        below.addWidget(self.orders)
        box.addWidget(rest, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(EmptyState("info", "It cannot be put there", "Pushing the others would not help."))
        self._stack.addWidget(content)

    def show_consequence(self, effect: Consequence | None) -> None:
        """Show what would become of the plan, ``None`` = it cannot be put there."""
        self._stack.setCurrentIndex(0 if effect is None else 1)
        if effect is None:
            return
        self.sentence.setText(effect.text)
        more = len(effect.broken) - _MOST_BROKEN
        lines = [*effect.broken[:_MOST_BROKEN], *([f"and {more} more"] if more > 0 else [])]
        self.broken.say("warn", "\n".join(lines))
        for (_, value, told, signed), shown, change in zip(_FIGURES, self._values, self.changes, strict=True):
            before, after = value(effect.before), value(effect.after)
            shown.setText(told(after))
            change.setText(signed(after - before) if after != before else "±0")
            set_role(change, "chip-none" if after == before else "chip-bad" if after > before else "chip-good")
        self.orders.set_rows(effect.orders)
        self.orders.setVisible(bool(effect.orders))


def _columns() -> list[Column[OrderEffect]]:
    return [
        Column("Order", lambda o: o.name),
        Column(
            "Ends",
            lambda o: text.signed_duration(o.later_ms),
            lambda o: o.later_ms,
            lambda o: palette.BAD if o.later_ms > 0 else palette.GOOD,
            True,
            "How much later (or earlier) it would end",
        ),
        Column(
            "Late by",
            _late_text,
            lambda o: max(0, o.lateness_after_ms or 0),
            lambda o: palette.BAD if o.is_newly_late else None,
            True,
            "In red: in time now, and late then",
        ),
    ]


def _late_text(one: OrderEffect) -> str:
    late_ms = one.lateness_after_ms or 0
    return text.DASH if late_ms <= 0 else text.duration(late_ms) + (" (new)" if one.is_newly_late else "")
