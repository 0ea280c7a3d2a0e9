"""The small forms of the changes, one a kind, in the words of the plant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QDate, Qt, QTime
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QCompleter,
    QDateEdit,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QTimeEdit,
    QWidget,
)

from app.what_if.changes import (
    Change,
    ExtraShift,
    MachineDown,
    MovedDueDate,
    OtherObjective,
    OtherProfile,
    RushOrder,
)
from engine.horizon import horizon_start_ms
from engine.instants import from_ms, zone_of
from engine.model import Schedule
from ui.studio.labels import OBJECTIVE_TITLES
from ui.widgets import DateTimeField, combo, inset


class ChangeForm(QWidget):
    """One form; ``change`` reads it."""

    def __init__(self) -> None:
        super().__init__()
        self.form = QFormLayout(self)
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.setHorizontalSpacing(12)
        self.form.setVerticalSpacing(8)
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)

    def add(self, title: str, field: QWidget) -> None:
        """Add a field under its name."""
        field.setAccessibleName(title)
        self.form.addRow(title, field)

    def change(self) -> Change:
        """Return what the form says."""
        raise NotImplementedError


class GoalForm(ChangeForm):
    """Another objective."""

    def __init__(self) -> None:
        super().__init__()
        self.goal = combo()
        for key, title in OBJECTIVE_TITLES.items():
            self.goal.addItem(title, key)
        self.add("Goal", self.goal)

    def change(self) -> Change:
        return OtherObjective(objective=self.goal.currentData())


class ProfileForm(ChangeForm):
    """Another profile."""

    def __init__(self, profiles: Sequence[str]) -> None:
        super().__init__()
        self.profile = combo()
        self.profile.addItems(list(profiles))
        self.add("Profile", self.profile)

    def change(self) -> Change:
        return OtherProfile(profile=self.profile.currentText())


class ShiftForm(ChangeForm):
    """One more shift of a resource or of a calendar."""

    def __init__(self, schedule: Schedule) -> None:
        super().__init__()
        shot = schedule.snapshot
        self.where = picker([(item.name or item.id, ("resource", item.id)) for item in shot.resources if item.calendar])
        for item in shot.calendars:
            self.where.addItem(f"Everybody of {item.name or item.id}", ("calendar", item.id))
        self.day = inset(QDateEdit())
        self.day.setDisplayFormat("ddd d MMM yyyy")
        self.day.setCalendarPopup(True)
        start = _local_start(schedule)
        saturday = start.date() + dt.timedelta(days=(5 - start.weekday()) % 7)
        self.day.setDate(QDate(saturday.year, saturday.month, saturday.day))
        self.begin, self.end = inset(QTimeEdit(QTime(6, 0))), inset(QTimeEdit(QTime(14, 0)))
        for edit in (self.begin, self.end):
            edit.setDisplayFormat("HH:mm")
        self.begin.setAccessibleName("From")
        self.end.setAccessibleName("To")
        hours = QWidget()
        row = QHBoxLayout(hours)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.begin, 1)
        row.addWidget(self.end, 1)
        self.add("On", self.where)
        self.add("Day", self.day)
        self.add("From, to", hours)

    def change(self) -> Change:
        kind, key = self.where.currentData()
        day, begin, end = self.day.date(), self.begin.time(), self.end.time()
        values: dict[str, Any] = {
            kind: key,
            "day": f"{day.year():04d}-{day.month():02d}-{day.day():02d}",
            "from_": f"{begin.hour():02d}:{begin.minute():02d}",
            "to": f"{end.hour():02d}:{end.minute():02d}",
        }
        return ExtraShift(**values)


class DownForm(ChangeForm):
    """A resource that is out for a while."""

    def __init__(self, schedule: Schedule) -> None:
        super().__init__()
        zone = zone_of(schedule.metadata.time_zone)
        self.where = picker([(item.name or item.id, item.id) for item in schedule.snapshot.resources])
        self.start, self.end = DateTimeField(zone), DateTimeField(zone)
        begin = (_local_start(schedule) + dt.timedelta(days=1)).replace(hour=6, minute=0, second=0, microsecond=0)
        self.start.set_value(begin)
        self.end.set_value(begin + dt.timedelta(days=1))
        self.add("Resource", self.where)
        self.add("From", self.start)
        self.add("To", self.end)

    def change(self) -> Change:
        return MachineDown(resource=self.where.currentData(), start=_known(self.start), end=_known(self.end))


class RushForm(ChangeForm):
    """An order that becomes urgent, or a second one like it."""

    def __init__(self, schedule: Schedule) -> None:
        super().__init__()
        zone = zone_of(schedule.metadata.time_zone)
        self.order = picker([(item.name or item.id, item.id) for item in schedule.snapshot.orders])
        self.due = DateTimeField(zone, optional=True)
        self.due.suggest(_local_start(schedule) + dt.timedelta(days=3))
        self.priority = inset(QDoubleSpinBox())
        self.priority.setRange(0, 1_000)
        self.priority.setDecimals(1)
        self.priority.setSpecialValueText("as it is")
        self.copy = QCheckBox("A new order like it, called")
        self.name = QLineEdit()
        self.name.setPlaceholderText("Rush 1")
        self.name.setEnabled(False)
        self.name.setAccessibleName("Name of the new order")
        self.copy.toggled.connect(self.name.setEnabled)
        self.add("Order", self.order)
        self.add("Due", self.due)
        self.add("Priority", self.priority)
        self.form.addRow(self.copy, self.name)

    def change(self) -> Change:
        return RushOrder(
            order=self.order.currentData() or "",
            due_date=self.due.value(),
            priority=self.priority.value() or None,
            copy_as=(self.name.text().strip() or "Rush 1") if self.copy.isChecked() else None,
        )


class DueForm(ChangeForm):
    """Another due date."""

    def __init__(self, schedule: Schedule) -> None:
        super().__init__()
        self._due = {item.id: item.due_date for item in schedule.snapshot.orders}
        self.order = picker([(item.name or item.id, item.id) for item in schedule.snapshot.orders])
        self.due = DateTimeField(zone_of(schedule.metadata.time_zone))
        self.order.currentIndexChanged.connect(lambda _: self._preset())
        self.add("Order", self.order)
        self.add("New due date", self.due)
        self._preset()

    def change(self) -> Change:
        return MovedDueDate(order=self.order.currentData(), due_date=_known(self.due))

    def _preset(self) -> None:
        due = self._due.get(self.order.currentData() or "")
        if due is not None:
            self.due.set_value(due)


def picker(items: Sequence[tuple[str, Any]]) -> QComboBox:
    """Return a list to choose from in which one can type, too."""
    result = combo()
    for title, data in items:
        result.addItem(title, data)
    result.setEditable(True)
    result.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    completer = result.completer()
    if completer is not None:
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
    edit = result.lineEdit()
    if edit is not None:
        edit.editingFinished.connect(lambda: result.setEditText(result.itemText(result.currentIndex())))
    return result


def forms_of(schedule: Schedule, profiles: Sequence[str]) -> list[tuple[str, ChangeForm]]:
    """Return the forms that make sense for a plan, each with its title."""
    found: list[tuple[str, ChangeForm]] = [("Another goal", GoalForm())]
    if profiles:
        found.append(("Another profile", ProfileForm(profiles)))
    if schedule.snapshot.calendars:
        found.append(("An extra shift", ShiftForm(schedule)))
    if schedule.snapshot.resources:
        found.append(("A machine down", DownForm(schedule)))
    if schedule.snapshot.orders:
        found += [("A rush order", RushForm(schedule)), ("A due date moved", DueForm(schedule))]
    return found


def _local_start(schedule: Schedule) -> dt.datetime:
    return from_ms(horizon_start_ms(schedule)).astimezone(zone_of(schedule.metadata.time_zone))


def _known(field: DateTimeField) -> dt.datetime:
    value = field.value()
    assert value is not None
    return value
