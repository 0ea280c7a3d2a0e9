"""Certificates of runs: made when a run ends, written to files, read back."""

from __future__ import annotations

import datetime as dt
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from app import __version__
from app.request_json import canonical_request
from app.verification import Checked
from engine.apply import apply_result
from engine.certificate import Certificate, plan_hash
from engine.errors import Fault, invalid_schedule
from engine.metrics import objective_vector
from engine.model import OptimizationRequest, OptimizationResponse, OptimizationResult
from storage import canonical


def certify(
    run_id: str, request: OptimizationRequest, input_hash: str, result: OptimizationResult, vector: tuple[int, ...]
) -> Certificate:
    """Return the certificate of a run, without the plan.

    Parameters
    ----------
    run_id, request
        The run and what it solved.
    input_hash
        Of ``request``, see ``input_hash_of``.
    result, vector
        The checked plan with its metrics, and its worth.
    """
    return Certificate(
        run_id=run_id,
        made_at=dt.datetime.now(dt.UTC).replace(microsecond=0),
        program_version=__version__,
        solver_version=solver_version(),
        python_version=platform.python_version(),
        cores=os.cpu_count() or 1,
        input_hash=input_hash,
        plan_hash=plan_hash(result.events),
        operations=len(request.schedule_data.snapshot.events),
        algorithm_id=request.algorithm_id,
        profile_id=request.profile_id,
        options=request.options,
        locks=request.locks,
        vector=vector,
        metrics=result.metrics,
    )


def certify_run(
    run_id: str, request: OptimizationRequest, request_json: bytes, checked: Checked | None
) -> Certificate | None:
    """Return the certificate of a run of the service; ``None`` when it leaves no plan."""
    if checked is None or not request_json:
        return None
    return certify(run_id, request, canonical.content_hash(request_json), checked.result, checked.vector)


def certify_response(request: OptimizationRequest, response: OptimizationResponse) -> Certificate | None:
    """Return the certificate of a response, with the plan; ``None`` when it holds none."""
    result = response.result
    if result is None:
        return None
    plan = apply_result(request.schedule_data, result.events, mark_manual=False)
    vector = objective_vector(request, plan)
    certificate = certify(response.run_id, request, input_hash_of(request), result, vector)
    return certificate.model_copy(update={"plan": result.events})


def input_hash_of(request: OptimizationRequest) -> str:
    """Return the SHA-256 of a request in canonical JSON."""
    return canonical.content_hash(canonical_request(request))


def parse_certificate(data: Any, name: str) -> Certificate:
    """Return the certificate in JSON data (E001 when it is none)."""
    try:
        return Certificate.model_validate(data)
    except ValueError as error:
        errors: list[Any] = getattr(error, "errors", list)()
        faults = [Fault(".".join(map(str, e["loc"])), str(e.get("input"))[:80], str(e["msg"])) for e in errors[:100]]
        raise invalid_schedule(faults or [Fault(name, "", str(error))], name) from None


def solver_version() -> str | None:
    """Return name and version of the solver that comes with the program."""
    try:
        return f"ortools {version('ortools')}"
    except PackageNotFoundError:
        return None
