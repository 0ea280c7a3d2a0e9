"""Horizon start, reference end, planning window and tick."""

from __future__ import annotations

import pytest

from engine.horizon import horizon_start_ms, natural_tick_ms, planning_window, reference_end_ms
from engine.model import Scope
from tests.support.plants import (
    DAY,
    HOUR,
    T0,
    T0_MS,
    after,
    at,
    at_ms,
    block,
    calendar,
    date_rule,
    machine,
    matrix,
    op,
    order,
    outage,
    plant,
    request,
)


def test_horizon_start_is_now_if_that_is_given():
    assert horizon_start_ms(plant([op("A", 60, "M", 10)], now=30)) == at_ms(30)


def test_horizon_start_else_is_the_earliest_start_or_release():
    events = [op("A", 60, "M", 90), op("B", release=70), op("C", order="O")]
    assert horizon_start_ms(plant(events, orders=[order("O")])) == at_ms(70)
    assert horizon_start_ms(plant(events, orders=[order("O", release=40)])) == at_ms(40)
    assert horizon_start_ms(plant([op("A", due=5)])) == T0_MS  # the timestamp


def test_reference_end_is_the_latest_of_dates_and_load():
    assert reference_end_ms(plant([op("A", 60, "M"), op("B", 60, "N")])) == at_ms(DAY + 60)  # a day and 120 min / 2
    assert reference_end_ms(plant([op("A", 60, "M", due=3 * DAY)])) == at_ms(3 * DAY)
    assert reference_end_ms(plant([op("A", 60, "M")], orders=[order("O", deadline=4 * DAY)])) == at_ms(4 * DAY)
    assert reference_end_ms(plant([op("A", 60, "M", 5 * DAY)], now=0)) == at_ms(5 * DAY + 60)


def test_planning_window_reaches_past_everything_and_grows():
    schedule = plant([op("A", 60, "M", -100)], now=0, constraints=[outage("M", 0, 200 * DAY)])
    begin, end = planning_window(schedule)
    assert begin < at_ms(-100)
    assert end > at_ms(200 * DAY)
    assert planning_window(schedule, 1)[1] - at_ms(200 * DAY) == 2 * (end - at_ms(200 * DAY))


@pytest.mark.parametrize(
    ("schedule", "tick"),
    [
        (plant(), 60_000),
        (plant([op(minutes=90)]), 60_000),  # never more than a minute
        (plant([op(minutes=0.5)]), 30_000),
        (plant([op(minutes=1, modes=[("M", 0.25)])]), 15_000),
        (plant([op("A"), op("B")], dependencies=[after("A", "B", lag=-1 / 60)]), 1_000),
        (plant([op("A"), op("B")], dependencies=[after("A", "B", max_lag=0.1)]), 6_000),
        (plant(matrices=[matrix(rules={("a", "b"): 0.2})]), 12_000),
        (plant(matrices=[matrix(default=0.1)]), 6_000),
        (plant(calendars=[calendar("C", "06:00:20-14:00")]), 20_000),
        (plant(calendars=[calendar("C", exceptions=[("2026-01-05T00:00:00.250", "2026-01-06", True)])]), 250),
        (plant([op(release=1 / 60_000)]), 1),
        (plant([op(due=0.5)]), 30_000),
        (plant(orders=[order(deadline=0.5)]), 30_000),
        (plant([op()], constraints=[date_rule("muststarton", "A", 0.5)]), 30_000),
        (plant([op()], constraints=[date_rule("muststarton", "A", 0.5, enabled=False)]), 60_000),
        (plant([op("A", on="M")], constraints=[outage("M", 0, 0.5)]), 30_000),
        (plant([op("A", 60, "M", 0.5)], now=0), 60_000),  # a placement that may move is no fixed date
        (plant([op("A", 60, "M", 0.5, locked=True)], now=0), 30_000),
        (plant([op("A", 60, "M", 0.5)], now=0, freeze=10), 30_000),
        (plant([op("A", 60, "M", 1, 61.5, status="completed")], now=0), 30_000),
        (plant([op("A", 60, "M", 1, 61.5, status="started")], now=0), 60_000),  # its end is derived
    ],
)
def test_tick_divides_everything_exact(schedule, tick):
    assert natural_tick_ms(schedule) == tick


def test_tick_minds_the_locks_and_scope_of_a_request():
    schedule = plant([op("A", 60, "M", 0.5)], now=0)
    assert natural_tick_ms(schedule, request(schedule)) == 60_000
    assert natural_tick_ms(schedule, request(schedule, locked=["A"])) == 30_000
    assert natural_tick_ms(schedule, request(schedule, scope=Scope(event_ids=()))) == 30_000
    assert natural_tick_ms(schedule, request(schedule, blocks=[block("M", 0, 0.2)])) == 12_000


def test_machines_that_share_the_work():
    with_modes = plant([op("A", 100, modes=["M", "N", "O", "P"])], [machine("idle")])
    assert reference_end_ms(with_modes) == at_ms(DAY + 25)
    assert at(HOUR) > T0
