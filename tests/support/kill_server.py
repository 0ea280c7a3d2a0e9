"""A warm process that forks a child for each fault: ``KillServer`` starts it and asks it, line by line, in JSON.

A child prepares one of ``kill_operations`` in a folder and acts, until it is done, killed at a write or after a time,
or refused. ``python -m tests.support.kill_server`` is the process.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support import disk_faults

ROOT = Path(__file__).resolve().parents[2]
_MOST_S = 60


@dataclass(frozen=True)
class Outcome:
    """What became of a child: what it told, how many writes it made, how it ended (a signal's number is negative)."""

    told: list[list[str]]
    status: int
    took_s: float
    words: dict[str, Any] = field(default_factory=dict)

    def all(self, kind: str) -> list[list[str]]:
        """Everything that was told of a kind."""
        return [line[1:] for line in self.told if line[0] == kind]

    @property
    def writes(self) -> int:
        """How many writes there were; 0 when the child did not live to tell."""
        return int(self.all("writes")[-1][0]) if self.all("writes") else 0

    @property
    def was_killed(self) -> bool:
        """Whether the child died of ``kill -9``."""
        return self.status == -signal.SIGKILL


class KillServer:
    """The warm process, with the shim in it where there is one."""

    def __init__(self, library: Path | None) -> None:
        environment = dict(os.environ) if library is None else disk_faults.environment(library)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.kill_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment,
        )

    def ask(self, operation: str, folder: Path, **how: Any) -> Outcome:
        """Have a child do an operation: ``at`` and ``mode`` of the fault, ``after_s`` to kill it, ``full`` for room."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"operation": operation, "folder": str(folder), **how}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        outcome = Outcome(answer["told"], answer["status"], answer["took_s"])
        assert not outcome.all("crash"), f"{operation} {how}:\n" + "\n".join(outcome.all("crash")[0])
        return outcome

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


def _child(wish: dict[str, Any], out: int) -> None:
    from engine.errors import TaktwerkError
    from tests.support.kill_operations import OPERATIONS

    def tell(*words: str) -> None:
        os.write(out, (json.dumps(words) + "\n").encode())

    os.setpgid(0, 0)
    folder, at, mode = Path(wish["folder"]), int(wish.get("at", 0)), int(wish.get("mode", 0))
    try:
        if wish.get("full"):
            _with_a_full_disk(wish, folder, at, mode, tell)
            return
        disk_faults.arm(folder, at, mode)
        OPERATIONS[wish["operation"]](folder)(tell)
        tell("end")
        tell("writes", str(disk_faults.disarm()))
    except TaktwerkError as error:
        tell("crash", f"refused: {error}", traceback.format_exc())
    except BaseException:
        tell("crash", traceback.format_exc())


def _with_a_full_disk(wish: dict[str, Any], folder: Path, at: int, mode: int, tell: Any) -> None:
    """Act while the disk is full, and once more in the same process when there is room again."""
    from engine.errors import TaktwerkError
    from tests.support.kill_operations import OPERATIONS

    filler = Path(wish["filler"]) if "filler" in wish else None
    act = OPERATIONS[wish["operation"]](folder)
    if filler is None:
        disk_faults.arm(folder, at, mode)
    else:
        _fill(filler)
    try:
        act(tell)
        tell("end")
    except TaktwerkError as error:
        tell("refused", error.code.value, error.message)
    finally:
        if filler is None:
            tell("writes", str(disk_faults.disarm()))
        else:
            filler.unlink()
    act(tell)
    tell("again")


def _fill(path: Path) -> None:
    """Take all the room that is left on a disk."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))


def _serve() -> None:
    from tests.support import kill_operations

    assert kill_operations.OPERATIONS
    logging.disable(logging.CRITICAL)
    for line in sys.stdin:
        wish = json.loads(line)
        source, out = os.pipe()
        begun = time.monotonic()
        child = os.fork()
        if child == 0:
            try:
                os.close(source)
                _child(wish, out)
            finally:
                os._exit(0)
        os.close(out)
        status = _ended(child, wish.get("after_s", _MOST_S))
        with os.fdopen(source, "rb") as pipe:
            told = [json.loads(row) for row in pipe.read().splitlines(keepends=True) if row.endswith(b"\n")]
        took = time.monotonic() - begun
        print(json.dumps({"told": told, "status": status, "took_s": took}), flush=True)


def _ended(child: int, after_s: float) -> int:
    """Kill the child when its time is over, and return how it ended."""
    end = time.monotonic() + after_s
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    _serve()
