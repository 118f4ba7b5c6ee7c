"""Every error over HTTP is an RFC 9457 problem document, and none tells what is inside."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from opentelemetry import trace
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from chassis.cloudevents import MAX_EVENT_BYTES
from chassis.errors import Conflict, Invalid, Malformed, Problem, TooLarge, Unavailable, sentence
from chassis.failures import DRIVER_ERRORS, Meaning, meaning_of, sqlstate_of
from chassis.outbox import EventTooLarge

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
_SHOWN_ERRORS = 20
_UNIQUE = {"23505", "23P01"}
_DATABASE = "The database does not answer just now."


def problem_response(problem: Problem, errors: Iterable[Mapping[str, str]] = ()) -> Response:
    """The document of a problem, with the trace id by which its story can be found."""
    document: dict[str, Any] = {
        "type": f"urn:mentorship:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
    }
    listed = list(errors) or ([{"field": problem.field, "detail": problem.detail}] if problem.field else [])
    if listed:
        document["errors"] = listed
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        document["trace_id"] = f"{span.trace_id:032x}"
    headers = {**problem.headers, "Cache-Control": "no-store"}
    return Response(json.dumps(document), problem.status, headers, MEDIA_TYPE)


def internal_error() -> Response:
    """The document of a failure that we did not foresee: the trace id is all it says."""
    return problem_response(Problem("This failed unexpectedly; the trace id tells us where.", code="internal"))


def cut_off() -> Response:
    """The document of a request that was still running when the process had to end."""
    # Not "and was undone": it may have been the commit that was cut off.
    detail = "This instance stops. See whether it was done, or repeat it under its Idempotency-Key."
    return problem_response(Unavailable(detail, code="stopping"))


def install(app: FastAPI, refusal: type[Exception] | None = None) -> None:
    """Answer the exceptions that handlers, FastAPI and the database raise; `refusal` is the service's own for rules."""
    app.exception_handler(Problem)(_handler(lambda error: error))
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(HTTPException)(_not_served)
    app.exception_handler(EventTooLarge)(_handler(lambda _: TooLarge(MAX_EVENT_BYTES)))
    for kind in (SQLAlchemyError, OSError, TimeoutError, *DRIVER_ERRORS):
        app.exception_handler(kind)(_outage)
    if refusal is not None:
        app.exception_handler(refusal)(_handler(_of_refusal))


def _handler(translate: Callable[[Any], Problem]) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(_: Request, error: Exception) -> Response:
        return problem_response(translate(error))

    return answer


def _of_refusal(error: Any) -> Problem:
    return Conflict(str(getattr(error, "code", "refused")), str(getattr(error, "detail", "This is not possible now.")))


async def _not_served(request: Request, error: Any) -> Response:
    problem = _of_http(error)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and "route" in request.scope:
        # Starlette names the methods of the first route with that path, and each of ours has one method only.
        path = request.scope["route"].path
        routes = (route for route in iter_route_contexts(request.app.routes) if route.path == path)
        allowed = sorted({method for route in routes for method in route.methods or ()})
        problem.headers = {**problem.headers, "Allow": ", ".join(allowed)}
    return problem_response(problem)


def _of_http(error: HTTPException) -> Problem:
    status = HTTPStatus(error.status_code)
    problem = Problem(_PLAIN.get(status, status.phrase), code=status.name.lower(), headers=error.headers)
    problem.status, problem.title = error.status_code, status.phrase
    return problem


_PLAIN = {
    HTTPStatus.NOT_FOUND: "There is nothing here.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This cannot be done here; the Allow header says what can.",
    HTTPStatus.BAD_REQUEST: "The request cannot be read.",
}


async def _invalid(_: Request, error: Any) -> Response:
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return problem_response(Malformed("The body is not JSON.", code="malformed_json"))
    problem = Invalid("", "Some values are missing, unknown or out of range.")
    problem.field = None
    return problem_response(problem, [_shown(item) for item in found[:_SHOWN_ERRORS]])


def _shown(item: Mapping[str, Any]) -> dict[str, str]:
    """Where and why, but never the value: what was sent may be somebody's words.

    A field of the body goes by its own name, as it does where a rule of the service refuses it.
    """
    where = item["loc"][1:] if item["loc"][0] == "body" and len(item["loc"]) > 1 else item["loc"]
    field = ".".join(str(part)[:64] for part in where[:12])
    return {"field": field.encode("utf-8", "replace").decode(), "code": item["type"], "detail": sentence(item)}


async def _outage(_: Request, error: Exception) -> Response:
    problem = database_problem(error)
    if problem is None:
        raise error
    return problem_response(problem)


def database_problem(error: Exception) -> Problem | None:
    """What a failure of the database means for the caller; `None` if it is our own mistake."""
    if isinstance(error, PoolTimeout):
        return Unavailable("All connections are busy.", code="busy")
    state = sqlstate_of(error)
    if state in _UNIQUE:
        return Conflict("concurrent_change", "Somebody did the same just now; read it again.", retry_after=1)
    if state.startswith("22"):
        log.warning("value refused by the database", sqlstate=state)
        return Invalid("request", "A value is outside what can be stored.")
    if isinstance(error, TimeoutError) or meaning_of(error, ()) is Meaning.DATABASE_AWAY:
        return Unavailable(_DATABASE, retry_after=2, code="database_away")
    if meaning_of(error, ()) is Meaning.TRANSIENT:
        return Unavailable("Others are changing the same things; try again.", code="contention")
    return None
