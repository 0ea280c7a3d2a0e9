"""What a benchmark says of memory, of the machine and of others on it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time

import pytest

from app.bench.machine import OtherLoad, describe
from app.bench.memory import PeakMemory

MIB = 1 << 20


def test_the_peak_of_a_child_is_seen_after_it_gave_the_memory_back() -> None:
    body = "import time; held = b'x' * (96 << 20); time.sleep(0.2); del held; time.sleep(0.4)"
    with PeakMemory() as memory:
        subprocess.run([sys.executable, "-c", body], check=True)
    assert 96 * MIB < memory.peak_bytes < 400 * MIB


def test_children_from_before_do_not_count() -> None:
    body = "held = b'x' * (96 << 20); import time; print(flush=True); time.sleep(30)"
    with subprocess.Popen([sys.executable, "-c", body], stdout=subprocess.PIPE) as earlier:
        try:
            assert earlier.stdout is not None
            earlier.stdout.readline()
            with PeakMemory() as memory:
                subprocess.run([sys.executable, "-c", "import time; time.sleep(0.3)"], check=True)
            assert 0 < memory.peak_bytes < 90 * MIB
        finally:
            earlier.kill()


def test_a_machine_is_described_and_not_named() -> None:
    told = json.dumps(describe())
    found = json.loads(told)
    assert found["cores"] == os.cpu_count()
    assert found["memoryGiB"] > 0
    assert found["versions"]["ortools"]
    name = socket.gethostname()
    assert len(name) < 5 or name not in told
    assert os.getcwd() not in told


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not count the time of ended children")
def test_our_own_work_is_not_others_work(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = iter([100.0, 103.0])
    own = iter([10.0, 12.5])
    clock = iter([0.0, 1.0])
    monkeypatch.setattr("app.bench.machine._busy_s", lambda: next(busy))
    monkeypatch.setattr("app.bench.machine._own_s", lambda: next(own))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with OtherLoad() as others:
        pass
    assert others.cores == 0.5
