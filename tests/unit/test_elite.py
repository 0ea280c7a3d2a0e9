"""The elite of a shop: good plans unlike each other, and plans between two of them."""

from __future__ import annotations

import numpy as np

from engine.solve.searches.elite import Elite, Plan


def plan(tick: int, *start: int) -> Plan:
    starts = np.array(start, np.int64)
    return Plan(tick, np.argsort(starts, kind="stable").astype(np.int64), np.zeros(len(start), np.int64), starts)


def small_elite(size: int = 2) -> Elite:
    elite = Elite(1_000, 30)
    elite.size = size
    return elite


def test_the_larger_the_shop_and_the_shorter_the_run_the_fewer_plans() -> None:
    assert Elite(100, 30).size > Elite(1_000, 30).size > Elite(1_000, 15).size >= Elite(50_000, 5).size == 2


def test_nothing_lies_between_plans_before_there_are_enough() -> None:
    elite = small_elite()
    assert elite.best is None and elite.between(np.random.default_rng(0)) is None
    elite.add(plan(100, 0, 50))
    assert elite.between(np.random.default_rng(0)) is None


def test_what_comes_first_in_both_plans_comes_first_between_them() -> None:
    elite = small_elite()
    elite.add(plan(100, 0, 10, 60, 30))
    elite.add(plan(120, 5, 40, 50, 90))
    for seed in range(20):
        found = elite.between(np.random.default_rng(seed))
        assert found is not None
        place = np.argsort(found[0])
        assert place[0] < place[1] < place[2] and place[1] < place[3]


def test_a_better_plan_takes_the_place_of_the_worst_or_of_the_one_it_is_like() -> None:
    elite = small_elite()
    elite.add(plan(100, 0, 10, 60))
    elite.add(plan(120, 50, 10, 0))
    elite.add(plan(99, 0, 10, 60))  # like the first
    assert sorted(p.tick for p in elite._plans) == [99, 120]
    elite.add(plan(110, 0, 60, 10))
    assert sorted(p.tick for p in elite._plans) == [99, 110]
    elite.add(plan(130, 0, 30, 10))
    assert sorted(p.tick for p in elite._plans) == [99, 110]


def test_plans_of_one_worth_make_room_for_new_ones() -> None:
    elite = small_elite()
    for start in ((0, 10, 60), (60, 10, 0), (0, 60, 10)):
        elite.add(plan(100_000, *start))
    assert len(elite._plans) == 1 and elite.best is not None


def test_plans_that_break_rules_are_forgotten() -> None:
    elite = small_elite()
    elite.add(plan(90, 0, 10, 60))
    elite.add(plan(120, 60, 10, 0))
    elite.drop_better_than(100)
    assert elite.best is not None and elite.best.tick == 120
    elite.drop_better_than(130)
    assert elite.best is None
