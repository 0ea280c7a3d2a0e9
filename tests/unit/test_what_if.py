"""The what-if desk without a window: changes, experiments, dominance, change budgets."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.what_if.applying import Setting, applied
from app.what_if.budget import BudgetSweep
from app.what_if.changes import (
    Change,
    ExtraShift,
    MachineDown,
    MovedDueDate,
    OtherObjective,
    OtherProfile,
    RushOrder,
    Variant,
)
from app.what_if.experiment import read_experiment, request_of, requests_of
from app.what_if.figures import dominates, non_dominated
from app.what_if.movable import by_lateness, whole_orders
from app.what_if.words import change_words, is_of_desk, parts_of, run_label, variant_words
from engine.apply import placed_events
from engine.calendars import resource_working_time
from engine.errors import ErrorCode, TaktwerkError
from engine.metrics import changed_ids, metrics
from engine.model import OptimizationRequest, OptimizationResponse, OptimizationResult, Options, RunStatus, Schedule
from engine.validate import faults_of
from tests.support.plants import DAY, after, at, at_ms, calendar, machine, op, order, plant

PLAN = plant(
    [
        op("A", 60, modes=["M1", "M2"], on="M1", start=420, order="O1"),
        op("B", 60, on="M2", start=480, order="O1", locked=True),
        op("C", 60, on="M1", start=480, order="O2"),
        op("D", 60, on="M1", start=540, order="O2"),
    ],
    resources=[
        machine("M1", name="Saw one", calendar="day"),
        machine("M2", name="Saw two", calendar="day", capacity=2),
        machine("M3"),
    ],
    calendars=[calendar("day", "06:00-14:00")],
    orders=[order("O1", due=500, name="Order one", deadline=5000), order("O2", due=560)],
    dependencies=[after("A", "B"), after("C", "D"), after("B", "D")],
    now=360,
)
SATURDAY = "2026-01-10"


def tried(*changes: Change, plan: Schedule = PLAN, profiles: dict[str, int] | None = None) -> Setting:
    return applied(Variant(name="try", changes=changes), Setting(plan), profiles)


def reasons(*changes: Change) -> list[tuple[str, str]]:
    with pytest.raises(TaktwerkError) as caught:
        tried(*changes)
    assert caught.value.code is ErrorCode.INVALID_SCHEDULE
    return [(fault["path"], fault["reason"]) for fault in caught.value.details["faults"]]


def working_on(plan: Schedule, resource_id: str, from_min: float, to_min: float) -> int:
    resource = next(r for r in plan.snapshot.resources if r.id == resource_id)
    return resource_working_time(plan, resource, at_ms(from_min), at_ms(to_min)).between(at_ms(from_min), at_ms(to_min))


def test_another_goal_or_profile_changes_options_and_nothing_else() -> None:
    variant = Variant(name="x", changes=(OtherObjective(objective="minimize_setup"), OtherProfile(profile="Fast")))
    before = Setting(PLAN, {"objectives": ["minimize_cost"], "timeLimit": 3})
    found = applied(variant, before, {"Fast": 7})
    assert found.schedule is PLAN
    assert dict(found.options) == {"timeLimit": 3, "objective": "minimize_setup"} and found.profile_id == 7
    assert dict(before.options) == {"objectives": ["minimize_cost"], "timeLimit": 3}
    request = request_of(variant, PLAN, Options(time_limit=3), {"Fast": 7})
    assert request.profile_id == 7 and request.options.objective == "minimize_setup"
    assert "algorithm_id" not in request.model_fields_set, "so that the profile's algorithm holds"


def test_an_extra_shift_on_one_machine_leaves_the_others_their_hours() -> None:
    change = ExtraShift(resource="M1", day=SATURDAY, from_="06:00", to="10:00")
    plan = tried(change).schedule
    week = working_on(PLAN, "M1", 0, 7 * DAY)
    assert working_on(plan, "M1", 0, 7 * DAY) == week + 4 * 3_600_000
    assert working_on(plan, "M2", 0, 7 * DAY) == week
    assert faults_of(plan) == [] and len(plan.snapshot.calendars) == 2
    assert change_words(change, PLAN) == "Extra shift on Saw one, Sat 10 Jan 06:00–10:00"


def test_an_extra_shift_may_pass_midnight_and_may_be_for_everybody() -> None:
    night = ExtraShift(calendar="day", day="2026-01-06", from_="22:00", to="02:00")
    plan = tried(night).schedule
    for resource in ("M1", "M2"):
        assert working_on(plan, resource, DAY, 3 * DAY) - working_on(PLAN, resource, DAY, 3 * DAY) == 4 * 3_600_000
    late = tried(ExtraShift(calendar="day", day="2026-01-06", from_="22:00", to="24:00")).schedule
    assert working_on(late, "M1", DAY, 3 * DAY) - working_on(PLAN, "M1", DAY, 3 * DAY) == 2 * 3_600_000


def test_a_machine_that_is_down_does_not_work() -> None:
    plan = tried(MachineDown(resource="M1", start=at(420), end=at(480))).schedule
    assert working_on(PLAN, "M1", 0, DAY) - working_on(plan, "M1", 0, DAY) == 3_600_000
    twice = tried(
        MachineDown(resource="M1", start=at(420), end=at(480)), MachineDown(resource="M1", start=at(600), end=at(660))
    ).schedule
    assert len({c.id for c in twice.snapshot.constraints}) == 2 and faults_of(twice) == []


def test_an_order_becomes_urgent() -> None:
    plan = tried(RushOrder(order="O2", due_date=at(500), priority=9.0)).schedule
    rush = next(o for o in plan.snapshot.orders if o.id == "O2")
    assert (rush.due_date, rush.priority) == (at(500), 9.0) and plan.snapshot.events is PLAN.snapshot.events


def test_a_rush_order_like_another_is_a_copy_that_is_not_placed() -> None:
    plan = tried(RushOrder(order="O1", copy_as="Rush", due_date=at(900))).schedule
    copies = [o for o in plan.snapshot.events if o.order_id == "Rush"]
    assert [o.id for o in copies] == ["Rush/A", "Rush/B"]
    assert all(not o.is_placed and not o.locked for o in copies) and copies[0].resource_id is None
    links = [(d.from_event, d.to_event) for d in plan.snapshot.dependencies]
    assert ("Rush/A", "Rush/B") in links and len(links) == len(PLAN.snapshot.dependencies) + 1
    rush = next(o for o in plan.snapshot.orders if o.id == "Rush")
    assert rush.due_date == at(900) and rush.deadline is None
    assert faults_of(plan) == [] and plan.snapshot.events[:4] == PLAN.snapshot.events
    again = tried(RushOrder(order="O1", copy_as="Rush"), RushOrder(order="Rush", copy_as="Rush 2"), plan=PLAN).schedule
    assert faults_of(again) == []


def test_a_due_date_is_moved_of_an_order_or_of_an_operation() -> None:
    plan = tried(MovedDueDate(order="O1", due_date=at(100)), MovedDueDate(operation="C", due_date=at(200))).schedule
    assert plan.snapshot.orders[0].due_date == at(100) and plan.snapshot.events[2].due_date == at(200)


def test_every_fault_of_every_change_is_told() -> None:
    found = reasons(
        OtherProfile(profile="None such"),
        ExtraShift(resource="M3", day=SATURDAY, from_="06:00", to="10:00"),
        ExtraShift(resource="M1", calendar="day", day=SATURDAY, from_="06:00", to="10:00"),
        ExtraShift(calendar="night", day=SATURDAY, from_="06:00", to="10:00"),
        ExtraShift(calendar="day", day="2026-02-30", from_="06:00", to="10:00"),
        MachineDown(resource="M9", start=at(0), end=at(60)),
        MachineDown(resource="M1", start=at(60), end=at(60)),
        MachineDown(resource="M2", start=at(0), end=at(60), units=3),
        RushOrder(order="O9"),
        RushOrder(order="O1"),
        RushOrder(order="O1", copy_as="O2"),
        MovedDueDate(due_date=at(0)),
        MovedDueDate(operation="Z", due_date=at(0)),
    )
    fields = ["profile", "resource", "resource", "calendar", "day", "resource", "end", "units", "order", "dueDate"]
    assert [path for path, _ in found] == [
        f"changes[{i}].{name}" for i, name in enumerate([*fields, "copyAs", "order", "operation"])
    ]
    assert "around the clock" in found[1][1] and "M1" in found[5][1]


def test_the_faults_of_several_variants_are_told_together() -> None:
    variants = [
        Variant(name="a", changes=(RushOrder(order="O9"),)),
        Variant(name="b"),
        Variant(name="c", changes=(MovedDueDate(order="O8", due_date=at(0)),)),
    ]
    with pytest.raises(TaktwerkError) as caught:
        requests_of(variants, PLAN)
    paths = [fault["path"] for fault in caught.value.details["faults"]]
    assert paths == ["variants[0].changes[0].order", "variants[2].changes[0].order"]


def test_changes_combine_and_options_of_a_variant_win() -> None:
    variant = Variant(
        name="both",
        changes=(MachineDown(resource="M1", start=at(0), end=at(60)), OtherObjective(objective="minimize_cost")),
        options=Options(time_limit=2.0),
    )
    (request,) = requests_of([variant], PLAN, Options(time_limit=9.0, seed=4))
    assert (request.options.time_limit, request.options.seed, request.options.objective) == (2.0, 4, "minimize_cost")
    assert variant_words(variant, PLAN) == "Saw one down, Mon 5 Jan 00:00 – Mon 5 Jan 01:00; Goal: least cost"


def experiment(document: Any, plan: Schedule = PLAN) -> Any:
    return read_experiment(json.dumps(document).encode(), "what-if.json", plan)


def test_an_experiment_is_read_in_the_time_of_the_plant() -> None:
    berlin = PLAN.model_copy(update={"metadata": PLAN.metadata.model_copy(update={"time_zone": "Europe/Berlin"})})
    found = experiment(
        {
            "options": {"timeLimit": 5},
            "budgets": [0, 5],
            "variants": [
                {"name": "due", "changes": [{"kind": "dueDate", "order": "O1", "dueDate": "2026-01-06T10:00"}]},
                {"name": "as it is"},
            ],
        },
        berlin,
    )
    assert found.variants[0].changes[0].due_date == dt.datetime(2026, 1, 6, 9, tzinfo=dt.UTC)
    assert found.budgets == (0, 5) and found.options.model_fields_set == {"time_limit"}


def test_every_fault_of_an_experiment_is_told_with_its_place() -> None:
    with pytest.raises(TaktwerkError) as caught:
        experiment(
            {
                "variants": [
                    {"name": "", "changes": [{"kind": "extraShift", "day": "Monday", "from": "6", "to": "14:00"}]},
                    {"name": "x", "changes": [{"kind": "holiday"}], "speed": 3},
                ]
            }
        )
    paths = {fault["path"] for fault in caught.value.details["faults"]}
    assert paths == {
        "variants[0].name",
        "variants[0].changes[0].day",
        "variants[0].changes[0].from",
        "variants[1].changes[0].kind",
        "variants[1].speed",
    }
    for document in ({"variants": [{"name": "a"}, {"name": "a"}]}, {}):
        with pytest.raises(TaktwerkError, match="E001"):
            experiment(document)


def test_runs_of_the_desk_are_known_by_their_labels() -> None:
    label = run_label("Night · shift", "Extra shift on Saw one; Goal: least cost")
    assert is_of_desk(label) and parts_of(label) == ("Night, shift", "Extra shift on Saw one; Goal: least cost")
    assert not is_of_desk("Standard, Automatic goal, 30 s") and parts_of("anything") is None


POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6)), max_size=12)


@given(POINTS)
def test_what_is_marked_is_beaten_by_nobody_and_beats_all_that_is_not(points: list[tuple[int, int, int]]) -> None:
    stands = non_dominated(points)
    front = [point for point, stand in zip(points, stands, strict=True) if stand]
    assert bool(front) == bool(points)
    assert not any(dominates(one, other) for one in points for other in front)
    for point, stand in zip(points, stands, strict=True):
        assert stand or any(dominates(one, point) for one in front)


# the change budget

LOOSE = plant(
    [op(f"L{i}", 60, on=f"M{i % 2 + 1}", start=600 + 60 * (i // 2), order=f"O{i}") for i in range(6)],
    orders=[order(f"O{i}", due=480) for i in range(6)],
    now=360,
)


class Erratic:
    """A solver that throws the operations of its scope about; often it finds nothing, or nonsense."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.scopes: list[int | None] = []

    def __call__(self, request: OptimizationRequest, label: str) -> OptimizationResponse:
        scope, plan = request.options.scope, request.schedule_data
        self.scopes.append(None if scope is None else len(scope.event_ids or ()))
        if scope is not None and self._random.random() < 0.2:
            return OptimizationResponse(run_id="x", status=RunStatus.FAILED)
        ids = set(scope.event_ids or ()) if scope is not None else {o.id for o in plan.snapshot.events}
        moved = tuple(self._thrown(o) if o.id in ids and not o.locked else o for o in plan.snapshot.events)
        result = plan.model_copy(update={"snapshot": plan.snapshot.model_copy(update={"events": moved})})
        found = OptimizationResult(events=placed_events(result), metrics=metrics(request, result, violations=()))
        return OptimizationResponse(run_id="x", status=RunStatus.COMPLETED, result=found)

    def _thrown(self, operation: Any) -> Any:
        start = at(360 + 30 * self._random.randrange(14))
        return operation.model_copy(update={"start_date": start, "end_date": start + dt.timedelta(hours=1)})


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.integers(0, 6), max_size=5))
def test_a_larger_budget_never_has_a_worse_plan_and_no_budget_is_overdrawn(seed: int, budgets: list[int]) -> None:
    request = OptimizationRequest(schedule_data=LOOSE, options=Options(objective="minimize_tardiness", time_limit=60.0))
    solve, told = Erratic(seed), []
    points = BudgetSweep(request, solve, tell=told.append).run(budgets)
    assert points == told
    assert [p.budget for p in points] == [0, *sorted({b for b in budgets if b}), None]
    assert points[0].schedule is LOOSE and points[0].moved == 0
    for point in points[1:-1]:
        assert point.moved == len(changed_ids(LOOSE, point.schedule)) <= (point.budget or 0)
    for one, two in itertools.pairwise(points):
        assert two.vector <= one.vector and two.value <= one.value
    assert all(size is None or size <= max(budgets, default=0) for size in solve.scopes)


def test_a_sweep_takes_over_what_is_better() -> None:
    request = OptimizationRequest(schedule_data=LOOSE, options=Options(objective="minimize_tardiness", time_limit=60.0))
    sweeps = [BudgetSweep(request, Erratic(seed)).run([1, 2, 4]) for seed in range(20)]
    gains = [points[0].value - point.value for points in sweeps for point in points[1:-1]]
    assert sum(gain > 0 for gain in gains) > 10


def test_a_sweep_needs_a_plan_with_every_operation_in_place() -> None:
    plan = plant([op("A", 60, on="M1")])
    with pytest.raises(TaktwerkError) as caught:
        BudgetSweep(OptimizationRequest(schedule_data=plan), Erratic(0))
    assert caught.value.code is ErrorCode.INVALID_SCHEDULE and caught.value.details["faults"][0]["path"] == "A"


def test_what_holds_the_latest_order_up_moves_first_and_what_is_locked_never() -> None:
    assert by_lateness(PLAN)[0] == "D" and "B" not in by_lateness(PLAN)
    assert whole_orders(PLAN)[:2] == ["C", "D"] and whole_orders(PLAN, ["O2"])[0] == "A"
