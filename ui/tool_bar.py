"""The main tool bar."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from ui import palette
from ui.actions import Actions
from ui.find_box import FindBox
from ui.history.switcher import ScenarioButton
from ui.icons import icon
from ui.widgets import combo, label

COLOURS = (("order", "Order"), ("lateness", "Lateness"), ("family", "Setup family"), ("status", "Status"))


class MainToolBar(QToolBar):
    """File, edit and run actions, zoom, colours, the search field."""

    colour_by_changed = Signal(str)
    push_fixed_changed = Signal(bool)

    def __init__(self, actions: Actions) -> None:
        super().__init__("Main tool bar")
        self.setObjectName("mainToolBar")
        self.setMovable(False)
        self.setIconSize(QSize(20, 20))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        for group in (("file.open", "file.import", "file.save"), ("edit.undo", "edit.redo")):
            for action_id in group:
                self.addAction(actions[action_id])
            self.addSeparator()
        self.push = self._push_button(actions)
        self.addWidget(self.push)
        self.addAction(actions["edit.lock"])
        self.addAction(actions["edit.unlock"])
        self.addSeparator()
        self.addWidget(self._optimize_button(actions))
        self.addSeparator()
        for action_id in ("view.zoom_out", "view.zoom_in", "view.zoom_fit", "view.now", "view.dependencies"):
            self.addAction(actions[action_id])
        self.addSeparator()
        self.colour_by = combo("Colour by")
        self.colour_by.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.colour_by.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        for key, title in COLOURS:
            self.colour_by.addItem(title, key)
        self.colour_by.setToolTip("What the colours of the bars mean")
        self.colour_by.currentIndexChanged.connect(lambda _: self.colour_by_changed.emit(self.colour_by.currentData()))
        caption = label("Colour by", "muted")
        caption.setContentsMargins(4, 0, 4, 0)
        self.addWidget(caption)
        self.addWidget(self.colour_by)
        self.addSeparator()
        self.scenario = ScenarioButton()
        self.addWidget(self.scenario)
        spacer = QWidget()
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(spacer)
        self.find_box = FindBox()
        self.find_box.setMinimumWidth(150)
        self.find_box.setMaximumWidth(260)
        self.addWidget(self.find_box)

    def _push_button(self, actions: Actions) -> QToolButton:
        menu = QMenu(self)
        also = QAction("Also operations placed by hand or by the optimiser", menu)
        also.setCheckable(True)
        also.toggled.connect(self.push_fixed_changed)
        menu.addAction(also)
        button = QToolButton()
        button.setDefaultAction(actions["edit.push"])
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        return button

    def _optimize_button(self, actions: Actions) -> QWidget:
        button = QToolButton()
        button.setObjectName("optimizeButton")
        button.setProperty("role", "primary")
        button.setDefaultAction(actions["run.optimize"])
        button.setIcon(icon("optimize", palette.INK_ON_ACCENT))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        actions["run.optimize"].changed.connect(lambda: button.setIcon(icon("optimize", palette.INK_ON_ACCENT)))
        return button
