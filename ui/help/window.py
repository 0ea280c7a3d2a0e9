"""Help > Manual: the pages, their contents, a search over all of them, back and forward."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app import manual
from ui.help.page import ManualPage
from ui.icons import icon
from ui.widgets import EmptyState, line

_PLACE = Qt.ItemDataRole.UserRole
_LEFT_PX = 270
_MOST_HITS = 60


class HelpWindow(QWidget):
    """The manual in a window of its own, beside the plan."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setWindowTitle("Taktwerk manual")
        self.setWindowIcon(icon("app"))
        self.resize(1140, 820)
        self.page = ManualPage()
        self.contents, self.hits = _list("Contents of the manual"), _list("Places found in the manual")
        self._nothing = EmptyState("find", "Nothing found", "Try fewer or shorter words.")
        self._before: list[tuple[str, str]] = []
        self._after: list[tuple[str, str]] = []
        self._at = ("", "")
        self._fill_contents()
        self._lay_out()
        self.page.asked.connect(self.go)
        self.search.textChanged.connect(self._on_search)
        self.search.returnPressed.connect(self._open_first_hit)
        for one in (self.contents, self.hits):
            one.itemClicked.connect(self._on_item)
            one.itemActivated.connect(self._on_item)
        for keys, call in (("Alt+Left", self.back), ("Alt+Right", self.forward), ("Esc", self._leave)):
            QShortcut(QKeySequence(keys), self).activated.connect(call)
        QShortcut(QKeySequence.StandardKey.Find, self).activated.connect(self._focus_search)
        self.go("index")
        self.page.setFocus()

    def go(self, page: str, anchor: str = "") -> None:
        """Show a page, from a heading on if one is named, and remember the one before."""
        if (page, anchor) != self._at:
            if self._at[0]:
                self._before.append(self._at)
            self._after.clear()
        self._show(page, anchor)

    def back(self) -> None:
        """Go to the place before."""
        if self._before:
            self._after.append(self._at)
            self._show(*self._before.pop())

    def forward(self) -> None:
        """Go where *back* came from."""
        if self._after:
            self._before.append(self._at)
            self._show(*self._after.pop())

    def _show(self, page: str, anchor: str) -> None:
        self._at = (page, anchor)
        self.page.show_page(page, anchor, self.search.text())
        self._back.setEnabled(bool(self._before))
        self._forward.setEnabled(bool(self._after))
        self._follow_in_contents()

    def _lay_out(self) -> None:
        self._back = _tool("arrow-left", "Back (Alt+Left)", self.back)
        self._forward = _tool("arrow-right", "Forward (Alt+Right)", self.forward)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search the manual")
        self.search.setAccessibleName("Search the manual")
        self.search.setToolTip("Every word must be in a section; Enter opens the first (Ctrl+F)")
        self.search.setClearButtonEnabled(True)
        head = QHBoxLayout()
        head.setContentsMargins(8, 8, 8, 8)
        for one in (self._back, self._forward):
            head.addWidget(one)
        head.addWidget(self.search, 1)
        self._lists = QStackedWidget()
        for one in (self.contents, self.hits, self._nothing):
            self._lists.addWidget(one)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(line())
        column.addWidget(self._lists, 1)
        split = QSplitter()
        split.addWidget(left)
        split.addWidget(self.page)
        split.setStretchFactor(1, 1)
        split.setSizes([_LEFT_PX, 870])
        split.setChildrenCollapsible(False)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(split)

    def _fill_contents(self) -> None:
        for page in manual.PAGES:
            head, *parts = manual.sections(page)
            item = _item(head.title, page)
            for part in parts:
                item.addChild(_item(part.title, page, part.anchor))
            self.contents.addTopLevelItem(item)

    def _follow_in_contents(self) -> None:
        page = self._at[0]
        for index, name in enumerate(manual.PAGES):
            item = self.contents.topLevelItem(index)
            if item is None:
                continue
            item.setExpanded(name == page and page != "index")
            if name == page:
                parts = [part for row in range(item.childCount()) if (part := item.child(row)) is not None]
                self.contents.setCurrentItem(next((p for p in parts if p.data(0, _PLACE) == self._at), item))

    def _on_search(self, words: str) -> None:
        found = manual.search(words)[:_MOST_HITS]
        self.hits.clear()
        for hit in found:
            section = hit.section
            where = hit.page_title if section.title != hit.page_title else ""
            item = _item(f"{section.title}\n{where or hit.excerpt[:60]}", section.page, section.anchor)
            item.setToolTip(0, hit.excerpt)
            self.hits.addTopLevelItem(item)
        shown = self.contents if not words.strip() else self.hits if found else self._nothing
        self._lists.setCurrentWidget(shown)

    def _on_item(self, item: QTreeWidgetItem) -> None:
        self.go(*item.data(0, _PLACE))
        self.page.show_page(*self._at, self.search.text())

    def _open_first_hit(self) -> None:
        first = self.hits.topLevelItem(0)
        if first is not None:
            self.hits.setCurrentItem(first)
            self._on_item(first)

    def _focus_search(self) -> None:
        self.search.setFocus()
        self.search.selectAll()

    def _leave(self) -> None:
        """Escape ends the search first, then closes the window."""
        if self.search.text():
            self.search.clear()
        else:
            self.close()


def _list(name: str) -> QTreeWidget:
    made = QTreeWidget()
    made.setHeaderHidden(True)
    made.setAccessibleName(name)
    made.setIndentation(14)
    made.setUniformRowHeights(False)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return made


def _item(text: str, page: str, anchor: str = "") -> QTreeWidgetItem:
    item = QTreeWidgetItem([text])
    item.setData(0, _PLACE, (page, anchor))
    return item


def _tool(icon_name: str, tip: str, on_click: object) -> QToolButton:
    made = QToolButton()
    made.setIcon(icon(icon_name))
    made.setIconSize(QSize(18, 18))
    made.setToolTip(tip)
    made.setAccessibleName(tip.split(" (")[0])
    made.clicked.connect(on_click)
    return made
