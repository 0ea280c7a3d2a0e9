"""What the conflict dialog shows and does, without a window: sides by name, choices, what is brought, reruns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.merge_candidate import Candidate, Sides
from app.merge_desk import MergeDesk, preview_desk
from app.merge_names import MergeNames, names_of
from app.merge_rerun import MOST_RUNS, Rerun
from app.merge_summary import told_changes
from app.merging import MergeService
from app.preview import make_preview
from app.run_heads import heads_from
from app.versions import VersionInfo, VersionService
from engine.errors import ErrorCode, TaktwerkError
from engine.merge import Side
from engine.model import Dependency, Metrics, OptimizationResult, PlacedEvent, Schedule, Status
from storage.database import Database, open_database
from tests.support.plan_edits import with_items, without
from tests.support.rule_cases import at, order
from tests.support.version_cases import put, shop

PLACE, PRIORITY = "events/a0/placement", "events/b0/priority"
METRICS = Metrics(
    makespan=0, resource_utilization=0.5, total_setup_time=0, constraint_violations=0, objective="minimize_makespan"
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "plans.db")
    yield opened
    opened.close()


@pytest.fixture
def versions(database: Database) -> VersionService:
    return VersionService(database, "anna")


@pytest.fixture
def merges(database: Database, versions: VersionService) -> MergeService:
    return MergeService(database, versions, "anna")


def _ours() -> Schedule:
    return put(put(shop(), "a0", 300), "b0", priority=4.0)


def _theirs() -> Schedule:
    return put(put(put(shop(), "a0", 400, "m3"), "b0", priority=2.0), "c1", 500)


def _scenario(database: Database, versions: VersionService) -> tuple[VersionInfo, VersionInfo]:
    """Scenario Rush of anna, and a live plan that ben saved."""
    base = versions.import_schedule(shop(), name="Shop")
    versions.scenarios.create(base.schedule_id, "Rush", base.id)
    mine = versions.save(base.schedule_id, base.id, _ours(), "Rush", head="Rush")
    return mine, VersionService(database, "ben").save(base.schedule_id, base.id, _theirs(), "Live")


def _candidate(base: Schedule, ours: Schedule, theirs: Schedule, prefer: Side = "ours") -> Candidate:
    sides = Sides(base, ours, theirs)
    return Candidate(sides, sides.merged({}, prefer), {}, prefer)


def test_a_scenario_is_shown_by_name_and_decided(
    database: Database, versions: VersionService, merges: MergeService
) -> None:
    mine, theirs = _scenario(database, versions)
    state = merges.start_scenario(mine.schedule_id, "Rush", label="Scenario Rush")
    desk = MergeDesk.of(merges, versions, state)
    view, names = desk.view, desk.view.names
    assert names.heading == "Merge scenario Rush into the live plan"
    assert "since version 1" in names.explanation
    assert (names.of("ours").detail, names.of("theirs").detail) == ("version 2, by anna", "version 3, by ben")
    assert (names.mine, names.other, names.inline("theirs")) == ("ours", "theirs", "the live plan")
    assert view.mine_brings == ("1 operation moved: a0", "1 operation changed in details: b0")
    assert view.other_brings[0] == "1 operation moved to another resource: a0"
    assert (view.progress, view.next_open(None), view.touched) == ("0 of 2 decided", PLACE, ("a0", "b0"))
    assert view.blocked == "Decide first: Operation a0, place and 1 more."
    view = desk.choose({PLACE: "theirs"})
    assert view.blocked == "Decide first: Operation b0, priority." and view.progress == "1 of 2 decided"
    assert (view.next_open(PLACE), view.next_open(PRIORITY)) == (PRIORITY, PRIORITY)
    assert merges.open(state.row.id).choices == {PLACE: "theirs"}, "kept as it is made"
    view = desk.choose_all("ours")
    assert view.blocked == "" and view.next_open(None) is None
    assert desk.choose({PLACE: None}).decided == 1
    assert desk.row is not None and theirs.number == 3


def test_choices_are_carried_over_to_a_merge_that_is_begun_anew(
    database: Database, versions: VersionService, merges: MergeService
) -> None:
    mine, theirs = _scenario(database, versions)
    key = mine.schedule_id
    old = merges.start_scenario(key, "Rush", label="Scenario Rush")
    merges.choose(old, {PLACE: "theirs", "events/gone/name": "ours"})
    MergeService(database, versions, "ben").start_scenario(key, "Rush", label="Scenario Rush")
    other = merges.start_version(mine.id, label="Version 2")
    versions.save(key, mine.id, put(_ours(), "b1", 700), "More", head="Rush")
    state = merges.take_over_earlier(merges.start_scenario(key, "Rush", label="Scenario Rush"))
    assert state.choices[PLACE] == "theirs" and [row.id for row in merges.own(key)] == [other.row.id, state.row.id]
    assert len(merges.list(key)) == 3, "another planner's stay"
    done = merges.finish(merges.choose(state, {PRIORITY: "base"}).row.id)
    assert done.parent_version_id == theirs.id


def test_names_of_every_kind(database: Database, versions: VersionService, merges: MergeService) -> None:
    mine, _ = _scenario(database, versions)
    base = versions.list(mine.schedule_id)[-1]
    head = names_of(versions, merges.start_head(mine.schedule_id, base.id, _ours()).row)
    assert (head.heading, head.ours.name, head.theirs.name) == (
        "Version 3 is newer than yours",
        "Your edits",
        "Version 3",
    )
    assert head.explanation == "It was saved by ben while you worked on version 1."
    with database.unit_of_work() as uow:
        run = uow.runs.add(algorithm_id=1, schedule_id=mine.schedule_id, base_version_id=base.id)
        uow.commit()
    found = names_of(versions, merges.start_run(run.id, mine.schedule_id, base.id, _ours(), label="Fast").row)
    assert (found.mine, found.theirs.name, found.theirs.detail) == ("theirs", "The run's plan", "Fast")
    brought = names_of(versions, merges.start_import(mine.schedule_id, _ours(), label="ERP").row)
    assert brought.heading == "Merge ERP into the live plan" and brought.mine == "theirs"
    plain = names_of(versions, merges.start_version(mine.id).row)
    assert (plain.ours.name, plain.ours.detail) == ("Version 2", "by anna")


def test_what_a_side_brings_is_told_by_kind() -> None:
    plain = shop()
    changed = put(put(plain, "a0", status=Status.STARTED), "b0", locked=True)
    changed = without(put(changed, "b1", 700), "events", "c1")
    changed = with_items(
        changed,
        orders=(
            *(o if o.id != "a" else o.model_copy(update={"due_date": at(9)}) for o in changed.snapshot.orders),
            order("z"),
        ),
        dependencies=(Dependency(id="d", from_event="a0", to_event="b1"),),
    )
    assert told_changes(plain, changed) == (
        "1 operation deleted: c1",
        "1 operation moved: b1",
        "1 operation locked or unlocked: b0",
        "1 operation with news of progress: a0",
        "1 dependency added",
        "1 order added: z; 1 order changed: a",
    )
    assert told_changes(plain, plain) == ()
    dated = plain.metadata.model_copy(update={"name": "Another"})
    assert told_changes(plain, plain.model_copy(update={"metadata": dated})) == ("the plan's own data",)


def test_rules_that_merging_breaks_come_first_and_follow_the_choices() -> None:
    ours, theirs = put(put(shop(), "a0", 300), "a1", 55), put(put(shop(), "b0", 310), "a0", 600)
    desk = MergeDesk(names_for_edits(), _candidate(shop(), ours, theirs))
    first = desk.view.problems[0]
    assert (first.violation.event_ids, first.is_new) == (("a0", "b0"), True)
    assert desk.choose_all("theirs").problems == tuple(one for one in desk.view.problems if not one.is_new)
    assert desk.row is None


def names_for_edits() -> MergeNames:
    result = OptimizationResult(events=(), metrics=METRICS)
    return preview_desk(make_preview("r", shop(), shop(), result)).view.names


def test_a_merge_that_would_be_no_plan_is_blocked_with_the_reason() -> None:
    ours, theirs = (
        with_items(shop(), dependencies=(Dependency(id=key, from_event=one, to_event=other),))
        for key, one, other in (("d1", "a0", "b0"), ("d2", "b0", "a0"))
    )
    view = MergeDesk(names_for_edits(), _candidate(shop(), ours, theirs)).view  # type: ignore[arg-type]
    assert "no valid plan" in view.blocked and "circle" in view.blocked and view.progress == ""


def test_a_run_beside_edits_is_decided_in_memory() -> None:
    working = put(shop(), "a0", 300)
    places = [PlacedEvent(id="a0", resource_id="m3", start_date=at(0), end_date=at(40), changed=True)]
    desk = preview_desk(make_preview("r", shop(), working, OptimizationResult(events=tuple(places), metrics=METRICS)))
    assert [one.key for one in desk.view.conflicts] == [PLACE] and desk.row is None
    view = desk.choose({PLACE: "theirs"})
    assert view.candidate.choices == {PLACE: "theirs"} and view.blocked == ""
    assert desk.choose_all("ours").candidate.choices == {PLACE: "ours"}


def _infeasible(*locks: str) -> TaktwerkError:
    conflict = [{"kind": "lock", "id": key, "eventId": key} for key in locks]
    return TaktwerkError(ErrorCode.INFEASIBLE_PROBLEM, "No plan can keep these.", {"conflict": conflict})


def test_a_rerun_lets_locks_give_and_tells_what_moved() -> None:
    ours = put(put(shop(), "a0", 300), "b1", 700)
    desk = MergeDesk(names_for_edits(), _candidate(shop(), ours, put(shop(), "b0", 310)))
    rerun = desk.rerun()
    assert rerun.request.locks.events == ("a0", "b1") and rerun.request.options.incremental_mode
    assert not rerun.is_worth_trying_again(TaktwerkError(ErrorCode.STORAGE, "full"))
    assert rerun.is_worth_trying_again(_infeasible("a0"))
    assert rerun.given == ("a0",) and rerun.request.locks.events == ("b1",)
    assert not rerun.is_worth_trying_again(_infeasible("a0")), "that is no lock any more"
    moved = [PlacedEvent(id="b0", resource_id="m3", start_date=at(330), end_date=at(370), changed=True)]
    repaired = rerun.repaired(OptimizationResult(events=tuple(moved), metrics=METRICS))
    view = desk.take_repair(repaired)
    assert view.problems == () and view.blocked == "" and view.schedule is repaired.schedule
    assert view.told == "1 place of your edits held. Had to give: a0. 1 operation had to move."
    assert repaired.moves == (("b0", "b0: to m3, 20 min later"),)
    assert desk.choose_all("ours").repaired is None, "a choice makes it out of date"


def test_a_rerun_ends_after_some_tries_without_any_lock() -> None:
    names = [f"{letter}{k}" for letter in "abc" for k in range(2)]
    ours = shop()
    for number, key in enumerate(names):
        ours = put(ours, key, 1000 + 50 * number)
    rerun = Rerun(_candidate(shop(), ours, shop()))
    for key in names[:MOST_RUNS]:
        assert rerun.is_worth_trying_again(_infeasible(key))
    assert rerun.request.locks.events == () and not rerun.is_worth_trying_again(_infeasible(names[-1]))


def test_a_rerun_takes_ours_where_theirs_would_hold() -> None:
    candidate = _candidate(shop(), _ours(), _theirs(), "theirs")
    rerun = MergeDesk(names_for_edits(), candidate).rerun()
    place = next(op for op in rerun.request.schedule_data.snapshot.events if op.id == "a0")
    assert (place.resource_id, place.start_date) == ("m1", at(300)) and rerun.request.locks.events == ("a0",)


def test_a_run_of_an_earlier_sitting_may_belong_to_every_plan_that_comes_from_its_base(
    database: Database, versions: VersionService
) -> None:
    mine, theirs = _scenario(database, versions)
    infos, heads = versions.list(mine.schedule_id), versions.heads(mine.schedule_id)
    assert sorted(heads_from(infos, heads, infos[-1].id)) == ["Rush", "main"]
    assert heads_from(infos, heads, mine.id) == ["Rush"] and heads_from(infos, heads, theirs.id) == ["main"]
    assert heads_from(infos, heads, None) == []
