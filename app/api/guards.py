"""What routes ask for before they work: who asks, whether they may, how often they did, and the body.

All of it is quick, and therefore ``async``: FastAPI would take everything else to a thread and back, one by one.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import ValidationError

from app.api.services import ApiServices, UserServices
from app.api.tokens import Caller, forbidden, unauthorised
from engine.errors import invalid_schedule
from engine.model import Dto
from engine.validation.structure import structural_faults

_M = TypeVar("_M", bound=Dto)
_bearer = HTTPBearer(
    auto_error=False, bearerFormat="JWT", description="A token from `taktwerk token issue`.", scheme_name="token"
)


async def services_of(request: Request) -> ApiServices:
    """Return the server's services."""
    return request.app.state.services


Server = Annotated[ApiServices, Depends(services_of)]


async def _caller(
    request: Request,
    server: Server,
    given: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Caller:
    """Return who asks; the token stands in the header, never in the address."""
    if given is None or len(request.headers.getlist("authorization")) != 1:
        raise unauthorised("A token is needed: Authorization: Bearer <token>. See: taktwerk token issue.")
    caller = server.tokens.caller_of(given.credentials)
    request.state.caller = caller
    return caller


class Allowed:
    """A dependency: the caller, who must have a scope."""

    def __init__(self, scope: str) -> None:
        self._scope = scope

    async def __call__(self, caller: Annotated[Caller, Depends(_caller)]) -> Caller:
        """Return the caller, or refuse with 403."""
        if self._scope not in caller.scopes:
            raise forbidden(
                f"The token does not allow this; the scope {self._scope} is needed.",
                {"needed": self._scope, "scopes": sorted(caller.scopes)},
            )
        return caller


Reader = Annotated[Caller, Depends(Allowed("read"))]
Planner = Annotated[Caller, Depends(Allowed("plan"))]
Admin = Annotated[Caller, Depends(Allowed("admin"))]


async def _own(server: Server, caller: Annotated[Caller, Depends(_caller)]) -> UserServices:
    return server.of(caller)


Own = Annotated[UserServices, Depends(_own)]
"""The services in the caller's name. Ask for ``Reader`` or ``Planner`` first."""


async def _body(request: Request) -> bytes:
    """Return the body; the server's limit was applied before it came here."""
    return await request.body()


Body = Annotated[bytes, Depends(_body)]


def parsed(model: type[_M], body: bytes, what: str = "request") -> _M:
    """Return the object in a small body; an empty body is an empty object (E001 with every fault)."""
    try:
        return model.model_validate_json(body.strip() or b"{}", by_alias=True, by_name=False)
    except ValidationError as error:
        raise invalid_schedule(structural_faults(error, ""), what) from None


async def _limited(server: Server, caller: Planner) -> Caller:
    server.throttle.pass_or_refuse(caller.user)
    return caller


Optimizer = Annotated[Caller, Depends(_limited)]
"""A planner who has not asked for too many optimisations lately."""
