"""Dates that leave an operation no room: sound input, and a run tells what clashes and what would help."""

from __future__ import annotations

import pytest

from engine.model import Schedule
from engine.solve.engine import solve
from engine.solve.report import SilentReporter, StopFlag
from engine.solve.why.edits import apply_repair
from engine.validate import faults_of_request
from tests.support.plants import date_rule, machine, op, order, plant, request

CASES = {
    "own dates": (plant([op("A", 60, release=30, deadline=89)], now=0), {"release", "deadline"}),
    "the order's dates": (
        plant([op("A", 60, order="O")], orders=[order("O", release=30, deadline=89)], now=0),
        {"release", "deadline"},
    ),
    "a slow machine": (
        plant([op("A", 60, "M", release=30, deadline=140)], [machine("M", efficiency=0.5)], now=0),
        {"release", "deadline"},
    ),
    "two rules on the start": (
        plant([op("A")], constraints=[date_rule("muststarton", "A", 5), date_rule("startnolaterthan", "A", 4)]),
        {"muststarton", "startnolaterthan"},
    ),
    "two rules on the end": (
        plant(
            [op("A")],
            constraints=[date_rule("mustfinishon", "A", 70, id="1"), date_rule("mustfinishon", "A", 80, id="2")],
        ),
        {"mustfinishon"},
    ),
    "a rule on each": (
        plant(
            [op("A", 60)],
            constraints=[date_rule("startnoearlierthan", "A", 5), date_rule("finishnolaterthan", "A", 64)],
        ),
        {"startnoearlierthan", "finishnolaterthan"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_clash_is_named_and_every_repair_leaves_a_plan(case: str) -> None:
    schedule, kinds = CASES[case]
    asked = request(schedule, workers=1, time_limit=5.0)
    assert faults_of_request(asked) == []
    found = solve(asked, SilentReporter(), StopFlag())
    assert found.status == "infeasible" and {member["kind"] for member in found.conflict} == kinds
    assert found.repairs
    for repair in found.repairs:
        repaired = apply_repair(asked, repair)
        assert is_sound(repaired.schedule_data)
        assert solve(repaired, SilentReporter(), StopFlag()).events is not None


def is_sound(schedule: Schedule) -> bool:
    return faults_of_request(request(schedule)) == []
