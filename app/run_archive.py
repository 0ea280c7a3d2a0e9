"""Runs in the database: what the optimisation service writes down, and what it reads back after a restart."""

from __future__ import annotations

import builtins
import contextlib
import logging
import os
import platform
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import psutil

from app import __version__
from app.certificates import solver_version
from app.run_execution import Conclusion
from app.run_progress import LAST_STEP, Point, RunView
from app.verification import Checked, Claim, verify
from engine.certificate import Certificate
from engine.errors import ErrorCode, TaktwerkError
from engine.messages import Incumbent, decode_plan
from engine.metrics import WEIGHTED_MIX
from engine.model import Metrics, OptimizationRequest, OptimizationResult, RunStatus
from engine.run_states import is_terminal
from storage.database import Database
from storage.rows import ProgressPoint, RunRow
from storage.unit_of_work import ReadView

_log = logging.getLogger("taktwerk.optimization")


@dataclass(frozen=True, slots=True)
class Submission:
    """A run as it is asked for. ``request_json`` is the canonical JSON of ``request``."""

    run_id: str
    request: OptimizationRequest
    request_json: bytes
    label: str
    schedule_id: str | None
    base_version_id: str | None
    user: str | None = None
    head_name: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is stored of a run: its row, the bytes of its request and of its best plan, its certificate."""

    row: RunRow
    request: bytes | None
    plan: bytes | None
    certificate: dict[str, Any] | None


class RunArchive:
    """The runs of one database, written by one service. Every method is one short transaction.

    All raise E008 when the database refuses, and those that name a run E012 when there is none.
    """

    def __init__(self, database: Database, user: str = "") -> None:
        self._database = database
        self._user = user
        self._owner = _owner()

    # writing

    def add(self, submission: Submission) -> None:
        """Store a queued run with its whole input."""
        request = submission.request
        user = submission.user or self._user
        with self._database.unit_of_work() as uow:
            uow.runs.add(
                run_id=submission.run_id,
                algorithm_id=request.algorithm_id,
                profile_id=request.profile_id,
                schedule_id=submission.schedule_id,
                base_version_id=submission.base_version_id,
                label=submission.label,
                options=request.options.to_json(),
                lock_set=request.locks.to_json(),
                seed=request.options.seed,
                request=submission.request_json,
                owner=self._owner,
                created_by=uow.users.ensure(user) if user else None,
                program_version=__version__,
                solver_version=solver_version(),
                head_name=submission.head_name,
            )
            uow.commit()

    def start(self, run_id: str) -> bool:
        """Move a queued run to running; ``False`` when somebody else was faster (cancelled it)."""
        return self._move(run_id, RunStatus.RUNNING, step="Starting")

    def cancel(self, run_id: str) -> bool:
        """Move a run that is not over to cancelled; ``False`` when it is over."""
        return self._move(run_id, RunStatus.CANCELLED, step=LAST_STEP[RunStatus.CANCELLED])

    def note(
        self,
        run_id: str,
        percentage: float,
        step: str | None,
        points: Sequence[Point],
        incumbent: tuple[int, Incumbent, bytes] | None,
    ) -> bool:
        """Store progress, and a better plan as (number, message, plan); ``False`` when the run is over meanwhile."""
        with self._database.unit_of_work() as uow:
            if not uow.runs.update_progress(run_id, percentage, step, [ProgressPoint(*point) for point in points]):
                return False
            if incumbent is not None:
                seq, message, plan = incumbent
                uow.runs.add_incumbent(run_id, seq, message.elapsed_ms, message.objective, message.bound, plan)
            uow.commit()
            return True

    def finish(
        self,
        run_id: str,
        conclusion: Conclusion,
        percentage: float,
        seq: int,
        certificate: Certificate | None = None,
    ) -> bool:
        """Store how a run ended, with the plan that it leaves as number ``seq`` and its claims, in one transaction.

        Returns
        -------
        bool
            ``False`` when the run was over already, by somebody else's doing; nothing is stored then.
        """
        status = conclusion.status
        share = 100 if status is RunStatus.COMPLETED else round(percentage)
        columns: dict[str, Any] = {"progress_percentage": share, "step": LAST_STEP[status]}
        if conclusion.error is not None:
            columns["error"] = conclusion.error.to_json()
        checked = conclusion.checked
        if checked is not None:
            columns["metrics"] = checked.result.metrics.to_json()
            columns["warnings"] = list(checked.result.warnings)
        if certificate is not None:
            columns["certificate"] = certificate.to_json()
        with self._database.unit_of_work() as uow:
            if not uow.runs.transition(run_id, status, **columns):
                return False
            if checked is not None:
                found = checked.result.metrics
                elapsed_ms = found.solve_ms or 0
                uow.runs.add_incumbent(run_id, seq, elapsed_ms, found.objective_value, found.best_bound, checked.plan)
                uow.runs.add_points(run_id, [ProgressPoint(elapsed_ms, found.objective_value, found.best_bound)])
            uow.runs.prune_incumbents(run_id)
            uow.commit()
            return True

    def fail_orphans(self, but: Collection[str] = ()) -> builtins.list[str]:
        """Mark the runs of processes that are gone as failed (E007), ``but`` some; for the start of a program."""
        return self._fail_interrupted(lambda owner: _is_alive(owner), but)

    def fail_own(self, but: Collection[str] = ()) -> builtins.list[str]:
        """Mark this service's own runs that are not over as failed (E007), ``but`` some; for its end."""
        return self._fail_interrupted(lambda owner: owner != self._owner, but)

    # reading

    def standing(self, run_id: str) -> Literal["over", "alive", "left", "unknown"]:
        """Return whether a run is over, somebody's who lives, left behind, or of another database."""
        try:
            with self._database.read() as read:
                row = read.runs.get(run_id)
        except TaktwerkError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            return "unknown"
        if is_terminal(RunStatus(row.status)):
            return "over"
        return "alive" if _is_alive(row.owner) else "left"

    def view(self, run_id: str) -> RunView:
        """Return one run with its curve."""
        with self._database.read() as read:
            row = read.runs.get(run_id)
            points = [(p.elapsed_ms, p.objective, p.bound) for p in read.runs.points(run_id)]
            return _view(row, read, tuple(points))

    def user_of(self, run_id: str) -> str | None:
        """Return who asked for a run, by name, as far as that is known."""
        with self._database.read() as read:
            wanted = read.runs.get(run_id).created_by
            return next((user.name for user in read.users.list() if user.id == wanted), None)

    def views(self, schedule_id: str) -> builtins.list[RunView]:
        """Return the runs of a schedule, newest first, without their curves."""
        with self._database.read() as read:
            return [_view(row, read, ()) for row in read.runs.list(schedule_id)]

    def request(self, run_id: str) -> OptimizationRequest:
        """Return what a run solves."""
        with self._database.read() as read:
            data = read.runs.request(run_id)
        if data is None:
            raise TaktwerkError(
                ErrorCode.NOT_FOUND,
                "The input of this run was not stored. Optimise the schedule again.",
                {"run": run_id},
            )
        return OptimizationRequest.model_validate_json(data)

    def best(self, run_id: str) -> OptimizationResult | None:
        """Return the best plan that a run left, ``None`` if it left none.

        A plan whose run did not live to see it checked is checked now (E007 when it does not pass).
        """
        with self._database.read() as read:
            row = read.runs.get(run_id)
            if not _has_incumbent(row, read):
                return None
            stored = read.runs.best_incumbent(run_id)
        if stored is None:
            return None
        if row.metrics is not None:
            return OptimizationResult(
                version_id=row.result_version_id,
                events=tuple(decode_plan(stored.events_json)),
                metrics=Metrics.model_validate(row.metrics),
                warnings=tuple(row.warnings or ()),
            )
        claim = Claim(stored.events_json, None, stored.elapsed_ms, bound=stored.bound)
        checked: Checked = verify(self.request(run_id), claim)
        return checked.result.model_copy(update={"version_id": row.result_version_id})

    def evidence(self, run_id: str) -> Evidence:
        """Return everything stored that a run's claims can be checked by, nothing of it judged."""
        with self._database.read() as read:
            row, request = read.runs.get(run_id), read.runs.request(run_id)
            stored, certificate = read.runs.best_incumbent(run_id), read.runs.certificate(run_id)
        return Evidence(row, request, None if stored is None else stored.events_json, certificate)

    def profile_options(self, profile_id: int) -> tuple[int, dict[str, Any]]:
        """Return a stored profile's algorithm and options, in wire names."""
        with self._database.read() as read:
            profile = read.profiles.get(profile_id)
            return profile.algorithm_id, profile.options

    # inside

    def _move(self, run_id: str, target: RunStatus, **columns: Any) -> bool:
        with self._database.unit_of_work() as uow:
            moved = uow.runs.transition(run_id, target, **columns)
            uow.runs.prune_incumbents(run_id)
            uow.commit()
            return moved

    def _fail_interrupted(self, is_alive: Any, but: Collection[str]) -> builtins.list[str]:
        with self._database.unit_of_work() as uow:
            failed = uow.runs.fail_interrupted(is_alive, but)
            uow.runs.prune_incumbents()
            uow.commit()
        for run_id in failed:
            _log.warning("run %s was interrupted", run_id)
        return failed


def _has_incumbent(row: RunRow, read: ReadView) -> bool:
    told = (row.error or {}).get("details", {}).get("hasIncumbent")
    return bool(told) if told is not None else read.runs.has_incumbent(row.id)


def _view(row: RunRow, read: ReadView, series: tuple[Point, ...]) -> RunView:
    metrics = None if row.metrics is None else Metrics.model_validate(row.metrics)
    last = series[-1] if series else (0, None, None)
    error = None
    if row.error is not None:
        error = TaktwerkError(ErrorCode(row.error["code"]), row.error["message"], row.error.get("details"))
    elapsed_s = 0.0
    if row.started_at is not None and row.completed_at is not None:
        elapsed_s = (row.completed_at - row.started_at).total_seconds()
    return RunView(
        run_id=row.id,
        status=RunStatus(row.status),
        percentage=float(row.progress_percentage),
        step=row.step,
        objective_name=metrics.objective if metrics else _aim(row.options or {}),
        objective=metrics.objective_value if metrics else last[1],
        bound=metrics.best_bound if metrics else last[2],
        gap=metrics.gap if metrics else None,
        elapsed_s=elapsed_s,
        time_limit_s=float((row.options or {}).get("timeLimit", 0)),
        series=series,
        error=error,
        has_incumbent=_has_incumbent(row, read),
        label=row.label,
        queued_at=row.queued_at,
        started_at=row.started_at,
        completed_at=row.completed_at,
        algorithm_id=row.algorithm_id,
        profile_id=row.profile_id,
        metrics=metrics,
        warnings=tuple(row.warnings or ()),
        schedule_id=row.schedule_id,
        base_version_id=row.base_version_id,
        result_version_id=row.result_version_id,
        head_name=row.head_name,
    )


def _aim(options: dict[str, Any]) -> str | None:
    """What a run's stored options make small first; ``None`` where they leave it to the plan."""
    if options.get("weights") is not None:
        return WEIGHTED_MIX
    ladder = options.get("objectives") or [options.get("objective")]
    return ladder[0]


def _owner() -> str:
    """Name this process for ever: machine, process, when it began; and this service within it."""
    return f"{platform.node()}/{os.getpid()}/{psutil.Process().create_time():.2f}/{uuid.uuid4().hex[:8]}"


def _is_alive(owner: str | None) -> bool:
    """Return whether a run's process still lives. One on another machine is taken to."""
    parts = (owner or "").rsplit("/", 3)
    if len(parts) != 4:
        return False
    machine, pid, began, _ = parts
    if machine != platform.node():
        return True
    with contextlib.suppress(psutil.Error, ValueError):
        return abs(psutil.Process(int(pid)).create_time() - float(began)) < 1.0
    return False
