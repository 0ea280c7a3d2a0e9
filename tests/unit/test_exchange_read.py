"""Reading benchmark files: names, units and structure as the contract's last section says."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.exchange import NAMES, parse_bytes, read, read_input, write
from engine.errors import TaktwerkError
from engine.instants import format_instant
from engine.model import OptimizationRequest, Options, Schedule
from tests.support.bench_files import FILES, WRITTEN

MINUTE_MS = 60_000


def parse(name: str, text: str | None = None) -> Schedule:
    data = parse_bytes((text or FILES[name]).encode(), f"case.{name}", name)
    assert isinstance(data, Schedule)
    return data


def test_job_shop() -> None:
    data = parse("jsp")
    shot = data.snapshot
    assert [resource.id for resource in shot.resources] == ["m1", "m2", "m3"]
    assert [(e.id, e.resource_id, e.duration // MINUTE_MS) for e in shot.events] == [
        ("j1-o1", "m1", 3),
        ("j1-o2", "m2", 2),
        ("j1-o3", "m3", 2),
        ("j2-o1", "m3", 4),
        ("j2-o2", "m1", 1),
        ("j2-o3", "m2", 5),
    ]
    assert [(d.from_event, d.to_event) for d in shot.dependencies] == [
        ("j1-o1", "j1-o2"),
        ("j1-o2", "j1-o3"),
        ("j2-o1", "j2-o2"),
        ("j2-o2", "j2-o3"),
    ]
    assert data.metadata.horizon_start is not None
    assert format_instant(data.metadata.horizon_start) == "2026-01-01T00:00:00Z"
    assert data.metadata.name == "case"
    assert not shot.calendars and not any(event.is_placed for event in shot.events)


def test_job_shop_with_jobs_of_any_length() -> None:
    shot = parse("jsp_reentrant").snapshot
    assert [(e.id, e.resource_id) for e in shot.events] == [
        ("j1-o1", "m1"),
        ("j1-o2", "m2"),
        ("j1-o3", "m1"),
        ("j2-o1", "m2"),
    ]


def test_flexible_job_shop() -> None:
    events = {event.id: event for event in parse("fjsp").snapshot.events}
    assert list(events) == ["j1-o1", "j1-o2", "j2-o1"]
    modes = events["j1-o2"].modes
    assert modes is not None
    assert [(mode.resource_id, mode.duration) for mode in modes] == [("m1", 6 * MINUTE_MS), ("m2", 3 * MINUTE_MS)]
    assert events["j1-o2"].resource_id is None


def test_setups_stand_by_machine_from_row_to_column() -> None:
    shot = parse("fjsp_sdst").snapshot
    assert [resource.setup_matrix for resource in shot.resources] == ["setups-m1", "setups-m2"]
    assert [event.setup_family for event in shot.events] == ["j1-o1", "j1-o2", "j2-o1"]
    first, second = shot.setup_matrices
    rules = {(rule.from_, rule.to): rule.duration // MINUTE_MS for rule in first.rules}
    assert rules == {
        ("j1-o1", "j1-o2"): 2,
        ("j1-o1", "j2-o1"): 3,
        ("j1-o2", "j1-o1"): 1,
        ("j1-o2", "j2-o1"): 5,
        ("j2-o1", "j1-o1"): 4,
        ("j2-o1", "j1-o2"): 6,
    }
    # j1-o1 cannot run on machine 2, so its rows and columns there say nothing; the other 1,000,000 is a ban.
    assert {(r.from_, r.to): (r.duration // MINUTE_MS, r.forbidden) for r in second.rules} == {
        ("j1-o2", "j2-o1"): (0, True),
        ("j2-o1", "j1-o2"): (8, False),
    }


def test_project() -> None:
    shot = parse("psplib").snapshot
    assert [(r.id, r.capacity) for r in shot.resources] == [("r1", 4), ("r2", 1)]
    assert [(e.id, e.duration // MINUTE_MS) for e in shot.events] == [("a1", 0), ("a2", 5), ("a3", 4), ("a4", 0)]
    assert all(event.resource_id is None and event.modes is None for event in shot.events)
    demands = shot.events[2].demands
    assert demands is not None
    assert [(demand.resource_id, demand.quantity) for demand in demands] == [("r1", 3), ("r2", 1)]
    assert [(d.from_event, d.to_event) for d in shot.dependencies] == [
        ("a1", "a2"),
        ("a1", "a3"),
        ("a2", "a4"),
        ("a3", "a4"),
    ]


@pytest.mark.parametrize("name", FILES)
def test_format_is_told_from_the_content(name: str) -> None:
    assert parse_bytes(FILES[name].encode(), "case.txt") == parse(name)


@pytest.mark.parametrize("name", WRITTEN)
def test_writing_and_reading_gives_the_same(name: str, tmp_path: Path) -> None:
    data = parse(name)
    target = tmp_path / "case.txt"
    assert write(data, target, name) == []
    assert read(target, name) == data


@pytest.mark.parametrize("alias", ["jsp_standard", "psplib_sm"])
def test_names_of_the_manifest_are_known(alias: str) -> None:
    name = {"jsp_standard": "jsp", "psplib_sm": "psplib"}[alias]
    assert parse_bytes(FILES[name].encode(), f"case.{name}", alias) == parse(name)


def test_json_holds_a_schedule_or_a_request(tmp_path: Path) -> None:
    data = parse("fjsp_sdst")
    target = tmp_path / "case.json"
    write(data, target)
    assert read_input(target) == data
    request = OptimizationRequest(schedule_data=data, options=Options(time_limit=3))
    target.write_text(request.model_dump_json(by_alias=True, exclude_none=True))
    assert read_input(target) == request
    assert read(target) == data


def test_byte_order_mark_and_windows_line_ends_do_not_matter() -> None:
    text = FILES["jsp"].replace("\n", "\r\n")
    assert parse_bytes(b"\xef\xbb\xbf" + text.encode(), "case.jsp") == parse("jsp")


def test_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(TaktwerkError, match="psplib") as caught:
        parse_bytes(b"1 1\n0 1\n", "case.txt", "xls")
    assert caught.value.code == "E001"
    assert set(NAMES) <= set(caught.value.message.replace(",", " ").replace(";", " ").split())
