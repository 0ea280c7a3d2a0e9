"""Logs: one JSON object a line, with the run on every line of a run."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog

from app import logs


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    root, area = logging.getLogger(), logging.getLogger("taktwerk")
    levels = root.level, area.level
    yield
    for handler in [h for h in root.handlers if getattr(h, "is_taktwerk", False)]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(levels[0])
    area.setLevel(levels[1])
    logging.captureWarnings(False)
    structlog.reset_defaults()


def _lines(path: Path | None) -> list[dict[str, Any]]:
    assert path is not None
    return [orjson.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_line_is_one_json_object_with_time_level_and_area(tmp_path: Path) -> None:
    path = logs.configure_logs(tmp_path / "new" / "logs")
    logging.getLogger("taktwerk.storage").info("opened %s\nin %d ms", "Plan ü", 5, extra={"size": 7})
    logging.getLogger("taktwerk.storage").debug("not shown")
    logging.getLogger("sqlalchemy").info("not shown either")
    logging.getLogger("sqlalchemy").warning("shown")
    first, second = _lines(path)
    assert (first["event"], first["level"], first["logger"], first["size"]) == (
        "opened Plan ü\nin 5 ms",
        "info",
        "taktwerk.storage",
        7,
    )
    assert dt.datetime.fromisoformat(first["at"]).utcoffset() == dt.timedelta(0)
    assert (second["logger"], second["level"]) == ("sqlalchemy", "warning")
    assert path == tmp_path / "new" / "logs" / "taktwerk.log"


def test_the_run_is_on_every_line_of_its_thread_and_on_no_other(tmp_path: Path) -> None:
    path = logs.configure_logs(tmp_path)
    log = logging.getLogger("taktwerk.optimization")

    def work(run_id: str) -> None:
        with logs.run_context(run_id):
            log.info("in %s", run_id)
            structlog.get_logger("taktwerk.optimization").info("by structlog", events=3)
        log.info("after")

    threads = [threading.Thread(target=work, args=(f"run-{i}",)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = _lines(path)
    assert len(lines) == 9
    for line in lines:
        if line["event"].startswith("in "):
            assert line["event"] == f"in {line['run_id']}"
        elif line["event"] == "after":
            assert "run_id" not in line
        else:
            assert line["run_id"].startswith("run-") and line["events"] == 3
            assert (line["level"], line["logger"]) == ("info", "taktwerk.optimization")


@pytest.mark.logs_errors
def test_an_exception_is_in_its_line_and_odd_values_do_not_break_it(tmp_path: Path) -> None:
    path = logs.configure_logs(tmp_path)
    try:
        raise ValueError("half \ud800 a character")
    except ValueError:
        logging.getLogger("taktwerk.ui").exception("failed", extra={"path": Path("x"), "many": {1: {2}}})
    (line,) = _lines(path)
    assert "ValueError: half" in line["exception"] and "Traceback" in line["exception"]
    assert line["path"] == "x"


def test_files_rotate_and_configuring_again_replaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_MAX_BYTES", 2_000)
    for _ in range(2):
        path = logs.configure_logs(tmp_path, role="worker")
    for i in range(200):
        logging.getLogger("taktwerk.worker").info("line %d", i)
    assert path is not None
    files = sorted(p.name for p in tmp_path.iterdir())
    assert files == ["worker.log", *(f"worker.log.{i}" for i in range(1, 6))]
    assert _lines(path)[-1]["event"] == "line 199"
    assert len([line for line in _lines(path) if line["event"] == "line 199"]) == 1


def test_a_folder_that_cannot_be_written_leaves_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("x")
    assert logs.configure_logs(tmp_path / "file") is None
    logging.getLogger("taktwerk.ui").warning("still heard")
    assert '"event":"still heard"' in capsys.readouterr().err
