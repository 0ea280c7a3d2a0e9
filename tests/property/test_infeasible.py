"""Why there is no plan: the known cause is named, each member is needed, and each repair works when carried out."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from engine.check import check_result, untolerated
from engine.model import OptimizationRequest
from engine.pinning import pins
from engine.solve.cpsat.search import Settings, solve_cpsat
from engine.solve.engine import solve
from engine.solve.problem.compile import compile_problem
from engine.solve.report import Outcome, SilentReporter, StopFlag
from engine.solve.warm_start import lock_conflicts
from engine.solve.why.edits import apply_repair
from engine.solve.why.infeasible import Explanation, explain_infeasible
from engine.solve.why.rules_given import RuleBook, prepared
from engine.validate import parse_request
from tests.support.infeasible_cases import CAUSES, InfeasibleCase, infeasible_case

QUICK = list(range(len(CAUSES) + 7))
ALL = list(range(len(QUICK), 230))


class FirstPlan(SilentReporter):
    """Ends a run with its first plan: what counts here is that there is one."""

    def __init__(self) -> None:
        self.stop = StopFlag()

    def incumbent(self, *_: Any) -> None:
        self.stop.stop()


@pytest.mark.parametrize("seed", QUICK)
def test_the_cause_is_named_each_member_is_needed_and_each_repair_works(seed: int) -> None:
    assert_explained(infeasible_case(seed))


@pytest.mark.slow
@pytest.mark.parametrize("seed", ALL)
def test_many_more_plants_without_a_plan_are_explained(seed: int) -> None:
    assert_explained(infeasible_case(seed))


def assert_explained(case: InfeasibleCase) -> None:
    found = explain_infeasible(case.request, time.monotonic() + 20, StopFlag(), workers=1)
    named = {(member["kind"], member["id"]) for member in found.conflict}
    assert case.cause <= named, case.name
    assert found.is_minimal and all(member["proven"] and member["text"] for member in found.conflict)
    assert_minimal(case, named)
    assert_repairs_work(case, found)


def assert_minimal(case: InfeasibleCase, named: set[tuple[str, str]]) -> None:
    book = RuleBook(prepared(case.request))
    with_facts = named & {rule.key for rule in book.facts}
    pool = [*book.decisions, *book.facts] if with_facts else list(book.decisions)
    others = [rule for rule in pool if rule.key not in named]
    assert is_proven_infeasible(book.without(others)), "the named rules can hold together"
    for rule in pool:
        if rule.key in named:
            assert has_plan(book.without([*others, rule])), f"{rule.key} is not needed"


def assert_repairs_work(case: InfeasibleCase, found: Explanation) -> None:
    assert found.repairs, "nothing is offered"
    assert [repair["price"] for repair in found.repairs] == sorted(repair["price"] for repair in found.repairs)
    for repair in json.loads(json.dumps(found.repairs)):
        repaired = apply_repair(case.request, repair)
        parse_request(repaired.to_json())  # valid as it stands
        assert has_plan(repaired), repair
        expected = case.least.get((repair["kind"], repair["id"]))
        if expected is not None:
            assert minutes_of(case.request, repair) == expected, repair


def has_plan(request: OptimizationRequest) -> bool:
    outcome = solved(request)
    if outcome.events is None:
        return False
    held = pins(request.schedule_data, request)
    return untolerated(check_result(request, outcome.events), held) == []


def solved(request: OptimizationRequest) -> Outcome:
    reporter = FirstPlan()
    options = request.options.model_copy(update={"time_limit": 10.0, "workers": 1})
    return solve(request.model_copy(update={"options": options}), reporter, reporter.stop)


def is_proven_infeasible(request: OptimizationRequest) -> bool:
    """Prove it by minimising, not as explanations do by looking for any plan."""
    problem = compile_problem(request)
    if lock_conflicts(problem):
        return True
    return solve_cpsat(problem, None, Settings(time.monotonic() + 20), StopFlag()).status == "infeasible"


def minutes_of(request: OptimizationRequest, repair: dict[str, Any]) -> float:
    """Return by how many minutes a repair with a price per hour changes its rule, from the words of its price."""
    units = {"d": 1440, "h": 60, "min": 1}
    words = repair["priceText"].split()
    return sum(int(n) * units[unit] for n, unit in zip(words[::2], words[1::2], strict=False) if unit in units)
