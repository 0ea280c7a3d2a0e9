"""Which part of the window tells which other part what: signals only, nothing is decided here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ui.dialogs.about import AboutDialog
from ui.dialogs.shortcuts import ShortcutsDialog

if TYPE_CHECKING:
    from ui.main_window import MainWindow


def wire(window: MainWindow, dock_keys: tuple[str, ...], database_label: str) -> None:
    """Connect everything that is not connected by the flows themselves."""
    for key in dock_keys:
        window.docks.bind(key, window.actions_table[f"view.{key}"])
    _wire_actions(window, database_label)
    _wire_board(window)
    _wire_lists(window)
    _wire_files(window)
    _wire_runs(window)
    _wire_versions(window)
    _wire_history(window)
    _wire_merges(window)


def _wire_actions(window: MainWindow, database_label: str) -> None:
    table, board = window.actions_table, window.board
    calls = {
        "file.quit": window.close,
        "edit.find": window.places.focus_find,
        "view.zoom_in": board.zoom_in,
        "view.zoom_out": board.zoom_out,
        "view.zoom_fit": board.zoom_fit,
        "view.now": window.places.go_to_now,
        "view.reset": window.docks.reset,
        "help.shortcuts": lambda: ShortcutsDialog(window).open(),
        "help.about": lambda: AboutDialog(database_label, window).open(),
    }
    for action_id, call in calls.items():
        table[action_id].triggered.connect(lambda _=False, run=call: run())
    table["view.dependencies"].toggled.connect(board.set_dependencies_visible)


def _wire_board(window: MainWindow) -> None:
    board, bench = window.board, window.workbench
    board.selection_changed.connect(bench.select)
    board.edit_requested.connect(window.edit_flow.edit)
    board.answered.connect(bench.tell)
    board.message.connect(lambda words: bench.say(words, "warn"))
    board.failed.connect(lambda words: window.area.notice.say("bad", words))
    if failure := getattr(board, "failure", ""):
        window.area.notice.say("bad", failure)
    board.order_requested.connect(window.places.show_order)
    board.optimise_requested.connect(window.places.optimise_around)
    board.why_not_requested.connect(window.explain_flow.ask_about)


def _wire_lists(window: MainWindow) -> None:
    bench, places = window.workbench, window.places
    bench.said.connect(window.status.say)
    bench.go_to_requested.connect(places.go_to)
    bench.selection_changed.connect(window.studio.setup.set_selection)
    for panel in (window.problems, window.changes, window.robustness, window.explain, window.tool_bar.find_box):
        panel.go_to_event.connect(places.go_to)
    window.problems.go_to_place.connect(places.go_to_place)
    window.explain.go_to_time.connect(window.board.go_to_time)
    window.unscheduled.schedule_requested.connect(window.edit_flow.move)
    window.kpi_bar.problems_clicked.connect(lambda: window.docks.show("problems"))
    window.tool_bar.push_fixed_changed.connect(window.edit_flow.set_push_fixed)
    window.api_flow.changed.connect(window.status.show_api)
    window.lists.counted.connect(lambda key, count: window.room.set_empty(key, not count))


def _wire_files(window: MainWindow) -> None:
    files, exchange = window.file_flow, window.exchange_flow
    window.area.open_requested.connect(files.choose_schedule)
    window.area.import_requested.connect(files.choose_file)
    files.busy.connect(window.status.set_busy)
    files.import_requested.connect(lambda: exchange.ask_to_import())
    exchange.open_requested.connect(files.open_schedule)
    exchange.compare_requested.connect(window.compare_flow.compare)
    exchange.busy.connect(window.status.set_busy)
    window.what_if_flow.compare_requested.connect(window.compare_flow.compare)
    for flow in (exchange, window.what_if_flow):
        flow.scenario_made.connect(lambda _: window.scenario_flow.refresh())
        flow.scenario_made.connect(lambda _: window.show_versions())


def _wire_runs(window: MainWindow) -> None:
    runs, studio, bar = window.run_flow, window.studio, window.area.preview_bar
    studio.setup.go_to.connect(window.places.go_to)
    studio.run.go_to_event.connect(window.places.go_to)
    studio.run.go_to_order.connect(window.places.show_order)
    runs.preview_changed.connect(window.preview_place.show)
    runs.applying.connect(lambda: bar.set_busy(True, "Applying…"))
    runs.version_made.connect(window.show_versions)
    runs.switch_requested.connect(window.file_flow.open_schedule)
    bar.apply_requested.connect(lambda: runs.apply())
    bar.discard_requested.connect(runs.discard)
    bar.changes_requested.connect(lambda: window.docks.show("changes"))


def _wire_versions(window: MainWindow) -> None:
    versions, flow, comparing = window.versions, window.version_flow, window.compare_flow
    versions.save_requested.connect(window.file_flow.ask_to_save)
    versions.open_requested.connect(flow.open)
    versions.rollback_requested.connect(flow.ask_to_roll_back)
    versions.compare_requested.connect(comparing.compare_with_working)
    versions.compare_parent_requested.connect(comparing.compare_with_parent)
    for one in (flow, comparing):
        one.busy.connect(window.status.set_busy)
    flow.version_made.connect(window.show_versions)
    comparing.shown.connect(lambda: window.room.set_empty("compare", False))
    comparing.shown.connect(lambda: window.room.set_wide("compare", True))
    comparing.shown.connect(lambda: window.docks.show("compare"))
    comparing.compared.connect(lambda found: window.room.set_wide("compare", found is not None))
    comparing.compared.connect(lambda found: window.room.set_empty("compare", found is None))


def _wire_history(window: MainWindow) -> None:
    panel, history, scenarios = window.versions, window.history_flow, window.scenario_flow
    panel.tag_requested.connect(history.ask_for_tag)
    panel.state_requested.connect(history.ask_for_state)
    panel.blame_requested.connect(history.blame)
    panel.scenario_requested.connect(scenarios.ask_to_create)
    history.marked.connect(window.show_versions)
    history.version_requested.connect(window.show_version)
    history.compare_requested.connect(window.compare_flow.compare_with_parent)
    scenarios.switch_requested.connect(window.file_flow.open_schedule)
    scenarios.heads_changed.connect(window.show_versions)
    scenarios.compare_requested.connect(window.compare_flow.compare)
    for flow in (history, scenarios):
        flow.busy.connect(window.status.set_busy)


def _wire_merges(window: MainWindow) -> None:
    merges, runs = window.merge_flow, window.run_flow
    merges.busy.connect(window.status.set_busy)
    merges.version_made.connect(window.show_versions)
    merges.switch_requested.connect(window.file_flow.open_schedule)
    merges.run_started.connect(runs.leave)
    merges.preview_settled.connect(runs.settle)
    window.file_flow.conflict_found.connect(merges.settle_head)
    window.version_flow.conflict_found.connect(merges.settle_head)
    runs.conflict_found.connect(merges.settle_run)
    window.area.preview_bar.conflicts_requested.connect(merges.settle_preview)
    window.scenario_flow.merge_requested.connect(merges.merge_scenario)
    window.versions.merge_requested.connect(merges.merge_version)
