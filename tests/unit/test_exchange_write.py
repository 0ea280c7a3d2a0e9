"""Writing: what a format cannot hold is refused if it changes the problem, and told if it does not."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from app.exchange import parse_bytes, read, write
from engine.errors import TaktwerkError
from engine.model import Calendar, Dependency, Operation, Resource, Schedule, Status
from tests.support.bench_files import FILES, WRITTEN

WHEN = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


def sample(name: str) -> Schedule:
    data = parse_bytes(FILES[name].encode(), "case.txt", name)
    assert isinstance(data, Schedule)
    return data


def with_snapshot(data: Schedule, **changes: Any) -> Schedule:
    return data.model_copy(update={"snapshot": data.snapshot.model_copy(update=changes)})


def with_first_event(data: Schedule, **changes: Any) -> Schedule:
    first, *rest = data.snapshot.events
    return with_snapshot(data, events=(first.model_copy(update=changes), *rest))


def with_first_resource(data: Schedule, **changes: Any) -> Schedule:
    first, *rest = data.snapshot.resources
    return with_snapshot(data, resources=(first.model_copy(update=changes), *rest))


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("jsp", lambda d: with_first_event(d, deadline=WHEN), "deadlines"),
        ("jsp", lambda d: with_first_event(d, release_date=WHEN), "release dates"),
        ("jsp", lambda d: with_first_event(d, locked=True), "locked"),
        ("jsp", lambda d: with_first_event(d, status=Status.COMPLETED), "completed"),
        ("jsp", lambda d: with_first_resource(d, capacity=2), "capacity"),
        ("jsp", lambda d: with_first_resource(d, infinite=True), "without limit"),
        ("jsp", lambda d: with_first_resource(d, efficiency=0.5), "efficiency"),
        ("jsp", lambda d: with_snapshot(d, dependencies=()), "a job of 1 operations on 3 machines"),
        ("fjsp", lambda d: with_first_event(d, modes=None), "without a machine"),
        ("fjsp", lambda d: with_snapshot(d, dependencies=(*d.snapshot.dependencies, extra(d))), "jobs that branch"),
        ("fjsp_sdst", lambda d: with_first_resource(d, initial_setup="j1-o1"), "an initial setup"),
        ("psplib", lambda d: with_lag(d), "lags"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(name: str, change: Any, reason: str, tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    with pytest.raises(TaktwerkError) as caught:
        write(change(sample(name)), target, name)
    assert caught.value.code == "E001"
    assert any(reason in fault["reason"] for fault in caught.value.details["faults"])
    assert not target.exists()


def extra(data: Schedule) -> Dependency:
    return Dependency(id="extra", from_event=data.snapshot.events[0].id, to_event=data.snapshot.events[2].id)


def with_lag(data: Schedule) -> Schedule:
    first, *rest = data.snapshot.dependencies
    return with_snapshot(data, dependencies=(first.model_copy(update={"lag": 5.0}), *rest))


def test_calendars_are_refused_in_every_benchmark_format(tmp_path: Path) -> None:
    for name in WRITTEN:
        calendar = Calendar(id="c", name="Never", week=())
        data = with_first_resource(with_snapshot(sample(name), calendars=(calendar,)), calendar="c")
        with pytest.raises(TaktwerkError, match="calendars"):
            write(data, tmp_path / "out.txt", name)


def test_placements_and_due_dates_are_told_as_not_written(tmp_path: Path) -> None:
    placed = with_first_event(
        sample("jsp"), start_date=WHEN, end_date=WHEN + dt.timedelta(minutes=3), due_date=WHEN, duration=150_001
    )
    notes = write(placed, tmp_path / "out.txt", "jsp")
    assert [word for note in notes for word in ("placements", "due dates", "rounded") if word in note] == [
        "placements",
        "due dates",
        "rounded",
    ]
    assert read(tmp_path / "out.txt").snapshot.events[0].duration == 180_000


def test_project_without_dummies_gets_them(tmp_path: Path) -> None:
    data = sample("psplib")
    events = tuple(
        Operation(id=f"x{index}", name="X", duration=60_000 * index, resource_id="r1") for index in (1, 2, 3)
    )
    links = (Dependency(id="d", from_event="x1", to_event="x3"),)
    data = with_snapshot(data, events=events, dependencies=links, resources=(Resource(id="r1", name="R", capacity=2),))
    notes = write(data, tmp_path / "out.sm")
    assert notes == ["A dummy first and last activity were added."]
    again = read(tmp_path / "out.sm").snapshot
    assert [event.duration // 60_000 for event in again.events] == [0, 1, 2, 3, 0]
    assert {(d.from_event, d.to_event) for d in again.dependencies} == {
        ("a1", "a2"),
        ("a1", "a3"),
        ("a2", "a4"),
        ("a3", "a5"),
        ("a4", "a5"),
    }


def test_wildcard_and_default_setups_are_written_out(tmp_path: Path) -> None:
    data = sample("fjsp_sdst")
    matrix = data.snapshot.setup_matrices[0]
    changed = matrix.model_validate(
        {
            "id": matrix.id,
            "name": "M",
            "default": {"duration": 240_000},
            "rules": [{"from": "*", "to": "j1-o2", "duration": 60_000}],
        }
    )
    data = with_snapshot(data, setup_matrices=(changed, data.snapshot.setup_matrices[1]))
    write(data, tmp_path / "out.txt", "fjsp_sdst")
    rules = {(r.from_, r.to): r.duration // 60_000 for r in read(tmp_path / "out.txt").snapshot.setup_matrices[0].rules}
    assert rules[("j1-o1", "j1-o2")] == rules[("j2-o1", "j1-o2")] == 1
    assert rules[("j1-o1", "j2-o1")] == rules[("j1-o2", "j1-o1")] == 4


def test_ending_chooses_the_format(tmp_path: Path) -> None:
    for suffix, name in ((".jsp", "jsp"), (".fjs", "fjsp"), (".fjss", "fjsp_sdst"), (".sm", "psplib")):
        target = tmp_path / f"case{suffix}"
        write(sample(name), target)
        assert not target.read_text().startswith("{")
        assert read(target).snapshot == sample(name).snapshot
    write(sample("jsp"), tmp_path / "case.json")
    assert (tmp_path / "case.json").read_text().startswith("{")


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "case.jsp"
    target.write_text("old")
    with pytest.raises(TaktwerkError):
        write(with_first_resource(sample("jsp"), capacity=2), target)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["case.jsp"]


@pytest.mark.parametrize("name", sorted(set(FILES) - set(WRITTEN)))
def test_formats_that_are_only_read_say_so(name: str, tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    with pytest.raises(TaktwerkError, match="can only be read; these can be written: taktwerk, jsp") as caught:
        write(sample(name), target, name)
    assert caught.value.code == "E001"
    assert not target.exists()


@pytest.mark.parametrize("name", FILES)
def test_every_format_becomes_a_contract_file(name: str, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    assert write(sample(name), target) == []
    assert read(target) == sample(name)


def test_an_assembly_job_shop_is_no_chain_for_other_formats(tmp_path: Path) -> None:
    with pytest.raises(TaktwerkError, match="jobs that branch"):
        write(sample("fajsp"), tmp_path / "out.fjs")
