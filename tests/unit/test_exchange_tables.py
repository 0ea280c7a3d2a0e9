"""Workbooks and CSV: round trips lose nothing, imports are previews, nothing becomes a formula."""

from __future__ import annotations

import csv
import io
import random
import re
import zipfile
from pathlib import Path

import openpyxl
import pytest

from app.exchange import csv_tables, excel, read, table_mapping, write
from app.exchange.excel_read import read_workbook
from app.exchange.preview_file import look
from app.exchange.share import SHARE_FORMATS, Sharing
from engine.diff import diff
from engine.errors import ErrorCode, TaktwerkError
from engine.model import Order, Schedule
from tests.support.databases import line_schedule, moved
from tests.support.whole_contract import whole_request

BACK = ("plan.xlsx", "plan.zip", "plan.takt")


def with_names(schedule: Schedule, names: list[str]) -> Schedule:
    """Put texts where planners write them: names of operations, orders and resources, families, products."""
    shot = schedule.snapshot
    events = tuple(op.model_copy(update={"name": text}) for op, text in zip(shot.events, names, strict=False))
    orders = tuple(Order(id=f"{n}", name=text, product=text, customer=text) for n, text in enumerate(names[:50]))
    events = tuple(op.model_copy(update={"order_id": None}) for op in events) + shot.events[len(events) :]
    events = tuple(op.model_copy(update={"order_id": None}) for op in events)
    resources = tuple(r.model_copy(update={"name": names[n]}) for n, r in enumerate(shot.resources))
    update = {"events": events, "orders": orders, "resources": resources}
    return schedule.model_copy(update={"snapshot": shot.model_copy(update=update)})


def formula_like(count: int = 1_000) -> list[str]:
    draw = random.Random(4)
    heads = ["=", "+", "-", "@", "\t=", "\r=", " =", "  @", "=\t", "\n=", "%", "|", "'=", "\xa0=", "{=", "＝"]
    bodies = [
        "1+1",
        "cmd|'/C calc'!A0",
        'HYPERLINK("http://x","y")',
        "SUM(A1:A9)",
        "<b>x</b>",
        "A1",
        "]]>&amp;",
        "_x003D_1",
    ]
    made = [f"{draw.choice(heads)}{draw.choice(bodies)}{draw.randrange(10**6)}" for _ in range(count - 1)]
    return [*made, "=1"]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", BACK)
def test_a_round_trip_loses_nothing(seed: int, name: str, tmp_path: Path) -> None:
    schedule = whole_request(seed).schedule_data
    assert write(schedule, tmp_path / name) == []
    again = read(tmp_path / name)
    assert again == schedule, diff(schedule, again)


def test_a_folder_of_csv_files_comes_back(tmp_path: Path) -> None:
    schedule = whole_request(3).schedule_data
    write(schedule, tmp_path / "tables", "csv")
    assert {path.stem for path in (tmp_path / "tables").iterdir()} >= {"orders", "operations", "plan"}
    assert read(tmp_path / "tables") == schedule
    with pytest.raises(TaktwerkError) as caught:
        write(schedule, tmp_path / "tables", "csv")
    assert caught.value.code is ErrorCode.STORAGE


def test_a_second_round_trip_changes_no_cell(tmp_path: Path) -> None:
    schedule = whole_request(5).schedule_data
    first = excel.render_file(schedule, Sharing())[0]
    (tmp_path / "a.xlsx").write_bytes(first)
    second = excel.render_file(read(tmp_path / "a.xlsx"), Sharing())[0]
    assert [s.rows for s in read_workbook(first, "a")] == [s.rows for s in read_workbook(second, "b")]


def test_another_program_sees_real_dates_and_no_formula(tmp_path: Path) -> None:
    schedule = line_schedule(4)
    zone = schedule.metadata.model_copy(update={"time_zone": "Europe/Berlin"})
    write(schedule.model_copy(update={"metadata": zone}), tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    plan = book["plan"]
    titles = [cell.value for cell in plan[1]]
    start = plan.cell(2, titles.index("Start (Europe/Berlin)") + 1)
    assert start.is_date and start.value.isoformat() == "2026-11-23T07:00:00"
    assert not [c for sheet in book for row in sheet.iter_rows() for c in row if c.data_type == "f"]


def test_the_hour_that_the_clock_shows_twice_comes_back(tmp_path: Path) -> None:
    schedule = line_schedule(1)
    op = schedule.snapshot.events[0]
    for text in ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "1900-01-01T00:00:00Z"):
        data = schedule.to_json()
        data["metadata"]["timeZone"] = "Europe/Berlin"
        data["snapshot"]["events"][0] |= {"dueDate": text}
        given = Schedule.model_validate(data)
        for name in BACK[:2]:
            write(given, tmp_path / name)
            assert read(tmp_path / name).snapshot.events[0].due_date == given.snapshot.events[0].due_date, (text, op.id)


def test_no_export_makes_a_formula(tmp_path: Path) -> None:
    names = formula_like()
    schedule = with_names(line_schedule(1_000, 5), names)
    for entry in SHARE_FORMATS.values():
        if entry.can_write and entry.suffixes:
            path = tmp_path / f"plan{entry.suffixes[-1] if entry.name == 'csv' else entry.suffixes[0]}"
            if entry.name != "pdf":
                write(schedule, path)
    assert read(tmp_path / "plan.xlsx") == schedule
    assert read(tmp_path / "plan.zip") == schedule
    with zipfile.ZipFile(tmp_path / "plan.xlsx") as book:
        sheets = [book.read(name) for name in book.namelist() if "sheets/sheet" in name]
    assert not any(re.search(rb"<f[ >]|<hyperlink", sheet) for sheet in sheets)
    with zipfile.ZipFile(tmp_path / "plan.zip") as tables:
        for name in tables.namelist():
            for row in csv.reader(io.StringIO(tables.read(name).decode("utf-8-sig"), newline="")):
                risky = [cell for cell in row if re.match(r"[\s\xa0]*[=+@|%]|[\t\r\n]|\s*-(?![\d.])", cell)]
                assert not risky, (name, risky)
    page = (tmp_path / "plan.html").read_text()
    assert "<b>x</b>" not in page and "]]>" not in page.split("</style>")[1].split("<script>")[0]
    for line in (tmp_path / "plan.ics").read_bytes().split(b"\r\n"):
        assert re.match(rb"[A-Z-]+[:;]| |$", line), line  # a property or the rest of one: nothing of its own
    projected = read(tmp_path / "plan.xml").snapshot.events
    assert len(projected) == 1_000


@pytest.mark.parametrize(
    "text", [*formula_like(60), "plain", "'tis", "''", "-5", "5", "", " x", "a\r\nb", "\x01", "_x0041_"]
)
def test_escaping_comes_back(text: str) -> None:
    assert csv_tables.unescaped(csv_tables.escaped(text)) == text


def test_odd_texts_survive_a_workbook(tmp_path: Path) -> None:
    names = ["_x0041_", "a\rb", "a\r\nb", "\x01\x1f", " lead", "trail ", "a\nb", "😀", "<&>\"'", "_x005F_", "x" * 2_000]
    schedule = with_names(line_schedule(len(names), 1), names)
    write(schedule, tmp_path / "a.xlsx")
    assert read(tmp_path / "a.xlsx") == schedule


# imports are previews


def test_a_workbook_over_a_base_shows_what_it_would_change(tmp_path: Path) -> None:
    base = line_schedule(12)
    write(moved(base, "j0-o5", 45), tmp_path / "a.xlsx")
    preview = look((tmp_path / "a.xlsx").read_bytes(), "a.xlsx", base=base)
    assert preview.schedule is not None and not preview.faults
    delta = diff(base, preview.schedule)
    assert delta.changed_ids("events") == ("j0-o5",)
    assert set(delta.items["events"]["j0-o5"].fields) == {"startDate", "endDate"}


def test_missing_tables_and_columns_leave_what_there_is() -> None:
    base = line_schedule(3)
    content = b"Id;Priority\r\nj0;7\r\n"
    found = look(content, "orders.csv", base=base).schedule
    assert found is not None
    delta = diff(base, found)
    assert delta.items == {"orders": delta.items["orders"]} and delta.changed_ids("orders") == ("j0",)
    assert found.snapshot.orders[0].priority == 7 and found.snapshot.orders[0].name == "Job 0"


def test_a_row_that_is_missing_removes_its_item() -> None:
    base = line_schedule(12)
    found = look(b"Id,Name\r\nj0,Job 0\r\nj1,Job 1\r\nj9,New\r\n", "orders.csv", base=base).schedule
    assert found is not None
    changes = diff(base, found).items["orders"]
    assert changes["j9"].added and len(changes) == 1
    gone = look(b"Id,Name\r\nm0,Machine 0\r\n", "resources.csv", base=base)
    assert gone.schedule is None  # operations still name m1: told by table, row and value
    assert {fault.value for fault in gone.faults} == {"m1"}


def test_every_faulty_cell_is_told_at_once() -> None:
    content = "Id,Name,Duration (h),Due,Interruptible\r\na,A,soon,2026-13-40,perhaps\r\n,B,1,,yes\r\na,C,2,,yes\r\n"
    preview = look(content.encode(), "operations.csv")
    assert preview.schedule is None
    cells = {(fault.cell, fault.value) for fault in preview.faults}
    assert {("C2", "soon"), ("D2", "2026-13-40"), ("E2", "perhaps"), ("A4", "a")} <= cells
    assert any(fault.cell == "A3" or fault.cell == "row 3" for fault in preview.faults), preview.faults


def test_a_foreign_sheet_is_read_with_a_saved_mapping(tmp_path: Path) -> None:
    content = b"AG-Nr;Text;Zeit\r\n10;Drehen;1.5\r\n20;Bohren;0.25\r\n"
    assert look(content, "operations.csv").faults  # no id is known
    first = look(content, "operations.csv")
    table_mapping.save(first.plans, tmp_path / "map.json")
    text = (tmp_path / "map.json").read_text()
    for title, field in (("AG-Nr", "id"), ("Text", "name"), ("Zeit", "duration")):
        text = re.sub(rf'("{title}": {{\s*"field": )""', rf'\1"{field}"', text)
    text = text.replace('"field": "duration"', '"field": "duration", "unit": "h"')
    (tmp_path / "map.json").write_text(text)
    found = look(content, "operations.csv", mapping=table_mapping.load(tmp_path / "map.json")).schedule
    assert found is not None
    assert [(op.id, op.name, op.duration) for op in found.snapshot.events] == [
        ("10", "Drehen", 5_400_000),
        ("20", "Bohren", 900_000),
    ]


@pytest.mark.parametrize("text", ["{}", '{"sheets": {"a": {"table": "x", "evil": 1}}}', "[]", "nonsense"])
def test_a_wrong_mapping_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "map.json").write_text(text)
    with pytest.raises(TaktwerkError) as caught:
        table_mapping.load(tmp_path / "map.json")
    assert caught.value.code is ErrorCode.INVALID_SCHEDULE


def test_german_titles_are_understood() -> None:
    content = "Auftragsnummer;Bezeichnung;Kunde;Liefertermin\r\n4711;Welle;Müller;2026-12-01 14:00\r\n"
    found = look(content.encode(), "Aufträge.csv").schedule
    assert found is not None
    order = found.snapshot.orders[0]
    assert (order.id, order.name, order.customer) == ("4711", "Welle", "Müller")
    assert order.due_date is not None and order.due_date.hour == 14
