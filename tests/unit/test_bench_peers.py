"""Other solvers: schedules as numbers and back, what they cannot hold, and what their processes may do."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from app.bench import judging, peers
from app.bench.judging import Task, blank, judged, peer_cell
from app.bench.manifest import Instance
from app.bench.peer_problem import CannotExpress, peer_problem
from engine.apply import apply_result
from engine.check import check
from engine.model import Demand, OptimizationRequest, Schedule
from tests.support.plants import (
    HOUR,
    after,
    block,
    calendar,
    date_rule,
    machine,
    matrix,
    op,
    order,
    outage,
    plant,
    request,
    set_rule,
)


def asked(schedule: Schedule, **options: Any) -> OptimizationRequest:
    return request(schedule, **{"objective": "minimize_makespan", **options})


def task_of(wanted: OptimizationRequest, best_known: float | None = None) -> Task:
    objective = wanted.options.objective or "minimize_makespan"
    return Task(Instance("f", "i", "taktwerk", objective, Path("x"), 1, best_known, best_known), wanted)


def rich_plant() -> Schedule:
    """Two machines, one with a week, a crew of two and a choice of tools, an order with dates."""
    return plant(
        [
            op("A", 60, modes=["M1", ("M2", 30)], demands=[["T1", "T2"], Demand(resource_id="crew", quantity=2)]),
            op("B", 30, modes=["M2"], order="O1", interruptible=False),
            op("C", 20),
        ],
        [machine("M1", calendar="C1"), machine("crew", capacity=2), machine("M2", efficiency=0.5)],
        dependencies=[after("A", "B", lag=10, max_lag=100), after("B", "C", type=3, lag=-5)],
        constraints=[date_rule("startnoearlierthan", "C", 15), set_rule("nooverlap", "A", "C")],
        calendars=[calendar("C1", "06:00-14:00")],
        orders=[order("O1", due=100, deadline=4000, priority=2.0)],
        now=0,
    )


def test_modes_are_machines_with_every_choice_of_people_and_tools() -> None:
    problem = peer_problem(asked(rich_plant()))
    first = problem.document["tasks"][0]
    number = {item.id: i for i, item in enumerate(rich_plant().snapshot.resources)}
    assert [(choice.resource_id, choice.demands) for choice in problem.choices[0]] == [
        ("M1", ("T1", "crew")),
        ("M1", ("T2", "crew")),
        ("M2", ("T1", "crew")),
        ("M2", ("T2", "crew")),
    ]
    minutes = problem.tick_ms / 60_000
    assert [mode["duration"] * minutes for mode in first["modes"]] == [60, 60, 60, 60]
    assert first["modes"][3]["needs"] == [(number["M2"], 1), (number["T2"], 1), (number["crew"], 2)]
    assert problem.document["tasks"][2]["modes"] == [{"machine": None, "duration": 20 / minutes, "needs": []}]


def test_dates_relations_and_sets_are_in_ticks_from_the_start() -> None:
    problem = peer_problem(asked(rich_plant()))
    tick = 60_000 / problem.tick_ms
    a, b, c = problem.document["tasks"]
    assert (a["job"], b["job"], c["job"]) == (None, 0, None)
    assert (b["latestEnd"], b["pauses"], c["earliestStart"]) == (4000 * tick, False, 15 * tick)
    assert problem.document["jobs"] == [{"weight": 2, "due": 100 * tick}]
    assert problem.document["precedences"] == [
        ("end-start", 0, 1, 10 * tick),
        ("start-end", 1, 0, -100 * tick),
        ("end-end", 1, 2, -5 * tick),
    ]
    assert problem.document["neverTogether"] == [[0, 2]]


def test_stocks_and_needs_of_single_modes_are_told() -> None:
    metal = machine("S", capacity=9, nonrenewable=True)
    crew = [machine("C1", capacity=2), machine("C2", capacity=2)]
    some = (
        Demand(resource_id="S", quantity=3, only_on=("M1",)),
        Demand(resource_ids=("C1", "C2"), quantity=1, only_on=("M2",)),
    )
    job = op("A", 60, modes=["M1", "M2"], demands=some)
    document = peer_problem(asked(plant([job], [machine("M1"), machine("M2"), metal, *crew]))).document
    assert [item["stock"] for item in document["resources"]] == [False, False, True, False, False]
    assert [mode["needs"] for mode in document["tasks"][0]["modes"]] == [
        [(0, 1), (2, 3)],
        [(1, 1), (3, 1)],
        [(1, 1), (4, 1)],
    ]


def test_the_horizon_holds_a_plant_that_waits_for_one_machine() -> None:
    """Work for each resource says little of it where nearly all of it is for one."""
    events = [op(f"A{i}", 20 * 60, modes=["M0"]) for i in range(200)]
    document = peer_problem(asked(plant(events, [machine(f"M{i}") for i in range(50)]))).document
    work = sum(task["modes"][0]["duration"] for task in document["tasks"])
    assert min(document["horizon"], *(task["latestEnd"] for task in document["tasks"])) >= work


def test_breaks_cover_all_that_is_not_worked() -> None:
    schedule = plant(
        [op("A", 60, on="M1")],
        [machine("M1", calendar="C1")],
        calendars=[calendar("C1", "06:00-14:00")],
        constraints=[outage("M1", 7 * HOUR, 8 * HOUR)],
        now=0,
    )
    problem = peer_problem(asked(schedule))
    tick = 60_000 / problem.tick_ms
    breaks = problem.document["resources"][0]["breaks"]
    assert breaks[:3] == [
        (0, 6 * HOUR * tick),
        (7 * HOUR * tick, 8 * HOUR * tick),
        (14 * HOUR * tick, 30 * HOUR * tick),
    ]
    assert breaks[-1][1] == problem.document["horizon"]


def test_setups_are_between_operations_of_a_machine_and_from_its_first_state() -> None:
    schedule = plant(
        [op("A", 10, on="M1", family="f"), op("B", 10, modes=["M1", "M2"], family="g"), op("C", 10, on="M2")],
        [machine("M1", setup_matrix="S", initial_setup="g"), machine("M2")],
        matrices=[matrix("S", {("f", "g"): 5, ("g", "f"): None})],
        now=0,
    )
    problem = peer_problem(asked(schedule))
    tick = 60_000 / problem.tick_ms
    never = problem.document["horizon"]
    assert sorted(problem.document["setups"], key=str) == sorted(
        [(0, 0, 1, 5 * tick), (0, 1, 0, never), (0, None, 0, never)], key=str
    )


def test_an_answer_is_a_plan_for_the_checker() -> None:
    schedule = rich_plant()
    problem = peer_problem(asked(schedule))
    tick = round(60_000 / problem.tick_ms)
    answer = [(3, 0, 60 * tick), (0, 70 * tick, 130 * tick), (0, 110 * tick, 130 * tick)]
    plan = apply_result(schedule, problem.events(answer))
    assert check(plan, schedule) == []
    assert plan.snapshot.events[0].resource_id == "M2"
    assert (plan.snapshot.events[0].demands or ())[0].resource_id == "T2"


@pytest.mark.parametrize(
    ("wanted", "what"),
    [
        (asked(rich_plant(), objective="minimize_cost"), "the objective minimize_cost"),
        (
            request(rich_plant(), objectives=["minimize_makespan", "minimize_setup"]),
            "minimize_makespan, minimize_setup",
        ),
        (asked(plant([op("A", 10, on="M1", start=0, locked=True)], now=0)), "operations that may not move"),
        (asked(plant([op("A", 10, on="M1")], now=0), blocks=[block("M1", 0, 9)]), "blocked intervals"),
        (
            asked(plant([op("A", 10, on="M1")], [machine("M1", capacity=2)], constraints=[outage("M1", 0, 9, 1)])),
            "outages of some units",
        ),
        (
            asked(
                plant(
                    [op("A", 10, on="M1")],
                    [machine("M1", calendar="C1", setup_matrix="S")],
                    calendars=[calendar("C1", "06:00-14:00")],
                    matrices=[matrix("S")],
                )
            ),
            "setups that take working time of a calendar",
        ),
        (
            asked(
                plant(
                    [op("A", 10, on="M1", family="f", demands=["T"], release=5), op("B", 10, on="M1")],
                    [machine("M1", setup_matrix="S")],
                    matrices=[matrix("S")],
                )
            ),
            "setups that outlast an operation without a family, setups that hold people or tools, setups that wait",
        ),
        (
            asked(
                plant(
                    [op("A", 10, on="M1", demands=["T"])],
                    [machine("T", calendar="C1")],
                    calendars=[calendar("C1", "06:00-14:00")],
                )
            ),
            "absent while their machine works",
        ),
        (
            asked(plant([op("A", 10, on="M1", due=5, order="O1")], orders=[order("O1")])),
            "due dates of single operations",
        ),
        (asked(plant([op("A", 10, on="M1", demands=[[f"T{i}" for i in range(65)]])])), "more than 64 combinations"),
    ],
)
def test_what_a_peer_cannot_hold_is_told(wanted: OptimizationRequest, what: str) -> None:
    with pytest.raises(CannotExpress) as caught:
        peer_problem(wanted)
    assert what in str(caught.value)
    assert peer_cell(task_of(wanted), "pyjobshop", sys.executable).status == "cannot express"


def test_a_plan_that_breaks_a_rule_is_no_plan() -> None:
    wanted = asked(plant([op("A", 60, on="M1"), op("B", 60, on="M1")], now=0))
    problem = peer_problem(wanted)
    tick = round(60_000 / problem.tick_ms)

    def cell(second: int) -> judging.Cell:
        events = problem.events([(0, 0, 60 * tick), (0, second * tick, (second + 60) * tick)])
        return judged(task_of(wanted, best_known=100), "pyjobshop", events, is_optimal=True, figures={"bound": 120.0})

    broken = cell(30)
    assert (broken.status, broken.violations, broken.optimal, broken.gap) == ("broken plan", 1, False, None)
    good = cell(60)
    assert (good.status, good.value, good.optimal, good.gap) == ("plan", 120, True, 20)
    assert cell(90).optimal is False, "its bound is below its value"
    lost = judged(task_of(wanted), "x", [*problem.events([(0, 0, 1), (0, 0, 1)])[:1]], is_optimal=True, figures={})
    assert lost.status == "broken plan"


def script(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Put a script in the place of the peer."""
    (folder / "pyjobshop_peer.py").write_text(body)
    monkeypatch.setattr(peers, "SCRIPTS", folder)


SERIAL = """\
import json, sys, time
problem = json.load(sys.stdin)
time.sleep(0.5)  # as long as it takes at least to load a solver: its memory is looked at now and then
at, tasks = 0, []
for task in problem["tasks"]:
    duration = task["modes"][0]["duration"]
    tasks.append((0, at, at + duration))
    at += duration
answer = {"status": "optimal", "firstS": 0.25, "bound": at, "tasks": tasks}
print(json.dumps(answer))
"""


def test_a_peer_answers_from_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path, monkeypatch, SERIAL)
    wanted = asked(plant([op("A", 60, on="M1"), op("B", 60, on="M1")], now=0))
    cell = peer_cell(task_of(wanted, best_known=120), "pyjobshop", sys.executable)
    assert (cell.status, cell.value, cell.gap, cell.optimal) == ("plan", 120, 0, True)
    assert cell.first_plan_ms == 250
    assert cell.wall_s is not None
    assert cell.peak_mib is not None


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ("raise SystemExit('no such thing')", "failed", "exit code 1: no such thing"),
        ("print('{')", "failed", "could not be read"),
        ("import time; time.sleep(60)", "no plan", "it was ended"),
        ('print(\'{"status": "infeasible", "tasks": null}\')', "no plan", "infeasible"),
        ('print(\'{"status": "cannot express", "tasks": null, "reason": "x"}\')', "cannot express", "x"),
    ],
)
def test_whatever_a_peer_does_is_a_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, status: str, reason: str
) -> None:
    script(tmp_path, monkeypatch, body)
    monkeypatch.setattr(peers, "GRACE_S", 0.3)
    wanted = asked(plant([op("A", 60, on="M1")], now=0), time_limit=0.2)
    cell = peer_cell(task_of(wanted), "pyjobshop", sys.executable)
    assert (cell.status, cell.value) == (status, None)
    assert reason in (cell.reason or "")


def test_a_peer_that_is_not_there_is_not_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(peers.PACKAGES, "pyjobshop", "no-such-package-at-all")
    monkeypatch.setitem(peers.PACKAGES, "job_shop_lib", "pytest")
    monkeypatch.setattr(peers, "SCRIPTS", tmp_path)
    assert peers.installed(sys.executable, ["pyjobshop", "job_shop_lib"]) == {}
    (tmp_path / "job_shop_lib_peer.py").touch()
    assert list(peers.installed(sys.executable, ["pyjobshop", "job_shop_lib"])) == ["job_shop_lib"]
    assert peers.installed(str(tmp_path / "nowhere"), ["job_shop_lib"]) == {}


def test_a_blank_cell_names_its_instance() -> None:
    cell = blank(task_of(asked(rich_plant()), best_known=7), "pyjobshop", "no plan", "why")
    assert (cell.key, cell.operations, cell.best_known) == (("f", "i", "pyjobshop"), 3, 7)
