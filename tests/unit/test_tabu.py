"""Tabu search on the disjunctive graph: its times are the decoder's, its plans keep every rule and get better."""

from __future__ import annotations

import random

import numpy as np
import pytest

from engine.check import check_result, untolerated
from engine.model import Demand, OptimizationRequest, Options, Status
from engine.pinning import pins
from engine.solve.dispatching.dispatch import Dispatcher, Limits
from engine.solve.problem.compile import compile_problem
from engine.solve.problem.conversion import to_events
from engine.solve.problem.evaluate import evaluate
from engine.solve.report import StopFlag
from engine.solve.searches import tabu_kernels as kernels
from engine.solve.searches.calendar_kernels import latest, span
from engine.solve.searches.shop import ShopMap, is_shop, supports_tabu
from engine.solve.searches.shop_kernels import all_tails, sort_and_time
from engine.solve.searches.tabu import TabuSearch
from tests.support.rule_cases import date, dep, matrix, on, op, order, placed, plant, res, together, week


def request(schedule, **options):
    return OptimizationRequest(
        schedule_data=schedule, options=Options(**({"objective": "minimize_makespan"} | options))
    )


def shop_plant(seed, jobs=7, rules=True):
    """Return a flexible job shop; with ``rules``: shifts, setups, releases, history, uninterrupted operations."""
    draw = random.Random(seed)
    machines = [
        res(
            f"m{m}",
            calendar=draw.choice(["two", "split", None]) if rules else None,
            setup_matrix="s" if rules and m < 2 else None,
            initial_setup="A" if rules and m == 0 else None,
        )
        for m in range(4)
    ]
    items = [*machines, week("two", ("06:00", "22:00")), week("split", ("00:00", "11:00"), ("12:00", "24:00"))]
    items.append(matrix(("A", "B", 20), ("B", "A", 35), ("B", "C", 5), ("*", "C", 15), ("C", "A", None), ("C", "C", 0)))
    items.append(placed("old", -30, 45, "m1", status=Status.STARTED, setup_family="B" if rules else None))
    for j in range(jobs):
        for k in range(4):
            modes = on(*((f"m{m}", draw.choice([20, 45, 60, 100])) for m in draw.sample(range(4), draw.choice([1, 2]))))
            fields = {"setup_family": draw.choice("ABC"), "interruptible": draw.random() < 0.6} if rules else {}
            if rules and k == 0 and draw.random() < 0.4:
                fields["release_date"] = draw.choice([30, 300])
            items.append(op(f"j{j}-{k}", 60, None, modes=modes, **fields))
            if k:
                items.append(dep(f"j{j}-{k - 1}", f"j{j}-{k}", lag=draw.choice([0, 0, 15])))
    return plant(*items)


def start_of(asked, passes=30):
    problem = compile_problem(asked)
    assert supports_tabu(problem)
    found = Dispatcher(problem, StopFlag()).run(Limits(None, passes))
    assert found is not None
    return problem, found


@pytest.mark.parametrize("rules", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_every_plan_keeps_the_rules_and_is_worth_what_it_says(seed, rules):
    asked = request(shop_plant(seed, rules=rules))
    problem, found = start_of(asked)
    told = []
    search = TabuSearch(problem, found.solution, seed)
    for _ in range(4):
        search.turn(60, told.append)
    for solution in told:
        events = to_events(problem, solution)
        assert untolerated(check_result(asked, events), pins(asked.schedule_data, asked)) == []
    values = [evaluate(problem, solution)[0] for solution in told]
    assert values == sorted(values, reverse=True)
    if told:
        assert values[-1] == search.best_tick * problem.tick_ms < found.vector[0]


def test_it_improves_a_job_shop_by_a_good_deal():
    draw = random.Random(2)
    items = [res(f"m{m}") for m in range(8)]
    for j in range(12):
        for k, m in enumerate(draw.sample(range(8), 8)):
            items.append(op(f"j{j}-{k}", draw.randint(1, 99), f"m{m}"))
            if k:
                items.append(dep(f"j{j}-{k - 1}", f"j{j}-{k}"))
    problem, found = start_of(request(plant(*items)), passes=5)
    told = []
    TabuSearch(problem, found.solution, 1).turn(2_000, told.append)
    assert told and evaluate(problem, told[-1])[0] < 0.93 * found.vector[0]


def test_equal_seeds_and_turns_give_equal_plans():
    problem, found = start_of(request(shop_plant(3)))
    plans = []
    for _ in range(2):
        search = TabuSearch(problem, found.solution, 9)
        search.turn(100, lambda _: None)
        search.turn(100, lambda _: None)
        plans.append(search.solution().start)
    assert np.array_equal(*plans)


def test_a_target_ends_the_search():
    problem, found = start_of(request(plant(op("a", 60), op("b", 30))))
    search = TabuSearch(problem, found.solution, 1)
    search.target = 90
    search.turn(50, lambda _: None)
    assert search.best_tick == 90


def test_heads_and_tails_kept_up_move_by_move_are_those_of_a_fresh_start():
    problem, found = start_of(request(shop_plant(5, jobs=9)))
    shop_map = ShopMap(problem)
    shop = shop_map.shop
    order_, mode = shop_map.sequence(found.solution)
    state = kernels.new_state(shop, order_, mode)
    best = kernels.makespan(shop, state)
    best_order, best_mode = state.order.copy(), state.mode.copy()
    for turn in range(12):
        kernels.search(shop, state, 25 * turn, 0, 25, 10_000, turn, best, 0, best_order, best_mode)
        horizon = kernels.makespan(shop, state)
        fresh = [array.copy() for array in (state.start, state.end, state.order, state.place)]
        assert sort_and_time(shop, state.mode, state.before, state.after, *fresh) == shop.n
        assert np.array_equal(fresh[0], state.start) and np.array_equal(fresh[1], state.end)
        place = np.empty(shop.n, np.int64)
        place[state.order] = np.arange(shop.n)
        assert np.array_equal(place, state.place)
        tail = np.empty(shop.n, np.int64)
        all_tails(shop, state.mode, state.after, fresh[2], tail, horizon)
        assert (tail >= state.start).all() and (tail == state.start).any()


def test_times_on_calendars_agree_with_the_timeline():
    calendar = week("w", ("06:00", "10:00"), ("11:00", "11:30"), ("13:00", "18:00"))
    problem = compile_problem(request(plant(calendar, res("m1", calendar="w"), op("a", 60))))
    shop, working = ShopMap(problem).shop, problem.resources[0].working
    assert working is not None
    draw = random.Random(4)
    for _ in range(400):
        t, work = draw.randrange(0, 20_000), draw.randrange(1, 900)
        assert span(shop, 0, t, work, True) == working.span(t, work)
        assert latest(shop, 0, t, work, True) == working.back(t, work)
        fit = working.fit(t, work)
        if fit is not None:
            assert span(shop, 0, t, work, False) == (fit, fit + work)
            back = latest(shop, 0, fit + work, work, False)
            assert back == fit


@pytest.mark.parametrize(
    "extra",
    [
        [op("x", 30, demands=(Demand(resource_id="m2"),))],
        [date("finishnolaterthan", "a", 900)],
        [date("finishnoearlierthan", "a", 900)],
        [together("nooverlap", "a", "b")],
        [dep("a", "b", 0)],
        [dep("a", "b", max_lag=5)],
        [dep("a", "b"), dep("b", "a", lag=1)],
        [placed("x", 200, 260, "m1", locked=True)],
        [op("x", 30, "m3")],
    ],
    ids=["demand", "latest", "earliest end", "set", "start to start", "max lag", "cycle", "lock", "capacity"],
)
def test_other_rules_are_left_to_other_searches(extra):
    plain = [res("m1"), res("m2"), res("m3", capacity=2), op("a", 60), op("b", 60)]
    assert is_shop(compile_problem(request(plant(*plain))))
    assert not is_shop(compile_problem(request(plant(*plain, *extra))))


def test_other_objectives_are_left_to_other_searches():
    schedule = plant(op("a", 60, order_id="o"), order("o", due_date=30))
    assert supports_tabu(compile_problem(request(schedule)))
    assert not supports_tabu(compile_problem(request(schedule, objective="minimize_tardiness")))
