"""Validation: each fault is found, with its path and a reason; all at once; and nothing hostile hangs."""

from __future__ import annotations

import copy
import json
import time

import pytest

from engine.errors import ErrorCode, TaktwerkError
from engine.model import Demand, Schedule, Scope
from engine.validate import LIMITS, faults_of, faults_of_request, parse_request, parse_schedule
from engine.validation import reading
from tests.support.plants import (
    DAY,
    after,
    block,
    calendar,
    date_rule,
    machine,
    matrix,
    op,
    order,
    outage,
    plant,
    request,
    set_rule,
)

GOOD = plant(
    [op("A", 60, "M", 0, order="O"), op("B", 60, modes=["M", "N"], demands=[["K", "N"]])],
    [machine("M", calendar="C", setup_matrix="S"), machine("K", capacity=3)],
    dependencies=[after("A", "B")],
    constraints=[outage("M", 0, 60), date_rule("muststarton", "A", 0), set_rule("nooverlap", "A", "B")],
    calendars=[calendar("C", "06:00-14:00", exceptions=[("2026-12-24", "2026-12-26", False)])],
    orders=[order("O", release=0, deadline=DAY)],
    matrices=[matrix("S", {("a", "b"): 10})],
    zone="Europe/Berlin",
)


def raw(schedule: Schedule = GOOD) -> dict:
    return copy.deepcopy(schedule.to_json())


def refused(data, parse=parse_schedule) -> TaktwerkError:
    with pytest.raises(TaktwerkError) as caught:
        parse(data)
    json.dumps(caught.value.to_json(), allow_nan=False)  # an error can always be sent
    return caught.value


def faults(data, parse=parse_schedule) -> dict[str, str]:
    error = refused(data, parse)
    assert error.code is ErrorCode.INVALID_SCHEDULE
    return {fault["path"]: fault["reason"] for fault in error.details["faults"]}


def test_a_good_schedule_passes_in_every_form():
    text = json.dumps(raw())
    for data in (raw(), text, text.encode(), bytearray(text.encode()), b"\xef\xbb\xbf" + text.encode()):
        assert parse_schedule(data) == GOOD
    assert faults_of(GOOD) == []


def test_dates_without_an_offset_are_in_the_plants_zone():
    data = raw()
    data["snapshot"]["events"][0] |= {"startDate": "2026-01-05T01:00", "endDate": "2026-01-05T02:00:00"}
    assert parse_schedule(data) == GOOD


SNAPSHOT_FAULTS = {
    # what is changed in the good schedule: (collection, position, fields), where it is found, part of the reason
    "missing": (("events", 0, {"duration": ...}), "events[0].duration", "is missing"),
    "unknown field": (("events", 0, {"colour": 1}), "events[0].colour", "into `attributes`"),
    "misspelt field": (("events", 0, {"duedate": "x"}), "events[0].duedate", "Maybe `dueDate`"),
    "python name": (("events", 0, {"due_date": "x"}), "events[0].due_date", "Maybe `dueDate`"),
    "negative": (("events", 0, {"duration": -1}), "events[0].duration", "at least 0"),
    "fraction": (("events", 0, {"duration": 1.5}), "events[0].duration", "whole number"),
    "text for a number": (("events", 0, {"duration": "60"}), "events[0].duration", "whole number"),
    "too long": (("events", 0, {"duration": 10**15}), "events[0].duration", "at most 3,162,240,000,000"),
    "long text": (("events", 0, {"name": "x" * 2_001}), "events[0].name", "longer than 2,000 characters"),
    "long id": (("events", 1, {"id": "x" * 201}), "events[1].id", "longer than 200 characters"),
    "empty id": (("events", 1, {"id": ""}), "events[1].id", "must not be empty"),
    "no text": (("events", 0, {"name": 7}), "events[0].name", "must be text"),
    "no boolean": (("events", 0, {"locked": "yes"}), "events[0].locked", "true or false"),
    "status": (("events", 0, {"status": "done"}), "events[0].status", "'planned', 'released', 'started', 'completed'"),
    "percent": (("events", 0, {"percentDone": 101}), "events[0].percentDone", "at most 100"),
    "infinite": (("events", 0, {"priority": float("inf")}), "events[0].priority", "finite"),
    "not a number": (("events", 0, {"priority": float("nan")}), "events[0].priority", "finite"),
    "no date": (("events", 0, {"dueDate": "tomorrow"}), "events[0].dueDate", "2026-11-23T06:00:00Z"),
    "far date": (("events", 0, {"dueDate": "9999-12-31T00:00Z"}), "events[0].dueDate", "1900 and 2200"),
    "surrogate": (("events", 0, {"name": "\ud800"}), "events[0].name", "Unicode"),
    "no list": (("events", 0, {"modes": {}}), "events[0].modes", "must be a list"),
    "no object": (("events", 0, {"modes": [5]}), "events[0].modes[0]", "must be an object"),
    "start alone": (("events", 0, {"endDate": ...}), "events[0].endDate", "both or neither"),
    "end alone": (("events", 0, {"startDate": ...}), "events[0].startDate", "both or neither"),
    "end before start": (("events", 0, {"endDate": "2026-01-04T00:00Z"}), "events[0].endDate", "swapped"),
    "double id": (("events", 1, {"id": "A"}), "events[1].id", "snapshot.events[0].id"),
    "double resource": (("resources", 1, {"id": "M"}), "resources[1].id", "unique"),
    "resource": (("events", 0, {"resourceId": "Mm"}), "events[0].resourceId", "no resource with this id"),
    "order": (("events", 0, {"orderId": "P"}), "events[0].orderId", "no order with this id"),
    "mode": (("events", 1, {"modes": [{"resourceId": "X"}]}), "events[1].modes[0].resourceId", "no resource"),
    "mode twice": (
        ("events", 1, {"modes": [{"resourceId": "M"}, {"resourceId": "M"}]}),
        "events[1].modes[1].resourceId",
        "one per resource",
    ),
    "demand": (("events", 1, {"demands": [{"resourceId": "X"}]}), "events[1].demands[0].resourceId", "no resource"),
    "demand choice": (
        ("events", 1, {"demands": [{"resourceIds": ["K", "X"]}]}),
        "events[1].demands[0].resourceIds[1]",
        "no resource",
    ),
    "demand of nothing": (("events", 1, {"demands": [{"quantity": 1}]}), "events[1].demands[0]", "`resourceIds`"),
    "demand of none": (("events", 1, {"demands": [{"resourceIds": []}]}), "events[1].demands[0]", "`resourceIds`"),
    "demand twice the same": (
        ("events", 1, {"demands": [{"resourceIds": ["K", "K"]}]}),
        "events[1].demands[0].resourceIds[1]",
        "twice",
    ),
    "choice outside": (
        ("events", 1, {"demands": [{"resourceIds": ["K"], "resourceId": "N"}]}),
        "events[1].demands[0].resourceId",
        "not among `resourceIds`",
    ),
    "too many units": (
        ("events", 1, {"demands": [{"resourceId": "K", "quantity": 4}]}),
        "events[1].demands[0].quantity",
        "more than K can give: 3",
    ),
    "too many units of any": (
        ("events", 1, {"demands": [{"resourceIds": ["K", "N"], "quantity": 4}]}),
        "events[1].demands[0].quantity",
        "more than K or N can give: 3",
    ),
    "too many units together": (
        ("events", 1, {"demands": [{"resourceId": "K", "quantity": 2}, {"resourceId": "K", "quantity": 2}]}),
        "events[1].demands[1].quantity",
        "4 units are needed at once, but it has 3",
    ),
    "needs itself": (
        ("events", 0, {"demands": [{"resourceId": "M"}]}),
        "events[0].demands[0].quantity",
        "2 units are needed at once, but it has 1",
    ),
    "family star": (("events", 0, {"setupFamily": "*"}), "events[0].setupFamily", "`*`"),
    "initial star": (("resources", 0, {"initialSetup": "*"}), "resources[0].initialSetup", "`*`"),
    "calendar": (("resources", 0, {"calendar": "D"}), "resources[0].calendar", "no calendar with this id"),
    "matrix": (("resources", 0, {"setupMatrix": "T"}), "resources[0].setupMatrix", "no setup matrix with this id"),
    "matrix and capacity": (("resources", 0, {"capacity": 2}), "resources[0].setupMatrix", "has capacity 2"),
    "matrix and infinite": (("resources", 0, {"infinite": True}), "resources[0].setupMatrix", "unlimited"),
    "efficiency": (("resources", 0, {"efficiency": 0}), "resources[0].efficiency", "more than 0"),
    "hundred years": (("resources", 0, {"efficiency": 1e-9}), "events[0].duration", "more than 100 years"),
    "capacity": (("resources", 0, {"capacity": -1}), "resources[0].capacity", "at least 0"),
    "from": (("dependencies", 0, {"fromEvent": "X"}), "dependencies[0].fromEvent", "no operation with this id"),
    "to": (("dependencies", 0, {"toEvent": "X"}), "dependencies[0].toEvent", "no operation with this id"),
    "itself": (("dependencies", 0, {"toEvent": "A"}), "dependencies[0].toEvent", "depend on itself"),
    "link type": (("dependencies", 0, {"type": 4}), "dependencies[0].type", "must be one of 0, 1, 2, 3"),
    "lag unit": (("dependencies", 0, {"lagUnit": "w"}), "dependencies[0].lagUnit", "must be one of 'ms'"),
    "lag order": (
        ("dependencies", 0, {"lag": 2, "lagUnit": "h", "maxLag": 90, "maxLagUnit": "m"}),
        "dependencies[0].maxLag",
        "(1 h 30 min) is less than the lag (2 h)",
    ),
    "huge lag": (("dependencies", 0, {"lag": 1e10, "lagUnit": "d"}), "dependencies[0].lag", "longer than 100 years"),
    "outage backwards": (("constraints", 0, {"end": "2026-01-01T00:00Z"}), "constraints[0].end", "after `start`"),
    "outage empty": (("constraints", 0, {"end": "2026-01-05T00:00Z"}), "constraints[0].end", "after `start`"),
    "outage of": (("constraints", 0, {"resourceId": "X"}), "constraints[0].resourceId", "no resource"),
    "date of": (("constraints", 1, {"eventId": "X"}), "constraints[1].eventId", "no operation"),
    "set of": (("constraints", 2, {"eventIds": ["A", "X"]}), "constraints[2].eventIds[1]", "no operation"),
    "set twice": (("constraints", 2, {"eventIds": ["A", "B", "A"]}), "constraints[2].eventIds[2]", "twice"),
    "constraint type": (("constraints", 0, {"type": "nope"}), "constraints[0].type", "'unavailable'"),
    "constraint without type": (("constraints", 0, {"type": ...}), "constraints[0].type", "is missing"),
    "constraint field": (("constraints", 1, {"date": ...}), "constraints[1].date", "is missing"),
    "zone": (("calendars", 0, {"timeZone": "Mars/Base"}), "calendars[0].timeZone", "Europe/Berlin"),
    "clock": (
        ("calendars", 0, {"week": [{"days": [1], "from": "6:00", "to": "25:00"}]}),
        "calendars[0].week[0].from",
        "06:00",
    ),
    "weekday": (
        ("calendars", 0, {"week": [{"days": [0], "from": "06:00", "to": "07:00"}]}),
        "calendars[0].week[0].days[0]",
        "at least 1",
    ),
    "exception": (
        ("calendars", 0, {"exceptions": [{"from": "2026-13-01", "to": "2026-12-01", "working": True}]}),
        "calendars[0].exceptions[0].from",
        "is no date",
    ),
    "exception backwards": (
        ("calendars", 0, {"exceptions": [{"from": "2026-12-02", "to": "2026-12-01", "working": True}]}),
        "calendars[0].exceptions[0].to",
        "after `from`",
    ),
    "exception empty": (
        ("calendars", 0, {"exceptions": [{"from": "2026-12-02T06:00", "to": "2026-12-02T06:00", "working": True}]}),
        "calendars[0].exceptions[0].to",
        "after `from`",
    ),
    "order dates": (("orders", 0, {"deadline": "2026-01-05T00:00Z"}), "orders[0].deadline", "after its release"),
    "attribute number": (
        ("orders", 0, {"attributes": {"a": [1, {"b": float("nan")}]}}),
        "orders[0].attributes.a[1].b",
        "finite",
    ),
    "attribute text": (("events", 0, {"attributes": {"a": "\udfff"}}), "events[0].attributes.a", "Unicode"),
    "attribute key": (("events", 0, {"attributes": {"\udfff": 1}}), "events[0].attributes", "Unicode"),
    "attribute integer": (("events", 0, {"attributes": {"a": 2**63}}), "events[0].attributes.a", "as text"),
    "attribute thing": (("events", 0, {"attributes": {"a": object()}}), "events[0].attributes.a", "not JSON"),
    "attribute list": (("resources", 0, {"attributes": []}), "resources[0].attributes", "must be an object"),
    "attribute size": (("events", 0, {"attributes": {"a": [0] * 3_000}}), "events[0].attributes", "too large"),
    "attribute characters": (("events", 0, {"attributes": {"a": "x" * 70_000}}), "events[0].attributes", "too large"),
}


@pytest.mark.parametrize("name", SNAPSHOT_FAULTS)
def test_a_fault_is_found_where_it_stands(name):
    (collection, position, fields), path, reason = SNAPSHOT_FAULTS[name]
    data = raw()
    item = data["snapshot"][collection][position]
    for key, value in fields.items():
        if value is ...:
            del item[key]
        else:
            item[key] = value
    found = faults(data)
    assert f"snapshot.{path}" in found
    assert reason in found[f"snapshot.{path}"]


# near misses: what looks like a fault and is none


@pytest.mark.parametrize(
    "schedule",
    [
        plant([op("A", 60, "M", 0, 0)]),  # a wrong length is the checker's business
        plant([op("A", 60, "N", 0, modes=["M"])]),  # and so is a wrong resource
        plant([op("A"), op("B")], dependencies=[after("A", "B", 0), after("B", "A", 0)]),  # start together
        plant([op("A"), op("B")], dependencies=[after("A", "B"), after("B", "A", lag=-120)]),
        plant([op("A"), op("B")], dependencies=[after("A", "B", max_lag=0)]),
        plant([op("A", 0), op("B", 0)], dependencies=[after("A", "B"), after("B", "A")]),  # milestones at one instant
        plant([op("A", release=0, deadline=60)]),
        plant([op("A", release=10, deadline=60, status="completed")]),
        plant([op("A", release=10, deadline=60, modes=[("M", 60), ("N", 50)])]),
        plant([op("A", release=0, deadline=30, on="M")], [machine("M", efficiency=2.0)]),
        plant([op("A")], constraints=[date_rule("startnoearlierthan", "A", 5), date_rule("startnolaterthan", "A", 5)]),
        plant([op("A", demands=[Demand(resource_id="K", quantity=9)])], [machine("K", infinite=True)]),
        plant([op("A", demands=[Demand(resource_id="K", quantity=0)])], [machine("K", capacity=0)]),
        plant([op("A", demands=[Demand(resource_ids=("K", "N"), quantity=9)])], [machine("K", infinite=True)]),
        plant([op("A", 60, "K", demands=["K"])], [machine("K", capacity=2)]),
        plant(calendars=[calendar("C")]),
        plant([op("A", attributes={"a": {"b": [1, 2.5, None, True, "ü"]}})]),
    ],
)
def test_what_is_no_fault(schedule):
    assert faults_of(schedule) == []
    assert parse_schedule(schedule.to_json()) == schedule


# dates the wrong way round


@pytest.mark.parametrize(
    ("schedule", "path"),
    [
        (plant([op("A", 60, release=60, deadline=59)]), "snapshot.events[0].deadline"),
        (plant([op("A", 60, order="O")], orders=[order("O", release=60, deadline=59)]), "snapshot.orders[0].deadline"),
    ],
)
def test_a_deadline_before_its_own_release(schedule, path):
    (found,) = faults_of(schedule)
    assert found.path == path
    assert "must come after its release Mon 5 Jan 2026 01:00. Maybe the two are swapped" in found.reason


def test_dates_that_merely_leave_no_room_are_for_a_run_to_tell():
    tight = plant(
        [op("A", 60, release=0, deadline=59), op("B", 60, order="O", release=60), op("C", 0, release=5, deadline=5)],
        constraints=[date_rule("muststarton", "A", 5), date_rule("startnolaterthan", "A", 4)],
        orders=[order("O", deadline=119)],
    )
    assert faults_of(tight) == []


def test_dates_of_what_has_begun_are_history():
    rules = [date_rule("muststarton", "A", 5), date_rule("startnolaterthan", "A", 4)]
    assert faults_of(plant([op("A", status="started")], constraints=rules)) == []
    off = [date_rule("muststarton", "A", 5, enabled=False), date_rule("startnolaterthan", "A", 4)]
    assert faults_of(plant([op("A")], constraints=off)) == []


# circles


def circle(links, **fields):
    names = sorted({name for link in links for name in (link.from_event, link.to_event)})
    return plant([op(name, **fields) for name in names], dependencies=links)


@pytest.mark.parametrize(
    ("links", "told"),
    [
        ([after("A", "B"), after("B", "C"), after("C", "A")], "A → B → C → A"),
        ([after("B", "A"), after("A", "B")], "A → B → A"),
        ([after("A", "B", 0, 1), after("B", "A", 0)], "A → B → A"),
        ([after("A", "B", 3), after("B", "A", 2)], "A → B → A"),
        ([after("A", "B"), after("B", "A", lag=-119)], "A → B → A"),
        ([after("A", "B"), after("B", "C"), after("A", "C", max_lag=59)], None),  # B does not fit between
        ([after("A", "B", 0, 10), after("A", "B", 0, 0, 5)], None),
    ],
)
def test_circles_are_told_in_order(links, told):
    (found,) = faults_of(circle([link.model_copy(update={"id": str(i)}) for i, link in enumerate(links)]))
    assert found.path.startswith("snapshot.dependencies[")
    if told is None:
        assert "cannot hold together" in found.reason
    else:
        assert found.value == told
        assert told in found.reason


def test_several_circles_are_all_told():
    links = [after("A", "B"), after("B", "A"), after("C", "D"), after("D", "C"), after("A", "C")]
    assert {fault.value for fault in faults_of(circle(links))} == {"A → B → A", "C → D → C"}


def test_circles_through_one_operation_are_told_one_after_the_other():
    links = [after("A", "B"), after("B", "A"), after("A", "C"), after("C", "A")]
    assert {fault.value for fault in faults_of(circle(links))} == {"A → B → A", "A → C → A"}


def test_circles_among_what_is_completed_are_history():
    links = [after("A", "B"), after("B", "A")]
    assert faults_of(circle(links, status="completed")) == []
    assert faults_of(circle([after("A", "B", 3), after("B", "A", 3, lag=1)], status="started")) != []


def test_a_long_circle_is_cut_in_words():
    links = [after(f"A{i:02}", f"A{(i + 1) % 40:02}") for i in range(40)]
    (found,) = faults_of(circle(links))
    assert found.value.startswith("A00 → A01")
    assert found.value.endswith("… → A00")


# requests


def test_a_good_request_passes():
    asked = request(
        GOOD, locked=["A"], blocks=[block("M", 0, 60)], scope=Scope(event_ids=("A",)), objective="minimize_cost"
    )
    assert parse_request(json.dumps(asked.to_json())) == asked
    assert parse_request({**asked.to_json(), "scheduleData": GOOD}) == asked
    assert faults_of_request(asked) == []


@pytest.mark.parametrize(
    ("fields", "path", "reason"),
    [
        ({"locks": {"events": ["A", "X"]}}, "locks.events[1]", "no operation with this id"),
        ({"locks": {"events": ["A", "A"]}}, "locks.events[1]", "twice"),
        (
            {"locks": {"resourceIntervals": [{"resourceId": "X", "start": "2026-01-01", "end": "2026-01-02"}]}},
            "locks.resourceIntervals[0].resourceId",
            "no resource",
        ),
        (
            {"locks": {"resourceIntervals": [{"resourceId": "M", "start": "2026-01-02", "end": "2026-01-02"}]}},
            "locks.resourceIntervals[0].end",
            "after `start`",
        ),
        ({"options": {"scope": {"eventIds": ["X"]}}}, "options.scope.eventIds[0]", "no operation"),
        ({"options": {"scope": {"resourceIds": ["X"]}}}, "options.scope.resourceIds[0]", "no resource"),
        ({"options": {"scope": {"start": "2026-01-02", "end": "2026-01-01"}}}, "options.scope.end", "after `start`"),
        ({"options": {"objective": "fastest"}}, "options.objective", "must be one of 'minimize_makespan'"),
        ({"options": {"objective": "minimize_cost", "objectives": ["minimize_cost"]}}, "options", "one way only"),
        ({"options": {"weights": {"makespan": 0}}}, "options.weights", "above 0"),
        ({"options": {"weights": {"makespan": -1}}}, "options.weights.makespan", "at least 0"),
        ({"options": {"objectives": []}}, "options.objectives", "at least one"),
        ({"options": {"objectives": ["minimize_cost", "minimize_cost"]}}, "options.objectives[1]", "twice"),
        ({"options": {"timeLimit": 0}}, "options.timeLimit", "more than 0"),
        ({"options": {"time_limit": 5}}, "options.time_limit", "Maybe `timeLimit`"),
        ({"algorithmId": 5}, "algorithmId", "at most 4"),
        ({"scheduleData": 5}, "scheduleData", "must be an object"),
        ({"scheduleData": ...}, "scheduleData", "is missing"),
    ],
)
def test_faults_of_a_request(fields, path, reason):
    data = {"scheduleData": raw(), **fields}
    if fields.get("scheduleData") is ...:
        del data["scheduleData"]
    found = faults(data, parse_request)
    assert path in found
    assert reason in found[path]


def test_faults_of_a_requests_schedule_stand_beside_its_own():
    data = {"scheduleData": raw(), "locks": {"events": ["X"]}, "options": {"timeLimit": -1}}
    data["scheduleData"]["snapshot"]["events"][0]["duration"] = -1
    found = faults(data, parse_request)
    assert {"scheduleData.snapshot.events[0].duration", "options.timeLimit"} <= set(found)
    assert "The request is not valid (2 faults)" in refused(data, parse_request).message


def test_dates_of_a_request_are_in_the_plants_zone():
    data = {"scheduleData": raw(), "options": {"scope": {"start": "2026-01-05T01:00"}}}
    assert parse_request(data).options.scope == Scope(start=GOOD.snapshot.events[0].start_date)


# all at once, and nothing but faults


def test_structure_and_meaning_are_told_together():
    data = raw()
    data["snapshot"]["events"][0]["duration"] = -1  # this operation is broken
    data["snapshot"]["events"][1]["resourceId"] = "X"  # this reference dangles
    data["snapshot"]["resources"][0]["calendar"] = "Y"
    data["snapshot"]["extra"] = []
    data["metadata"]["timeZone"] = "Mars/Base"
    del data["metadata"]["plantId"]
    assert set(faults(data)) == {
        "snapshot.events[0].duration",
        "snapshot.events[1].resourceId",
        "snapshot.resources[0].calendar",
        "snapshot.extra",
        "metadata.timeZone",
        "metadata.plantId",
    }


def test_a_broken_operation_can_still_be_referred_to():
    data = raw()
    data["snapshot"]["events"][0]["duration"] = -1
    assert set(faults(data)) == {"snapshot.events[0].duration"}  # the dependency from A does not dangle


def test_what_is_no_schedule_at_all():
    assert set(faults({})) == {"version", "snapshot", "metadata"}
    assert faults({"snapshot": 5})["snapshot"] == "must be an object"
    assert faults({**raw(), "snapshot": {"events": 5}})["snapshot.events"] == "must be a list"
    assert faults({**raw(), "snapshot": {"events": [5, None]}})["snapshot.events[1]"] == "must be an object"
    assert faults("[]") == {"$": "a schedule must be a JSON object"}


def test_json_that_is_none():
    error = refused('{"version": }')
    assert error.details["faults"][0]["path"] == "line 1, column 13"
    assert "not JSON" in error.message


def test_text_that_is_not_utf8():
    assert "save it as UTF-8" in faults(json.dumps(raw()).encode("utf-16"))["$"]
    assert "byte 2 is not UTF-8" in faults(b'{"\xe4": 1}')["$"]


def test_nan_in_raw_json():
    text = json.dumps(raw()).replace('"duration": 3600000', '"duration": NaN', 1)
    assert "whole number" in faults(text)["snapshot.events[0].duration"]
    text = json.dumps(raw()).replace('"duration": 3600000', '"duration": 60, "priority": -Infinity', 1)
    assert "finite" in faults(text)["snapshot.events[0].priority"]


def test_a_key_that_stands_twice():
    text = json.dumps(raw()).replace('"duration": 3600000', '"duration": 1, "duration": 3600000', 1)
    found = faults(text)
    assert found == {"snapshot.events[0].duration": "stands twice in the same object; keep one"}


def test_values_are_shortened_in_errors():
    data = raw()
    data["snapshot"]["events"][0]["status"] = "x" * 1_000
    data["snapshot"]["events"][0]["modes"] = {"a": 1}
    data["snapshot"]["events"][0]["priority"] = 10**400
    values = {f["path"]: f["value"] for f in refused(data).details["faults"]}
    assert len(values["snapshot.events[0].status"]) == 81
    assert values["snapshot.events[0].modes"] == "an object of 1 fields"
    assert len(values["snapshot.events[0].priority"]) == 21


# size, and hostile input


@pytest.mark.parametrize("name", LIMITS)
def test_too_many_items(name):
    error = refused({"snapshot": {name: [None] * (LIMITS[name] + 1)}})
    assert error.code is ErrorCode.TOO_LARGE
    assert f"{LIMITS[name] + 1:,} {name}" in error.message


@pytest.mark.parametrize(
    ("collection", "field", "count"),
    [
        ("calendars", "week", 101),
        ("calendars", "exceptions", 5_001),
        ("events", "modes", 1_001),
        ("events", "demands", 101),
    ],
)
def test_too_much_in_one_item(collection, field, count):
    error = refused({"snapshot": {collection: [{}, {field: [0] * count}]}})
    assert error.code is ErrorCode.TOO_LARGE
    assert f"snapshot.{collection}[1] has {count:,} {field}" in error.message


def test_too_many_bytes(monkeypatch):
    monkeypatch.setattr(reading, "MAX_BYTES", 100)
    assert refused(json.dumps(raw())).code is ErrorCode.TOO_LARGE


def nested(depth):
    deep: dict = {}
    for _ in range(depth):
        deep = {"a": deep}
    return deep


@pytest.mark.parametrize(
    "data",
    [
        "[" * 1_000_000,
        '{"a":' * 1_000_000,
        '{"version":' + "9" * 100_000 + "}",
        '{"version":1e999}',
        {"snapshot": nested(50_000)},
        {"snapshot": {"events": [{"duration": nested(50_000)}]}},
        {"snapshot": {"events": [{"id": "A", "name": "", "duration": 1, "attributes": nested(50_000)}]}},
        {"snapshot": {"events": [nested(50_000)]}},
    ],
    ids=["lists", "objects", "digits", "exponent", "snapshot", "field", "attributes", "item"],
)
def test_hostile_input_is_refused_quickly(data):
    begin = time.process_time()
    assert refused(data).code is ErrorCode.INVALID_SCHEDULE
    assert time.process_time() - begin < 2


def test_attributes_have_a_depth():
    schedule = plant([op("A", attributes=nested(9))])
    assert faults_of(schedule) == []
    (found,) = faults_of(plant([op("A", attributes=nested(10))]))
    assert "deeper than 10 levels" in found.reason


def test_very_many_faults_are_capped():
    events = [{"id": str(i), "nam": "x"} for i in range(20_000)]
    begin = time.process_time()
    found = refused({**raw(), "snapshot": {"events": events}}).details["faults"]
    assert time.process_time() - begin < 5
    assert len(found) == 10_001
    assert "more faults" in found[-1]["reason"]


def test_a_tangle_of_circles_takes_bounded_time():
    n = 3_000
    links = [after(f"A{i}", f"A{(i * 7 + k) % n}", k % 4, lag=k).to_json() for i in range(n) for k in range(1, 6)]
    for i, link in enumerate(links):
        link["id"] = str(i)
    begin = time.process_time()
    found = refused({**raw(), "snapshot": {"events": [op(f"A{i}").to_json() for i in range(n)], "dependencies": links}})
    assert time.process_time() - begin < 15
    assert found.code is ErrorCode.INVALID_SCHEDULE


def test_ten_thousand_operations_take_a_fraction_of_the_few_seconds_allowed_for_a_hundred_thousand():
    events = [op(f"A{i}", 60, f"M{i % 50}", i, due=DAY, attributes={"n": i}) for i in range(10_000)]
    links = [after(f"A{i}", f"A{i + 50}", max_lag=DAY) for i in range(9_950)]
    data = json.dumps(plant(events, dependencies=links).to_json())
    begin = time.process_time()
    parse_schedule(data)
    assert time.process_time() - begin < 1.5
