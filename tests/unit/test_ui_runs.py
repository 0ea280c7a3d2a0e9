"""Run events on their way to the interface, the run page, the history, and work in the background."""

import datetime as dt
import threading
import time
from dataclasses import replace

import pytest
from PySide6.QtCore import QThread
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from app.run_progress import RunView
from engine.errors import ErrorCode, TaktwerkError
from engine.model import Metrics, RunStatus
from tests.support.ui_fakes import FakeRuns
from ui.application import StallWatch
from ui.background import in_background
from ui.runs import RunFeed, can_preview
from ui.studio.chart_plot import Plot, clock_ticks, value_range, value_ticks
from ui.studio.history_page import HistoryPage
from ui.studio.run_page import RunPage

RUNNING = RunView(
    "r1",
    RunStatus.RUNNING,
    step="Improving the plan",
    objective_name="minimize_tardiness",
    objective=7_200_000,
    bound=3_600_000,
    gap=0.5,
    elapsed_s=12,
    time_limit_s=60,
    series=((1000, 9_000_000, None), (4000, 7_200_000, 3_600_000)),
    has_incumbent=True,
    label="Standard, 1 min",
)


def test_many_events_become_few_updates_in_the_interfaces_thread(qtbot: QtBot) -> None:
    runs = FakeRuns()
    feed = RunFeed(runs)
    seen: list[tuple[float, RunView, bool]] = []
    mine = QThread.currentThread()
    feed.updated.connect(lambda v: seen.append((time.monotonic(), v, QThread.currentThread() == mine)))

    def chatter() -> None:
        for number in range(200):
            runs.tell("incumbent", replace(RUNNING, objective=float(number)))
            time.sleep(0.003)

    began = time.monotonic()
    thread = threading.Thread(target=chatter)
    thread.start()
    qtbot.waitUntil(lambda: bool(seen) and seen[-1][1].objective == 199, timeout=5000)
    thread.join()
    lasted = time.monotonic() - began
    assert len(seen) <= 5 * lasted + 2
    assert all(is_mine for _, _, is_mine in seen)
    feed.close()
    assert runs.listeners == []


def test_the_end_of_a_run_is_told_once_with_its_last_view(qtbot: QtBot) -> None:
    runs = FakeRuns()
    feed = RunFeed(runs)
    ended: list[RunView] = []
    feed.finished.connect(ended.append)
    runs.tell("incumbent", RUNNING)
    runs.tell("finished", replace(RUNNING, status=RunStatus.COMPLETED))
    qtbot.waitUntil(lambda: len(ended) == 1, timeout=2000)
    qtbot.wait(300)
    assert [view.status for view in ended] == [RunStatus.COMPLETED]
    feed.close()


@pytest.fixture
def page(qtbot: QtBot) -> RunPage:
    made = RunPage()
    qtbot.addWidget(made)
    return made


def test_a_running_run_shows_figures_in_their_units(page: RunPage) -> None:
    page.show_run(RUNNING)
    figures = {key: shown.text() for key, shown in page._figures.items()}
    assert figures == {
        "best": "2 h", "bound": "1 h", "gap": "50.0 %", "elapsed": "0:12", "left": "0:48", "plans": "2"
    }  # fmt: skip
    assert page._chart._axis_title.text() == "minutes"
    assert page._stop.isEnabled()
    assert page._preview.isHidden()


def test_stop_and_keep_waits_for_a_first_plan(page: RunPage) -> None:
    page.show_run(replace(RUNNING, has_incumbent=False, series=(), objective=None, bound=None, gap=None))
    assert not page._stop.isEnabled()
    assert page._figures["best"].text() == "–"


def test_a_failed_run_says_why_and_offers_its_best_plan(page: RunPage, qtbot: QtBot) -> None:
    error = TaktwerkError(ErrorCode.INTERRUPTED, "The solver was killed.")
    failed = replace(RUNNING, status=RunStatus.FAILED, error=error)
    page.show_run(failed)
    assert page._notice.text() == "E007: The solver was killed. The best plan found so far can still be applied."
    assert page._preview.text() == "Show best plan found"
    with qtbot.waitSignal(page.preview_requested) as caught:
        page._preview.click()
    assert caught.args == ["r1"]
    assert can_preview(failed)
    assert not can_preview(replace(failed, has_incumbent=False))
    assert not can_preview(replace(RUNNING, status=RunStatus.CANCELLED))


def test_the_queue_can_be_cancelled(page: RunPage, qtbot: QtBot) -> None:
    waiting = [replace(RUNNING, run_id=f"q{i}", status=RunStatus.QUEUED, queue_position=i) for i in (1, 2)]
    page.show_run(RUNNING)
    page.show_queue(waiting)
    assert page._queue.count() == 2
    with qtbot.waitSignal(page.cancel_requested) as caught:
        page._queue.itemAt(1).widget().findChild(QToolButton).click()
    assert caught.args == ["q2"]


def test_the_chart_steps_and_shades_from_the_first_instant_of_both(page: RunPage) -> None:
    chart = page._chart
    chart.show_series(((1000, 8.0, None), (2000, 8.0, 2.0), (3000, 6.0, 3.0)), "minimize_cost", 4000)
    assert chart.plot.upper_curve == [(1, 8), (2, 8), (2, 8), (3, 8), (3, 6), (4, 6), (4, 6)]
    assert chart.plot.gap() == [(2, 8), (3, 8), (3, 6), (4, 6), (4, 6), (4, 3), (4, 3), (3, 3), (3, 2), (2, 2)]
    assert chart._values_at(2500) == "0:02  8.00  ≥ 2.00"


def test_the_chart_is_drawn_in_every_size_and_span(qtbot: QtBot) -> None:
    plot = Plot("#14708A", "#B97F16")
    qtbot.addWidget(plot)
    for width, seconds, value in ((400, 0.5, 1e-3), (120, 90_000, 5e9), (900, 61, 0.0)):
        plot.resize(width, 190)
        plot.show_curves([(0, value * 2), (seconds, value)], [(0, value / 2)], seconds)
        image = plot.grab().toImage()
        assert image.width() == width
        assert len({image.pixel(x, y) for x in range(0, width, 2) for y in range(0, 190, 2)}) > 3


@pytest.mark.parametrize(
    ("low", "high", "most", "words"),
    [
        (0, 1, 4, ["0.0", "0.5", "1.0"]),
        (7.3, 12.1, 6, ["8", "9", "10", "11", "12"]),
        (-30, 2000, 4, ["0", "1,000", "2,000"]),
        (0.011, 0.019, 3, ["0.015"]),
    ],
)
def test_value_axes_have_round_numbers(low: float, high: float, most: int, words: list[str]) -> None:
    assert [shown for _, shown in value_ticks(low, high, most)] == words


def test_clock_axes_have_round_instants() -> None:
    assert [shown for _, shown in clock_ticks(31, 4)] == ["0:00", "0:10", "0:20", "0:30"]
    assert [at for at, _ in clock_ticks(7200, 3)] == [0, 3600, 7200]


def test_a_value_axis_has_air_and_keeps_zero() -> None:
    assert value_range([0, 100]) == (0, 105)
    assert value_range([50]) == (47.5, 52.5)
    assert value_range([]) == (0, 1.05)


def test_history_lists_and_updates_runs(qtbot: QtBot) -> None:
    page = HistoryPage()
    qtbot.addWidget(page)
    started = dt.datetime(2026, 11, 23, 14, 2, tzinfo=dt.UTC)
    metrics = Metrics(
        makespan=1, resource_utilization=0.5, total_setup_time=0, constraint_violations=0, objective="minimize_cost"
    )
    ended = replace(
        RUNNING, status=RunStatus.COMPLETED, objective_name="minimize_cost", objective=1234.0, queued_at=started,
        started_at=started, metrics=metrics, algorithm_id=2,
    )  # fmt: skip
    page.show_runs([ended], dt.UTC)
    model = page.table.model()
    cells = [model.index(0, column).data() for column in range(model.columnCount())]
    assert cells == ["23 Nov 14:02", "Completed", "1,234", "50.0 %", "Least cost", "CP-SAT", "Standard, 1 min"]
    page.update_run(replace(RUNNING, run_id="r2", queued_at=started + dt.timedelta(minutes=1)))
    page.update_run(replace(RUNNING, run_id="r2", queued_at=started + dt.timedelta(minutes=1), gap=0.1))
    assert model.rowCount() == 2
    assert model.index(0, 3).data() == "10.0 %"


def test_background_work_comes_back_in_the_interfaces_thread(qtbot: QtBot) -> None:
    mine, box = threading.get_ident(), []
    in_background(threading.get_ident, lambda worker: box.append((worker, threading.get_ident())))
    qtbot.waitUntil(lambda: bool(box), timeout=3000)
    assert box[0][0] != mine
    assert box[0][1] == mine


def test_background_failures_reach_the_caller(qtbot: QtBot) -> None:
    caught: list[Exception] = []
    in_background(lambda: 1 / 0, lambda _: None, caught.append)
    qtbot.waitUntil(lambda: bool(caught), timeout=3000)
    assert isinstance(caught[0], ZeroDivisionError)


def test_a_blocked_interface_is_noticed(qtbot: QtBot) -> None:
    stalls: list[float] = []
    watch = StallWatch(on_stall=stalls.append)
    qtbot.wait(80)
    time.sleep(0.4)
    qtbot.waitUntil(lambda: bool(stalls), timeout=2000)
    assert stalls[0] > 250
    assert watch.longest_ms == max(stalls)
