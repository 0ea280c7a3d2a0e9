"""Late orders and what made them late; and the other way round, the resources and orders that delay others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from engine.explain import TITLES, Delayer, Kind, LateOrder, Part
from ui import text
from ui.explain.cause_bar import Legend
from ui.explain.cause_tree import CauseTree, TreeRow
from ui.widgets import ElidedLabel, EmptyState, Segmented

_VIEWS = (("orders", "By order"), ("resources", "By resource"), ("delayers", "By delaying order"))
_HEADINGS = {"orders": "Late order", "resources": "Resource", "delayers": "Order that delays others"}


@dataclass(frozen=True)
class LateFindings:
    """What the page shows."""

    orders: Sequence[LateOrder]
    resources: Sequence[Delayer]
    delayers: Sequence[Delayer]


class LatePage(QWidget):
    """A tree with bars: order, causes, and the moments that each cause is made of."""

    go_to_event = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._found = LateFindings((), (), ())
        self._heading = ElidedLabel("", "muted")
        self.view = Segmented(_VIEWS)
        self.view.setFixedWidth(400)
        self.view.changed.connect(lambda _: self._refresh())
        self.tree, self.legend = CauseTree(), Legend()
        self.tree.go_to_event.connect(self.go_to_event)
        head = QHBoxLayout()
        head.setContentsMargins(12, 6, 10, 6)
        head.addWidget(self._heading, 1)
        head.addWidget(self.view)
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(head)
        box.addWidget(self.tree, 1)
        box.addWidget(self.legend)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(
            EmptyState("success", "No order is late", "Orders that end after their due date show here.")
        )
        self._stack.addWidget(content)

    def show_findings(self, found: LateFindings) -> None:
        """Show why orders are late."""
        self._found = found
        late_ms = sum(item.lateness_ms for item in found.orders)
        orders = text.count(len(found.orders), "late order")
        self._heading.setText(f"{orders}, {text.duration(late_ms)} in all. A click goes to the operation.")
        kinds = {cause.kind for item in found.orders for cause in item.causes if cause.late_ms}
        self.legend.show_kinds([kind for kind in TITLES if kind in kinds])
        self._stack.setCurrentIndex(1 if found.orders else 0)
        self._refresh()

    def show_view(self, key: str) -> None:
        """Show ``orders``, ``resources`` or ``delayers``."""
        self.view.set_value(key)
        self._refresh()

    def _refresh(self) -> None:
        key = self.view.value()
        names = {item.id: item for item in self._found.orders}
        if key == "orders":
            rows = [order_row(item) for item in self._found.orders]
        elif key == "resources":
            rows = [_delayer_row(one, names, of_resource=True) for one in self._found.resources]
        else:
            rows = [_delayer_row(one, names, of_resource=False) for one in self._found.delayers]
        self.tree.show_rows(rows, _HEADINGS[key])


def order_row(item: LateOrder) -> TreeRow:
    """Return the row of a late order."""
    segments = tuple((cause.kind, cause.late_ms) for cause in item.causes if cause.late_ms)
    last = item.links[-1].event_id if item.links else None
    return TreeRow(item.name, item.lateness_ms, None, segments, last, item.text, True, lambda: _cause_rows(item))


def _cause_rows(item: LateOrder) -> list[TreeRow]:
    rows: list[TreeRow] = []
    for cause in item.causes:
        parts = [
            part
            for part in item.parts
            if (part.kind, part.resource_id) == (cause.kind, cause.resource_id) and part.event_id in cause.event_ids
        ]
        segments = ((cause.kind, cause.late_ms),) if cause.late_ms else ()
        event_id = cause.event_ids[0] if cause.event_ids else None
        row = TreeRow(cause.title, cause.late_ms, cause.amount_ms, segments, event_id, cause.text)
        if parts:
            row.make_children = lambda parts=parts: [_part_row(part) for part in parts]
        rows.append(row)
    return rows


def _part_row(part: Part) -> TreeRow:
    segments = ((part.kind, part.late_ms),) if part.late_ms else ()
    return TreeRow(part.text, part.late_ms, part.amount_ms, segments, part.event_id)


def _delayer_row(one: Delayer, items: dict[str, LateOrder], *, of_resource: bool) -> TreeRow:
    """The row of what delays orders: below it, the orders that it delays."""
    head = TreeRow(one.name, one.late_ms, one.amount_ms, ((Kind.CAPACITY, one.late_ms),), None, is_head=True)
    if of_resource:
        kinds: dict[Kind, int] = {}
        for item in items.values():
            for cause in item.causes:
                if cause.resource_id == one.id and cause.late_ms:
                    kinds[cause.kind] = kinds.get(cause.kind, 0) + cause.late_ms
        head.segments = tuple(kinds.items())

    def children() -> list[TreeRow]:
        rows: list[TreeRow] = []
        for share in one.orders:
            item = items.get(share.order_id or "")
            found = [] if item is None else _parts_of(item, one.id, of_resource)
            segments = ((Kind.CAPACITY, share.late_ms),) if not of_resource else _by_kind(found)
            name = item.name if item is not None else str(share.order_id)
            row = TreeRow(name, share.late_ms, share.amount_ms, segments, found[0].event_id if found else None)
            row.make_children = lambda found=found: [_part_row(part) for part in found]
            rows.append(row)
        return rows

    head.make_children = children
    return head


def _parts_of(item: LateOrder, key: str, of_resource: bool) -> list[Part]:
    """The delays of an order at a resource, or by an order."""
    delays = [part for part in item.parts if not part.kind.is_needed]
    return [part for part in delays if (part.resource_id == key if of_resource else key in part.order_ids)]


def _by_kind(parts: list[Part]) -> tuple[tuple[Kind, int], ...]:
    sums: dict[Kind, int] = {}
    for part in parts:
        if part.late_ms:
            sums[part.kind] = sums.get(part.kind, 0) + part.late_ms
    return tuple(sums.items())
