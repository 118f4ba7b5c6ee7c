"""`Idempotency-Key`: a POST that is sent again is answered again, and done once.

The key's row is written in the request's own transaction: it exists exactly when the effects exist. Only what was
committed is remembered. A refusal (4xx) or failure (5xx) left no effect, so the same key may try again and is judged
anew; that way a full programme that has room again is not refused for a day because of one early call.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5
from weakref import WeakValueDictionary

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from chassis.access import Caller
from chassis.errors import Conflict, Invalid

WAIT_SECONDS = 5.0
FIELD = "header.idempotency-key"
_GIVEN = re.compile(r"[\x21-\x7e]{1,255}")
_LOCK_NOT_AVAILABLE = "55P03"

_WAIT = text(f"SET LOCAL lock_timeout = '{int(WAIT_SECONDS * 1000)}ms'")
_WAIT_NO_MORE = text("SET LOCAL lock_timeout TO DEFAULT")
_CLAIM = text(
    "INSERT INTO idempotency_key (key, caller, fingerprint) VALUES (:key, :caller, :fingerprint)"
    " ON CONFLICT DO NOTHING RETURNING true"
)
_FIND = text("SELECT fingerprint, status, headers, body FROM idempotency_key WHERE key = :key")
_STORE = text(
    "UPDATE idempotency_key SET status = :status, headers = CAST(:headers AS jsonb), body = :body WHERE key = :key"
)
_FORGET = text("DELETE FROM idempotency_key WHERE caller = ANY(:callers)")
_KEYS = UUID("3d1b7f0e-8f7c-5f0a-9a8b-51c8d6d0a6f4")


@dataclass(frozen=True, slots=True)
class Key:
    """One caller's key for one operation, and the digest of what was sent under it."""

    key: UUID
    caller: str
    fingerprint: bytes

    async def answer(self, connection: AsyncConnection, make: Callable[[], Awaitable[Response]]) -> Response:
        """The stored response of this key, or that of `make`, stored in the same transaction."""
        if not await self._claim(connection):
            return await self._stored(connection)
        response = await make()
        if response.status_code < 400:
            await connection.execute(_STORE, {"key": self.key, **_packed(response)})
        return response

    async def _claim(self, connection: AsyncConnection) -> bool:
        await connection.execute(_WAIT)
        try:
            claimed = await connection.execute(
                _CLAIM, {"key": self.key, "caller": self.caller, "fingerprint": self.fingerprint}
            )
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
                raise _in_progress() from error
            raise
        await connection.execute(_WAIT_NO_MORE)
        return claimed.scalar() is not None

    async def _stored(self, connection: AsyncConnection) -> Response:
        row = (await connection.execute(_FIND, {"key": self.key})).one_or_none()
        if row is None or row.status is None:
            raise _in_progress()  # pruned between the two statements
        if row.fingerprint != self.fingerprint:
            raise Invalid(FIELD, "This key was used for another request.")
        response = Response(row.body, row.status)
        response.raw_headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in row.headers]
        return response


class Answers:
    """Lets one request per key into the database at a time, so that a storm of repeats does not use up the pool."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def alone(self, caller: Caller | None, request: Request) -> AsyncIterator[Key | None]:
        """The request's key, held by nobody else in this process; `None` if it has none."""
        key = await key_of(caller, request)
        if key is None:
            yield None
            return
        lock = self._locks.setdefault(key.key, asyncio.Lock())
        try:
            await asyncio.wait_for(lock.acquire(), WAIT_SECONDS)
        except TimeoutError:
            raise _in_progress() from None
        try:
            yield key
        finally:
            lock.release()


async def forget(connection: AsyncConnection, callers: Collection[str]) -> None:
    """Delete what these callers were answered: it may hold words about somebody who is erased."""
    await connection.execute(_FORGET, {"callers": list(callers)})


async def key_of(caller: Caller | None, request: Request) -> Key | None:
    """The key that a POST carries, scoped to its caller, method and path."""
    given = request.headers.get("idempotency-key") if request.method == "POST" else None
    if given is None:
        return None
    if not _GIVEN.fullmatch(given):
        raise Invalid(FIELD, "A key is 1 to 255 visible ASCII characters.")
    subject = caller.subject if caller else ""
    fingerprint = hashlib.sha256(request.scope["query_string"] + b"\n" + await request.body()).digest()
    return Key(uuid5(_KEYS, f"{subject}\n{request.method}\n{request.url.path}\n{given}"), subject, fingerprint)


def _packed(response: Response) -> dict[str, Any]:
    body = getattr(response, "body", None)
    if body is None:
        raise TypeError("a streamed response cannot be remembered under an Idempotency-Key")
    headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in response.raw_headers]
    return {"status": response.status_code, "headers": json.dumps(headers), "body": bytes(body)}


def _in_progress() -> Conflict:
    return Conflict("in_progress", "The first request with this key is still running.", retry_after=1)
