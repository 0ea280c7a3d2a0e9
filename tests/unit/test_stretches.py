"""Annealing stretch by stretch: its plans keep every rule and are worth what it says; two searches share finds."""

from __future__ import annotations

import numpy as np
import pytest

from engine.check import check_result, untolerated
from engine.model import OptimizationRequest, Options
from engine.pinning import pins
from engine.solve.dispatching.dispatch import Dispatcher, Found, Limits
from engine.solve.problem.compile import compile_problem
from engine.solve.problem.conversion import to_events
from engine.solve.problem.evaluate import evaluate
from engine.solve.problem.problem import Problem, Solution
from engine.solve.report import StopFlag
from engine.solve.searches import stretches
from engine.solve.searches.annealing import Annealer
from engine.solve.searches.stretches import StretchAnnealer, list_search
from tests.benchmarks.plants import grown_plant


def start_of(operations: int, load: float = 1.3, **options: object) -> tuple[OptimizationRequest, Problem, Found]:
    asked = OptimizationRequest(
        schedule_data=grown_plant(operations, load=load),
        options=Options.model_validate({"objective": "minimize_tardiness"} | options),
    )
    problem = compile_problem(asked)
    dispatcher = Dispatcher(problem, StopFlag())
    dispatcher.run(Limits(None, 3))
    assert dispatcher.best is not None
    return asked, problem, dispatcher.best


def test_every_plan_keeps_the_rules_and_is_better_than_the_one_before() -> None:
    asked, problem, found = start_of(500)
    told: list[Solution] = []
    search = StretchAnnealer(problem, found.solution, 3)
    search.run_counted(3_000, lambda: False, told.append)
    values = [evaluate(problem, solution) for solution in told]
    assert values and values == sorted(values, reverse=True)
    assert values[-1][0] < 0.9 * found.vector[0]
    events = to_events(problem, told[-1])
    assert untolerated(check_result(asked, events), pins(asked.schedule_data, asked)) == []


@pytest.mark.parametrize("options", [{}, {"objective": None}])
def test_what_a_stretch_claims_is_what_its_list_decodes_to(options: dict[str, object]) -> None:
    """Kept up over many stretches: prices may be wrong, but what is taken was decoded whole."""
    _, problem, found = start_of(500, **options)
    search = StretchAnnealer(problem, found.solution, 5)
    for turn in range(25):
        search._turn(60, turn / 25, lambda _: None)
        assert search._value == pytest.approx(search._value_of(search.order, search.mode))


def test_two_searches_put_their_finds_together() -> None:
    _, problem, found = start_of(500)
    one, other = (StretchAnnealer(problem, found.solution, seed) for seed in (1, 2))
    plans: dict[int, Solution] = {}
    for k, search in enumerate((one, other)):
        search.run_counted(1_200, lambda: False, lambda plan, k=k: plans.update({k: plan}))
    other.rebase(plans[0])
    other._turn(1, 0.0, lambda _: None)
    assert other._known <= one._known + 1e-6


def test_it_is_for_long_lists_that_are_about_lateness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stretches, "_LONG", 100)
    for options, fits in (({}, True), ({"objective": "minimize_makespan"}, False), ({"incremental_mode": True}, False)):
        _, problem, found = start_of(150, **options)
        search = list_search(problem, found.solution, 0)
        assert isinstance(search, Annealer)
        assert isinstance(search, StretchAnnealer) is fits, options
    monkeypatch.setattr(stretches, "_LONG", 200)
    assert not isinstance(list_search(*start_of(150)[1:2], start_of(150)[2].solution, 0), StretchAnnealer)


def test_prices_tell_what_lateness_waits_for() -> None:
    _, problem, found = start_of(500)
    search = StretchAnnealer(problem, found.solution, 0)
    search._turn(1, 0.0, lambda _: None)
    late = [
        o.ops
        for o in problem.orders
        if o.due_ms and problem.to_ms(int(found.solution.end[list(o.ops)].max())) > o.due_ms
    ]
    assert late and np.count_nonzero(search._worth) >= len(late)
