"""Find an operation or an order: type, pick from the hits, Enter goes to the next one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QModelIndex, QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QCompleter, QLineEdit, QListView, QStyledItemDelegate

from engine.model import Schedule
from ui import text
from ui.icons import icon

_MOST_HITS = 30
_MOST_ORDERS = 8
_PAUSE_MS = 120
_POPUP_WIDTH = 400


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found: what the list says, and the operation to go to."""

    words: str
    event_id: str


def find_hits(schedule: Schedule, query: str, limit: int = _MOST_HITS) -> list[Hit]:
    """Return what contains every word of the query: orders first, then operations, best matches first.

    An order leads to its first operation in time (one that is not scheduled comes last).
    """
    words = query.casefold().split()
    if not words:
        return []
    order_hits = _order_hits(schedule, words)
    names = {order.id: order.name for order in schedule.snapshot.orders}
    found: list[tuple[int, int, Hit]] = []
    for index, op in enumerate(schedule.snapshot.events):
        order = names.get(op.order_id or "", op.order_id or "")
        rank = _rank(words, op.name, op.id, order)
        if rank is not None:
            place = "" if op.is_placed else ", not scheduled"
            found.append((rank, index, Hit(f"{op.name}{f'  ({order})' if order else ''}{place}", op.id)))
    found.sort(key=lambda one: one[:2])
    return (order_hits[:_MOST_ORDERS] + [hit for _, _, hit in found])[:limit]


def _order_hits(schedule: Schedule, words: list[str]) -> list[Hit]:
    first: dict[str, tuple[bool, float, str]] = {}
    counts: dict[str, int] = {}
    for op in schedule.snapshot.events:
        if op.order_id is None:
            continue
        counts[op.order_id] = counts.get(op.order_id, 0) + 1
        start = op.start_date.timestamp() if op.start_date else 0.0
        key = (op.start_date is None, start, op.id)
        if op.order_id not in first or key < first[op.order_id]:
            first[op.order_id] = key
    found: list[tuple[int, int, Hit]] = []
    for index, order in enumerate(schedule.snapshot.orders):
        rank = _rank(words, order.name, order.id, f"{order.product or ''} {order.customer or ''}")
        if rank is not None and order.id in first:
            size = text.count(counts[order.id], "operation")
            found.append((rank, index, Hit(f"Order {order.name}  ({size})", first[order.id][2])))
    found.sort(key=lambda one: one[:2])
    return [hit for _, _, hit in found]


def _rank(words: list[str], name: str, key: str, more: str) -> int | None:
    """0 for an exact name or id, 1 for a beginning, 2 for anything that contains all words."""
    low, low_key = name.casefold(), key.casefold()
    everything = f"{low} {low_key} {more.casefold()}"
    if not all(word in everything for word in words):
        return None
    query = " ".join(words)
    if query in (low, low_key):
        return 0
    return 1 if low.startswith(query) or low_key.startswith(query) else 2


class FindBox(QLineEdit):
    """A search field with a list of hits under it."""

    go_to_event = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._schedule: Schedule | None = None
        self._hits: Sequence[Hit] = ()
        self._next = 0
        self._model = QStringListModel(self)
        self.setPlaceholderText("Find operation or order")
        self.setAccessibleName("Find operation or order")
        self.setToolTip("Enter goes to the first hit, again Enter to the next (Ctrl+F)")
        self.setClearButtonEnabled(True)
        self.addAction(QAction(icon("find"), "", self), QLineEdit.ActionPosition.LeadingPosition)
        completer = QCompleter(self._model, self)
        completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        completer.setMaxVisibleItems(12)
        completer.setWidget(self)
        popup = QListView()
        completer.setPopup(popup)
        popup.setObjectName("findPopup")
        popup.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        popup.setItemDelegate(QStyledItemDelegate(popup))
        picked: Any = completer.activated
        picked[QModelIndex].connect(self._on_picked)
        self._completer, self._popup = completer, popup
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._on_pause)
        self.textEdited.connect(self._on_edited)

    def set_schedule(self, schedule: Schedule | None) -> None:
        """Search this plan from now on."""
        self._schedule = schedule
        if schedule is None:
            self.clear()

    def hits(self) -> Sequence[Hit]:
        """Return the present hits."""
        return self._hits

    def keyPressEvent(self, event: QKeyEvent) -> None:
        popup = self._popup
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if popup.isVisible() and popup.currentIndex().isValid():
                event.ignore()
                return
            self._go_next()
            return
        if event.key() == Qt.Key.Key_Escape and not popup.isVisible():
            self.clear()
            self.clearFocus()
            return
        super().keyPressEvent(event)

    def _on_edited(self) -> None:
        self._next = 0
        self._pause.start()

    def _on_pause(self) -> None:
        self._search()
        popup = self._popup
        if not self._hits or not self.hasFocus():
            popup.hide()
            return
        self._completer.complete()
        width = max(self.width(), _POPUP_WIDTH)
        right = self.mapToGlobal(self.rect().topRight()).x()
        popup.setGeometry(right - width + 1, popup.y() + 2, width, popup.height() + 6)

    def _search(self) -> None:
        self._pause.stop()
        self._hits = find_hits(self._schedule, self.text()) if self._schedule else []
        self._model.setStringList([hit.words for hit in self._hits])
        is_miss = bool(self.text().strip()) and not self._hits
        self.setProperty("role", "bad" if is_miss else "")
        self.style().unpolish(self)
        self.style().polish(self)

    def _go_next(self) -> None:
        if self._pause.isActive() or not self._hits:
            self._search()
            self._next = 0
        if self._hits:
            hit = self._hits[self._next % len(self._hits)]
            self._next += 1
            self._popup.hide()
            self.go_to_event.emit(hit.event_id)

    def _on_picked(self, index: QModelIndex) -> None:
        self._next = index.row() + 1
        self.go_to_event.emit(self._hits[index.row()].event_id)
