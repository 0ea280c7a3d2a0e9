"""The graph of versions: lanes, lines and what the list says of a version."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ui.history.lanes import GraphRow, graph_rows


def test_a_line_of_versions_stays_in_one_lane() -> None:
    rows = graph_rows([("3", ["2"]), ("2", ["1"]), ("1", [])], "3")
    assert rows == [GraphRow(0, (), (), (0,)), GraphRow(0, (0,), (), (0,)), GraphRow(0, (0,), (), ())]


def test_a_scenario_leaves_its_lane_where_it_began() -> None:
    rows = graph_rows([("4", ["2"]), ("3", ["2"]), ("2", ["1"]), ("1", [])], "3")
    assert [row.lane for row in rows] == [1, 0, 0, 0]
    assert rows[0] == GraphRow(1, (), (), (1,)), "nothing runs in the live plan's lane above its newest version"
    assert rows[1].past == (1,) and rows[2].above == (0, 1)


def test_a_merge_leads_to_both_parents_and_lanes_are_used_again() -> None:
    nodes = [("5", ["3", "4"]), ("4", ["2"]), ("3", ["2"]), ("2", ["1"]), ("1", [])]
    rows = graph_rows(nodes, "5")
    assert rows[0].below == (0, 1) and rows[1] == GraphRow(1, (1,), (0,), (1,))
    assert rows[3].above == (0, 1) and rows[4].width == 1


def test_versions_that_are_not_listed_leave_no_line() -> None:
    assert graph_rows([("9", ["gone"])]) == [GraphRow(0, (), (), ())]
    assert graph_rows([], "x") == []


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, list[str]]]:
    count = draw(st.integers(1, 12))
    nodes = []
    for number in range(count - 1, -1, -1):
        older = st.integers(0, number - 1) if number else st.nothing()
        parents = draw(st.lists(older, max_size=min(2, number), unique=True)) if number else []
        nodes.append((str(number), [str(p) for p in parents]))
    return nodes


@given(histories())
def test_every_line_begins_at_a_child_and_ends_at_its_parent(nodes: list[tuple[str, list[str]]]) -> None:
    rows = graph_rows(nodes, nodes[0][0])
    running: dict[int, str] = {}
    place = {key: i for i, (key, _) in enumerate(nodes)}
    for (key, parents), row in zip(nodes, rows, strict=True):
        assert {running.pop(lane) for lane in row.above} <= {key}
        assert set(running) == set(row.past) and row.lane not in running
        assert len(row.below) == len(parents)
        for lane, parent in zip(row.below, parents, strict=True):
            assert running.get(lane, parent) == parent and place[parent] > place[key]
            running[lane] = parent
    assert not running, "every line ends at its parent"
