"""The key that tokens are signed with: in the system's keyring, or in a file that only its owner can read."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path
from typing import Any, Final

from engine.errors import ErrorCode, TaktwerkError

KEY_FILE: Final = "signing.key"
_SERVICE: Final = "taktwerk-api"
_BYTES: Final = 32


def signing_key(folder: Path, keyring: Any = None) -> bytes:
    """Return the key of the API whose state is in ``folder``; it is made at the first time.

    A key file that is there is used. Else the key is in the keyring, where the system has one, else in a new file.

    Parameters
    ----------
    keyring
        The module ``keyring``, or what stands in for it; ``None`` keeps the key in a file.

    Raises
    ------
    TaktwerkError
        E010 when others can read the file, or it holds no key; E008 when it cannot be written.
    """
    path = folder / KEY_FILE
    if keyring is None or path.exists():
        return _from_file(path)
    account = str(folder.absolute())
    try:
        stored = keyring.get_password(_SERVICE, account)
        if stored is None:
            keyring.set_password(_SERVICE, account, secrets.token_hex(_BYTES))
            stored = keyring.get_password(_SERVICE, account)
    except Exception:  # a keyring that is locked or broken raises what its backend likes
        return _from_file(path)
    return _from_file(path) if stored is None else _key_of(stored, "The key in the system's keyring")


def system_keyring() -> Any:
    """Return the module ``keyring`` where it leads to a keyring that keeps secrets safe, else ``None``."""
    try:
        import keyring

        return keyring if keyring.get_keyring().priority >= 1 else None
    except Exception:  # no backend, or one that fails to load
        return None


def _from_file(path: Path) -> bytes:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            _write(path)
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise TaktwerkError(
                ErrorCode.UNAUTHORISED,
                f"Others can read the key in {path}. Delete it, issue new tokens, and keep it to yourself (chmod 600).",
                {"file": str(path)},
            )
        return _key_of(path.read_text(encoding="ascii", errors="replace").strip(), str(path))
    except OSError as error:
        raise TaktwerkError(ErrorCode.STORAGE, f"The key file {path} cannot be used: {error.strerror}.") from error


def _write(path: Path) -> None:
    """Write a new key, complete or not at all; a file that is there stays."""
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(_BYTES))
            stream.flush()
            os.fsync(stream.fileno())
        if path.exists():
            return
        try:
            os.link(partial, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _key_of(text: str, where: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != _BYTES:
        raise TaktwerkError(ErrorCode.UNAUTHORISED, f"{where} is damaged. Delete it and issue new tokens.")
    return key
