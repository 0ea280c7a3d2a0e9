"""The main window: the board in the middle, docks around it, figures above it."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QMainWindow, QToolBar

from app.packaged import program_title
from app.session import Answer
from engine.errors import TaktwerkError
from ui.actions import Actions
from ui.backups.flow import BackupFlow
from ui.board_area import BoardArea
from ui.compare.boards import ComparedBoards
from ui.compare.flow import CompareFlow
from ui.compare.panel import ComparePanel
from ui.diagnostics.flow import DiagnosticsFlow
from ui.dock_room import DockRoom
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
from ui.local_api.flow import LocalApiFlow
from ui.merge.board import MergeOnBoard
from ui.merge.flow import MergeFlow
from ui.places import Places
from ui.plan_lists import PlanLists
from ui.preview.changes import ChangesPanel
from ui.preview.place import PreviewPlace
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
from ui.window_memory import remember, restore
from ui.window_wiring import wire
from ui.workbench import Workbench

_BELOW = ("problems", "unscheduled", "changes", "compare", "what_if", "robustness", "explain")
_DOCKS = ("studio", "versions", *_BELOW)


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
        self.preview_place = PreviewPlace(self, self.area, self.board, self.docks, self.lists)
        self.places = Places(self.workbench, self.board, self.docks, self.studio, self.tool_bar.find_box)
        self.api_flow = LocalApiFlow(self.workbench, self.actions_table, services.local_api, services.settings)
        self._connect()
        restore(self, services.settings)
        self._on_opened()

    def open_schedule(self, schedule_id: str) -> None:
        """Open a schedule of the database."""
        self.area.say_empty("Opening the schedule…")
        self.file_flow.open_schedule(schedule_id)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember the window's places; edits are already on the disk."""
        remember(self, self._services.settings)
        self.run_flow.close()
        self.what_if_flow.close()
        self.robustness_flow.stop()
        self.api_flow.close()
        self.workbench.open(None)
        self.boards.close()
        if hasattr(self.board, "dispose"):
            self.board.dispose()
        super().closeEvent(event)

    def _made_board(self) -> Any:
        if self._services.first_board is not None:
            return self._services.first_board
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
        self.room = DockRoom(self, self.docks, _BELOW)
        self.room.set_empty("compare", True)

    def _connect(self) -> None:
        wire(self, _DOCKS, self._services.database_label)
        self.workbench.opened.connect(self._on_opened)
        self.workbench.changed.connect(self._on_changed)
        self.workbench.selection_changed.connect(self._on_selection)
        self.tool_bar.colour_by_changed.connect(self._on_colour)

    def show_version(self, version: Any) -> None:
        """Show a version in the list of all."""
        self.docks.show("versions")
        self.versions.select_version(version.id)

    def _on_selection(self, event_ids: Any) -> None:
        session = self.workbench.session
        op = session.facts.operations.get(event_ids[0]) if session and len(event_ids) == 1 else None
        self.versions.set_operation(None if op is None else op.name or op.id)

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
        self.show_versions()
        (self.area if session is None else self.board).setFocus()

    def _on_changed(self, answer: Answer) -> None:
        self._show_state()
        if answer.label.startswith("Save version"):
            self.show_versions()

    def _show_state(self) -> None:
        session = self.workbench.session
        self.status.show_session(session)
        self.setWindowTitle(program_title())
        if session is None:
            return
        name = session.working.metadata.name or session.working.metadata.plant_id
        scenario = "" if session.head_name == LIVE else f"[{session.head_name}] "
        self.setWindowTitle(f"{scenario}{name}{' *' if session.is_dirty else ''} – {program_title()}")
        self.kpi_bar.show_values(session.kpis, session.head_kpis, f"In version {session.head.number}")
        missing = len(session.facts.unscheduled)
        self.kpi_bar.show_problems(sum(v.rule != "unscheduled" for v in session.violations), missing)
        self.docks.set_badge("problems", len(session.violations))
        self.docks.set_badge("unscheduled", missing)
        self.versions.set_dirty(session.is_dirty)
        self.tool_bar.find_box.set_schedule(session.working)
        self.lists.mark_stale()

    def show_versions(self) -> None:
        """List the schedule's versions anew."""
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

    def _on_colour(self, key: str) -> None:
        self.board.set_colour_by(key)
        self.boards.set_colour_by(key)
