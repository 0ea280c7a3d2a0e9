"""The Problems dock: broken rules, grouped by rule; a click goes there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final, Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHeaderView, QStackedLayout, QTreeWidget, QTreeWidgetItem, QWidget

from ui import palette, text
from ui.icons import icon
from ui.widgets import EmptyState

RULE_TITLES: Final[dict[str, str]] = {
    "overlap": "Two operations at once on a resource",
    "capacity": "Resource over its capacity",
    "calendar": "Outside working time",
    "duration": "Wrong duration",
    "setup": "No room for the setup",
    "forbidden_sequence": "Forbidden setup sequence",
    "mode": "Resource not among the alternatives",
    "demand": "Secondary resource missing",
    "dependency": "Starts too early after its predecessor",
    "max_lag": "Too late after its predecessor",
    "release": "Before its release date",
    "deadline": "After its deadline",
    "horizon": "In the past",
    "unscheduled": "Not scheduled",
    "sameresource": "Must run on one resource",
    "differentresource": "Must run on different resources",
    "nooverlap": "Must not run at once",
    "startnoearlierthan": "Starts before its earliest start",
    "startnolaterthan": "Starts after its latest start",
    "finishnoearlierthan": "Ends before its earliest end",
    "finishnolaterthan": "Ends after its latest end",
    "muststarton": "Does not start on its fixed date",
    "mustfinishon": "Does not end on its fixed date",
    "locked": "Moved although locked",
    "frozen": "Moved although frozen",
    "started": "Moved although started",
    "completed": "Moved although completed",
    "scope": "Moved although out of scope",
    "blocked": "In a blocked span",
}
_SHOWN_PER_RULE = 500
_EVENT = Qt.ItemDataRole.UserRole
_TIME = Qt.ItemDataRole.UserRole + 1
_RESOURCE = Qt.ItemDataRole.UserRole + 2


class Violation(Protocol):
    """``engine.check.Violation``."""

    @property
    def rule(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def event_ids(self) -> Sequence[str]: ...
    @property
    def resource_id(self) -> str | None: ...
    @property
    def start_ms(self) -> int | None: ...


class ProblemsPanel(QWidget):
    """A tree of rules and their violations."""

    go_to_event = Signal(str)
    go_to_place = Signal(object, object)
    """(resource id or None, ms or None) of a violation without an operation."""

    def __init__(self) -> None:
        super().__init__()
        self.tree = QTreeWidget()
        self.tree.setColumnCount(3)
        self.tree.setHeaderLabels(["Problem", "Resource", "When"])
        self.tree.setUniformRowHeights(True)
        self.tree.setIndentation(18)
        self.tree.setAccessibleName("Broken rules")
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.resizeSection(1, 170)
        header.resizeSection(2, 130)
        self.tree.itemClicked.connect(lambda item, _: self._go(item))
        self.tree.itemActivated.connect(lambda item, _: self._go(item))
        self._stack = QStackedLayout(self)
        self._stack.addWidget(EmptyState("schedule", "No schedule is open"))
        self._stack.addWidget(EmptyState("success", "All rules hold", "Whatever breaks a rule is listed here."))
        self._stack.addWidget(self.tree)

    def show_violations(self, violations: Sequence[Violation], resource_names: dict[str, str], zone: dt.tzinfo) -> None:
        """List the violations; rules that were folded stay folded."""
        folded = {item.data(0, _RESOURCE) for item in self._groups() if not item.isExpanded()}
        self.tree.clear()
        groups: dict[str, list[Violation]] = {}
        for one in violations:
            groups.setdefault(one.rule, []).append(one)
        for rule, members in sorted(groups.items(), key=lambda pair: -len(pair[1])):
            group = self._group(rule, len(members))
            for one in members[:_SHOWN_PER_RULE]:
                group.addChild(_row(one, resource_names, zone))
            if len(members) > _SHOWN_PER_RULE:
                group.addChild(QTreeWidgetItem([f"and {text.number(len(members) - _SHOWN_PER_RULE)} more"]))
            group.setExpanded(rule not in folded)
        self._stack.setCurrentIndex(2 if violations else 1)

    def _group(self, rule: str, size: int) -> QTreeWidgetItem:
        title = RULE_TITLES.get(rule, rule)
        item = QTreeWidgetItem(self.tree, [f"{title}  ({text.number(size)})"])
        item.setIcon(0, icon("warning", palette.WARN if rule == "unscheduled" else palette.BAD))
        item.setData(0, _RESOURCE, rule)
        font = item.font(0)
        font.setWeight(QFont.Weight.DemiBold)
        item.setFont(0, font)
        item.setFirstColumnSpanned(True)
        return item

    def _groups(self) -> list[QTreeWidgetItem]:
        items = (self.tree.topLevelItem(i) for i in range(self.tree.topLevelItemCount()))
        return [item for item in items if item is not None]

    def _go(self, item: QTreeWidgetItem) -> None:
        if item.parent() is None:
            return
        event_id = item.data(0, _EVENT)
        if event_id:
            self.go_to_event.emit(event_id)
        elif item.data(0, _RESOURCE) or item.data(0, _TIME) is not None:
            self.go_to_place.emit(item.data(0, _RESOURCE), item.data(0, _TIME))


def _row(one: Violation, resource_names: dict[str, str], zone: dt.tzinfo) -> QTreeWidgetItem:
    resource = resource_names.get(one.resource_id, one.resource_id) if one.resource_id else ""
    when = text.instant(one.start_ms, zone) if one.start_ms is not None else ""
    item = QTreeWidgetItem([one.message, resource, when])
    item.setToolTip(0, one.message)
    item.setData(0, _EVENT, one.event_ids[0] if one.event_ids else "")
    item.setData(0, _RESOURCE, one.resource_id)
    item.setData(0, _TIME, one.start_ms)
    return item
