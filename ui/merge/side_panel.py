"""Beside the conflicts: what comes from whom, and the rules that the merged plan breaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.merge_desk import DeskView, Problem
from ui import palette, text
from ui.icons import icon
from ui.widgets import label, line

_EVENT: Final = Qt.ItemDataRole.UserRole
_SHOWN: Final = 300
_ROW_PX: Final = 38
_MOST_ROWS: Final = 3


class SidePanel(QWidget):
    """Follows the merge as choices are made."""

    go_to_event = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._heads = [label("", "caption", wrap=True) for _ in range(2)]
        self._bodies = [label("", "", wrap=True) for _ in range(2)]
        self.verdict = label("", "strong", wrap=True)
        self.problems = QListWidget()
        self.problems.setProperty("role", "framed")
        self.problems.setAccessibleName("Rules that the merged plan breaks, and what a rerun moved")
        self.problems.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.problems.setWordWrap(True)
        self.problems.setIconSize(QSize(16, 16))
        self.problems.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.problems.itemClicked.connect(self._go)
        self.problems.itemActivated.connect(self._go)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(3)
        for head, body in zip(self._heads, self._bodies, strict=True):
            box.addWidget(head)
            box.addWidget(body)
            box.addSpacing(5)
        box.addWidget(line())
        box.addSpacing(3)
        box.addWidget(self.verdict)
        box.addWidget(self.problems, 1)
        self._end = QWidget()
        box.addWidget(self._end, 1)

    def show_view(self, view: DeskView) -> None:
        """Show what a merge takes from whom, and what it breaks."""
        names = view.names
        sides = ((names.mine, view.mine_brings), (names.other, view.other_brings))
        for head, body, (side, lines) in zip(self._heads, self._bodies, sides, strict=True):
            detail = names.of(side).detail
            head.setText(f"From {names.inline(side)}{f' ({detail})' if detail else ''}")
            body.setText("\n".join(_capital(one) for one in lines) if lines else "Nothing")
        plan = "The repaired plan" if view.repaired is not None else "The merged plan"
        self.verdict.setText(f"{plan} {_verdict(view.problems)}")
        self.problems.clear()
        for one in view.problems[:_SHOWN]:
            self.problems.addItem(_item(one))
        if len(view.problems) > _SHOWN:
            self.problems.addItem(f"and {text.number(len(view.problems) - _SHOWN)} more")
        moves = view.repaired.moves if view.repaired is not None else ()
        for event_id, words in moves[:_SHOWN]:
            item = QListWidgetItem(icon("changes", palette.PREVIEW), words)
            item.setData(_EVENT, event_id)
            self.problems.addItem(item)
        self.problems.setMinimumHeight(min(_MOST_ROWS, self.problems.count()) * _ROW_PX + 8)
        self.problems.setVisible(self.problems.count() > 0)
        self._end.setVisible(self.problems.count() == 0)

    def _go(self, item: QListWidgetItem) -> None:
        event_id = item.data(_EVENT)
        if event_id:
            self.go_to_event.emit(event_id)


def _verdict(problems: Sequence[Problem]) -> str:
    if not problems:
        return "keeps all rules."
    new = sum(one.is_new for one in problems)
    told = f"breaks {text.count(len(problems), 'rule')}"
    if not new:
        return f"{told}, none of them by merging."
    return f"{told}, {text.number(new)} of them by merging." if new < len(problems) else f"{told} by merging."


def _item(one: Problem) -> QListWidgetItem:
    item = QListWidgetItem(icon("warning", palette.BAD if one.is_new else palette.WARN), one.violation.message)
    item.setToolTip(one.violation.message + ("" if one.is_new else "\nOne side breaks it by itself."))
    item.setData(_EVENT, one.violation.event_ids[0] if one.violation.event_ids else "")
    return item


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
