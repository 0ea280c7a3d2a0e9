"""After a crash: bring the unsaved edits back, or start from the saved version."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QListWidget, QWidget

from ui import text
from ui.dialogs.base import Dialog
from ui.widgets import Section, label

_SHOWN = 200
_ROW_HEIGHT, _MOST_HEIGHT = 22, 220


class DraftEdit(Protocol):
    """``app.versions.Draft.edits``."""

    @property
    def label(self) -> str: ...
    @property
    def created_at(self) -> dt.datetime: ...


class RecoveryDialog(Dialog):
    """Offers the edits of a draft. Closing it decides nothing: the edits stay and are offered again."""

    restore_chosen = Signal()
    discard_chosen = Signal()

    def __init__(
        self, edits: Sequence[DraftEdit], version_number: int, zone: dt.tzinfo, parent: QWidget | None
    ) -> None:
        number = text.count(len(edits), "unsaved edit")
        super().__init__("Unsaved edits", parent, heading=f"{number} found", width=480)
        last = edits[-1].created_at
        when = text.instant(last, zone, weekday=True)
        if len(edits) == 1:
            words = f"Taktwerk ended before it was saved as a version. It is from {when}"
        else:
            words = f"Taktwerk ended before they were saved as a version. The last one is from {when}"
        self.body.addWidget(label(f"{words}, based on version {version_number}.", wrap=True))
        listing = QListWidget()
        listing.setProperty("role", "framed")
        listing.setFixedHeight(min(_MOST_HEIGHT, 12 + _ROW_HEIGHT * len(edits)))
        listing.addItems([f"{text.instant(e.created_at, zone)}   {e.label}" for e in list(edits)[-_SHOWN:][::-1]])
        self.body.addWidget(Section("Edits, newest first", listing, is_open=len(edits) <= 20))
        discard = f"Start from version {version_number}"
        self.add_action(discard, lambda: self._choose(self.discard_chosen), role="danger")
        restore = f"Restore {text.count(len(edits), 'edit')} from {last.astimezone(zone):%H:%M}"
        self.add_action(restore, lambda: self._choose(self.restore_chosen), role="primary")

    def _choose(self, signal: object) -> None:
        signal.emit()  # type: ignore[attr-defined]
        self.accept()
