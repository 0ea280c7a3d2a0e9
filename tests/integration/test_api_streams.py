"""A real server: progress streams, the client, a client made of the description alone, starting and stopping."""

from __future__ import annotations

import http.client
import json
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from app.api.server import ApiServer, Binding
from app.client import Client
from engine.errors import ErrorCode, TaktwerkError
from tests.support import fault_workers as workers
from tests.support.api import Api, an_api, body_of, serving
from tests.support.databases import line_schedule
from tests.support.fault_workers import command
from tests.support.runs import wait_until


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, str]]:
    """A server whose runs go on until they are stopped."""
    with (
        an_api(tmp_path_factory.mktemp("slow"), command(workers.answers_after_a_while)) as api,
        serving(api) as address,
    ):
        yield api, address


class Stream:
    """An event stream, read event by event."""

    def __init__(self, address: str, token: str, run_id: str, last: str = "") -> None:
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(address).netloc, timeout=20)
        headers = {"Authorization": f"Bearer {token}", **({"Last-Event-ID": last} if last else {})}
        self.connection.request("GET", f"/api/schedules/optimize/{run_id}/progress", headers=headers)
        self.answer = self.connection.getresponse()

    def next(self) -> tuple[str, dict[str, Any]] | None:
        data, key = None, ""
        while line := self.answer.readline().decode():
            name, _, value = line.rstrip("\n").partition(": ")
            if name == "data":
                data = json.loads(value)
            elif name == "id":
                key = value
            elif not line.strip() and data is not None:
                return key, data
        return None

    def rest(self) -> list[tuple[str, dict[str, Any]]]:
        return list(iter(self.next, None))

    def close(self) -> None:
        self.answer.close()
        self.connection.close()


def test_a_stream_goes_on_where_it_broke_off(slow: tuple[Api, str]) -> None:
    api, address = slow
    token = api.token()
    client = Client(address, token)
    run_id = client.submit(json.loads(body_of(line_schedule(4).to_json())))
    first = Stream(address, token, run_id)
    assert first.answer.getheader("Content-Type", "").startswith("text/event-stream")
    got = [first.next() for _ in range(3)]
    first.close()
    wait_until(lambda: api.services.runs.status(run_id).has_incumbent)
    last = got[-1]
    assert last is not None
    second = Stream(address, token, run_id, last[0])
    client.stop(run_id)
    rest = second.rest()
    second.close()
    everything = Stream(address, token, run_id)
    whole = everything.rest()
    everything.close()
    assert [key for key, _ in whole] == [*map(str, range(1, len(whole))), "end"]
    assert [*got, *rest] == whole
    assert rest[-1][1]["status"] == "completed" and rest[-1][1]["versionId"] == run_id
    over = Stream(address, token, run_id, "end")
    assert over.answer.status == 204
    over.close()
    for odd in ("999999", "x", "-1"):  # numbers of a server that is gone: everything once more
        stream = Stream(address, token, run_id, odd)
        assert stream.rest()[-1] == whole[-1]
        stream.close()


def test_a_run_of_an_earlier_server_has_its_last_event(tmp_path: Path) -> None:
    with an_api(tmp_path, command(workers.answers_after_a_while)) as api, serving(api) as address:
        client = Client(address, api.token())
        run_id = client.submit(json.loads(body_of(line_schedule(3).to_json())))
        wait_until(lambda: api.services.runs.status(run_id).has_incumbent)
        client.stop(run_id)
        client.wait(run_id)
    with an_api(tmp_path) as api, serving(api) as address:
        (event,) = Client(address, api.token()).follow(run_id)
        assert event["status"] == "completed" and event["versionId"] == run_id


def test_many_streams_end_with_the_run(slow: tuple[Api, str]) -> None:
    api, address = slow
    token = api.token("many")
    client = Client(address, token)
    run_id = client.submit(json.loads(body_of(line_schedule(3).to_json())))
    ends: list[str] = []
    threads = [
        threading.Thread(target=lambda: ends.append([*Client(address, token).follow(run_id)][-1]["status"]))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    client.cancel(run_id)
    for thread in threads:
        thread.join(20)
    assert ends == ["cancelled"] * 8


def test_the_client_plans(tmp_path: Path) -> None:
    with an_api(tmp_path) as api, serving(api) as address:
        plant = Client(address, api.token())
        schedule = plant.import_schedule(line_schedule(6).to_json(), name="Hall 2")["scheduleId"]
        run = plant.submit({"scheduleData": plant.data(schedule), "algorithmId": 4, "options": {"timeLimit": 5}})
        plan = plant.wait(run)
        assert plan["status"] == "completed", plan
        version = plant.apply(schedule, plan["result"]["versionId"], comment="by script")["newVersionId"]
        assert plant.versions(schedule)[0]["comment"] == "by script"
        assert plant.status(run)["result"]["versionId"] == version
        assert plant.diff(schedule, version)["toVersionId"] == version
        assert plant.export(schedule, version, "excel")[:2] == b"PK"
        assert plant.rollback(schedule, plant.versions(schedule)[-1]["id"])["source"] == "rollback"
        with pytest.raises(TaktwerkError) as caught:
            plant.status("nothing")
        assert caught.value.code is ErrorCode.NOT_FOUND
    with pytest.raises(TaktwerkError, match="cannot be used"):
        plant.health()


DESCRIPTION = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


class FromDescription:
    """A client that knows nothing but ``docs/openapi.json``: operations by id, parameters where it says they stand.

    What the server answers must be described there too, to the fields of the body.
    """

    def __init__(self, address: str, token: str) -> None:
        self.netloc = urllib.parse.urlsplit(address).netloc
        self.token = token
        description = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
        self.components = description["components"]
        self.operations = {
            one["operationId"]: (method.upper(), path, one)
            for path, item in description["paths"].items()
            for method, one in item.items()
        }

    def call(self, operation: str, body: Any = None, **given: str) -> tuple[int, bytes]:
        method, path, about = self.operations[operation]
        query = {}
        for parameter in about.get("parameters", []):
            name = parameter["name"]
            assert name in given or not parameter.get("required"), name
            if name in given and parameter["in"] == "path":
                path = path.replace(f"{{{name}}}", urllib.parse.quote(given[name], safe=""))
            elif name in given and parameter["in"] == "query":
                query[name] = given[name]
        headers = {"Authorization": f"Bearer {self.token}"} if about.get("security") else {}
        content = None
        if body is not None:
            assert "application/json" in about["requestBody"]["content"]
            headers["Content-Type"], content = "application/json", json.dumps(body)
        connection = http.client.HTTPConnection(self.netloc, timeout=20)
        connection.request(method, f"{path}?{urllib.parse.urlencode(query)}", content, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        self._is_described(operation, answer, data)
        return answer.status, data

    def _is_described(self, operation: str, answer: http.client.HTTPResponse, data: bytes) -> None:
        responses = self.operations[operation][2]["responses"]
        assert str(answer.status) in responses, (operation, answer.status)
        kinds = responses[str(answer.status)].get("content", {})
        kind = answer.headers.get_content_type()
        assert kind in kinds if kinds else not data, (operation, kind)
        if kind == "application/json":
            self.check(json.loads(data), kinds[kind]["schema"])

    def check(self, value: Any, schema: dict[str, Any]) -> None:
        """Fail unless a value is as a schema of the description says."""
        jsonschema_rs.Draft202012Validator({**schema, "components": self.components}).validate(value)

    def events(self, stream: bytes) -> list[dict[str, Any]]:
        """Return the data of server-sent events, each as the description says."""
        kinds = self.operations["followOptimization"][2]["responses"]["200"]["content"]
        said = kinds["text/event-stream"]["itemSchema"]
        found = []
        for block in filter(str.strip, stream.decode().replace("\r\n", "\n").split("\n\n")):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            if "data" in fields:
                self.check({key: int(text) if key == "retry" else text for key, text in fields.items()}, said)
                found.append(json.loads(fields["data"]))
                self.check(found[-1], said["properties"]["data"]["contentSchema"])
        return found


def test_a_client_made_of_the_description_alone_plans(tmp_path: Path) -> None:
    with an_api(tmp_path) as api, serving(api) as address:
        client = FromDescription(address, api.token())
        example = client.operations["submitOptimization"][2]["requestBody"]["content"]["application/json"]["example"]
        _, made = client.call("importSchedule", example["scheduleData"])
        schedule_id = json.loads(made)["scheduleId"]
        _, data = client.call("getScheduleData", scheduleId=schedule_id)
        options = {**example["options"], "timeLimit": 60}  # it ends by itself; a busy machine may start it late
        status, run = client.call(
            "submitOptimization", {**example, "options": options, "scheduleData": json.loads(data)}
        )
        assert status == 202
        run_id = json.loads(run)["runId"]
        events = client.events(client.call("followOptimization", runId=run_id)[1])
        last = events[-1]
        assert last["status"] == "completed" and len(events) > 1, events
        shares = [event["progress"] for event in events]
        assert shares == sorted(shares), "progress went back"
        _, applied = client.call("applyVersion", {}, scheduleId=schedule_id, versionId=last["versionId"])
        version_id = json.loads(applied)["newVersionId"]
        _, data = client.call("getVersionData", scheduleId=schedule_id, versionId=version_id)
        placed = json.loads(data)["snapshot"]["events"]
        assert placed and all(event["startDate"] < event["endDate"] for event in placed)
        status, package = client.call("exportVersion", scheduleId=schedule_id, versionId=version_id, format="takt")
        assert status == 200 and package[:2] == b"PK"


def test_a_server_starts_and_stops_again_and_again(tmp_path: Path) -> None:
    with an_api(tmp_path) as api:
        for _ in range(3):
            server = ApiServer(api.services, Binding(port=0))
            address = server.start()
            assert server.address == address and server.start() == address
            client = Client(address, api.token())
            run_id = client.submit(json.loads(body_of(line_schedule(2).to_json())))
            assert next(client.follow(run_id))["status"] == "queued"
            client.cancel(run_id)
            server.stop()
            server.stop()
            assert server.address is None


def test_a_port_that_is_taken_and_an_address_for_all_are_refused(slow: tuple[Api, str], tmp_path: Path) -> None:
    api, address = slow
    with pytest.raises(TaktwerkError) as caught:
        ApiServer(api.services, Binding(port=int(address.rsplit(":", 1)[1]))).start()
    assert caught.value.code is ErrorCode.STORAGE
    for binding in (
        Binding("0.0.0.0", 0),
        Binding("192.0.2.1", 0),
        Binding(port=70_000),
        Binding(port=0, certificate=tmp_path / "none.pem"),
    ):
        with pytest.raises(TaktwerkError) as caught:
            ApiServer(api.services, binding).start()
        assert caught.value.code is ErrorCode.INVALID_SCHEDULE
