"""Scenarios in the window: open, begin, rename, put away, promote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu

from app.collector import collector_paused
from app.comparison import Comparison, compare
from app.scenarios import COLORS, Promotion, ScenarioService
from app.versions import HeadRow, VersionInfo, VersionService
from engine.errors import TaktwerkError
from ui.background import in_background
from ui.compare.side import Side
from ui.dialogs.base import Dialog
from ui.history.dialogs import ScenarioDialog
from ui.history.model import LIVE
from ui.history.promote import PromoteDialog
from ui.history.switcher import ScenarioButton, ScenarioStripe
from ui.widgets import label
from ui.workbench import Workbench


class ScenarioFlow(QObject):
    """What the scenario button, the stripe and the Versions dock ask for.

    Parameters
    ----------
    workbench, versions
        The open session, and the versions.
    switcher, stripe
        What shows which scenario is open.
    """

    busy = Signal(str)
    switch_requested = Signal(str, str)
    """(schedule, head) to open."""
    heads_changed = Signal()
    compare_requested = Signal(object, object)
    """Two sides to compare."""
    merge_requested = Signal(str, str)
    """(scenario, head that it is to be merged into)"""

    def __init__(
        self, workbench: Workbench, versions: VersionService, switcher: ScenarioButton, stripe: ScenarioStripe
    ) -> None:
        super().__init__(workbench)
        self._bench, self._versions, self._switcher, self._stripe = workbench, versions, switcher, stripe
        self._heads: list[HeadRow] = []
        workbench.opened.connect(self.refresh)
        switcher.switch_requested.connect(self.switch)
        switcher.create_requested.connect(lambda: self.ask_to_create())
        switcher.rename_requested.connect(self.ask_to_rename)
        switcher.archive_requested.connect(self.ask_to_archive)
        switcher.archived_requested.connect(self.show_archived)
        switcher.merge_requested.connect(self.merge_requested)
        for one in (switcher, stripe):
            one.promote_requested.connect(self.ask_to_promote)
            one.compare_requested.connect(self.compare_with_live)
        stripe.leave_requested.connect(lambda: self.switch(LIVE))
        self.refresh()

    @property
    def present(self) -> HeadRow | None:
        """The head that is open."""
        session = self._bench.session
        return next((h for h in self._heads if session is not None and h.name == session.head_name), None)

    def refresh(self) -> None:
        """Show which head is open, and offer the others."""
        session = self._bench.session
        self._heads = []
        if session is not None:
            try:
                self._heads = self._service.list(session.schedule_id, archived=True)
            except TaktwerkError as error:
                self._bench.show_error(error, "The scenarios could not be read")
        self._switcher.show_heads(self._heads, session.head_name if session else LIVE)
        self._stripe.show_head(self.present)

    def switch(self, name: str) -> None:
        """Open another head; edits of this one stay with it as its draft."""
        session = self._bench.session
        if session is None or name == session.head_name:
            self.refresh()
        elif session.preview is not None:
            self._bench.say("Apply or discard the preview first.", "warn")
            self.refresh()
        else:
            self.switch_requested.emit(session.schedule_id, name)

    def ask_to_create(self, version: VersionInfo | None = None) -> ScenarioDialog | None:
        """Ask for the name of a scenario that begins at a version; at the saved version of the open plan by default."""
        session = self._bench.session
        if session is None:
            return None
        start = version or session.head
        words = f"It begins at version {start.number}. What you save in it does not touch the live plan."
        if version is None and session.is_dirty:
            words += " Your unsaved edits stay where they are."
        dialog = ScenarioDialog(
            self._bench.window,
            heading="New scenario",
            words=words,
            action="Create and open",
            taken=[head.name for head in self._heads],
            colour=_next_colour(self._heads),
        )

        def create(name: str, description: str, colour: str) -> None:
            def done(head: HeadRow) -> None:
                self._changed(f"Scenario {head.name} begins at version {start.number}.")
                self.switch(head.name)

            self._run(
                lambda: self._service.create(
                    session.schedule_id, name, start.id, description=description, color=colour
                ),
                done,
            )

        dialog.chosen.connect(create)
        dialog.open()
        return dialog

    def ask_to_rename(self) -> ScenarioDialog | None:
        """Ask for another name, purpose or colour of the open scenario."""
        session, head = self._bench.session, self.present
        if session is None or head is None or head.name == LIVE:
            return None
        dialog = ScenarioDialog(
            self._bench.window,
            heading=f"Change {head.name}",
            words="",
            action="Change",
            taken=[one.name for one in self._heads if one.name != head.name],
            name=head.name,
            description=head.description,
            colour=head.color,
        )

        def change(name: str, description: str, colour: str) -> None:
            def work() -> HeadRow:
                self._service.describe(session.schedule_id, head.name, description=description, color=colour)
                if name != head.name:
                    self._versions.rename_scenario(session.schedule_id, head.name, name)
                return self._service.get(session.schedule_id, name)

            def done(row: HeadRow) -> None:
                session.rename_head(row.name)
                self._changed(f"The scenario is called {row.name}.")

            self._run(work, done)

        dialog.chosen.connect(change)
        dialog.open()
        return dialog

    def ask_to_archive(self) -> Dialog | None:
        """Ask before the open scenario is put away."""
        session, head = self._bench.session, self.present
        if session is None or head is None or head.name == LIVE:
            return None
        dialog = Dialog("Archive", self._bench.window, heading=f"Archive {head.name}?")
        words = "It is taken off the list of scenarios. Its versions and unsaved edits stay; it can be taken out again."
        dialog.body.addWidget(label(words, wrap=True))
        dialog.add_action("Cancel", dialog.reject)
        dialog.add_action("Archive", dialog.accept, role="primary")

        def done(_: object) -> None:
            self._changed(f"Scenario {head.name} was archived.")
            self.switch(LIVE)

        dialog.accepted.connect(lambda: self._run(lambda: self._service.archive(session.schedule_id, head.name), done))
        dialog.open()
        return dialog

    def show_archived(self) -> QMenu | None:
        """Offer the scenarios that were put away; a click takes one out again and opens it."""
        session = self._bench.session
        if session is None:
            return None
        menu = QMenu(self._switcher)
        for head in self._heads:
            if head.is_archived:
                action = menu.addAction(f"Take out and open {head.name}")
                action.triggered.connect(lambda _=False, name=head.name: self._take_out(session.schedule_id, name))
        menu.popup(self._switcher.mapToGlobal(self._switcher.rect().bottomLeft()))
        return menu

    def compare_with_live(self) -> None:
        """Compare the live plan with the working plan of the open scenario."""
        session = self._bench.session
        if session is None:
            return
        try:
            live = self._versions.head(session.schedule_id)
        except TaktwerkError as error:
            self._bench.show_error(error, "The live plan could not be read")
            return
        side = Side(f"Live plan (version {live.number})", f"Live V{live.number}", live)
        self.compare_requested.emit(side, Side.working())

    def ask_to_promote(self) -> None:
        """Show what promoting the open scenario would change, and ask."""
        session, head = self._bench.session, self.present
        if session is None or head is None or head.name == LIVE:
            return
        if session.is_dirty:
            self._bench.say("Save the edits of this scenario first; a saved version is promoted.", "warn")
            return
        versions, zone = self._versions, self._bench.zone

        def work() -> tuple[Promotion, Comparison]:
            found = self._service.promotion(session.schedule_id, head.name)
            with collector_paused():
                before, after = versions.data(found.live.id), versions.data(found.scenario.id)
                return found, compare(before, after)

        def done(result: tuple[Promotion, Comparison]) -> None:
            self.busy.emit("")
            found, difference = result
            if found.kind == "none":
                self._bench.say("The live plan stands on this version already.")
                return
            dialog = PromoteDialog(self._bench.window, head.name, found, difference, zone)
            dialog.promote_chosen.connect(lambda: self._promote(session.schedule_id, head.name))
            dialog.compare_chosen.connect(self.compare_with_live)
            dialog.merge_chosen.connect(lambda: self.merge_requested.emit(head.name, LIVE))
            dialog.open()

        self.busy.emit("Comparing with the live plan…")
        self._run(work, done)

    # inside

    @property
    def _service(self) -> ScenarioService:
        return self._versions.scenarios

    def _promote(self, schedule_id: str, name: str) -> None:
        def done(found: Promotion) -> None:
            self._changed(f"The live plan stands on version {found.scenario.number} now.")
            self.switch(LIVE)

        self._run(lambda: self._service.promote(schedule_id, name), done)

    def _take_out(self, schedule_id: str, name: str) -> None:
        def done(_: object) -> None:
            self._changed(f"Scenario {name} is on the list again.")
            self.switch(name)

        self._run(lambda: self._service.archive(schedule_id, name, archived=False), done)

    def _changed(self, said: str) -> None:
        self.refresh()
        self.heads_changed.emit()
        self._bench.say(said)

    def _run(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        def failed(error: Exception) -> None:
            self.busy.emit("")
            if isinstance(error, TaktwerkError):
                self._bench.say(error.message, "bad")
            else:
                self._bench.show_error(error)

        in_background(work, done, failed)


def _next_colour(heads: list[HeadRow]) -> str:
    used = [head.color for head in heads]
    return min(COLORS, key=lambda colour: (used.count(colour), COLORS.index(colour)))
