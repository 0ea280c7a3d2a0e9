"""The Explain dock: five pages on why the plan is as it is."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from ui.explain.late_page import LatePage
from ui.explain.load_page import LoadPage
from ui.explain.prices_page import PricesPage
from ui.explain.slack_page import SlackPage
from ui.explain.slot_page import SlotPage
from ui.widgets import EmptyState, Segmented, label, line

PAGES = (
    ("late", "Late orders"),
    ("slot", "Why not here"),
    ("load", "Bottlenecks"),
    ("slack", "Slack"),
    ("prices", "Price of a lock"),
)


class ExplainPanel(QWidget):
    """The pages, and which of them is in sight."""

    page_changed = Signal(str)
    go_to_event = Signal(str)
    go_to_time = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.late, self.slot, self.load, self.slack = LatePage(), SlotPage(), LoadPage(), SlackPage()
        self.prices = PricesPage()
        for page in (self.late, self.slot, self.slack, self.prices):
            page.go_to_event.connect(self.go_to_event)
        self.load.go_to_time.connect(self.go_to_time)
        self.tabs = Segmented(PAGES)
        self.tabs.setFixedWidth(700)
        self.tabs.changed.connect(self.show_page)
        self._busy = label("", "muted")
        head = QHBoxLayout()
        head.setContentsMargins(10, 6, 12, 6)
        head.setSpacing(12)
        head.addWidget(self.tabs)
        head.addWidget(self._busy)
        head.addStretch(1)
        pages = QWidget()
        self._pages = QStackedLayout(pages)
        for page in (self.late, self.slot, self.load, self.slack, self.prices):
            self._pages.addWidget(page)
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(head)
        box.addWidget(line())
        box.addWidget(pages, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(EmptyState("explain", "No schedule is open", "Open one to see why it is as it is."))
        self._stack.addWidget(content)

    def sizeHint(self) -> QSize:
        return QSize(900, 260)

    def page(self) -> str:
        """Return the key of the page in sight."""
        return self.tabs.value()

    def show_page(self, key: str) -> None:
        """Show ``late``, ``slot``, ``load``, ``slack`` or ``prices``."""
        self.tabs.set_value(key)
        self._pages.setCurrentIndex([name for name, _ in PAGES].index(key))
        self.page_changed.emit(key)

    def set_open(self, is_open: bool) -> None:
        """Whether there is a plan to explain."""
        self._stack.setCurrentIndex(1 if is_open else 0)

    def set_busy(self, is_busy: bool) -> None:
        """Say that an answer is being worked out."""
        self._busy.setText("Working it out…" if is_busy else "")
