"""Who is let in: every way to be wrong with a token, scopes, revocation, the key's file."""

from __future__ import annotations

import base64
import json
import stat
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from app.api.keys import KEY_FILE, signing_key
from app.api.tokens import ALGORITHM, AUDIENCE, ISSUER, Tokens
from engine.errors import ErrorCode, TaktwerkError
from tests.support.api import Api, an_api

WRONG_KEY = b"x" * 32


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with an_api(tmp_path_factory.mktemp("api")) as made:
        yield made


def key_of(api: Api) -> bytes:
    return signing_key(api.folder / "state")


def claims_of(api: Api, **changed: Any) -> dict[str, Any]:
    """The claims of a good token, some changed, those that are ``...`` left out."""
    _, row = api.tokens.issue("anna", "plan")
    good: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "anna",
        "iat": row.issued_at,
        "exp": row.expires_at,
        "jti": row.id,
        "scope": "read plan",
    }
    return {name: value for name, value in {**good, **changed}.items() if value is not ...}


def signed(**changed: Any) -> Callable[[Api], str]:
    def make(api: Api) -> str:
        # not by jwt.encode: it refuses to sign some of what a forger would
        return raw_token({"alg": ALGORITHM, "typ": "JWT"}, claims_of(api, **changed), key_of(api))

    return make


def raw_token(header: dict[str, Any], claims: Any, key: bytes) -> str:
    def part(data: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()

    import hashlib
    import hmac

    message = f"{part(header)}.{part(claims)}"
    digest = hmac.new(key, message.encode(), hashlib.sha256).digest()
    return f"{message}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def revoked(api: Api) -> str:
    token, row = api.tokens.issue("anna", "plan")
    api.tokens.revoke(row.id)
    return token


def other_installation(api: Api) -> str:
    return jwt.encode(claims_of(api), WRONG_KEY, ALGORITHM)


def with_algorithm(name: str, key: bytes | None = None) -> Callable[[Api], str]:
    def make(api: Api) -> str:
        return raw_token({"alg": name, "typ": "JWT"}, claims_of(api), key or key_of(api))

    return make


def tampered(api: Api) -> str:
    head, body, sign = api.token("anna", "read").split(".")
    data = json.loads(base64.urlsafe_b64decode(body + "=="))
    data["scope"] = "read plan admin"
    return ".".join([head, base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode(), sign])


def half_of(api: Api) -> str:
    return api.token()[:-8]


SOON, PAST = int(time.time()) + 9_000, int(time.time()) - 10
BAD: dict[str, Callable[[Api], str]] = {
    "expired": signed(exp=PAST),
    "expired long ago": signed(exp=1),
    "no expiry": signed(exp=...),
    "expiry is null": signed(exp=None),
    "expiry is text": signed(exp="tomorrow"),
    "expiry is digits as text": signed(exp=str(SOON)),
    "expiry is a fraction": signed(exp=SOON + 0.5),
    "expiry is true": signed(exp=True),
    "expiry is endless": signed(exp=float("inf")),
    "another audience": signed(aud="other-api"),
    "no audience": signed(aud=...),
    "audience among others": signed(aud=[AUDIENCE, "other"]),
    "another issuer": signed(iss="somebody"),
    "no issuer": signed(iss=...),
    "no user": signed(sub=...),
    "user is a number": signed(sub=7),
    "user is another": signed(sub="bob"),
    "user is empty": signed(sub=""),
    "no id": signed(jti=...),
    "unknown id": signed(jti=str(uuid.uuid4())),
    "id is a number": signed(jti=1),
    "id is SQL": signed(jti="' OR 1=1 --"),
    "no issue time": signed(iat=...),
    "issued in the future": signed(iat=SOON),
    "not yet good": signed(nbf=SOON),
    "revoked": revoked,
    "another key": other_installation,
    "empty key": with_algorithm(ALGORITHM, b"\0"),
    "algorithm none": with_algorithm("none"),
    "algorithm None": with_algorithm("None"),
    "algorithm HS512": with_algorithm("HS512"),
    "algorithm RS256": with_algorithm("RS256"),
    "no algorithm": lambda api: raw_token({"typ": "JWT"}, claims_of(api), key_of(api)),
    "unsigned": lambda api: api.token().rsplit(".", 1)[0] + ".",
    "tampered scope": tampered,
    "cut off": half_of,
    "no token": lambda _: "nonsense",
    "dots": lambda _: "a.b.c",
    "claims are a list": lambda api: raw_token({"alg": ALGORITHM}, [1], key_of(api)),
    "unknown critical extension": lambda api: raw_token(
        {"alg": ALGORITHM, "crit": ["x"], "x": 1}, claims_of(api), key_of(api)
    ),
    "huge": lambda api: api.token() + "A" * 5_000,
    "an older key id with a path": lambda api: raw_token(
        {"alg": ALGORITHM, "kid": "../../etc/passwd"}, claims_of(api), WRONG_KEY
    ),
}


def test_there_are_forty_bad_tokens() -> None:
    assert len(BAD) >= 40


@pytest.mark.parametrize("name", BAD)
def test_a_bad_token_is_refused(api: Api, name: str) -> None:
    answer = api.client(None).get("/api/schedules", headers={"Authorization": f"Bearer {BAD[name](api)}"})
    assert answer.status_code == 401, answer.text
    assert answer.json()["code"] == "E010"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_what_a_good_forgery_lacks_is_only_its_fault(api: Api) -> None:
    good = signed()(api)
    assert api.client(None).get("/api/schedules", headers={"Authorization": f"Bearer {good}"}).status_code == 200


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic YTpi", "Token abc", "bearer\tx"])
def test_a_bad_header_is_refused(api: Api, value: str) -> None:
    assert api.client(None).get("/api/schedules", headers={"Authorization": value}).status_code == 401


def test_two_headers_and_a_token_in_the_address_are_refused(api: Api) -> None:
    token = api.token()
    client = api.client(None)
    twice = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
    assert client.get("/api/schedules", headers=twice).status_code == 401  # type: ignore[arg-type]
    assert client.get("/api/schedules", params={"access_token": token}).status_code == 401


WRITING = [
    ("POST", "/api/schedules/optimize"),
    ("DELETE", "/api/schedules/optimize/x"),
    ("POST", "/api/schedules/optimize/x/stop"),
    ("POST", "/api/schedules"),
    ("POST", "/api/schedules/x/versions?expectedHead=y"),
    ("POST", "/api/schedules/x/scenarios"),
    ("POST", "/api/schedules/x/versions/y/apply"),
    ("POST", "/api/schedules/x/versions/y/rollback"),
    ("POST", "/api/schedules/x/versions/y/merge"),
]


@pytest.mark.parametrize(("method", "path"), WRITING)
def test_a_reader_changes_nothing(api: Api, method: str, path: str) -> None:
    answer = api.client("rita", "read").request(method, path, content=b"{}")
    assert (answer.status_code, answer.json()["code"]) == (403, "E010")
    assert api.client(None).request(method, path, content=b"{}").status_code == 401


def test_only_administrators_verify(api: Api) -> None:
    assert api.client("anna", "plan").get("/api/verify").status_code == 403
    assert api.client("root", "admin").get("/api/verify").json() == {"ok": True, "faults": []}


def test_a_token_ends_with_its_time(api: Api) -> None:
    now = time.time()
    tokens = Tokens(key_of(api), api.services.state, clock=lambda: now)
    text, row = tokens.issue("anna", "plan", days=1)
    assert tokens.caller_of(text).user == "anna"
    now = row.expires_at
    with pytest.raises(TaktwerkError, match="expired"):
        tokens.caller_of(text)


@pytest.mark.parametrize(
    ("user", "scope", "days"),
    [
        ("", "plan", 1),
        ("a\nb", "plan", 1),
        ("a", "root", 1),
        ("a", "plan", 0),
        ("a", "plan", 400),
        ("a" * 201, "plan", float("nan")),
    ],
)
def test_tokens_that_cannot_be_issued(api: Api, user: str, scope: str, days: float) -> None:
    with pytest.raises(TaktwerkError) as caught:
        api.tokens.issue(user, scope, days)
    assert caught.value.code is ErrorCode.INVALID_SCHEDULE


def test_the_key_is_its_owners_and_made_once(tmp_path: Path) -> None:
    key = signing_key(tmp_path)
    path = tmp_path / KEY_FILE
    assert len(key) == 32 and signing_key(tmp_path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [KEY_FILE]
    path.chmod(0o640)
    with pytest.raises(TaktwerkError, match="Others can read"):
        signing_key(tmp_path)
    path.chmod(0o600)
    path.write_text("not a key")
    with pytest.raises(TaktwerkError, match="damaged"):
        signing_key(tmp_path)


class Ring:
    """A keyring; ``broken`` ones raise."""

    def __init__(self, broken: bool = False) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.broken = broken

    def get_password(self, service: str, account: str) -> str | None:
        if self.broken:
            raise RuntimeError("locked")
        return self.kept.get((service, account))

    def set_password(self, service: str, account: str, secret: str) -> None:
        self.kept[(service, account)] = secret


def test_the_keyring_is_used_where_there_is_one(tmp_path: Path) -> None:
    ring = Ring()
    assert signing_key(tmp_path, ring) == signing_key(tmp_path, ring)
    assert len(ring.kept) == 1 and not list(tmp_path.iterdir())
    signing_key(tmp_path / "b", Ring(broken=True))
    assert (tmp_path / "b" / KEY_FILE).exists()
