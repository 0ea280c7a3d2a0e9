"""A child process that speaks ``engine.messages``: starting it, its three pipes, its memory, its end."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, Protocol, cast

import psutil

import engine
from app.packaged import SOLVER, is_packaged, program
from engine.messages import Alive, BadMessage, FromSolver, read_from_solver

TERMINATE_GRACE_S: Final = 0.1
_LAST_WORDS: Final = 30
_log = logging.getLogger("taktwerk.solver")

Arrival = tuple[FromSolver, bytes] | BadMessage | None
"""A message with its payload, what is wrong with the output, or ``None``: the output has ended."""


class Pipe(Protocol):
    """A solver process, wherever it runs. ``WorkerPipe`` says what the methods do."""

    @property
    def lost(self) -> str | None:
        """What became of it, in plain words, when contact with the place where it ran was lost."""
        ...

    def send(self, data: bytes) -> None: ...
    def resident_bytes(self) -> int: ...
    def exit_code(self, timeout_s: float) -> int | None: ...
    def last_words(self) -> str: ...
    def read_to_end(self) -> None: ...
    def end(self, patience_s: float = 0.0) -> None: ...


StartSolver = Callable[[Callable[[Arrival], None], str], Pipe]
"""Starts a solver somewhere: where what it says is to go, and the name of the run."""


def worker_command() -> list[str]:
    """Return how to start a solver process: the packaged program has one for it, a checkout ``engine.worker``."""
    if is_packaged():
        return [program(SOLVER)]
    return [sys.executable, "-P", "-m", "engine.worker"]


class WorkerPipe:
    """One child process. Reading and writing happen on threads of its own, so that no method blocks.

    Must be made in a thread that lives as long as the child shall: Linux ends a worker together with the thread that
    started it.

    Parameters
    ----------
    command
        How to start it.
    arrive
        Called with everything that arrives, in the reading thread; without one, what arrives is kept for ``listen``.
    name
        Names the run in the log.

    Raises
    ------
    OSError
        When the process cannot be started.
    """

    def __init__(self, command: Sequence[str], arrive: Callable[[Arrival], None] | None, name: str) -> None:
        self._listener = arrive
        self._kept: list[Arrival] = []
        self._lock = threading.Lock()
        self._name = name
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._last_words: deque[str] = deque(maxlen=_LAST_WORDS)
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
            **_own_group(),
        )
        self._threads = [
            threading.Thread(target=target, args=(stream,), name=f"{name}-{role}", daemon=True)
            for role, target, stream in (
                ("stdin", self._write, self._process.stdin),
                ("stdout", self._read, self._process.stdout),
                ("stderr", self._read_errors, self._process.stderr),
            )
        ]
        for thread in self._threads:
            thread.start()

    @property
    def lost(self) -> str | None:
        """Nothing: a child of this process cannot get lost."""
        return None

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def listen(self, arrive: Callable[[Arrival], None], name: str) -> None:
        """Pass what has arrived, and all that will, to ``arrive``."""
        self._name = name
        with self._lock:
            for arrival in self._kept:
                arrive(arrival)
            self._kept.clear()
            self._listener = arrive

    def send(self, data: bytes) -> None:
        """Write to the child, in order, whenever it reads."""
        self._outgoing.put(data)

    def resident_bytes(self) -> int:
        """Return the resident memory of the child, 0 when it is gone."""
        try:
            return int(psutil.Process(self.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def exit_code(self, timeout_s: float) -> int | None:
        """Return the exit code (negative: the signal), ``None`` when it still runs after ``timeout_s``."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def last_words(self) -> str:
        """Return the last lines of its standard error."""
        self._threads[2].join(TERMINATE_GRACE_S)
        return "\n".join(self._last_words)

    def read_to_end(self) -> None:
        """Wait a moment until what a child that has ended had written has arrived."""
        self._threads[1].join(TERMINATE_GRACE_S)

    def end(self, patience_s: float = 0.0) -> None:
        """Make sure that the child and all it started are gone: wait for ``patience_s``, terminate, kill."""
        self._outgoing.put(None)
        if self.exit_code(patience_s) is not None:
            return
        family = self._family()
        _signal_all(family, kill=False)
        if self.exit_code(TERMINATE_GRACE_S) is None:
            _log.warning("%s: the solver process %d had to be killed", self._name, self.pid)
        _signal_all(family, kill=True)
        self._process.wait()

    # inside

    def _arrive(self, arrival: Arrival) -> None:
        with self._lock:
            if self._listener is not None:
                self._listener(arrival)
            elif not (isinstance(arrival, tuple) and isinstance(arrival[0], Alive)):
                self._kept.append(arrival)

    def _family(self) -> list[psutil.Process]:
        try:
            child = psutil.Process(self.pid)
            return [child, *child.children(recursive=True)]
        except psutil.Error:
            return []

    def _read(self, stream: IO[bytes]) -> None:
        try:
            with stream:
                while (arrival := read_from_solver(cast(BinaryIO, stream))) is not None:
                    self._arrive(arrival)
        except BadMessage as error:
            self._arrive(error)
        except (OSError, ValueError):
            _log.debug("%s: reading from the solver failed", self._name, exc_info=True)
        self._arrive(None)

    def _read_errors(self, stream: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError), stream:
            while line := stream.readline(4_096):
                text = line.decode(errors="replace").rstrip()
                self._last_words.append(text)
                _log.debug("%s: %s", self._name, text)

    def _write(self, stream: IO[bytes]) -> None:
        # A child that is gone or does not read shows on its output; here it is only the end of writing.
        with contextlib.suppress(OSError, ValueError):
            while (data := self._outgoing.get()) is not None:
                stream.write(data)
                stream.flush()
        with contextlib.suppress(OSError, ValueError):
            stream.close()


def _environment() -> dict[str, str]:
    """Return the environment in which the child finds this very ``engine``, whatever the working directory holds."""
    root = str(Path(engine.__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1"}


def _own_group() -> dict[str, Any]:
    """Keep Ctrl+C in a terminal from the child (the parent ends it in order) and open no console window."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def _signal_all(family: list[psutil.Process], kill: bool) -> None:
    for process in family:
        with contextlib.suppress(psutil.Error):
            if kill:
                process.kill()
            else:
                process.terminate()
