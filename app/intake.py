"""What a file would bring, looked at before anyone says yes: what is new, changed and missing, and what is wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from app.arrivals import Arrivals, Arrived, Incoming, Landing
from app.exchange import preview_file
from app.exchange.package_keys import KeyRing
from app.exchange.preview_file import FilePreview
from app.exchange.table_import import CellFault
from app.exchange.table_mapping import Mapping
from app.exchange.tables import Row, delta_rows
from app.versions import ScheduleSummary, VersionService
from engine.check import check
from engine.errors import ErrorCode, TaktwerkError

Place = Literal["auto", "branch", "new"]
"""Where it comes in: as the file tells, as a scenario of the open schedule, or as a schedule of its own."""

MOST_ROWS = 5_000
_NO_TABLE = "no sheet is a table that is known; say under Columns what its sheets and columns hold"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a planner should know before: ``kind`` is ``bad`` (it stands in the way), ``warn`` or ``info``."""

    kind: Literal["bad", "warn", "info"]
    where: str
    words: str


@dataclass(frozen=True, slots=True)
class Intake:
    """A file as it would come in. ``incoming`` is None while something stands in the way."""

    path: Path
    preview: FilePreview
    findings: tuple[Finding, ...]
    incoming: Incoming | None = None
    landing: Landing | None = None
    rows: tuple[Row, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many items are added, changed and removed."""
        items = {(row["what"], row["id"]): row["change"] for row in self.rows}
        return dict(Counter(items.values()))

    @property
    def is_possible(self) -> bool:
        """Whether there is anything to bring in."""
        return self.incoming is not None and self.landing is not None and self.landing.same_as is None


class IntakeDesk:
    """Looks at files and brings them in. Safe to use from any thread.

    Parameters
    ----------
    versions
        The versions of the database.
    user
        Who brings it in.
    keys
        Tells whether the sender of a package is trusted.
    """

    def __init__(self, versions: VersionService, user: str = "", keys: KeyRing | None = None) -> None:
        self._versions = versions
        self._arrivals = Arrivals(versions.database, versions, user)
        self.keys = keys or KeyRing()

    def look(
        self,
        path: Path,
        format: str | None = None,
        *,
        place: Place = "auto",
        schedule_id: str | None = None,
        mapping: Mapping | None = None,
        name: str = "",
    ) -> Intake:
        """Return what a file would bring; nothing is written.

        Parameters
        ----------
        format
            A name of ``formats.NAMES``; told from the content when absent.
        schedule_id
            The schedule that is open, to which tables are laid and of which a scenario is begun.
        mapping
            Which columns of foreign tables hold what.
        name
            What the scenario or the new schedule is called.

        Raises
        ------
        TaktwerkError
            E001, E006, E009 as the format's reader, E012 when there is no such file.
        """
        content = preview_file.content_of(path)
        target = self._target(schedule_id) if schedule_id is not None and place != "new" else None
        base = self._versions.data(target.head.id) if target is not None else None
        try:
            preview = preview_file.look(content, path.name, format, base=base, mapping=mapping, keys=self.keys)
        except TaktwerkError as error:
            titles = preview_file.titles_of(content, path.name, format)
            if error.code is not ErrorCode.INVALID_SCHEDULE or not titles:
                raise
            preview = FilePreview(None, [], [CellFault(path.name, "", "", _NO_TABLE)], sheets=titles)
        is_table = bool(preview.plans)
        if place == "auto" and base is not None and preview.schedule is not None:
            known = {op.id for op in base.snapshot.events} & {op.id for op in preview.schedule.snapshot.events}
            if not is_table or not known:
                target = None  # a package finds its way by its versions; anything else is a schedule of its own
            if is_table and not known:
                preview = preview_file.look(content, path.name, format, mapping=mapping, keys=self.keys)
        return self._landed(path, preview, target, place, name)

    def bring_in(self, intake: Intake, trusted_as: str = "") -> Arrived:
        """Write what was looked at, and return what became of it; errors as ``Arrivals.bring_in``.

        Parameters
        ----------
        trusted_as
            Trust the sender's key from now on, under this name.
        """
        if intake.incoming is None or intake.landing is None:
            raise TaktwerkError(ErrorCode.INVALID_SCHEDULE, "The file has faults; nothing was taken in.")
        found = intake.preview.package
        if trusted_as and found is not None and found.signer is not None:
            self.keys.trust(found.signer.public_key, trusted_as)
        return self._arrivals.bring_in(intake.incoming, intake.landing)

    def _landed(
        self, path: Path, preview: FilePreview, target: ScheduleSummary | None, place: Place, name: str
    ) -> Intake:
        findings = [
            Finding("bad", f"{one.sheet} {one.cell}".strip(), _cell(one.value, one.reason)) for one in preview.faults
        ]
        findings += [Finding("info", path.name, note) for note in preview.notes]
        if preview.schedule is None:
            return Intake(path, preview, tuple(findings))
        findings += [Finding("warn", "Plan", violation.message) for violation in check(preview.schedule)[:1_000]]
        if preview.package is not None:
            incoming = Incoming.of_package(preview.package)
        else:
            title = preview.schedule.metadata.name or path.stem
            incoming = Incoming(preview.schedule, title, comment=f"from {path.name}")
        landing = self._arrivals.look(incoming, target, as_new=place == "new", scenario=name)
        if landing.target is None and name:
            incoming = replace(incoming, title=name)
        rows: tuple[Row, ...] = ()
        if landing.delta is not None and landing.live is not None:
            found = delta_rows(landing.delta, landing.live, incoming.schedule)
            rows = tuple(row for row, _ in zip(found, range(MOST_ROWS), strict=False))
        return Intake(path, preview, tuple(findings), incoming, landing, rows)

    def _target(self, schedule_id: str) -> ScheduleSummary | None:
        return next((item for item in self._versions.schedules() if item.schedule.id == schedule_id), None)


def _cell(value: str, reason: str) -> str:
    return f"{value!r}: {reason}" if value else reason
