"""Other solvers, each in a process of its own: starting it, its time and memory, its answer.

Their scripts stand beside the tests (``tests/benchmarks/peers``), outside the program's layers, and run under any
Python in which they find their packages.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
import psutil

from app.bench.memory import peak_bytes

SCRIPTS: Final = Path(__file__).resolve().parents[2] / "tests" / "benchmarks" / "peers"
PACKAGES: Final = {"pyjobshop": "pyjobshop", "job_shop_lib": "job-shop-lib"}
"""The peers by name, and the package that each needs."""

GRACE_S: Final = 60.0
"""How long a peer may overrun its limit before it is ended: building its model and leaving are not in its hands."""
_LOOK_EVERY_S = 0.05
_SHARE_OF_MACHINE = 0.8
_LOOK_UP = (
    "import importlib.metadata as m, sys\n"
    "for name in sys.argv[1:]:\n"
    "    try: print(name, m.version(name))\n"
    "    except m.PackageNotFoundError: pass\n"
)


@dataclass(frozen=True, slots=True)
class PeerAnswer:
    """What a peer's process came to: its document, or why there is none; wall seconds and the most memory it held.

    ``is_broken`` when the process broke off by itself: then its script is at fault, or the peer.
    """

    document: dict[str, Any] | None
    reason: str | None
    wall_s: float
    peak_bytes: int
    is_broken: bool = False


def installed(python: str, names: Sequence[str]) -> dict[str, dict[str, str | None]]:
    """Return, for those of the named peers that can run under this Python, their versions and that of ``ortools``."""
    packages = [PACKAGES[name] for name in names]
    try:
        asked = subprocess.run(
            [python, "-c", _LOOK_UP, *packages, "ortools"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    versions = dict(line.split(" ", 1) for line in asked.stdout.splitlines())
    return {
        name: {"version": versions[PACKAGES[name]], "ortools": versions.get("ortools")}
        for name in names
        if PACKAGES[name] in versions and script_of(name).is_file()
    }


def script_of(name: str) -> Path:
    """Return where a peer's script stands. A program installed without its source tree has none."""
    return SCRIPTS / f"{name}_peer.py"


def ask(python: str, name: str, problem: dict[str, Any]) -> PeerAnswer:
    """Run a peer on a problem (with ``timeLimit``, ``workers`` and ``seed``) and wait for its answer."""
    limit_s = float(problem["timeLimit"]) + GRACE_S
    most_bytes = round(psutil.virtual_memory().total * _SHARE_OF_MACHINE)
    with tempfile.TemporaryDirectory() as folder:
        given, answer, words = (Path(folder) / part for part in ("problem", "answer", "words"))
        given.write_bytes(orjson.dumps(problem))
        with given.open("rb") as stdin, answer.open("wb") as stdout, words.open("wb") as stderr:
            begun = time.monotonic()
            process = subprocess.Popen(
                [python, script_of(name).name], stdin=stdin, stdout=stdout, stderr=stderr, cwd=SCRIPTS
            )
            reason, peak = _watch(process, begun + limit_s, most_bytes)
            wall_s = time.monotonic() - begun
        if reason is not None:
            return PeerAnswer(None, reason, wall_s, peak)
        if process.returncode:
            last = words.read_text(errors="replace").strip().splitlines()[-1:]
            code = process.returncode
            return PeerAnswer(None, f"it ended with exit code {code}: {''.join(last)[:300]}", wall_s, peak, True)
        try:
            return PeerAnswer(orjson.loads(answer.read_bytes()), None, wall_s, peak)
        except orjson.JSONDecodeError:
            return PeerAnswer(None, "its answer could not be read", wall_s, peak, True)


def _watch(process: subprocess.Popen[bytes], end_at: float, most_bytes: int) -> tuple[str | None, int]:
    """Wait for a process, end it when it takes too long or too much; return why it was ended, and its peak."""
    peak = 0
    try:
        while process.poll() is None:
            with contextlib.suppress(psutil.Error, OSError):
                peak = max(peak, peak_bytes(psutil.Process(process.pid)))
            if peak > most_bytes:
                return f"it was ended at {peak >> 20:,} MiB of memory", peak
            if time.monotonic() > end_at:
                return f"it was ended {GRACE_S:g} s after its time limit", peak
            time.sleep(_LOOK_EVERY_S)
        return None, peak
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
