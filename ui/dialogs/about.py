"""Which version this is, and what it is built on."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app import __version__
from app.packaged import is_evaluation
from ui.dialogs.base import Dialog
from ui.icons import pixmap
from ui.widgets import label

_PARTS = (("Qt for Python", "PySide6-Essentials"), ("OR-Tools", "ortools"), ("SQLAlchemy", "sqlalchemy"))


class AboutDialog(Dialog):
    """Name, version, parts, database."""

    def __init__(self, database_label: str, parent: QWidget | None) -> None:
        super().__init__("About Taktwerk", parent, width=460)
        picture = QLabel()
        picture.setPixmap(pixmap("app", 56, ratio=self.devicePixelRatioF()))
        words = QVBoxLayout()
        edition = ", evaluation" if is_evaluation() else ""
        words.addWidget(label(f"Taktwerk {__version__}{edition}", "title"))
        words.addWidget(
            label("Planning workstation: plan, optimise, compare and hand over plant schedules.", wrap=True)
        )
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        self.body.addLayout(head)
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        rows = [("Database", database_label), ("Python", platform.python_version())]
        rows += [(title, _installed(name)) for title, name in _PARTS]
        for row, (title, value) in enumerate(rows):
            grid.addWidget(label(title, "muted"), row, 0)
            grid.addWidget(label(value, wrap=True, selectable=True), row, 1)
        self.body.addLayout(grid)
        note = "The board is Bryntum Scheduler Pro, a commercial component with a licence of its own."
        if is_evaluation():
            note += " This program was built with its trial: for evaluation only, not for productive use."
        self.body.addWidget(label(note, "small", wrap=True))
        self.add_action("Close", self.accept, role="primary")


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
