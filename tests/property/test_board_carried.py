"""What the board takes over from the state it drew before equals what it would work out anew."""

from __future__ import annotations

import random

import pytest

from app.board.snapshot import BoardSnapshot
from app.board.window import WindowRequest, window_json
from app.commands import with_operations
from engine.plan import PlanFacts
from engine.plan_state import PlanState
from tests.support.board_plant import make_plant
from tests.support.edits import any_edit, placed_at_random
from tests.support.random_plants import small_plant


def assert_as_anew(carried: BoardSnapshot, state: PlanState) -> None:
    anew = BoardSnapshot(PlanFacts(state.schedule), state.violations, carried.revision)
    for name in ("operation", "row", "start", "end", "main"):
        assert (getattr(carried.entries, name) == getattr(anew.entries, name)).all(), name
    assert carried.lanes == anew.lanes
    for name in ("lateness", "family_index", "order_index", "row_index", "loads", "axis_span"):
        assert getattr(carried, name) == getattr(anew, name), name
    begin, end = anew.axis_span
    whole = WindowRequest(begin, end, 0, len(anew.rows), 0, len(anew.rows), 60_000.0)
    drawn, expected = window_json(carried, whole), window_json(anew, whole)
    for part in ("bars", "deps"):
        drawn[part], expected[part] = sorted(drawn[part], key=str), sorted(expected[part], key=str)
    assert drawn == expected


def edited(draw: random.Random, state: PlanState, steps: int) -> None:
    snapshot = BoardSnapshot(state.facts, state.violations, 0)
    for number in range(1, steps):
        for _ in range(draw.choice([1, 1, 3])):  # the board need not draw every state
            state = state.after(with_operations(state.schedule, any_edit(draw, state.facts)))
        if draw.random() < 0.8:
            snapshot.prepare()
        snapshot = BoardSnapshot(state.facts, state.violations, number, previous=snapshot)
        assert_as_anew(snapshot, state)


@pytest.mark.parametrize("seed", range(8))
def test_on_random_plants(seed: int):
    draw = random.Random(seed)
    schedule, _ = small_plant(seed, size=12)
    edited(draw, PlanState.of(placed_at_random(draw, schedule)), 15)


def test_on_a_workshop_with_rows_for_several_at_once():
    edited(random.Random(3), PlanState.of(make_plant(orders=20)), 15)
