"""What one request may cost: bytes, nesting, odd characters, and how many of them a caller may send."""

import json
import math
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.types import Receive, Scope

from chassis.errors import Malformed, TooLarge, TooMany, UnsupportedMedia

BODY_BYTES = 256 * 1024
"""Default limit of a request body; a bulk route names its own as `max_body_size`."""
JSON_DEPTH = 32

# Possessive, and content to end without a quote: to find that one is missing must not cost the square of the length.
_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_JSON_TYPE = re.compile(r"application/(?:[\w.+-]+\+)?json\s*(?:;|$)", re.IGNORECASE)


class CheckedRequest(Request):
    """A request whose body is read up to a limit and looked over before anything parses it."""

    def __init__(self, scope: Scope, receive: Receive, limit: int) -> None:
        super().__init__(scope, receive)
        self._limit = limit
        self._checked: bytes | None = None

    async def body(self) -> bytes:
        """The whole body; 413 as soon as it is known to be over the limit."""
        if self._checked is None:
            announced = self.headers.get("content-length", "")
            if announced.isdigit() and int(announced) > self._limit:
                raise TooLarge(self._limit)
            chunks, size = [], 0
            async for chunk in self.stream():
                size += len(chunk)
                if size > self._limit:
                    raise TooLarge(self._limit)
                chunks.append(chunk)
            self._checked = b"".join(chunks)
        return self._checked

    async def json(self) -> Any:
        """The body as JSON, without the infinities that Python would accept."""
        return json.loads(await self.body(), parse_constant=_refuse_constant)

    async def check(self, has_body: bool) -> None:
        """Refuse what could only hurt further in: NUL characters, lone surrogates, nesting, another media type."""
        path, query = self.scope["path"], self.scope["query_string"]
        if "\x00" in path or b"%00" in query or b"\x00" in query:
            raise Malformed("NUL characters are not taken.", code="nul_character")
        if not has_body:
            return
        content = await self.body()
        if content and not _JSON_TYPE.match(self.headers.get("content-type", "")):
            raise UnsupportedMedia
        check_json(content)


def check_json(content: bytes) -> None:
    """Raise `Malformed` for text that is not UTF-8, nests too deeply, or holds characters that no text may hold."""
    try:
        content.decode()
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8.", code="not_utf8") from None
    if depth_over(content, JSON_DEPTH):
        raise Malformed(f"JSON may nest {JSON_DEPTH} levels deep.", code="too_deep")
    if _NUL.search(content):
        raise Malformed("NUL characters are not taken.", code="nul_character")
    if _SURROGATE.search(content):
        _check_surrogates(content)


def depth_over(content: bytes, limit: int) -> bool:
    """Whether brackets nest deeper than `limit`, told without parsing."""
    if content.count(b"[") + content.count(b"{") <= limit:
        return False
    depth = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", content)):
        depth += 1 if bracket in b"[{" else -1
        if depth > limit:
            return True
    return False


def _check_surrogates(content: bytes) -> None:
    try:
        json.dumps(json.loads(content), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Malformed("Half a character is not taken.", code="lone_surrogate") from None
    except ValueError:
        return  # not JSON at all: the parser says so with the position


def _refuse_constant(name: str) -> Any:
    raise json.JSONDecodeError(f"{name} is not JSON", name, 0)


class RateLimit:
    """A token bucket per caller: `per_second` on average, `burst` at once; 0 per second means no limit.

    It is kept in this process and is a fence against runaway clients, not a quota: with n processes a caller
    gets n times as much. The least recently seen of `callers` buckets is forgotten first.
    """

    def __init__(
        self,
        per_second: float = 0.0,
        burst: float | None = None,
        *,
        callers: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate = per_second
        self._burst = burst if burst is not None else 5 * per_second
        self._callers = callers
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, caller: str) -> None:
        """Take one from the caller's bucket; raise 429 if it is empty."""
        if self._rate <= 0:
            return
        now = self._clock()
        left, seen = self._buckets.pop(caller, (self._burst, now))
        left = min(self._burst, left + (now - seen) * self._rate)
        allowed = left >= 1.0
        self._buckets[caller] = (left - 1.0 if allowed else left, now)
        if len(self._buckets) > self._callers:
            self._buckets.popitem(last=False)
        if not allowed:
            raise TooMany(max(1, math.ceil((1.0 - left) / self._rate)))
