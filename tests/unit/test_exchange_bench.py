"""The real files of the benchmark collection, where it is at hand: sizes as its manifest says, plans as published."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from app.exchange import parse_bytes, read, write
from app.exchange.benchmark import EPOCH
from app.exchange.formats import TEXT_FORMATS
from engine.apply import apply_result, with_events
from engine.check import check
from engine.metrics import metrics
from engine.model import Operation, OptimizationRequest, Options, Schedule
from engine.solve.engine import solve
from engine.solve.report import SilentReporter, StopFlag
from tests.support.bench_files import BENCH, FILES, manifest

MINUTE_MS = 60_000
PROJECTS = ("psplib_sm", "psplib_mm", "patterson_rcp")
FORMATS = (
    "jsp_standard",
    "jsp_reentrant",
    "fjsp",
    "fjsp_sdst",
    "fajsp",
    "jsp_sdst_json",
    "naderi_npfsp",
    "naderi_hfsp",
    "naderi_tt_pfsp",
    "naderi_sdst_pfsp",
    *PROJECTS,
)
ALIASES = {"jsp_standard": "jsp", "psplib_sm": "psplib"}


def compare_with_manifest(data: Schedule, row: dict[str, str]) -> None:
    """Hold what was read against the manifest, which counts project activities without the two dummies."""
    shot = data.snapshot
    is_project = row["format"] in PROJECTS
    resources = [resource for resource in shot.resources if resource.type != "mode"]
    expected = {"n_ops": len(shot.events) - 2 * is_project, "n_machines": len(resources)}
    if not is_project:
        expected["n_jobs"] = len(shot.orders)
    for key, count in expected.items():
        assert not row[key] or count == int(row[key]), (row["path"], key)
    has_due_dates = all(order.due_date is not None for order in shot.orders) and bool(shot.orders)
    assert has_due_dates == (row["objective"] == "total_tardiness"), row["path"]


def is_small(row: dict[str, str]) -> bool:
    setups = int(row["n_jobs"] or 0) ** 2 * int(row["n_machines"] or 0)
    return int(row["n_ops"] or 0) <= 500 and (row["format"] != "naderi_sdst_pfsp" or setups <= 20_000)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_every_file_of_the_collection_is_read(name: str, tmp_path: Path) -> None:
    rows = [row for row in manifest() if row["format"] == name]
    assert rows
    is_written = TEXT_FORMATS[ALIASES.get(name, name)].render is not None
    for row in rows:
        data = read(BENCH / row["path"], name)
        compare_with_manifest(data, row)
        if is_written and len(data.snapshot.events) < 2_000:
            target = tmp_path / Path(row["path"]).name
            assert write(data, target, name) == []
            assert read(target) == data, row["path"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_few_real_files_are_read(name: str) -> None:
    rows = [row for row in manifest() if row["format"] == name and is_small(row)]
    for row in rows[:: max(1, len(rows) // 4)]:
        data = read(BENCH / row["path"])
        assert data == read(BENCH / row["path"], name)
        compare_with_manifest(data, row)


def solved(data: Schedule, algorithm: int, **options: Any) -> tuple[str, int, int]:
    """Return the status, and makespan and total tardiness in minutes of a checked plan."""
    request = OptimizationRequest(schedule_data=data, algorithm_id=algorithm, options=Options(**options))
    outcome = solve(request, SilentReporter(), StopFlag())
    assert outcome.events is not None
    plan = apply_result(data, outcome.events)
    assert check(plan) == []
    figures = metrics(request, plan)
    return outcome.status, figures.makespan // MINUTE_MS, figures.total_tardiness // MINUTE_MS


# -- what plans are worth


OPTIMA = [
    ("naderi_npfsp", 18, 0),  # Johnson's rule: jobs 2, 3, 1
    ("naderi_hfsp", 17, 0),  # the second stage works from minute 1 on
    ("naderi_tt_pfsp", 19, 1),  # jobs 2, 1, 3: job 1 ends a minute late
    ("naderi_sdst_pfsp", 12, 0),  # job 1 first: 3 minutes of setup instead of 7
    ("jsp_sdst_json", 9, 0),  # job 1 never waits: its setup lies before it comes
    ("fajsp", 12, 0),
    ("psplib_mm", 6, 0),  # 4 units are too few for a fast mode beside any other; 5 in stock too few for two fast ones
    ("patterson_rcp", 9, 0),  # the activities need 5 of 4 units together
]


@pytest.mark.parametrize(("name", "makespan", "tardiness"), OPTIMA, ids=[case[0] for case in OPTIMA])
def test_optimum_of_a_small_file_is_that_of_the_published_problem(name: str, makespan: int, tardiness: int) -> None:
    data = parse_bytes(FILES[name].encode(), "case.txt", name)
    assert isinstance(data, Schedule)
    assert solved(data, 2, time_limit=20, workers=1) == ("optimal", makespan, tardiness)


def permutation_ends(durations: list[list[int]], setups: list[list[list[int]]] | None) -> list[list[int]]:
    """Return when each job ends on each machine if all machines take the jobs as they come, by the textbook's formula.

    C(j, m) = max(C(j, m-1), C(j-1, m) + s(m, j-1, j)) + p(j, m).
    """
    ends: list[list[int]] = []
    for job, row in enumerate(durations):
        ends.append([])
        for machine, duration in enumerate(row):
            arrives = ends[job][machine - 1] if machine else 0
            setup = setups[machine][job - 1][job] if setups and job else 0
            free = ends[job - 1][machine] + setup if job else 0
            ends[job].append(max(arrives, free) + duration)
    return ends


@pytest.mark.parametrize(
    "path",
    [
        "npfsp_vrf/NPFSP_61.txt",
        "pfsp_sdst_ruiz/SDST-PFSP_1.txt",
        "pfsp_sdst_ruiz/SDST-PFSP_257.txt",
        "pfsp_tardiness_vallada/TT-PFSP_1.txt",
    ],
)
def test_a_permutation_plan_is_worth_what_the_published_problem_says(path: str) -> None:
    row = next(row for row in manifest() if row["path"] == path)
    data = read(BENCH / path, row["format"])
    table = [list(map(int, line.split())) for line in (BENCH / path).read_text().splitlines() if line.split()]
    jobs, machines = table[0][0], table[1][0]
    due = table.pop(2) if row["format"] == "naderi_tt_pfsp" else [0] * jobs
    durations, rest = table[2 : 2 + jobs], table[2 + jobs :]
    setups = [rest[m * jobs : (m + 1) * jobs] for m in range(machines)] if rest else None
    ends = permutation_ends(durations, setups)

    def placed(operation: Operation) -> Operation:
        job, step = (int(part[1:]) - 1 for part in operation.id.split("-"))
        end = EPOCH + dt.timedelta(minutes=ends[job][step])
        start = end - dt.timedelta(milliseconds=operation.duration)
        return operation.model_copy(update={"start_date": start, "end_date": end})

    plan = with_events(data, tuple(placed(operation) for operation in data.snapshot.events))
    assert check(plan) == []
    figures = metrics(OptimizationRequest(schedule_data=plan), plan)
    assert figures.makespan == ends[-1][-1] * MINUTE_MS
    if row["format"] == "naderi_tt_pfsp":
        late = sum(max(0, row_ends[-1] - date) for row_ends, date in zip(ends, due, strict=True))
        assert figures.total_tardiness == late * MINUTE_MS


@pytest.mark.parametrize(
    "path",
    [
        "rcpsp_rg300/RG300_161.rcp",
        "mmrcpsp_mmlib50/J5014_1.mm",
        "mmrcpsp_mmlib100/J10023_4.mm",
        "hfsp_ruiz/HFSP_1.txt",
        "npfsp_vrf/NPFSP_61.txt",
        "pfsp_sdst_ruiz/SDST-PFSP_1.txt",
        "pfsp_tardiness_vallada/TT-PFSP_1.txt",
    ],
)
def test_plans_by_rules_stand_right_beside_the_published_values(path: str) -> None:
    """A plan by rules is never below a proven bound, and not absurdly above the best known plan."""
    row = next(row for row in manifest() if row["path"] == path)
    _, makespan, tardiness = solved(read(BENCH / path, row["format"]), 4, time_limit=10, workers=1)
    best = int(row["best_known_ub"])
    if row["objective"] == "total_tardiness":
        assert best <= tardiness
    else:
        assert int(row["best_known_lb"] or 0) <= makespan <= 2 * best


@pytest.mark.slow
@pytest.mark.parametrize(("name", "published"), [("YFJS03", 347), ("YFJS04", 390), ("DAFJS02", 289)])
def test_assembly_job_shops_reach_their_published_optimum(name: str, published: int) -> None:
    """The optima of Birgin et al. (2014), table of CPLEX results; DAFJS02 is the best plan there."""
    manifest()
    found = solved(read(BENCH / "fajsp_birgin" / f"{name}.txt", "fajsp"), 1, time_limit=60, workers=2)
    assert found[1] == published
