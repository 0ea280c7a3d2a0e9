"""The line at the bottom: what happened last, and how safe the edits are."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QStatusBar, QWidget

from app.session import PlanningSession
from ui import palette
from ui.icons import pixmap
from ui.widgets import ElidedLabel, label, line

_STAY_MS = {"info": 8_000, "warn": 20_000, "bad": 30_000}
_LOOKS = {
    "info": ("info", palette.ACCENT),
    "warn": ("warning", palette.WARN),
    "bad": ("error", palette.BAD),
}


class StatusLine(QStatusBar):
    """Left: the last message with its icon. Right: background work, draft, revision."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self._icon, self.message = QLabel(), ElidedLabel("")
        self._busy_bar = QProgressBar()
        self._busy_bar.setRange(0, 0)
        self._busy_bar.setFixedWidth(80)
        self._busy = label("", "muted")
        self.draft, self.revision = label("", "muted"), label("", "muted")
        self.api, self._api_line = label("", "muted"), line("vline")
        left = QWidget()
        row = QHBoxLayout(left)
        row.setContentsMargins(8, 3, 8, 3)
        row.addWidget(self._icon)
        row.addWidget(self.message, 1)
        self.addWidget(left, 1)
        for one in (
            self._busy,
            self._busy_bar,
            self._api_line,
            self.api,
            line("vline"),
            self.draft,
            line("vline"),
            self.revision,
        ):
            one.setContentsMargins(6, 0, 6, 0) if isinstance(one, QLabel) else None
            self.addPermanentWidget(one)
        self._busy_bar.hide()
        self.show_api("")
        self._fade = QTimer(self)
        self._fade.setSingleShot(True)
        self._fade.timeout.connect(lambda: self._show("info", ""))

    def say(self, kind: str, words: str) -> None:
        """Show a message for a while; problems stay longer."""
        self._show(kind, words)
        self._fade.start(_STAY_MS[kind])

    def set_busy(self, words: str) -> None:
        """Show what goes on in the background; empty when it is over."""
        self._busy.setText(words)
        self._busy_bar.setVisible(bool(words))

    def show_api(self, address: str) -> None:
        """Show that the HTTP API answers at this address; empty: it is off."""
        port = address.removesuffix("/api").rpartition(":")[2]
        self.api.setText(f"HTTP API on, port {port}" if address else "")
        self.api.setToolTip(f"Other programs on this PC can plan through {address}" if address else "")
        for one in (self.api, self._api_line):
            one.setVisible(bool(address))

    def show_session(self, session: PlanningSession | None) -> None:
        """Show the state of the draft and the revision."""
        if session is None:
            self.draft.setText("")
            self.revision.setText("")
            return
        number = session.head.number
        is_dirty = session.is_dirty
        self.draft.setText(
            f"Edits kept as draft on version {number}" if is_dirty else f"Version {number}, all edits saved"
        )
        self.draft.setToolTip(
            "Every edit is on the disk; save a version to finish" if is_dirty else "The plan is as in the saved version"
        )
        self.revision.setText(f"Revision {session.revision}")
        self.revision.setToolTip("Counts every change since the schedule was opened")

    def _show(self, kind: str, words: str) -> None:
        name, colour = _LOOKS[kind]
        self._icon.setVisible(bool(words))
        self._icon.setPixmap(pixmap(name, 16, colour, self.devicePixelRatioF()))
        self.message.setText(words)
