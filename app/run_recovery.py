"""What a program that is gone had kept of its runs in files, taken up by the next one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

from app.certificates import certify_run
from app.request_json import canonical_request
from app.run_archive import RunArchive
from app.run_spares import SpareFiles
from app.unstored_runs import End, end_of
from engine.errors import TaktwerkError
from engine.model import OptimizationRequest

_log = logging.getLogger("taktwerk.optimization")


def ends_left_behind(archive: RunArchive, spares: SpareFiles) -> Iterator[tuple[End, OptimizationRequest]]:
    """Yield the ends that are in files and not in the database, their plans checked again; tidy the files up."""
    for run_id in spares.runs():
        standing = archive.standing(run_id)
        kept = spares.read(run_id) if standing == "left" else None
        if standing == "over" or (standing == "left" and kept is None):
            spares.drop(run_id)
        if kept is None:
            continue
        try:
            request = archive.request(run_id)
            end = end_of(run_id, kept, request)
        except (TaktwerkError, ValueError, KeyError, TypeError) as error:
            _log.error("what was kept of run %s cannot be used: %s", run_id, error)
            continue
        certificate = certify_run(run_id, request, canonical_request(request), end.conclusion.checked)
        yield replace(end, certificate=certificate), request
