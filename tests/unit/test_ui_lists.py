"""Tables, the search field, the lists in the docks."""

import datetime as dt

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.preview import PlacementChange
from engine.check import check
from tests.support.plants import at_ms, machine, op, order, plant
from ui.compare.words import new_part
from ui.find_box import FindBox, find_hits
from ui.preview.changes import ChangesPanel
from ui.problems import RULE_TITLES, ProblemsPanel
from ui.tables import Column, RowTable
from ui.unscheduled import UnscheduledPanel

PLAN = plant(
    [
        op("saw-1", 60, on="M1", start=0, order="O1", name="Saw A17"),
        op("turn-1", 60, on="M1", start=30, order="O1", name="Turn A17"),
        op("saw-2", 60, on="M2", start=0, order="O2", name="Saw A18"),
        op("mill-2", 60, modes=["M1", "M2"], order="O2", name="Mill A18"),
    ],
    resources=[machine("M1", name="Saw one"), machine("M2", name="Saw two")],
    orders=[order("O1", name="A17", customer="Adler"), order("O2", name="A18", due=30, product="Gear")],
)


def shown(table: RowTable, column: int = 0) -> list[str]:
    model = table.model()
    return [model.index(row, column).data() for row in range(model.rowCount())]


def test_a_table_sorts_by_keys_and_keeps_missing_ones_last(qtbot: QtBot) -> None:
    table: RowTable[tuple[str, int | None]] = RowTable(
        [Column("Name", lambda r: r[0]), Column("Size", lambda r: str(r[1]), lambda r: r[1], None, True)]
    )
    qtbot.addWidget(table)
    table.set_rows([("b", 10), ("a", None), ("c", 9)])
    assert shown(table) == ["b", "a", "c"]
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert shown(table) == ["c", "b", "a"]
    table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert shown(table) == ["b", "c", "a"]
    table.selectRow(1)
    assert table.selected_rows() == [("c", 9)]


def test_a_row_is_activated_by_enter(qtbot: QtBot) -> None:
    table: RowTable[str] = RowTable([Column("Name", lambda r: r)])
    qtbot.addWidget(table)
    table.set_rows(["a", "b"])
    table.selectRow(1)
    with qtbot.waitSignal(table.row_activated) as caught:
        qtbot.keyClick(table, Qt.Key.Key_Return)
    assert caught.args == ["b"]


def test_finding_puts_orders_first_and_exact_names_before_parts() -> None:
    assert [h.event_id for h in find_hits(PLAN, "a17")] == ["saw-1", "saw-1", "turn-1"]
    assert find_hits(PLAN, "a17")[0].words == "Order A17  (2 operations)"
    assert [h.event_id for h in find_hits(PLAN, "SAW")] == ["saw-1", "saw-2"]
    assert [h.event_id for h in find_hits(PLAN, "mill a18")] == ["mill-2"]
    assert find_hits(PLAN, "mill")[0].words.endswith("not scheduled")
    assert [h.event_id for h in find_hits(PLAN, "gear")] == ["saw-2"]
    assert find_hits(PLAN, "  ") == []
    assert find_hits(PLAN, "nothing like it") == []


def test_enter_goes_from_hit_to_hit(qtbot: QtBot) -> None:
    box = FindBox()
    qtbot.addWidget(box)
    box.set_schedule(PLAN)
    went: list[str] = []
    box.go_to_event.connect(went.append)
    qtbot.keyClicks(box, "saw a1")
    for _ in range(3):
        qtbot.keyClick(box, Qt.Key.Key_Return)
    assert went == ["saw-1", "saw-2", "saw-1"]


def test_a_miss_is_shown(qtbot: QtBot) -> None:
    box = FindBox()
    qtbot.addWidget(box)
    box.set_schedule(PLAN)
    box.setText("zzz")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert box.property("role") == "bad"


def test_problems_are_grouped_by_rule_and_a_click_goes_there(qtbot: QtBot) -> None:
    panel = ProblemsPanel()
    qtbot.addWidget(panel)
    violations = check(PLAN)
    panel.show_violations(violations, {"M1": "Saw one"}, dt.UTC)
    titles = [panel.tree.topLevelItem(i).text(0) for i in range(panel.tree.topLevelItemCount())]
    assert sorted(titles) == ["Not scheduled  (1)", "Two operations at once on a resource  (1)"]
    group = next(panel.tree.topLevelItem(i) for i in range(2) if panel.tree.topLevelItem(i).text(0).startswith("Two"))
    with qtbot.waitSignal(panel.go_to_event) as caught:
        panel.tree.itemClicked.emit(group.child(0), 0)
    assert caught.args[0] in ("saw-1", "turn-1")
    assert group.child(0).text(1) == "Saw one"
    panel.show_violations([], {}, dt.UTC)
    assert panel.tree.topLevelItemCount() == 0


def test_folded_rules_stay_folded(qtbot: QtBot) -> None:
    panel = ProblemsPanel()
    qtbot.addWidget(panel)
    violations = check(PLAN)
    panel.show_violations(violations, {}, dt.UTC)
    panel.tree.topLevelItem(0).setExpanded(False)
    panel.show_violations(violations, {}, dt.UTC)
    assert [panel.tree.topLevelItem(i).isExpanded() for i in range(2)] == [False, True]


def test_every_rule_of_the_checker_has_a_title() -> None:
    rules = (
        "unscheduled duration calendar capacity overlap setup forbidden_sequence mode demand dependency max_lag "
        "release deadline horizon locked frozen started completed scope blocked sameresource differentresource "
        "nooverlap startnoearlierthan startnolaterthan finishnoearlierthan finishnolaterthan muststarton mustfinishon"
    )
    assert set(rules.split()) == set(RULE_TITLES)


def test_unscheduled_operations_say_where_they_can_run(qtbot: QtBot) -> None:
    panel = UnscheduledPanel()
    qtbot.addWidget(panel)
    panel.show_operations([op for op in PLAN.snapshot.events if not op.is_placed], PLAN, dt.UTC)
    assert [shown(panel.table, c)[0] for c in range(5)] == ["Mill A18", "A18", "5 Jan 00:30", "1 h", "Saw one, Saw two"]
    panel.table.selectRow(0)
    with qtbot.waitSignal(panel.schedule_requested) as caught:
        panel._schedule.click()
    assert caught.args == ["mill-2"]


@pytest.mark.parametrize(
    ("before", "after", "new"),
    [
        ("CNC lathe 2", "CNC lathe 3", "3"),
        ("CNC lathe 2", "Turn-mill centre 4", "Turn-mill centre 4"),
        ("Oven", "Oven big", "Oven big"),
        ("Oven big", "Oven", "Oven"),
        ("–", "Oven", "Oven"),
    ],
)
def test_of_a_new_resource_only_what_differs_is_written(before: str, after: str, new: str) -> None:
    assert new_part(before, after) == new


def test_changes_show_both_places_and_sort_by_shift(qtbot: QtBot) -> None:
    def moved(name: str, start: float, to: float, resource: str = "M1") -> PlacementChange:
        return PlacementChange(
            name, name, "O1", "M1", resource, at_ms(start), at_ms(start + 60), at_ms(to), at_ms(to + 60)
        )

    panel = ChangesPanel()
    qtbot.addWidget(panel)
    changes = [moved("a", 0, 90), moved("b", 300, 60, "M2"), moved("c", 0, 0, "M2")]
    panel.show_changes(changes, "3 operations would change", PLAN, dt.UTC, "none")
    assert shown(panel.table, 6) == ["+1 h 30 min", "−4 h", "0"]
    assert shown(panel.table, 3) == ["Saw one", "Saw one → two", "Saw one → two"]
    panel.table.sortByColumn(6, Qt.SortOrder.AscendingOrder)
    assert shown(panel.table) == ["b", "c", "a"]
    panel.table.selectRow(0)
    with qtbot.waitSignal(panel.go_to_event) as caught:
        panel.table.clicked.emit(panel.table.model().index(0, 0))
    assert caught.args == ["b"]
