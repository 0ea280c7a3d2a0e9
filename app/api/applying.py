"""Applying through the API: a run's plan, or a version, becomes the next version of a head."""

from __future__ import annotations

from app.api.bodies import ApplyBody
from app.api.routes_runs import applied_as, own_run
from app.api.services import ApiServices, UserServices
from app.api.tokens import Caller
from app.head_versions import LIVE
from app.preview import make_preview
from app.versions import VersionInfo
from engine.errors import ErrorCode, TaktwerkError, invalid_schedule
from engine.merge import Conflict
from engine.model import RunStatus
from engine.validate import faults_of


def apply_named(
    server: ApiServices, caller: Caller, own: UserServices, schedule_id: str, plan_id: str, wanted: ApplyBody
) -> VersionInfo:
    """Apply what ``plan_id`` names, a run's plan or a version, and return the new version.

    Raises
    ------
    TaktwerkError
        E004 with ``details.conflicts`` when both sides changed the same and nothing decides; E005, E012, and a run's
        own error when it left no plan.
    """
    try:
        version = own.versions.show(plan_id)
    except TaktwerkError as error:
        if error.code is not ErrorCode.NOT_FOUND:
            raise
        return _apply_run(server, caller, own, schedule_id, plan_id, wanted)
    if version.schedule_id != schedule_id:
        raise _elsewhere(plan_id, schedule_id)
    return _apply_version(own, version, wanted)


def _apply_version(own: UserServices, version: VersionInfo, wanted: ApplyBody) -> VersionInfo:
    into = wanted.head or LIVE
    head = own.versions.head(version.schedule_id, into)
    require_head(head, wanted)
    if head.id == version.id:
        return head
    state = own.merges.start_version(version.id, into=into)
    try:
        if state.merged.unresolved and wanted.take is None:
            keys = [one.to_json() for one in state.conflicts]
            raise _conflicts(len(keys), {"theirs": head.to_json(), "conflicts": keys})
        if state.merged.unresolved:
            state = own.merges.choose_all(state, "ours" if wanted.take == "plan" else "theirs")
        return own.merges.finish(state.row.id, wanted.comment, allow_unresolved=True)
    except TaktwerkError:
        own.merges.abandon(state.row.id)
        raise


def _apply_run(
    server: ApiServices, caller: Caller, own: UserServices, schedule_id: str, run_id: str, wanted: ApplyBody
) -> VersionInfo:
    try:
        view = own_run(server, caller, run_id)
    except TaktwerkError as error:
        if error.code is ErrorCode.NOT_FOUND:
            raise TaktwerkError(
                ErrorCode.NOT_FOUND, f"There is no version and no run {run_id}.", {"version": run_id}
            ) from None
        raise
    if view.schedule_id != schedule_id:
        raise _elsewhere(run_id, schedule_id)
    applied = view.result_version_id or applied_as(server, view)
    if applied is not None:
        return own.versions.show(applied)  # asked again: the answer is the same
    answer = server.runs.result(run_id)
    if answer.result is None:
        if view.error is not None:
            raise view.error
        raise TaktwerkError(
            ErrorCode.INTERRUPTED,
            "The run was cancelled; it has no plan."
            if view.status is RunStatus.CANCELLED
            else "The run has not ended. Wait for it, or stop it.",
            {"status": view.status.value},
        )
    into = wanted.head or view.head_name or LIVE
    head = own.versions.head(schedule_id, into)
    require_head(head, wanted)
    own.versions.scenarios.get(schedule_id, into)
    preview = make_preview(run_id, server.runs.request(run_id).schedule_data, own.versions.data(head.id), answer.result)
    if preview.conflicts and wanted.take is None:
        raise _conflicts(
            len(preview.conflicts), {"theirs": head.to_json(), "conflicts": [_told(one) for one in preview.conflicts]}
        )
    if wanted.take == "plan" and preview.conflicts:
        preview = preview.rebased(preview.working, {one.key: "theirs" for one in preview.conflicts})
    is_merge = head.id != view.base_version_id  # else only placements changed, which the run's check has passed
    if is_merge and (faults := faults_of(preview.merged)):
        raise invalid_schedule(faults, "merged plan")
    return own.versions.record_result(run_id, schedule_id, head.id, preview.merged, wanted.comment, into)


def require_head(head: VersionInfo, wanted: ApplyBody) -> None:
    """Refuse when a head is not where the caller thinks (E004)."""
    if wanted.expected_head is not None and wanted.expected_head != head.id:
        raise TaktwerkError(
            ErrorCode.VERSION_CONFLICT,
            f"The head moved: it stands on version {head.number} now.",
            {"expected": wanted.expected_head, "theirs": head.to_json()},
        )


def _told(conflict: Conflict) -> dict[str, object]:
    return {"key": conflict.key, "collection": conflict.collection, "itemId": conflict.item_id}


def _conflicts(count: int, details: dict[str, object]) -> TaktwerkError:
    things = "1 operation was" if count == 1 else f"{count} operations were"
    return TaktwerkError(
        ErrorCode.VERSION_CONFLICT,
        f"{things} changed on both sides meanwhile. Say which side holds (take: plan or head), or optimise again.",
        details,
    )


def _elsewhere(plan_id: str, schedule_id: str) -> TaktwerkError:
    return TaktwerkError(
        ErrorCode.NOT_FOUND, f"{plan_id} is no plan of the schedule {schedule_id}.", {"schedule": schedule_id}
    )
