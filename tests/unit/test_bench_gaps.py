"""Gaps, family lines and the report: arithmetic that a table's reader relies on."""

from __future__ import annotations

from typing import Any

import pytest

from app.bench.cells import Cell, Conditions, Results
from app.bench.gaps import family_lines, gap_percent
from app.bench.report import COLUMNS, markdown, progress_line, shortfalls, table_rows, to_json

CONDITIONS = Conditions(
    date="2026-11-24",
    time_limit=10,
    workers=2,
    seed=0,
    solvers=("taktwerk", "pyjobshop"),
    machine={"processor": "A chip", "cores": 2, "versions": {"taktwerk": "0.1.0"}},
    peers={"pyjobshop": {"version": "0.0.9"}},
)


def cell(instance: str, solver: str = "taktwerk", value: float | None = None, **fields: Any) -> Cell:
    known = fields.get("best_known")
    gap = gap_percent(value, known) if value is not None and known is not None else None
    defaults: dict[str, Any] = {
        "family": "f",
        "operations": 10,
        "objective": "minimize_makespan",
        "status": "plan" if value is not None else "no plan",
        "gap": gap,
    }
    return Cell(instance=instance, solver=solver, value=value, **{**defaults, **fields})


@pytest.mark.parametrize(
    ("value", "best", "objective", "gap"),
    [
        (110, 100, "minimize_makespan", 10),
        (100, 100, "minimize_makespan", 0),
        (99, 100, "minimize_makespan", -1),
        (3, 0, "minimize_makespan", 300),
        (0, 0, "minimize_makespan", 0),
        (0.6, 0.5, "minimize_makespan", 20),
        (3, 0, "minimize_tardiness", 300),
        (0, 0, "minimize_tardiness", 0),
        (0.6, 0.5, "minimize_tardiness", 10),
        (150, 100, "minimize_tardiness", 50),
    ],
)
def test_a_gap_is_relative_to_the_best_known_value(value: float, best: float, objective: str, gap: float) -> None:
    assert gap_percent(value, best, objective) == pytest.approx(gap)


def test_a_family_line_counts_plans_gaps_and_proofs() -> None:
    cells = [
        cell("a", value=100, best_known=100, optimal=True, first_plan_ms=200, peak_mib=50),
        cell("b", value=130, best_known=100, first_plan_ms=400, peak_mib=80),
        cell("c", best_known=100, peak_mib=90),
        cell("d", value=1, best_known=100, status="broken plan"),
    ]
    (line,) = family_lines(cells)
    assert (line.instances, line.plans, line.broken) == (4, 2, 1)
    assert line.mean_gap == pytest.approx(15)
    assert line.worst_gap == pytest.approx(30)
    assert (line.at_best_known, line.proven) == (1, 1)
    assert line.mean_first_plan_s == pytest.approx(0.3)
    assert line.peak_mib == 90


def test_the_ratio_to_a_peer_is_over_what_both_have_a_plan_for() -> None:
    cells = [
        cell("a", value=110, best_known=100),
        cell("a", "pyjobshop", value=130, best_known=100),
        cell("b", value=200, best_known=100),
        cell("b", "pyjobshop", best_known=100),
    ]
    ours, theirs = family_lines(cells)
    assert ours.ratio is None
    assert theirs.ratio == pytest.approx(10 / 30)
    assert theirs.lead == pytest.approx(20)
    assert ours.mean_gap == pytest.approx(55)


def test_there_is_no_ratio_to_a_gap_of_nothing_but_there_is_a_lead() -> None:
    cells = [cell("a", value=101, best_known=100), cell("a", "pyjobshop", value=100, best_known=100)]
    line = family_lines(cells)[1]
    assert line.ratio is None
    assert line.lead == pytest.approx(-1)
    assert shortfalls(family_lines(cells)) == ["f: pyjobshop is 1.00 percentage points better"]


def test_without_a_published_value_the_best_of_the_measurement_is_the_reference() -> None:
    cells = [cell("a", value=120), cell("a", "pyjobshop", value=100)]
    ours, theirs = family_lines(cells)
    assert ours.mean_gap == pytest.approx(20)
    assert ours.own_reference == theirs.own_reference == 1
    assert table_rows([ours])[0][4] == "20.00 %*"


def test_a_broken_plan_is_no_reference() -> None:
    cells = [cell("a", value=120), cell("a", "pyjobshop", value=60, status="broken plan")]
    assert family_lines(cells)[0].mean_gap == 0


def test_the_report_shows_families_instances_and_conditions() -> None:
    results = Results(CONDITIONS, {}, None)
    results.add(cell("a", value=110, best_known=100, best_known_bound=90, optimal=True))
    results.add(cell("a", "pyjobshop", status="cannot express", reason="calendars"))
    page = markdown(results, "Small shops")
    assert page.startswith("# Small shops\n\n2026-11-24. 10 s a run, 2 workers, seed 0")
    assert "| f | taktwerk | 1 | 1 | 10.00 % |" in page
    assert "| a | 10 | 100 (≥ 90) | 110 proven | 10.00 % | cannot express |  |" in page
    assert "pyjobshop 0.0.9" in page


def test_every_row_has_a_cell_a_column() -> None:
    assert {len(row) for row in table_rows(family_lines([cell("a", value=1, best_known=1), cell("b")]))} == {
        len(COLUMNS)
    }


def test_the_document_holds_conditions_cells_and_families() -> None:
    results = Results(CONDITIONS, {}, None)
    results.add(cell("a", value=110, best_known=100))
    document = to_json(results)
    assert document["timeLimit"] == 10
    assert document["cells"][0]["value"] == 110
    assert document["families"][0]["meanGap"] == pytest.approx(10)


def test_a_line_of_progress_says_why_there_is_no_plan() -> None:
    assert progress_line(cell("a", reason="out of time"), 1, 2) == "[1/2] f/a taktwerk: no plan · out of time"
    assert "gap 10.00 % · proven" in progress_line(cell("a", value=110, best_known=100, optimal=True), 1, 2)
