"""The board's own web: the scheme ``planner://app/``, what it serves, and a browser profile that may do nothing else.

``register_scheme`` must run before the ``QApplication`` is made. Bulk data is fetched by ``GET planner://app/api/…``
and serialised off the interface's thread; there are no other methods, no other hosts and no open port.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import shiboken6
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QUrl, QUrlQuery
from PySide6.QtWebEngineCore import QWebEngineUrlRequestJob, QWebEngineUrlScheme, QWebEngineUrlSchemeHandler

from ui.background import in_background

_log = logging.getLogger("taktwerk.web")

SCHEME: Final = b"planner"
HOST: Final = "app"
BRYNTUM_VARIABLE: Final = "TAKTWERK_BRYNTUM"
ORIGIN: Final = f"{SCHEME.decode()}://{HOST}"
_API: Final = "/api/"
_BRYNTUM: Final = "/bryntum/"
_MIME: Final = {
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".json": b"application/json",
    ".svg": b"image/svg+xml",
    ".png": b"image/png",
    ".woff2": b"font/woff2",
    ".woff": b"font/woff",
    ".ttf": b"font/ttf",
}
_CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:{images}; "
    "font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-src 'none'; frame-ancestors 'none'"
)
_Error = QWebEngineUrlRequestJob.Error

Produce = Callable[[], bytes]
"""Makes the body of an answer; called in a pool thread."""
Api = Callable[[str, dict[str, str]], Produce | None]
"""From the path after ``/api/`` and the query to the work to be done; ``None`` = there is no such thing."""


def register_scheme() -> None:
    """Make the scheme known to the browser engine; further calls do nothing."""
    if QWebEngineUrlScheme.schemeByName(QByteArray(SCHEME)).name() == SCHEME:
        return
    scheme = QWebEngineUrlScheme(QByteArray(SCHEME))
    scheme.setSyntax(QWebEngineUrlScheme.Syntax.Host)
    flag = QWebEngineUrlScheme.Flag
    scheme.setFlags(flag.SecureScheme | flag.CorsEnabled | flag.FetchApiAllowed)
    QWebEngineUrlScheme.registerScheme(scheme)


def find_bryntum(configured: Path | None = None) -> Path | None:
    """Return the folder of the Bryntum Scheduler Pro package, or ``None``.

    The configured one, that of the variable ``TAKTWERK_BRYNTUM``, or the one that npm installed here.
    """
    root = Path(str(files("resources"))).resolve().parent
    named = os.environ.get(BRYNTUM_VARIABLE)
    for folder in (configured, Path(named) if named else None, root / "node_modules" / "@bryntum" / "schedulerpro"):
        if folder is not None and (folder / "schedulerpro.module.js").is_file():
            return folder.resolve()
    return None


def is_trial(bryntum: Path) -> bool:
    """Whether the package is the public trial, which asks its maker's site for an image to verify itself."""
    package = bryntum / "package.json"
    return package.is_file() and "-trial" in package.read_text(encoding="utf-8", errors="replace")[:400]


def trial_image_host(bryntum: Path | None) -> str | None:
    """Return the one remote host that a trial package may fetch images from; licensed packages need none."""
    return "https://bryntum.com" if bryntum is not None and is_trial(bryntum) else None


def content_security_policy(image_host: str | None = None) -> str:
    """Return the policy of every page: own scripts, styles, fonts and data; no eval, frames, forms or remote hosts."""
    return _CSP.format(images=f" {image_host}" if image_host else "")


class SchemeHandler(QWebEngineUrlSchemeHandler):
    """Answers requests to ``planner://app/``.

    Parameters
    ----------
    bryntum
        The folder served as ``/bryntum/``, or ``None`` when the package is not installed.
    api
        Answers paths under ``/api/``.
    """

    def __init__(self, bryntum: Path | None, api: Api, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._web = Path(str(files("resources"))).resolve() / "web"
        self._bryntum = bryntum
        self._api = api
        self._headers = {
            b"Content-Security-Policy": content_security_policy(trial_image_host(bryntum)).encode(),
            b"X-Content-Type-Options": b"nosniff",
            b"Referrer-Policy": b"no-referrer",
            b"Cache-Control": b"no-store",
        }

    def requestStarted(self, job: QWebEngineUrlRequestJob) -> None:
        """Serve one request; whatever goes wrong, the request ends."""
        try:
            self._serve(job)
        except Exception:
            _log.exception("request %s failed", job.requestUrl().toString())
            job.fail(_Error.RequestFailed)

    def _serve(self, job: QWebEngineUrlRequestJob) -> None:
        url = job.requestUrl()
        if job.requestMethod() != b"GET" or url.host() != HOST or not _is_own(job.initiator()):
            _log.warning("refused %s %s", job.requestMethod().data(), url.toString())
            job.fail(_Error.RequestDenied)
            return
        path = url.path()
        if path.startswith(_API):
            query = dict(QUrlQuery(url).queryItems(QUrl.ComponentFormattingOption.FullyDecoded))
            self._serve_api(job, path.removeprefix(_API), query)
            return
        file = self.file_of(path)
        if file is None:
            job.fail(_Error.UrlNotFound)
            return
        self._reply(job, _MIME[file.suffix], file.read_bytes())

    def file_of(self, path: str) -> Path | None:
        """Return the file that a decoded URL path names, if it is one that may be served."""
        root, name = self._web, path.lstrip("/")
        if path.startswith(_BRYNTUM):
            if self._bryntum is None:
                return None
            root, name = self._bryntum, path.removeprefix(_BRYNTUM)
        if "\\" in name or "\0" in name or ":" in name:
            return None
        file = (root / name).resolve()
        hidden = any(part.startswith(".") for part in Path(name).parts)
        if hidden or not file.is_relative_to(root) or file.suffix not in _MIME or not file.is_file():
            return None
        return file

    def _serve_api(self, job: QWebEngineUrlRequestJob, name: str, query: dict[str, str]) -> None:
        produce = self._api(name, query)
        if produce is None:
            job.fail(_Error.UrlNotFound)
            return

        def done(body: bytes) -> None:
            if shiboken6.isValid(job):
                self._reply(job, _MIME[".json"], body)

        def failed(error: Exception) -> None:
            _log.error("could not produce %s", name, exc_info=error)
            if shiboken6.isValid(job):
                job.fail(_Error.RequestFailed)

        in_background(produce, done, failed)

    def _reply(self, job: QWebEngineUrlRequestJob, mime: bytes, body: bytes) -> None:
        headers: Any = {QByteArray(name): [QByteArray(value)] for name, value in self._headers.items()}
        job.setAdditionalResponseHeaders(headers)  # a multi-map: lists of values, other than the stubs say
        buffer = QBuffer(job)
        buffer.setData(QByteArray(body))
        buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        job.reply(QByteArray(mime), buffer)


def _is_own(initiator: QUrl) -> bool:
    """Whether a request comes from our page or, without an initiator, from the program itself."""
    return initiator.isEmpty() or (initiator.scheme() == SCHEME.decode() and initiator.host() == HOST)
