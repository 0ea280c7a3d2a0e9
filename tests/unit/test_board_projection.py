"""The projection of a plan for the board: rows, bars, marks, details, gestures."""

from __future__ import annotations

import datetime as dt
from typing import Any

import orjson
import pytest

from app.board import BoardController, BoardSnapshot
from app.board.details import probe_json
from app.board.frame import frame_json, zone_offsets
from app.board.window import MOST_BARS, WindowRequest, window_json
from engine.errors import TaktwerkError
from engine.instants import from_ms, to_ms, zone_of
from engine.model import (
    Demand,
    Mode,
    Operation,
    OptimizationResult,
    Order,
    PlacedEvent,
    Resource,
    Schedule,
    SetupDefault,
    SetupMatrix,
    Unavailable,
)
from engine.plan import PlanFacts
from tests.support.board_plant import DAY_MS, HOUR_MS, START_MS, make_plant
from tests.support.board_session import make_session

EVERYTHING = WindowRequest(START_MS - 900 * DAY_MS, START_MS + 900 * DAY_MS, 0, 10_000, 0, 10_000, 1.0)


def _snapshot(schedule: Schedule, violations: Any = ()) -> BoardSnapshot:
    return BoardSnapshot(PlanFacts(schedule), violations, 1)


def _with(schedule: Schedule, **collections: Any) -> Schedule:
    return schedule.model_copy(update={"snapshot": schedule.snapshot.model_copy(update=collections)})


def _small(*operations: Operation, resources: tuple[Resource, ...] = (), **collections: Any) -> Schedule:
    plant = make_plant(1, 1)
    made = resources or (Resource(id="m", name="M"), Resource(id="n", name="N", group="Later"))
    empty = {"dependencies": (), "constraints": (), "orders": (), "setup_matrices": ()}
    return _with(plant, **{**empty, "events": operations, "resources": made, **collections})


def _op(key: str, start_h: float, hours: float, resource_id: str | None = "m", **fields: Any) -> Operation:
    begin = START_MS + round(start_h * HOUR_MS)
    length = round(hours * HOUR_MS)
    return Operation(
        id=key,
        name=key.upper(),
        duration=length,
        resource_id=resource_id,
        start_date=from_ms(begin),
        end_date=from_ms(begin + length),
        **fields,
    )


def _bars(schedule: Schedule, request: WindowRequest = EVERYTHING) -> dict[str, dict[str, Any]]:
    return {bar["id"]: bar for bar in window_json(_snapshot(schedule), request)["bars"]}


def test_rows_are_all_resources_group_by_group() -> None:
    plant = make_plant(6, 2)
    mixed = tuple(reversed(plant.snapshot.resources))
    frame = frame_json(_snapshot(_with(plant, resources=mixed)))
    groups = [row["g"] for row in frame["rows"]]
    assert groups == sorted(groups)
    assert {row["id"] for row in frame["rows"]} == {r.id for r in mixed}
    assert [frame["groups"][g] for g in groups] == [
        next(r.group for r in mixed if r.id == row["id"]) for row in frame["rows"]
    ]


def test_resources_without_a_group_come_last_under_their_own_heading() -> None:
    frame = frame_json(_snapshot(_small()))
    assert frame["groups"] == ["Later", "Other resources"]
    assert [row["id"] for row in frame["rows"]] == ["n", "m"]
    assert frame_json(_snapshot(_small(resources=(Resource(id="m", name="M"),))))["groups"] == []


def test_shading_is_the_calendar_without_outages() -> None:
    plant = make_plant(4, 2)
    frame = frame_json(_snapshot(plant))
    row = next(r for r in frame["rows"] if r["id"] == "mill-1")
    spans = frame["calendars"][row["cal"]]
    assert all(a < b for a, b in spans) and spans == sorted(spans)
    local = [(from_ms(a).astimezone(zone_of("Europe/Berlin")).strftime("%H:%M"), b - a) for a, b in spans]
    assert ("14:00", HOUR_MS // 2) in local  # the lunch break of the two-shift calendar
    furnace = next(r for r in frame["rows"] if r["id"] == "furnace-1")
    assert frame["calendars"][furnace["cal"]] == []
    down = [c for c in plant.snapshot.constraints if isinstance(c, Unavailable)]
    assert [(frame["rows"][o[0]]["id"], o[3]) for o in frame["outages"]] == [(c.resource_id, c.reason) for c in down]


def test_a_partial_outage_says_how_many_units_are_out() -> None:
    start = from_ms(START_MS)
    outage = Unavailable(
        id="c", type="unavailable", resource_id="m", start=start, end=start + dt.timedelta(hours=1), capacity=1
    )
    frame = frame_json(_snapshot(_small(resources=(Resource(id="m", name="M", capacity=3),), constraints=(outage,))))
    assert frame["outages"][0][3] == "Not available (1 of 3 out)"
    assert frame["rows"][0]["note"] == "capacity 3"


def test_clock_changes_are_found_to_the_second() -> None:
    zone = zone_of("Europe/Berlin")
    begin = to_ms(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    offsets = zone_offsets(zone, begin, begin + 365 * DAY_MS)
    assert offsets == [
        (begin, HOUR_MS),
        (to_ms(dt.datetime(2026, 3, 29, 1, tzinfo=dt.UTC)), 2 * HOUR_MS),
        (to_ms(dt.datetime(2026, 10, 25, 1, tzinfo=dt.UTC)), HOUR_MS),
    ]


def test_the_axis_begins_at_local_midnight_and_leaves_room() -> None:
    frame = frame_json(_snapshot(make_plant(8, 2)))
    zone = zone_of("Europe/Berlin")
    for edge in frame["span"].values():
        assert from_ms(edge).astimezone(zone).strftime("%H:%M:%S") == "00:00:00"
    assert frame["span"]["from"] <= frame["plan"]["from"] - DAY_MS
    assert frame["span"]["to"] >= frame["plan"]["to"] + 2 * DAY_MS


def test_a_window_holds_what_overlaps_it_on_its_rows() -> None:
    schedule = _small(_op("a", 0, 2), _op("b", 5, 2), _op("c", 0, 2, "n"))
    part = WindowRequest(START_MS + 3 * HOUR_MS, START_MS + 9 * HOUR_MS, 1, 2, 1, 2, 1.0)
    assert set(_bars(schedule, part)) == {"b"}
    assert set(_bars(schedule)) == {"a", "b", "c"}


def test_a_bar_carries_its_marks() -> None:
    order = Order(id="o", name="SO-1", product="Shaft", due_date=from_ms(START_MS + HOUR_MS))
    schedule = _small(
        _op("a", 0, 2, order_id="o", locked=True, percent_done=30.0),
        _op("b", 5, 2, order_id="o", status="started"),
        orders=(order,),
    )
    bars = _bars(schedule)
    assert bars["a"]["t"] == "SO-1 \u00b7 Shaft"
    assert bars["a"]["lk"] == 1 and bars["a"]["p"] == 30.0 and "fx" not in bars["a"]
    assert bars["b"]["fx"] == 1 and "lk" not in bars["b"]
    assert bars["a"]["c"] == (0, "late", -1, "planned")
    assert bars["b"]["c"] == (0, "late", -1, "started")


@pytest.mark.parametrize(("spare_h", "key"), [(-1, "late"), (0, "at risk"), (7, "at risk"), (8, "on time")])
def test_lateness_is_told_by_the_order(spare_h: int, key: str) -> None:
    order = Order(id="o", name="SO-1", due_date=from_ms(START_MS + (2 + spare_h) * HOUR_MS))
    assert _bars(_small(_op("a", 0, 2, order_id="o"), orders=(order,)))["a"]["c"][1] == key


def test_pauses_and_setups_over_breaks() -> None:
    plant = make_plant(1, 1)
    matrix = SetupMatrix(id="x", name="X", default=SetupDefault(duration=2 * HOUR_MS))
    machine = Resource(id="m", name="M", calendar="two-shift", setup_matrix="x", initial_setup="Steel")
    at_14_30 = 8.5  # the horizon is 06:00 local, the break 14:00 to 14:30
    first = _op("a", at_14_30, 8.5, setup_family="Alu")
    schedule = _small(first, resources=(machine,), setup_matrices=(matrix,), calendars=plant.snapshot.calendars)
    bar = _bars(schedule)["a"]
    start = bar["s"]
    setup_start, from_family, to_family, work, pauses = bar["su"]
    assert (from_family, to_family, work) == ("Steel", "Alu", 2 * HOUR_MS)
    assert setup_start == start - int(2.5 * HOUR_MS)
    assert pauses == [(start - HOUR_MS // 2, start)]
    assert bar["z"] == [(start + int(7.5 * HOUR_MS), bar["e"])]


def test_what_runs_at_once_gets_its_own_lane() -> None:
    oven = (Resource(id="m", name="Oven", capacity=3),)
    answer = window_json(_snapshot(_small(_op("a", 0, 3), _op("b", 1, 3), _op("c", 3, 1), resources=oven)), EVERYTHING)
    assert {bar["id"]: bar["l"]["m"] for bar in answer["bars"]} == {"a": (0, 2), "b": (1, 2), "c": (0, 2)}
    assert answer["lanes"] == [2]


def test_only_overlapping_bars_share_the_height_of_a_machine() -> None:
    answer = window_json(_snapshot(_small(_op("a", 0, 3), _op("b", 1, 1), _op("c", 3, 1))), EVERYTHING)
    lanes = {bar["id"]: bar.get("l") for bar in answer["bars"]}
    assert lanes == {"a": {"m": (0, 2)}, "b": {"m": (1, 2)}, "c": None}
    assert answer["lanes"] == [1, 1]


def test_secondary_needs_are_drawn_on_their_rows_too() -> None:
    needing = _op("a", 0, 2, demands=(Demand(resource_ids=("n", "x"), resource_id="n"), Demand(resource_id="m")))
    people = (Resource(id="m", name="M"), Resource(id="n", name="N"), Resource(id="x", name="X"))
    homeless = _op("b", 0, 2, None, demands=(Demand(resource_id="x"),))
    bars = _bars(_small(needing, homeless, resources=people))
    assert (bars["a"]["r"], bars["a"]["x"]) == ("m", ["n"])
    assert (bars["b"]["r"], bars["b"]["x"]) == ("", ["x"])
    only_n = WindowRequest(EVERYTHING.from_ms, EVERYTHING.to_ms, 1, 2, 1, 2, 1.0)
    assert set(_bars(_small(needing, homeless, resources=people), only_n)) == {"a"}


def test_alternatives_are_sent_once_per_set() -> None:
    modes = (Mode(resource_id="m"), Mode(resource_id="n"))
    answer = window_json(
        _snapshot(_small(_op("a", 0, 1, modes=modes), _op("b", 2, 1, modes=modes), _op("c", 4, 1))), EVERYTHING
    )
    assert answer["modes"] == [["m", "n"]]
    assert {bar["id"]: bar.get("m") for bar in answer["bars"]} == {"a": 0, "b": 0, "c": None}


def test_too_many_bars_give_up_margins_then_merge_and_lose_none() -> None:
    plant = make_plant(700, 4)
    snapshot = _snapshot(plant)
    placed = len(snapshot.facts.starts)
    assert placed > MOST_BARS
    span = frame_json(snapshot)["plan"]
    length = span["to"] - span["from"]
    rows = len(snapshot.rows)
    whole = WindowRequest(span["from"] - length, span["to"] + length, 0, rows, 0, rows, length / 1200)
    answer = window_json(snapshot, whole)
    assert answer["merged"] and len(answer["bars"]) <= MOST_BARS
    assert sum(bar.get("q", 1) for bar in answer["bars"]) == placed
    near = WindowRequest(span["from"], span["from"] + 3 * DAY_MS, 0, rows, 4, 8, DAY_MS / 1200)
    detailed = window_json(snapshot, near)
    assert not detailed["merged"] and detailed["msPerPx"] == near.px_ms


def test_the_load_of_a_group_is_told_hour_by_hour() -> None:
    pair = (Resource(id="m", name="M", group="G"), Resource(id="n", name="N", group="G"))
    schedule = _small(_op("a", 0, 1.5), _op("b", 1, 1, "n"), _op("c", 3, 0.25, "n"), resources=pair)
    hourly = WindowRequest(START_MS, START_MS + 5 * HOUR_MS, 0, 2, 0, 2, HOUR_MS / 60)
    heat = window_json(_snapshot(schedule), hourly)["heat"]
    assert [((start - START_MS) // HOUR_MS, end - start, share) for _, start, end, share in heat] == [
        (0, HOUR_MS, 0.5),
        (1, HOUR_MS, 0.75),
        (3, HOUR_MS, 0.125),
    ]


def test_the_load_counts_working_time_setups_and_capacity() -> None:
    plant = make_plant(1, 1)
    matrix = SetupMatrix(id="x", name="X", default=SetupDefault(duration=HOUR_MS))
    machine = Resource(id="m", name="M", group="G", calendar="two-shift", setup_matrix="x", initial_setup="Steel")
    oven = Resource(id="n", name="N", group="H", capacity=4)
    schedule = _small(
        _op("a", 4, 4, setup_family="Alu"),
        _op("b", 0, 24, "n"),
        resources=(machine, oven),
        setup_matrices=(matrix,),
        calendars=plant.snapshot.calendars,
    )
    daily = WindowRequest(START_MS - 6 * HOUR_MS, START_MS + 30 * HOUR_MS, 0, 2, 0, 2, HOUR_MS / 2)
    heat = {(g, start): share for g, start, _, share in window_json(_snapshot(schedule), daily)["heat"]}
    midnight = START_MS - 6 * HOUR_MS  # the horizon is 06:00 local
    assert heat[0, midnight] == round(5 / 15.5, 3)
    assert heat[1, midnight] == round(18 / 96, 3) and heat[1, midnight + DAY_MS] == round(6 / 96, 3)


def test_the_load_of_an_operator_counts_the_operations_that_need_one() -> None:
    machine = Resource(id="m", name="M", group="G")
    crew = Resource(id="w", name="W", group="H", capacity=4)
    crews = (Demand(resource_id="w", quantity=2),)
    schedule = _small(_op("a", 0, 1, demands=crews), _op("b", 1, 0.5), resources=(machine, crew))
    hourly = WindowRequest(START_MS, START_MS + 2 * HOUR_MS, 0, 2, 0, 2, HOUR_MS / 60)
    heat = {(g, start): share for g, start, _, share in window_json(_snapshot(schedule), hourly)["heat"]}
    assert heat[1, START_MS] == 0.5 and (1, START_MS + HOUR_MS) not in heat


def test_an_overbooked_group_is_above_one() -> None:
    alone = (Resource(id="m", name="M", group="G"),)
    hourly = WindowRequest(START_MS, START_MS + HOUR_MS, 0, 1, 0, 1, HOUR_MS / 60)
    heat = window_json(_snapshot(_small(_op("a", 0, 1), _op("b", 0.5, 0.5), resources=alone)), hourly)["heat"]
    assert [share for *_, share in heat] == [1.5]


def test_every_answer_is_json() -> None:
    snapshot = _snapshot(make_plant(10, 2))
    assert orjson.loads(orjson.dumps(frame_json(snapshot)))["rows"]
    assert orjson.loads(orjson.dumps(window_json(snapshot, EVERYTHING)))["bars"]


def test_details_tell_neighbours_alternatives_and_broken_rules() -> None:
    session = make_session(make_plant(12, 2))
    controller = BoardController(session)
    op = next(o for o in session.working.snapshot.events if o.id.endswith("-30") and not o.locked)
    before = controller.details(op.id)
    assert before["order"]["name"].startswith("SO-")
    assert [n["name"] for n in before["before"]] and [n["name"] for n in before["after"]]
    assert [m["chosen"] for m in before["modes"]].count(True) == 1
    assert before["work"] > 0 and before["violations"] == []
    early = session.facts.starts[op.id] - 30 * HOUR_MS
    controller.execute({"kind": "move", "eventId": op.id, "start": from_ms(early).isoformat()})
    after = controller.details(op.id)
    assert after["violations"]
    assert any(n["slack"] is not None and n["slack"] < 0 for n in after["before"])
    with pytest.raises(TaktwerkError, match="E012"):
        controller.details("gone")


def test_a_probe_tells_the_real_place_and_what_it_would_break() -> None:
    snapshot = _snapshot(_small(_op("a", 0, 2), _op("b", 3, 2), resources=(Resource(id="m", name="M"),)))
    fine = probe_json(snapshot, "a", "m", START_MS + 6 * HOUR_MS)
    assert (fine["ok"], fine["start"], fine["end"], fine["warnings"]) == (
        True,
        START_MS + 6 * HOUR_MS,
        START_MS + 8 * HOUR_MS,
        [],
    )
    assert probe_json(snapshot, "a", "m", START_MS + 4 * HOUR_MS)["warnings"] == ["Overlaps B"]
    refused = probe_json(snapshot, "a", "elsewhere", START_MS)
    assert not refused["ok"] and "elsewhere" in refused["reason"]


def test_a_gesture_is_answered_with_the_changed_bars() -> None:
    told: list[Any] = []
    session = make_session(make_plant(12, 2))
    controller = BoardController(session, told.append)
    op = next(o for o in session.working.snapshot.events if o.resource_id == "bench-1" and not o.locked)
    before = controller.snapshot()
    start = from_ms(session.facts.starts[op.id] + 5 * DAY_MS)
    answer = controller.execute({"kind": "move", "eventId": op.id, "start": start.isoformat()})
    assert [bar["id"] for bar in answer["bars"]] == [op.id]
    assert answer["bars"][0]["s"] == session.facts.starts[op.id] != before.facts.starts[op.id]
    assert controller.snapshot() is not before and answer["revision"] > before.revision
    assert controller.undo()["bars"][0]["s"] == before.facts.starts[op.id]
    assert controller.redo()["bars"][0]["s"] == session.facts.starts[op.id]
    assert [a.error for a in told] == [None, None, None]


def test_unscheduling_takes_the_bar_away() -> None:
    session = make_session(make_plant(6, 2))
    controller = BoardController(session)
    op = next(o for o in session.working.snapshot.events if not o.locked and o.status == "planned")
    answer = controller.execute({"kind": "unschedule", "eventIds": [op.id]})
    assert answer["gone"] == [op.id] and answer["bars"] == []


def test_a_refused_gesture_changes_nothing_and_is_told() -> None:
    told: list[Any] = []
    session = make_session(make_plant(12, 2))
    controller = BoardController(session, told.append)
    op = next(o for o in session.working.snapshot.events if o.locked)
    with pytest.raises(TaktwerkError, match="E005"):
        controller.execute({"kind": "move", "eventId": op.id, "start": from_ms(START_MS).isoformat()})
    assert session.working is session.head_schedule
    assert told[0].error.code == "E005"
    with pytest.raises(TaktwerkError, match="E001"):
        controller.execute({"kind": "explode"})


def test_a_preview_marks_what_moves_and_where_it_is_now() -> None:
    session = make_session(make_plant(8, 2))
    controller = BoardController(session)
    op = next(o for o in session.working.snapshot.events if not o.locked and o.status == "planned")
    assert op.start_date is not None and op.end_date is not None
    later = dt.timedelta(days=7)
    placed = PlacedEvent(
        id=op.id, resource_id=op.resource_id, start_date=op.start_date + later, end_date=op.end_date + later
    )
    metrics = {"makespan": 0, "resourceUtilization": 0.0, "totalSetupTime": 0, "constraintViolations": 0}
    result = OptimizationResult.model_validate({"events": (placed,), "metrics": metrics})
    controller.set_preview(session.show_preview("run", session.working, result))
    answer = controller.window(EVERYTHING)
    marked = {bar["id"]: bar["k"] for bar in answer["bars"] if "k" in bar}
    assert marked == {op.id: "moved"}
    start, end = session.facts.starts[op.id], session.facts.ends[op.id]
    assert answer["ghosts"] == [(op.resource_id, start, end, "moved", op.id)]
    assert controller.details(op.id)["preview"]["start"] == start
    assert controller.frame()["preview"] is True
    with pytest.raises(TaktwerkError, match="preview"):
        controller.execute({"kind": "lock", "eventIds": [op.id], "locked": True})
    controller.set_preview(None)
    assert controller.window(EVERYTHING)["ghosts"] == []


def test_find_goes_by_name_order_product_and_customer() -> None:
    session = make_session(make_plant(12, 2))
    controller = BoardController(session)
    order = session.working.snapshot.orders[3]
    ids = controller.find(f" {order.name.lower()} ")
    assert ids and {session.facts.operations[k].order_id for k in ids} == {order.id}
    starts = [session.facts.starts[k] for k in ids]
    assert starts == sorted(starts)
    assert controller.find("  ") == [] and controller.find("no such thing") == []
