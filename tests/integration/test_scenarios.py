"""Scenarios, history, blame, tags and states over the real database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.scenarios import COLORS
from app.versions import VersionInfo, VersionService
from engine.errors import ErrorCode, TaktwerkError
from storage.database import Database
from tests.support.databases import BACKENDS, fresh_database
from tests.support.version_cases import put, shop


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh_database(tmp_path, request.param) as opened:
        yield opened


@pytest.fixture
def service(database: Database) -> VersionService:
    return VersionService(database, "anna")


def _refused(code: ErrorCode) -> pytest.RaisesExc[TaktwerkError]:
    return pytest.raises(TaktwerkError, check=lambda error: error.code is code)


def _story(service: VersionService) -> list[VersionInfo]:
    """Import, a move of a0 on main, a move of b0 in a scenario, a cherry-pick of that, a rollback."""
    first = service.import_schedule(shop(), name="Shop")
    key = first.schedule_id
    second = service.save(key, first.id, put(shop(), "a0", 5), "a bit later")
    service.scenarios.create(key, "Rush", first.id)
    third = VersionService(service._database, "ben").save(key, first.id, put(shop(), "b0", 300), "b last", head="Rush")  # pyright: ignore[reportPrivateUsage]
    fourth, _ = service.cherry_pick(key, second.id, third.id, event_ids=["b0"])
    fifth = service.rollback(key, fourth.id, first.id)
    return [first, second, third, fourth, fifth]


def test_a_scenario_lives_from_any_version_to_the_archive(service: VersionService) -> None:
    first = service.import_schedule(shop())
    key = first.schedule_id
    second = service.save(key, first.id, put(shop(), "a0", 5))
    made = service.scenarios.create(key, "Night shift", first.id, description="one more shift")
    assert (made.color, made.from_version_id, made.created_by) == (COLORS[0], first.id, "anna")
    assert service.scenarios.create(key, "Rush", second.id).color == COLORS[1]
    assert [row.name for row in service.scenarios.list(key)] == ["main", "Night shift", "Rush"]
    service.append_edit(key, first.id, "Move", {}, head="Night shift")
    renamed = service.scenarios.rename(key, "Night shift", "Nights")
    assert (renamed.description, renamed.version_id) == ("one more shift", first.id)
    with service._database.read() as view:  # pyright: ignore[reportPrivateUsage]
        draft = view.drafts.load(key, "Nights")
        assert draft is not None and len(draft.edits) == 1, "unsaved edits go with the name"
    assert service.scenarios.describe(key, "Nights", color="#112233").color == "#112233"
    assert service.scenarios.describe(key, "Nights", color="").description == "one more shift"
    assert service.scenarios.archive(key, "Rush").is_archived
    assert [row.name for row in service.scenarios.list(key)] == ["main", "Nights"]
    with _refused(ErrorCode.RESOURCE_LOCKED):
        service.save(key, second.id, put(shop(), "a0", 9), head="Rush")
    assert not service.scenarios.archive(key, "Rush", archived=False).is_archived
    service.save(key, second.id, put(shop(), "a0", 9), head="Rush")


def test_what_cannot_be_done_with_scenarios_is_said(service: VersionService) -> None:
    first, other = service.import_schedule(shop()), service.import_schedule(shop())
    key = first.schedule_id
    service.scenarios.create(key, "Rush", first.id)
    for act in (
        lambda: service.scenarios.create(key, "Rush", first.id),
        lambda: service.scenarios.create(key, " ", first.id),
        lambda: service.scenarios.create(key, "X", first.id, color="red"),
        lambda: service.scenarios.rename(key, "Rush", "main"),
        lambda: service.scenarios.describe(key, "Rush", description="x" * 2_001),
    ):
        with _refused(ErrorCode.INVALID_SCHEDULE):
            act()
    for act in (
        lambda: service.scenarios.rename(key, "main", "x"),
        lambda: service.scenarios.archive(key, "main"),
        lambda: service.scenarios.delete(key, "main"),
        lambda: service.scenarios.promote(key, "main"),
    ):
        with _refused(ErrorCode.RESOURCE_LOCKED):
            act()
    for act in (
        lambda: service.scenarios.create(key, "X", other.id),
        lambda: service.scenarios.archive(key, "nobody"),
        lambda: service.scenarios.rename(key, "nobody", "x"),
        lambda: service.scenarios.get(key, "nobody"),
    ):
        with _refused(ErrorCode.NOT_FOUND):
            act()


def test_promoting_moves_the_live_plan_or_asks_for_a_merge(service: VersionService) -> None:
    first = service.import_schedule(shop())
    key = first.schedule_id
    service.scenarios.create(key, "Rush", first.id)
    assert service.scenarios.promote(key, "Rush").kind == "none"
    second = service.save(key, first.id, put(shop(), "b0", 300), head="Rush")
    assert service.scenarios.promotion(key, "Rush").kind == "forward"
    assert service.scenarios.promote(key, "Rush").live == first and service.head(key) == second
    third = service.save(key, second.id, put(shop(), "b0", 310))
    service.save(key, second.id, put(shop(), "b0", 320), head="Rush")
    assert service.scenarios.promotion(key, "Rush").base.id == second.id
    with pytest.raises(TaktwerkError) as raised:
        service.scenarios.promote(key, "Rush")
    assert raised.value.code is ErrorCode.VERSION_CONFLICT
    assert raised.value.details["theirs"]["id"] == third.id and service.head(key) == third


def test_the_history_is_a_graph_with_lanes(service: VersionService) -> None:
    first, second, third, fourth, fifth = _story(service)
    service.marks.tag(third.id, "idea")
    found = service.history(first.schedule_id)
    assert [node.version.number for node in found.nodes] == [5, 4, 3, 2, 1]
    lanes = {node.version.id: node.lane for node in found.nodes}
    assert lanes == {fifth.id: 0, fourth.id: 0, third.id: 1, second.id: 0, first.id: 0} and found.lanes == 2
    nodes = {node.version.id: node for node in found.nodes}
    assert nodes[third.id].parents == ((first.id, 0),) and nodes[third.id].heads == ("Rush",)
    assert nodes[third.id].version.tags == ("idea",) and nodes[fifth.id].heads == ("main",)
    assert (fourth.source, fourth.origin_version_id) == ("cherry_pick", third.id)
    assert (fifth.source, fifth.origin_version_id) == ("rollback", first.id)
    assert found.to_json()["versions"][2]["heads"] == ["Rush"]


def test_blame_names_every_version_that_changed_an_operation(service: VersionService) -> None:
    first, second, third, fourth, fifth = _story(service)
    told = [
        (e.version.number, e.change.kind, e.change.cause.kind) for e in service.blame(fifth.id, "b0") if e.change.cause
    ]
    assert told == [(5, "moved", "rollback"), (4, "moved", "cherry_pick"), (1, "added", "import")]
    assert [e.version.number for e in service.blame(fifth.id, "a0")] == [5, 2, 1]
    entry = service.blame(third.id, "b0")[0]
    assert entry.version == third and entry.change.shift_ms == 200 * 60_000
    assert entry.change.cause is not None and entry.change.cause.by == "ben"
    assert [e.version.number for e in service.blame(fourth.id, "c1")] == [first.number]
    assert service.blame(second.id, "nobody") == []


def test_causes_come_from_the_versions_on_the_way(service: VersionService) -> None:
    first, second, third, _, fifth = _story(service)
    assert {k: c.kind for k, c in service.causes(first.id, second.id).items()} == {"a0": "planner"}
    apart = service.causes(second.id, third.id)
    assert {k: (c.kind, c.by) for k, c in apart.items()} == {"a0": ("planner", "anna"), "b0": ("planner", "ben")}
    assert {c.kind for c in service.causes(first.id, fifth.id).values()} == {"rollback"}
    found = service.compare(first.id, third.id, with_violations=True)
    assert (found.before_name, found.after_name) == ("Version 1", "Version 3")
    assert found.by_event["b0"].cause is not None and found.by_event["b0"].cause.version_number == 3


def test_states_follow_one_another_and_what_is_published_is_read_only(service: VersionService) -> None:
    first = service.import_schedule(shop())
    assert first.state == "draft"
    service.marks.note(first.id, "looks good")
    with _refused(ErrorCode.RESOURCE_LOCKED):
        service.marks.set_state(first.id, "published")
    service.marks.set_state(first.id, "approved", "by the meeting")
    service.marks.set_state(first.id, "draft")
    service.marks.set_state(first.id, "approved")
    service.marks.set_state(first.id, "published")
    assert service.show(first.id).state == "published"
    for state in ("draft", "approved", "published"):
        with _refused(ErrorCode.RESOURCE_LOCKED):
            service.marks.set_state(first.id, state)
    with _refused(ErrorCode.RESOURCE_LOCKED):
        service.marks.note(first.id, "late")
    service.marks.set_state(first.id, "withdrawn", "machine broke")
    told = [(row.state, row.note) for row in service.marks.story(first.id)]
    assert told[0] == ("draft", "looks good") and told[-1] == ("withdrawn", "machine broke") and len(told) == 6
    with _refused(ErrorCode.INVALID_SCHEDULE):
        service.marks.set_state(first.id, "great")
    with _refused(ErrorCode.INVALID_SCHEDULE):
        service.marks.note(service.import_schedule(shop()).id, "x" * 2_001)
    with _refused(ErrorCode.NOT_FOUND):
        service.marks.note("nobody", "x")


def test_a_tag_names_one_version_and_can_be_moved(service: VersionService) -> None:
    first, second, *_ = _story(service)
    service.marks.tag(first.id, "monday")
    service.marks.tag(first.id, "monday")
    with _refused(ErrorCode.INVALID_SCHEDULE):
        service.marks.tag(second.id, "monday")
    with _refused(ErrorCode.INVALID_SCHEDULE):
        service.marks.tag(second.id, " x")
    service.marks.tag(second.id, "monday", move=True)
    assert [(t.name, t.version_id) for t in service.marks.tags(first.schedule_id)] == [("monday", second.id)]
    assert service.show(first.id).tags == () and service.show(second.id).tags == ("monday",)
    service.marks.untag(first.schedule_id, "monday")
    with _refused(ErrorCode.NOT_FOUND):
        service.marks.untag(first.schedule_id, "monday")


def test_the_audit_counts_what_it_walked(service: VersionService) -> None:
    first, *_ = _story(service)
    service.marks.tag(first.id, "monday")
    found = service.audit(first.schedule_id)
    assert found.faults == () and (found.schedules, found.versions) == (1, 5)
    assert found.references == 4 + 2 + 2 + 2 + 1, "parents, origins, both heads and where they began, the tag"


def test_runs_follow_their_scenario(service: VersionService, database: Database) -> None:
    first = service.import_schedule(shop())
    service.create_scenario(first.schedule_id, "Rush", first.id)
    with database.unit_of_work() as uow:
        run = uow.runs.add(algorithm_id=1, schedule_id=first.schedule_id, base_version_id=first.id, head_name="Rush")
        uow.commit()
    assert run.head_name == "Rush"
    service.rename_scenario(first.schedule_id, "Rush", "Hurry")
    assert _head_of(database, run.id) == "Hurry"
    service.delete_scenario(first.schedule_id, "Hurry")
    assert _head_of(database, run.id) is None


def _head_of(database: Database, run_id: str) -> str | None:
    with database.read() as view:
        return view.runs.get(run_id).head_name


def test_a_result_is_kept_as_a_scenario_whole_or_not_at_all(service: VersionService, database: Database) -> None:
    first = service.import_schedule(shop())
    plan = put(shop(), "a0", 30)
    with _refused(ErrorCode.NOT_FOUND):
        service.keep_result("no-such-run", first.schedule_id, first.id, plan, "Kept", "note")
    assert [row.name for row in service.scenarios.list(first.schedule_id)] == ["main"]
    assert len(service.list(first.schedule_id)) == 1
    with database.unit_of_work() as uow:
        run = uow.runs.add(algorithm_id=1, schedule_id=first.schedule_id, base_version_id=first.id)
        uow.commit()
    made = service.keep_result(
        run.id, first.schedule_id, first.id, plan, "Kept", "note", description="A try", color="#1f8a4c"
    )
    row = service.scenarios.get(first.schedule_id, "Kept")
    assert (row.version_id, row.from_version_id) == (made.id, first.id)
    assert (row.description, row.color) == ("A try", "#1f8a4c")
    assert service.data(made.id) == plan
    with database.read() as view:
        assert view.runs.get(run.id).result_version_id == made.id
