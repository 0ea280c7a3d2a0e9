"""Robustness of a plan: its distributions, given or learnt, and its replay, here or in a process of its own."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

import orjson

from app.exchange import taktwerk_json
from app.exchange.text import read_bytes
from app.packaged import COMMAND_LINE, is_packaged, program
from app.request_json import canonical_request
from engine.errors import ErrorCode, TaktwerkError
from engine.model import OptimizationRequest, Schedule
from engine.plan import PlanFacts
from engine.robustness import (
    Distributions,
    NoiseSource,
    RobustnessReport,
    learn,
    parse_distributions,
    replay,
    samples_of,
)
from storage.database import open_database

DEFAULT_REPLICATIONS: Final = 1_000
MOST_REPLICATIONS: Final = 100_000
_MOST_VERSIONS: Final = 10
"""Versions of a schedule that actuals are learnt from, the newest ones."""
_log = logging.getLogger("taktwerk.robustness")


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """How a plan is replayed.

    Attributes
    ----------
    replications, seed
        How often, and with which luck.
    may_start_earlier
        See ``engine.robustness.replay``.
    overtime_minutes
        How long uninterruptible work may be planned to run into a break.
    distributions
        A file of distributions; ``None`` learns them from completed operations.
    """

    replications: int = DEFAULT_REPLICATIONS
    seed: int = 0
    may_start_earlier: bool = False
    overtime_minutes: float = 0.0
    distributions: Path | str | None = None


class Stopped(Exception):
    """The replay was stopped by whoever asked for it."""


def assess(
    schedule: Schedule,
    settings: ReplaySettings,
    history: Iterable[Schedule] = (),
    progress: Callable[[float], bool] | None = None,
) -> RobustnessReport:
    """Replay a plan and return what becomes of it.

    Parameters
    ----------
    schedule
        The plan.
    settings
        How.
    history
        Further versions whose completed operations count, newest first, where distributions are learnt.
    progress
        Told the share that is done; ``False`` stops.

    Raises
    ------
    TaktwerkError
        E001 for faulty distributions or ids in them that the schedule does not have, E012 for a file that cannot be
        read, E001 when nothing is scheduled.
    """
    facts = PlanFacts(schedule)
    if not facts.starts:
        raise TaktwerkError(ErrorCode.INVALID_SCHEDULE, "Nothing is scheduled, so there is no plan to replay.")
    if settings.distributions is not None:
        distributions, source = read_distributions(settings.distributions, schedule), NoiseSource(kind="given")
    else:
        distributions, source = learnt_distributions(schedule, facts, history)
    report = replay(
        schedule,
        distributions,
        replications=settings.replications,
        seed=settings.seed,
        may_start_earlier=settings.may_start_earlier,
        overtime_ms=round(settings.overtime_minutes * 60_000),
        facts=facts,
        progress=progress,
    )
    return report.model_copy(update={"source": source})


def learnt_distributions(
    schedule: Schedule, facts: PlanFacts, history: Iterable[Schedule]
) -> tuple[Distributions, NoiseSource]:
    """Return what the completed operations of a plan and of further versions say; each operation counts once."""
    found = {sample.event_id: sample for sample in samples_of(schedule, facts)}
    for version in history:
        for sample in samples_of(version):
            found.setdefault(sample.event_id, sample)
    learnt = learn(found.values())
    return learnt.distributions, NoiseSource(kind="learnt", samples=learnt.samples, mean=learnt.mean, sd=learnt.sd)


def read_distributions(path: Path | str, schedule: Schedule) -> Distributions:
    """Return the distributions in a file for a schedule (E001, E012)."""
    found = parse_distributions(taktwerk_json.load(read_bytes(path), str(path)), str(path))
    snapshot = schedule.snapshot
    unknown = found.unknown_ids(
        {resource.id for resource in snapshot.resources},
        {op.setup_family for op in snapshot.events if op.setup_family is not None},
        {op.id for op in snapshot.events},
    )
    if unknown:
        names = ", ".join(unknown[:5]) + (f" and {len(unknown) - 5} more" if len(unknown) > 5 else "")
        raise TaktwerkError(
            ErrorCode.INVALID_SCHEDULE,
            f"{path} names {names}, which the schedule does not have. Check the ids, or take them out.",
            {"unknown": list(unknown)},
        )
    return found


def history_of(database_url: str, schedule_id: str) -> list[Schedule]:
    """Return the newest versions of a stored schedule, newest first (E008, E012)."""
    database = open_database(database_url)
    try:
        with database.read() as view:
            infos = sorted(view.versions.list(schedule_id), key=lambda info: -info.number)
            return [view.versions.data(info.id) for info in infos[:_MOST_VERSIONS]]
    finally:
        database.close()


class RobustnessService:
    """Replays plans in a process of their own, so that a window stays quick meanwhile.

    Parameters
    ----------
    database
        Where the versions are that actuals are learnt from; ``None`` = only the plan's own.
    command
        How to start the command line; by default this program's.
    """

    def __init__(self, database: str | None = None, command: Sequence[str] | None = None) -> None:
        self._database = database
        self._command = tuple(command) if command is not None else _own_command()

    def run(
        self,
        schedule: Schedule,
        settings: ReplaySettings,
        *,
        schedule_id: str | None = None,
        progress: Callable[[float], None] = lambda _: None,
        stop: threading.Event | None = None,
    ) -> RobustnessReport:
        """Replay a plan and wait for the report; call it on a thread.

        Parameters
        ----------
        schedule, settings
            What, and how.
        schedule_id
            The stored schedule whose versions are learnt from as well.
        progress
            Told the share that is done, in this thread.
        stop
            Set, it ends the replay.

        Raises
        ------
        TaktwerkError
            What ``assess`` raises, or E007 when the process ended without an answer.
        Stopped
            When ``stop`` was set.
        """
        request = canonical_request(OptimizationRequest(schedule_data=schedule))
        command = [*self._command, *self._arguments(settings, schedule_id)]
        with TemporaryFile() as given, TemporaryFile() as answer:
            given.write(request)
            given.seek(0)
            process = subprocess.Popen(command, stdin=given, stdout=answer, stderr=subprocess.PIPE)
            said = _follow(process, progress, stop)
            if stop is not None and stop.is_set():
                raise Stopped
            answer.seek(0)
            return _report(process.returncode, answer.read(), said)

    def _arguments(self, settings: ReplaySettings, schedule_id: str | None) -> list[str]:
        arguments = ["robustness", "-", "--json", "--progress"]
        arguments += ["--replications", str(settings.replications), "--seed", str(settings.seed)]
        arguments += ["--overtime", str(settings.overtime_minutes)]
        if settings.may_start_earlier:
            arguments.append("--may-start-earlier")
        if settings.distributions is not None:
            arguments += ["--distributions", str(settings.distributions)]
        elif schedule_id is not None and self._database is not None:
            arguments += ["--history", schedule_id, "--database", self._database]
        return arguments


def _own_command() -> tuple[str, ...]:
    return (program(COMMAND_LINE),) if is_packaged() else (sys.executable, "-m", "app")


def _follow(
    process: subprocess.Popen[bytes], progress: Callable[[float], None], stop: threading.Event | None
) -> list[str]:
    """Pass progress on until the process ends; return what else it said."""
    ended = threading.Event()

    def watch() -> None:
        while stop is not None and not ended.is_set():
            if stop.wait(0.05):
                process.kill()
                return

    watcher = threading.Thread(target=watch, name="robustness-stop", daemon=True)
    watcher.start()
    said: list[str] = []
    assert process.stderr is not None
    with process.stderr as stream:
        for raw in stream:
            line = raw.decode(errors="replace").strip()
            share = _percentage(line)
            if share is None:
                said.append(line)
            else:
                progress(share)
    process.wait()
    ended.set()
    return said


def _percentage(line: str) -> float | None:
    number, sign, rest = line.partition(" %")
    return int(number) / 100 if sign and not rest and number.isdigit() else None


def _report(code: int, answer: bytes, said: list[str]) -> RobustnessReport:
    try:
        document: Any = orjson.loads(answer)
        if code == 0:
            return RobustnessReport.model_validate(document)
        raise TaktwerkError(ErrorCode(document["code"]), document["message"], document.get("details"))
    except (ValueError, KeyError, TypeError) as error:
        _log.error("the replay ended with code %s: %s", code, " / ".join(said[-5:]))
        raise TaktwerkError(
            ErrorCode.INTERRUPTED,
            "The replay ended without an answer. The program's log has the details.",
            {"exitCode": code, "said": said[-5:]},
        ) from error
