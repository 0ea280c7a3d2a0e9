"""The version service: import, save, apply a result, open, compare, roll back, scenarios, audit."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.versions import VersionInfo, VersionService
from engine.diff import apply, diff
from engine.errors import ErrorCode, TaktwerkError
from engine.metrics import kpis
from storage import sqlite_file
from storage.database import Database
from tests.support.databases import BACKENDS, fresh_database, line_schedule, moved


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh_database(tmp_path, request.param) as opened:
        yield opened


@pytest.fixture
def service(database: Database) -> VersionService:
    return VersionService(database, "anna")


def _run(database: Database, info: VersionInfo) -> str:
    with database.unit_of_work() as uow:
        run = uow.runs.add(algorithm_id=1, schedule_id=info.schedule_id, base_version_id=info.id)
        uow.commit()
    return run.id


def test_an_import_is_version_one_of_a_new_schedule(service: VersionService) -> None:
    info = service.import_schedule(line_schedule(), comment="from the ERP")
    assert (info.number, info.source, info.created_by, info.comment) == (1, "import", "anna", "from the ERP")
    assert info.parent_version_id is None and service.diff_from_parent(info.id) is None
    opened = service.open(info.schedule_id)
    assert opened == (info, line_schedule(), None)
    assert [(item.schedule.name, item.head) for item in service.schedules()] == [("Line A", info)]
    figures = kpis(line_schedule())
    assert info.metrics is not None
    assert (info.metrics["makespan_ms"], info.metrics["late_orders"]) == (figures.makespan_ms, figures.late_orders)
    other = service.import_schedule(line_schedule(4), name="Line B")
    assert other.schedule_id != info.schedule_id and other.number == 1
    assert [item.schedule.name for item in service.schedules()] == ["Line A", "Line B"]


def test_an_earlier_import_of_the_same_data_is_found(service: VersionService) -> None:
    assert service.find_import(line_schedule()) is None
    first = service.import_schedule(line_schedule())
    service.save(first.schedule_id, first.id, line_schedule(5))
    assert service.find_import(line_schedule()) == first.schedule_id
    assert service.find_import(line_schedule(5)) is None, "later versions do not count"
    again = service.import_schedule(line_schedule())
    assert service.find_import(line_schedule()) == again.schedule_id


def test_raw_data_are_validated_on_import(service: VersionService) -> None:
    data = line_schedule().to_json()
    assert service.data(service.import_schedule(data).id) == line_schedule()
    data["snapshot"]["events"][0]["duration"] = -1
    data["snapshot"]["dependencies"][0]["toEvent"] = "nobody"
    with pytest.raises(TaktwerkError) as raised:
        service.import_schedule(data)
    assert raised.value.code is ErrorCode.INVALID_SCHEDULE
    assert len(raised.value.details["faults"]) == 2
    assert len(service.schedules()) == 1


def test_saving_moves_the_head_and_stores_what_changed(service: VersionService) -> None:
    first = service.import_schedule(line_schedule())
    changed = moved(line_schedule(), "j0-o2", 45)
    second = service.save(first.schedule_id, first.id, changed, "later")
    assert (second.number, second.source, second.comment, second.parent_version_id) == (2, "manual", "later", first.id)
    assert service.head(first.schedule_id) == second
    assert service.open(first.schedule_id).schedule == changed
    assert service.list(first.schedule_id) == [second, first]


def test_every_stored_difference_rebuilds_its_version(service: VersionService) -> None:
    current = line_schedule(12)
    info = service.import_schedule(current)
    steps = [
        moved(current, "j0-o2", 5),
        line_schedule(13),
        line_schedule(9, machines=3),
        line_schedule(9, machines=3, name="Renamed"),
    ]
    for step in steps:
        info = service.save(info.schedule_id, info.id, step)
    for version in service.list(info.schedule_id)[:-1]:
        delta = service.diff_from_parent(version.id)
        assert delta is not None and version.parent_version_id is not None
        assert apply(delta, service.data(version.parent_version_id)) == service.data(version.id)
    assert service.verify() == []
    assert service.diff(version.id, info.id) == diff(service.data(version.id), service.data(info.id))


def test_two_that_save_on_one_head_conflict_and_nothing_is_lost(database: Database) -> None:
    anna, ben = VersionService(database, "anna"), VersionService(database, "ben")
    base = anna.import_schedule(line_schedule())
    theirs = ben.save(base.schedule_id, base.id, moved(line_schedule(), "j0-o1", 5))
    delta = diff(line_schedule(), moved(line_schedule(), "j0-o2", 9))
    anna.append_edit(base.schedule_id, base.id, "Move", delta.to_json())
    with pytest.raises(TaktwerkError) as raised:
        anna.save(base.schedule_id, base.id, moved(line_schedule(), "j0-o2", 9))
    assert raised.value.code is ErrorCode.VERSION_CONFLICT
    assert raised.value.details["base"]["id"] == base.id
    assert raised.value.details["theirs"]["id"] == theirs.id
    assert raised.value.details["ours"]["metrics"]["makespan_ms"] > 0
    assert "Version 2 was saved by ben while you worked on version 1" in raised.value.message
    assert [info.number for info in anna.list(base.schedule_id)] == [2, 1]
    recovery = anna.recover(base.schedule_id)
    assert recovery is not None and recovery.schedule == moved(line_schedule(), "j0-o2", 9)


def _save_at_once(services: list[VersionService], head: VersionInfo) -> list[VersionInfo | ErrorCode]:
    """Have every service save on the same head in the same moment; return what each got."""
    results: list[VersionInfo | ErrorCode] = []
    barrier = threading.Barrier(len(services))

    def save(service: VersionService, minutes: int) -> None:
        barrier.wait()
        try:
            results.append(service.save(head.schedule_id, head.id, moved(line_schedule(), "j0-o0", minutes)))
        except TaktwerkError as error:
            results.append(error.code)

    threads = [threading.Thread(target=save, args=pair) for pair in zip(services, range(len(services)), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_many_that_save_at_once_exactly_one_wins_each_round(database: Database) -> None:
    services = [VersionService(database, f"planner {i}") for i in range(4)]
    head = services[0].import_schedule(line_schedule())
    for _ in range(3):
        results = _save_at_once(services, head)
        won = [result for result in results if isinstance(result, VersionInfo)]
        assert len(won) == 1 and results.count(ErrorCode.VERSION_CONFLICT) == 3
        head = won[0]
    assert head.number == 4


def test_applying_a_result_is_one_transaction(database: Database, service: VersionService) -> None:
    base = service.import_schedule(line_schedule())
    run_id = _run(database, base)
    edited = moved(line_schedule(), "j0-o0", 1)
    service.append_edit(base.schedule_id, base.id, "Move", diff(line_schedule(), edited).to_json())
    result = moved(edited, "j0-o2", -5)
    info = service.record_result(run_id, base.schedule_id, base.id, result)
    assert (info.number, info.source) == (2, "optimization")
    assert service.open(base.schedule_id) == (info, result, None), "the draft is in the version"
    with database.read() as view:
        assert view.runs.get(run_id).result_version_id == info.id


def test_a_result_of_an_unknown_run_or_on_an_old_head_changes_nothing(
    database: Database, service: VersionService
) -> None:
    base = service.import_schedule(line_schedule())
    run_id = _run(database, base)
    edited = moved(line_schedule(), "j0-o0", 1)
    service.append_edit(base.schedule_id, base.id, "Move", diff(line_schedule(), edited).to_json())
    with pytest.raises(TaktwerkError) as raised:
        service.record_result("00000000-0000-4000-8000-000000000000", base.schedule_id, base.id, edited)
    assert raised.value.code is ErrorCode.NOT_FOUND
    VersionService(database, "ben").save(base.schedule_id, base.id, moved(line_schedule(), "j0-o1", 1))
    with pytest.raises(TaktwerkError) as raised:
        service.record_result(run_id, base.schedule_id, base.id, edited)
    assert raised.value.code is ErrorCode.VERSION_CONFLICT
    with database.read() as view:
        assert view.runs.get(run_id).result_version_id is None
        draft = view.drafts.load(base.schedule_id)
        assert draft is not None and len(draft.edits) == 1
        assert len(view.versions.list(base.schedule_id)) == 2


def test_rolling_back_writes_a_new_version_equal_to_the_old(service: VersionService) -> None:
    first = service.import_schedule(line_schedule())
    second = service.save(first.schedule_id, first.id, moved(line_schedule(), "j0-o2", 45))
    third = service.rollback(first.schedule_id, second.id, first.id)
    assert (third.number, third.content_hash, third.comment) == (3, first.content_hash, "Back to version 1")
    assert service.data(third.id) == line_schedule()
    assert service.verify() == []


def test_a_scenario_leaves_the_live_plan_alone(service: VersionService) -> None:
    first = service.import_schedule(line_schedule())
    service.create_scenario(first.schedule_id, "Night shift", first.id)
    tried = service.save(first.schedule_id, first.id, moved(line_schedule(), "j0-o2", 45), head="Night shift")
    assert service.head(first.schedule_id) == first
    assert service.open(first.schedule_id, "Night shift").head == tried
    live = service.save(first.schedule_id, first.id, moved(line_schedule(), "j0-o1", 5))
    assert (tried.number, live.number) == (2, 3)
    assert {head.name: head.version_id for head in service.heads(first.schedule_id)} == {
        "main": live.id,
        "Night shift": tried.id,
    }
    other = service.import_schedule(line_schedule(), name="Other")
    with pytest.raises(TaktwerkError, match="another schedule"):
        service.create_scenario(first.schedule_id, "Mixed up", other.id)
    service.append_edit(
        first.schedule_id,
        tried.id,
        "Move",
        diff(line_schedule(), moved(line_schedule(), "j0-o2", 1)).to_json(),
        "Night shift",
    )
    service.delete_scenario(first.schedule_id, "Night shift")
    assert [head.name for head in service.heads(first.schedule_id)] == ["main"]
    assert service.data(tried.id) == moved(line_schedule(), "j0-o2", 45)


def test_the_audit_names_what_is_damaged_and_goes_on(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        service = VersionService(database)
        info = service.import_schedule(line_schedule())
        for minutes in (1, 2, 3):
            info = service.save(info.schedule_id, info.id, moved(line_schedule(), "j0-o0", minutes))
        assert service.verify() == []
        plain = sqlite_file.connect(tmp_path / "taktwerk.db")
        plain.execute("DROP TRIGGER schedule_versions_no_update")
        plain.execute("UPDATE schedule_versions SET data = replace(data, 'Line A', 'Line X') WHERE number = 2")
        plain.execute("UPDATE schedule_versions SET diff_from_parent = '{}' WHERE number = 4")
        plain.close()
        faults = service.verify()
        assert [fault.version.number for fault in faults] == [2, 3, 4]
        assert "Version 2 is damaged" in faults[0].message and "Version 2 is damaged" in faults[1].message
        assert "changed in version 4" in faults[2].message
        assert service.open(info.schedule_id).schedule == moved(line_schedule(), "j0-o0", 3)
        with pytest.raises(TaktwerkError, match="Version 2 is damaged"):
            service.data(service.list(info.schedule_id)[2].id)


def test_what_is_not_there_is_said(service: VersionService) -> None:
    for look in (service.open, service.head, service.list, service.heads, service.show, service.data):
        with pytest.raises(TaktwerkError) as raised:
            look("nothing")
        assert raised.value.code is ErrorCode.NOT_FOUND
