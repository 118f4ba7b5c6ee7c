"""The edge: one request is one transaction, committed before the response leaves."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from chassis.access import CALLER, Allow, Caller, IsDeparted, Policy, policy_of
from chassis.auth import Verifier
from chassis.errors import Forbidden, Unavailable
from chassis.idempotency import Answers
from chassis.limits import BODY_BYTES, CheckedRequest, RateLimit
from chassis.preconditions import matches_none
from chassis.transaction import Database, Tx

WORK = "chassis.work"
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True)
class Edge:
    """What every request meets on its way in; the application has one, in `app.state.edge`."""

    database: Callable[[], Database]
    verifier: Verifier
    is_departed: IsDeparted | None = None
    rate: RateLimit = field(default_factory=RateLimit)
    answers: Answers = field(default_factory=Answers)
    seconds: float = 30.0
    """Time limit of one request."""

    async def admit(self, request: Request, policy: Policy | None) -> Caller | None:
        """The caller that the policy lets in, `None` on an open route; a route without a policy lets nobody in."""
        if policy is None:
            raise Forbidden("This route has no policy.")
        if not isinstance(policy, Allow):
            return None
        caller = await self.verifier.caller(request.headers.getlist("authorization"))
        self.rate.check(caller.subject)
        return policy.admit(caller)


class Work:
    """The request's transaction, opened by whoever needs it first."""

    def __init__(self, edge: Edge, stack: AsyncExitStack) -> None:
        self._edge = edge
        self._stack = stack
        self._tx: Tx | None = None

    async def transaction(self) -> Tx:
        """The open transaction."""
        if self._tx is None:
            self._tx = await self._stack.enter_async_context(self._edge.database().transaction())
        return self._tx


class TransactionalRoute(APIRoute):
    """A route that verifies the caller, validates, works in one transaction, commits, and answers last."""

    def __init__(
        self, path: str, endpoint: Callable[..., Any], *, max_body_size: int | None = None, **options: Any
    ) -> None:
        # Starlette's own limit answers in plain text, so the limit is kept from it and enforced here.
        self.body_limit = max_body_size or BODY_BYTES
        super().__init__(path, endpoint, **options)
        self._ending = self.path_format.rpartition("}")[2]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the request is for this route; most others are told from it by how their paths end."""
        return super().matches(scope) if scope["path"].endswith(self._ending) else (Match.NONE, {})

    def get_route_handler(self) -> Handler:
        """FastAPI's handler inside ours."""
        inner, policy = super().get_route_handler(), policy_of(self.dependant)
        has_body, limit = self.body_field is not None, self.body_limit

        async def handle(request: Request) -> Response:
            edge: Edge = request.app.state.edge
            caller = await edge.admit(request, policy)
            request.scope[CALLER] = caller
            checked = CheckedRequest(request.scope, request.receive, limit)
            await checked.check(has_body)
            limit_of_time = asyncio.timeout(edge.seconds)
            try:
                async with limit_of_time:
                    return _unless_known(request, await _answer(edge, caller, checked, inner))
            except TimeoutError as error:
                if limit_of_time.expired():
                    # Not "and was undone": it may have been the commit that took too long.
                    detail = "This took too long. See whether it was done, or repeat it under its Idempotency-Key."
                    raise Unavailable(detail, code="timeout") from error
                raise

        return handle


class _Undo(Exception):
    def __init__(self, response: Response) -> None:
        self.response = response


async def _answer(edge: Edge, caller: Caller | None, request: Request, inner: Handler) -> Response:
    async with edge.answers.alone(caller, request) as key:
        try:
            async with AsyncExitStack() as stack:
                work = request.scope[WORK] = Work(edge, stack)
                if caller and edge.is_departed and await edge.is_departed(await work.transaction(), caller.subject):
                    raise Forbidden("You have left the company.", code="departed")
                response = await _once(key, work, lambda: inner(request))
                if response.status_code >= 400:
                    raise _Undo(response)
        except _Undo as undo:
            return undo.response
        return response


async def _once(key: Any, work: Work, make: Callable[[], Awaitable[Response]]) -> Response:
    return await make() if key is None else await key.answer((await work.transaction()).connection, make)


def _unless_known(request: Request, response: Response) -> Response:
    """304 for a read whose result the caller has already."""
    known, tag = request.headers.get("if-none-match"), response.headers.get("etag")
    if request.method != "GET" or not known or not tag or response.status_code != 200 or not matches_none(known, tag):
        return response
    return Response(status_code=304, headers={"ETag": tag})


class Router(APIRouter):
    """Routes under `/v1`, each of them transactional."""

    def __init__(self, *, prefix: str = "", **options: Any) -> None:
        super().__init__(
            prefix=f"/v1{prefix}",
            route_class=TransactionalRoute,
            redirect_slashes=False,
            # Programs that are generated from the OpenAPI document call an operation as its function is called here.
            generate_unique_id_function=lambda route: route.name,
            **options,
        )


async def _transaction(request: Request) -> Tx:
    work: Work = request.scope[WORK]
    return await work.transaction()


Transaction = Annotated[Tx, Depends(_transaction)]
"""The parameter that gives a handler the request's transaction."""


class Body(BaseModel):
    """A request body: frozen, and with nothing in it that the operation does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
