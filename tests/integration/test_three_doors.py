"""One contract, three doors: the same scenarios through the session of the window, HTTP and the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from app.cli import main
from app.client import Client
from app.optimization import OptimizationService
from app.session import PlanningSession
from app.versions import VersionService
from engine.errors import TaktwerkError
from engine.validate import parse_request, parse_schedule
from storage.database import open_database
from tests.support.api import an_api, serving
from tests.support.databases import line_schedule
from tests.support.runs import wait_until

TIMES = ("solveMs", "firstSolutionMs")
Json = dict[str, Any]


class Door(Protocol):
    """What every door can do; errors are returned as the contract's error object."""

    def bring_in(self, data: Json) -> Json: ...
    def optimize(self, request: Json) -> Json: ...
    def export(self, version_id: str) -> Json: ...
    def save(self, version: Json, data: Json) -> Json: ...
    def roll_back(self, version_id: str) -> Json: ...
    def differences(self, before: str, after: str) -> Json: ...
    def merge(self, version_id: str) -> Json: ...


def told(work: Callable[[], Json]) -> Json:
    try:
        return work()
    except TaktwerkError as error:
        return error.to_json()


class Window:
    """What the window does when its buttons are pressed."""

    def __init__(self, folder: Path) -> None:
        self.database = open_database(folder / "window.db")
        self.versions = VersionService(self.database, "anna")
        self.runs = OptimizationService(self.database, user="anna")

    def close(self) -> None:
        self.runs.close()
        self.database.close()

    def bring_in(self, data: Json) -> Json:
        return told(lambda: self.versions.import_schedule(data).to_json())

    def optimize(self, request: Json) -> Json:
        def work() -> Json:
            run_id = self.runs.submit(parse_request(request))
            wait_until(lambda: self.runs.status(run_id).completed_at is not None, 30)
            return self.runs.result(run_id).to_json()

        return told(work)

    def apply(self, version: Json, response: Json) -> Json:
        opened = self.versions.open(version["scheduleId"])
        session = PlanningSession(self.versions, version["scheduleId"], opened.head, opened.schedule)
        run_id = response["runId"]
        answer = self.runs.result(run_id)
        assert answer.result is not None
        session.show_preview(run_id, self.runs.request(run_id).schedule_data, answer.result)
        session.apply_preview()
        return session.head.to_json()

    def export(self, version_id: str) -> Json:
        return told(lambda: self.versions.data(version_id).to_json())

    def save(self, version: Json, data: Json) -> Json:
        return told(lambda: self.versions.save(version["scheduleId"], version["id"], parse_schedule(data)).to_json())

    def roll_back(self, version_id: str) -> Json:
        def work() -> Json:
            old = self.versions.show(version_id)
            return self.versions.rollback(old.schedule_id, self.versions.head(old.schedule_id).id, old.id).to_json()

        return told(work)

    def differences(self, before: str, after: str) -> Json:
        return told(lambda: self.versions.compare(before, after, with_violations=True).to_json())

    def merge(self, version_id: str) -> Json:
        from app.merging import MergeService

        merges = MergeService(self.database, self.versions, "anna")
        return told(lambda: merges.finish(merges.start_version(version_id).row.id).to_json())


class Http:
    """A script that uses the API."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.schedules: dict[str, str] = {}

    def bring_in(self, data: Json) -> Json:
        def work() -> Json:
            version = self.client.import_schedule(data)["version"]
            self.schedules[version["id"]] = version["scheduleId"]
            return version

        return told(work)

    def optimize(self, request: Json) -> Json:
        return told(lambda: self.client.wait(self.client.submit(request)))

    def apply(self, version: Json, response: Json) -> Json:
        schedule_id = version["scheduleId"]
        self.client.apply(schedule_id, response["result"]["versionId"])
        return self.client.versions(schedule_id)[0]

    def export(self, version_id: str) -> Json:
        return told(lambda: json.loads(self.client.export(self._schedule(version_id), version_id)))

    def save(self, version: Json, data: Json) -> Json:
        def work() -> Json:
            saved = self.client.save(version["scheduleId"], data, version["id"])
            self.schedules[saved["id"]] = saved["scheduleId"]
            return saved

        return told(work)

    def roll_back(self, version_id: str) -> Json:
        return told(lambda: self.client.rollback(self._schedule(version_id), version_id))

    def differences(self, before: str, after: str) -> Json:
        return told(lambda: self.client.diff(self._schedule(after), after, before)["comparison"])

    def merge(self, version_id: str) -> Json:
        return told(lambda: self.client.merge(self._schedule(version_id), version_id))

    def _schedule(self, version_id: str) -> str:
        return self.schedules.get(version_id) or next(iter(self.schedules.values()), "none")


class CommandLine:
    """A person, or a script, at the prompt."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.database = str(folder / "cli.db")
        self.capsys = capsys

    def _run(self, *arguments: str) -> Json:
        self.capsys.readouterr()
        main([*arguments, "--json", "--database", self.database])
        return json.loads(self.capsys.readouterr().out)

    def _file(self, data: Json) -> str:
        path = self.folder / "in.json"
        path.write_text(json.dumps(data))
        return str(path)

    def bring_in(self, data: Json) -> Json:
        answer = self._run("versions", "import", self._file(data), "--as-new")
        return answer.get("version") or answer

    def optimize(self, request: Json) -> Json:
        return self._run("optimize", self._file(request))

    def export(self, version_id: str) -> Json:
        out = self.folder / "out.json"
        answer = self._run("versions", "export", version_id, str(out), "--to", "taktwerk")
        return json.loads(out.read_text()) if "code" not in answer else answer

    def save(self, version: Json, data: Json) -> Json:
        raise NotImplementedError("the command line edits nothing")

    def roll_back(self, version_id: str) -> Json:
        return self._run("versions", "rollback", version_id)

    def differences(self, before: str, after: str) -> Json:
        return self._run("versions", "diff", before, after)

    def merge(self, version_id: str) -> Json:
        return self._run("versions", "merge", version_id)


@pytest.fixture
def doors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Window, Http, CommandLine]]:
    monkeypatch.setenv("TAKTWERK_LOG_DIR", str(tmp_path / "logs"))
    monkeypatch.setenv("TAKTWERK_USER", "anna")
    window = Window(tmp_path)
    with an_api(tmp_path) as api, serving(api) as address:
        yield window, Http(Client(address, api.token("anna"))), CommandLine(tmp_path, capsys)
    window.close()


def plant(operations: int = 8) -> Json:
    return line_schedule(operations).to_json()


def request_of(data: Json, **more: Any) -> Json:
    options = {"timeLimit": 10, "workers": 1, "deterministic": True, "objective": "minimize_makespan"}
    return {"scheduleData": data, "algorithmId": 4, "options": options, **more}


def plan_of(response: Json) -> Json:
    """What must be the same: the plan and its worth, not how long it took."""
    result = response["result"]
    metrics = {name: value for name, value in result["metrics"].items() if name not in TIMES}
    return {"status": response["status"], "events": result["events"], "metrics": metrics}


def all_equal(answers: list[Any]) -> Any:
    for answer in answers[1:]:
        assert answer == answers[0]
    return answers[0]


def test_the_same_plan_is_found(doors: tuple[Door, ...]) -> None:
    plan = all_equal([plan_of(door.optimize(request_of(plant()))) for door in doors])
    assert plan["status"] == "completed" and plan["metrics"]["constraintViolations"] == 0


BROKEN: dict[str, Callable[[Json], object]] = {
    "a duration that is none": lambda shot: shot["events"][0].update(duration=-5),
    "an unknown field": lambda shot: shot["events"][1].update(colour="red"),
    "a resource that is not there": lambda shot: shot["events"][0].update(resourceId="nowhere"),
    "an id twice": lambda shot: shot["events"].append(shot["events"][0]),
    "a circle": lambda shot: shot["dependencies"].extend(
        [{"id": "x", "fromEvent": "j0-o0", "toEvent": "j0-o1"}, {"id": "y", "fromEvent": "j0-o1", "toEvent": "j0-o0"}]
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_same_faults_are_named(doors: tuple[Door, ...], name: str) -> None:
    data = plant()
    BROKEN[name](data["snapshot"])
    imported = all_equal([door.bring_in(data) for door in doors])
    assert imported["code"] == "E001" and imported["details"]["faults"]
    asked = all_equal([door.optimize(request_of(data)) for door in doors])
    assert asked["code"] == "E001" and asked["details"]["faults"]


def test_import_export_and_rollback_keep_the_content(doors: tuple[Door, ...]) -> None:
    first = [door.bring_in(plant()) for door in doors]
    assert all_equal([version["contentHash"] for version in first])
    all_equal([door.export(version["id"]) for door, version in zip(doors, first, strict=True)])
    back = [door.roll_back(version["id"]) for door, version in zip(doors, first, strict=True)]
    all_equal([(one["number"], one["source"], one["comment"], one["contentHash"], one["createdBy"]) for one in back])
    found = [door.differences(one["id"], two["id"]) for door, one, two in zip(doors, first, back, strict=True)]
    for name in ("operations", "orders", "kinds"):
        assert not all_equal([one[name] for one in found])
    all_equal([one["kpis"] for one in found])


def test_what_is_not_there_is_not_there(doors: tuple[Door, ...]) -> None:
    for door in doors:
        door.bring_in(plant(2))
    for work in ("export", "roll_back", "merge"):
        assert all_equal([getattr(door, work)("no-such-version")["code"] for door in doors]) == "E012", work


def test_applying_makes_the_same_version(doors: tuple[Window, Http, CommandLine]) -> None:
    window, script, _ = doors
    made: list[Json] = []
    for door in (window, script):
        version = door.bring_in(plant())
        response = door.optimize(
            request_of(door.export(version["id"]))
            if door is window
            else request_of(script.client.data(version["scheduleId"]))
        )
        made.append(door.apply(version, response))
    all_equal([(one["contentHash"], one["source"], one["number"], one["metrics"]) for one in made])


def test_a_head_that_moved_is_a_conflict(doors: tuple[Window, Http, CommandLine]) -> None:
    answers: list[Json] = []
    for door in doors[:2]:
        version = door.bring_in(plant(3))
        for name in ("one", "two"):
            data = plant(3)
            data["snapshot"]["events"][0]["name"] = name
            answer = door.save(version, data)
        answers.append(answer)
    assert all_equal([one["code"] for one in answers]) == "E004"
    assert all_equal([one["details"]["theirs"]["number"] for one in answers]) == 2
