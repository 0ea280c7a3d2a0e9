"""``taktwerk bench`` as a program, with the real solver, on the small instances that come with it."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from app.bench import cells
from app.cli import main
from tests.support.bench_files import BENCH

ROOT = Path(__file__).resolve().parents[2]
SELECTION = ROOT / "tests" / "benchmarks" / "issue2.csv"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    own = {"TAKTWERK_LOG_DIR": str(tmp_path / "logs"), "TAKTWERK_DATABASE": str(tmp_path / "taktwerk.db")}
    return {**os.environ, **own, "COLUMNS": "200"}


def bench(environment: dict[str, str], *arguments: object, timeout: float = 90) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app", "bench", *(str(argument) for argument in arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout)


def test_small_instances_are_proven_and_a_second_call_goes_on(environment: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "results.json"
    given = ["--time-limit", 20, "--workers", 2, "-o", out]
    first = bench(environment, *given, "--instance", "setups-3x3")
    assert first.returncode == 0, first.stderr
    assert "[1/1] small_fjsp_sdst/setups-3x3 taktwerk: 37 · gap 0.00 % · proven" in first.stderr
    again = bench(environment, *given, "--instance", "setups-3x3", "shop-6x5", "--resume", "--json")
    assert again.returncode == 0, again.stderr
    assert "setups-3x3" not in again.stderr
    document = json.loads(again.stdout)
    found = {cell["instance"]: cell for cell in document["cells"]}
    assert list(found) == ["setups-3x3", "shop-6x5"]
    for name, best in (("setups-3x3", 37), ("shop-6x5", 88)):
        assert (found[name]["value"], found[name]["optimal"], found[name]["violations"]) == (best, True, 0)
        assert found[name]["peakMib"] > 20
        assert 0 < found[name]["firstPlanMs"] < 1000 * found[name]["wallS"]
    assert document["machine"]["cores"] == os.cpu_count()
    secrets = (str(ROOT), str(tmp_path), os.uname().nodename if hasattr(os, "uname") else "\0")
    assert not [word for word in secrets if len(word) > 4 and word in out.read_text()]
    assert len(cells.load(out).cells) == 2


def test_results_become_a_page(environment: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "results.json"
    options = ("--family", "small_psplib", "--algorithm", "dispatch", "--time-limit", 20, "-o", out)
    assert bench(environment, *options).returncode == 0
    page = bench(environment, "--report", out, "--title", "Projects")
    assert page.returncode == 0
    assert page.stdout.startswith("# Projects\n")
    assert "| small_psplib | taktwerk:dispatch | 1 | 1 |" in page.stdout


@pytest.fixture
def here(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("here")
def test_a_missing_peer_is_told_and_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--instance", "setups-3x3", "--algorithm", "dispatch", "--time-limit", "20", "--json"]
    assert main(["bench", "--peers", "pyjobshop", "--peer-python", "no-such-python", *arguments]) == 0
    printed = capsys.readouterr()
    assert "pyjobshop is not installed here" in printed.err
    assert {cell["solver"] for cell in json.loads(printed.out)["cells"]} == {"taktwerk:dispatch"}


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["--algorithm", "luck"], "E001", "--algorithm"),
        (["--time-limit", "0"], "E001", "--time-limit"),
        (["--per-family", "-1"], "E001", "--per-family"),
        (["--seed", "-1"], "E001", "--seed"),
        (["--resume"], "E001", "--output"),
        (["--peers", "oracle"], "E001", "unknown solver"),
        (["--family", "none_such"], "E012", "none_such"),
        (["--manifest", "none-such.csv"], "E012", "none-such.csv"),
    ],
)
@pytest.mark.usefixtures("here")
def test_faults_are_coded(arguments: list[str], code: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", *arguments, "--json"]) == 1
    error = json.loads(capsys.readouterr().out)
    assert error["code"] == code
    assert word in error["message"]


@pytest.mark.usefixtures("here")
def test_an_unreadable_instance_stops_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    columns = "family,instance,format,objective,path,n_ops,best_known_ub,best_known_lb"
    (tmp_path / "manifest.csv").write_text(f"{columns}\nf,lost,jsp,makespan,lost.jsp,4,,\n")
    assert main(["bench", "--manifest", str(tmp_path / "manifest.csv"), "--json"]) == 0
    (cell,) = json.loads(capsys.readouterr().out)["cells"]
    assert (cell["status"], cell["operations"]) == ("unreadable", 4)


def has_pyjobshop() -> bool:
    try:
        return metadata.version("pyjobshop") is not None
    except metadata.PackageNotFoundError:
        return False


@pytest.mark.skipif(not has_pyjobshop(), reason="pyjobshop is not installed (the extra `bench`)")
def test_pyjobshop_agrees_on_the_small_instances(environment: dict[str, str]) -> None:
    done = bench(environment, "--peers", "pyjobshop", "--time-limit", 10, "--json")
    found = [cell for cell in json.loads(done.stdout)["cells"] if cell["solver"] == "pyjobshop"]
    assert len(found) == 4
    assert all(cell["optimal"] and cell["value"] == cell["bestKnown"] for cell in found)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_format_at_ten_seconds(environment: dict[str, str], tmp_path: Path) -> None:
    """Must-show 4 of issue 2: every plan passes the checker, small ones are proven at the published value."""
    if not BENCH.is_dir():
        pytest.skip("the benchmark collection ../shared/bench is not here")
    out = tmp_path / "results.json"
    manifest = BENCH / "manifest.csv"
    done = bench(
        environment, "--manifest", manifest, "--select", SELECTION, "--time-limit", 10, "-o", out, timeout=1700
    )
    assert done.returncode == 0, done.stderr
    found = {(cell.family, cell.instance): cell for cell in cells.load(out).cells}
    with SELECTION.open(newline="") as stream:
        wanted = {(row["family"], row["instance"]): row["small"] for row in csv.DictReader(stream)}
    assert set(found) == set(wanted)
    assert len(found) >= 40
    assert [key for key, cell in found.items() if not cell.has_plan or cell.violations] == []
    assert [key for key, small in wanted.items() if small and not found[key].optimal] == []
    assert [key for key, small in wanted.items() if small == "published" and found[key].gap != 0] == []
    below = [
        key
        for key, cell in found.items()
        if cell.value and cell.best_known_bound and cell.value < cell.best_known_bound
    ]
    assert below == [], "better than a proven bound"
