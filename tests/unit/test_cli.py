"""The command line without a solver: arguments, requests, check, convert, versions, errors and exit codes."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app import __version__, cli_optimize
from app.cli import WorkstationStart, main
from app.cli_output import print_error
from app.config import load_settings
from app.exchange import read, write
from app.versions import VersionService
from engine.errors import ErrorCode, TaktwerkError
from engine.model import OptimizationRequest, Options, Schedule
from storage.database import open_database
from tests.support.bench_files import FILES


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAKTWERK_LOG_DIR", str(tmp_path / "logs"))
    monkeypatch.setenv("TAKTWERK_DATABASE", str(tmp_path / "taktwerk.db"))
    monkeypatch.setenv("TAKTWERK_USER", "tester")


@pytest.fixture
def jsp(tmp_path: Path) -> Path:
    path = tmp_path / "case.jsp"
    path.write_text(FILES["jsp"])
    return path


@pytest.fixture
def plan(jsp: Path, tmp_path: Path) -> Path:
    """A feasible plan of the job shop: its operations one after the other."""
    data = read(jsp).to_json()
    at = 0
    for event in data["snapshot"]["events"]:
        event["startDate"] = f"2026-01-01T00:{at:02d}:00Z"
        at += event["duration"] // 60_000
        event["endDate"] = f"2026-01-01T00:{at:02d}:00Z"
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(data))
    return path


def broken(plan: Path) -> Path:
    """The plan with its second operation begun before the first one has ended."""
    data = json.loads(plan.read_text())
    data["snapshot"]["events"][1] |= {"startDate": "2026-01-01T00:01:00Z", "endDate": "2026-01-01T00:03:00Z"}
    path = plan.with_name("broken.json")
    path.write_text(json.dumps(data))
    return path


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


# start, usage, errors


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"taktwerk {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["optimize"],
        ["check"],
        ["check", "a.json", "b.json"],
        ["convert", "a.json"],
        ["versions"],
        ["versions", "burn"],
        ["--nonsense"],
        ["check", "a.json", "--log-level", "LOUD"],
        ["optimize", "a.json", "--time-limit", "soon"],
        ["a.json", "b.json"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert "usage: taktwerk" in output.err


@pytest.mark.parametrize("command", ["", "optimize", "check", "convert", "versions"])
def test_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*filter(None, [command]), "--help") == 0
    assert "usage: taktwerk" in capsys.readouterr().out


def test_without_a_command_the_workstation_opens(tmp_path: Path) -> None:
    starts: list[WorkstationStart] = []

    def open_workstation(start: WorkstationStart) -> int:
        starts.append(start)
        return 0

    assert main([], open_workstation) == 0
    assert main(["--database", "other.db", "plan.json", "--log-level", "debug"], open_workstation) == 0
    assert starts[0].file is None
    assert starts[0].settings.database == str(tmp_path / "taktwerk.db")
    assert starts[1].file == Path("plan.json")
    assert (starts[1].settings.database, starts[1].settings.log_level) == ("other.db", "DEBUG")


def test_error_for_people_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", "missing.json") == 1
    people = capsys.readouterr()
    assert people.out == ""
    assert people.err.startswith("E012: missing.json cannot be read")
    assert run("check", "missing.json", "--json") == 1
    program = capsys.readouterr()
    assert program.err == ""
    error = json.loads(program.out)
    assert (error["code"], error["details"]["path"]) == ("E012", "missing.json")


def test_every_fault_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "case.jsp"
    path.write_text(FILES["jsp"].replace("0 3", "0 -3").replace("2 4", "9 4"))
    assert run("check", path, "--format", "jsp") == 1
    assert capsys.readouterr().err.splitlines()[:3] == [
        "E001: The input has 2 faults.",
        "  case.jsp, line 3: job 1: the duration of operation 1 is -3; it must lie between 0 and 50,000,000",
        "  case.jsp, line 4: job 2: operation 1 names machine 9; machines are 0 to 2",
    ]


def test_conflict_and_repairs_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    details = {"conflict": [{"message": "A1 is locked at 08:00."}], "repairs": ["Unlock A1."]}
    print_error(TaktwerkError(ErrorCode.INFEASIBLE_PROBLEM, "There is no plan.", details), as_json=False)
    assert capsys.readouterr().err.splitlines() == [
        "E003: There is no plan.",
        "What cannot hold together:",
        "  - A1 is locked at 08:00.",
        "What would help:",
        "  - Unlock A1.",
    ]


def test_wrong_setting_is_a_coded_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TAKTWERK_MAX_RUNNING", "many")
    assert run("versions", "list", "--json") == 1
    assert json.loads(capsys.readouterr().out)["code"] == "E001"


# check


def test_check_of_a_plan_that_keeps_every_rule(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", plan) == 0
    output = capsys.readouterr().out
    assert "The plan keeps every rule." in output
    assert "17 min" in output
    assert run("check", plan, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["violations"] == []
    assert document["metrics"]["makespan"] == 17 * 60_000


def test_check_tells_every_violation(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = broken(plan)
    assert run("check", path, "--json") == 1
    document = json.loads(capsys.readouterr().out)
    (violation,) = document["violations"]
    assert violation["rule"] == "dependency"
    assert violation["eventIds"] == ["j1-o1", "j1-o2"]
    assert violation["amount"] == 120_000
    assert document["metrics"]["constraintViolations"] == 1
    assert run("check", path) == 1
    output = capsys.readouterr().out
    assert "1 violation.\n" in output
    assert violation["message"] in output


def test_check_of_a_result(jsp: Path, plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    response = tmp_path / "response.json"
    response.write_text(json.dumps(response_of(read(plan))))
    assert run("check", jsp, "--result", response, "--json") == 0
    assert json.loads(capsys.readouterr().out)["metrics"]["changedEvents"] == 6
    response.write_text(json.dumps(response_of(read(broken(plan)))))
    assert run("check", jsp, "--result", response, "--json") == 1
    assert [item["rule"] for item in json.loads(capsys.readouterr().out)["violations"]] == ["dependency"]


def response_of(schedule: Schedule) -> dict[str, Any]:
    figures = {"makespan": 0, "resourceUtilization": 0.0, "totalSetupTime": 0, "constraintViolations": 0}
    keys = ("id", "resourceId", "startDate", "endDate")
    events = [{key: event[key] for key in keys} for event in schedule.to_json()["snapshot"]["events"]]
    return {"runId": "r", "status": "completed", "result": {"events": events, "metrics": figures}}


def test_check_of_a_response_without_a_plan(jsp: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    response = tmp_path / "response.json"
    error = {"code": "E002", "message": "No plan was found."}
    response.write_text(json.dumps({"runId": "r", "status": "failed", "error": error}))
    assert run("check", jsp, "--result", response) == 1
    assert "holds no plan; its run is failed: No plan was found." in capsys.readouterr().err
    response.write_text('{"status": "completed"}')
    assert run("check", jsp, "--result", response, "--json") == 1
    assert json.loads(capsys.readouterr().out)["details"]["faults"][0]["path"] == "runId"


def test_check_reads_standard_input(
    plan: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(plan.read_bytes())))
    assert run("check", "-", "--json") == 0
    assert json.loads(capsys.readouterr().out)["violations"] == []


# convert


def test_convert_and_back(jsp: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("convert", jsp, tmp_path / "case.json") == 0
    assert "6 operations written" in capsys.readouterr().out
    assert run("convert", tmp_path / "case.json", tmp_path / "again.fjs", "--json") == 0
    assert json.loads(capsys.readouterr().out)["operations"] == 6
    assert read(tmp_path / "again.fjs").snapshot.events[0].duration == 180_000


def test_convert_to_standard_output_prints_nothing_else(plan: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run("convert", plan, "-", "--to", "jsp") == 0
    output = capfdbinary.readouterr()
    assert output.out == b"2 3\n0 3 1 2 2 2\n2 4 0 1 1 5\n"
    assert b"no placements" in output.err


def test_convert_refuses_what_the_format_cannot_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "case.fjs"
    source.write_text(FILES["fjsp"])
    assert run("convert", source, tmp_path / "case.jsp", "--json") == 1
    assert json.loads(capsys.readouterr().out)["code"] == "E001"
    assert not (tmp_path / "case.jsp").exists()


# versions


def test_versions(plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("versions", "list") == 0
    assert "no schedule yet" in capsys.readouterr().out
    database = open_database(tmp_path / "taktwerk.db")
    service = VersionService(database, "tester")
    first = service.import_schedule(read(plan), name="Plant")
    service.save(first.schedule_id, first.id, read(broken(plan)), comment="worse")
    database.close()

    assert run("versions", "list") == 0
    assert "Plant" in capsys.readouterr().out
    assert run("versions", "list", "--json", "--database", tmp_path / "taktwerk.db") == 0
    (schedule,) = json.loads(capsys.readouterr().out)["schedules"]
    assert (schedule["name"], schedule["head"]["number"]) == ("Plant", 2)
    assert run("versions", "list", "Plant", "--json") == 0
    versions = json.loads(capsys.readouterr().out)["versions"]
    assert [(item["number"], item["source"], item["comment"]) for item in versions] == [
        (2, "manual", "worse"),
        (1, "import", ""),
    ]
    assert run("versions", "list", "Plant") == 0
    assert "worse" in capsys.readouterr().out
    assert run("versions", "show", "Plant:1", "--json") == 0
    assert json.loads(capsys.readouterr().out)["id"] == first.id
    assert run("versions", "show", first.id) == 0
    assert first.content_hash in capsys.readouterr().out
    assert run("versions", "show", "Plant:1", "--data") == 0
    assert json.loads(capsys.readouterr().out) == read(plan).to_json()


@pytest.mark.parametrize(
    "arguments", [["show", "nobody"], ["show", "Plant:1"], ["list", "Plant"], ["show", "Plant:x", "--data"]]
)
def test_unknown_version_or_schedule(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("versions", *arguments, "--json") == 1
    assert json.loads(capsys.readouterr().out)["code"] == "E012"


# the request of `optimize`


def request_of(*arguments: object) -> OptimizationRequest:
    caught: list[OptimizationRequest] = []

    def take(options: Any, settings: Any) -> int:
        caught.append(cli_optimize.request_of(options, settings))
        return 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli_optimize, "run", take)
        assert run("optimize", *arguments) == 0
    return caught[0]


def test_request_of_a_plain_file(jsp: Path) -> None:
    assert request_of(jsp) == OptimizationRequest(schedule_data=read(jsp))


def test_options_win_over_the_request_file_and_that_over_input(jsp: Path, tmp_path: Path) -> None:
    request = OptimizationRequest(
        schedule_data=read(jsp), algorithm_id=3, options=Options(objective="minimize_cost", time_limit=5, workers=2)
    )
    full = tmp_path / "full.json"
    full.write_text(request.model_dump_json(by_alias=True, exclude_none=True))
    assert request_of(full) == request
    extra = tmp_path / "extra.json"
    extra.write_text(
        '{"algorithmId": 2, "options": {"weights": {"makespan": 1}, "seed": 4}, "locks": {"events": ["j1-o1"]}}'
    )
    merged = request_of(full, "--request", extra, "--time-limit", "7.5", "--seed", 9)
    assert (merged.algorithm_id, merged.options.time_limit, merged.options.workers, merged.options.seed) == (
        2,
        7.5,
        2,
        9,
    )
    assert merged.options.objective is None
    assert merged.options.weights is not None
    assert merged.locks.events == ("j1-o1",)
    ladder = request_of(
        full, "--request", extra, "--objective", "minimize_setup, minimize_makespan", "--algorithm", "dispatch"
    )
    assert ladder.options.objectives == ("minimize_setup", "minimize_makespan")
    assert ladder.options.weights is None
    assert ladder.algorithm_id == 4


def test_profile_gives_what_the_request_leaves_open(jsp: Path, tmp_path: Path) -> None:
    database = open_database(load_settings().database)
    with database.unit_of_work() as uow:
        profile = uow.profiles.add("Mine", 4, {"timeLimit": 3, "objective": "minimize_makespan", "seed": 8})
        uow.commit()
    database.close()
    extra = tmp_path / "extra.json"
    extra.write_text(json.dumps({"profileId": profile.id, "options": {"seed": 2}}))
    request = request_of(jsp, "--request", extra, "--objective", "minimize_cost")
    assert (request.algorithm_id, request.options.time_limit, request.options.seed) == (4, 3, 2)
    assert request.options.objective == "minimize_cost"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--algorithm", "magic"], "unknown algorithm"),
        (["--algorithm", "5"], "unknown algorithm"),
        (["--objective", "minimize_fun"], "minimize_fun"),
        (["--time-limit", "0"], "more than 0"),
        (["--time-limit", "nan"], ""),
        (["--workers", "0"], ""),
        (["--request", "missing.json"], "cannot be read"),
    ],
)
def test_impossible_option_is_a_coded_error(
    jsp: Path, arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("optimize", jsp, *arguments, "--json") == 1
    error = json.loads(capsys.readouterr().out)
    assert error["code"] in ("E001", "E012")
    assert reason in json.dumps(error)


def test_schedule_in_both_files_is_refused(jsp: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(read(jsp), tmp_path / "a.json")
    extra = tmp_path / "extra.json"
    extra.write_text('{"scheduleData": {}}')
    assert run("optimize", jsp, "--request", extra) == 1
    assert "INPUT holds the schedule already" in capsys.readouterr().err


def test_request_without_a_request_file_is_kept_whole(jsp: Path, tmp_path: Path) -> None:
    request = OptimizationRequest(schedule_data=read(jsp), options=Options(time_limit=5, incremental_mode=True))
    full = tmp_path / "full.json"
    full.write_text(request.model_dump_json(by_alias=True, exclude_none=True))
    assert request_of(full, "--seed", 3) == request.model_copy(
        update={"options": request.options.model_copy(update={"seed": 3})}
    )


def test_unknown_profile(jsp: Path, tmp_path: Path) -> None:
    extra = tmp_path / "extra.json"
    extra.write_text('{"profileId": 999}')
    options = SimpleNamespace(
        input=str(jsp), format=None, request=str(extra), objective=None, algorithm=None, time_limit=None, workers=None,
        seed=None,
    )  # fmt: skip
    with pytest.raises(TaktwerkError) as caught:
        cli_optimize.request_of(options, load_settings())  # pyright: ignore[reportArgumentType]
    assert caught.value.code == "E012"
