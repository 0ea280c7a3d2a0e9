"""Why late: one small plan a cause, with its known answer in minutes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from engine.explain import Kind, Lateness, LateOrder
from engine.model import Schedule, Status
from engine.plan import PlanFacts
from tests.support.plants import (
    HOUR,
    after,
    calendar,
    date_rule,
    machine,
    matrix,
    op,
    order,
    outage,
    plant,
    set_rule,
)

MINUTE_MS = 60_000


def late(schedule: Schedule, order_id: str = "O1") -> LateOrder:
    return next(item for item in Lateness(PlanFacts(schedule)).late_orders if item.id == order_id)


def parts(item: LateOrder) -> list[tuple[str, str, int]]:
    """(operation, kind, minutes) of the chain."""
    return [(part.event_id, part.kind.value, part.amount_ms // MINUTE_MS) for part in item.parts]


def one_late(*events: Any, due: float = 60, **fields: Any) -> Schedule:
    return plant(events, orders=[order("O1", due=due), order("O2")], now=0, **fields)


def test_nothing_stands_in_the_way() -> None:
    item = late(one_late(op("A", 60, on="M1", start=30, order="O1")))
    assert parts(item) == [("A", "slack", 30), ("A", "processing", 60)]
    assert (item.lateness_ms, item.reserve_ms) == (30 * MINUTE_MS, 0)
    assert "nothing stands in its way" in item.parts[0].text


def test_capacity_of_a_machine_and_whose_doing_it_is() -> None:
    plan = one_late(op("B", 40, on="M1", start=0, order="O2"), op("A", 60, on="M1", start=40, order="O1"))
    item = late(plan)
    assert parts(item) == [("A", "capacity", 40), ("A", "processing", 60)]
    assert item.parts[0].event_ids == ("B",) and item.parts[0].order_ids == ("O2",)
    (cause,) = item.causes
    assert (cause.kind, cause.resource_id, cause.late_ms) == (Kind.CAPACITY, "M1", 40 * MINUTE_MS)
    assert [(share.order_id, share.late_ms) for share in cause.orders] == [("O2", 40 * MINUTE_MS)]
    lateness = Lateness(PlanFacts(plan))
    assert [(d.id, d.late_ms) for d in lateness.by_resource] == [("M1", 40 * MINUTE_MS)]
    assert [(d.id, [s.order_id for s in d.orders]) for d in lateness.by_order] == [("O2", ["O1"])]


def test_a_gap_too_short_counts_for_what_stands_behind_it() -> None:
    plan = one_late(op("B", 40, on="M1", start=30, order="O2"), op("A", 60, on="M1", start=70, order="O1"))
    assert parts(late(plan)) == [("A", "capacity", 70), ("A", "processing", 60)]


def test_the_reserve_is_used_up_by_the_first_delays() -> None:
    plan = one_late(
        op("B", 40, on="M1", start=0, order="O2"),
        op("A", 60, on="M1", start=40, order="O1"),
        op("C", 30, on="M2", start=120, order="O1"),
        dependencies=[after("A", "C")],
        due=120,
    )
    item = late(plan)
    assert item.reserve_ms == 30 * MINUTE_MS
    assert [(p.kind.value, p.late_ms // MINUTE_MS) for p in item.parts if not p.kind.is_needed] == [
        ("capacity", 10),
        ("slack", 20),
    ]
    assert sum(cause.late_ms for cause in item.causes) == item.lateness_ms == 30 * MINUTE_MS
    assert "30 min to spare" in item.text


def test_too_little_time_from_the_start() -> None:
    item = late(plant([op("A", 60, on="M1", start=20, order="O1")], orders=[order("O1", release=20, due=50)], now=0))
    assert parts(item) == [("A", "processing", 60)]
    assert [(c.kind, c.late_ms) for c in item.causes] == [(Kind.SHORTAGE, 30 * MINUTE_MS)]
    assert item.origin_kind == "release"
    assert "there are 30 min, but its work and lags alone take 1 h" in item.causes[0].text


def test_overdue_when_the_plan_begins() -> None:
    item = late(one_late(op("A", 60, on="M1", start=0, order="O1"), due=-15))
    assert {(c.kind, c.late_ms // MINUTE_MS) for c in item.causes} == {(Kind.OVERDUE, 15), (Kind.SHORTAGE, 60)}


def test_setup_lag_and_predecessor() -> None:
    plan = one_late(
        op("B", 30, on="M2", start=0, family="x", order="O2"),
        op("A", 60, on="M1", start=0, order="O1"),
        op("C", 30, on="M2", start=130, family="y", order="O1"),
        resources=[machine("M2", setup_matrix="S1")],
        matrices=[matrix("S1", {("x", "y"): 25})],
        dependencies=[after("A", "C", lag=40)],
    )
    assert parts(late(plan)) == [
        ("A", "processing", 60),
        ("C", "lag", 40),
        ("C", "slack", 30),  # its setup could have been done meanwhile
        ("C", "processing", 30),
    ]


def test_a_setup_that_cannot_be_earlier() -> None:
    plan = one_late(
        op("B", 60, on="M1", start=0, family="x", order="O2"),
        op("A", 30, on="M1", start=85, family="y", order="O1"),
        resources=[machine("M1", setup_matrix="S1")],
        matrices=[matrix("S1", {("x", "y"): 25})],
    )
    item = late(plan)
    assert parts(item) == [("A", "capacity", 60), ("A", "setup", 25), ("A", "processing", 30)]
    assert item.parts[1].event_ids == ("B",)


def test_breaks_and_maintenance_between_and_within() -> None:
    plan = one_late(
        op("A", 120, on="M1", start=7 * HOUR, end=12 * HOUR, order="O1"),
        resources=[machine("M1", calendar="C1")],
        calendars=[calendar("C1", "06:00-08:00", "11:00-20:00")],
        constraints=[outage("M1", 6 * HOUR, 7 * HOUR, reason="Service")],
    )
    item = late(plan)
    assert parts(item) == [
        ("A", "break", 6 * HOUR),
        ("A", "maintenance", 60),
        ("A", "processing", 60),
        ("A", "break", 3 * HOUR),
        ("A", "processing", 60),
    ]
    assert "Service" in item.parts[1].text


def test_release_of_an_operation_and_fixed_dates() -> None:
    plan = one_late(
        op("A", 30, on="M1", start=90, order="O1", release=50),
        constraints=[date_rule("startnoearlierthan", "A", 90, name="Material")],
    )
    item = late(plan)
    assert parts(item) == [("A", "release", 50), ("A", "date", 40), ("A", "processing", 30)]
    assert "Material" in item.parts[1].text


def test_an_operator_and_his_hours() -> None:
    plan = one_late(
        op("B", 30, on="M2", start=6 * HOUR, order="O2", demands=["P"]),
        op("A", 30, on="M1", start=6 * HOUR + 30, order="O1", demands=["P"]),
        resources=[machine("P", calendar="C1")],
        calendars=[calendar("C1", "06:00-14:00")],
    )
    item = late(plan)
    assert parts(item) == [("A", "secondaryBreak", 6 * HOUR), ("A", "secondary", 30), ("A", "processing", 30)]
    assert item.parts[1].event_ids == ("B",) and item.parts[1].resource_id == "P"


@pytest.mark.parametrize(("fields", "words"), [({"locked": True}, "locked"), ({"status": Status.STARTED}, "started")])
def test_pinned(fields: dict[str, Any], words: str) -> None:
    item = late(one_late(op("A", 60, on="M1", start=30, order="O1", **fields)))
    assert parts(item) == [("A", "pinned", 30), ("A", "processing", 60)]
    assert words in item.parts[0].text


def test_another_rule() -> None:
    plan = one_late(
        op("B", 60, on="M2", start=0, order="O2"),
        op("A", 60, on="M1", start=60, order="O1"),
        constraints=[set_rule("nooverlap", "A", "B")],
    )
    item = late(plan)
    assert parts(item) == [("A", "rule", 60), ("A", "processing", 60)]
    assert item.parts[0].event_ids == ("B",)


@pytest.mark.parametrize(
    ("kind", "start", "expected"),
    [
        (0, 20, [("A", "lag", 20), ("C", "processing", 60)]),  # start to start + 20
        (3, 30, [("A", "processing", 60), ("C", "lag", 30)]),  # finish to finish + 30
        (1, 0, [("C", "lag", 60)]),  # start to finish + 60
    ],
)
def test_dependencies_of_all_types(kind: int, start: float, expected: list[tuple[str, str, int]]) -> None:
    lag = {0: 20, 3: 30, 1: 60}[kind]
    plan = one_late(
        op("A", 60, on="M1", start=0, order="O1"),
        op("C", 60, on="M2", start=start, order="O1"),
        dependencies=[after("A", "C", type=kind, lag=lag)],
        due=10,
    )
    found = [(key if name != "lag" else expected[0][0], name, minutes) for key, name, minutes in parts(late(plan))]
    assert [(name, minutes) for _, name, minutes in found] == [(name, minutes) for _, name, minutes in expected]


def test_several_units_share_the_blame_equally() -> None:
    plan = one_late(
        op("B", 50, on="M1", start=0, order="O2"),
        op("C", 50, on="M1", start=0, order="O3"),
        op("A", 60, on="M1", start=50, order="O1"),
        resources=[machine("M1", capacity=2)],
    )
    item = late(plan)
    assert parts(item) == [("A", "capacity", 50), ("A", "processing", 60)]
    assert {share.order_id: share.late_ms // MINUTE_MS for share in item.causes[0].orders} == {"O2": 25, "O3": 25}


def test_a_plan_that_breaks_its_dependencies_adds_up_too() -> None:
    plan = one_late(
        op("A", 60, on="M1", start=0, order="O1"),
        op("C", 60, on="M2", start=30, order="O1"),
        dependencies=[after("A", "C")],
    )
    item = late(plan)
    assert parts(item) == [("A", "processing", 30), ("C", "processing", 60)]
    assert sum(cause.late_ms for cause in item.causes) == item.lateness_ms


def test_the_chain_stops_at_now_and_history_is_told_whole() -> None:
    events = [
        op("A", 60, on="M1", start=-120, order="O1", status=Status.COMPLETED),
        op("C", 60, on="M2", start=30, order="O1"),
    ]
    item = late(plant(events, orders=[order("O1", due=60)], dependencies=[after("A", "C")], now=0))
    assert parts(item) == [("C", "slack", 30), ("C", "processing", 60)]
    assert item.origin_kind == "now"
    item = late(plant(events[:1], orders=[order("O1", due=-90)], now=0))
    assert parts(item) == [("A", "processing", 60)]


def test_an_operation_with_a_due_date_and_no_order() -> None:
    item = late(plant([op("A", 60, on="M1", start=30, due=80)], now=0), "A")
    assert item.order_id is None and item.lateness_ms == 10 * MINUTE_MS


def test_json_has_instants_and_amounts() -> None:
    document = late(one_late(op("A", 60, on="M1", start=30, order="O1"))).to_json()
    assert document["latenessMs"] == 30 * MINUTE_MS
    assert dt.datetime.fromisoformat(document["due"]) == dt.datetime(2026, 1, 5, 1, tzinfo=dt.UTC)
    assert document["origin"] == "2026-01-05T00:00:00Z" and document["originKind"] == "now"
    assert document["links"][0]["parts"][0]["kind"] == "slack"
