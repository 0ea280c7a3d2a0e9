"""The parts of the Explain dock, each on its own."""

from __future__ import annotations

import datetime as dt
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from app.explanation import Explanation
from engine.explain import Kind
from engine.model import ErrorObject
from engine.plan import PlanFacts
from tests.support.plants import after, at, at_ms, machine, op, order, outage, plant
from ui.explain.cause_bar import SEGMENTS_ROLE
from ui.explain.kinds import LOOKS
from ui.explain.late_page import LateFindings, LatePage
from ui.explain.load_page import LoadPage
from ui.explain.slack_page import SlackPage
from ui.explain.slot_page import SlotPage
from ui.studio.conflict_box import ConflictBox

PLAN = plant(
    [
        op("B", 40, on="M1", start=0, order="O2"),
        op("A", 60, on="M1", start=40, order="O1"),
        op("C", 30, on="M2", start=120, order="O1"),
        op("D", 30, modes=["M1", "M2"]),
    ],
    resources=[machine("M1", name="Saw"), machine("M2", name="Mill")],
    orders=[order("O1", due=110, name="Order one"), order("O2", due=600, name="Order two")],
    dependencies=[after("A", "C")],
    constraints=[outage("M2", 200, 1440)],
    now=0,
)
FACTS = PlanFacts(PLAN)
EXPLAINED = Explanation(PLAN, FACTS)


def texts(page: LatePage, column: int = 0) -> list[str]:
    """The outermost rows of the tree."""
    model = page.tree.rows_model
    return [model.index(row, column).data() for row in range(model.rowCount())]


def late_page(qtbot: QtBot) -> LatePage:
    page = LatePage()
    qtbot.addWidget(page)
    found = LateFindings(EXPLAINED.late_orders(), EXPLAINED.delaying_resources(), EXPLAINED.delaying_orders())
    page.show_findings(found)
    return page


def test_every_kind_of_cause_has_a_look() -> None:
    assert set(LOOKS) == set(Kind)
    assert all(QColor(tone.fill).isValid() and QColor(tone.edge).isValid() for tone in LOOKS.values())


def test_late_orders_unfold_to_causes_and_moments(qtbot: QtBot) -> None:
    page = late_page(qtbot)
    model = page.tree.rows_model
    assert (texts(page), texts(page, 1)) == (["Order one"], ["40 min"])
    head = model.index(0, 0)
    assert page.tree.isExpanded(head)
    causes = [(model.index(r, 0, head).data(), model.index(r, 1, head).data()) for r in range(model.rowCount(head))]
    assert causes == [("Resource busy at Saw by Order two", "20 min"), ("Could begin earlier at Mill", "20 min")]
    cause = model.index(0, 0, head)
    assert model.rowCount(cause) == 1
    assert model.index(0, 0, cause).data() == "A waits 40 min for Saw, which is taken by B."
    assert model.parent(cause) == head and not model.parent(head).isValid()
    assert head.sibling(0, 3).data(SEGMENTS_ROLE) == ((Kind.CAPACITY, 1_200_000), (Kind.SLACK, 1_200_000))


def test_a_click_on_a_cause_goes_to_its_operation(qtbot: QtBot) -> None:
    page = late_page(qtbot)
    page.resize(900, 400)
    page.show()
    model = page.tree.rows_model
    index = model.index(0, 0, model.index(0, 0))
    with qtbot.waitSignal(page.go_to_event) as caught:
        place: QPoint = page.tree.visualRect(index).center()
        qtbot.mouseClick(page.tree.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert caught.args == ["A"]


def test_the_other_way_round(qtbot: QtBot) -> None:
    page = late_page(qtbot)
    page.show_view("resources")
    assert texts(page) == ["Saw", "Mill"]
    page.show_view("delayers")
    assert texts(page) == ["Order two"]
    model = page.tree.rows_model
    assert model.index(0, 0, model.index(0, 0)).data() == "Order one"
    empty = LatePage()
    qtbot.addWidget(empty)
    empty.show_findings(LateFindings((), (), ()))
    assert empty.tree.rows_model.rowCount() == 0


def test_bars_are_painted_to_one_scale(qtbot: QtBot) -> None:
    page = late_page(qtbot)
    page.resize(900, 300)
    page.show()
    page.tree.collapseAll()
    box = page.tree.visualRect(page.tree.rows_model.index(0, 3))
    picture = page.tree.viewport().grab(box).toImage()
    colours = {picture.pixelColor(x, box.height() // 2).name() for x in range(box.width())}
    assert {LOOKS[Kind.SLACK].fill.lower(), LOOKS[Kind.CAPACITY].fill.lower()} <= colours


def test_slack_is_listed_least_first_and_filtered(qtbot: QtBot) -> None:
    page = SlackPage()
    qtbot.addWidget(page)
    page.show_slack(EXPLAINED.slack(), {"M1": "Saw", "M2": "Mill"}, {"O1": "Order one"}, dt.UTC)
    assert [row.event_id for row in page.table.rows_model.rows] == ["C", "B", "A"]
    page.only_critical.setChecked(True)
    assert [row.event_id for row in page.table.rows_model.rows] == ["C"]
    page.table.selectRow(0)
    with qtbot.waitSignal(page.go_to_event) as caught:
        page.table.clicked.emit(page.table.model().index(0, 0))
    assert caught.args == ["C"]


def test_bottlenecks_and_the_heat_of_load(qtbot: QtBot) -> None:
    page = LoadPage()
    qtbot.addWidget(page)
    page.show_findings(EXPLAINED.bottlenecks(), EXPLAINED.load())
    assert [row.name for row in page.table.rows_model.rows] == ["Mill", "Saw"]
    heat = page.heat.heat
    assert (heat.rowCount(), heat.columnCount()) == (2, 1)
    assert heat.headerData(0, Qt.Orientation.Vertical) == "Mill"
    mill = heat.index(0, 0)
    assert mill.data() == "15"  # 30 of the 200 min before its outage
    tip = mill.data(Qt.ItemDataRole.ToolTipRole)
    assert "Work: 30 min" in tip and "Out of service: 20 h 40 min" in tip
    with qtbot.waitSignal(page.go_to_time) as caught:
        page.heat.clicked.emit(mill)
    assert caught.args == [at_ms(0)]


def slot_page(qtbot: QtBot) -> SlotPage:
    page = SlotPage()
    qtbot.addWidget(page)
    page.resize(900, 300)
    page.show()
    return page


def test_a_slot_is_asked_about_and_answered(qtbot: QtBot) -> None:
    page = slot_page(qtbot)
    assert page.event_id is None
    page.set_operation("A", FACTS, dt.UTC)
    assert page.start.value() == at(40) and page.resource.currentData() == "M1"
    page.set_slot("M1", at_ms(10))
    with qtbot.waitSignal(page.asked) as caught:
        page.ask.click()
    assert caught.args == ["A", "M1", at_ms(10)]
    page.show_answer(EXPLAINED.why_not("A", "M1", at_ms(10)))
    (line,) = page.obstacles
    assert line.words.text().startswith("Saw is taken by B")
    assert line.note.text() == "Resource busy, not before 5 Jan 00:40"
    with qtbot.waitSignal(page.go_to_event) as gone:
        qtbot.mouseClick(line, Qt.MouseButton.LeftButton)
    assert gone.args == ["B"]
    assert page.consequence.changes[0].text() == "±0"
    assert "1 other operation moves later" in page.consequence.sentence.text()
    with qtbot.waitSignal(page.asked) as again:
        page.earliest.click()
    assert again.args == ["A", "M1", at_ms(40)]


def test_an_unscheduled_operation_and_another_zone(qtbot: QtBot) -> None:
    page = slot_page(qtbot)
    zone = dt.timezone(dt.timedelta(hours=2))
    page.set_operation("D", FACTS, zone)
    assert page.start.value() == at(0) and page.resource.count() == 2
    page.show_answer(EXPLAINED.why_not("D", "M1", at_ms(0)))
    assert "5 Jan 02:40" in page.obstacles[0].note.text()
    page.set_operation(None, None, zone)
    assert page.event_id is None


ERROR = ErrorObject(
    code="E003",
    message="No plan keeps every rule.",
    details={
        "conflict": [
            {"kind": "lock", "id": "A", "text": "A is locked.", "eventId": "A", "proven": True},
            {"kind": "deadline", "id": "O1", "text": "Order one must end by noon.", "orderId": "O1", "proven": True},
        ],
        "repairs": [{"kind": "lock", "text": "Release the lock of A.", "price": 1, "priceText": "1 lock released"}],
    },
)


def test_the_conflict_of_a_run_without_a_plan(qtbot: QtBot) -> None:
    box = ConflictBox()
    qtbot.addWidget(box)
    box.show_error(ERROR)
    assert not box.isHidden()
    assert [line.words.text() for line in box.members] == ["A is locked.", "Order one must end by noon."]
    assert box.repairs[0].note.text() == "1 lock released"
    gone: list[Any] = []
    box.go_to_event.connect(gone.append)
    box.go_to_order.connect(gone.append)
    for line in (*box.members, *box.repairs):
        qtbot.keyClick(line, Qt.Key.Key_Return)
    assert gone == ["A", "O1"]
    for error in (None, ErrorObject(code="E002", message="No plan within the limit.")):
        box.show_error(error)
        assert box.isHidden()
