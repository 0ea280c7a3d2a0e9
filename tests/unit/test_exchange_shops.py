"""Flow shops, assembly job shops, job shops with setups and Patterson projects: names, units and structure."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from app import cli
from app.exchange import parse_bytes, read_noted, write
from app.exchange.benchmark import EPOCH
from engine.errors import TaktwerkError
from engine.model import Schedule, Snapshot
from tests.support.bench_files import FILES, HFSP

MINUTE_MS = 60_000


def shot(name: str, text: str | None = None) -> Snapshot:
    data = parse_bytes((text or FILES[name]).encode(), "case.txt", name)
    assert isinstance(data, Schedule)
    return data.snapshot


def rules(data: Snapshot) -> list[dict[tuple[str, str], int]]:
    return [{(r.from_, r.to): r.duration // MINUTE_MS for r in matrix.rules} for matrix in data.setup_matrices]


def arcs(data: Snapshot) -> list[tuple[str, str]]:
    return [(d.from_event, d.to_event) for d in data.dependencies]


def test_flow_shop() -> None:
    data = shot("naderi_npfsp")
    assert [(r.id, r.capacity) for r in data.resources] == [("m1", 1), ("m2", 1)]
    assert [order.id for order in data.orders] == ["j1", "j2", "j3"]
    assert [(e.id, e.resource_id, e.duration // MINUTE_MS, e.order_id) for e in data.events] == [
        ("j1-o1", "m1", 4, "j1"),
        ("j1-o2", "m2", 5, "j1"),
        ("j2-o1", "m1", 1, "j2"),
        ("j2-o2", "m2", 2, "j2"),
        ("j3-o1", "m1", 3, "j3"),
        ("j3-o2", "m2", 9, "j3"),
    ]
    assert arcs(data) == [("j1-o1", "j1-o2"), ("j2-o1", "j2-o2"), ("j3-o1", "j3-o2")]


def test_stages_of_a_hybrid_flow_shop_are_resources_with_a_capacity() -> None:
    data = shot("naderi_hfsp")
    assert [(r.id, r.name, r.capacity) for r in data.resources] == [("m1", "Stage 1", 2), ("m2", "Stage 2", 1)]
    assert data.events == shot("naderi_npfsp").events


def test_due_dates_of_a_flow_shop_are_those_of_its_orders() -> None:
    data = shot("naderi_tt_pfsp")
    assert [order.due_date for order in data.orders] == [EPOCH + dt.timedelta(minutes=m) for m in (9, 4, 20)]
    assert data.events == shot("naderi_npfsp").events


def test_setups_of_a_flow_shop_stand_by_machine_from_job_to_job() -> None:
    data = shot("naderi_sdst_pfsp")
    assert [resource.setup_matrix for resource in data.resources] == ["setups-m1", "setups-m2"]
    assert [resource.initial_setup for resource in data.resources] == [None, None]
    assert [event.setup_family for event in data.events] == ["j1", "j1", "j2", "j2"]
    assert rules(data) == [{("j1", "j2"): 3, ("j2", "j1"): 7}, {("j1", "j2"): 1, ("j2", "j1"): 2}]


def test_job_shop_with_setups_in_json() -> None:
    data = shot("jsp_sdst_json")
    assert [(e.id, e.resource_id, e.duration // MINUTE_MS, e.setup_family) for e in data.events] == [
        ("j1-o1", "m1", 4, "j1"),
        ("j1-o2", "m2", 5, "j1"),
        ("j2-o1", "m2", 2, "j2"),
        ("j2-o2", "m1", 1, "j2"),
    ]
    assert rules(data) == [{("j1", "j2"): 3, ("j2", "j1"): 7}, {("j1", "j2"): 1, ("j2", "j1"): 2}]


def test_a_setup_from_a_job_to_itself_counts_where_a_job_comes_twice() -> None:
    text = FILES["jsp_sdst_json"].replace("[[0, 4], [1, 5]]", "[[0, 4], [0, 5]]").replace("[[0, 3]", "[[8, 3]")
    assert rules(shot("jsp_sdst_json", text))[0][("j1", "j1")] == 8


def test_assembly_job_shop_is_cut_into_jobs_where_no_precedence_joins() -> None:
    data = shot("fajsp")
    assert [(e.id, e.order_id) for e in data.events] == [
        ("j1-o1", "j1"),
        ("j1-o2", "j1"),
        ("j1-o3", "j1"),
        ("j2-o1", "j2"),
    ]
    assert [[(m.resource_id, (m.duration or 0) // MINUTE_MS) for m in e.modes or ()] for e in data.events] == [
        [("m1", 5)],
        [("m2", 4), ("m1", 6)],
        [("m2", 3)],
        [("m1", 2)],
    ]
    assert [e.duration // MINUTE_MS for e in data.events] == [5, 4, 3, 2]
    assert arcs(data) == [("j1-o1", "j1-o2"), ("j1-o1", "j1-o3")]


def test_jobs_that_an_assembly_file_names_are_kept_together() -> None:
    text = "4 2 1\n0 1 7\n2 3 7\n" + "1 0 1\n" * 4
    assert [e.id for e in shot("fajsp", text).events] == ["j1-o1", "j1-o2", "j1-o3", "j1-o4"]


def test_project_in_the_patterson_format() -> None:
    data = shot("patterson_rcp")
    assert [(r.id, r.capacity) for r in data.resources] == [("r1", 4), ("r2", 1)]
    assert [(e.id, e.duration // MINUTE_MS) for e in data.events] == [("a1", 0), ("a2", 5), ("a3", 4), ("a4", 0)]
    needs = [[(d.resource_id, d.quantity) for d in e.demands or ()] for e in data.events]
    assert needs == [[], [("r1", 2)], [("r1", 3), ("r2", 1)], []]
    assert arcs(data) == [("a1", "a2"), ("a1", "a3"), ("a2", "a4"), ("a3", "a4")]


def test_project_with_modes() -> None:
    data = shot("psplib_mm")
    assert [(r.id, r.capacity, r.infinite, r.nonrenewable) for r in data.resources] == [
        ("m1", 1, True, False),
        ("m2", 1, True, False),
        ("m3", 1, True, False),
        ("r1", 4, False, False),
        ("n1", 5, False, True),
    ]
    first, second, third, _ = data.events
    assert first.modes is None and first.demands is None
    assert [(m.resource_id, (m.duration or 0) // MINUTE_MS) for m in second.modes or ()] == [("m1", 2), ("m2", 6)]
    assert [(d.resource_id, d.quantity, d.only_on) for d in second.demands or ()] == [
        ("r1", 3, ("m1",)),
        ("r1", 2, ("m2",)),
        ("n1", 5, ("m1",)),
        ("n1", 1, ("m2",)),
    ]
    assert [(d.resource_id, d.quantity, d.only_on) for d in third.demands or ()] == [
        ("r1", 3, ("m1",)),
        ("r1", 2, ("m2", "m3")),
        ("n1", 4, ("m1", "m2")),
    ]
    assert arcs(data) == [("a1", "a2"), ("a1", "a3"), ("a2", "a4"), ("a3", "a4")]


def test_needs_of_single_modes_cannot_be_written(tmp_path: Path) -> None:
    data = parse_bytes(FILES["psplib_mm"].encode(), "case.mm")
    assert isinstance(data, Schedule)
    with pytest.raises(TaktwerkError) as caught:
        write(data, tmp_path / "out.sm")
    reasons = " ".join(fault["reason"] for fault in caught.value.details["faults"])
    assert "nonrenewable resources" in reasons
    assert "needs of single modes" in reasons


def test_project_without_resources() -> None:
    data = shot("patterson_rcp", "2 0\n3 1 2\n4 0\n")
    assert not data.resources
    assert [e.duration // MINUTE_MS for e in data.events] == [3, 4]


def test_a_flow_shop_file_that_two_formats_take_must_be_named() -> None:
    """With as many jobs as machines, due dates and machine counts look alike."""
    text = "2\n2\n2 1\n4 5\n1 2\n"
    with pytest.raises(TaktwerkError, match=r"name it \(one of naderi_hfsp, naderi_tt_pfsp\)"):
        parse_bytes(text.encode(), "case.txt")
    assert [r.capacity for r in shot("naderi_hfsp", text).resources] == [2, 1]
    assert shot("naderi_tt_pfsp", text).orders[0].due_date == EPOCH + dt.timedelta(minutes=2)


@pytest.mark.parametrize(
    ("name", "is_noted"), [("naderi_tt_pfsp", True), ("naderi_sdst_pfsp", True), ("naderi_npfsp", False)]
)
def test_convert_tells_that_published_values_are_for_permutations(
    name: str, is_noted: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "case.txt", tmp_path / "out.json"
    source.write_text(FILES[name])
    assert cli.main(["convert", str(source), str(target)]) == 0
    assert ("every machine takes the jobs in the same order" in capsys.readouterr().out) is is_noted
    assert read_noted(target) == (read_noted(source)[0], [])


def test_convert_reads_a_named_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = tmp_path / "case.txt", tmp_path / "out.json"
    source.write_text(HFSP)
    assert cli.main(["convert", str(source), str(target), "--format", "naderi_hfsp", "--json"]) == 0
    assert '"operations": 6' in capsys.readouterr().out
