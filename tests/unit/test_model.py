"""The contract as models: names, defaults, strictness, round trips."""

from __future__ import annotations

import json
import re

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

import engine.model as model
from engine.instants import parse_instant
from engine.model import (
    Calendar,
    Constraint,
    Demand,
    Dependency,
    DependencyType,
    Mode,
    Operation,
    OptimizationRequest,
    Resource,
    Schedule,
    SetupRule,
    Status,
)
from tests.support.plants import after, at, calendar, machine, matrix, op, order, outage, plant, request, set_rule

FULL = plant(
    [
        op(
            "A",
            60,
            "M",
            0,
            modes=["M", ("N", 30)],
            demands=["K", ["K", "L"]],
            family="x",
            order="O",
            release=0,
            due=9,
            deadline=99,
        )
    ],
    [
        machine(
            "M", calendar="C", setup_matrix="S", initial_setup="x", cost_per_hour=1.5, group="g", attributes={"a": [1]}
        )
    ],
    dependencies=[after("A", "A", 3, 5, 9)],
    constraints=[outage("M", 0, 9), set_rule("nooverlap", "A")],
    calendars=[calendar("C", "06:00-14:00", zone="Europe/Berlin", exceptions=[("2026-12-24", "2026-12-26", False)])],
    orders=[order("O", due=9, quantity=2.5, customer="c", product="p", priority=2.0)],
    matrices=[matrix("S", {("x", "*"): 5, ("y", "x"): None}, 9)],
    now=0,
    freeze=60,
)


def test_a_schedule_survives_json():
    text = json.dumps(FULL.to_json())
    again = Schedule.model_validate_json(text)
    assert again == FULL
    assert hash(again.snapshot.events[0]) == hash(FULL.snapshot.events[0])
    assert json.dumps(again.to_json()) == text


def test_a_request_survives_json():
    asked = request(FULL, locked=["A"], objective="minimize_cost", workers=1)
    assert OptimizationRequest.model_validate(asked.to_json()) == asked


def test_wire_names_are_those_of_the_contract():
    event = FULL.to_json()["snapshot"]["events"][0]
    assert set(event) >= {
        "resourceId",
        "startDate",
        "endDate",
        "manuallyScheduled",
        "setupFamily",
        "orderId",
        "percentDone",
    }
    assert event["startDate"] == "2026-01-05T00:00:00Z"
    assert event["modes"] == [{"resourceId": "M"}, {"resourceId": "N", "duration": 1_800_000}]
    assert FULL.to_json()["snapshot"]["setupMatrices"][0]["rules"][0] == {
        "from": "x",
        "to": "*",
        "duration": 300_000,
        "forbidden": False,
    }
    assert FULL.to_json()["snapshot"]["calendars"][0]["week"][0]["from"] == "06:00"


def test_absent_fields_are_left_out():
    assert "deadline" not in op("A").__class__(id="A", name="A", duration=1).to_json()
    assert "calendar" not in machine().to_json()


WIRE_MODELS = [
    m for m in vars(model).values() if isinstance(m, type) and issubclass(m, BaseModel) and m is not BaseModel
]


@pytest.mark.parametrize("kind", WIRE_MODELS, ids=lambda m: m.__name__)
def test_every_model_is_frozen_strict_and_closed(kind):
    assert kind.model_config["frozen"]
    assert kind.model_config["strict"]
    assert kind.model_config["extra"] == "forbid"
    assert kind.model_config["allow_inf_nan"] is False
    for name, field in kind.model_fields.items():
        assert re.fullmatch(r"[a-z][a-zA-Z]*", str(field.serialization_alias)), name


def test_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        op("A").duration = 5  # type: ignore[misc]


@pytest.mark.parametrize(
    "fields",
    [
        {"duration": "5"},
        {"duration": 5.0},
        {"duration": True},
        {"duration": -1},
        {"locked": 1},
        {"priority": float("nan")},
    ],
)
def test_nothing_is_converted(fields):
    with pytest.raises(ValidationError):
        Operation(**{"id": "A", "name": "A", "duration": 1, **fields})


def test_defaults():
    made = Operation(id="A", name="A", duration=1)
    assert (made.status, made.interruptible, made.locked, made.percent_done) == (Status.PLANNED, True, False, 0)
    assert made.weight == 1.0
    assert order("O", priority=0.0).weight == 0.0
    assert Resource(id="M", name="M").model_dump(exclude_none=True) == {
        "id": "M",
        "name": "M",
        "type": "machine",
        "capacity": 1,
        "infinite": False,
        "nonrenewable": False,
        "efficiency": 1.0,
    }
    assert Dependency(id="1", from_event="A", to_event="B").type is DependencyType.FINISH_TO_START
    options = OptimizationRequest(schedule_data=FULL).options
    assert (options.time_limit, options.warm_start, options.incremental_mode, options.seed) == (30, True, False, 0)


@pytest.mark.parametrize(
    ("unit", "expected"), [("ms", 2), ("s", 1_500), ("m", 90_000), ("h", 5_400_000), ("d", 129_600_000)]
)
def test_lags_in_their_units(unit, expected):
    link = Dependency(id="1", from_event="A", to_event="B", lag=1.5, lag_unit=unit, max_lag=1.5, max_lag_unit=unit)
    assert link.lag_ms == link.max_lag_ms == expected
    assert after("A", "B").max_lag_ms is None
    assert after("A", "B", lag=-2).lag_ms == -120_000


def test_alternatives():
    assert op("A", on="M").alternatives == (Mode(resource_id="M"),)
    assert op("A").alternatives == ()
    assert [m.resource_id for m in op("A", on="X", modes=["M", "N"]).alternatives] == ["M", "N"]


def test_candidates_of_a_demand():
    assert Demand(resource_id="K").candidates == ("K",)
    assert Demand(resource_ids=("K", "L"), resource_id="L").candidates == ("K", "L")
    assert Demand().candidates == ()


def test_placed_needs_both_ends():
    assert op("A", start=0).is_placed
    assert not op("A", start_date=at(0)).is_placed
    assert not op("A", end_date=at(0)).is_placed


@pytest.mark.parametrize("kind", ["muststarton", "unavailable", "sameresource"])
def test_constraints_are_told_apart_by_type(kind):
    fields = {"date": "2026-01-05T00:00Z", "start": "2026-01-05T00:00Z", "end": "2026-01-06T00:00Z"}
    named = {"eventId": "A", "resourceId": "M", "eventIds": ["A"]}
    wanted = {
        "muststarton": {"eventId", "date"},
        "unavailable": {"resourceId", "start", "end"},
        "sameresource": {"eventIds"},
    }[kind]
    given = {k: v for k, v in {**fields, **named}.items() if k in wanted}
    made = TypeAdapter(Constraint).validate_python({"id": "1", "type": kind, **given})
    assert made.type == kind
    with pytest.raises(ValidationError):
        TypeAdapter(Constraint).validate_python({"id": "1", "type": kind, **fields, **named})


@pytest.mark.parametrize("text", ["24:01", "25:00", "6:00", "06:60", "06:00:60", "", "24:00:01"])
def test_clock_times_that_are_none(text):
    with pytest.raises(ValidationError):
        calendar("C", f"{text}-07:00")


def test_dates_are_aware_and_utc():
    made = Operation.model_validate({"id": "A", "name": "", "duration": 1, "dueDate": "2026-07-01T12:00:00+02:00"})
    assert made.due_date == parse_instant("2026-07-01T10:00Z")
    assert made.to_json()["dueDate"] == "2026-07-01T10:00:00Z"
    with pytest.raises(ValidationError, match="aware"):
        Operation(id="A", name="", duration=1, due_date=at(0).replace(tzinfo=None))


def test_a_rule_that_forbids_needs_no_duration():
    rule = SetupRule.model_validate({"from": "a", "to": "b", "forbidden": True})
    assert (rule.duration, rule.forbidden) == (0, True)


def test_a_calendar_without_a_week_is_written_out():
    assert Calendar(id="C", name="C", week=()).to_json() == {"id": "C", "name": "C", "week": [], "exceptions": []}
