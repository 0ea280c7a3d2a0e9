"""Bearer tokens: issued, read, revoked. A token is a JWT of one pinned algorithm that the server also knows by id."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jwt

from app.api.errors import Refused
from engine.errors import ErrorCode, Fault, TaktwerkError, invalid_schedule
from storage.api_state import ApiState, TokenRow

ALGORITHM: Final = "HS256"
ISSUER: Final = "taktwerk"
AUDIENCE: Final = "taktwerk-api"
SCOPES: Final = ("read", "plan", "admin")
"""What a token allows; each includes those before it."""

MAX_DAYS: Final = 366
_REQUIRED: Final = ["exp", "iat", "sub", "aud", "iss", "jti"]
_LONGEST: Final = 4_096
_LONGEST_USER: Final = 200


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as the token says. ``user`` is its ``sub``."""

    user: str
    scopes: frozenset[str]
    token_id: str

    @property
    def is_admin(self) -> bool:
        """Whether the caller may see what belongs to others."""
        return "admin" in self.scopes


class Tokens:
    """The tokens of one API.

    Parameters
    ----------
    key
        What they are signed with.
    state
        Where they are remembered.
    audience
        For whom they are; a token for another server is refused.
    clock
        Returns the seconds since 1970.
    """

    def __init__(
        self, key: bytes, state: ApiState, audience: str = AUDIENCE, clock: Callable[[], float] = time.time
    ) -> None:
        self._key = key
        self._state = state
        self._audience = audience
        self._clock = clock

    def issue(self, user: str, scope: str = "plan", days: float = 30, note: str = "") -> tuple[str, TokenRow]:
        """Return a new token and what is remembered of it.

        Parameters
        ----------
        user
            Who uses it; what they save bears this name.
        scope
            One of ``SCOPES``.
        days
            How long it is good for, up to ``MAX_DAYS``.

        Raises
        ------
        TaktwerkError
            E001 naming what is not valid; E008.
        """
        faults = _faults(user, scope, days)
        if faults:
            raise invalid_schedule(faults, "token")
        now = int(self._clock())
        scopes = SCOPES[: SCOPES.index(scope) + 1]
        expires_at = now + max(1, round(days * 86_400))
        row = TokenRow(str(uuid.uuid4()), user, scopes, self._audience, note[:200], now, expires_at)
        claims = {
            "iss": ISSUER,
            "aud": row.audience,
            "sub": user,
            "iat": now,
            "exp": expires_at,
            "jti": row.id,
            "scope": " ".join(scopes),
        }
        self._state.add_token(row)
        return jwt.encode(claims, self._key, ALGORITHM), row

    def caller_of(self, token: str) -> Caller:
        """Return who a token stands for.

        Raises
        ------
        Refused
            E010 (401) when it is not one of ours, expired, for somebody else, or revoked.
        """
        if len(token) > _LONGEST:
            raise unauthorised("The token is too long to be one of this server's.", "invalid_token")
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                audience=self._audience,
                issuer=ISSUER,
                options={"require": _REQUIRED, "strict_aud": True, "verify_exp": False},
            )
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError, UnicodeError):
            raise unauthorised("The token is not valid here.", "invalid_token") from None
        user, token_id = claims["sub"], claims["jti"]
        expires = claims["exp"]
        if not isinstance(expires, int) or isinstance(expires, bool) or expires <= self._clock():
            raise unauthorised("The token has expired. Issue another: taktwerk token issue.", "invalid_token")
        row = self._state.token(token_id) if isinstance(token_id, str) else None
        if row is None or row.revoked_at is not None or row.user != user:
            raise unauthorised("The token was revoked.", "invalid_token")
        # what the token says is signed by us; what we remember decides all the same
        return Caller(row.user, frozenset(row.scopes) & frozenset(_words(claims.get("scope"))), row.id)

    def list(self) -> list[TokenRow]:
        """Return every token, newest first."""
        return self._state.tokens()

    def revoke(self, token_id: str) -> None:
        """Make a token worthless from now on (E012 when there is none)."""
        if not self._state.revoke_token(token_id, int(self._clock())):
            raise TaktwerkError(
                ErrorCode.NOT_FOUND, f"There is no token {token_id}. See: taktwerk token list.", {"token": token_id}
            )


def unauthorised(message: str, why: str = "") -> Refused:
    """Return the error for a caller who is not known (401)."""
    challenge = f'Bearer error="{why}"' if why else "Bearer"
    return Refused(ErrorCode.UNAUTHORISED, message, headers={"WWW-Authenticate": challenge})


def forbidden(message: str, details: dict[str, Any] | None = None) -> Refused:
    """Return the error for what a known caller may not do (403)."""
    return Refused(ErrorCode.UNAUTHORISED, message, details, status=403)


def _faults(user: str, scope: str, days: float) -> list[Fault]:
    faults: list[Fault] = []
    if not user.strip() or len(user) > _LONGEST_USER or not user.isprintable():
        faults.append(Fault("user", user[:80], f"must be 1 to {_LONGEST_USER} printable characters"))
    if scope not in SCOPES:
        faults.append(Fault("scope", scope[:80], f"must be one of {', '.join(SCOPES)}"))
    if not 0 < days <= MAX_DAYS:
        faults.append(Fault("days", days, f"must be above 0 and at most {MAX_DAYS}"))
    return faults


def _words(value: Any) -> Sequence[str]:
    return value.split() if isinstance(value, str) else ()
