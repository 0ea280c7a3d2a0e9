"""Logging: one JSON object a line, in rotating files, with the ``run_id`` on every line of a run.

Areas log with ``logging.getLogger("taktwerk.<area>")``. A line has ``at`` (UTC), ``level``, ``logger``, ``event``, and
what was given in ``extra={...}``.
"""

from __future__ import annotations

import contextlib
import json
import logging
import logging.handlers
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import orjson
import structlog

_MAX_BYTES = 5 * 1024 * 1024
_KEPT_FILES = 5
_run_id: ContextVar[str | None] = ContextVar("run_id", default=None)


@contextlib.contextmanager
def run_context(run_id: str) -> Iterator[None]:
    """Put ``run_id`` on every line logged inside. A thread begins without one: enter this in the thread itself."""
    token = _run_id.set(run_id)
    try:
        yield
    finally:
        _run_id.reset(token)


def configure_logs(
    log_dir: Path, level: str = "INFO", role: str = "taktwerk", *, to_stderr: bool = False
) -> Path | None:
    """Send everything logged in this process to ``<log_dir>/<role>.log``; calling it again replaces the set-up.

    Parameters
    ----------
    log_dir
        The folder, made when it is absent. When it cannot be written, lines go to standard error instead.
    level
        The least level of ``taktwerk.*``; other libraries are logged from WARNING on.
    role
        Which program this is. Each has a file of its own, for only one process can rotate a file.
    to_stderr
        Log to standard error too.

    Returns
    -------
    Path or None
        The log file, ``None`` without one.
    """
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_common_steps(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_to_json),
        ],
    )
    path: Path | None = log_dir / f"{role}.log"
    handlers: list[logging.Handler] = []
    try:
        log_dir.mkdir(parents=True, exist_ok=True)
        handlers.append(
            logging.handlers.RotatingFileHandler(
                log_dir / f"{role}.log", maxBytes=_MAX_BYTES, backupCount=_KEPT_FILES, encoding="utf-8"
            )
        )
    except OSError:
        path = None
    if to_stderr or path is None:
        handlers.append(logging.StreamHandler())
    _install(handlers, formatter, level)
    return path


def _install(handlers: list[logging.Handler], formatter: logging.Formatter, level: str) -> None:
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if getattr(handler, "is_taktwerk", False)]:
        root.removeHandler(old)
        old.close()
    for handler in handlers:
        handler.setFormatter(formatter)
        handler.is_taktwerk = True  # type: ignore[attr-defined]
        root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("taktwerk").setLevel(level)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[*_common_steps(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _common_steps() -> list[Any]:
    return [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _add_run_id,
    ]


def _add_run_id(_logger: Any, _method: str, line: dict[str, Any]) -> dict[str, Any]:
    run_id = _run_id.get()
    if run_id is not None:
        line.setdefault("run_id", run_id)
    return line


def _to_json(line: dict[str, Any], **_: Any) -> str:
    try:
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # half a character, a number beyond 64 bits: a log line must not fail for what it tells
        text = json.dumps(line, default=str, skipkeys=True, ensure_ascii=False)
        return text.encode(errors="replace").decode()
