"""The conflicts of a merge as a table: what each is about, both sides' values, what is taken."""

from __future__ import annotations

from collections.abc import Callable

from app.merge_desk import DeskView
from app.merge_words import ConflictView
from engine.merge import Side
from ui import palette
from ui.tables import Column, RowTable

_LEAST_ROWS, _MOST_ROWS, _ROW_PX, _HEAD_PX = 3, 8, 27, 42


class ConflictTable(RowTable[ConflictView]):
    """Lists conflicts; one of them is looked at.

    Parameters
    ----------
    view
        The merge.
    """

    def __init__(self, view: DeskView) -> None:
        super().__init__(_columns(view), stretch=4, row_tip=self._tip)
        self._names = view.names
        self.setProperty("role", "framed")
        self.setAccessibleName("Conflicts")
        rows = min(_MOST_ROWS, max(_LEAST_ROWS, len(view.conflicts)))
        self.setMinimumHeight(rows * _ROW_PX + _HEAD_PX)

    def show_view(self, view: DeskView) -> None:
        """Show the merge as it stands now; the conflict that is looked at stays so, while there is one."""
        key = self.current.key if self.current else None
        self._names = view.names
        if [one.key for one in self.rows_model.rows] == [one.key for one in view.conflicts]:
            for one in view.conflicts:
                self.rows_model.put(one, lambda known, wanted=one.key: known.key == wanted)
        else:
            self.set_rows(view.conflicts)
            self.look_at(key if key in {one.key for one in view.conflicts} else view.next_open(None))

    @property
    def current(self) -> ConflictView | None:
        """The conflict that is looked at."""
        return next(iter(self.selected_rows()), None)

    def look_at(self, key: str | None) -> None:
        """Select a conflict."""
        self.select_where(lambda one: one.key == key)

    def _tip(self, one: ConflictView) -> str:
        names = self._names
        values = {"base": one.base, "ours": one.ours, "theirs": one.theirs}
        sides = ("base", names.mine, names.other)
        of = f" of {one.order_name}" if one.order_name else ""
        told = [f"{names.of(side).name}: {values[side]}" for side in sides]
        return "\n".join([f"{one.subject}{of}, {one.what.lower()}", *told])


def _columns(view: DeskView) -> list[Column[ConflictView]]:
    names, words = view.names, view.candidate.words

    def value(side: Side) -> Callable[[ConflictView], str]:
        return lambda one: words.brief(one.conflict, one.conflict.value_of(side))

    def taken(one: ConflictView) -> str:
        if one.choice is None:
            return "open"
        sides = {"base": "before", names.mine: "mine", names.other: "theirs"}
        return sides.get(one.choice, "own value") if isinstance(one.choice, str) else "own value"

    return [
        Column("Taken", taken, colour=lambda one: palette.WARN if one.choice is None else palette.GOOD),
        Column("Conflict", lambda one: one.subject.removeprefix("Operation ")),
        Column("What", lambda one: one.what),
        Column("Mine", value(names.mine)),
        Column("Theirs", value(names.other)),
    ]
