"""Every endpoint, its codes and bodies; nothing is done twice; nothing too large, too often or too strange gets in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from app.api.description import FILE, document_text
from app.api.services import ApiLimits
from app.exchange.formats import WRITABLE
from tests.support import fault_workers as workers
from tests.support.api import Api, an_api, body_of
from tests.support.databases import BACKENDS, line_schedule, new_address
from tests.support.fault_workers import command
from tests.support.runs import wait_until

LIMIT = 200_000


@pytest.fixture(scope="module", params=BACKENDS)
def api(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Api]:
    limits, folder = ApiLimits(max_body_bytes=LIMIT), tmp_path_factory.mktemp("api")
    address = new_address(folder, request.param)
    with an_api(folder, command(workers.answers_after_a_while), limits, address) as made:
        yield made


def imported(client: Any, operations: int = 6) -> tuple[str, str]:
    answer = client.post("/api/schedules", content=json.dumps(line_schedule(operations).to_json()))
    assert answer.status_code == 201, answer.text
    return answer.json()["scheduleId"], answer.json()["version"]["id"]


def test_the_checked_in_description_is_current() -> None:
    assert FILE.read_text(encoding="utf-8") == document_text(), "run: python -m app.api.description"


def test_the_served_description_is_the_same(api: Api) -> None:
    assert api.client(None).get("/api/openapi.json").json() == json.loads(FILE.read_text(encoding="utf-8"))


def test_every_operation_is_described_and_tells_its_errors() -> None:
    paths = json.loads(FILE.read_text(encoding="utf-8"))["paths"]
    operations = [one for path in paths.values() for one in path.values()]
    assert len(operations) >= 25
    for one in operations:
        assert one["description"] and one["operationId"] and "403" in one["responses"]


def test_schedules_versions_and_scenarios(api: Api) -> None:
    client = api.client()
    schedule_id, first = imported(client)
    base = f"/api/schedules/{schedule_id}"
    assert schedule_id in [one["id"] for one in client.get("/api/schedules").json()["schedules"]]
    assert client.get(base).json()["heads"][0]["name"] == "main"
    data = client.get(f"{base}/data").json()
    assert (data["version"], data["metadata"]["scheduleId"]) == (first, schedule_id)
    data["snapshot"]["events"][0]["name"] = "Renamed"
    saved = client.post(f"{base}/versions", params={"expectedHead": first, "comment": "n"}, content=json.dumps(data))
    assert saved.status_code == 201 and saved.json()["createdBy"] == "anna"
    second = saved.json()["id"]
    stale = client.post(f"{base}/versions", params={"expectedHead": first}, content=json.dumps(data))
    assert (stale.status_code, stale.json()["code"]) == (409, "E004")
    diff = client.get(f"{base}/versions/{second}/diff").json()
    assert diff["fromVersionId"] == first and diff["delta"]["events"]
    back = client.post(f"{base}/versions/{first}/rollback", json={"comment": "back"})
    assert back.status_code == 201
    assert back.json()["contentHash"] == client.get(f"{base}/versions/{first}").json()["contentHash"]
    scenario = client.post(f"{base}/scenarios", json={"name": "late shift", "versionId": second})
    assert scenario.status_code == 201
    assert [one["name"] for one in client.get(f"{base}/scenarios").json()["scenarios"]] == ["main", "late shift"]
    assert client.post(f"{base}/versions/{second}/merge", json={}).status_code == 201
    assert len(client.get(f"{base}/versions").json()["versions"]) == 4
    assert client.get(f"{base}/versions/{second}/data").json()["snapshot"]["events"][0]["name"] == "Renamed"
    assert client.get(f"{base}/runs").json() == {"runs": []}


def test_a_merge_tells_its_conflicts_and_takes_choices(api: Api) -> None:
    client = api.client()
    schedule_id, first = imported(client)
    base = f"/api/schedules/{schedule_id}"
    client.post(f"{base}/scenarios", json={"name": "other", "versionId": first})

    def renamed(name: str, head: str) -> str:
        data = client.get(f"{base}/data").json()
        data["snapshot"]["events"][0]["name"] = name
        query = {"expectedHead": first, "head": head}
        return client.post(f"{base}/versions", params=query, content=json.dumps(data)).json()["id"]

    renamed("Theirs", "main")
    ours = renamed("Ours", "other")
    refused = client.post(f"{base}/versions/{ours}/merge", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "E004")
    keys = refused.json()["details"]["unresolved"]
    assert keys
    bad = client.post(f"{base}/versions/{ours}/merge", json={"choices": {"nothing": "ours", keys[0]: "mine"}})
    assert bad.status_code == 422 and len(bad.json()["details"]["faults"]) >= 2
    assert client.post(f"{base}/versions/{ours}/apply").status_code == 409
    done = client.post(f"{base}/versions/{ours}/merge", json={"choices": dict.fromkeys(keys, "ours")})
    assert done.status_code == 201, done.text
    assert client.get(f"{base}/data").json()["snapshot"]["events"][0]["name"] == "Ours"
    assert not api.services.of(api.tokens.caller_of(api.token())).merges.list(schedule_id)


def test_exports_in_every_format(api: Api) -> None:
    client = api.client()
    schedule_id, version = imported(client)
    for name in WRITABLE:
        answer = client.get(f"/api/schedules/{schedule_id}/versions/{version}/export", params={"format": name})
        assert answer.status_code in (200, 422), (name, answer.text)
        assert answer.status_code == 200 or "cannot hold" in answer.text
    workbook = client.get(f"/api/schedules/{schedule_id}/versions/{version}/export", params={"format": "excel"})
    assert workbook.content[:2] == b"PK" and "attachment" in workbook.headers["Content-Disposition"]
    again = client.post("/api/schedules", params={"format": "excel", "file": "a.xlsx"}, content=workbook.content)
    assert again.status_code == 201, again.text
    wrong = client.get(f"/api/schedules/{schedule_id}/versions/{version}/export", params={"format": "exe"})
    assert wrong.status_code == 422


def test_a_run_is_its_users(api: Api) -> None:
    anna, bob, root = api.client("anna-runs"), api.client("bob"), api.client("root", "admin")
    schedule_id, _ = imported(anna)
    data = anna.get(f"/api/schedules/{schedule_id}/data").json()
    answer = anna.post("/api/schedules/optimize", params={"label": "mine"}, content=body_of(data))
    assert answer.status_code == 202 and answer.json()["status"] == "queued"
    path = answer.headers["Location"]
    for method, end in (("GET", ""), ("DELETE", ""), ("POST", "/stop"), ("GET", "/progress")):
        assert bob.request(method, path + end).status_code == 404, (method, end)
    apply = f"/api/schedules/{schedule_id}/versions/{answer.json()['runId']}/apply"
    assert bob.post(apply).status_code == 404
    assert anna.post(apply).json()["code"] == "E007"  # it has not ended
    assert root.get(path).status_code == 200
    assert bob.get(f"/api/schedules/{schedule_id}/runs").json()["runs"] == []
    assert [one["label"] for one in anna.get(f"/api/schedules/{schedule_id}/runs").json()["runs"]] == ["mine"]
    assert anna.delete(path).status_code == 204
    wait_until(lambda: anna.get(path).json()["status"] == "cancelled")
    assert anna.delete(path).status_code == 204
    assert anna.post(apply).status_code == 409


def test_a_run_remembers_the_head_it_is_for_and_is_applied_there(api: Api) -> None:
    client = api.client("anna-heads")
    schedule_id, first = imported(client)
    base = f"/api/schedules/{schedule_id}"
    client.post(f"{base}/scenarios", json={"name": "late shift", "versionId": first})
    data = client.get(f"{base}/data", params={"head": "late shift"}).json()

    def submitted(schedule: Any, **query: str) -> str:
        answer = client.post("/api/schedules/optimize", params=query, content=body_of(schedule))
        assert answer.status_code == 202, answer.text
        return answer.json()["runId"]

    def heads() -> dict[str, str | None]:
        return {one["runId"]: one.get("head") for one in client.get(f"{base}/runs").json()["runs"]}

    shared, named = submitted(data), submitted(data, head="late shift")
    assert (heads()[shared], heads()[named]) == ("main", "late shift"), "both stand on the version"
    data["snapshot"]["events"][0]["name"] = "Late"
    query = {"expectedHead": first, "head": "late shift"}
    second = client.post(f"{base}/versions", params=query, content=json.dumps(data)).json()["id"]
    late = client.get(f"{base}/data", params={"head": "late shift"}).json()
    assert late["version"] == second
    own = submitted(late)
    assert heads()[own] == "late shift", "only the scenario stands on it"
    draft = submitted({**late, "version": "draft"}, head="late shift")
    assert heads()[draft] == "late shift"
    runs = {one["runId"]: one for one in client.get(f"{base}/runs").json()["runs"]}
    assert runs[draft]["baseVersionId"] == second
    unknown = client.post("/api/schedules/optimize", params={"head": "night"}, content=body_of(data))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "E012")
    loose = {**data, "metadata": {**data["metadata"], "scheduleId": None}}
    nowhere = client.post("/api/schedules/optimize", params={"head": "main"}, content=body_of(loose))
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "E012")

    for run_id in (shared, named, own, draft):
        assert client.delete(f"/api/schedules/optimize/{run_id}").status_code == 204


def test_a_plan_goes_to_the_head_that_its_run_is_for(tmp_path: Path) -> None:
    with an_api(tmp_path, command(workers.answers_at_once)) as api:
        client = api.client()
        schedule_id, first = imported(client)
        base = f"/api/schedules/{schedule_id}"
        client.post(f"{base}/scenarios", json={"name": "late shift", "versionId": first})
        data = client.get(f"{base}/data", params={"head": "late shift"}).json()
        sent = client.post("/api/schedules/optimize", params={"head": "late shift"}, content=body_of(data))
        path = sent.headers["Location"]
        wait_until(lambda: client.get(path).json()["status"] == "completed", 60)
        applied = client.post(f"{base}/versions/{sent.json()['runId']}/apply")
        assert applied.status_code == 200, applied.text
        stand = {one["name"]: one["versionId"] for one in client.get(f"{base}/scenarios").json()["scenarios"]}
        assert stand == {"main": first, "late shift": applied.json()["newVersionId"]}, "never laid over another plan"


def test_the_eleventh_optimisation_in_a_minute_waits(api: Api) -> None:
    client, other = api.client("hasty"), api.client("calm")
    codes = [client.post("/api/schedules/optimize", content=b"{}").status_code for _ in range(10)]
    assert codes == [422] * 10
    answer = client.post("/api/schedules/optimize", content=b"{}")
    assert (answer.status_code, answer.json()["code"]) == (429, "E011")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert other.post("/api/schedules/optimize", content=b"{}").status_code == 422


def test_the_same_key_does_nothing_twice(api: Api) -> None:
    client = api.client("keys")
    content = json.dumps(line_schedule(3).to_json())
    before = len(client.get("/api/schedules").json()["schedules"])

    def post(key: str, body: str = content) -> Any:
        return client.post("/api/schedules", content=body, headers={"Idempotency-Key": key})

    first, second = post("a"), post("a")
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert second.headers["Idempotency-Replayed"] == "true" and second.headers["Location"] == first.headers["Location"]
    assert post("a", content + " ").status_code == 422
    assert post("b", "{}").status_code == 422 and post("b").status_code == 201  # errors are not kept
    assert post("").status_code == 422 and post("x" * 201).status_code == 422
    assert (
        api.client("others").post("/api/schedules", content=content, headers={"Idempotency-Key": "a"}).status_code
        == 201
    )
    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(lambda _: post("together").status_code, range(8)))
    assert set(codes) <= {201, 409} and 201 in codes
    assert len(client.get("/api/schedules").json()["schedules"]) == before + 4


STRANGE: list[tuple[bytes, int]] = [
    (b"", 422),
    (b"null", 422),
    (b"[]", 422),
    (b"{", 422),
    (b"\xff\xfe", 422),
    (b'{"scheduleData": NaN}', 422),
    (b'{"scheduleData": {}, "options": {"timeLimit": Infinity}}', 422),
    (b'{"a": "\\ud800"}', 422),
    (b'{"a": 1' + b"0" * 5_000 + b"}", 422),
    (b"[" * 100_000, 422),
    (b'{"a": "' + b"x" * LIMIT + b'"}', 413),
]


@pytest.mark.parametrize(
    "path", ["/api/schedules/optimize", "/api/schedules", "/api/schedules/x/versions?expectedHead=y"]
)
def test_strange_bodies_are_refused_with_a_code(api: Api, path: str) -> None:
    for number, (body, status) in enumerate(STRANGE):
        answer = api.client(f"strange-{number // 9}-{path}").post(path, content=body)
        assert answer.status_code == (404 if "/x/" in path and status == 422 else status), (body[:40], answer.text)
        assert set(answer.json()) == {"code", "message", "details"}


@pytest.mark.parametrize("body", STRANGE[1:6])
def test_strange_small_bodies_are_refused(api: Api, body: tuple[bytes, int]) -> None:
    client = api.client()
    schedule_id, version = imported(client)
    for what in ("apply", "merge", "rollback"):
        answer = client.post(f"/api/schedules/{schedule_id}/versions/{version}/{what}", content=body[0])
        assert (answer.status_code, answer.json()["code"]) == (422, "E001"), answer.text


def test_markup_is_only_text(api: Api) -> None:
    client = api.client("markup")
    evil = "<script>alert(1)</script>"
    data = line_schedule(3, name=evil).to_json()
    data["snapshot"]["events"][0]["name"] = evil
    answer = client.post("/api/schedules", content=json.dumps(data))
    assert answer.json()["version"] and answer.headers["Content-Type"] == "application/json"
    assert (
        answer.headers["X-Content-Type-Options"] == "nosniff"
        and "default-src 'none'" in answer.headers["Content-Security-Policy"]
    )
    path = f"/api/schedules/{answer.json()['scheduleId']}/versions/{answer.json()['version']['id']}/export"
    page = client.get(path, params={"format": "html"})
    assert page.headers["Content-Disposition"].startswith("attachment") and evil not in page.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1:1"},
        {"Host": ""},
        {"Origin": "http://127.0.0.1:8737"},
        {"Origin": "null"},
    ],
)
def test_other_names_and_web_pages_stay_out(api: Api, headers: dict[str, str]) -> None:
    for path in ("/api/health", "/api/openapi.json", "/api/schedules"):
        answer = api.client().get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "E010")


def test_figures_health_and_profiles(api: Api) -> None:
    client = api.client()
    assert api.client(None).get("/api/health").json()["status"] == "ok"
    assert [one["name"] for one in client.get("/api/profiles").json()["algorithms"]][:2] == ["auto", "cp-sat"]
    text = client.get("/api/metrics").text
    assert 'taktwerk_http_requests_total{method="GET",route="/api/health",status="200"}' in text
    assert "taktwerk_runs_active" in text and "taktwerk_database_bytes" in text


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_what_is_not_there_has_the_same_body(api: Api, method: str) -> None:
    for path in ("/", "/api", "/docs", "/api/nothing", "/api/schedules/x/versions/y"):
        answer = api.client().request(method, path)
        assert answer.status_code in (404, 405) and answer.json()["code"] == "E012"
