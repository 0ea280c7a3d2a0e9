"""What cannot hold together when a run found that there is no plan, and what would help, each a click to apply."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui import palette
from ui.dialogs.error import conflict_words, details_of
from ui.sentence_line import SentenceLine
from ui.widgets import Notice, button, label

_SHOWN: Final = 12
_NO_CHANGE: Final = "This run did not store what the repair changes. Optimize again to get one that can be applied."


class RepairLine(SentenceLine):
    """A repair with its price, the button that applies it, and below, once it is applied, what to do next."""

    apply_requested = Signal()
    rerun_requested = Signal()
    undo_requested = Signal()

    def __init__(self, words: str, price: str, *, can_apply: bool, can_go: bool) -> None:
        super().__init__(words, "apply", price, colour=palette.GOOD, can_go=can_go)
        self.apply = button("Apply", self.apply_requested.emit)
        self.apply.setEnabled(can_apply)
        self.apply.setAccessibleName(f"Apply: {words}")
        self.apply.setToolTip("Change the plan so, as one undo step" if can_apply else _NO_CHANGE)
        self.chip = label("Applied", "chip-good")
        self.outcome = Notice("warn")
        self.rerun = button("Optimize again", self.rerun_requested.emit, role="primary", icon_name="optimize")
        self.undo = button("Undo", self.undo_requested.emit, icon_name="undo")
        self._next = QWidget()
        self._lay_out()
        self.show_applied(False)

    def show_applied(self, is_applied: bool, words: str = "", *, can_undo: bool = True) -> None:
        """Show whether the plan has the change, and what that means."""
        self.chip.setVisible(is_applied)
        self.apply.setVisible(not is_applied)
        self._next.setVisible(is_applied)
        self.undo.setVisible(can_undo)
        self.outcome.say("info", words)

    def show_refused(self, words: str) -> None:
        """Say why it cannot be applied."""
        self.outcome.say("warn", words)

    def _lay_out(self) -> None:
        row = self.layout()
        assert isinstance(row, QHBoxLayout)
        texts = row.itemAt(1)
        column = None if texts is None else texts.layout()
        assert isinstance(column, QVBoxLayout)
        buttons = QHBoxLayout(self._next)
        buttons.setContentsMargins(0, 6, 0, 2)
        buttons.addWidget(self.rerun)
        buttons.addWidget(self.undo)
        buttons.addStretch(1)
        column.addWidget(self.outcome)
        column.addWidget(self._next)
        row.addWidget(self.chip, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.apply, 0, Qt.AlignmentFlag.AlignTop)


class ConflictBox(QWidget):
    """Two lists: members of the conflict (a click goes to the operation), and repairs, the cheapest first."""

    go_to_event = Signal(str)
    go_to_order = Signal(str)
    apply_requested = Signal(object)
    """One of the error's repairs, as JSON."""
    rerun_requested = Signal()
    undo_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.members: list[SentenceLine] = []
        self.repairs: list[RepairLine] = []
        self._shown: tuple[list[Any], list[Any]] | None = None
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._content: QWidget | None = None
        self.hide()

    def show_error(self, error: object) -> None:
        """Show the conflict of an error object; one without a conflict, or ``None``, hides the box."""
        details = {} if error is None else details_of(error)
        members, repairs = details.get("conflict") or [], details.get("repairs") or []
        if (members, repairs) == self._shown:
            return
        self._shown = (members, repairs)
        if self._content is not None:
            self._box.removeWidget(self._content)
            self._content.deleteLater()
        self._content = self._made(members, repairs)
        self._box.addWidget(self._content)
        self.setVisible(bool(members or repairs))

    def line_of(self, repair: object) -> RepairLine | None:
        """Return the line of one of the error's repairs, if it is shown."""
        known = self._shown[1] if self._shown else []
        return next((line for item, line in zip(known, self.repairs, strict=False) if item is repair), None)

    def _made(self, members: list[Any], repairs: list[Any]) -> QWidget:
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(4)
        self.members = [self._member(item) for item in members[:_SHOWN]]
        self.repairs = [self._repair(item) for item in repairs[:_SHOWN]]
        parts: tuple[tuple[str, list[Any], list[Any]], ...] = (
            ("These cannot hold together", self.members, members),
            (_heading(len(repairs)), self.repairs, repairs),
        )
        for number, (title, lines, whole) in enumerate(parts):
            if not lines:
                continue
            if number:
                box.addSpacing(8)
            box.addWidget(label(title, "caption"))
            for one in lines:
                box.addWidget(one)
            if len(whole) > len(lines):
                box.addWidget(label(f"and {len(whole) - len(lines)} more", "small"))
        return content

    def _member(self, item: Any) -> SentenceLine:
        words, event_id, order_id = _told(item)
        line = SentenceLine(words, "blocked", colour=palette.BAD, can_go=bool(event_id or order_id))
        self._lead(line, event_id, order_id)
        return line

    def _repair(self, item: Any) -> RepairLine:
        words, event_id, order_id = _told(item)
        fields: dict[str, Any] = item if isinstance(item, dict) else {}
        price = str(fields.get("priceText") or "")
        price = "" if price in words else price
        line = RepairLine(words, price, can_apply=bool(fields.get("change")), can_go=bool(event_id or order_id))
        line.apply_requested.connect(lambda: self.apply_requested.emit(item))
        line.rerun_requested.connect(self.rerun_requested)
        line.undo_requested.connect(self.undo_requested)
        self._lead(line, event_id, order_id)
        return line

    def _lead(self, line: SentenceLine, event_id: str | None, order_id: str | None) -> None:
        """Let a click on a line go to its operation or order."""
        if event_id:
            line.activated.connect(lambda: self.go_to_event.emit(event_id))
        elif order_id:
            line.activated.connect(lambda: self.go_to_order.emit(order_id))


def _heading(repairs: int) -> str:
    return "This would help" if repairs == 1 else "Each of these would help, the cheapest first"


def _told(item: Any) -> tuple[str, str | None, str | None]:
    """A member or a repair in words, and the operation or order that it is about."""
    words, event_id = conflict_words(item)
    order_id = item.get("orderId") if isinstance(item, dict) else None
    return words, event_id, None if order_id is None else str(order_id)
