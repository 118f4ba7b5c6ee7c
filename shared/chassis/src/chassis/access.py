"""Who may call what: every route names its roles or says that it is public, and nothing else is served."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from fastapi import Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.requests import Request
from starlette.routing import Mount

from chassis.errors import Forbidden, Unauthenticated
from chassis.transaction import Tx

CALLER = "chassis.caller"
IsDeparted = Callable[[Tx, str], Awaitable[bool]]
"""Asks a service's own tables whether an employee has left or was erased."""


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller: the employee's id (or a publisher's name) and roles."""

    subject: str
    roles: frozenset[str]

    def has(self, role: str) -> bool:
        """Whether the token carries that role."""
        return role in self.roles


@dataclass(frozen=True, slots=True)
class Allow:
    """The policy of a route that needs a token with any of these roles."""

    roles: frozenset[str]

    async def __call__(self, request: Request) -> Caller:
        """The caller that the route class has admitted before anything of the request was read."""
        caller = request.scope.get(CALLER)
        if not isinstance(caller, Caller):
            raise Unauthenticated
        return self.admit(caller)

    def admit(self, caller: Caller) -> Caller:
        """The caller, if one of the roles is theirs."""
        if not self.roles & caller.roles:
            raise Forbidden
        return caller


@dataclass(frozen=True, slots=True)
class Public:
    """The policy of a route that anybody may call."""

    async def __call__(self) -> None:
        """Ask nothing."""


Policy = Allow | Public


def allow(*roles: str) -> Any:
    """Mark a parameter as the caller, who has one of the roles.

    As in `caller: Annotated[Caller, allow("employee", "programme-manager")]`.
    """
    if not roles:
        raise TypeError("allow() needs at least one role; an open route says `public`")
    return Depends(Allow(frozenset(roles)))


public: Any = Depends(Public())
"""The marker of an open route: `router.get("/x", dependencies=[public])`."""


class RoutePolicy(NamedTuple):
    """One operation and who may call it; no roles means anybody."""

    method: str
    path: str
    roles: frozenset[str]


def policy_of(dependant: Dependant) -> Policy | None:
    """The one policy among a route's dependencies; two would leave the reader guessing."""
    found = list(_policies_in(dependant))
    if len(found) > 1:
        raise TypeError(f"{dependant.path} has more than one policy")
    return found[0] if found else None


def policies(app: FastAPI) -> list[RoutePolicy]:
    """Every operation with its roles, sorted; raises `TypeError` for a route that has no policy."""
    found: list[RoutePolicy] = []
    for route in iter_route_contexts(app.routes):
        if route.path in {app.openapi_url, app.docs_url}:
            continue
        dependant = getattr(route, "dependant", None)
        policy = None if isinstance(route.original_route, Mount) or dependant is None else policy_of(dependant)
        if policy is None:
            raise TypeError(f"{sorted(route.methods or ())} {route.path} has no policy: allow(...) or public")
        roles = policy.roles if isinstance(policy, Allow) else frozenset[str]()
        found.extend(RoutePolicy(method, str(route.path), roles) for method in route.methods or ())
    return sorted(found)


def _policies_in(dependant: Dependant) -> Iterator[Policy]:
    if isinstance(dependant.call, Allow | Public):
        yield dependant.call
    for inner in dependant.dependencies:
        yield from _policies_in(inner)
