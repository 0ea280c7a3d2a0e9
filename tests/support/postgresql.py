"""A PostgreSQL server for tests: the one that ``TAKTWERK_TEST_POSTGRESQL`` names, else one of our own, if installed.

Our own begins with the first test that asks for it, keeps its data in a temporary folder, listens on this machine
alone, and ends with the tests, also when they are killed.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

URL_VARIABLE = "TAKTWERK_TEST_POSTGRESQL"
_START_S = 60.0
_USER = "taktwerk"
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG


def missing() -> str | None:
    """Why there can be no server; ``None`` when there is one, or one can be started."""
    if os.environ.get(URL_VARIABLE):
        return None
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "the PostgreSQL driver is not installed (pip install psycopg[binary])"
    if sys.platform == "win32":
        return f"tests start no PostgreSQL server on Windows; {URL_VARIABLE} may name one"
    if _program("initdb") is None or _program("postgres") is None:
        return f"no PostgreSQL server is installed, and {URL_VARIABLE} names none"
    if os.geteuid() == 0 and _account() is None:
        return "PostgreSQL does not run as root, and there is no account 'postgres' or 'nobody'"
    return None


@functools.cache
def server_url() -> str:
    """Return the address of an empty database; its contents are dropped by whoever uses it."""
    return os.environ.get(URL_VARIABLE) or _start()


def _start() -> str:
    folder = Path(tempfile.mkdtemp(prefix="taktwerk-postgresql-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    password = secrets.token_hex(16)
    word = folder / "password"
    word.write_text(password)
    account: dict[str, Any] = {}
    if os.geteuid() == 0:
        account = {"user": _account(), "group": _account(), "extra_groups": []}
        for path in (folder, word):
            shutil.chown(path, account["user"])
    data, log, port = folder / "data", folder / "log", _free_port()
    common: dict[str, Any] = {"cwd": folder, "env": {"LC_ALL": "C", "PATH": os.defpath}, **account}
    made = [_program("initdb"), "-D", data, "-U", _USER, "-A", "scram-sha-256", f"--pwfile={word}", "-E", "UTF8", "-N"]
    done = subprocess.run(made, capture_output=True, text=True, timeout=_START_S, **common)
    assert done.returncode == 0, done.stderr
    settings = {"fsync": "off", "full_page_writes": "off", "unix_socket_directories": "", "max_connections": "60"}
    options = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
    command = [_program("postgres"), "-D", data, "-h", "127.0.0.1", "-p", str(port), *options]
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, preexec_fn=_end_with_parent, **common)
    atexit.register(_end, server)
    url = f"postgresql+psycopg://{_USER}:{password}@127.0.0.1:{port}/postgres"
    _wait(server, url, log)
    return url


def _wait(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    import psycopg

    end = time.monotonic() + _START_S
    while server.poll() is None and time.monotonic() < end:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(url.replace("+psycopg", ""), connect_timeout=2).close()
            return
        time.sleep(0.1)
    raise AssertionError(f"PostgreSQL did not start:\n{log.read_text()}")


def _end(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGINT)  # fast: connections are ended
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()


def _end_with_parent() -> None:
    """Have Linux end the server together with the tests, however those end."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGINT)


def _account() -> str | None:
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in known), None)


def _program(name: str) -> str | None:
    """Return where a program of PostgreSQL is; Debian keeps them apart, by version."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    return shutil.which(name) or next((found for path in versions if (found := shutil.which(name, path=path))), None)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
