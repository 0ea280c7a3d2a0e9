"""Files in and out: what they would change is worked out, and they are written, off the interface's thread."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import ValidationError
from PySide6.QtCore import QObject, QSettings, Signal

from app.arrivals import Arrived
from app.collector import collector_paused
from app.exchange.package_keys import KeyRing
from app.exchange.table_mapping import Mapping
from app.handing_on import Export, export
from app.head_versions import LIVE
from app.intake import Intake, IntakeDesk
from app.versions import VersionService
from engine.errors import TaktwerkError
from ui.actions import Actions
from ui.background import in_background
from ui.compare.side import Side
from ui.exchange.export_dialog import ExportDialog
from ui.exchange.import_dialog import ImportDialog
from ui.exchange.start_page import MOST_RECENT
from ui.workbench import Workbench

_FOLDER, _RECENT = "exchange/folder", "exchange/recent"


class ExchangeFlow(QObject):
    """Everything of import and export that is no widget.

    Parameters
    ----------
    workbench, actions
        The open session; where Export and Import stand.
    versions
        Where plans come in and are read.
    settings
        Remembers the folder and the column mappings.
    keys
        The user's key and trusted senders; those of the user's data folder when absent.
    """

    open_requested = Signal(str)
    """A schedule came in: open it."""
    compare_requested = Signal(object, object)
    """A scenario came in: compare the live plan with it."""
    scenario_made = Signal(str)
    busy = Signal(str)

    def __init__(
        self,
        workbench: Workbench,
        actions: Actions,
        versions: VersionService,
        settings: QSettings,
        keys: KeyRing | None = None,
    ) -> None:
        super().__init__(workbench)
        self._bench, self._actions, self._versions, self._settings = workbench, actions, versions, settings
        self._keys = keys or KeyRing()
        self._user = versions.user
        self._desk = IntakeDesk(versions, self._user, self._keys)
        self._asked = 0
        actions["file.export"].triggered.connect(lambda _=False: self.ask_to_export())
        workbench.opened.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Enable what can be done now."""
        self._actions["file.export"].setEnabled(self._bench.session is not None)

    # in

    def ask_to_import(self, path: Path | None = None) -> ImportDialog:
        """Ask which file to take in and show what it would change."""
        session = self._bench.session
        name = "" if session is None else session.working.metadata.name or session.working.metadata.plant_id
        dialog = ImportDialog(self._bench.window, name, self._folder(), self._recent())
        dialog.look_requested.connect(lambda: self._look(dialog))
        dialog.import_chosen.connect(lambda: self._bring_in(dialog))
        dialog.finished.connect(lambda _: self._forget())
        dialog.open()
        if path is not None:
            dialog.set_path(path)
        return dialog

    def _look(self, dialog: ImportDialog) -> None:
        path, session = dialog.chosen_path(), self._bench.session
        if path is None:
            return
        self._asked += 1
        ticket, mapping = self._asked, dialog.mapping()
        kind, place, name = dialog.format.currentData(), dialog.place.currentData(), dialog.name.text().strip()
        schedule_id = session.schedule_id if session is not None else None

        def work() -> Intake:
            with collector_paused():
                return self._desk.look(path, kind, place=place, schedule_id=schedule_id, mapping=mapping, name=name)

        def done(found: Intake) -> None:
            if ticket != self._asked:
                return
            if mapping is None:
                dialog.mapping_key = _mapping_key(found)
            remembered = self._mapping_for(dialog.mapping_key) if mapping is None else None
            if remembered is not None:
                dialog.columns.preset(remembered)
                self._look(dialog)
            else:
                dialog.show_intake(found)

        def failed(error: Exception) -> None:
            if ticket != self._asked:
                return
            if isinstance(error, TaktwerkError):
                dialog.show_error(f"{error.code.value}: {error.message}")
            else:
                dialog.reject()
                self._bench.show_error(error, "The file could not be read")

        dialog.show_busy()
        in_background(work, done, failed)

    def _bring_in(self, dialog: ImportDialog) -> None:
        found = dialog.intake
        if found is None or not found.is_possible:
            return
        package = found.preview.package
        signer = package.signer if package is not None and dialog.trust.isChecked() else None
        trusted = "" if signer is None else signer.claimed_name or "Sender without a name"
        mapping = dialog.mapping()

        def done(arrived: Arrived) -> None:
            self.busy.emit("")
            if mapping is not None and dialog.mapping_key:
                self._settings.setValue(dialog.mapping_key, mapping.model_dump_json())
            self._remember(found.path)
            dialog.accept()
            self._landed(found, arrived)

        def failed(error: Exception) -> None:
            self.busy.emit("")
            if isinstance(error, TaktwerkError):
                dialog.show_error(f"{error.code.value}: {error.message}")
            else:
                self._bench.show_error(error, "The file was not taken in")

        dialog.ok.setEnabled(False)
        self.busy.emit(f"Importing {found.path.name}…")
        in_background(lambda: self._desk.bring_in(found, trusted), done, failed)

    def _landed(self, found: Intake, arrived: Arrived) -> None:
        """Show what came in: a new schedule is opened, a scenario of the open one is compared with the live plan."""
        session = self._bench.session
        version = arrived.version
        if arrived.head == LIVE or session is None or version.schedule_id != session.schedule_id:
            self.open_requested.emit(version.schedule_id)
            return
        self._bench.say(
            f"Taken in as the scenario {arrived.head}, version {version.number}. The live plan stays as it is."
        )
        self.scenario_made.emit(arrived.head)
        try:
            live = self._versions.head(session.schedule_id)
        except TaktwerkError as error:
            self._bench.show_error(error)
            return
        before = Side(f"Live plan (version {live.number})", f"Live V{live.number}", live)
        self.compare_requested.emit(
            before, Side(f"{arrived.head} (version {version.number})", f"V{version.number}", version)
        )

    def _forget(self) -> None:
        self._asked += 1

    def _mapping_for(self, key: str) -> Mapping | None:
        """The mapping that the planner made for tables with these titles."""
        stored = self._settings.value(key) if key else None
        try:
            return Mapping.model_validate_json(str(stored)) if stored else None
        except ValidationError:
            return None

    # out

    def ask_to_export(self) -> ExportDialog | None:
        """Ask what to write where."""
        session = self._bench.session
        if session is None:
            return None
        versions = self._versions.list(session.schedule_id)
        dialog = ExportDialog(
            self._bench.window,
            session.working,
            session.head,
            versions,
            is_dirty=session.is_dirty,
            directory=self._folder(),
            name=session.working.metadata.name or session.working.metadata.plant_id,
        )
        dialog.export_chosen.connect(lambda wanted: self._write(dialog, wanted))
        dialog.open()
        return dialog

    def _write(self, dialog: ExportDialog, wanted: Export) -> None:
        is_open = [True]
        dialog.finished.connect(lambda _: is_open.clear())

        def done(notes: list[str]) -> None:
            self.busy.emit("")
            self._settings.setValue(_FOLDER, str(wanted.path.parent))
            self._bench.say(f"{wanted.path.name} is written.")
            if is_open:
                dialog.show_done(wanted.path, notes)

        def failed(error: Exception) -> None:
            self.busy.emit("")
            if is_open and isinstance(error, TaktwerkError):
                dialog.show_error(f"{error.code.value}: {error.message}")
            else:
                self._bench.show_error(error, "The file was not written")

        dialog.show_busy()
        self.busy.emit(f"Writing {wanted.path.name}…")
        in_background(lambda: export(self._versions, wanted, user=self._user, keys=self._keys), done, failed)

    def _recent(self) -> list[Path]:
        """The files that were taken in last, as far as they are still there."""
        stored = self._settings.value(_RECENT) or []
        paths = [Path(one) for one in ([stored] if isinstance(stored, str) else stored)]
        return [path for path in paths if path.exists()]

    def _remember(self, path: Path) -> None:
        self._settings.setValue(_FOLDER, str(path.parent))
        others = [str(one) for one in self._recent() if one != path]
        self._settings.setValue(_RECENT, [str(path), *others][:MOST_RECENT])

    def _folder(self) -> Path:
        stored = Path(str(self._settings.value(_FOLDER) or Path.home()))
        return stored if stored.is_dir() else Path.home()


def _mapping_key(found: Intake) -> str:
    """What tells tables apart: their sheets and titles; empty for files without tables."""
    if not found.preview.sheets:
        return ""
    words = repr(sorted((name, tuple(titles)) for name, titles in found.preview.sheets.items()))
    return f"exchange/mapping/{hashlib.sha256(words.encode()).hexdigest()[:24]}"
