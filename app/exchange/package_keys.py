"""The sender's key and the keys of those who are trusted: Ed25519, in files of this user alone.

``sender.key`` is made when something is signed for the first time. A sender whom nobody here has trusted yet is never
refused silently nor believed silently: what is opened says so, with the key's fingerprint to compare by telephone.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

import orjson
import platformdirs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from engine.errors import ErrorCode, TaktwerkError

_KEY_FILE = "sender.key"
_TRUST_FILE = "trusted-senders.json"
_KEY_BYTES = 32


def default_folder() -> Path:
    """Return where this user's keys are."""
    return platformdirs.user_data_path("taktwerk", appauthor=False) / "keys"


def fingerprint(public_key: bytes) -> str:
    """Return what people compare: the first 16 bytes of the key's SHA-256 in groups of four."""
    digits = hashlib.sha256(public_key).hexdigest()[:32].upper()
    return " ".join(digits[i : i + 4] for i in range(0, 32, 4))


def to_text(raw: bytes) -> str:
    """Return bytes as base64."""
    return base64.b64encode(raw).decode()


def from_text(text: str, length: int) -> bytes:
    """Return the bytes of a base64 text; ValueError unless there are ``length``."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("not base64") from None
    if len(raw) != length:
        raise ValueError(f"{len(raw)} bytes where {length} are needed")
    return raw


def is_signed_by(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether the signature of a message was made with the key's other half."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


class KeyRing:
    """This user's key and the senders who are trusted.

    Parameters
    ----------
    folder
        Where the files are; made when something is first stored.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or default_folder()

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message; the key is made when there is none (E008 when it cannot be kept)."""
        return self._own_key().sign(message)

    def public_key(self) -> bytes:
        """Return the public half of this user's key, making the key when there is none (E008)."""
        return self._own_key().public_key().public_bytes_raw()

    def trusted(self) -> dict[str, str]:
        """Return the names of trusted senders by public key (base64); E008 when the list is damaged."""
        path = self._folder / _TRUST_FILE
        try:
            data = orjson.loads(path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, orjson.JSONDecodeError) as error:
            raise _unusable(path, str(error)) from None
        if not isinstance(data, dict) or not all(isinstance(name, str) for name in data.values()):
            raise _unusable(path, "it is no list of senders")
        return data

    def name_of(self, public_key: bytes) -> str | None:
        """Return under which name a key is trusted; None when it is not. One's own key is."""
        if (self._folder / _KEY_FILE).exists() and public_key == self.public_key():
            return "yourself"
        return self.trusted().get(to_text(public_key))

    def trust(self, public_key: bytes, name: str) -> None:
        """Trust a sender from now on, under a name (E008)."""
        kept = self.trusted() | {to_text(public_key): name[:200]}
        self._store(_TRUST_FILE, orjson.dumps(kept, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))

    def distrust(self, public_key: bytes) -> bool:
        """Trust a sender no longer; False when nobody did (E008)."""
        kept = self.trusted()
        if kept.pop(to_text(public_key), None) is None:
            return False
        self._store(_TRUST_FILE, orjson.dumps(kept, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
        return True

    def _own_key(self) -> Ed25519PrivateKey:
        path = self._folder / _KEY_FILE
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            raw = Ed25519PrivateKey.generate().private_bytes_raw()
            raw = self._store(_KEY_FILE, raw, keep=True)
        except OSError as error:
            raise _unusable(path, error.strerror or str(error)) from None
        if len(raw) != _KEY_BYTES:
            raise _unusable(path, f"a key has {_KEY_BYTES} bytes, this file has {len(raw)}")
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise _unusable(path, f"others can read it; make it yours alone (chmod 600 {path.name})")
        return Ed25519PrivateKey.from_private_bytes(raw)

    def _store(self, name: str, content: bytes, *, keep: bool = False) -> bytes:
        """Write a file of this user alone, whole or not at all; with ``keep`` an existing one wins and is returned."""
        path = self._folder / name
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, beside = tempfile.mkstemp(prefix=f".{name}.", dir=self._folder)  # made with mode 0600
            try:
                with os.fdopen(handle, "wb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fsync(stream.fileno())
                if keep:
                    with contextlib.suppress(FileExistsError):
                        os.link(beside, path)
                    return path.read_bytes()
                os.replace(beside, path)
            finally:
                Path(beside).unlink(missing_ok=True)
        except OSError as error:
            raise _unusable(path, error.strerror or str(error)) from None
        return content


def _unusable(path: Path, why: str) -> TaktwerkError:
    return TaktwerkError(ErrorCode.STORAGE, f"{path} cannot be used: {why}.", {"path": str(path)})
