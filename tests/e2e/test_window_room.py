"""Room below the board, and how a preview comes and goes; with a fake board and runs that end as told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QRect
from pytestqt.qtbot import QtBot

from app.commands import Move
from engine.apply import apply_result, placed_events
from engine.metrics import metrics
from engine.model import PlacedEvent
from tests.support.plants import at, machine, op, order, plant
from tests.support.windows import Workplace, make_workplace
from ui.dock_room import EMPTY_PX
from ui.window_memory import fit_to_screen

pytestmark = pytest.mark.e2e

PLAN = plant(
    [
        op("A", 60, modes=["M1", "M2"], on="M1", start=0, order="O1"),
        op("B", 60, modes=["M1", "M2"], on="M1", start=60, order="O2"),
    ],
    resources=[machine("M1"), machine("M2")],
    orders=[order("O1", due=60), order("O2", due=60)],
    now=0,
)


@pytest.fixture
def place(qtbot: QtBot, tmp_path: Path) -> Iterator[Workplace]:
    made = make_workplace(qtbot, tmp_path)
    made.window.resize(1280, 800)
    made.open(PLAN)
    yield made
    made.close()


def end_run(place: Workplace, starts: dict[str, float], on: str | None = None) -> None:
    """Let the planner optimise, and the run end with operations at these minutes."""
    place.do("run.optimize")
    run_id = list(place.runs.requests)[-1]
    request = place.runs.requests[run_id]
    events: list[PlacedEvent] = []
    for event in placed_events(request.schedule_data):
        if event.id in starts:
            begin = starts[event.id]
            update = {"start_date": at(begin), "end_date": at(begin + 60), "resource_id": on or event.resource_id}
            event = event.model_copy(update=update)
        events.append(event)
    place.runs.finish(run_id, events, metrics(request, apply_result(request.schedule_data, events)))


def test_an_empty_list_is_low_and_the_desk_is_high(place: Workplace) -> None:
    docks = place.window.docks
    docks.show("problems")
    place.wait(lambda: docks["problems"].height() <= EMPTY_PX + 8)
    docks.show("what_if")
    place.wait(lambda: docks["what_if"].height() > 2 * EMPTY_PX)
    docks.show("problems")
    place.wait(lambda: docks["problems"].height() <= EMPTY_PX + 8)
    place.window.workbench.execute(Move(kind="move", event_id="B", start=at(30), resource_id="M1"))
    place.wait(lambda: docks["problems"].height() > EMPTY_PX + 50)


def test_the_list_that_was_there_comes_back_after_the_preview(place: Workplace) -> None:
    docks = place.window.docks
    docks.show("unscheduled")
    place.wait(lambda: docks.is_in_front("unscheduled"))
    end_run(place, {"B": 0}, on="M2")
    place.wait(lambda: docks.is_in_front("changes"))
    place.do("preview.discard")
    place.wait(lambda: docks.is_in_front("unscheduled"))
    end_run(place, {"B": 30}, on="M2")
    place.wait(lambda: docks.is_in_front("changes"))
    docks.show("problems")
    place.wait(lambda: docks.is_in_front("problems"))
    place.do("preview.discard")
    place.qtbot.wait(50)
    assert docks.is_in_front("problems"), "the planner had turned to another list"


def test_a_result_that_is_no_better_has_nothing_to_apply(place: Workplace) -> None:
    end_run(place, {})
    place.wait(lambda: "nothing better was found" in place.window.status.message.text())
    assert place.session.preview is None
    assert not place.window.area.preview_bar.isVisible()
    assert not place.window.actions_table["preview.apply"].isEnabled()
    assert place.window.studio.run._preview.isHidden()
    assert "the plan stays" in place.window.studio.run._phase.text()


def test_a_result_that_is_as_good_leaves_a_clear_choice(place: Workplace) -> None:
    end_run(place, {"A": 60, "B": 0})
    place.wait(lambda: place.session.preview is not None)
    bar = place.window.area.preview_bar
    assert bar._title.text().startswith("No better plan was found")
    assert bar._note.text().startswith("It is as good as the present one. 2 operations would change")
    assert (bar.discard.text(), bar.discard.property("role")) == ("Keep the plan", "primary")
    assert (bar.apply.text(), bar.apply.property("role")) == ("Apply all the same", "")
    place.do("preview.discard")
    end_run(place, {"B": 600})
    place.wait(lambda: place.session.preview is not None)
    assert bar._note.text().startswith("It is worse than the present one.")
    place.do("preview.discard")
    end_run(place, {"B": 0}, on="M2")
    place.wait(lambda: place.session.preview is not None)
    assert (bar.apply.text(), bar.discard.text()) == ("Apply", "Discard")


def test_what_a_run_offers_is_in_sight_in_a_low_studio(place: Workplace) -> None:
    end_run(place, {"B": 0}, on="M2")
    place.wait(lambda: place.session.preview is not None)
    window = place.window
    window.compare_flow.compare_with_head()
    window.studio.show_page("run")
    place.wait(lambda: window.docks["compare"].width() > window.width() - 20)
    preview = window.studio.run._preview
    place.wait(lambda: preview.visibleRegion().boundingRect().size() == preview.size())


def test_a_roll_back_names_the_versions_that_stay(place: Workplace) -> None:
    flow, first = place.window.version_flow, place.session.head
    asked = flow.ask_to_roll_back(first)
    assert _words(asked) == "A new version 2 is saved that equals version 1."
    asked.reject()
    for number in (2, 3):
        place.window.workbench.execute(Move(kind="move", event_id="B", start=at(60 * number), resource_id="M1"))
        place.window.file_flow.save("later")
        place.wait(lambda number=number: place.session.head.number == number)
    asked = flow.ask_to_roll_back(first)
    assert _words(asked) == "A new version 4 is saved that equals version 1. Versions 2 to 3 stay."
    asked.reject()


def _words(dialog: object) -> str:
    return dialog.body.itemAt(0).widget().text()  # type: ignore[attr-defined]


def test_the_window_is_no_larger_than_what_the_screen_has_free(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Small:
        def availableGeometry(self) -> QRect:  # as Qt has it
            return QRect(0, 30, 1366, 738)

    monkeypatch.setattr(place.window, "screen", Small)
    place.window.resize(1500, 940)
    place.window.move(40, 400)
    fit_to_screen(place.window)
    assert QRect(0, 30, 1366, 738).contains(place.window.geometry())
    place.window.setGeometry(100, 50, 1200, 690)
    fit_to_screen(place.window)
    assert place.window.geometry() == QRect(100, 50, 1200, 690)  # what fits stays
