"""``taktwerk optimize`` as a program, with the real solver."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from app.sample import SAMPLE_FILE
from tests.support.bench_files import BENCH, FILES, manifest

ROOT = Path(__file__).resolve().parents[2]
needs_terminal = pytest.mark.skipif(os.name == "nt", reason="needs a pseudo terminal")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    own = {"TAKTWERK_LOG_DIR": str(tmp_path / "logs"), "TAKTWERK_DATABASE": str(tmp_path / "taktwerk.db")}
    return {**os.environ, **own, "COLUMNS": "120"}


def taktwerk(environment: dict[str, str], *arguments: object, timeout: float = 90) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app", *(str(argument) for argument in arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout)


@pytest.fixture
def jsp(tmp_path: Path) -> Path:
    path = tmp_path / "case.jsp"
    path.write_text(FILES["jsp"])
    return path


def test_small_job_shop_is_proven_optimal(environment: dict[str, str], jsp: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    done = taktwerk(environment, "optimize", jsp, "--time-limit", 20, "--workers", 2, "--json", "-o", out)
    assert (done.returncode, done.stderr) == (0, "")
    response = json.loads(done.stdout)
    assert response == json.loads(out.read_text())
    figures = response["result"]["metrics"]
    assert (figures["makespan"], figures["proof"], figures["constraintViolations"]) == (600_000, "optimal", 0)
    checked = taktwerk(environment, "check", jsp, "--result", out)
    assert checked.returncode == 0
    assert "The plan keeps every rule." in checked.stdout


@pytest.mark.parametrize("name", ["jsp_reentrant", "fjsp", "fjsp_sdst", "psplib"])
def test_every_format_is_solved(environment: dict[str, str], name: str, tmp_path: Path) -> None:
    path = tmp_path / "case.txt"
    path.write_text(FILES[name])
    out = tmp_path / "out.json"
    done = taktwerk(environment, "optimize", path, "--format", name, "--time-limit", 20, "--workers", 2, "-o", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert "proven optimal" in done.stdout and "not proven" not in done.stdout
    expected = {"jsp_reentrant": 10, "fjsp": 8, "fjsp_sdst": 12, "psplib": 9}[name]
    assert f"minimize_makespan: {expected / 60:.1f} h" in done.stdout
    assert json.loads(out.read_text())["result"]["metrics"]["makespan"] == expected * 60_000


def test_sample_by_rules_for_people(environment: dict[str, str]) -> None:
    done = taktwerk(environment, "optimize", SAMPLE_FILE, "--algorithm", "dispatch", "--time-limit", 8)
    assert (done.returncode, done.stderr) == (0, "")
    assert "461 operations, 72 orders" in done.stdout
    late = re.search(r"Late orders\D+(\d+)\D+(\d+)", done.stdout)
    violations = re.search(r"Violations\D+(\d+)\D+(\d+)", done.stdout)
    assert late and violations
    assert (violations[1], violations[2]) == ("0", "0")
    assert "\r" not in done.stdout, "a live line is for terminals only"


def test_infeasible_input_is_told_with_its_reasons(environment: dict[str, str], jsp: Path, tmp_path: Path) -> None:
    data = json.loads(taktwerk(environment, "convert", jsp, "-", "--to", "taktwerk").stdout)
    data["snapshot"]["constraints"] = [
        {"id": "late", "type": "startnoearlierthan", "eventId": "j1-o1", "date": "2026-01-01T01:00:00Z"},
        {"id": "early", "type": "finishnolaterthan", "eventId": "j1-o3", "date": "2026-01-01T01:05:00Z"},
    ]
    path = tmp_path / "impossible.json"
    path.write_text(json.dumps(data))
    done = taktwerk(environment, "optimize", path, "--time-limit", 15, "--workers", 2, "--json")
    assert done.returncode == 1
    error = json.loads(done.stdout)
    assert error["code"] == "E003"
    assert {"conflict", "repairs"} <= error["details"].keys()
    assert done.stderr == ""


class OnTerminal:
    """The program with a pseudo terminal as its standard error; everything drawn on it is kept in ``seen``."""

    def __init__(self, environment: dict[str, str], *arguments: object) -> None:
        import pty

        self._master, slave = pty.openpty()
        command = [sys.executable, "-m", "app", "optimize", *(str(argument) for argument in arguments)]
        terminal = {**environment, "TERM": "xterm"}
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=terminal, stdout=subprocess.PIPE, stderr=slave, text=True
        )
        os.close(slave)
        self.seen = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # the other end has gone
            while chunk := os.read(self._master, 4096):
                self.seen += chunk.decode(errors="replace")

    def wait_for(self, text: str, timeout_s: float = 40) -> None:
        """Wait until ``text`` was drawn."""
        until = time.monotonic() + timeout_s
        while text not in self.seen:
            assert self.process.poll() is None, self.end()
            assert time.monotonic() < until, self.seen
            time.sleep(0.02)

    def end(self) -> str:
        """Wait for the end and return the standard output."""
        output, _ = self.process.communicate(timeout=30)
        self._reader.join(5)
        os.close(self._master)
        return output


def hard_instance(tmp_path: Path) -> Path:
    """Write a job shop that is not solved to the optimum in the time of a test."""
    path = tmp_path / "hard.jsp"
    rows = [
        " ".join(f"{(job + 4 * step) % 15} {(job * 37 + step * step * 53) % 90 + 5}" for step in range(15))
        for job in range(30)
    ]
    path.write_text("\n".join(["30 15", *rows]))
    return path


@needs_terminal
def test_live_line_on_a_terminal(environment: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    program = OnTerminal(environment, SAMPLE_FILE, "--time-limit", 12, "--workers", 1, "-o", out)
    program.wait_for("best ")
    output = program.end()
    assert program.process.returncode == 0
    assert "Key figures" in output
    assert json.loads(out.read_text())["status"] == "completed"
    assert re.search(r"\d+ s of 12 s", program.seen)


@needs_terminal
def test_interrupt_keeps_the_best_plan(environment: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    program = OnTerminal(environment, hard_instance(tmp_path), "--time-limit", 80, "--workers", 1, "-o", out)
    program.wait_for("best ")
    program.process.send_signal(signal.SIGINT)
    asked = time.monotonic()
    program.end()
    assert program.process.returncode == 0
    assert time.monotonic() - asked < 10
    assert "Stopping with the best plan so far" in program.seen
    assert json.loads(out.read_text())["result"]["metrics"]["constraintViolations"] == 0


@needs_terminal
def test_second_interrupt_cancels(environment: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    program = OnTerminal(environment, hard_instance(tmp_path), "--time-limit", 80, "--workers", 1, "--json", "-o", out)
    program.wait_for(" s of 80 s")
    program.process.send_signal(signal.SIGINT)
    program.wait_for("Stopping with the best plan")
    program.process.send_signal(signal.SIGINT)
    output = program.end()
    # The run may have ended by the first signal before the second one came.
    if program.process.returncode == 1:
        assert json.loads(output)["code"] == "E007"
    else:
        assert json.loads(output)["status"] == "completed"
    assert "Traceback" not in program.seen


@pytest.mark.skipif(os.name == "nt", reason="needs a pipe that closes early")
def test_closed_output_ends_quietly(environment: dict[str, str]) -> None:
    command = f"{sys.executable} -m app convert {SAMPLE_FILE} - --to taktwerk | head -c 100 > {os.devnull}"
    done = subprocess.run(command, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""


def test_output_that_cannot_be_written(environment: dict[str, str], jsp: Path, tmp_path: Path) -> None:
    done = taktwerk(environment, "optimize", jsp, "--time-limit", 10, "--json", "-o", tmp_path / "no" / "out.json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["code"] == "E008"


@pytest.mark.slow
def test_small_bench_instances_reach_the_published_optimum(environment: dict[str, str], tmp_path: Path) -> None:
    wanted = {"ft06", "ft10", "la01", "la05", "mk01", "Fattahi_setup_02", "Fattahi_setup_03", "j3011_1", "j3013_1"}
    rows = [row for row in manifest() if row["instance"] in wanted]
    assert len(rows) >= 6
    for row in rows:
        out = tmp_path / f"{row['instance']}.json"
        done = taktwerk(
            environment, "optimize", BENCH / row["path"], "--format", row["format"], "--time-limit", 10, "-o", out
        )
        assert done.returncode == 0, (row["instance"], done.stderr)
        figures = json.loads(out.read_text())["result"]["metrics"]
        assert figures["constraintViolations"] == 0
        if row["best_known_ub"] and figures["proof"] == "optimal":
            assert figures["makespan"] == int(row["best_known_ub"]) * 60_000, row["instance"]
