"""Does the database lie on a network drive? SQLite's write-ahead log is safe there for one computer only."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Final

import psutil

_NETWORK: Final = frozenset(
    {
        "nfs",
        "nfs3",
        "nfs4",
        "cifs",
        "smb",
        "smb2",
        "smb3",
        "smbfs",
        "afpfs",
        "afs",
        "ncpfs",
        "webdav",
        "davfs",
        "fuse.sshfs",
    }
)
_log = logging.getLogger("taktwerk.storage")


def file_system_of(path: Path) -> str:
    """Return the kind of file system that a file lies on or would; empty when the system does not tell."""
    text = str(path.absolute())
    if sys.platform == "win32" and text.startswith("\\\\"):
        return "smb"
    best, kind = "", ""
    try:
        for one in psutil.disk_partitions(all=True):
            root = one.mountpoint
            inside = root.endswith(("/", "\\")) or text[len(root) : len(root) + 1] in ("", "/", "\\")
            if text.startswith(root) and inside and len(root) >= len(best):
                best, kind = root, "smb" if "remote" in one.opts.split(",") else one.fstype
    except (OSError, psutil.Error) as error:
        _log.debug("file systems cannot be listed: %s", error)
    return kind.lower()


def warning(path: Path | None) -> str:
    """Return what to tell the planner of a database on a network drive; empty when it lies well."""
    kind = "" if path is None else file_system_of(path)
    if kind not in _NETWORK:
        return ""
    _log.warning("the database lies on a network drive (%s): %s", kind, path)
    return (
        f"The database lies on a network drive ({kind}). Open it from one computer at a time: two can damage it. "
        "For several planners use a PostgreSQL server, or export packages."
    )
