"""Key figures and objective vectors on plans small enough to reckon by hand."""

from __future__ import annotations

import pytest

from engine.metrics import (
    changed_ids,
    gap_of,
    improvement_percentage,
    kpis,
    metrics,
    objective_name,
    objective_names,
    objective_value,
    objective_vector,
    objective_weights,
    utilization_by_resource,
)
from engine.model import Demand, Mode, Resource, SetupDefault, SetupMatrix, SetupRule, Weights
from engine.utilization import groups_of
from tests.support.plants import DAY, HOUR, calendar, machine, matrix, moved, ms, op, order, outage, plant, request

HOUR_MS = 3_600_000


def vector(schedule, base=None, **options):
    return objective_vector(request(base or schedule, **options), schedule)


LATE = plant(
    [
        op("A", 60, "M", 0, order="O"),
        op("B", 60, "M", 60, order="O", due=90, priority=3.0),  # late by its own date too
        op("C", 60, "M", 120, due=100),  # alone, late
        op("D", 60, "M", 180, due=240),  # alone, on time
        op("E", 60, "M", 240, order="P"),
    ],
    orders=[order("O", due=100, priority=2.0), order("P", due=300), order("Q", due=1)],
    now=0,
)


def test_key_figures():
    found = kpis(LATE)
    assert found.makespan_ms == ms(300)
    assert found.late_orders == 2  # O and C; B is part of O
    assert found.total_tardiness_ms == ms(20 + 30 + 80)
    assert found.weighted_tardiness_ms == ms(2 * 20 + 3 * 30 + 80)
    assert found.utilization == 1.0
    assert found.setup_ms == 0
    assert found.unscheduled == 0
    assert found.cost == pytest.approx((2 * 20 + 3 * 30 + 80) / 60)
    assert kpis(LATE, tardiness_cost_per_hour=0).cost == 0


def test_key_figures_of_nothing():
    found = kpis(plant([op("A", 60, "M"), op("B", 60, "M", status="completed")]))
    assert (found.makespan_ms, found.late_orders, found.utilization, found.cost, found.unscheduled) == (0, 0, 0, 0, 1)


def test_vectors_of_time_objectives():
    assert vector(LATE, objective="minimize_makespan") == (ms(300),)
    assert vector(LATE, objective="minimize_tardiness") == (ms(210),)
    assert vector(LATE, objective="maximize_throughput") == (3_000, ms(210))  # weight 2 of O and 1 of C, in thousandths
    assert vector(LATE, objectives=("minimize_tardiness", "minimize_makespan")) == (ms(210), ms(300))


def test_the_default_objective():
    assert objective_names(request(LATE)) == (objective_name(request(LATE)),) == ("weighted_mix",)
    assert objective_weights(request(LATE)) == Weights(tardiness=1, makespan=0.5, setup=0.5)
    assert objective_weights(request(LATE, objective="minimize_tardiness")) is None
    assert objective_names(request(plant([op()], orders=[order("O", deadline=9)]))) == ("minimize_makespan",)
    assert objective_names(request(plant(orders=[order(due=9)]))) == ("weighted_mix",)
    assert objective_names(request(LATE, weights=Weights(cost=1))) == ("weighted_mix",)


def test_makespan_counts_from_the_inputs_horizon():
    base = plant([op("A", 60, "M", 100)])
    later = moved(base, "A", start=160)
    assert vector(base) == (ms(60),)
    assert vector(later, base) == (ms(120),)


def test_fractional_weights_do_not_depend_on_the_order_of_operations():
    events = [op(f"A{i}", 6_000, "M", 6_000 * i, due=0, priority=1e9 / (i * i + 1)) for i in range(20)]
    worth = {vector(plant(events[i:] + events[:i], now=0), objective="minimize_tardiness") for i in range(20)}
    assert len(worth) == 1  # sums beyond 2**53, where plain addition depends on the order


SETUPS = plant(
    [op("A", 60, "M", 20, family="y"), op("B", 60, "M", 110, family="x"), op("C", 30, "M", 200, family="x")],
    [Resource(id="M", name="M", setup_matrix="S", initial_setup="x", cost_per_hour=60.0)],
    matrices=[
        SetupMatrix(
            id="S",
            name="S",
            rules=(
                SetupRule(**{"from": "x", "to": "y", "duration": ms(20), "cost": 7.0}),
                SetupRule(**{"from": "x", "to": "x"}),
            ),
            default=SetupDefault(duration=ms(30), cost=1.0),
        )
    ],
    now=0,
)


def test_setups_count_in_time_cost_and_load():
    assert kpis(SETUPS).setup_ms == ms(50)
    assert vector(SETUPS, objective="minimize_setup") == (ms(50), ms(230))
    assert kpis(SETUPS).cost == pytest.approx(150 + 50 + 7 + 1)  # 60 per hour: 150 min of work, 50 min of setup
    assert vector(SETUPS, objective="minimize_cost") == (208_000,)
    assert kpis(SETUPS).utilization == pytest.approx(200 / 230)


def test_costs_of_modes_and_secondary_resources():
    schedule = plant(
        [
            op(
                "A",
                60,
                "M",
                0,
                30,
                modes=[Mode(resource_id="M", duration=ms(30), cost=5.0), Mode(resource_id="N", cost=99.0)],
                demands=[Demand(resource_id="K", quantity=3), Demand(resource_ids=("K", "L"), resource_id="L")],
            )
        ],
        [
            machine("M", cost_per_hour=100.0),
            machine("K", cost_per_hour=10.0, capacity=3),
            machine("L", cost_per_hour=1.0),
        ],
    )
    assert kpis(schedule).cost == pytest.approx(5 + 0.5 * (100 + 30 + 1))


def test_costs_leave_out_breaks():
    schedule = plant(
        [op("A", 120, "M", 15 * HOUR, DAY + 9 * HOUR)],
        [machine("M", cost_per_hour=10.0, calendar="C")],
        calendars=[calendar("C", "08:00-16:00")],
    )
    assert kpis(schedule).cost == pytest.approx(20)


def test_utilisation_is_busy_over_available_time_until_the_last_end():
    schedule = plant(
        [op("A", 60, "M", 8 * HOUR), op("B", 120, "N", 8 * HOUR, demands=[Demand(resource_id="K", quantity=2)])],
        [machine("M", calendar="C"), machine("K", capacity=4), machine("idle"), machine("F", infinite=True)],
        calendars=[calendar("C", "08:00-16:00")],
        now=8 * HOUR,
    )
    assert utilization_by_resource(schedule) == {"M": 0.5, "K": 0.5, "N": 1.0}  # nobody can use "idle"
    assert kpis(schedule).utilization == pytest.approx((60 + 2 * 120 + 120) / (120 + 4 * 120 + 120))
    assert utilization_by_resource(plant([op("A", 60, "M")])) == {}


def test_utilisation_leaves_out_what_lies_before_the_horizon_and_units_that_are_out():
    schedule = plant(
        [op("A", 60, "M", -30, status="started"), op("B", 60, "M", 0)],
        [machine("M", capacity=2)],
        constraints=[outage("M", 30, 60, units=1)],
        now=0,
    )
    assert kpis(schedule).utilization == pytest.approx((30 + 60) / (2 * 60 - 30))


def balanced(*events, **fields):
    made = [machine(key, group="g") for key in "MN"]
    return plant(events, [*made, machine("R"), *fields.pop("more", [])], now=0, **fields)


def test_balance_is_peak_and_spread_in_the_reference_window():
    a, b, c = op("A", 72, "M", 0), op("B", 36, "N", 0), op("C", 30, "R", 0)
    window = DAY + 46  # a day and the work per machine
    ppm = [minutes * 1_000_000 // window for minutes in (72, 36, 30)]
    assert vector(balanced(a, b, c), objective="balance_resources") == (ppm[0], ppm[0] - ppm[1])


def test_the_reference_window_is_the_inputs_wherever_the_plan_ends():
    base = balanced(op("A", 60, "M", 0), op("B", 60, "N", 0))
    late = moved(base, "A", start=3_000)
    assert vector(late, base, objective="balance_resources") == vector(base, objective="balance_resources")


def test_modes_connect_resources_for_the_spread():
    schedule = plant(
        [
            op("A", 60, modes=["M", "N"]),
            op("B", 60, modes=["N", "O"]),
            op("C", 60, "P"),
            op("D", 9, "P", demands=["K"]),
        ],
        [machine("Q", group="g"), machine("P", group="g"), machine("K", group="g")],
    )
    assert sorted(sorted(group) for group in groups_of(schedule)) == [["M", "N", "O"], ["P"]]


def test_capacity_and_secondary_use_count_in_the_balance():
    schedule = plant(
        [op("A", 90, "M", 0, demands=["N"]), op("B", 30, "N", 90), op("C", 240, "M", 0)],
        [machine("M", capacity=2, group="g"), machine("N", group="g")],
        now=0,
    )
    window = DAY + 180
    m, n = ((90 + 240) * 1_000_000 // (2 * window), (90 + 30) * 1_000_000 // window)
    assert vector(schedule, objective="balance_resources") == (m, m - n)


def test_a_mix_weighs_every_term_in_its_unit():
    def mix(**weights):
        value = request(LATE, weights=Weights(**weights))
        return objective_value(value, objective_vector(value, LATE))

    assert mix(makespan=2) == pytest.approx(10)  # 5 h
    assert mix(tardiness=1) == pytest.approx(3.5)
    assert mix(throughput=10) == pytest.approx(30)
    assert mix(cost=1) == pytest.approx(3.5)
    assert mix(balance=1) == pytest.approx(100 * 300 / (DAY + 300), abs=1e-3)
    assert mix(makespan=1, tardiness=1) == pytest.approx(8.5)
    setups = request(SETUPS, weights=Weights(setup=6))
    assert objective_value(setups, objective_vector(setups, SETUPS)) == pytest.approx(5)


def test_change_is_minutes_moved_and_an_hour_per_changed_resource():
    base = plant([op("A", 60, "M", 0), op("B", 60, "M", 60), op("C", 60, modes=["M"])], [machine("N")], now=0)
    changed = moved(moved(base, "A", start=30, on="N"), "C", start=500, on="M")
    mix = request(base, weights=Weights(change=1))
    assert objective_value(mix, objective_vector(mix, changed)) == pytest.approx((30 + 60) / 60)
    assert changed_ids(base, changed) == ("A", "C")
    assert changed_ids(base, base) == ()


def test_incremental_mode_taxes_change_in_the_first_component():
    base = plant([op("A", 60, "M", 0, due=0)], now=0)
    changed = moved(base, "A", start=30)
    tax = {"incremental_mode": True, "change_weight": 2.0}
    assert vector(changed, base, objective="minimize_makespan", **tax) == (ms(90 + 2 * 30),)
    assert vector(base, base, objective="minimize_makespan", **tax) == (ms(60),)
    assert vector(changed, base, objectives=("minimize_setup", "minimize_makespan"), **tax) == (ms(60), ms(90), ms(90))
    assert vector(changed, base, objective="maximize_throughput", **tax) == (1_000 + 60_000, ms(90))
    assert vector(changed, base, objective="minimize_cost", **tax) == (1_500 + 60_000,)


def test_metrics_of_a_result():
    base = plant([op("A", 60, "M", 0), op("B", 60, "M", 90)], now=0)
    better = moved(base, "B", start=60)
    asked = request(base, objective="minimize_makespan")
    found = metrics(asked, better, best_bound=ms(120), first_solution_ms=5, solve_ms=9)
    assert (found.makespan, found.objective, found.objective_value) == (ms(120), "minimize_makespan", ms(120))
    assert found.improvement_percentage == pytest.approx(20)
    assert (found.best_bound, found.gap, found.proof) == (ms(120), 0, "optimal")
    assert (found.changed_events, found.constraint_violations) == (1, 0)
    assert (found.first_solution_ms, found.solve_ms) == (5, 9)
    loose = metrics(asked, better, best_bound=ms(60))
    assert (loose.gap, loose.proof) == (0.5, "feasible")
    assert metrics(asked, better).gap is None
    assert metrics(asked, moved(base, "B", start=30)).constraint_violations == 1
    assert metrics(asked, better, violations=[]).constraint_violations == 0


def test_no_improvement_where_the_input_has_no_plan():
    base = plant([op("A", 60, modes=["M"]), op("B", 60, "M", 90)], now=0)
    assert metrics(request(base), moved(base, "A", start=0, on="M")).improvement_percentage == 0


def test_gap_and_improvement():
    assert gap_of(100, 80) == pytest.approx(0.2)
    assert gap_of(0, -0.5) == 0.5
    assert gap_of(1, None) is None
    assert improvement_percentage(200, 150) == 25
    assert improvement_percentage(0, 150) == 0
    assert improvement_percentage(100, 150) == -50


def test_matrices_without_a_matching_rule_cost_nothing():
    schedule = plant(
        [op("A", 60, "M", 0, family="x"), op("B", 60, "M", 60, family="y")],
        [Resource(id="M", name="M", setup_matrix="S")],
        matrices=[matrix("S", {("y", "x"): 20})],
    )
    assert kpis(schedule).setup_ms == 0
    assert ms(60) == HOUR_MS
