"""Certificates: each claim holds for an honest run, and each lie is caught by the claim that it is about."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from app.certificates import certify_response, input_hash_of, parse_certificate
from engine.apply import placed_events
from engine.certificate import Certificate, Claims, Finding, examine, examine_again, plan_hash
from engine.errors import ErrorCode, TaktwerkError
from engine.metrics import metrics, objective_vector
from engine.model import (
    Locks,
    Metrics,
    OptimizationRequest,
    OptimizationResponse,
    OptimizationResult,
    PlacedEvent,
    RunStatus,
    Schedule,
)
from tests.support.plants import MINUTE, after, at, block, op, order, plant, request


def solved(start_of_b: float = 60, **options: Any) -> tuple[OptimizationRequest, Schedule]:
    """A request for two operations in a row, and a plan for it; the least makespan is 90 minutes."""
    asked = plant(
        [op("A", 60, on="M1", order="O1"), op("B", 30, on="M2", order="O1")],
        dependencies=[after("A", "B")],
        orders=[order(due=80, priority=2.0)],
        now=0,
    )
    plan = plant(
        [op("A", 60, on="M1", start=0, order="O1"), op("B", 30, on="M2", start=start_of_b, order="O1")],
        dependencies=[after("A", "B")],
        orders=[order(due=80, priority=2.0)],
        now=0,
    )
    return request(asked, objective="minimize_makespan", **options), plan


def claimed(
    asked: OptimizationRequest, plan: Schedule, bound: float | None = 90 * MINUTE, **changes: Any
) -> tuple[tuple[PlacedEvent, ...], Claims]:
    """The plan's events, and honest claims of it but for the changes to its metrics."""
    events = placed_events(plan, asked.schedule_data)
    found = metrics(asked, plan, best_bound=bound).model_copy(update=changes)
    hashes = (input_hash_of(asked), input_hash_of(asked))
    return events, Claims(found, objective_vector(asked, plan), plan_hash(events), hashes)


def states(findings: list[Finding]) -> dict[str, str]:
    return {finding.name: finding.state for finding in findings}


def failed(findings: list[Finding]) -> list[str]:
    return [finding.name for finding in findings if finding.state == "failed"]


def test_an_honest_run_holds() -> None:
    asked, plan = solved()
    events, claims = claimed(asked, plan)
    assert claims.metrics.proof == "optimal"
    names = ("input", "plan", "rules", "objective", "figures", "gap", "bound", "proof")
    assert states(examine(asked, events, claims)) == dict.fromkeys(names, "ok")


def test_what_is_not_recorded_is_skipped() -> None:
    asked, plan = solved(70)
    events, claims = claimed(asked, plan, bound=None)
    found = states(examine(asked, events, Claims(claims.metrics)))
    assert found == {
        "input": "skipped",
        "plan": "skipped",
        "rules": "ok",
        "objective": "ok",
        "figures": "ok",
        "gap": "ok",
        "bound": "skipped",
    }


@pytest.mark.parametrize(
    ("changes", "caught"),
    [
        ({"objective_value": 80.0 * MINUTE}, ["objective"]),
        ({"objective": "minimize_tardiness"}, ["objective"]),
        ({"objective_value": None}, ["objective"]),
        ({"gap": 0.5}, ["gap"]),
        ({"gap": None}, ["gap"]),
        ({"best_bound": 95.0 * MINUTE, "gap": 5 / 90}, ["bound", "proof"]),
        ({"best_bound": 60.0 * MINUTE, "gap": 1 / 3}, ["proof"]),
        ({"best_bound": None, "gap": None}, ["proof"]),
        ({"best_bound": None}, ["gap", "proof"]),
        ({"late_orders": 0}, ["figures"]),
        ({"makespan": 1}, ["figures"]),
        ({"cost": 0.5}, ["figures"]),
        ({"constraint_violations": 1}, ["figures"]),
        ({"improvement_percentage": 12.0}, ["figures"]),
        ({"solve_ms": 1, "first_solution_ms": 1}, []),
    ],
)
def test_each_false_figure_is_caught(changes: dict[str, Any], caught: list[str]) -> None:
    asked, plan = solved()
    events, claims = claimed(asked, plan, **changes)
    assert failed(examine(asked, events, claims)) == caught


def test_a_false_vector_is_caught() -> None:
    asked, plan = solved()
    events, claims = claimed(asked, plan)
    found = examine(asked, events, Claims(claims.metrics, (90 * MINUTE - 1,), claims.plan_hash, claims.input_hash))
    assert failed(found) == ["objective"]


def test_a_plan_that_was_changed_is_caught() -> None:
    asked, plan = solved()
    events, claims = claimed(asked, plan)
    moved = (events[0], events[1].model_copy(update={"start_date": at(61), "end_date": at(91)}))
    assert failed(examine(asked, moved, claims)) == ["plan", "objective", "figures", "gap", "proof"]
    broken = (events[0], events[1].model_copy(update={"start_date": at(59), "end_date": at(89)}))
    assert {"plan", "rules", "objective"} <= set(failed(examine(asked, broken, claims)))


def test_a_plan_for_another_input_is_caught() -> None:
    asked, plan = solved()
    events, claims = claimed(asked, plan)
    longer = request(plant([op("A", 70, on="M1"), op("B", 30, on="M2")], now=0), objective="minimize_makespan")
    found = examine(longer, events, Claims(claims.metrics, None, None, (input_hash_of(asked), input_hash_of(longer))))
    assert {"input", "rules"} <= set(failed(found))
    other = request(plant([op("X", 70, on="M1")], now=0))
    assert failed(examine(other, events, claims))[-1] == "rules"


def test_locks_and_blocks_of_the_request_are_rules_too() -> None:
    asked, plan = solved()
    blocked = asked.model_copy(update={"locks": Locks(resource_intervals=(block("M2", 70, 80),))})
    events, claims = claimed(asked, plan)
    assert failed(examine(blocked, events, Claims(claims.metrics))) == ["rules", "figures"]


def test_a_bound_above_the_inputs_own_plan_is_caught() -> None:
    """The plan found is worth 100 minutes, the claimed bound 95, and the input itself held a plan of 90."""
    _, good = solved(60)
    _, worse = solved(70)
    asked = request(good, objective="minimize_makespan")
    events, claims = claimed(asked, worse, bound=95 * MINUTE)
    assert failed(examine(asked, events, claims)) == ["bound"]


def test_hashes_of_plans() -> None:
    _, plan = solved()
    events = placed_events(plan)
    changed = tuple(event.model_copy(update={"changed": True}) for event in reversed(events))
    assert plan_hash(events) == plan_hash(changed)
    later = (events[0].model_copy(update={"end_date": at(61)}), events[1])
    elsewhere = (events[0].model_copy(update={"resource_id": "M3"}), events[1])
    choosing = (events[0].model_copy(update={"demands": ("crew",)}), events[1])
    assert len({plan_hash(one) for one in (events, later, elsewhere, choosing, events[:1])}) == 5


def again(value: float, bound: float | None, proof: str = "feasible") -> Metrics:
    asked, plan = solved()
    update = {"objective_value": value * MINUTE, "best_bound": bound and bound * MINUTE, "proof": proof}
    return metrics(asked, plan).model_copy(update=update)


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (again(90, 90, "optimal"), again(90, 90, "optimal"), {"bound again": "ok", "optimal again": "ok"}),
        (again(90, 90, "optimal"), again(95, 60), {"bound again": "ok", "optimal again": "skipped"}),
        (again(90, 90, "optimal"), again(80, 80, "optimal"), {"bound again": "failed", "optimal again": "failed"}),
        (again(90, 90, "optimal"), again(95, 95, "optimal"), {"bound again": "failed", "optimal again": "failed"}),
        (again(90, 70), again(80, 75), {"bound again": "ok"}),
        (again(90, 70), again(60, 50), {"bound again": "failed"}),
        (again(90, 70), again(99, 95), {"bound again": "failed"}),
        (again(90, None), again(60, 50), {"bound again": "skipped"}),
    ],
)
def test_solving_again_speaks_for_or_against(first: Metrics, second: Metrics, found: dict[str, str]) -> None:
    assert states(examine_again(Claims(first), second, again_hash=None)) == found


def test_a_deterministic_run_has_to_give_the_same_plan() -> None:
    claims = Claims(again(90, 70), None, "a" * 64)
    assert states(examine_again(claims, again(90, 70), again_hash="a" * 64))["reproduced"] == "ok"
    assert states(examine_again(claims, again(90, 70), again_hash="b" * 64))["reproduced"] == "failed"


def certificate() -> tuple[OptimizationRequest, Certificate]:
    asked, plan = solved(seed=7, workers=1)
    result = OptimizationResult(events=placed_events(plan), metrics=metrics(asked, plan, best_bound=90 * MINUTE))
    response = OptimizationResponse(run_id="r1", status=RunStatus.COMPLETED, result=result)
    made = certify_response(asked, response)
    assert made is not None
    return asked, made


def test_a_certificate_holds_what_it_takes() -> None:
    asked, made = certificate()
    assert (made.run_id, made.operations, made.options.seed, made.algorithm_id) == ("r1", 2, 7, 1)
    assert made.input_hash == input_hash_of(asked) and made.plan is not None
    assert made.plan_hash == plan_hash(made.plan)
    assert made.request_for(asked.schedule_data) == asked
    assert made.solver_version is not None and made.solver_version.startswith("ortools ")
    assert abs(dt.datetime.now(dt.UTC) - made.made_at) < dt.timedelta(minutes=5)
    assert parse_certificate(made.to_json(), "c.json") == made


@pytest.mark.parametrize("change", [{"inputHash": "x"}, {"format": "other"}, {"extra": 1}, {"vector": ["a"]}])
def test_what_is_no_certificate_is_refused(change: dict[str, Any]) -> None:
    _, made = certificate()
    with pytest.raises(TaktwerkError) as caught:
        parse_certificate({**made.to_json(), **change}, "c.json")
    assert caught.value.code is ErrorCode.INVALID_SCHEDULE


def test_without_a_plan_there_is_nothing_to_certify() -> None:
    asked, _ = solved()
    assert certify_response(asked, OptimizationResponse(run_id="r", status=RunStatus.CANCELLED)) is None


def test_a_request_from_another_day_has_another_hash() -> None:
    asked, _ = solved()
    assert input_hash_of(asked) == input_hash_of(OptimizationRequest.model_validate(asked.to_json()))
    for changed in (asked.model_copy(update={"algorithm_id": 2}), solved(seed=1)[0]):
        assert input_hash_of(changed) != input_hash_of(asked)
