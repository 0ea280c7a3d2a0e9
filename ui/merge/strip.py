"""Says that a merge was begun and not finished, and offers to go on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from PySide6.QtCore import Signal

from app.merge_names import lower_first, plan_name
from app.merging import MergeRow
from ui import text
from ui.widgets import Notice, button


class UnfinishedStrip(Notice):
    """Shows the merge that was worked on last; hidden when there is none. ``can_hide``: the planner can put it away."""

    resume_requested = Signal(object)
    give_up_requested = Signal(object)

    def __init__(self, *, can_hide: bool = False) -> None:
        super().__init__("info")
        self._row: MergeRow | None = None
        self._hidden: set[str] = set()
        self.resume = button("Go on", lambda: self.resume_requested.emit(self._row), role="link")
        self.give_up = button("Give up", lambda: self.give_up_requested.emit(self._row), role="link")
        for one in (self.resume, self.give_up):
            self.add_button(one)
        if can_hide:
            self.add_button(button("Not now", self._hide, role="link"))

    def show_rows(self, rows: Sequence[MergeRow], zone: dt.tzinfo) -> None:
        """Show what is not finished."""
        shown = [row for row in rows if row.id not in self._hidden]
        self._row = shown[-1] if shown else None
        self.say("info", unfinished_words(shown, zone))

    def _hide(self) -> None:
        """Say no more of this merge until the next start; the Versions dock still does."""
        if self._row is not None:
            self._hidden.add(self._row.id)
        self.say("info", "")


def unfinished_words(rows: Sequence[MergeRow], zone: dt.tzinfo) -> str:
    """Return what is not finished, in a sentence; empty when nothing is."""
    if not rows:
        return ""
    row = rows[-1]
    what = {"head": "your edits", "run": "a run's plan"}.get(row.kind, lower_first(row.label) or "another plan")
    begun = text.instant(row.created_at, zone)
    choices = f", {text.count(len(row.resolutions), 'choice')} made" if row.resolutions else ""
    more = f" There are {len(rows) - 1} more." if len(rows) > 1 else ""
    return f"Not finished: merge of {what} into {plan_name(row.head_name)}, begun {begun}{choices}.{more}"
