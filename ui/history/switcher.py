"""Which scenario is open: a button that changes it, and a stripe across the window while it is not the live plan."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QActionGroup, QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from app.versions import HeadRow
from ui import palette
from ui.history.model import LIVE, head_colour, head_name
from ui.widgets import ElidedLabel, button

_DOT_PX = 16
_WIDEST_PX = 190
_STRIPE_PX = 30


class ScenarioButton(QToolButton):
    """Shows the open scenario; its menu opens others and manages them."""

    switch_requested = Signal(str)
    create_requested = Signal()
    rename_requested = Signal()
    archive_requested = Signal()
    archived_requested = Signal()
    promote_requested = Signal()
    compare_requested = Signal()
    merge_requested = Signal(str, str)
    """(head, head that it is to be merged into)"""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("scenarioButton")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIconSize(QSize(_DOT_PX, _DOT_PX))
        self.setToolTip("The plan that is open: the live plan or a scenario")
        self.setAccessibleName("Scenario")
        self.setMaximumWidth(_WIDEST_PX)
        self._heads: Sequence[HeadRow] = ()
        self._present = LIVE
        self._own = QMenu(self)
        self._own.aboutToShow.connect(self._fill)
        self.setMenu(self._own)
        self.setEnabled(False)

    def show_heads(self, heads: Sequence[HeadRow], present: str) -> None:
        """Offer these heads; ``present`` is open."""
        self._heads, self._present = heads, present
        head = next((one for one in heads if one.name == present), None)
        self.setEnabled(head is not None)
        name = head_name(head) if head else "Live plan"
        self.setText(self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, _WIDEST_PX - 52) + " ▾")
        self.setIcon(dot_icon(head_colour(head) if head else palette.INK_DISABLED))

    def _fill(self) -> None:
        menu = self._own
        menu.clear()
        group = QActionGroup(menu)
        for head in self._heads:
            if head.is_archived and head.name != self._present:
                continue
            action = menu.addAction(dot_icon(head_colour(head)), head_name(head).replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(head.name == self._present)
            action.setToolTip(head.description)
            action.triggered.connect(lambda _=False, name=head.name: self.switch_requested.emit(name))
            group.addAction(action)
        menu.addSeparator()
        is_scenario = self._present != LIVE
        menu.addAction("New scenario from the saved version…").triggered.connect(
            lambda _=False: self.create_requested.emit()
        )
        for words, signal in (
            ("Compare with the live plan", self.compare_requested),
            ("Promote to the live plan…", self.promote_requested),
            ("Rename or recolour…", self.rename_requested),
            ("Archive…", self.archive_requested),
        ):
            action = menu.addAction(words)
            action.setEnabled(is_scenario)
            action.triggered.connect(lambda _=False, one=signal: one.emit())
        self._add_merges(menu)
        archived = sum(head.is_archived for head in self._heads)
        if archived:
            menu.addSeparator()
            menu.addAction(f"Archived scenarios ({archived})…").triggered.connect(
                lambda _=False: self.archived_requested.emit()
            )

    def _add_merges(self, menu: QMenu) -> None:
        """Offer to merge the open plan into another, and others into the open one."""
        others = [head for head in self._heads if head.name != self._present and not head.is_archived]
        for words, is_into_other in (("Merge into", True), ("Merge into this plan", False)):
            sub = menu.addMenu(words)
            sub.setEnabled(bool(others))
            for head in others:
                action = sub.addAction(dot_icon(head_colour(head)), f"{head_name(head).replace('&', '&&')}…")
                pair = (self._present, head.name) if is_into_other else (head.name, self._present)
                action.triggered.connect(lambda _=False, both=pair: self.merge_requested.emit(*both))


class ScenarioStripe(QToolBar):
    """A coloured row across the window while a scenario is open, so that nobody edits the wrong plan."""

    promote_requested = Signal()
    compare_requested = Signal()
    leave_requested = Signal()

    def __init__(self) -> None:
        super().__init__("Scenario")
        self.setObjectName("scenarioStripe")
        self.setMovable(False)
        self.toggleViewAction().setVisible(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.words = ElidedLabel("")
        row = QWidget()
        row.setFixedHeight(_STRIPE_PX)
        row.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        box = QHBoxLayout(row)
        box.setContentsMargins(4, 0, 4, 0)
        box.setSpacing(14)
        box.addWidget(self.words, 1)
        for words, signal in (
            ("Compare with the live plan", self.compare_requested),
            ("Promote…", self.promote_requested),
            ("Go to the live plan", self.leave_requested),
        ):
            box.addWidget(button(words, signal.emit, role="link"))
        self.addWidget(row)
        self.hide()

    def show_head(self, head: HeadRow | None, window: QWidget | None = None) -> None:
        """Show a scenario; none for the live plan."""
        is_scenario = head is not None and head.name != LIVE
        self.setVisible(is_scenario)
        if not is_scenario or head is None:
            return
        purpose = f": {head.description}" if head.description else ""
        self.words.setText(f"Scenario {head.name}{purpose}  —  edits here do not touch the live plan")
        self.setStyleSheet(stripe_style(head_colour(head)))


def stripe_style(colour: str) -> str:
    """Return the style of the stripe in a scenario's colour; white is readable on all of them."""
    return (
        f"QToolBar{{background:{colour};border:0;padding:0 8px;spacing:0}}"
        "QLabel{color:#FFFFFF;font-weight:600}"
        "QPushButton{color:#FFFFFF;border:0;background:transparent;padding:0 4px;min-height:22px}"
        "QPushButton:hover{color:#FFFFFF;text-decoration:underline}"
        "QPushButton:focus{border:1px solid #FFFFFF;border-radius:3px}"
    )


def dot_icon(colour: str) -> QIcon:
    """Return a filled dot."""
    image = QPixmap(2 * _DOT_PX, 2 * _DOT_PX)
    image.setDevicePixelRatio(2)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawEllipse(3, 3, _DOT_PX - 6, _DOT_PX - 6)
    painter.end()
    return QIcon(image)
