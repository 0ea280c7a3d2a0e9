"""Calendar files, Microsoft Project, PDF, pages and frePPLe's data."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest

from app.exchange import parse_bytes, read, read_noted, write
from app.exchange.calendar_ics import folded, render_file
from app.exchange.html_page import embedded
from app.exchange.mspdi_read import read_project
from app.exchange.share import Sharing
from engine.calendars import resource_working_time
from engine.errors import ErrorCode, TaktwerkError
from engine.instants import to_ms
from engine.model import Demand, Schedule
from tests.support.databases import line_schedule, moved
from tests.support.plants import after, calendar, machine, op, order, plant

SAMPLE = Path(__file__).resolve().parents[2] / "resources" / "samples" / "metal-components.json"
FOREIGN = Path(__file__).resolve().parents[3] / "shared" / "data"
HELD = ("id", "name", "resource_id", "start_date", "end_date", "order_id", "due_date", "deadline", "status")


@pytest.fixture(scope="module")
def sample() -> Schedule:
    return read(SAMPLE)


# Microsoft Project


def project_plant() -> Schedule:
    operations = (
        op("a", 60, "M1", 0, order="o1", due=900),
        op("b", 30, "M1", 70, order="o1", interruptible=False, demands=(Demand(resource_id="M2", quantity=2),)),
        op("c", 0, "M2", 110),
        op("d", 45, demands=("M2",)),
    )
    machines = (
        machine("M1", name="Müller & <Söhne>", calendar="day", group='Hall "1"', cost_per_hour=12.5),
        machine("M2", capacity=3),
    )
    special = (("2026-12-24", "2026-12-26", False), ("2026-12-05T08:00", "2026-12-05T12:00", True))
    return plant(
        operations,
        machines,
        dependencies=(after("a", "b", lag=10), after("b", "c", type=0, lag=-5), after("c", "d", type=3)),
        orders=(order("o1", due=500),),
        calendars=(calendar("day", "06:00-14:00", "22:00-02:00", exceptions=special),),
        zone="Europe/Berlin",
    )


def test_a_project_comes_back_with_all_that_it_can_hold(tmp_path: Path) -> None:
    given = project_plant()
    write(given, tmp_path / "a.xml")
    found = read(tmp_path / "a.xml")
    for before, now in zip(given.snapshot.events, found.snapshot.events, strict=True):
        assert [getattr(now, name) for name in HELD] == [getattr(before, name) for name in HELD]
        assert now.duration == before.duration and now.interruptible == before.interruptible
        assert (now.demands or ()) == (before.demands or ())
    links = [(d.from_event, d.to_event, d.type, d.lag_ms) for d in found.snapshot.dependencies]
    assert sorted(links) == sorted((d.from_event, d.to_event, d.type, d.lag_ms) for d in given.snapshot.dependencies)
    for before, now in zip(given.snapshot.resources, found.snapshot.resources, strict=True):
        assert (now.id, now.name, now.capacity, now.group) == (before.id, before.name, before.capacity, before.group)
        window = (to_ms(given.metadata.timestamp), to_ms(given.metadata.timestamp) + 60 * 86_400_000)
        assert resource_working_time(found, now, *window) == resource_working_time(given, before, *window)


def test_a_whole_plant_keeps_placements_and_links(sample: Schedule, tmp_path: Path) -> None:
    notes = write(sample, tmp_path / "a.xml")
    assert any("alternatives" in note for note in notes) and any("setup matrices" in note for note in notes)
    found = read(tmp_path / "a.xml")
    kept = [(e.id, e.resource_id, e.start_date, e.end_date, e.status) for e in found.snapshot.events]
    assert kept == [(e.id, e.resource_id, e.start_date, e.end_date, e.status) for e in sample.snapshot.events]
    assert len(found.snapshot.dependencies) == len(sample.snapshot.dependencies)
    window = (to_ms(sample.metadata.timestamp), to_ms(sample.metadata.timestamp) + 30 * 86_400_000)
    outages = {c.resource_id for c in sample.snapshot.constraints if c.type == "unavailable"}
    for before, now in zip(sample.snapshot.resources, found.snapshot.resources, strict=True):
        if before.id not in outages:
            assert resource_working_time(found, now, *window) == resource_working_time(sample, before, *window)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<Project", ErrorCode.INVALID_SCHEDULE),
        (b"<html/>", ErrorCode.INVALID_SCHEDULE),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><Project>&a;</Project>', ErrorCode.PACKAGE),
        (b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x"><Project/>', ErrorCode.PACKAGE),
        (b"<Project><Tasks><Task><UID>1</UID><Duration>soon</Duration></Task></Tasks></Project>", None),
        (b"<Project><Tasks><Task><UID>1</UID><Start>never</Start></Task></Tasks></Project>", None),
        (b"<Project><Tasks><Task><UID>1</UID><PercentComplete>1e999</PercentComplete></Task></Tasks></Project>", None),
        (b"<Project>" + b"<a>" * 1_000, ErrorCode.TOO_LARGE),
    ],
)
def test_a_bad_project_is_refused(content: bytes, code: ErrorCode | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.exchange.mspdi_read._MAX_SIGNS", 1_000)
    with pytest.raises(TaktwerkError) as caught:
        read_project(content, "x.xml")
    assert caught.value.code is (code or ErrorCode.INVALID_SCHEDULE)


@pytest.mark.skipif(not FOREIGN.is_dir(), reason="files that others made are not here")
@pytest.mark.parametrize(
    ("name", "operations"),
    [("mspdi/assignment-assignments-project2019-mspdi.xml", 3), ("mspdi/baselines.xml", 1)],
)
def test_a_project_that_others_made_is_read(name: str, operations: int) -> None:
    data, _ = read_noted(FOREIGN / name)
    assert isinstance(data, Schedule) and len(data.snapshot.events) == operations
    assert all(event.is_placed and event.resource_id for event in data.snapshot.events)


# frePPLe


@pytest.mark.skipif(not FOREIGN.is_dir(), reason="files that others made are not here")
@pytest.mark.parametrize(
    ("name", "operations", "orders"),
    [
        ("jobshop.json", 100, 10),
        ("flow_line.json", 700, 10),
        ("operation-routing.xlsx", 3, 1),
        ("resource-skills.xlsx", 32, 4),
        ("resource-tool.xlsx", 202, 35),
        ("calendar-working-hours.xlsx", 1, 1),
    ],
)
def test_a_demo_of_frepple_is_read(name: str, operations: int, orders: int) -> None:
    shot = read(FOREIGN / "frepple" / name).snapshot
    assert (len(shot.events), len(shot.orders)) == (operations, orders)


def frepple(*records: tuple[str, dict[str, object]]) -> bytes:
    return orjson.dumps([{"model": f"input.{model}", "fields": fields} for model, fields in records])


def test_routings_pools_and_calendars_are_understood() -> None:
    ends = {"endtime": "16:59:59", "sunday": False}
    data = frepple(
        ("operation", {"name": "Build", "type": "routing", "item": "chair"}),
        ("operation", {"name": "Saw", "type": "time_per", "owner": "Build", "priority": 1, "duration_per": "00:10:00"}),
        ("operation", {"name": "Glue", "type": "fixed_time", "owner": "Build", "priority": 2, "duration": 7_200}),
        ("resource", {"name": "Crew"}),
        ("resource", {"name": "Ann", "owner": "Crew", "available": "Days"}),
        ("resource", {"name": "Bob", "owner": "Crew"}),
        ("resourceskill", {"resource": "Ann", "skill": "glue"}),
        ("operationresource", {"operation": "Saw", "resource": "Crew"}),
        ("operationresource", {"operation": "Glue", "resource": "Crew", "skill": "glue"}),
        ("calendar", {"name": "Days", "defaultvalue": 0}),
        (
            "calendarbucket",
            {"calendar": "Days", "value": 1, "starttime": "08:00:00", **ends},
        ),
        ("demand", {"name": "O1", "item": "chair", "quantity": 3, "due": "2026-12-01 12:00:00", "priority": 1}),
        ("demand", {"name": "O2", "item": "chair", "status": "closed"}),
    )
    schedule = parse_bytes(data, "x.json")
    assert isinstance(schedule, Schedule)
    saw, glue = schedule.snapshot.events
    assert (saw.duration, glue.duration) == (1_800_000, 7_200_000)
    assert [mode.resource_id for mode in saw.modes or ()] == ["Ann", "Bob"] and glue.resource_id == "Ann"
    assert [(d.from_event, d.to_event) for d in schedule.snapshot.dependencies] == [(saw.id, glue.id)]
    (shift,) = schedule.snapshot.calendars[0].week
    assert (shift.days, shift.from_, shift.to) == ((1, 2, 3, 4, 5, 6), "08:00", "17:00")
    assert [o.priority for o in schedule.snapshot.orders] == [10]


@pytest.mark.parametrize("content", [b'[{"model":"input.x"', b'[{"model":"input.item","fields":{}}]', b'[{"model":1}]'])
def test_bad_fixtures_are_refused(content: bytes) -> None:
    with pytest.raises(TaktwerkError):
        parse_bytes(content, "x.json", "frepple")


def test_materials_in_a_circle_are_refused() -> None:
    data = frepple(
        ("operation", {"name": "A", "item": "a"}),
        ("operation", {"name": "B", "item": "b"}),
        ("operationmaterial", {"operation": "A", "item": "b", "quantity": -1}),
        ("operationmaterial", {"operation": "B", "item": "a", "quantity": -1}),
        ("demand", {"name": "O", "item": "a"}),
    )
    with pytest.raises(TaktwerkError, match="circle"):
        parse_bytes(data, "x.json")


# calendar files


def test_a_calendar_file_keeps_to_the_standard() -> None:
    name = "Grün; schräg, \\ 😀 " * 12 + "\r\nBEGIN:VEVENT"
    schedule = plant([op("a", 60, "M1", 0, name=name), op("b", 30, "M1")], [machine("M1", name=name)])
    content, notes = render_file(schedule, Sharing())
    assert any("1 operations without a time" in note for note in notes)
    lines = content.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines) and b"\n" not in content.replace(b"\r\n", b"")
    for line in lines:
        line.decode()  # no character is torn apart
    text = content.decode().replace("\r\n ", "")
    assert text.count("\r\nBEGIN:VEVENT\r\n") == 1 == text.count("\r\nEND:VEVENT\r\n")
    (summary,) = re.findall(r"^SUMMARY:(.*)\r$", text, re.M)
    plain = re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], summary)
    assert plain == name.replace("\r\n", "\n")


def test_one_resource_has_its_own_calendar() -> None:
    schedule = line_schedule(6)
    assert render_file(schedule, Sharing(resource="m1"))[0].count(b"BEGIN:VEVENT") == 3
    with pytest.raises(TaktwerkError) as caught:
        render_file(schedule, Sharing(resource="nope"))
    assert caught.value.code is ErrorCode.NOT_FOUND


@pytest.mark.parametrize("text", ["", "short", "x" * 75, "x" * 76, "ü" * 200, "😀" * 100])
def test_folding_comes_back(text: str) -> None:
    assert folded(text).replace("\r\n ", "") == text


# pages and PDF


def test_a_page_is_closed_to_the_world_and_to_its_data(tmp_path: Path) -> None:
    evil = "</script><script>alert(1)</script><!--&amp;\u2028@CSS@"
    schedule = plant([op("a", 60, "M1", 0, name=evil)], [machine("M1", name=evil)])
    write(schedule, tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text()
    assert page.count("<script") == 2 == page.count("</script>") and "alert(1)</script>" not in page
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "http" not in policy
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", page)
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert orjson.loads(data)["operations"][0][1] == evil


def test_embedded_json_has_no_markup() -> None:
    assert not re.search(r"[<>&\u2028]", embedded({"a": "<&>\u2028", "<": 1}))


def test_a_pdf_has_board_orders_and_changes(sample: Schedule, tmp_path: Path) -> None:
    base = line_schedule(30, 4)
    notes = write(moved(base, "j0-o5", 45), tmp_path / "a.pdf", None, Sharing(base=base, base_title="version 1"))
    content = (tmp_path / "a.pdf").read_bytes()
    assert content.startswith(b"%PDF-") and content.rstrip().endswith(b"%%EOF") and notes
    assert content.count(b"/Type /Page\n") >= 3
    write(sample, tmp_path / "b.pdf")
    assert (tmp_path / "b.pdf").stat().st_size > 20_000


def test_nothing_planned_can_be_shared_too(tmp_path: Path) -> None:
    empty = plant([op("a", 60, "M1")], [machine("M1")])
    for name in ("a.pdf", "a.html", "a.ics", "a.xml", "a.xlsx", "a.takt", "a.zip"):
        write(empty, tmp_path / name)
        assert (tmp_path / name).stat().st_size > 100
