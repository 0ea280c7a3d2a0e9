"""What a run claims of its plan, in a form that anybody can check again: the certificate, and the examination.

The examination trusts nothing that the run stored. It lays the plan over the input, asks the independent checker,
weighs the plan anew and holds every claimed figure against what it finds.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints

from engine.apply import apply_result
from engine.check import check, untolerated
from engine.errors import TaktwerkError
from engine.instants import Instant, to_ms
from engine.metrics import gap_of, metrics, objective_value, objective_vector
from engine.model import Dto, Id, Locks, Many, Metrics, OptimizationRequest, Options, PlacedEvent, Schedule
from engine.pinning import pins
from engine.plan import PlanFacts
from engine.wording import length

FORMAT: Final = "taktwerk-certificate-1"
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
State = Literal["ok", "failed", "skipped"]

_TOLERANCE: Final = 1e-6
_CLAIMED: Final = frozenset({"objective", "objective_value", "best_bound", "gap", "proof"})
_UNCHECKABLE: Final = frozenset({"first_solution_ms", "solve_ms"})


class Certificate(Dto):
    """The claims of one run, and what it takes to check them.

    ``metrics`` holds the objective, its value, bound, gap and proof, ``vector`` the whole worth of the plan as in
    ``engine.metrics``. ``input_hash`` is the SHA-256 of the request in canonical JSON, ``plan_hash`` that of the plan
    (see ``plan_hash``). ``options`` and ``locks`` with the algorithm are the parameters, so that the input's schedule
    alone suffices to rebuild the request. ``plan`` is there in a certificate that stands for itself.
    """

    format: Literal["taktwerk-certificate-1"] = FORMAT
    run_id: Id
    made_at: Instant
    program_version: str
    solver_version: str | None = None
    python_version: str
    cores: Annotated[int, Field(ge=1)]
    input_hash: Sha256
    plan_hash: Sha256
    operations: int
    algorithm_id: Annotated[int, Field(ge=1, le=4)]
    profile_id: int | None = None
    options: Options
    locks: Locks = Locks()
    vector: Many[int]
    metrics: Metrics
    plan: Many[PlacedEvent] | None = None

    def request_for(self, schedule: Schedule) -> OptimizationRequest:
        """Return the request that the run solved, given its schedule."""
        return OptimizationRequest(
            schedule_data=schedule,
            algorithm_id=self.algorithm_id,
            profile_id=self.profile_id,
            options=self.options,
            locks=self.locks,
        )


@dataclass(frozen=True, slots=True)
class Claims:
    """What is claimed; ``None`` = not recorded. ``input_hash`` is a pair: as recorded, as found."""

    metrics: Metrics
    vector: tuple[int, ...] | None = None
    plan_hash: str | None = None
    input_hash: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One claim examined: its name, whether it holds, and why in one sentence."""

    name: str
    state: State
    text: str

    def to_json(self) -> dict[str, str]:
        """Return it as plain JSON data."""
        return {"claim": self.name, "state": self.state, "text": self.text}


def plan_hash(events: Iterable[PlacedEvent]) -> str:
    """Return the SHA-256 of a plan.

    Of the JSON text, without spaces and in UTF-8, of the list of ``[id, resourceId, start, end, demands]`` sorted by
    id, with times in UTC ms and null for what is absent. Whether a placement changed plays no part.
    """
    rows = [
        [
            event.id,
            event.resource_id,
            None if event.start_date is None else to_ms(event.start_date),
            None if event.end_date is None else to_ms(event.end_date),
            event.demands,
        ]
        for event in sorted(events, key=lambda event: event.id)
    ]
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def examine(request: OptimizationRequest, events: tuple[PlacedEvent, ...], claims: Claims) -> list[Finding]:
    """Return what becomes of every claim when it is checked anew.

    Parameters
    ----------
    request
        What was solved.
    events
        The plan.
    claims
        What is said of it.
    """
    found = [_input(claims), _plan(events, claims)]
    try:
        plan = apply_result(request.schedule_data, events, mark_manual=False)
    except (TaktwerkError, ValueError) as error:
        return [*found, Finding("rules", "failed", f"The plan does not fit the input: {error}")]
    facts = PlanFacts(plan)
    violations = check(plan, request.schedule_data, request, facts)
    broken = untolerated(violations, pins(request.schedule_data, request))
    if broken:
        count = "1 rule" if len(broken) == 1 else f"{len(broken)} rules"
        found.append(Finding("rules", "failed", f"The plan breaks {count}. {broken[0].message}"))
    else:
        found.append(Finding("rules", "ok", f"The checker finds no broken rule in {len(facts.starts):,} placements."))
    anew = metrics(request, plan, violations=violations, best_bound=claims.metrics.best_bound, facts=facts)
    vector = objective_vector(request, plan, facts)
    found += [_objective(anew, vector, claims), _figures(anew, claims.metrics)]
    return found + _bounds(anew, claims.metrics, _known_value(request))


def examine_again(claims: Claims, again: Metrics, *, again_hash: str | None) -> list[Finding]:
    """Return what solving the request once more says of the claims.

    Parameters
    ----------
    claims
        What is said of the first run's plan.
    again
        The second run's metrics, its plan checked.
    again_hash
        The hash of its plan where the two have to be identical (one worker, deterministic), else ``None``.
    """
    first = claims.metrics
    value, bound = first.objective_value or 0.0, first.best_bound
    new_value, new_bound = again.objective_value or 0.0, again.best_bound
    found: list[Finding] = []
    if again_hash is not None and claims.plan_hash is not None:
        same = again_hash == claims.plan_hash
        text = "Solved again, the plan is identical." if same else "Solved again, the plan is another one."
        found.append(Finding("reproduced", "ok" if same else "failed", text))
    if bound is None:
        found.append(Finding("bound again", "skipped", "No bound is claimed."))
    elif new_value < bound - _slack(bound):
        text = f"Solved again, a plan worth {_number(new_value)} lies below the claimed bound {_number(bound)}."
        found.append(Finding("bound again", "failed", text))
    elif new_bound is not None and new_bound > value + _slack(value):
        text = f"Solved again, the bound {_number(new_bound)} lies above the claimed objective {_number(value)}."
        found.append(Finding("bound again", "failed", text))
    else:
        text = f"Solved again: objective {_number(new_value)}, bound {_optional(new_bound)}; nothing contradicts."
        found.append(Finding("bound again", "ok", text))
    if first.proof == "optimal":
        found.append(_optimal_again(value, new_value, again.proof == "optimal"))
    return found


def _optimal_again(value: float, new_value: float, is_proven: bool) -> Finding:
    if is_proven and abs(new_value - value) <= _slack(value):
        return Finding("optimal again", "ok", f"Solved again, {_number(value)} is proven optimal.")
    if is_proven or new_value < value - _slack(value):
        text = f"Solved again, the objective is {_number(new_value)}, not the claimed optimum {_number(value)}."
        return Finding("optimal again", "failed", text)
    return Finding("optimal again", "skipped", "Solved again, the optimum was not proven within the time limit.")


def _input(claims: Claims) -> Finding:
    if claims.input_hash is None:
        return Finding("input", "skipped", "No hash of the input is recorded.")
    recorded, found = claims.input_hash
    if recorded == found:
        return Finding("input", "ok", f"The input is the one that was solved (SHA-256 {found[:12]}…).")
    text = f"The input is not the one that was solved: its SHA-256 is {found[:12]}…, recorded is {recorded[:12]}…."
    return Finding("input", "failed", text)


def _plan(events: tuple[PlacedEvent, ...], claims: Claims) -> Finding:
    if claims.plan_hash is None:
        return Finding("plan", "skipped", "No hash of the plan is recorded.")
    found = plan_hash(events)
    if found == claims.plan_hash:
        return Finding("plan", "ok", f"The plan is the one that was found (SHA-256 {found[:12]}…).")
    text = f"The plan was changed: its SHA-256 is {found[:12]}…, recorded is {claims.plan_hash[:12]}…."
    return Finding("plan", "failed", text)


def _objective(anew: Metrics, vector: tuple[int, ...], claims: Claims) -> Finding:
    name, value, claimed = anew.objective or "", anew.objective_value or 0.0, claims.metrics
    if claimed.objective is not None and claimed.objective != name:
        return Finding("objective", "failed", f"The request minimises {name}, claimed is {claimed.objective}.")
    if claimed.objective_value is None:
        return Finding("objective", "failed", f"No objective is claimed; the plan is worth {_number(value)}.")
    if not _equal(claimed.objective_value, value):
        text = f"The plan's {name} is {_number(value)}, claimed is {_number(claimed.objective_value)}."
        return Finding("objective", "failed", text)
    if claims.vector is not None and claims.vector != vector:
        text = f"The plan is worth {list(vector)}, claimed is {list(claims.vector)}."
        return Finding("objective", "failed", text)
    return Finding("objective", "ok", f"{name} is {_number(value)}{_as_time(name, value)}.")


def _figures(anew: Metrics, claimed: Metrics) -> Finding:
    """Every other figure: makespan, tardiness, late orders, cost, setups, utilisation, violations, changes."""
    wrong: list[str] = []
    for name in sorted(Metrics.model_fields.keys() - _CLAIMED - _UNCHECKABLE):
        said, found = getattr(claimed, name), getattr(anew, name)
        if not _equal(said, found):
            wrong.append(f"{name.replace('_', ' ')} is {found}, claimed is {said}")
    if wrong:
        return Finding("figures", "failed", f"{'; '.join(wrong)}.".capitalize())
    return Finding("figures", "ok", "Makespan, tardiness, cost and all other figures are as claimed.")


def _known_value(request: OptimizationRequest) -> float | None:
    """The objective of the input's own plan, if that is complete and keeps every rule: no bound may exceed it."""
    base = request.schedule_data
    facts = PlanFacts(base)
    if facts.unscheduled or not facts.starts:
        return None
    if untolerated(check(base, base, request, facts), pins(base, request)):
        return None
    return objective_value(request, objective_vector(request, base, facts))


def _bounds(anew: Metrics, claimed: Metrics, known: float | None) -> list[Finding]:
    value, bound = anew.objective_value or 0.0, claimed.best_bound
    is_optimal = claimed.proof == "optimal"
    if bound is None:
        found = [
            _said("gap", claimed.gap is None, "No gap is claimed.", "A gap is claimed without a bound."),
            Finding("bound", "skipped", "No bound is claimed."),
        ]
    else:
        gap = gap_of(value, bound)
        fits = claimed.gap is not None and gap is not None and math.isclose(gap, claimed.gap, abs_tol=_TOLERANCE)
        right = f"The gap is {100 * (gap or 0.0):.2f} %."
        wrong = f"Objective and bound make a gap of {100 * (gap or 0.0):.4g} %, claimed is {_percent(claimed.gap)}."
        least = value if known is None else min(value, known)
        below = bound <= least + _slack(least)
        low = f"The bound {_number(bound)} does not exceed the objective of any plan that is known."
        whose = "plan's" if least == value else "input plan's"
        high = f"The bound {_number(bound)} exceeds the {whose} objective {_number(least)}."
        found = [_said("gap", fits, right, wrong), _said("bound", below, low, high)]
    if is_optimal:
        met = bound is not None and abs(value - bound) <= _slack(value)
        right = "Bound and objective meet, as a proof of the optimum says."
        wrong = (
            f"Claimed is a proof of the optimum, but objective {_number(value)} and bound {_optional(bound)} differ."
        )
        found.append(_said("proof", met, right, wrong))
    return found


def _said(name: str, holds: bool, right: str, wrong: str) -> Finding:
    return Finding(name, "ok", right) if holds else Finding(name, "failed", wrong)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) or isinstance(other, float):
        return one is not None and other is not None and math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)


def _slack(value: float) -> float:
    return _TOLERANCE * max(1.0, abs(value))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.6g}"


def _optional(value: float | None) -> str:
    return "none" if value is None else _number(value)


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.4g} %"


def _as_time(name: str, value: float) -> str:
    is_time = name in ("minimize_makespan", "minimize_tardiness", "minimize_setup")
    return f" ms ({length(round(value))})" if is_time else ""
