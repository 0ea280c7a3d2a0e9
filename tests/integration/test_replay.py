"""Runs replayed: real ones hold, and whatever is tampered with is caught."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.optimization import OptimizationService
from engine.model import OptimizationRequest, RunStatus
from storage import canonical, migrate, sqlite_file
from storage.database import open_database
from tests.support.plants import after, op, order, plant, request
from tests.support.runs import wait_until


def shop(**options: Any) -> OptimizationRequest:
    """Two jobs on two machines, due too early; solved to the optimum in a moment."""
    schedule = plant(
        [
            op("A1", 30, on="M1", order="A"),
            op("A2", 20, on="M2", order="A"),
            op("B1", 10, on="M1", order="B"),
            op("B2", 40, on="M2", order="B"),
        ],
        dependencies=[after("A1", "A2"), after("B1", "B2")],
        orders=[order("A", due=45), order("B", due=55, priority=3.0)],
        now=0,
    )
    given = {"objective": "minimize_tardiness", "workers": 1, "deterministic": True, "seed": 5, "time_limit": 60.0}
    return request(schedule, algorithm=2, **{**given, **options})


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A database with one completed run, and the run's id."""
    path = tmp_path_factory.mktemp("runs") / "runs.db"
    database = open_database(path)
    service = OptimizationService(database)
    try:
        run_id = service.submit(shop())
        wait_until(lambda: service.status(run_id).status is RunStatus.COMPLETED, 90.0)
    finally:
        service.close()
        database.close()
    return path, run_id


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAKTWERK_LOG_DIR", str(tmp_path / "logs"))
    monkeypatch.setenv("TAKTWERK_DATABASE", str(tmp_path / "taktwerk.db"))


def replayed(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Replay with ``--json``: exit code, state of each claim, the whole document."""
    capsys.readouterr()
    code = main(["replay", *map(str, arguments), "--json"])
    document = json.loads(capsys.readouterr().out)
    return code, {claim["claim"]: claim["state"] for claim in document.get("claims", ())}, document


def failed(claims: dict[str, str]) -> set[str]:
    return {name for name, state in claims.items() if state == "failed"}


def test_a_stored_run_holds(solved: tuple[Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    path, run_id = solved
    code, claims, document = replayed(capsys, run_id, "--database", path)
    names = ("record", "input", "plan", "rules", "objective", "figures", "gap", "bound", "proof")
    assert (code, claims) == (0, dict.fromkeys(names, "ok"))
    assert document["runId"] == run_id and document["holds"] is True
    assert document["facts"]["seed"] == "5" and document["facts"]["solver"].startswith("ortools ")
    assert main(["replay", run_id, "--database", str(path)]) == 0
    text = capsys.readouterr().out
    assert "ok      rules" in text and text.endswith("Every claim that could be checked holds.\n")


def test_solved_again_it_gives_the_same(solved: tuple[Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    path, run_id = solved
    code, claims, _ = replayed(capsys, run_id, "--database", path, "--prove")
    assert code == 0
    assert [claims[name] for name in ("reproduced", "bound again", "optimal again")] == ["ok"] * 3


def _json(column: str, change: Callable[[dict[str, Any]], None]) -> Callable[[Any, str], None]:
    """Return what changes a JSON column of the run."""

    def tamper(connection: Any, run_id: str) -> None:
        (text,) = connection.execute(f"SELECT {column} FROM optimization_runs WHERE id=?", (run_id,)).fetchone()
        document = json.loads(text)
        change(document)
        changed = json.dumps(document)
        connection.execute(f"UPDATE optimization_runs SET {column}=? WHERE id=?", (changed, run_id))

    return tamper


def _figures(**changes: Any) -> Callable[[Any, str], None]:
    """Return what changes figures wherever they are stored."""

    def tamper(connection: Any, run_id: str) -> None:
        _json("metrics", lambda d: d.update(changes))(connection, run_id)
        _json("certificate", lambda d: d["metrics"].update(changes))(connection, run_id)

    return tamper


def _plan(connection: Any, run_id: str) -> None:
    """Let the last operation of the best plan end and begin ten minutes later."""
    query = "SELECT max(seq) FROM run_incumbents WHERE run_id=?"
    (seq,) = connection.execute(query, (run_id,)).fetchone()
    query = "SELECT events FROM run_incumbents WHERE run_id=? AND seq=?"
    (packed,) = connection.execute(query, (run_id, seq)).fetchone()
    events = json.loads(canonical.unpack(packed))
    last = max(events, key=lambda event: event["endDate"])
    for field in ("startDate", "endDate"):
        hours, minutes = map(int, last[field][11:16].split(":"))
        total = hours * 60 + minutes + 10
        last[field] = f"{last[field][:11]}{total // 60:02d}:{total % 60:02d}:00Z"
    frame = canonical.pack(json.dumps(events).encode())
    connection.execute("UPDATE run_incumbents SET events=? WHERE run_id=? AND seq=?", (frame, run_id, seq))


def _request(connection: Any, run_id: str) -> None:
    (packed,) = connection.execute("SELECT request FROM optimization_runs WHERE id=?", (run_id,)).fetchone()
    changed = canonical.unpack(packed).replace(b'"priority":3', b'"priority":2')
    frame = canonical.pack(changed)
    connection.execute("UPDATE optimization_runs SET request=? WHERE id=?", (frame, run_id))


def _row(column: str, value: Any) -> Callable[[Any, str], None]:
    return lambda connection, run_id: connection.execute(
        f"UPDATE optimization_runs SET {column}=? WHERE id=?", (value, run_id)
    )


@pytest.mark.parametrize(
    ("tamper", "caught"),
    [
        (_plan, {"plan", "objective"}),
        (_figures(objectiveValue=1.0), {"objective"}),
        (_figures(bestBound=1e9), {"gap", "bound", "proof"}),
        (_figures(gap=0.25), {"gap"}),
        (_figures(lateOrders=7), {"figures"}),
        (_json("metrics", lambda d: d.update(objectiveValue=1.0)), {"record"}),
        (_json("certificate", lambda d: d["options"].update(seed=6)), {"record"}),
        (_json("certificate", lambda d: d.update(runId="another")), {"record"}),
        (_json("certificate", lambda d: d.update(inputHash="0" * 64)), {"input"}),
        (_json("certificate", lambda d: d.update(planHash="0" * 64)), {"plan"}),
        (_json("certificate", lambda d: d.update(vector=[0])), {"objective"}),
        (_row("input_hash", "0" * 64), {"input"}),
        (_request, {"input"}),
    ],
)
def test_what_is_tampered_with_is_caught(
    solved: tuple[Path, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    tamper: Callable[[Any, str], None],
    caught: set[str],
) -> None:
    path, run_id = solved
    copy = tmp_path / "copy.db"
    shutil.copy(path, copy)
    connection = sqlite_file.connect(copy)
    tamper(connection, run_id)
    connection.commit()
    connection.close()
    code, claims, document = replayed(capsys, run_id, "--database", copy)
    assert code == 1 and document["holds"] is False
    assert caught <= failed(claims)


def test_a_run_from_before_certificates_is_checked_by_its_figures(
    solved: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, run_id = solved
    copy = tmp_path / "copy.db"
    shutil.copy(path, copy)
    connection = sqlite_file.connect(copy)
    _row("certificate", None)(connection, run_id)
    connection.commit()
    connection.close()
    code, claims, _ = replayed(capsys, run_id, "--database", copy)
    assert code == 0 and not failed(claims)
    assert (claims["record"], claims["plan"], claims["input"], claims["objective"]) == (
        "skipped",
        "skipped",
        "ok",
        "ok",
    )


def test_a_database_from_before_certificates_gets_the_column(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    migrate.create_file(path, revision=1)
    database = open_database(path)
    with database.unit_of_work() as uow:
        run = uow.runs.add(algorithm_id=1)
        uow.runs.transition(run.id, "running")
        assert uow.runs.certificate(run.id) is None
        uow.runs.transition(run.id, "completed", certificate={"format": "x"})
        uow.commit()
    with database.read() as view:
        assert view.runs.certificate(run.id) == {"format": "x"}
    database.close()
    assert len(list((tmp_path / "backups").iterdir())) == 1


def test_a_run_that_is_not_there_or_left_no_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = open_database(tmp_path / "taktwerk.db")
    with database.unit_of_work() as uow:
        run = uow.runs.add(algorithm_id=1)
        uow.commit()
    database.close()
    for run_id in (run.id, "00000000-0000-0000-0000-000000000000"):
        code, _, document = replayed(capsys, run_id)
        assert (code, document["code"]) == (1, "E012")


# runs of files


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with input, response and certificate of a run from the command line."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "input.json").write_text(json.dumps(shop().schedule_data.to_json()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TAKTWERK_LOG_DIR", str(folder / "logs"))
        arguments = ["optimize", folder / "input.json", "--objective", "minimize_makespan", "--workers", 1]
        arguments += ["--time-limit", 60, "-o", folder / "out.json", "--certificate", folder / "certificate.json"]
        assert main([str(argument) for argument in arguments]) == 0
    return folder


def test_a_response_holds_with_and_without_its_certificate(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("--input", files / "input.json")
    code, claims, _ = replayed(capsys, files / "out.json", *given, "--certificate", files / "certificate.json")
    assert code == 0 and set(claims.values()) == {"ok"} and "proof" in claims
    code, claims, _ = replayed(capsys, files / "out.json", *given)
    assert code == 0 and claims["objective"] == "ok" and claims["input"] == "skipped"
    code, claims, _ = replayed(capsys, files / "certificate.json", *given, "--prove", "--time-limit", 60)
    assert code == 0 and set(claims.values()) == {"ok"} and claims["optimal again"] == "ok"


def test_a_file_that_was_changed_is_caught(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("--input", files / "input.json")
    response = json.loads((files / "out.json").read_text())
    response["result"]["metrics"]["objectiveValue"] -= 60_000
    (tmp_path / "out.json").write_text(json.dumps(response))
    code, claims, _ = replayed(capsys, tmp_path / "out.json", *given)
    assert code == 1 and "objective" in failed(claims)
    with_certificate = ("--certificate", files / "certificate.json")
    assert failed(replayed(capsys, tmp_path / "out.json", *given, *with_certificate)[1]) == {"record"}
    schedule = json.loads((files / "input.json").read_text())
    schedule["snapshot"]["events"][0]["duration"] += 60_000
    (tmp_path / "input.json").write_text(json.dumps(schedule))
    other = ("--input", tmp_path / "input.json")
    assert {"input", "rules"} <= failed(replayed(capsys, files / "certificate.json", *other)[1])


def test_files_that_cannot_be_replayed(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replayed(capsys, files / "out.json")[2]["code"] == "E012"
    certificate = json.loads((files / "certificate.json").read_text())
    del certificate["plan"]
    (tmp_path / "bare.json").write_text(json.dumps(certificate))
    given = ("--input", files / "input.json")
    assert replayed(capsys, tmp_path / "bare.json", *given)[2]["code"] == "E012"
    bare = ("--certificate", tmp_path / "bare.json")
    assert replayed(capsys, files / "out.json", *given, *bare)[0] == 0
    (tmp_path / "none.json").write_text('{"runId": "r", "status": "cancelled"}')
    assert replayed(capsys, tmp_path / "none.json", *given)[2]["code"] == "E012"
