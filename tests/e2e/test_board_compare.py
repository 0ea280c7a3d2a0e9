"""A comparison on the real page: what is marked, what stays as a ghost, and two boards in step. Needs Bryntum."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QPoint

from app.board.comparison import BoardPair, StillPlan, make_pair
from app.commands import Move
from app.comparison import compare
from engine.instants import from_ms
from engine.plan import PlanFacts
from tests.support.board_page import BoardPage
from tests.support.board_plant import HOUR_MS, make_plant
from tests.support.board_session import make_session
from tests.support.qt import NO_GPU, pause, wait
from ui.scheme import find_bryntum, register_scheme

register_scheme()
pytestmark = [
    pytest.mark.e2e,
    NO_GPU,
    pytest.mark.skipif(find_bryntum() is None, reason="the Bryntum package is not installed"),
]

PLANT = make_plant(24, 3)


@pytest.fixture(scope="module")
def shown(qapp: Any) -> Iterator[BoardPage]:
    page = BoardPage(make_session(PLANT))
    yield page
    page.close()


def movable(session: Any) -> str:
    return next(
        op.id
        for op in PLANT.snapshot.events
        if op.resource_id == "mill-1" and not op.locked and op.status.value == "planned"
    )


def edited() -> tuple[Any, str, int]:
    """A session in which one operation was moved, its id, and by how much."""
    session = make_session(PLANT)
    key = movable(session)
    before = session.facts.starts[key]
    answer = session.execute(Move(kind="move", event_id=key, start=from_ms(before + 5 * HOUR_MS)))
    assert answer.error is None
    return session, key, session.facts.starts[key] - before


def pair_of(session: Any, *, is_live: bool) -> BoardPair:
    before, after = PlanFacts(PLANT), PlanFacts(session.working)
    found = compare(PLANT, session.working, facts=(before, after))
    return make_pair(before, after, found.operations, ("Version 1", "Working plan"), is_live=is_live)


def test_a_moved_bar_is_marked_over_its_ghost_and_a_fixed_plan_stays_as_it_is(shown: BoardPage) -> None:
    session, key, shift = edited()
    shown.view.set_session(session)
    shown.settle()
    shown.view.set_overlay(pair_of(session, is_live=True).main)
    shown.settle()
    shown.view.go_to(key)
    shown.settle()
    wait(lambda: shown.js("document.querySelectorAll('.tk-ghost').length") == 1)
    assert shown.js("document.body.hasAttribute('data-compare')")
    ghost = shown.js("document.querySelector('.tk-ghost').getBoundingClientRect().x")
    box = shown.box(key)
    assert box is not None and box[0] - ghost == pytest.approx(shown.px(shift), abs=2)
    assert "place in Version 1" in shown.js("document.getElementById('legend').textContent")
    details = shown.run(f"return await board.bridge.call('details', {{eventId: {key!r}}})")
    assert details["preview"]["base"] == "Version 1" and details["preview"]["kind"] == "moved"

    shown.view.set_overlay(pair_of(session, is_live=False).main)
    shown.settle()
    shown.drag_in_vain(key, QPoint(60, 0), "comparison")
    shown.view.set_overlay(None)
    wait(lambda: shown.js("document.querySelectorAll('.tk-ghost').length") == 0)


@pytest.mark.slow
def test_a_board_beside_looks_where_the_first_looks_and_back(shown: BoardPage) -> None:
    session, key, _ = edited()
    pair = pair_of(session, is_live=True)
    shown.view.set_session(session)
    shown.view.set_overlay(pair.main)
    assert pair.beside.shown is not None
    other = BoardPage(StillPlan(pair.beside.shown), read_only=True)  # type: ignore[arg-type]
    other.view.set_overlay(pair.beside)
    shown.view.looked.connect(other.view.follow)
    other.view.looked.connect(shown.view.follow)
    try:
        other.view.keep_in_step(True)
        shown.view.keep_in_step(True, leads=True)
        shown.view.go_to(key)
        shown.settle()
        other.settle()
        look = "board.follower.look()"

        def in_step() -> bool:
            one, two = shown.js(look), other.js(look)
            step = 2 * shown.js("board.viewport.msPerPx")
            return one["level"] == two["level"] and abs(one["at"] - two["at"]) <= step and one["top"] == two["top"]

        wait(in_step, 10)
        shown.view.zoom_in()
        pause(400)
        wait(in_step, 10)
        before = other.js(look)["top"]
        other.run("board.scheduler.scrollable.y += 40")
        pause(400)
        wait(in_step, 10)
        assert shown.js(look)["top"] != before
        assert other.js("document.querySelectorAll('.tk-ghost').length") == 0
        assert shown.js("board.window.lanes.join()") == other.js("board.window.lanes.join()")
    finally:
        shown.view.keep_in_step(False)
        shown.view.looked.disconnect(other.view.follow)
        other.close()
