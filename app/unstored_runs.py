"""Ends of runs that the database would not take: kept, written to a file where possible, and stored when it will."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from app.run_execution import Conclusion
from app.run_spares import Spared, SpareFiles
from app.verification import Claim, verify
from engine.certificate import Certificate
from engine.errors import ErrorCode, TaktwerkError
from engine.messages import Incumbent
from engine.model import OptimizationRequest, RunStatus

EVERY_S: Final = 5.0
"""How long to wait between two attempts to store."""

_log = logging.getLogger("taktwerk.optimization")


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended and what is stored of that; ``plans`` is the number of the plan that it leaves."""

    run_id: str
    conclusion: Conclusion
    percentage: float
    plans: int
    certificate: Certificate | None = None


@dataclass
class _Waiting:
    end: End
    reason: TaktwerkError
    is_in_file: bool


class UnstoredRuns:
    """Keeps ends and tries to store them every few seconds. Every method is safe to call from any thread.

    Parameters
    ----------
    spares
        Where they are written meanwhile.
    store
        Stores one; ``False`` when the run was over already, by somebody else's doing.
    on_stored
        Called when one need not be kept any longer, on a thread of this class or in that of ``retry``.
    """

    def __init__(
        self,
        spares: SpareFiles,
        store: Callable[[End], bool],
        on_stored: Callable[[str], None],
        every_s: float = EVERY_S,
    ) -> None:
        self._spares, self._store, self._on_stored = spares, store, on_stored
        self._every_s = every_s
        self._lock = threading.Lock()
        self._one_at_a_time = threading.Lock()
        self._waiting: dict[str, _Waiting] = {}
        self._is_closed = threading.Event()
        self._thread: threading.Thread | None = None

    def keep(self, end: End, reason: TaktwerkError) -> None:
        """Keep an end that was refused for a reason."""
        checked = end.conclusion.checked
        is_in_file = checked is not None and self._spares.write(end.run_id, spared(end))
        with self._lock:
            self._waiting[end.run_id] = _Waiting(end, reason, is_in_file)
            if self._thread is None and not self._is_closed.is_set():
                self._thread = threading.Thread(target=self._go_on_trying, name="unstored-runs", daemon=True)
                self._thread.start()

    def words(self, run_id: str) -> str | None:
        """Say what a planner should know of a run's end that is not stored; ``None`` when it is."""
        with self._lock:
            found = self._waiting.get(run_id)
        if found is None or found.end.conclusion.checked is None:
            return None
        why = found.reason.message.split(". ")[0].rstrip(".")
        kept = (
            "It is kept in a file beside the database and is stored by itself when there is room, also after a restart."
            if found.is_in_file
            else "It is stored by itself when there is room; until then it is only in memory. Save it as a file before "
            "you close the program."
        )
        return f"The result could not be stored: {why[:1].lower()}{why[1:]}. {kept}"

    def ids(self) -> list[str]:
        """Return the runs that wait."""
        with self._lock:
            return list(self._waiting)

    def safe_ids(self) -> list[str]:
        """Return the runs that wait and are in files."""
        with self._lock:
            return [key for key, one in self._waiting.items() if one.is_in_file]

    def retry(self, run_id: str) -> None:
        """Try to store one now; raises what the database says (E008)."""
        with self._one_at_a_time:
            with self._lock:
                found = self._waiting.get(run_id)
            if found is not None:
                self._try(found)

    def close(self) -> None:
        """Try once more, and no more afterwards."""
        self._is_closed.set()
        thread = self._thread
        if thread is not None:
            thread.join(self._every_s)
        self._try_all()

    # inside

    def _go_on_trying(self) -> None:
        while not self._is_closed.wait(self._every_s):
            self._try_all()
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return

    def _try_all(self) -> None:
        for run_id in self.ids():
            try:
                self.retry(run_id)
            except TaktwerkError as error:
                _log.debug("the end of run %s is still not stored: %s", run_id, error)

    def _try(self, found: _Waiting) -> None:
        run_id = found.end.run_id
        try:
            if not self._store(found.end):
                _log.warning("run %s was over already; its end was not stored", run_id)
        except TaktwerkError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                with self._lock:
                    found.reason = error
                raise
            _log.warning("run %s is not in the database any more; its end was not stored", run_id)
        with self._lock:
            self._waiting.pop(run_id, None)
        self._spares.drop(run_id)
        self._on_stored(run_id)


# in files


def spared(end: End) -> Spared:
    """Return an end as it is written to a file."""
    conclusion, checked = end.conclusion, end.conclusion.checked
    facts: dict[str, Any] = {
        "status": conclusion.status.value,
        "percentage": end.percentage,
        "plans": end.plans,
        "error": None if conclusion.error is None else conclusion.error.to_json(),
    }
    if checked is None:
        return Spared(facts, b"")
    found = checked.result.metrics
    facts |= {
        "vector": list(checked.vector),
        "elapsedMs": found.solve_ms or 0,
        "firstSolutionMs": found.first_solution_ms,
        "isOptimal": found.proof == "optimal",
        "bound": found.best_bound,
        "warnings": list(checked.result.warnings),
    }
    return Spared(facts, checked.plan)


def spared_plan(seq: int, message: Incumbent, plan: bytes, percentage: float) -> Spared:
    """Return a plan of a run that still goes on as it is written to a file; not checked yet."""
    error = TaktwerkError(
        ErrorCode.INTERRUPTED,
        "Taktwerk ended while this optimisation was running. The best plan it had found is kept and can be applied.",
        {"hasIncumbent": True},
    )
    facts: dict[str, Any] = {
        "status": RunStatus.FAILED.value,
        "percentage": percentage,
        "plans": seq,
        "error": error.to_json(),
        "vector": list(message.vector),
        "elapsedMs": message.elapsed_ms,
        "bound": message.bound,
    }
    return Spared(facts, plan)


def end_of(run_id: str, kept: Spared, request: OptimizationRequest) -> End:
    """Return the end that a file keeps, its plan checked again.

    Raises
    ------
    TaktwerkError
        E007 when the plan does not pass.
    ValueError, KeyError, TypeError
        When the file holds something else.
    """
    facts, error = kept.facts, kept.facts["error"]
    told = None if error is None else TaktwerkError(ErrorCode(error["code"]), error["message"], error.get("details"))
    checked = None
    if kept.plan:
        claim = Claim(
            kept.plan,
            tuple(facts["vector"]),
            facts["elapsedMs"],
            bool(facts.get("isOptimal")),
            facts.get("bound"),
            facts.get("firstSolutionMs"),
            tuple(facts.get("warnings", ())),
        )
        checked = verify(request, claim)
        once = tuple(dict.fromkeys(checked.result.warnings))  # the check says again what it had said then
        checked = replace(checked, result=checked.result.model_copy(update={"warnings": once}))
    conclusion = Conclusion(RunStatus(facts["status"]), checked, told)
    return End(run_id, conclusion, facts["percentage"], facts["plans"])
