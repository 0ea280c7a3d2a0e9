"""The variants beside each other: a row each, figures with their difference to the base."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.what_if.desk import Entry
from app.what_if.figures import Figures
from engine.errors import ErrorCode
from engine.model import RunStatus
from ui import palette, text
from ui.kpis import KpiSpec, change
from ui.tables import Column, RowTable
from ui.what_if.scatter import AXES

_TONES = {"good": palette.GOOD, "bad": palette.BAD, "none": None}
_STATES = {
    RunStatus.COMPLETED: "Done",
    RunStatus.FAILED: "Failed",
    RunStatus.CANCELLED: "Cancelled",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One variant beside the base; the base itself has no entry."""

    name: str
    words: str
    entry: Entry | None
    figures: Figures | None
    base: Figures
    is_best: bool = False

    @property
    def key(self) -> str:
        """The run's id, empty for the base."""
        return self.entry.run_id if self.entry is not None else ""


class ResultsTable(RowTable[Row]):
    """Sortable by every column; a double click or Enter shows the plan."""

    def __init__(self) -> None:
        super().__init__(_columns(), row_tip=_tip)
        self.setAccessibleName("Variants and their figures")

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show these rows; the chosen one stays chosen."""
        chosen = self.selected()
        is_other = [row.key for row in rows] != [row.key for row in self.rows_model.rows]
        self.set_rows(rows, fit=is_other or any(row.figures for row in rows))
        if chosen is not None:
            self.select(chosen.key)

    def selected(self) -> Row | None:
        """Return the chosen row."""
        return next(iter(self.selected_rows()), None)

    def select(self, key: str) -> None:
        """Choose the row of a run."""
        for number in range(self.model().rowCount()):
            index = self.model().index(number, 0)
            if self._row(index).key == key:
                self.selectRow(number)
                return


def state_words(entry: Entry) -> str:
    """Return how a variant stands, in a few words."""
    view = entry.view
    if view.status is RunStatus.QUEUED:
        return f"Waits, {view.queue_position} in the queue" if view.queue_position else "Waits"
    if view.status is RunStatus.RUNNING:
        return f"Runs, {text.percent(view.percentage / 100, 0)}"
    if view.error is not None and view.error.code is ErrorCode.INTERRUPTED:
        return "Cut off"
    return _STATES[view.status]


def cell_words(spec: KpiSpec, row: Row) -> str:
    """Return a figure with its signed difference to the base in brackets."""
    if row.figures is None:
        return text.DASH
    value = spec.written(getattr(row.figures, spec.field))
    if row.entry is None or spec.field == "moved":
        return value
    shown = change(spec, row.base, row.figures)
    return value if shown.text == "±0" else f"{value}  ({shown.text})"


def _columns() -> list[Column[Row]]:
    found: list[Column[Row]] = [
        Column("", lambda row: "◆" if row.is_best else "", tip="◆ no other one is better in both figures of the chart"),
        Column("Variant", lambda row: row.name),
        Column("State", lambda row: state_words(row.entry) if row.entry else "Saved plan", colour=_state_colour),
    ]
    for spec in AXES:
        found.append(
            Column(
                spec.title,
                _cell(spec),
                _key(spec),
                colour=_colour(spec),
                is_number=True,
                tip=f"{spec.meaning}. In brackets the difference to the base",
            )
        )
    return [*found, Column("Changes", lambda row: row.words)]


def _cell(spec: KpiSpec) -> Callable[[Row], str]:
    return lambda row: cell_words(spec, row)


def _key(spec: KpiSpec) -> Callable[[Row], Any]:
    return lambda row: None if row.figures is None else getattr(row.figures, spec.field)


def _colour(spec: KpiSpec) -> Callable[[Row], str | None]:
    def colour(row: Row) -> str | None:
        if row.figures is None or row.entry is None or spec.field == "moved":
            return None
        return _TONES[change(spec, row.base, row.figures).tone]

    return colour


def _state_colour(row: Row) -> str | None:
    if row.entry is None or row.entry.view.status is not RunStatus.FAILED:
        return None
    return palette.BAD


def _tip(row: Row) -> str:
    error = row.entry.view.error if row.entry is not None else None
    return f"{row.words}\n{error.message}" if error is not None else row.words
