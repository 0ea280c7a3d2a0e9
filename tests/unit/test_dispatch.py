"""Priority rules and the decoder: every rule of the contract kept, greedy dead ends repaired, quickly, repeatably."""

from __future__ import annotations

import time

import numpy as np
import pytest

from engine.check import check_result, untolerated
from engine.model import Locks, OptimizationRequest, Options
from engine.pinning import pins
from engine.solve.dispatching.decoder import Decoder
from engine.solve.dispatching.dispatch import Dispatcher, Limits
from engine.solve.dispatching.occupancy import LevelTrack, UnaryTrack
from engine.solve.dispatching.priorities import RULES, Priorities, rule_order
from engine.solve.dispatching.simulate import DYNAMIC_RULES, Simulation
from engine.solve.problem.compile import compile_problem
from engine.solve.problem.conversion import to_events
from engine.solve.problem.problem import NO_FAMILY
from engine.solve.problem.timeline import FOREVER
from engine.solve.problem.units import Units
from engine.solve.report import StopFlag
from engine.solve.warm_start import lock_conflicts
from tests.support.random_plants import small_plant, workshop
from tests.support.rule_cases import RULE_CASES, RuleCase, dep, matrix, op, placed, plant, res


def request(schedule, locks=None, **options):
    return OptimizationRequest(
        schedule_data=schedule, algorithm_id=4, options=Options(**options), locks=locks or Locks()
    )


def problem_of(*items, **options):
    return compile_problem(request(plant(*items), **options))


def violations(asked, problem, solution):
    found = check_result(asked, to_events(problem, solution))
    return [v.message for v in untolerated(found, pins(asked.schedule_data, asked))]


@pytest.mark.parametrize("case", RULE_CASES, ids=lambda c: c.name)
def test_rules_find_the_optimum_of_tiny_cases(case: RuleCase):
    asked = case.request()
    problem = compile_problem(asked)
    if lock_conflicts(problem):
        assert not case.feasible
        return
    found = Dispatcher(problem, StopFlag()).run(Limits(None, 200))
    assert (found is not None) == case.feasible
    if found is not None:
        assert violations(asked, problem, found.solution) == []
        assert found.vector[0] == case.expected


@pytest.mark.parametrize("seed", range(60))
def test_plans_of_random_plants_keep_every_rule(seed: int):
    schedule, locks = small_plant(seed, 6 + seed % 9)
    asked = request(schedule, locks, objective="minimize_cost" if seed % 2 else "minimize_setup")
    problem = compile_problem(asked)
    if lock_conflicts(problem):
        return
    plans = []
    Dispatcher(problem, StopFlag(), plans.append, seed).run(Limits(None, 25))
    for plan in plans:
        assert violations(asked, problem, plan.solution) == [], plan.rule


def test_random_plants_mostly_have_plans():
    found = 0
    for seed in range(40):
        schedule, locks = small_plant(seed, 6)
        problem = compile_problem(request(schedule, locks))
        found += not lock_conflicts(problem) and Dispatcher(problem, StopFlag()).run(Limits(None, 30)) is not None
    assert found >= 18


def test_every_rule_gives_a_plan_of_a_workshop():
    asked = request(workshop(60))
    problem = compile_problem(asked)
    decoder = Decoder(problem)
    facts = Priorities(problem, decoder.units)
    for name in rule_order(problem):
        decoded = decoder.decode(RULES[name].priority(facts).tolist())
        assert decoded.solution is not None and decoded.excess == 0, name
        assert violations(asked, problem, decoded.solution) == []
    for name in DYNAMIC_RULES:
        starts, modes = Simulation(problem, facts).run(name)
        decoded = decoder.decode(starts.tolist(), modes)
        assert decoded.solution is not None and violations(asked, problem, decoded.solution) == []


def test_each_better_plan_is_told_and_the_last_is_the_best():
    problem = compile_problem(request(workshop(60), objective="minimize_tardiness"))
    told = []
    best = Dispatcher(problem, StopFlag(), told.append).run(Limits(None, 40))
    assert len(told) > 1 and told[-1] is best
    assert [f.vector for f in told] == sorted((f.vector for f in told), reverse=True)


def test_equal_seeds_give_equal_plans():
    runs = [
        Dispatcher(compile_problem(request(workshop(48))), StopFlag(), seed=3).run(Limits(None, 30)) for _ in range(2)
    ]
    assert runs[0] is not None and runs[1] is not None
    assert np.array_equal(runs[0].solution.start, runs[1].solution.start)


def test_a_stop_ends_the_portfolio():
    stop, told = StopFlag(), []
    dispatcher = Dispatcher(compile_problem(request(workshop(60))), stop, lambda f: (told.append(f), stop.stop()))
    dispatcher.run(Limits(None, 1_000_000))
    assert len(told) == 1 and dispatcher.passes == 1


def test_three_hundred_operations_take_a_fraction_of_a_second():
    decoder = Decoder(compile_problem(request(workshop(300))))
    begin = time.process_time()
    assert decoder.decode(list(range(len(decoder.problem.ops)))).excess == 0
    assert time.process_time() - begin < 0.3


def test_an_operation_goes_into_an_earlier_gap_where_setups_allow():
    # a, then c whose setup from a takes 30: b of a's family fits between a and c only beside that setup
    items = [
        res("m1", setup_matrix="s", initial_setup="A"),
        matrix(("A", "B", 30), ("B", "A", 30)),
        op("a", 60, setup_family="A"),
        placed("c", 200, 260, setup_family="B", locked=True),
        op("b", 60, setup_family="A"),
        op("late", 60, setup_family="A"),
    ]
    problem = problem_of(*items)
    solution = Decoder(problem).decode([0, 0, 1, 2]).solution
    assert solution is not None
    assert solution.start.tolist() == [0, 200, 60, 290]
    assert solution.setup_start[1] == 170


def test_a_gap_that_leaves_no_room_for_the_next_setup_is_not_used():
    items = [
        res("m1", setup_matrix="s", initial_setup="A"),
        matrix(("A", "B", 30), ("B", "A", 30), ("A", "A", 0)),
        placed("c", 100, 160, setup_family="B", locked=True),
        op("b", 80, setup_family="A"),
    ]
    solution = Decoder(problem_of(*items)).decode([0, 1]).solution
    assert solution is not None and solution.start.tolist() == [100, 190]


def test_excess_tells_how_late_a_greedy_plan_is():
    decoded = Decoder(problem_of(op("a", 60), op("b", 60, deadline=90))).decode([0, 1])
    assert (decoded.excess, decoded.troubled) == (30, [1])


def test_an_impossible_operation_leaves_no_solution():
    decoded = Decoder(problem_of(res("m1", capacity=0), op("a", 60))).decode([0])
    assert decoded.solution is None and decoded.troubled == [0]


def test_not_before_keeps_operations_from_moving_forward():
    solution = Decoder(problem_of(op("a", 60), op("b", 60))).decode([0, 1], not_before=[40, -FOREVER]).solution
    assert solution is not None and solution.start.tolist() == [40, 100]


def test_units_join_what_greatest_lags_and_cycles_tie():
    ops = [op(f"x{i}", 10, None) for i in range(6)]
    arcs = [dep("x0", "x1", max_lag=5), dep("x2", "x3"), dep("x3", "x2", 0, lag=-100), dep("x1", "x2"), dep("x4", "x5")]
    units = Units(problem_of(*ops, *arcs))
    assert sorted(map(sorted, units.members)) == [[0, 1], [2, 3], [4], [5]]
    assert [units.members[u] for u in units.order if len(units.members[u]) == 2] == [[0, 1], [2, 3]]


def test_unary_track_takes_back_what_it_was_given():
    track = UnaryTrack(None, None)
    track.insert(0, 10, 10, 20, NO_FAMILY, 1)
    track.insert(1, 30, 30, 40, NO_FAMILY, 2)
    assert track.busy_until(20, 30) is None
    assert (track.busy_until(15, 18), track.busy_until(5, 35)) == (20, 40)
    track.remove(10, 1)
    assert (track.begins, track.ends, track.holders) == ([30], [40], [2])


def test_level_track_counts_units_at_every_instant():
    draw = np.random.default_rng(5)
    track, used = LevelTrack(4), np.zeros(50, int)
    spans = []
    for _ in range(60):
        a, b = sorted(draw.choice(50, 2, replace=False).tolist())
        units = int(draw.integers(1, 4))
        free = track.busy_until(a, b, units)
        assert (free is None) == bool((used[a:b] + units <= 4).all())
        if free is not None:
            full = np.flatnonzero(used[a:b] + units > 4)
            assert a + full[-1] < free
        else:
            track.add(a, b, units)
            used[a:b] += units
            spans.append((a, b, units))
        if spans and draw.random() < 0.3:
            a, b, units = spans.pop(int(draw.integers(len(spans))))
            track.add(a, b, -units)
            used[a:b] -= units
