"""A Dask cluster on this machine: a scheduler and workers, each a process as its command line starts them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
_START_S = 60.0


@dataclass
class LocalCluster:
    """A running cluster. ``workers`` are their processes, by name."""

    url: str
    folder: Path
    workers: dict[str, subprocess.Popen[bytes]]

    def add_worker(self, name: str) -> None:
        """Start one more worker."""
        file = ["--scheduler-file", str(self.folder / "scheduler.json")]
        options = ["--name", name, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory"]
        self.workers[name] = _start(self.folder, "worker", *file, *options, str(self.folder / name))

    def kill(self, address: str, cluster: Any) -> str:
        """Kill the worker at an address, as a machine that loses its power; its name."""
        known = cluster._client.scheduler_info(n_workers=-1)["workers"]
        name = known[address]["name"]
        self.workers[name].send_signal(signal.SIGKILL)
        self.workers[name].wait(10)
        return name


@contextlib.contextmanager
def dask_cluster(folder: Path, workers: int = 2) -> Iterator[LocalCluster]:
    """Start a cluster; it ends with the block."""
    file = folder / "scheduler.json"
    options = ["--scheduler-file", str(file), "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"]
    scheduler = _start(folder, "scheduler", *options)
    made = LocalCluster("", folder, {})
    try:
        made.url = f"dask://{_address(file, scheduler).removeprefix('tcp://')}"
        for number in range(workers):
            made.add_worker(f"w{number}")
        yield made
    finally:
        for process in (*made.workers.values(), scheduler):
            process.kill()
            process.wait(10)


def _start(folder: Path, what: str, *options: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), "DASK_DISTRIBUTED__ADMIN__TICK__LIMIT": "1h"}
    command = [sys.executable, "-m", "dask", what, *options]
    with (folder / f"{what}.log").open("ab") as log:
        return subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=log, stderr=log)


def _address(file: Path, scheduler: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and scheduler.poll() is None:
        with contextlib.suppress(OSError, ValueError):
            return json.loads(file.read_text())["address"]
        time.sleep(0.1)
    raise AssertionError((file.parent / "scheduler.log").read_text())
