"""The whole API against its own description, with thousands of made-up requests: no 5xx, nothing undocumented."""

from __future__ import annotations

import json
import warnings
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from app.api.application import make_application
from app.api.services import ApiLimits
from tests.support import fault_workers as workers
from tests.support.api import HOST, Api, an_api, body_of
from tests.support.databases import line_schedule
from tests.support.fault_workers import command

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        ignored_auth,
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
]
LIMITS = ApiLimits(optimizations_per_minute=1_000_000, max_body_bytes=1_000_000)


def ids_of(api: Api) -> dict[str, str]:
    """Things that there are, so that made-up requests also hit."""
    client = api.client("fuzzer", "admin")
    made = client.post("/api/schedules", content=json.dumps(line_schedule(2).to_json())).json()
    data = client.get(f"/api/schedules/{made['scheduleId']}/data").json()
    run = client.post("/api/schedules/optimize", content=body_of(data)).json()
    return {"scheduleId": made["scheduleId"], "versionId": made["version"]["id"], "runId": run["runId"]}


def fuzz(folder: Path, per_operation: int) -> Counter[str]:
    """Make so many requests of each operation, and count the answers."""
    answers: Counter[str] = Counter()
    with an_api(folder, command(workers.answers_after_a_while), LIMITS) as api, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        known, token = ids_of(api), api.token("fuzzer", "admin")
        app = make_application(api.services, lambda: {HOST, "localhost", "testserver"})
        schema = schemathesis.openapi.from_asgi("/api/openapi.json", app)
        for found in schema.get_all_operations():
            operation = found.ok()
            if operation.path.endswith("/progress"):
                continue  # a stream without an end: test_api_streams

            @seed(7)
            @settings(
                max_examples=per_operation,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(), hits=st.booleans())
            def trial(case: schemathesis.Case, hits: bool) -> None:
                if hits and case.path_parameters:
                    case.path_parameters.update({k: v for k, v in known.items() if k in case.path_parameters})
                case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
                answer = case.call()
                answers[str(answer.status_code)] += 1
                case.validate_response(answer, checks=CHECKS, excluded_checks=[ignored_auth])

            trial()
    return answers


def test_a_few_made_up_requests(tmp_path: Path) -> None:
    answers = fuzz(tmp_path, 6)
    assert sum(answers.values()) >= 140 and len(answers) > 3, answers


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_thousands_of_made_up_requests(tmp_path: Path) -> None:
    answers = fuzz(tmp_path, 220)
    assert sum(answers.values()) >= 5_000, answers
