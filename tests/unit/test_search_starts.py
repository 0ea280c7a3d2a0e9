"""Searches begin where they are told to: from the plan that rules found, or that is there already."""

from __future__ import annotations

import time

import numpy as np
import pytest

from engine.model import OptimizationRequest, Options
from engine.solve.clock import MOST_KEPT, Clock
from engine.solve.dispatching.dispatch import Dispatcher, Limits
from engine.solve.problem.compile import compile_problem
from engine.solve.problem.problem import Problem
from engine.solve.report import StopFlag
from engine.solve.searches.annealing import Annealer
from tests.benchmarks.plants import grown_plant
from tests.support.board_plant import make_plant


def dispatcher_of(problem: Problem, passes: int) -> Dispatcher:
    dispatcher = Dispatcher(problem, StopFlag())
    dispatcher.run(Limits(None, passes))
    assert dispatcher.best is not None
    return dispatcher


@pytest.mark.parametrize(("operations", "load"), [(600, 0.9), (1_200, 1.0)])
def test_the_list_of_a_plan_decodes_to_it_or_to_what_is_earlier(operations: int, load: float) -> None:
    """With setups that begin before the work is there, people shared by machines, and steps of one machine."""
    options = Options(objective="minimize_tardiness")
    request = OptimizationRequest(schedule_data=grown_plant(operations, load=load), options=options)
    problem = compile_problem(request)
    best = dispatcher_of(problem, 6).best
    assert best is not None
    search = Annealer(problem, best.solution, 0)
    decoded = search._solution((search.order, search.mode, search.delay))
    assert np.array_equal(decoded.mode, best.solution.mode)
    assert (decoded.start <= best.solution.start).all()


def test_work_that_is_locked_in_a_plan_leaves_room_for_what_comes_before_it() -> None:
    """Rules that do not look ahead fill the room; the plan that is there has it."""
    schedule = make_plant(90, machines_per_stage=4)
    assert any(op.locked for op in schedule.snapshot.events)
    problem = compile_problem(OptimizationRequest(schedule_data=schedule))
    assert dispatcher_of(problem, 1).passes == 1


def test_a_clock_keeps_time_for_the_end_but_never_most_of_it() -> None:
    clock = Clock(time.monotonic(), 10.0, 1.0)
    assert clock.deadline == pytest.approx(clock.begin + 9.0)
    clock.keep(2.5)
    assert clock.deadline == pytest.approx(clock.begin + 7.5)
    clock.keep(60.0)
    assert clock.deadline == pytest.approx(clock.begin + 10.0 * (1 - MOST_KEPT))
