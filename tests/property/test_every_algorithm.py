"""Every rule in every algorithm: the table of known optima, and random plants that use many rules at once."""

from __future__ import annotations

import pytest

from engine.apply import apply_result
from engine.check import check_result, untolerated
from engine.metrics import objective_vector
from engine.model import OptimizationRequest, Options
from engine.pinning import pins
from engine.solve.engine import solve
from engine.solve.report import SilentReporter, StopFlag
from tests.support.random_plants import small_plant
from tests.support.rule_cases import RULE_CASES, RuleCase

TOLERATED = {"started_conflict_tolerated"}
UNPROVEN = {"no_pause_for_secondary", "cycle_of_dependencies"}
"""No plan exists, but only within the calendars' window can that be shown, or it is E001 before anything is solved."""


@pytest.mark.parametrize("case", RULE_CASES, ids=lambda case: case.name)
def test_the_exact_algorithm_finds_the_known_optimum_of_each_rule(case: RuleCase) -> None:
    request = case.request(2, time_limit=30.0)
    outcome = solve(request, SilentReporter(), StopFlag())
    if not case.feasible:
        assert outcome.events is None
        assert outcome.status == "infeasible" or case.name in UNPROVEN
        return
    assert outcome.events is not None and outcome.vector is not None
    assert outcome.vector[0] == case.expected
    if case.name not in TOLERATED:
        assert check_result(request, outcome.events) == []


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("algorithm", [1, 2, 3, 4])
def test_random_plants_break_no_rule(seed: int, algorithm: int) -> None:
    schedule, locks = small_plant(seed)
    options = Options(time_limit=3, workers=1, deterministic=True)
    request = OptimizationRequest(schedule_data=schedule, locks=locks, algorithm_id=algorithm, options=options)
    outcome = solve(request, SilentReporter(), StopFlag())
    assert outcome.status in ("optimal", "feasible", "infeasible", "unknown")
    if outcome.events is not None:
        found = check_result(request, outcome.events)
        assert untolerated(found, pins(schedule, request)) == []
        result = apply_result(schedule, outcome.events, mark_manual=False)
        assert objective_vector(request, result) == outcome.vector
