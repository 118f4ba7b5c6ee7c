"""HTTP calls to the services as the people of the demo, each with a token of the local issuer."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar

import httpx

from mentorship.local.home import Platform
from mentorship.problem import Problem

T = TypeVar("T")
_POLL_SECONDS = 0.25


@dataclass(frozen=True)
class Answer:
    """What a service answered, and the trace that it did so in."""

    status: int
    body: Any
    trace: str


class Callers:
    """Calls services in the name of people."""

    def __init__(self, platform: Platform, client: httpx.AsyncClient) -> None:
        self._platform = platform
        self._client = client

    async def call(self, who: str, role: str, method: str, service: str, path: str, body: Any = None) -> Answer:
        """Call `service` and give its answer, whatever it is; a Problem where it does not answer."""
        token = self._platform.issuer.token(who, [role])
        url = f"{self._platform.service_url(service)}/v1{path}"
        try:
            response = await self._client.request(
                method, url, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=30
            )
        except httpx.HTTPError as error:
            raise Problem(f"{service} does not answer: {type(error).__name__}.") from None
        content = response.json() if response.content else None
        return Answer(response.status_code, content, response.headers.get("x-trace-id", ""))

    async def done(self, who: str, role: str, method: str, service: str, path: str, body: Any = None) -> Answer:
        """The same for a call that has to succeed; a Problem with the service's own words where it does not."""
        answer = await self.call(who, role, method, service, path, body)
        if answer.status >= 400:
            problem = answer.body if isinstance(answer.body, dict) else {}
            said = problem.get("detail") or problem.get("title") or "no reason given"
            raise Problem(f"{service} refused {method} {path}: {answer.status}, {said}")
        return answer

    async def settled(self, who: str, role: str, service: str, path: str) -> Any:
        """The body of GET `path` as soon as there is one: what another service told of takes a moment to arrive."""

        async def ask() -> Any:
            answer = await self.call(who, role, "GET", service, path)
            return answer.body if answer.status == 200 else None

        return await until(ask, f"{service} to know {path}")


async def until(ask: Callable[[], Awaitable[T | None]], what: str, seconds: float = 60.0) -> T:
    """What `ask` gives once it gives something; a Problem after too long a wait."""
    deadline = monotonic() + seconds
    while (found := await ask()) is None:
        if monotonic() > deadline:
            raise Problem(f"Waited {seconds:.0f} s in vain for {what}: `mentorship status` shows what is the matter.")
        await asyncio.sleep(_POLL_SECONDS)
    return found
