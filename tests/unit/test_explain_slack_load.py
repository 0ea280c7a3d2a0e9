"""Slack, load per day and bottlenecks of small plans with known answers."""

from __future__ import annotations

import pytest

from engine.explain import Lateness, Load, OperationSlack, Slack, bottlenecks
from engine.model import Demand, Schedule
from engine.plan import PlanFacts
from tests.support.plants import (
    DAY,
    HOUR,
    after,
    at_ms,
    calendar,
    date_rule,
    machine,
    matrix,
    op,
    order,
    outage,
    plant,
)

MINUTE_MS = 60_000


def slack(schedule: Schedule) -> dict[str, OperationSlack]:
    return Slack(PlanFacts(schedule)).operations


def minutes(schedule: Schedule) -> dict[str, int]:
    """Slack to the end of each operation."""
    return {key: one.end_slack_ms // MINUTE_MS for key, one in slack(schedule).items()}


def test_sequence_and_dependencies_hold_slack() -> None:
    plan = plant(
        [op("A", 60, on="M1", start=0), op("B", 60, on="M1", start=70), op("C", 30, on="M2", start=130),
         op("D", 60, on="M3", start=200)],
        dependencies=[after("B", "C", lag=5), after("A", "D")],
        now=0,
    )  # fmt: skip
    assert minutes(plan) == {"A": 105, "B": 95, "C": 100, "D": 0}
    plan = plant([op("A", 60, on="M1", start=0), op("B", 60, on="M1", start=70)], now=0)
    assert minutes(plan) == {"A": 10, "B": 0}
    assert slack(plan)["A"].held_by == "resource" and slack(plan)["A"].held_by_id == "B"


@pytest.mark.parametrize(("kind", "lag", "expected"), [(0, 10, 90), (1, 30, 130), (2, 0, 40), (3, 10, 90)])
def test_dependencies_of_all_types(kind: int, lag: float, expected: int) -> None:
    """A [0, 60), B [100, 160): SS + 10, SF + 30, FS, FF + 10 let A start by 90, 130, 40, 90 at the latest."""
    plan = plant(
        [op("A", 60, on="M1", start=0), op("B", 60, on="M2", start=100), op("Z", 0, on="M3", start=190)],
        dependencies=[after("A", "B", type=kind, lag=lag)],
        constraints=[date_rule("mustfinishon", "B", 160)],
        now=0,
    )
    assert minutes(plan)["A"] == expected
    assert minutes(plan)["B"] == 0


def test_setups_breaks_and_operators() -> None:
    plan = plant(
        [op("A", 60, on="M1", start=6 * HOUR, family="x"), op("B", 60, on="M1", start=9 * HOUR, family="y")],
        [machine("M1", setup_matrix="S1")],
        matrices=[matrix("S1", {("x", "y"): 30})],
        now=0,
    )
    assert minutes(plan) == {"A": 90, "B": 0}
    shift = calendar("C", "06:00-14:00")
    events = [op("A", 60, on="M1", start=6 * HOUR), op("Z", 0, on="M2", start=20 * HOUR)]
    plan = plant(events, [machine("M1", calendar="C")], calendars=[shift], now=0)
    assert minutes(plan)["A"] == 7 * HOUR
    events[0] = op("A", 60, on="M1", start=6 * HOUR, demands=["P"])
    assert minutes(plant(events, [machine("P", calendar="C")], calendars=[shift], now=0))["A"] == 7 * HOUR


def test_slack_to_due_dates() -> None:
    plan = plant(
        [op("A", 60, on="M1", start=0, order="O1"), op("B", 60, on="M2", start=0, order="O2"),
         op("C", 60, on="M3", start=0)],
        orders=[order("O1", due=100), order("O2", due=30)],
        now=0,
    )  # fmt: skip
    found = slack(plan)
    assert found["A"].due_slack_ms == 40 * MINUTE_MS and found["A"].held_by == "order"
    assert found["B"].due_slack_ms == 0, "a late order must not get later"
    assert found["C"].due_slack_ms is None
    assert "O1 has no more time" in found["A"].text


def test_units_pins_and_outages() -> None:
    plan = plant(
        [op("A", 60, on="M1", start=0), op("B", 60, on="M1", start=0), op("C", 60, on="M1", start=80),
         op("Z", 0, on="M3", start=500)],
        [machine("M1", capacity=2)],
        constraints=[date_rule("mustfinishon", "C", 140), outage("M1", 100, 200, 1)],
        now=0,
    )  # fmt: skip
    found = minutes(plan)
    assert sorted((found["A"], found["B"])) == [20, 40]
    plan = plant([op("A", 60, on="M1", start=0), op("B", 60, on="M1", start=90, locked=True),
                  op("Z", 0, on="M2", start=500)], now=0)  # fmt: skip
    assert minutes(plan)["A"] == 30
    assert slack(plan)["B"].is_fixed and slack(plan)["B"].end_slack_ms == 350 * MINUTE_MS


def test_load_per_day_adds_up() -> None:
    plan = plant(
        [
            op("A", 240, on="M1", start=12 * HOUR, end=DAY + 8 * HOUR, family="y", demands=[Demand(resource_id="P")]),
            op("B", 60, on="M1", start=7 * HOUR, family="x"),
        ],
        [
            machine("M1", calendar="C", setup_matrix="S1", initial_setup="x"),
            machine("P", capacity=3),
        ],
        matrices=[matrix("S1", {("x", "y"): 60})],
        calendars=[calendar("C", "06:00-14:00")],
        constraints=[outage("M1", 9 * HOUR, 10 * HOUR), outage("P", 0, DAY, 1)],
        now=0,
    )
    found = {one.id: one for one in Load(PlanFacts(plan)).resources}
    monday, tuesday = found["M1"].days
    figures = [
        [ms // MINUTE_MS for ms in (d.available_ms, d.processing_ms, d.setup_ms, d.maintenance_ms, d.idle_ms)]
        for d in (monday, tuesday)
    ]
    assert figures == [[420, 180, 60, 60, 180], [480, 120, 0, 0, 360]]
    assert (monday.day, monday.start_ms, monday.end_ms) == ("2026-01-05", at_ms(0), at_ms(DAY))
    assert monday.load == pytest.approx(240 / 420)
    person = found["P"].days[0]
    assert person.available_ms // MINUTE_MS == 2 * DAY and person.maintenance_ms // MINUTE_MS == DAY
    assert person.processing_ms == 120 * MINUTE_MS and person.setup_ms == 60 * MINUTE_MS
    assert monday.to_json()["idleMs"] == 180 * MINUTE_MS


def test_days_follow_the_plants_zone() -> None:
    plan = plant([op("A", 60, on="M1", start=0)], now=0, zone="America/New_York")
    (day,) = Load(PlanFacts(plan)).resources[0].days
    assert day.day == "2026-01-04" and day.end_ms == at_ms(5 * HOUR)


def test_bottlenecks_are_ranked_by_the_lateness_at_them() -> None:
    plan = plant(
        [op("B", 100, on="M2", start=0), op("A", 60, on="M1", start=0, order="O1"),
         op("C", 60, on="M2", start=100, order="O1")],
        orders=[order("O1", due=120)],
        dependencies=[after("A", "C")],
        now=0,
    )  # fmt: skip
    facts = PlanFacts(plan)
    rows = bottlenecks(facts, Lateness(facts), Slack(facts), Load(facts))
    assert [(row.rank, row.id) for row in rows] == [(1, "M2"), (2, "M1")]
    assert (rows[0].late_ms, rows[0].delayed_orders, rows[0].critical_share) == (40 * MINUTE_MS, 1, 1.0)
    assert "1 late order waited 40 min" in rows[0].text
