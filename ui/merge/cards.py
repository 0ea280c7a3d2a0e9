"""The three values of one conflict side by side: before, mine, theirs. One click takes one."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QGridLayout, QRadioButton, QSizePolicy, QVBoxLayout, QWidget

from app.merge_names import MergeNames
from app.merge_words import ConflictView, MergeWords
from ui import palette
from ui.widgets import ElidedLabel, label

_LEAST_PX: Final = 104
_SIDES: Final = ("base", "ours", "theirs")


class ChoiceCard(QFrame):
    """One value that can be taken."""

    picked = Signal()

    def __init__(self, shortcut: str) -> None:
        super().__init__()
        self.setObjectName("choiceCard")
        self.setMinimumHeight(_LEAST_PX)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.radio = QRadioButton()
        self.radio.clicked.connect(lambda _=False: self.picked.emit())
        self.radio.toggled.connect(lambda _: self._dress())
        self._shortcut = shortcut
        self.detail, self.value, self.note = ElidedLabel("", "small"), label("", "", wrap=True), label("", "small")
        box = QVBoxLayout(self)
        box.setContentsMargins(10, 6, 10, 8)
        box.setSpacing(2)
        for one in (self.radio, self.detail, self.value, self.note):
            box.addWidget(one)
        box.addStretch(1)
        self._dress()

    def show_value(self, title: str, detail: str, value: str, note: str, *, is_on: bool) -> None:
        """Show a value; ``is_on`` says that it can be taken."""
        self.radio.setText(title)
        self.radio.setAccessibleDescription(value)
        self.setToolTip(f"Take this one ({self._shortcut})" if is_on else "")
        self.detail.setText(detail)
        self.value.setText(value)
        self.note.setText(note)
        self.radio.setEnabled(is_on)
        self._dress()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.radio.isEnabled() and event.button() == Qt.MouseButton.LeftButton:
            self.radio.setFocus()
            self.picked.emit()
        super().mousePressEvent(event)

    def _dress(self) -> None:
        is_on = self.radio.isChecked()
        edge, fill = (palette.ACCENT, palette.ACCENT_SOFT) if is_on else (palette.LINE_STRONG, palette.SURFACE)
        weight = "600" if is_on else "400"
        self.setStyleSheet(
            f"QFrame#choiceCard{{background:{fill};border:1px solid {edge};border-radius:6px}}"
            f"QRadioButton{{font-weight:{weight};background:transparent}}QLabel{{background:transparent}}"
        )


class ChoiceCards(QWidget):
    """Before, mine, theirs of the conflict that is looked at."""

    chosen = Signal(str)
    """``base``, ``ours`` or ``theirs``."""

    def __init__(self) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        self.cards: dict[str, ChoiceCard] = {}
        self._order: tuple[str, ...] = _SIDES
        self.needed = label("", "small", wrap=True)
        self._row = QGridLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setHorizontalSpacing(8)
        self._row.setVerticalSpacing(4)
        for column in range(3):
            card = ChoiceCard(str(column + 1))
            card.picked.connect(lambda at=column: self.chosen.emit(self._order[at]))
            self._group.addButton(card.radio)
            self._row.addWidget(card, 0, column)
            self._row.setColumnStretch(column, 1)
            self.cards[_SIDES[column]] = card
        self._row.addWidget(self.needed, 1, 0, 1, 3)
        self.needed.hide()

    def side_at(self, position: int) -> str:
        """Return the side of a card, counted from 0 at the left."""
        return self._order[position]

    def show_conflict(self, one: ConflictView | None, names: MergeNames, words: MergeWords) -> None:
        """Show a conflict, or that none is looked at."""
        self._order = ("base", names.mine, names.other)
        made = list(self.cards.values())
        self.cards = dict(zip(self._order, made, strict=True))
        self._group.setExclusive(False)
        for side, card in self.cards.items():
            name = names.of(side)
            title = {"base": name.name, names.mine: "Mine"}.get(side, "Theirs")
            detail = name.detail if side == "base" else ", ".join(x for x in (name.name, name.detail) if x)
            if one is None:
                card.show_value(title, detail, "", "", is_on=False)
                card.radio.setChecked(False)
                continue
            value = {"base": one.base, "ours": one.ours, "theirs": one.theirs}[side]
            note = "" if side == "base" else words.against(one.conflict, one.conflict.value_of(side))  # type: ignore[arg-type]
            card.show_value(title, detail, _capital(value), note, is_on=True)
            card.radio.setChecked(one.choice == side)
        self._group.setExclusive(True)
        used = "" if one is None or not one.needed_by else f"Still used by {one.needed_by}."
        self.needed.setText(used)
        self.needed.setVisible(bool(used))


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
