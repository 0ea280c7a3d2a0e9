"""The docks around the board, and their places."""

from __future__ import annotations

import itertools

from PySide6.QtCore import QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QFrame, QMainWindow, QScrollArea, QTabBar, QTabWidget, QWidget
from shiboken6 import isValid

from ui.widgets import surface

_AREAS = Qt.DockWidgetArea
_LEAST_PX = 76


Panel = tuple[str, str, QWidget]
"""(key, title, content)."""


class Docks(QObject):
    """Makes a dock of each panel, keeps the tabs' titles, and puts everything back on request."""

    shown = Signal(str)
    """A dock came into sight."""
    were_reset = Signal()

    def __init__(self, window: QMainWindow, right: list[Panel], bottom: list[Panel]) -> None:
        super().__init__(window)
        self._window = window
        self._dress_soon = QTimer(self)
        self._dress_soon.setSingleShot(True)
        self._dress_soon.setInterval(0)
        self._dress_soon.timeout.connect(self.dress)
        self._by_key: dict[str, QDockWidget] = {}
        self._actions: dict[str, QAction] = {}
        self._titles: dict[str, str] = {}
        self._seen: set[str] = set()
        self._right = [self._make(*one) for one in right]
        self._bottom = [self._make(*one) for one in bottom]
        window.setDockNestingEnabled(True)
        window.setDockOptions(
            QMainWindow.DockOption.AllowTabbedDocks
            | QMainWindow.DockOption.AnimatedDocks
            | QMainWindow.DockOption.AllowNestedDocks
        )
        window.setTabPosition(_AREAS.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        window.setCorner(Qt.Corner.BottomRightCorner, _AREAS.RightDockWidgetArea)
        self.reset()

    def __getitem__(self, key: str) -> QDockWidget:
        return self._by_key[key]

    def reset(self) -> None:
        """Put every dock in its first place."""
        for area, docks in ((_AREAS.RightDockWidgetArea, self._right), (_AREAS.BottomDockWidgetArea, self._bottom)):
            for dock in docks:
                dock.setFloating(False)
                self._window.addDockWidget(area, dock)
                dock.show()
            for one, two in itertools.pairwise(docks):
                self._window.tabifyDockWidget(one, two)
            docks[0].raise_()
        self._window.resizeDocks([self._right[0]], [380], Qt.Orientation.Horizontal)
        self._dress_soon.start()
        self.were_reset.emit()

    def show(self, key: str) -> None:
        """Bring a dock to the front."""
        self._by_key[key].show()
        self._by_key[key].raise_()

    def is_in_front(self, key: str) -> bool:
        """Whether a dock can be seen: not hidden, and not behind another one's tab."""
        return self._by_key[key].isVisible() and key in self._seen

    def in_front_of(self, key: str) -> str | None:
        """Return the dock that can be seen among those tabbed with this one, itself perhaps; ``None``: none."""
        group = {self._by_key[key], *self._window.tabifiedDockWidgets(self._by_key[key])}
        return next((one for one, dock in self._by_key.items() if dock in group and self.is_in_front(one)), None)

    def set_badge(self, key: str, count: int) -> None:
        """Put a count behind a dock's title; 0 takes it away."""
        self._by_key[key].setWindowTitle(f"{self._titles[key]} ({count:,})" if count else self._titles[key])

    def bind(self, key: str, action: QAction) -> None:
        """Let an action show and hide a dock, and follow it."""
        dock = self._by_key[key]
        action.triggered.connect(lambda on: self.show(key) if on else dock.hide())
        dock.toggleViewAction().toggled.connect(action.setChecked)
        self._actions[key] = action
        self.sync()

    def sync(self) -> None:
        """Let the actions follow docks that were shown or hidden unseen (by a restored layout)."""
        for key, action in self._actions.items():
            action.setChecked(not self._by_key[key].isHidden())

    def dress(self) -> None:
        """Hide the title bar of a dock whose tab already says what it is, and tidy the tab bars."""
        for dock in self._by_key.values():
            is_tabbed = bool(self._window.tabifiedDockWidgets(dock)) and not dock.isFloating()
            has_blank = isinstance(dock.titleBarWidget(), _NoTitle)
            if is_tabbed and not has_blank:
                dock.setTitleBarWidget(_NoTitle())
            elif not is_tabbed and has_blank:
                dock.setTitleBarWidget(None)  # type: ignore[arg-type]
        for bar in self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
            bar.setExpanding(False)
            bar.setDrawBase(False)
            bar.setElideMode(Qt.TextElideMode.ElideNone)
            if bar.isVisible() and not self._is_in_use(bar):
                bar.hide()

    def _is_in_use(self, bar: QTabBar) -> bool:
        """Whether a dock sits right under the bar.

        WORKAROUND Qt 6.11: two tabbed groups of three and two docks leave a tab bar behind that belongs to none.
        """
        foot = bar.geometry().bottom() + 1
        docks = (dock.geometry() for dock in self._by_key.values() if dock.isVisible())
        return any(abs(place.top() - foot) <= 2 and place.left() == bar.x() for place in docks)

    def _on_moved(self, key: str) -> None:
        if not isValid(self) or not isValid(self._window):
            return  # docks tell of their end too
        self._dress_soon.start()  # never while Qt is laying the docks out
        if not self._by_key[key].isHidden():
            self.shown.emit(key)

    def _note_seen(self, key: str, is_seen: bool) -> None:
        """Qt tells of docks that come before or behind others of their tabs, too."""
        if is_seen:
            self._seen.add(key)
        else:
            self._seen.discard(key)

    def _make(self, key: str, title: str, panel: QWidget) -> QDockWidget:
        dock = QDockWidget(title, self._window)
        self._by_key[key], self._titles[key] = dock, title
        dock.setObjectName(f"dock.{key}")
        dock.setWidget(_Scrolled(surface(panel)))
        dock.setAllowedAreas(_AREAS.LeftDockWidgetArea | _AREAS.RightDockWidgetArea | _AREAS.BottomDockWidgetArea)
        dock.visibilityChanged.connect(lambda is_seen: self._note_seen(key, is_seen))
        for signal in (dock.dockLocationChanged, dock.topLevelChanged, dock.visibilityChanged):
            signal.connect(lambda *_: self._on_moved(key))
        return dock


class _Scrolled(QScrollArea):
    """Lets a dock be lower than its content would have it: docks behind tabs all have the height of the tallest."""

    def __init__(self, panel: QWidget) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._panel = panel
        self.setWidget(panel)

    def sizeHint(self) -> QSize:
        return self._panel.sizeHint()

    def minimumSizeHint(self) -> QSize:
        panel, hint = self._panel, self._panel.minimumSizeHint()
        width, height = panel.minimumWidth() or hint.width(), panel.minimumHeight() or hint.height()
        return QSize(width, min(_LEAST_PX, height))


class _NoTitle(QWidget):
    """An empty title bar."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(0)
