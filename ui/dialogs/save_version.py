"""Ask for a comment before a version is saved."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from engine.model import MAX_TEXT_LENGTH
from ui.dialogs.base import Dialog
from ui.widgets import Notice, label


class SaveVersionDialog(Dialog):
    """Says what will be saved; the comment may stay empty."""

    save_chosen = Signal(str)

    def __init__(self, next_number: int, summary: str, violations: int, parent: QWidget | None) -> None:
        super().__init__("Save version", parent, heading=f"Save as version {next_number}")
        self.body.addWidget(label(summary, wrap=True))
        if violations:
            rules = "rule is" if violations == 1 else "rules are"
            self.body.addWidget(Notice("warn", f"{violations} {rules} broken. You can save the plan all the same."))
        self.body.addWidget(label("Comment", "muted"))
        self._comment = QPlainTextEdit()
        self._comment.setPlaceholderText("What changed, and why (optional)")
        self._comment.setFixedHeight(76)
        self._comment.setTabChangesFocus(True)
        self._comment.setAccessibleName("Comment")
        self.body.addWidget(self._comment)
        self.add_action("Cancel", self.reject)
        self.add_action("Save version", self._on_save, role="primary", icon_name="save")
        self._comment.setFocus()

    def _on_save(self) -> None:
        self.save_chosen.emit(self._comment.toPlainText().strip()[:MAX_TEXT_LENGTH])
        self.accept()
