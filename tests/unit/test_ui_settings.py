"""The Studio's form as data, and the widgets that edit it."""

import datetime as dt
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.metrics import objective_names
from engine.model import ResourceInterval
from tests.support.plants import at, machine, op, order, plant
from ui.studio.catalog import Catalog
from ui.studio.labels import OBJECTIVE_TITLES, axis_unit, gap_text, objective_text
from ui.studio.settings import RunSettings
from ui.studio.setup_page import SetupPage

PLAN = plant(
    [
        op("A", 60, on="M1", start=0, order="O1", locked=True),
        op("B", 60, on="M2", start=60, order="O1"),
        op("C", 60, modes=["M1", "M2"]),
    ],
    resources=[machine("M1", group="Cutting"), machine("M2", group="Cutting"), machine("M3")],
    orders=[order("O1", due=300)],
)
CATALOG = Catalog(
    algorithms=[SimpleNamespace(id=i, name=n) for i, n in ((1, "auto"), (2, "cp-sat"), (4, "dispatch"))],
    profiles=[
        SimpleNamespace(id=1, name="Quick look", algorithm_id=4, options={"timeLimit": 5}),
        SimpleNamespace(id=2, name="Standard", algorithm_id=1, options={"timeLimit": 60, "warmStart": True}),
        SimpleNamespace(
            id=4, name="Least change", algorithm_id=1, options={"incrementalMode": True, "changeWeight": 0.5}
        ),
        SimpleNamespace(
            id=9, name="Balanced", algorithm_id=2, options={"weights": {"tardiness": 3, "setup": 1}, "timeLimit": 120}
        ),
    ],
)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        (RunSettings(goal="mix"), "weights"),
        (RunSettings(goal="mix", weights={"change": 1.0}), "weights"),
        (RunSettings(goal="ladder"), "ladder"),
        (RunSettings(time_limit_s=0), "time_limit_s"),
        (RunSettings(deterministic=True), "deterministic"),
        (RunSettings(scope="operations"), "scope"),
        (RunSettings(scope="resources"), "scope"),
        (RunSettings(scope="span", scope_start=at(60), scope_end=at(60)), "scope"),
    ],
)
def test_faults_name_the_field(settings: RunSettings, field: str) -> None:
    assert list(settings.faults()) == [field]


def test_a_request_freezes_plan_locks_and_blocked_spans() -> None:
    blocked = (ResourceInterval(resource_id="M2", start=at(0), end=at(60)),)
    made = RunSettings(
        algorithm_id=2,
        profile_id=9,
        goal="ladder",
        ladder=("maximize_throughput", "minimize_setup"),
        time_limit_s=90,
        workers=2,
        scope="resources",
        scope_resource_ids=("M1",),
        blocked=blocked,
    )
    request = made.to_request(PLAN)
    assert made.faults() == {}
    assert request.schedule_data is PLAN
    assert request.locks.events == ("A",)
    assert request.locks.resource_intervals == blocked
    assert objective_names(request) == ("maximize_throughput", "minimize_setup")
    assert request.options.scope is not None
    assert request.options.scope.resource_ids == ("M1",)
    assert (request.algorithm_id, request.profile_id, request.options.time_limit) == (2, 9, 90.0)


def test_an_automatic_goal_is_left_to_the_engine() -> None:
    assert objective_names(RunSettings().to_request(PLAN)) == ("weighted_mix",)
    chosen = RunSettings(objective="minimize_setup").to_request(PLAN)
    assert objective_names(chosen)[0] == "minimize_setup"


def test_a_profile_replaces_options_and_keeps_scope_and_blocks() -> None:
    blocked = (ResourceInterval(resource_id="M2", start=at(0), end=at(60)),)
    mine = RunSettings(
        seed=7, objective="minimize_cost", scope="resources", scope_resource_ids=("M1",), blocked=blocked
    )
    taken = mine.with_profile(4, 1, {"incrementalMode": True, "changeWeight": 0.5})
    assert (taken.profile_id, taken.incremental, taken.change_weight, taken.seed) == (4, True, 0.5, 0)
    assert (taken.scope_resource_ids, taken.blocked, taken.objective) == (("M1",), blocked, "minimize_cost")
    mixed = mine.with_profile(9, 2, {"weights": {"tardiness": 3}})
    assert (mixed.goal, mixed.weights, mixed.algorithm_id) == ("mix", {"tardiness": 3.0}, 2)


def test_the_form_starts_with_the_standard_profile_and_reads_back_what_it_shows(qtbot: QtBot) -> None:
    page = SetupPage(CATALOG)
    qtbot.addWidget(page)
    page.set_plan(PLAN, dt.UTC)
    assert page.profile_name() == "Standard"
    assert page.settings().time_limit_s == 60
    shown = RunSettings(
        algorithm_id=2,
        profile_id=9,
        goal="mix",
        weights={"tardiness": 2.5, "setup": 1.0},
        time_limit_s=5400,
        workers=3,
        warm_start=False,
        incremental=True,
        change_weight=0.25,
        tardiness_cost_per_hour=12.5,
        seed=42,
        memory_limit_mib=2048,
        tick_ms=30_000,
    )
    page.show_settings(shown)
    assert page.settings() == shown


@pytest.mark.parametrize("objective", ["", *OBJECTIVE_TITLES])
def test_every_objective_can_be_chosen(qtbot: QtBot, objective: str) -> None:
    page = SetupPage(CATALOG)
    qtbot.addWidget(page)
    page.show_settings(RunSettings(objective=objective))
    assert page.settings().objective == objective


def test_choosing_a_profile_fills_the_form(qtbot: QtBot) -> None:
    page = SetupPage(CATALOG)
    qtbot.addWidget(page)
    box = page._profile
    box.setCurrentIndex(box.findText("Least change"))
    box.activated.emit(box.currentIndex())
    assert page.settings().incremental
    assert page.settings().change_weight == 0.5


def test_a_fault_is_said_inline_and_stops_the_start(qtbot: QtBot) -> None:
    page = SetupPage(CATALOG)
    qtbot.addWidget(page)
    page.set_plan(PLAN, dt.UTC)
    page.choose_selection()
    assert not page.submit.isEnabled()
    assert "Select the operations" in page._notice.text()
    page.set_selection(("B",))
    assert page.submit.isEnabled()
    assert page.settings().scope_event_ids == ("B",)
    assert page._notice.text() == ""


def test_ladder_goals_are_added_ordered_and_removed(qtbot: QtBot) -> None:
    page = SetupPage(CATALOG)
    qtbot.addWidget(page)
    page.show_settings(RunSettings(goal="ladder", ladder=("maximize_throughput", "minimize_setup")))
    ladder = page._goal._ladder
    ladder._add.setCurrentIndex(ladder._add.findData("minimize_cost"))
    ladder._add.activated.emit(ladder._add.currentIndex())
    ladder._shift(-1)
    assert page.settings().ladder == ("maximize_throughput", "minimize_cost", "minimize_setup")
    assert ladder._add.findData("minimize_cost") == -1
    ladder._list.setCurrentRow(0)
    ladder._on_remove()
    assert page.settings().ladder == ("minimize_cost", "minimize_setup")
    assert ladder._list.item(0).text().startswith("1.")


def test_blocked_spans_come_from_the_selection_once(qtbot: QtBot) -> None:
    page = SetupPage(CATALOG)
    qtbot.addWidget(page)
    page.set_plan(PLAN, dt.UTC)
    page.set_selection(("B", "C"))
    page._locks._on_from_selection()
    page._locks._on_from_selection()
    assert page.settings().blocked == (ResourceInterval(resource_id="M2", start=at(60), end=at(120)),)
    page._locks._table.selectRow(0)
    page._locks._on_remove()
    assert page.settings().blocked == ()


def test_resources_in_scope_are_ticked_by_group(qtbot: QtBot) -> None:
    page = SetupPage(CATALOG)
    qtbot.addWidget(page)
    page.set_plan(PLAN, dt.UTC)
    tree = page._scope._resources
    tree.topLevelItem(0).setCheckState(0, Qt.CheckState.Checked)
    page._scope._kind.setCurrentIndex(page._scope._kind.findData("resources"))
    assert page.settings().scope_resource_ids == ("M1", "M2")
    page.set_plan(PLAN, dt.UTC)
    assert page.settings().scope_resource_ids == ("M1", "M2")


def test_values_read_in_their_units() -> None:
    assert axis_unit("minimize_makespan", 9 * 86_400_000).name == "days"
    assert axis_unit("minimize_setup", 2 * 3_600_000).name == "minutes"
    assert axis_unit("balance_resources", 500_000).divisor == 10_000
    assert objective_text("minimize_tardiness", 5_400_000) == "1 h 30 min"
    assert objective_text("balance_resources", 714_000) == "71.4 % peak"
    assert objective_text("maximize_throughput", 3) == "3 late"
    assert objective_text("minimize_cost", None) == "–"
    assert gap_text(0) == "0 %"
    assert gap_text(0.0512) == "5.1 %"
