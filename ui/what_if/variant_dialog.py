"""Put a variant together: a name, and changes chosen from small forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from app.what_if.applying import Setting, applied
from app.what_if.changes import MAX_CHANGES, MAX_NAME, Change, Variant
from app.what_if.words import change_words
from engine.errors import TaktwerkError
from engine.model import Schedule
from ui.dialogs.base import Dialog
from ui.what_if.change_forms import forms_of
from ui.widgets import ElidedLabel, Notice, button, combo, label, line


class VariantDialog(Dialog):
    """Makes or changes one variant of a plan."""

    chosen = Signal(object)
    """The ``Variant``."""

    def __init__(
        self,
        parent: QWidget | None,
        schedule: Schedule,
        profiles: Mapping[str, int],
        taken: Sequence[str] = (),
        variant: Variant | None = None,
    ) -> None:
        heading = f"Change {variant.name}" if variant else "What if…"
        super().__init__("Variant", parent, heading=heading, width=520)
        self._schedule, self._profiles = schedule, profiles
        self._taken = {name.casefold() for name in taken}
        self._changes: list[Change] = list(variant.changes) if variant else []
        self.name = QLineEdit(variant.name if variant else "")
        self.name.setMaxLength(MAX_NAME)
        self.name.setPlaceholderText("Saturday shift")
        self.name.setAccessibleName("Name")
        self.kind, self.forms = combo("Kind of change"), QStackedWidget()
        self.forms.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for title, form in forms_of(schedule, list(profiles)):
            self.kind.addItem(title)
            self.forms.addWidget(form)
        self.kind.currentIndexChanged.connect(self.forms.setCurrentIndex)
        self.add_change = button("Add to the list", self._on_add, icon_name="add")
        self._list = QVBoxLayout()
        self._list.setSpacing(2)
        self.notice = Notice("bad")
        self._lay_out()
        self.add_action("Cancel", self.reject)
        self.ok = self.add_action("Change" if variant else "Add variant", self._on_ok, role="primary")
        self._show_changes()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(label("Name", "muted"))
        head.addWidget(self.name, 1)
        self.body.addLayout(head)
        self.body.addLayout(self._list)
        self.body.addWidget(line())
        row = QHBoxLayout()
        row.addWidget(self.kind, 1)
        row.addWidget(self.add_change)
        self.body.addLayout(row)
        self.body.addWidget(self.forms)
        self.body.addWidget(self.notice)
        self.body.addStretch(1)

    def _on_add(self) -> bool:
        """Take the form's change over; false when it cannot be made, which is said."""
        change = self.forms.currentWidget().change()  # type: ignore[attr-defined]
        if not self._holds([*self._changes, change]):
            return False
        self._changes.append(change)
        self._show_changes()
        return True

    def _holds(self, changes: Sequence[Change]) -> bool:
        if len(changes) > MAX_CHANGES:
            self.notice.say("bad", f"A variant has at most {MAX_CHANGES} changes.")
            return False
        try:
            applied(Variant(name="variant", changes=tuple(changes)), Setting(self._schedule), self._profiles)
        except TaktwerkError as error:
            reasons = [str(fault["reason"]) for fault in error.details.get("faults", ())]
            self.notice.say("bad", "; ".join(reasons)[:1].upper() + "; ".join(reasons)[1:] + ".")
            return False
        self.notice.say("bad", "")
        return True

    def _show_changes(self) -> None:
        while (item := self._list.takeAt(0)) is not None:
            if (row := item.widget()) is not None:
                row.hide()
                row.deleteLater()
        for number, change in enumerate(self._changes):
            self._list.addWidget(self._row(number, change))
        if not self._changes:
            words = "No change yet: choose one below. Without any the plan is optimised as it is."
            self._list.addWidget(label(words, "small", wrap=True))

    def _row(self, number: int, change: Change) -> QWidget:
        row = QWidget()
        box = QHBoxLayout(row)
        box.setContentsMargins(0, 0, 0, 0)
        words = change_words(change, self._schedule)
        box.addWidget(ElidedLabel(words), 1)
        remove = button("", lambda: self._remove(number), role="link", icon_name="remove")
        remove.setAccessibleName(f"Remove {words}")
        remove.setToolTip("Remove this change")
        box.addWidget(remove)
        return row

    def _remove(self, number: int) -> None:
        del self._changes[number]
        self.notice.say("bad", "")
        self._show_changes()

    def _on_ok(self) -> None:
        name = self.name.text().strip()
        if not name and self._changes:
            name = change_words(self._changes[0], self._schedule)[:MAX_NAME].strip()
        if not name:
            self.notice.say("bad", "Give the variant a name.")
        elif name.casefold() in self._taken:
            self.notice.say("bad", f"There is a variant {name} already; choose another name.")
        elif self._holds(self._changes):
            self.chosen.emit(Variant(name=name, changes=tuple(self._changes)))
            self.accept()
