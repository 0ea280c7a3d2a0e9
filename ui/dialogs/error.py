"""An error as the planner sees it: code, message, what to do, and every detail to copy."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from engine.errors import TaktwerkError
from engine.model import ErrorObject
from ui.dialogs.base import Dialog
from ui.runs import error_parts
from ui.widgets import Section, button, label

_TITLES = {
    "E001": "The schedule is not valid",
    "E002": "No plan within the time limit",
    "E003": "No plan can satisfy these rules",
    "E004": "Someone saved a version meanwhile",
    "E005": "Locked",
    "E006": "Too large",
    "E007": "The run was interrupted",
    "E008": "Storage problem",
    "E009": "The package cannot be trusted",
    "E010": "Not allowed",
    "E011": "Too many requests",
    "E012": "Not found",
}
_WHAT_NOW = {
    "": "Your edits are kept. Try again; if it happens again, save a report under Help > Diagnostics and pass it on.",
    "E001": "Correct the places named here, then try again. Nothing was changed.",
    "E002": "Allow more time, or let fewer operations move. The present plan is as it was.",
    "E003": "Give up one of the rules named here, then optimise again.",
    "E004": "Compare with the other version, then save, merge or discard your edits.",
    "E005": "Unlock it first if it shall move.",
    "E006": "Take a smaller part of the plant, then try again.",
    "E007": "Take over the best plan found so far, or start the run again.",
    "E008": "If it stays, put an earlier copy back with File > Restore backup.",
    "E009": "Ask the sender for the file again.",
    "E012": "Reload the list and choose again.",
}
"""What to do, said below every error."""


class ErrorDialog(Dialog):
    """What happened, why, what to do now (``what_now``, by default what its code says), and every detail to copy.

    For E003 it shows the rules that cannot hold together, each a click away, and the repairs.
    """

    go_to_event = Signal(str)
    most_open = 2
    """With more details than this, they are folded away at first."""

    def __init__(self, error: Any, parent: QWidget | None, *, heading: str = "", what_now: str | None = None) -> None:
        code, message = error_parts(error)
        super().__init__("Taktwerk", parent, heading=heading or _TITLES.get(code, "Something went wrong"), width=520)
        self._code, self._message, self._details = code, message, details_of(error)
        self.body.addWidget(label(message, wrap=True, selectable=True))
        now = _WHAT_NOW.get(code, "") if what_now is None else what_now
        if now:
            self.body.addWidget(label(now, "muted", wrap=True))
        conflict, repairs = self._details.get("conflict"), self._details.get("repairs")
        if conflict:
            self._add_conflict(conflict)
        if repairs:
            self._add_repairs(repairs)
        rest = {k: v for k, v in self._details.items() if k not in ("conflict", "repairs")}
        if rest:
            self._add_details(rest)
        if code:
            self.add_left(label(f"Code {code}", "small"))
        self.add_action("Copy details", self._copy, icon_name="copy")
        self.close_button = self.add_action("Close", self.accept, role="primary")

    def as_text(self) -> str:
        """Return everything as text for the clipboard."""
        parts = [f"{self._code}: {self._message}" if self._code else self._message]
        if self._details:
            parts.append(json.dumps(self._details, indent=2, ensure_ascii=False, default=str))
        return "\n\n".join(parts)

    def _add_conflict(self, members: list[Any]) -> None:
        self.body.addWidget(label("These cannot hold together", "caption"))
        for member in members:
            self.body.addWidget(self._member(member))

    def _member(self, member: Any) -> QWidget:
        words, event_id = conflict_words(member)
        if event_id is None:
            return label(f"•  {words}", wrap=True, selectable=True)
        link = button(words, lambda: self._go(event_id), role="link", icon_name="goto")
        link.setToolTip("Show it on the board")
        return link

    def _add_repairs(self, repairs: list[Any]) -> None:
        self.body.addWidget(label("What would help", "caption"))
        for repair in repairs:
            self.body.addWidget(label(f"•  {conflict_words(repair)[0]}", wrap=True, selectable=True))

    def _add_details(self, details: dict[str, Any]) -> None:
        tree = QTreeWidget()
        tree.setProperty("role", "framed")
        tree.setHeaderLabels(["Detail", "Value"])
        tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        tree.setMinimumHeight(150)
        for key, value in details.items():
            tree.addTopLevelItem(_item(key, value))
        tree.expandToDepth(1)
        box = QWidget()
        inner = QVBoxLayout(box)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(tree)
        self.body.addWidget(Section("Details", box, is_open=len(details) <= self.most_open), 1)

    def _go(self, event_id: str) -> None:
        self.go_to_event.emit(event_id)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.as_text())


def details_of(error: Any) -> dict[str, Any]:
    """Return the details of an error object, exception or JSON."""
    if isinstance(error, dict):
        return dict(error.get("details") or {})
    if isinstance(error, TaktwerkError | ErrorObject):
        return dict(error.details)
    return {"type": type(error).__name__} if isinstance(error, BaseException) else {}


def conflict_words(member: Any) -> tuple[str, str | None]:
    """Return a conflict member or repair in words, and the operation it is about."""
    if not isinstance(member, dict):
        return str(member), None
    words = member.get("message") or member.get("text") or member.get("description") or member.get("kind")
    event_id = member.get("eventId") or next(iter(member.get("eventIds") or ()), None)
    return str(words or json.dumps(member, ensure_ascii=False)), event_id


def _item(key: str, value: Any) -> QTreeWidgetItem:
    if isinstance(value, dict) and {"path", "reason"} <= value.keys():
        found = f" (found {value['value']!r})" if value.get("value") is not None else ""
        item = QTreeWidgetItem([str(value["path"]), f"{value['reason']}{found}"])
        item.setToolTip(1, item.text(1))
        return item
    if isinstance(value, dict):
        item = QTreeWidgetItem([str(key), ""])
        item.addChildren([_item(str(k), v) for k, v in value.items()])
        return item
    if isinstance(value, list | tuple):
        item = QTreeWidgetItem([str(key), f"{len(value)}"])
        item.addChildren([_item(str(i + 1), v) for i, v in enumerate(value)])
        return item
    item = QTreeWidgetItem([str(key), str(value)])
    item.setToolTip(1, str(value))
    return item
