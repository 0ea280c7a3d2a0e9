"""Tables of rows: sorted by one key a row, with what is selected kept."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from ui.tables import Column, RowTable

UP, DOWN = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
Row = tuple[str, int | None]
ROWS: list[Row] = [("bolt", 3), ("Axle", None), ("cam", 1), ("axle", 3)]


@pytest.fixture
def table(qtbot: QtBot) -> RowTable[Row]:
    made: RowTable[Row] = RowTable(
        [Column("Name", lambda row: row[0]), Column("Shift", lambda row: str(row[1]), lambda row: row[1])],
        is_multiple=True,
    )
    qtbot.addWidget(made)
    made.set_rows(ROWS)
    return made


def shown(table: RowTable[Row]) -> Sequence[str]:
    return [table.model().index(at, 0).data() for at in range(table.model().rowCount())]


def test_sorts_by_text_without_regard_to_case_and_back_to_the_given_order(table: RowTable[Row]) -> None:
    table.sortByColumn(0, UP)
    assert shown(table) == ["Axle", "axle", "bolt", "cam"]
    table.sortByColumn(0, DOWN)
    assert shown(table) == ["cam", "bolt", "Axle", "axle"], "equal ones stay in the order given"
    table.sortByColumn(-1, UP)
    assert shown(table) == [row[0] for row in ROWS] == [row[0] for row in table.rows_model.rows]


def test_rows_without_a_key_come_last_whichever_way_is_up(table: RowTable[Row]) -> None:
    table.sortByColumn(1, UP)
    assert shown(table) == ["cam", "bolt", "axle", "Axle"]
    table.sortByColumn(1, DOWN)
    assert shown(table) == ["bolt", "axle", "cam", "Axle"]


def test_what_is_selected_stays_selected_and_is_told_in_the_order_shown(table: RowTable[Row]) -> None:
    for name in ("cam", "bolt"):
        table.selectionModel().select(
            table.model().index(shown(table).index(name), 0),
            table.selectionModel().SelectionFlag.Select | table.selectionModel().SelectionFlag.Rows,
        )
    assert [row[0] for row in table.selected_rows()] == ["bolt", "cam"]
    table.sortByColumn(1, UP)
    assert [row[0] for row in table.selected_rows()] == ["cam", "bolt"]
    assert table.select_where(lambda row: row[0] == "Axle")
    assert table.currentIndex().row() == 3 and [row[0] for row in table.selected_rows()] == ["Axle"]


def test_rows_that_are_put_take_their_place(table: RowTable[Row]) -> None:
    table.rows_model.put(("new", 9), lambda row: row[0] == "new")
    assert shown(table)[0] == "new", "unsorted, a new one comes first"
    table.sortByColumn(1, UP)
    assert shown(table) == ["cam", "bolt", "axle", "new", "Axle"]
    table.rows_model.put(("bolt", 0), lambda row: row[0] == "bolt")
    assert shown(table) == ["bolt", "cam", "axle", "new", "Axle"]
    table.rows_model.put(("nut", 2), lambda row: row[0] == "nut")
    assert shown(table) == ["bolt", "cam", "nut", "axle", "new", "Axle"]
    table.set_rows(ROWS)
    assert shown(table) == ["cam", "bolt", "axle", "Axle"], "other rows are sorted alike"


def test_a_long_list_is_sorted_by_one_key_a_row(qtbot: QtBot) -> None:
    asked: list[int] = []

    def key(row: int) -> int:
        asked.append(row)
        return -row

    table: RowTable[int] = RowTable([Column("Number", str, key)])
    qtbot.addWidget(table)
    table.set_rows(range(2_000))
    table.sortByColumn(0, UP)
    assert table.rows_model.row_at(0) == 1_999
    assert len(asked) <= 2 * 2_000, "a proxy that compares cells asks for ten times as many"
