"""The server: uvicorn with a loop of its own in a thread of its own, so that a window can have it beside itself."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn

from app.api.application import make_application
from app.api.services import ApiServices
from engine.errors import ErrorCode, Fault, TaktwerkError, invalid_schedule

DEFAULT_PORT: Final = 8737
_START_S: Final = 10.0
_SHUTDOWN_S: Final = 5
_BACKLOG: Final = 128
_log = logging.getLogger("taktwerk.api")


@dataclass(frozen=True)
class Binding:
    """Where a server listens.

    Attributes
    ----------
    host
        An address or name of this machine; other machines are let in only with TLS.
    port
        0 takes a free one.
    certificate, key
        PEM files for TLS.
    names
        Further Host headers that are let in: names of this machine, with the server's port or as they are given.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    certificate: Path | None = None
    key: Path | None = None
    names: tuple[str, ...] = ()

    @property
    def has_tls(self) -> bool:
        """Whether the traffic is encrypted."""
        return self.certificate is not None

    def check(self) -> None:
        """Refuse what would not be safe, or cannot work (E001 with every fault)."""
        faults: list[Fault] = []
        if not 0 <= self.port <= 65_535:
            faults.append(Fault("--port", self.port, "must be 0 to 65535"))
        if (self.certificate is None) != (self.key is None):
            faults.append(Fault("--tls-cert", None, "a certificate and its key go together; give both"))
        for option, file in (("--tls-cert", self.certificate), ("--tls-key", self.key)):
            if file is not None and not file.is_file():
                faults.append(Fault(option, str(file), "there is no such file"))
        if not self.has_tls and not is_loopback(self.host):
            reason = "other machines are served only with TLS; give --tls-cert and --tls-key, or use 127.0.0.1"
            faults.append(Fault("--host", self.host, reason))
        if faults:
            raise invalid_schedule(faults, "server's address")


class ApiServer:
    """One server. ``start`` returns when it listens, ``stop`` when it is gone; both from any thread.

    Parameters
    ----------
    services
        What it works with; they stay the caller's.
    binding
        Where it listens.
    """

    def __init__(self, services: ApiServices, binding: Binding | None = None) -> None:
        self._services = services
        self._binding = binding or Binding()
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._hosts: frozenset[str] = frozenset()
        self._port = 0

    @property
    def address(self) -> str | None:
        """Where it is reached, for example ``http://127.0.0.1:8737``; ``None`` while it does not run."""
        if self._thread is None:
            return None
        scheme = "https" if self._binding.has_tls else "http"
        return f"{scheme}://{_shown(self._binding.host)}:{self._port}"

    def start(self) -> str:
        """Begin to serve and return the address.

        Raises
        ------
        TaktwerkError
            E001 when the address is not safe or not this machine's, E008 when the port is taken or TLS files are none.
        """
        if self._thread is not None:
            return self.address or ""
        self._binding.check()
        listener = self._listen()
        self._port = listener.getsockname()[1]
        self._hosts = _hosts(self._binding, self._port)
        try:
            config = self._config()
            config.load()
        except OSError as error:  # ssl.SSLError among them
            listener.close()
            raise TaktwerkError(ErrorCode.STORAGE, f"The TLS files cannot be used: {error}.") from error
        self._server = server = uvicorn.Server(config)
        self._services.open()
        self._services.state.release_all()
        self._thread = threading.Thread(target=self._serve, args=(server, listener), name="api-server", daemon=True)
        self._thread.start()
        self._wait_until_started(server)
        _log.info("serving at %s", self.address)
        return self.address or ""

    def stop(self) -> None:
        """End: requests that are being answered have a few seconds, progress streams end."""
        thread, server = self._thread, self._server
        if thread is None or server is None:
            return
        self._services.close()
        server.should_exit = True
        thread.join(_SHUTDOWN_S * 2)
        self._thread = self._server = None
        _log.info("the server has ended")

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until it ends by itself; return whether it did."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
            return not thread.is_alive()
        return True

    # inside

    def _listen(self) -> socket.socket:
        host, port = self._binding.host, self._binding.port
        try:
            family, kind, proto, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            listener = socket.socket(family, kind, proto)
        except OSError as error:
            raise invalid_schedule([Fault("--host", host, f"is no address of this machine: {error}")]) from None
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_BACKLOG)
        except OSError as error:
            listener.close()
            message = f"Port {port} of {host} cannot be used: {error.strerror}. Choose another with --port."
            raise TaktwerkError(ErrorCode.STORAGE, message, {"host": host, "port": port}) from error
        return listener

    def _config(self) -> uvicorn.Config:
        certificate, key = self._binding.certificate, self._binding.key
        return uvicorn.Config(
            make_application(self._services, lambda: self._hosts),
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            proxy_headers=False,
            lifespan="off",
            ws="none",
            timeout_keep_alive=30,
            timeout_graceful_shutdown=_SHUTDOWN_S,
            h11_max_incomplete_event_size=64 * 1024,
            limit_concurrency=500,
            ssl_certfile=certificate and str(certificate),
            ssl_keyfile=key and str(key),
        )

    def _serve(self, server: uvicorn.Server, listener: socket.socket) -> None:
        try:
            asyncio.run(server.serve(sockets=[listener]))
        except Exception:
            _log.exception("the server broke down")
        finally:
            listener.close()

    def _wait_until_started(self, server: uvicorn.Server) -> None:
        thread, waited = self._thread, 0.0
        while thread is not None and not server.started and thread.is_alive() and waited < _START_S:
            thread.join(0.02)
            waited += 0.02
        if not server.started:
            self.stop()
            raise TaktwerkError(ErrorCode.STORAGE, "The server did not start; the log has the details.")


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach an address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _hosts(binding: Binding, port: int) -> frozenset[str]:
    names = [_shown(binding.host), *(["127.0.0.1", "localhost", "[::1]"] if is_loopback(binding.host) else [])]
    found = {f"{name}:{port}".lower() for name in names}
    if port == (443 if binding.has_tls else 80):
        found |= {name.lower() for name in names}
    for name in binding.names:
        found |= {name.lower(), f"{name}:{port}".lower()}
    return frozenset(found)


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
