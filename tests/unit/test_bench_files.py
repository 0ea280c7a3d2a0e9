"""Manifests, selections and files of results: faults are coded, and an interrupted measurement goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import exchange
from app.bench import cells
from app.bench.cells import Cell, Conditions
from app.bench.manifest import BUNDLED, Instance, pick, read_manifest, read_selection, select
from engine.errors import ErrorCode, TaktwerkError

HEADER = "family,instance,format,objective,path,n_ops,best_known_ub,best_known_lb\n"
CONDITIONS = Conditions(date="2026-11-24", time_limit=10, workers=2, seed=0, solvers=("taktwerk",), machine={})


def manifest(folder: Path, *lines: str, header: str = HEADER) -> Path:
    path = folder / "manifest.csv"
    path.write_text(header + "".join(f"{line}\n" for line in lines))
    return path


def cell(instance: str, value: float = 1.0) -> Cell:
    return Cell(
        family="f",
        instance=instance,
        solver="taktwerk",
        operations=3,
        objective="minimize_makespan",
        status="plan",
        value=value,
    )


def instances(*sizes: int) -> list[Instance]:
    return [Instance("f", f"i{n}", "jsp", "minimize_makespan", Path("x"), size) for n, size in enumerate(sizes)]


def test_a_manifest_is_read_with_its_bounds(tmp_path: Path) -> None:
    path = manifest(tmp_path, "f,a,jsp,makespan,sub/a.jsp,12,55,", "f,b,jsp,total_tardiness,b.jsp,,0,0")
    a, b = read_manifest(path)
    assert (a.path, a.operations, a.best_known, a.bound) == (tmp_path / "sub/a.jsp", 12, 55, None)
    assert (b.objective, b.best_known, b.is_settled) == ("minimize_tardiness", 0, True)


def test_every_fault_of_a_manifest_is_told_at_once(tmp_path: Path) -> None:
    path = manifest(
        tmp_path,
        "f,a,jsp,makespan,a.jsp,12,much,",
        "f,b,jsp,beauty,b.jsp,12,1,1",
        ",c,jsp,makespan,,12,-1,nan",
        "f,d,jsp,makespan,d.jsp,1,1,1",
        "f,d,jsp,makespan,d.jsp,1,1,1",
    )
    with pytest.raises(TaktwerkError) as caught:
        read_manifest(path)
    assert caught.value.code is ErrorCode.INVALID_SCHEDULE
    faults = {fault["path"] for fault in caught.value.details["faults"]}
    assert faults == {
        "manifest.csv: line 2: best_known_ub",
        "manifest.csv: line 3: objective",
        "manifest.csv: line 4: family",
        "manifest.csv: line 4: path",
        "manifest.csv: line 4: best_known_ub",
        "manifest.csv: line 4: best_known_lb",
        "manifest.csv: line 6",
    }


def test_missing_columns_and_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(TaktwerkError, match=r"E001.*columns are missing"):
        read_manifest(manifest(tmp_path, "f,a", header="family,instance\n"))
    with pytest.raises(TaktwerkError, match="E012"):
        read_manifest(tmp_path / "nowhere.csv")
    with pytest.raises(TaktwerkError, match=r"E001.*columns are missing"):
        read_selection(manifest(tmp_path, "f", header="family\n"))


def test_a_few_of_a_family_are_spread_over_its_sizes() -> None:
    chosen = select(instances(50, 10, 20, 40, 30), per_family=3)
    assert [instance.operations for instance in chosen] == [50, 10, 30]
    assert [instance.operations for instance in select(instances(50, 10, 20), per_family=1)] == [20]
    assert len(select(instances(1, 2), per_family=9)) == 2


def test_a_selection_keeps_its_order_and_unknown_names_are_told(tmp_path: Path) -> None:
    known = instances(1, 2, 3)
    path = manifest(tmp_path, "f,i2,yes", "f,i0,", header="family,instance,small\n")
    assert [instance.name for instance in pick(known, read_selection(path))] == ["i2", "i0"]
    with pytest.raises(TaktwerkError, match=r"E012.*f/i9"):
        pick(known, [("f", "i9")])
    with pytest.raises(TaktwerkError, match=r"E012.*no family g"):
        select(known, families=["g"])
    with pytest.raises(TaktwerkError, match=r"E012.*no instance i9"):
        select(known, names=["i9"])
    with pytest.raises(TaktwerkError, match=r"E012.*No instance"):
        select([*known, Instance("g", "j", "jsp", "minimize_makespan", Path("x"), 1)], ["g"], ["i0"])


def test_the_bundled_instances_can_be_read() -> None:
    for instance in read_manifest(BUNDLED):
        assert len(exchange.read(instance.path, instance.format).snapshot.events) == instance.operations


def test_cells_are_in_the_file_as_soon_as_they_are_known(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    results = cells.begin(CONDITIONS, path, resume=False)
    results.add(cell("a"))
    assert [found.instance for found in cells.load(path).cells] == ["a"]
    results.add(cell("b"))
    assert cells.load(path).cells == [cell("a"), cell("b")]
    assert cells.load(path).conditions == CONDITIONS


def test_a_measurement_that_broke_off_in_a_line_goes_on_after_the_last_whole_one(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    cells.begin(CONDITIONS, path, resume=False).add(cell("a"))
    with path.open("ab") as stream:
        stream.write(b'{"family":"f","insta')
    results = cells.begin(CONDITIONS, path, resume=True)
    assert results.has("f", "a", "taktwerk")
    assert not results.has("f", "b", "taktwerk")
    results.add(cell("b"))
    assert [found.instance for found in cells.load(path).cells] == ["a", "b"]


def test_resuming_what_is_not_there_begins(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    cells.begin(CONDITIONS, path, resume=True).add(cell("a"))
    assert len(cells.load(path).cells) == 1


def test_results_are_not_overwritten_nor_mixed_with_others(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    cells.begin(CONDITIONS, path, resume=False)
    with pytest.raises(TaktwerkError, match=r"E001.*--resume"):
        cells.begin(CONDITIONS, path, resume=False)
    longer = CONDITIONS.model_copy(update={"time_limit": 20.0})
    with pytest.raises(TaktwerkError, match=r"E001.*10 s, 2 workers, seed 0, not 20 s"):
        cells.begin(longer, path, resume=True)


def test_a_file_that_holds_something_else_is_told_by_line(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(CONDITIONS.line() + b'{"family":"f"}\nnonsense\n')
    with pytest.raises(TaktwerkError) as caught:
        cells.load(path)
    assert caught.value.code is ErrorCode.INVALID_SCHEDULE
    assert [fault["path"] for fault in caught.value.details["faults"]] == [
        "results.json: line 2",
        "results.json: line 3",
    ]
    path.write_bytes(b"")
    with pytest.raises(TaktwerkError, match="E001"):
        cells.load(path)


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(TaktwerkError, match="E008"):
        cells.begin(CONDITIONS, tmp_path / "nowhere" / "results.json", resume=False)
