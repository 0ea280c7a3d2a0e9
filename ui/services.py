"""What the window is given: the application's services, made by the composition root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from PySide6.QtCore import QSettings

from app.backups import BackupService
from app.diagnostics import Diagnostics
from app.local_api import LocalApi
from app.merging import MergeService
from app.robustness import RobustnessService
from app.session import PlanningSession
from app.versions import VersionService
from ui.runs import RunService
from ui.studio.catalog import Catalog


class Board(Protocol):
    """What the window asks of the board (``ui.board_view.BoardView``)."""

    selection_changed: Any
    edit_requested: Any

    def set_session(self, session: PlanningSession | None) -> None: ...
    def set_preview(self, preview: Any) -> None: ...
    def go_to(self, event_id: str) -> None: ...
    def zoom_in(self) -> None: ...
    def zoom_out(self) -> None: ...
    def zoom_fit(self) -> None: ...
    def set_colour_by(self, key: str) -> None: ...
    def set_dependencies_visible(self, visible: bool) -> None: ...


@dataclass(frozen=True)
class Services:
    """Everything the window works with.

    Attributes
    ----------
    versions, runs
        The application services.
    catalog
        The stored algorithms and profiles.
    database_label
        Where the data is, for people.
    settings
        Where the window keeps its geometry.
    board_factory
        Makes the board; ``None`` = ``ui.board_view.BoardView``.
    first_board
        The main board, if it has been made already.
    robustness
        Replays plans; by default without a database to learn from.
    merges
        Begins, keeps and finishes merges.
    backups, diagnostics
        Copies of the database; how the program is doing. Without them their menus are disabled.
    local_api
        The HTTP API beside the window; without it, its switch is disabled.
    """

    versions: VersionService
    runs: RunService
    catalog: Catalog
    database_label: str = ""
    settings: QSettings = field(default_factory=lambda: QSettings("Taktwerk", "Taktwerk"))
    board_factory: Callable[[], Any] | None = None
    robustness: RobustnessService = field(default_factory=RobustnessService)
    merges: MergeService = field(kw_only=True)
    backups: BackupService | None = None
    diagnostics: Diagnostics | None = None
    local_api: LocalApi | None = None
    first_board: Any | None = None
