"""Which operations a run may move."""

from __future__ import annotations

import datetime as dt

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from engine.model import Schedule
from ui import text
from ui.studio.settings import RunSettings
from ui.widgets import DateTimeField, combo, label

_ID = Qt.ItemDataRole.UserRole
_CHOICES = (
    ("all", "All operations"),
    ("operations", "Selected operations"),
    ("resources", "Operations on some resources"),
    ("span", "Operations in a time span"),
)


class ScopeEditor(QWidget):
    """All operations, those selected on the board, those on some resources, or those that start in a time span."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._selection: tuple[str, ...] = ()
        self._kind = combo()
        self._kind.setAccessibleName("Scope")
        for key, title in _CHOICES:
            self._kind.addItem(title, key)
        self._kind.currentIndexChanged.connect(lambda _: self._on_kind())
        self._hint = label("", "small", wrap=True)
        self._resources = QTreeWidget()
        self._resources.setProperty("role", "framed")
        self._resources.setHeaderHidden(True)
        self._resources.setFixedHeight(150)
        self._resources.setAccessibleName("Resources in scope")
        self._resources.itemChanged.connect(lambda *_: self._on_changed())
        self._span = QWidget()
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(6)
        for one in (self._kind, self._resources, self._span, self._hint):
            self._box.addWidget(one)
        self._start: DateTimeField | None = None
        self._end: DateTimeField | None = None
        self._show_kind()

    def set_plan(self, schedule: Schedule, zone: dt.tzinfo) -> None:
        """Offer the plan's resources and its time zone; ticks of resources that still exist stay."""
        checked = set(self._checked())
        self._resources.blockSignals(True)
        self._resources.clear()
        groups: dict[str, QTreeWidgetItem] = {}
        for resource in schedule.snapshot.resources:
            name = resource.group or "Other resources"
            if name not in groups:
                groups[name] = QTreeWidgetItem(self._resources, [name])
                groups[name].setFlags(groups[name].flags() | Qt.ItemFlag.ItemIsAutoTristate)
            item = QTreeWidgetItem(groups[name], [resource.name])
            item.setData(0, _ID, resource.id)
            item.setCheckState(0, Qt.CheckState.Checked if resource.id in checked else Qt.CheckState.Unchecked)
        self._resources.blockSignals(False)
        if self._start is None:
            self._make_span(zone, schedule)
        self._show_kind()

    def set_selection(self, event_ids: tuple[str, ...]) -> None:
        """Take over what is selected on the board."""
        self._selection = event_ids
        self._show_kind()
        if self._kind.currentData() == "operations":
            self.changed.emit()

    def choose_selection(self) -> None:
        """Limit the run to what is selected on the board."""
        self._kind.setCurrentIndex(self._kind.findData("operations"))

    def values(self) -> dict[str, object]:
        """Return the fields of ``RunSettings`` that this part holds."""
        return {
            "scope": self._kind.currentData(),
            "scope_event_ids": self._selection,
            "scope_resource_ids": self._checked(),
            "scope_start": self._start.value() if self._start else None,
            "scope_end": self._end.value() if self._end else None,
        }

    def read(self, settings: RunSettings) -> None:
        """Show the kind of scope of the settings, silently."""
        self._kind.blockSignals(True)
        self._kind.setCurrentIndex(self._kind.findData(settings.scope))
        self._kind.blockSignals(False)
        self._show_kind()

    def summary(self) -> str:
        """Return the scope in a few words."""
        kind = self._kind.currentData()
        if kind == "operations":
            return text.count(len(self._selection), "operation")
        return text.count(len(self._checked()), "resource") if kind == "resources" else self._kind.currentText()

    def _make_span(self, zone: dt.tzinfo, schedule: Schedule) -> None:
        self._start, self._end = DateTimeField(zone, optional=True), DateTimeField(zone, optional=True)
        now = schedule.metadata.horizon_start or schedule.metadata.timestamp
        self._start.suggest(now)
        self._end.suggest(now + dt.timedelta(days=7))
        grid = QGridLayout(self._span)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        for row, (title, field) in enumerate((("From", self._start), ("Until", self._end))):
            grid.addWidget(label(title), row, 0)
            grid.addWidget(field, row, 1)
            field.changed.connect(self.changed)

    def _checked(self) -> tuple[str, ...]:
        found: list[str] = []
        for i in range(self._resources.topLevelItemCount()):
            group = self._resources.topLevelItem(i)
            for k in range(group.childCount() if group else 0):
                item = group.child(k) if group else None
                if item is not None and item.checkState(0) == Qt.CheckState.Checked:
                    found.append(item.data(0, _ID))
        return tuple(found)

    def _on_kind(self) -> None:
        self._show_kind()
        self.changed.emit()

    def _on_changed(self) -> None:
        self._show_kind()
        self.changed.emit()

    def _show_kind(self) -> None:
        kind = self._kind.currentData()
        self._resources.setVisible(kind == "resources")
        self._span.setVisible(kind == "span")
        hints = {
            "operations": f"{text.count(len(self._selection), 'operation')} selected on the board",
            "resources": f"{text.count(len(self._checked()), 'resource')} ticked",
            "span": "Operations that start in this span may move.",
        }
        self._hint.setText(hints.get(kind, ""))
        self._hint.setVisible(kind in hints)
