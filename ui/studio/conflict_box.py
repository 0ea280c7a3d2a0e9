"""What cannot hold together when a run found that there is no plan, and what would help."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui import palette
from ui.dialogs.error import conflict_words, details_of
from ui.sentence_line import SentenceLine
from ui.widgets import label

_SHOWN: Final = 12


class ConflictBox(QWidget):
    """Two lists: members of the conflict (a click goes to the operation), and repairs, the cheapest first."""

    go_to_event = Signal(str)
    go_to_order = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.members: list[SentenceLine] = []
        self.repairs: list[SentenceLine] = []
        self._shown: object = None
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

    def _made(self, members: list[Any], repairs: list[Any]) -> QWidget:
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(4)
        self.members = [self._line(item, "blocked", palette.BAD) for item in members[:_SHOWN]]
        self.repairs = [self._line(item, "apply", palette.GOOD) for item in repairs[:_SHOWN]]
        for title, lines, whole in (
            ("These cannot hold together", self.members, members),
            ("Each of these would help, the cheapest first", self.repairs, repairs),
        ):
            if lines:
                box.addWidget(label(title, "caption"))
                for one in lines:
                    box.addWidget(one)
                if len(whole) > len(lines):
                    box.addWidget(label(f"and {len(whole) - len(lines)} more", "small"))
        return content

    def _line(self, item: Any, icon_name: str, colour: str) -> SentenceLine:
        words, event_id = conflict_words(item)
        fields: dict[str, Any] = item if isinstance(item, dict) else {}
        order_id = fields.get("orderId")
        note = str(fields.get("priceText") or "")
        line = SentenceLine(words, icon_name, note, colour=colour, can_go=bool(event_id or order_id))
        if event_id:
            line.activated.connect(lambda: self.go_to_event.emit(event_id))
        elif order_id:
            line.activated.connect(lambda: self.go_to_order.emit(str(order_id)))
        return line
