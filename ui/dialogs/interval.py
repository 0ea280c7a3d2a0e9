"""A span of a resource to keep free."""

from __future__ import annotations

import datetime as dt

from PySide6.QtWidgets import QGridLayout, QWidget

from engine.model import Operation, ResourceInterval, Schedule
from ui.dialogs.base import Dialog
from ui.widgets import DateTimeField, Notice, combo, label

_DEFAULT_SPAN = dt.timedelta(hours=8)


class IntervalDialog(Dialog):
    """Asks for a resource, a start and an end; preset from an operation, else 8 hours from now."""

    def __init__(self, schedule: Schedule, zone: dt.tzinfo, preset: Operation | None, parent: QWidget | None) -> None:
        super().__init__("Block a span", parent, heading="Keep a resource free for a time")
        self._resource = combo()
        for resource in schedule.snapshot.resources:
            self._resource.addItem(resource.name, resource.id)
        now = schedule.metadata.horizon_start or schedule.metadata.timestamp
        start = preset.start_date if preset and preset.start_date else now
        end = preset.end_date if preset and preset.end_date else start + _DEFAULT_SPAN
        if preset and preset.resource_id:
            self._resource.setCurrentIndex(self._resource.findData(preset.resource_id))
        self._from, self._until = DateTimeField(zone), DateTimeField(zone)
        self._from.set_value(start)
        self._until.set_value(end)
        self._notice = Notice("bad")
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        for row, (title, field) in enumerate(
            (("Resource", self._resource), ("From", self._from), ("Until", self._until))
        ):
            grid.addWidget(label(title), row, 0)
            grid.addWidget(field, row, 1)
        self.body.addLayout(grid)
        self.body.addWidget(self._notice)
        self.add_action("Cancel", self.reject)
        self._ok = self.add_action("Block", self.accept, role="primary")
        self._from.changed.connect(self._validate)
        self._until.changed.connect(self._validate)
        self._validate()

    def interval(self) -> ResourceInterval:
        """Return the span as set."""
        start, end = self._from.value(), self._until.value()
        assert start is not None and end is not None
        return ResourceInterval(resource_id=self._resource.currentData(), start=start, end=end)

    def _validate(self) -> None:
        start, end = self._from.value(), self._until.value()
        is_right = start is not None and end is not None and start < end
        self._notice.say("bad", "" if is_right else "The span must end after it starts.")
        self._until.set_bad(not is_right)
        self._ok.setEnabled(is_right and self._resource.count() > 0)
