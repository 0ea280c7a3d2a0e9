"""The main window: the board in the middle, docks around it, figures above it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QByteArray, Qt, QTimer
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QToolBar

from app.preview import Preview
from app.session import Answer
from engine.errors import TaktwerkError
from ui.actions import Actions
from ui.backups.flow import BackupFlow
from ui.board_area import BoardArea
from ui.compare.boards import ComparedBoards
from ui.compare.flow import CompareFlow
from ui.compare.panel import ComparePanel
from ui.diagnostics.flow import DiagnosticsFlow
from ui.dialogs.about import AboutDialog
from ui.dialogs.shortcuts import ShortcutsDialog
from ui.docks import Docks
from ui.edit_flow import EditFlow
from ui.exchange.flow import ExchangeFlow
from ui.explain.flow import ExplainFlow
from ui.explain.panel import ExplainPanel
from ui.explain.prices_flow import PricesFlow
from ui.file_flow import FileFlow
from ui.help.flow import HelpFlow
from ui.history.flow import HistoryFlow
from ui.history.model import LIVE
from ui.history.scenario_flow import ScenarioFlow
from ui.history.switcher import ScenarioStripe
from ui.icons import icon
from ui.kpi_bar import KpiBar
from ui.merge.board import MergeOnBoard
from ui.merge.flow import MergeFlow
from ui.plan_lists import PlanLists
from ui.preview.changes import ChangesPanel
from ui.problems import ProblemsPanel
from ui.robustness.flow import RobustnessFlow
from ui.robustness.panel import RobustnessPanel
from ui.run_flow import RunFlow
from ui.services import Services
from ui.status_bar import StatusLine
from ui.studio.panel import StudioPanel
from ui.tool_bar import MainToolBar
from ui.unscheduled import UnscheduledPanel
from ui.version_flow import VersionFlow
from ui.versions.panel import VersionsPanel
from ui.what_if.flow import WhatIfFlow
from ui.what_if.panel import WhatIfPanel
from ui.workbench import Workbench

_GEOMETRY, _STATE, _COLOUR = "window/geometry", "window/state", "window/colourBy"
_STATE_VERSION = 1
_COMPARE_PX = 290
_WHAT_IF_PX = 330
_NARROW_DOCKS = ("problems", "unscheduled", "changes", "robustness", "explain")
_DOCKS = ("studio", "versions", "problems", "unscheduled", "changes", "compare", "what_if", "robustness", "explain")


class MainWindow(QMainWindow):
    """Puts the parts together; what they do is in the flows.

    Parameters
    ----------
    services
        The application's services, from the composition root.
    """

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self.setObjectName("mainWindow")
        self.setWindowIcon(icon("app"))
        self.resize(1500, 940)
        self.setMinimumSize(980, 620)
        self.actions_table = Actions(self)
        self.workbench = Workbench(self)
        self.board = self._made_board()
        self.area = BoardArea(self.board)
        self.studio = StudioPanel(services.catalog)
        self.versions, self.problems = VersionsPanel(), ProblemsPanel()
        self.unscheduled, self.changes = UnscheduledPanel(), ChangesPanel()
        self.robustness, self.explain = RobustnessPanel(), ExplainPanel()
        self.what_if = WhatIfPanel()
        self.compare, self.boards = ComparePanel(), ComparedBoards(self.area, self.board, self._made_second_board)
        self.kpi_bar, self.status, self.scenario_stripe = KpiBar(), StatusLine(), ScenarioStripe()
        self._lay_out()
        self.edit_flow = EditFlow(self.workbench, self.actions_table)
        self.file_flow = FileFlow(self.workbench, self.actions_table, services.versions)
        self.exchange_flow = ExchangeFlow(self.workbench, self.actions_table, services.versions, services.settings)
        self.version_flow = VersionFlow(self.workbench, services.versions)
        self.history_flow = HistoryFlow(self.workbench, services.versions)
        self.scenario_flow = ScenarioFlow(
            self.workbench, services.versions, self.tool_bar.scenario, self.scenario_stripe
        )
        self.compare_flow = CompareFlow(self.workbench, services.versions, self.compare, self.boards)
        self.run_flow = RunFlow(self.workbench, self.actions_table, services.runs, self.studio, services.versions)
        self.merge_flow = MergeFlow(
            self.workbench,
            services.versions,
            services.merges,
            services.runs,
            MergeOnBoard(self.area, self.board, self.boards, self.compare_flow.end),
            (self.area.merge_strip, self.versions.merge_strip),
        )
        self.robustness_flow = RobustnessFlow(self.workbench, self.robustness, services.robustness)
        self.explain_flow = ExplainFlow(self.workbench, self.docks, self.explain)
        self.prices_flow = PricesFlow(self.workbench, self.explain.prices, self.studio)
        profiles = {profile.name: profile.id for profile in services.catalog.profiles}
        self.what_if_flow = WhatIfFlow(
            self.workbench, self.what_if, services.runs, services.versions, profiles, services.settings
        )
        self.lists = PlanLists(self.workbench, self.docks, self.problems, self.unscheduled, self.changes, self.studio)
        self.help_flow = HelpFlow(self, self.actions_table)
        self.backup_flow = BackupFlow(self.workbench, self.actions_table, services.backups)
        self.diagnostics_flow = DiagnosticsFlow(self.workbench, self.actions_table, services.diagnostics)
        self._connect()
        self._restore()
        self._on_opened()

    def open_schedule(self, schedule_id: str) -> None:
        """Open a schedule of the database."""
        self.area.say_empty("Opening the schedule…")
        self.file_flow.open_schedule(schedule_id)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember the window's places; edits are already on the disk."""
        settings = self._services.settings
        settings.setValue(_GEOMETRY, self.saveGeometry())
        settings.setValue(_STATE, self.saveState(_STATE_VERSION))
        settings.setValue(_COLOUR, self.tool_bar.colour_by.currentData())
        self.run_flow.close()
        self.what_if_flow.close()
        self.robustness_flow.stop()
        self.workbench.open(None)
        self.boards.close()
        if hasattr(self.board, "dispose"):
            self.board.dispose()
        super().closeEvent(event)

    def _made_board(self) -> Any:
        if self._services.board_factory is not None:
            return self._services.board_factory()
        from ui.board_view import BoardView  # the browser engine loads slowly and tests of the shell do without

        return BoardView()

    def _made_second_board(self) -> Any:
        if self._services.board_factory is not None:
            return self._services.board_factory()
        from ui.board_view import BoardView

        return BoardView(read_only=True)

    def _lay_out(self) -> None:
        self.tool_bar = MainToolBar(self.actions_table)
        self.addToolBar(self.scenario_stripe)
        self.addToolBarBreak()
        self.addToolBar(self.tool_bar)
        self.addToolBarBreak()
        figures = QToolBar("Figures")
        figures.setObjectName("kpiBar")
        figures.setMovable(False)
        figures.addWidget(self.kpi_bar)
        self.addToolBar(figures)
        menus = self.actions_table.fill(self.menuBar())
        for bar in (self.tool_bar, figures):
            bar.toggleViewAction().setVisible(False)
        self.menus = menus
        self.setCentralWidget(self.area)
        self.setStatusBar(self.status)
        self.docks = Docks(
            self,
            [("studio", "Optimization Studio", self.studio), ("versions", "Versions", self.versions)],
            [
                ("problems", "Problems", self.problems),
                ("unscheduled", "Unscheduled", self.unscheduled),
                ("changes", "Changes", self.changes),
                ("compare", "Compare", self.compare),
                ("what_if", "What-if", self.what_if),
                ("robustness", "Robustness", self.robustness),
                ("explain", "Explain", self.explain),
            ],
        )

    def _connect(self) -> None:
        bench, table = self.workbench, self.actions_table
        bench.opened.connect(self._on_opened)
        bench.changed.connect(self._on_changed)
        bench.said.connect(self.status.say)
        bench.go_to_requested.connect(self._go_to)
        bench.selection_changed.connect(self.studio.setup.set_selection)
        self._connect_board()
        for panel in (self.problems, self.changes, self.robustness, self.explain, self.tool_bar.find_box):
            panel.go_to_event.connect(self._go_to)
        self.problems.go_to_place.connect(self._go_to_place)
        self.explain.go_to_time.connect(self.board.go_to_time)
        self.studio.setup.go_to.connect(self._go_to)
        self.studio.run.go_to_event.connect(self._go_to)
        self.studio.run.go_to_order.connect(self._show_order)
        self.unscheduled.schedule_requested.connect(self.edit_flow.move)
        self._connect_versions()
        self.kpi_bar.problems_clicked.connect(lambda: self.docks.show("problems"))
        self.area.open_requested.connect(self.file_flow.choose_schedule)
        self.area.import_requested.connect(self.file_flow.choose_file)
        self.file_flow.busy.connect(self.status.set_busy)
        self.run_flow.preview_changed.connect(self._on_preview)
        self.run_flow.applying.connect(lambda: self.area.preview_bar.set_busy(True, "Applying…"))
        self.run_flow.version_made.connect(self._show_versions)
        self.run_flow.switch_requested.connect(self.file_flow.open_schedule)
        bar = self.area.preview_bar
        bar.apply_requested.connect(lambda: self.run_flow.apply())
        bar.discard_requested.connect(self.run_flow.discard)
        bar.changes_requested.connect(lambda: self.docks.show("changes"))
        self.tool_bar.push_fixed_changed.connect(self.edit_flow.set_push_fixed)
        self.tool_bar.colour_by_changed.connect(self._on_colour)
        for key in _DOCKS:
            self.docks.bind(key, table[f"view.{key}"])
        exchange = self.exchange_flow
        self.file_flow.import_requested.connect(lambda: exchange.ask_to_import())
        exchange.open_requested.connect(self.file_flow.open_schedule)
        exchange.compare_requested.connect(self.compare_flow.compare)
        exchange.scenario_made.connect(lambda _: self._on_scenario_kept())
        exchange.busy.connect(self.status.set_busy)
        self.what_if_flow.compare_requested.connect(self.compare_flow.compare)
        self.what_if_flow.scenario_made.connect(lambda _: self._on_scenario_kept())
        self.docks.shown.connect(self._on_dock_shown)
        self._connect_actions()

    def _on_scenario_kept(self) -> None:
        self.scenario_flow.refresh()
        self._show_versions()

    def _on_dock_shown(self, key: str) -> None:
        if key not in ("studio", "versions"):
            QTimer.singleShot(0, self, self._make_room_for_desk)  # at the start docks behind a tab are shown too

    def _make_room_for_desk(self) -> None:
        """Give the desk the whole width and some height; the other docks below have the room beside the Studio."""
        corner, right = Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea
        if self.corner(corner) != right and any(self.docks.is_in_front(key) for key in _NARROW_DOCKS):
            self.setCorner(corner, right)
        elif self.docks.is_in_front("what_if"):
            self.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.BottomDockWidgetArea)
            if self.what_if.height() < _WHAT_IF_PX:
                self.resizeDocks([self.docks["what_if"]], [_WHAT_IF_PX], Qt.Orientation.Vertical)

    def _connect_versions(self) -> None:
        versions, flow = self.versions, self.version_flow
        versions.save_requested.connect(self.file_flow.ask_to_save)
        versions.open_requested.connect(flow.open)
        versions.rollback_requested.connect(flow.ask_to_roll_back)
        versions.compare_requested.connect(self.compare_flow.compare_with_working)
        versions.compare_parent_requested.connect(self.compare_flow.compare_with_parent)
        self.compare_flow.busy.connect(self.status.set_busy)
        self.compare_flow.shown.connect(self._on_compare)
        self.compare_flow.compared.connect(self._on_compared)
        flow.busy.connect(self.status.set_busy)
        flow.version_made.connect(self._show_versions)
        self._connect_history()
        self._connect_merges()

    def _connect_history(self) -> None:
        panel, history, scenarios = self.versions, self.history_flow, self.scenario_flow
        panel.tag_requested.connect(history.ask_for_tag)
        panel.state_requested.connect(history.ask_for_state)
        panel.blame_requested.connect(history.blame)
        panel.scenario_requested.connect(scenarios.ask_to_create)
        history.marked.connect(self._show_versions)
        history.version_requested.connect(self._show_version)
        history.compare_requested.connect(self.compare_flow.compare_with_parent)
        scenarios.switch_requested.connect(self.file_flow.open_schedule)
        scenarios.heads_changed.connect(self._show_versions)
        scenarios.compare_requested.connect(self.compare_flow.compare)
        for flow in (history, scenarios):
            flow.busy.connect(self.status.set_busy)
        self.workbench.selection_changed.connect(self._on_selection)

    def _connect_merges(self) -> None:
        merges = self.merge_flow
        merges.busy.connect(self.status.set_busy)
        merges.version_made.connect(self._show_versions)
        merges.switch_requested.connect(self.file_flow.open_schedule)
        merges.run_started.connect(self.run_flow.leave)
        merges.preview_settled.connect(self.run_flow.settle)
        self.file_flow.conflict_found.connect(merges.settle_head)
        self.version_flow.conflict_found.connect(merges.settle_head)
        self.run_flow.conflict_found.connect(merges.settle_run)
        self.area.preview_bar.conflicts_requested.connect(merges.settle_preview)
        self.scenario_flow.merge_requested.connect(merges.merge_scenario)
        self.versions.merge_requested.connect(merges.merge_version)

    def _show_version(self, version: Any) -> None:
        self.docks.show("versions")
        self.versions.select_version(version.id)

    def _on_selection(self, event_ids: Any) -> None:
        session = self.workbench.session
        op = session.facts.operations.get(event_ids[0]) if session and len(event_ids) == 1 else None
        self.versions.set_operation(None if op is None else op.name or op.id)

    def _on_compare(self) -> None:
        """Bring the comparison into sight, with room for its lists."""
        self.docks.show("compare")
        self.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.BottomDockWidgetArea)
        if self.compare.height() < _COMPARE_PX:
            self.resizeDocks([self.docks["compare"]], [_COMPARE_PX], Qt.Orientation.Vertical)

    def _on_compared(self, found: Any) -> None:
        if found is None:
            self.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)

    def _connect_actions(self) -> None:
        calls = {
            "file.quit": self.close,
            "edit.find": self._focus_find,
            "view.zoom_in": self.board.zoom_in,
            "view.zoom_out": self.board.zoom_out,
            "view.zoom_fit": self.board.zoom_fit,
            "view.now": self._go_to_now,
            "view.reset": self.docks.reset,
            "help.shortcuts": lambda: ShortcutsDialog(self).open(),
            "help.about": lambda: AboutDialog(self._services.database_label, self).open(),
        }
        for action_id, call in calls.items():
            self.actions_table[action_id].triggered.connect(lambda _=False, run=call: run())
        self.actions_table["view.dependencies"].toggled.connect(self.board.set_dependencies_visible)

    def _connect_board(self) -> None:
        board, bench = self.board, self.workbench
        board.selection_changed.connect(bench.select)
        board.edit_requested.connect(self.edit_flow.edit)
        board.answered.connect(bench.tell)
        board.message.connect(lambda words: bench.say(words, "warn"))
        board.failed.connect(lambda words: self.area.notice.say("bad", words))
        board.order_requested.connect(self._show_order)
        board.optimise_requested.connect(self._optimise_around)
        board.why_not_requested.connect(self.explain_flow.ask_about)

    def _restore(self) -> None:
        settings = self._services.settings
        geometry, state = settings.value(_GEOMETRY), settings.value(_STATE)
        if isinstance(geometry, QByteArray):
            self.restoreGeometry(geometry)
        if isinstance(state, QByteArray):
            self.restoreState(state, _STATE_VERSION)
            self.docks.sync()
        index = self.tool_bar.colour_by.findData(settings.value(_COLOUR))
        self.tool_bar.colour_by.setCurrentIndex(max(0, index))
        self.actions_table["view.dependencies"].setChecked(False)

    # the session

    def _on_opened(self) -> None:
        session = self.workbench.session
        self.area.show_board(session is not None)
        self.area.say_empty("No schedule is open", "Open one of this database, or import a file.")
        self.board.set_session(session)
        self.tool_bar.find_box.set_schedule(session.working if session else None)
        for action_id in (
            "view.zoom_in",
            "view.zoom_out",
            "view.zoom_fit",
            "view.now",
            "view.dependencies",
            "edit.push",
        ):
            self.actions_table[action_id].setEnabled(session is not None)
        self.tool_bar.find_box.setEnabled(session is not None)
        self._on_colour(self.tool_bar.colour_by.currentData())
        self._show_state()
        self._show_versions()
        (self.area if session is None else self.board).setFocus()

    def _on_changed(self, answer: Answer) -> None:
        self._show_state()
        if answer.label.startswith("Save version"):
            self._show_versions()

    def _show_state(self) -> None:
        session = self.workbench.session
        self.status.show_session(session)
        self.setWindowTitle("Taktwerk")
        if session is None:
            return
        name = session.working.metadata.name or session.working.metadata.plant_id
        scenario = "" if session.head_name == LIVE else f"[{session.head_name}] "
        self.setWindowTitle(f"{scenario}{name}{' *' if session.is_dirty else ''} – Taktwerk")
        self.kpi_bar.show_values(session.kpis, session.head_kpis, f"In version {session.head.number}")
        missing = len(session.facts.unscheduled)
        self.kpi_bar.show_problems(sum(v.rule != "unscheduled" for v in session.violations), missing)
        self.docks.set_badge("problems", len(session.violations))
        self.docks.set_badge("unscheduled", missing)
        self.versions.set_dirty(session.is_dirty)
        self.tool_bar.find_box.set_schedule(session.working)
        self.lists.mark_stale()

    def _show_versions(self) -> None:
        session = self.workbench.session
        if session is None:
            self.versions.show_versions([], "", self.workbench.zone)
            return
        try:
            versions = self._services.versions.list(session.schedule_id)
            heads = self._services.versions.heads(session.schedule_id)
        except TaktwerkError as error:
            self.workbench.show_error(error, "The versions could not be read")
            return
        self.versions.show_versions(versions, session.head.id, self.workbench.zone, heads)

    def _on_preview(self, preview: Preview | None, title: str) -> None:
        self.board.set_preview(preview)
        if preview is None:
            focused = QApplication.focusWidget()
            if focused is not None and self.area.preview_bar.isAncestorOf(focused):
                self.setFocus()  # else it goes into the page, which marks its first header as focused
            self.area.preview_bar.hide()
        else:
            self.area.preview_bar.show_preview(preview, title)
            self.docks.show("changes")
        self.lists.mark_stale("changes")

    # going places

    def _go_to(self, event_id: str) -> None:
        if self.board.go_to(event_id) is False:
            session = self.workbench.session
            op = session.facts.operations.get(event_id) if session else None
            if op is not None and not op.is_placed:
                self.docks.show("unscheduled")
                self.workbench.say(f"{op.name} is not scheduled.", "warn")

    def _go_to_place(self, resource_id: object, at_ms: object) -> None:
        if isinstance(at_ms, int):
            self.board.go_to_time(at_ms)

    def _go_to_now(self) -> None:
        session = self.workbench.session
        if session is not None:
            self.board.go_to_time(session.facts.horizon_start_ms)

    def _show_order(self, order_id: str) -> None:
        session = self.workbench.session
        if session is not None:
            ids = session.facts.order_operations.get(order_id, ())
            self.board.select(tuple(ids))

    def _optimise_around(self, event_ids: Any) -> None:
        self.workbench.select(event_ids)
        self.docks.show("studio")
        self.studio.setup.choose_selection()
        self.studio.show_page("setup")

    def _focus_find(self) -> None:
        self.tool_bar.find_box.setFocus()
        self.tool_bar.find_box.selectAll()

    def _on_colour(self, key: str) -> None:
        self.board.set_colour_by(key)
        self.boards.set_colour_by(key)
