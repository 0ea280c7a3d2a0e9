"""CP-SAT models by themselves: how large they get, what a neighbourhood leaves alone, hints, stops and limits."""

from __future__ import annotations

import random
import time
from collections import Counter

import numpy as np
import pytest

from engine.model import Schedule
from engine.solve.cpsat.builder import Built, build
from engine.solve.cpsat.frame import Frame, Index
from engine.solve.cpsat.lns import NeighbourhoodSearch
from engine.solve.cpsat.neighbourhood import frame_around, improve_neighbourhood
from engine.solve.cpsat.running import Budget, Settings
from engine.solve.cpsat.search import solve_cpsat
from engine.solve.dispatching.dispatch import Dispatcher, Found, Limits
from engine.solve.problem.compile import compile_problem
from engine.solve.problem.evaluate import evaluate
from engine.solve.problem.problem import Problem, Solution
from engine.solve.problem.timeline import FOREVER
from engine.solve.report import StopFlag
from tests.support.random_plants import workshop
from tests.support.rule_cases import RuleCase, dep, matrix, op, order, plant, res, week

FAMILIES = 6


def compiled(schedule: Schedule, **options: object) -> Problem:
    return compile_problem(RuleCase("model", schedule, None, dict(options)).request(2))


def whole(problem: Problem, plan: Solution | None = None) -> Built:
    high = problem.window_end if plan is None else int(plan.end.max()) * 5 // 4
    built = build(Frame(Index(problem), problem.movable, plan, (0, high)))
    assert built is not None
    return built


def first_plan(problem: Problem) -> Found:
    found = Dispatcher(problem, StopFlag()).run(Limits(None, 3))
    assert found is not None
    return found


def sizes(built: Built) -> Counter[str]:
    """Return the numbers of constraints by kind, and of literals."""
    counts: Counter[str] = Counter()
    proto = built.model.cp.proto
    counts["literals"] = sum(list(v.domain) == [0, 1] for v in proto.variables)
    for constraint in proto.constraints:
        for kind in ("circuit", "linear", "interval", "no_overlap", "cumulative", "bool_or", "exactly_one"):
            counts[kind] += getattr(constraint, f"has_{kind}")()
    counts["arcs"] = sum(len(c.circuit.literals) for c in proto.constraints if c.has_circuit())
    return counts


def in_shifts(shifts: int, operations: int, **fields: object) -> Schedule:
    """Return operations of one machine whose day has so many shifts."""
    hours = 24 / shifts
    times = [(f"{int(k * hours):02d}:00", f"{int(k * hours):02d}:50") for k in range(shifts)]
    items = [op(f"x{i}", 30, **fields) for i in range(operations)]
    return plant(week("c", *times), res("m1", calendar="c"), *items)


def test_breaks_take_no_literals_on_one_calendar() -> None:
    """Order and capacity are kept on the clock of the calendar: only the last end is brought back to real time."""
    few, many = (sizes(whole(p, first_plan(p).solution)) for p in (compiled(in_shifts(n, 60)) for n in (2, 12)))
    assert many["no_overlap"] == few["no_overlap"] == 1
    assert many["interval"] == few["interval"] == 60
    assert many["literals"] < 60 * 3
    assert many["linear"] < 60 * 6


def test_what_must_not_pause_has_holes_in_its_domain_instead_of_literals() -> None:
    problem = compiled(in_shifts(12, 60, interruptible=False))
    counts = sizes(whole(problem, first_plan(problem).solution))
    assert counts["literals"] < 60 * 6


def with_setups(operations: int, machines: int, **options: object) -> Problem:
    draw = random.Random(1)
    rules = [(f"f{a}", f"f{b}", 10 + 5 * abs(a - b)) for a in range(FAMILIES) for b in range(FAMILIES) if a != b]
    rows = [res(f"m{m}", setup_matrix="s", initial_setup="f0") for m in range(machines)]
    items = [
        op(
            f"x{i}",
            draw.choice([20, 40]),
            f"m{i % machines}",
            setup_family=f"f{draw.randrange(FAMILIES)}",
            order_id=f"o{i}",
        )
        for i in range(operations)
    ]
    orders = [order(f"o{i}", due_date=draw.randrange(60, 2_000)) for i in range(operations)]
    return compiled(plant(*rows, matrix(*rules), *items, *orders), **options)


def test_setups_of_many_operations_need_no_circuit() -> None:
    problem = with_setups(300, 10, objective="minimize_tardiness")
    counts = sizes(whole(problem, first_plan(problem).solution))
    pairs = 10 * 30 * 29 // 2
    assert counts["circuit"] == 0
    assert counts["literals"] <= pairs + 4 * 300
    assert counts["linear"] <= 2 * pairs + 6 * 300


def test_setups_that_are_counted_have_an_arc_each() -> None:
    problem = with_setups(60, 4, objective="minimize_setup")
    counts = sizes(whole(problem, first_plan(problem).solution))
    assert counts["circuit"] == 4
    assert counts["arcs"] <= 4 * (15 * 15 + 3 * 15 + 1)


def test_windows_leave_out_what_no_plan_reaches() -> None:
    """Before what must come first, and after what has to follow, nothing has a place."""
    chain = [op(f"x{i}", 60, f"m{i}") for i in range(4)]

    links = [dep(f"x{i}", f"x{i + 1}") for i in range(3)]
    problem = compiled(plant(*(res(f"m{i}") for i in range(4)), *chain, *links))
    caps = np.full(len(problem.ops), 300)
    built = build(Frame(Index(problem), problem.movable, None, (0, 1_000), FOREVER, caps))
    assert built is not None
    assert [(made.window.start_low, made.window.end_high) for made in built.made.values()] == [
        (60 * i, 300 - 60 * (3 - i)) for i in range(4)
    ]


# neighbourhoods


def moved(problem: Problem, one: Solution, other: Solution) -> set[int]:
    """Return the operations that run elsewhere, or at another time."""
    return {
        op.index
        for op in problem.ops
        if (one.mode[op.index], one.start[op.index]) != (other.mode[op.index], other.start[op.index])
    }


@pytest.mark.parametrize("objective", ["minimize_tardiness", "minimize_cost"])
def test_a_neighbourhood_leaves_the_rest_where_it_is(objective: str) -> None:
    problem = compiled(workshop(72, 6, 2), objective=objective)
    plan = first_plan(problem)
    row = np.argsort(plan.solution.start).tolist()
    improved = 0
    for first in (0, 20, 40, 60):
        free = row[first : first + 12]
        step = improve_neighbourhood(problem, plan.solution, free, 5.0, most_kept=0, effort=0.05)
        if step.solution is not None:
            assert moved(problem, plan.solution, step.solution) <= set(free)
            assert step.vector is not None and step.vector <= plan.vector
            improved += step.vector < plan.vector
    assert improved


def test_what_comes_after_a_neighbourhood_keeps_machine_and_order() -> None:
    problem = compiled(workshop(72, 6, 2), objective="minimize_tardiness")
    plan = first_plan(problem)
    row = np.argsort(plan.solution.start).tolist()
    free = row[10:22]
    frame = frame_around(Index(problem), plan.solution, free, 200)
    assert frame.kept
    step = improve_neighbourhood(problem, plan.solution, free, 5.0, most_kept=200, effort=0.1)
    assert step.solution is not None
    kept = [o for o in row if o in frame.kept]
    assert all(step.solution.mode[o] == plan.solution.mode[o] for o in kept)
    by_machine: dict[int, list[int]] = {}
    for o in kept:
        by_machine.setdefault(problem.ops[o].modes[int(plan.solution.mode[o])].resource, []).append(o)
    for there in by_machine.values():
        starts = [int(step.solution.start[o]) for o in there]
        assert starts == sorted(starts)
    assert moved(problem, plan.solution, step.solution) <= {*free, *kept}


def test_equal_seeds_and_steps_give_equal_plans() -> None:
    problem = compiled(workshop(60, 6, 4), objective="minimize_tardiness")
    plan = first_plan(problem)

    def best(seed: int) -> Found:
        search = NeighbourhoodSearch(problem, plan, seed, is_repeatable=True)
        return search.run(Limits(None, 5), StopFlag(), lambda found: None)

    one, other = best(3), best(3)
    assert one.vector == other.vector < plan.vector
    assert (one.solution.start == other.solution.start).all() and (one.solution.mode == other.solution.mode).all()


def test_a_search_goes_on_from_a_plan_that_was_found_elsewhere() -> None:
    problem = compiled(workshop(48, 6, 4), objective="minimize_tardiness")
    plan = first_plan(problem)
    better = NeighbourhoodSearch(problem, plan, 1, is_repeatable=True).run(Limits(None, 6), StopFlag(), lambda _: None)
    search = NeighbourhoodSearch(problem, plan, 2, is_repeatable=True)
    search.rebase(better)
    told: list[Found] = []
    assert search.run(Limits(None, 3), StopFlag(), told.append).vector <= better.vector
    assert all(found.vector < better.vector for found in told)


# running


def test_a_hint_is_never_lost() -> None:
    """Also without any time to search, and when asked to stop at once."""
    problem = compiled(workshop(36, 6, 4), objective="minimize_tardiness")
    plan, stop = first_plan(problem), StopFlag()
    stop.stop()
    for settings, flag in ((Settings(time.monotonic()), StopFlag()), (Settings(time.monotonic() + 60), stop)):
        result = solve_cpsat(problem, plan.solution, settings, flag)
        assert (result.status, result.vector) == ("feasible", plan.vector)


def test_a_stop_ends_the_search_with_the_plan_so_far() -> None:
    problem = compiled(workshop(60, 6, 4), objective="minimize_tardiness")
    plan, stop = first_plan(problem), StopFlag()
    told: list[tuple[int, ...]] = []

    def better(solution: Solution, vector: tuple[int, ...]) -> None:
        told.append(vector)
        stop.stop()

    result = solve_cpsat(problem, plan.solution, Settings(time.monotonic() + 600), stop, better)
    assert told and result.status == "feasible"
    assert result.vector == min(told) < plan.vector
    assert result.solution is not None and evaluate(problem, result.solution) == result.vector


def test_plans_get_better_and_bounds_rise() -> None:
    problem = compiled(workshop(24, 6, 4), objective="minimize_tardiness")
    vectors: list[tuple[int, ...]] = []
    bounds: list[int] = []
    settings = Settings(time.monotonic() + 120, effort=0.3)
    result = solve_cpsat(problem, None, settings, StopFlag(), lambda _, vector: vectors.append(vector), bounds.append)
    assert vectors == sorted(set(vectors), reverse=True) and bounds == sorted(set(bounds))
    assert result.vector == vectors[-1] and result.bound == bounds[-1] <= vectors[-1][0]


def test_an_effort_makes_the_search_repeatable() -> None:
    problem = compiled(workshop(30, 6, 5), objective="minimize_tardiness")
    plan = first_plan(problem)

    def run() -> list[tuple[int, ...]]:
        told: list[tuple[int, ...]] = []
        settings = Settings(time.monotonic() + 120, seed=5, effort=0.05)
        solve_cpsat(problem, plan.solution, settings, StopFlag(), lambda _, vector: told.append(vector))
        return told

    first = run()
    assert first and run() == first


def test_budgets_are_shared_out_by_effort_if_there_is_one() -> None:
    budget = Budget(time.monotonic() + 100, 1.0)
    part = budget.part(0.7)
    assert part.effort == 0.7 and part.until == budget.until
    budget.spend(0.4)
    assert budget.part(0.5).effort == pytest.approx(0.3)
    budget.spend(0.6)
    assert budget.is_spent and not Budget(time.monotonic() + 100).is_spent
    timed = Budget(time.monotonic() + 100).part(0.5)
    assert timed.effort is None and 40 < timed.until - time.monotonic() <= 50
