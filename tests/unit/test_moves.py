"""Placing by hand and pushing what follows."""

from __future__ import annotations

import pytest

from engine.errors import TaktwerkError
from engine.instants import to_ms
from engine.model import Operation, Schedule
from engine.moves import Push, place, push_after
from engine.plan import PlanFacts
from tests.support.plants import after, at_ms, calendar, machine, matrix, op, plant


def _placed(schedule: Schedule, key: str, start: float, resource: str = "M1") -> Operation:
    facts = PlanFacts(schedule)
    return place(facts, facts.operations[key], resource, at_ms(start))


def _minutes(operation: Operation) -> tuple[str | None, float, float]:
    assert operation.start_date and operation.end_date
    zero = at_ms(0)
    return operation.resource_id, (to_ms(operation.start_date) - zero) / 6e4, (to_ms(operation.end_date) - zero) / 6e4


def _push(schedule: Schedule, key: str, start: float, push: Push = "on") -> dict[str, tuple[str | None, float, float]]:
    facts = PlanFacts(schedule)
    moved = place(facts, facts.operations[key], facts.operations[key].resource_id, at_ms(start))
    changed, _ = push_after(facts, {key: moved}, push)
    return {k: _minutes(v) for k, v in changed.items()}


def test_a_placed_operation_pauses_over_breaks_and_is_set_by_hand() -> None:
    schedule = plant(
        [op("A", 120, on="M1")],
        resources=[machine("M1", calendar="day")],
        calendars=[calendar("day", "08:00-09:00", "10:00-18:00")],
    )
    moved = _placed(schedule, "A", 8 * 60)
    assert _minutes(moved) == ("M1", 480, 660)
    assert moved.manually_scheduled
    assert _minutes(_placed(schedule, "A", 9 * 60 + 20)) == ("M1", 600, 720)


def test_what_may_not_pause_goes_where_it_fits_whole() -> None:
    schedule = plant(
        [op("A", 120, on="M1", interruptible=False)],
        resources=[machine("M1", calendar="day")],
        calendars=[calendar("day", "08:00-09:00", "10:00-18:00")],
    )
    assert _minutes(_placed(schedule, "A", 8 * 60)) == ("M1", 600, 720)


def test_only_resources_of_its_modes_take_it() -> None:
    schedule = plant([op("A", 60, modes=["M1", ("M2", 90)])], resources=[machine("M1"), machine("M2"), machine("M3")])
    assert _minutes(_placed(schedule, "A", 0, "M2")) == ("M2", 0, 90)
    with pytest.raises(TaktwerkError, match=r"cannot run on M3.*M1, M2"):
        _placed(schedule, "A", 0, "M3")


def test_successors_wait_for_a_pushed_operation_by_every_dependency_type() -> None:
    chain = [op("A", 60, on="M1", start=0), op("B", 30, on="M2", start=60), op("C", 30, on="M3", start=90)]
    schedule = plant(chain, dependencies=[after("A", "B"), after("B", "C", type=3, lag=10)])
    assert _push(schedule, "A", 100) == {"A": ("M1", 100, 160), "B": ("M2", 160, 190), "C": ("M3", 170, 200)}
    assert _push(schedule, "A", 100, "off") == {"A": ("M1", 100, 160)}


def test_operations_on_the_same_machine_make_room_with_their_setup() -> None:
    schedule = plant(
        [
            op("A", 60, on="M1", start=0, family="red"),
            op("B", 60, on="M1", start=90, family="blue"),
            op("C", 60, on="M1", start=150, family="blue"),
        ],
        resources=[machine("M1", setup_matrix="S")],
        matrices=[matrix("S", {("red", "blue"): 30})],
    )
    assert _push(schedule, "A", 40) == {"A": ("M1", 40, 100), "B": ("M1", 130, 190), "C": ("M1", 190, 250)}


def test_what_is_locked_or_set_by_hand_keeps_its_place() -> None:
    schedule = plant(
        [
            op("A", 60, on="M1", start=0),
            op("B", 60, on="M1", start=60, manually_scheduled=True),
            op("C", 60, on="M1", start=120),
            op("D", 60, on="M1", start=180, locked=True),
        ]
    )
    assert _push(schedule, "A", 90) == {"A": ("M1", 90, 150), "C": ("M1", 240, 300)}
    assert _push(schedule, "A", 90, "all") == {"A": ("M1", 90, 150), "B": ("M1", 240, 300), "C": ("M1", 300, 360)}


def test_a_circle_of_waits_ends() -> None:
    schedule = plant(
        [op("A", 60, on="M1", start=0), op("B", 60, on="M2", start=60), op("C", 60, on="M3", start=120)],
        dependencies=[after("A", "B"), after("B", "C"), after("C", "B", type=0)],
    )
    facts = PlanFacts(schedule)
    moved = place(facts, facts.operations["A"], "M1", at_ms(30))
    _, notes = push_after(facts, {"A": moved}, "on")
    assert any("circle" in note for note in notes)
