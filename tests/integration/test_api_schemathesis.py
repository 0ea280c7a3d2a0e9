"""The whole API against its own description, with thousands of made-up requests, good ones and bad ones.

No 5xx, nothing undocumented, and nothing carried out that the description forbids.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from app.api.application import make_application
from app.api.services import ApiLimits
from tests.support import fault_workers as workers
from tests.support.api import HOST, Api, an_api, body_of
from tests.support.databases import line_schedule
from tests.support.fault_workers import command
from tests.support.runs import wait_until

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.generation import GenerationMode
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        ignored_auth,
        negative_data_rejection,
        response_headers_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
LIMITS = ApiLimits(optimizations_per_minute=1_000_000, max_body_bytes=1_000_000)


@dataclass
class Known:
    """Things that there are, so that made-up requests also hit. The run is over: its progress stream ends."""

    client: Any
    ids: dict[str, str]
    bodies: dict[str, Any]

    def aim(self, case: schemathesis.Case, name: str) -> None:
        """Have a request speak of what there is, wherever it names something."""
        base = f"/api/schedules/{self.ids['scheduleId']}"
        head = self.client.get(base).json()["head"]["id"]
        values = {"head": "main", "into": "main", "versionId": head, "expectedHead": head, "choices": {}}
        if name in self.bodies:
            case.body, case.media_type = self.bodies[name], "application/json"
        for part in (case.query, case.body):
            if isinstance(part, dict):
                part.update({key: value for key, value in values.items() if key in part})
                for key in ("base", "from", "format", "resource", "scenario", "file"):
                    part.pop(key, None)


def known_of(api: Api) -> Known:
    """Make some."""
    client = api.client("fuzzer", "admin")
    made = client.post("/api/schedules", content=json.dumps(line_schedule(2).to_json())).json()
    data = client.get(f"/api/schedules/{made['scheduleId']}/data").json()
    request = body_of(data)
    run_id = client.post("/api/schedules/optimize", content=request).json()["runId"]
    wait_until(lambda: client.get(f"/api/schedules/optimize/{run_id}").json()["status"] == "completed", 30)
    ids = {"scheduleId": made["scheduleId"], "versionId": made["version"]["id"], "runId": run_id}
    return Known(client, ids, {"saveVersion": data, "submitOptimization": json.loads(request), "importSchedule": data})


def fuzz(folder: Path, per_operation: int) -> Counter[tuple[str, int]]:
    """Make so many requests of each operation, and count the answers: operation and status."""
    answers: Counter[tuple[str, int]] = Counter()
    with an_api(folder, command(workers.answers_at_once), LIMITS) as api, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known, token = known_of(api), api.token("fuzzer", "admin")
        app = make_application(api.services, lambda: {HOST, "localhost", "testserver"})
        schema = schemathesis.openapi.from_asgi("/api/openapi.json", app)
        for found in schema.get_all_operations():
            fuzz_one(found.ok(), per_operation, known, token, answers)
    return answers


def fuzz_one(operation: Any, per_operation: int, known: Known, token: str, answers: Counter[tuple[str, int]]) -> None:
    """Make so many requests of one operation; two in three are good by the description, where one can be bad."""
    name = operation.definition.raw["operationId"]
    good = operation.as_strategy(GenerationMode.POSITIVE)
    bad = operation.as_strategy(GenerationMode.NEGATIVE)

    @seed(7)
    @settings(
        max_examples=per_operation,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=st.one_of(good, good, bad) if may_be_wrong(operation) else good,
        aim=st.sampled_from(["anywhere", "path", "all"]),
    )
    def trial(case: schemathesis.Case, aim: str) -> None:
        if aim != "anywhere" and case.path_parameters:
            case.path_parameters.update({k: v for k, v in known.ids.items() if k in case.path_parameters})
        if aim == "all" and not is_bad(case):
            known.aim(case, name)
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
        answer = case.call()
        answers[name, answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS, excluded_checks=[ignored_auth])

    trial()


def is_bad(case: schemathesis.Case) -> bool:
    """Whether a request goes against the description."""
    return bool(case.meta and case.meta.generation.mode is GenerationMode.NEGATIVE)


def may_be_wrong(operation: Any) -> bool:
    """Whether a request can go against the description at all."""
    return bool(operation.body or operation.query or operation.headers or operation.path_parameters)


def well(answers: Counter[tuple[str, int]], total: int, caplog: pytest.LogCaptureFixture) -> None:
    """Enough was asked, and the server logged no error."""
    by_status = Counter({status: 0 for _, status in answers})
    for (_, status), count in answers.items():
        by_status[status] += count
    print(f"{sum(answers.values())} requests, by status: {dict(sorted(by_status.items()))}")
    assert sum(answers.values()) >= total, by_status
    served = {name for name, status in answers if status < 300}
    assert served == {name for name, _ in answers}, f"never did its work: { ({n for n, _ in answers} - served) }"
    assert not [one for one in caplog.records if one.name == "taktwerk.api" and one.levelno >= logging.ERROR]


# made-up time limits are so short that solvers are ended, which is logged
@pytest.mark.logs_errors
def test_a_few_made_up_requests(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    well(fuzz(tmp_path, 6), 140, caplog)


@pytest.mark.slow
@pytest.mark.logs_errors
@pytest.mark.timeout(1_800)
def test_thousands_of_made_up_requests(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    answers = fuzz(tmp_path, 230)
    well(answers, 5_000, caplog)
    idle = {name for name, _ in answers} - {name for name, status in answers if status < 300}
    assert not idle, "these never did their work"
