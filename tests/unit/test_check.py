"""Every rule of the checker: a plan that breaks it and is caught, and a near miss that passes."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.apply import placed_events
from engine.check import Violation, check, check_result, is_tolerated, untolerated
from engine.errors import TaktwerkError
from engine.model import Demand, PlacedEvent, Schedule, Scope
from engine.pinning import pins
from tests.support.plants import (
    DAY,
    HOUR,
    T0_MS,
    after,
    at_ms,
    block,
    calendar,
    date_rule,
    machine,
    matrix,
    moved,
    ms,
    op,
    order,
    outage,
    plant,
    request,
    set_rule,
)

DAY_SHIFT = calendar("C", "08:00-16:00")
H8, H9, H10, H15, H16 = (h * HOUR for h in (8, 9, 10, 15, 16))


def shift(*events, outages=(), **fields):
    """A plant whose machine M works from 8 to 16."""
    return plant(events, [machine("M", calendar="C", **fields)], calendars=[DAY_SHIFT], constraints=outages)


def family_plant(*events, rules=None, initial=None, **fields):
    made = machine("M", setup_matrix="S", initial_setup=initial)
    return plant(events, [made], matrices=[matrix("S", rules or {("x", "y"): 20, ("y", "x"): None})], **fields)


def crane(*events, capacity=1, constraints=(), **fields):
    """A plant with a crane K as secondary resource."""
    return plant(events, [machine("K", capacity=capacity, **fields)], constraints=constraints, calendars=[DAY_SHIFT])


A, B = op("A", 60, "M", 0), op("B", 60, "M", 60)


def linked(type_, b_start, lag=0.0, max_lag=None, **b):
    """A runs from 60 to 120 on M, B for 60 min on N."""
    second = op("B", 60, "N", b_start, **b)
    return plant([op("A", 60, "M", 60), second], dependencies=[after("A", "B", type_, lag, max_lag)])


def dated(type_, minute, **a):
    """A runs from 60 to 120."""
    return plant([op("A", 60, "M", 60, **a)], constraints=[date_rule(type_, "A", minute)])


CASES: dict[str, tuple[str, Schedule, Schedule]] = {
    # name: (rule, broken, near miss)
    "no placement": ("unscheduled", plant([op("A", 60, "M")]), plant([op("A", 60, "M", status="completed")])),
    "too short": ("duration", plant([op("A", 60, "M", 0, 59)]), plant([op("A", 60, "M", 0, 60)])),
    "too long": ("duration", plant([op("A", 60, "M", 0, 61)]), plant([op("A", 60, "M", 0, 61, status="completed")])),
    "without resource": ("duration", plant([op("A", 60, None, 0, 59)]), plant([op("A", 60, None, 0, 60)])),
    "milestone with a length": ("duration", plant([op("A", 0, "M", 0, 1)]), plant([op("A", 0, "M", 0)])),
    "work without length": ("duration", plant([op("A", 60, "M", 0, 0)]), plant([op("A", 60, "M", 0)])),
    "break not counted": (
        "duration",
        shift(op("A", 120, "M", H15, DAY + H10)),
        shift(op("A", 120, "M", H15, DAY + H9)),
    ),
    "outage not counted": (
        "duration",
        shift(op("A", 60, "M", H8, H9), outages=[outage("M", H8 + 10, H8 + 20)]),
        shift(op("A", 60, "M", H8, H9 + 10), outages=[outage("M", H8 + 10, H8 + 20)]),
    ),
    "mode's duration": (
        "duration",
        plant([op("A", 60, "M", 0, modes=[("M", 30)])]),
        plant([op("A", 60, "M", 0, 30, modes=[("M", 30)])]),
    ),
    "slow machine": (
        "duration",
        plant([op("A", 60, "M", 0, 119)], [machine("M", efficiency=0.5)]),
        plant([op("A", 60, "M", 0, 120)], [machine("M", efficiency=0.5)]),
    ),
    "rounding is less than a minute": (
        "duration",
        plant([op("A", 60, "M", 0, 41)], [machine("M", efficiency=1.5)]),
        plant([op("A", 60, "M", 0, 40.9)], [machine("M", efficiency=1.5)]),
    ),
    "exact at efficiency 1": ("duration", plant([op("A", 60, "M", 0, 60.5)]), plant([op("A", 60, "M", 0, 60)])),
    "starts in a break": ("calendar", shift(op("A", 60, "M", H8 - 10, H9)), shift(op("A", 60, "M", H8, H9))),
    "ends in a break": ("calendar", shift(op("A", 60, "M", H15, H16 + 10)), shift(op("A", 60, "M", H15, H16))),
    "wholly in a break": ("calendar", shift(op("A", 60, "M", 0)), shift(op("A", 60, "M", 0, status="completed"))),
    "must not pause": (
        "calendar",
        shift(op("A", 60, "M", H16 - 30, H16 + 30, interruptible=False)),
        shift(op("A", 60, "M", H15, H16, interruptible=False)),
    ),
    "must not pause over an outage": (
        "calendar",
        plant([op("A", 60, "M", 0, interruptible=False)], constraints=[outage("M", 30, 40)]),
        plant([op("A", 60, "M", 40, interruptible=False)], constraints=[outage("M", 30, 40)]),
    ),
    "secondary does not work": (
        "calendar",
        crane(op("A", 60, "M", H8 - 1, demands=["K"]), calendar="C"),
        crane(op("A", 60, "M", H8, demands=["K"]), calendar="C"),
    ),
    "secondary is down": (
        "calendar",
        crane(op("A", 60, "M", 0, demands=["K"]), constraints=[outage("K", 59, 70)]),
        crane(op("A", 60, "M", 0, demands=["K"]), constraints=[outage("K", 60, 70)]),
    ),
    "no resource chosen": (
        "mode",
        plant([op("A", 60, None, 0, modes=["M"])]),
        plant([op("A", 60, "M", 0, modes=["M"])]),
    ),
    "wrong resource": (
        "mode",
        plant([op("A", 60, "N", 0, modes=["M"])]),
        plant([op("A", 60, "N", 0, modes=["M", "N"])]),
    ),
    "two at once": ("overlap", plant([A, op("B", 60, "M", 59)]), plant([A, B])),
    "one inside the other": (
        "overlap",
        plant([op("A", 60, "M", 0), op("B", 9, "M", 20)]),
        plant([op("A", 60, "M", 0), op("B", 0, "M", 20)]),
    ),
    "primary of one, secondary of another": (
        "overlap",
        plant([op("A", 60, "M", 0), op("B", 60, "N", 59, demands=["M"])]),
        plant([op("A", 60, "M", 0), op("B", 60, "N", 60, demands=["M"])]),
    ),
    "into the setup": (
        "overlap",
        family_plant(op("A", 60, "M", 0, family="x"), op("B", 60, "M", 79, family="y")),
        family_plant(op("A", 60, "M", 0, family="x"), op("B", 60, "M", 80, family="y")),
    ),
    "the crane is held by the setup too": (
        "overlap",
        family_plant(op("A", 60, "M", 60, family="y", demands=["K"]), op("B", 41, "N", 0, demands=["K"]), initial="x"),
        family_plant(op("A", 60, "M", 60, family="y", demands=["K"]), op("B", 40, "N", 0, demands=["K"]), initial="x"),
    ),
    "started and completed hold it too": (
        "overlap",
        plant([op("A", 60, "M", 0, status="completed"), op("B", 60, "M", 59, status="started")]),
        plant([op("A", 60, "M", 0, status="completed"), op("B", 60, "M", 60, status="started")]),
    ),
    "two units": (
        "capacity",
        plant([op(k, 60, "M", 0) for k in "ABC"], [machine("M", capacity=2)]),
        plant([op(k, 60, "M", 0) for k in "AB"] + [op("C", 60, "M", 60)], [machine("M", capacity=2)]),
    ),
    "no unit at all": (
        "capacity",
        plant([A], [machine("M", capacity=0)]),
        plant([A], [machine("M", capacity=0, infinite=True)]),
    ),
    "quantities add up": (
        "capacity",
        crane(*(op(k, 60, k, 0, demands=[Demand(resource_id="K", quantity=2)]) for k in "ABC"), capacity=5),
        crane(*(op(k, 60, k, 0, demands=[Demand(resource_id="K", quantity=2)]) for k in "ABC"), capacity=6),
    ),
    "a unit is out": (
        "capacity",
        plant(
            [op(k, 60, "M", 0) for k in "AB"], [machine("M", capacity=2)], constraints=[outage("M", 59, 99, units=1)]
        ),
        plant(
            [op(k, 60, "M", 0) for k in "AB"], [machine("M", capacity=2)], constraints=[outage("M", 60, 99, units=1)]
        ),
    ),
    "outages add up": (
        "capacity",
        plant([A], [machine("M", capacity=3)], constraints=[outage("M", 0, 60, units=2), outage("M", 50, 99, units=2)]),
        plant([A], [machine("M", capacity=3)], constraints=[outage("M", 0, 60, units=2), outage("M", 60, 99, units=2)]),
    ),
    "units held through a pause": (
        "capacity",
        plant(
            [op("A", 60, "M", 0, 90), op("B", 60, "M", 0, 90), op("C", 60, "M", 85, 145)],
            [machine("M", capacity=2)],
            constraints=[outage("M", 20, 50)],
        ),
        plant(
            [op("A", 60, "M", 0, 90), op("B", 60, "M", 0, 90), op("C", 60, "M", 90)],
            [machine("M", capacity=2)],
            constraints=[outage("M", 20, 50), outage("M", 20, 50, units=1, id="within")],
        ),
    ),
    "infinite has no limit": (
        "overlap",
        plant([op("A", 60, "M", 0), op("B", 60, "M", 0)]),
        plant([op("A", 60, "M", 0), op("B", 60, "M", 0)], [machine("M", infinite=True)]),
    ),
    "no choice left": (
        "demand",
        plant([op(k, 60, k, 0, demands=[["K", "L"]]) for k in "ABC"]),
        plant([op(k, 60, k, 0, demands=[["K", "L"]]) for k in "AB"] + [op("C", 60, "C", 60, demands=[["K", "L"]])]),
    ),
    "first fit is not enough, a search is": (
        "demand",
        plant(
            [
                op("A", 60, "A", 0, demands=[["K", "L"]]),
                op("B", 60, "B", 1, demands=[["K", "K2"]]),
                op("C", 60, "C", 2, demands=[["K", "K2"]]),
                op("D", 60, "D", 3, demands=["L"]),
            ]
        ),
        plant(
            [
                op("A", 60, "A", 0, demands=[["K", "L"]]),
                op("B", 60, "B", 1, demands=[["K", "K2"]]),
                op("C", 60, "C", 2, demands=[["K", "K2"]]),
            ]
        ),
    ),
    "the only free one does not work": (
        "demand",
        plant(
            [op("A", 60, "M", 0, demands=[["K", "L"]]), op("B", 60, "N", 0, demands=["L"])],
            [machine("K", calendar="C")],
            calendars=[DAY_SHIFT],
        ),
        plant(
            [op("A", 60, "M", H8, demands=[["K", "L"]]), op("B", 60, "N", H8, demands=["L"])],
            [machine("K", calendar="C")],
            calendars=[DAY_SHIFT],
        ),
    ),
    "setup before the release": (
        "setup",
        family_plant(op("A", 60, "M", 20, family="y", release=1), initial="x"),
        family_plant(op("A", 60, "M", 21, family="y", release=1), initial="x"),
    ),
    "setup before the order's release": (
        "setup",
        family_plant(op("A", 60, "M", 20, family="y", order="O"), initial="x", orders=[order("O", release=1)]),
        family_plant(op("A", 60, "M", 20, family="y", order="O"), initial="x", orders=[order("O", release=0)]),
    ),
    "setup before now": (
        "setup",
        family_plant(op("A", 60, "M", 19, family="y"), initial="x", now=0),
        family_plant(op("A", 60, "M", 20, family="y"), initial="x", now=0),
    ),
    "setup of what is locked in the past": (
        "setup",
        family_plant(op("A", 60, "M", 0, family="y", locked=True), initial="x", now=0),
        family_plant(op("A", 60, "M", -1, family="y", locked=True), initial="x", now=0),
    ),
    "setup of what has begun is history": (
        "setup",
        family_plant(op("A", 60, "M", 19, family="y"), initial="x", now=0),
        family_plant(op("A", 60, "M", 19, family="y", status="started"), initial="x", now=0),
    ),
    "forbidden": (
        "forbidden_sequence",
        family_plant(op("A", 60, "M", 0, family="y"), op("B", 60, "M", 99, family="x")),
        family_plant(op("A", 60, "M", 0, family="y"), op("B", 60, "M", 99, family="z")),
    ),
    "forbidden from the start": (
        "forbidden_sequence",
        family_plant(op("A", 60, "M", 0, family="x"), initial="y"),
        family_plant(op("A", 60, "M", 0, family="x")),
    ),
    "finish to start": ("dependency", linked(2, 119), linked(2, 120)),
    "finish to start with lag": ("dependency", linked(2, 129, lag=10), linked(2, 130, lag=10)),
    "finish to start with negative lag": ("dependency", linked(2, 109, lag=-10), linked(2, 110, lag=-10)),
    "start to start": ("dependency", linked(0, 59), linked(0, 60)),
    "start to finish": ("dependency", linked(1, -1), linked(1, 0)),
    "finish to finish": ("dependency", linked(3, 59), linked(3, 60)),
    "started successor": ("dependency", linked(3, 59, status="started"), linked(2, 119, status="started")),
    "completed successor": ("dependency", linked(3, 59), linked(3, 59, status="completed")),
    "greatest lag": ("max_lag", linked(2, 131, max_lag=10), linked(2, 130, max_lag=10)),
    "greatest lag start to start": ("max_lag", linked(0, 71, max_lag=10), linked(0, 70, max_lag=10)),
    "greatest lag start to finish": ("max_lag", linked(1, 11, max_lag=10), linked(1, 10, max_lag=10)),
    "greatest lag finish to finish": ("max_lag", linked(3, 71, max_lag=10), linked(3, 70, max_lag=10)),
    "release": ("release", plant([op("A", 60, "M", 0, release=1)]), plant([op("A", 60, "M", 0, release=0)])),
    "order's release": (
        "release",
        plant([op("A", 60, "M", 0, order="O")], orders=[order("O", release=1)]),
        plant([op("A", 60, "M", 1, order="O", release=0)], orders=[order("O", release=1)]),
    ),
    "order's release behind an earlier one of its own": (
        "release",
        plant([op("A", 60, "M", 0, order="O", release=0)], orders=[order("O", release=1)]),
        plant([op("A", 60, "M", 1, order="O", release=1)], orders=[order("O", release=0)]),
    ),
    "release of what has started": (
        "release",
        plant([op("A", 60, "M", 0, release=1)]),
        plant([op("A", 60, "M", 0, release=1, status="started")]),
    ),
    "deadline": ("deadline", plant([op("A", 60, "M", 0, deadline=59)]), plant([op("A", 60, "M", 0, deadline=60)])),
    "deadline of what is completed": (
        "deadline",
        plant([op("A", 60, "M", 0, deadline=59, status="started")]),
        plant([op("A", 60, "M", 0, deadline=59, status="completed")]),
    ),
    "order's deadline": (
        "deadline",
        plant([op("A", 60, "M", 0, order="O"), op("B", 60, "N", 1, order="O")], orders=[order("O", deadline=60)]),
        plant([op("A", 60, "M", 0, order="O"), op("B", 60, "N", 1, order="O")], orders=[order("O", deadline=61)]),
    ),
    "due dates are soft": (
        "deadline",
        plant([op("A", 60, "M", 0, deadline=10)]),
        plant([op("A", 60, "M", 0, due=10)]),
    ),
    "start no earlier": ("startnoearlierthan", dated("startnoearlierthan", 61), dated("startnoearlierthan", 60)),
    "start no later": ("startnolaterthan", dated("startnolaterthan", 59), dated("startnolaterthan", 60)),
    "finish no earlier": ("finishnoearlierthan", dated("finishnoearlierthan", 121), dated("finishnoearlierthan", 120)),
    "finish no later": ("finishnolaterthan", dated("finishnolaterthan", 119), dated("finishnolaterthan", 120)),
    "must start on (early)": ("muststarton", dated("muststarton", 61), dated("muststarton", 60)),
    "must start on (late)": ("muststarton", dated("muststarton", 59), dated("muststarton", 59, status="started")),
    "must finish on (early)": ("mustfinishon", dated("mustfinishon", 121), dated("mustfinishon", 120)),
    "must finish on (late)": (
        "mustfinishon",
        dated("mustfinishon", 119, status="started"),
        dated("mustfinishon", 119, status="completed"),
    ),
    "same resource": (
        "sameresource",
        plant([op("A", 60, "M", 0), op("B", 60, "N", 0)], constraints=[set_rule("sameresource", "A", "B")]),
        plant([A, B, op("C", 9, "N")], constraints=[set_rule("sameresource", "A", "B", "C")]),
    ),
    "different resource": (
        "differentresource",
        plant([A, B], constraints=[set_rule("differentresource", "A", "B")]),
        plant([A, op("B", 60, "N", 0)], constraints=[set_rule("differentresource", "A", "B")]),
    ),
    "never at once": (
        "nooverlap",
        plant([A, op("B", 60, "N", 59)], constraints=[set_rule("nooverlap", "A", "B")]),
        plant([A, op("B", 60, "N", 60)], constraints=[set_rule("nooverlap", "A", "B")]),
    ),
    "in the past": ("horizon", plant([A], now=1), plant([A], now=0)),
    "in the past but begun": ("horizon", plant([A], now=1), plant([op("A", 60, "M", 0, status="started")], now=1)),
    "in the past but locked": ("horizon", plant([A], now=1), plant([op("A", 60, "M", 0, locked=True)], now=1)),
    "in the past but frozen": ("horizon", plant([A], now=1), plant([A], now=1, freeze=1)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_broken_plan_is_caught(name):
    rule, broken, _ = CASES[name]
    assert rule in {v.rule for v in check(broken)}


@pytest.mark.parametrize("name", CASES)
def test_a_near_miss_passes(name):
    rule, _, near = CASES[name]
    assert rule not in {v.rule for v in check(near)}


@pytest.mark.parametrize("name", [n for n in CASES if n not in {"units held through a pause", "same resource"}])
def test_a_near_miss_breaks_nothing_else(name):
    """The near misses are plans without any fault, so that each case shows one rule alone."""
    assert check(CASES[name][2]) == []


def two(**fields):
    return [A, op("B", 60, "N", 0, **fields)]


@pytest.mark.parametrize(
    "schedule",
    [
        plant([A], constraints=[date_rule("startnoearlierthan", "A", 9, enabled=False)]),
        plant(two(), constraints=[set_rule("sameresource", "A", "B", enabled=False)]),
        plant([A, B], constraints=[set_rule("differentresource", "A", "B", enabled=False)]),
        plant(two(), constraints=[set_rule("nooverlap", "A", "B", enabled=False)]),
        plant([A], constraints=[outage("M", 0, 99, enabled=False)]),
    ],
)
def test_a_constraint_that_is_switched_off_is_ignored(schedule):
    assert check(schedule) == []


# against the input plan and the request


def with_base(base: Schedule, changed: Schedule, **asked) -> list[str]:
    return [v.rule for v in check(changed, request=request(base, **asked))]


@pytest.mark.parametrize(
    ("rule", "fields", "kept"),
    [
        ("completed", {"status": "completed"}, {}),
        ("started", {"status": "started"}, {"end": 70}),  # its end may follow its duration
        ("locked", {"locked": True}, {}),
    ],
)
def test_what_is_fixed_must_not_move(rule, fields, kept):
    base = plant([op("A", 60, "M", 0, **fields), op("B", 60, "N", 500)], [machine("N2")])
    assert rule in with_base(base, moved(base, "A", start=1))
    assert rule in with_base(base, moved(base, "A", on="N2"))
    assert rule not in with_base(base, moved(base, "B", start=400))
    if kept:
        assert rule not in with_base(base, moved(base, "A", start=0, **kept))
    else:
        assert rule in with_base(base, moved(base, "A", start=0, end=70))


def test_locks_of_the_request():
    base = plant([op("A", 60, "M", 0)])
    assert with_base(base, moved(base, "A", start=1), locked=["A"]) == ["locked"]
    assert with_base(base, moved(base, "A", start=1)) == []
    assert with_base(base, base, locked=["A"]) == []


def test_a_lock_holds_the_chosen_crane_too():
    base = plant([op("A", 60, "M", 0, demands=[Demand(resource_ids=("K", "L"), resource_id="K")], locked=True)])
    other = moved(base, "A", demands=(Demand(resource_ids=("K", "L"), resource_id="L"),))
    assert with_base(base, other) == ["locked"]
    open_ = plant([op("A", 60, "M", 0, demands=[["K", "L"]], locked=True)])
    assert with_base(open_, moved(open_, "A", demands=(Demand(resource_ids=("K", "L"), resource_id="L"),))) == []


def test_what_starts_in_the_frozen_time_stays():
    base = plant([op("A", 60, "M", 9), op("B", 60, "N", 10)], now=0, freeze=10)
    assert with_base(base, moved(base, "A", start=20)) == ["frozen"]
    assert with_base(base, moved(base, "B", start=20)) == []


def test_what_is_out_of_scope_stays_and_stays_unplaced():
    base = plant([op("A", 60, "M", 0), op("B", 60, "N", 0), op("C", 60, "O")])
    scope = Scope(event_ids=("A",))
    assert with_base(base, moved(base, "A", start=20), scope=scope) == ["unscheduled"]
    assert with_base(base, moved(base, "B", start=20), scope=scope) == ["unscheduled", "scope"]
    assert with_base(base, moved(base, "C", start=20), scope=scope) == ["scope"]


def test_nothing_starts_before_the_input_plans_horizon():
    base = plant([op("A", 60, "M", 10)])
    assert with_base(base, moved(base, "A", start=9)) == ["horizon"]
    assert check(moved(base, "A", start=9)) == []


def test_blocked_intervals():
    base = plant([op("A", 60, "M", 0), op("B", 60, "N", 0, demands=["K"])])
    assert with_base(base, base, blocks=[block("M", 59, 99)]) == ["blocked"]
    assert with_base(base, base, blocks=[block("M", 60, 99)]) == []
    assert with_base(base, base, blocks=[block("K", 59, 99)]) == ["blocked"]
    assert with_base(base, base, blocks=[block("M", 59, 99)], locked=["A"]) == []
    setup = family_plant(op("A", 60, "M", 100, family="y"), initial="x")
    assert with_base(setup, setup, blocks=[block("M", 0, 81)]) == ["blocked"]
    assert with_base(setup, setup, blocks=[block("M", 0, 80)]) == []


def test_results_are_checked_over_their_input():
    base = plant([op("A", 60, modes=["M"]), op("B", 60, "M", 0)])
    good = placed_events(moved(moved(base, "A", start=60), "A", on="M"))
    assert check_result(base, good) == []
    assert check_result(request(base), good) == []
    clash = placed_events(moved(moved(base, "A", start=30), "A", on="M"))
    assert [v.rule for v in check_result(base, clash)] == ["overlap"]
    with pytest.raises(TaktwerkError, match="E012"):
        check_result(base, [PlacedEvent(id="ghost")])


def test_conflicts_among_fixed_operations_are_tolerated_those_of_locks_are_not():
    events = [
        op("done", 60, "M", 0, status="completed"),
        op("begun", 60, "M", 30, status="started"),
        op("locked", 60, "N", 0, locked=True),
        op("begun2", 60, "N", 30, status="started"),
        op("free", 60, "M", 80),
    ]
    schedule = plant(events, now=0)
    found = check(schedule, request=request(schedule))
    assert [v.event_ids for v in found] == [("done", "begun"), ("begun", "free"), ("locked", "begun2")]
    fixed = pins(schedule)
    assert [is_tolerated(v, fixed) for v in found] == [True, False, False]
    assert untolerated(found, fixed) == found[1:]
    moved_away = Violation("started", "", ("begun",))
    assert not is_tolerated(moved_away, fixed)


def test_fixed_operations_say_where_the_others_must_run():
    events = [op("free", 60, "N", 0), op("begun", 60, "M", 0, status="started")]
    (found,) = check(plant(events, constraints=[set_rule("sameresource", "free", "begun")]))
    assert found.event_ids == ("begun", "free")


# words and numbers


def only(schedule: Schedule, **more) -> Violation:
    (found,) = check(schedule, **more)
    return found


def test_an_overlap_in_words_and_numbers():
    schedule = plant(
        [op("A", 90, "M", DAY + 6 * HOUR, name="OP-31"), op("B", 90, "M", DAY + 6 * HOUR, name="OP-77")],
        [machine("M", name="Lathe 4")],
        zone="Europe/Berlin",
    )
    found = only(schedule)
    assert found.message == "Lathe 4 runs OP-31 and OP-77 at once from Tue 6 Jan 2026 07:00 to 08:30."
    assert (found.event_ids, found.resource_id) == (("A", "B"), "M")
    assert (found.start_ms, found.end_ms, found.amount_ms) == (at_ms(DAY + 360), at_ms(DAY + 450), ms(90))


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        (linked(2, 110, lag=10), "B starts 01:50, 20 min too early: A ends 02:00 and 10 min must pass."),
        (linked(2, 140, max_lag=10), "B starts 02:20, 10 min too late: A ends 02:00 and at most 10 min may pass."),
        (plant([op("A", 60, "M", 0, 50)]), "A is given 50 min of working time on M, but needs 1 h."),
        (shift(op("A", 60, "M", 0)), "A is planned from 00:00 to 01:00, when M does not work."),
        (
            plant([op("A", 60, "M", 0, interruptible=False)], constraints=[outage("M", 20, 30)]),
            "A must not be interrupted, but M has a break from 00:20.",
        ),
        (
            plant([op(k, 60, "M", 0) for k in "ABC"], [machine("M", capacity=2)]),
            "M has 2 units but 3 are needed from 00:00 to 01:00 by A, B and C.",
        ),
        (
            plant(
                [A], [machine("M", capacity=3)], constraints=[outage("M", 0, 60, units=2), outage("M", 30, 60, units=2)]
            ),
            "M has 3 units, 3 of them out of order, but 1 is needed from 00:30 to 01:00 by A.",
        ),
        (plant([op("A", 60, "M", 0, deadline=30)]), "A ends 01:00, 30 min after its deadline 00:30."),
        (dated("muststarton", 90), "A must start on 01:30, but starts 01:00, 30 min too early."),
        (
            plant([op("A", 60, "M", 0)], now=30),
            "A starts 00:00, in the past: the plan begins 00:30, and it has not started.",
        ),
        (plant([op("A", 60, "N", 0, modes=["M"])]), "A is planned on N, but may only run on M."),
        (
            family_plant(op("A", 60, "M", 0, family="x"), initial="y"),
            "M runs A (x) after y, a sequence that its setup matrix forbids.",
        ),
        (
            family_plant(op("A", 60, "M", 0, family="x"), op("B", 60, "M", 70, family="y")),
            "M is set up for B from 00:50 to 01:10, while it runs A until 01:00.",
        ),
        (
            plant([op(k, 60, k, 0, demands=[["K", "L"]]) for k in "ABC"]),
            "None of K and L can serve C from 00:00 to 01:00.",
        ),
        (
            crane(op("A", 60, "M", H8 - 30, demands=["K"]), calendar="C"),
            "A needs K from 07:30 to 08:00, when it does not work.",
        ),
    ],
)
def test_messages(schedule, message):
    # the day is the same in all of them
    assert only(schedule).message.replace("Mon 5 Jan 2026 ", "") == message


def test_three_at_once_are_told_pair_by_pair():
    schedule = plant([op("A", 60, "M", 0), op("B", 60, "M", 10), op("C", 60, "M", 20)])
    assert [v.event_ids for v in check(schedule)] == [("A", "B"), ("A", "C"), ("B", "C")]


def test_open_choices_count_against_what_is_chosen():
    """A's choice is open; K is taken by B's later half only, which first fit by start must foresee."""
    events = [op("A", 60, "M", 0, demands=[["K", "L"]]), op("B", 60, "N", 30, demands=["K"])]
    assert check(plant(events)) == []
    assert [v.rule for v in check(plant([*events, op("C", 9, "O", 0, demands=["L"])]))] == ["demand"]


def test_a_need_without_a_choice_names_who_holds_the_candidates():
    events = [
        op("A", 60, "M", 0, demands=["K"]),
        op("B", 60, "N", 30, demands=["L"]),
        op("Z", 9, "O", 500, demands=["K"]),
    ]
    found = only(plant([*events, op("C", 60, "O", 0, demands=[["K", "L"]])]))
    assert found.event_ids == ("C", "A", "B")


def test_two_open_needs_of_one_operation_take_two_cranes():
    assert check(plant([op("A", 60, "M", 0, demands=[["K", "L"], ["K", "L"]])])) == []
    assert [v.rule for v in check(plant([op("A", 60, "M", 0, demands=[["K"], ["K"]])]))] == ["capacity"]


def test_violations_can_be_kept_in_sets_and_the_order_is_fixed():
    schedule = plant([op("A", 60, "M", 0, 50), op("B", 60, "M", 20)], now=30)
    assert check(schedule) == check(schedule)
    assert len({*check(schedule), *check(schedule)}) == len(check(schedule)) == 4


def test_a_heap_at_one_instant_is_told_in_bounded_time():
    begin = time.perf_counter()
    found = check(plant([op(f"A{i}", 60, "M", 0) for i in range(3_000)]))
    assert time.perf_counter() - begin < 5
    assert {key for v in found for key in v.event_ids} == {f"A{i}" for i in range(3_000)}


def test_ten_thousand_operations_in_half_a_second():
    events = [op(f"A{i}", 60, f"M{i % 100}", (i // 100) * 60, order=f"O{i % 500}") for i in range(10_000)]
    links = [after(f"A{i}", f"A{i + 100}") for i in range(9_900)]
    orders = [order(f"O{i}", due=100, deadline=100 * DAY) for i in range(500)]
    schedule = plant(events, dependencies=links, orders=orders, now=0)
    assert check(schedule) == []
    best = min(_cpu(lambda: check(schedule)) for _ in range(3))
    assert best < 0.5


def _cpu(call):
    begin = time.process_time()
    call()
    return time.process_time() - begin


def test_the_checker_shares_no_code_with_the_solver():
    code = "import engine.check, engine.metrics, sys; print([m for m in sys.modules if 'solve' in m or 'ortools' in m])"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.strip() == "[]"


def test_an_empty_schedule_is_fine():
    assert check(plant()) == []
    assert at_ms(0) == T0_MS
