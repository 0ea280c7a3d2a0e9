"""Searches begin where they are told to: from the plan that rules found, or that is there already."""

from __future__ import annotations

import datetime as dt
import time

import numpy as np
import pytest

from engine.apply import apply_result
from engine.model import OptimizationRequest, Options, Schedule
from engine.solve.clock import MOST_KEPT, Clock
from engine.solve.dispatching.dispatch import Dispatcher, Limits
from engine.solve.problem.compile import compile_problem
from engine.solve.problem.conversion import to_events
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


def planned_with_a_gap() -> Schedule:
    """A plant with a plan in which everything from the third day on is a week later than it could be."""
    schedule = grown_plant(300, load=0.9)
    problem = compile_problem(OptimizationRequest(schedule_data=schedule, options=Options()))
    best = dispatcher_of(problem, 2).best
    assert best is not None
    events = to_events(problem, best.solution)
    third_day = min(e.start_date for e in events) + dt.timedelta(days=2)
    week = dt.timedelta(days=7)  # has the same shifts
    moved = [
        e.model_copy(update={"start_date": e.start_date + week, "end_date": e.end_date + week})
        if e.start_date >= third_day
        else e
        for e in events
    ]
    return apply_result(schedule, moved, mark_manual=False)


def test_a_search_near_the_present_plan_begins_with_it_and_not_with_what_is_earlier() -> None:
    options = Options(objective="minimize_tardiness", incremental_mode=True)
    problem = compile_problem(OptimizationRequest(schedule_data=planned_with_a_gap(), options=options))
    start = dispatcher_of(problem, 1).best
    assert start is not None and start.rule == "present plan, held"
    search = Annealer(problem, start.solution, 0)
    decoded = search._solution((search.order, search.mode, search.delay))
    present = np.array([op.previous.start for op in problem.ops if op.previous])
    assert (present <= decoded.start).all() and (decoded.start <= start.solution.start).all()
    search.delay[:] = 0
    earlier = search._solution((search.order, search.mode, search.delay))
    assert (earlier.start <= decoded.start).all() and (earlier.start < decoded.start).any()


def test_a_clock_keeps_time_for_the_end_but_never_most_of_it() -> None:
    clock = Clock(time.monotonic(), 10.0, 1.0)
    assert clock.deadline == pytest.approx(clock.begin + 9.0)
    clock.keep(2.5)
    assert clock.deadline == pytest.approx(clock.begin + 7.5)
    clock.keep(60.0)
    assert clock.deadline == pytest.approx(clock.begin + 10.0 * (1 - MOST_KEPT))
