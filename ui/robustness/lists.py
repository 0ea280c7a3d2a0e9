"""The tables of the Robustness dock: orders by risk, hand-offs by the delay they pass on, buffers of resources."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from engine.model import Schedule
from engine.robustness import HandOff, ItemRisk, ResourceBuffer
from ui import palette, text
from ui.tables import Column, RowTable

_KINDS = {"dependency": "Dependency", "sequence": "Sequence", "shared": "Shared", "exclusion": "Not at once"}
_SURE, _LIKELY = 0.9, 0.5
_SORT_ROLE = Qt.ItemDataRole.UserRole
_BAR_WIDTH = 150
_LATE_TIP = "It is not later than this in nine of ten replications"
_BUFFER_TIP = "Idle working time between its first and its last operation"


class OrderTable(RowTable[ItemRisk]):
    """Orders, the least sure first; a click goes to the operation that ends last."""

    go_to_event = Signal(str)

    def __init__(self) -> None:
        self._zone: dt.tzinfo = dt.UTC
        super().__init__(self._columns(), stretch=0, row_tip=self._tip)
        self.setItemDelegateForColumn(2, _ShareBar(self, lambda share: palette.LATENESS[_risk(share)]))
        self.setAccessibleName("Orders by the probability to be on time")
        self.clicked.connect(lambda _: self._go())
        self.row_activated.connect(lambda item: self.go_to_event.emit(item.last_event))

    def show_items(self, items: tuple[ItemRisk, ...], zone: dt.tzinfo) -> None:
        """List the orders that have a date."""
        self._zone = zone
        self.set_rows([item for item in items if item.due_date is not None])
        self.setColumnWidth(2, _BAR_WIDTH)

    def _columns(self) -> list[Column[ItemRisk]]:
        return [
            Column("Order", lambda i: i.name),
            Column("Due", lambda i: text.instant(i.due_date, self._zone) if i.due_date else "", lambda i: i.due_date),
            Column("On time", lambda i: text.percent(i.on_time or 0, 0), lambda i: i.on_time),
            Column("Planned late", lambda i: _late(i.planned_tardiness), lambda i: i.planned_tardiness, _muted, True),
            Column("Expected late", lambda i: _late(i.expected_tardiness), lambda i: i.expected_tardiness, None, True),
            Column("P90 late", lambda i: _late(i.p90_tardiness), lambda i: i.p90_tardiness, None, True, _LATE_TIP),
        ]

    def _tip(self, item: ItemRisk) -> str:
        if item.on_time is None or item.low is None or item.high is None or item.due_date is None:
            return ""
        low, high = text.percent(item.low), text.percent(item.high)
        lines = [
            f"On time in {text.percent(item.on_time)} of the replications (surely between {low} and {high})",
            f"Planned end {text.instant(item.planned_end, self._zone)}, due {text.instant(item.due_date, self._zone)}",
            f"Ends by {text.instant(item.p50_end, self._zone)} in half of the replications, "
            f"by {text.instant(item.p90_end, self._zone)} in nine of ten",
        ]
        if item.unscheduled:
            lines.append(f"{text.count(item.unscheduled, 'operation')} of it not scheduled")
        return "\n".join(lines)

    def _go(self) -> None:
        for item in self.selected_rows()[:1]:
            self.go_to_event.emit(item.last_event)


class HandOffTable(RowTable[HandOff]):
    """Hand-offs, the worst first; a click on the first name goes to that operation, elsewhere to the second."""

    go_to_event = Signal(str)

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._resources: dict[str, str] = {}
        super().__init__(self._columns(), stretch=1, row_tip=self._tip)
        self.setItemDelegateForColumn(3, _ShareBar(self, lambda _: palette.CATEGORIES[1]))
        self.setAccessibleName("Hand-offs by the delay that they pass on")
        self.clicked.connect(self._go)
        self.row_activated.connect(lambda one: self.go_to_event.emit(one.to_event))

    def show_hand_offs(self, hand_offs: tuple[HandOff, ...], schedule: Schedule) -> None:
        """List the hand-offs of a schedule."""
        self._names = {op.id: op.name or op.id for op in schedule.snapshot.events}
        self._resources = {r.id: r.name or r.id for r in schedule.snapshot.resources}
        self.set_rows(hand_offs)
        self.setColumnWidth(3, _BAR_WIDTH)

    def _columns(self) -> list[Column[HandOff]]:
        return [
            Column("From", lambda h: self._names.get(h.from_event, h.from_event)),
            Column("To", lambda h: self._names.get(h.to_event, h.to_event)),
            Column("Over", self._over),
            Column("How often", lambda h: text.percent(h.share, 0), lambda h: h.share),
            Column("Delay then", lambda h: _rough(h.mean_delay), lambda h: h.mean_delay, None, True),
            Column(
                "Buffer", lambda h: text.duration(h.buffer), lambda h: h.buffer, _thin, True, "Time between the two"
            ),
        ]

    def _over(self, one: HandOff) -> str:
        return _KINDS[one.kind] if one.resource_id is None else self._resources.get(one.resource_id, one.resource_id)

    def _tip(self, one: HandOff) -> str:
        first, second = self._names.get(one.from_event, one.from_event), self._names.get(one.to_event, one.to_event)
        why = {
            "dependency": "it depends on it",
            "sequence": f"it is next on {self._over(one)}",
            "shared": f"both need {self._over(one)}",
            "exclusion": "they must not run at once",
        }[one.kind]
        return (
            f"{second} is late because of {first} in {text.percent(one.share)} of the replications: {why}.\n"
            f"Then by {_rough(one.mean_delay)} on average, {_rough(one.expected_delay)} over all."
        )

    def _go(self, index: QModelIndex) -> None:
        for one in self.selected_rows()[:1]:
            self.go_to_event.emit(one.from_event if index.column() == 0 else one.to_event)


class ResourceTable(RowTable[ResourceBuffer]):
    """Resources: how much idle time absorbs delays, and how late their operations begin."""

    def __init__(self) -> None:
        self._resources: dict[str, str] = {}
        super().__init__(self._columns(), stretch=0)
        self.setItemDelegateForColumn(3, _ShareBar(self, lambda _: palette.CATEGORIES[5]))
        self.setItemDelegateForColumn(4, _ShareBar(self, lambda _: palette.CATEGORIES[1]))
        self.setAccessibleName("Resources and their buffers")

    def show_buffers(self, buffers: tuple[ResourceBuffer, ...], schedule: Schedule) -> None:
        """List the resources of a schedule, those with the most delay first."""
        self._resources = {r.id: r.name or r.id for r in schedule.snapshot.resources}
        self.set_rows(sorted(buffers, key=lambda b: -b.mean_delay))
        for column in (3, 4):
            self.setColumnWidth(column, _BAR_WIDTH)

    def _columns(self) -> list[Column[ResourceBuffer]]:
        return [
            Column("Resource", lambda b: self._resources.get(b.resource_id, b.resource_id)),
            Column("Operations", lambda b: text.number(b.operations), lambda b: b.operations, None, True),
            Column("Buffer", lambda b: text.duration(b.buffer), lambda b: b.buffer, None, True, _BUFFER_TIP),
            Column("Buffer share", lambda b: text.percent(b.buffer_share, 0), lambda b: b.buffer_share),
            Column("Begin late", lambda b: text.percent(b.delayed_share, 0), lambda b: b.delayed_share),
            Column("Mean delay", lambda b: _late(b.mean_delay), lambda b: b.mean_delay, None, True),
            Column("Repairs", lambda b: _late(b.downtime), lambda b: b.downtime, None, True, "Mean of a replication"),
        ]


class _ShareBar(QStyledItemDelegate):
    """Paints a share as a bar with its per cent behind it; ``tone`` gives the colours of a share."""

    def __init__(self, parent: QObject, tone: Callable[[float], palette.Tone]) -> None:
        super().__init__(parent)
        self._tone = tone

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        share = index.data(_SORT_ROLE)
        self.initStyleOption(option, index)
        words, option.text = option.text, ""  # type: ignore[attr-defined]
        widget = option.widget  # type: ignore[attr-defined]
        widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, widget)
        if share is None:
            return
        area = option.rect.adjusted(8, 0, -8, 0)  # type: ignore[attr-defined]
        room = option.fontMetrics.horizontalAdvance("100 %") + 8  # type: ignore[attr-defined]
        track = QRectF(area.left(), area.center().y() - 4, max(10, area.width() - room), 9)
        tone = self._tone(share)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(palette.HOVER))
        painter.drawRoundedRect(track, 2, 2)
        if share:
            painter.setPen(QPen(QColor(tone.edge), 1))
            painter.setBrush(QColor(tone.fill))
            filled = QRectF(track.left() + 0.5, track.top() + 0.5, max(3.0, track.width() * share) - 1, 8)
            painter.drawRoundedRect(filled, 2, 2)
        painter.setPen(QColor(palette.INK))
        painter.drawText(area, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), words)
        painter.restore()


def _risk(share: float) -> str:
    return "on time" if share >= _SURE else "at risk" if share >= _LIKELY else "late"


def _late(milliseconds: float) -> str:
    return _rough(milliseconds) if milliseconds >= text.MINUTE_MS / 2 else text.DASH


def _rough(milliseconds: float) -> str:
    return text.duration(round(milliseconds / text.MINUTE_MS) * text.MINUTE_MS)


def _muted(_: ItemRisk) -> str | None:
    return palette.INK_MUTED


def _thin(one: HandOff) -> str | None:
    return palette.BAD if not one.buffer else None
