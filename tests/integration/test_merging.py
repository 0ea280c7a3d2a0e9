"""Merges as a service: begun, decided, interrupted, taken up again, finished with two parents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.merge_repair import given_by, repair_report
from app.merge_words import choice_from_json
from app.merging import MergeService, MergeState
from app.versions import VersionInfo, VersionService
from engine.check import check
from engine.errors import ErrorCode, TaktwerkError
from engine.merge import Value
from engine.model import Dependency, Options, Schedule, Status
from storage.database import Database
from tests.support.databases import BACKENDS, fresh_database
from tests.support.plan_edits import with_items, without
from tests.support.rule_cases import at
from tests.support.version_cases import put, shop

_KEY = "events/a0/placement"


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh_database(tmp_path, request.param) as opened:
        yield opened


@pytest.fixture
def versions(database: Database) -> VersionService:
    return VersionService(database, "anna")


@pytest.fixture
def merges(database: Database, versions: VersionService) -> MergeService:
    return MergeService(database, versions, "anna")


def _ours() -> Schedule:
    return put(put(shop(), "a0", 45), "b0", 300)


def _theirs() -> Schedule:
    return put(put(shop(), "a0", 0, "m3"), "c1", 400)


def _begun(versions: VersionService, merges: MergeService) -> tuple[VersionInfo, VersionInfo, MergeState]:
    """Two heads edited apart: a0 on both sides, b0 on ours only, c1 on theirs only."""
    base = versions.import_schedule(shop(), name="Shop")
    theirs = VersionService(versions._database, "ben").save(base.schedule_id, base.id, _theirs())  # pyright: ignore[reportPrivateUsage]
    return base, theirs, merges.start_head(base.schedule_id, base.id, _ours(), label="My edits")


def _place(schedule: Schedule, event_id: str) -> tuple[object, ...]:
    op = next(op for op in schedule.snapshot.events if op.id == event_id)
    return op.resource_id, op.start_date


def test_a_conflict_is_told_in_plain_words(versions: VersionService, merges: MergeService) -> None:
    _, _, state = _begun(versions, merges)
    (view,) = state.conflicts
    assert (view.key, view.subject, view.order_name, view.what) == (_KEY, "Operation a0", "a", "Place")
    assert view.base == "on m1 from Mon 5 Jan 2026 00:00 to 00:40"
    assert view.ours == "on m1 from Mon 5 Jan 2026 00:45 to 01:25" == view.taken and view.choice is None
    assert view.theirs == "on m3 from Mon 5 Jan 2026 00:00 to 00:40"
    assert not state.is_resolved and state.to_json()["unresolved"] == [_KEY]
    assert state.violations == tuple(check(state.schedule)) == ()


def test_an_interrupted_merge_goes_on_and_ends_in_a_version_with_two_parents(
    database: Database, versions: VersionService, merges: MergeService
) -> None:
    base, theirs, state = _begun(versions, merges)
    merges.choose(state.row.id, {_KEY: "theirs"})
    again = MergeService(database, VersionService(database, "anna"), "anna")  # the program was started anew
    assert [row.id for row in again.list(base.schedule_id)] == [state.row.id]
    state = again.open(state.row.id)
    assert state.is_resolved and state.choices == {_KEY: "theirs"}
    done = again.finish(state.row.id, "together")
    assert (done.source, done.comment, done.parent_version_id) == ("merge", "together", theirs.id)
    mine = versions.show(done.merge_parent_version_id or "")
    assert (mine.parent_version_id, mine.created_by, mine.source) == (base.id, "anna", "manual")
    assert versions.data(mine.id) == _ours(), "what was merged can be looked at"
    assert versions.head(base.schedule_id) == done and again.list() == []
    merged = versions.data(done.id)
    assert _place(merged, "a0") == _place(_theirs(), "a0") and _place(merged, "b0") == _place(_ours(), "b0")
    assert _place(merged, "c1") == _place(_theirs(), "c1")
    assert [node.version.number for node in versions.history(base.schedule_id).nodes] == [4, 3, 2, 1]
    assert versions.verify() == []
    told = [(e.version.number, e.change.cause.kind) for e in versions.blame(done.id, "b0") if e.change.cause]
    assert told == [(mine.number, "planner"), (1, "import")], "the side that changed it, not the merge"
    found = {key: cause.version_number for key, cause in versions.causes(base.id, done.id).items()}
    assert found == {"a0": theirs.number, "b0": mine.number, "c1": theirs.number}
    with pytest.raises(TaktwerkError) as raised:
        again.finish(state.row.id)
    assert raised.value.code is ErrorCode.NOT_FOUND


@pytest.mark.parametrize("way", ["base", "ours", "theirs", "value"])
def test_each_way_of_deciding(versions: VersionService, merges: MergeService, way: str) -> None:
    base, _, state = _begun(versions, merges)
    own = {"resourceId": "m2", "startDate": "2026-01-05T10:00:00Z", "endDate": "2026-01-05T10:40:00Z"}
    choice = Value(own) if way == "value" else choice_from_json(way)
    state = merges.choose(state.row.id, {_KEY: choice})
    assert state.choices == {_KEY: choice} and merges.open(state.row.id).choices == {_KEY: choice}
    wanted = {"base": shop(), "ours": _ours(), "theirs": _theirs()}.get(way)
    merged = versions.data(merges.finish(state.row.id).id)
    assert _place(merged, "a0") == (("m2", at(600)) if wanted is None else _place(wanted, "a0"))
    assert versions.head(base.schedule_id).source == "merge"


def test_all_ours_all_theirs_and_taking_a_choice_back(versions: VersionService, merges: MergeService) -> None:
    _, _, state = _begun(versions, merges)
    assert merges.choose_all(state.row.id, "theirs").choices == {_KEY: "theirs"}
    assert merges.choose(state.row.id, {_KEY: None}).choices == {}
    with pytest.raises(TaktwerkError, match="Decide first: Operation a0, place") as raised:
        merges.finish(state.row.id)
    assert raised.value.code is ErrorCode.VERSION_CONFLICT
    with pytest.raises(TaktwerkError) as raised:
        merges.choose(state.row.id, {_KEY: Value({"resourceId": "nowhere"})})
    assert raised.value.code is ErrorCode.INVALID_SCHEDULE and merges.open(state.row.id).choices == {}
    assert merges.finish(state.row.id, allow_unresolved=True).source == "merge"
    for wrong in ("both", {"values": 1}, None):
        with pytest.raises(ValueError, match="no choice"):
            choice_from_json(wrong)


def test_a_head_that_moves_again_is_taken_in(versions: VersionService, merges: MergeService) -> None:
    base, theirs, state = _begun(versions, merges)
    merges.choose(state.row.id, {_KEY: "ours"})
    newer = versions.save(base.schedule_id, theirs.id, put(_theirs(), "c0", 500))
    with pytest.raises(TaktwerkError) as raised:
        merges.finish(state.row.id)
    assert raised.value.code is ErrorCode.VERSION_CONFLICT
    assert len(versions.list(base.schedule_id)) == 3, "nothing was written"
    fresh = merges.refresh(state.row.id)
    assert fresh.is_resolved and fresh.row.head_version_id == newer.id
    done = merges.finish(state.row.id)
    assert done.parent_version_id == newer.id and _place(versions.data(done.id), "c0") == ("m1", at(500))


def test_a_scenario_is_merged_into_the_live_plan_that_went_on(versions: VersionService, merges: MergeService) -> None:
    base = versions.import_schedule(shop())
    key = base.schedule_id
    versions.scenarios.create(key, "Rush", base.id)
    rush = versions.save(key, base.id, _ours(), head="Rush")
    live = versions.save(key, base.id, _theirs())
    state = merges.start_scenario(key, "Rush")
    assert (state.row.base_version_id, state.row.label) == (base.id, "Scenario Rush")
    merges.choose_all(state.row.id, "ours")
    done = merges.finish(state.row.id)
    assert done.parents == (live.id, rush.id) and versions.scenarios.promotion(key, "Rush").kind == "none"
    assert len(versions.list(key)) == 4
    versions.scenarios.rename(key, "Rush", "Done")
    other = merges.start_version(rush.id, into="Done")
    merges.abandon(other.row.id)
    assert merges.list() == []


def test_an_import_is_merged_from_the_last_import(versions: VersionService, merges: MergeService) -> None:
    base = versions.import_schedule(shop())
    versions.save(base.schedule_id, base.id, put(shop(), "b0", 300))
    imported = put(shop(), "b0", 110, status=Status.STARTED)
    imported = without(imported, "events", "c1")
    state = merges.start_import(base.schedule_id, imported, label="ERP")
    assert state.is_resolved and len(state.settled) == 1 and "begun work holds" in state.settled[0]
    done = merges.finish(state.row.id)
    merged = versions.data(done.id)
    assert _place(merged, "b0") == ("m1", at(110)) and "c1" not in {op.id for op in merged.snapshot.events}
    second = versions.show(done.merge_parent_version_id or "")
    assert (second.source, second.parent_version_id) == ("import", base.id) and done.comment == "Merge: ERP"
    again = merges.start_import(base.schedule_id, put(imported, "a1", 77))
    assert again.row.base_version_id == second.id, "the next import starts from this one"


def test_a_run_that_ends_on_an_old_head_is_merged(
    database: Database, versions: VersionService, merges: MergeService
) -> None:
    base = versions.import_schedule(shop())
    with database.unit_of_work() as uow:
        run = uow.runs.add(algorithm_id=1, schedule_id=base.schedule_id, base_version_id=base.id)
        uow.commit()
    versions.save(base.schedule_id, base.id, _ours())
    state = merges.start_run(run.id, base.schedule_id, base.id, _theirs())
    merges.choose_all(state.row.id, "theirs")
    done = merges.finish(state.row.id)
    assert done.run_id == run.id and versions.show(done.merge_parent_version_id or "").source == "optimization"
    with database.read() as view:
        assert view.runs.get(run.id).result_version_id == done.id


def test_finishing_edits_of_a_window_settles_their_draft(versions: VersionService, merges: MergeService) -> None:
    base = versions.import_schedule(shop())
    versions.append_edit(base.schedule_id, base.id, "Move", {})
    VersionService(versions._database, "ben").save(base.schedule_id, base.id, _theirs())  # pyright: ignore[reportPrivateUsage]
    state = merges.start_head(base.schedule_id, base.id, _ours())
    merges.choose_all(state.row.id, "ours")
    merges.finish(state.row.id)
    assert versions.recover(base.schedule_id) is None


def test_a_merge_that_would_be_no_valid_plan_is_not_written(versions: VersionService, merges: MergeService) -> None:
    base = versions.import_schedule(shop())
    ours, theirs = (
        with_items(shop(), dependencies=(Dependency(id=key, from_event=one, to_event=other),))
        for key, one, other in (("d1", "a0", "b0"), ("d2", "b0", "a0"))
    )
    versions.save(base.schedule_id, base.id, theirs)
    state = merges.start_head(base.schedule_id, base.id, ours)
    assert state.conflicts == () and state.violations == () and "circle" in state.faults[0].reason
    with pytest.raises(TaktwerkError, match="circle") as raised:
        merges.finish(state.row.id)
    assert raised.value.code is ErrorCode.INVALID_SCHEDULE
    assert len(versions.list(base.schedule_id)) == 2


def test_a_rerun_locks_what_ours_placed_and_says_what_moved(versions: VersionService, merges: MergeService) -> None:
    base = versions.import_schedule(shop())
    ours, theirs = put(shop(), "a0", 100), put(shop(), "c0", 130)  # each fits alone; together with b0 they overlap
    versions.save(base.schedule_id, base.id, theirs)
    state = merges.start_head(base.schedule_id, base.id, ours)
    assert [v.event_ids for v in state.new_violations] == [("a0", "c0")], "what merging has brought about"
    request = merges.rerun_request(state.row.id, Options(time_limit=5))
    assert request.locks.events == ("a0",) and request.schedule_data == state.schedule
    assert merges.rerun_request(state.row.id).options.incremental_mode
    repaired = put(state.schedule, "b0", 300)
    report = repair_report(request, repaired)
    assert report.kept == ("a0",) and [change.event_id for change in report.moved] == ["b0"]
    conflict = {"conflict": [{"kind": "lock", "id": "a0", "eventId": "a0"}, {"kind": "deadline", "id": "x"}]}
    assert given_by(request, conflict) == ("a0",) and given_by(request, {}) == ()
    done = merges.finish(state.row.id, schedule=repaired)
    assert versions.data(done.id) == repaired and report.to_json()["moved"][0]["eventId"] == "b0"


def test_words_for_what_is_no_place(versions: VersionService, merges: MergeService) -> None:
    base = versions.import_schedule(shop())
    plain = shop()

    def dated(minutes: float) -> Schedule:
        orders = tuple(o.model_copy(update={"due_date": at(minutes)}) for o in plain.snapshot.orders)
        return with_items(plain, orders=orders)

    ours = put(dated(10), "a0", locked=True, duration=60_000, attributes={"note": "x"}, priority=2.0)
    ours = without(without(ours, "resources", "m3"), "events", "c0")
    theirs = put(dated(20), "a0", duration=120_000, attributes={"note": None}, priority=3.5)
    theirs = put(put(theirs, "b0", 10, "m3"), "c0", 999)
    link = Dependency(id="d", from_event="a0", to_event="b1")
    ours = with_items(ours, dependencies=(link,))
    theirs = with_items(theirs, dependencies=(link.model_copy(update={"lag": 5.0}),))
    versions.save(base.schedule_id, base.id, theirs)
    state = merges.start_head(base.schedule_id, base.id, ours)
    told = {view.key: (view.subject, view.what, view.ours, view.theirs) for view in state.conflicts}
    assert told["orders/a/dueDate"] == ("Order a", "Due date", "Mon 5 Jan 2026 00:10", "Mon 5 Jan 2026 00:20")
    assert told["events/a0/duration"] == ("Operation a0", "Duration", "1 min", "2 min")
    assert told["events/a0/attributes.note"] == ("Operation a0", "note", "x", "–")
    assert told["events/a0/priority"][2:] == ("2", "3.5")
    assert told["events/c0/item"][1:3] == ("Deleted or changed", "not there")
    assert told["dependencies/d/item"] == ("Dependency a0 → b1", "Deleted or changed", "a0 → b1", "a0 → b1")
    view = next(view for view in state.conflicts if view.key == "resources/m3/reference")
    assert (view.subject, view.needed_by, view.theirs) == ("Resource m3", "Operation b0", "m3")
