"""Plans of a solver are never trusted: rebuilt here, checked by the independent checker, and weighed anew."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from app.collector import collector_paused
from engine.apply import apply_result
from engine.check import Violation, check, untolerated
from engine.errors import ErrorCode, TaktwerkError
from engine.messages import BadMessage, decode_plan, encode_plan
from engine.metrics import changed_ids, metrics, objective_vector
from engine.model import Metrics, OptimizationRequest, OptimizationResult, PlacedEvent
from engine.pinning import pins
from engine.plan import PlanFacts

_SHOWN = 20
_log = logging.getLogger("taktwerk.optimization")


@dataclass(frozen=True, slots=True)
class Claim:
    """A plan as a solver hands it over, and what it says of it.

    Times are in ms since the run began, ``bound`` is in the objective's native unit. ``vector`` is ``None`` when
    nothing is known of what it said.
    """

    plan: bytes
    vector: tuple[int, ...] | None
    elapsed_ms: int
    is_optimal: bool = False
    bound: float | None = None
    first_solution_ms: int | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """A plan that passed. ``plan`` is its contract JSON, with ``changed`` told truly; ``vector`` its true worth."""

    result: OptimizationResult
    plan: bytes
    vector: tuple[int, ...]


def verify(request: OptimizationRequest, claim: Claim) -> Checked:
    """Return the plan with its metrics when it keeps every rule.

    Rules that only operations break which nobody can move (started, completed, frozen, out of scope) do not speak
    against a plan; they count as violations in its metrics and are named in its warnings.

    Raises
    ------
    TaktwerkError
        E007 with ``details.violations`` when the plan breaks a rule, or cannot be read or laid over the request.
    """
    with collector_paused():
        try:
            return _verify(request, claim)
        except TaktwerkError as error:
            raise _refused(error.message, error.details) from error
        except BadMessage as error:
            raise _refused(str(error)) from error
        except (ValueError, KeyError, IndexError, TypeError, OverflowError) as error:
            _log.exception("the checker failed on a plan")
            raise _refused(f"it does not fit the schedule ({type(error).__name__}: {error})") from error


def _verify(request: OptimizationRequest, claim: Claim) -> Checked:
    base = request.schedule_data
    events = decode_plan(claim.plan)
    schedule = apply_result(base, events, mark_manual=False)
    facts = PlanFacts(schedule)
    violations = check(schedule, base, request, facts)
    broken = untolerated(violations, pins(base, request)) if violations else []
    if broken:
        raise _breaks_rules(broken)
    vector = objective_vector(request, schedule, facts)
    found = metrics(
        request,
        schedule,
        violations=violations,
        best_bound=claim.bound,
        first_solution_ms=claim.first_solution_ms,
        solve_ms=claim.elapsed_ms,
        facts=facts,
    )
    found, doubts = _weighed(found, claim, vector)
    warnings = (*claim.warnings, *_tolerated_warning(violations), *doubts)
    told = _with_true_flags(events, set(changed_ids(base, schedule)))
    plan = claim.plan if told is events else encode_plan(told)
    return Checked(OptimizationResult(events=tuple(told), metrics=found, warnings=warnings), plan, vector)


def _weighed(found: Metrics, claim: Claim, vector: tuple[int, ...]) -> tuple[Metrics, tuple[str, ...]]:
    """Believe a solver's bound and proof only as far as its other figures are right."""
    value = found.objective_value or 0.0
    is_honest = claim.vector is None or vector == claim.vector
    if not is_honest:
        _log.error("the solver claimed the objective %s for a plan that is worth %s", claim.vector, vector)
    bound = claim.bound if is_honest else None
    if bound is not None and bound > value + 1e-6 * max(1.0, abs(value)):
        _log.error("the solver claimed the bound %s for a plan that is worth %s", bound, value)
        bound, is_honest = None, False
    if is_honest and claim.is_optimal:
        return found.model_copy(update={"best_bound": value, "gap": 0.0, "proof": "optimal"}), ()
    if is_honest:
        return found, ()
    doubt = "The solver's own figures for this plan were wrong; those shown are the checked ones, without a bound."
    return found.model_copy(update={"best_bound": None, "gap": None, "proof": "feasible"}), (doubt,)


def _with_true_flags(events: list[PlacedEvent], changed: set[str]) -> list[PlacedEvent]:
    if all(event.changed == (event.id in changed) for event in events):
        return events
    return [
        event if event.changed == (event.id in changed) else event.model_copy(update={"changed": event.id in changed})
        for event in events
    ]


def _tolerated_warning(violations: list[Violation]) -> tuple[str, ...]:
    if not violations:
        return ()
    count = "1 rule is" if len(violations) == 1 else f"{len(violations)} rules are"
    return (f"{count} broken by operations that may not move. {violations[0].message}",)


def _breaks_rules(broken: list[Violation]) -> TaktwerkError:
    count = "1 rule" if len(broken) == 1 else f"{len(broken)} rules"
    return TaktwerkError(
        ErrorCode.INTERRUPTED,
        f"it breaks {count}. {broken[0].message}",
        {"violations": [_shown(violation) for violation in broken[:_SHOWN]], "count": len(broken)},
    )


def _shown(violation: Violation) -> dict[str, object]:
    return {"rule": violation.rule, "message": violation.message, "eventIds": list(violation.event_ids)}


def _refused(reason: str, details: dict[str, object] | None = None) -> TaktwerkError:
    return TaktwerkError(
        ErrorCode.INTERRUPTED,
        f"The solver's plan was refused: {reason.rstrip('.')}. This is a fault of the program; please report it.",
        details,
    )
