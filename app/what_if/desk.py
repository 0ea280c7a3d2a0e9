"""The what-if desk: variants of one version as runs of the optimisation service, and what became of them.

The runs are the memory: they carry the changed plan, the options, the label and the result. A desk that is opened
later, by another window perhaps, finds them again; those that were cut off can be started anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.run_heads import head_for
from app.run_progress import RunEvent, RunView
from app.versions import VersionInfo, VersionService
from app.what_if.changes import Variant
from app.what_if.experiment import requests_of
from app.what_if.figures import Figures
from app.what_if.words import is_of_desk, parts_of, run_label, variant_words
from engine.apply import apply_result
from engine.errors import ErrorCode, TaktwerkError
from engine.model import OptimizationRequest, OptimizationResponse, Options, RunStatus, Schedule

_ACTIVE = (RunStatus.QUEUED, RunStatus.RUNNING)


class Runs(Protocol):
    """What the desk asks of ``app.optimization.OptimizationService``."""

    def submit(
        self,
        request: OptimizationRequest,
        *,
        schedule_id: str | None = None,
        base_version_id: str | None = None,
        label: str = "",
        head_name: str | None = None,
    ) -> str: ...
    def cancel(self, run_id: str) -> None: ...
    def status(self, run_id: str) -> RunView: ...
    def history(self, schedule_id: str) -> list[RunView]: ...
    def subscribe(self, listener: Callable[[RunEvent], None]) -> Callable[[], None]: ...
    def result(self, run_id: str) -> OptimizationResponse: ...
    def request(self, run_id: str) -> OptimizationRequest: ...


@dataclass(frozen=True, slots=True)
class Base:
    """The version that variants start from, and the head that they are made for, if that is known."""

    schedule_id: str
    version_id: str
    number: int
    schedule: Schedule
    head_name: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One variant as it stands: its run, its changes in words, its figures once there is a plan."""

    run_id: str
    name: str
    words: str
    view: RunView
    figures: Figures | None = None

    @property
    def is_active(self) -> bool:
        """Whether it waits or runs."""
        return self.view.status in _ACTIVE

    @property
    def has_plan(self) -> bool:
        """Whether there is a plan to look at."""
        return self.figures is not None or (self.view.status is RunStatus.FAILED and self.view.has_incumbent)


class WhatIfDesk:
    """Starts variants and finds them again. Safe to use from any thread.

    Parameters
    ----------
    runs
        Carries them out, a bounded number at a time; the rest are queued.
    versions
        Where plans are read and kept.
    profiles
        The stored profiles, id by name.
    """

    def __init__(self, runs: Runs, versions: VersionService, profiles: Mapping[str, int] | None = None) -> None:
        self._runs, self._versions = runs, versions
        self.profiles = dict(profiles or {})

    def base(self, version: VersionInfo, head_name: str | None = None) -> Base:
        """Return a saved version as the base of variants, by default for the head whose it is (E008, E012)."""
        head = head_name or head_for(self._versions, version.schedule_id, version.id)
        return Base(version.schedule_id, version.id, version.number, self._versions.data(version.id), head)

    def start(self, base: Base, variants: Sequence[Variant], options: Options | None = None) -> list[str]:
        """Queue a run for every variant, or for none when one has a fault; return their ids in order.

        Raises
        ------
        TaktwerkError
            E001 naming every fault of every variant; E012 when a profile is gone.
        """
        requests = requests_of(variants, base.schedule, options, self.profiles)
        labels = [run_label(one.name, variant_words(one, base.schedule)) for one in variants]
        return [
            self._runs.submit(
                request,
                schedule_id=base.schedule_id,
                base_version_id=base.version_id,
                label=label,
                head_name=base.head_name,
            )
            for request, label in zip(requests, labels, strict=True)
        ]

    def again(self, run_id: str) -> str:
        """Start a variant anew, with the input that it had, and return the new run's id (E012)."""
        view = self._runs.status(run_id)
        return self._runs.submit(
            self._runs.request(run_id),
            schedule_id=view.schedule_id,
            base_version_id=view.base_version_id,
            label=view.label,
            head_name=view.head_name,
        )

    def entries(self, schedule_id: str, version_id: str) -> list[Entry]:
        """Return the variants of a version, the newest run of each name, in the order they were started (E008)."""
        found: dict[str, Entry] = {}
        for view in self._runs.history(schedule_id):
            entry = entry_of(view) if view.base_version_id == version_id else None
            if entry is not None:
                found.setdefault(entry.name, entry)
        return list(reversed(found.values()))

    def base_ids(self, schedule_id: str) -> list[str]:
        """Return the versions that variants were started from, the last one first (E008)."""
        found = [view.base_version_id for view in self._runs.history(schedule_id) if is_of_desk(view.label)]
        return list(dict.fromkeys(key for key in found if key is not None))

    def cancel(self, run_id: str) -> None:
        """End one variant without a plan; one that is over stays as it is (E012)."""
        self._runs.cancel(run_id)

    def cancel_all(self, schedule_id: str, version_id: str) -> int:
        """End everything of the desk that waits or runs for a version, sweeps too; return how many there were."""
        active = [
            view
            for view in self._runs.history(schedule_id)
            if view.base_version_id == version_id and view.status in _ACTIVE and is_of_desk(view.label)
        ]
        for view in sorted(active, key=lambda one: one.status is RunStatus.RUNNING):
            self._runs.cancel(view.run_id)  # those that wait first, so that none of them begins
        return len(active)

    def plan(self, run_id: str) -> Schedule:
        """Return the plan of a variant, with its changes in it.

        Raises
        ------
        TaktwerkError
            The run's own error when it found no plan, E012 when there is none for another reason.
        """
        response = self._runs.result(run_id)
        if response.result is not None:
            return apply_result(self._runs.request(run_id).schedule_data, response.result.events)
        if response.error is not None:
            raise TaktwerkError(ErrorCode(response.error.code), response.error.message, dict(response.error.details))
        raise TaktwerkError(ErrorCode.NOT_FOUND, "This variant has no plan.", {"runId": run_id})

    def keep(self, run_id: str, name: str, *, description: str = "", color: str | None = None) -> VersionInfo:
        """Make a variant a scenario: a head of this name that begins at the base, with the plan as its version.

        Head, version and the run's result are written in one transaction: all of it is there, or nothing.

        Raises
        ------
        TaktwerkError
            E001 when the name is taken or empty, E012 when the variant has no plan or its base is gone, E008.
        """
        view = self._runs.status(run_id)
        schedule_id, base_id = view.schedule_id, view.base_version_id
        if schedule_id is None or base_id is None:
            raise TaktwerkError(ErrorCode.NOT_FOUND, "This run belongs to no saved version.", {"runId": run_id})
        plan = self.plan(run_id)
        variant, words = parts_of(view.label) or (view.label, "")
        note = f"What-if {variant}: {words}"[:2_000]
        return self._versions.keep_result(
            run_id, schedule_id, base_id, plan, name, note, description=description or note, color=color
        )


def entry_of(view: RunView) -> Entry | None:
    """Return a run as a variant of the desk; None when it is none."""
    parts = parts_of(view.label)
    if parts is None:
        return None
    figures = Figures.of_metrics(view.metrics) if view.metrics is not None else None
    return Entry(view.run_id, *parts, view, figures)
