"""From variants to scenarios: the desk in the background, its panel, the board."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError
from PySide6.QtCore import QObject, QSettings, Signal

from app.collector import collector_paused
from app.scenarios import COLORS
from app.versions import VersionInfo, VersionService
from app.what_if.changes import MAX_VARIANTS, Variant
from app.what_if.desk import Base, Entry, WhatIfDesk, entry_of
from app.what_if.figures import Figures
from engine.errors import TaktwerkError
from engine.model import Options, Schedule
from ui import text
from ui.background import in_background
from ui.compare.side import Side
from ui.history.dialogs import ScenarioDialog
from ui.runs import RunFeed, RunService, RunView
from ui.what_if.panel import WhatIfPanel
from ui.what_if.sweep_flow import SweepFlow
from ui.what_if.variant_dialog import VariantDialog
from ui.workbench import Workbench


@dataclass
class _Known:
    """What is shown: a base with its figures, and its variants."""

    base: Base
    figures: Figures
    entries: list[Entry]
    versions: list[tuple[str, str]]


class WhatIfFlow(QObject):
    """Everything of the desk that is no widget.

    Parameters
    ----------
    workbench, panel
        The open session; what shows the desk.
    runs, versions
        The services.
    profiles
        The stored profiles, id by name.
    settings
        Where variants that are not started yet are remembered.
    """

    compare_requested = Signal(object, object)
    """Two sides to compare: the base and a variant."""
    scenario_made = Signal(str)
    """A variant was kept under this name."""
    busy = Signal(str)

    def __init__(
        self,
        workbench: Workbench,
        panel: WhatIfPanel,
        runs: RunService,
        versions: VersionService,
        profiles: dict[str, int],
        settings: QSettings,
    ) -> None:
        super().__init__(workbench)
        self._bench, self._panel, self._runs, self._versions = workbench, panel, runs, versions
        self._settings = settings
        self.desk = WhatIfDesk(runs, versions, profiles)
        self._known: _Known | None = None
        self._variants: list[Variant] = []
        self._ticket = 0
        self._feed = RunFeed(runs, self)
        self._feed.updated.connect(self._on_run)
        workbench.opened.connect(self._on_opened)
        workbench.changed.connect(lambda _: self._on_changed())
        panel.add_requested.connect(lambda: self.edit(None))
        panel.edit_requested.connect(self.edit)
        panel.remove_requested.connect(self.remove)
        panel.start_requested.connect(self.start)
        panel.preview_requested.connect(self.preview)
        panel.keep_requested.connect(self.ask_to_keep)
        panel.cancel_requested.connect(lambda run_id: self._do(lambda: self.desk.cancel(run_id)))
        panel.cancel_all_requested.connect(self.cancel_all)
        panel.again_requested.connect(lambda run_id: self._do(lambda: self.desk.again(run_id), self._reload))
        panel.base_chosen.connect(self._load)
        self.sweeps = SweepFlow(self, panel, runs, workbench)
        panel.budget.start_requested.connect(self.sweep)
        self.sweeps.shown.connect(lambda name, plan: self._compare(Side.of_plan(name, plan)))

    @property
    def variants(self) -> list[Variant]:
        """The variants that are being built."""
        return list(self._variants)

    def close(self) -> None:
        """Stop listening; runs go on until the service ends."""
        self.sweeps.stop()
        self._feed.close()

    # variants

    def edit(self, variant: Variant | None) -> VariantDialog | None:
        """Ask for a variant, a new one or another form of one."""
        known = self._known
        if known is None:
            return None
        taken = [one.name for one in self._variants if one is not variant]
        dialog = VariantDialog(self._bench.window, known.base.schedule, self.desk.profiles, taken, variant)

        def put(made: Variant) -> None:
            self._variants = [made if one is variant else one for one in self._variants]
            if variant is None:
                self._variants.append(made)
            self._show_variants()

        dialog.chosen.connect(put)
        dialog.open()
        return dialog

    def add(self, variant: Variant) -> None:
        """Put a variant on the list."""
        self._variants.append(variant)
        self._show_variants()

    def remove(self, variant: Variant | None) -> None:
        """Take a variant off the list."""
        self._variants = [one for one in self._variants if one is not variant]
        self._show_variants()

    def start(self, limit_s: int) -> None:
        """Queue every variant of the list; it is empty then."""
        known, variants = self._known, self._variants[:MAX_VARIANTS]
        if known is None or not variants:
            return
        options = Options(time_limit=float(limit_s))

        def done(_: Any) -> None:
            self._variants = [one for one in self._variants if one not in variants]
            self._show_variants()
            self._panel.say("")
            self._bench.say(f"{text.count(len(variants), 'variant')} queued. You can go on planning meanwhile.")
            self._reload()

        self._do(lambda: self.desk.start(known.base, variants, options), done, self._panel.say)

    # results

    def preview(self, run_id: str) -> None:
        """Show a variant's plan on the board, compared with its base."""
        entry = self._entry(run_id)
        if entry is None:
            return

        def work() -> Schedule:
            with collector_paused():
                return self.desk.plan(run_id)

        self._do(work, lambda plan: self._compare(Side.of_plan(entry.name, plan)))

    def sweep(self, budgets: tuple[int, ...]) -> None:
        """Sweep change budgets over the base."""
        if self._known is not None:
            self.sweeps.start(self._known.base, budgets, self._panel.limit.value())

    def _compare(self, side: Side) -> None:
        """Show a plan on the board, compared with the base."""
        if self._known is not None:
            base = self._known.base
            version = self._versions.show(base.version_id)
            self.compare_requested.emit(Side(f"Version {base.number}", f"V{base.number}", version), side)

    def ask_to_keep(self, run_id: str) -> ScenarioDialog | None:
        """Ask for the name of the scenario that a variant becomes."""
        known, entry = self._known, self._entry(run_id)
        if known is None or entry is None:
            return None
        heads = self._versions.heads(known.base.schedule_id)
        dialog = ScenarioDialog(
            self._bench.window,
            heading=f"Keep {entry.name} as a scenario",
            words=f"It begins at version {known.base.number} and has the variant's plan. The live plan stays as it is.",
            action="Keep",
            taken=[head.name for head in heads],
            name=entry.name,
            description=entry.words,
            colour=min(COLORS, key=lambda c: (sum(head.color == c for head in heads), COLORS.index(c))),
        )

        def keep(name: str, description: str, colour: str) -> None:
            def work() -> VersionInfo:
                return self.desk.keep(run_id, name, description=description, color=colour)

            def done(made: VersionInfo) -> None:
                self._bench.say(f"Scenario {name} has the plan of {entry.name} as version {made.number}.")
                self.scenario_made.emit(name)

            self._do(work, done)

        dialog.chosen.connect(keep)
        dialog.open()
        return dialog

    def cancel_all(self) -> None:
        """End all variants that wait or run, and the sweep."""
        known = self._known
        self.sweeps.stop()
        if known is not None:
            self._do(
                lambda: self.desk.cancel_all(known.base.schedule_id, known.base.version_id),
                lambda count: self._bench.say(f"{text.count(count, 'run')} cancelled."),
            )

    # following the session and the runs

    def _on_opened(self) -> None:
        session = self._bench.session
        self.sweeps.stop()
        self._known = None
        self._panel.set_open(False)
        self._variants = self._remembered(session.schedule_id) if session is not None else []
        if session is not None:
            self._load(session.head.id)

    def _on_changed(self) -> None:
        """A new version was saved: variants start from it from now on."""
        session, known = self._bench.session, self._known
        newest = known.versions[0][0] if known is not None and known.versions else None
        if session is not None and newest is not None and session.head.id != newest:
            self._load(session.head.id)

    def _reload(self, *_: Any) -> None:
        if self._known is not None:
            self._load(self._known.base.version_id)

    def _load(self, version_id: str) -> None:
        """Read a base and its variants."""
        session = self._bench.session
        if session is None or not version_id:
            return
        self._ticket += 1
        ticket, schedule_id, head = self._ticket, session.schedule_id, session.head.id
        head_name = session.head_name if version_id == head else None
        known = self._known if self._known is not None and self._known.base.version_id == version_id else None

        def work() -> _Known:
            base = known.base if known else self.desk.base(self._versions.show(version_id), head_name)
            figures = known.figures if known else Figures.of_plan(base.schedule)
            ids = list(dict.fromkeys([head, *self.desk.base_ids(schedule_id)]))
            numbers = {info.id: info.number for info in self._versions.list(schedule_id)}
            named = [(key, f"Version {numbers[key]}") for key in ids if key in numbers]
            return _Known(base, figures, self.desk.entries(schedule_id, version_id), named)

        def done(found: _Known) -> None:
            if ticket == self._ticket:
                self._show(found, is_other=known is None)

        self._do(work, done)

    def _show(self, found: _Known, *, is_other: bool) -> None:
        self._known = found
        if is_other:
            self._panel.set_open(True)
        self._panel.show_bases(found.versions, found.base.version_id)
        self._show_variants()
        self._show_entries()

    def _show_entries(self) -> None:
        known = self._known
        if known is not None:
            self._panel.show_entries(known.entries, known.figures, f"Version {known.base.number}")

    def _show_variants(self) -> None:
        session, known = self._bench.session, self._known
        if session is None or known is None:
            return
        self._panel.show_variants(self._variants, known.base.schedule)
        document = [one.model_dump(mode="json", by_alias=True, exclude_unset=True) for one in self._variants]
        for one, variant in zip(document, self._variants, strict=True):
            one["changes"] = [change.to_json() for change in variant.changes]
        self._settings.setValue(f"whatIf/{session.schedule_id}", json.dumps(document))

    def _remembered(self, schedule_id: str) -> list[Variant]:
        """The variants that were not started when the window was closed."""
        stored = self._settings.value(f"whatIf/{schedule_id}")
        try:
            return [Variant.model_validate(one) for one in json.loads(str(stored))] if stored else []
        except (ValueError, ValidationError):
            return []

    def _on_run(self, view: RunView) -> None:
        known, entry = self._known, entry_of(view)
        if known is None or entry is None or view.base_version_id != known.base.version_id:
            return
        for number, one in enumerate(known.entries):
            if one.name == entry.name:
                known.entries[number] = entry
                break
        else:
            known.entries.append(entry)
        if not entry.is_active:  # places in the queue have changed
            known.entries = [replace(e, view=self._runs.status(e.run_id)) if e.is_active else e for e in known.entries]
        self._show_entries()

    def _entry(self, run_id: str) -> Entry | None:
        entries = self._known.entries if self._known is not None else []
        return next((one for one in entries if one.run_id == run_id), None)

    def _do(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None] | None = None,
        refused: Callable[[str], None] | None = None,
    ) -> None:
        """Work in the background; a coded error is told in one sentence."""

        def failed(error: Exception) -> None:
            if isinstance(error, TaktwerkError):
                (refused or (lambda words: self._bench.say(words, "bad")))(error.message)
            else:
                self._bench.show_error(error)

        in_background(work, done or (lambda _: None), failed)
