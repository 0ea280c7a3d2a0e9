"""``taktwerk replay``: whether a run's plan and claims hold, checked again and independently."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.cli_files import add_format_argument
from app.cli_output import print_json
from app.config import Settings
from app.exchange.text import STANDARD_STREAM
from app.replay import Case, examine_case, from_database, from_files, solve_again
from engine.certificate import Finding
from engine.errors import ErrorCode, TaktwerkError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("subject", metavar="RUN", help="id of a run in the database, or a response or certificate file")
    parser.add_argument("--input", metavar="INPUT", help="for files: the schedule or request that was solved")
    parser.add_argument("--certificate", metavar="FILE", help="for a response: the certificate that belongs to it")
    parser.add_argument("--prove", action="store_true", help="solve again, to confirm bound and proof")
    parser.add_argument("--time-limit", metavar="S", type=float, help="for --prove; by default the run's own")
    add_format_argument(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Examine every claim and print what becomes of it; 1 when one does not hold."""
    if options.time_limit is not None and options.time_limit <= 0:
        raise TaktwerkError(ErrorCode.INVALID_SCHEDULE, f"--time-limit must be above 0, not {options.time_limit:g}.")
    case = _case(options, settings)
    findings = examine_case(case)
    if options.prove:
        findings += solve_again(case, options.time_limit)
    failed = sum(finding.state == "failed" for finding in findings)
    if options.json:
        claims = [finding.to_json() for finding in findings]
        print_json({"runId": case.run_id, "holds": not failed, "claims": claims, "facts": case.facts})
    else:
        _tell(case, findings, failed)
    return 1 if failed else 0


def _case(options: argparse.Namespace, settings: Settings) -> Case:
    is_file = options.input is not None or options.subject == STANDARD_STREAM or Path(options.subject).is_file()
    if is_file:
        return from_files(options.subject, options.input, options.certificate, options.format)
    return from_database(settings.database, options.subject)


def _tell(case: Case, findings: list[Finding], failed: int) -> None:
    about = ", ".join(f"{name} {value}" for name, value in case.facts.items())
    print(f"Run {case.run_id}{': ' + about if about else ''}")
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        print(f"{finding.state:<8}{finding.name:<{width + 2}}{finding.text}")
    count = "1 claim does not hold." if failed == 1 else f"{failed} claims do not hold."
    print(count if failed else "Every claim that could be checked holds.")
