"""The replay of hand-made plans: what is passed on, and by how much."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import pytest

from engine.instants import to_ms
from engine.model import Demand, Schedule, Status
from engine.robustness import Cancelled, HandOff, RobustnessReport, parse_distributions, replay
from engine.validate import parse_schedule
from tests.support.plants import (
    HOUR,
    MINUTE,
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
    set_rule,
)
from tests.support.random_plants import small_plant, workshop
from tests.support.replays import fixed, noise, planned

NONE = noise()


@cache
def random_plans() -> tuple[Schedule, ...]:
    """Feasible plans of random plants that use every rule, and of some workshops."""
    plans = [planned(*small_plant(seed, 8)) for seed in range(30)]
    plans += [planned(workshop(60, 6, seed)) for seed in range(3)]
    kept = tuple(plan for plan in plans if plan is not None)
    assert len(kept) > 12
    return kept


def ends(report: RobustnessReport) -> dict[str, float]:
    """The median end of each item, in minutes after T0."""
    return {item.id: (to_ms(item.p50_end) - at_ms(0)) / MINUTE for item in report.items}


def end_of(schedule: Schedule, factor: float, **options: Any) -> float:
    """The last end in minutes when everything takes ``factor`` times as long."""
    report = replay(schedule, fixed(factor), replications=2, **options)
    return report.makespan.p50 / MINUTE


def alone(report: RobustnessReport) -> HandOff:
    (hand_off,) = report.hand_offs
    return hand_off


@pytest.mark.parametrize("early", [False, True])
def test_without_noise_the_plan_stays_as_it_is(early: bool) -> None:
    for plan in random_plans():
        report = replay(plan, NONE, replications=2, may_start_earlier=early)
        assert report.makespan.worst <= report.makespan.planned
        for item in report.items:
            assert item.p90_end <= item.planned_end if early else item.p50_end == item.p90_end == item.planned_end
        if not early:
            assert report.makespan.p10 == report.makespan.planned
            assert not report.hand_offs and not report.broken_limits


def test_without_noise_the_sample_stays_as_it_is() -> None:
    from app.sample import SAMPLE_FILE

    sample = parse_schedule(SAMPLE_FILE.read_bytes())
    report = replay(sample, NONE, replications=2)
    assert report.operations == len(sample.snapshot.events)
    assert all(item.p50_end == item.planned_end for item in report.items)
    assert report.expected_late == report.planned_late and not report.hand_offs
    earlier = replay(sample, NONE, replications=2, may_start_earlier=True)
    assert all(item.p90_end <= item.planned_end for item in earlier.items)


def test_a_chain_has_its_known_probability() -> None:
    """Two hours planned, each uniform between 0.8 and 1.2 times: half a triangle lies below the due date's slack.

    The second begins at 60 or when the first ends, X: it ends max(60, 60 X) + 60 Y by 124 with probability
    1/2 P(Y <= 64/60) + integral over X above 1 of P(60 Y <= 124 - 60 X).
    """
    chain = plant(
        [op("A", 60, on="M1", start=0, order="O1"), op("B", 60, on="M2", start=60, order="O1")],
        dependencies=[after("A", "B")],
        orders=[order(due=124)],
    )
    report = replay(chain, noise({"type": "uniform", "low": 0.8, "high": 1.2}), replications=4_000, seed=3)
    grid = [1 + 0.2 * (i + 0.5) / 10_000 for i in range(10_000)]
    late_start = sum(min(1.0, max(0.0, (64 / 60 + 1 - x - 0.8) / 0.4)) for x in grid) / len(grid)
    expected = 0.5 * (64 / 60 - 0.8) / 0.4 + 0.5 * late_start
    (item,) = report.items
    assert item.low is not None and item.high is not None and item.low < expected < item.high
    assert item.high - item.low < 0.04
    hand_off = alone(report)
    assert (hand_off.from_event, hand_off.to_event, hand_off.kind) == ("A", "B", "dependency")
    assert hand_off.share == pytest.approx(0.5, abs=0.03)
    assert hand_off.mean_delay == pytest.approx(6 * MINUTE, rel=0.05)
    assert report.all_on_time == item.on_time and report.expected_late == pytest.approx(1 - (item.on_time or 0))


@pytest.mark.parametrize(
    ("data", "mean", "sd"),
    [
        ({"type": "lognormal", "mean": 1.2, "sd": 0.3}, 1.2, 0.3),
        ({"type": "uniform", "low": 0.5, "high": 2.0}, 1.25, 1.5 / math.sqrt(12)),
        ({"type": "triangular", "low": 0.8, "mode": 1.0, "high": 1.5}, 1.1, math.sqrt(0.26 / 18)),
        ({"type": "fixed", "value": 1.5}, 1.5, 0.0),
    ],
)
def test_work_takes_as_long_as_its_distribution_says(data: dict[str, Any], mean: float, sd: float) -> None:
    report = replay(plant([op("A", 100, on="M1", start=0, due=100)]), noise(data), replications=20_000)
    assert report.makespan.mean / (100 * MINUTE) == pytest.approx(mean, rel=0.01)
    late = [b.low for b in report.makespan_bins if b.count]
    assert (max(late) - min(late) > 0) == (sd > 0)
    spread = (report.makespan.p90 - report.makespan.p10) / (100 * MINUTE)
    assert 0 <= spread < 4 * sd + 1e-9


def test_breakdowns_hold_work_up_by_repairs() -> None:
    """In 10 h of work a machine that fails every 5 h on average fails twice; repairs of an hour each."""
    report = replay(
        plant([op("A", 10 * HOUR, on="M1", start=0, due=10 * HOUR)]),
        noise(breakdowns={"mtbfHours": 5, "mttrHours": 1}),
        replications=20_000,
    )
    assert report.makespan.mean / (HOUR * MINUTE) == pytest.approx(12, rel=0.01)
    assert report.resources[0].downtime / (HOUR * MINUTE) == pytest.approx(2, rel=0.05)
    (item,) = report.items
    assert item.low is not None and item.high is not None and item.low < math.exp(-2) < item.high


def test_breakdowns_of_a_secondary_resource_count_too() -> None:
    held = plant([op("A", 10 * HOUR, on="M1", start=0, demands=["crew"])], [machine("M1"), machine("crew")])
    given = parse_distributions({"resources": {"crew": {"breakdowns": {"mtbfHours": 5, "mttrHours": 1}}}})
    report = replay(held, given, replications=4_000)
    assert report.makespan.mean / (HOUR * MINUTE) == pytest.approx(12, rel=0.03)


@pytest.mark.parametrize(
    ("kind", "lag", "start", "late_start", "late_end"),
    [
        (2, 10, 70, 130, 250),  # B starts 10 after A ends at 120
        (0, 30, 30, 30, 150),  # B starts 30 after A starts, which is never late
        (3, 5, 30, 30, 150),  # B ends 5 after A ends at 120: its own 120 min last longer
        (3, 40, 40, 40, 160),  # B ends 40 after A ends
        (1, 90, 30, 30, 150),
    ],
)
def test_every_kind_of_dependency_pushes_its_point(
    kind: int, lag: float, start: float, late_start: float, late_end: float
) -> None:
    pair = plant(
        [op("A", 60, on="M1", start=0, due=60), op("B", 60, on="M2", start=start, due=start + 60)],
        dependencies=[after("A", "B", kind, lag)],
    )
    report = replay(pair, fixed(2), replications=1)
    assert ends(report)["B"] == late_end
    assert late_end - late_start >= 120


def test_an_end_waits_for_an_end() -> None:
    pair = plant(
        [op("A", 60, on="M1", start=0), op("B", 10, on="M2", start=70, due=80)],
        dependencies=[after("A", "B", 3, 20)],
    )
    report = replay(pair, fixed(2), replications=1)
    assert ends(report)["B"] == 140
    assert alone(report).mean_delay == 50 * MINUTE


def test_the_sequence_on_a_machine_is_kept() -> None:
    report = replay(
        plant([op("A", 60, on="M1", start=0), op("B", 60, on="M1", start=75, due=135)]), fixed(2), replications=1
    )
    assert ends(report)["B"] == 240
    hand_off = alone(report)
    assert (hand_off.kind, hand_off.resource_id, hand_off.buffer) == ("sequence", "M1", 15 * MINUTE)
    assert hand_off.mean_delay == 45 * MINUTE


def test_a_setup_comes_between() -> None:
    schedule = plant(
        [op("A", 60, on="M1", start=0, family="f"), op("B", 60, on="M1", start=80, family="g")],
        [machine("M1", setup_matrix="S1", initial_setup="f")],
        matrices=[matrix(rules={("f", "g"): 20, ("f", "f"): 0})],
    )
    assert end_of(schedule, 2) == 120 + 20 + 120
    slow_setup = noise(setup={"type": "fixed", "value": 3})
    assert replay(schedule, slow_setup, replications=1).makespan.p50 == (60 + 60 + 60) * MINUTE


def test_like_units_are_free_for_whoever_is_next() -> None:
    """Two units, A on one and B on the other; C takes the one that is free first, whosever it was."""
    long_a = parse_distributions({"operations": {"A": {"duration": {"type": "fixed", "value": 3}}}})
    schedule = plant(
        [
            op("A", 60, on="M1", start=0),
            op("B", 90, on="M1", start=0),
            op("C", 60, on="M1", start=60, due=120),
        ],
        [machine("M1", capacity=2)],
    )
    report = replay(schedule, long_a, replications=1)
    assert ends(report)["C"] == 90 + 60
    hand_off = alone(report)
    assert (hand_off.from_event, hand_off.to_event, hand_off.mean_delay) == ("B", "C", 30 * MINUTE)


def test_units_that_are_out_of_order_are_not_free() -> None:
    schedule = plant(
        [op("A", 60, on="M1", start=0), op("B", 30, on="M1", start=70)],
        [machine("M1", capacity=2)],
        constraints=[outage("M1", 60, 300, units=1)],
    )
    assert end_of(schedule, 2) == 120 + 60


def test_a_tool_with_many_units_is_handed_on() -> None:
    """More units than are followed one by one: those that A gave back go to B."""
    schedule = plant(
        [
            op("A", 60, on="M1", start=0, demands=[Demand(resource_id="power", quantity=80)]),
            op("B", 60, on="M2", start=60, demands=[Demand(resource_id="power", quantity=70)]),
        ],
        [machine("power", capacity=101)],
    )
    report = replay(schedule, fixed(2), replications=1)
    assert report.makespan.p50 == 240 * MINUTE
    assert (alone(report).kind, alone(report).resource_id) == ("shared", "power")


def test_work_pauses_over_breaks() -> None:
    schedule = plant(
        [op("A", 120, on="M1", start=6 * HOUR)],
        [machine("M1", calendar="C1")],
        calendars=[calendar("C1", "06:00-10:00", "11:00-15:00")],
        now=0,
    )
    assert end_of(schedule, 3) == 6 * HOUR + 4 * HOUR + 1 * HOUR + 2 * HOUR


def test_work_waits_for_its_operator() -> None:
    schedule = plant(
        [op("A", 120, on="M1", start=6 * HOUR, demands=["crew"])],
        [machine("M1"), machine("crew", calendar="C1")],
        calendars=[calendar("C1", "06:00-10:00", "11:00-15:00")],
        now=0,
    )
    assert end_of(schedule, 3) == 6 * HOUR + 4 * HOUR + 1 * HOUR + 2 * HOUR


def uninterruptible() -> Schedule:
    """A until 8:00, then B, which fits exactly before the break at 10:00 and must not pause."""
    return plant(
        [
            op("A", 120, on="M1", start=6 * HOUR),
            op("B", 120, on="M1", start=8 * HOUR, interruptible=False),
        ],
        [machine("M1", calendar="C1")],
        calendars=[calendar("C1", "06:00-10:00", "11:00-15:00")],
        now=0,
    )


def test_what_must_not_pause_begins_where_its_planned_work_fits() -> None:
    only_a = parse_distributions({"operations": {"A": {"duration": {"type": "fixed", "value": 1.1}}}})
    assert replay(uninterruptible(), only_a, replications=1).makespan.p50 == 13 * HOUR * MINUTE


def test_overtime_lets_it_begin_before_the_break() -> None:
    only_a = parse_distributions({"operations": {"A": {"duration": {"type": "fixed", "value": 1.1}}}})
    report = replay(uninterruptible(), only_a, replications=1, overtime_ms=15 * MINUTE)
    assert report.makespan.p50 == (10 * HOUR + 12) * MINUTE
    too_little = replay(uninterruptible(), only_a, replications=1, overtime_ms=5 * MINUTE)
    assert too_little.makespan.p50 == 13 * HOUR * MINUTE


def test_once_begun_it_runs_through_the_break() -> None:
    only_b = parse_distributions({"operations": {"B": {"duration": {"type": "fixed", "value": 1.5}}}})
    assert replay(uninterruptible(), only_b, replications=1).makespan.p50 == 11 * HOUR * MINUTE


def test_nobody_begins_before_the_planned_start_unless_told_so() -> None:
    schedule = plant(
        [
            op("A", 60, on="M1", start=0),
            op("B", 60, on="M1", start=100, release=40),
            op("C", 60, on="M2", start=200, locked=True),
        ],
        dependencies=[after("B", "C")],
        now=0,
    )
    assert end_of(schedule, 0.5) == 230
    earlier = replay(schedule, fixed(0.5), replications=1, may_start_earlier=True)
    assert earlier.makespan.p50 == 230 * MINUTE
    free = plant([op("A", 60, on="M1", start=0), op("B", 60, on="M1", start=100, release=40)], now=0)
    assert end_of(free, 0.5, may_start_earlier=True) == 70


def test_what_has_begun_keeps_its_start_and_what_it_has_done() -> None:
    schedule = plant(
        [
            op("A", 100, on="M1", start=-60, status=Status.STARTED, due=40),
            op("B", 30, on="M1", start=-90, status=Status.COMPLETED, due=-60),
            op("C", 10, on="M1", start=40, due=50),
        ],
        now=0,
    )
    report = replay(schedule, fixed(2), replications=1)
    assert ends(report) == {"A": 80, "B": -60, "C": 100}


def test_operations_that_must_not_overlap_wait_for_each_other() -> None:
    schedule = plant(
        [op("A", 60, on="M1", start=0), op("B", 60, on="M2", start=60)],
        constraints=[set_rule("nooverlap", "A", "B")],
    )
    assert end_of(schedule, 2) == 240
    assert alone(replay(schedule, fixed(2), replications=1)).kind == "exclusion"


def test_hard_limits_that_break_are_told() -> None:
    schedule = plant(
        [
            op("A", 60, on="M1", start=0, deadline=90),
            op("B", 60, on="M2", start=60, order="O1"),
            op("C", 10, on="M3", start=65),
        ],
        dependencies=[after("A", "B"), after("A", "C", 0, max_lag=70)],
        constraints=[date_rule("startnolaterthan", "B", 100), date_rule("finishnolaterthan", "C", 1_000)],
        orders=[order(deadline=130)],
    )
    report = replay(schedule, fixed(2), replications=3)
    assert sorted((limit.kind, limit.event_ids, limit.share) for limit in report.broken_limits) == [
        ("deadline", ("A",), 1.0),
        ("deadline", ("B",), 1.0),
        ("startnolaterthan", ("B",), 1.0),
    ]


def test_equal_seeds_give_equal_reports_and_others_other_ones() -> None:
    plan = planned(workshop(48, 6, 2))
    assert plan is not None
    loose = noise({"type": "lognormal", "sd": 0.3}, breakdowns={"mtbfHours": 8, "mttrHours": 0.5})
    one, same, other = (replay(plan, loose, replications=60, seed=seed) for seed in (5, 5, 6))
    assert one == same and one.makespan != other.makespan
    assert one.makespan.p10 < one.makespan.p50 < one.makespan.p90
    assert any(hand_off.kind == "sequence" for hand_off in one.hand_offs)
    shares = [item.on_time for item in one.items if item.on_time is not None]
    assert shares == sorted(shares)


def test_buffers_are_the_idle_working_time() -> None:
    schedule = plant(
        [op("A", 60, on="M1", start=6 * HOUR), op("B", 60, on="M1", start=12 * HOUR)],
        [machine("M1", calendar="C1")],
        calendars=[calendar("C1", "06:00-10:00", "11:00-15:00")],
    )
    (buffer,) = replay(schedule, NONE, replications=1).resources
    assert buffer.buffer == 4 * HOUR * MINUTE
    assert buffer.buffer_share == pytest.approx(4 / 6)


def test_operations_that_wait_for_each_other_in_a_circle_come_to_an_end() -> None:
    """B may start 110 before A ends, and A runs after B on their machine."""
    schedule = plant(
        [op("B", 30, on="M1", start=0), op("A", 60, on="M1", start=30)],
        dependencies=[after("A", "B", 2, -110)],
    )
    report = replay(schedule, fixed(1.2), replications=1)
    assert report.makespan.p50 == (30 + 60) * 1.2 * MINUTE
    assert replay(schedule, NONE, replications=1).makespan.p50 == 90 * MINUTE
    endless = replay(schedule, fixed(2), replications=1)
    assert endless.notes


def test_it_can_be_stopped() -> None:
    shares: list[float] = []

    def progress(share: float) -> bool:
        shares.append(share)
        return False

    with pytest.raises(Cancelled):
        replay(plant([op("A", 60, on="M1", start=0)]), NONE, progress=progress)
    assert shares == [0.0]
