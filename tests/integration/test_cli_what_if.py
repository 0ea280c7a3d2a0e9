"""``taktwerk what-if`` with real solver processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app import cli
from app.exchange import formats
from app.versions import VersionService
from storage.database import open_database
from tests.support.plants import machine, op, order, plant

PLAN = plant(
    [op(f"A{i}", 60, modes=["M1", "M2"], on="M1", start=60 * i, order=f"O{i}") for i in range(4)],
    resources=[machine("M1", name="Saw one"), machine("M2", name="Saw two")],
    orders=[order(f"O{i}", due=60 * (i + 1) - 30) for i in range(4)],
    now=0,
)
VARIANTS: list[dict[str, Any]] = [
    {"name": "As it is"},
    {
        "name": "Saw two down",
        "changes": [{"kind": "machineDown", "resource": "M2", "start": "2026-01-05T00:00", "end": "2026-01-06T00:00"}],
    },
]


def written(folder: Path, document: Any) -> str:
    path = folder / "what-if.json"
    path.write_text(json.dumps(document))
    return str(path)


def test_variants_of_a_version_are_tried_and_one_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = str(tmp_path / "plans.db")
    database = open_database(url)
    info = VersionService(database, "anna").import_schedule(PLAN, "Sawmill")
    database.close()
    what_if = written(tmp_path, {"options": {"timeLimit": 30}, "variants": VARIANTS})
    keep = ["--keep", "As it is", "--json", "--database", url]
    assert cli.main(["what-if", "Sawmill:1", what_if, *keep]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["base"]["version"] == 1 and found["base"]["metrics"]["changedEvents"] == 0
    one, two = found["variants"]
    assert (one["status"], two["status"]) == ("completed", "completed")
    assert one["metrics"]["totalTardiness"] < two["metrics"]["totalTardiness"]
    assert one["nonDominated"] and two["changes"] == "Saw two down, Mon 5 Jan 00:00 – Tue 6 Jan 00:00"
    assert found["kept"] == ["As it is: version 2"]
    database = open_database(url)
    heads = {head.name: head.description for head in VersionService(database).heads(info.schedule_id)}
    with database.read() as view:
        assert [row.head_name for row in view.runs.list()] == ["main", "main"]
    database.close()
    assert heads["As it is"] == "What-if As it is: Nothing changed, optimised"


@pytest.mark.slow
def test_a_file_is_swept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "plan.json"
    formats.write(PLAN, path)
    what_if = written(tmp_path, {"options": {"timeLimit": 30}, "budgets": [1]})
    assert cli.main(["what-if", str(path), what_if, "--budgets", "1,2", "--json"]) == 0
    points = json.loads(capsys.readouterr().out)["budgets"]
    assert [p["budget"] for p in points] == [0, 1, 2, None]
    assert points[1]["moved"] <= 1 and points[1]["objectiveValue"] < points[0]["objectiveValue"]
    assert points[2]["moved"] <= 2


@pytest.mark.parametrize(
    ("document", "options", "told"),
    [
        (
            {"variants": [{"name": "x", "changes": [{"kind": "rushOrder", "order": "O9"}]}]},
            [],
            "there is no such order",
        ),
        ({"variants": [{"name": "x"}]}, ["--keep", "y"], "not a file"),
        ({"variants": [{"name": "x"}]}, ["--parallel", "0"], "between 1 and 64"),
        ({"variants": [{"name": "x"}]}, ["--budgets", "a"], "budgets"),
        ({"variants": []}, [], "at least one variant"),
    ],
)
def test_what_cannot_be_tried_is_refused_before_anything_runs(
    document: Any, options: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "plan.json"
    formats.write(PLAN, path)
    assert cli.main(["what-if", str(path), written(tmp_path, document), "--json", *options]) == 1
    error = json.loads(capsys.readouterr().out)
    assert error["code"] == "E001" and told in json.dumps(error)
