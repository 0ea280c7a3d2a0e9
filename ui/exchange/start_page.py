"""What the import dialog shows before a file is chosen: where to drop one, the last ones, and what can be read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ui import palette
from ui.icons import pixmap
from ui.theme import set_role
from ui.widgets import button, label

MOST_RECENT = 5
KINDS = (
    ("Taktwerk", ".takt package, .json", "plans with versions, signed or not; opens as a branch"),
    ("Tables", ".xlsx, .csv, .zip of CSV", "own workbooks, and foreign ones by choosing their columns"),
    ("Projects", ".xml of Microsoft Project", "tasks, links, calendars, resources"),
    ("frePPLe", ".xlsx, .json of its data", "items, operations, orders, resources"),
    ("Benchmarks", ".jsp, .fjs, .sm, .txt …", "job shops, flow shops, projects"),
)
"""Kind, files, and what comes in."""


class DropZone(QFrame):
    """Takes one file that is dropped."""

    dropped = Signal(str)
    browse_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self.setProperty("role", "drop")
        picture = QLabel()
        picture.setPixmap(pixmap("import", 32, palette.ACCENT, self.devicePixelRatioF()))
        self.words = label("Drop a file here", "strong")
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 14, 16, 14)
        box.setSpacing(6)
        box.addStretch(1)
        for one in (picture, self.words, label("You see what it would change before anything is written.", "small")):
            one.setAlignment(Qt.AlignmentFlag.AlignCenter)
            box.addWidget(one)
        choose = button("Choose a file…", self.browse_requested.emit, icon_name="open")
        box.addWidget(choose, 0, Qt.AlignmentFlag.AlignHCenter)
        box.addStretch(1)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_file(event) is not None:
            event.acceptProposedAction()
            set_role(self, "drop-over")

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        set_role(self, "drop")

    def dropEvent(self, event: QDropEvent) -> None:
        set_role(self, "drop")
        path = dropped_file(event)
        if path is not None:
            event.acceptProposedAction()
            self.dropped.emit(path)


class StartPage(QWidget):
    """A drop zone and the last files at the left, what can be read at the right."""

    path_chosen = Signal(str)
    browse_requested = Signal()

    def __init__(self, recent: Sequence[Path] = ()) -> None:
        super().__init__()
        self.zone = DropZone()
        self.zone.dropped.connect(self.path_chosen)
        self.zone.browse_requested.connect(self.browse_requested)
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(self.zone, 1)
        self.recent = [self._link(path) for path in recent[:MOST_RECENT]]
        if self.recent:
            left.addWidget(label("Last files", "caption"))
        for one in self.recent:
            left.addWidget(one, 0, Qt.AlignmentFlag.AlignLeft)
        right = QGridLayout()
        right.setHorizontalSpacing(10)
        right.setVerticalSpacing(1)
        right.addWidget(label("What can be read", "caption"), 0, 0, 1, 2)
        for number, (kind, files, brings) in enumerate(KINDS):
            row = 1 + 3 * number
            right.setRowMinimumHeight(row, 8)
            right.addWidget(label(kind, "strong"), row + 1, 0, Qt.AlignmentFlag.AlignTop)
            right.addWidget(label(files), row + 1, 1)
            right.addWidget(label(brings, "small", wrap=True), row + 2, 1)
        right.setRowStretch(3 * len(KINDS) + 2, 1)
        right.setColumnStretch(1, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 6, 0, 0)
        row.setSpacing(24)
        row.addLayout(left, 1)
        row.addLayout(right, 1)

    def _link(self, path: Path) -> QWidget:
        link = button(path.name, lambda: self.path_chosen.emit(str(path)), role="link")
        link.setToolTip(str(path))
        return link


def dropped_file(event: QDropEvent) -> str | None:
    """Return the one file that is being dropped, if it is one."""
    urls = event.mimeData().urls()
    if len(urls) != 1 or not urls[0].isLocalFile():
        return None
    return urls[0].toLocalFile()
