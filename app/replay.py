"""Replaying runs: their claims are examined again, from what is stored or from files, and if wished solved again."""

from __future__ import annotations

from dataclasses import dataclass

from app import exchange
from app.certificates import input_hash_of, parse_certificate
from app.exchange import taktwerk_json
from app.exchange.text import read_bytes
from app.run_archive import Evidence, RunArchive
from app.run_events import Listener
from app.run_once import run_once
from engine.certificate import FORMAT, Certificate, Claims, Finding, examine, examine_again, plan_hash
from engine.errors import ErrorCode, TaktwerkError
from engine.messages import BadMessage, decode_plan
from engine.model import Metrics, OptimizationRequest, Options, PlacedEvent
from engine.validate import parse_request
from storage import canonical
from storage.database import open_database


@dataclass(frozen=True, slots=True)
class Case:
    """A run to examine: what it solved, its plan, what it claims, and what else is known of it by name.

    ``certificate`` is there if one was made. ``shown`` are the metrics that people see; they have to be the
    certificate's.
    """

    run_id: str
    request: OptimizationRequest
    events: tuple[PlacedEvent, ...]
    claims: Claims
    certificate: Certificate | None = None
    shown: Metrics | None = None

    @property
    def facts(self) -> dict[str, str]:
        """What the certificate says of how the run came about, for people."""
        return {} if self.certificate is None else _facts(self.certificate)


def examine_case(case: Case) -> list[Finding]:
    """Return what becomes of every claim of a run."""
    return [_record(case), *examine(case.request, case.events, case.claims)]


def solve_again(case: Case, time_limit_s: float | None = None, listener: Listener | None = None) -> list[Finding]:
    """Solve what the run solved once more and return what that says of its claims.

    Same parameters and seed. Where one worker solves deterministically the plan has to be identical.

    Parameters
    ----------
    case
        The run.
    time_limit_s
        Instead of the run's own limit.
    listener
        Called with what happens meanwhile.

    Raises
    ------
    TaktwerkError
        Whatever ended the new run without a plan.
    """
    options = case.request.options
    if time_limit_s is not None:
        options = options.model_copy(update={"time_limit": time_limit_s})
    request = case.request.model_copy(update={"options": options})
    response = run_once(request, listener)
    if response.result is None:
        error = response.error
        if error is None:
            raise TaktwerkError(ErrorCode.INTERRUPTED, "Solving again ended without a plan.")
        raise TaktwerkError(ErrorCode(error.code), f"Solving again failed. {error.message}", error.details)
    again = plan_hash(response.result.events) if _is_reproducible(options) else None
    claims = case.claims
    if again is not None and claims.plan_hash is None:
        claims = Claims(claims.metrics, claims.vector, plan_hash(case.events), claims.input_hash)
    return examine_again(claims, response.result.metrics, again_hash=again)


def from_database(database_url: str, run_id: str) -> Case:
    """Return a run of the database.

    Raises
    ------
    TaktwerkError
        E012 when there is no such run, or it left no plan; E008 when the database cannot be read.
    """
    database = open_database(database_url)
    try:
        evidence = RunArchive(database).evidence(run_id)
    finally:
        database.close()
    return _stored_case(run_id, evidence)


def from_files(path: str, input_path: str | None, certificate_path: str | None, format: str | None = None) -> Case:
    """Return the run of a response or certificate file.

    Parameters
    ----------
    path
        An OptimizationResponseDTO, or a certificate with its plan.
    input_path
        What was solved: a schedule or a request. Parameters of the certificate win over those of the request.
    certificate_path
        The certificate of the response, if there is one.
    format
        Of the input.

    Raises
    ------
    TaktwerkError
        E001 for faulty files, E012 when one cannot be read, holds no plan or is missing.
    """
    if input_path is None:
        raise TaktwerkError(ErrorCode.NOT_FOUND, f"{path} alone cannot be checked. Name its input with --input.")
    document = taktwerk_json.load(read_bytes(path), path)
    data = exchange.read_input(input_path, format)
    request = data if isinstance(data, OptimizationRequest) else OptimizationRequest(schedule_data=data)
    if document.get("format") == FORMAT:
        certificate = parse_certificate(document, path)
        if certificate.plan is None:
            reason = f"{path} has no plan of its own. Name the response, and this file with --certificate."
            raise TaktwerkError(ErrorCode.NOT_FOUND, reason, {"path": path})
        return _certified_case(certificate.run_id, certificate, certificate.plan, None, request)
    response = taktwerk_json.parse_response(read_bytes(path), path)
    if response.result is None:
        raise TaktwerkError(ErrorCode.NOT_FOUND, f"{path} holds no plan to check.", {"path": path})
    if certificate_path is not None:
        document = taktwerk_json.load(read_bytes(certificate_path), certificate_path)
        certificate = parse_certificate(document, certificate_path)
        result = response.result
        return _certified_case(response.run_id, certificate, result.events, result.metrics, request)
    metrics = response.result.metrics
    return Case(response.run_id, _with_objective(request, metrics), response.result.events, Claims(metrics))


def _certified_case(
    run_id: str,
    certificate: Certificate,
    events: tuple[PlacedEvent, ...],
    shown: Metrics | None,
    given: OptimizationRequest,
) -> Case:
    request = certificate.request_for(given.schedule_data)
    hashes = (certificate.input_hash, input_hash_of(request))
    claims = Claims(certificate.metrics, certificate.vector, certificate.plan_hash, hashes)
    return Case(run_id, request, events, claims, certificate, shown)


def _stored_case(run_id: str, evidence: Evidence) -> Case:
    row = evidence.row
    if evidence.request is None or evidence.plan is None or row.metrics is None:
        missing = "input" if evidence.request is None else "checked plan"
        raise TaktwerkError(
            ErrorCode.NOT_FOUND,
            f"Run {run_id} left no {missing} in the database; nothing can be checked.",
            {"run": run_id},
        )
    try:
        events = tuple(decode_plan(evidence.plan))
    except BadMessage as error:
        raise TaktwerkError(ErrorCode.STORAGE, f"The plan of run {run_id} cannot be read: {error}.") from error
    request = parse_request(evidence.request)
    shown, found = Metrics.model_validate(row.metrics), canonical.content_hash(evidence.request)
    hashes = None if row.input_hash is None else (row.input_hash, found)
    if evidence.certificate is None:
        return Case(run_id, request, events, Claims(shown, None, None, hashes))
    certificate = parse_certificate(evidence.certificate, f"the certificate of run {run_id}")
    hashes = (certificate.input_hash, found) if hashes is None or hashes[0] == found else hashes
    claims = Claims(certificate.metrics, certificate.vector, certificate.plan_hash, hashes)
    return Case(run_id, request, events, claims, certificate, shown)


def _record(case: Case) -> Finding:
    """Whether the certificate speaks of this run, of what was asked, and of the figures that people see."""
    certificate, request = case.certificate, case.request
    if certificate is None:
        return Finding("record", "skipped", "There is no certificate; the figures of the result are checked.")
    if certificate.run_id != case.run_id:
        return Finding("record", "failed", f"The certificate is that of another run, {certificate.run_id}.")
    asked = (request.algorithm_id, request.profile_id, request.options, request.locks)
    if asked != (certificate.algorithm_id, certificate.profile_id, certificate.options, certificate.locks):
        return Finding("record", "failed", "The certificate names other parameters than the run was given.")
    if case.shown is not None and case.shown != certificate.metrics:
        return Finding("record", "failed", "The certificate's figures are not those shown for the run.")
    return Finding("record", "ok", "The certificate belongs to this run, its parameters and its figures.")


def _with_objective(request: OptimizationRequest, metrics: Metrics) -> OptimizationRequest:
    """Believe the response which objective it had, where the input does not say."""
    options = request.options
    is_open = options.objective is None and options.weights is None and not options.objectives
    if not is_open or metrics.objective is None or metrics.objective == "weighted_mix":
        return request
    changed = Options.model_validate({**options.model_dump(by_alias=True), "objective": metrics.objective})
    return request.model_copy(update={"options": changed})


def _is_reproducible(options: Options) -> bool:
    return options.deterministic and options.workers == 1


def _facts(certificate: Certificate) -> dict[str, str]:
    return {
        "made": certificate.made_at.strftime("%Y-%m-%d %H:%M UTC"),
        "program": f"taktwerk {certificate.program_version}",
        "solver": certificate.solver_version or "unknown",
        "python": certificate.python_version,
        "seed": str(certificate.options.seed),
        "time limit": f"{certificate.options.time_limit:g} s",
        "workers": str(certificate.options.workers or f"all of {certificate.cores} cores"),
    }
