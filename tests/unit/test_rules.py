"""Compiled dispatching: plans that keep every rule and are worth what they say; runs do without where it is missing."""

from __future__ import annotations

import random

import numpy as np
import pytest

from engine.check import check_result, untolerated
from engine.metrics import objective_vector
from engine.model import Locks, OptimizationRequest, Options
from engine.pinning import pins
from engine.solve import engine
from engine.solve.dispatching import rules_kernels
from engine.solve.dispatching.dispatch import Dispatcher, Limits
from engine.solve.dispatching.rules import CompiledRules
from engine.solve.problem.compile import compile_problem
from engine.solve.problem.conversion import to_events
from engine.solve.problem.evaluate import evaluate
from engine.solve.report import StopFlag
from engine.solve.searches.flat import supports_flat
from engine.solve.searches.shop import ShopMap, is_shop, setup_starts
from engine.solve.warm_start import lock_conflicts
from tests.support.random_plants import small_plant, workshop
from tests.support.rule_cases import dep, matrix, on, op, plant, res, week


class Silent:
    """A reporter that nobody listens to."""

    def phase(self, name, percentage):
        pass

    def incumbent(self, events, vector, bound):
        pass

    def bound(self, value):
        pass


def request(schedule, locks=None, **options):
    return OptimizationRequest(schedule_data=schedule, options=Options(**options), locks=locks or Locks())


def shop_plant(seed, jobs=8, machines=4):
    """Return a flexible job shop with shifts, setups, lags and operations in one piece."""
    draw = random.Random(seed)
    items = [
        res(f"m{m}", calendar=draw.choice(["two", None]), setup_matrix="s" if m < 2 else None) for m in range(machines)
    ]
    items += [week("two", ("06:00", "22:00")), matrix(("A", "B", 20), ("B", "A", 35), ("B", "C", 5), ("C", "A", None))]
    for j in range(jobs):
        for k in range(machines):
            modes = on(*((f"m{m}", draw.choice([20, 45, 60])) for m in draw.sample(range(machines), 2)))
            fields = {"setup_family": draw.choice("ABC"), "interruptible": draw.random() < 0.6}
            items.append(op(f"j{j}-{k}", 60, None, modes=modes, **fields))
            if k:
                items.append(dep(f"j{j}-{k - 1}", f"j{j}-{k}", lag=draw.choice([0, 0, 15])))
    return plant(*items)


def plans_of(asked, passes=30, seed=1):
    """Return the problem and every plan that passes hand over, each judged by the checker."""
    problem = compile_problem(asked)
    assert supports_flat(problem)
    found = []
    CompiledRules(problem, seed).turn(passes, found.append)
    for plan in found:
        events = to_events(problem, plan.solution)
        assert untolerated(check_result(asked, events), pins(asked.schedule_data, asked)) == []
        assert plan.vector == evaluate(problem, plan.solution)
    vectors = [plan.vector for plan in found]
    assert vectors == sorted(vectors, reverse=True)
    return problem, found


@pytest.mark.parametrize("seed", range(5))
def test_plans_of_shops_keep_the_rules(seed):
    problem, found = plans_of(request(shop_plant(seed), objective="minimize_makespan"))
    assert is_shop(problem)
    assert found


@pytest.mark.parametrize("objective", ["minimize_tardiness", "minimize_setup", "minimize_cost", "balance_resources"])
def test_plans_of_workshops_keep_the_rules(objective):
    problem, found = plans_of(request(workshop(60), objective=objective), passes=20)
    assert not is_shop(problem)
    assert found


def test_plans_of_random_plants_keep_the_rules():
    plants = with_plan = 0
    for seed in range(40):
        schedule, locks = small_plant(seed)
        problem = compile_problem(request(schedule, locks))
        if supports_flat(problem) and not lock_conflicts(problem):
            plants += 1
            with_plan += bool(plans_of(request(schedule, locks), passes=12)[1])
    assert plants > 20
    assert with_plan > plants / 4


def test_a_found_plan_has_the_value_that_metrics_tell():
    from engine.apply import apply_result

    asked = request(workshop(60), objective="minimize_tardiness")
    problem, found = plans_of(asked, passes=10)
    schedule = apply_result(asked.schedule_data, to_events(problem, found[-1].solution))
    assert found[-1].vector == objective_vector(asked, schedule)


def test_equal_seeds_give_equal_plans():
    first, second = (plans_of(request(shop_plant(3), objective="minimize_makespan"), 60)[1] for _ in range(2))
    assert [plan.vector for plan in first] == [plan.vector for plan in second]


def test_it_is_far_better_than_a_plain_pass_on_a_workshop_of_some_size():
    problem = compile_problem(request(workshop(1_000, 20), objective="minimize_tardiness"))
    plain = Dispatcher(problem, StopFlag()).run(Limits(None, 1))
    rules = CompiledRules(problem, 1)
    rules.turn(40, lambda _: None)
    assert plain is not None
    assert rules.best is not None
    assert rules.best.vector[0] < 0.95 * plain.vector[0]


def test_a_pass_starts_nothing_later_than_its_sequences_demand():
    problem = compile_problem(request(shop_plant(4), objective="minimize_makespan"))
    shop = ShopMap(problem).shop
    columns = [np.zeros(shop.n, np.int64) for _ in range(4)]
    zeros, rule = np.zeros(shop.n), np.array([0.0, 0.0, 1.0, 1.0, 1.0])
    assert rules_kernels.generate(shop, zeros, zeros, zeros + 1, rule, *columns)
    start, end, mode, order = columns
    assert sorted(order) == list(range(shop.n))
    free = dict.fromkeys(range(shop.n_resources), 0)
    for o in order:
        r = int(shop.mode_resource[mode[o]])
        assert start[o] >= free[r]
        free[r] = int(end[o])
    before = np.full(shop.n, -1, np.int64)
    assert (setup_starts(problem, shop, mode, before, start) <= start).all()


def test_noise_changes_plans_and_the_rule_is_told():
    problem = compile_problem(request(shop_plant(1), objective="minimize_makespan"))
    names = []
    rules = CompiledRules(problem, 2)
    rules.turn(80, lambda found: names.append(found.rule))
    assert rules.passes == 80
    assert set(names) <= {
        "ATC with setups",
        "MWKR",
        "bottleneck",
        "latest start",
        "LPT",
        "SPT",
        "ODD",
        "head",
        "EDD",
        "slack",
    }


@pytest.mark.parametrize("is_ready", [False, True])
def test_a_large_run_has_its_plan_with_kernels_and_without(monkeypatch, is_ready):
    asked = OptimizationRequest(
        schedule_data=workshop(600, 12), algorithm_id=4, options=Options(time_limit=8, objective="minimize_tardiness")
    )
    waited = []

    def wait(kind, seconds):
        waited.append(kind)
        return is_ready

    monkeypatch.setattr(engine, "wait_for_kernels", wait)
    monkeypatch.setattr(engine, "warm_in_background", lambda kind: None)
    monkeypatch.setattr(engine, "_KERNELS_LOAD_WITHIN_S", 0.0)
    outcome = engine.solve(asked, Silent(), StopFlag())
    assert waited[0] == "rules"
    assert outcome.status == "feasible"
    assert untolerated(check_result(asked, outcome.events), pins(asked.schedule_data, asked)) == []
