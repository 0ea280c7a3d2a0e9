"""What each lock, the frozen period, each blocked interval and each constraint costs the objective.

The request is solved as it stands, then once more with each of them released, always from the best plan known. A price
is exact where both optima are proven; elsewhere it is an estimate, with a bound on what could be gained at most where
there is one. Plans found on the way that keep all rules make the base better, so that what mere searching gains is not
taken for the price of a lock.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from engine.apply import apply_result
from engine.errors import ErrorCode, TaktwerkError
from engine.horizon import horizon_start_ms
from engine.instants import from_ms
from engine.metrics import SCALE, WEIGHTED_MIX, Kpis, kpis, objective_name, objective_names, objective_vector
from engine.model import Scope
from engine.pinning import Pin, pins
from engine.solve.engine import solve
from engine.solve.report import SilentReporter
from engine.solve.why.feasibility import keeps_rules
from engine.solve.why.price_words import figures_words, improvement_words, value_words
from engine.solve.why.rules_given import RuleBook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.model import OptimizationRequest, PlacedEvent
    from engine.solve.report import Outcome, Reporter, StopFlag
    from engine.solve.why.rules_given import Rule

PRICED_KINDS = frozenset(
    {
        "lock",
        "blocked",
        "unavailable",
        "startnoearlierthan",
        "startnolaterthan",
        "finishnoearlierthan",
        "finishnolaterthan",
        "muststarton",
        "mustfinishon",
        "sameresource",
        "differentresource",
        "nooverlap",
    }
)
"""Kinds of rules that are priced one by one, beside the frozen period."""

_SHARE_FOR_BASE, _SHARE_FOR_ALL, _SHARE_FOR_END = 0.3, 0.15, 0.12
_LEAST_STEP_S, _MOST_STEP_S = 0.5, 15.0
_STOPS_WITHIN_S = 0.2
_ONLY_RULES, _AUTO = 4, 1
Vector = tuple[int, ...]


def lock_prices(request: OptimizationRequest, until: float, report: Reporter, stop: StopFlag) -> dict[str, Any]:
    """Price every lock and constraint of a request, those that cost most first.

    Parameters
    ----------
    request
        A valid request that has a plan.
    until
        The moment of ``time.monotonic`` at which to end.
    report
        Told of steps.
    stop
        Ends it earlier.

    Returns
    -------
    dict
        ``objective`` (its name), ``value`` of the best plan in its native unit, ``valueText``, ``proven`` (that it is
        optimal); ``all``: what releasing everything would gain ``{improvement, improvementText, exact}``; ``prices``:
        ``[{kind, id, text, improvement, improvementText, exact, atMost?, eventId?, resourceId?}]`` with improvements in
        the native unit, ``exact`` when proven, ``atMost`` a bound on an estimate; ``notExamined``: rules
        ``[{kind, id, text}]`` that time did not suffice for; ``seconds``.

    Raises
    ------
    TaktwerkError
        E003 when the request has no plan; E002 when none was found.
    """
    pricing = _Pricing(request, until, report, stop)
    pricing.run_in_time()
    return pricing.answer()


@dataclass(slots=True)
class _Trial:
    """The best plan without a rule: its worth by the request's own measure, and how good it could be."""

    vector: Vector | None
    bound: float | None
    is_optimal: bool
    rule: Rule | None = None
    events: list[PlacedEvent] = field(default_factory=list)
    figures: Kpis | None = None

    @property
    def is_first_proven(self) -> bool:
        """Whether the first component of its worth is proven to be the least."""
        if self.vector is None:
            return False
        return self.is_optimal or (self.bound is not None and self.vector[0] <= self.bound)


class _Pricing:
    def __init__(self, request: OptimizationRequest, until: float, report: Reporter, stop: StopFlag) -> None:
        self._begin = time.monotonic()
        self._until = until
        self._span_s = max(1e-3, until - self._begin)
        self._report = report
        self._stop = stop
        self._frozen = {key for key, p in pins(request.schedule_data, request).items() if p is Pin.FROZEN}
        self._freeze_rules = [r for r in RuleBook(request).facts if r.kind == "freeze"]
        self._request = _comparable(request)
        self._names = objective_names(self._request)
        self._best: _Trial | None = None
        self._everything: _Trial | None = None
        self._trials: list[_Trial] = []
        self._left: list[Rule] = []
        self._failure: Exception | None = None

    def run_in_time(self) -> None:
        """Price until the time is up, whatever is under way then."""
        thread = threading.Thread(target=self._guarded, name="prices", daemon=True)
        thread.start()
        while thread.is_alive() and time.monotonic() < self._until and not self._stop.stopped:
            thread.join(0.05)
        thread.join(_STOPS_WITHIN_S)
        if self._failure is not None:
            raise self._failure
        if self._best is None:
            raise TaktwerkError(ErrorCode.SOLVER_TIMEOUT, "No plan was found to compare with. Give it more time.")

    def _guarded(self) -> None:
        try:
            self._run()
        except Exception as error:
            self._failure = error

    def _run(self) -> None:
        """Price everything there is time for."""
        self._best = base = self._base()
        decisions = RuleBook(self._request).decisions
        self._left = [*self._freeze_rules, *(r for r in decisions if r.kind in PRICED_KINDS and _is_free(r))]
        if not self._left:
            return
        self._everything = self._trial(self._left, _SHARE_FOR_ALL * self._left_s, base)
        self._each(base, self._everything)
        if not base.is_first_proven and self._left_s > _LEAST_STEP_S and not self._stop.stopped:
            self._trial([], self._left_s, base)  # what mere searching still gains is no lock's price

    def _base(self) -> _Trial:
        """Return the best plan of the request as it stands."""
        self._report.phase("Solving as it stands", 0.0)
        outcome = self._solve(self._request, _SHARE_FOR_BASE * self._left_s)
        if outcome.status == "infeasible":
            details = {"conflict": outcome.conflict, "repairs": outcome.repairs}
            raise TaktwerkError(ErrorCode.INFEASIBLE_PROBLEM, "There is no plan, so nothing to compare with.", details)
        if outcome.events is None or outcome.vector is None:
            raise TaktwerkError(ErrorCode.SOLVER_TIMEOUT, "No plan was found to compare with. Give it more time.")
        return self._found(outcome.vector, outcome)

    def _each(self, base: _Trial, everything: _Trial) -> None:
        """Try rule after rule while there is time."""
        if everything.is_first_proven and everything.vector == base.vector:  # nothing to be gained at all
            self._trials = [replace(everything, rule=rule) for rule in self._left]
            self._left = []
        count = len(self._left)
        while self._left:
            left_s = self._left_s if base.is_first_proven else self._left_s - _SHARE_FOR_END * self._span_s
            if left_s < _LEAST_STEP_S or self._stop.stopped:
                return
            rule = self._left[0]
            self._report.phase(f"Price {len(self._trials) + 1} of {count}: {rule.text}", 100 * self._done)
            step = min(_MOST_STEP_S, max(_LEAST_STEP_S, left_s / len(self._left)))
            self._trials.append(replace(self._trial([rule], step, base), rule=rule))
            del self._left[0]

    def _trial(self, released: Sequence[Rule], seconds: float, base: _Trial) -> _Trial:
        """Solve without some rules, from the best plan known; a plan that keeps them after all betters the base."""
        book = RuleBook(self._started_from(base.events))
        variant = book.without([rule for rule in released if rule.kind != "freeze"])
        if any(rule.kind == "freeze" for rule in released):
            variant = self._thawed(variant)
        outcome = self._solve(variant, min(seconds, self._left_s))
        if outcome.events is None:
            return _Trial(None, None, False)
        vector = self._worth(outcome.events)
        if base.vector is not None and vector < base.vector and keeps_rules(self._request, outcome.events):
            base.vector, base.events, base.figures = vector, outcome.events, self._figures(outcome.events)
        return self._found(vector, outcome)

    def _found(self, vector: Vector, outcome: Outcome) -> _Trial:
        events = outcome.events or []
        is_optimal = outcome.status == "optimal"
        return _Trial(vector, outcome.bound, is_optimal, events=events, figures=self._figures(events))

    def _solve(self, request: OptimizationRequest, seconds: float) -> Outcome:
        options = request.options.model_copy(update={"time_limit": max(0.1, seconds), "warm_start": True})
        return solve(request.model_copy(update={"options": options}), SilentReporter(), self._stop)

    def _worth(self, events: list[PlacedEvent]) -> Vector:
        return objective_vector(self._request, apply_result(self._request.schedule_data, events, mark_manual=False))

    def _started_from(self, events: list[PlacedEvent]) -> OptimizationRequest:
        """Return the request with a plan as its present one, unless changes of the present plan count."""
        weights = self._request.options.weights
        if self._request.options.incremental_mode or (weights is not None and weights.change):
            return self._request
        schedule = apply_result(self._request.schedule_data, events, mark_manual=False)
        return self._request.model_copy(update={"schedule_data": schedule})

    def _thawed(self, request: OptimizationRequest) -> OptimizationRequest:
        scope = request.options.scope
        assert scope is not None and scope.event_ids is not None
        scope = Scope(event_ids=(*scope.event_ids, *sorted(self._frozen)))
        return request.model_copy(update={"options": request.options.model_copy(update={"scope": scope})})

    @property
    def _left_s(self) -> float:
        return max(0.0, self._until - time.monotonic())

    @property
    def _done(self) -> float:
        return 1 - self._left_s / self._span_s

    # the answer

    def answer(self) -> dict[str, Any]:
        """Return what is known."""
        base, everything = self._best, self._everything
        assert base is not None and base.vector is not None
        rows = [self._row(base, trial) for trial in list(self._trials)]
        rows.sort(key=lambda row: (-row["improvement"], row["improvementText"] == "no gain", not row["exact"]))
        scale = SCALE[objective_name(self._request)]
        total = None if everything is None else self._gain(base, everything)
        return {
            "objective": objective_name(self._request),
            "value": base.vector[0] / scale,
            "valueText": value_words(self._names[0], base.vector[0] / scale),
            "proven": base.is_first_proven,
            "all": total,
            "prices": rows,
            "notExamined": [{"kind": r.kind, "id": r.id, "text": r.text} for r in list(self._left)],
            "seconds": round(time.monotonic() - self._begin, 2),
        }

    def _row(self, base: _Trial, trial: _Trial) -> dict[str, Any]:
        assert trial.rule is not None
        return trial.rule.to_json() | self._gain(base, trial)

    def _gain(self, base: _Trial, trial: _Trial) -> dict[str, Any]:
        assert base.vector is not None
        scale = SCALE[objective_name(self._request)]
        vector = base.vector if trial.vector is None else min(base.vector, trial.vector)
        is_exact = base.is_first_proven and (trial.is_first_proven or vector[0] == 0)
        out: dict[str, Any] = {
            "improvement": (base.vector[0] - vector[0]) / scale,
            "improvementText": self._words(base, trial, vector),
            "exact": is_exact,
        }
        if not is_exact and trial.bound is not None:
            out["atMost"] = max(0.0, base.vector[0] - trial.bound) / scale
        return out

    def _words(self, base: _Trial, trial: _Trial, vector: Vector) -> str:
        """Return a gain in words; of a mix, in the figures that it mixes."""
        assert base.vector is not None
        if vector == base.vector or self._names != (WEIGHTED_MIX,):
            return improvement_words(self._names, base.vector, vector)
        if base.figures is None or trial.figures is None:
            return improvement_words(self._names, base.vector, vector)
        return figures_words(base.figures, trial.figures)

    def _figures(self, events: list[PlacedEvent]) -> Kpis | None:
        if self._names != (WEIGHTED_MIX,):
            return None
        return kpis(apply_result(self._request.schedule_data, events, mark_manual=False))


def _comparable(request: OptimizationRequest) -> OptimizationRequest:
    """Return the request so that it means the same whatever plan stands in it.

    What is frozen or out of scope is named one by one, the horizon's start is given, and there is a search.
    """
    schedule = request.schedule_data
    held = pins(schedule, request)
    fixed = {key for key, pin in held.items() if pin in (Pin.FROZEN, Pin.OUT_OF_SCOPE)}
    scope = Scope(event_ids=tuple(op.id for op in schedule.snapshot.events if op.id not in fixed))
    metadata = schedule.metadata.model_copy(
        update={"horizon_start": from_ms(horizon_start_ms(schedule)), "freeze_until": None}
    )
    return request.model_copy(
        update={
            "schedule_data": schedule.model_copy(update={"metadata": metadata}),
            "options": request.options.model_copy(update={"scope": scope}),
            "algorithm_id": _AUTO if request.algorithm_id == _ONLY_RULES else request.algorithm_id,
        }
    )


def _is_free(rule: Rule) -> bool:
    """Whether releasing it frees anything: a lock of what stands in the past does not."""
    return all(edit["kind"] != "tolerate" for edit in rule.release)
