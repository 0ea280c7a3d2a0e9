"""Compiling a request into integers, evaluating solutions, and the way back to events."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from engine.apply import apply_result
from engine.metrics import objective_vector
from engine.model import Demand, Locks, OptimizationRequest, Options, Scope, Status, Weights
from engine.solve.dispatching.decoder import Decoder
from engine.solve.problem.bounds import lower_bound
from engine.solve.problem.compile import compile_problem
from engine.solve.problem.compile_resources import setup_arrays
from engine.solve.problem.conversion import to_events
from engine.solve.problem.evaluate import evaluate
from engine.solve.problem.problem import FORBIDDEN, NO_RESOURCE
from engine.solve.problem.timeline import FOREVER, Timeline
from tests.support.random_plants import small_plant
from tests.support.rule_cases import (
    DAY,
    at,
    blocked,
    date,
    dep,
    down,
    matrix,
    on,
    op,
    order,
    placed,
    plant,
    res,
    together,
    week,
)

OBJECTIVES = [
    {"objective": "minimize_makespan"},
    {"objective": "minimize_tardiness"},
    {"objective": "maximize_throughput"},
    {"objective": "minimize_setup"},
    {"objective": "minimize_cost", "tardiness_cost_per_hour": 3.5},
    {"objective": "balance_resources"},
    {"objectives": ("maximize_throughput", "minimize_cost", "minimize_makespan")},
    {"objective": "minimize_tardiness", "incremental_mode": True, "change_weight": 0.3},
    {"objective": "minimize_cost", "incremental_mode": True},
    {"weights": Weights(makespan=1.0, tardiness=2.0, throughput=3.0, cost=0.1, balance=1.5, setup=0.7, change=0.4)},
]


def request(schedule, locks=None, **options):
    return OptimizationRequest(schedule_data=schedule, options=Options(**options), locks=locks or Locks())


def compiled(*items, locks=None, tick_ms=None, **options):
    return compile_problem(request(plant(*items), locks, **options), tick_ms=tick_ms)


def test_ticks_run_from_the_horizon_start():
    problem = compile_problem(request(plant(op("a", 60, release_date=90), horizon=30)))
    assert problem.tick_ms == 60_000 and problem.is_exact
    assert (problem.ops[0].release, problem.ops[0].modes[0].work) == (60, 60)
    assert problem.to_ms(0) == round(at(30).timestamp() * 1000)


def test_a_coarse_tick_rounds_so_that_nothing_gets_shorter_or_earlier():
    shift = week("w", ("08:05", "15:55"))
    problem = compiled(
        shift,
        res("m1", calendar="w", setup_matrix="s"),
        op("a", 61, release_date=5, deadline=599, setup_family="A"),
        op("b", 60, setup_family="B"),
        matrix(("A", "B", 11)),
        dep("a", "b", lag=1, max_lag=119),
        tick=600_000,
    )
    assert problem.tick_ms == 600_000 and not problem.is_exact
    a, working, setup = problem.ops[0], problem.resources[0].working, problem.resources[0].setup
    assert (a.modes[0].work, a.modes[0].work_ms, a.release, a.let) == (7, 61 * 60_000, 1, 59)
    assert working is not None and setup is not None
    first = int(np.searchsorted(working.ends, 0))
    assert (working.starts[first], working.ends[first]) == (49, 95)  # 08:10 to 15:50
    assert setup.ticks[0, 1] == 2 and setup.ms[0, 1] == 660_000
    assert (problem.arcs[0].min_lag, problem.arcs[0].max_lag) == (1, 11)


def test_a_tick_finer_than_the_natural_one_is_not_used():
    assert compiled(op("a", 60), tick=1_000).tick_ms == 60_000


def test_modes_take_efficiency_and_their_own_duration():
    problem = compiled(res("m1"), res("m2", efficiency=0.7), op("a", 60, None, modes=on(("m1", 30, 4.0), ("m2",))))
    first, second = problem.ops[0].modes
    assert (first.resource, first.work, first.cost) == (0, 30, 4.0)
    assert (second.resource, second.work) == (1, 86)


def test_an_operation_without_a_resource_has_one_mode_without_one():
    assert [m.resource for m in compiled(op("a", 45, None)).ops[0].modes] == [NO_RESOURCE]


def test_fixed_operations_keep_one_mode_and_started_ones_get_a_derived_end():
    problem = compiled(
        res("m1"),
        res("m2"),
        op("a", 100, "m2", modes=on(("m1",), ("m2", 90)), start_date=-60, end_date=0, status=Status.STARTED),
        placed("b", 30, 60, "m1", locked=True),
    )
    a, b = problem.ops
    assert a.fixed is not None and a.is_circumstance and a.fixed.is_history and not a.needs_setup
    assert [m.resource for m in a.modes] == [1] and (a.fixed.placement.start, a.fixed.placement.end) == (-60, 30)
    assert b.fixed is not None and b.fixed.is_lock and not b.is_circumstance


def test_scope_fixes_what_is_placed_and_leaves_out_what_is_not():
    schedule = plant(placed("a", 0, 60), placed("b", 60, 120), op("c", 30))
    problem = compile_problem(request(schedule, scope=Scope(event_ids=("b",))))
    assert [(o.id, o.fixed.by if o.fixed else None) for o in problem.ops] == [("a", "scope"), ("b", None)]
    assert problem.warnings


def test_bounds_of_circumstance_are_void_and_their_arcs_dropped():
    problem = compiled(
        placed("a", -60, 0, status=Status.COMPLETED, deadline=-30),
        placed("b", -30, 30, status=Status.STARTED),
        op("c", 60),
        dep("a", "b"),
        dep("c", "b"),
        dep("c", "b", 3),
        dep("b", "c"),
        date("startnoearlierthan", "b", 500),
    )
    assert problem.ops[0].let == FOREVER and problem.ops[1].est == -FOREVER
    kept = [(a.pred, a.succ, a.succ_end) for a in problem.arcs]
    assert kept == [(2, 1, True), (1, 2, False)]  # c's end bounds b's end; the start of b is history


def test_date_constraints_and_orders_become_bounds():
    problem = compiled(
        op("a", 60, order_id="o", release_date=10),
        op("b", 60, order_id="o"),
        order("o", release_date=20, deadline=900, due_date=400, priority=2.0),
        date("finishnoearlierthan", "a", 200),
        date("muststarton", "b", 300),
        date("startnolaterthan", "a", 1, enabled=False),
    )
    a, b = problem.ops
    assert (a.release, a.let, a.eet, a.lst) == (20, 900, 200, FOREVER)
    assert (b.est, b.lst) == (300, 300)
    assert problem.orders[0].ops == (0, 1) and problem.orders[0].weight == 2.0


def test_sets_of_which_nothing_can_be_asked_are_dropped():
    fixed = [placed("a", -60, 0, "m1", status=Status.STARTED), placed("b", -60, 0, "m2", status=Status.STARTED)]
    problem = compiled(res("m1"), res("m2"), *fixed, op("c", 60, "m1"), together("sameresource", "a", "b"))
    assert problem.same == ()
    machines = [res(name) for name in ("m1", "m2", "m3")]
    free = op("c", 60, None, modes=on(("m1",), ("m2",), ("m3",)))
    problem = compiled(*machines, *fixed, free, together("sameresource", "a", "b", "c"))
    assert problem.same == ()  # broken already by what stands; "c" still has to go to one of the two
    assert [mode.resource for mode in problem.ops[2].modes] == [0, 1]


def test_resources_know_outages_blocks_and_open_ended_working_time():
    problem = compiled(
        res("m1", capacity=3),
        res("m2"),
        op("a", 60, "m1"),
        op("b", 60, "m2"),
        down("m1", 10, 20, 2),
        down("m2", 30, 50),
        locks=blocked("m2", 100, 200),
    )
    one, two = problem.resources
    assert one.outages == ((10, 20, 2),) and one.working is None
    assert two.blocked == ((100, 200),) and two.outages == ()
    assert two.working is not None and two.working.span(20, 30) == (20, 70)
    assert two.working.until == FOREVER


def test_a_wider_window_knows_more_of_a_calendar():
    schedule = plant(week("w", ("08:00", "16:00")), res("m1", calendar="w"), op("a", 60))
    narrow, wide = (compile_problem(request(schedule), growth=g) for g in (0, 1))
    assert wide.window_end > narrow.window_end
    assert len(wide.resources[0].working or ()) > len(narrow.resources[0].working or ())


def test_setup_rules_are_matched_in_order():
    rules = matrix(("A", "B", None), ("*", "B", 5), ("A", "*", 7), ("C", "C", 2), default=20)
    ms, _, banned = setup_arrays(rules, ["A", "B", "C"])
    minutes = (ms // 60_000).tolist()
    assert minutes == [[7, 0, 7], [20, 5, 20], [20, 5, 2]]
    assert banned.tolist() == [[False, True, False], [False] * 3, [False] * 3]


def test_banned_sequences_are_marked_in_ticks():
    problem = compiled(
        matrix(("A", "B", None)),
        res("m1", setup_matrix="s"),
        op("a", 1, setup_family="A"),
        op("b", 1, setup_family="B"),
    )
    assert problem.resources[0].setup is not None
    assert problem.resources[0].setup.ticks.tolist() == [[0, FORBIDDEN], [0, 0]]


def brute(spans, start, work):
    """Return the end of work begun at the first worked tick from ``start`` on, tick by tick."""
    worked = [t for a, b in spans for t in range(a, b) if t >= start]
    return (worked[0], worked[work - 1] + 1) if len(worked) >= work else None


def test_timeline_agrees_with_counting_ticks():
    spans = [(0, 4), (6, 7), (10, 15)]
    line = Timeline(np.array([a for a, _ in spans]), np.array([b for _, b in spans]), 15)
    for start, work in itertools.product(range(-2, 17), range(1, 11)):
        expected = brute(spans, start, work)
        assert line.span(start, work) == expected
        assert line.add(start, work) == (expected and expected[1])
        worked_before = [t for a, b in spans for t in range(a, b) if t < start]
        assert line.back(start, work) == (worked_before[-work] if len(worked_before) >= work else None)
        assert line.between(start, start + work) == sum(
            start <= t < start + work for a, b in spans for t in range(a, b)
        )
        whole = [t for t in range(start, 16) if any(a <= t and t + work <= b for a, b in spans)]
        assert line.fit(start, work) == (whole[0] if whole else None)


def test_timeline_tells_when_another_one_works_alone():
    machine = Timeline(np.array([0, 10]), np.array([5, 20]), 20)
    crew = Timeline(np.array([0, 12]), np.array([5, 20]), 20)
    assert crew.idle_within(0, 5, machine) is None
    assert crew.idle_within(3, 13, machine) == 12
    assert crew.idle_within(0, 6, None) == 12
    assert crew.idle_within(15, 25, None) == FOREVER


@pytest.mark.parametrize("options", OBJECTIVES, ids=lambda o: "-".join(map(str, o.values()))[:40])
def test_evaluation_agrees_with_the_metrics(options):
    seen = 0
    for seed in range(12):
        schedule, locks = small_plant(seed, 9)
        asked = request(schedule, locks, **options)
        problem = compile_problem(asked)
        decoder = Decoder(problem)
        order_of_ops = np.random.default_rng(seed).permutation(len(problem.ops))
        solution = decoder.decode(order_of_ops.tolist()).solution
        if solution is None:
            continue
        seen += 1
        result = apply_result(schedule, to_events(problem, solution))
        vector = evaluate(problem, solution)
        assert vector == objective_vector(asked, result)
        assert all(type(part) is int for part in vector)
        assert lower_bound(problem, decoder.units) <= vector[0]
    assert seen >= 6


def test_events_carry_choices_and_tell_what_changed():
    tools = (Demand(resource_ids=("t1", "t2"), resource_id="t2"),)
    schedule = plant(res("m1"), res("t1"), res("t2"), placed("a", 0, 60, demands=tools), placed("b", 100, 160))
    problem = compile_problem(request(schedule))
    solution = Decoder(problem).decode([0, 1]).solution
    assert solution is not None
    solution.choice[0] = 2
    first, second = to_events(problem, solution)
    assert (first.demands, first.changed) == (("t2",), False)
    assert (second.start_date, second.end_date, second.changed) == (at(60), at(120), True)


def test_events_on_a_coarse_tick_end_exactly():
    schedule = plant(week("w", ("08:05", "15:55")), res("m1", calendar="w"), op("a", 61))
    problem = compile_problem(request(schedule, tick=600_000))
    solution = Decoder(problem).decode([0]).solution
    assert solution is not None
    (event,) = to_events(problem, solution)
    assert (event.start_date, event.end_date) == (at(490), at(551))


def test_bounds_see_chains_and_loads():
    chain = compiled(res("m1"), res("m2"), op("a", 60, "m1"), op("b", 30, "m2"), dep("a", "b", lag=10))
    load = compiled(op("a", 60), op("b", 30, release_date=0), op("c", 45))
    late = compiled(op("a", 60, due_date=20, priority=2.0), objective="minimize_tardiness")
    day = compiled(week("w", ("08:00", "16:00")), res("m1", calendar="w"), op("a", 500), op("b", 30))
    bounds = [lower_bound(p, Decoder(p).units) for p in (chain, load, late, day)]
    assert bounds == [100 * 60_000, 135 * 60_000, 80 * 60_000, (DAY + 530) * 60_000]
