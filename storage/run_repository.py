"""Optimisation runs: their state by compare-and-set, every plan they found, and their curve."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Collection, Iterable
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from engine.errors import ErrorCode, TaktwerkError
from engine.model import RunStatus
from engine.run_states import ACTIVE, TERMINAL, sources_of
from storage import canonical
from storage.column_types import new_id, now
from storage.failures import not_found
from storage.repository import Repository
from storage.rows import IncumbentRow, ProgressPoint, RunRow
from storage.tables import optimization_runs, run_incumbents, run_progress

_r = optimization_runs.c
_RUN = select(*(column for column in optimization_runs.columns if column.name not in ("request", "certificate")))
_ON_TRANSITION = frozenset(
    {
        "started_at",
        "completed_at",
        "progress_percentage",
        "step",
        "metrics",
        "warnings",
        "certificate",
        "error",
        "owner",
        "program_version",
        "solver_version",
        "result_version_id",
    }
)


class RunRepository(Repository):
    """The runs of all schedules."""

    def add(
        self,
        *,
        algorithm_id: int,
        schedule_id: str | None = None,
        base_version_id: str | None = None,
        profile_id: int | None = None,
        run_id: str | None = None,
        label: str = "",
        options: dict[str, Any] | None = None,
        lock_set: dict[str, Any] | None = None,
        seed: int | None = None,
        input_hash: str | None = None,
        request: bytes | None = None,
        owner: str | None = None,
        created_by: str | None = None,
        program_version: str | None = None,
        solver_version: str | None = None,
        head_name: str | None = None,
    ) -> RunRow:
        """Add a queued run.

        Parameters
        ----------
        run_id
            A UUID of the caller's; a new one when absent.
        request
            The whole request as JSON, so that its result can be merged, or the run repeated, after a crash. It is
            stored compressed (4.5 MB of 10,000 operations become about 0.2 MB).
        input_hash
            The SHA-256 of what is solved; that of ``request`` when absent.
        owner
            Names the process that will run it, for ``fail_interrupted``.
        head_name
            The head that it is made for.
        """
        key = run_id or new_id()
        if request is not None and input_hash is None:
            input_hash = canonical.content_hash(request)
        self._connection.execute(
            insert(optimization_runs).values(
                id=key,
                schedule_id=schedule_id,
                algorithm_id=algorithm_id,
                profile_id=profile_id,
                status=RunStatus.QUEUED.value,
                progress_percentage=0,
                input_hash=input_hash,
                lock_set=lock_set,
                base_version_id=base_version_id,
                queued_at=now(),
                label=label,
                options=options,
                seed=seed,
                owner=owner,
                created_by=created_by,
                program_version=program_version,
                solver_version=solver_version,
                head_name=head_name,
                request=None if request is None else canonical.pack(request),
            )
        )
        return self.get(key)

    def get(self, run_id: str) -> RunRow:
        """Return one run (E012 when there is none)."""
        row = self._first(_RUN.where(_r.id == run_id))
        if row is None:
            raise not_found("run", run_id)
        return RunRow(**row)

    def list(
        self, schedule_id: str | None = None, statuses: Collection[str] | None = None, limit: int | None = None
    ) -> builtins.list[RunRow]:
        """Return runs, newest first: all, or those of one schedule, or in some states."""
        statement = _RUN.order_by(_r.queued_at.desc(), _r.id)
        if schedule_id is not None:
            statement = statement.where(_r.schedule_id == schedule_id)
        if statuses is not None:
            statement = statement.where(_r.status.in_([str(status) for status in statuses]))
        if limit is not None:
            statement = statement.limit(limit)
        return [RunRow(**row) for row in self._all(statement)]

    def request(self, run_id: str) -> bytes | None:
        """Return the request as it was given to ``add``, ``None`` when none was (E012, E008)."""
        self.get(run_id)
        packed = self._connection.execute(select(_r.request).where(_r.id == run_id)).scalar_one()
        return None if packed is None else canonical.unpack(canonical.frame(packed))

    def certificate(self, run_id: str) -> dict[str, Any] | None:
        """Return what a run claims of its plan, ``None`` when it left none (E012)."""
        self.get(run_id)
        return self._connection.execute(select(_r.certificate).where(_r.id == run_id)).scalar_one()

    def transition(
        self, run_id: str, to_status: str, *, from_statuses: Iterable[str] | None = None, **columns: Any
    ) -> bool:
        """Change a run's state by compare-and-set, with further columns in the same stroke.

        ``started_at`` and ``completed_at`` are set by themselves, and a completed run stands at 100 %.

        Parameters
        ----------
        from_statuses
            The states it may come from; by default those of ``engine.run_states``.

        Returns
        -------
        bool
            Whether the run moved; ``False`` when it was in none of those states, so that somebody else was faster.

        Raises
        ------
        TaktwerkError
            E012 when there is no such run.
        """
        unknown = columns.keys() - _ON_TRANSITION
        if unknown:
            raise TypeError(f"a transition cannot set {', '.join(sorted(unknown))}")
        target = RunStatus(to_status)
        allowed = sources_of(target) if from_statuses is None else from_statuses
        if target is RunStatus.RUNNING:
            columns.setdefault("started_at", now())
        if target in TERMINAL:
            columns.setdefault("completed_at", now())
        if target is RunStatus.COMPLETED:
            columns.setdefault("progress_percentage", 100)
        done = self._connection.execute(
            update(optimization_runs)
            .where(_r.id == run_id, _r.status.in_([RunStatus(status).value for status in allowed]))
            .values(status=target.value, **columns)
        )
        if not done.rowcount:
            self.get(run_id)
        return bool(done.rowcount)

    def update_progress(
        self, run_id: str, percentage: float, step: str | None = None, points: Iterable[ProgressPoint] = ()
    ) -> bool:
        """Store how far a running run is, and new points of its curve; ``False`` when it is not running any more."""
        done = self._connection.execute(
            update(optimization_runs)
            .where(_r.id == run_id, _r.status == RunStatus.RUNNING.value)
            .values(progress_percentage=max(0, min(100, round(percentage))), step=step)
        )
        if done.rowcount:
            self.add_points(run_id, points)
        return bool(done.rowcount)

    def add_points(self, run_id: str, points: Iterable[ProgressPoint]) -> None:
        """Add points at the end of a run's curve."""
        p = run_progress.c
        newest = self._connection.execute(select(func.max(p.seq)).where(p.run_id == run_id)).scalar() or 0
        rows = [
            {
                "run_id": run_id,
                "seq": newest + i,
                "elapsed_ms": point.elapsed_ms,
                "objective": point.objective,
                "bound": point.bound,
            }
            for i, point in enumerate(points, start=1)
        ]
        if rows:
            self._connection.execute(insert(run_progress), rows)

    def points(self, run_id: str) -> builtins.list[ProgressPoint]:
        """Return a run's curve, oldest point first."""
        p = run_progress.c
        statement = select(p.elapsed_ms, p.objective, p.bound).where(p.run_id == run_id).order_by(p.seq)
        return [ProgressPoint(**row) for row in self._all(statement)]

    def add_incumbent(
        self,
        run_id: str,
        seq: int,
        elapsed_ms: int,
        objective: float | None,
        bound: float | None,
        events_json: bytes,
    ) -> None:
        """Store a plan that a run found; ``seq`` rises with every better one.

        Parameters
        ----------
        events_json
            The placed operations as a JSON list; stored compressed, with a checksum.
        """
        self._connection.execute(
            insert(run_incumbents).values(
                run_id=run_id,
                seq=seq,
                elapsed_ms=elapsed_ms,
                objective=objective,
                bound=bound,
                events=canonical.pack(events_json),
            )
        )

    def best_incumbent(self, run_id: str) -> IncumbentRow | None:
        """Return the newest, which is the best, plan of a run, or ``None``.

        Raises
        ------
        TaktwerkError
            E008 when the stored plan is damaged.
        """
        i = run_incumbents.c
        row = self._first(select(run_incumbents).where(i.run_id == run_id).order_by(i.seq.desc()).limit(1))
        if row is None:
            return None
        facts = {key: value for key, value in row.items() if key != "events"}
        return IncumbentRow(**facts, events_json=canonical.unpack(canonical.frame(row["events"])))

    def prune_incumbents(self, run_id: str | None = None) -> int:
        """Delete all plans but the best of an ended run, or of every ended run; return how many went.

        A run that is not over keeps all: should the newest be damaged by a crash, there is one before it.
        """
        one, other = run_incumbents, run_incumbents.alias()
        ended = select(_r.id).where(_r.status.in_([status.value for status in TERMINAL]))
        newest = select(func.max(other.c.seq)).where(other.c.run_id == one.c.run_id).scalar_subquery()
        statement = delete(one).where(one.c.run_id.in_(ended), one.c.seq < newest)
        if run_id is not None:
            statement = statement.where(one.c.run_id == run_id)
        return self._connection.execute(statement).rowcount

    def has_incumbent(self, run_id: str) -> bool:
        """Return whether a run has found a plan."""
        return self._first(select(run_incumbents.c.seq).where(run_incumbents.c.run_id == run_id).limit(1)) is not None

    def set_result(self, run_id: str, version_id: str) -> None:
        """Note the version that a run's plan became (E012 when there is no such run)."""
        done = self._connection.execute(
            update(optimization_runs).where(_r.id == run_id).values(result_version_id=version_id)
        )
        if not done.rowcount:
            raise not_found("run", run_id)

    def fail_interrupted(
        self, is_alive: Callable[[str | None], bool] | None = None, but: Collection[str] = ()
    ) -> builtins.list[str]:
        """Mark the runs that nobody runs any more as failed (E007); their plans stay. For the start of a program.

        Parameters
        ----------
        is_alive
            Tells from a run's ``owner`` whether that process still lives; its runs are left alone. By default none
            does.
        but
            Runs to leave alone.

        Returns
        -------
        list of str
            The ids of the runs that were queued or running.
        """
        failed: builtins.list[str] = []
        for run in self.list(statuses=[status.value for status in ACTIVE]):
            if run.id in but or (is_alive is not None and is_alive(run.owner)):
                continue
            error = _interrupted(run, self.has_incumbent(run.id)).to_json()
            if self.transition(run.id, RunStatus.FAILED, from_statuses=[run.status], error=error):
                failed.append(run.id)
        return failed


def _interrupted(run: RunRow, has_incumbent: bool) -> TaktwerkError:
    rest = (
        "The best plan it had found is kept and can be applied."
        if has_incumbent
        else "It had found no plan yet; start it again."
    )
    stage = "was running" if run.status == RunStatus.RUNNING else "was waiting for its turn"
    return TaktwerkError(
        ErrorCode.INTERRUPTED,
        f"Taktwerk ended while this optimisation {stage}. {rest}",
        {"hasIncumbent": has_incumbent},
    )
