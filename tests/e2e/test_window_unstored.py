"""The result of a run that the database would not take, as the planner meets it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.exchange import read
from app.optimization import OptimizationService
from app.run_archive import RunArchive
from engine.errors import ErrorCode, TaktwerkError
from engine.model import RunStatus
from tests.support.fault_workers import answers_at_once, command
from tests.support.plants import machine, op, plant
from tests.support.windows import Workplace, make_workplace

pytestmark = [pytest.mark.e2e, pytest.mark.logs_errors]

PLAN = plant(
    [op(f"cut-{job}", 45, on="M1", start=job * 120) for job in range(4)],
    resources=[machine("M1")],
)


@pytest.fixture
def place(qtbot: QtBot, tmp_path: Path) -> Iterator[Workplace]:
    made = make_workplace(
        qtbot, tmp_path, runs=lambda database: OptimizationService(database, 1, "anna", command(answers_at_once))
    )
    yield made
    made.close()


def press(dialog: object, words: str) -> None:
    (found,) = [one for one in dialog.findChildren(QPushButton) if one.text() == words]  # type: ignore[attr-defined]
    found.click()


def test_a_result_that_is_not_stored_has_two_ways_out(
    place: Workplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored, finish = [False], RunArchive.finish

    def refuse(archive: RunArchive, *args: object, **more: object) -> bool:
        if not stored[0]:
            raise TaktwerkError(ErrorCode.STORAGE, "The disk is full. The change was not saved.")
        return finish(archive, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(RunArchive, "finish", refuse)
    schedule_id = place.open(PLAN)
    flow, page = place.window.run_flow.unstored, place.window.studio.run
    place.do("run.optimize")
    place.wait(lambda: bool(flow._shown) and place.session.preview is not None, 30)
    ((run_id, dialog),) = flow._shown.items()
    assert "could not be stored: the disk is full" in dialog.as_text()
    assert page._unstored.isVisibleTo(page) and "could not be stored" in page._notice.text()

    flow.save(place.runs.status(run_id), tmp_path / "saved.json")
    place.wait(lambda: "File > Import" in dialog.told.text())
    assert read(tmp_path / "saved.json").snapshot.events[1].start_date != PLAN.snapshot.events[1].start_date

    press(dialog, "Try again")
    place.wait(lambda: dialog.told.text().startswith("Not yet: The disk is full"))
    stored[0] = True
    press(dialog, "Try again")
    place.wait(lambda: not flow._shown)
    place.wait(lambda: not page._unstored.isVisibleTo(page))
    assert place.runs.history(schedule_id)[0].unstored is None
    with place.database.read() as view:
        assert view.runs.get(run_id).status == RunStatus.COMPLETED.value
