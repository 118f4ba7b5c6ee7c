"""What a handler raises when it refuses: over HTTP a problem document, for a message a dead letter."""

from collections.abc import Mapping
from typing import Any


class Problem(Exception):
    """What goes wrong with a request: a stable code, a status for HTTP and a sentence for people.

    `detail` reaches the caller, so it carries ids and rules, never somebody's name or words.
    """

    status = 500
    title = "Internal Server Error"

    def __init__(
        self, detail: str, *, code: str, field: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code
        self.field = field
        self.headers = dict(headers or {})


class Refusal(Problem):
    """A problem that no repetition cures: a message that meets one is dead-lettered at once."""


class Invalid(Refusal):
    """The request is well formed, but a value in it cannot be meant."""

    status = 422
    title = "Unprocessable Content"

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail, code="invalid", field=field)


class Malformed(Refusal):
    """The request cannot be read at all: broken JSON, NUL characters, nesting without end."""

    status = 400
    title = "Bad Request"

    def __init__(self, detail: str, *, code: str = "malformed") -> None:
        super().__init__(detail, code=code)


class Unauthenticated(Problem):
    """Nobody is calling, or nobody that the issuer vouches for."""

    status = 401
    title = "Unauthorized"

    def __init__(self, detail: str = "A valid bearer token is needed.", *, error: str | None = "invalid_token") -> None:
        challenge = f'Bearer error="{error}"' if error else "Bearer"
        super().__init__(detail, code="unauthenticated", headers={"WWW-Authenticate": challenge})


class Forbidden(Refusal):
    """The caller is known and may not do this; another's object is `Missing` instead."""

    status = 403
    title = "Forbidden"

    def __init__(self, detail: str = "Your role does not allow this.", *, code: str = "forbidden") -> None:
        super().__init__(detail, code=code)


class Missing(Refusal):
    """There is no such thing, or none that this caller may know of."""

    status = 404
    title = "Not Found"

    def __init__(self, detail: str = "There is nothing here.") -> None:
        super().__init__(detail, code="not_found")


class Conflict(Refusal):
    """A business rule or another's simultaneous change stands in the way."""

    status = 409
    title = "Conflict"

    def __init__(self, code: str, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(detail, code=code, headers=_retry(retry_after))


class PreconditionFailed(Refusal):
    """The thing has changed since the caller read it."""

    status = 412
    title = "Precondition Failed"

    def __init__(self, detail: str = "It has changed since you read it; read it again.") -> None:
        super().__init__(detail, code="changed_since")


class TooLarge(Problem):
    """The request body exceeds what this operation takes."""

    status = 413
    title = "Content Too Large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"At most {limit} bytes are taken here.", code="too_large")


class UnsupportedMedia(Problem):
    """The request body is not JSON, or does not say so."""

    status = 415
    title = "Unsupported Media Type"

    def __init__(self) -> None:
        super().__init__("Send JSON with a content type of application/json.", code="unsupported_media_type")


class TooMany(Problem):
    """The caller asks faster than one caller may; `retry_after` is in seconds."""

    status = 429
    title = "Too Many Requests"

    def __init__(self, retry_after: int = 1) -> None:
        super().__init__("Too many requests; slow down.", code="too_many_requests", headers=_retry(retry_after))


class Unavailable(Problem):
    """Something this service needs does not answer just now; `retry_after` is in seconds."""

    status = 503
    title = "Service Unavailable"

    def __init__(self, detail: str = "Try again shortly.", *, retry_after: int = 1, code: str = "unavailable") -> None:
        super().__init__(detail, code=code, headers=_retry(retry_after))


def _retry(seconds: int | None) -> dict[str, str]:
    return {} if seconds is None else {"Retry-After": str(seconds)}


# Parsers of dates, ids and patterns quote what they were given; pydantic's other sentences speak of the rule alone.
_QUOTING = frozenset({"uuid_parsing", "date_from_datetime_parsing", "datetime_parsing", "date_parsing", "json_invalid"})


def sentence(fault: Mapping[str, Any]) -> str:
    """What pydantic finds wrong with a value, never the value itself: it may be somebody's words."""
    if fault["type"] in _QUOTING:
        return "The value is not of this form."
    if fault["type"] == "extra_forbidden":
        return "Nothing of this name is known here."
    return str(fault["msg"]).removeprefix("Value error, ")[:200]
