"""The small dialogs of the history: name a scenario, tag a version, say of it that it is approved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QFormLayout, QHBoxLayout, QLineEdit, QPushButton, QWidget

from app.scenarios import COLORS
from ui.dialogs.base import Dialog
from ui.widgets import Notice, label

_LONGEST = 80
_STATE_WORDS: Final = {
    "approved": ("Approve", "It is marked as approved. It can still be published or withdrawn."),
    "published": ("Publish", "It is marked as published: from then on its notes stay as they are."),
    "withdrawn": ("Withdraw", "It is marked as withdrawn, for good: it should not be worked by any more."),
}


class ScenarioDialog(Dialog):
    """Asks for a scenario's name, what it is for, and its colour."""

    chosen = Signal(str, str, str)
    """(name, description, colour)"""

    def __init__(
        self,
        parent: QWidget | None,
        *,
        heading: str,
        words: str,
        action: str,
        taken: Sequence[str] = (),
        name: str = "",
        description: str = "",
        colour: str | None = None,
    ) -> None:
        super().__init__("Scenario", parent, heading=heading)
        self._taken = {one.casefold() for one in taken}
        self.name, self.description = QLineEdit(name), QLineEdit(description)
        self.name.setMaxLength(_LONGEST)
        self.name.setPlaceholderText("Overtime on Saturday")
        self.description.setPlaceholderText("What it is to find out")
        self.name.textChanged.connect(lambda _: self._check())
        self._notice = Notice("warn")
        self._colours = QButtonGroup(self)
        self._colour = colour if colour in COLORS else COLORS[0]
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.addRow("Name", self.name)
        form.addRow("Purpose", self.description)
        form.addRow("Colour", self._swatches())
        if words:
            self.body.addWidget(label(words, "muted", wrap=True))
        self.body.addLayout(form)
        self.body.addWidget(self._notice)
        self.add_action("Cancel", self.reject)
        self.ok = self.add_action(action, self._accept, role="primary")
        self._check()

    def _swatches(self) -> QWidget:
        row = QWidget()
        box = QHBoxLayout(row)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        for number, colour in enumerate(COLORS, 1):
            one = QPushButton()
            one.setCheckable(True)
            one.setChecked(colour == self._colour)
            one.setFixedSize(26, 26)
            one.setAccessibleName(f"Colour {number}")
            one.setStyleSheet(
                f"QPushButton{{background:{colour};border:2px solid white;border-radius:13px;min-height:0;padding:0}}"
                f"QPushButton:checked{{border:3px solid #1D2A35}}QPushButton:focus{{border-color:#14708A}}"
            )
            one.clicked.connect(lambda _=False, chosen=colour: self._set_colour(chosen))
            self._colours.addButton(one)
            box.addWidget(one)
        box.addStretch(1)
        return row

    def _set_colour(self, colour: str) -> None:
        self._colour = colour

    def _check(self) -> None:
        name = self.name.text().strip()
        self._notice.say("warn", "There is a scenario of this name already." if name.casefold() in self._taken else "")
        self.ok.setEnabled(bool(name) and name.casefold() not in self._taken)

    def _accept(self) -> None:
        self.chosen.emit(self.name.text().strip(), self.description.text().strip(), self._colour)
        self.accept()


class TagDialog(Dialog):
    """Asks for a tag of a version."""

    chosen = Signal(str, bool)
    """(name, whether to move it from another version)"""
    removed = Signal(str)

    def __init__(self, parent: QWidget | None, number: int, own: Sequence[str], others: Sequence[str]) -> None:
        super().__init__("Tag", parent, heading=f"Tag version {number}")
        self._others = {one.casefold() for one in others}
        self.name = QLineEdit()
        self.name.setMaxLength(_LONGEST)
        self.name.setPlaceholderText("Week 48, sent to the shop floor")
        self.name.textChanged.connect(lambda _: self._check())
        self.take_it = QCheckBox("Take the tag from the version that has it")
        self.take_it.toggled.connect(lambda _: self._check())
        self.body.addWidget(label("A tag is a name by which the version can be found again.", "muted", wrap=True))
        self.body.addWidget(self.name)
        self.body.addWidget(self.take_it)
        if own:
            self.body.addWidget(label("Tags of this version", "caption"))
        for tag in own:
            row = QHBoxLayout()
            row.addWidget(label(tag), 1)
            remove = QPushButton("Remove")
            remove.setProperty("role", "link")
            remove.clicked.connect(lambda _=False, gone=tag: self._remove(gone))
            row.addWidget(remove, 0, Qt.AlignmentFlag.AlignRight)
            self.body.addLayout(row)
        self.add_action("Cancel", self.reject)
        self.ok = self.add_action("Tag", self._accept, role="primary")
        self._check()

    def _check(self) -> None:
        name = self.name.text().strip()
        is_taken = name.casefold() in self._others
        self.take_it.setVisible(is_taken)
        self.ok.setEnabled(bool(name) and (not is_taken or self.take_it.isChecked()))

    def _remove(self, tag: str) -> None:
        self.removed.emit(tag)
        self.accept()

    def _accept(self) -> None:
        self.chosen.emit(self.name.text().strip(), self.take_it.isChecked())
        self.accept()


class StateDialog(Dialog):
    """Asks whether a version is to be approved, published or withdrawn, and for a note."""

    chosen = Signal(str)
    """The note."""

    def __init__(self, parent: QWidget | None, number: int, state: str) -> None:
        verb, words = _STATE_WORDS[state]
        super().__init__(verb, parent, heading=f"{verb} version {number}?")
        self.note = QLineEdit()
        self.note.setPlaceholderText("Note (optional)")
        self.note.setMaxLength(500)
        self.body.addWidget(label(words, wrap=True))
        self.body.addWidget(self.note)
        self.add_action("Cancel", self.reject)
        self.add_action(verb, self._accept, role="danger" if state == "withdrawn" else "primary")

    def _accept(self) -> None:
        self.chosen.emit(self.note.text().strip())
        self.accept()
