"""The Versions dock: the history as a graph, and what was saved, by whom, why, and how good it was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QMenu,
    QScrollArea,
    QSizePolicy,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from app.scenarios import ancestors
from app.versions import HeadRow, VersionInfo
from ui import text
from ui.history.delegate import HistoryDelegate
from ui.history.model import ROW, SOURCES, STATES, HistoryModel, figures, history_rows
from ui.kpis import KPIS, change
from ui.merge.strip import UnfinishedStrip
from ui.theme import set_role
from ui.widgets import EmptyState, button, label, line, surface

_LEAST_DETAILS_PX = 64


class HistoryList(QListView):
    """Versions, newest first, with their graph."""

    row_activated = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.rows_model = HistoryModel()
        self.delegate = HistoryDelegate(self)
        self.setModel(self.rows_model)
        self.setItemDelegate(self.delegate)
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Versions")
        self.doubleClicked.connect(lambda index: self.row_activated.emit(_version(index)))

    def select_version(self, version_id: str) -> bool:
        """Select a version and scroll to it; false when it is not listed."""
        for number, version in enumerate(self.rows_model.rows):
            if version.id == version_id:
                self.setCurrentIndex(self.rows_model.index(number))
                return True
        return False

    def selected(self) -> VersionInfo | None:
        """Return the selected version."""
        index = self.currentIndex()
        return _version(index) if index.isValid() else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        version = self.selected()
        if version is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.row_activated.emit(version)
            return
        super().keyPressEvent(event)


def _version(index: QModelIndex) -> VersionInfo:
    return index.data(ROW).version


class _Details(QScrollArea):
    """As high as its content where there is room, and scrolled where there is not."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._content = content
        self.setWidget(content)

    def sizeHint(self) -> QSize:
        content = self._content
        width = max(self.viewport().width(), 200)
        high = content.heightForWidth(width) if content.hasHeightForWidth() else content.sizeHint().height()
        return QSize(width, max(high, content.minimumSizeHint().height()))

    def minimumSizeHint(self) -> QSize:
        return QSize(200, _LEAST_DETAILS_PX)


class VersionsPanel(QWidget):
    """The history, and the figures of the selected version against its parent."""

    save_requested = Signal()
    open_requested = Signal(object)
    rollback_requested = Signal(object)
    compare_requested = Signal(object)
    compare_parent_requested = Signal(object)
    scenario_requested = Signal(object)
    tag_requested = Signal(object)
    state_requested = Signal(object, str)
    """Of a version: open it, go back to it, compare the working plan or its parent with it, begin a scenario at it, tag
    it, say of it that it is approved, published or withdrawn."""
    merge_requested = Signal(object)
    """Merge a version into the open plan."""
    blame_requested = Signal()
    """Who changed the selected operation?"""

    def __init__(self) -> None:
        super().__init__()
        self._zone: dt.tzinfo = dt.UTC
        self._head_id = ""
        self._versions: Sequence[VersionInfo] = ()
        self._heads: Sequence[HeadRow] = ()
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter by comment, name, tag or scenario")
        self.filter.setClearButtonEnabled(True)
        self.filter.setAccessibleName("Filter versions")
        self.filter.textChanged.connect(lambda _: self._list())
        self.table = HistoryList()
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._show_menu)
        self.table.row_activated.connect(self.compare_requested)
        self.table.selectionModel().currentChanged.connect(lambda *_: self._show_selected())
        self._title, self._facts = label("", "heading"), label("", "small", wrap=True)
        self._comment = label("", wrap=True, selectable=True)
        self._figures = {spec.field: (label(text.DASH), label("", "chip-none")) for spec in KPIS}
        self._save = button("Save version…", self.save_requested.emit, icon_name="save")
        self._more = button("More", None)
        self._more.setToolTip("Open, compare, tag, publish or roll back to the selected version")
        self._more.clicked.connect(lambda: self._menu().popup(self._more.mapToGlobal(self._more.rect().topLeft())))
        self.blame = button("Who changed it?", self.blame_requested.emit)
        self.blame.setToolTip("Select an operation on the board to see who changed it, when and how")
        self.blame.setEnabled(False)
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(8, 6, 8, 6)
        head.addWidget(self.filter)
        box.addLayout(head)
        self.merge_strip = UnfinishedStrip()
        box.addWidget(self.merge_strip)
        box.addWidget(self.table, 1)
        box.addWidget(line())
        self._details = _Details(surface(self._detail()))
        box.addWidget(self._details)
        box.addLayout(self._buttons())
        self._stack = QStackedLayout(self)
        self._stack.addWidget(EmptyState("versions", "No versions", "Open or import a schedule to see its versions."))
        self._stack.addWidget(content)

    def sizeHint(self) -> QSize:
        return QSize(380, 500)

    def show_versions(
        self, versions: Sequence[VersionInfo], head_id: str, zone: dt.tzinfo, heads: Sequence[HeadRow] = ()
    ) -> None:
        """Show a history; the version that the open plan is based on is marked and selected."""
        self._zone, self._head_id, self._versions, self._heads = zone, head_id, versions, heads
        self.table.delegate.zone = zone
        self._stack.setCurrentIndex(1 if versions else 0)
        self._list()
        self.table.select_version(head_id)

    def select_version(self, version_id: str) -> None:
        """Select a version, also one that the filter hides."""
        if not self.table.select_version(version_id):
            self.filter.clear()
            self.table.select_version(version_id)

    def set_dirty(self, is_dirty: bool) -> None:
        """Enable saving when there is something to save."""
        self._save.setEnabled(is_dirty)

    def set_operation(self, name: str | None) -> None:
        """Say which operation is selected on the board, for ``blame``."""
        self.blame.setEnabled(name is not None)
        self.blame.setToolTip(
            f"Show every version that changed {name}, how and by whom"
            if name
            else "Select an operation on the board to see who changed it, when and how"
        )

    def _list(self) -> None:
        chosen = self.table.selected()
        needle = self.filter.text().strip()
        self.table.rows_model.set_rows(history_rows(self._versions, self._heads, self._head_id, needle))
        if chosen is not None:
            self.table.select_version(chosen.id)

    def _detail(self) -> QFrame:
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(3, 1)
        for row, spec in enumerate(KPIS):
            value, chip = self._figures[spec.field]
            grid.addWidget(label(spec.title, "muted"), row, 0)
            grid.addWidget(value, row, 1, Qt.AlignmentFlag.AlignRight)
            grid.addWidget(chip, row, 2, Qt.AlignmentFlag.AlignLeft)
        frame = QFrame()
        box = QVBoxLayout(frame)
        box.setContentsMargins(14, 12, 14, 6)
        box.setSpacing(6)
        for one in (self._title, self._facts, self._comment):
            box.addWidget(one)
        box.addLayout(grid)
        box.addStretch(1)
        return frame

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(14, 6, 14, 12)
        row.setSpacing(8)
        row.addWidget(self._save)
        row.addStretch(1)
        row.addWidget(self.blame)
        row.addWidget(self._more)
        return row

    def _show_menu(self, at: QPoint) -> None:
        if self.table.indexAt(at).isValid():  # the click has selected its row
            self._menu().popup(self.table.viewport().mapToGlobal(at))

    def _menu(self) -> QMenu:
        """What can be done with the selected version."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        version = self.table.selected()
        if version is None:
            return menu
        is_head, state = version.id == self._head_id, version.state
        has_parent = version.parent_version_id is not None
        self._add(menu, "Compare with the working plan", self.compare_requested, version)
        self._add(menu, "Compare with the version before it", self.compare_parent_requested, version, has_parent)
        menu.addSeparator()
        self._add(menu, "Open this version", self.open_requested, version)
        self._add(menu, "Roll back to this version…", self.rollback_requested, version, not is_head)
        self._add(menu, "New scenario from here…", self.scenario_requested, version)
        is_new = version.id not in ancestors({v.id: v for v in self._versions}, self._head_id)
        self._add(menu, "Merge into the open plan…", self.merge_requested, version, is_new)
        menu.addSeparator()
        self._add(menu, "Tag…", self.tag_requested, version)
        for words, wanted, allowed in (
            ("Approve…", "approved", state == "draft"),
            ("Publish…", "published", state in ("draft", "approved")),
            ("Withdraw…", "withdrawn", state in ("approved", "published")),
        ):
            action = menu.addAction(words)
            action.setEnabled(allowed)
            action.triggered.connect(lambda _=False, to=wanted: self.state_requested.emit(version, to))
        return menu

    def _add(self, menu: QMenu, words: str, signal: object, version: VersionInfo, is_on: bool = True) -> None:
        action = menu.addAction(words)
        action.setEnabled(is_on)
        action.triggered.connect(lambda _=False: signal.emit(version))  # type: ignore[attr-defined]

    def _show_selected(self) -> None:
        version = self.table.selected()
        if version is None:
            return
        is_head = " (present)" if version.id == self._head_id else ""
        self._title.setText(f"Version {version.number}{is_head}")
        by = f" by {version.created_by}" if version.created_by else ""
        saved = text.instant(version.created_at, self._zone, weekday=True, year=True)
        state = f", {STATES[version.state]}" if version.state in STATES else ""
        self._facts.setText(f"{SOURCES.get(version.source, version.source)} {saved}{by}{state}{self._origin(version)}")
        self._comment.setText(version.comment)
        self._comment.setVisible(bool(version.comment))
        by_id = {v.id: v for v in self._versions}
        self._show_figures(version, by_id.get(version.parent_version_id or ""))
        self._details.updateGeometry()

    def _origin(self, version: VersionInfo) -> str:
        """From which versions it was made, where that is not plainly the one before it."""
        numbers = {v.id: v.number for v in self._versions}
        source = numbers.get(version.origin_version_id or "")
        if source is not None:
            return f", {'back to' if version.source == 'rollback' else 'taken from'} version {source}"
        named = [str(numbers[key]) for key in version.parents if key in numbers]
        if len(named) > 1:
            return f", from versions {' and '.join(named)}"
        return f", after version {named[0]}" if named and int(named[0]) != version.number - 1 else ""

    def _show_figures(self, version: VersionInfo, parent: VersionInfo | None) -> None:
        now, before = figures(version), figures(parent) if parent else None
        for spec in KPIS:
            value, chip = self._figures[spec.field]
            known = now is not None and hasattr(now, spec.field)
            value.setText(spec.written(getattr(now, spec.field)) if known else text.DASH)
            has_both = known and before is not None and hasattr(before, spec.field)
            chip.setVisible(has_both)
            if has_both:
                shown = change(spec, before, now)  # type: ignore[arg-type]
                chip.setText(shown.text)
                chip.setToolTip(f"Against version {parent.number}" if parent else "")
                set_role(chip, f"chip-{shown.tone}")
