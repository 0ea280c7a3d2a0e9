"""What every dialog shares: margins, a title line, a row of buttons."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ui.widgets import button, label


class Dialog(QDialog):
    """A window-modal dialog, shown with ``open()`` so that nothing blocks; deleted when closed."""

    def __init__(self, title: str, parent: QWidget | None, *, heading: str = "", width: int = 440) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(width)
        self.body = QVBoxLayout()
        self.body.setSpacing(10)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(8)
        box = QVBoxLayout(self)
        box.setContentsMargins(20, 18, 20, 16)
        box.setSpacing(14)
        if heading:
            box.addWidget(label(heading, "heading", wrap=True))
        box.addLayout(self.body, 1)
        box.addLayout(self._buttons)
        self._left = QHBoxLayout()
        self._buttons.addLayout(self._left)
        self._buttons.addStretch(1)

    def add_action(self, text: str, on_click: object, *, role: str = "", icon_name: str = "") -> QPushButton:
        """Add a button at the right; the one with role ``primary`` is the default."""
        made = button(text, None, role=role, icon_name=icon_name)
        made.clicked.connect(on_click)
        made.setAutoDefault(role == "primary")
        made.setDefault(role == "primary")
        self._buttons.addWidget(made)
        return made

    def add_left(self, widget: QWidget) -> None:
        """Add a widget at the left end of the row of buttons."""
        self._left.addWidget(widget)
